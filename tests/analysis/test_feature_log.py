import json

import numpy as np
import pytest

import investiq as iq
from investiq.analysis.feature_log import fill_outcomes, log_analysis, logged_analyses
from investiq.core.errors import DataError


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))


@pytest.fixture(scope="module")
def history():
    return iq.History.of(iq.load_bars("^GSPC")[-300:])


def test_the_log_holds_the_row_to_the_last_digit_and_each_view_once(history):
    view = iq.analyze(history, as_of="2018-10-31")
    first = log_analysis(view)
    assert log_analysis(iq.analyze(history, as_of="2018-10-31")) == first
    assert log_analysis(iq.analyze(history, as_of="2018-11-30")) != first
    log = logged_analyses("^GSPC")
    assert len(log) == 2
    row, last = log.loc[first], view.table.iloc[-1]
    assert (row["score"], row["confidence"], row["regime"], row["conviction"]) == (
        last["score"], last["confidence"], last["regime"], last["conviction"],
    )  # fmt: skip
    features = json.loads(row["features"])
    assert features["rsi"] == last["rsi"]
    assert features["fundamental_score"] is None
    assert set(features) >= set(view.units)
    assert json.loads(row["versions"])["technical"] == view.engines["technical"].version
    assert json.loads(row["fingerprints"]) == {"^GSPC": view.bars.fingerprint}
    assert row["watermark"] == "SAMPLE"


def test_an_outcome_is_the_return_from_the_next_open_and_is_filled_once(history):
    bars = history.bars()
    early = log_analysis(iq.analyze(history, as_of="2018-10-31"))
    late = log_analysis(iq.analyze(history, as_of="2018-12-28"))
    assert fill_outcomes(bars, 5) == 1
    log = logged_analyses("^GSPC")
    # Decided at the close of 31 October, bought at the open of 1 November, held over five sessions to 7 November.
    frame = bars.frame
    bought, sold = frame.loc["2018-11-01", "open"], frame.loc["2018-11-07", "close"]
    assert log.loc[early, "outcome"] == pytest.approx(float(np.squeeze(sold)) / float(np.squeeze(bought)) - 1)
    assert log.loc[early, "outcome_bars"] == 5
    # One session, 31 December, followed the other.
    assert np.isnan(log.loc[late, "outcome"])
    assert fill_outcomes(bars, 1) == 1
    assert logged_analyses("^GSPC").loc[early, "outcome_bars"] == 5


def test_what_is_not_logged_is_told():
    with pytest.raises(DataError, match="no analysis of 'SYN001' is logged; log one with log_analysis"):
        logged_analyses("SYN001")
    with pytest.raises(DataError, match="at least 1 bar"):
        fill_outcomes(iq.load_bars("^GSPC"), 0)
