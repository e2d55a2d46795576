"""Autocorrelation and variance ratio against arch, statsmodels and hand values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from arch.unitroot import VarianceRatio as ArchVarianceRatio
from statsmodels.tsa.stattools import acf

import investiq as iq
from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.persistence import autocorrelation, variance_ratio


@pytest.fixture(scope="module")
def returns():
    close = iq.load_bars("^GSPC", start="2005", end="2012").close
    return np.diff(close) / close[:-1]


@pytest.mark.parametrize("lag", [1, 5])
def test_the_autocorrelation_is_that_of_statsmodels(returns, lag):
    found = autocorrelation(returns, lag)
    assert found.value == pytest.approx(acf(returns, nlags=lag)[lag], rel=1e-12)
    assert found.p_value == pytest.approx(
        2 * (1 - 0.5 * (1 + math.erf(abs(found.statistic) / math.sqrt(2)))), abs=1e-12
    )


def test_the_autocorrelation_and_its_error_by_hand():
    # Deviations +1 -1 +1 -1 (in %): r = -3 / 4, error sqrt(3 x 1) / 4 = 0.4330.
    found = autocorrelation(np.array([0.02, 0.0, 0.02, 0.0]))
    assert found.value == pytest.approx(-0.75)
    assert found.standard_error == pytest.approx(math.sqrt(3) / 4)
    assert found.statistic == pytest.approx(-math.sqrt(3))


def test_the_error_is_whites_for_the_slope_on_the_lag(returns):
    # HC0 with residuals of the fitted slope instead of none: equal to a few percent for a small slope.
    fit = sm.OLS(returns[1:], sm.add_constant(returns[:-1])).fit(cov_type="HC0")
    found = autocorrelation(returns)
    assert found.standard_error == pytest.approx(fit.bse[1], rel=0.1)
    # Clusters of volatility: more than one and a half of 1 / sqrt(n).
    assert found.standard_error > 1.5 / math.sqrt(returns.size)


@pytest.mark.parametrize("q", [2, 5, 20])
@pytest.mark.parametrize("robust", [True, False])
def test_the_variance_ratio_is_that_of_arch(returns, q, robust):
    theirs = ArchVarianceRatio(np.concatenate(([0.0], np.log1p(returns).cumsum())), lags=q, robust=robust)
    found = variance_ratio(returns, q, robust=robust)
    assert found.value == pytest.approx(theirs.vr, rel=1e-10)
    assert found.statistic == pytest.approx(theirs.stat, rel=1e-9)
    assert found.p_value == pytest.approx(theirs.pvalue, abs=1e-9)


def test_the_variance_ratio_of_noise_is_one_and_of_trends_above_it():
    noise = np.random.default_rng(3).normal(0, 0.01, 20_000)
    assert variance_ratio(noise, 5).value == pytest.approx(1.0, abs=0.05)
    trending = noise.copy()
    trending[1:] += 0.3 * noise[:-1]
    # MA(1) with 0.3: rho_1 = 0.3 / 1.09 = 0.2752, VR(2) = 1 + rho_1.
    assert variance_ratio(trending, 2).value == pytest.approx(1.2752, abs=0.03)
    assert variance_ratio(trending, 2).p_value < 1e-6


def test_bad_input_is_refused():
    with pytest.raises(ConfigError, match="lag must be a whole number of at least 1, was 0"):
        autocorrelation(np.zeros(10), 0)
    with pytest.raises(ConfigError, match="q must be a whole number of at least 2, was 1"):
        variance_ratio(np.zeros(10), 1)
    with pytest.raises(InsufficientDataError, match="over 5 periods needs 6 returns, received 5"):
        variance_ratio(np.linspace(-0.1, 0.1, 5), 5)
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        autocorrelation(np.full(10, 0.01))
    # A price that grows by 0.1 % each period: its returns differ by rounding only.
    steady = 1.001 ** np.arange(60.0)
    for statistic in (autocorrelation, variance_ratio):
        with pytest.raises(InsufficientDataError, match="all returns are equal"):
            statistic(steady[1:] / steady[:-1] - 1)


def test_an_error_of_zero_is_refused():
    # Every second return is the mean, 0: each product of neighbours is 0, and so is the error.
    halting = np.tile([0.01, 0.0, -0.01, 0.0], 5)
    with pytest.raises(InsufficientDataError, match="no two returns 1 apart both differ from the mean"):
        autocorrelation(halting)
    assert autocorrelation(halting, 2).value == pytest.approx(-0.9)
    with pytest.raises(InsufficientDataError, match=r"less than 2 apart .* pass robust=False"):
        variance_ratio(np.expm1(halting))
    assert variance_ratio(np.expm1(halting), robust=False).value > 0


@pytest.mark.parametrize("size", [1e-76, 1e-100, 1e-160, 1e-200, 5e-324])
@pytest.mark.parametrize("statistic", [autocorrelation, variance_ratio])
def test_returns_whose_squares_underflow_are_refused(statistic, size):
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        statistic(size * np.tile([1.0, -1.0, 2.0, 0.0, 1.0], 20))


@pytest.mark.parametrize("statistic", [autocorrelation, variance_ratio])
def test_small_returns_give_what_large_ones_give(statistic):
    returns = np.random.default_rng(5).standard_normal(200)
    small, smaller = (statistic(size * returns) for size in (1e-20, 1e-70))
    assert smaller.statistic == pytest.approx(small.statistic, rel=1e-12)


def test_an_autocorrelation_needs_two_pairs_of_returns():
    with pytest.raises(InsufficientDataError, match="at lag 3 needs 5 returns, received 4"):
        autocorrelation(np.array([0.01, -0.02, 0.03, 0.01]), 3)
