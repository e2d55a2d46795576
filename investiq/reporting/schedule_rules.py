"""When a report is due: crontab lines in a named zone, and moments before or after the open or close of an exchange."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from investiq.core.calendar import schedule
from investiq.core.errors import ConfigError, DataError

__all__ = ["Cron", "Rule", "SessionRule", "latest_due", "parse_rule"]

_FORMS: Final = (
    "'cron 30 7 * * mon-fri', '30 min after close', '15 min before open', 'at close' or "
    "'first session of month 30 min after close' (first | last session of week | month | quarter | year)"
)
_SESSION: Final = re.compile(
    r"(?:(?P<which>first|last) session of (?P<period>week|month|quarter|year) )?"
    r"(?:at|(?P<count>\d+) (?P<unit>min|minutes?|h|hours?) (?P<side>before|after)) (?P<anchor>open|close)"
)
# Farther away, the wrong session may be meant.
_LONGEST: Final = timedelta(hours=24)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Name, least and greatest value, names of the values. Sunday is 0 and 7.
_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _WEEKDAYS),
)
# 29 February may be eight years away (1896 to 1904, 2096 to 2104).
_SEARCHED_DAYS: Final = 366 * 9

Which = Literal["every", "first", "last"]
Period = Literal["session", "week", "month", "quarter", "year"]


class Rule(Protocol):
    """A rule of moments, ascending and without end as far as its calendar reaches."""

    def dues(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments later than `after`, aware and in UTC."""
        ...


@dataclass(frozen=True, kw_only=True)
class Cron:
    """Five crontab fields on the clock of a zone.

    A time that the clocks skip in spring is moved on by what they skip (02:30
    becomes 03:30); a time that they show twice in autumn counts once, the first
    time. Where both day of month and day of week are restricted, either will
    do, as in every cron.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    zone: str

    def dues(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments later than `after`, aware and in UTC.

        Raises
        ------
        DataError
            If no day of the next nine years fits, such as 30 February.
        """
        zone = ZoneInfo(self.zone)
        # A skipped time may belong to the day before, so that the search begins there.
        day = after.astimezone(zone).date() - timedelta(days=1)
        empty, last = 0, after
        while empty < _SEARCHED_DAYS:
            found = sorted({each for each in self._of(day, zone) if each > last}) if self._fits(day) else []
            yield from found
            last = found[-1] if found else last
            empty = 0 if found else empty + 1
            day += timedelta(days=1)
        raise DataError(f"no day within {_SEARCHED_DAYS // 366} years after {after:%Y-%m-%d} fits the cron rule")

    def _fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if len(self.days) < 31 and len(self.weekdays) < 7:
            return of_month or of_week
        return of_month and of_week

    def _of(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                yield datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class SessionRule:
    """A moment relative to the open or close of sessions of an exchange; early closes and holidays are the calendar's."""

    calendar: str
    anchor: Literal["open", "close"]
    offset: timedelta
    which: Which = "every"
    period: Period = "session"

    def dues(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments later than `after`, aware and in UTC.

        Raises
        ------
        DataError
            At the end of the calendar.
        """
        known = schedule(self.calendar)
        anchors = known.opens if self.anchor == "open" else known.closes
        moments = anchors[self._chosen(known.dates)] + np.timedelta64(self.offset)
        first = np.searchsorted(moments, np.datetime64(after.astimezone(UTC).replace(tzinfo=None)), side="right")
        for moment in moments[first:]:
            yield moment.astype("datetime64[us]").item().replace(tzinfo=UTC)
        raise DataError(
            f"the calendar {self.calendar} ends with the session {str(known.dates[-1])[:10]}; start the program again, "
            "or install a newer exchange_calendars"
        )

    def _chosen(self, dates: np.ndarray) -> np.ndarray:
        if self.which == "every":
            return np.ones(dates.size, dtype=bool)
        days = dates.astype("datetime64[D]")
        months = days.astype("datetime64[M]").astype(np.int64)
        # 1970-01-01 was a Thursday: day 0 lies three days after its Monday.
        periods = {
            "week": (days.astype(np.int64) + 3) // 7,
            "month": months,
            "quarter": months // 3,
            "year": months // 12,
        }[self.period]
        turns = np.diff(periods) != 0
        # At the calendar's ends nobody knows whether a session is the first or the last of its period.
        chosen: np.ndarray = np.append(turns, False) if self.which == "last" else np.append(False, turns)
        return chosen


def latest_due(rule: Rule, after: datetime, until: datetime) -> tuple[datetime | None, int]:
    """Return the last moment of `rule` in (after, until], and how many there are.

    Examples
    --------
    >>> rule = parse_rule("30 min after close", calendar="XNYS")
    >>> latest_due(rule, datetime(2024, 7, 2, tzinfo=UTC), datetime(2024, 7, 5, tzinfo=UTC))
    (datetime.datetime(2024, 7, 3, 17, 30, tzinfo=datetime.timezone.utc), 2)
    """
    found = list(takewhile(lambda due: due <= until, rule.dues(after)))
    return (found[-1] if found else None), len(found)


def parse_rule(text: str, *, calendar: str = "XNYS", zone: str = "UTC") -> Rule:
    """Read what a schedule says under ``when``.

    Parameters
    ----------
    text : str
        ``"cron 30 7 * * mon-fri"``, ``"30 min after close"``, ``"at open"``,
        ``"first session of month 30 min after close"``.
    calendar : str, default "XNYS"
        Of rules about sessions.
    zone : str, default "UTC"
        Of the clock that crontab fields are read on.

    Raises
    ------
    ConfigError
        If the text is none of these, or calendar or zone do not exist.

    Examples
    --------
    >>> next(parse_rule("cron 30 7 * * mon-fri", zone="America/New_York").dues(datetime(2024, 3, 8, 20, tzinfo=UTC)))
    datetime.datetime(2024, 3, 11, 11, 30, tzinfo=datetime.timezone.utc)
    """
    words = " ".join(text.lower().split())
    if words.startswith("cron"):
        return _cron(words.removeprefix("cron").split(), text, zone)
    match = _SESSION.fullmatch(words)
    if match is None:
        raise ConfigError(f"expected {_FORMS}, found {text!r}")
    try:
        schedule(calendar)
    except DataError as error:
        raise ConfigError(str(error)) from error
    hours = (match["unit"] or "").startswith("h")
    offset = timedelta(minutes=int(match["count"] or 0) * (60 if hours else 1))
    if offset >= _LONGEST:
        raise ConfigError(f"expected less than 24 hours before or after a session, found {text!r}")
    return SessionRule(
        calendar=calendar,
        anchor="open" if match["anchor"] == "open" else "close",
        offset=-offset if match["side"] == "before" else offset,
        which=match["which"] or "every",  # type: ignore[arg-type]  # what the pattern lets through
        period=match["period"] or "session",  # type: ignore[arg-type]
    )


def _cron(fields: list[str], text: str, zone: str) -> Cron:
    if len(fields) != len(_FIELDS):
        names = ", ".join(name for name, *_ in _FIELDS)
        raise ConfigError(f"expected five crontab fields after 'cron' ({names}), found {len(fields)} in {text!r}")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"expected a time zone such as 'America/New_York', found {zone!r}") from None
    minutes, hours, days, months, weekdays = (
        _values(field, *limits, text) for field, limits in zip(fields, _FIELDS, strict=True)
    )
    return Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        zone=zone,
    )


def _values(field: str, name: str, least: int, greatest: int, names: tuple[str, ...], text: str) -> frozenset[int]:
    numbers = {word: position + least for position, word in enumerate(names)}
    found: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        if match is None:
            raise ConfigError(
                f"expected a number, a range a-b, a list or * in the field {name}, found {part!r} in {text!r}"
            )
        first, last, step = match.groups()
        begin = least if first is None else _number(first, numbers)
        end = greatest if first is None or (last is None and step) else _number(last or first, numbers)
        if last == "sun":  # the end of a week, as in sat-sun
            end = greatest
        if begin is None or end is None or not least <= begin <= end <= greatest or step == "0":
            known = f" or {names[0]} to {names[-1]}" if names else ""
            raise ConfigError(f"expected {least} to {greatest}{known} in the field {name}, found {part!r} in {text!r}")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(word: str, numbers: dict[str, int]) -> int | None:
    return int(word) if word.isdecimal() else numbers.get(word)
