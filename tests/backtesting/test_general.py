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
