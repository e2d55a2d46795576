import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError
from investiq.indicators.momentum import macd, rsi
from investiq.indicators.oscillators import stochastic

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


def test_stochastic_by_hand():
    # Ranges of 3 bars: 4..10 with close 7: 50; 5..12 with close 12: 100; 6..12 with close 6: 0. d = (50 + 100) / 2, ...
    frame = pd.DataFrame({"high": [9.0, 10, 8, 12, 11], "low": [4.0, 6, 5, 7, 6], "close": [5.0, 8, 7, 12, 6]})
    values = stochastic(frame, window=3, smooth=2)
    # Row 4: bars 2 to 4, lows 5, 7, 6 and highs 8, 12, 11: 100 * (6 - 5) / 7.
    assert values["k"].to_list() == pytest.approx([np.nan, np.nan, 50.0, 100.0, 100 / 7], nan_ok=True)
    assert values["d"].to_list() == pytest.approx([np.nan, np.nan, np.nan, 75.0, 400 / 7], nan_ok=True)


def test_stochastic_of_a_flat_range_is_50():
    flat = pd.DataFrame({"high": [3.0] * 20, "low": [3.0] * 20, "close": [3.0] * 20})
    assert stochastic(flat)["k"].iloc[-1] == 50.0
