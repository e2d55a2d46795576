"""Where a price lies between its bounds or on its line, compiled: bands, stochastic, channel index, fit.

Inputs hold no NaN; results are NaN until their windows are full.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from investiq.core.compiling import jit
from investiq.indicators.windows import (
    lay,
    mean_deviation,
    moments_into,
    rolling_line,
    rolling_max,
    rolling_mean,
    rolling_moments,
)

__all__: list[str] = []


@jit
def deviation_bands(values: Any, window: int, width: float, rounding: float) -> Any:
    """Return lower band, mean, upper band, width relative to the mean and the place between the bands."""
    bands, deviation = np.empty((5, values.size)), np.full(values.size, np.nan)
    mean = bands[1]
    lay(deviation, mean)
    moments_into(values, window, rounding, mean, deviation)
    _away(mean, deviation, -width, bands[0])
    _away(mean, deviation, width, bands[2])
    _relative(mean, deviation, 2 * width, bands[3])
    _place(values, mean, deviation, width, bands[4])
    return bands


@jit
def _away(mean: Any, deviation: Any, width: float, band: Any) -> None:
    for bar in range(band.size):
        band[bar] = mean[bar] + width * deviation[bar]


@jit
def _relative(mean: Any, deviation: Any, width: float, relative: Any) -> None:
    for bar in range(relative.size):
        relative[bar] = width * deviation[bar] / mean[bar]


@jit
def _place(values: Any, mean: Any, deviation: Any, width: float, place: Any) -> None:
    for bar in range(place.size):
        half = width * deviation[bar]
        # Both are computed, which lets the compiler do several bars at once.
        between = (values[bar] - mean[bar] + half) / (2 * half)
        place[bar] = 0.5 if half == 0 else between


@jit
def place_in_range(high: Any, low: Any, close: Any, window: int) -> Any:
    """Return where the close lies in the range of `window` bars, from 0 to 100; 50 in a flat range."""
    depth, place = rolling_max(-low, window), rolling_max(high, window)
    for bar in range(place.size):
        spread = place[bar] + depth[bar]
        place[bar] = 50.0 if spread == 0 else 100 * ((close[bar] + depth[bar]) / spread)
    return place


@jit
def smoothed_place(high: Any, low: Any, close: Any, window: int, slowing: int, smooth: int) -> Any:
    """Return the place in the range as a mean of `slowing` bars, and the mean of `smooth` of these."""
    lines = np.full((2, close.size), np.nan)
    place = place_in_range(high, low, close, window)
    slowed, smoothed = lines[0][window - 1 :], lines[1][window + slowing - 2 :]
    lay(rolling_mean(place[window - 1 :], slowing), slowed)
    lay(rolling_mean(slowed[slowing - 1 :], smooth), smoothed)
    return lines


@jit
def channel_index(high: Any, low: Any, close: Any, window: int, rounding: float) -> Any:
    """Return the distance of the typical price from its mean in mean deviations, times 1 / 0.015."""
    size = close.size
    typical = np.empty(size)
    for bar in range(size):
        typical[bar] = (high[bar] + low[bar] + close[bar]) / 3
    mean = rolling_mean(typical, window)
    index = mean_deviation(typical, mean, window)
    for bar in range(size):
        is_flat = index[bar] <= rounding * abs(mean[bar])
        index[bar] = 0.0 if is_flat else (typical[bar] - mean[bar]) / (0.015 * index[bar])
    return index


@jit
def fitted_line(values: Any, window: int, rounding: float) -> Any:
    """Return slope and R2 of the line through each trailing window; both are 0 where the values do not vary."""
    line, moments = rolling_line(values, window), rolling_moments(values, window, rounding)
    spread = (float(window) ** 2 - 1) / 12
    fit = np.full((2, values.size), np.nan)
    for bar in range(window - 1, values.size):
        slope, deviation = line[1, bar], moments[1, bar]
        fit[0, bar] = slope if deviation > 0 else 0.0
        fit[1, bar] = min(slope * slope * spread / (deviation * deviation), 1.0) if deviation > 0 else 0.0
    return fit
