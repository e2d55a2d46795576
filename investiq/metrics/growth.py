"""Wealth from returns, and how fast it grew."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

from investiq.core.errors import DataError
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import (
    FloatArray,
    Floats,
    InstantArray,
    Instants,
    days_between,
    equity_values,
    instants_of,
    returns_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cagr", "total_return", "wealth"]


@overload
def wealth(returns: FloatArray, convention: Convention | None = None) -> FloatArray: ...
@overload
def wealth(returns: pd.Series[float], convention: Convention | None = None) -> pd.Series[float]: ...
def wealth(returns: Floats, convention: Convention | None = None) -> Floats:
    """Return what one unit of money becomes: the equity curve of a series of returns, opening point first.

    ``wealth[0] = 1``, ``wealth[t] = wealth[t - 1] x (1 + returns[t])``.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention, optional
        Dates the opening point of a Series, one period before its first
        return: ``days_per_year / periods_per_year`` calendar days. An array
        needs none.

    Returns
    -------
    ndarray or Series of shape (n_periods + 1,)

    Raises
    ------
    DataError
        As `returns_of`; or if a Series indexed by time comes without a convention.
    InsufficientDataError
        If there is no return.

    Examples
    --------
    >>> wealth(np.array([0.1, -0.1])).round(12)
    array([1.  , 1.1 , 0.99])
    """
    if convention is not None:
        convention_of(convention)
    values = returns_of(returns, purpose="wealth")
    curve = wealth_of(values)
    index = getattr(returns, "index", None)
    if index is None:
        return curve
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex):
        return pd.Series(curve, name="wealth")
    if convention is None:
        raise DataError(
            "the opening point of a Series needs a time: pass the convention, whose periods_per_year dates it, "
            "or returns.to_numpy() for an array"
        )
    opening = (index[0] - pd.Timedelta(days=period_days(convention))).as_unit(index.unit)
    return pd.Series(curve, index=index.insert(0, opening), name="wealth")


def wealth_of(returns: FloatArray) -> FloatArray:
    """Return the wealth of returns that were checked."""
    curve = np.empty(returns.size + 1)
    curve[0] = 1.0
    np.add(returns, 1.0, out=curve[1:])
    return np.cumprod(curve, out=curve)


def period_days(convention: Convention) -> float:
    """Return the calendar days of one declared period."""
    return convention.days_per_year / convention.periods_per_year


def total_return(equity: Floats) -> float:
    """Return the whole period's simple return, ``last / first - 1``.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value after all costs, opening point first, without NaN.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there are fewer than two points.

    Examples
    --------
    >>> round(total_return(np.array([100.0, 110.0, 114.95])), 12)
    0.1495
    """
    values = equity_values(equity, least=2)
    return float(values[-1] / values[0] - 1.0)


def cagr(equity: Floats, convention: Convention, ts: Instants | None = None) -> float:
    """Return the compound annual growth rate.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value, opening point first, without NaN.
    convention : Convention
        Its `growth` counts the years: calendar days from the opening point to
        the last over `days_per_year`, or the periods over `periods_per_year`.
    ts : ndarray of datetime64 or DatetimeIndex of shape (n_periods + 1,), optional
        Time of each point, UTC; by default the index of `equity`. Not read
        where `growth` is ``"periods"``.

    Returns
    -------
    float
        ``(last / first) ** (1 / years) - 1``; -1.0 where the account ends at or
        below zero. Under one year it extrapolates.

    Raises
    ------
    DataError
        If `equity` holds NaN, opens at or below zero, or the times are missing or descend.
    InsufficientDataError
        If no time passes.

    References
    ----------
    .. [1] CFA Institute (2020). "Global Investment Performance Standards": periods
       under one year are not presented as annual rates.

    Examples
    --------
    >>> ts = np.array(["2021-01-01", "2023-01-01"], dtype="datetime64[D]")  # 730 days
    >>> round(cagr(np.array([100.0, 121.0]), Convention(periods_per_year=252), ts), 7)
    0.1000718
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    return growth_of(values, stamps_for(equity, convention, ts), convention)


def stamps_for(equity: Floats, convention: Convention, ts: Instants | None) -> InstantArray | None:
    """Return the times of the points where the convention counts calendar days, else None."""
    return instants_of(equity, ts) if convention.growth == "calendar" else None


def growth_of(equity: FloatArray, stamps: InstantArray | None, convention: Convention) -> float:
    """Return the growth rate of an equity curve that was checked; without stamps, periods are counted."""
    if stamps is None:
        return formulas.growth_rate(equity[0], equity[-1], equity.size - 1, convention.periods_per_year)
    days = days_between(stamps[0], stamps[-1])
    return formulas.growth_rate(equity[0], equity[-1], days, convention.days_per_year)
