"""Hours of a market: is it open, in which phase is an instant, which bars does a session have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.calendar import InstantArray, closes, holding_sessions, require_covered, schedule, time_zone
from investiq.core.errors import DataError
from investiq.core.types import INTERVAL_MINUTES, Interval, Session

__all__ = [
    "BUCKETS",
    "EXTENDED_HOURS",
    "Phase",
    "Window",
    "buckets",
    "expected_labels",
    "has_extended_hours",
    "is_open",
    "is_session",
    "last_session",
    "next_session",
    "open_time",
    "opens",
    "phase_starts",
    "phases",
    "previous_session",
    "session_minutes",
]

Phase = Literal["pre", "regular", "post", "closed"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of the day on the clock of one zone: [begins, ends)."""

    name: str
    begins: time
    ends: time
    zone: str

    @property
    def from_midnight(self) -> tuple[np.timedelta64, np.timedelta64]:
        """Beginning and end as time since midnight in `zone`."""
        begins, ends = (60 * each.hour + each.minute for each in (self.begins, self.ends))
        return np.timedelta64(begins, "m"), np.timedelta64(ends, "m")


_NEW_YORK: Final = "America/New_York"
# Before and after the regular session of US shares. On a day that closes early, 13:00, late trading ends at 17:00 (NYSE,
# "Holidays and trading hours", from 2019 on; in 2018 its venues ended at 16:00): as on any day four hours after the close.
EXTENDED_HOURS: Final[dict[str, tuple[Window, Window]]] = dict.fromkeys(
    ("XNYS", "XNAS"),
    (
        Window(name="pre", begins=time(4), ends=time(9, 30), zone=_NEW_YORK),
        Window(name="post", begins=time(16), ends=time(20), zone=_NEW_YORK),
    ),
)
BUCKETS: Final[tuple[Window, ...]] = (
    Window(name="PRE", begins=time(4), ends=time(9, 30), zone=_NEW_YORK),
    Window(name="REG-AM", begins=time(9, 30), ends=time(11, 30), zone=_NEW_YORK),
    Window(name="REG-MID", begins=time(11, 30), ends=time(14), zone=_NEW_YORK),
    Window(name="REG-PM", begins=time(14), ends=time(16), zone=_NEW_YORK),
    Window(name="AFT", begins=time(16), ends=time(20), zone=_NEW_YORK),
)


def is_session(calendar: str, dates: InstantArray) -> NDArray[np.bool_]:
    """Return whether each date is a session.

    Parameters
    ----------
    calendar : str
        Such as ``"XNYS"``.
    dates : ndarray of datetime64, shape (n_dates,)
        The time of day is ignored.

    Raises
    ------
    DataError
        If a date lies outside what the calendar knows: that is not a "no".

    Examples
    --------
    >>> is_session("XNYS", np.array(["2018-07-03", "2018-07-04"], dtype="datetime64[D]"))
    array([ True, False])
    """
    days = _days(dates)
    _require(calendar, days)
    known = schedule(calendar).dates
    # Seventy times as quick as np.isin, which sorts datetimes.
    found: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, days), known.size - 1)] == days
    return found


def next_session(calendar: str, dates: InstantArray) -> InstantArray:
    """Return the first session after each date, which itself does not count."""
    days = _days(dates)
    _require(calendar, days)
    known = schedule(calendar).dates
    rows = np.searchsorted(known, days, side="right")
    if (rows == known.size).any():
        raise DataError(
            f"{calendar} has no session after {days.max().astype('datetime64[D]')}; the calendar ends there"
        )
    return known[rows]


def previous_session(calendar: str, dates: InstantArray) -> InstantArray:
    """Return the last session before each date, which itself does not count."""
    days = _days(dates)
    _require(calendar, days)
    known = schedule(calendar).dates
    rows = np.searchsorted(known, days, side="left") - 1
    if (rows < 0).any():
        raise DataError(f"{calendar} has no session before {days.min().astype('datetime64[D]')}; it begins there")
    return known[rows]


def last_session(calendar: str, instants: InstantArray) -> InstantArray:
    """Return the last session that had opened at each instant (the one under way counts)."""
    instants = instants.astype("datetime64[us]")
    _require(calendar, instants)
    known = schedule(calendar)
    rows = np.searchsorted(known.opens, instants, side="right") - 1
    if (rows < 0).any():
        raise DataError(f"{calendar} had not opened yet at {instants.min()}; its calendar begins {known.opens[0]}")
    return known.dates[rows]


def opens(calendar: str, sessions: InstantArray) -> InstantArray:
    """Return the opening instant (UTC) of each session date.

    Raises
    ------
    DataError
        If a date is no session of `calendar`.
    """
    return schedule(calendar).opens[_rows(calendar, sessions)]


def is_open(calendar: str, instants: InstantArray) -> NDArray[np.bool_]:
    """Return whether the regular session is under way: [open, close), early closes and pauses at noon honoured.

    Examples
    --------
    >>> is_open("XNYS", np.array(["2024-11-29T17:59", "2024-11-29T18:00"], dtype="datetime64[us]"))
    array([ True, False])
    """
    instants = instants.astype("datetime64[us]")
    _require(calendar, instants)
    known = schedule(calendar)
    rows = np.minimum(np.searchsorted(known.closes, instants, side="right"), known.closes.size - 1)
    inside = (instants >= known.opens[rows]) & (instants < known.closes[rows])
    # A comparison with NaT, no pause, is False.
    pauses = (instants >= known.pause_starts[rows]) & (instants < known.pause_ends[rows])
    return inside & ~pauses


def open_time(calendar: str, start: np.datetime64, end: np.datetime64) -> np.timedelta64:
    """Return how long the regular session was under way between two instants: no nights, holidays or pauses at noon.

    Parameters
    ----------
    calendar : str
    start, end : datetime64
        UTC. Zero where `end` is not later.

    Examples
    --------
    >>> first, last = np.datetime64("2024-03-05T20:59"), np.datetime64("2024-03-06T14:31")
    >>> open_time("XNYS", first, last).astype("timedelta64[m]")
    np.timedelta64(2,'m')
    """
    instants = np.array([start, end], dtype="datetime64[us]")
    _require(calendar, instants)
    known = schedule(calendar)
    touched = known.dates[(known.closes > instants[0]) & (known.opens < instants[1])]
    none = np.timedelta64(0, "us")
    total = none
    for begins, ends in _parts(calendar, touched):
        total += np.maximum(np.minimum(ends, instants[1]) - np.maximum(begins, instants[0]), none).sum()
    return total


def session_minutes(calendar: str, sessions: InstantArray) -> NDArray[np.int64]:
    """Return the minutes of trading in each session, without its pause: 390 in New York, 210 on an early day.

    Examples
    --------
    >>> session_minutes("XNYS", np.array(["2024-11-27", "2024-11-29"], dtype="datetime64[D]"))
    array([390, 210])
    """
    first, second = (ends - starts for starts, ends in _parts(calendar, sessions))
    minutes: NDArray[np.int64] = (first + second).astype("timedelta64[m]").astype(np.int64)
    return minutes


def has_extended_hours(calendar: str) -> bool:
    """Return whether hours before and after the session are known: those of US shares only."""
    return calendar in EXTENDED_HOURS


def phases(calendar: str, instants: InstantArray) -> NDArray[np.str_]:
    """Return the phase of each instant: ``"pre"``, ``"regular"``, ``"post"`` or ``"closed"``.

    Pre-market runs from 04:00 New York to the open, after hours from the close
    for four hours, on early days too. Of other markets no such hours are known:
    outside the session their instants are ``"closed"``.

    Parameters
    ----------
    calendar : str
    instants : ndarray of datetime64, shape (n_instants,)
        UTC.

    Examples
    --------
    >>> phases("XNYS", np.array(["2018-07-02T13:29", "2018-07-02T13:30", "2018-07-02T20:00"], dtype="datetime64[us]"))
    array(['pre', 'regular', 'post'], dtype='<U7')
    """
    instants = instants.astype("datetime64[us]")
    found = np.where(is_open(calendar, instants), "regular", "closed")
    if not has_extended_hours(calendar):
        return found
    rows = _day_rows(calendar, instants)
    begins, ends = _extended(calendar)
    known = schedule(calendar)
    found[(instants >= begins[rows]) & (instants < known.opens[rows])] = "pre"
    found[(instants >= known.closes[rows]) & (instants < ends[rows])] = "post"
    return found


def phase_starts(calendar: str, instants: InstantArray) -> tuple[NDArray[np.str_], InstantArray]:
    """Return the phase of each instant, as `phases` does, and when that phase began (NaT where it is ``"closed"``).

    Examples
    --------
    >>> _, starts = phase_starts("XNYS", np.array(["2018-07-02T15:10", "2018-07-02T21:10"], dtype="datetime64[us]"))
    >>> starts.astype("datetime64[m]")
    array(['2018-07-02T13:30', '2018-07-02T20:00'], dtype='datetime64[m]')
    """
    instants = instants.astype("datetime64[us]")
    phase = phases(calendar, instants)
    _, starts = holding_sessions(calendar, instants)
    if not has_extended_hours(calendar):
        return phase, starts
    rows = _day_rows(calendar, instants)
    begins, _ = _extended(calendar)
    starts = np.where(phase == "pre", begins[rows], starts)
    return phase, np.where(phase == "post", schedule(calendar).closes[rows], starts)


def buckets(calendar: str, instants: InstantArray) -> NDArray[np.str_]:
    """Return the bucket of each instant: PRE, REG-AM, REG-MID, REG-PM, AFT, or an empty text outside all.

    The windows are New York time (`BUCKETS`). What comes after an early close
    is AFT, whatever the clock says.

    Raises
    ------
    DataError
        If `calendar` is no market of US shares: the windows are theirs.
    """
    if not has_extended_hours(calendar):
        raise DataError(
            f"the buckets PRE to AFT are those of US shares ({', '.join(EXTENDED_HOURS)}), not of {calendar}"
        )
    instants = instants.astype("datetime64[us]")
    phase = phases(calendar, instants)
    since_midnight = instants - _midnights(calendar)[_day_rows(calendar, instants)]
    found = np.full(instants.shape, "", dtype="<U7")
    for window in BUCKETS[1:-1]:
        begins, ends = window.from_midnight
        found[(phase == "regular") & (since_midnight >= begins) & (since_midnight < ends)] = window.name
    found[phase == "pre"] = BUCKETS[0].name
    found[phase == "post"] = BUCKETS[-1].name
    return found


def expected_labels(
    calendar: str, sessions: InstantArray, interval: Interval, session: Session = "regular"
) -> InstantArray:
    """Return the label of every bar that the given sessions should have.

    Parameters
    ----------
    calendar : str
    sessions : ndarray of datetime64, shape (n_sessions,)
        Session dates, ascending.
    interval : str
    session : {"regular", "extended"}
        Of intraday bars.

    Returns
    -------
    ndarray of datetime64[us], shape (n_bars,)
        Intraday: opening instants counted from the open of the session (of each
        half of one that pauses), and for ``"extended"`` those before the open
        from 04:00 New York and those after the close, each counted anew; the
        last bar of a stretch may be shorter than the others. Daily: the dates.
        Weekly and monthly: those dates that open a week or a month.

    Raises
    ------
    DataError
        If a date is no session, or extended hours are asked of a market of
        which none are known.

    Examples
    --------
    >>> expected_labels("XNYS", np.array(["2024-11-29"], dtype="datetime64[D]"), "60min").astype(
    ...     "datetime64[m]"
    ... ).tolist()[-1]
    datetime.datetime(2024, 11, 29, 17, 30)
    """
    if interval in ("1d", "1w", "1mo"):
        rows = _rows(calendar, sessions)
        return _period_openers(schedule(calendar).dates, rows, interval)
    step = np.timedelta64(INTERVAL_MINUTES[interval], "m").astype("timedelta64[us]")
    if session == "extended":
        if not has_extended_hours(calendar):
            raise DataError(
                f"no hours before or after the session are known of {calendar}; known are those of "
                f"{', '.join(EXTENDED_HOURS)}; ask for session='regular'"
            )
        rows, known = _rows(calendar, sessions), schedule(calendar)
        begins, ends = _extended(calendar)
        before = _steps(begins[rows], known.opens[rows], step)
        after = _steps(known.closes[rows], ends[rows], step)
        return np.sort(np.concatenate([before, expected_labels(calendar, sessions, interval), after]))
    return np.sort(np.concatenate([_steps(starts, ends, step) for starts, ends in _parts(calendar, sessions)]))


def _days(dates: InstantArray) -> InstantArray:
    days: InstantArray = dates.astype("datetime64[D]").astype("datetime64[us]")
    return days


def _require(calendar: str, instants: InstantArray) -> None:
    if instants.size:
        require_covered(calendar, instants.min(), instants.max())


def _rows(calendar: str, sessions: InstantArray) -> NDArray[np.intp]:
    closes(calendar, sessions)  # refuses a date that is no session
    return np.searchsorted(schedule(calendar).dates, _days(sessions))


def _parts(calendar: str, sessions: InstantArray) -> Iterator[tuple[InstantArray, InstantArray]]:
    """Yield beginnings and ends of trading: whole sessions, or mornings and then afternoons of those that pause."""
    rows, known = _rows(calendar, sessions), schedule(calendar)
    pauses = ~np.isnat(known.pause_starts[rows])
    yield known.opens[rows], np.where(pauses, known.pause_starts[rows], known.closes[rows])
    yield np.where(pauses, known.pause_ends[rows], known.closes[rows]), known.closes[rows]


def _steps(starts: InstantArray, ends: InstantArray, step: np.timedelta64) -> InstantArray:
    """Return start, start + step, ... below end, for each pair, in one array."""
    counts = -((starts - ends) // step)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    labels: InstantArray = np.repeat(starts, counts) + (np.arange(counts.sum()) - before) * step
    return labels


def _period_openers(dates: InstantArray, rows: NDArray[np.intp], interval: Interval) -> InstantArray:
    if interval == "1d":
        return dates[rows]
    days = dates.astype("datetime64[D]")
    # 1970-01-01 was a Thursday: day 0 lies three days after its Monday.
    periods = days.astype("datetime64[M]").astype(np.int64) if interval == "1mo" else (days.astype(np.int64) + 3) // 7
    is_opener = np.diff(periods, prepend=periods[0] - 1) != 0
    openers: InstantArray = dates[rows[is_opener[rows]]]
    return openers


@lru_cache(maxsize=4)
def _midnights(calendar: str) -> InstantArray:
    """Return midnight in the exchange's zone of each session date, as UTC."""
    import pandas as pd

    local = pd.DatetimeIndex(schedule(calendar).dates).tz_localize(time_zone(calendar))
    midnights: InstantArray = local.tz_convert(None).to_numpy().astype("datetime64[us]")
    return midnights


@lru_cache(maxsize=4)
def _extended(calendar: str) -> tuple[InstantArray, InstantArray]:
    """Return when pre-market begins and after hours end, per session."""
    pre, post = EXTENDED_HOURS[calendar]
    begins, _ = pre.from_midnight
    close, end = post.from_midnight
    return _midnights(calendar) + begins, schedule(calendar).closes + (end - close)


def _day_rows(calendar: str, instants: InstantArray) -> NDArray[np.intp]:
    """Return the row of the session whose local day, or an earlier one, holds each instant."""
    return np.maximum(np.searchsorted(_midnights(calendar), instants, side="right") - 1, 0)
