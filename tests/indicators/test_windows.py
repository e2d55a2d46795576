import math

import numpy as np
import pandas as pd
import pytest

from investiq.indicators import windows
from investiq.indicators.observations import ROUNDING

WINDOWS = (1, 2, 3, 4, 5, 7, 8, 14, 20, 31, 64, 200)


@pytest.fixture(scope="module")
def prices():
    values = 50 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.03, 300)))
    values.setflags(write=False)
    return values


def each_window(values, window):
    return [values[end - window : end] for end in range(window, values.size + 1)]


@pytest.mark.parametrize("window", WINDOWS)
def test_sums_and_means_are_those_of_each_window(prices, window):
    expected = [math.fsum(part) for part in each_window(prices, window)]
    total, mean = windows.rolling_sum(prices, window), windows.rolling_mean(prices, window)
    assert np.isnan(total[: window - 1]).all()
    np.testing.assert_allclose(total[window - 1 :], expected, rtol=1e-14)
    np.testing.assert_allclose(mean[window - 1 :], np.array(expected) / window, rtol=1e-14)


@pytest.mark.parametrize("window", WINDOWS)
def test_moments_are_those_of_each_window(prices, window):
    mean, deviation = windows.rolling_moments(prices, window, ROUNDING)
    parts = each_window(prices, window)
    assert np.isnan(mean[: window - 1]).all()
    assert np.isnan(deviation[: window - 1]).all()
    np.testing.assert_allclose(mean[window - 1 :], [part.mean() for part in parts], rtol=1e-13)
    np.testing.assert_allclose(deviation[window - 1 :], [part.std() for part in parts], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("window", WINDOWS[1:])
def test_lines_are_those_of_least_squares(prices, window):
    mean, slope = windows.rolling_line(prices, window)
    expected = [np.polyfit(np.arange(window), part, 1)[0] for part in each_window(prices, window)]
    np.testing.assert_allclose(slope[window - 1 :], expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(mean, windows.rolling_mean(prices, window), rtol=1e-14)


@pytest.mark.parametrize("window", WINDOWS)
def test_extremes_are_those_of_each_window(prices, window):
    rolling = pd.Series(prices).rolling(window)
    np.testing.assert_array_equal(windows.rolling_max(prices, window), rolling.max())
    np.testing.assert_array_equal(windows.rolling_min(prices, window), rolling.min())


@pytest.mark.parametrize("window", WINDOWS)
def test_mean_deviations_are_those_of_each_window(prices, window):
    distance = windows.mean_deviation(prices, windows.rolling_mean(prices, window), window)
    expected = [np.abs(part - part.mean()).mean() for part in each_window(prices, window)]
    np.testing.assert_allclose(distance[window - 1 :], expected, rtol=1e-11, atol=1e-14)
    assert np.isnan(distance[: window - 1]).all()


def test_a_window_longer_than_the_series_has_no_value(prices):
    short = prices[:9]
    for kernel in (windows.rolling_sum, windows.rolling_mean, windows.rolling_max, windows.rolling_min):
        assert np.isnan(kernel(short, 10)).all()
    assert np.isnan(windows.rolling_moments(short, 10, ROUNDING)).all()
    assert np.isnan(windows.rolling_line(short, 10)).all()


@pytest.mark.parametrize("window", [3, 20, 64])
def test_equal_windows_give_equal_bits_wherever_the_series_begins(prices, window):
    for first in (1, 17, 100):
        assert windows.rolling_sum(prices[first:], window)[-1] == windows.rolling_sum(prices, window)[-1]
        part, whole = (windows.rolling_moments(each, window, 0.0)[:, -1] for each in (prices[first:], prices))
        assert part.tolist() == whole.tolist()


def test_a_deviation_within_rounding_is_zero():
    flat = np.full(50, 0.1)
    flat.setflags(write=False)
    mean, deviation = windows.rolling_moments(flat, 21, ROUNDING)
    assert deviation[20:].tolist() == [0.0] * 30
    assert mean[20:] == pytest.approx(0.1, rel=1e-15)


def test_numbers_are_finite_only_if_all_are():
    for wrong in (np.nan, np.inf, -np.inf):
        values = np.full(100, 1e300)
        assert windows.all_finite((values, values))
        broken = values.copy()
        broken[57] = wrong
        assert not windows.all_finite((values, broken))
        assert not windows.all_finite((broken, values))
