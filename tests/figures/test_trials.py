from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.backtesting.comparing import RunComparison
from investiq.backtesting.evidence_result import Evidence
from investiq.backtesting.trials import TrialTable
from investiq.figures.trials import comparison_chart, evidence_chart, trials_chart


def evidence(**changes):
    values = {
        "study": "s", "selected": "a" * 16, "selected_label": "Rule (fast 5)", "trials": 4, "runs": 5,
        "effective_trials": 3.0, "sharpes": np.array([0.1, 0.2, np.nan, 0.9]), "sharpe": 0.9, "sharpe_variance": 0.1,
        "expected_maximum": 0.4, "deflated": 0.7, "reasons": {},
    }  # fmt: skip
    return Evidence(**{**values, **changes})


def test_the_ratios_of_a_study_stand_beside_the_selected_and_the_luckiest():
    figure = evidence_chart(evidence())
    bars, selected, luck = figure.data
    assert sum(bars.y) == 3  # the trial without a ratio is not drawn
    assert list(selected.x) == [0.9, 0.9]
    assert selected.name == "Selected 0.90"
    assert list(luck.x) == [0.4, 0.4]
    assert figure.layout.xaxis.title.text == "Annual Sharpe ratio"


def test_evidence_without_ratios_is_drawn_as_its_facts():
    assert evidence_chart(Evidence.refused("s", "the ledger cannot be read")).data[0].type == "table"


def test_an_empty_ledger_is_drawn_as_its_facts(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    assert trials_chart(TrialTable(entries=())).data[0].type == "table"


@pytest.fixture
def comparison():
    ts = pd.date_range("2024-01-01", periods=3, tz="UTC")
    return RunComparison(
        names=("one", "two"),
        choices=pd.DataFrame({"one": [5.0], "two": [9.0]}, index=["strategy.fast"]),
        measures=pd.DataFrame({"one": [0.1], "two": [0.2], "difference": [0.1]}),
        equity=pd.DataFrame({"one": [100.0, 110.0, 120.0], "two": [50.0, 50.0, 60.0]}, index=ts),
        marks=("SAMPLE", None),
    )


def test_equity_curves_begin_together_at_100_percent_and_are_told_apart_by_dash(comparison):
    one, two = comparison_chart(comparison).data
    assert list(one.y) == pytest.approx([1.0, 1.1, 1.2])
    assert list(two.y) == pytest.approx([1.0, 1.0, 1.2])
    assert one.line.dash != two.line.dash


def test_sample_data_are_watermarked_in_a_comparison(comparison):
    assert [note.text for note in comparison_chart(comparison).layout.annotations] == ["SAMPLE"]
