import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.sharpe_inference import (
    autocorrelation_adjusted_sharpe,
    lo_annualisation_factor,
    minimum_track_record_length,
    minimum_track_record_length_from_moments,
    probabilistic_sharpe_ratio,
    probabilistic_sharpe_ratio_from_moments,
    sharpe_error_from_moments,
    sharpe_moments,
    sharpe_p_value,
    sharpe_p_value_from_moments,
)

DAILY = Convention(periods_per_year=252)
MONTHLY = Convention(periods_per_year=12)


@pytest.fixture(scope="module")
def skewed():
    draws = np.random.default_rng(3).gamma(2.0, 0.01, 600)
    return 0.02 - draws


def test_moments_agree_with_scipy(skewed):
    sharpe, count, skewness, kurtosis = sharpe_moments(skewed, DAILY)
    assert sharpe == pytest.approx(skewed.mean() / skewed.std(ddof=1), rel=1e-12)
    assert count == 600
    assert skewness == pytest.approx(stats.skew(skewed), rel=1e-12)
    assert kurtosis == pytest.approx(stats.kurtosis(skewed, fisher=False), rel=1e-12)


def test_the_risk_free_return_of_a_period_is_taken_off_before_the_ratio(skewed):
    over = sharpe_moments(skewed, Convention(periods_per_year=252, risk_free=0.05))
    per_day = 1.05 ** (1 / 252) - 1
    assert over.sharpe == pytest.approx((skewed.mean() - per_day) / skewed.std(ddof=1), rel=1e-12)
    assert over[1:] == sharpe_moments(skewed, DAILY)[1:]


@pytest.mark.parametrize(("sharpe", "count", "error"), [(1.50, 60, 0.188), (0.50, 12, 0.306)])
def test_standard_errors_of_lo_2002(sharpe, count, error):
    # Lo's table 1: sqrt((1 + 1.5^2 / 2) / 60) and sqrt((1 + 0.5^2 / 2) / 12).
    assert sharpe_error_from_moments(sharpe, count) == pytest.approx(error, abs=5e-4)


def test_negative_skewness_and_fat_tails_widen_the_standard_error():
    # (1 + 3 * 0.5 + 9 / 4 * 0.25) / 100 = 0.030625, root 0.175.
    assert sharpe_error_from_moments(0.5, 100, skewness=-3, kurtosis=10) == pytest.approx(0.175, rel=1e-12)


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


def test_an_annual_sharpe_ratio_of_one_over_one_year_is_not_significant():
    # BTA-42: z = (1 / sqrt(252)) / sqrt((1 + 1 / 504) / 252) = 0.99901; two-sided p 0.318.
    assert sharpe_p_value_from_moments(1 / math.sqrt(252), 252) == pytest.approx(0.318, abs=5e-4)
    one_sided = sharpe_p_value_from_moments(1 / math.sqrt(252), 252, alternative="greater")
    assert one_sided == pytest.approx(0.159, abs=5e-4)


def test_a_losing_strategy_has_a_large_one_sided_and_a_small_two_sided_p_value():
    assert sharpe_p_value_from_moments(-0.2, 400, alternative="greater") > 0.999
    assert sharpe_p_value_from_moments(-0.2, 400) == pytest.approx(sharpe_p_value_from_moments(0.2, 400))
    with pytest.raises(ConfigError, match="'two-sided' or 'greater', was 'less'"):
        sharpe_p_value_from_moments(0.2, 400, alternative="less")


def test_a_p_value_far_out_keeps_its_digits():
    z = 0.9 / math.sqrt((1 + 0.405) / 400)
    assert sharpe_p_value_from_moments(0.9, 400) == pytest.approx(2 * stats.norm.sf(z), rel=1e-10)
    assert 0 < sharpe_p_value_from_moments(0.9, 400) < 1e-40


def test_the_p_value_of_returns_uses_their_skewness_and_kurtosis(skewed):
    sharpe, count, skewness, kurtosis = sharpe_moments(skewed, DAILY)
    error = math.sqrt((1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2) / count)
    expected = 2 * stats.norm.sf(abs(sharpe - 0.05) / error)
    assert sharpe_p_value(skewed, DAILY, benchmark_sharpe=0.05) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("moments", "expected"), [({"skewness": -2.448, "kurtosis": 10.164}, 0.913), ({}, 0.982)])
def test_probabilistic_sharpe_ratio_of_bailey_and_lopez_de_prado(moments, expected):
    assert probabilistic_sharpe_ratio_from_moments(0.458, 24, **moments) == pytest.approx(expected, abs=5e-4)


def test_the_probability_is_one_half_at_its_benchmark_and_falls_as_it_rises(skewed):
    ratio = sharpe_moments(skewed, DAILY).sharpe
    assert probabilistic_sharpe_ratio(skewed, DAILY, benchmark_sharpe=ratio) == pytest.approx(0.5)
    low, high = (probabilistic_sharpe_ratio(skewed, DAILY, benchmark_sharpe=ratio + step) for step in (-0.02, 0.02))
    assert low > 0.5 > high


def test_the_probability_counts_one_return_less_than_there_are():
    # SR 0.5 over 10 normal returns: 0.5 * sqrt(9) / sqrt(1.125) = 1.41421; Phi = 0.92135.
    assert probabilistic_sharpe_ratio_from_moments(0.5, 10) == pytest.approx(stats.norm.cdf(math.sqrt(2)), rel=1e-12)


@pytest.mark.parametrize(
    ("periods", "moments", "years"),
    [
        (252, {}, 2.73),
        (52, {}, 2.83),
        (12, {}, 3.24),
        (12, {"skewness": -0.72, "kurtosis": 5.78}, 4.99),
    ],
)
def test_minimum_track_record_lengths_of_bailey_and_lopez_de_prado(periods, moments, years):
    year = math.sqrt(periods)
    length = minimum_track_record_length_from_moments(2 / year, benchmark_sharpe=1 / year, **moments)
    assert length / periods == pytest.approx(years, abs=5e-3)


def test_the_minimum_track_record_is_where_the_probability_reaches_the_confidence():
    length = minimum_track_record_length_from_moments(0.1, skewness=-1, kurtosis=6, confidence=0.9)
    below, above = (
        probabilistic_sharpe_ratio_from_moments(0.1, count, skewness=-1, kurtosis=6)
        for count in (math.floor(length), math.ceil(length))
    )
    assert below < 0.9 <= above


def test_no_record_is_long_enough_for_a_ratio_at_its_benchmark(skewed):
    assert minimum_track_record_length_from_moments(0.1, benchmark_sharpe=0.1) == math.inf
    assert minimum_track_record_length(-np.abs(skewed), DAILY) == math.inf
    with pytest.raises(ConfigError, match=r"\(0.5, 1\), was 95"):
        minimum_track_record_length_from_moments(0.1, confidence=95)


def test_excess_kurtosis_is_recognised_and_refused():
    with pytest.raises(DataError, match="kurtosis must be raw"):
        probabilistic_sharpe_ratio_from_moments(0.1, 100, kurtosis=0.0)
    with pytest.raises(DataError, match=r"at least 1 \+ skewness\^2 = 5"):
        sharpe_error_from_moments(0.1, 100, skewness=-2.0, kurtosis=4.0)


@pytest.mark.parametrize(
    "statistic",
    [
        sharpe_p_value_from_moments,
        probabilistic_sharpe_ratio_from_moments,
        lambda sharpe, count, **moments: minimum_track_record_length_from_moments(sharpe, **moments),
    ],
)
@pytest.mark.parametrize("name", ["sharpe", "skewness", "kurtosis", "benchmark_sharpe"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_moments_that_are_no_numbers_prove_nothing(statistic, name, value):
    # An infinite kurtosis gave a probability of one half, a missing ratio a missing p-value.
    with pytest.raises(DataError, match=f"{name} must be a finite number, was {value}"):
        statistic(**({"sharpe": 0.1, "count": 100} | {name: value}))


def test_series_and_arrays_give_the_same_whatever_the_zone_of_the_index(skewed):
    expected = probabilistic_sharpe_ratio(skewed, DAILY)
    for zone in (None, "UTC"):
        index = pd.date_range("2020-01-01", periods=skewed.size, tz=zone)
        assert probabilistic_sharpe_ratio(pd.Series(skewed, index=index), DAILY) == expected


@pytest.mark.parametrize(
    "statistic", [sharpe_moments, sharpe_p_value, probabilistic_sharpe_ratio, minimum_track_record_length]
)
def test_what_has_no_sharpe_ratio_is_refused(statistic):
    with pytest.raises(InsufficientDataError, match="needs 2 returns, received 1"):
        statistic(np.array([0.01]), DAILY)
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        statistic(np.full(50, 0.01), DAILY)
    with pytest.raises(DataError, match="NaN"):
        statistic(np.array([0.01, np.nan, 0.02]), DAILY)
