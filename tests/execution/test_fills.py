"""Tests of `investiq.execution.fills`."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.fills import order_fee, slipped


def per_share(quantity, *, before=0, **fees):
    costs = Costs(commission_rate=0.5, per_share=PerShareFees(**fees))
    return order_fee(costs, quantity=Decimal(quantity), price=Decimal(100), shares_before=Decimal(before))


def test_slippage_is_against_the_trader_on_both_sides():
    costs = Costs(slippage_bps=100)
    assert slipped(Decimal(100), "buy", costs) == 101
    assert slipped(Decimal(100), "sell", costs) == 99


def test_a_percentage_fee_is_a_share_of_the_traded_value():
    # 500 x 110 x 0.1 % = 55.
    costs = Costs(commission_rate=0.001)
    assert order_fee(costs, quantity=Decimal(500), price=Decimal(110), shares_before=Decimal(0)) == 55


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
