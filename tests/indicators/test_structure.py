"""Market structure on zigzags drawn by hand, relative strength by hand arithmetic."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import argrelextrema

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.indicators.structure import market_structure, relative_strength

COUNTS = ["higher_highs", "lower_highs", "higher_lows", "lower_lows"]


def frame_of(close):
    close = pd.Series(close, dtype=float)
    return pd.DataFrame({"high": close, "low": close, "close": close})


def zigzag(*turns):
    """A line through the turns, three bars from one to the next."""
    return frame_of(np.interp(np.arange(3 * len(turns) - 2), 3 * np.arange(len(turns)), turns))


# Highs 14, 17, 20 at bars 3, 9, 15; lows 11, 14, 17 at bars 6, 12, 18.
RISING = zigzag(8, 14, 11, 17, 14, 20, 17, 23)


def test_rising_swings_are_counted_from_their_confirmation_on():
    structure = market_structure(RISING, window=18)
    # At bar 17 the highs of bars 3, 9, 15 are confirmed, the lows of 6 and 12: two higher highs, one higher low.
    assert structure.loc[17, COUNTS].tolist() == [2, 0, 1, 0]
    assert structure["state"][17] == 1
    # Rows 0 to 16 have fewer than 18 bars.
    assert structure.iloc[:17].isna().all(axis=None)
    # At bar 20 the window is 3 to 20: the low of bar 18 is confirmed, and both steps of the highs are inside.
    assert structure.loc[20, COUNTS].tolist() == [2, 0, 2, 0]
    # At bar 21 the high of bar 3 has left, and with it the step from it.
    assert structure.loc[21, COUNTS].tolist() == [1, 0, 2, 0]


def test_falling_swings_are_the_mirror_image():
    structure = market_structure(30 - RISING, window=18)
    # The mirror turns highs into lows, higher into lower.
    assert structure.loc[20, COUNTS].tolist() == [0, 2, 0, 2]
    assert structure["state"][20] == -1


def test_two_steps_make_no_trend_and_as_many_of_both_neither():
    assert market_structure(RISING, window=14)["state"][17] == 0
    widening = zigzag(10, 14, 11, 16, 9, 18, 7, 20, 5, 22, 12)
    structure = market_structure(widening, window=31)
    # Highs 14, 16, 18, 20, 22 rise four times, lows 11, 9, 7, 5 fall three times.
    assert structure.loc[30, COUNTS].tolist() == [4, 0, 0, 3]
    assert structure["state"][30] == 1
    # Three of each before the last high is confirmed.
    assert market_structure(widening, window=28).loc[27, [*COUNTS, "state"]].tolist() == [3, 0, 0, 3, 0]


def test_equal_swings_are_neither_higher_nor_lower():
    structure = market_structure(zigzag(8, 14, 10, 14, 10, 14, 9), window=19)
    assert structure.loc[18, COUNTS].tolist() == [0, 0, 0, 0]


def test_a_break_is_reported_once_at_the_first_close_beyond():
    # High 14 at bar 3; 11 to 17 passes it between bars 7 (13) and 8 (15), and 14 at bar 12 is no new break.
    structure = market_structure(RISING, window=6)
    breaks = structure["break_of_structure"]
    # High 17 of bar 9 is passed at bar 14 (18), high 20 of bar 15 at bar 20 (21).
    assert breaks[breaks == 1].index.tolist() == [8, 14, 20]
    assert not (breaks == -1).any()
    mirrored = market_structure(30 - RISING, window=6)["break_of_structure"]
    assert mirrored[mirrored == -1].index.tolist() == [8, 14, 20]


def test_a_close_at_the_swing_breaks_nothing_and_a_high_beyond_it_neither():
    frame = zigzag(8, 14, 11, 14, 11)
    frame.loc[9, "high"] = 15.0
    assert not market_structure(frame, window=5)["break_of_structure"].any()


def test_counts_are_those_of_the_swings_of_scipy():
    bars = iq.load_bars("^GSPC", start="2016").adjusted()
    structure = market_structure(bars)
    for compare, prices, higher, lower in (
        (np.greater, bars.high, structure.higher_highs, structure.lower_highs),
        (np.less, bars.low, structure.higher_lows, structure.lower_lows),
    ):
        (extremes,) = argrelextrema(prices, compare, order=2)
        for t in range(40, len(bars), 11):
            steps = np.diff([prices[i] for i in extremes if t - 29 <= i <= t - 2 and i >= 2])
            assert (higher[t], lower[t]) == ((steps > 0).sum(), (steps < 0).sum())


def test_relative_strength_is_joined_by_date_and_never_by_position():
    days = pd.date_range("2024-01-01", periods=5, tz="UTC", name="ts")
    share = pd.Series([10.0, 12, 12, 15, 18], index=days)
    market = pd.Series([2.0, 4.0, 3.0, 1.0], index=days[[0, 1, 3, 2]]).iloc[::-1]
    strength = relative_strength(share, market, window=2, average=2)
    # 10/2, 12/4, 12/1, 15/3 and no benchmark on the fifth day.
    assert strength["ratio"].tolist() == pytest.approx([5, 3, 12, 5, np.nan], nan_ok=True)


def test_relative_strength_tells_its_average_and_its_highs():
    share = np.array([4.0, 5.0, 6.0, 6.0, 3.0, 6.5])
    market = np.array([2.0, 2.0, 2.0, 2.0, 1.0, 2.0])
    strength = relative_strength(share, market, window=3, average=2)
    # Ratios 2, 2.5, 3, 3, 3, 3.25; averages of two 2.25, 2.75, 3, 3, 3.125: equal is not above.
    assert strength.ratio.tolist() == [2, 2.5, 3, 3, 3, 3.25]
    assert strength.above_average.tolist() == pytest.approx([np.nan, 1, 1, 0, 0, 1], nan_ok=True)
    # Above the two ratios before: 3 after 2 and 2.5; 3 after 2.5 and 3 is not; 3.25 is.
    assert strength.new_high.tolist() == pytest.approx([np.nan, np.nan, 1, 0, 0, 1], nan_ok=True)


def test_a_share_that_goes_with_its_benchmark_is_never_stronger():
    # The quotients differ in their last digit, which is neither strength nor a new high.
    market = 100 * np.exp(np.cumsum(np.random.default_rng(5).standard_normal(600) / 50))
    found = relative_strength(0.7 * market, market, window=30)
    assert np.ptp(found.ratio) > 0
    assert (np.nansum(found.above_average), np.nansum(found.new_high)) == (0.0, 0.0)


def test_the_average_of_a_ratio_that_fell_a_lot_keeps_its_digits():
    # Running sums carry the rounding of the first million along: 1e-10 at 1e-6 is wrong in the fourth digit.
    ratio = np.r_[np.full(30, 1e6), 1e-6 * (1 + 1e-6 * np.arange(100.0))]
    found = relative_strength(ratio, np.ones(130), window=2, average=2)
    assert found.above_average[-80:].tolist() == [1.0] * 80


def test_every_share_of_a_panel_is_set_against_one_benchmark():
    shares = np.array([[2.0, 4.0, 6.0], [3.0, 3.0, 9.0]])
    ratio = relative_strength(shares, np.array([1.0, 2.0, 3.0]), window=2, average=2).ratio
    np.testing.assert_allclose(ratio, [[2.0, 2.0, 2.0], [3.0, 1.5, 3.0]])


def test_a_benchmark_that_cannot_be_joined_is_refused():
    days = pd.date_range("2024-01-01", periods=4, tz="UTC")
    share = pd.Series(1.0, index=days)
    with pytest.raises(DataError, match="no label in common"):
        relative_strength(share, share.set_axis(days + pd.Timedelta(days=30)))
    with pytest.raises(DataError, match="no label in common"):
        relative_strength(share, share.tz_localize(None))
    with pytest.raises(DataError, match="occur twice"):
        relative_strength(share, share.set_axis(days[[0, 0, 1, 2]]))
    with pytest.raises(DataError, match=r"benchmark has shape \(3,\)"):
        relative_strength(np.ones(4), np.ones(3))
    with pytest.raises(ConfigError, match="average must be a whole number of bars from 2"):
        relative_strength(share, share, average=1)


def test_bars_are_joined_with_a_benchmark_by_date():
    share, market = iq.load_bars("SYN004").adjusted(), iq.load_bars("SYN005").adjusted()
    by_date = relative_strength(share.frame["close"], market.frame["close"])
    # Without the first 10 bars of the market the rows that are left have the same ratios, wherever they now stand.
    late = relative_strength(share, market[10:])
    assert np.isnan(late.ratio[:10]).all()
    np.testing.assert_array_equal(late.ratio[10:], by_date["ratio"][10:])
    panel = iq.Panel.of([share, market])
    np.testing.assert_array_equal(relative_strength(panel, market).ratio[0], by_date["ratio"])
