"""Returns of many trials side by side: one row a period, one column a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.arrays import numbers
from investiq.metrics.inputs import FloatArray
from investiq.metrics.refusals import refuse_times_out_of_order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TrialMatrix", "TrialReturns", "trial_matrix"]

TrialReturns: TypeAlias = "FloatArray | pd.DataFrame"

# Profits may all be positive over a few periods; over this many, positive values beyond 1 are prices.
_TELLING_ROWS: Final = 10


@dataclass(frozen=True, kw_only=True)
class TrialMatrix:
    """Checked returns of trials.

    Attributes
    ----------
    returns : ndarray of shape (n_periods, n_trials)
        Contiguous by row.
    names : tuple of str
        Column names of a DataFrame; ``"0"``, ``"1"``, ... of an array.
    """

    returns: FloatArray
    names: tuple[str, ...]


def trial_matrix(returns: TrialReturns, *, least_rows: int, least_trials: int, purpose: str) -> TrialMatrix:
    """Return the returns of trials as a matrix, or say why they cannot be used.

    The tests that read it do not depend on the unit, so profits per period in
    money are taken too; prices and equity curves are not.

    Parameters
    ----------
    returns : ndarray or DataFrame of shape (n_periods, n_trials)
        Synchronous results per period, a column a trial.
    least_rows, least_trials : int
        Fewest that the formula is defined on.
    purpose : str
        What needs them, for the messages.

    Raises
    ------
    DataError
        If it is not a table of numbers, holds NaN or infinite values, descends
        in time or has a time twice, or a column of 10 or more looks like prices:
        all positive, and beyond 1.
    InsufficientDataError
        If there are fewer periods or trials than the least.

    Examples
    --------
    >>> trial_matrix(np.array([[0.01, -0.02]]), least_rows=1, least_trials=2, purpose="this test").names
    ('0', '1')
    """
    values = np.ascontiguousarray(numbers("trial_returns", returns))
    if values.ndim != 2:
        raise DataError(
            f"trial_returns has {values.ndim} dimension(s), expected 2: one row a period, one column a trial"
        )
    columns = getattr(returns, "columns", range(values.shape[1]))
    names = tuple(str(name) for name in columns)
    rows, trials = values.shape
    if trials < least_trials:
        raise InsufficientDataError(f"{purpose} needs {least_trials} trials (columns), received {trials}")
    if rows < least_rows:
        raise InsufficientDataError(f"{purpose} needs {least_rows} periods (rows), received {rows}")
    wrong = ~np.isfinite(values)
    if count := int(wrong.sum()):
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"trial_returns holds {count} NaN or infinite of {values.size}, the first in row {row} of trial "
            f"{names[column]!r}; trials must cover the same periods: cut them to those, and leave none out as failed"
        )
    if hasattr(returns, "iloc"):
        refuse_times_out_of_order("trial_returns", returns.index)  # type: ignore[union-attr]  # only pandas has iloc
    priced = looks_like_prices(values)
    if priced.any():
        column = int(np.flatnonzero(priced)[0])
        low, high = values[:, column].min(), values[:, column].max()
        raise DataError(
            f"trial {names[column]!r} looks like prices or wealth: all of its values are positive, {low:.6g} to "
            f"{high:.6g}; pass returns, as from prices.pct_change().iloc[1:]"
        )
    return TrialMatrix(returns=values, names=names)


def looks_like_prices(values: FloatArray) -> NDArray[np.bool_]:
    """Return, for each column, whether 10 or more values are all positive and reach beyond 1."""
    if len(values) < _TELLING_ROWS:
        return np.zeros(values.shape[1], dtype=bool)
    return np.asarray((values.min(axis=0) > 0) & (values.max(axis=0) > 1))
