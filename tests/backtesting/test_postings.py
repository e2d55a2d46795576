"""The compiled money arithmetic, by hand and by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.backtesting import postings, running
from investiq.backtesting.postings import Grid
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.options import RunOptions

CENT = running.grid_of(0.01)
JANUARY = np.array(["2024-01-30", "2024-01-31", "2024-02-01"], dtype="datetime64[us]")


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0.125, 0.12),  # a half goes to the even cent below
        (0.135, 0.14),  # and to the even cent above
        (2.675, 2.68),  # binary 2.67499999999999982 is a half in decimal
        (1.005, 1.00),  # binary 1.00499999999999989 is a half, to the even cent
        (0.12499, 0.12),
        (0.12501, 0.13),
        (-0.125, -0.12),
    ],
)
def test_amounts_are_rounded_half_even_as_in_decimal(amount, expected):
    assert postings.rounded(amount, CENT) == expected


def test_a_rounded_amount_is_the_float_nearest_to_the_decimal():
    # 6 x 0.01 is 0.06 in decimal, but 6 * 0.01 is 0.06 only by luck; 29 * 0.01 is 0.29000000000000004.
    assert postings.rounded(0.2900001, CENT) == 0.29
    assert postings.rounded(110.00000000000001, running.grid_of(1e-6)) == 110.0


def test_no_grid_means_no_rounding():
    assert postings.rounded(0.123456789, running.grid_of(None)) == 0.123456789


def test_a_grid_divides_where_the_inverse_of_its_unit_is_whole():
    assert running.grid_of(0.01) == Grid(1.0, 100.0)
    assert running.grid_of(1e-6) == Grid(1.0, 1e6)
    assert running.grid_of(1.0) == Grid(1.0, 1.0)
    assert running.grid_of(10.0) == Grid(10.0, 1.0)
    assert running.grid_of(0.3) == Grid(0.3, 1.0)
    assert running.grid_of(None) == Grid(1.0, 0.0)


def test_a_quantity_within_a_rounding_of_a_lot_counts_as_the_lot():
    assert postings.lots_in(499.9999999999, running.grid_of(1.0)) == 500
    assert postings.lots_in(499.99999, running.grid_of(1.0)) == 499
    # 500 shares in lots of 1e-6 are 5e8 lots, where one rounding of float64 is 6e-8 lots.
    assert postings.lots_in(np.nextafter(500.0, 0.0), running.grid_of(1e-6)) == 500_000_000


def fee(quantity: float, bar: int, fees: postings.Fees, costs: Costs) -> float:
    rules = running.rules_of(RunOptions(costs=costs))
    return postings.fee_of(quantity, quantity * 100.0, np.int64(bar), fees, rules)


def test_tiers_count_the_shares_of_the_calendar_month():
    costs = Costs(per_share=PerShareFees(tiers=((800, 0.005), (math.inf, 0.003))))
    fees = running.fees_of(costs, JANUARY)
    fees.traded[:] = fees.months[0], 500
    # 300 shares at 0.005 and 200 at 0.003; in February 500 at 0.005.
    assert fee(500.0, 1, fees, costs) == pytest.approx(1.5 + 0.6)
    assert fee(500.0, 2, fees, costs) == pytest.approx(2.5)


def test_minimum_comes_before_maximum():
    costs = Costs(per_share=PerShareFees(tiers=((math.inf, 0.01),), minimum_usd=2.0, maximum_usd=1.5))
    assert fee(10.0, 0, running.fees_of(costs, JANUARY), costs) == 1.5


FEES = st.sampled_from(
    [
        Costs(commission_rate=0.001, slippage_bps=0),
        Costs(commission_rate=0.0, slippage_bps=0),
        Costs(slippage_bps=0, per_share=PerShareFees(tiers=((40, 0.5), (math.inf, 0.1)), minimum_usd=1.0)),
    ]
)


@given(
    cash=st.integers(1, 1_000_000).map(lambda cents: cents / 100),
    price=st.integers(100, 100_000).map(lambda cents: cents / 100),
    costs=FEES,
)
def test_a_reduced_order_is_the_largest_that_cash_covers(cash, price, costs):
    rules = running.rules_of(RunOptions(costs=costs))
    fees = running.fees_of(costs, JANUARY)
    bar = np.int64(0)
    most = int(cash / price) + 2

    def cost(shares: int) -> float:
        # In cents, where every amount of the test is whole.
        posted_fee = fee(float(shares), 0, fees, costs) if costs.per_share else shares * price * costs.commission_rate
        return round(shares * price * 100) + round(posted_fee * 100 + 1e-9)

    best = max(shares for shares in range(most + 1) if cost(shares) <= round(cash * 100) or shares == 0)
    found = postings.affordable_quantity(float(most), price, cash, bar, fees, rules)
    # One cent of a fee that lies on a half may round either way here; the law's rounding is tested above.
    assert found == best or abs(cost(max(int(found), best)) - round(cash * 100)) <= 1


def test_all_cash_is_spent_without_a_lot():
    costs = Costs(commission_rate=0.001, slippage_bps=0)
    rules = running.rules_of(RunOptions(costs=costs, lot=None, posting_rounding=None))
    # 100,000 / (50 x 1.001)
    quantity = postings.affordable_quantity(1e9, 50.0, 1e5, np.int64(0), running.fees_of(costs, JANUARY), rules)
    assert quantity == pytest.approx(1998.001998001998, rel=1e-15)


def test_all_cash_is_spent_without_a_lot_at_a_fee_per_share():
    costs = Costs(slippage_bps=0, per_share=PerShareFees(tiers=((100, 1.0), (math.inf, 0.5))))
    rules = running.rules_of(RunOptions(costs=costs, lot=None, posting_rounding=None))
    # 100 shares cost 100 x 11; the other 9,900 buy at 10.50 each: 942.857142...
    quantity = postings.affordable_quantity(
        5_000.0, 10.0, 11_000.0, np.int64(0), running.fees_of(costs, JANUARY), rules
    )
    assert quantity == pytest.approx(100 + 9_900 / 10.5, rel=1e-14)
