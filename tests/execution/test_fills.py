"""Tests of `investiq.execution.fills`."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.fills import OrderFees, Venue, slipped


def fee_of(costs, side, quantity, price, before=0, paid=None):
    """The state of the order after a fill, and the fee of that fill."""
    return (paid or OrderFees()).after(
        costs, side, quantity=Decimal(quantity), price=Decimal(price), shares_before=Decimal(before)
    )


def per_share(quantity, *, before=0, **fees):
    costs = Costs(commission_rate=0.5, per_share=PerShareFees(**fees))
    return fee_of(costs, "buy", quantity, 100, before)[1]


def test_slippage_is_against_the_trader_on_both_sides():
    costs = Costs(slippage_bps=100)
    assert slipped(Decimal(100), "buy", costs) == 101
    assert slipped(Decimal(100), "sell", costs) == 99


def test_a_percentage_fee_is_a_share_of_the_traded_value():
    # 500 x 110 x 0.1 % = 55.
    costs = Costs(commission_rate=0.001)
    assert fee_of(costs, "buy", 500, 110)[1] == 55


TIERS = ((300, 0.01), (1000, 0.005), (math.inf, 0.001))


@pytest.mark.parametrize(
    ("quantity", "before", "fee"),
    [
        # 200 shares of the first tier: 200 x 0.01.
        (200, 0, "2.00"),
        # 300 x 0.01 + 200 x 0.005.
        (500, 0, "4.00"),
        # 100 x 0.01 + 700 x 0.005 + 200 x 0.001.
        (1000, 200, "4.70"),
        # A month that has left the first two tiers: 500 x 0.001.
        (500, 1000, "0.50"),
    ],
)
def test_each_share_pays_the_rate_of_the_tier_it_falls_in(quantity, before, fee):
    assert per_share(quantity, before=before, tiers=TIERS) == Decimal(fee)


def test_the_minimum_and_the_maximum_bound_the_order():
    tiers = ((math.inf, 0.005),)
    assert per_share(100, tiers=tiers, minimum_usd=1.0, maximum_usd=3.0) == 1
    assert per_share(400, tiers=tiers, minimum_usd=1.0, maximum_usd=3.0) == 2
    assert per_share(1000, tiers=tiers, minimum_usd=1.0, maximum_usd=3.0) == 3


def test_a_maximum_of_zero_is_none():
    assert per_share(100_000, tiers=((math.inf, 0.005),)) == 500


def test_minimum_and_maximum_count_once_over_the_fills_of_an_order():
    # 0.01 a share, at least 1.00, at most 3.00: 50 shares owe 0.50 and pay 1.00; with 100 more the order owes 1.50,
    # so 0.50; with 200 more it owes 3.50, so 1.50 to the maximum.
    costs = Costs(per_share=PerShareFees(tiers=((math.inf, 0.01),), minimum_usd=1.0, maximum_usd=3.0))
    paid, fees = None, []
    for quantity, before in ((50, 0), (100, 50), (200, 150)):
        paid, fee = fee_of(costs, "buy", quantity, 100, before, paid)
        fees.append(fee)
    assert fees == [Decimal("1.00"), Decimal("0.50"), Decimal("1.50")]


def test_the_greatest_share_of_the_notional_is_taken_after_the_minimum():
    # 10 shares at 2.00 are 20.00; 1 % of it is 0.20, below the minimum of 1.00.
    costs = Costs(per_share=PerShareFees(minimum_usd=1.0, maximum_rate=0.01))
    assert fee_of(costs, "buy", 10, 2)[1] == Decimal("0.20")


def test_the_regulatory_fee_is_of_sales_only():
    # 100 x 50 x (0.1 % + 0.02 %) = 6.00 sold, 5.00 bought.
    costs = Costs(commission_rate=0.001, sell_fee_rate=0.0002)
    assert fee_of(costs, "sell", 100, 50)[1] == 6
    assert fee_of(costs, "buy", 100, 50)[1] == 5


def impacted(side, **changes):
    return Venue(
        costs=Costs(commission_rate=0, slippage_bps=5, impact=MarketImpact()),
        side=side,
        raw=Decimal(50),
        **{"volatility": Decimal("0.02"), "average_volume": Decimal(1_000_000), **changes},
    )


@pytest.mark.parametrize(("side", "price"), [("buy", "50.125"), ("sell", "49.875")])
def test_impact_adds_to_slippage_against_the_trader(side, price):
    # 0.02 x sqrt(10,000 / 1,000,000) = 20 bps and 5 bps of slippage are 0.125 of 50.
    assert impacted(side).price(Decimal(10_000)) == Decimal(price)
    assert impacted(side).losses(Decimal(10_000)) == (250, 1000)


@pytest.mark.parametrize("missing", ["volatility", "average_volume"])
def test_without_a_history_there_is_no_impact(missing):
    assert impacted("buy", **{missing: None}).price(Decimal(10_000)) == Decimal("50.025")


def test_a_limit_pays_neither_slippage_nor_impact():
    assert impacted("buy", pays_slippage=False).price(Decimal(10_000)) == 50


def test_slippage_does_not_cross_the_limit_of_a_stop_limit_order():
    assert impacted("buy", limit=Decimal("50.10")).price(Decimal(10_000)) == Decimal("50.10")
    assert impacted("sell", limit=Decimal("49.90")).price(Decimal(10_000)) == Decimal("49.90")


@pytest.mark.parametrize(("side", "price"), [("buy", "50.13"), ("sell", "49.87")])
def test_a_tick_rounds_against_the_trader(side, price):
    assert impacted(side, tick=Decimal("0.01")).price(Decimal(10_000)) == Decimal(price)
