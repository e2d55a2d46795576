"""Instants in and out: every public time argument passes through here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final, Literal

import numpy as np

from investiq.core.errors import DataError

__all__ = ["When", "aware", "instant", "label_text"]

# What a public time argument may be; a datetime is a date.
When = str | date | np.datetime64

_PERIODS: Final[dict[int, Literal["Y", "M", "D"]]] = {4: "Y", 7: "M", 10: "D"}


def instant(when: Any, *, day_ends: bool = True) -> np.datetime64:
    """Return `when` as a UTC instant, datetime64[us].

    Parameters
    ----------
    when : str, date, datetime, Timestamp or datetime64
        ISO text such as ``"2014"``, ``"2014-03"``, ``"2014-03-31"`` or
        ``"2014-03-31 21:00"``. Without a zone it is UTC.
    day_ends : bool, default True
        A date without a time means its last microsecond; False means its first.
        A year or a month means its end or its beginning likewise, and so does
        a datetime64 counted in days, months or years.

    Raises
    ------
    DataError
        If `when` cannot be read as a time.
    """
    if isinstance(when, np.datetime64):
        if np.isnat(when):
            raise DataError("a time was NaT; expected an ISO date or an aware datetime")
        if np.datetime_data(when)[0] in ("Y", "M", "D"):
            return _edge(when, day_ends)
        return _in_us(when)
    if isinstance(when, datetime):
        return _from_datetime(when)
    if isinstance(when, date):
        return _edge(np.datetime64(when, "D"), day_ends)
    if isinstance(when, str):
        return _from_text(when.strip(), day_ends)
    raise DataError(f"{when!r} is not a time; expected an ISO date such as '2014-03-31' or an aware datetime")


def _from_text(text: str, day_ends: bool) -> np.datetime64:
    try:
        if len(text) in _PERIODS:
            return _edge(np.datetime64(text, _PERIODS[len(text)]), day_ends)
        # "20140331" is a date too: datetime.fromisoformat would read it as that day's first instant.
        if len(text) == 8:
            return _edge(np.datetime64(date.fromisoformat(text), "D"), day_ends)
        return _from_datetime(datetime.fromisoformat(text))
    except ValueError:
        raise DataError(
            f"{text!r} is not a time; expected an ISO date such as '2014-03-31' or '2014-03-31T21:00+00:00'"
        ) from None


def _from_datetime(when: datetime) -> np.datetime64:
    if when != when:  # pandas' NaT is a datetime that differs from itself
        raise DataError("a time was NaT; expected an ISO date or an aware datetime")
    utc = when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
    return np.datetime64(utc.isoformat(), "us")


def _edge(period: np.datetime64, day_ends: bool) -> np.datetime64:
    if not day_ends:
        return _in_us(period)
    # The step takes the unit of `period`: a year, a month or a day.
    step = np.ones(1, dtype=period.dtype.str.replace("M8", "m8"))[0]
    return _in_us(period + step) - np.timedelta64(1, "us")


def _in_us(when: np.datetime64) -> np.datetime64:
    counted: np.datetime64 = when.astype("datetime64[us]")
    return counted


def aware(when: np.datetime64) -> datetime:
    """Return an instant as a datetime in UTC.

    Examples
    --------
    >>> aware(np.datetime64("2024-03-08T14:30", "us")).isoformat()
    '2024-03-08T14:30:00+00:00'
    """
    moment: datetime = when.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def label_text(ts: np.datetime64, interval: str) -> str:
    """Return a bar's label as people write it: a date for daily and longer bars."""
    unit = "D" if interval in ("1d", "1w", "1mo") else "m"
    return str(ts.astype(f"datetime64[{unit}]")).replace("T", " ")
