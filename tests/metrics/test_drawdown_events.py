"""Single drawdowns and their recoveries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.metrics.drawdown_events import drawdown_table, recovery_statistics, time_under_water
from investiq.metrics.drawdowns import longest_drawdown
from investiq.metrics.growth import wealth
from investiq.metrics.moments import account_moments

GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])
STAMPS = np.datetime64("2000-01-01", "us") + np.arange(5000) * np.timedelta64(1, "D")
# GA-07: falls of 0, 5, 10, 5, 0, 2, 0 %.
GA07 = 100 * (1 - np.array([0.0, 0.05, 0.10, 0.05, 0.0, 0.02, 0.0]))


def test_recoveries_of_the_worked_case():
    found = recovery_statistics(GA07)
    # From trough 2 to 4 and from 5 to 6; from peak 0 to 4 and from 4 to 6.
    assert (found.recovered, found.ongoing) == (2, 0)
    assert (found.mean_from_trough, found.max_from_trough) == (1.5, 2.0)
    assert (found.mean_from_peak, found.max_from_peak) == (3.0, 4.0)
    assert found.time_under_water == time_under_water(GA07) == pytest.approx(4 / 7)


@pytest.mark.parametrize("seed", range(5))
def test_a_peak_that_prices_regain_is_regained_by_the_wealth_of_their_returns(seed):
    # Whole dollars come back to old peaks exactly; their returns, multiplied up again, within rounding only.
    prices = 3000 + np.cumsum(np.random.default_rng(seed).integers(-1, 2, 5000)).astype(float)
    multiplied = wealth(prices[1:] / prices[:-1] - 1)
    assert recovery_statistics(multiplied) == recovery_statistics(prices)
    assert longest_drawdown(multiplied) == longest_drawdown(prices)
    assert time_under_water(multiplied) == time_under_water(prices)
    found, expected = account_moments(multiplied, 0.0), account_moments(prices, 0.0)
    assert (found.longest, found.is_ongoing) == (expected.longest, expected.is_ongoing) == longest_drawdown(prices)
    table, days = drawdown_table(prices, STAMPS), ["peak", "trough", "recovery", "is_ongoing"]
    pd.testing.assert_frame_equal(drawdown_table(multiplied, STAMPS)[days], table[days])


def test_a_drawdown_that_lasts_is_counted_apart():
    found = recovery_statistics(np.array([100.0, 90.0]))
    assert (found.recovered, found.ongoing) == (0, 1)
    assert np.isnan([found.mean_from_trough, found.max_from_trough, found.mean_from_peak, found.max_from_peak]).all()


def test_equity_that_never_falls_has_no_drawdowns():
    rising = pd.Series([1.0, 1.0, 2.0], index=pd.date_range("2024-01-01", periods=3))
    found = recovery_statistics(rising)
    assert (found.recovered, found.ongoing) == (0, 0)
    assert drawdown_table(rising).empty
    assert time_under_water(rising) == 0.0


def test_the_table_has_dates_depths_and_lengths_deepest_first():
    # Friday 5 January falls 2 %, back on Monday; falls 10 % on Tuesday, deeper on Wednesday, back on Friday.
    days = pd.DatetimeIndex(
        [
            "2024-01-04",
            "2024-01-05",
            "2024-01-08",
            "2024-01-09",
            "2024-01-10",
            "2024-01-11",
            "2024-01-12",
            "2024-01-15",
        ],
        tz="UTC",
    )
    equity = pd.Series([100.0, 98.0, 100.0, 90.0, 80.0, 90.0, 105.0, 104.0], index=days)
    table = drawdown_table(equity, top=2)
    assert table["depth"].to_list() == pytest.approx([-0.20, -0.02])
    first = table.iloc[0]
    assert [str(first[name].date()) for name in ("peak", "trough", "recovery")] == [
        "2024-01-08",
        "2024-01-10",
        "2024-01-12",
    ]
    assert (first["bars_down"], first["bars_to_recover"]) == (2, 2)
    second = table.iloc[1]
    # Over the weekend: three calendar days to recover, one bar.
    assert (second["bars_to_recover"], second["days_to_recover"], second["days_down"]) == (1, 3.0, 1.0)
    assert not table["is_ongoing"].any()


def test_the_last_drawdown_is_ongoing_without_a_recovery():
    days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")
    last = drawdown_table(GA01, days).iloc[1]
    assert last["is_ongoing"] and pd.isna(last["recovery"])
    assert np.isnan(last["bars_to_recover"]) and np.isnan(last["days_to_recover"])
    assert last["depth"] == pytest.approx(-0.05)


def test_the_table_of_one_or_more_with_times_is_what_is_asked_for():
    with pytest.raises(ConfigError, match="top must be at least 1, was 0"):
        drawdown_table(GA01, np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]"), top=0)
    with pytest.raises(DataError, match="no times"):
        drawdown_table(GA01)
