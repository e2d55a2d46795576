"""Which of the newest prices to believe: last trade, quote midpoint, minute close, daily close, in this order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from investiq.core import calendar as calendars
from investiq.core import sessions

__all__ = [
    "AGE_LIMITS",
    "PriceSource",
    "Rung",
    "Snapshot",
    "chosen",
    "day_of",
    "ladder",
    "previous_day",
    "trading_day",
]

PriceSource = Literal["last trade", "quote midpoint", "minute close", "daily close"]
# How old each may be in time of open market. Chosen: a share that trades every few minutes is not called stale, and a quote
# that stands for five minutes is no offer any more. What lies before a night or a holiday does not age meanwhile.
AGE_LIMITS: Final[dict[PriceSource, timedelta]] = {
    "last trade": timedelta(minutes=15),
    "quote midpoint": timedelta(minutes=5),
    "minute close": timedelta(minutes=15),
    "daily close": timedelta(minutes=15),
}
_MINUTE: Final = np.timedelta64(1, "m")
_NOTHING: Final = np.datetime64("NaT", "us")


class Snapshot(NamedTuple):
    """The newest prices that a source knows; NaN and NaT where it does not."""

    last: float = math.nan
    last_at: np.datetime64 = _NOTHING
    bid: float = math.nan
    ask: float = math.nan
    quote_at: np.datetime64 = _NOTHING
    minute_close: float = math.nan
    minute_at: np.datetime64 = _NOTHING
    day_close: float = math.nan
    day_at: np.datetime64 = _NOTHING
    previous_close: float = math.nan
    previous_date: np.datetime64 = _NOTHING
    ts: np.datetime64 = _NOTHING


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One price of the ladder.

    Attributes
    ----------
    source : {"last trade", "quote midpoint", "minute close", "daily close"}
    price : float
        NaN where there is none.
    at : datetime64[us]
        UTC; of a bar, its end so far. NaT where unknown.
    session : datetime64[us]
        Of its date at the exchange; NaT where `at` is unknown.
    is_stale : bool
        Older than its limit.
    remark : str
        Why there is no price, or which one it is.
    """

    source: PriceSource
    price: float
    at: np.datetime64
    session: np.datetime64
    is_stale: bool
    remark: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is a price with a time."""
        return math.isfinite(self.price) and not np.isnat(self.at)


def ladder(found: Snapshot, now: np.datetime64, market: str, delay: timedelta = timedelta(0)) -> tuple[Rung, ...]:
    """Return the four rungs, each judged by its age in time of open market.

    Parameters
    ----------
    found : Snapshot
    now : datetime64[us]
        UTC.
    market : str
        Exchange calendar.
    delay : timedelta
        Of the data plan; added to every limit.
    """
    middle, why = _midpoint(found.bid, found.ask)
    day, day_at, which = _daily(found, now, market)
    made: tuple[tuple[PriceSource, float, np.datetime64, str], ...] = (
        ("last trade", found.last, found.last_at, ""),
        ("quote midpoint", middle, found.quote_at, why),
        ("minute close", found.minute_close, min(found.minute_at + _MINUTE, now), ""),
        ("daily close", day, day_at, which),
    )
    return tuple(_rung(*each, now, market, delay) for each in made)


def chosen(rungs: Sequence[Rung]) -> Rung | None:
    """Return the first rung within its limit, else the newest one, else None."""
    there = [each for each in rungs if each.is_there]
    fresh = [each for each in there if not each.is_stale]
    if fresh:
        return fresh[0]
    return max(there, key=lambda each: each.at, default=None)


def day_of(stamp: np.datetime64, market: str) -> np.datetime64:
    """Return the session of a day bar's stamp: 00:00 UTC of it, or any instant of that day at the exchange."""
    day = stamp.astype("datetime64[D]").astype("datetime64[us]")
    return _session(day, market) if day == stamp else trading_day(stamp, market)


def trading_day(at: np.datetime64, market: str) -> np.datetime64:
    """Return the session of an instant's date at the exchange, hours before and after it included."""
    moment: datetime = at.item()  # type: ignore[assignment]  # microseconds always become a datetime
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(calendars.time_zone(market)))
    return _session(np.datetime64(local.date(), "us"), market)


def _session(day: np.datetime64, market: str) -> np.datetime64:
    days = np.array([day])
    found: np.datetime64 = day if sessions.is_session(market, days)[0] else sessions.previous_session(market, days)[0]
    return found


def _midpoint(bid: float, ask: float) -> tuple[float, str]:
    if not (bid > 0 and ask > 0):
        there = "bid" if bid > 0 else "ask" if ask > 0 else ""
        return math.nan, f"{there} alone is no price" if there else ""
    if bid > ask:
        return math.nan, f"crossed: bid {bid:g} above ask {ask:g}"
    return (bid + ask) / 2, ""


def _daily(found: Snapshot, now: np.datetime64, market: str) -> tuple[float, np.datetime64, str]:
    """Return close, its moment and which day it is: of the day if it has one, else of the day before."""
    if found.day_close > 0 and not np.isnat(found.day_at):
        day = day_of(found.day_at, market)
        end = calendars.closes(market, np.array([day]))[0]
        if end <= now:
            return found.day_close, end, f"session {day.astype('datetime64[D]')}"
        newest = [each for each in (found.ts, found.day_at) if not np.isnat(each)]
        return found.day_close, min(max(newest), now), f"session {day.astype('datetime64[D]')}, not over"
    if found.previous_close > 0:
        day = previous_day(found, now, market)
        return (
            found.previous_close,
            calendars.closes(market, np.array([day]))[0],
            f"session {day.astype('datetime64[D]')}",
        )
    return math.nan, _NOTHING, ""


def previous_day(found: Snapshot, now: np.datetime64, market: str) -> np.datetime64:
    """Return the session of `previous_close`: as told, else the one before the day's, else the last that is over."""
    if not np.isnat(found.previous_date):
        return found.previous_date
    if found.day_close > 0 and not np.isnat(found.day_at):
        before: np.datetime64 = sessions.previous_session(market, np.array([day_of(found.day_at, market)]))[0]
        return before
    last = sessions.last_session(market, np.array([now]))
    if calendars.closes(market, last)[0] > now:
        last = sessions.previous_session(market, last)
    over: np.datetime64 = last[0]
    return over


def _rung(
    source: PriceSource,
    price: float,
    at: np.datetime64,
    remark: str,
    now: np.datetime64,
    market: str,
    delay: timedelta,
) -> Rung:
    if not price > 0 or np.isnat(at):
        if price > 0:
            remark = "its time is unknown"
        return Rung(
            source=source, price=math.nan, at=_NOTHING, session=_NOTHING, is_stale=False, remark=remark or "not told"
        )
    is_stale = bool(sessions.open_time(market, at, now) > np.timedelta64(AGE_LIMITS[source] + delay))
    session = trading_day(at, market)
    return Rung(source=source, price=price, at=at, session=session, is_stale=is_stale, remark=remark)
