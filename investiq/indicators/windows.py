"""Sums, moments, lines and extremes of trailing windows, compiled.

Each climbs a ladder: what is known of the last k bars, joined with the same of the
k bars before, gives 2k, and with one bar more 2k + 1; the binary digits of `window`
say which. So nothing is ever subtracted from a running total: a price that has
fallen a lot keeps its digits, and equal windows give equal values wherever the
series begins. The cost grows with the logarithm of `window`.

Inputs hold no NaN; the first ``window - 1`` values of each result are NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from investiq.core.compiling import jit

__all__: list[str] = []


@jit
def all_finite(columns: Any) -> bool:
    """Return whether a tuple of one-dimensional arrays holds neither NaN nor infinity."""
    for values in columns:
        count = 0
        for bar in range(values.size):
            count += abs(values[bar]) < np.inf
        if count != values.size:
            return False
    return True


@jit
def lay(values: Any, place: Any) -> None:
    """Copy `values` to `place`; the slice assignment ``place[:] = values`` takes seconds to compile."""
    for bar in range(values.size):
        place[bar] = values[bar]


@jit
def rolling_sum(values: Any, window: int) -> Any:
    """Return the sum of each trailing window."""
    if values.size < window:
        return np.full(values.size, np.nan)
    if window == 1:
        return values.copy()
    total, above = np.empty(values.size), np.empty(values.size)
    top = _rungs(window) - 1
    _climb_sum(values, values, 1, (window >> top) & 1, total)
    for shift in range(top - 1, -1, -1):
        _climb_sum(total, values, window >> (shift + 1), (window >> shift) & 1, above)
        total, above = above, total
    _blank(total, window)
    return total


@jit
def rolling_mean(values: Any, window: int) -> Any:
    """Return the mean of each trailing window."""
    mean = np.empty(values.size)
    mean_into(values, window, mean)
    return mean


@jit
def mean_into(values: Any, window: int, mean: Any) -> None:
    """Write the mean of each trailing window, a stretch at a time: the rungs of a long series would not stay in the cache."""
    _blank(mean, min(window, mean.size + 1))
    stretch = max(4096, 8 * window)
    for start in range(window - 1, values.size, stretch):
        total = rolling_sum(values[start - window + 1 : start + stretch], window)
        place = mean[start : start + stretch]
        newest = total[window - 1 :]
        for bar in range(place.size):
            place[bar] = newest[bar] / window


@jit
def rolling_moments(values: Any, window: int, rounding: float) -> Any:
    """Return mean and population deviation of each trailing window; one within `rounding` of the mean is 0."""
    moments = np.full((2, values.size), np.nan)
    moments_into(values, window, rounding, moments[0], moments[1])
    return moments


@jit
def moments_into(values: Any, window: int, rounding: float, mean: Any, deviation: Any) -> None:
    """Write the moments from row ``window - 1`` on."""
    size = values.size
    if size < window:
        return
    total, above = values.copy(), np.empty(size)
    squares, squares_above = np.zeros(size), np.empty(size)
    for shift in range(_rungs(window) - 1, -1, -1):
        width, odd = window >> (shift + 1), (window >> shift) & 1
        _climb_squares(total, squares, values, width, odd, squares_above)
        _climb_sum(total, values, width, odd, above)
        total, above, squares, squares_above = above, total, squares_above, squares
    _divide(total, window)
    lay(total[window - 1 :], mean[window - 1 :])
    _root(squares[window - 1 :], total[window - 1 :], 1 / window, rounding, deviation[window - 1 :])


@jit
def rolling_line(values: Any, window: int) -> Any:
    """Return mean and slope of the least-squares line through each trailing window of at least two bars."""
    size = values.size
    line = np.full((2, size), np.nan)
    if size < window:
        return line
    total, above = values.copy(), np.empty(size)
    cross, cross_above = np.zeros(size), np.empty(size)
    for shift in range(_rungs(window) - 1, -1, -1):
        width, odd = window >> (shift + 1), (window >> shift) & 1
        _climb_cross(total, cross, values, width, odd, cross_above)
        _climb_sum(total, values, width, odd, above)
        total, above, cross, cross_above = above, total, cross_above, cross
    _divide(total, window)
    _divide(cross, window * (float(window) ** 2 - 1) / 12)
    lay(total[window - 1 :], line[0][window - 1 :])
    lay(cross[window - 1 :], line[1][window - 1 :])
    return line


@jit
def rolling_max(values: Any, window: int) -> Any:
    """Return the largest of each trailing window."""
    if values.size < window:
        return np.full(values.size, np.nan)
    largest, above = values.copy(), np.empty(values.size)
    width = 1
    while width < window:
        # Windows may overlap, so the last step need not double.
        step = min(width, window - width)
        _larger(largest[step:], largest[: values.size - step], above[step:])
        largest, above = above, largest
        width += step
    _blank(largest, window)
    return largest


@jit
def rolling_min(values: Any, window: int) -> Any:
    """Return the smallest of each trailing window."""
    return -rolling_max(-values, window)


@jit
def mean_deviation(values: Any, mean: Any, window: int) -> Any:
    """Return the mean absolute distance of each trailing window from `mean`, its own."""
    size = values.size
    if size < window:
        return np.full(size, np.nan)
    distance = np.zeros(size)
    for age in range(window):
        _add_distance(values[window - 1 - age : size - age], mean[window - 1 :], distance[window - 1 :])
    _divide(distance, window)
    _blank(distance, window)
    return distance


@jit
def _rungs(window: int) -> int:
    """Return how many steps lead from one bar to `window`: the binary digits after the first."""
    count = 0
    while window >> (count + 1):
        count += 1
    return count


# One loop per result: the compiler turns each into vector instructions.


@jit
def _climb_sum(rung: Any, values: Any, width: int, odd: int, above: Any) -> None:
    first = 2 * width - 1 + odd
    newer, older, joint = rung[first:], rung[first - width :], above[first:]
    if odd:
        for bar in range(joint.size):
            joint[bar] = newer[bar] + older[bar] + values[bar]
    else:
        for bar in range(joint.size):
            joint[bar] = newer[bar] + older[bar]


@jit
def _climb_squares(rung: Any, squares: Any, values: Any, width: int, odd: int, above: Any) -> None:
    """Join squares about the mean of parts to squares about the common mean: Chan, Golub and LeVeque (1979)."""
    first = 2 * width - 1 + odd
    newer, older, joint = rung[first:], rung[first - width :], above[first:]
    newer_squares, older_squares = squares[first:], squares[first - width :]
    share, part, last_share = 0.5 / width, 0.5 / width, 2 * width / (2 * width + 1)
    for bar in range(joint.size):
        apart = newer[bar] - older[bar]
        joint[bar] = newer_squares[bar] + older_squares[bar] + apart * apart * share
    if odd:
        for bar in range(joint.size):
            apart = (newer[bar] + older[bar]) * part - values[bar]
            joint[bar] += apart * apart * last_share


@jit
def _climb_cross(rung: Any, cross: Any, values: Any, width: int, odd: int, above: Any) -> None:
    """Join products with time about the mean; the middles of two parts lie half their joint width apart."""
    first = 2 * width - 1 + odd
    newer, older, joint = rung[first:], rung[first - width :], above[first:]
    newer_cross, older_cross, lever = cross[first:], cross[first - width :], 0.5 * width
    for bar in range(joint.size):
        joint[bar] = newer_cross[bar] + older_cross[bar] + (newer[bar] - older[bar]) * lever
    if odd:
        for bar in range(joint.size):
            joint[bar] += (newer[bar] + older[bar]) * 0.5 - values[bar] * width


@jit
def _larger(newer: Any, older: Any, joint: Any) -> None:
    for bar in range(joint.size):
        joint[bar] = newer[bar] if newer[bar] > older[bar] else older[bar]


@jit
def _blank(values: Any, window: int) -> None:
    for bar in range(window - 1):
        values[bar] = np.nan


@jit
def _divide(values: Any, by: float) -> None:
    for bar in range(values.size):
        values[bar] /= by


@jit
def _root(squares: Any, mean: Any, share: float, rounding: float, deviation: Any) -> None:
    for bar in range(squares.size):
        root = np.sqrt(squares[bar] * share)
        deviation[bar] = root if root > rounding * abs(mean[bar]) else 0.0


@jit
def _add_distance(values: Any, mean: Any, distance: Any) -> None:
    for bar in range(distance.size):
        distance[bar] += abs(values[bar] - mean[bar])
