"""The Hurst exponent on noise of known memory."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.hurst import expected_rescaled_range, hurst_exponent


def fractional_noise(hurst, count, seed):
    """Fractional Gaussian noise by circulant embedding (Davies and Harte 1987): exact autocovariances."""
    k = np.arange(count + 1)
    covariance = 0.5 * (np.abs(k + 1) ** (2 * hurst) - 2 * np.abs(k) ** (2 * hurst) + np.abs(k - 1) ** (2 * hurst))
    spectrum = np.fft.fft(np.concatenate((covariance, covariance[-2:0:-1]))).real
    rng = np.random.default_rng(seed)
    draws = rng.normal(size=spectrum.size) + 1j * rng.normal(size=spectrum.size)
    return np.fft.fft(np.sqrt(np.maximum(spectrum, 0) / spectrum.size) * draws).real[:count]


def as_returns(noise):
    return np.expm1(0.01 * noise)


def test_the_noise_of_these_tests_has_the_autocorrelation_of_its_exponent():
    # rho_1 = 2^(2H - 1) - 1: 0.3195 at H 0.7, -0.2421 at H 0.3.
    for hurst, expected in ((0.7, 0.3195), (0.3, -0.2421)):
        noise = fractional_noise(hurst, 60_000, 1)
        assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(expected, abs=0.015)
        assert noise.std() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("hurst", "sizes", "tolerance"),
    [
        (0.5, (8, 16, 32, 64, 128), 0.02),
        # Anis and Lloyd's correction is exact at 0.5; away from it R/S on short windows leans towards 0.5,
        # less so on longer ones.
        (0.3, (8, 16, 32, 64, 128), 0.07),
        (0.7, (8, 16, 32, 64, 128), 0.08),
        (0.7, (64, 128, 256, 512, 1024), 0.05),
    ],
)
def test_the_exponent_of_fractional_noise_is_found(hurst, sizes, tolerance):
    # Five series of 8,192: the error of their mean is near 0.005, on the long windows 0.01.
    series = [as_returns(fractional_noise(hurst, 8192, seed)) for seed in range(5)]
    found = np.mean([hurst_exponent(each, sizes=sizes, draws=100).value for each in series])
    assert found == pytest.approx(hurst, abs=tolerance)
    assert (found - 0.5) * (hurst - 0.5) >= 0


def test_memory_is_significant_and_its_sign_right():
    trending = hurst_exponent(as_returns(fractional_noise(0.75, 2048, 3)), draws=300)
    reverting = hurst_exponent(as_returns(fractional_noise(0.25, 2048, 3)), draws=300)
    assert trending.is_significant
    assert trending.value > trending.upper
    assert reverting.is_significant
    assert reverting.value < reverting.lower


def test_252_independent_returns_show_no_bias_and_few_false_trends():
    # Raw R/S gives 0.57 +/- 0.08 here and calls 15 % trending; corrected: 0.49 measured independently.
    rng = np.random.default_rng(7)
    found = [hurst_exponent(rng.normal(0, 0.01, 252), draws=100) for _ in range(60)]
    # The error of a mean of 60 with sd 0.085 is 0.011.
    assert np.mean([each.value for each in found]) == pytest.approx(0.49, abs=0.04)
    assert np.mean([each.is_significant for each in found]) < 0.12


def test_the_expected_range_by_hand_and_by_simulation():
    # n = 3: Gamma(1) / (sqrt(pi) Gamma(1.5)) (sqrt(2) + sqrt(1/2)) = (2 / pi) 2.1213203 = 1.3504745.
    assert expected_rescaled_range(3) == pytest.approx(1.3504745, abs=1e-7)
    draws = np.random.default_rng(0).normal(size=(40_000, 16))
    deviations = draws - draws.mean(axis=1, keepdims=True)
    reach = np.ptp(np.column_stack((np.zeros(40_000), deviations.cumsum(axis=1))), axis=1)
    assert expected_rescaled_range(16) == pytest.approx((reach / draws.std(axis=1)).mean(), rel=0.005)


def test_the_exponent_by_hand_on_two_sizes():
    # Log returns in blocks of 4: +a +a -a -a has sums a, 2a, a, 0: R = 2a, S = a, R/S = 2 in every block.
    # In blocks of 8, twice the pattern: the same sums, R/S = 2 again. So
    # H = 0.5 + [(ln 2 - ln E_8) - (ln 2 - ln E_4)] / ln 2 = 0.5 - ln(E_8 / E_4) / ln 2.
    def expected(n):
        return (
            math.gamma((n - 1) / 2)
            / (math.sqrt(math.pi) * math.gamma(n / 2))
            * sum(math.sqrt((n - i) / i) for i in range(1, n))
        )

    returns = np.expm1(np.tile([0.01, 0.01, -0.01, -0.01], 8))
    by_hand = 0.5 - math.log(expected(8) / expected(4)) / math.log(2)
    assert hurst_exponent(returns, sizes=(4, 8)).value == pytest.approx(by_hand, abs=1e-9)
    # Eight still returns fill two windows of 4 and one of 8, which are left out of the means.
    halted = np.concatenate((returns[:8], np.zeros(8), returns[8:]))
    assert hurst_exponent(halted, sizes=(4, 8)).value == pytest.approx(by_hand, abs=1e-9)


def test_scale_and_drift_change_nothing():
    noise = 0.01 * fractional_noise(0.6, 1000, 4)
    base = hurst_exponent(np.expm1(noise))
    moved = hurst_exponent(pd.Series(np.expm1(3 * noise + 0.002)))
    assert moved.value == pytest.approx(base.value, abs=1e-9)
    assert (moved.lower, moved.upper) == pytest.approx((base.lower, base.upper), abs=1e-9)


def test_the_band_is_reproducible_and_narrows_with_length():
    rng = np.random.default_rng(1)
    long = rng.normal(0, 0.01, 2000)
    one, two, short = (hurst_exponent(each, draws=300) for each in (long, long, long[:500]))
    assert (one.lower, one.upper) == (two.lower, two.upper)
    assert hurst_exponent(long, seed=1, draws=300).lower != one.lower
    assert one.upper - one.lower < 0.65 * (short.upper - short.lower)


def test_the_band_has_its_confidence_between_two_equal_tails():
    noise = np.random.default_rng(9).normal(0, 0.01, 600)
    half, most = (hurst_exponent(noise, confidence=each) for each in (0.5, 0.95))
    # Of a normal distribution the middle half spans 2 x 0.674 deviations, 95 % 2 x 1.960.
    assert (half.upper - half.lower) / (most.upper - most.lower) == pytest.approx(0.344, abs=0.05)


def test_few_or_still_returns_carry_a_caution():
    noise = np.random.default_rng(2).normal(0, 0.01, 300)
    assert hurst_exponent(noise).caution == "300 returns, fewer than the 500 recommended: the band is wide"
    halted = np.concatenate((noise, noise))
    halted[64:80] = 0.0
    assert hurst_exponent(halted).caution == "2 windows of 8 returns never vary and are left out"


def test_what_has_no_exponent_is_refused():
    with pytest.raises(InsufficientDataError, match="the Hurst exponent needs 128 returns, received 100"):
        hurst_exponent(np.linspace(-0.01, 0.01, 100))
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        hurst_exponent(np.full(300, 0.001))
    # One move among 300: in the last 44 rows, which fill no window of 128, nothing is left; so in some shuffles.
    for row in (290, 10):
        with pytest.raises(InsufficientDataError, match=r"too many returns are equal: .* of 300 varies"):
            hurst_exponent(np.where(np.arange(300) == row, 0.05, 0.0))
    with pytest.raises(ConfigError, match="seed must be a whole number of at least 0, was -1"):
        hurst_exponent(np.linspace(-0.01, 0.01, 200), seed=-1)
    with pytest.raises(DataError, match="a loss of 100 % at row 5"):
        hurst_exponent(np.where(np.arange(300) == 5, -1.0, 0.01))
    with pytest.raises(ConfigError, match="each of sizes must be a whole number of at least 4, was 2"):
        hurst_exponent(np.zeros(300), sizes=(2, 8))
    with pytest.raises(ConfigError, match="draws must be a whole number of at least 100, was 10"):
        hurst_exponent(np.zeros(300), draws=10)


@pytest.mark.parametrize("size", [1e-100, 1e-160, 1e-200])
def test_returns_whose_squares_underflow_have_no_exponent(size):
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        hurst_exponent(size * np.random.default_rng(0).standard_normal(300))
