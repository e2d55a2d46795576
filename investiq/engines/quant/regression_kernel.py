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
    products, inverse = np.empty((width, width)), np.empty((width, width))
    coefficients, weights = np.empty(width), np.empty(lags)
    residuals, scores = np.empty(window), np.empty(window)
    for lag in range(lags):
        weights[lag] = 2 * (1 - (lag + 1) / (lags + 1))
    for row in range(window - 1, rows):
        first = row - window + 1
        for i in range(width):
            for j in range(i + 1):
                total = 0.0
                for t in range(first, row + 1):
                    total += design[i, t] * design[j, t]
                products[i, j] = total
                products[j, i] = total
        if not inverted(products, inverse):
            continue
        mean, raw = 0.0, 0.0
        coefficients[:] = 0.0
        for t in range(first, row + 1):
            mean += target[t]
            raw += target[t] * target[t]
        for i in range(width):
            moment = 0.0
            for t in range(first, row + 1):
                moment += design[i, t] * target[t]
            for j in range(width):
                coefficients[j] += inverse[j, i] * moment
        squares = 0.0
        for t in range(window):
            fitted = 0.0
            for i in range(width):
                fitted += coefficients[i] * design[i, first + t]
            residuals[t] = target[first + t] - fitted
            squares += residuals[t] * residuals[t]
        spread = raw - mean * mean / window
        for i in range(width):
            variance = 0.0
            for t in range(window):
                score = 0.0
                for j in range(width):
                    score += inverse[i, j] * design[j, first + t]
                score *= residuals[t]
                scores[t] = score
                near = score
                for lag in range(min(lags, t)):
                    near += weights[lag] * scores[t - 1 - lag]
                variance += score * near
            found[i, row] = coefficients[i]
            found[width + i, row] = np.sqrt(max(variance, 0.0) * window / (window - width))
        found[2 * width, row] = 1 - squares / spread if spread > 1e-24 * raw else np.nan
        found[2 * width + 1, row] = np.sqrt(squares / (window - width))
    return found
