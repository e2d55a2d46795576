"""Trades by holding period and entry time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.trade_groups import trades_by_entry_time, trades_by_holding_period, wilson_interval


@pytest.mark.parametrize(("won", "count"), [(0, 5), (3, 10), (50, 80), (7, 7)])
def test_the_wilson_interval_is_statsmodels(won, count):
    assert wilson_interval(won, count) == pytest.approx(proportion_confint(won, count, 0.05, "wilson"), abs=1e-12)


def test_each_bucket_ends_with_its_last_session():
    held = np.array([0, 1, 2, 5, 6, 10, 11, 20, 21, 400])
    table = trades_by_holding_period(np.full(10, 0.01), held)
    assert table["trades"].to_dict() == {"<= 1": 2, "2-5": 2, "6-10": 2, "11-20": 2, "21+": 2}


def test_a_bucket_has_its_mean_error_and_interval():
    table = trades_by_holding_period(np.array([0.03, -0.01, 0.0, 0.05]), np.array([2, 3, 4, 30]))
    row = table.loc["2-5"]
    # One win of three; mean 0.02 / 3; sd of 3, -1, 0 % is sqrt(13 / 3) %.
    assert row["win_rate"] == pytest.approx(1 / 3)
    assert row["mean_return"] == pytest.approx(0.02 / 3)
    assert row["standard_error"] == pytest.approx(math.sqrt(13 / 3) / 100 / math.sqrt(3))
    assert (row["win_low"], row["win_high"]) == pytest.approx(proportion_confint(1, 3, 0.05, "wilson"))
    assert math.isnan(table.loc["21+", "standard_error"])


def test_entries_are_grouped_by_weekday_month_or_hour():
    entries = pd.DatetimeIndex(["2024-01-05 09:30", "2024-02-05 09:45", "2024-02-12 15:00"])  # Fri, Mon, Mon
    returns = np.array([0.01, 0.02, -0.04])
    assert trades_by_entry_time(returns, entries)["mean_return"].to_dict() == pytest.approx({"Mon": -0.01, "Fri": 0.01})
    assert trades_by_entry_time(returns, entries, "month")["trades"].to_dict() == {"Jan": 1, "Feb": 2}
    assert trades_by_entry_time(returns, entries, "hour")["trades"].to_dict() == {"09:00": 2, "15:00": 1}


def test_the_hour_is_that_of_the_zone():
    entries = pd.DatetimeIndex(["2024-01-05 14:30"], tz="UTC").tz_convert("America/New_York")
    assert list(trades_by_entry_time(np.array([0.01]), entries, "hour").index) == ["09:00"]


def test_wrong_inputs_are_refused():
    one = np.array([0.01])
    with pytest.raises(DataError, match="held has 2 values, expected 1"):
        trades_by_holding_period(one, np.array([1, 2]))
    with pytest.raises(DataError, match="the lowest is -1: entries after exits"):
        trades_by_holding_period(one, np.array([-1]))
    with pytest.raises(ConfigError, match="'weekday', 'month' or 'hour', was 'day'"):
        trades_by_entry_time(one, np.array(["2024-01-01"], dtype="M8[us]"), "day")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="NaT"):
        trades_by_entry_time(one, np.array(["NaT"], dtype="M8[us]"))
    with pytest.raises(InsufficientDataError, match="received 0"):
        trades_by_holding_period(np.array([]), np.array([]))
    with pytest.raises(InsufficientDataError, match="received 0"):
        wilson_interval(0, 0)
    with pytest.raises(DataError, match="must lie in 0 to 3, was 4"):
        wilson_interval(4, 3)
