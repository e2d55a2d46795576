"""What compiles the kernels of trend, momentum and volatility ahead of their first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from investiq.core.compiling import is_ready
from investiq.indicators.observations import ROUNDING

__all__: list[str] = []


def technical_jobs() -> list[Callable[[], object]]:
    """Return what has yet to be compiled, or loaded from the disk cache, for the technical engine."""
    return [partial(kernel, *arguments) for kernel, *arguments in (*_technical(), *_levels()) if not is_ready(kernel)]


def jobs() -> list[Callable[[], object]]:
    """Return what has yet to be compiled, or loaded from the disk cache, for all indicators of these families."""
    needed = (*_technical(), *_levels(), *_others())
    return [partial(kernel, *arguments) for kernel, *arguments in needed if not is_ready(kernel)]


def _technical() -> list[tuple[Any, ...]]:
    from investiq.indicators import ranges, recursions, windows

    prices, bars = _prices(1), _prices(3)
    return [
        (windows.all_finite, tuple(prices)),
        *((windows.all_finite, tuple(_prices(columns))) for columns in (2, 3, 4)),
        (windows.rolling_mean, *prices, 2),
        (windows.mean_into, *prices, 2, np.empty(5)),
        (recursions.recursive_average, *prices, 2, 0.5, True),
        (recursions.relative_strength, *prices, 2),
        (recursions.convergence, *prices, 2, 3, 2, 0),
        (recursions.average_range, *bars, 2, 1),
        (recursions.directional, *bars, 2, 2),
        (ranges.deviation_bands, *prices, 2, 2.0, ROUNDING),
        (ranges.smoothed_place, *bars, 2, 1, 1),
        (ranges.fitted_line, *prices, 2, ROUNDING),
        (windows.rolling_moments, *prices, 2, ROUNDING),
        (windows.rolling_sum, *prices, 2),
        # Of sums and differences, which are no arrays of `Bars`.
        (windows.rolling_sum, prices[0].copy(), 2),
        (windows.rolling_line, prices[0].copy(), 2),
        (windows.rolling_max, *prices, 2),
        (windows.rolling_min, *prices, 2),
        (recursions.signed_sum, *_prices(2), 0.0),
        (recursions.cascade, *prices, np.ones((1, 5))),
    ]


def _levels() -> list[tuple[Any, ...]]:
    from investiq.indicators import profile_kernels, swing_kernels

    (prices,), found = _prices(1), np.full(5, -1)
    out, volumes = np.empty((5, 5)), np.empty(2)
    return [
        (swing_kernels.confirmed_extremes, prices, 1.0, 1, 1),
        (swing_kernels.nearest_levels, prices, prices, found, 2, 1.0),
        (swing_kernels.steps_between, prices, found, 2),
        (swing_kernels.breaks_of_structure, prices, prices, prices, found, found),
        (swing_kernels.divergent_pairs, prices, prices, found, found, 1.0, 1, 1, 2, 2),
        (profile_kernels.profile_rows, *[prices.copy()] * 4, 2, volumes, 0.7, out),
    ]


def _others() -> list[tuple[Any, ...]]:
    from investiq.indicators import ranges, recursions

    bars = _prices(3)
    return [
        (recursions.true_ranges, *bars),
        (ranges.place_in_range, *bars, 2),
        (ranges.channel_index, *bars, 2, ROUNDING),
    ]


def _prices(count: int) -> list[np.ndarray[Any, Any]]:
    prices = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    # As the indicators pass them: read-only arrays have a type of their own.
    prices.setflags(write=False)
    return [prices] * count
