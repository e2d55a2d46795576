import math

import empyrical
import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.market_model import capm
from investiq.metrics.regression import least_squares
from investiq.metrics.relative import (
    beta,
    down_capture,
    excess_return,
    information_ratio,
    jensen_alpha,
    modigliani_m2,
    tracking_error,
    treynor_ratio,
    up_capture,
)

DAILY = Convention(periods_per_year=252)
RISK_FREE = Convention(periods_per_year=252, risk_free=0.03)
PER_DAY = 1.03 ** (1 / 252) - 1
PAIRED = [
    excess_return,
    up_capture,
    down_capture,
    *(
        lambda a, b, measure=measure: measure(a, b, DAILY)
        for measure in (tracking_error, information_ratio, beta, jensen_alpha, treynor_ratio, modigliani_m2, capm)
    ),
]


@pytest.fixture(scope="module")
def pair():
    generator = np.random.default_rng(4)
    market = generator.standard_normal(500) / 100 + 0.0004
    days = pd.date_range("2015-01-01", periods=500, tz="UTC")
    mine = 0.0003 + 0.8 * market + generator.standard_normal(500) / 200
    return pd.Series(mine, index=days), pd.Series(market, index=days)


def test_alpha_and_beta_agree_with_empyrical(pair):
    mine, market = pair
    found = capm(mine, market, RISK_FREE)
    assert found.beta == pytest.approx(empyrical.beta(mine, market, risk_free=PER_DAY), rel=1e-9)
    # empyrical compounds the alpha of a day: (1 + alpha)^252 - 1; ours is 252 alpha.
    compounded = empyrical.alpha(mine, market, risk_free=PER_DAY)
    assert (1 + found.alpha / 252) ** 252 - 1 == pytest.approx(compounded, rel=1e-9)
    assert beta(mine, market, RISK_FREE) == found.beta
    assert jensen_alpha(mine, market, RISK_FREE) == found.alpha


def test_the_regression_on_a_benchmark_is_annual_where_it_says_so(pair):
    mine, market = pair
    found = capm(mine, market, RISK_FREE, lags=3)
    fitted = least_squares(mine.to_numpy() - PER_DAY, market.to_numpy() - PER_DAY, lags=3)
    low, high = fitted.interval(0.95)
    assert (found.alpha_low, found.alpha_high) == pytest.approx((low[0] * 252, high[0] * 252), rel=1e-12)
    assert found.alpha_error == pytest.approx(fitted.standard_errors[0] * 252, rel=1e-12)
    assert (found.alpha_t, found.beta_t) == pytest.approx(tuple(fitted.t_values), rel=1e-12)
    assert (found.alpha_p, found.beta_p) == pytest.approx(tuple(fitted.p_values), rel=1e-12)
    residuals = fitted.residuals
    assert found.residual_risk == pytest.approx(math.sqrt(residuals @ residuals / 498 * 252), rel=1e-12)
    assert found.r_squared == pytest.approx(np.corrcoef(mine, market)[0, 1] ** 2, rel=1e-9)
    assert found.adjusted_beta == pytest.approx(0.67 * found.beta + 0.33, rel=1e-12)
    assert found.tracking_error == tracking_error(mine, market, RISK_FREE)
    facts = {each.label: each.value for each in found.facts()}
    assert facts["Alpha"] == found.alpha
    assert facts["Standard error of beta"] == found.beta_error


def test_the_tracking_error_of_the_regression_follows_the_convention(pair):
    mine, market = pair
    population = Convention(periods_per_year=252, ddof=0)
    apart = np.std(mine - market) * math.sqrt(252)
    assert capm(mine, market, population).tracking_error == pytest.approx(apart, rel=1e-12)
    assert tracking_error(mine, market, population) == pytest.approx(apart, rel=1e-12)
    ratio = float((mine - market).mean()) * 252 / apart
    assert information_ratio(mine, market, population) == pytest.approx(ratio, rel=1e-12)


def test_few_pairs_carry_a_caution_and_fewer_are_refused(pair):
    mine, market = pair
    assert capm(mine[:60], market, DAILY).notes == ()
    assert "59 pairs" in capm(mine[:59], market, DAILY).notes[0].text
    with pytest.raises(InsufficientDataError, match=r"needs 10 periods .* received 9"):
        capm(mine[:9], market, DAILY)


def test_tracking_error_and_information_ratio_of_three_years():
    # Differences 0.02, -0.01, 0.05: mean 0.02, squared deviations 0, 0.0009, 0.0009 over 2: sd 0.03; ratio 2/3.
    yearly = Convention(periods_per_year=1)
    mine, market = np.array([0.07, 0.02, 0.10]), np.array([0.05, 0.03, 0.05])
    assert tracking_error(mine, market, yearly) == pytest.approx(0.03)
    assert information_ratio(mine, market, yearly) == pytest.approx(2 / 3)
    # Monthly: the mean grows by 12, the deviation by its root.
    monthly = Convention(periods_per_year=12)
    assert tracking_error(mine, market, monthly) == pytest.approx(0.03 * math.sqrt(12))
    assert information_ratio(mine, market, monthly) == pytest.approx(2 / 3 * math.sqrt(12))


def test_information_ratio_agrees_with_empyricals_excess_sharpe(pair):
    mine, market = pair
    assert information_ratio(mine, market, RISK_FREE) == pytest.approx(
        empyrical.excess_sharpe(mine, market) * math.sqrt(252), rel=1e-9
    )


def test_treynor_ratio_is_the_excess_mean_over_beta(pair):
    mine, market = pair
    expected = (mine.mean() - PER_DAY) * 252 / empyrical.beta(mine, market, risk_free=PER_DAY)
    assert treynor_ratio(mine, market, RISK_FREE) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(InsufficientDataError, match="needs a positive one"):
        treynor_ratio(-mine, market, RISK_FREE)


def test_m2_is_the_return_at_the_benchmarks_volatility(pair):
    # Half of the account in the strategy, half in cash: the same Sharpe ratio, so the same M-squared.
    mine, market = pair
    whole = modigliani_m2(mine, market, RISK_FREE)
    assert modigliani_m2(0.5 * mine + 0.5 * PER_DAY, market, RISK_FREE) == pytest.approx(whole, rel=1e-9)
    # The benchmark's own is its mean.
    assert modigliani_m2(market, market, RISK_FREE) == pytest.approx(market.mean() * 252, rel=1e-9)
    # Mean 0.02 at sd 0.02 over sd 0.04: 0.01 + (0.02 - 0.01) / 0.02 * 0.04 = 0.03, with 1 % risk-free.
    mine, market = np.array([0.0, 0.02, 0.04]), np.array([0.01, 0.05, 0.09])
    assert modigliani_m2(mine, market, Convention(periods_per_year=1, risk_free=0.01)) == pytest.approx(0.03)


def test_excess_return_is_a_difference_of_compounded_returns():
    # 1.1 x 1.1 - 1.05 x 0.9 = 1.21 - 0.945.
    assert excess_return(np.array([0.1, 0.1]), np.array([0.05, -0.1])) == pytest.approx(0.265)


def test_capture_ratios_annualised_are_those_of_empyrical(pair):
    mine, market = pair
    for measure, theirs, rises in (
        (up_capture, empyrical.up_capture, True),
        (down_capture, empyrical.down_capture, False),
    ):
        chosen = market > 0 if rises else market < 0
        own = float(np.prod(1 + market[chosen])) ** (1 / chosen.sum()) - 1
        growth = measure(mine, market) * own
        annual = ((1 + growth) ** 252 - 1) / ((1 + own) ** 252 - 1)
        assert annual == pytest.approx(theirs(mine, market), rel=1e-9)


def test_a_benchmark_at_zero_counts_in_neither_capture():
    mine, market = np.array([0.02, 0.5, -0.01]), np.array([0.01, 0.0, -0.02])
    assert up_capture(mine, market) == pytest.approx(2.0)
    assert down_capture(mine, market) == pytest.approx(0.5)
    with pytest.raises(InsufficientDataError, match="never falls in 2 periods"):
        down_capture(mine[:2], market[:2])


def test_capture_ratios_of_many_or_of_tiny_moves_stay_numbers():
    # A product of 100,000 times 1.01 overflows; 1 + 1e-17 is 1 and its growth 0.
    long = np.full(100_000, 0.01)
    assert up_capture(0.5 * long, long) == pytest.approx(0.5, rel=1e-12)
    assert down_capture(-long, -long) == pytest.approx(1.0, rel=1e-12)
    assert up_capture(np.full(5, 2e-17), np.full(5, 1e-17)) == pytest.approx(2.0)
    assert down_capture(np.array([-1.0, 0.0]), np.array([-0.5, -0.5])) == pytest.approx(2.0)


def test_twice_the_benchmark_has_no_p_value_of_alpha(pair):
    _, market = pair
    found = capm(2 * market, market, DAILY)
    assert (found.beta, found.r_squared, found.residual_risk) == (pytest.approx(2.0), 1.0, 0.0)
    assert math.isnan(found.alpha_p)
    assert next(fact for fact in found.facts() if fact.label == "p-value of no alpha").note.startswith("the residuals")


@pytest.mark.parametrize("measure", PAIRED)
def test_returns_are_paired_by_date_never_by_position(pair, measure):
    mine, market = pair
    late, early = mine.iloc[20:], market.iloc[:-20]
    found, expected = measure(late, early), measure(mine.iloc[20:-20].to_numpy(), market.iloc[20:-20].to_numpy())
    if hasattr(found, "facts"):
        found, expected = found.beta, expected.beta
    assert found == pytest.approx(expected, rel=1e-12)
    with pytest.raises(DataError):
        measure(mine.iloc[:100], market.iloc[200:])
    with pytest.raises(DataError):
        measure(mine, market.tz_localize(None))
    with pytest.raises(DataError, match="NaN"):
        measure(mine.where(mine.index != mine.index[5]), market)


def test_a_benchmark_that_never_moves_has_no_beta(pair):
    mine, market = pair
    with pytest.raises(DataError, match="'benchmark' is constant"):
        capm(mine, market * 0, DAILY)
    with pytest.raises(InsufficientDataError, match="differ by a constant"):
        information_ratio(market, market, DAILY)
