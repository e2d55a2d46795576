import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from investiq.core.errors import ConfigError
from investiq.indicators.momentum import macd, price_change, rate_of_change, rsi

ANSWERS = Path(__file__).parents[1] / "answers"


def wilder_rsi(close, window):
    """Wilder's recursion in plain Python."""
    changes = [after - before for before, after in itertools.pairwise(close)]
    gain = sum(max(change, 0) for change in changes[:window]) / window
    loss = sum(max(-change, 0) for change in changes[:window]) / window
    values = [float("nan")] * window + [100 * gain / (gain + loss)]
    for change in changes[window:]:
        gain = (gain * (window - 1) + max(change, 0)) / window
        loss = (loss * (window - 1) + max(-change, 0)) / window
        values.append(100 * gain / (gain + loss))
    return values


def test_rsi_follows_the_published_worksheet():
    worksheet = pd.read_csv(ANSWERS / "rsi_worksheet.csv", comment="#")
    assert worksheet["rsi_14"].isna().sum() == 14
    assert rsi(worksheet["close"], 14).to_numpy() == pytest.approx(worksheet["rsi_14"], abs=0.0051, nan_ok=True)


def test_rsi_agrees_with_the_plain_recursion(sample):
    assert rsi(sample.close, 14) == pytest.approx(wilder_rsi(sample.close.tolist(), 14), abs=1e-9, nan_ok=True)


def test_rsi_without_a_loss_is_100_and_without_a_gain_0():
    rise = 10.0 + np.arange(20)
    assert rsi(rise)[14:].tolist() == [100.0] * 6
    assert rsi(rise[::-1].copy())[14:].tolist() == [0.0] * 6


def test_rsi_of_a_price_that_never_moved_is_50():
    assert rsi(np.full(20, 7.0))[14:].tolist() == [50.0] * 6


def test_rsi_keeps_its_value_while_the_price_stands_still_for_years():
    # Both averages shrink by 13 / 14 a bar, so their ratio stays: 9 gains of 2 and 5 losses of 1 give 100 * 18 / 23.
    # After some 450 bars TA-Lib finds their sum below 1e-14 and says 0, "deeply oversold".
    moves = np.r_[np.tile([2.0, -1.0], 5), [2.0] * 4, np.zeros(2_000)]
    values = rsi(100 + np.r_[0.0, np.cumsum(moves)])
    assert values[14:] == pytest.approx(100 * 18 / 23)


def test_rsi_without_a_loss_stays_100_while_the_price_stands_still():
    assert rsi(np.r_[np.arange(1.0, 21.0), np.full(2_000, 20.0)])[14:].min() == 100.0


def test_macd_of_a_straight_line_is_seven_slopes():
    # An average of span n lags a line by (n - 1) / 2 bars: (26 - 1) / 2 - (12 - 1) / 2 = 7 bars.
    lines = macd(100 + 3.0 * np.arange(80))
    assert lines.macd[25:] == pytest.approx(21.0)
    assert lines.histogram[33:] == pytest.approx(0.0, abs=1e-9)


def test_macd_says_nothing_before_its_averages_exist(sample):
    lines = macd(sample.close)
    assert [int(np.flatnonzero(np.isfinite(line))[0]) for line in lines] == [25, 33, 33]


def test_macd_agrees_with_the_plain_recursion(sample):
    def recursion(values, span):
        average = sum(values[:span]) / span
        averages = [average]
        for value in values[span:]:
            average += 2 / (span + 1) * (value - average)
            averages.append(average)
        return np.r_[[np.nan] * (span - 1), averages]

    close = sample.close.tolist()
    line = recursion(close, 12) - recursion(close, 26)
    signal = np.r_[[np.nan] * 25, recursion(line[25:].tolist(), 9)]
    lines = macd(sample.close)
    assert lines.macd == pytest.approx(line, abs=1e-8, nan_ok=True)
    assert lines.signal == pytest.approx(signal, abs=1e-8, nan_ok=True)
    assert lines.histogram == pytest.approx(line - signal, abs=1e-8, nan_ok=True)


def test_macd_refuses_a_fast_average_that_is_not_faster():
    with pytest.raises(ConfigError, match="fast must be below slow, was fast 26 and slow 12"):
        macd(np.ones(50), fast=26, slow=12)


def test_macd_starts_like_talib_on_request(sample):
    for spans in ((12, 26, 9), (3, 10, 16), (2, 3, 1)):
        theirs = talib.MACD(sample.close, *spans)
        for name, line in zip(("macd", "signal", "histogram"), theirs, strict=True):
            ours = getattr(macd(sample.close, *spans, start="talib"), name)
            known = np.isfinite(line)
            np.testing.assert_allclose(ours[known], line[known], rtol=1e-10, atol=1e-10)


def test_the_two_starts_of_macd_differ_and_converge(sample):
    ours, theirs = macd(sample.close).macd, macd(sample.close, start="talib").macd
    assert abs(ours[25] - theirs[25]) > 0.1
    np.testing.assert_allclose(ours[250:], theirs[250:], atol=1e-6)


def test_macd_knows_two_starts():
    with pytest.raises(ConfigError, match="start must be one of 'appel', 'talib', was 'wilder'"):
        macd(np.ones(50), start="wilder")


def test_rsi_agrees_with_talib(sample):
    for window in (2, 14, 50):
        np.testing.assert_allclose(rsi(sample.close, window), talib.RSI(sample.close, window), rtol=1e-10)


def test_rsi_of_a_tiny_price_is_that_of_a_large_one(sample):
    # A ratio knows no scale; TA-Lib finds gains and losses of a price of 1e-14 to be none.
    np.testing.assert_allclose(rsi(1e-18 * sample.close), rsi(sample.close), rtol=1e-9)


def test_rate_of_change_by_hand_is_a_fraction():
    # 6 / 4 - 1 and 3 / 5 - 1.
    change = rate_of_change(np.array([4.0, 5.0, 6.0, 3.0]), window=2)
    assert change == pytest.approx([np.nan, np.nan, 0.5, -0.4], nan_ok=True)


def test_changes_agree_with_talib(sample):
    np.testing.assert_allclose(rate_of_change(sample.close, 20), talib.ROCP(sample.close, 20), rtol=1e-9)
    np.testing.assert_allclose(price_change(sample.close, 20), talib.MOM(sample.close, 20))


def test_a_return_from_nothing_is_not_known():
    assert np.isnan(rate_of_change(np.array([0.0, 3.0, 6.0]), window=1)).tolist() == [True, True, False]


def test_a_change_over_a_gap_counts_observations():
    # 1, gap, 3, 7: two observations before 7 lies 1.
    assert price_change(pd.Series([1.0, np.nan, 3.0, 7.0]), 2).iloc[-1] == 6.0
