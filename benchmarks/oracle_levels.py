"""The plain reference of W3: signals with a stop, a trail and a target, in Python's own numbers.

``rules="exact"``: a signal fills at the open; then stop (fixed or trailing, the
tighter) and after it the target are tested, in the entry bar too; a gap fills at
the open, else the level does; only then the trail follows the bar's high.
``rules="vectorbt"``: levels act from the bar after the entry, and one that is met
inside a bar beats a signal that is due at its open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.oracle import CASH, FEE, SLIPPAGE, Trade

__all__ = ["simulate_levels"]


def simulate_levels(
    bars: tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]],
    decisions: Sequence[int],
    stop: float,
    trail: float,
    target: float,
    rules: str,
) -> tuple[list[float], list[Trade]]:
    """Return the equity at each close and the closed round trips; a level of 0 is none."""
    open_, high, low, close = bars
    as_vectorbt = rules == "vectorbt"
    cash, shares, paid, highest, entered = CASH, 0.0, 0.0, 0.0, -1
    equity, trades = [], []

    def met(bar: int) -> float:
        floor = max(paid * (1 - stop) if stop else -math.inf, highest * (1 - trail) if trail else -math.inf)
        ceiling = paid * (1 + target) if target else math.inf
        is_held = bar > entered
        if is_held and open_[bar] <= floor:
            return open_[bar]
        if low[bar] <= floor:
            return floor
        if is_held and open_[bar] >= ceiling:
            return open_[bar]
        return ceiling if high[bar] >= ceiling else 0.0

    for bar in range(len(close)):
        decided = decisions[bar - 1] if bar else 0
        price = 0.0
        if shares and as_vectorbt:
            price = met(bar)
            highest = max(highest, high[bar])
        if not price:
            if shares and decided < 0:
                price = open_[bar]
            elif not shares and decided > 0:
                paid, entered = open_[bar] * (1 + SLIPPAGE), bar
                shares, cash, highest = cash / (paid * (1 + FEE)), 0.0, paid
            if shares and not price and not as_vectorbt:
                price = met(bar)
                highest = max(highest, high[bar])
        if price and shares:
            sold = price * (1 - SLIPPAGE)
            cash += shares * sold * (1 - FEE)
            trades.append(Trade(entered, bar, paid, sold))
            shares = 0.0
        equity.append(cash + shares * close[bar])
    return equity, trades
