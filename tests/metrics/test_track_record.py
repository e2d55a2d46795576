"""The probabilistic Sharpe ratio and the minimum track record, on the published cases of both."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from investiq.core.errors import ConfigError
from investiq.metrics.conventions import Convention
from investiq.metrics.sharpe_inference import sharpe_moments
from investiq.metrics.track_record import (
    minimum_track_record_length,
    minimum_track_record_length_from_moments,
    probabilistic_sharpe_ratio,
    probabilistic_sharpe_ratio_from_moments,
)

DAILY = Convention(periods_per_year=252)


@pytest.fixture(scope="module")
def skewed():
    draws = np.random.default_rng(3).gamma(2.0, 0.01, 600)
    return 0.02 - draws


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
