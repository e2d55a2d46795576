import math

import empyrical
import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.ratios import (
    cagr,
    calmar_ratio,
    mar_ratio,
    recovery_factor,
    sharpe_ratio,
    sharpe_standard_error,
    sortino_ratio,
    total_return,
    volatility,
)
from investiq.metrics.returns import simple_returns

DAILY = Convention(periods_per_year=252)
GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])
GA02 = simple_returns(GA01)


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
    assert cagr(np.array([100.0, 121.0]), ts) == pytest.approx(0.1000718, abs=1e-7)
    assert cagr(np.array([100.0, 121.0]), ts, days_per_year=365) == pytest.approx(0.10)


def test_growth_rate_reads_the_index_of_a_series():
    index = pd.DatetimeIndex(["2021-01-01", "2023-01-01"], tz="UTC")
    assert cagr(pd.Series([100.0, 121.0], index=index)) == pytest.approx(0.1000718, abs=1e-7)


def test_growth_rate_of_an_account_that_lost_everything_is_minus_one():
    assert cagr(np.array([100.0, 0.0]), times("2021-01-01", "2023-01-01")) == -1.0


def test_growth_rate_needs_time_to_pass():
    with pytest.raises(InsufficientDataError, match="needs time"):
        cagr(np.array([100.0, 121.0]), times("2021-01-01", "2021-01-01"))


def test_sharpe_ratio_of_the_worked_case():
    # GA-02: mean 0.0326901, sd (n-1) 0.1062708; 0.0326901 / 0.1062708 * sqrt(252) = 4.88317.
    assert GA02.mean() == pytest.approx(0.0326901, abs=1e-7)
    assert volatility(GA02, Convention(periods_per_year=1)) == pytest.approx(0.1062708, abs=1e-7)
    assert sharpe_ratio(GA02, DAILY) == pytest.approx(4.88317, abs=1e-5)


def test_sortino_ratio_of_the_worked_case():
    # GA-02: squares of -0.10 and -0.05 over five periods: sqrt(0.0125 / 5) = 0.05; 0.0326901 / 0.05 * sqrt(252).
    assert sortino_ratio(GA02, DAILY) == pytest.approx(10.37877, abs=1e-5)


def test_sortino_ratio_of_rollinger_and_hoffman():
    # GA-08: published 4.417; dividing by the two losing years would give 2.209.
    annual = np.array([17, 15, 23, -5, 12, 9, 13, -4]) / 100
    assert sortino_ratio(annual, Convention(periods_per_year=1)) == pytest.approx(4.417, abs=5e-4)


def test_sortino_ratio_counts_shortfalls_from_the_target():
    # Mean (-0.01 + 0.05) / 2 = 0.02, above the target 0.01; shortfalls -0.02 and 0: sqrt(0.0004 / 2) = 0.0141421.
    convention = Convention(periods_per_year=1, target=0.01)
    assert sortino_ratio(np.array([-0.01, 0.05]), convention) == pytest.approx(0.7071068)


def test_a_target_of_zero_is_not_the_risk_free_rate():
    # Annual returns -0.01 and 0.05, rf 0.03. Over rf: -0.01 / sqrt(0.0016 / 2); over 0: 0.02 / sqrt(0.0001 / 2).
    returns = np.array([-0.01, 0.05])
    over_rf = Convention(periods_per_year=1, risk_free=0.03)
    over_zero = Convention(periods_per_year=1, risk_free=0.03, target=0.0)
    assert sortino_ratio(returns, over_rf) == pytest.approx(-0.01 / math.sqrt(0.0016 / 2))
    assert sortino_ratio(returns, over_zero) == pytest.approx(0.02 / math.sqrt(0.0001 / 2))
    assert "Sortino target 3 % a period (the risk-free rate), CAGR" in over_rf.describe()
    assert "Sortino target 0 % a period, CAGR" in over_zero.describe()


def test_ratios_agree_with_empyrical(long_returns):
    risk_free = 0.03
    convention = Convention(periods_per_year=252, risk_free=risk_free)
    per_day = 1.03 ** (1 / 252) - 1
    assert sharpe_ratio(long_returns, convention) == pytest.approx(
        empyrical.sharpe_ratio(long_returns, risk_free=per_day), rel=1e-12
    )
    assert sortino_ratio(long_returns, convention) == pytest.approx(
        empyrical.sortino_ratio(long_returns, required_return=per_day), rel=1e-12
    )
    assert sortino_ratio(long_returns, DAILY) == pytest.approx(empyrical.sortino_ratio(long_returns), rel=1e-12)
    assert volatility(long_returns, DAILY) == pytest.approx(empyrical.annual_volatility(long_returns), rel=1e-12)
    equity = np.concatenate(([1.0], np.cumprod(1 + long_returns)))
    assert total_return(equity) == pytest.approx(empyrical.cum_returns_final(long_returns), rel=1e-12)


def test_growth_rate_differs_from_empyrical_by_the_count_of_years(long_returns):
    # Deliberate: empyrical takes n / 252 years, we take calendar days / 365.25.
    equity = np.concatenate(([1.0], np.cumprod(1 + long_returns)))
    ts = np.datetime64("2001-01-01", "us") + np.arange(equity.size) * np.timedelta64(1, "D")
    theirs = empyrical.annual_return(long_returns)
    assert (1 + cagr(equity, ts)) ** (2_500 / 365.25) == pytest.approx((1 + theirs) ** (2_500 / 252))


def test_mar_ratio_is_what_empyrical_calls_calmar(long_returns):
    # With 252-"day" years and one point a day the two count the same years.
    equity = np.concatenate(([1.0], np.cumprod(1 + long_returns)))
    ts = np.datetime64("2001-01-01", "us") + np.arange(equity.size) * np.timedelta64(1, "D")
    assert mar_ratio(equity, ts, days_per_year=252) == pytest.approx(empyrical.calmar_ratio(long_returns))


def test_standard_error_of_sharpe_after_lo():
    # Lo (2002): SR 1.50 per period, 60 observations: sqrt((1 + 1.125) / 60) = 0.188. Sixty returns 1.5 +- 1
    # with spread sqrt(60 / 59), so scale them to a standard deviation of one.
    returns = 1.5 + np.tile([1.0, -1.0], 30) * math.sqrt(59 / 60)
    assert sharpe_standard_error(returns, Convention(periods_per_year=1)) == pytest.approx(0.188, abs=5e-4)
    assert sharpe_standard_error(returns, Convention(periods_per_year=12)) == pytest.approx(
        0.188 * math.sqrt(12), abs=2e-3
    )


def test_equal_returns_have_no_sharpe_ratio():
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        sharpe_ratio(np.full(50, 0.01), DAILY)
    # Rounding of prices does not count as a spread.
    equity = 100 * 1.01 ** np.arange(300)
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        sharpe_ratio(simple_returns(equity), DAILY)


def test_gains_alone_have_no_sortino_ratio():
    with pytest.raises(InsufficientDataError, match="no return below the target of 0 %"):
        sortino_ratio(np.array([0.01, 0.02]), DAILY)


def test_losses_alone_have_negative_ratios():
    returns = np.array([-0.01, -0.02, -0.03])
    # Mean -0.02, sd 0.01, downside sqrt((0.01^2 + 0.02^2 + 0.03^2) / 3).
    assert sharpe_ratio(returns, Convention(periods_per_year=1)) == pytest.approx(-2.0)
    assert sortino_ratio(returns, Convention(periods_per_year=1)) == pytest.approx(-0.02 / math.sqrt(0.0014 / 3))


@pytest.mark.parametrize("metric", [sharpe_ratio, volatility])
def test_a_spread_needs_two_returns(metric):
    with pytest.raises(InsufficientDataError, match="needs 2 returns, received 1"):
        metric(np.array([0.01]), DAILY)
    with pytest.raises(InsufficientDataError, match="needs 2 returns, received 0"):
        metric(np.array([]), DAILY)


def test_no_returns_have_no_sortino_ratio():
    with pytest.raises(InsufficientDataError, match="at least one return"):
        sortino_ratio(np.array([]), DAILY)


@pytest.mark.parametrize("metric", [sharpe_ratio, sortino_ratio, volatility])
def test_nan_is_refused_with_its_count(metric):
    with pytest.raises(DataError, match="1 NaN or infinite of 3"):
        metric(pd.Series([0.01, np.nan, 0.02]), DAILY)


def test_a_table_of_returns_is_refused():
    with pytest.raises(DataError, match="2 dimensions, expected 1"):
        sharpe_ratio(np.zeros((3, 2)), DAILY)


def test_the_calmar_ratio_looks_at_36_months_and_the_mar_ratio_at_all():
    # Since 2018: 100, crash to 50, 100; then 100 on 2019-12-31, 90 in between, 133.1 on 2022-12-31 (1096 days).
    ts = times("2018-01-01", "2018-06-30", "2019-12-31", "2021-06-30", "2022-12-31")
    equity = np.array([100.0, 50.0, 100.0, 90.0, 133.1])
    growth = 1.331 ** (365.25 / 1096) - 1
    assert calmar_ratio(equity, ts) == pytest.approx(growth / 0.10)
    # 2018-01-01 to 2022-12-31 are 1825 days; the deepest fall is the half.
    assert mar_ratio(equity, ts) == pytest.approx((1.331 ** (365.25 / 1825) - 1) / 0.50)


def test_the_calmar_window_may_open_on_a_leap_day():
    # 36 months before 2024-02-29 there is no 29 February: the window opens on 2021-02-28.
    ts = times("2021-02-28", "2022-01-03", "2024-02-29")
    growth = 1.2 ** (365.25 / 1096) - 1
    assert calmar_ratio(np.array([100.0, 80.0, 120.0]), ts) == pytest.approx(growth / 0.2)


def test_the_calmar_ratio_needs_36_months():
    with pytest.raises(InsufficientDataError, match="2021-01-01 to 2023-01-01 is shorter than 36 months"):
        calmar_ratio(np.array([100.0, 121.0]), times("2021-01-01", "2023-01-01"))


@pytest.mark.parametrize("metric", [mar_ratio, calmar_ratio])
def test_there_is_no_ratio_to_a_drawdown_that_never_was(metric):
    with pytest.raises(InsufficientDataError, match="no drawdown to divide by"):
        metric(np.array([100.0, 121.0]), times("2020-01-01", "2024-01-01"))


def test_recovery_factor_is_total_return_over_the_deepest_fall():
    assert recovery_factor(GA01) == pytest.approx(0.1495 / 0.10)  # GA-01


def test_an_account_that_lost_everything_still_has_its_ratios_to_drawdown():
    ts = times("2020-01-01", "2022-01-01", "2024-01-01")
    assert mar_ratio(np.array([100.0, 50.0, 0.0]), ts) == -1.0
    assert recovery_factor(np.array([100.0, 50.0, 0.0])) == -1.0
