"""What holds for every column of options, insiders, short interest, squeeze and smart money."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import investiq as iq
from investiq.engines.supplementary import insiders, options, short_interest, smart_money, squeeze, volatility_proxy
from investiq.engines.supplementary.engine import SupplementaryView

TOPICS = (options, volatility_proxy, insiders, short_interest, squeeze, smart_money)
VIEW = SupplementaryView([each.TOPIC for each in TOPICS])
KINDS = ("options", "insiders", "short_interest")


def rough(symbol):
    """A history with a split while options trade, missing days, and filings that come a year late."""
    bars = iq.load_bars(symbol)
    rng = np.random.default_rng(11)
    kept = np.sort(rng.choice(len(bars), len(bars) - 150, replace=False))
    factor = np.where(bars.ts >= np.datetime64("2019-03-01"), 3.0, 1.0)
    changes = {name: (getattr(bars, name) / factor)[kept] for name in ("open", "high", "low", "close")}
    changes |= {name: (getattr(bars, name) * factor)[kept] for name in ("volume", "split_factor", "total_factor")}
    changes |= {name: getattr(bars, name)[kept] for name in ("ts", "known_at", "flags")}
    cut = dataclasses.replace(bars, **changes, actions=())
    tables = [iq.load_records(symbol, kind) for kind in KINDS]
    late = [
        dataclasses.replace(table, frame=table.frame.assign(known_at=delayed(table.frame["known_at"], rng)))
        if table.kind != "options"
        else table
        for table in tables
    ]
    return iq.History.of(cut, records=late)


def delayed(known, rng):
    days = np.where(rng.random(len(known)) < 0.1, rng.integers(1, 400, len(known)), 0)
    return known + pd.to_timedelta(days, unit="D")


@pytest.fixture(scope="module")
def history():
    return rough("SYN001")


def test_a_row_does_not_change_when_the_future_is_cut_off(history):
    whole = VIEW.features(history)
    rows = [0, 30, 300, 1_500, 1_900, 1_960, 2_100, 2_150, 2_166, 2_167, 2_300, len(whole) - 2]
    for row in rows:
        cut = VIEW.features(history.until(history.bars().known_at[row]))
        pd.testing.assert_series_equal(cut.iloc[-1], whole.iloc[row], rtol=1e-10, atol=1e-10)
    shown = whole.iloc[rows][list(VIEW.units)].notna().any()
    assert shown.drop("options_max_pain_gap").all()


def test_the_auditor_finds_every_column_point_in_time(history):
    report = iq.audit(VIEW.features, history, prefixes=4)
    assert report.verdict == "point in time", report


def test_without_records_only_prices_speak(sample):
    signal = VIEW.explain(VIEW.features(iq.History.of(sample)).iloc[-1])
    assert signal.absent == {
        "options": "needs option chains; nothing is known at this time",
        "insiders": "needs insider trades; nothing is known at this time",
        "short interest": "needs short interest; nothing is known at this time",
    }
    assert signal.failed == {}
    assert {each.topic for each in signal.adjustments} <= {"volatility proxy"}


def test_ten_bars_and_empty_records_give_no_number_and_no_failure(sample):
    empty = [
        dataclasses.replace(table, frame=table.frame[:0])
        for table in (iq.load_records("SYN001", kind) for kind in KINDS)
    ]
    features = VIEW.features(iq.History.of(sample[:10], records=empty))
    assert features["supplementary_failed"].eq("").all()
    numbers = features[list(VIEW.units)].drop(columns=["smart_money_parts", "squeeze_momentum"])
    assert numbers.isna().all(axis=None)
    assert (VIEW.adjustments(features) == 0).all(axis=None)


def test_a_broken_chain_fails_alone_and_by_name(sample):
    table = iq.load_records("SYN001", "options")
    broken = dataclasses.replace(table, frame=table.frame.drop(columns="strike"))
    history = iq.History.of(iq.load_bars("SYN001"), records=[broken, iq.load_records("SYN001", "insiders")])
    signal = VIEW.explain(VIEW.features(history).iloc[-1])
    assert signal.failed == {"options": "KeyError: 'strike'"}
    assert np.isfinite(signal.metrics["insider_sells"])


def test_invented_records_predict_nothing():
    # Prices know nothing of the records, so what the signals say cannot go with the next five days.
    correlations, fired = [], []
    for symbol in ("SYN002", "SYN004", "SYN005", "SYN006"):
        bars = iq.load_bars(symbol)
        features = VIEW.features(iq.History.of(bars, records=[iq.load_records(symbol, kind) for kind in KINDS]))
        close = bars.adjusted().close
        ahead = close[5:] / close[:-5] - 1
        # Every fifth row: the returns do not overlap.
        rows = np.arange(len(close) - 504, len(close) - 5, 5)
        directional = VIEW.adjustments(features)["directional"].to_numpy()[rows]
        correlations.append(spearmanr(directional, ahead[rows]).statistic)
        rank = features["options_put_call_interest_percentile"].dropna()
        fired.append(((rank < 0.15) | (rank > 0.85)).mean())
    # About 400 pairs: 1.96 / sqrt(400) = 0.10.
    assert abs(np.mean(correlations)) < 0.10
    # A rank of noise lies beyond its 15 % cuts in 30 % of rows.
    assert np.mean(fired) == pytest.approx(0.30, abs=0.10)
