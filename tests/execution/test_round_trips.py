"""Tests of `investiq.execution.round_trips`."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from investiq.core.errors import DataError
from investiq.core.orders import Fill
from investiq.execution.round_trips import SplitEvent, round_trips


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


def test_a_short_gains_when_it_is_bought_back_cheaper():
    # 500 x (100 - 90) - 50 - 45 = 4,905; 4,905 / 50,000 = 9.81 %.
    fills = [fill(1, "sell", 500, 100, "50"), fill(4, "buy", 500, 90, "45")]
    (trip,) = round_trips(fills, allow_short=True)
    assert (trip.direction, trip.pnl, trip.net_return) == ("short", 4905, Decimal("0.0981"))
    assert trip.exit_reason == "signal_cover"


def test_a_stop_of_a_short_keeps_its_reason():
    (trip,) = round_trips([fill(1, "sell", 5, 100), fill(2, "buy", 5, 105, reason="trail")], allow_short=True)
    assert (trip.pnl, trip.exit_reason) == (-25, "trailing_stop")


def test_a_fill_beyond_the_position_closes_it_and_opens_the_other_side():
    # 100 bought at 10; 150 sold at 12 for 3.00: 100 close (200 - 2.00), 50 open a short with 1.00 of the fee.
    # Bought back at 11: 50 - 1.00.
    fills = [fill(1, "buy", 100, 10), fill(2, "sell", 150, 12, "3"), fill(3, "buy", 50, 11)]
    long, short = round_trips(fills, allow_short=True)
    assert (long.direction, long.quantity, long.pnl) == ("long", 100, 198)
    assert (short.direction, short.quantity, short.pnl) == ("short", 50, 49)


def test_symbols_are_matched_apart():
    fills = [
        dataclasses.replace(fill(1, "buy", 10, 100), symbol="A"),
        dataclasses.replace(fill(1, "buy", 10, 50), symbol="B"),
        dataclasses.replace(fill(2, "sell", 10, 51), symbol="B"),
        dataclasses.replace(fill(3, "sell", 10, 98), symbol="A"),
    ]
    assert [(trip.symbol, trip.pnl) for trip in round_trips(fills)] == [("B", 10), ("A", -20)]


def test_a_split_restates_the_entry():
    # 10 at 100 become 20 at 50; 8 sold at 60 gain 80, 12 sold at 55 gain 60.
    fills = [fill(1, "buy", 10, 100), fill(3, "sell", 8, 60), fill(4, "sell", 12, 55)]
    first, second = round_trips(fills, splits=[SplitEvent(2, "", Decimal(2), Decimal(10), Decimal(20))])
    assert (first.entry_price, first.pnl, second.pnl) == (50, 80, 60)


def test_what_a_split_paid_out_leaves_its_cost_to_the_other_shares():
    # 12 at 100 become 1 at 800, half a share was paid out: 1 x 810 - 1,200.
    fills = [fill(1, "buy", 12, 100), fill(3, "sell", 1, 810)]
    (trip,) = round_trips(fills, splits=[SplitEvent(2, "", Decimal("0.125"), Decimal(12), Decimal(1))])
    assert (trip.entry_price, trip.quantity, trip.pnl) == (800, 1, -390)
