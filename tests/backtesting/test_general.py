"""The general kernel: every golden case, and what the table leaves open, worked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from investiq.backtesting import general, postings
from investiq.backtesting.events import log_lines
from investiq.core.orders import FillReason
from tests.answers.golden_cases import GOLDEN_CASES, GoldenFill, differences, scenario_of
from tests.answers.worked_cases import WORKED_CASES

REASONS = get_args(FillReason)


def golden_fills(scenario, run):
    """Return the kernel's fills in the form of the table."""
    return [
        GoldenFill(
            bar=int(row[postings.BAR]),
            side="buy" if row[postings.SIDE] > 0 else "sell",
            symbol=scenario.symbols[int(row[postings.SYMBOL])],
            quantity=Decimal(repr(float(row[postings.QUANTITY]))),
            price=Decimal(repr(float(row[postings.PRICE]))),
            fee=Decimal(repr(float(row[postings.FEE]))),
            reason=REASONS[int(row[postings.REASON])],
        )
        for row in run.fills
    ]


@pytest.mark.parametrize("case", GOLDEN_CASES + WORKED_CASES, ids=str)
def test_general_kernel_reproduces_the_case_worked_by_hand(case):
    scenario, options = scenario_of(case)
    run = general.simulate_scenario(scenario, options)
    fills = golden_fills(scenario, run)
    assert differences(case, fills=fills, cash=run.cash, equity=run.equity, log=log_lines(run)) == []


def test_a_margin_call_tells_half_a_cent_as_it_would_be_posted():
    # A quarter of 575 x 64.54 and 0.3 of 1,314 x 98.20 are 9,277.625 + 38,710.44 = 47,988.065: to the even cent.
    from investiq.backtesting import events
    from investiq.backtesting import general_state as g

    required = 0.25 * 575 * 64.54 + 0.3 * 1314 * 98.2
    assert events._text(g.LOG_MARGIN_CALL, required, 22418.97) == "margin call: equity 22418.97 < 47988.06"
