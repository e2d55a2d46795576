"""The compiled rules of the strategies: columns in, one int8 decision per bar out.

A comparison with NaN is false, so a rule decides nothing where a column has too few bars.
"""

from __future__ import annotations

from investiq.core.compiling import jit

__all__ = ["breakout", "buy_and_hold", "crossover"]


@jit
def buy_and_hold(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Buy at the first bar; no columns."""
    for bar in range(out.size):
        out[bar] = 1 if bar == 0 else 0


@jit
def crossover(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Buy where columns[0] crosses above columns[1], sell where it crosses below: beyond now, not beyond one bar before."""
    fast = columns[0]
    slow = columns[1]
    for bar in range(out.size):
        decision = 0
        if bar > 0:
            if fast[bar] > slow[bar] and fast[bar - 1] <= slow[bar - 1]:
                decision = 1
            elif fast[bar] < slow[bar] and fast[bar - 1] >= slow[bar - 1]:
                decision = -1
        out[bar] = decision


@jit
def breakout(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Buy where columns[0] lies above columns[1], sell where it lies below columns[2]."""
    close = columns[0]
    highest = columns[1]
    lowest = columns[2]
    for bar in range(out.size):
        decision = 0
        if close[bar] > highest[bar]:
            decision = 1
        elif close[bar] < lowest[bar]:
            decision = -1
        out[bar] = decision
