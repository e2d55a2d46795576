"""Arithmetic on statements that tells nothing where a ratio has no meaning."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.fundamental.states import ago

__all__ = ["against_past", "average", "growth", "ratio"]

FloatArray = NDArray[np.float64]

# Rolling years that a value is compared with, one a quarter: three years, of which two must be known.
PAST_YEARS: Final = 12
PAST_MINIMUM: Final = 8


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return ``above / below``, NaN where `below` is not positive.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0, 1.0]), np.array([2.0, 0.0, -2.0]))
    array([0.5, nan, nan])
    """
    result = np.full(np.broadcast_shapes(np.shape(above), np.shape(below)), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result


def average(values: FloatArray) -> FloatArray:
    """Return the mean of each balance and the one a year before it."""
    return (values + ago(values, 4)) / 2


def growth(values: FloatArray, quarters: int = 4) -> FloatArray:
    """Return the change from so many quarters earlier as a fraction; NaN where that was not positive."""
    return ratio(values, ago(values, quarters)) - 1


def against_past(series: FloatArray) -> FloatArray:
    """Return how many standard deviations the newest value lies from the twelve before it.

    Parameters
    ----------
    series : ndarray of shape (n_states, n_quarters)
        One statistic of trailing years, one a quarter, the newest first.

    Returns
    -------
    ndarray of shape (n_states,)
        With the sample deviation (ddof 1); 0 where the past did not vary; NaN
        where fewer than eight of the twelve are known. Trailing years of
        neighbouring quarters share three of four, so their deviation is too small.

    Examples
    --------
    >>> against_past(np.array([[7.0, 5, 1, 5, 1, 5, 1, 5, 1]])).round(3)
    array([1.871])
    """
    past = series[:, 1 : PAST_YEARS + 1]
    is_known = ~np.isnan(past)
    count = is_known.sum(axis=1)
    safe = np.maximum(count, 2)
    mean = np.where(is_known, past, 0.0).sum(axis=1) / safe
    squares = np.where(is_known, past - mean[:, np.newaxis], 0.0) ** 2
    deviation = np.sqrt(squares.sum(axis=1) / (safe - 1))
    newest = series[:, 0]
    score = np.where((count < PAST_MINIMUM) | np.isnan(newest), np.nan, 0.0)
    varies = ~np.isnan(score) & (deviation > 1e-12 * np.abs(mean))
    np.divide(newest - mean, deviation, out=score, where=varies)
    return score
