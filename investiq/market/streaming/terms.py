"""What a reader asks of a stream and what it can look up: wishes, counts, newest values, the sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from investiq.core.types import Interval, Session
from investiq.market.streaming.events import Quote, StreamBar, Trade
from investiq.market.streaming.queueing import CAPACITY

__all__ = ["LastValues", "Metrics", "Sink", "Wishes"]


class Sink(Protocol):
    """Where final bars are kept."""

    async def take(self, bars: Sequence[StreamBar]) -> None:
        """Take final, late and revised bars in the order of the stream."""

    async def close(self) -> None:
        """Write what is left."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the reader wants to see beside final bars, and from where on."""

    interval: Interval = "1min"
    session: Session = "regular"
    provisional: bool = False
    trades: bool = False
    quotes: bool = False
    since: datetime | None = None
    capacity: int = CAPACITY


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Counts since the stream began.

    Attributes
    ----------
    received : int
        Messages of the source, backfill included.
    bars : int
        Final bars given out, late ones included.
    dropped : int
        Trades and quotes that a newer one replaced before they were read.
    superseded : int
        Provisional bars replaced likewise.
    late, revised, duplicate : int
        Bars whose first message came after their watermark; new versions; messages that said nothing new.
    outside, off_grid, invalid, forgotten, unreadable : int
        Messages not used: outside the sessions, with a stamp between two bars,
        with impossible prices, of bars too old to be corrected here, and not understood.
    backfilled, gaps, reconnects : int
        Bars fetched afterwards, gaps that stayed open, connections made after the first.
    """

    received: int = 0
    bars: int = 0
    dropped: int = 0
    superseded: int = 0
    late: int = 0
    revised: int = 0
    duplicate: int = 0
    outside: int = 0
    off_grid: int = 0
    invalid: int = 0
    forgotten: int = 0
    unreadable: int = 0
    backfilled: int = 0
    gaps: int = 0
    reconnects: int = 0


@dataclass(frozen=True, kw_only=True)
class LastValues:
    """The newest of each kind for one symbol, None where nothing came yet."""

    bar: StreamBar | None = None
    trade: Trade | None = None
    quote: Quote | None = None
