"""Divergences on peaks placed by hand, and against a search that knows the whole series."""

import numpy as np
import pandas as pd
import pytest
import talib
from scipy.signal import find_peaks

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.indicators.divergences import divergence, macd_divergence, rsi_divergence


def peaks(places, size):
    """A slowly rising line, which has no swing of its own, with a peak of the given height at each place."""
    line = 0.001 * np.arange(size)
    for place, height in places.items():
        line[place] = height
    return line


def events(column):
    return np.flatnonzero(column == 1).tolist()


def test_a_higher_peak_with_a_lower_one_below_is_bearish_two_bars_later():
    found = divergence(peaks({3: 5, 10: 6}, 20), peaks({3: 9, 10: 8}, 20))
    assert events(found.bearish) == [12]
    assert events(found.bullish) == []
    assert (found.bearish_price_first[12], found.bearish_price_second[12]) == (5, 6)
    assert (found.bearish_oscillator_first[12], found.bearish_oscillator_second[12]) == (9, 8)
    assert (found.bearish_age_first[12], found.bearish_age_second[12]) == (9, 2)
    assert np.isnan(found.bearish_price_second[[11, 13]]).all()


def test_a_lower_trough_with_a_higher_one_below_is_bullish():
    found = divergence(-peaks({3: 5, 10: 6}, 20), -peaks({3: 9, 10: 8}, 20))
    assert events(found.bullish) == [12]
    assert events(found.bearish) == []
    assert (found.bullish_price_first[12], found.bullish_price_second[12]) == (-5, -6)
    assert (found.bullish_oscillator_first[12], found.bullish_oscillator_second[12]) == (-9, -8)


@pytest.mark.parametrize(
    ("price", "oscillator"), [((5, 6), (8, 9)), ((6, 5), (9, 8)), ((5, 5), (9, 8)), ((5, 6), (8, 8))]
)
def test_peaks_that_agree_or_are_equal_diverge_in_nothing(price, oscillator):
    found = divergence(
        peaks(dict(zip((3, 10), price, strict=True)), 20), peaks(dict(zip((3, 10), oscillator, strict=True)), 20)
    )
    assert events(found.bearish) == events(found.bullish) == []


@pytest.mark.parametrize(("apart", "expected"), [(4, []), (5, [10]), (60, [65]), (61, [])])
def test_two_peaks_lie_from_5_to_60_bars_apart(apart, expected):
    second = 3 + apart
    found = divergence(peaks({3: 5, second: 6}, 80), peaks({3: 9, second: 8}, 80))
    assert events(found.bearish) == expected


@pytest.mark.parametrize(("offset", "expected"), [(-4, []), (-3, [22]), (0, [22]), (3, [25]), (4, [])])
def test_the_peaks_of_both_series_lie_within_3_bars_and_the_later_one_dates_it(offset, expected):
    found = divergence(peaks({3: 5, 20: 6}, 40), peaks({3: 9, 20 + offset: 8}, 40))
    assert events(found.bearish) == expected


def test_the_first_confirmed_match_counts_and_a_nearer_one_later_does_not():
    # Peaks of the oscillator at 17 (7, confirmed by bar 22) and 21 (30, confirmed at 23): at bar 22 the price's
    # peak of bar 20 has met the first, which lies lower than that of bar 3.
    found = divergence(peaks({3: 5, 20: 6}, 40), peaks({3: 9, 17: 7, 21: 30}, 40))
    assert events(found.bearish) == [22]
    assert found.bearish_oscillator_second[22] == 7


def test_of_two_matches_at_once_the_later_one_counts():
    found = divergence(peaks({3: 5, 20: 6}, 40), peaks({3: 9, 17: 7, 20: 8}, 40))
    assert found.bearish_oscillator_second[22] == 8


def test_the_first_peak_is_the_latest_that_is_far_enough():
    # 10 is too near to 14 and would be lower; 3 is higher than 14, so there is none.
    near = divergence(peaks({3: 9, 10: 5, 14: 6}, 30), peaks({3: 9, 10: 8, 14: 7}, 30))
    assert events(near.bearish) == []
    # Of 3 and 9 the later is compared, although the price is above the earlier as well.
    found = divergence(peaks({3: 4, 9: 5, 14: 6}, 30), peaks({3: 7, 9: 9, 14: 8}, 30))
    assert events(found.bearish) == [16]
    assert found.bearish_age_first[16] == 7


def test_the_window_holds_both_peaks():
    series = peaks({3: 5, 33: 6}, 60), peaks({3: 9, 33: 8}, 60)
    # At the confirming bar, 35, the first peak lies 32 bars back: in the last 33 bars, not in the last 32.
    assert events(divergence(*series, window=33).bearish) == [35]
    assert events(divergence(*series, window=32).bearish) == []
    # 60 bars apart, and confirmed 3 bars late: 3 lies 65 bars before 68, outside of the last 65 bars.
    late = divergence(peaks({3: 5, 63: 6}, 80), peaks({3: 9, 66: 8}, 80))
    assert events(late.bearish) == []


def test_nothing_is_said_of_the_first_nine_rows():
    found = divergence(peaks({2: 5, 7: 6}, 20), peaks({2: 9, 7: 8}, 20))
    assert np.isnan(found.bearish[:9]).all()
    assert events(found.bearish) == [9]


def tops(values, first_row):
    """Last bars of the plateaus of scipy with two lower values on either side, from `first_row` on."""
    _, plateaus = find_peaks(values[first_row:], plateau_size=1)
    edges = zip(plateaus["left_edges"] + first_row, plateaus["right_edges"] + first_row, strict=True)
    return [
        int(right)
        for left, right in edges
        if first_row + 2 <= left and right < values.size - 2
        if max(*values[left - 2 : left], *values[right + 1 : right + 3]) < values[left]
    ]


def searched(high, low, oscillator, first_row):
    """Bars of bullish and bearish divergences, from all swings of the whole series at once."""
    sides = []
    for prices, sign in ((low, -1), (high, 1)):
        swings, turns = tops(sign * prices, first_row), tops(sign * oscillator, first_row)
        met = []
        for swing in swings:
            near = [(max(swing, turn) + 2, -turn) for turn in turns if abs(turn - swing) <= 3]
            if near:
                known, turn = min(near)
                met.append((swing, -turn, known))
        found = []
        for swing, turn, known in met:
            before = [pair for pair in met if pair[0] <= swing - 5]
            if before:
                first, first_turn, _ = before[-1]
                higher = sign * (prices[swing] - prices[first]) > 0
                lower = sign * (oscillator[turn] - oscillator[first_turn]) < 0
                if higher and lower and swing - first <= 60 and known - first < 65:
                    found.append(known)
        sides.append(sorted(set(found)))
    return sides


@pytest.mark.parametrize("symbol", ["^GSPC", "SYN001"])
def test_divergences_of_rsi_and_macd_are_those_of_a_search_through_all_swings(symbol):
    bars = iq.load_bars(symbol).adjusted()
    # Equal where the close stood still: the ninth decimal hides the rounding of the recursion.
    strength = talib.RSI(bars.close, 14).round(9)
    found = rsi_divergence(bars)
    assert [events(found.bullish), events(found.bearish)] == searched(bars.high, bars.low, strength, 14)
    assert len(events(found.bearish)) > 20
    line = talib.EMA(bars.close, 12) - talib.EMA(bars.close, 26)
    histogram = line - talib.EMA(line, 9)
    found = macd_divergence(bars)
    assert [events(found.bullish), events(found.bearish)] == searched(bars.high, bars.low, histogram, 33)


def test_a_close_that_stands_still_makes_no_peak_of_rounding():
    # Peaks of the highs at bars 23 and 32, and the close of 32 comes again at 33: so does the index, in whatever digits,
    # and its peak is the later bar, 33, confirmed by bar 35. At bar 23 it stands at 74.1, there at 71.0.
    steps = np.r_[np.tile([1.0, -0.6], 10), 1, 1, 1, 2, -1, -1, -0.5, -0.5, 0.3, 0.3, 1, 1, 1.5, 0.0, -1, -1, -1, -1]
    close = 100 + steps.cumsum()
    high = close.copy()
    high[32] += 2
    found = rsi_divergence(pd.DataFrame({"high": high, "low": close - 1, "close": close}))
    strength = talib.RSI(close, 14)
    assert strength[33] == pytest.approx(strength[32], abs=1e-12)
    assert events(found["bearish"]) == [35]
    assert found["bearish_price_second"][35] == high[32]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_straight_line_makes_no_swings_of_rounding_in_the_macd(scale):
    # The MACD of a line is constant and its histogram 0, whatever the last digits of its averages; the highs and lows swing.
    close = scale * (100 + 0.1 * np.arange(400))
    swing = scale * np.where(np.arange(400) % 9 == 4, 3.0, 0.0)
    high, low = close + scale + swing, close - scale - np.roll(swing, 4) * np.linspace(1, 30, 400)
    found = macd_divergence(pd.DataFrame({"high": high, "low": low, "close": close}))
    assert events(found["bearish"]) == events(found["bullish"]) == []


def test_the_spans_reach_the_oscillators():
    bars = iq.load_bars("^GSPC", start="2012").adjusted()
    strength = talib.RSI(bars.close, 5).round(9)
    found = rsi_divergence(bars, rsi_window=5)
    assert [events(found.bullish), events(found.bearish)] == searched(bars.high, bars.low, strength, 5)
    assert np.isnan(found.bullish[:14]).all()
    assert found.bullish[14] == 0
    assert np.isnan(macd_divergence(bars, fast=3, slow=6, signal=4).bullish[:17]).all()


def test_columns_that_do_not_belong_together_are_refused():
    close = pd.Series(np.arange(20.0))
    with pytest.raises(DataError, match=r"close has shape \(20,\), oscillator \(19,\)"):
        divergence(close, close.iloc[1:])
    with pytest.raises(DataError, match="must have the same index"):
        divergence(close, close.set_axis(close.index + 1))
    with pytest.raises(ConfigError, match="rsi_window must be a whole number of bars from 2"):
        rsi_divergence(pd.DataFrame({"high": close, "low": close, "close": close}), rsi_window=1)
    with pytest.raises(ConfigError, match="fast must be below slow"):
        macd_divergence(pd.DataFrame({"high": close, "low": close, "close": close}), fast=26, slow=12)
