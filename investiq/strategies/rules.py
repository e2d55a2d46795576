"""The compiled rules of the strategies: columns in, one int8 decision per bar out.

A comparison with NaN is false, so a rule decides nothing where a column has too few bars.
An entry on the rising edge needs a bar before it on which its condition was known and not
met, so a position that a stop has closed is not opened again by a condition that still holds.
"""

from __future__ import annotations

import numpy as np

from investiq.core.compiling import jit

__all__ = [
    "breakout",
    "buy_and_hold",
    "crossover",
    "donchian_trend",
    "mean_reversion",
    "momentum",
    "score_threshold",
    "trend_crossover",
]


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
    out[:1] = 0
    # Without a branch on the averages, which no processor predicts.
    for bar in range(1, out.size):
        rises = (fast[bar] > slow[bar]) & (fast[bar - 1] <= slow[bar - 1])
        falls = (fast[bar] < slow[bar]) & (fast[bar - 1] >= slow[bar - 1])
        out[bar] = np.int8(rises) - np.int8(falls)


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


@jit
def donchian_trend(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Columns: what must reach the level, the level, close, its average. Parameter: the buffer above the level."""
    reaching = columns[0]
    level = columns[1]
    close = columns[2]
    average = columns[3]
    above = 1.0 + parameters[0]
    stood = True
    for bar in range(out.size):
        decision = 0
        known = level[bar] == level[bar] and average[bar] == average[bar]
        stands = known and reaching[bar] >= level[bar] * above and close[bar] > average[bar]
        if stands and not stood:
            decision = 1
        elif close[bar] < average[bar]:
            decision = -1
        stood = stands or not known
        out[bar] = decision


@jit
def momentum(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Columns: change, close, average, rank, velocity, regime. Parameters: least rank, least velocity, regimes as bits."""
    change = columns[0]
    close = columns[1]
    average = columns[2]
    rank = columns[3]
    velocity = columns[4]
    regime = columns[5]
    allowed = int(parameters[2])
    stood = True
    for bar in range(out.size):
        decision = 0
        known = rank[bar] == rank[bar] and velocity[bar] == velocity[bar] and regime[bar] == regime[bar]
        known = known and average[bar] == average[bar] and change[bar] == change[bar]
        stands = (
            known
            and change[bar] >= 0
            and close[bar] > average[bar]
            and rank[bar] >= parameters[0]
            and velocity[bar] >= parameters[1]
            and (allowed >> int(regime[bar])) & 1 == 1
        )
        if stands and not stood:
            decision = 1
        elif close[bar] < average[bar] or change[bar] < 0:
            decision = -1
        stood = stands or not known
        out[bar] = decision


@jit
def mean_reversion(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Columns: z-score, regime. Parameters: entry, exit, regimes as bits, bars before a z-score can be undefined."""
    z = columns[0]
    regime = columns[1]
    allowed = int(parameters[2])
    first = int(parameters[3])
    stood = True
    for bar in range(out.size):
        decision = 0
        known = z[bar] == z[bar] and regime[bar] == regime[bar]
        stands = known and z[bar] <= parameters[0] and (allowed >> int(regime[bar])) & 1 == 1
        if stands and not stood:
            decision = 1
        elif z[bar] >= parameters[1] or (z[bar] != z[bar] and bar >= first):
            decision = -1
        stood = stands or not known
        out[bar] = decision


@jit
def trend_crossover(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Columns: close, two averages, RSI, MACD histogram. Parameters: RSI bounds of a buy."""
    close = columns[0]
    fast = columns[1]
    slow = columns[2]
    rsi = columns[3]
    histogram = columns[4]
    low = parameters[0]
    high = parameters[1]
    for bar in range(out.size):
        decision = 0
        if bar > 0:
            rises = histogram[bar] > 0 and histogram[bar - 1] <= 0
            falls = histogram[bar] < 0 and histogram[bar - 1] >= 0
            between = low < rsi[bar] and rsi[bar] < high
            outside = rsi[bar] > high or rsi[bar] < low
            if rises and between and close[bar] > fast[bar] and close[bar] > slow[bar]:
                decision = 1
            elif falls and outside and close[bar] < fast[bar] and close[bar] < slow[bar]:
                decision = -1
        out[bar] = decision


@jit
def score_threshold(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Buy where columns[0] is at least parameters[0], sell where it is at most parameters[1]."""
    score = columns[0]
    for bar in range(out.size):
        decision = 0
        if score[bar] >= parameters[0]:
            decision = 1
        elif score[bar] <= parameters[1]:
            decision = -1
        out[bar] = decision
