"""Swing points against scipy and zigzags drawn by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import argrelextrema, find_peaks

import investiq as iq
from investiq.core.errors import ConfigError
from investiq.indicators.swings import support_resistance, swing_points


def frame_of(close):
    close = pd.Series(close, dtype=float)
    return pd.DataFrame({"high": close, "low": close, "close": close})


def confirmed(column):
    """(row, value) of the events of a column."""
    return [(int(row), float(column[row])) for row in np.flatnonzero(column.notna())]


# Peaks of 5 at bar 2 and 6 at bar 8, troughs of 1 at bar 5 and 2 at bar 10.
ZIGZAG = [1.0, 3, 5, 4, 2, 1, 3, 5, 6, 4, 2, 3, 4, 5]


def test_a_swing_is_reported_two_bars_after_it_happens():
    swings = swing_points(frame_of(ZIGZAG))
    assert confirmed(swings["swing_high"]) == [(4, 5.0), (10, 6.0)]
    assert confirmed(swings["swing_low"]) == [(7, 1.0), (12, 2.0)]


def test_the_last_two_swings_run_on_with_their_ages():
    swings = swing_points(frame_of(ZIGZAG))
    assert swings["last_swing_high"].tolist()[3:] == pytest.approx([np.nan, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6], nan_ok=True)
    assert swings["last_swing_high_age"].tolist()[4:] == [2, 3, 4, 5, 6, 7, 2, 3, 4, 5]
    final = swings.iloc[-1]
    assert (final["previous_swing_high"], final["previous_swing_high_age"]) == (5, 11)
    assert (final["last_swing_low"], final["last_swing_low_age"]) == (2, 3)
    assert (final["previous_swing_low"], final["previous_swing_low_age"]) == (1, 8)
    assert np.isnan(swings["previous_swing_high"][9])


@pytest.mark.parametrize(("left", "right"), [(1, 1), (2, 2), (5, 5)])
def test_swings_without_ties_are_those_of_scipy(left, right):
    prices = np.random.default_rng(4).normal(0, 1, 3000).cumsum() + 500
    swings = swing_points(frame_of(prices), left, right)
    for column, compare in (("swing_high", np.greater), ("swing_low", np.less)):
        (extremes,) = argrelextrema(prices, compare, order=left)
        # scipy compares an extreme near an end with fewer neighbours.
        extremes = extremes[(extremes >= left) & (extremes < prices.size - right)]
        assert np.flatnonzero(swings[column].notna()).tolist() == (extremes + right).tolist()
        np.testing.assert_array_equal(swings[column].dropna(), prices[extremes])


def test_equal_highs_side_by_side_are_one_swing_at_the_last_of_them_as_in_scipy():
    prices = np.random.default_rng(5).integers(0, 4, 3000).astype(float)
    swings = swing_points(frame_of(prices), 1, 1)
    _, plateaus = find_peaks(prices, plateau_size=1)
    assert np.flatnonzero(swings["swing_high"].notna()).tolist() == (plateaus["right_edges"] + 1).tolist()
    _, plateaus = find_peaks(-prices, plateau_size=1)
    assert np.flatnonzero(swings["swing_low"].notna()).tolist() == (plateaus["right_edges"] + 1).tolist()


def test_what_is_reached_again_within_the_confirmation_is_no_swing():
    # The first 5 is met by the second two bars later, the second is preceded by it.
    assert confirmed(swing_points(frame_of([1, 2, 5, 4, 5, 3, 2]))["swing_high"]) == []
    # Flat, then falling: nothing rose to the plateau.
    assert confirmed(swing_points(frame_of([5, 5, 5, 5, 4, 3, 2]))["swing_high"]) == []
    # A plateau with two lower bars on each side, 5 at bars 2 to 4, known at bar 6.
    assert confirmed(swing_points(frame_of([3, 4, 5, 5, 5, 4, 3, 2]))["swing_high"]) == [(6, 5.0)]


def test_left_and_right_are_counted_apart():
    # 5 at bar 2 has two lower bars before it and one after.
    frame = frame_of([1, 2, 5, 4, 6, 7, 8])
    assert confirmed(swing_points(frame, left=2, right=1)["swing_high"]) == [(3, 5.0)]
    assert confirmed(swing_points(frame, left=1, right=2)["swing_high"]) == []
    assert confirmed(swing_points(frame, left=3, right=1)["swing_high"]) == []


def test_highs_and_lows_are_read_from_their_own_columns():
    frame = frame_of([2.0, 2, 2, 2, 2]).assign(high=[3.0, 4, 9, 4, 3], low=[1.5, 1.2, 0.5, 1.2, 1.5])
    swings = swing_points(frame)
    assert confirmed(swings["swing_high"]) == [(4, 9.0)]
    assert confirmed(swings["swing_low"]) == [(4, 0.5)]


def test_support_and_resistance_are_the_nearest_swings_on_either_side():
    # Lows 1 (bar 5) and 2 (bar 10), highs 5 (bar 2) and 6 (bar 8); the close at bar 12 is 4, at 13 it is 5.
    levels = support_resistance(frame_of(ZIGZAG), atr_window=1)
    assert levels["support"].tolist()[11:] == [1, 2, 2]
    assert levels["support_age"].tolist()[11:] == [6, 2, 3]
    # At bar 13 the close stands on the high of bar 2: a level touched counts, at no distance.
    assert levels["resistance"].tolist()[12:] == [5, 5]
    assert levels["resistance_age"].tolist()[12:] == [10, 11]
    # True range 1 a bar from bar 11 on, so distances are (4 - 2) / 1, (5 - 4) / 1 and 0.
    assert levels["support_distance"].tolist()[12:] == [2, 3]
    assert levels["resistance_distance"].tolist()[12:] == [1, 0]


def test_a_swing_leaves_the_window_by_the_age_of_its_extreme():
    # Bar 13 with 11 bars reads bars 3 to 13: the 5 of bar 2 is gone, the 6 of bar 8 is next.
    assert support_resistance(frame_of(ZIGZAG), 12, atr_window=1)["resistance"].iloc[-1] == 5
    assert support_resistance(frame_of(ZIGZAG), 11, atr_window=1)["resistance"].iloc[-1] == 6


def test_there_is_no_support_under_a_new_low_and_no_distance_without_a_range():
    falling = support_resistance(frame_of([3.0, 2, 1, 2, 3, 2, 0.5]), atr_window=1)
    assert np.isnan(falling["support"].iloc[-1])
    flat = support_resistance(frame_of([*ZIGZAG, 5.0]), atr_window=1)
    assert flat["resistance"].iloc[-1] == 5
    assert np.isnan(flat["resistance_distance"].iloc[-1])


def test_the_nearest_levels_are_those_of_a_search_through_all_swings():
    bars = iq.load_bars("^GSPC", start="2015").adjusted()
    levels = support_resistance(bars)
    (peaks,) = argrelextrema(bars.high, np.greater, order=2)
    (troughs,) = argrelextrema(bars.low, np.less, order=2)
    for t in range(40, len(bars), 7):
        near = [bars.high[i] for i in peaks if t - 29 <= i <= t - 2 and bars.high[i] >= bars.close[t]]
        below = [bars.low[i] for i in troughs if t - 29 <= i <= t - 2 and bars.low[i] <= bars.close[t]]
        assert levels.resistance[t] == pytest.approx(min(near, default=np.nan), nan_ok=True)
        assert levels.support[t] == pytest.approx(max(below, default=np.nan), nan_ok=True)


@pytest.mark.parametrize("name", ["left", "right"])
def test_a_confirmation_of_no_bar_is_refused(name):
    for indicator in (swing_points, support_resistance):
        with pytest.raises(ConfigError, match=f"{name} must be a whole number of bars from 1"):
            indicator(frame_of(ZIGZAG), **{name: 0})
