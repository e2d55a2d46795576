"""What a stream says: bars, gaps, changes of the connection, trades and quotes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

from investiq.core.types import INTERVAL_MINUTES, Interval

__all__ = [
    "DAY",
    "MINUTE",
    "SECOND",
    "BarMessage",
    "BarStatus",
    "ConnectionChange",
    "Event",
    "Gap",
    "Message",
    "Quote",
    "StreamBar",
    "Trade",
    "length_of",
]

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)

BarStatus = Literal["provisional", "final", "late", "revised"]


def length_of(interval: Interval) -> timedelta:
    """Return the nominal length of a bar."""
    return timedelta(minutes=INTERVAL_MINUTES[interval])


@dataclass(frozen=True, kw_only=True, slots=True)
class Trade:
    """One print of the tape: a price that was paid.

    Attributes
    ----------
    symbol : str
    ts : datetime
        Of the vendor, aware, UTC.
    price, size : float
    id : str
        Of the vendor, empty where it gives none; the same id on the same day is the same trade.
    sequence : int
        Order among trades of the same `ts`.
    conditions : tuple of str
        The vendor's codes, as sent.
    """

    kind: ClassVar[Literal["trade"]] = "trade"
    symbol: str
    ts: datetime
    price: float
    size: float
    id: str = ""
    sequence: int = 0
    conditions: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether the price is positive and the size no negative number."""
        return 0 < self.price < math.inf and self.size >= 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """The best bid and offer, each with its size; a quote is never a price that was paid."""

    kind: ClassVar[Literal["quote"]] = "quote"
    symbol: str
    ts: datetime
    bid: float
    ask: float
    bid_size: float = math.nan
    ask_size: float = math.nan

    @property
    def is_one_sided(self) -> bool:
        """Whether a side is zero or missing."""
        return not (self.bid > 0 and self.ask > 0)

    @property
    def is_crossed(self) -> bool:
        """Whether the bid lies above the ask."""
        return not self.is_one_sided and self.bid > self.ask

    @property
    def midpoint(self) -> float:
        """Half way between bid and ask, NaN where the quote is one-sided or crossed."""
        return math.nan if self.is_one_sided or self.is_crossed else (self.bid + self.ask) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class BarMessage:
    """A bar as a vendor sends it: raw material of a `StreamBar`.

    Attributes
    ----------
    symbol : str
    ts : datetime
        Label: opening instant, aware, UTC; the session date at 00:00 for a daily bar.
    open, high, low, close, volume, vwap, trades : float
        NaN where unknown.
    length : timedelta
        A second, a minute or a day.
    is_backfill : bool
        Whether it was fetched afterwards.
    """

    symbol: str
    ts: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float = math.nan
    vwap: float = math.nan
    trades: float = math.nan
    length: timedelta = MINUTE
    is_backfill: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether the prices are positive and consistent and the volume is no negative number."""
        low, high = min(self.open, self.close), max(self.open, self.close)
        return 0 < self.low <= low <= high <= self.high < math.inf and not self.volume < 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamBar:
    """A bar of the stream.

    Attributes
    ----------
    symbol, interval : str
    ts : datetime
        Label, aware, UTC.
    known_at : datetime
        When it was complete and available by rule: end + delay.
    open, high, low, close, volume, vwap, trades : float
        As traded, NaN where unknown.
    status : {"provisional", "final", "late", "revised"}
        ``"provisional"`` may still change. ``"final"`` is the bar's one row for
        an engine, in ascending order of `ts`. ``"late"`` is a bar that was
        missing when its successor became final: one row too, out of order.
        ``"revised"`` is a new version of a bar already given.
    seq : int
        Ascending over everything that the stream gives out; a hole is a
        provisional bar that a newer one replaced before it was read.
    revision : int
        0 for the first version.
    is_backfill : bool
        Whether a part of it was fetched afterwards.
    is_cold : bool
        Whether bars before it, or parts of it, are known to be missing (see `Gap`).
    flags : int
        Bits of `history.flags.Flag`.
    """

    kind: ClassVar[Literal["bar"]] = "bar"
    symbol: str
    interval: Interval
    ts: datetime
    known_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trades: float
    status: BarStatus
    seq: int = 0
    revision: int = 0
    is_backfill: bool = False
    is_cold: bool = False
    flags: int = 0

    @property
    def is_final(self) -> bool:
        """Whether it is no longer provisional."""
        return self.status != "provisional"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Bars that the session calendar expects and that neither the stream nor the backfill brought.

    Attributes
    ----------
    symbol : str
    after, before : datetime
        The open interval of labels that was asked for.
    expected, received : int
        Bars of the source's own length in it.
    missing : tuple of datetime
        Labels of those still missing.
    reason : str
        One sentence.
    """

    kind: ClassVar[Literal["gap"]] = "gap"
    symbol: str
    after: datetime
    before: datetime
    expected: int
    received: int
    missing: tuple[datetime, ...]
    reason: str
    seq: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionChange:
    """The connection was made or lost.

    Attributes
    ----------
    provider : str
    state : {"connected", "lost"}
    at : datetime
    reason : str
        Why it was lost, without any key.
    attempt : int
        Failures in a row.
    retry_in_s : float
        Seconds until the next attempt.
    """

    kind: ClassVar[Literal["connection"]] = "connection"
    provider: str
    state: Literal["connected", "lost"]
    at: datetime
    reason: str = ""
    attempt: int = 0
    retry_in_s: float = 0.0
    seq: int = 0


Message = Trade | Quote | BarMessage
Event = StreamBar | Gap | ConnectionChange | Trade | Quote
