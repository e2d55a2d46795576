import math

import empyrical
import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.ratios import sharpe_ratio, sharpe_standard_error, sortino_ratio, volatility
from investiq.metrics.returns import simple_returns

DAILY = Convention(periods_per_year=252)
GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])
GA02 = simple_returns(GA01)


@pytest.fixture(scope="module")
def long_returns():
    return np.random.default_rng(5).normal(4e-4, 0.012, 2_500)


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


def test_standard_error_of_sharpe_after_lo():
    # Lo (2002): SR 1.50 per period, 60 observations: sqrt((1 + 1.125) / 60) = 0.188. Sixty returns 15 +- 10 %
    # with spread sqrt(60 / 59) of 10 %, so scale them to a standard deviation of 10 %.
    returns = 0.15 + 0.1 * np.tile([1.0, -1.0], 30) * math.sqrt(59 / 60)
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
    with pytest.raises(InsufficientDataError, match="the Sortino ratio needs 1 returns, received 0"):
        sortino_ratio(np.array([]), DAILY)


@pytest.mark.parametrize("metric", [sharpe_ratio, sortino_ratio, volatility])
def test_nan_is_refused_with_its_count(metric):
    with pytest.raises(DataError, match="1 NaN of 3, the first at row 1"):
        metric(pd.Series([0.01, np.nan, 0.02]), DAILY)


def test_a_table_of_returns_is_refused():
    with pytest.raises(DataError, match="2 dimensions, expected 1"):
        sharpe_ratio(np.zeros((3, 2)), DAILY)
