"""The crossing of two moving averages, by hand."""

from __future__ import annotations

import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import Crossover


def test_buys_above_and_sells_below_on_the_crossing_bar(bars_of):
    # close   10    8     6     9     12    9     6
    # sma 1   10    8     6     9     12    9     6
    # sma 3   -     -     8     7.67  9     10    9
    # The fast average is below in bar 2, above from bar 3, below from bar 5 on.
    assert Crossover(fast=1, slow=3).decide(bars_of([10, 8, 6, 9, 12, 9, 6])).tolist() == [0, 0, 0, 1, 0, -1, 0]


def test_a_touch_from_below_is_no_crossing_but_the_bar_after_it_is(bars_of):
    # close   10   8   9    9    10      sma 2:  -  9  8.5  9  9.5
    # sma 1 - sma 2    -    -1   +0.5 ...: crosses above in bar 2, is equal in bar 3, and above again in bar 4.
    assert Crossover(fast=1, slow=2).decide(bars_of([10, 8, 9, 9, 10])).tolist() == [0, 0, 1, 0, 1]


def test_an_average_that_stood_above_from_the_start_is_no_crossing(bars_of):
    assert Crossover(fast=1, slow=3).decide(bars_of([1, 2, 3, 4, 5])).tolist() == [0] * 5


@pytest.mark.parametrize(("fast", "slow"), [(50, 20), (20, 20)])
def test_a_fast_window_that_is_not_below_the_slow_one_is_refused(fast, slow):
    with pytest.raises(ConfigError, match=f"fast must be below slow, were fast={fast} and slow={slow}"):
        Crossover(fast=fast, slow=slow)


@pytest.mark.parametrize("fast", [0, -1, 2.0, True, "5", None])
def test_a_window_is_a_whole_number_of_bars(fast):
    with pytest.raises(ConfigError, match=r"Crossover: fast must be a whole number of bars >= 1, was"):
        Crossover(fast=fast)


def test_the_first_crossing_can_stand_at_the_end_of_the_warmup(bars_of):
    # sma 3 exists from bar 2 on, so bar 3 is the first with one before it.
    strategy = Crossover(fast=1, slow=3)
    assert strategy.warmup == 3
    assert strategy.decide(bars_of([10, 8, 6, 9])).tolist() == [0, 0, 0, 1]
