"""Messages in, bars out, each final once: no socket, no clock of its own, the time is an argument."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from investiq.core.errors import ConfigError
from investiq.core.types import Interval
from investiq.history.flags import Flag
from investiq.market.streaming.events import DAY, BarMessage, BarStatus, StreamBar, Trade, length_of
from investiq.market.streaming.grid import Grid, Slot
from investiq.market.streaming.pieces import Bucket

__all__ = ["GRACE", "MEMORY", "Assembler"]

# After the end of a bar and the plan's delay, for messages under way.
GRACE: Final = timedelta(seconds=5)
# How long after its end a bar's parts are kept, to tell a correction from a repetition: a session of US shares and more.
MEMORY: Final = timedelta(hours=8)
_KIND_FLAGS: Final = {"pre": Flag.PRE, "regular": Flag(0), "post": Flag.POST}


@dataclass(slots=True)
class _Series:
    """What is known of one symbol."""

    floor: datetime
    buckets: dict[datetime, Bucket] = field(default_factory=dict)
    newest_given: datetime | None = None
    held_from: datetime | None = None
    held: list[datetime] = field(default_factory=list)


class Assembler:
    """Turns trades or short bars of many symbols into bars of one interval, each of them final exactly once.

    Before its watermark (end + delay + settle + 5 s) a bar is provisional and
    the last message of a label wins. At the watermark it is final and given out
    once. What comes later either fills a hole (``"late"``) or is a new version
    of a bar already given (``"revised"``), and never a second row.

    Parameters
    ----------
    interval : str
        Of the bars to give out: intraday, or ``"1d"`` from daily messages.
    grid : Grid
        Sessions of the exchange.
    delay, settle : timedelta
        The plan's delay, and for daily bars the time for late prints.
    memory : timedelta
        How long after its watermark a bar can still be corrected here.

    Attributes
    ----------
    counts : Counter
        ``"late"`` (after the watermark, backfill aside), ``"revised"``,
        ``"duplicate"``, ``"outside"`` (of the sessions), ``"off_grid"``,
        ``"invalid"`` and ``"forgotten"`` (older than `memory`) messages.

    Raises
    ------
    ConfigError
        If the interval is a week or a month.
    """

    def __init__(
        self,
        *,
        interval: Interval,
        grid: Grid,
        delay: timedelta = timedelta(0),
        settle: timedelta = timedelta(0),
        memory: timedelta = MEMORY,
    ) -> None:
        if interval in ("1w", "1mo"):
            raise ConfigError(f"{interval} bars are not streamed; stream '1d' or shorter and resample")
        self.interval: Interval = interval
        self.length = length_of(interval)
        self.grid = grid
        self.delay = delay
        self.settle = settle
        self.memory = memory
        self.counts: Counter[str] = Counter()
        self._series: dict[str, _Series] = {}
        self._due: list[tuple[datetime, str, datetime]] = []

    def begin(self, symbol: str, floor: datetime) -> None:
        """Take `symbol` in; labels up to `floor` are never given out. A second call changes nothing."""
        self._series.setdefault(symbol, _Series(floor=floor))

    def forget(self, symbol: str) -> None:
        """Drop `symbol` and what is unfinished of it."""
        self._series.pop(symbol, None)

    def has(self, symbol: str, ts: datetime) -> bool:
        """Return whether a message of a minute or longer with the label `ts` came."""
        series = self._series.get(symbol)
        slot = self.grid.slot(ts, self.length)
        bucket = series.buckets.get(slot.ts) if series and slot else None
        return bucket is not None and bucket.holds(ts)

    def hold(self, symbol: str, start: datetime) -> None:
        """Keep back every bar of `symbol` that ends after `start` until `release`."""
        series = self._series.get(symbol)
        if series is not None:
            series.held_from = start if series.held_from is None else min(series.held_from, start)

    def release(self, symbol: str, now: datetime) -> list[StreamBar]:
        """Return the bars that `hold` kept back and whose watermark has passed."""
        series = self._series.get(symbol)
        if series is None:
            return []
        finished = self.advance(now)  # while still held, so that what is due joins the others and all leave in order
        kept, series.held, series.held_from = sorted(series.held), [], None
        return [*finished, *(self._finish(symbol, series, series.buckets[ts]) for ts in kept)]

    @property
    def next_watermark(self) -> datetime | None:
        """When the next bar becomes final, None where none is unfinished."""
        return self._due[0][0] if self._due else None

    def advance(self, now: datetime) -> list[StreamBar]:
        """Return the bars whose watermark has passed at `now`, ascending by watermark, symbol and label."""
        finished = []
        while self._due and self._due[0][0] <= now:
            _, symbol, ts = heapq.heappop(self._due)
            series = self._series.get(symbol)
            bucket = series.buckets.get(ts) if series else None
            if series is None or bucket is None or bucket.given is not None:
                continue
            if self._is_held(series, bucket.slot):
                series.held.append(ts)
            else:
                finished.append(self._finish(symbol, series, bucket))
                self._prune(series, now)
        return finished

    def take(self, message: BarMessage | Trade, now: datetime) -> list[StreamBar]:
        """Return the bars that `message` makes, changes or brings to their end at `now`.

        Parameters
        ----------
        message : BarMessage or Trade
            Of one kind throughout, seconds beside minutes excepted.
        now : datetime
            Aware; never earlier than in the call before.
        """
        finished = self.advance(now)
        series = self._series.get(message.symbol)
        if series is None:
            return finished
        slot = self.place(message)
        if isinstance(slot, str):
            self.counts[slot] += 1
            return finished
        if slot.ts <= series.floor:
            self.counts["forgotten"] += 1
            return finished
        bucket = series.buckets.get(slot.ts)
        if bucket is None:
            bucket = series.buckets[slot.ts] = Bucket(slot)
            heapq.heappush(self._due, (self.watermark(slot), message.symbol, slot.ts))
        changed = bucket.add_trade(message) if isinstance(message, Trade) else bucket.add_bar(message)
        if not changed:
            self.counts["duplicate"] += 1
            return finished
        return [*finished, *self._react(message, series, bucket, now)]

    def watermark(self, slot: Slot) -> datetime:
        """Return the moment at which the bar of `slot` is final."""
        return self._known_at(slot) + GRACE

    def _known_at(self, slot: Slot) -> datetime:
        return slot.end + self.delay + (self.settle if self.length >= DAY else timedelta(0))

    def place(self, message: BarMessage | Trade) -> Slot | str:
        """Return the bar that `message` belongs to, or under which of `counts` it is not used.

        Raises
        ------
        ConfigError
            If bars of the interval cannot be made of such messages.
        """
        length = timedelta(0) if isinstance(message, Trade) else message.length
        if length > self.length or (self.length >= DAY and length < DAY):
            raise ConfigError(
                f"{self.interval} bars cannot be made of {f'bars of {length}' if length else 'trades'}; "
                "intraday bars are made of trades and shorter bars, daily bars of daily ones"
            )
        if not message.is_sound:
            return "invalid"
        slot = self.grid.slot(message.ts, self.length)
        if slot is None:
            return "outside"
        own = self.grid.slot(message.ts, length) if length else None
        return "off_grid" if own is not None and own.ts != message.ts else slot

    def _is_held(self, series: _Series, slot: Slot) -> bool:
        return series.held_from is not None and slot.end > series.held_from

    def _react(self, message: BarMessage | Trade, series: _Series, bucket: Bucket, now: datetime) -> list[StreamBar]:
        if bucket.given is not None:
            return self._revise(message.symbol, bucket)
        if self.watermark(bucket.slot) > now or self._is_held(series, bucket.slot):
            return [self._bar(message.symbol, bucket, "provisional")]
        if not bucket.is_backfill:
            self.counts["late"] += 1
        return self.advance(now)  # its own entry in the queue of watermarks is due

    def _revise(self, symbol: str, bucket: Bucket) -> list[StreamBar]:
        before = bucket.given
        assert before is not None
        if bucket.prices().equals(before):
            self.counts["duplicate"] += 1
            return []
        self.counts["revised"] += 1
        bucket.given = self._bar(symbol, bucket, "revised", before.revision + 1)
        return [bucket.given]

    def _finish(self, symbol: str, series: _Series, bucket: Bucket) -> StreamBar:
        in_order = series.newest_given is None or bucket.slot.ts > series.newest_given
        if in_order:
            series.newest_given = bucket.slot.ts
        bucket.given = self._bar(symbol, bucket, "final" if in_order else "late")
        return bucket.given

    def _bar(self, symbol: str, bucket: Bucket, status: BarStatus, revision: int = 0) -> StreamBar:
        prices = bucket.prices()
        flags = _KIND_FLAGS[bucket.slot.kind]
        if prices.volume == 0:
            flags |= Flag.ZERO_VOLUME
        if revision:
            flags |= Flag.REVISED
        return StreamBar(
            symbol=symbol,
            interval=self.interval,
            ts=bucket.slot.ts,
            known_at=self._known_at(bucket.slot),
            status=status,
            revision=revision,
            is_backfill=bucket.is_backfill,
            flags=int(flags),
            **prices._asdict(),
        )

    def _prune(self, series: _Series, now: datetime) -> None:
        """Let go of bars beyond memory, oldest first; their labels are never given out again."""
        oldest = next(iter(series.buckets))
        while oldest != series.newest_given:
            bucket = series.buckets[oldest]
            if bucket.given is None or self.watermark(bucket.slot) + self.memory > now:
                return
            del series.buckets[oldest]
            series.floor = max(series.floor, oldest)
            oldest = next(iter(series.buckets))
