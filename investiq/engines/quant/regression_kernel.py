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
# Rounding leaves about this much of a target that stands still.
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
def _trailing_products(design: FloatArray, target: FloatArray, window: int) -> FloatArray:
    """Return sums of products of the columns, the target last, over the window that ends at each row.

    As `windows.trailing_sum`: the end of one block and the beginning of the next, without a difference.
    """
    width, rows = design.shape
    found = np.empty((width + 1, width + 1, rows))
    products, onwards = np.empty(rows), np.zeros(window)
    for i in range(width + 1):
        one = design[i] if i < width else target
        for j in range(i + 1):
            other = design[j] if j < width else target
            for row in range(rows):
                products[row] = one[row] * other[row]
            onwards[:] = 0.0
            until = 0.0
            for row in range(rows):
                until += products[row]
                # The end of the block before, behind as many values as this one has.
                place = (row + 1) % window
                found[i, j, row] = until + onwards[place]
                if place == 0:
                    until = 0.0
                    rest = 0.0
                    for back in range(window - 1):
                        rest += products[row - back]
                        onwards[window - 1 - back] = rest
            found[j, i] = found[i, j]
    return found


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
    products = _trailing_products(design, target, window)
    inverse, coefficients = np.empty((width, width)), np.empty(width)
    residuals, scores, near = np.empty(window), np.empty(window), np.empty(window)
    for row in range(window - 1, rows):
        first = row - window + 1
        if not inverted(products[:width, :width, row], inverse):
            continue
        residuals[:] = target[first : row + 1]
        for i in range(width):
            coefficients[i] = 0.0
            for j in range(width):
                coefficients[i] += inverse[i, j] * products[width, j, row]
            _subtract(residuals, coefficients[i], design[i, first : row + 1])
        squares = _dot(residuals, residuals)
        for i in range(width):
            scores[:] = 0.0
            for j in range(width):
                _subtract(scores, -inverse[i, j], design[j, first : row + 1])
            for t in range(window):
                scores[t] *= residuals[t]
            near[:] = scores
            for lag in range(1, lags + 1):
                _subtract(near[lag:], -2 * (1 - lag / (lags + 1)), scores[:-lag])
            found[i, row] = coefficients[i]
            found[width + i, row] = np.sqrt(max(_dot(scores, near), 0.0) * window / (window - width))
        raw = products[width, width, row]
        spread = raw - products[width, 0, row] ** 2 / window
        found[2 * width, row] = 1 - squares / spread if spread > NO_MOVE * raw else np.nan
        found[2 * width + 1, row] = np.sqrt(squares / (window - width))
    return found


@jit
def _subtract(values: FloatArray, share: float, other: FloatArray) -> None:
    for t in range(values.size):
        values[t] -= share * other[t]


@jit
def _dot(one: FloatArray, other: FloatArray) -> float:
    """Return the sum of products; four sums at once, since each addition waits for the one before."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = one.size // 4 * 4
    for t in range(0, whole, 4):
        first += one[t] * other[t]
        second += one[t + 1] * other[t + 1]
        third += one[t + 2] * other[t + 2]
        fourth += one[t + 3] * other[t + 3]
    for t in range(whole, one.size):
        first += one[t] * other[t]
    return (first + second) + (third + fourth)
