"""Losses from the highest equity so far: never positive."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from investiq.metrics.formulas import PEAK_ROUNDING
from investiq.metrics.inputs import FloatArray, Floats, equity_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["drawdown", "longest_drawdown", "max_drawdown"]


@overload
def drawdown(equity: FloatArray) -> FloatArray: ...
@overload
def drawdown(equity: pd.Series[float]) -> pd.Series[float]: ...
def drawdown(equity: Floats) -> Floats:
    """Return the fall from the highest equity so far at each point.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first (the first peak is the opening capital), without NaN.

    Returns
    -------
    ndarray or Series of shape (n_points,)
        ``equity / peak - 1`` as fractions, <= 0; -0.2 is 20 % below the peak.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.

    Examples
    --------
    >>> drawdown(np.array([100.0, 80.0, 100.0, 125.0])).round(12)
    array([ 0. , -0.2,  0. ,  0. ])
    """
    values = equity_values(equity)
    falls = values / np.maximum.accumulate(values) - 1.0
    if isinstance(equity, np.ndarray):
        return falls
    import pandas as pd

    return pd.Series(falls, index=equity.index, name="drawdown")


def max_drawdown(equity: Floats) -> float:
    """Return the deepest drawdown as a fraction, <= 0; 0.0 where equity never falls.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first, without NaN.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there is no point.

    Examples
    --------
    >>> max_drawdown(np.array([100.0, 80.0, 100.0]))
    -0.19999999999999996
    """
    return extent(equity_values(equity)).depth


def longest_drawdown(equity: Floats) -> tuple[int, bool]:
    """Return the longest time under water, in bars, and whether it still lasts.

    A drawdown runs from its peak to the first bar that is back at the peak, or
    to the last bar. The depth does not matter: all drawdowns are searched, not
    only the deepest.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first, without NaN.

    Returns
    -------
    bars : int
        0 where equity never falls.
    is_ongoing : bool
        Whether the longest one had not recovered at the last bar.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there is no point.

    Examples
    --------
    >>> longest_drawdown(np.array([100.0, 95.0, 90.0, 95.0, 100.0, 98.0]))
    (4, False)
    """
    found = extent(equity_values(equity))
    return found.longest, found.is_ongoing


class Extent(NamedTuple):
    """How deep and how long an equity curve was under water."""

    depth: float
    longest: int
    is_ongoing: bool


def extent(equity: FloatArray) -> Extent:
    """Return depth and length of the drawdowns of an equity curve without NaN, in one pass."""
    peaks = np.maximum.accumulate(equity)
    # Each point at the running peak ends one drawdown and starts the next.
    at_peak = rows_at_peak(equity)
    depth = float((equity / peaks).min() - 1.0)
    closed = int((at_peak[1:] - at_peak[:-1]).max()) if at_peak.size > 1 else 0
    # Two neighbouring peaks are one bar apart without any drawdown between them.
    closed = closed if closed > 1 else 0
    ongoing = equity.size - 1 - int(at_peak[-1])
    return Extent(depth, max(closed, ongoing), ongoing > closed)


def depths(equity: FloatArray) -> FloatArray:
    """Return the depth of each drawdown of an equity curve without NaN, in time order: one or more, 0.0 at the least."""
    return np.minimum.reduceat(equity / np.maximum.accumulate(equity), rows_at_peak(equity)) - 1.0


def rows_at_peak(equity: FloatArray) -> NDArray[np.int64]:
    """Return the rows at which an equity curve without NaN is at its highest so far, but for rounding."""
    rows: NDArray[np.int64] = np.flatnonzero(equity >= np.maximum.accumulate(equity) * (1.0 - PEAK_ROUNDING))
    return rows
