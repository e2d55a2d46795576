"""Sums over trailing windows, and values that stand until the next month or quarter."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.engines.rules import FloatArray

__all__ = ["after_first", "hold", "period_starts", "quotient", "trailing_sum", "varies"]

# Returns of two prices carry about 2e-16 of rounding: values nearer to each other than this are one.
NO_CHANGE: Final = 1e-13


def trailing_sum(values: FloatArray, window: int) -> FloatArray:
    """Return the sum of the last `window` values at each row, NaN before the first full window.

    Sums begin anew every `window` values, and a window is the end of one block and
    the beginning of the next: nothing is subtracted, so a value that has left
    leaves no rounding behind, and no row depends on a later one.

    Examples
    --------
    >>> trailing_sum(np.array([1.0, 2.0, 3.0, 4.0]), 2)
    array([nan,  3.,  5.,  7.])
    """
    total = np.full(values.size, np.nan)
    if values.size >= window:
        blocks = np.zeros((-(-values.size // window), window))
        blocks.ravel()[: values.size] = values
        until = np.cumsum(blocks, axis=1).ravel()
        onwards = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1]
        # A window that begins with a block is that block.
        onwards[:, 0] = 0.0
        total[window - 1 :] = until[window - 1 : values.size] + onwards.ravel()[: values.size - window + 1]
    return total


def varies(values: FloatArray, window: int) -> NDArray[np.bool_]:
    """Return whether the last `window` values are more than one, False before the first full window."""
    if values.size < window:
        return np.zeros(values.size, dtype=bool)
    changes = np.concatenate(([0.0], (np.abs(np.diff(values)) > NO_CHANGE).astype(float)))
    found: NDArray[np.bool_] = np.nan_to_num(trailing_sum(changes, window - 1)) > 0
    found[: window - 1] = False
    return found


def quotient(numerator: FloatArray | float, denominator: FloatArray, where: NDArray[np.bool_]) -> FloatArray:
    """Return the quotient where allowed, NaN elsewhere."""
    found: FloatArray = np.full(denominator.size, np.nan)
    np.divide(numerator, denominator, out=found, where=where)
    return found


def after_first(values: FloatArray) -> FloatArray:
    """Return values of returns as rows of bars: the first bar has no return."""
    return np.concatenate(([np.nan], values))


def period_starts(months: NDArray[np.int64], period: Literal["month", "quarter"]) -> NDArray[np.int64]:
    """Return the rows that open a calendar month or quarter; the first row is not known to.

    Parameters
    ----------
    months : ndarray of int, shape (n_rows,)
        Months since January 1970 of each row.
    period : {"month", "quarter"}

    Examples
    --------
    >>> months = np.array([600, 601, 602, 603])  # January to April 2020
    >>> period_starts(months, "quarter"), period_starts(months, "month")
    (array([3]), array([1, 2, 3]))
    """
    number = months if period == "month" else months // 3
    return np.flatnonzero(np.diff(number) != 0) + 1


def hold(values: FloatArray, starts: NDArray[np.int64], rows: int) -> FloatArray:
    """Return, at each row, the value of the last start at or before it; NaN before the first.

    Examples
    --------
    >>> hold(np.array([5.0, 7.0]), np.array([1, 3]), 5)
    array([nan,  5.,  5.,  7.,  7.])
    """
    place = np.searchsorted(starts, np.arange(rows), side="right")
    return np.concatenate(([np.nan], values))[place]
