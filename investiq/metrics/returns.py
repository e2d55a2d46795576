"""Returns of an equity curve, per period and per calendar month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, overload

import numpy as np

from investiq.core.errors import DataError
from investiq.metrics.inputs import FloatArray, Floats, Instants, equity_values, instants_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MONTH_NAMES", "monthly_returns", "simple_returns"]

MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@overload
def simple_returns(equity: FloatArray) -> FloatArray: ...
@overload
def simple_returns(equity: pd.Series[float]) -> pd.Series[float]: ...
def simple_returns(equity: Floats) -> Floats:
    """Return the simple return of each period.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value, opening point first, without NaN.

    Returns
    -------
    ndarray or Series of shape (n_periods,)
        ``equity[t] / equity[t - 1] - 1`` as fractions, stamped at `t`.

    Raises
    ------
    DataError
        If `equity` holds NaN, or is at or below zero before its last point:
        no return can be earned on nothing.

    Examples
    --------
    >>> simple_returns(np.array([100.0, 110.0, 99.0])).round(12)
    array([ 0.1, -0.1])
    """
    values = equity_values(equity)
    if values[:-1].min(initial=1.0) <= 0:
        row = int(np.argmax(values <= 0))
        raise DataError(
            f"equity falls to {values[row]:g} at point {row} of {values.size}: returns after it are undefined"
        )
    returns = values[1:] / values[:-1]
    returns -= 1.0
    if isinstance(equity, np.ndarray):
        return returns
    import pandas as pd

    return pd.Series(returns, index=equity.index[1:], name="return")


def monthly_returns(equity: Floats, ts: Instants | None = None) -> pd.DataFrame:
    """Return the simple return of each calendar month and year.

    A month's return is its last equity over the last equity of the month
    before; the first month starts from the opening capital. The year is the
    compound of its months.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value, opening point first, without NaN.
    ts : ndarray of datetime64 or DatetimeIndex of shape (n_periods + 1,), optional
        Time of each point, UTC; by default the index of `equity`. The opening
        point is a base only, whatever its stamp.

    Returns
    -------
    DataFrame of shape (n_years, 13)
        Index ``year``, columns Jan to Dec and Year, as fractions. A month
        without a point is NaN; the next month then spans both. The first and
        the last month may be incomplete.

    Raises
    ------
    DataError
        If `equity` holds NaN, is at or below zero before its last point, or the times descend.
    InsufficientDataError
        If there is no point after the opening one.

    Examples
    --------
    >>> ts = np.array(["2023-12-29", "2024-01-31", "2024-02-29"], dtype="datetime64[us]")
    >>> table = monthly_returns(np.array([100.0, 105.0, 102.9]), ts)
    >>> table.loc[2024, ["Jan", "Feb", "Year"]].round(6).to_dict()
    {'Jan': 0.05, 'Feb': -0.02, 'Year': 0.029}
    """
    import pandas as pd

    values = equity_values(equity, least=2)
    months = instants_of(equity, ts)[1:].astype("datetime64[M]").astype(np.int64)  # months since 1970-01
    last = np.append(np.flatnonzero(np.diff(months)), months.size - 1)
    returns = simple_returns(np.concatenate((values[:1], values[1:][last])))

    years, columns = np.divmod(months[last], 12)
    first_year = int(years[0])
    table = np.full((int(years[-1]) - first_year + 1, 13), np.nan)
    table[years - first_year, columns] = returns
    growth = np.where(np.isnan(table[:, :12]), 1.0, 1.0 + table[:, :12]).prod(axis=1)
    has_month = ~np.isnan(table[:, :12]).all(axis=1)
    table[has_month, 12] = growth[has_month] - 1.0
    index = pd.RangeIndex(1970 + first_year, 1970 + first_year + len(table), name="year")
    return pd.DataFrame(table, index=index, columns=[*MONTH_NAMES, "Year"])
