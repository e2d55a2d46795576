"""Sessions counted by the calendar, with those in which a symbol had no bar."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.types import Interval
from investiq.history.bars import Bars

__all__ = ["ENTRY_SESSIONS", "is_absent_for_long", "numbers_of_sessions", "session_numbers"]

# Sessions in which an entry order can fill; after them it is cancelled.
ENTRY_SESSIONS: Final = 5

# Each of their bars is a session of its own.
_SESSIONLESS: Final = ("1w", "1mo")


def session_numbers(bars: Bars) -> NDArray[np.int64]:
    """Return the number of each bar's session, 0 for that of the first bar, shape (n_bars,).

    Sessions of the calendar without a bar count. Each weekly or monthly bar is a
    session of its own.

    Examples
    --------
    >>> import investiq as iq
    >>> september = iq.load_bars("^GSPC", start="2001-09-07", end="2001-09-18")
    >>> session_numbers(september)  # the exchange was closed from the 11th to the 14th
    array([0, 1, 2, 3])
    """
    return numbers_of_sessions(bars.ts, bars.interval, bars.passport.calendar)


def numbers_of_sessions(ts: NDArray[np.datetime64], interval: Interval, name: str) -> NDArray[np.int64]:
    """Return the same for labels `ts` of the exchange calendar `name`, such as those of a panel."""
    days = ts.astype("datetime64[D]")
    steps = (days[1:] != days[:-1]).astype(np.int64)
    if interval not in _SESSIONLESS and days.size:
        known = calendar.session_dates(name, ts[0], ts[-1])
        # At least one: a calendar that does not reach that far knows no sessions there.
        steps = np.maximum(steps, np.diff(np.searchsorted(known, days.astype("datetime64[us]"), side="right")))
    return np.concatenate(([0], np.cumsum(steps)))[: days.size]


def is_absent_for_long(bars: Bars) -> bool:
    """Return whether an entry decided at a close can find no bar in any of its sessions."""
    if not _has_sessions(bars):
        return False
    before = np.flatnonzero(np.diff(bars.ts) > np.timedelta64(ENTRY_SESSIONS, "D"))
    name = bars.passport.calendar
    # Both ends of a gap are sessions.
    return any(
        calendar.session_dates(name, bars.ts[row], bars.ts[row + 1]).size - 1 > ENTRY_SESSIONS
        for row in before.tolist()
    )


def _has_sessions(bars: Bars) -> bool:
    return bars.interval not in _SESSIONLESS
