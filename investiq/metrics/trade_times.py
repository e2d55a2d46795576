"""How long positions were held, and how much of the time there was one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import InstantArray, Instants

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeInMarket", "holding_periods", "time_in_market"]


@dataclass(frozen=True)
class TimeInMarket(Readout):
    """How much of the time there was a position.

    Attributes
    ----------
    share : float
        Of the bars, those with a position at the close, in [0, 1].
    mean_positions : float
        Positions held at a close, on average over all bars.
    max_positions : int
    active_sessions : int
        Days with at least one bar that closed with a position.
    """

    units: ClassVar[dict[str, Unit]] = {
        "share": "fraction",
        "mean_positions": "ratio",
        "max_positions": "count",
        "active_sessions": "sessions",
    }
    share: float
    mean_positions: float
    max_positions: int
    active_sessions: int


def holding_periods(entry_ts: Instants, exit_ts: Instants, bar_ts: Instants) -> pd.DataFrame:
    """Return how long closed trades were held, in calendar days, sessions and bars.

    Parameters
    ----------
    entry_ts, exit_ts : ndarray of datetime64 or DatetimeIndex of shape (n_trades,)
        Labels of the bars in which each closed trade was entered and left.
    bar_ts : ndarray of datetime64 or DatetimeIndex of shape (n_bars,)
        Labels of all bars, ascending; weekends and holidays are in no bar.

    Returns
    -------
    DataFrame
        Rows ``calendar days``, ``sessions``, ``bars``; columns mean, median,
        min, max. A trade entered and left in one bar was held for none.

    Raises
    ------
    DataError
        If the lengths differ, an exit is missing or before its entry, or a time is that of no bar.
    InsufficientDataError
        If there is no closed trade.

    Examples
    --------
    >>> bars = np.array(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"], dtype="datetime64[D]")  # Thu to Tue
    >>> holding_periods(bars[:1], bars[2:3], bars)["mean"].to_dict()
    {'calendar days': 4.0, 'sessions': 2.0, 'bars': 2.0}
    """
    import pandas as pd

    entries, exits, bars = (plain_times(each) for each in (entry_ts, exit_ts, bar_ts))
    if not entries.size:
        raise InsufficientDataError("holding periods need one closed trade, received 0")
    if np.isnat(exits).any():
        raise DataError(f"{int(np.isnat(exits).sum())} of {exits.size} trades have no exit: pass the closed ones")
    first, last = bar_rows("entry_ts", entries, bars), bar_rows("exit_ts", exits, bars)
    check_order(first, last)
    sessions = np.cumsum(np.append(0, (np.diff(bars.astype("datetime64[D]").astype(np.int64)) != 0).astype(np.int64)))
    lengths = {
        "calendar days": (exits - entries) / np.timedelta64(1, "D"),
        "sessions": sessions[last] - sessions[first],
        "bars": last - first,
    }
    rows = {name: (each.mean(), np.median(each), each.min(), each.max()) for name, each in lengths.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "median", "min", "max"], dtype=float)


def time_in_market(entry_ts: Instants, exit_ts: Instants, bar_ts: Instants) -> TimeInMarket:
    """Return how much of the time there was a position, and how many at once.

    A position counts at the closes from its entry bar to the bar before its
    exit; one without an exit (NaT) to the last bar.

    Parameters
    ----------
    entry_ts, exit_ts, bar_ts
        As `holding_periods`; trades of several symbols may overlap.

    Raises
    ------
    DataError
        If the lengths differ, an exit is before its entry, or a time is that of no bar.
    InsufficientDataError
        If there is no bar.

    Examples
    --------
    >>> bars = np.array(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"], dtype="datetime64[D]")
    >>> time_in_market(bars[[0, 1]], bars[[2, 3]], bars)
    TimeInMarket(share=0.75, mean_positions=1.0, max_positions=2, active_sessions=3)
    """
    entries, exits, bars = (plain_times(each) for each in (entry_ts, exit_ts, bar_ts))
    if not bars.size:
        raise InsufficientDataError("time in the market needs one bar, received 0")
    first = bar_rows("entry_ts", entries, bars)
    is_open = np.isnat(exits)
    last = np.full(exits.size, bars.size, dtype=np.int64)
    last[~is_open] = bar_rows("exit_ts", exits[~is_open], bars)
    check_order(first, last)
    steps = np.zeros(bars.size + 1, dtype=np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, last, -1)
    held = np.cumsum(steps[:-1])
    active = np.unique(bars[held > 0].astype("datetime64[D]")).size
    return TimeInMarket(float(np.mean(held > 0)), float(held.mean()), int(held.max()), int(active))


def plain_times(times: Instants | pd.Series[pd.Timestamp]) -> InstantArray:
    """Return times as naive UTC microseconds."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    return (index.tz_convert(None) if index.tz is not None else index).to_numpy().astype("datetime64[us]")


def bar_rows(name: str, times: InstantArray, bars: InstantArray) -> NDArray[np.int64]:
    """Return the row of the bar that each time labels."""
    rows = np.searchsorted(bars, times)
    wrong = (rows == bars.size) | (bars[np.minimum(rows, bars.size - 1)] != times) if bars.size else rows >= 0
    if wrong.any():
        raise DataError(f"{name} has {times[wrong][0]}, which labels no bar; pass the labels of the bars traded in")
    return rows.astype(np.int64)


def check_order(first: NDArray[np.int64], last: NDArray[np.int64]) -> None:
    """Refuse exits before their entries."""
    if first.size != last.size:
        raise DataError(f"entry_ts has {first.size} times and exit_ts {last.size}; one of each per trade")
    if (wrong := int(np.count_nonzero(last < first))) > 0:
        raise DataError(f"{wrong} of {first.size} trades leave before they enter; are entry_ts and exit_ts swapped?")
