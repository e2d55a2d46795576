import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from investiq.core.errors import ConfigError
from investiq.market.simulating import ActionPlan, ReturnModel, price_paths, simulate_returns, simulate_volume
from investiq.market.vendors.synthetic import MARKET


def generator(seed=0):
    return np.random.default_rng(seed)


def hansen_moments(degrees, skew):
    """Skewness and kurtosis of the skewed t by numerical integration of its two halves."""
    scale = math.sqrt((degrees - 2) / degrees)
    half = {
        power: 2 * scale**power * integrate.quad(lambda x, p=power: x**p * stats.t.pdf(x, degrees), 0, np.inf)[0]
        for power in (1, 2, 3, 4)
    }
    raw = {
        power: ((1 + skew) ** (power + 1) + (-1) ** power * (1 - skew) ** (power + 1)) / 2 * moment
        for power, moment in half.items()
    }
    mean, variance = raw[1], raw[2] - raw[1] ** 2
    third = raw[3] - 3 * mean * raw[2] + 2 * mean**3
    fourth = raw[4] - 4 * mean * raw[3] + 6 * mean**2 * raw[2] - 3 * mean**4
    return third / variance**1.5, fourth / variance**2


def moments(values):
    centred = values - values.mean()
    return (centred**3).mean() / values.std() ** 3, (centred**4).mean() / values.std() ** 4


def test_the_market_model_has_the_moments_of_the_sp500():
    # Kurtosis of GARCH(1,1): K (1 - p^2) / (1 - p^2 - (K - 1) alpha^2), p = alpha + beta, K that of the shocks
    # (Bollerslev 1986); the S&P 500 of 1999-2018 has an excess of 8.2 and a volatility of 19.1 %.
    _, kurtosis = hansen_moments(MARKET.degrees, MARKET.skew)
    persistence = MARKET.alpha + MARKET.beta
    rest = 1 - persistence**2
    assert kurtosis * rest / (rest - (kurtosis - 1) * MARKET.alpha**2) - 3 == pytest.approx(8.2, abs=0.8)
    assert pytest.approx(0.191, abs=0.005) == MARKET.volatility


def test_a_long_path_of_the_market_shows_those_moments():
    # The fourth moment converges slowly where the eighth is infinite: a million days give it to about a third.
    returns, sigma = simulate_returns(MARKET, 1_000_000, generator())
    assert returns.std() * 252**0.5 == pytest.approx(0.19, rel=0.02)
    assert returns.mean() * 252 == pytest.approx(0.06, abs=0.01)
    skewness, kurtosis = moments(returns)
    assert -0.5 < skewness < -0.1
    assert 5 < kurtosis - 3 < 11
    assert (sigma**2).mean() * 252 == pytest.approx(0.19**2, rel=0.04)


@pytest.mark.parametrize(("degrees", "skew"), [(8.0, -0.06), (8.0, 0.3), (30.0, -0.3)])
def test_shocks_follow_hansens_skewed_t(degrees, skew):
    returns, sigma = simulate_returns(ReturnModel(degrees=degrees, skew=skew), 1_000_000, generator(1))
    shocks = returns / sigma
    assert shocks.mean() == pytest.approx(0.0, abs=0.004)
    assert shocks.var() == pytest.approx(1.0, abs=0.01)
    skewness, kurtosis = moments(shocks)
    expected = hansen_moments(degrees, skew)
    assert skewness == pytest.approx(expected[0], abs=0.05)
    assert kurtosis == pytest.approx(expected[1], rel=0.1)


def test_the_default_is_geometric_brownian_motion():
    returns, sigma = simulate_returns(ReturnModel(drift=0.1, volatility=0.2), 200_000, generator(2))
    assert sigma == pytest.approx(0.2 / 252**0.5, rel=1e-12)
    shocks = (returns - 0.1 / 252) / sigma
    assert stats.kstest(shocks, "norm").pvalue > 0.01
    # Independent: the first autocorrelation of returns and of their squares is within 3 / sqrt(n).
    for values in (shocks, shocks**2):
        assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 3 / 200_000**0.5


def test_variance_follows_its_recursion():
    model = ReturnModel(drift=0.05, volatility=0.2, alpha=0.1, beta=0.8, degrees=10.0, skew=-0.1)
    returns, sigma = simulate_returns(model, 500, generator(3))
    shock = returns - 0.05 / 252
    level = 0.2**2 / 252
    assert sigma[0] ** 2 == pytest.approx(level, rel=1e-12)
    assert sigma[1:] ** 2 == pytest.approx(0.1 * level + 0.1 * shock[:-1] ** 2 + 0.8 * sigma[:-1] ** 2, rel=1e-12)


def test_arch_recovers_the_parameters_of_a_path():
    from arch import arch_model

    model = ReturnModel(volatility=0.19, alpha=0.07, beta=0.915, degrees=8.0, skew=-0.06)
    returns, _ = simulate_returns(model, 20_000, generator(4))
    fit = arch_model(100 * returns, mean="Constant", vol="GARCH", dist="skewt").fit(disp="off")
    # Two to three standard errors of a fit on so many days.
    assert fit.params["alpha[1]"] == pytest.approx(0.07, abs=0.015)
    assert fit.params["beta[1]"] == pytest.approx(0.915, abs=0.02)
    assert fit.params["eta"] == pytest.approx(8.0, abs=1.5)
    assert fit.params["lambda"] == pytest.approx(-0.06, abs=0.03)


@pytest.mark.parametrize(
    "changes",
    [
        {"alpha": 0.2, "beta": 0.8},
        {"alpha": -0.1},
        {"volatility": 0.0},
        {"degrees": 4.0},
        {"skew": 1.0},
        {"skew": -1.0},
    ],
)
def test_an_explosive_or_impossible_model_is_refused(changes):
    with pytest.raises(ConfigError, match="were"):
        ReturnModel(**changes)


def paths(returns, sigma, plan=None, seed=5, start_price=50.0):
    dates = [date(2010, 1, 4) + timedelta(days=row) for row in range(returns.size)]
    return price_paths(
        returns, sigma, start_price=start_price, dates=dates, plan=plan or ActionPlan(), rng=generator(seed)
    )


PLAN = ActionPlan(
    split_rows={200: 4.0, 400: 1.5, 600: 0.1, 800: None},
    dividend_rows=frozenset(range(50, 1000, 63)),
    annual_yield=0.03,
    growth=0.05,
    special_odds=0.2,
)


def test_a_holder_earns_exactly_the_true_return():
    # (C_t + D_t) k_t / C_{t-1} = exp(r_t), with D per new share.
    returns, sigma = simulate_returns(MARKET, 1000, generator(6))
    bars, actions = paths(returns, sigma, PLAN)
    ratio, cash = np.ones(1000), np.zeros(1000)
    for action in actions:
        row = (action.ex_date - date(2010, 1, 4)).days
        ratio[row] *= action.ratio or 1.0
        cash[row] += action.cash or 0.0
    earned = (bars.close[1:] + cash[1:]) * ratio[1:] / bars.close[:-1]
    assert np.log(earned) == pytest.approx(returns[1:], abs=1e-12)


def test_the_plan_sets_splits_and_dividends():
    returns, sigma = simulate_returns(MARKET, 1000, generator(6))
    _, actions = paths(returns, sigma, PLAN)
    splits = {(action.ex_date - date(2010, 1, 4)).days: action.ratio for action in actions if action.kind == "split"}
    assert {row: splits[row] for row in (200, 400, 600)} == {200: 4.0, 400: 1.5, 600: 0.1}
    regular = [action for action in actions if action.kind == "dividend"]
    assert len(regular) == len(range(50, 1000, 63))
    # 3 % a year of the start price of 50, in quarters: 0.375, rounded to the cent.
    assert regular[0].cash == pytest.approx(0.38, abs=0.011)
    assert all(action.cash == round(action.cash, 2) > 0 for action in actions if action.kind != "split")
    assert any(action.kind == "special_dividend" for action in actions)


@pytest.mark.parametrize(("price", "ratios"), [(400.0, {4.0}), (200.0, {1.5, 2.0}), (100.0, set()), (2.0, {0.1})])
def test_the_price_decides_on_an_unplanned_split(price, ratios):
    still = np.zeros(3)
    found = set()
    for seed in range(10):
        _, actions = paths(still, still + 0.01, ActionPlan(split_rows={1: None}), seed, start_price=price)
        found |= {action.ratio for action in actions}
    assert found == ratios


@given(st.integers(0, 2**32 - 1))
def test_every_bar_holds_its_open_and_close(seed):
    returns, sigma = simulate_returns(MARKET, 700, generator(seed))
    bars, _ = paths(returns, sigma, PLAN, seed)
    assert (bars.low > 0).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()


def test_a_quarter_of_the_variance_falls_overnight():
    returns, sigma = simulate_returns(ReturnModel(), 20_000, generator(7))
    bars, _ = paths(returns, sigma)
    before = np.append(50.0, bars.close[:-1])
    # Standard error of the share: 0.25 x sqrt(2 / 20000) = 0.0025.
    assert np.var(np.log(bars.open / before)) / sigma[0] ** 2 == pytest.approx(0.25, abs=0.01)
    assert np.var(np.log(bars.close / bars.open)) / sigma[0] ** 2 == pytest.approx(0.75, abs=0.025)


def test_the_range_measures_the_days_volatility():
    # Parkinson (1980): E[(ln H/L)^2] = 4 ln 2 x variance for a continuous path. Over 78 steps the range misses about
    # 2 x 0.5826 / sqrt(78) sigma of 1.596 sigma (Broadie, Glasserman and Kou 1997), so the square about 16 %.
    returns, sigma = simulate_returns(ReturnModel(), 20_000, generator(8))
    bars, _ = paths(returns, sigma)
    parkinson = np.mean(np.log(bars.high / bars.low) ** 2) / (4 * math.log(2))
    assert parkinson / (0.75 * sigma[0] ** 2) == pytest.approx(0.84, abs=0.05)


def test_volume_rises_with_the_size_of_the_move_and_is_log_normal_around_it():
    returns, sigma = simulate_returns(MARKET, 20_000, generator(9))
    volume = simulate_volume(returns, sigma, 1e6, generator(10))
    assert (volume == np.rint(volume)).all()
    slope, intercept = np.polyfit(np.abs(returns) / sigma, np.log(volume), 1)
    assert slope == pytest.approx(0.25, abs=0.02)
    rest = np.log(volume) - slope * np.abs(returns) / sigma - intercept
    assert rest.std() == pytest.approx(0.35, abs=0.01)
    assert np.median(volume) == pytest.approx(1e6, rel=0.05)
