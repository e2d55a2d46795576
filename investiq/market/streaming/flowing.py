"""From a source to a reader: assembling, gaps, backfill, the queue and the sink, in one place and one order."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from investiq.core.errors import ConfigError, InvestIQError
from investiq.core.types import Interval
from investiq.market.streaming.assembling import Assembler
from investiq.market.streaming.backfilling import Backfill, Filled, GapWatch, Window
from investiq.market.streaming.events import (
    DAY,
    BarMessage,
    ConnectionChange,
    Gap,
    Message,
    Quote,
    StreamBar,
    Trade,
    length_of,
)
from investiq.market.streaming.grid import Grid, Slot
from investiq.market.streaming.listening import Source
from investiq.market.streaming.queueing import EventQueue
from investiq.market.streaming.terms import LastValues, Metrics, Sink, Wishes

__all__ = ["Flow"]

_log = logging.getLogger("investiq.market.streaming")
# How often a live stream looks for bars that have become final, in seconds.
TICK_S: Final = 0.25
_LONG_AGO: Final = datetime(1900, 1, 1, tzinfo=UTC)
_INSTANT: Final = timedelta(microseconds=1)


class Flow:
    """One stream at work; made by `stream_bars`, driven by `run`.

    Parameters
    ----------
    source : Source
    symbols : sequence of str
    wishes : Wishes
    backfill : callable, optional
        Brings what was missed; without one every gap stays open.
    sink : Sink, optional
    tick_s : float
        See `TICK_S`.
    """

    def __init__(
        self,
        source: Source,
        symbols: Sequence[str],
        wishes: Wishes,
        *,
        backfill: Backfill | None = None,
        sink: Sink | None = None,
        tick_s: float = TICK_S,
    ) -> None:
        self.queue = EventQueue(wishes.capacity)
        self.symbols: tuple[str, ...] = ()
        self.counts: Counter[str] = Counter()
        self.last: dict[str, LastValues] = {}
        self.missing: dict[str, set[datetime]] = {}
        self.is_ending = False
        self._source = source
        self._wishes = wishes
        self._backfill = backfill
        self._sink = sink
        self._tick_s = tick_s
        grid = Grid(source.market, wishes.session)
        self._grid = grid
        self.refuse_interval(source, wishes.interval)
        self._assembler = Assembler(interval=wishes.interval, grid=grid, delay=source.delay, settle=source.settle)
        self._watch = None if source.length is None else GapWatch(grid, source.length, source.delay)
        self._fills: dict[str, asyncio.Task[None]] = {}
        self._is_lost = True
        self._turn = asyncio.Lock()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.want(symbols)

    @staticmethod
    def refuse_interval(source: Source, interval: Interval) -> None:
        """Refuse an interval that cannot be made of what `source` sends."""
        length, wanted = source.length or timedelta(0), length_of(interval)
        if length > wanted or (wanted >= DAY and length < DAY):
            raise ConfigError(
                f"{source.name} streams {f'bars of {length}' if length else 'trades'}, of which {interval} bars cannot be "
                "made; daily bars are loaded after the close with iq.load_bars"
            )

    # What the reader may ask.

    def want(self, symbols: Iterable[str]) -> None:
        """Set the symbols of the stream; those that are new begin now, those that are gone are forgotten."""
        chosen = tuple(dict.fromkeys(symbols))
        for gone in set(self.symbols) - set(chosen):
            self._forget(gone)
        for fresh in [symbol for symbol in chosen if symbol not in self.symbols]:
            self._begin(fresh)
        self.symbols = chosen
        self._source.want(chosen)

    def accept_gap(self, symbol: str) -> None:
        """Call `symbol` warm again, after the reader has loaded what was missing."""
        self.missing.pop(symbol, None)

    @property
    def metrics(self) -> Metrics:
        """Counts until now."""
        counts = self.counts + self._assembler.counts
        names = {field.name for field in dataclasses.fields(Metrics)}
        own = {name: count for name, count in counts.items() if name in names}
        return Metrics(**own, dropped=self.queue.dropped, superseded=self.queue.superseded)

    # At work.

    async def run(self) -> None:
        """Run until the source ends, fails or this is cancelled; then close the queue and the sink."""
        work: list[asyncio.Future[None]] = [asyncio.ensure_future(self._source.run(self)), self._failed]
        if self._source.is_live:
            work.append(asyncio.ensure_future(self._tick()))
        error: BaseException | None = None
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except InvestIQError as failure:
            error = failure
        except asyncio.CancelledError:
            raise
        except BaseException as failure:
            error = failure
            raise
        finally:
            await self._wind_up(work, error)

    async def _wind_up(self, work: Iterable[asyncio.Future[None]], error: BaseException | None) -> None:
        self.is_ending = True
        tasks = [*work, *self._fills.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            if self._sink is not None:
                await self._sink.close()
        except InvestIQError as failure:
            error = error or failure
        await self.queue.close(error)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            await self.on_time()

    # What the source reports.

    @property
    def next_watermark(self) -> datetime | None:
        """When the next bar becomes final."""
        return self._assembler.next_watermark

    async def on_time(self) -> None:
        """Give out what has become final."""
        async with self._turn:
            await self._give(self._assembler.advance(self._source.now()))

    async def on_message(self, message: Message) -> None:
        """Take a message of the source."""
        if message.symbol not in self.symbols:
            return
        self.counts["received"] += 1
        if not isinstance(message, BarMessage):
            await self._show(message)
        if isinstance(message, BarMessage) or (isinstance(message, Trade) and self._watch is None):
            async with self._turn:
                await self._assemble(message)

    async def on_unreadable(self, reason: str) -> None:
        """Count and log a message that could not be read."""
        self.counts["unreadable"] += 1
        _log.warning("%s: %s", self._source.name, reason)

    async def on_connected(self, symbols: Iterable[str]) -> None:
        """Begin to fill what `symbols` missed."""
        async with self._turn:
            if self._is_lost:
                self._is_lost = False
                self.counts["connections"] += 1
                self.counts["reconnects"] += self.counts["connections"] > 1
                await self.queue.put(
                    ConnectionChange(provider=self._source.name, state="connected", at=self._source.now())
                )
            for symbol in symbols:
                self._fill(symbol, None)

    async def on_lost(self, reason: str, attempt: int, retry_in_s: float) -> None:
        """Keep back what may be incomplete until the connection is there again and the gap filled."""
        async with self._turn:
            self._is_lost = True
            for symbol, newest in self._watch.lost().items() if self._watch else ():
                self._assembler.hold(symbol, self._end_of(newest))
            await self.queue.put(
                ConnectionChange(
                    provider=self._source.name,
                    state="lost",
                    at=self._source.now(),
                    reason=reason,
                    attempt=attempt,
                    retry_in_s=retry_in_s,
                )
            )

    # The parts.

    def _begin(self, symbol: str) -> None:
        if not self._source.is_live:
            self._assembler.begin(symbol, self._wishes.since or _LONG_AGO)
            return
        now, length, since = self._source.now(), self._assembler.length, self._wishes.since
        slot = self._grid.slot(since or now - self._source.delay, length)
        if since is not None:
            # That bar is there already: its parts are not missed.
            floor, after = since, slot.end - _INSTANT if slot else since
        else:
            # The bar under way is wanted from its beginning.
            floor = after = slot.start - _INSTANT if slot else now
        self._assembler.begin(symbol, floor)
        if self._watch is not None:
            self._watch.begin(symbol, after)
            self._assembler.hold(symbol, after)

    def _forget(self, symbol: str) -> None:
        self._assembler.forget(symbol)
        if self._watch is not None:
            self._watch.forget(symbol)
        if symbol in self._fills:
            self._fills.pop(symbol).cancel()
        self.missing.pop(symbol, None)
        self.last.pop(symbol, None)

    def _end_of(self, label: datetime) -> datetime:
        slot = self._grid.slot(label, self._source.length) if self._source.length else None
        return slot.end if slot else label

    async def _show(self, message: Trade | Quote) -> None:
        before = self.last.get(message.symbol, LastValues())
        if isinstance(message, Trade):
            self.last[message.symbol] = dataclasses.replace(before, trade=message)
            is_wanted = self._wishes.trades
        else:
            self.last[message.symbol] = dataclasses.replace(before, quote=message)
            is_wanted = self._wishes.quotes
        if is_wanted:
            await self.queue.put(message)

    async def _assemble(self, message: BarMessage | Trade) -> None:
        is_whole = isinstance(message, BarMessage) and message.length == self._source.length
        if is_whole and isinstance(self._assembler.place(message), Slot):
            self._settle(message.symbol, message.ts)
            window = self._watch.passed(message.symbol, message.ts) if self._watch else None
            if window is not None:  # before the bar is taken, or it could be final before what precedes it
                self._assembler.hold(message.symbol, self._end_of(window.after))
                self._fill(message.symbol, window)
        await self._give(self._assembler.take(message, self._source.now()))

    def _settle(self, symbol: str, ts: datetime) -> None:
        missing = self.missing.get(symbol)
        if missing is not None:
            missing.discard(ts)
            if not missing:
                del self.missing[symbol]

    async def _give(self, bars: Iterable[StreamBar]) -> None:
        shown = [dataclasses.replace(bar, is_cold=self._is_cold(bar)) for bar in bars]
        lasting = [bar for bar in shown if bar.is_final]
        if lasting and self._sink is not None:
            await self._sink.take(lasting)
        for bar in shown:
            before = self.last.get(bar.symbol, LastValues())
            if before.bar is None or bar.ts >= before.bar.ts:
                self.last[bar.symbol] = dataclasses.replace(before, bar=bar)
            self.counts["bars"] += bar.status in ("final", "late")
            if bar.is_final or self._wishes.provisional:
                await self.queue.put(bar)

    def _is_cold(self, bar: StreamBar) -> bool:
        missing = self.missing.get(bar.symbol)
        slot = self._grid.slot(bar.ts, self._assembler.length) if missing else None
        return bool(missing) and slot is not None and min(missing) < slot.end

    # Backfill: one task a symbol; a later window waits for the earlier.

    def _fill(self, symbol: str, window: Window | None) -> None:
        before = self._fills.get(symbol)
        self._fills[symbol] = asyncio.ensure_future(self._filling(symbol, window, before))
        self._fills[symbol].add_done_callback(self._on_filled)

    def _on_filled(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self._failed.done():
            self._failed.set_exception(error)

    async def _filling(self, symbol: str, window: Window | None, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        if window is None and self._watch is not None:
            window = self._watch.resumed(symbol, self._source.now())
        if window is not None:
            if self._backfill is None:
                filled = Filled(reason="there is nothing to backfill from")
            else:
                filled = await self._backfill(window)
            async with self._turn:
                await self._pour(window, filled)
        async with self._turn:
            is_last = self._fills.get(symbol) is asyncio.current_task()
            if is_last and not self._is_lost:
                del self._fills[symbol]
                await self._give(self._assembler.release(symbol, self._source.now()))

    async def _pour(self, window: Window, filled: Filled) -> None:
        symbol, now = window.symbol, self._source.now()
        if symbol not in self.symbols:
            return
        for message in filled.bars:
            self.counts["received"] += 1
            self.counts["backfilled"] += not self._assembler.has(symbol, message.ts)
            await self._give(self._assembler.take(message, now))
            self._settle(symbol, message.ts)
        missing = tuple(ts for ts in window.expected if not self._assembler.has(symbol, ts))
        if not missing:
            return
        self.counts["gaps"] += 1
        self.missing.setdefault(symbol, set()).update(missing)
        await self.queue.put(
            Gap(
                symbol=symbol,
                after=window.after,
                before=window.before,
                expected=len(window.expected),
                received=len(window.expected) - len(missing),
                missing=missing,
                reason=filled.reason or "the backfill is short",
            )
        )
