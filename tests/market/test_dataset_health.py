"""What changed between two loads, and the score of one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.market.dataset_health import health_changes, health_score


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("^IXIC", "2016", "2017")


def spoiled(bars, rows):
    """Return the bars with closes 40 % too high in some rows: bad prints."""
    close = bars.close.copy()
    close[list(rows)] *= 1.4
    return dataclasses.replace(bars, close=close, high=np.maximum(bars.high, close))


def kept(bars, rows):
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    return dataclasses.replace(bars, **{name: getattr(bars, name)[rows] for name in names})


def test_the_score_is_the_pass_rate_less_errors_and_bad_prints(bars):
    clean = dataclasses.replace(bars, symbol="CLEAN")
    assert health_score(iq.check_bars([bars, clean])) == 100.0
    # Half pass: 50; one error 5; three bad prints 30, at most 20: 25.
    assert health_score(iq.check_bars([spoiled(bars, (100, 200, 300)), clean])) == 25.0
    # None passes, and a score is never below 0.
    assert health_score(iq.check_bars(spoiled(bars, (100, 200, 300)))) == 0.0


@pytest.mark.parametrize(
    ("rows", "anomaly"),
    [
        (slice(0, 503), ""),
        (slice(0, 480), ""),  # 4.6 % fewer
        (slice(0, 470), "row_deviation"),  # 6.6 % fewer
        (slice(0, 450), "row_drop"),  # 10.5 % fewer
    ],
)
def test_a_load_with_fewer_rows_is_named_by_how_many_are_gone(bars, rows, anomaly):
    changes = health_changes(iq.check_bars(bars), iq.check_bars(bars[rows]))
    assert changes.loc["^IXIC", "anomaly"] == anomaly


def test_more_missing_sessions_are_an_anomaly_of_their_own(bars):
    # The same number of bars, of which the second load spreads over more sessions: one in twelve is missing.
    rows = np.arange(503) % 12 != 5
    dense, sparse = bars[: int(rows.sum())], kept(bars, rows)
    changes = health_changes(iq.check_bars(dense), iq.check_bars(sparse))
    assert changes.loc["^IXIC", ["deviation", "anomaly"]].tolist() == [0.0, "missing_increase"]
    assert changes.loc["^IXIC", "missing_after"] == pytest.approx(42 / 503, abs=1e-12)


def test_symbols_that_come_and_go_are_named(bars):
    other = dataclasses.replace(bars, symbol="OTHER")
    changes = health_changes(iq.check_bars(bars), iq.check_bars(other))
    assert changes["anomaly"].to_dict() == {"OTHER": "new", "^IXIC": "gone"}
    with pytest.raises(DataError, match="twice"):
        health_changes(iq.check_bars([bars, bars]), iq.check_bars(bars))
