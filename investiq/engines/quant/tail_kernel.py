"""Compiled: the ends of trailing windows of returns, and the falls within windows of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from investiq.engines.rules import FloatArray

__all__: list[str] = []

# The median absolute deviation of a normal distribution is its standard deviation over this.
MAD_TO_DEVIATION: Final = 1.4826022185056018


@jit
def trailing_tails(values: FloatArray, window: int, share: float, tail: float) -> FloatArray:
    """Return quantile `share`, mean of the lowest and mean of the highest `tail` values, shape (3, n).

    `tail` may be no whole number: the value on the edge counts for the fraction.
    """
    found = np.full((3, values.size), np.nan)
    if values.size < window:
        return found
    ordered = np.sort(values[:window])
    whole = int(tail)
    place = share * (window - 1)
    low = int(place)
    for row in range(window - 1, values.size):
        if row >= window:
            leaving, coming = values[row - window], values[row]
            at = np.searchsorted(ordered, leaving)
            while at + 1 < window and ordered[at + 1] < coming:
                ordered[at] = ordered[at + 1]
                at += 1
            while at > 0 and ordered[at - 1] > coming:
                ordered[at] = ordered[at - 1]
                at -= 1
            ordered[at] = coming
        worst, best = 0.0, 0.0
        for each in range(whole):
            worst += ordered[each]
            best += ordered[window - 1 - each]
        worst += (tail - whole) * ordered[whole]
        best += (tail - whole) * ordered[window - 1 - whole]
        found[0, row] = ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])
        found[1, row] = worst / tail
        found[2, row] = best / tail
    return found


@jit
def trailing_scores(values: FloatArray, window: int) -> FloatArray:
    """Return how many robust deviations each value lies from the median of the `window` before it.

    The deviation is 1.4826 times the median distance from the median; NaN before a full window and where it is 0.
    """
    found = np.full(values.size, np.nan)
    if values.size <= window:
        return found
    ordered = np.sort(values[:window])
    half = window // 2
    for row in range(window, values.size):
        if row > window:
            leaving, coming = values[row - 1 - window], values[row - 1]
            at = np.searchsorted(ordered, leaving)
            while at + 1 < window and ordered[at + 1] < coming:
                ordered[at] = ordered[at + 1]
                at += 1
            while at > 0 and ordered[at - 1] > coming:
                ordered[at] = ordered[at - 1]
                at -= 1
            ordered[at] = coming
        middle = ordered[half] if window % 2 else 0.5 * (ordered[half - 1] + ordered[half])
        # Distances grow to both sides of the median: take the nearer one until half of them are passed.
        below, above = half - 1, half
        last, before = 0.0, 0.0
        for _ in range(half + 1):
            before = last
            if above >= window or (below >= 0 and middle - ordered[below] <= ordered[above] - middle):
                last = middle - ordered[below]
                below -= 1
            else:
                last = ordered[above] - middle
                above += 1
        spread = MAD_TO_DEVIATION * (last if window % 2 else 0.5 * (before + last))
        if spread > 0:
            found[row] = (values[row] - middle) / spread
    return found


@jit
def trailing_falls(prices: FloatArray, window: int) -> FloatArray:
    """Return the deepest fall within the last `window` prices, the last one's fall, and the bars since its peak, (3, n)."""
    found = np.full((3, prices.size), np.nan)
    for row in range(window - 1, prices.size):
        first = row - window + 1
        peak, peak_row, deepest = prices[first], first, 0.0
        for each in range(first, row + 1):
            price = prices[each]
            if price >= peak:
                peak, peak_row = price, each
            elif price / peak - 1 < deepest:
                deepest = price / peak - 1
        found[0, row] = deepest
        found[1, row] = prices[row] / peak - 1
        found[2, row] = row - peak_row
    return found
