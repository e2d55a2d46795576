"""Metrics over a moving window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.ratios import sharpe_ratio, volatility
from investiq.metrics.rolling import rank_of_last, rolling_sharpe, rolling_volatility

DAILY = Convention(periods_per_year=252, risk_free=0.02)


@pytest.fixture(scope="module")
def daily():
    values = np.random.default_rng(11).normal(5e-4, 0.01, 150)
    return pd.Series(values, index=pd.date_range("2024-01-01", periods=150, freq="B", tz="UTC"))


def test_each_window_has_the_ratio_of_its_returns_at_its_last_day(daily):
    found = rolling_sharpe(daily, DAILY, window=40)
    assert found.index.equals(daily.index)
    assert found.isna().sum() == 39
    for end in (40, 97, 150):
        assert found.iloc[end - 1] == pytest.approx(sharpe_ratio(daily.iloc[end - 40 : end], DAILY), rel=1e-12)
    spread = rolling_volatility(daily, DAILY, window=40)
    assert spread.iloc[-1] == pytest.approx(volatility(daily.iloc[-40:], DAILY), rel=1e-12)


def test_it_is_pandas_rolling(daily):
    plain = Convention(periods_per_year=252)
    rolling = daily.rolling(63)
    expected = rolling.mean() / rolling.std() * np.sqrt(252)
    np.testing.assert_allclose(rolling_sharpe(daily, plain), expected, rtol=1e-9)


def test_a_window_of_equal_returns_is_nan_and_the_next_is_not():
    found = rolling_sharpe(np.array([0.01, 0.01, 0.02, 0.01]), Convention(periods_per_year=1), window=2)
    # Mean 0.015, sd 0.01 / sqrt(2): 2.1213; the flat window has none.
    np.testing.assert_allclose(found, [np.nan, np.nan, 2.1213203, 2.1213203], rtol=1e-6)


def test_later_returns_do_not_change_earlier_windows(daily):
    whole, part = (rolling_sharpe(each, DAILY, window=20) for each in (daily, daily.iloc[:90]))
    np.testing.assert_array_equal(whole.iloc[:90], part)


def test_the_window_must_fit():
    with pytest.raises(InsufficientDataError, match="a window of 63 needs 63 returns, received 5"):
        rolling_sharpe(np.zeros(5), DAILY)
    with pytest.raises(ConfigError, match="window must be above ddof 1, was 1"):
        rolling_volatility(np.zeros(5), DAILY, window=1)


def test_the_rank_of_the_last_counts_ties_half():
    assert rank_of_last(np.array([1.0, 2.0, 2.0, 3.0, 2.0]), least=4) == pytest.approx((1 + 0.5 * 2) / 4)
    assert rank_of_last(np.array([3.0, 1.0, 2.0, 4.0]), least=3) == 1.0
    assert rank_of_last(np.array([3.0, np.nan, 2.0, 1.0]), least=2) == 0.0


def test_a_rank_needs_something_to_rank():
    with pytest.raises(InsufficientDataError, match="needs 2 earlier values, received 1"):
        rank_of_last(np.array([1.0, 2.0]), least=2)
    with pytest.raises(InsufficientDataError, match="needs 20 earlier values, received 2"):
        rank_of_last(np.array([1.0, 2.0, 3.0]))
    with pytest.raises(DataError, match="last value is NaN"):
        rank_of_last(np.array([1.0, 2.0, 3.0, np.nan]), least=1)
    with pytest.raises(DataError, match="1 infinite of 2"):
        rank_of_last(np.array([np.inf, 3.0]), least=1)
