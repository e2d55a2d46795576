"""The table of golden cases is complete and adds up."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

import pytest

from tests.answers.golden_cases import GOLDEN_CASES, scenario_of
from tests.answers.worked_cases import WORKED_CASES

CASES = (*GOLDEN_CASES, *WORKED_CASES)


def exact(value):
    return Decimal(repr(float(value)).removesuffix(".0"))


def equity_by_hand(case):
    """Cash + shares x last close + dividends due, from the fills and actions of the table alone."""
    held = dict.fromkeys(case.market, Decimal(0))
    due, marks, equity = [], {}, []
    for bar, cash in enumerate(case.cash):
        for split in case.given.get("splits", ()):
            if split.bar == bar:
                held["A"] = (held["A"] * exact(split.ratio)).quantize(Decimal(1), ROUND_DOWN)
        for dividend in case.given.get("dividends", ()):
            if dividend.bar == bar:
                due.append((dividend.pay_bar, held["A"] * exact(dividend.amount)))
        for fill in case.fills:
            if fill.bar == bar:
                held[fill.symbol] += fill.quantity if fill.side == "buy" else -fill.quantity
        marks.update({symbol: bars[bar].close for symbol, bars in case.market.items() if bars[bar] is not None})
        receivable = sum(amount for pay_bar, amount in due if pay_bar is None or pay_bar > bar)
        equity.append(cash + sum(held[symbol] * marks[symbol] for symbol in held) + receivable)
    return tuple(equity)


def test_the_table_holds_every_golden_case_once():
    assert [case.id for case in GOLDEN_CASES] == [f"GC-{number:02d}" for number in range(1, 89)]
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cash_and_positions_of_the_table_add_up_to_its_equity(case):
    rounded = tuple(value.quantize(Decimal("0.01")) for value in equity_by_hand(case))
    assert rounded == case.equity


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bars_of_the_table_are_consistent(case):
    scenario, _ = scenario_of(case)
    assert len(case.cash) == len(case.equity) == scenario.n_bars
    for bars in case.market.values():
        assert len(bars) == scenario.n_bars
        assert all(b.low <= min(b.open, b.close) and max(b.open, b.close) <= b.high for b in bars if b is not None)
