import math
from dataclasses import replace

import empyrical
import numpy as np
import pandas as pd
import pytest
import quantstats

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.ratios import (
    downside_deviation,
    gain_to_pain_ratio,
    kelly_fraction,
    omega_ratio,
    sharpe_ratio,
    sharpe_standard_error,
    sortino_ratio,
    volatility,
)
from investiq.metrics.returns import compound_returns, simple_returns

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


def test_downside_deviation_of_rollinger_and_hoffman():
    # GA-08: published 2.26385 %.
    annual = np.array([17, 15, 23, -5, 12, 9, 13, -4]) / 100
    assert downside_deviation(annual, Convention(periods_per_year=1)) == pytest.approx(0.0226385, abs=1e-7)


def test_omega_and_gain_to_pain_of_the_worked_case():
    # GA-02: gains 0.10 + 0.0555556 + 0.1578947, losses 0.15.
    assert omega_ratio(GA02, DAILY) == pytest.approx(2.089669, abs=1e-6)
    assert gain_to_pain_ratio(GA02) == pytest.approx(1.089669, abs=1e-6)


def test_omega_counts_from_the_target():
    # Above and below 2 %: 0.01 + 0.03 over 0.03.
    convention = Convention(periods_per_year=252, target=0.02)
    assert omega_ratio(np.array([0.03, 0.05, -0.01]), convention) == pytest.approx(4 / 3)


def test_kelly_is_mean_excess_over_variance():
    # Mean 0.01, variance 0.0008; risk-free 0.012 / 12 = 0.001 a month: 0.009 / 0.0008.
    convention = Convention(periods_per_year=12, risk_free=0.012, risk_free_split="divide")
    assert kelly_fraction(np.array([0.03, -0.01]), convention) == pytest.approx(11.25)
    # Whatever the target of the Sortino ratio.
    assert kelly_fraction(np.array([0.03, -0.01]), replace(convention, target=0.0)) == pytest.approx(11.25)


def test_gains_alone_have_no_ratio_to_losses():
    gains = np.array([0.01, 0.02])
    with pytest.raises(InsufficientDataError, match="no return of 2 is below the target of 0 %"):
        omega_ratio(gains, DAILY)
    with pytest.raises(InsufficientDataError, match="no return of 2 is a loss"):
        gain_to_pain_ratio(gains)
    with pytest.raises(InsufficientDataError, match="their variance is zero"):
        kelly_fraction(np.full(5, 0.01), DAILY)


def test_the_empyrical_profile_gives_empyricals_numbers(long_returns):
    # Its risk-free rate is per period, and its Sortino and Omega ratios have a target of their own, 0.
    convention = Convention.named("empyrical", risk_free=0.03)
    assert sharpe_ratio(long_returns, convention) == pytest.approx(
        empyrical.sharpe_ratio(long_returns, risk_free=0.03 / 252), rel=1e-12
    )
    assert sortino_ratio(long_returns, convention) == pytest.approx(empyrical.sortino_ratio(long_returns), rel=1e-12)
    assert omega_ratio(long_returns, convention) == pytest.approx(empyrical.omega_ratio(long_returns), rel=1e-12)
    assert downside_deviation(long_returns, convention) == pytest.approx(
        empyrical.downside_risk(long_returns), rel=1e-12
    )


@pytest.fixture(scope="module")
def stamped(long_returns):
    return pd.Series(long_returns, index=pd.date_range("2010-01-04", periods=long_returns.size, freq="B"))


def test_the_quantstats_profile_gives_quantstats_numbers(stamped):
    convention = Convention.named("quantstats", risk_free=0.03)
    assert sharpe_ratio(stamped, convention) == pytest.approx(quantstats.stats.sharpe(stamped, rf=0.03), rel=1e-12)
    assert sortino_ratio(stamped, convention) == pytest.approx(quantstats.stats.sortino(stamped, rf=0.03), rel=1e-12)
    assert omega_ratio(stamped, convention) == pytest.approx(quantstats.stats.omega(stamped, rf=0.03), rel=1e-12)
    assert volatility(stamped, convention) == pytest.approx(quantstats.stats.volatility(stamped), rel=1e-12)
    assert gain_to_pain_ratio(stamped) == pytest.approx(quantstats.stats.gain_to_pain_ratio(stamped), rel=1e-12)
    months = compound_returns(stamped)
    # quantstats adds the returns of a month, we compound them.
    added = quantstats.stats.gain_to_pain_ratio(stamped, resolution="ME")
    assert gain_to_pain_ratio(months) == pytest.approx(added, rel=0.2)
    assert gain_to_pain_ratio(months) != pytest.approx(added, rel=1e-3)


def test_the_bacon_profile_gives_the_numbers_of_his_portfolio(bacon_returns):
    # Bacon (2008), table 4.1, as PerformanceAnalytics publishes it with its answers: adjusted Sharpe ratio 0.7591435
    # (annual geometric Sharpe with ddof 1, skewness -0.0825625, kurtosis 2.4324538), gains over losses 1.779783,
    # Kappa(2) over 0.5 % a month 0.157.
    geometric = Convention(periods_per_year=12, growth="periods", ratio_return="geometric")
    ratio = sharpe_ratio(bacon_returns, geometric)
    assert ratio * (1 - 0.0825625 / 6 * ratio + 0.5675462 / 24 * ratio**2) == pytest.approx(0.7591435, abs=1e-6)
    # His own standard deviation divides by n, not n - 1.
    assert sharpe_ratio(bacon_returns, Convention.named("bacon", periods_per_year=12)) == pytest.approx(
        ratio * math.sqrt(24 / 23), rel=1e-12
    )
    assert omega_ratio(bacon_returns, geometric) == pytest.approx(1.779783, abs=1e-6)
    assert sortino_ratio(bacon_returns, Convention(periods_per_year=1, target=0.005)) == pytest.approx(0.157, abs=5e-4)


def test_the_geometric_sortino_ratio_takes_the_annual_target_from_the_growth_rate():
    # Two years of +44 % and -20 %: growth sqrt(1.152) - 1 = 0.0733126, downside sqrt(0.25^2 / 2) below 5 %.
    convention = Convention(periods_per_year=1, risk_free=0.05, growth="periods", ratio_return="geometric")
    expected = (math.sqrt(1.152) - 1.05) / math.sqrt(0.25**2 / 2)
    assert sortino_ratio(np.array([0.44, -0.20]), convention) == pytest.approx(expected)
    # By half-years of +20 % and -20 %: growth -0.04, target 1.05 ** 0.5 - 1 each.
    halves = Convention(periods_per_year=2, risk_free=0.05, growth="periods", ratio_return="geometric")
    below = -0.20 - (1.05**0.5 - 1)
    assert sortino_ratio(np.array([0.20, -0.20]), halves) == pytest.approx(-0.09 / math.sqrt(below**2 / 2 * 2))
