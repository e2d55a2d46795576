"""What compiles the kernels that the engines need ahead of their first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from investiq.core.compiling import is_ready
from investiq.indicators import warming

__all__: list[str] = []


def jobs() -> list[Callable[[], object]]:
    """Return what has yet to be compiled, or loaded from the disk cache, for an analysis."""
    needed = (_ranks(), *_filters(), *_states())
    return [
        *warming.technical_jobs(),
        *(partial(kernel, *arguments) for kernel, *arguments in needed if not is_ready(kernel)),
    ]


def _ranks() -> tuple[Any, ...]:
    from investiq.engines.scoring_kernels import trailing_places

    return trailing_places, np.zeros(3), 2, 1, np.zeros(1)


def _filters() -> list[tuple[Any, ...]]:
    from investiq.indicators import kalman

    series, out = np.array([1.0, 2.0, 3.0]), np.empty((6, 3))
    return [(kalman.trend_pass, series, 1.0, 1.0, 1.0, 0.0, out), (kalman.weighted_mean_pass, series, 0.5, out[0])]


def _states() -> list[tuple[Any, ...]]:
    from investiq.metrics import markov_kernel

    values, means, variances = np.array([1.0, 2.0, 3.0]), np.zeros(2), np.ones(2)
    transition, filtered = np.full((2, 2), 0.5), np.empty((3, 2))
    return [
        (markov_kernel.long_run, transition),
        (markov_kernel.filter_pass, values, means, variances, transition, filtered),
        (markov_kernel.expectations, values, means, variances, transition),
    ]
