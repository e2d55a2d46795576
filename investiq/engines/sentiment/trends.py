"""Where the tone of the news is going: differences of days, and slopes against the symbol's own."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.articles import InstantArray

__all__ = ["block_means", "points_in", "slopes", "velocity"]

LEAST_ARTICLES: Final = 3
# The slope is that of three days; its change that between their halves.
SPAN: Final = np.timedelta64(72, "h")
_HALF: Final = np.timedelta64(36, "h")
_HALF_DAYS: Final = 1.5
_DAY: Final = 8.64e10
_HOUR: Final = np.timedelta64(1, "h")
# The deviation of the symbol's own slopes: those of a year of daily rows, at least 60.
_OWN_ROWS: Final = 252
_OWN_LEAST: Final = 60


def block_means(
    usable: InstantArray, tone: FloatArray, decisions: InstantArray, span: np.timedelta64, count: int,
    least: int = LEAST_ARTICLES,
) -> list[FloatArray]:  # fmt: skip
    """Return the mean tone of consecutive spans before each decision time, the newest first.

    Parameters
    ----------
    usable, tone : ndarray of shape (n_articles,)
        Instants in ascending order, and values.
    decisions : ndarray of datetime64[us], shape (n_rows,)
    span : timedelta64
    count : int
        Spans.
    least : int, default 3
        Articles below which a span has no mean.

    Returns
    -------
    list of `count` ndarrays of shape (n_rows,)
    """
    total = np.concatenate([[0.0], np.cumsum(tone)])
    edges = [np.searchsorted(usable, decisions - span * back, side="right") for back in range(count + 1)]
    means = []
    for newer, older in pairwise(edges):
        number = newer - older
        mean = np.full(decisions.size, np.nan)
        # Rounded, because differences of running sums leave 1.5000000000000002 of 1.5, a threshold.
        np.divide(np.round(total[newer] - total[older], 9), number, out=mean, where=number >= least)
        means.append(mean)
    return means


def points_in(usable: InstantArray, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return in how many hours of the clock the articles ``first`` to ``last - 1`` of each row lie."""
    if not usable.size:
        return np.zeros(first.size, dtype=np.int64)
    hours = usable.astype("datetime64[h]")
    # Number of the hour in which each article lies, counted from the first; one more at the end.
    number = np.concatenate([[0], np.cumsum(hours[1:] != hours[:-1])])
    points: NDArray[np.int64] = np.where(
        last > first, number[np.maximum(last - 1, 0)] - number[np.minimum(first, usable.size - 1)] + 1, 0
    )
    return points


def slopes(usable: InstantArray, tone: FloatArray, ends: InstantArray, span: np.timedelta64 = SPAN) -> FloatArray:
    """Return the least-squares slope of the tone by time over the span before each end, a day.

    Each article counts once, which weighs every hour by its articles. NaN where the
    articles lie in fewer than 3 hours of the clock.
    """
    first = np.searchsorted(usable, ends - span, side="right")
    last = np.searchsorted(usable, ends, side="right")
    has = points_in(usable, first, last) >= LEAST_ARTICLES
    rows = np.flatnonzero(has)
    slope = np.full(ends.size, np.nan)
    if not rows.size:
        return slope
    number = (last - first)[rows]
    # Every pair of a row and one of its articles.
    row = np.repeat(np.arange(rows.size), number)
    place = np.arange(row.size) - np.repeat(np.cumsum(number) - number, number) + first[rows][row]
    x = (usable[place] - ends[rows][row]).astype(np.int64) / _DAY
    y = tone[place]
    x = x - (np.bincount(row, x) / number)[row]
    y = y - (np.bincount(row, y) / number)[row]
    slope[rows] = np.bincount(row, x * y) / np.bincount(row, x * x)
    return slope


def velocity(usable: InstantArray, tone: FloatArray, decisions: InstantArray) -> dict[str, FloatArray]:
    """Return how fast the tone changes, and how fast that changes, also in deviations of the symbol's own slopes.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        `velocity` in units of `tone` a day, `velocity_z`, it over the sample
        deviation of the 252 rows before (at least 60), and `acceleration_z`, the
        slope of the last 36 hours less that of the 36 before, a day, over the same.
    """
    import pandas as pd

    slope = slopes(usable, tone, decisions)
    newer = slopes(usable, tone, decisions, _HALF)
    older = slopes(usable, tone, decisions - _HALF, _HALF)
    own = pd.Series(slope).shift(1).rolling(_OWN_ROWS, min_periods=_OWN_LEAST).std(ddof=1).to_numpy()
    # Rounding leaves a tiny deviation in slopes of a tone that does not change.
    own = np.where(own > 1e-9, own, np.nan)
    return {"velocity": slope, "velocity_z": slope / own, "acceleration_z": (newer - older) / _HALF_DAYS / own}
