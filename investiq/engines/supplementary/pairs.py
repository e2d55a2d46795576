"""Returns of two symbols on the dates that both have, and windows of them as seen from every row."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.joining import closes_on
from investiq.engines.quant.windows import trailing_sum
from investiq.history.bars import Bars

__all__ = [
    "MOST_MISSED",
    "JointReturns",
    "joint_returns",
    "rolling_correlation",
    "rolling_regression",
    "trailing_return",
]

FloatArray = NDArray[np.float64]

# Bars without a common date after which what two series had in common is no longer of today.
MOST_MISSED: Final = 10


class JointReturns(NamedTuple):
    """Simple returns between consecutive common dates.

    Attributes
    ----------
    main, others : ndarray of shape (n_common,) and (n_others, n_common)
    known : ndarray of int64, shape (n_rows,)
        Common returns known at each row of the main symbol.
    is_fresh : ndarray of bool, shape (n_rows,)
        Rows with a common date among the last ten.
    """

    main: FloatArray
    others: FloatArray
    known: NDArray[np.int64]
    is_fresh: NDArray[np.bool_]

    def at_rows(self, values: FloatArray, window: int) -> FloatArray:
        """Return what the windows of `window` returns say, at each row of the main symbol; NaN before the first and where it is stale."""
        padded = np.concatenate((np.full(window, np.nan), values))
        return np.where(self.is_fresh, padded[np.maximum(self.known, window - 1)], np.nan)


def joint_returns(main: Bars, *others: Bars) -> JointReturns:
    """Return the total returns of several symbols between the dates on which all have a close."""
    closes = np.stack([main.adjusted("total").close, *(closes_on(main, other) for other in others)])
    common = np.isfinite(closes).all(axis=0)
    held = closes[:, common]
    returns = held[:, 1:] / held[:, :-1] - 1
    rows = np.arange(len(main))
    missed = rows - np.maximum.accumulate(np.where(common, rows, -MOST_MISSED))
    return JointReturns(returns[0], returns[1:], np.maximum(np.cumsum(common) - 1, 0), missed < MOST_MISSED)


def rolling_correlation(x: FloatArray, y: FloatArray, window: int) -> FloatArray:
    """Return the Pearson correlation of each `window` of consecutive pairs, shape (n - window + 1,).

    NaN where one of the two does not vary.
    """
    if x.size < window:
        return np.empty(0)
    of_x, of_y, both = (_products(*pair, window) for pair in ((x, x), (y, y), (x, y)))
    found = np.full(both.size, np.nan)
    np.divide(both, np.sqrt(of_x * of_y), out=found, where=(of_x > 0) & (of_y > 0))
    clipped: FloatArray = np.clip(found, -1.0, 1.0)
    return clipped


def rolling_regression(y: FloatArray, x: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return slopes and standard errors of least squares with an intercept over each window.

    Parameters
    ----------
    y : ndarray of shape (n,)
    x : ndarray of shape (n_regressors, n)
    window : int

    Returns
    -------
    slopes, errors : ndarray of shape (n_regressors, n - window + 1)
        Errors are those of constant variance. NaN where the regressors do not
        tell apart.
    """
    count = len(x)
    if y.size < window:
        return np.empty((count, 0)), np.empty((count, 0))
    cross = np.array([[_products(one, other, window) for other in x] for one in x]).transpose(2, 0, 1)
    level = np.array([_products(one, y, window) for one in x]).T
    scale = np.sqrt(np.einsum("wii->wi", cross))
    usable = (scale > 0).all(axis=1)
    shapes = np.zeros_like(cross)
    shapes[usable] = cross[usable] / (scale[usable][:, :, np.newaxis] * scale[usable][:, np.newaxis, :])
    # A determinant of the correlations near zero: the regressors move as one.
    usable &= np.linalg.det(shapes) > 1e-10
    slopes, errors = (np.full((count, usable.size), np.nan) for _ in range(2))
    inverse = np.linalg.inv(cross[usable])
    found = np.einsum("wij,wj->wi", inverse, level[usable])
    rest = _products(y, y, window)[usable] - np.einsum("wi,wi->w", found, level[usable])
    variance = np.maximum(rest, 0.0) / (window - count - 1)
    slopes[:, usable] = found.T
    errors[:, usable] = np.sqrt(variance[:, np.newaxis] * np.einsum("wii->wi", inverse)).T
    return slopes, errors


def trailing_return(close: FloatArray, window: int = 20) -> FloatArray:
    """Return the simple return over the last `window` bars, NaN before.

    Examples
    --------
    >>> trailing_return(np.array([100.0, 110.0, 121.0]), 2)
    array([ nan,  nan, 0.21])
    """
    found = np.full(close.size, np.nan)
    found[window:] = close[window:] / close[:-window] - 1
    return found


def _products(x: FloatArray, y: FloatArray, window: int) -> FloatArray:
    """Return the sum of products of deviations from the mean of each window; 0 where it is rounding."""
    of_x, of_y, both, size = (trailing_sum(each, window)[window - 1 :] for each in (x, y, x * y, np.abs(x * y)))
    found: FloatArray = both - of_x * of_y / window
    found[np.abs(found) <= 1e-12 * size] = 0.0
    return found
