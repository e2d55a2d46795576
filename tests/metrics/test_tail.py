"""Value at risk and expected shortfall against hand values, other libraries and their theory."""

from __future__ import annotations

import math

import empyrical
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import investiq as iq
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.tail import (
    expected_shortfall,
    in_cornish_fisher_domain,
    rolling_value_at_risk,
    value_at_risk,
    worst_mean,
)


@pytest.fixture(scope="module")
def market():
    bars = iq.load_bars("^GSPC", start="2005", end="2010")
    return pd.Series(np.diff(bars.close) / bars.close[:-1], index=bars.index[1:])


@pytest.fixture(scope="module")
def calm():
    # Skewness -0.43 and excess kurtosis 1.8 by its closed forms: inside the Cornish-Fisher domain.
    return stats.norminvgauss.rvs(2, -0.4, scale=0.01, size=1500, random_state=7)


def test_expected_shortfall_weights_the_observation_on_the_edge():
    # 25 returns at 90 %: the tail is 2.5 observations, so
    # (0.10 + 0.06 + 0.5 * 0.02) / 2.5 = 0.068.
    returns = pd.Series([-0.10, -0.06, -0.02] + [0.01] * 22)
    assert expected_shortfall(returns, confidence=0.90) == pytest.approx(0.068, abs=1e-15)


def test_the_ceil_rule_averages_the_observation_on_the_edge_in_full():
    # ceil(25 x 0.10) = 3: (0.10 + 0.06 + 0.02) / 3 = 0.06.
    returns = np.array([-0.10, -0.06, -0.02] + [0.01] * 22)
    assert expected_shortfall(returns, 0.90, edge="ceil") == pytest.approx(0.06, abs=1e-15)


def test_the_rule_beyond_the_quantile_leaves_it_out():
    # floor(24 x 0.10) + 1 = 3 here as well; of 20 returns at 90 %, floor(19 x 0.10) + 1 = 2 of them.
    returns = np.array([-0.10, -0.06, -0.02] + [0.01] * 17)
    assert expected_shortfall(returns, 0.90, edge="beyond_var") == pytest.approx(0.08, abs=1e-15)


@pytest.mark.parametrize("edge", ["weighted", "ceil", "beyond_var"])
def test_worst_five_of_a_hundred_days_averaging_three_percent_give_three_percent(edge):
    returns = np.array([-0.01, -0.02, -0.03, -0.04, -0.05] + [0.001] * 95)
    assert expected_shortfall(returns, 0.95, edge=edge) == pytest.approx(0.03, abs=1e-15)


@pytest.mark.parametrize("edge", ["weighted", "ceil"])
def test_a_share_that_is_whole_only_in_decimals_takes_no_eighth_observation(edge):
    # 0.05 x 140 is 7.000000000000001 in float64.
    losses = np.arange(140, 0, -1.0)
    assert worst_mean(losses, 0.05, edge) == pytest.approx((140 + 134) / 2, abs=1e-6)


@pytest.mark.parametrize("count", [37, 250, 1000])
def test_historical_numbers_equal_those_of_empyrical(count):
    returns = np.random.default_rng(count).standard_t(4, count) * 0.01
    assert value_at_risk(returns, 0.95) == pytest.approx(-empyrical.value_at_risk(returns, 0.05), rel=1e-12)
    theirs = -empyrical.conditional_value_at_risk(returns, 0.05)
    assert expected_shortfall(returns, 0.95, edge="beyond_var") == pytest.approx(theirs, rel=1e-12)


def test_gaussian_numbers_are_the_normal_distributions_own():
    returns = np.random.default_rng(3).normal(0.001, 0.02, 300)
    normal = stats.norm(returns.mean(), returns.std(ddof=1))
    assert value_at_risk(returns, 0.99, method="gaussian") == pytest.approx(-normal.ppf(0.01), rel=1e-12)
    shortfall = -normal.expect(lambda x: x, lb=-np.inf, ub=normal.ppf(0.01)) / 0.01
    assert expected_shortfall(returns, 0.99, method="gaussian") == pytest.approx(shortfall, rel=1e-7)


def test_gaussian_expected_shortfall_of_a_standard_normal_is_the_textbook_value():
    # McNeil, Frey and Embrechts, table 2.1 in multiples of sd: ES 95 % 2.063, ES 99 % 2.665; VaR 1.645 and 2.326.
    returns = np.array([-0.1, 0.1]) / math.sqrt(2)  # mean 0, sd 0.1
    assert expected_shortfall(returns, 0.95, method="gaussian") == pytest.approx(0.2063, abs=5e-5)
    assert expected_shortfall(returns, 0.99, method="gaussian") == pytest.approx(0.2665, abs=5e-5)
    assert value_at_risk(returns, 0.95, method="gaussian") == pytest.approx(0.1645, abs=5e-5)


def by_hand(returns, z):
    skew, kurt = stats.skew(returns), stats.kurtosis(returns)
    deeper = z + (z**2 - 1) / 6 * skew + (z**3 - 3 * z) / 24 * kurt - (2 * z**3 - 5 * z) / 36 * skew**2
    return -(returns.mean() + deeper * returns.std(ddof=1))


def test_cornish_fisher_is_the_quantile_corrected_by_scipys_population_moments(calm):
    assert abs(stats.skew(calm)) > 0.2
    expected = by_hand(calm, stats.norm.ppf(0.05))
    assert value_at_risk(calm, 0.95, method="cornish_fisher") == pytest.approx(expected, rel=1e-12)
    assert expected > value_at_risk(calm, 0.95, method="gaussian")


def test_cornish_fisher_shortfall_is_the_mean_of_its_quantiles_over_the_tail(calm):
    total, _ = integrate.quad(lambda p: by_hand(calm, stats.norm.ppf(p)), 0, 0.05, epsabs=1e-12)
    assert expected_shortfall(calm, 0.95, method="cornish_fisher") == pytest.approx(total / 0.05, rel=1e-7)


@pytest.mark.parametrize(
    ("skew", "kurt"),
    [(0.0, 0.0), (0.0, 7.99), (-0.5, 2.0), (1.0, 3.0), (0.8, 8.05), (0.8, 1.0), (0.0, 8.1), (0.0, -0.1), (-2.0, 4.0)],
)
def test_the_domain_of_cornish_fisher_is_where_its_quantile_rises_on_a_grid(skew, kurt):
    z = np.linspace(-60, 60, 200_001)
    quantile = z + (z**2 - 1) / 6 * skew + (z**3 - 3 * z) / 24 * kurt - (2 * z**3 - 5 * z) / 36 * skew**2
    assert bool(in_cornish_fisher_domain(skew, kurt)) == bool((np.diff(quantile) > 0).all())


def test_cornish_fisher_refuses_moments_whose_quantile_would_fall(market):
    # 2005 to 2010 has an excess kurtosis above 8, the most that the domain allows without skewness.
    assert stats.kurtosis(market) > 8
    with pytest.raises(
        DataError, match=r"skewness .* excess kurtosis 1\d\.\d\d \(Maillard 2012\).*filtered_value_at_risk"
    ):
        value_at_risk(market, method="cornish_fisher")
    with pytest.raises(DataError, match=r"in \d+ of \d+ windows, the first with"):
        rolling_value_at_risk(market, 500, method="cornish_fisher")


def test_losses_scale_with_the_position_and_shift_with_cash(market):
    for measure in (value_at_risk, expected_shortfall):
        base = measure(market, 0.99)
        assert base > 0
        assert measure(market * 0.5, 0.99) == pytest.approx(base / 2, rel=1e-12)
        assert measure(market + 0.01, 0.99) == pytest.approx(base - 0.01, rel=1e-12)


def test_expected_shortfall_is_subadditive_and_never_below_the_value_at_risk():
    rng = np.random.default_rng(5)
    for count in (40, 73, 250):
        a, b = rng.standard_t(3, (2, count)) * 0.01
        assert expected_shortfall(a + b) <= expected_shortfall(a) + expected_shortfall(b) + 1e-15
        for edge in ("weighted", "ceil", "beyond_var"):
            assert expected_shortfall(a, edge=edge) >= value_at_risk(a)


def test_expected_shortfall_refuses_a_tail_of_less_than_one_return():
    with pytest.raises(InsufficientDataError, match="needs 20 returns, received 10"):
        expected_shortfall(pd.Series([0.01] * 10))
    with pytest.raises(InsufficientDataError, match="needs 20 returns, received 0"):
        value_at_risk(np.array([]))
    with pytest.raises(InsufficientDataError, match="needs 4 returns, received 3"):
        value_at_risk(np.array([0.1, -0.1, 0.0]), method="cornish_fisher")


def test_wrong_levels_methods_and_edges_are_refused():
    returns = np.linspace(-0.1, 0.1, 50)
    with pytest.raises(ConfigError, match=r"must lie in \[0\.5, 1\), was 95; 95 % is 0.95"):
        value_at_risk(returns, 95)
    with pytest.raises(ConfigError, match=r"must lie in \[0\.5, 1\)"):
        value_at_risk(returns, 1 - 2**-53)  # 0.9999999999999999
    for window in (math.nan, 20.5):
        with pytest.raises(ConfigError, match="window must be a whole number of at least 1, was"):
            rolling_value_at_risk(returns, window)
    with pytest.raises(
        ConfigError, match="method must be 'historical' or 'gaussian' or 'cornish_fisher', was 'normal'"
    ):
        value_at_risk(returns, method="normal")
    with pytest.raises(ConfigError, match="edge must be 'weighted' or 'ceil' or 'beyond_var', was 'floor'"):
        expected_shortfall(returns, edge="floor")
    with pytest.raises(DataError, match="all returns are equal"):
        value_at_risk(np.full(50, 0.01), method="cornish_fisher")


@pytest.mark.parametrize("method", ["historical", "gaussian"])
def test_a_rolling_forecast_is_the_value_at_risk_of_the_window_before_it(market, method):
    rolling = rolling_value_at_risk(market, 100, 0.95, method=method)
    assert rolling.index.equals(market.index)
    assert rolling[:100].isna().all()
    for row in (100, 517, len(market) - 1):
        assert rolling.iloc[row] == pytest.approx(value_at_risk(market.iloc[row - 100 : row], method=method), rel=1e-10)


def test_a_rolling_forecast_knows_neither_its_own_return_nor_later_ones(market):
    whole = rolling_value_at_risk(market.to_numpy(), 100)
    changed = market.to_numpy().copy()
    changed[400:] = -0.5
    assert np.array_equal(rolling_value_at_risk(changed, 100)[:401], whole[:401], equal_nan=True)
    assert rolling_value_at_risk(changed, 100)[401] != whole[401]


def test_fewer_returns_than_the_window_give_no_forecast(market):
    assert np.isnan(rolling_value_at_risk(market.to_numpy()[:100].tolist(), 100)).all()
    assert np.isnan(rolling_value_at_risk(market.to_numpy()[:100], 100)).all()
    with pytest.raises(InsufficientDataError, match="needs 100 returns, a window of 60"):
        rolling_value_at_risk(market, 60, 0.99)
