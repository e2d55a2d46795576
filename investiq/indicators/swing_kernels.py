"""Compiled passes over swing points, each walking from bar to bar and reading nothing ahead.

A swing is carried by the bar that confirms it: ``found[t]`` is the row of the
extreme that bar t confirms, -1 where it confirms none. With `sign` 1 an extreme
is a peak, with -1 a trough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from investiq.indicators.observations import FloatArray

    Rows = NDArray[np.int64]

__all__: list[str] = []


@jit
def confirmed_extremes(values: FloatArray, sign: float, left: int, right: int) -> Rows:
    """Return `found`: extremes beyond `left` values before and `right` after; of equal ones the last is the extreme."""
    found = np.full(values.size, -1)
    for t in range(left + right, values.size):
        extreme = t - right
        level = sign * values[extreme]
        beats_all = True
        for later in range(extreme + 1, t + 1):
            if sign * values[later] >= level:
                beats_all = False
                break
        if not beats_all:
            continue
        first = extreme
        while first > 0 and values[first - 1] == values[extreme]:
            first -= 1
        if first < left:
            continue
        for earlier in range(first - left, first):
            if sign * values[earlier] >= level:
                beats_all = False
                break
        if beats_all:
            found[t] = extreme
    return found


@jit
def nearest_levels(close: FloatArray, values: FloatArray, found: Rows, window: int, sign: float) -> Rows:
    """Return the row of the extreme nearest to each close: not below it with `sign` 1, not above it with -1.

    Extremes of the last `window` bars only; -1 where none is on that side, and
    the later one of two equal ones.
    """
    nearest = np.full(close.size, -1)
    for t in range(close.size):
        oldest = max(0, t - window + 1)
        closest = np.inf
        for confirming in range(oldest, t + 1):
            extreme = found[confirming]
            if extreme < oldest:
                continue
            gap = sign * (values[extreme] - close[t])
            if 0 <= gap <= closest:
                closest = gap
                nearest[t] = extreme
    return nearest


@jit
def steps_between(values: FloatArray, found: Rows, window: int) -> tuple[Rows, Rows]:
    """Count, at each bar, the extremes of the last `window` bars that lie above and below the one before them."""
    above = np.zeros(values.size, dtype=np.int64)
    below = np.zeros(values.size, dtype=np.int64)
    for t in range(values.size):
        oldest = max(0, t - window + 1)
        before = -1
        for confirming in range(oldest, t + 1):
            extreme = found[confirming]
            if extreme < oldest:
                continue
            if before >= 0:
                if values[extreme] > values[before]:
                    above[t] += 1
                elif values[extreme] < values[before]:
                    below[t] += 1
            before = extreme
    return above, below


@jit
def breaks_of_structure(close: FloatArray, high: FloatArray, low: FloatArray, peaks: Rows, troughs: Rows) -> FloatArray:
    """Return 1 at the first close above the latest swing high, -1 at the first below the latest swing low, else 0."""
    broken = np.zeros(close.size)
    ceiling, floor = np.nan, np.nan
    for t in range(close.size):
        if peaks[t] >= 0:
            ceiling = high[peaks[t]]
        if troughs[t] >= 0:
            floor = low[troughs[t]]
        if close[t] > ceiling:
            broken[t] = 1.0
            ceiling = np.nan
        elif close[t] < floor:
            broken[t] = -1.0
            floor = np.nan
    return broken


@jit
def divergent_pairs(
    price: FloatArray,
    oscillator: FloatArray,
    price_found: Rows,
    oscillator_found: Rows,
    sign: float,
    within: int,
    nearest: int,
    farthest: int,
    window: int,
) -> Rows:
    """Return the rows of two price and two oscillator extremes at the bar that completes a divergence.

    Shape (4, n_bars): first and second of the price, first and second of the
    oscillator, -1 at bars that complete none. An extreme of the price meets the
    first extreme of the oscillator that is confirmed and at most `within` bars
    away (the later one of two at once). It is compared with the latest met
    extreme that lies `nearest` to `farthest` bars before it.
    """
    size = price.size
    completed = np.full((4, size), -1)
    of_price, of_oscillator = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    count = 0
    for t in range(size):
        for confirming in range(max(0, t - within), t + 1):
            second = price_found[confirming]
            if second < 0 or (count > 0 and of_price[count - 1] >= second):
                continue
            partner = -1
            for other in range(t, max(0, confirming - within) - 1, -1):
                if oscillator_found[other] >= 0:
                    partner = oscillator_found[other]
                    break
            if partner < 0:
                continue
            for earlier in range(count - 1, -1, -1):
                first = of_price[earlier]
                if second - first < nearest:
                    continue
                if second - first > farthest or t - first >= window:
                    break
                if (
                    sign * (price[second] - price[first]) > 0
                    and sign * (oscillator[partner] - oscillator[of_oscillator[earlier]]) < 0
                ):
                    completed[0, t], completed[1, t] = first, second
                    completed[2, t], completed[3, t] = of_oscillator[earlier], partner
                break
            of_price[count], of_oscillator[count] = second, partner
            count += 1
    return completed
