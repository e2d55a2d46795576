"""What every metric does first: take an array or a Series, refuse what it cannot use."""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.refusals import (
    WHOLE_LOSS,
    missing_text,
    refuse_other_kinds,
    refuse_other_units,
    refuse_times_out_of_order,
)

if TYPE_CHECKING:
    import pandas as pd

__all__: list[str] = []  # what every metric does first; no metric itself

FloatArray: TypeAlias = NDArray[np.float64]
InstantArray: TypeAlias = NDArray[np.datetime64]
Floats: TypeAlias = "FloatArray | pd.Series[float]"
Instants: TypeAlias = "InstantArray | pd.DatetimeIndex"

_DAY: Final = np.timedelta64(1, "D")
# pct_change keeps the name of the column of prices, which says nothing of whose returns they are.
_PRICE_COLUMNS: Final = ("open", "high", "low", "close", "adj close", "adj_close", "adjusted", "price")


def finite(name: str, data: Floats) -> FloatArray:
    """Return `data` as a float64 array of one dimension.

    Raises
    ------
    DataError
        If it holds NaN or infinite values (with their count), or is not one-dimensional.
    """
    values = numbers_of(name, data)
    if wrong := values.size - int(np.count_nonzero(np.isfinite(values))):
        raise DataError(f"{name} holds {wrong} NaN or infinite of {values.size}; drop or repair them first")
    return values


def numbers_of(name: str, data: Floats) -> FloatArray:
    """Return `data` as a float64 array of one dimension, or say that it is none."""
    if not isinstance(data, np.ndarray):
        refuse_other_kinds(name, data)
    try:
        values = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be numbers in one dimension: {error}") from None
    if values.ndim != 1:
        raise DataError(f"{name} has {values.ndim} dimensions, expected 1: pass one series")
    return values


def returns_of(returns: Floats, name: str = "returns", least: int = 1, purpose: str = "this statistic") -> FloatArray:
    """Return simple returns as a float64 array, or say why they cannot be used.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions.
    name : str, default "returns"
        What the messages call them.
    least : int, default 1
        Fewest returns that the formula is defined on.
    purpose : str
        What needs them, for the message.

    Raises
    ------
    DataError
        If they hold NaN or infinite values (count and place are told), are not
        numbers in one dimension, descend in time or have a time twice, lose more
        than 100 %, or look like prices or percents. Nothing is converted or dropped.
    InsufficientDataError
        If there are fewer than `least`.

    Examples
    --------
    >>> returns_of(np.array([0.01, -0.02]))
    array([ 0.01, -0.02])
    >>> returns_of(np.array([101.0, 102.5, 101.7]))
    Traceback (most recent call last):
        ...
    investiq.core.errors.DataError: returns look like prices or wealth: 3 of 3 are positive and the largest is 102.5, \
which would be a return of +10,250 %; pass prices.pct_change().iloc[1:]
    """
    values = numbers_of(name, returns)
    if wrong := values.size - int(np.count_nonzero(np.isfinite(values))):
        raise DataError(missing_text(name, values, wrong, is_series=hasattr(returns, "iloc")))
    if values.size < least:
        raise InsufficientDataError(f"{purpose} needs {least} {name}, received {values.size}")
    if hasattr(returns, "iloc"):
        refuse_times_out_of_order(name, returns.index)  # type: ignore[union-attr]  # only pandas has iloc
    if values.size and (values.max() >= 1.0 or values.min() < WHOLE_LOSS):
        refuse_other_units(name, values)
    return values


def paired(
    returns: Floats,
    benchmark: Floats,
    names: tuple[str, str] = ("returns", "benchmark"),
    least: int = 1,
    purpose: str = "this statistic",
) -> tuple[FloatArray, FloatArray]:
    """Return two series of returns over the same periods: joined by date, never by position.

    Parameters
    ----------
    returns, benchmark : ndarray or Series
        Two Series are joined on the times that both have. Two arrays must be of equal length.
    names : tuple of (str, str)
        What the messages call them.
    least, purpose
        As in `returns_of`, of the joined returns.

    Raises
    ------
    DataError
        As `returns_of`, for either; or if one has times and the other has none,
        one is zoned and the other is not, a time comes twice, none is common,
        or two arrays differ in length.
    InsufficientDataError
        If fewer than `least` are left.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-02", periods=3)
    >>> paired(pd.Series([0.01, 0.02, 0.03], index=days), pd.Series([0.0, 0.1], index=days[1:]))
    (array([0.02, 0.03]), array([0. , 0.1]))
    """
    if not (hasattr(returns, "iloc") or hasattr(benchmark, "iloc")):
        first, second = (returns_of(each, name) for each, name in zip((returns, benchmark), names, strict=True))
        if first.size != second.size:
            raise DataError(
                f"{names[0]} has {first.size} values and {names[1]} {second.size}; "
                "pass Series indexed by time, which are joined by it, or arrays of equal length"
            )
    else:
        left, right = _common(returns, benchmark, names)
        first, second = returns_of(left, names[0]), returns_of(right, names[1])
    if first.size < least:
        raise InsufficientDataError(
            f"{purpose} needs {least} periods that {names[0]} and {names[1]} share, received {first.size}"
        )
    return first, second


def equity_values(equity: Floats, least: int = 1, *, is_account: bool = False) -> FloatArray:
    """Return an equity curve whose first point, the opening capital, is positive.

    Where `is_account`, it is the value of an account that may fall into debt; otherwise
    values below zero before the last point are taken for returns.

    Raises
    ------
    DataError
        If it holds NaN, opens at or below zero, or looks like returns.
    InsufficientDataError
        If it has fewer than `least` points.
    """
    values = finite("equity", equity)
    if values.size < least:
        raise InsufficientDataError(f"equity has {values.size} point(s), needs {least} (the opening point counts)")
    if values[0] <= 0:
        raise DataError(
            f"equity opens at {values[0]:g}; the opening capital must be positive: if these are returns, "
            "pass iq.metrics.wealth(returns)"
        )
    if not is_account and (values[:-1] < 0).any():
        where = int(np.argmax(values < 0))
        raise DataError(
            f"equity falls below zero at point {where} of {values.size} ({values[where]:g}): these look like returns; "
            "pass iq.metrics.wealth(returns), or an account's value"
        )
    return values


def instants_of(equity: Floats, ts: Instants | None) -> InstantArray:
    """Return one instant per point, from `ts` or from the index of a Series.

    Raises
    ------
    DataError
        If there are none, their number differs from that of the points, or they descend.
    """
    stamps = getattr(equity, "index", None) if ts is None else ts
    if getattr(stamps, "tz", None) is not None:
        stamps = stamps.tz_convert(None)  # type: ignore[union-attr]  # only an aware DatetimeIndex has a tz
    instants = np.asarray(stamps)
    if instants.dtype.kind != "M":
        raise DataError("the points have no times; pass ts, one datetime64 per point, or a Series indexed by time")
    if instants.shape != (len(equity),):
        raise DataError(f"ts has shape {instants.shape}, expected ({len(equity)},) like equity")
    instants = instants.astype("datetime64[us]", copy=False)
    order = instants.view(np.int64)  # NaT is the least integer
    if (order[1:] < order[:-1]).any() or (order.size and np.isnat(instants[0])):
        raise DataError("ts must ascend without NaT; sort the points by time")
    return instants


def days_between(first: np.datetime64, last: np.datetime64) -> float:
    """Return the calendar days from `first` to `last`, fractions included."""
    return float((last - first) / _DAY)


def opening_of_last(months: int, stamps: InstantArray) -> int:
    """Return the row that opens the last `months` months: the newest point at least that old.

    Raises
    ------
    InsufficientDataError
        If the stamps span less.
    """
    if not stamps.size:
        raise InsufficientDataError("no points")
    last = stamps[-1].astype("datetime64[us]").item()
    year, month = divmod(12 * last.year + last.month - 1 - months, 12)
    day = min(last.day, monthrange(year, month + 1)[1])  # 29 February has no twin in most years
    opens = np.datetime64(last.replace(year=year, month=month + 1, day=day), "us")
    row = int(np.searchsorted(stamps, opens, side="right")) - 1
    if row < 0:
        raise InsufficientDataError(
            f"{stamps[0].astype('datetime64[D]')} to {last:%Y-%m-%d} is shorter than {months} months"
        )
    return row


def _common(returns: Floats, benchmark: Floats, names: tuple[str, str]) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return both Series at the labels that both have."""
    import pandas as pd

    for data, name in zip((returns, benchmark), names, strict=True):
        refuse_other_kinds(name, data)
    if not (isinstance(returns, pd.Series) and isinstance(benchmark, pd.Series)):
        bare = names[0] if isinstance(benchmark, pd.Series) else names[1]
        raise DataError(f"{bare} has no times while the other has: pass two Series indexed by time, or two arrays")
    indexes = (returns.index, benchmark.index)
    for index, name in zip(indexes, names, strict=True):
        refuse_times_out_of_order(name, index)
        if not index.is_unique:
            raise DataError(f"{name} has the label {index[index.duplicated()][0]} twice; drop the repeated rows")
    timed = [isinstance(index, pd.DatetimeIndex) for index in indexes]
    if timed[0] != timed[1]:
        bare = names[timed.index(False)]
        raise DataError(
            f"{bare} is indexed by {indexes[timed.index(False)].dtype}, the other by time; index both by time"
        )
    if all(timed) and (indexes[0].tz is None) != (indexes[1].tz is None):  # type: ignore[attr-defined]
        raise DataError(f"one index has a zone and the other none ({names[0]}: {indexes[0].dtype}); give both UTC")
    common = indexes[0].intersection(indexes[1])
    if not len(common) and len(indexes[0]) and len(indexes[1]):
        spans = ", ".join(f"{name} {index[0]} to {index[-1]}" for name, index in zip(names, indexes, strict=True))
        raise DataError(f"{names[0]} and {names[1]} have no time in common: {spans}; load them over the same sessions")
    return returns[common], benchmark[common]


def name_of(returns: object) -> str:
    """Return the name of a Series of returns, ``"returns"`` where it has none or that of a column of prices."""
    name = str(getattr(returns, "name", None) or "returns")
    return "returns" if name.lower() in _PRICE_COLUMNS else name
