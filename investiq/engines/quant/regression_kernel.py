"""Compiled: least squares over trailing windows with Newey and West's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from investiq.engines.rules import FloatArray

__all__: list[str] = []

# A column that the others leave less than this share of its squares is one of them.
COLLINEAR: Final = 1e-12
# Differences of running sums leave about this much of a target that stands still.
NO_MOVE: Final = 1e-10


@jit
def inverted(products: FloatArray, inverse: FloatArray) -> bool:
    """Write the inverse of a matrix of products by Gauss and Jordan's rule; False where it has none."""
    width = products.shape[0]
    work = products.copy()
    inverse[:] = 0.0
    for i in range(width):
        inverse[i, i] = 1.0
    for i in range(width):
        # What the columns before leave of this one: products need no other pivot.
        if not work[i, i] > COLLINEAR * products[i, i]:
            return False
        pivot = 1 / work[i, i]
        for j in range(width):
            work[i, j] *= pivot
            inverse[i, j] *= pivot
        for other in range(width):
            if other != i:
                share = work[other, i]
                for j in range(width):
                    work[other, j] -= share * work[i, j]
                    inverse[other, j] -= share * inverse[i, j]
    return True


@jit
def _running_products(design: FloatArray, target: FloatArray) -> FloatArray:
    """Return sums of products of the columns, the target last, over all rows before each."""
    width, rows = design.shape
    running = np.zeros((width + 1, width + 1, rows + 1))
    for i in range(width + 1):
        one = design[i] if i < width else target
        for j in range(width + 1):
            other = design[j] if j < width else target
            for row in range(rows):
                running[i, j, row + 1] = running[i, j, row] + one[row] * other[row]
    return running


@jit
def trailing_regression(design: FloatArray, target: FloatArray, window: int, lags: int) -> FloatArray:
    """Return coefficients, their errors, R2 and the deviation of the residuals over each window.

    Parameters
    ----------
    design : ndarray of shape (n_columns, n_rows)
        The first row is the constant 1.
    target : ndarray of shape (n_rows,)
    window, lags : int

    Returns
    -------
    ndarray of shape (2 n_columns + 2, n_rows)
        NaN before the first full window and where a column is a combination of the others.
    """
    width, rows = design.shape
    found = np.full((2 * width + 2, rows), np.nan)
    running = _running_products(design, target)
    products, inverse = np.empty((width, width)), np.empty((width, width))
    coefficients = np.empty(width)
    residuals, scores, near = np.empty(window), np.empty(window), np.empty(window)
    for row in range(window - 1, rows):
        first = row - window + 1
        for i in range(width):
            for j in range(width):
                products[i, j] = running[i, j, row + 1] - running[i, j, first]
        if not inverted(products, inverse):
            continue
        for i in range(width):
            coefficients[i] = 0.0
            for j in range(width):
                coefficients[i] += inverse[i, j] * (running[width, j, row + 1] - running[width, j, first])
        for t in range(window):
            residuals[t] = target[first + t]
        for i in range(width):
            for t in range(window):
                residuals[t] -= coefficients[i] * design[i, first + t]
        squares = 0.0
        for t in range(window):
            squares += residuals[t] * residuals[t]
        for i in range(width):
            scores[:] = 0.0
            for j in range(width):
                for t in range(window):
                    scores[t] += inverse[i, j] * design[j, first + t] * residuals[t]
            for t in range(window):
                near[t] = scores[t]
            for lag in range(1, lags + 1):
                weight = 2 * (1 - lag / (lags + 1))
                for t in range(lag, window):
                    near[t] += weight * scores[t - lag]
            variance = 0.0
            for t in range(window):
                variance += scores[t] * near[t]
            found[i, row] = coefficients[i]
            found[width + i, row] = np.sqrt(max(variance, 0.0) * window / (window - width))
        mean = (running[width, 0, row + 1] - running[width, 0, first]) / window
        raw = running[width, width, row + 1] - running[width, width, first]
        spread = raw - window * mean * mean
        found[2 * width, row] = 1 - squares / spread if spread > NO_MOVE * raw else np.nan
        found[2 * width + 1, row] = np.sqrt(squares / (window - width))
    return found
