"""Exchange calendars: sessions, closes, and when a bar became known."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.types import INTERVAL_MINUTES, Interval

if TYPE_CHECKING:
    import exchange_calendars

__all__ = [
    "InstantArray",
    "Schedule",
    "closes",
    "holding_sessions",
    "known_at",
    "missing_sessions",
    "nth_session_close",
    "periods_per_year",
    "require_covered",
    "schedule",
    "session_dates",
    "time_zone",
]

InstantArray = NDArray[np.datetime64]

# Before 1990 no bundled series has a session rule to follow; the end leaves a year for "next session" questions.
_FIRST_SESSION: Final = "1980-01-01"

# US equities: 252 sessions of 390 minutes, the convention of the field. Elsewhere no one number is agreed on: the mean of
# 2010-2019 in exchange_calendars 4.13, rounded; written down, so that a new version of it changes no result.
SESSIONS_PER_YEAR: Final[dict[str, int]] = {
    **dict.fromkeys(("XNYS", "XNAS"), 252),
    "24/7": 365,
    "XLON": 253,
    **dict.fromkeys(("XETR", "XFRA"), 253),
    **dict.fromkeys(("XPAR", "XAMS", "XBRU", "XLIS", "XMAD"), 256),
    **dict.fromkeys(("XMIL", "XDUB"), 254),
    **dict.fromkeys(("XSWX", "XSTO", "XHEL", "XOSL"), 251),
    "XCSE": 250,
    "XTSE": 251,
    "XTKS": 245,
    "XHKG": 246,
    "XSHG": 243,
    "XKRX": 247,
    "XBOM": 246,
    "XASX": 253,
}
# Of the regular session of 2019. Tokyo, Hong Kong and Shanghai pause at noon, so the count of their bars follows no rule here.
SESSION_MINUTES: Final[dict[str, int]] = {
    **dict.fromkeys(("XNYS", "XNAS", "XTSE", "XKRX"), 390),
    "24/7": 1440,
    **dict.fromkeys(
        ("XLON", "XETR", "XFRA", "XPAR", "XAMS", "XBRU", "XLIS", "XMAD", "XMIL", "XSWX", "XSTO", "XHEL"), 510
    ),
    "XDUB": 508,
    "XCSE": 480,
    "XOSL": 440,
    "XBOM": 375,
    "XASX": 360,
}


# Building a calendar takes a third of a second: a hundred threads that ask at once wait for one of them.
_building = RLock()


def _calendar(name: str) -> exchange_calendars.ExchangeCalendar:
    with _building:
        return _built(name)


@lru_cache(maxsize=4)
def _built(name: str) -> exchange_calendars.ExchangeCalendar:
    import exchange_calendars

    try:
        return exchange_calendars.get_calendar(name, start=_FIRST_SESSION)
    except exchange_calendars.errors.InvalidCalendarName:
        raise DataError(f"unknown exchange calendar {name!r}; expected a market code such as 'XNYS'") from None
    except ValueError:  # Tokyo's holidays, for one, are recorded from 1997 only
        earliest = type(exchange_calendars.get_calendar(name)).bound_min()
        return exchange_calendars.get_calendar(name, start=earliest)


@lru_cache(maxsize=4)
def _sessions_and_closes(name: str) -> tuple[InstantArray, InstantArray]:
    calendar = _calendar(name)
    sessions = calendar.sessions.to_numpy().astype("datetime64[us]")
    ends = calendar.closes.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    sessions.flags.writeable = ends.flags.writeable = False
    return sessions, ends


class Schedule(NamedTuple):
    """Every known session of a market, each array of shape (n_sessions,) in UTC, datetime64[us], read-only.

    `pause_starts` and `pause_ends` are NaT where the session has no pause at noon.
    """

    dates: InstantArray
    opens: InstantArray
    closes: InstantArray
    pause_starts: InstantArray
    pause_ends: InstantArray


@lru_cache(maxsize=4)
def schedule(name: str) -> Schedule:
    """Return dates, opens, closes and pauses of all sessions of a calendar, such as ``"XNYS"``."""
    calendar = _calendar(name)
    columns = (calendar.opens, calendar.break_starts, calendar.break_ends)
    opens, *pauses = (column.dt.tz_convert(None).to_numpy().astype("datetime64[us]") for column in columns)
    for array in (opens, *pauses):
        array.flags.writeable = False
    return Schedule(_sessions_and_closes(name)[0], opens, _sessions_and_closes(name)[1], *pauses)


def require_covered(name: str, first: np.datetime64, last: np.datetime64) -> None:
    """Refuse a range that reaches outside what the calendar knows."""
    sessions, ends = _sessions_and_closes(name)
    if first < sessions[0] or last >= ends[-1]:
        raise DataError(
            f"the calendar {name} covers {sessions[0].astype('datetime64[D]')} to {sessions[-1].astype('datetime64[D]')}, "
            f"asked for {first.astype('datetime64[D]')} to {last.astype('datetime64[D]')}; choose dates inside"
        )


def session_dates(calendar: str, first: np.datetime64, last: np.datetime64) -> InstantArray:
    """Return the sessions of `calendar` in [first, last] as dates at 00:00 UTC, datetime64[us]."""
    sessions, _ = _sessions_and_closes(calendar)
    low = np.searchsorted(sessions, first.astype("datetime64[D]").astype("datetime64[us]"), side="left")
    high = np.searchsorted(sessions, last.astype("datetime64[us]"), side="right")
    return sessions[low:high]


def closes(calendar: str, sessions: InstantArray) -> InstantArray:
    """Return the closing instant (UTC, early closes included) of each session date.

    Raises
    ------
    DataError
        If a date is no session of `calendar`.
    """
    known, ends = _sessions_and_closes(calendar)
    days = sessions.astype("datetime64[D]").astype("datetime64[us]")
    rows = np.minimum(np.searchsorted(known, days), known.size - 1)
    wrong = known[rows] != days
    if wrong.any():
        first = days[np.argmax(wrong)].astype("datetime64[D]")
        raise DataError(
            f"{int(wrong.sum())} date(s) are no session of {calendar}, first {first}; "
            "drop these rows or name the calendar that they follow"
        )
    return ends[rows]


def holding_sessions(calendar: str, ts: InstantArray) -> tuple[InstantArray, InstantArray]:
    """Return date and opening instant of the session that holds each instant in [open, close), NaT where none does."""
    sessions, ends = _sessions_and_closes(calendar)
    starts = schedule(calendar).opens
    rows = np.minimum(np.searchsorted(ends, ts, side="right"), ends.size - 1)
    outside = (ts < starts[rows]) | (ts >= ends[rows])
    nothing = np.datetime64("NaT", "us")
    return np.where(outside, nothing, sessions[rows]), np.where(outside, nothing, starts[rows])


def time_zone(calendar: str) -> str:
    """Return the name of the exchange's time zone, such as ``"America/New_York"``."""
    return str(_calendar(calendar).tz)


def nth_session_close(calendar: str, dates: InstantArray, count: int) -> InstantArray:
    """Return the close of the `count`-th session after each date (the date itself does not count)."""
    known, ends = _sessions_and_closes(calendar)
    days = dates.astype("datetime64[D]").astype("datetime64[us]")
    rows = np.searchsorted(known, days, side="right") + count - 1
    if (rows >= known.size).any():
        raise DataError(
            f"{calendar} has no session {count} after {days[rows >= known.size][0]}; the calendar ends there"
        )
    return ends[rows]


def known_at(
    ts: InstantArray,
    interval: Interval,
    calendar: str,
    delay: timedelta = timedelta(0),
    settle: timedelta = timedelta(0),
) -> InstantArray:
    """Return when each bar was complete and available: end + delay + settle.

    Parameters
    ----------
    ts : ndarray of datetime64[us], shape (n_bars,)
        Labels: opening instants, or (first) session dates for daily and longer bars.
    interval : str
    calendar : str
        Exchange calendar, such as ``"XNYS"``.
    delay, settle : timedelta
        Delay of the data plan, and time for prints after the end.

    Returns
    -------
    ndarray of datetime64[us], shape (n_bars,)
        The end is, for intraday bars, the opening instant plus the interval but
        not past the session's close; for daily and longer bars the close of the
        last scheduled session of the period, whether or not it has a bar.

    Raises
    ------
    DataError
        If a daily label is no session, or a label lies outside the calendar.
    """
    shift = np.timedelta64(delay + settle)
    ts = ts.astype("datetime64[us]")
    if ts.size == 0:
        return ts
    if interval == "1d":
        return closes(calendar, ts) + shift
    require_covered(calendar, ts.min(), ts.max())
    sessions, ends = _sessions_and_closes(calendar)
    if interval in ("1w", "1mo"):
        last = np.searchsorted(sessions, _next_period(ts, interval), side="left") - 1
        return ends[last] + shift
    nominal: InstantArray = ts + np.timedelta64(INTERVAL_MINUTES[interval], "m")
    own_close: InstantArray = ends[np.searchsorted(ends, ts, side="right")]
    end: InstantArray = np.minimum(nominal, own_close)
    return end + shift


def _next_period(ts: InstantArray, interval: Interval) -> InstantArray:
    """Return the first day of the week or month after that of each label."""
    if interval == "1mo":
        month_starts: InstantArray = (ts.astype("datetime64[M]") + np.timedelta64(1, "M")).astype("datetime64[us]")
        return month_starts
    days = ts.astype("datetime64[D]")
    # 1970-01-01 was a Thursday: day 0 lies three days after its Monday.
    since_monday = (days.astype(np.int64) + 3) % 7
    mondays: InstantArray = (days + (7 - since_monday).astype("timedelta64[D]")).astype("datetime64[us]")
    return mondays


def periods_per_year(interval: Interval, calendar: str) -> float:
    """Return the bars in a year by convention: 252 for daily bars of US shares.

    It follows the declared interval and calendar, never a count of stamps.

    Raises
    ------
    DataError
        If no convention is known for the calendar, or for its intraday bars.

    Examples
    --------
    >>> periods_per_year("1d", "XNYS"), periods_per_year("1w", "XNYS"), periods_per_year("60min", "XNYS")
    (252.0, 52.0, 1764.0)
    """
    if interval == "1w":
        return 52.0
    if interval == "1mo":
        return 12.0
    if calendar not in SESSIONS_PER_YEAR:
        raise DataError(
            f"no convention for the number of sessions a year of {calendar!r}, without which nothing can be annualised; "
            f"known are {', '.join(SESSIONS_PER_YEAR)}; read the bars under one of these if they follow its sessions, "
            f"or add {calendar!r} to SESSIONS_PER_YEAR in investiq/core/calendar.py"
        )
    if interval == "1d":
        return float(SESSIONS_PER_YEAR[calendar])
    if calendar not in SESSION_MINUTES:
        raise DataError(
            f"no convention for the number of {interval} bars a year of {calendar!r}, whose sessions pause at noon; "
            "bring daily bars"
        )
    bars_per_session = -(-SESSION_MINUTES[calendar] // INTERVAL_MINUTES[interval])
    return float(SESSIONS_PER_YEAR[calendar] * bars_per_session)


def missing_sessions(calendar: str, ts: InstantArray) -> InstantArray:
    """Return the sessions between the first and the last of `ts` that `ts` does not hold (daily labels)."""
    if ts.size == 0:
        return ts
    expected = session_dates(calendar, ts[0], ts[-1])
    if np.array_equal(expected, ts):
        return ts[:0]
    return expected[~np.isin(expected, ts.astype("datetime64[D]").astype("datetime64[us]"))]
