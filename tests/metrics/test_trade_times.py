"""How long positions were held, and how much of the time there was one."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.trade_times import holding_periods, time_in_market

# Thursday to Wednesday over a weekend.
BARS = np.array(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"], dtype="M8[us]")


def test_lengths_in_days_sessions_and_bars():
    # Thursday to Monday: 4 days, 2 sessions, 2 bars; Monday to Wednesday: 2 of each.
    table = holding_periods(BARS[[0, 2]], BARS[[2, 4]], BARS)
    assert table.loc["calendar days"].to_dict() == {"mean": 3.0, "median": 3.0, "min": 2.0, "max": 4.0}
    assert table.loc["sessions", "mean"] == table.loc["bars", "mean"] == 2.0


def test_bars_of_one_day_are_one_session():
    hours = np.array(["2024-01-04T15", "2024-01-04T16", "2024-01-05T15", "2024-01-05T16"], dtype="M8[us]")
    table = holding_periods(hours[[0, 0]], hours[[1, 3]], hours)
    assert table.loc["bars"].to_dict() == {"mean": 2.0, "median": 2.0, "min": 1.0, "max": 3.0}
    assert table.loc["sessions"].to_dict() == {"mean": 0.5, "median": 0.5, "min": 0.0, "max": 1.0}


def test_time_in_the_market_counts_closes_and_positions():
    # Held at the closes of bars 0 and 1, and of 1, 2, 3 and 4 (no exit): 5 of 5, 6 positions over 5 bars.
    exits = np.array([BARS[2], np.datetime64("NaT")])
    found = time_in_market(BARS[[0, 1]], exits, BARS)
    assert astuple(found) == (1.0, 1.2, 2, 5)
    assert astuple(time_in_market(BARS[[1]], BARS[[2]], BARS)) == (0.2, 0.2, 1, 1)


def test_no_trade_is_no_time_in_the_market():
    none = np.array([], dtype="M8[us]")
    assert astuple(time_in_market(none, none, BARS)) == (0.0, 0.0, 0, 0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"entry_ts has 2024-01-06.*labels no bar"):
        holding_periods(np.array(["2024-01-06"], dtype="M8[us]"), BARS[[4]], BARS)
    with pytest.raises(DataError, match=r"exit_ts has 2024-02-01.*labels no bar"):
        time_in_market(BARS[[0]], np.array(["2024-02-01"], dtype="M8[us]"), BARS)
    with pytest.raises(DataError, match="1 of 1 trades leave before they enter"):
        holding_periods(BARS[[3]], BARS[[1]], BARS)
    with pytest.raises(DataError, match="1 of 1 trades have no exit"):
        holding_periods(BARS[[3]], np.array(["NaT"], dtype="M8[us]"), BARS)
    with pytest.raises(DataError, match="entry_ts has 2 times and exit_ts 1"):
        holding_periods(BARS[[0, 1]], BARS[[3]], BARS)
    with pytest.raises(InsufficientDataError, match="need one closed trade, received 0"):
        holding_periods(BARS[:0], BARS[:0], BARS)
    with pytest.raises(InsufficientDataError, match="needs one bar, received 0"):
        time_in_market(BARS[:0], BARS[:0], BARS[:0])
