"""What every metric does first: take an array or a Series, refuse what it cannot use."""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FloatArray",
    "Floats",
    "InstantArray",
    "Instants",
    "equity_values",
    "finite",
    "instants_of",
    "opening_of_last",
]

FloatArray: TypeAlias = NDArray[np.float64]
InstantArray: TypeAlias = NDArray[np.datetime64]
Floats: TypeAlias = "FloatArray | pd.Series[float]"
Instants: TypeAlias = "InstantArray | pd.DatetimeIndex"

_DAY: Final = np.timedelta64(1, "D")


def finite(name: str, data: Floats) -> FloatArray:
    """Return `data` as a float64 array of one dimension.

    Raises
    ------
    DataError
        If it holds NaN or infinite values (with their count), or is not one-dimensional.
    """
    values = np.asarray(data, dtype=np.float64)
    if values.ndim != 1:
        raise DataError(f"{name} has {values.ndim} dimensions, expected 1: pass one series")
    if wrong := values.size - int(np.count_nonzero(np.isfinite(values))):
        raise DataError(f"{name} holds {wrong} NaN or infinite of {values.size}; drop or repair them first")
    return values


def equity_values(equity: Floats, least: int = 1) -> FloatArray:
    """Return an equity curve whose first point, the opening capital, is positive.

    Raises
    ------
    DataError
        If it holds NaN, or opens at or below zero.
    InsufficientDataError
        If it has fewer than `least` points.
    """
    values = finite("equity", equity)
    if values.size < least:
        raise InsufficientDataError(f"equity has {values.size} point(s), needs {least} (the opening point counts)")
    if values[0] <= 0:
        raise DataError(f"equity opens at {values[0]:g}; the opening capital must be positive")
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
