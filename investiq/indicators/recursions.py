"""Averages that carry their past along, and what is built on them, compiled.

Inputs hold no NaN; results are NaN until the average has its first value.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from investiq.core.compiling import jit

__all__: list[str] = []

# Averages of a price that stands still for thousands of bars shrink until their quotient has no digits.
TINY: Final = 1e-290


@jit
def recursive_average(values: Any, window: int, weight: float, from_mean: bool) -> Any:
    """Return ``average += weight * (newest - average)`` from row ``window - 1`` on.

    It starts there with the mean of the first `window` values, or, without
    `from_mean`, with the very first value, `window` - 1 bars before.
    """
    averages = np.full(values.size, np.nan)
    _average_into(values, window, weight, from_mean, averages)
    return averages


@jit
def _average_into(values: Any, window: int, weight: float, from_mean: bool, averages: Any) -> None:
    if values.size < window:
        return
    average = values[0]
    for bar in range(1, window):
        average += values[bar] if from_mean else weight * (values[bar] - average)
    if from_mean:
        average /= window
    averages[window - 1] = average
    _carry_on(average, weight, values[window:], averages[window:])


@jit
def _carry_on(average: float, weight: float, values: Any, averages: Any) -> None:
    """Fill in the averages after `average`, four at a time, as only the step from four to four has to wait."""
    kept = 1 - weight
    kept_2, kept_3, kept_4 = kept**2, kept**3, kept**4
    whole = values.size // 4 * 4
    for bar in range(0, whole, 4):
        one = weight * values[bar]
        two = weight * values[bar + 1] + kept * one
        three = weight * values[bar + 2] + kept * two
        four = weight * values[bar + 3] + kept * three
        averages[bar] = one + kept * average
        averages[bar + 1] = two + kept_2 * average
        averages[bar + 2] = three + kept_3 * average
        average = four + kept_4 * average
        averages[bar + 3] = average
    for bar in range(whole, values.size):
        average = weight * values[bar] + kept * average
        averages[bar] = average


@jit
def convergence(values: Any, fast: int, slow: int, signal: int, fast_from: int) -> Any:
    """Return line, signal and histogram of MACD; the fast average starts with the `fast` values from row `fast_from`."""
    lines = np.full((3, values.size), np.nan)
    if values.size < slow:
        return lines
    line, smoothed, histogram = lines[0][slow - 1 :], lines[1][slow - 1 :], lines[2][slow - 1 :]
    quick = recursive_average(values[fast_from:], fast, 2 / (fast + 1), True)[slow - 1 - fast_from :]
    lazy = recursive_average(values, slow, 2 / (slow + 1), True)[slow - 1 :]
    for bar in range(line.size):
        line[bar] = quick[bar] - lazy[bar]
    _average_into(line, signal, 2 / (signal + 1), True, smoothed)
    for bar in range(line.size):
        histogram[bar] = line[bar] - smoothed[bar]
    return lines


@jit
def relative_strength(values: Any, window: int) -> Any:
    """Return Wilder's RSI: 50 before the first move, and its last value while the price stands still."""
    size = values.size
    index = np.full(size, np.nan)
    if size <= window:
        return index
    gain, loss = 0.0, 0.0
    for bar in range(1, window + 1):
        change = values[bar] - values[bar - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    newest = 1 / window
    gain, loss, kept = gain * newest, loss * newest, 1 - newest
    last = 100 * (gain / (gain + loss)) if gain + loss > TINY else 50.0
    index[window] = last
    for bar in range(window + 1, size):
        change = values[bar] - values[bar - 1]
        gain = gain * kept + max(change, 0.0) * newest
        loss = loss * kept + max(-change, 0.0) * newest
        if gain + loss > TINY:
            last = 100 * (gain / (gain + loss))
        index[bar] = last
    return index


@jit
def signed_sum(close: Any, volume: Any, first: float) -> Any:
    """Return `first` plus the volume of each bar after the first, signed by the move of the close."""
    balance = np.empty(close.size)
    for bar in range(close.size):
        change = close[bar] - close[max(bar - 1, 0)]
        first += volume[bar] if change > 0 else (-volume[bar] if change < 0 else 0.0)
        balance[bar] = first
    return balance


@jit
def true_ranges(high: Any, low: Any, close: Any) -> Any:
    """Return the true range of each bar; that of the first, which has no previous close, is its high - low."""
    ranges = high - low
    if ranges.size > 1:
        _stretch(high[1:], low[1:], close, ranges[1:])
    return ranges


@jit
def _stretch(high: Any, low: Any, before: Any, ranges: Any) -> None:
    for bar in range(ranges.size):
        top = high[bar] if high[bar] > before[bar] else before[bar]
        bottom = low[bar] if low[bar] < before[bar] else before[bar]
        ranges[bar] = top - bottom


@jit
def average_range(high: Any, low: Any, close: Any, window: int, first: int) -> Any:
    """Return the Wilder average of the true ranges from row `first` on."""
    average = np.full(high.size, np.nan)
    if high.size > first:
        _average_into(true_ranges(high, low, close)[first:], window, 1 / window, True, average[first:])
    return average


@jit
def directional(high: Any, low: Any, close: Any, window: int, movements: int) -> Any:
    """Return ADX, +DI and -DI; their sums start with the first `movements` movements."""
    size = high.size
    lines = np.full((3, size), np.nan)
    index, plus, minus = lines[0], lines[1], lines[2]
    up, down, ranges = 0.0, 0.0, 0.0
    average, differences = 0.0, 0
    for bar in range(1, size):
        rise, fall = high[bar] - high[bar - 1], low[bar - 1] - low[bar]
        true_range = max(high[bar], close[bar - 1]) - min(low[bar], close[bar - 1])
        if bar > movements:
            up, down, ranges = up - up / window, down - down / window, ranges - ranges / window
        up += rise if rise > fall and rise > 0 else 0.0
        down += fall if fall > rise and fall > 0 else 0.0
        ranges += true_range
        if bar < window:
            continue
        plus[bar] = 100 * (up / ranges) if ranges > TINY else 0.0
        minus[bar] = 100 * (down / ranges) if ranges > TINY else 0.0
        both = up + down
        difference = 100 * (abs(up - down) / both) if both > TINY else 0.0
        differences += 1
        if differences <= window:
            average += difference / window
        elif both > TINY:
            average += (difference - average) / window
        if differences >= window:
            index[bar] = average
    return lines


@jit
def cascade(values: Any, sections: Any) -> Any:
    """Run second-order sections of gain 1 at frequency 0 over `values`, as if the first had stood there for ever.

    A row of `sections` holds b0, b1, b2, a1 and a2 (a0 is 1).
    """
    out = values.copy()
    for section in range(sections.shape[0] if out.size else 0):
        b0, b1, b2, a1, a2 = sections[section]
        newer, older = out[0] * (1 - b0), out[0] * (b2 - a2)
        for bar in range(out.size):
            price = out[bar]
            smooth = b0 * price + newer
            newer = b1 * price - a1 * smooth + older
            older = b2 * price - a2 * smooth
            out[bar] = smooth
    return out
