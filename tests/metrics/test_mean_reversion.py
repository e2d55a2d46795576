"""Half-life of a level against known processes, statsmodels and arch."""

from __future__ import annotations

import math
from inspect import signature

import numpy as np
import pytest
import statsmodels.api as sm
from arch.unitroot import ADF
from statsmodels.tsa.adfvalues import mackinnonp
from statsmodels.tsa.stattools import adfuller

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.mean_reversion import _mackinnon_p, half_life


def reverting(rho, count, seed):
    shocks = np.random.default_rng(seed).normal(0, 0.01, count)
    level = np.zeros(count)
    for t in range(1, count):
        level[t] = rho * level[t - 1] + shocks[t]
    return 4.0 + level


def test_the_half_life_of_a_known_process_is_found():
    # ln 2 / -ln 0.95 = 13.51 periods; the error of rho with 20,000 levels is sqrt((1 - 0.9025) / 20000) = 0.0022.
    found = half_life(reverting(0.95, 20_000, 1))
    assert found.coefficient == pytest.approx(0.95, abs=3 * 0.0022)
    assert found.periods == pytest.approx(13.51, abs=2.0)
    assert found.periods == pytest.approx(-math.log(2) / math.log(found.coefficient), rel=1e-12)
    assert found.mean == pytest.approx(4.0, abs=0.01)
    assert found.reason == ""


def test_the_regression_and_the_unit_root_test_are_those_of_statsmodels_and_arch():
    level = reverting(0.9, 400, 2)
    fit = sm.OLS(level[1:], sm.add_constant(level[:-1])).fit()
    found = half_life(level)
    assert found.coefficient == pytest.approx(fit.params[1], rel=1e-9)
    assert found.standard_error == pytest.approx(fit.bse[1], rel=1e-8)
    adf = ADF(level, trend="c", method="aic", max_lags=math.ceil(12 * (400 / 100) ** 0.25))
    assert found.adf_statistic == pytest.approx(adf.stat, rel=1e-6)
    assert found.adf_p_value == pytest.approx(adf.pvalue, abs=1e-6)


def test_a_level_far_from_zero_reverts_as_the_same_level_near_it():
    near = reverting(0.9, 400, 2)
    # 1e9 + x keeps x to 1e-7; without centring first the coefficient has no digit left.
    one, other = half_life(near), half_life(1e9 + near)
    assert other.coefficient == pytest.approx(one.coefficient, abs=1e-4)
    assert other.mean - 1e9 == pytest.approx(one.mean, abs=1e-4)
    assert other.adf_statistic == pytest.approx(one.adf_statistic, abs=1e-3)


def test_a_random_walk_has_no_half_life_although_its_coefficient_is_below_one():
    walk = np.random.default_rng(5).normal(0, 0.01, 1000).cumsum()
    found = half_life(walk)
    assert found.coefficient < 1
    assert math.isnan(found.periods)
    assert "a unit root is not rejected" in found.reason
    assert found.adf_p_value > 0.05


def test_levels_that_explode_or_alternate_have_no_half_life():
    noise = np.random.default_rng(1).normal(0, 1e-3, 200)
    assert "does not return to a mean" in half_life(1.05 ** np.arange(200.0) + noise).reason
    assert "jumps over its mean each period" in half_life(np.tile([1.0, -1.0], 100) * 0.01 + noise).reason


@pytest.mark.parametrize("seed", range(6))
def test_the_number_of_lags_is_the_one_arch_finds_by_fitting_each(seed):
    shocks = np.random.default_rng(seed).normal(size=203)
    level = (shocks[3:] + 0.5 * shocks[2:-1] - 0.4 * shocks[1:-2]).cumsum()
    theirs = ADF(level, trend="c", method="aic", max_lags=math.ceil(12 * (200 / 100) ** 0.25))
    assert half_life(level).adf_statistic == pytest.approx(theirs.stat, rel=1e-6)


def test_levels_without_a_test_are_refused():
    with pytest.raises(InsufficientDataError, match="needs 25 levels, received 10"):
        half_life(np.arange(10.0))
    with pytest.raises(DataError, match="1 NaN"):
        half_life(np.append(np.arange(30.0), np.nan))
    # A line follows from the level before; a wave and a cycle of three from the two before.
    for exact in (np.arange(100.0), np.sin(0.3 * np.arange(200)), np.tile([0.0, 1.0, 5.0], 40)):
        with pytest.raises(DataError, match="follow from those before without any error"):
            half_life(exact)
    with pytest.raises(InsufficientDataError, match="or all but the last"):
        half_life(np.where(np.arange(100) == 99, 1.0, 0.0))
    with pytest.raises(InsufficientDataError, match="all levels are equal"):
        half_life(np.full(50, 4.6))


def test_the_mean_is_where_the_fitted_line_meets_the_diagonal():
    # A level that falls from 5 towards 2: the mean it returns to is far from the average of the sample.
    shocks = np.random.default_rng(1).normal(0, 0.05, 200)
    level = np.full(200, 5.0)
    for t in range(1, 200):
        level[t] = 2 + 0.97 * (level[t - 1] - 2) + shocks[t]
    found = half_life(level)
    slope, intercept = np.polyfit(level[:-1], level[1:], 1)
    assert found.mean == pytest.approx(intercept / (1 - slope), rel=1e-9)
    assert abs(found.mean - level.mean()) > 0.05


def test_a_unit_root_that_is_rejected_at_ten_percent_only_gives_no_half_life():
    shocks = np.random.default_rng(2).normal(0, 0.01, 300)
    level = np.zeros(300)
    for t in range(1, 300):
        level[t] = 0.97 * level[t - 1] + shocks[t]
    found = half_life(level)
    assert 0.05 < ADF(level, trend="c", method="aic").pvalue < 0.1
    assert math.isnan(found.periods)
    assert "unit root is not rejected" in found.reason


@pytest.mark.parametrize(
    ("seed", "count", "rho"), [(0, 25, 0.5), (1, 60, 0.9), (2, 504, 0.97), (3, 504, 1.0), (4, 2000, 0.0)]
)
def test_statistic_and_p_value_are_those_of_statsmodels(seed, count, rho):
    # Over both of MacKinnon's polynomials: statistics from -46 to -0.1.
    level = reverting(rho, count, seed)
    tuple_only = {"result_object": False} if "result_object" in signature(adfuller).parameters else {}
    statistic, p_value = adfuller(level, regression="c", autolag="AIC", **tuple_only)[:2]
    found = half_life(level)
    assert found.adf_statistic == pytest.approx(statistic, rel=1e-9)
    assert found.adf_p_value == pytest.approx(p_value, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("statistic", [-20.0, -18.83, -5.0, -1.62, -1.61, -1.6, 0.0, 2.74, 2.75])
def test_the_p_value_is_mackinnon_s(statistic):
    assert _mackinnon_p(statistic) == pytest.approx(mackinnonp(statistic), rel=1e-12)


def test_steps_that_are_combinations_of_others_are_no_test():
    # A period of four: the fourth lag is the step itself, and lags beyond it repeat the first.
    with pytest.raises(DataError, match="follow from those before without any error"):
        half_life(np.tile([0.0, 1.0, 3.0, 1.5], 100))
