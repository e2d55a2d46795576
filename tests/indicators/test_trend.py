from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from investiq.core.errors import ConfigError, DataError
from investiq.indicators.trend import ema, rma, sma, wma

ANSWERS = Path(__file__).parents[1] / "answers"


def test_sma_and_ema_follow_the_published_worksheet():
    worksheet = pd.read_csv(ANSWERS / "moving_averages_worksheet.csv", comment="#")
    # Printed with two decimals, so half a unit of the last one.
    assert sma(worksheet["close"], 10).to_numpy() == pytest.approx(worksheet["sma_10"], abs=0.0051, nan_ok=True)
    assert ema(worksheet["close"], 10).to_numpy() == pytest.approx(worksheet["ema_10"], abs=0.0051, nan_ok=True)


def test_ema_is_seeded_with_the_mean_and_never_fills_its_head():
    # Mean of 2, 4, 9 is 5; a = 2 / (3 + 1): 5 + (1 - 5) / 2 = 3; 3 + (7 - 3) / 2 = 5.
    assert ema(np.array([2.0, 4.0, 9.0, 1.0, 7.0]), 3) == pytest.approx([np.nan, np.nan, 5.0, 3.0, 5.0], nan_ok=True)


def test_ema_lags_a_straight_line_by_half_its_span():
    line = 3.0 * np.arange(60)
    assert ema(line, 21)[20:] == pytest.approx(line[20:] - 3.0 * 10)


def test_sma_leaves_a_gap_out_of_its_window():
    # Windows of three observations: (1, 2, 6), then (2, 6, 7) and (6, 7, 2); the gap itself is missing.
    close = pd.Series([1.0, 2.0, np.nan, 6.0, np.nan, 7.0, 2.0])
    expected = pd.Series([np.nan, np.nan, np.nan, 3.0, np.nan, 5.0, 5.0], name="sma_3")
    pd.testing.assert_series_equal(sma(close, 3), expected)


def test_sma_of_one_bar_is_the_price():
    assert sma(np.array([3.0, 1.0]), 1) == pytest.approx([3.0, 1.0])


def test_an_average_of_a_table_is_refused():
    with pytest.raises(DataError, match=r"a DataFrame of shape \(5, 2\); .*frame.to_numpy\(\).T"):
        sma(pd.DataFrame(np.ones((5, 2))))


def test_nullable_and_integer_series_are_read_as_numbers():
    close = pd.Series([1, 3, None, 5], dtype="Int64")
    assert sma(close, 2).to_numpy() == pytest.approx([np.nan, 2.0, np.nan, 4.0], nan_ok=True)


def test_ema_from_the_first_price_is_that_of_pandas(sample):
    close = sample.frame["close"]
    expected = close.ewm(span=26, adjust=False, min_periods=26).mean()
    np.testing.assert_allclose(ema(close, 26, start="first"), expected, rtol=1e-12)


def test_the_two_starts_of_ema_by_hand():
    # a = 1 / 2. First: 2, 3, 6, 3.5, 5.25. Mean of 2, 4, 9 is 5: 5, 3, 5.
    close = np.array([2.0, 4.0, 9.0, 1.0, 7.0])
    assert ema(close, 3, start="first") == pytest.approx([np.nan, np.nan, 6.0, 3.5, 5.25], nan_ok=True)
    assert ema(close, 3, start="mean") == pytest.approx([np.nan, np.nan, 5.0, 3.0, 5.0], nan_ok=True)


def test_a_start_that_no_library_has_is_refused():
    with pytest.raises(ConfigError, match="start must be one of 'mean', 'first', was 'sma'"):
        ema(np.ones(30), start="sma")


@pytest.mark.parametrize("window", [1, 2, 3, 5, 20, 21, 200])
def test_the_averages_agree_with_talib(sample, window):
    theirs = {sma: talib.SMA, ema: talib.EMA, wma: talib.WMA}
    for ours, function in theirs.items():
        expected = sample.close if window == 1 else function(sample.close, window)
        np.testing.assert_allclose(ours(sample.close, window), expected, rtol=1e-11)


def test_rma_is_the_wilder_recursion(sample):
    average = sample.close[:14].mean()
    expected = [np.nan] * 13 + [average]
    for price in sample.close[14:]:
        average = (13 * average + price) / 14
        expected.append(average)
    np.testing.assert_allclose(rma(sample.close, 14), expected, rtol=1e-12)


def test_rma_is_an_ema_of_nearly_twice_the_span_once_the_start_has_faded(sample):
    # Weights 1 / 14 and 2 / (27 + 1) are one.
    np.testing.assert_allclose(rma(sample.close, 14)[700:], ema(sample.close, 27)[700:], rtol=1e-12)


def test_wma_by_hand():
    # Weights 1, 2, 3 over 6: (1 + 4 + 18) / 6 and (2 + 12 + 12) / 6.
    assert wma(np.array([1.0, 2.0, 6.0, 4.0]), 3) == pytest.approx([np.nan, np.nan, 23 / 6, 26 / 6], nan_ok=True)


def test_averages_keep_their_digits_after_a_fall_of_seven_orders_of_magnitude():
    # Twenty prices of 40, then only 1e-7: from the 20th of these on, the mean is that of equal numbers.
    close = np.r_[np.full(20, 40.0), np.full(40, 1e-7)]
    assert sma(close, 20)[39:].tolist() == [1e-7] * 21
    assert wma(close, 20)[39:] == pytest.approx(1e-7, rel=1e-14)


def test_an_average_does_not_depend_on_where_the_series_begins(sample):
    for window in (20, 50, 200):
        assert sma(sample.close[1_017:], window)[-1] == sma(sample.close, window)[-1]
