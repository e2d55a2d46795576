import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.returns import hit_rate, monthly_returns, simple_returns


def times(*dates):
    return np.array(dates, dtype="datetime64[us]")


def test_simple_returns_start_at_the_opening_point():
    # GA-01: 110/100, 99/110, 104.5/99, 121/104.5, 114.95/121, each less one.
    equity = np.array([100, 110, 99, 104.5, 121, 114.95])
    assert simple_returns(equity) == pytest.approx([0.10, -0.10, 0.0555555556, 0.1578947368, -0.05])


def test_simple_returns_of_a_series_are_stamped_at_the_end_of_their_period():
    index = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], tz="UTC", name="ts")
    returns = simple_returns(pd.Series([100.0, 101.0], index=index))
    assert list(returns.index) == [index[1]]
    assert returns.iloc[0] == pytest.approx(0.01)


def test_a_weekend_gives_one_return_and_no_point():
    # GA-11: cash 50,000 and 500 shares at 100 on Friday, at 101 on Monday.
    friday, monday = 50_000 + 500 * 100, 50_000 + 500 * 101
    assert simple_returns(np.array([friday, monday], dtype=float)) == pytest.approx([0.005])


def test_one_point_has_no_return():
    assert simple_returns(np.array([100.0])).size == 0


def test_a_last_return_may_lose_everything():
    assert simple_returns(np.array([100.0, 0.0])) == pytest.approx([-1.0])


def test_no_return_is_earned_on_nothing():
    with pytest.raises(DataError, match="falls to 0 at point 1 of 3"):
        simple_returns(np.array([100.0, 0.0, 10.0]))


def test_a_period_of_zero_is_no_hit():
    assert hit_rate(np.array([0.01, 0.0, -0.02, 0.0])) == 0.25


def test_nan_is_refused_with_its_count():
    with pytest.raises(DataError, match="2 NaN or infinite of 4"):
        simple_returns(np.array([100.0, np.nan, np.inf, 101.0]))


def test_monthly_returns_follow_month_ends_and_the_opening_capital():
    # GA-10: from 100, 105 at the end of January, 102.9 at the end of February; the first
    # session of February does not matter. Year: 1.05 * 0.98 - 1 = 0.029.
    ts = times("2024-01-02", "2024-01-15", "2024-01-31", "2024-02-01", "2024-02-29")
    table = monthly_returns(np.array([100, 97, 105, 120, 102.9]), ts)
    assert table.loc[2024, ["Jan", "Feb", "Year"]].tolist() == pytest.approx([0.05, -0.02, 0.029])
    assert table.loc[2024, "Mar":"Dec"].isna().all()


def test_the_opening_point_makes_no_month_of_its_own():
    table = monthly_returns(np.array([100.0, 105.0]), times("2023-12-29", "2024-01-31"))
    assert table.index.tolist() == [2024]


def test_monthly_returns_compound_to_the_total_return_over_years():
    rng = np.random.default_rng(1)
    days = pd.bdate_range("2019-06-14", "2022-03-10", tz="UTC")
    equity = pd.Series(100 * np.cumprod(1 + rng.normal(0, 0.01, days.size)), index=days)
    table = monthly_returns(equity)
    assert table.index.tolist() == [2019, 2020, 2021, 2022]
    assert (1 + table["Year"]).prod() - 1 == pytest.approx(equity.iloc[-1] / equity.iloc[0] - 1)
    # The same with pandas' own resampling, for the months after the first.
    month_ends = equity.resample("ME").last()
    assert table.loc[2020, "Jan":"Dec"].tolist() == pytest.approx(month_ends.pct_change().loc["2020"].tolist())


def test_a_month_without_points_is_nan_and_the_next_spans_both():
    ts = times("2024-01-01", "2024-01-31", "2024-03-28")
    table = monthly_returns(np.array([100.0, 110.0, 121.0]), ts)
    assert np.isnan(table.loc[2024, "Feb"])
    assert table.loc[2024, "Mar"] == pytest.approx(0.1)


def test_a_year_without_points_is_nan_not_zero():
    table = monthly_returns(np.array([100.0, 110.0, 121.0]), times("2020-01-01", "2020-01-31", "2022-01-31"))
    assert np.isnan(table.loc[2021, "Year"])


def test_monthly_returns_need_times_and_points():
    with pytest.raises(DataError, match="pass ts"):
        monthly_returns(np.array([100.0, 101.0]))
    with pytest.raises(InsufficientDataError, match="needs 2"):
        monthly_returns(np.array([100.0]), times("2024-01-01"))
    with pytest.raises(DataError, match="must ascend"):
        monthly_returns(np.array([100.0, 101.0]), times("2024-01-02", "2024-01-01"))
    with pytest.raises(DataError, match="expected \\(2,\\) like equity"):
        monthly_returns(np.array([100.0, 101.0]), times("2024-01-02"))
