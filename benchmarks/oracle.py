"""The plain reference of the benchmarks: two moving averages and a cash account, in Python's own numbers.

Rules of workload W1: all of the cash at each entry, a fee of 10 bp of the traded
value and 5 bp of slippage against the trader on each side, fractional quantities
without any rounding, decided at a close and filled at the next open, an open
position marked at the last close. Averages are exact sums (`math.fsum`) of each
window, so that no running sum decides a crossing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "CASH",
    "FEE",
    "SLIPPAGE",
    "Trade",
    "crossover_decisions",
    "max_drawdown",
    "moving_average",
    "sharpe_ratio",
    "simulate",
    "simulate_with_levels",
]

CASH = 100_000.0
FEE = 0.001
SLIPPAGE = 0.0005


class Trade(NamedTuple):
    """One closed round trip: bars and prices of entry and exit, slippage included."""

    entry_bar: int
    exit_bar: int
    entry_price: float
    exit_price: float


def moving_average(close: Sequence[float], window: int) -> list[float]:
    """Return the mean of each trailing window; NaN before the first whole one."""
    return [
        math.fsum(close[bar + 1 - window : bar + 1]) / window if bar + 1 >= window else math.nan
        for bar in range(len(close))
    ]


def crossover_decisions(close: Sequence[float], fast: int, slow: int) -> list[int]:
    """Return 1 where the fast average crosses above the slow one, -1 where it crosses below, else 0."""
    quick, calm = moving_average(close, fast), moving_average(close, slow)
    decisions = [0] * len(close)
    for bar in range(1, len(close)):
        if quick[bar] > calm[bar] and quick[bar - 1] <= calm[bar - 1]:
            decisions[bar] = 1
        elif quick[bar] < calm[bar] and quick[bar - 1] >= calm[bar - 1]:
            decisions[bar] = -1
    return decisions


def simulate(
    open_: Sequence[float], close: Sequence[float], decisions: Sequence[int]
) -> tuple[list[float], list[Trade]]:
    """Return the equity at each close and the closed round trips."""
    cash, shares, paid, entered = CASH, 0.0, 0.0, -1
    equity, trades = [], []
    for bar in range(len(close)):
        decided = decisions[bar - 1] if bar else 0
        if decided > 0 and not shares:
            paid, entered = open_[bar] * (1 + SLIPPAGE), bar
            shares, cash = cash / (paid * (1 + FEE)), 0.0
        elif decided < 0 and shares:
            price = open_[bar] * (1 - SLIPPAGE)
            cash += shares * price * (1 - FEE)
            trades.append(Trade(entered, bar, paid, price))
            shares = 0.0
        equity.append(cash + shares * close[bar])
    return equity, trades


def simulate_with_levels(
    bars: tuple[Sequence[float], ...], decisions: Sequence[int], trail: float, target: float
) -> tuple[list[float], list[Trade]]:
    """Return equity and round trips with a trailing stop and a target, by the rules of vectorbt.

    Levels live from the bar after the entry; one that is touched anywhere in a bar comes
    before a sale that was decided for its open, the stop before the target; the stop
    follows the highest high of the bars after the entry, from the bar after each.
    """
    cash, shares, paid, highest, entered = CASH, 0.0, 0.0, 0.0, -1
    equity, trades = [], []
    for bar, (open_, high, low, close) in enumerate(zip(*bars, strict=True)):
        decided = decisions[bar - 1] if bar else 0
        if shares:
            stop, goal = highest * (1 - trail), paid * (1 + target)
            price = None
            if open_ <= stop or low <= stop:
                price = min(open_, stop)
            elif open_ >= goal or high >= goal:
                price = max(open_, goal)
            elif decided < 0:
                price = open_
            if price is not None:
                cash = shares * price * (1 - SLIPPAGE) * (1 - FEE)
                trades.append(Trade(entered, bar, paid, price * (1 - SLIPPAGE)))
                shares = 0.0
            highest = max(highest, high)
        elif decided > 0:
            paid, entered = open_ * (1 + SLIPPAGE), bar
            shares, cash, highest = cash / (paid * (1 + FEE)), 0.0, paid
        equity.append(cash + shares * close)
    return equity, trades


def sharpe_ratio(equity: Sequence[float], periods_per_year: float = 252.0) -> float:
    """Return the annual Sharpe ratio of simple returns from the opening capital on, ddof 1, risk-free 0."""
    points = [CASH, *equity]
    returns = [after / before - 1 for before, after in itertools.pairwise(points)]
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
    return mean / math.sqrt(variance) * math.sqrt(periods_per_year)


def max_drawdown(equity: Sequence[float]) -> float:
    """Return the largest loss from a peak, the opening capital included, as a fraction <= 0."""
    peak, worst = CASH, 0.0
    for each in equity:
        peak = max(peak, each)
        worst = min(worst, each / peak - 1)
    return worst
