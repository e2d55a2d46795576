import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.sharpe_inference import (
    sharpe_error_from_moments,
    sharpe_moments,
    sharpe_p_value,
    sharpe_p_value_from_moments,
)
from investiq.metrics.track_record import (
    minimum_track_record_length,
    minimum_track_record_length_from_moments,
    probabilistic_sharpe_ratio,
    probabilistic_sharpe_ratio_from_moments,
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
