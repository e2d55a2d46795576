"""Returns of an equity curve, per period and per calendar month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, overload

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.metrics.inputs import FloatArray, Floats, InstantArray, Instants, equity_values, instants_of, returns_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MONTH_NAMES",
    "best_return",
    "compound_returns",
    "hit_rate",
    "monthly_returns",
    "simple_returns",
    "worst_return",
]

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
        raise DataError(undefined_returns(values, int(np.argmax(values <= 0))))
    returns = values[1:] / values[:-1]
    returns -= 1.0
    if isinstance(equity, np.ndarray):
        return returns
    import pandas as pd

    return pd.Series(returns, index=equity.index[1:], name="return")


def undefined_returns(equity: FloatArray, row: int) -> str:
    """Return why there are no returns after `row`, at which nothing is left."""
    return f"equity falls to {equity[row]:g} at point {row} of {equity.size}: returns after it are undefined"


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


def compound_returns(
    returns: Floats, ts: Instants | None = None, *, every: Literal["month", "year"] = "month"
) -> pd.Series[float]:
    """Return the compound return of each calendar month or year.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, stamped at their ends, without NaN.
    ts : ndarray of datetime64 or DatetimeIndex of shape (n_periods,), optional
        End of each period, UTC; by default the index of `returns`.
    every : {"month", "year"}

    Returns
    -------
    Series
        As fractions; the index has the first day of each month or year that
        has a return, and no others. The first and the last may be incomplete.

    Raises
    ------
    ConfigError
        If `every` is something else.
    DataError
        As `returns_of`; or if there are no times, or they descend.
    InsufficientDataError
        If there is no return.

    Examples
    --------
    >>> ts = np.array(["2024-01-30", "2024-01-31", "2024-02-01"], dtype="datetime64[D]")
    >>> compound_returns(np.array([0.1, 0.1, -0.02]), ts).round(12).to_list()
    [0.21, -0.02]
    """
    import pandas as pd

    if every not in ("month", "year"):
        raise ConfigError(f"every must be 'month' or 'year', was {every!r}")
    values = returns_of(returns, purpose=f"the return of a {every}")
    starts, found = compounded(values, instants_of(returns, ts), every)
    return pd.Series(found, index=pd.DatetimeIndex(starts.astype("datetime64[us]"), tz="UTC"), name="return")


def compounded(
    returns: FloatArray, stamps: InstantArray, every: Literal["month", "year"]
) -> tuple[InstantArray, FloatArray]:
    """Return the start of each calendar period that has a return, and its compound return."""
    spans = stamps.astype("datetime64[M]" if every == "month" else "datetime64[Y]")
    first = np.append(0, np.flatnonzero(spans[1:] != spans[:-1]) + 1)
    return spans[first], np.multiply.reduceat(1.0 + returns, first) - 1.0


def best_return(returns: Floats) -> float:
    """Return the highest return of one period, as a fraction.

    Raises
    ------
    DataError, InsufficientDataError
        As `returns_of`.
    """
    return float(returns_of(returns, purpose="the best return").max())


def worst_return(returns: Floats) -> float:
    """Return the lowest return of one period, as a fraction.

    Raises
    ------
    DataError, InsufficientDataError
        As `returns_of`.
    """
    return float(returns_of(returns, purpose="the worst return").min())


def hit_rate(returns: Floats) -> float:
    """Return the share of periods with a gain, in [0, 1]; a period of exactly zero is a period without one.

    It counts periods; the share of winning trades is `win_rate`.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.

    Raises
    ------
    DataError, InsufficientDataError
        As `returns_of`.

    Examples
    --------
    >>> hit_rate(np.array([0.01, -0.02, 0.0, 0.03]))
    0.5
    """
    values = returns_of(returns, purpose="the hit rate")
    return float(np.count_nonzero(values > 0) / values.size)
