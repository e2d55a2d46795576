from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from investiq.core.errors import ConfigError, DataError
from investiq.indicators.volatility import atr, atr_ratio, historical_volatility, true_range

ANSWERS = Path(__file__).parents[1] / "answers"


def test_atr_by_hand():
    # True ranges from row 1: max(12, 9) - min(9, 9) = 3, 13 - 9 = 4 (gap down to 9 from 12), 16 - 10 = 6.
    # Window 2: mean(3, 4) = 3.5 at row 2, then 3.5 + (6 - 3.5) / 2 = 4.75.
    frame = pd.DataFrame({"high": [10.0, 12, 13, 16], "low": [8.0, 10, 9, 14], "close": [9.0, 12, 10, 15]})
    assert atr(frame, 2).to_list() == pytest.approx([np.nan, np.nan, 3.5, 4.75], nan_ok=True)


def test_atr_agrees_with_the_plain_recursion(sample):
    before = sample.close[:-1]
    true_range = np.maximum(sample.high[1:], before) - np.minimum(sample.low[1:], before)
    average = true_range[:14].mean()
    expected = [np.nan] * 14 + [average]
    for newest in true_range[14:]:
        average = (13 * average + newest) / 14
        expected.append(average)
    assert atr(sample, 14) == pytest.approx(np.array(expected), abs=1e-9, nan_ok=True)


def test_atr_in_money_is_not_moved_by_a_split(split_share):
    # The adjusted prices do not jump at the split (row 230), so neither does the average true range.
    values = atr(split_share, 14)
    assert values.iloc[225:240].pct_change().abs().max() < 0.15


def test_atr_follows_the_published_worksheet():
    worksheet = pd.read_csv(ANSWERS / "atr_worksheet.csv", comment="#")
    ours = atr(worksheet, 14, start="stockcharts").to_numpy()
    assert ours == pytest.approx(worksheet["atr_14"], abs=0.000051, nan_ok=True)


@pytest.mark.parametrize("window", [1, 2, 14, 50])
def test_atr_starts_like_talib(sample, window):
    expected = talib.ATR(sample.high, sample.low, sample.close, window)
    np.testing.assert_allclose(atr(sample, window), expected, rtol=1e-10)


def test_atr_knows_two_starts():
    with pytest.raises(ConfigError, match="start must be one of 'talib', 'stockcharts', was 'wilder'"):
        atr(pd.DataFrame({name: [1.0] for name in ("high", "low", "close")}), start="wilder")


def test_the_true_range_reaches_to_the_previous_close():
    # Gap up: 13 - 9 = 4; gap down: 12.5 - 8 = 4.5; inside: 2.
    frame = pd.DataFrame({"high": [10.0, 13, 9, 10], "low": [8.0, 12, 8, 8], "close": [9.0, 12.5, 8.5, 9]})
    assert true_range(frame).to_list() == pytest.approx([np.nan, 4.0, 4.5, 2.0], nan_ok=True)


def test_the_true_range_agrees_with_talib(sample):
    np.testing.assert_allclose(true_range(sample), talib.TRANGE(sample.high, sample.low, sample.close), rtol=1e-12)


def test_the_ratio_compares_the_average_range_with_its_own_mean(sample):
    average = talib.ATR(sample.high, sample.low, sample.close, 14)
    expected = pd.Series(average) / pd.Series(average).rolling(20).mean()
    np.testing.assert_allclose(atr_ratio(sample, 14, baseline=20), expected, rtol=1e-9)


def test_the_ratio_of_no_range_is_not_known():
    flat = pd.DataFrame({name: [3.0] * 60 for name in ("high", "low", "close")})
    assert atr_ratio(flat).isna().all()


def test_historical_volatility_is_the_annual_deviation_of_log_returns(sample):
    returns = np.log(sample.frame["close"]).diff()
    for ddof in (0, 1):
        expected = returns.rolling(63).std(ddof=ddof) * np.sqrt(252)
        ours = historical_volatility(sample.frame["close"], 63, periods_per_year=252, ddof=ddof)
        np.testing.assert_allclose(ours, expected, rtol=1e-7)


def test_historical_volatility_needs_to_know_the_year():
    with pytest.raises(TypeError, match="periods_per_year"):
        historical_volatility(np.ones(30))
    for wrong in (0, -252, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="periods_per_year must be a positive number, such as 252"):
            historical_volatility(np.ones(30), periods_per_year=wrong)
    with pytest.raises(ConfigError, match="ddof must be 0 or 1, was 2"):
        historical_volatility(np.ones(30), periods_per_year=252, ddof=2)


def test_historical_volatility_refuses_what_has_no_logarithm():
    with pytest.raises(DataError, match=r"close must be above 0 for log returns, 2 of 4 prices are not"):
        historical_volatility(np.array([1.0, 0.0, -1.0, 2.0]), 2, periods_per_year=252)
