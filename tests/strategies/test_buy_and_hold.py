"""Buy and hold."""

from __future__ import annotations

from investiq.strategies import BuyAndHold


def test_buys_at_the_first_close_and_never_again(bars_of):
    assert BuyAndHold().decide(bars_of([10, 9, 8, 20])).tolist() == [1, 0, 0, 0]


def test_no_bars_give_no_decision(bars_of):
    assert BuyAndHold().decide(bars_of([])).tolist() == []
