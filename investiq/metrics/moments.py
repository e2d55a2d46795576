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
    if opening is None:
        opening, equity = float(equity[0]), equity[1:]
    values = read_only(equity)
    return AccountMoments(*_moments(opening, values, target))


def read_only(values: FloatArray) -> FloatArray:
    """Return contiguous `values` that cannot be written to: to the compiler a read-only array is a type of its own."""
    values = np.ascontiguousarray(values)
    if values.flags.writeable:
        values = values.view()
        values.flags.writeable = False
    return values


def deepest_drawdown(equity: FloatArray, opening: float) -> float:
    """Return the deepest drawdown, <= 0, of an equity curve that begins with `opening`, before its first value."""
    return float(_depth(opening, read_only(equity)))


def moments_are_ready() -> bool:
    """Return whether nothing here would have to be compiled first."""
    return is_ready(_moments) and is_ready(_depth)


def compile_moments() -> None:
    """Compile what the metrics of an account call, or load it from the disk."""
    account_moments(np.array([1.0, 2.0]), 0.0)
    deepest_drawdown(np.ones(1), 1.0)


# Returns are computed this many at a time, and stay in the fastest memory for the second look at them.
_STRETCH: Final = 1024


@jit
def _moments(opening: float, equity: Any, target: float) -> Any:
    count = equity.size
    changes = np.empty(min(count, _STRETCH))
    peak, peak_row, trough, depth, longest = opening, 0, opening, 0.0, 0
    mean, squares, shortfalls = 0.0, 0.0, 0.0
    best, worst = -math.inf, math.inf
    for start in range(0, count, _STRETCH):
        part = changes_of(opening, equity, start, changes)
        total, highest, lowest = sums_of(part)
        best, worst = max(best, highest), min(worst, lowest)
        centre = total / part.size
        within, below = squares_of(part, centre, target)
        # Squares about the mean of a stretch become squares about the common mean: Chan, Golub and LeVeque (1979).
        share = part.size / (start + part.size)
        squares += within + (centre - mean) ** 2 * start * share
        mean += (centre - mean) * share
        shortfalls += below

        values = equity[start : start + part.size]
        peak, peak_row, trough, depth, longest = fallen(values, start, peak, peak_row, trough, depth, longest)
    depth = min(depth, trough / peak - 1.0)
    ongoing = count - peak_row
    under_water = depth, max(longest, ongoing), ongoing > longest
    if depth <= -1.0:
        undefined = first_not_positive(equity)
        if undefined >= 0:
            return undefined, np.nan, np.nan, np.nan, np.nan, np.nan, *under_water
    return -1, mean, squares, shortfalls, best, worst, *under_water


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


@jit(inlined=True)
def fallen(values: Any, start: int, peak: float, peak_row: int, trough: float, depth: float, longest: int) -> Any:
    """Return peak, its row, the lowest since, the deepest and the longest drawdown after a stretch from row `start` on."""
    regained = peak * (1.0 - PEAK_ROUNDING)
    highest, lowest = extremes_of(values)
    if highest < regained:
        return peak, peak_row, min(trough, lowest), depth, longest
    for step in range(values.size):
        now = values[step]
        if now >= regained:
            row = start + step + 1
            if trough < peak:
                depth = min(depth, trough / peak - 1.0)
            # Two neighbouring peaks are one bar apart without any drawdown between them.
            if row - peak_row > max(longest, 1):
                longest = row - peak_row
            if now > peak:
                peak, regained = now, now * (1.0 - PEAK_ROUNDING)
            peak_row, trough = row, now
        elif now < trough:
            trough = now
    return peak, peak_row, trough, depth, longest


@jit
def _depth(opening: float, equity: Any) -> Any:
    peak, _, trough, depth, _ = fallen(equity, 0, opening, 0, opening, 0.0, 0)
    return min(depth, trough / peak - 1.0)


# Four of everything at once, which the processor does side by side.


@jit
def sums_of(values: Any) -> Any:
    """Return sum, largest and smallest."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    h0, h1, h2, h3 = -math.inf, -math.inf, -math.inf, -math.inf
    l0, l1, l2, l3 = math.inf, math.inf, math.inf, math.inf
    whole = values.size - values.size % 4
    for row in range(0, whole, 4):
        v0, v1, v2, v3 = values[row], values[row + 1], values[row + 2], values[row + 3]
        s0, s1, s2, s3 = s0 + v0, s1 + v1, s2 + v2, s3 + v3
        h0, h1, h2, h3 = max(h0, v0), max(h1, v1), max(h2, v2), max(h3, v3)
        l0, l1, l2, l3 = min(l0, v0), min(l1, v1), min(l2, v2), min(l3, v3)
    for row in range(whole, values.size):
        s0, h0, l0 = s0 + values[row], max(h0, values[row]), min(l0, values[row])
    return (s0 + s1) + (s2 + s3), max(max(h0, h1), max(h2, h3)), min(min(l0, l1), min(l2, l3))


@jit
def extremes_of(values: Any) -> Any:
    """Return largest and smallest."""
    h0, h1, h2, h3 = -math.inf, -math.inf, -math.inf, -math.inf
    l0, l1, l2, l3 = math.inf, math.inf, math.inf, math.inf
    whole = values.size - values.size % 4
    for row in range(0, whole, 4):
        v0, v1, v2, v3 = values[row], values[row + 1], values[row + 2], values[row + 3]
        h0, h1, h2, h3 = max(h0, v0), max(h1, v1), max(h2, v2), max(h3, v3)
        l0, l1, l2, l3 = min(l0, v0), min(l1, v1), min(l2, v2), min(l3, v3)
    for row in range(whole, values.size):
        h0, l0 = max(h0, values[row]), min(l0, values[row])
    return max(max(h0, h1), max(h2, h3)), min(min(l0, l1), min(l2, l3))


@jit
def squares_of(values: Any, mean: float, target: float) -> Any:
    """Return the sum of squares around `mean`, and that of what lies below `target`."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    b0, b1, b2, b3 = 0.0, 0.0, 0.0, 0.0
    whole = values.size - values.size % 4
    for row in range(0, whole, 4):
        v0, v1, v2, v3 = values[row], values[row + 1], values[row + 2], values[row + 3]
        s0, s1, s2, s3 = s0 + (v0 - mean) ** 2, s1 + (v1 - mean) ** 2, s2 + (v2 - mean) ** 2, s3 + (v3 - mean) ** 2
        v0, v1, v2, v3 = min(v0 - target, 0.0), min(v1 - target, 0.0), min(v2 - target, 0.0), min(v3 - target, 0.0)
        b0, b1, b2, b3 = b0 + v0 * v0, b1 + v1 * v1, b2 + v2 * v2, b3 + v3 * v3
    for row in range(whole, values.size):
        s0, b0 = s0 + (values[row] - mean) ** 2, b0 + min(values[row] - target, 0.0) ** 2
    return (s0 + s1) + (s2 + s3), (b0 + b1) + (b2 + b3)


@jit
def first_not_positive(equity: Any) -> int:
    """Return the first point before the last at which nothing is left, the opening being point 0; -1 for none."""
    for row in range(equity.size - 1):
        if equity[row] <= 0.0:
            return row + 1
    return -1


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
