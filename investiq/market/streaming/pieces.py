"""The parts of one bar: seconds, minutes or trades in, one set of prices out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from investiq.market.streaming.events import SECOND, BarMessage, StreamBar, Trade
from investiq.market.streaming.grid import Slot

__all__ = ["Bucket", "Prices"]


class Prices(NamedTuple):
    """Values of a bar."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trades: float

    def equals(self, bar: StreamBar) -> bool:
        """Return whether `bar` has these values; NaN equals NaN."""
        return all(
            value == getattr(bar, name) or (math.isnan(value) and math.isnan(getattr(bar, name)))
            for name, value in self._asdict().items()
        )


@dataclass(slots=True)
class _Tape:
    """Trades of one bar: opening and closing print by time, whatever the order of arrival."""

    first: tuple[datetime, int, int]
    last: tuple[datetime, int, int]
    open: float
    close: float
    high: float
    low: float
    volume: float = 0.0
    value: float = 0.0
    count: int = 0
    ids: set[str] = field(default_factory=set)

    def add(self, trade: Trade, key: tuple[datetime, int, int]) -> None:
        if key < self.first:
            self.first, self.open = key, trade.price
        if key > self.last:
            self.last, self.close = key, trade.price
        self.high, self.low = max(self.high, trade.price), min(self.low, trade.price)
        self.volume += trade.size
        self.value += trade.price * trade.size
        self.count += 1

    @property
    def prices(self) -> Prices:
        vwap = self.value / self.volume if self.volume > 0 else math.nan
        return Prices(self.open, self.high, self.low, self.close, self.volume, vwap, float(self.count))


@dataclass(slots=True)
class Bucket:
    """One bar in the making, and afterwards what is needed to notice a correction."""

    slot: Slot
    bars: dict[datetime, BarMessage] = field(default_factory=dict)
    seconds: dict[datetime, BarMessage] = field(default_factory=dict)
    tape: _Tape | None = None
    given: StreamBar | None = None
    is_revised: bool = False

    def add_bar(self, message: BarMessage) -> bool:
        """Take a message, the last one of a label wins; return whether it is another than before."""
        held = self.seconds if message.length == SECOND else self.bars
        changed = held.get(message.ts) != message
        held[message.ts] = message
        return changed

    def add_trade(self, trade: Trade) -> bool:
        """Take a trade; return False for an id that is here already."""
        if self.tape is None:
            key = (trade.ts, trade.sequence, 0)
            self.tape = _Tape(key, key, trade.price, trade.price, trade.price, trade.price)
        elif trade.id and trade.id in self.tape.ids:
            return False
        if trade.id:
            self.tape.ids.add(trade.id)
        self.tape.add(trade, (trade.ts, trade.sequence, self.tape.count))
        return True

    def holds(self, ts: datetime) -> bool:
        """Return whether a minute or longer message of that label is here."""
        return ts in self.bars

    @property
    def is_backfill(self) -> bool:
        """Whether a part was fetched afterwards."""
        return any(message.is_backfill for message in self.bars.values())

    def prices(self) -> Prices:
        """Return the values of the bar from the parts that are here.

        A minute stands for the seconds in it: seconds count only where their
        minute has not come.
        """
        if self.tape is not None:
            return self.tape.prices
        loose = [each for ts, each in self.seconds.items() if _minute_of(ts) not in self.bars]
        parts = sorted((*self.bars.values(), *loose), key=lambda part: part.ts)
        if len(parts) == 1:
            only = parts[0]
            return Prices(only.open, only.high, only.low, only.close, only.volume, only.vwap, only.trades)
        volume = math.fsum(part.volume for part in parts)
        # A minute without a trade has no vwap to weigh; any other unknown part makes the whole unknown.
        weighed = [part for part in parts if part.volume != 0]
        value = math.fsum(part.vwap * part.volume for part in weighed)
        return Prices(
            parts[0].open,
            max(part.high for part in parts),
            min(part.low for part in parts),
            parts[-1].close,
            volume,
            value / volume if volume > 0 else math.nan,
            math.fsum(part.trades for part in parts),
        )


def _minute_of(ts: datetime) -> datetime:
    return ts.replace(second=0, microsecond=0)
