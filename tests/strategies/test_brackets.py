"""Stops and targets in average true ranges, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import AtrBrackets


def levels(strategy, bars, bar):
    """Return stop and target of a buy and of a sell decided at `bar`."""
    codes = tuple(2 if each == bar else 0 for each in range(len(bars)))
    buy, sell = AtrBrackets(strategy=strategy(codes=codes)).signals(bars)
    return (buy.stop_loss_price, buy.take_profit_price, sell.stop_loss_price, sell.take_profit_price)


@pytest.mark.parametrize("factor", [1, 2])
def test_an_ordinary_market_has_two_ranges_and_three(bars_of, scripted, factor):
    # Each bar is 1 high around a close of 10; there are fewer than 60 returns. As traded whatever the factor.
    bars = bars_of([10.0] * 30, total_factor=[factor] * 30)
    assert levels(scripted, bars, 20) == pytest.approx((8, 13, 12, 7))


def test_a_calm_market_has_nearer_levels(bars_of, scripted):
    # The closes do not vary: 1.5 and 2.5 ranges of 1 from bar 60 on, 2 and 3 until then.
    bars = bars_of([10.0] * 70)
    assert levels(scripted, bars, 60) == pytest.approx((8.5, 12.5, 11.5, 7.5))
    assert levels(scripted, bars, 59) == pytest.approx((8, 13, 12, 7))


def test_a_volatile_market_has_levels_further_away(bars_of, scripted):
    # Closes of 100 and 104 by turns: 0.04 a bar is 62 % a year. True range: 104.5 - 100 = 4.5 up, 104 - 99.5 = 4.5 down.
    bars = bars_of([100.0, 104.0] * 35)
    assert levels(scripted, bars, 64) == pytest.approx((100 - 2.5 * 4.5, 100 + 3.5 * 4.5, 111.25, 84.25))


def test_without_a_range_the_levels_are_five_and_ten_percent_away(bars_of, scripted):
    assert levels(scripted, bars_of([10.0] * 20), 13) == pytest.approx((9.5, 11, 10.5, 9))


def test_a_target_at_or_below_zero_is_left_out(bars_of, scripted):
    # Each bar is 1 high around 0.6: three ranges below it is no price.
    bars = bars_of([0.6] * 20)
    buy, sell = AtrBrackets(strategy=scripted(codes=(0,) * 13 + (2,)), atr_window=14).signals(bars)
    assert (buy.take_profit_price, sell.take_profit_price) == pytest.approx((0.66, 0.54))
    (sell,) = AtrBrackets(strategy=scripted(codes=(0,) * 15 + (-1,))).signals(bars)
    assert (sell.stop_loss_price, sell.take_profit_price) == (pytest.approx(2.6), None)


def test_levels_are_on_their_sides_of_every_price(gspc):
    from investiq.strategies import Breakout

    for order in AtrBrackets(strategy=Breakout()).signals(gspc):
        away = 1 if order.side == "buy" else -1
        close = gspc.close[order.bar]
        assert np.sign([close - order.stop_loss_price, order.take_profit_price - close]).tolist() == [away, away]


def test_multiples_are_a_pair_of_positive_numbers(scripted):
    with pytest.raises(ConfigError, match=r"calm must be \(stop, target\)"):
        AtrBrackets(strategy=scripted(codes=()), calm=(1.0,))
    with pytest.raises(ConfigError, match="volatile stop must be a number above 0"):
        AtrBrackets(strategy=scripted(codes=()), volatile=(0.0, 1.0))
