"""Ordinary least squares with standard errors that stand autocorrelation and changing variance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.arrays import numbers
from investiq.metrics.inputs import FloatArray, Floats, finite
from investiq.metrics.options import whole

__all__ = ["Regression", "least_squares", "newey_west_lags", "variance_inflation"]

Covariance: TypeAlias = Literal["hac", "white", "classic"]

# A column that the others give to this share of its length is one of them.
_COLLINEAR: Final = 1e-9
# Residuals, and moves of y, below this share of the terms that made them are rounding.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression:
    """A fitted line ``y = constant + sum(coefficient x column) + residual``.

    Attributes
    ----------
    names : tuple of str
        ``"constant"`` first, then the columns.
    coefficients, standard_errors : ndarray of shape (n_columns + 1,)
    covariance : ndarray of shape (n_columns + 1, n_columns + 1)
        Of the coefficients.
    residuals : ndarray of shape (n_rows,)
        All 0 where nothing but rounding is left.
    r_squared, adjusted_r_squared : float
        NaN where `y` never moves.
    residual_deviation : float
        Standard deviation of the residuals, n - k in the denominator.
    method : str
        How the standard errors were computed, in words.
    lags : int
        Of the Newey-West covariance; 0 for the others.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    standard_errors: FloatArray
    covariance: FloatArray
    residuals: FloatArray
    r_squared: float
    adjusted_r_squared: float
    residual_deviation: float
    method: str
    lags: int

    @property
    def count(self) -> int:
        """Rows."""
        return self.residuals.size

    @property
    def degrees_of_freedom(self) -> int:
        """Rows less coefficients."""
        return self.count - self.coefficients.size

    @property
    def t_values(self) -> FloatArray:
        """Coefficients over their standard errors; NaN where the error is zero."""
        found: FloatArray = np.full(self.coefficients.size, np.nan)
        np.divide(self.coefficients, self.standard_errors, out=found, where=self.standard_errors > 0)
        return found

    @property
    def p_values(self) -> FloatArray:
        """Two-sided, of Student's t with n - k degrees of freedom."""
        from scipy.special import stdtr

        found: FloatArray = 2 * stdtr(self.degrees_of_freedom, -np.abs(self.t_values))
        return found

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds of the coefficients, of Student's t."""
        from scipy.special import stdtrit

        if not 0 < confidence < 1:
            raise ConfigError(f"confidence must lie in (0, 1), was {confidence}")
        reach = float(stdtrit(self.degrees_of_freedom, (1 + confidence) / 2)) * self.standard_errors
        return self.coefficients - reach, self.coefficients + reach


def newey_west_lags(count: int) -> int:
    """Return the customary number of lags of a Newey-West covariance, ``floor(4 (n / 100)^(2/9))`` [1]_.

    Parameters
    ----------
    count : int
        Rows, at least 1.

    References
    ----------
    .. [1] Newey, W. K. and West, K. D. (1994). "Automatic lag selection in
       covariance matrix estimation." Review of Economic Studies 61(4), 631-653.

    Examples
    --------
    >>> [newey_west_lags(count) for count in (100, 504, 1250, 2520)]
    [4, 5, 7, 8]
    """
    if count < 1:
        raise InsufficientDataError(f"a number of lags needs 1 row, received {count}")
    return int(4 * (count / 100) ** (2 / 9))


def least_squares(
    y: Floats,
    x: FloatArray,
    *,
    names: Sequence[str] | None = None,
    covariance: Covariance = "hac",
    lags: int | None = None,
    small_sample: bool = True,
) -> Regression:
    """Return the ordinary least squares of `y` on a constant and the columns of `x`.

    Parameters
    ----------
    y : ndarray or Series of shape (n_rows,)
    x : ndarray of shape (n_rows,) or (n_rows, n_columns)
        Without a constant, which is added.
    names : sequence of str, optional
        Of the columns; by default ``x1, x2, ...``.
    covariance : {"hac", "white", "classic"}
        Of the coefficients: Newey-West with a Bartlett window [1]_, White
        (changing variance only), or that of independent equal residuals.
    lags : int, optional
        Of ``"hac"``; by default `newey_west_lags` of the rows.
    small_sample : bool, default True
        Whether ``"hac"`` and ``"white"`` are multiplied by ``n / (n - k)``.

    Raises
    ------
    ConfigError
        If `covariance` is unknown, or `lags` is not in 0 .. n - 1.
    DataError
        If there is NaN, lengths differ, or a column is a combination of the others.
    InsufficientDataError
        If there are not more rows than coefficients.

    References
    ----------
    .. [1] Newey, W. K. and West, K. D. (1987). "A simple, positive semi-definite,
       heteroskedasticity and autocorrelation consistent covariance matrix."
       Econometrica 55(3), 703-708.

    Examples
    --------
    >>> y = np.array([0.02, 0.01, -0.01, 0.03, 0.00, 0.01])
    >>> found = least_squares(y, np.array([0.01, 0.00, -0.02, 0.02, -0.01, 0.02]), lags=1)
    >>> found.coefficients.round(4), found.standard_errors.round(7)
    (array([0.0075, 0.75  ]), array([0.0024327, 0.2432688]))
    """
    target, table, labels = _checked(y, x, names)
    count, width = target.size, table.shape[1] + 1
    if covariance not in ("hac", "white", "classic"):
        raise ConfigError(f"covariance must be 'hac', 'white' or 'classic', was {covariance!r}")
    reach = 0 if covariance != "hac" else newey_west_lags(count) if lags is None else lags
    whole("lags", reach, 0, count - 1)

    # Columns of mean 0 and length 1 keep the digits that a large level or unlike scales would cost; `back` undoes it.
    centre = table.mean(axis=0)
    off = table - centre
    scale = np.sqrt((off * off).mean(axis=0))
    design = np.column_stack([np.ones(count), off / scale])
    back = np.diag(np.r_[1.0, 1 / scale])
    back[0, 1:] = -centre / scale
    unscaled = np.linalg.inv(design.T @ design)
    fitted = unscaled @ (design.T @ target)
    fitted += unscaled @ (design.T @ (target - design @ fitted))  # one step of refinement
    residuals = target - design @ fitted
    terms = math.sqrt(count) * (abs(fitted[0]) + float(np.abs(fitted[1:] / scale) @ np.hypot(centre, scale)))
    if math.sqrt(float(residuals @ residuals)) <= _ROUNDING * terms:
        residuals = np.zeros(count)
    squares = float(residuals @ residuals)
    if covariance == "classic":
        spread, method = unscaled * (squares / (count - width)), "independent residuals of equal variance"
    else:
        factor = count / (count - width) if small_sample else 1.0
        spread = factor * unscaled @ _long_run(design * residuals[:, np.newaxis], reach) @ unscaled
        kind = f"Newey-West (Bartlett), {reach} lags" if covariance == "hac" else "White"
        method = f"{kind}, {'factor n / (n - k)' if small_sample else 'no small-sample factor'}"
    spread = back @ spread @ back.T
    moves = target - target.mean()
    total = float(moves @ moves)
    is_still = math.sqrt(total) <= _ROUNDING * math.sqrt(count) * abs(float(target.mean()))
    explained = math.nan if is_still else 1 - squares / total
    return Regression(
        names=("constant", *labels),
        coefficients=back @ fitted,
        standard_errors=np.sqrt(np.maximum(np.diag(spread), 0.0)),
        covariance=spread,
        residuals=residuals,
        r_squared=explained,
        adjusted_r_squared=1 - (1 - explained) * (count - 1) / (count - width),
        residual_deviation=math.sqrt(squares / (count - width)),
        method=method,
        lags=reach,
    )


def _checked(y: Floats, x: FloatArray, names: Sequence[str] | None) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    target, table = finite("y", y), numbers("x", x)
    table = table[:, np.newaxis] if table.ndim == 1 else table
    if table.ndim != 2 or not table.shape[1]:
        raise DataError(f"x has shape {table.shape}, expected (n_rows, n_columns) with a column or more")
    labels = tuple(names) if names is not None else tuple(f"x{number + 1}" for number in range(table.shape[1]))
    if len(labels) != table.shape[1]:
        raise DataError(f"{len(labels)} names for {table.shape[1]} columns of x")
    if len(table) != target.size:
        raise DataError(f"y has {target.size} rows and x {len(table)}; pass rows of the same times")
    if wrong := table.size - int(np.count_nonzero(np.isfinite(table))):
        raise DataError(f"x holds {wrong} NaN or infinite of {table.size}; drop those rows first")
    if target.size <= len(labels) + 1:
        raise InsufficientDataError(
            f"a regression on {len(labels)} column(s) and a constant needs {len(labels) + 2} rows, received {target.size}"
        )
    for number, name in enumerate(labels):
        if _inflation(table, number) > 1 / _COLLINEAR:
            raise DataError(f"column {name!r} is constant or a combination of the others; leave it out")
    return target, table, labels


def _inflation(table: FloatArray, number: int) -> float:
    """Return the variance inflation of a column by the others; infinite for a constant one."""
    off = table - table.mean(axis=0)
    column, others = off[:, number], np.delete(off, number, axis=1)
    length = float(column @ column)
    if np.ptp(table[:, number]) == 0 or length == 0:
        return math.inf
    rest = column - others @ np.linalg.lstsq(others, column, rcond=None)[0] if others.size else column
    left = float(rest @ rest)
    return length / left if left > 0 else math.inf


def variance_inflation(table: FloatArray) -> FloatArray:
    """Return, for each column, how many times the others inflate the variance of its coefficient."""
    return np.array([_inflation(table, number) for number in range(table.shape[1])])


def _long_run(scores: FloatArray, lags: int) -> FloatArray:
    """Return the Bartlett sum of the products of scores up to `lags` apart."""
    total: FloatArray = scores.T @ scores
    for lag in range(1, lags + 1):
        product = scores[lag:].T @ scores[:-lag]
        total = total + (1 - lag / (lags + 1)) * (product + product.T)
    return total
