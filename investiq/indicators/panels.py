"""The kernels over many symbols at once, compiled: each row is computed by the kernel of one series.

A loop takes the arrays to write to, the row of the first symbol in them, the prices
of consecutive symbols without a gap, and the parameters of its kernel.
"""

from __future__ import annotations

from typing import Any

from investiq.core.compiling import jit
from investiq.indicators.ranges import deviation_bands, smoothed_place
from investiq.indicators.recursions import (
    average_range,
    convergence,
    directional,
    recursive_average,
    relative_strength,
    signed_sum,
)
from investiq.indicators.windows import all_finite, lay, mean_into

__all__: list[str] = []


@jit
def mark_whole(values: Any, whole: Any) -> None:
    """Set `whole` to False for the rows that hold NaN or infinity."""
    for row in range(values.shape[0]):
        whole[row] = whole[row] and all_finite((values[row],))


@jit
def mean_rows(results: Any, first: int, values: Any, window: int) -> None:
    """Fill in `rolling_mean`."""
    for row in range(values.shape[0]):
        mean_into(values[row], window, results[0][first + row])


@jit
def average_rows(results: Any, first: int, values: Any, window: int, weight: float, from_mean: bool) -> None:
    """Fill in `recursive_average`."""
    for row in range(values.shape[0]):
        lay(recursive_average(values[row], window, weight, from_mean), results[0][first + row])


@jit
def strength_rows(results: Any, first: int, values: Any, window: int) -> None:
    """Fill in `relative_strength`."""
    for row in range(values.shape[0]):
        lay(relative_strength(values[row], window), results[0][first + row])


@jit
def convergence_rows(results: Any, first: int, values: Any, fast: int, slow: int, signal: int, fast_from: int) -> None:
    """Fill in `convergence`."""
    for row in range(values.shape[0]):
        _lay_lines(convergence(values[row], fast, slow, signal, fast_from), results, first + row)


@jit
def bands_rows(results: Any, first: int, values: Any, window: int, width: float, rounding: float) -> None:
    """Fill in `deviation_bands`."""
    for row in range(values.shape[0]):
        _lay_lines(deviation_bands(values[row], window, width, rounding), results, first + row)


@jit
def range_rows(results: Any, first: int, high: Any, low: Any, close: Any, window: int, start: int) -> None:
    """Fill in `average_range`."""
    for row in range(close.shape[0]):
        lay(average_range(high[row], low[row], close[row], window, start), results[0][first + row])


@jit
def place_rows(
    results: Any, first: int, high: Any, low: Any, close: Any, window: int, slowing: int, smooth: int
) -> None:
    """Fill in `smoothed_place`."""
    for row in range(close.shape[0]):
        _lay_lines(smoothed_place(high[row], low[row], close[row], window, slowing, smooth), results, first + row)


@jit
def directional_rows(results: Any, first: int, high: Any, low: Any, close: Any, window: int, movements: int) -> None:
    """Fill in `directional`."""
    for row in range(close.shape[0]):
        _lay_lines(directional(high[row], low[row], close[row], window, movements), results, first + row)


@jit
def sum_rows(results: Any, first: int, close: Any, volume: Any, from_volume: bool) -> None:
    """Fill in `signed_sum`."""
    for row in range(close.shape[0]):
        start = volume[row, 0] if from_volume else 0.0
        lay(signed_sum(close[row], volume[row], start), results[0][first + row])


@jit
def _lay_lines(lines: Any, results: Any, row: int) -> None:
    for line in range(len(results)):
        lay(lines[line], results[line][row])
