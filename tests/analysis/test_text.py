from datetime import UTC, datetime

import numpy as np
import pytest

from investiq.analysis.text import recommendation
from investiq.core.types import signal_label
from investiq.engines.signals import EngineSignal, Evidence

NAN = np.nan


def evidence(name, weight, direction=1):
    return Evidence(
        name=name, group="trend", weight=weight, direction=direction, value=1.0, threshold=0.0, unit="ratio", text=name
    )


def signal(engine, score, *found, reason=""):
    return EngineSignal(
        engine=engine, version="1", score=score, label=signal_label(score), confidence=0.6, evidence=found, votes={},
        missing={}, reason=reason, as_of=datetime(2024, 1, 2, 21, tzinfo=UTC), n_obs=300, metrics={},
    )  # fmt: skip


TREND = signal("technical", 40.0, evidence("Golden Cross", 4), evidence("Overbought", 2, -1))
VALUE = signal("fundamental", 20.0, evidence("Cheap", 3))
SILENT = signal("sentiment", NAN, reason="no news known")


def test_it_states_action_confidence_evidence_uncertainty_and_that_it_is_no_advice():
    said = recommendation("Buy", 33.0, 0.63, "MODERATE", (TREND, VALUE, SILENT), conflict_penalty=0.1125)
    assert said == (
        "Buy with moderate confidence (63.00 %) [MODERATE conviction]. "
        "For it: Golden Cross (technical), Cheap (fundamental). Against it: Overbought (technical). "
        "Uncertain: sentiment is silent, no news known; engines contradict each other, which costs 11.25 % of confidence; "
        "the confidence is raw, no calibrated probability. Not advice."
    )


def test_signals_stand_in_the_order_of_vote_times_weight_of_the_engine():
    # Golden Cross 4 x 0.2 = 0.8, Overbought 2 x 0.2; Cheap 3 x 0.8 = 2.4.
    said = recommendation("Buy", 33.0, 0.63, "LOW", (TREND, VALUE), weights={"technical": 0.2, "fundamental": 0.8})
    assert "For it: Cheap (fundamental), Golden Cross (technical). Against it: Overbought (technical)." in said


def test_for_a_sale_the_bears_speak_for_it():
    said = recommendation("Weak Sell", -12.0, 0.35, "LOW", (TREND, VALUE))
    assert said.startswith("Weak Sell / Hold with very low confidence")
    assert "For it: Overbought (technical). Against it: Golden Cross (technical), Cheap (fundamental)." in said


def test_a_neutral_view_takes_no_side():
    said = recommendation("Neutral", -1.0, 0.5, "LOW", (TREND,))
    assert said.startswith("Hold (Neutral) with low confidence")
    assert "Bullish: Golden Cross (technical). Bearish: Overbought (technical)." in said


def test_more_signals_than_one_reads_are_counted():
    many = signal("quant", 50.0, *(evidence(f"S{place}", 1) for place in range(7)))
    assert "S3 (quant) and 3 more." in recommendation("Buy", 50.0, 0.9, "LOW", (many,))


def test_without_any_engine_the_reasons_are_told():
    said = recommendation(None, NAN, NAN, None, (SILENT,))
    assert said == "No view: no engine has enough data (sentiment: no news known). Not advice."


@pytest.mark.parametrize("label", ["Strong Buy", "Buy", "Weak Buy", "Neutral", "Weak Sell", "Sell", "Strong Sell"])
def test_every_label_has_an_action_that_names_it(label):
    said = recommendation(label, 1.0, 0.5, "LOW", (TREND,))
    assert label in said.partition(" with ")[0]
    assert said.endswith("Not advice.")
