"""Compiled passes over returns and equity: the sums that the tables of metrics are made of."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from investiq.core.compiling import is_ready, jit
from investiq.metrics.formulas import PEAK_ROUNDING
from investiq.metrics.inputs import FloatArray

__all__: list[str] = []  # compiled parts of other modules


class AccountMoments(NamedTuple):
    """What one pass over an equity curve leaves.

    Attributes
    ----------
    undefined : int
        The first row before the last whose equity is not positive, so that the
        returns after it do not exist; -1 where all do.
    mean, squares : float
        Of the returns; the squares are summed around the mean.
    shortfalls : float
        Sum of squared returns below the target.
    best, worst : float
    depth : float
        The deepest drawdown, <= 0.
    longest : int
        The longest drawdown in periods, from its peak to its recovery.
    is_ongoing : bool
        Whether the longest one still lasts.
    """

    undefined: int
    mean: float
    squares: float
    shortfalls: float
    best: float
    worst: float
    depth: float
    longest: int
    is_ongoing: bool


def account_moments(equity: FloatArray, target: float) -> AccountMoments:
    """Return the sums of an equity curve of two points or more, without NaN, that opens above zero."""
    return AccountMoments(*_moments(np.ascontiguousarray(equity), target))


def moments_are_ready() -> bool:
    """Return whether `account_moments` would not have to be compiled first."""
    return is_ready(_moments)


def compile_moments() -> None:
    """Compile what `account_moments` calls, or load it from the disk."""
    account_moments(np.array([1.0, 2.0]), 0.0)


@jit
def _moments(equity: Any, target: float) -> Any:
    n = equity.size
    changes = np.empty(n - 1)
    befores, nows = equity[:-1], equity[1:]
    for row in range(n - 1):
        changes[row] = nows[row] / befores[row] - 1.0
    peak, peak_row, trough = equity[0], 0, equity[0]
    depth, longest, undefined = 0.0, 0, -1
    total, best, worst = 0.0, -math.inf, math.inf
    # One loop for what waits on itself in turn: the sum, the extremes and the peak do not wait on each other.
    for row in range(1, n):
        now, change = equity[row], changes[row - 1]
        if equity[row - 1] <= 0.0 and undefined < 0:
            undefined = row - 1
        total += change
        best = max(best, change)
        worst = min(worst, change)
        if now >= peak * (1.0 - PEAK_ROUNDING):
            depth = min(depth, trough / peak - 1.0)
            # Two neighbouring peaks are one bar apart without any drawdown between them.
            if row - peak_row > max(longest, 1):
                longest = row - peak_row
            peak, peak_row, trough = max(peak, now), row, now
        elif now < trough:
            trough = now
    depth = min(depth, trough / peak - 1.0)
    ongoing = n - 1 - peak_row
    if undefined >= 0:
        return undefined, np.nan, np.nan, np.nan, np.nan, np.nan, depth, max(longest, ongoing), ongoing > longest

    mean = total / (n - 1)
    squares, shortfalls = 0.0, 0.0
    for change in changes:
        squares += (change - mean) ** 2
        shortfall = min(change - target, 0.0)
        shortfalls += shortfall * shortfall
    return -1, mean, squares, shortfalls, best, worst, depth, max(longest, ongoing), ongoing > longest


@jit
def window_moments(values: Any, window: int, ddof: int) -> Any:
    """Return mean and standard deviation of each full window, each computed afresh: nothing drifts."""
    count = values.size - window + 1
    mean, spread = np.empty(count), np.empty(count)
    for start in range(count):
        total = 0.0
        for row in range(start, start + window):
            total += values[row]
        centre = total / window
        squares = 0.0
        for row in range(start, start + window):
            squares += (values[row] - centre) ** 2
        mean[start] = centre
        spread[start] = math.sqrt(squares / (window - ddof))
    return mean, spread
