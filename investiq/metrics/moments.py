"""Compiled passes over returns and equity: the sums that the tables of metrics are made of."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

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


def account_moments(equity: FloatArray, target: float, opening: float | None = None) -> AccountMoments:
    """Return the sums of an equity curve of two points or more, without NaN, that opens above zero.

    The first point is `opening` where that is given, else that of `equity`.
    """
    values = np.ascontiguousarray(equity)[0 if opening is not None else 1 :]
    values.flags.writeable = False  # a read-only array is a type of its own to the compiler
    if opening is None:
        opening = float(equity[0])
    return AccountMoments(*_moments(opening, values, target))


def moments_are_ready() -> bool:
    """Return whether `account_moments` would not have to be compiled first."""
    return is_ready(_moments)


def compile_moments() -> None:
    """Compile what `account_moments` calls, or load it from the disk."""
    account_moments(np.array([1.0, 2.0]), 0.0)


# Returns are computed this many at a time: once for sum and extremes, and again for the squares around their mean.
_STRETCH: Final = 1024


@jit
def _moments(opening: float, equity: Any, target: float) -> Any:
    count = equity.size
    changes = np.empty(min(count, _STRETCH))
    peak, peak_row, trough = opening, 0, opening
    depth, longest, undefined = 0.0, 0, -1
    total, best, worst = 0.0, -math.inf, math.inf
    before = opening
    for start in range(0, count, _STRETCH):
        part = changes_of(opening, equity, start, changes)
        # One loop for what waits on itself in turn: the sum, the extremes and the peak do not wait on each other.
        for step in range(part.size):
            row, now, change = start + step + 1, equity[start + step], part[step]
            if before <= 0.0 and undefined < 0:
                undefined = row - 1
            before = now
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
    ongoing = count - peak_row
    if undefined >= 0:
        return undefined, np.nan, np.nan, np.nan, np.nan, np.nan, depth, max(longest, ongoing), ongoing > longest

    mean = total / count
    squares, shortfalls = 0.0, 0.0
    for start in range(0, count, _STRETCH):
        for change in changes_of(opening, equity, start, changes):
            squares += (change - mean) ** 2
            shortfall = min(change - target, 0.0)
            shortfalls += shortfall * shortfall
    return -1, mean, squares, shortfalls, best, worst, depth, max(longest, ongoing), ongoing > longest


@jit
def changes_of(opening: float, equity: Any, start: int, changes: Any) -> Any:
    """Return the returns of a stretch from row `start` on, written to `changes`."""
    nows = equity[start : start + _STRETCH]
    part = changes[: nows.size]
    part[0] = nows[0] / (opening if start == 0 else equity[start - 1]) - 1.0
    later, befores = nows[1:], nows[:-1]
    rest = part[1:]
    for row in range(rest.size):
        rest[row] = later[row] / befores[row] - 1.0
    return part


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
