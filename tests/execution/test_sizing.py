"""Tests of `investiq.execution.sizing`."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.decimals import ARITHMETIC
from investiq.execution.sizing import Purchase, wanted_quantity
from tests.execution.markets import options


def purchase(cash, price, *, before=0, **changes):
    return Purchase(options=options(**changes), cash=Decimal(cash), price=Decimal(price), shares_before=Decimal(before))


def test_a_weight_of_equity_is_floored_to_whole_shares():
    # 0.5 x 100,000 / 96 = 520.83.
    assert wanted_quantity(options(), equity=Decimal(100_000), price=Decimal(96)) == 520


def test_without_equity_nothing_is_wanted():
    assert wanted_quantity(options(), equity=Decimal(0), price=Decimal(96)) == 0
    assert wanted_quantity(options(lot=None), equity=Decimal(-5), price=Decimal(96)) == 0


def test_a_percentage_fee_is_left_room_for():
    # 100 x 100 + 1 % = 10,100 is too much; 99 x 100 + 99.00 = 9,999.00.
    buy = purchase("10000", "100", costs=Costs(commission_rate=0.01, slippage_bps=0))
    assert not buy.is_affordable(Decimal(100))
    assert buy.largest_affordable(Decimal(100)) == 99


def test_a_minimum_fee_is_left_room_for():
    # 10 x 100 + 1.00 = 1,001; 9 x 100 + 1.00 = 901.
    fees = PerShareFees(tiers=((math.inf, 0.005),), minimum_usd=1.0)
    assert purchase("1000", "100", costs=Costs(per_share=fees, slippage_bps=0)).largest_affordable(Decimal(10)) == 9


def test_a_minimum_fee_above_the_cash_affords_nothing():
    fees = PerShareFees(minimum_usd=5.0)
    costs = Costs(per_share=fees, slippage_bps=0)
    assert purchase("4", "1", costs=costs).largest_affordable(Decimal(4)) == 0
    assert purchase("4", "1", costs=costs, lot=None).largest_affordable(Decimal(4)) == 0


def test_tiers_decide_how_many_shares_the_cash_pays():
    # 20 shares left in the 1.00 tier, then 0.50 a share. n > 20 shares at 10 cost 10 n + 20 + 0.50 (n - 20):
    # n = 37 costs 398.50, n = 38 costs 409.00.
    fees = PerShareFees(tiers=((100, 1.0), (math.inf, 0.5)))
    buy = purchase("400", "10", before=80, costs=Costs(per_share=fees, slippage_bps=0))
    assert buy.largest_affordable(Decimal(40)) == 37


def test_unrounded_quantities_with_tiers_spend_the_cash_exactly():
    # 10 q + 20 + 0.5 (q - 20) = 400 at q = 390 / 10.5.
    fees = PerShareFees(tiers=((100, 1.0), (math.inf, 0.5)))
    costs = Costs(per_share=fees, slippage_bps=0)
    buy = purchase("400", "10", before=80, costs=costs, lot=None, posting_rounding=None)
    assert buy.largest_affordable(Decimal(40)) == pytest.approx(
        ARITHMETIC.divide(Decimal(390), Decimal("10.5")), abs=Decimal("1e-24")
    )


def test_unrounded_quantities_with_a_percentage_fee_follow_the_closed_form():
    # cash / (price x 1.001).
    costs = Costs(commission_rate=0.001, slippage_bps=0)
    buy = purchase("1001", "80", costs=costs, lot=None, posting_rounding=None)
    assert buy.largest_affordable(Decimal(100)) == Decimal("12.5")


def test_the_posted_amount_is_what_cash_must_cover():
    # 33.333333 x 3 = 99.999999 is posted as 100.00: affordable with 100.00, not with 99.99.
    assert purchase("100.00", "3", lot=1e-6).is_affordable(Decimal("33.333333"))
    assert not purchase("99.99", "3", lot=1e-6).is_affordable(Decimal("33.333333"))
    # The most that posts as 99.99 is below 99.995, a half that would go to the even 100.00:
    # a millionth of a cent less than 99.995 is 33.33166666333.. shares, so 33.331666.
    assert purchase("99.99", "3", lot=1e-6).largest_affordable(Decimal("33.333333")) == Decimal("33.331666")


def test_no_cash_affords_nothing():
    for lot in (1.0, None):
        assert purchase("0", "3", lot=lot).largest_affordable(Decimal(10)) == 0
        assert purchase("-7", "3", lot=lot).largest_affordable(Decimal(10)) == 0
