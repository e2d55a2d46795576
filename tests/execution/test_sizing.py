"""Tests of `investiq.execution.sizing`."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.decimals import ARITHMETIC
from investiq.execution.fills import Venue
from investiq.execution.sizing import Opening, wanted_quantity
from tests.execution.markets import options


def opening(room, price, *, side="buy", before=0, **changes):
    run_options = options(**changes)
    venue = Venue(costs=run_options.costs, side=side, raw=Decimal(price))
    return Opening(options=run_options, venue=venue, room=Decimal(room), shares_before=Decimal(before))


def purchase(cash, price, **changes):
    """A buy of an account that is flat and has no margin: its room is its cash."""
    return opening(cash, price, **changes)


def test_money_buys_whole_shares():
    # 50,000 / 96 = 520.83.
    assert wanted_quantity(options(), money=Decimal(50_000), price=Decimal(96)) == 520


def test_without_money_nothing_is_wanted():
    assert wanted_quantity(options(), money=Decimal(0), price=Decimal(96)) == 0
    assert wanted_quantity(options(lot=None), money=Decimal(-5), price=Decimal(96)) == 0


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


def test_the_closed_form_with_margin_and_slippage():
    # (m E' - gross) / (O (1 + m (s + f (1 + s)))) = (2 x 100,000 - 40,000) / (50 x (1 + 2 x (0.01 + 0.001 x 1.01))).
    costs = Costs(commission_rate=0.001, slippage_bps=100)
    buy = opening("160000", "50", margin=2.0, debit_rate=0.0, costs=costs, lot=None, posting_rounding=None)
    assert float(buy.largest_affordable(Decimal(10_000))) == pytest.approx(160_000 / (50 * 1.02202), rel=1e-15)


def test_a_short_loses_its_slippage_and_its_fee():
    # Sold at 49.50: each share adds 50.00 of exposure and costs 0.50 + 0.0495 of equity.
    costs = Costs(commission_rate=0.001, slippage_bps=100)
    sell = opening("50000", "50", side="sell", costs=costs, lot=None, posting_rounding=None)
    assert float(sell.largest_affordable(Decimal(10_000))) == pytest.approx(50_000 / 50.5495, rel=1e-15)
    assert opening("50000", "50", side="sell", costs=costs).largest_affordable(Decimal(10_000)) == 989
