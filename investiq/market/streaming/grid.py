"""Which bars an exchange's sessions expect: half days, clock changes, hours before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from investiq.core import calendar
from investiq.core.errors import ConfigError
from investiq.core.sessions import EXTENDED_HOURS, has_extended_hours
from investiq.core.types import Session
from investiq.market.streaming.events import DAY

__all__ = ["Grid", "Segment", "Slot"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one session without a break, [start, end) in UTC."""

    kind: Literal["pre", "regular", "post"]
    session: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one bar: its label, and [start, end) in UTC, cut at the end of its segment."""

    ts: datetime
    start: datetime
    end: datetime
    kind: Literal["pre", "regular", "post"]


class Grid:
    """The bars that one exchange calendar expects.

    Parameters
    ----------
    market : str
        Exchange calendar, such as ``"XNYS"``.
    session : {"regular", "extended"}
        ``"extended"`` adds the hours before and after, known for US shares only.

    Raises
    ------
    ConfigError
        If extended hours are asked for of a calendar whose hours are not known here.

    Examples
    --------
    The Friday after Thanksgiving closes at 13:00 New York: 210 minutes.

    >>> grid = Grid("XNYS")
    >>> opened = datetime(2018, 11, 23, 14, 30, tzinfo=UTC)
    >>> len(grid.expected(opened - timedelta(hours=1), opened + timedelta(days=2), timedelta(minutes=1)))
    210
    """

    def __init__(self, market: str = "XNYS", session: Session = "regular") -> None:
        if session == "extended" and not has_extended_hours(market):
            raise ConfigError(
                f"hours before and after the session are known for {', '.join(EXTENDED_HOURS)} only, "
                f"asked for {market}; use session='regular'"
            )
        self.market = market
        self.session: Session = session

    def slot(self, moment: datetime, length: timedelta) -> Slot | None:
        """Return the bar of `length` that holds `moment` (for a day: that of its date), None outside of sessions."""
        if length >= DAY:
            parts = _segments(self.market, "regular", moment.date())
            return Slot(_midnight(moment.date()), parts[0].start, parts[-1].end, "regular") if parts else None
        for segment in self._around(moment.date()):
            if segment.start <= moment < segment.end:
                start = segment.start + (moment - segment.start) // length * length
                return Slot(start, start, min(start + length, segment.end), segment.kind)
        return None

    def expected(self, after: datetime, before: datetime, length: timedelta) -> list[datetime]:
        """Return the labels in the open interval (after, before), ascending."""
        labels: list[datetime] = []
        day, last = after.date() - DAY, before.date() + DAY
        while day <= last:
            segments = _segments(self.market, self.session if length < DAY else "regular", day)
            if length >= DAY:
                labels += [_midnight(day)] if segments else []
                segments = ()
            for segment in segments:
                # Straight to the first label after `after`, so that a long wait costs nothing.
                steps = max((after - segment.start) // length + 1, 0) if after >= segment.start else 0
                label = segment.start + steps * length
                while label < min(segment.end, before):
                    labels.append(label)
                    label += length
            day += DAY
        return [label for label in labels if after < label < before]

    def _around(self, day: date) -> tuple[Segment, ...]:
        # A session of the Pacific begins on the evening before its date, in UTC.
        return _three_days(self.market, self.session, day)


@lru_cache(maxsize=64)
def _three_days(market: str, session: Session, day: date) -> tuple[Segment, ...]:
    return tuple(
        segment
        for shift in (timedelta(0), -DAY, DAY)
        for segment in _segments(market, session, day + shift)
        if segment.start.date() <= day <= segment.end.date()
    )


@lru_cache(maxsize=4096)
def _segments(market: str, session: Session, day: date) -> tuple[Segment, ...]:
    """Return the segments of the session of that date, none where it is no session."""
    known = calendar.schedule(market)
    row = int(np.searchsorted(known.dates, np.datetime64(day, "us")))
    if row == known.dates.size or known.dates[row] != np.datetime64(day, "us"):
        return ()
    opened, closed = _aware(known.opens[row]), _aware(known.closes[row])
    halves = [(opened, closed)]
    if not np.isnat(known.pause_starts[row]):
        halves = [(opened, _aware(known.pause_starts[row])), (_aware(known.pause_ends[row]), closed)]
    regular = tuple(Segment("regular", day, start, end) for start, end in halves)
    if session == "regular":
        return regular
    pre, post = EXTENDED_HOURS[market]
    begins = datetime.combine(day, pre.begins, ZoneInfo(pre.zone)).astimezone(UTC)
    lasts = datetime.combine(day, post.ends) - datetime.combine(day, post.begins)
    return (Segment("pre", day, begins, opened), *regular, Segment("post", day, closed, closed + lasts))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _aware(instant: np.datetime64) -> datetime:
    moment: datetime = instant.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)
