"""Tests of `investiq.execution.round_trips`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from investiq.core.errors import DataError
from investiq.core.orders import Fill
from investiq.execution.round_trips import round_trips


def fill(bar, side, quantity, price, fee="0", reason="signal", slippage="0"):
    return Fill(
        bar=bar,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee),
        reason=reason,
        slippage=Decimal(slippage),
    )


def test_a_round_trip_nets_both_fees():
    # 500 x (110 - 100) - 50 - 55 = 4,895; 4,895 / 50,000 = 9.79 %.
    (trip,) = round_trips([fill(1, "buy", 500, 100, "50"), fill(4, "sell", 500, 110, "55", "target_gap")])
    assert (trip.pnl, trip.fees, trip.net_return) == (4895, 105, Decimal("0.0979"))
    assert (trip.entry_bar, trip.exit_bar, trip.bars_held) == (1, 4, 3)
    assert (trip.entry_price, trip.exit_price, trip.exit_reason) == (100, 110, "take_profit")


def test_lots_are_closed_first_in_first_out_and_share_their_costs_pro_rata():
    # 150 sold at 15 for a fee of 3.00: 100 of the first lot, 50 of the second.
    # First: 100 x (15 - 10) - 1 - 3 x 100/150 = 497. Second: 50 x (15 - 12) - 1 x 50/100 - 3 x 50/150 = 148.5.
    fills = [
        fill(1, "buy", 100, 10, "1"),
        fill(2, "buy", 100, 12, "1", slippage="4"),
        fill(3, "sell", 150, 15, "3", "stop", slippage="6"),
    ]
    first, second = round_trips(fills)
    assert (first.quantity, first.pnl, first.slippage) == (100, 497, 4)
    assert (second.quantity, second.pnl, second.slippage) == (50, Decimal("148.5"), 4)
    assert second.exit_reason == "stop_loss"


def test_what_is_still_held_is_not_a_round_trip():
    assert round_trips([fill(1, "buy", 100, 10)]) == ()


def test_profit_is_counted_in_posted_amounts():
    # 104.166666 x 96 = 9,999.999936 was posted as 10,000.00, and 104.166666 x 97 = 10,104.166602 as 10,104.17.
    (trip,) = round_trips([fill(1, "buy", "104.166666", 96), fill(2, "sell", "104.166666", 97)], Decimal("0.01"))
    assert trip.pnl == Decimal("104.17")


def test_selling_more_than_was_bought_is_refused():
    with pytest.raises(DataError, match=r"bar 2: 11 shares sold, 1 more than were held"):
        round_trips([fill(1, "buy", 10, 10), fill(2, "sell", 11, 10)])
