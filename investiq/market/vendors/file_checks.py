"""What a user's file shows about itself against what was declared of it."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.history.bars import Bars
from investiq.market.building import recheck
from investiq.market.cleaning import quarantine

__all__ = ["check_interval", "gated"]

_FEWEST_ROWS: Final = 10
# Of the sessions from first to last, below which daily rows may be of longer bars.
_DAILY_SHARE: Final = 0.4
_LONG_STEP: Final = 4
# Weekly and monthly rows differ from their usual step by holidays only; rows of a thin series differ at random.
_REGULAR_SHARE: Final = 0.75


def gated(bars: Bars) -> Bars:
    """Return bars with bad prints quarantined, as the bars of vendors are when they are stored."""
    return recheck(dataclasses.replace(bars, flags=quarantine(bars)))


def check_interval(name: str, ts: NDArray[np.datetime64], interval: Interval, calendar: str) -> None:
    """Refuse an interval that the steps between ascending labels contradict; fewer than ten rows are not judged.

    Raises
    ------
    DataError
        With the step found and the interval that would fit.
    """
    if ts.size < _FEWEST_ROWS:
        return
    found = _daily_step(ts, calendar) if interval == "1d" else _intraday_step(ts, INTERVAL_MINUTES[interval], calendar)
    if found:
        raise DataError(f"{name}: interval {interval!r} was declared, but {found}")


def _daily_step(ts: NDArray[np.datetime64], calendar: str) -> str:
    sessions = calendars.session_dates(calendar, ts[0], ts[-1])
    steps = np.diff(np.searchsorted(sessions, ts))
    usual = float(np.median(steps))
    is_regular = np.mean(np.abs(steps - usual) <= usual / 4) >= _REGULAR_SHARE
    if ts.size >= _DAILY_SHARE * sessions.size or usual < _LONG_STEP or not is_regular:
        return ""
    fits = "1w" if usual <= 7 else "1mo"
    return f"the usual step is {usual:g} sessions, as of {fits!r} bars, which are not read from files; bring daily bars"


def _intraday_step(ts: NDArray[np.datetime64], minutes: int, calendar: str) -> str:
    days, _ = calendars.holding_sessions(calendar, ts)
    steps = (np.diff(ts) // np.timedelta64(1, "m"))[days[1:] == days[:-1]]
    if (steps == minutes).any():
        return ""
    if not steps.size:
        return "no session has two rows; expected interval '1d', or all bars of a session"
    usual = int(np.median(steps))
    fits = max((each for each, size in INTERVAL_MINUTES.items() if size <= usual), key=INTERVAL_MINUTES.__getitem__)
    return f"the usual step within a session is {usual} minutes and none is {minutes}; expected interval {fits!r}"
