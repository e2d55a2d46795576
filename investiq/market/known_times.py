"""When a record became known: one rule a dataset, from its own stamps and never from the time of retrieval."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core import calendar as calendars
from investiq.market.datasets import AnyKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KNOWN_AT_RULES", "known_times"]

# EDGAR takes filings until 22:00 New York; what comes later bears the date of the next day.
_EDGAR_CLOSES: Final = np.timedelta64(22, "h")
_EDGAR_ZONE: Final = "America/New_York"
_LAST_MICROSECOND: Final = np.timedelta64(1, "D") - np.timedelta64(1, "us")
# Longer than any holiday of an exchange.
_NEAR: Final = np.timedelta64(21, "D")

# In words, for `Records.known_at_rule` and the passport.
KNOWN_AT_RULES: Final[dict[AnyKind, str]] = {
    "actions": "end of the declaration date in the exchange's zone; without one, open of the ex-date's session",
    "statements": "acceptance of the filing; without its time, 22:00 New York of the filing date",
    "earnings": "time of the report; without it, end of its date in the exchange's zone",
    "news": "publication, or when it was first seen live if that was later",
    "options": "time of the snapshot",
    "insiders": "acceptance of the filing; without its time, 22:00 New York of the filing date",
    "short_interest": "close of the first session on or after the publication date",
    "profile": "acceptance of the filing; without its time, 22:00 New York of the filing date",
    "snapshot": "time of the snapshot",
    "analyst_targets": "as its row says",
    "analyst_ratings": "as its row says",
    "earnings_texts": "as its row says",
    "series": "as its row says",
}


def known_times(dataset: AnyKind, frame: pd.DataFrame, calendar: str = "XNYS") -> pd.Series | None:
    """Return `known_at` of each record, NaT where no stamp says it; None for datasets without one.

    Parameters
    ----------
    dataset : str
    frame : DataFrame
        In canonical types.
    calendar : str, default "XNYS"
        Exchange calendar, for the end of a day, sessions and closes.

    Raises
    ------
    DataError
        If a date lies outside the calendar.

    Notes
    -----
    Without a declaration date a split or dividend counts as known when its
    ex-date's session opens: everyone then sees the share trade without it, and
    the factors of that date need no later knowledge.
    """
    rule = _RULES.get(dataset)
    return None if rule is None else rule(frame, calendar)


def _of_filing(frame: pd.DataFrame, calendar: str) -> pd.Series:
    return frame["accepted_at"].fillna(_local(frame["filed_at"], _EDGAR_CLOSES, _EDGAR_ZONE))


def _of_action(frame: pd.DataFrame, calendar: str) -> pd.Series:
    declared = _local(frame["declared_at"], _LAST_MICROSECOND, calendars.time_zone(calendar))
    return declared.fillna(_session_times(frame["ex_date"].where(declared.isna()), calendar, is_open=True))


def _of_report(frame: pd.DataFrame, calendar: str) -> pd.Series:
    ends = _local(frame["reported_date"], _LAST_MICROSECOND, calendars.time_zone(calendar))
    return frame["reported_at"].fillna(ends)


def _of_news(frame: pd.DataFrame, calendar: str) -> pd.Series:
    later: pd.Series = frame[["published_utc", "first_seen_at"]].max(axis=1)
    return later.where(frame["published_utc"].notna())


def _of_publication(frame: pd.DataFrame, calendar: str) -> pd.Series:
    return _session_times(frame["publication_date"], calendar, is_open=False)


def _of_snapshot(frame: pd.DataFrame, calendar: str) -> pd.Series:
    stamps: pd.Series = frame["ts"]
    return stamps


def _of_row(frame: pd.DataFrame, calendar: str) -> pd.Series:
    stamps: pd.Series = frame["known_at"]
    return stamps


_RULES: Final[dict[AnyKind, Callable[[pd.DataFrame, str], pd.Series]]] = {
    "actions": _of_action,
    "statements": _of_filing,
    "earnings": _of_report,
    "news": _of_news,
    "options": _of_snapshot,
    "insiders": _of_filing,
    "short_interest": _of_publication,
    "profile": _of_filing,
    "snapshot": _of_snapshot,
    "analyst_targets": _of_row,
    "analyst_ratings": _of_row,
    "earnings_texts": _of_row,
    "series": _of_row,
}


def _local(dates: pd.Series, time_of_day: np.timedelta64, zone: str) -> pd.Series:
    """Return the instant of `time_of_day` on each date in `zone`, the later one where the clocks go back."""
    walls = dates.dt.tz_localize(None) + time_of_day
    is_summer = np.zeros(len(walls), dtype=bool)
    instants = walls.dt.tz_localize(zone, ambiguous=is_summer, nonexistent="shift_forward").dt.tz_convert("UTC")
    counted: pd.Series = instants.dt.as_unit("us")
    return counted


def _session_times(dates: pd.Series, calendar: str, *, is_open: bool) -> pd.Series:
    """Return open or close of the first session on or after each date; the date's end where the calendar has none."""
    import pandas as pd

    times = _local(dates, _LAST_MICROSECOND, calendars.time_zone(calendar))
    given = np.flatnonzero(dates.notna().to_numpy())
    if not given.size:
        return times
    days = dates.iloc[given].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    sessions = calendars.session_dates(calendar, days.min(), days.max() + _NEAR)
    if not sessions.size:
        return times
    rows = np.minimum(np.searchsorted(sessions, days), sessions.size - 1)
    is_near = (sessions[rows] >= days) & (sessions[rows] - days <= _NEAR)
    instants = calendars.closes(calendar, sessions[rows[is_near]])
    if is_open:
        _, instants = calendars.holding_sessions(calendar, instants - np.timedelta64(1, "us"))
    times.iloc[given[is_near]] = pd.DatetimeIndex(instants, tz="UTC")
    return times
