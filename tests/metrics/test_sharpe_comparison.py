import math

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.regression import newey_west_lags
from investiq.metrics.resampling import bootstrap_indices
from investiq.metrics.sharpe_comparison import sharpe_difference

DAILY = Convention(periods_per_year=252)


@pytest.fixture(scope="module")
def pair():
    generator = np.random.default_rng(5)
    market = generator.standard_t(6, 300) / 100
    return 0.0005 + 0.7 * market + generator.standard_normal(300) / 150, market


def moments(a, b):
    return np.array([a.mean(), b.mean(), (a**2).mean(), (b**2).mean()])


def gradient(v):
    """Of the difference of two Sharpe ratios in the means and mean squares of both: Ledoit and Wolf, section 3.1."""
    (m, n, p, q) = v
    s, t = (p - m * m) ** 1.5, (q - n * n) ** 1.5
    return np.array([p / s, -q / t, -0.5 * m / s, 0.5 * n / t])


def difference(a, b):
    return a.mean() / a.std() - b.mean() / b.std()


def test_interval_and_p_value_are_those_of_the_paper_on_the_same_rows(pair):
    a, b = pair
    block, draws, lags = 7, 200, newey_west_lags(300)
    off = np.column_stack([a, b, a**2, b**2]) - moments(a, b)
    long_run = off.T @ off / 300
    for lag in range(1, lags + 1):
        product = off[lag:].T @ off[:-lag] / 300
        long_run += (1 - lag / (lags + 1)) * (product + product.T)
    slope = gradient(moments(a, b))
    error = math.sqrt(slope @ long_run @ slope / 300)
    distances = []
    for rows in bootstrap_indices(300, draws, scheme="circular", block=block, seed=3):
        x, y = a[rows], b[rows]
        v = moments(x, y)
        sums = (np.column_stack([x, y, x**2, y**2]) - v)[: 300 // block * block].reshape(-1, block, 4).sum(axis=1)
        spread = (sums / math.sqrt(block)).T @ (sums / math.sqrt(block)) / len(sums)
        drawn_error = math.sqrt(gradient(v) @ spread @ gradient(v) / 300)
        distances.append(abs(difference(x, y) - difference(a, b)) / drawn_error)
    reach = np.quantile(distances, 0.9) * error
    year = math.sqrt(252)

    found = sharpe_difference(a, b, DAILY, confidence=0.9, block=block, draws=draws, seed=3)
    assert found.difference == pytest.approx(difference(a, b) * year, rel=1e-12)
    assert found.standard_error == pytest.approx(error * year, rel=1e-8)
    expected = (difference(a, b) - reach) * year, (difference(a, b) + reach) * year
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-8)
    beyond = sum(each >= abs(difference(a, b)) / error for each in distances)
    assert found.p_value == pytest.approx((beyond + 1) / 201, rel=1e-12)


def test_the_better_series_comes_out_above_zero(pair):
    a, b = pair
    better, worse = sharpe_difference(a + 0.004, b, DAILY, draws=300), sharpe_difference(b, a + 0.004, DAILY, draws=300)
    assert better.low > 0
    assert better.p_value < 0.02
    assert worse.difference == pytest.approx(-better.difference)
    assert (worse.low, worse.high) == pytest.approx((-better.high, -better.low))


def test_equal_ratios_are_rejected_about_as_often_as_the_level_says():
    # 200 pairs of equal ratio with correlation 0.5, tested at 10 %: standard error 2.1 points.
    samples = np.random.default_rng(9).standard_normal((200, 2, 120))
    rejected = 0
    for common, own in samples / 100:
        found = sharpe_difference(0.5 * common + 0.866 * own, common, DAILY, block=2, draws=200)
        rejected += found.p_value < 0.1
    assert 0.04 <= rejected / 200 <= 0.16


def test_series_are_joined_by_date(pair):
    days = pd.date_range("2020-01-01", periods=300, tz="UTC")
    a, b = (pd.Series(each, index=days) for each in pair)
    joined = sharpe_difference(a.iloc[5:], b.iloc[:-5], DAILY, block=3, draws=100)
    assert joined == sharpe_difference(pair[0][5:-5], pair[1][5:-5], DAILY, block=3, draws=100)
    assert joined.observations == 290


def test_the_block_follows_the_dependence_of_the_difference(pair):
    a, b = pair
    slow = np.repeat(np.random.default_rng(2).standard_normal(30), 10) / 100
    assert sharpe_difference(a + slow, b, DAILY, draws=100).block > 3
    assert sharpe_difference(a, b, DAILY, draws=100).block <= 3


def test_pairs_that_cannot_be_compared_are_refused(pair):
    a, b = pair
    with pytest.raises(InsufficientDataError, match="the same Sharpe ratio by construction"):
        sharpe_difference(2 * a, a, DAILY)
    with pytest.raises(InsufficientDataError, match="needs 20 periods"):
        sharpe_difference(a[:19], b[:19], DAILY)
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        sharpe_difference(np.full(300, 0.001), b, DAILY)
    with pytest.raises(DataError, match="NaN"):
        sharpe_difference(np.append(a[1:], np.nan), b, DAILY)
    with pytest.raises(ConfigError, match="block must be a whole number from 1 to 150, was 151"):
        sharpe_difference(a, b, DAILY, block=151)
