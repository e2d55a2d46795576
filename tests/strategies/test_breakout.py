"""The channel breakout, by hand."""

from __future__ import annotations

import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import Breakout


def test_buys_a_close_above_the_highs_before_and_sells_one_below_the_lows_before(bars_of):
    # close      10    10    10.4   11    10.8  10.2  9.7   9
    # highs of the 2 bars before:   10.5  10.9  11.5 11.5  11.3 ...
    # low of the bar before:  9.5   9.5   9.9   10.5  10.3  9.7   9.2
    # Bar 3: 11 > 10.9. Bars 1 to 4 stay above the low before; bar 5: 10.2 < 10.3; bar 6: 9.7 is not below 9.7; bar 7: 9 < 9.2.
    decisions = Breakout(entry_window=2, exit_window=1).decide(bars_of([10, 10, 10.4, 11, 10.8, 10.2, 9.7, 9]))
    assert decisions.tolist() == [0, 0, 0, 1, 0, -1, 0, -1]


def test_the_current_bar_belongs_to_neither_window(bars_of):
    # With its own high in the window no close could ever lie above it.
    assert Breakout(entry_window=1, exit_window=1).decide(bars_of([10, 12])).tolist() == [0, 1]


def test_a_close_at_the_level_is_no_breakout(bars_of):
    # High before 10.5, low before 9.5.
    assert Breakout(entry_window=1, exit_window=1).decide(bars_of([10, 10.5])).tolist() == [0, 0]
    assert Breakout(entry_window=1, exit_window=1).decide(bars_of([10, 9.5])).tolist() == [0, 0]


@pytest.mark.parametrize("name", ["entry_window", "exit_window"])
@pytest.mark.parametrize("window", [0, -5, 1.5, "20"])
def test_a_window_is_a_whole_number_of_bars(name, window):
    with pytest.raises(ConfigError, match=rf"Breakout: {name} must be a whole number of bars >= 1, was"):
        Breakout(**{name: window})


def test_the_longer_window_is_the_warmup():
    assert Breakout(entry_window=55, exit_window=20).warmup == 55
    assert Breakout(entry_window=5, exit_window=20).warmup == 20
