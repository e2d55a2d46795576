"""What a strategy decided on bars, in the form that `running.simulate` takes, and parts of it."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

from investiq.backtesting.decisions import Decisions, from_codes
from investiq.core.orders import Signal
from investiq.history.bars import Bars
from investiq.strategies.base import Strategy

__all__ = ["Plan", "part_of", "plan_of"]

# One code per bar where that says it all, else the orders with their sizes and prices.
Plan: TypeAlias = Decisions | tuple[Signal, ...]


def plan_of(strategy: Strategy, bars: Bars) -> Plan:
    """Return what `strategy` decides on `bars`."""
    kind = type(strategy)
    is_plain = (
        kind.signals is Strategy.signals and kind.sizes is Strategy.sizes and kind.confidences is Strategy.confidences
    )
    return from_codes(strategy.decide(bars), len(bars)) if is_plain else tuple(strategy.signals(bars))


def part_of(plan: Plan, first: int, end: int, acts_from: int) -> Plan:
    """Return the plan of the bars ``[first, end)``, without what was decided before `acts_from`.

    Decisions read their own past only, so they are what a trader of that stretch
    would have had.
    """
    if isinstance(plan, Decisions):
        codes = plan.codes[first:end].copy()
        codes[: max(acts_from - first, 0)] = 0
        return from_codes(codes, codes.size)
    kept = (signal for signal in plan if max(first, acts_from) <= signal.bar < end)
    return tuple(dataclasses.replace(signal, bar=signal.bar - first) for signal in kept)
