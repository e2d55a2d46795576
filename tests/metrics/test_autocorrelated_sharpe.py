"""Lo's factor on published cases, and a ratio with it by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.autocorrelated_sharpe import autocorrelation_adjusted_sharpe, lo_annualisation_factor
from investiq.metrics.conventions import Convention

DAILY = Convention(periods_per_year=252)
MONTHLY = Convention(periods_per_year=12)


@pytest.fixture(scope="module")
def skewed():
    draws = np.random.default_rng(3).gamma(2.0, 0.01, 600)
    return 0.02 - draws


@pytest.mark.parametrize(("rho", "factor"), [(0.2, 2.879), (-0.2, 4.171), (0.0, 3.464)])
def test_annualisation_factor_of_an_autoregression(rho, factor):
    # Lo 2002, q = 12 months of an AR(1) with coefficient rho.
    correlations = [rho**lag for lag in range(1, 12)]
    assert lo_annualisation_factor(correlations, 12) == pytest.approx(factor, abs=5e-4)


def test_annualisation_factor_uses_no_lag_beyond_the_year():
    # 2 / sqrt(2 + 2 * (2 - 1) * 0.5) = 2 / sqrt(3); the second correlation has no weight.
    assert lo_annualisation_factor([0.5, 0.9], 2) == pytest.approx(2 / math.sqrt(3), rel=1e-12)


def test_annualisation_factor_refuses_what_no_series_has():
    with pytest.raises(InsufficientDataError, match="fewer lags"):
        lo_annualisation_factor([-0.9], 12)
    for periods in (252.5, math.inf, 0, math.nan):
        with pytest.raises(ConfigError, match="whole periods"):
            lo_annualisation_factor([0.1], periods)
    with pytest.raises(DataError, match=r"in \[-1, 1\], the largest is 1.5"):
        lo_annualisation_factor([0.1, -1.5], 12)
    with pytest.raises(DataError, match="autocorrelations holds 1 NaN"):
        lo_annualisation_factor([0.1, math.nan], 12)


def test_the_adjusted_sharpe_ratio_of_a_trend_is_below_the_square_root_rule():
    # Deviations -1.5, -0.5, 0.5, 1.5: c0 = 5, c1 = 1.25, rho_1 = 0.25, c2 = -1.5, rho_2 = -0.3.
    # SR = 2.5 / 1.290994; one lag: 4 / sqrt(4 + 2 * 3 * 0.25); two: 4 / sqrt(4 + 2 * (3 * 0.25 - 2 * 0.3)).
    returns, quarters = np.array([0.01, 0.02, 0.03, 0.04]), Convention(periods_per_year=4)
    ratio = 2.5 / math.sqrt(5 / 3)
    assert autocorrelation_adjusted_sharpe(returns, quarters, lags=1) == pytest.approx(ratio * 4 / math.sqrt(5.5))
    assert autocorrelation_adjusted_sharpe(returns, quarters, lags=2) == pytest.approx(ratio * 4 / math.sqrt(4.3))
    assert autocorrelation_adjusted_sharpe(returns, quarters, lags=0) == pytest.approx(ratio * 2)


def test_the_adjusted_sharpe_ratio_takes_a_year_of_lags_by_default(skewed):
    whole = autocorrelation_adjusted_sharpe(skewed, MONTHLY)
    assert whole == autocorrelation_adjusted_sharpe(skewed, MONTHLY, lags=11)
    assert whole != autocorrelation_adjusted_sharpe(skewed, MONTHLY, lags=10)
    with pytest.raises(InsufficientDataError, match="4 autocorrelations need more than 4 returns, received 4"):
        autocorrelation_adjusted_sharpe(skewed[:4], MONTHLY, lags=4)
    with pytest.raises(InsufficientDataError, match="251 autocorrelations need more than 251 returns, received 200"):
        autocorrelation_adjusted_sharpe(skewed[:200], DAILY)
