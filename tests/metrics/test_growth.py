import empyrical
import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown_ratios import calmar_ratio
from investiq.metrics.growth import cagr, total_return, wealth

DAILY = Convention(periods_per_year=252)
GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])


def times(*dates):
    return np.array(dates, dtype="datetime64[us]")


@pytest.fixture(scope="module")
def long_returns():
    return np.random.default_rng(5).normal(4e-4, 0.012, 2_500)


def test_total_return_is_last_over_first():
    assert total_return(GA01) == pytest.approx(0.1495)  # GA-01


def test_growth_rate_counts_calendar_days():
    # GA-04: 730 days are 730 / 365.25 years; exactly 10 % if the year has 365 days.
    ts = times("2021-01-01", "2023-01-01")
    assert cagr(np.array([100.0, 121.0]), DAILY, ts) == pytest.approx(0.1000718, abs=1e-7)
    assert cagr(np.array([100.0, 121.0]), Convention(periods_per_year=252, days_per_year=365), ts) == pytest.approx(
        0.10
    )


def test_growth_rate_reads_the_index_of_a_series():
    index = pd.DatetimeIndex(["2021-01-01", "2023-01-01"], tz="UTC")
    assert cagr(pd.Series([100.0, 121.0], index=index), DAILY) == pytest.approx(0.1000718, abs=1e-7)


def test_growth_rate_of_an_account_that_lost_everything_is_minus_one():
    assert cagr(np.array([100.0, 0.0]), DAILY, times("2021-01-01", "2023-01-01")) == -1.0


def test_growth_rate_needs_time_to_pass():
    with pytest.raises(InsufficientDataError, match="needs time"):
        cagr(np.array([100.0, 121.0]), DAILY, times("2021-01-01", "2021-01-01"))


def test_growth_rate_differs_from_empyrical_by_the_count_of_years(long_returns):
    # Deliberate: empyrical takes n / 252 years, we take calendar days / 365.25.
    equity = np.concatenate(([1.0], np.cumprod(1 + long_returns)))
    ts = np.datetime64("2001-01-01", "us") + np.arange(equity.size) * np.timedelta64(1, "D")
    theirs = empyrical.annual_return(long_returns)
    assert (1 + cagr(equity, DAILY, ts)) ** (2_500 / 365.25) == pytest.approx((1 + theirs) ** (2_500 / 252))


def test_wealth_opens_at_one_and_compounds():
    np.testing.assert_allclose(wealth(np.array([0.1, -0.1])), [1.0, 1.1, 0.99])


def test_wealth_of_a_series_opens_one_declared_period_before_its_first_return():
    # 365.25 / 12 = 30.4375 days before 2024-01-31 is 2023-12-31 13:30.
    returns = pd.Series([0.1], index=pd.DatetimeIndex(["2024-01-31"], tz="UTC"))
    found = wealth(returns, Convention(periods_per_year=12))
    assert str(found.index[0]) == "2023-12-31 13:30:00+00:00"
    with pytest.raises(DataError, match=r"needs a time: pass the convention"):
        wealth(returns)


def test_nothing_grows_from_nothing():
    with pytest.raises(InsufficientDataError, match="opens with 0"):
        calmar_ratio(
            wealth(np.array([-1.0, 0.1, 0.1])), Convention(periods_per_year=1, growth="periods", calmar_months=24)
        )


def test_growth_by_periods_is_empyricals(long_returns):
    convention = Convention.named("empyrical", periods_per_year=252)
    assert cagr(wealth(long_returns), convention) == pytest.approx(empyrical.annual_return(long_returns), rel=1e-12)


def test_growth_by_calendar_needs_times():
    with pytest.raises(DataError, match="no times"):
        cagr(np.array([100.0, 121.0]), DAILY)


def test_growth_too_fast_for_an_annual_rate_is_refused():
    # ln(1e10) x 252 is 5,802, beyond the largest float.
    with pytest.raises(InsufficientDataError, match=r"growth by 1e\+10 times within 0\.00397 years has no annual rate"):
        cagr(np.array([1.0, 1e10]), Convention(periods_per_year=252, growth="periods"))
