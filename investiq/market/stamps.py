"""Stamps of other people's tables to UTC: session dates for daily bars, opening instants for intraday ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.market.schemas import BadRow

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dates_in", "off_session", "read_stamps"]

# A time of day followed by Z or an offset, at the end of the text.
_OFFSET: Final = r":\d\d(?:\.\d+)?\s*(?:Z|[+-]\d\d:?\d\d)$"


def read_stamps(
    texts: pd.Series, *, is_daily: bool, calendar: str, timezone: str | None, date_format: str | None
) -> tuple[pd.Series, list[BadRow]]:
    """Return stamps as datetime64[us, UTC], NaT where unreadable, and the unreadable rows.

    Parameters
    ----------
    texts : Series
        Text, dates or datetimes, without missing values.
    is_daily : bool
        True reads a session date: that of an offset's instant in the exchange's
        zone, except that midnight UTC is the date itself.
    calendar : str
        Exchange calendar, for its zone.
    timezone : str or None
        Of intraday stamps without an offset.
    date_format : str or None
        Of text that is not ISO 8601.

    Raises
    ------
    DataError
        If intraday stamps are naive and no `timezone` is given, or some stamps
        carry an offset and some do not, or they are plain numbers.
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(texts.dtype):
        raise DataError(
            f"stamps are numbers such as {texts.iloc[0]}; convert them to ISO dates or to a datetime column first"
        )
    if isinstance(texts.dtype, pd.DatetimeTZDtype):
        stamps, is_aware = texts.dt.tz_convert("UTC"), True
    elif pd.api.types.is_datetime64_dtype(texts.dtype):
        stamps, is_aware = texts, False
    else:
        stamps, is_aware = _parsed(texts.astype(str).str.strip(), date_format)
    stamps = stamps.dt.as_unit("us")
    bad = [BadRow(int(row), _unreadable(texts[row], date_format)) for row in stamps.index[stamps.isna()]]
    if is_daily:
        return _session_dates(stamps, is_aware, calendar), bad
    if is_aware:
        return stamps, bad
    if timezone is None:
        raise DataError(
            f"stamps such as {texts.iloc[0]} carry no offset; name their zone with timezone='{calendars.time_zone(calendar)}'"
        )
    local = stamps.dt.tz_localize(_zone(timezone), ambiguous="NaT", nonexistent="NaT")
    unclear = local.isna() & stamps.notna()
    bad += [
        BadRow(int(row), f"{texts[row]} does not exist or exists twice in {timezone}, where the clocks change")
        for row in stamps.index[unclear]
    ]
    return local.dt.tz_convert("UTC"), sorted(bad)


def _parsed(texts: pd.Series, date_format: str | None) -> tuple[pd.Series, bool]:
    """Return text as datetimes (UTC where it carries offsets), and whether it does."""
    import pandas as pd

    layout = date_format or "ISO8601"
    has_offset = texts.str.contains(_OFFSET, regex=True)
    if has_offset.all() or (date_format and "%z" in date_format):
        return pd.to_datetime(texts, format=layout, errors="coerce", utc=True), True
    if has_offset.any():
        with_offset, without = texts[has_offset].iloc[0], texts[~has_offset].iloc[0]
        raise DataError(
            f"some stamps carry an offset ({with_offset}) and some do not ({without}); write all of them the same way"
        )
    return pd.to_datetime(texts, format=layout, errors="coerce"), False


def _session_dates(stamps: pd.Series, is_aware: bool, calendar: str) -> pd.Series:
    known = stamps.dropna()
    if is_aware and not (known == known.dt.normalize()).all():
        return dates_in(stamps, calendars.time_zone(calendar))
    dates: pd.Series = stamps.dt.normalize()
    return dates if is_aware else dates.dt.tz_localize("UTC")


def dates_in(stamps: pd.Series, zone: str) -> pd.Series:
    """Return the date on the wall of `zone` of each instant, as datetime64[us, UTC] at 00:00.

    Examples
    --------
    Eight in the evening in New York is the next day in UTC.

    >>> import pandas as pd
    >>> dates_in(pd.Series([pd.Timestamp("2024-03-08T01:00Z")]), "America/New_York").dt.date.tolist()
    [datetime.date(2024, 3, 7)]
    """
    local = stamps.dt.tz_convert(zone).dt.tz_localize(None)
    dates: pd.Series = local.dt.normalize().dt.tz_localize("UTC").dt.as_unit("us")
    return dates


def _unreadable(text: object, date_format: str | None) -> str:
    if date_format:
        return f"stamp {text!r} does not follow {date_format}"
    return f"stamp {text!r} is not ISO 8601; name its form with date_format=, such as '%m/%d/%Y'"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise DataError(f"unknown time zone {name!r}; expected a name such as 'America/New_York' or 'UTC'") from None


def off_session(stamps: pd.Series, interval: Interval, calendar: str) -> list[BadRow]:
    """Return the rows that are no session (daily), or outside of one or off the interval's grid (intraday)."""
    import numpy as np

    ts = stamps.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    if interval == "1d":
        sessions = calendars.session_dates(calendar, ts.min(), ts.max())
        outside = ~np.isin(ts, sessions)
        return [
            BadRow(int(row), f"{stamps[row]:%Y-%m-%d} is no session of {calendar}") for row in stamps.index[outside]
        ]
    _, opens = calendars.holding_sessions(calendar, ts)
    minutes = INTERVAL_MINUTES[interval]
    on_grid = (ts - opens) % np.timedelta64(minutes, "m") == np.timedelta64(0, "us")
    zone = calendars.time_zone(calendar)
    bad = []
    for row, is_open, fits in zip(stamps.index, ~np.isnat(opens), on_grid, strict=True):
        if not is_open:
            bad.append(
                BadRow(
                    int(row),
                    f"{stamps[row].tz_convert(zone):%Y-%m-%d %H:%M} ({zone}) lies outside the sessions of {calendar}",
                )
            )
        elif not fits:
            bad.append(
                BadRow(int(row), f"{stamps[row]:%Y-%m-%d %H:%M} UTC is not a multiple of {interval} after the open")
            )
    return bad
