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
from investiq.market.streaming.backfilling import Backfill
from investiq.market.streaming.events import (
    DAY,
    BarMessage,
    ConnectionChange,
    Event,
    Message,
    Quote,
    StreamBar,
    Trade,
    length_of,
)
from investiq.market.streaming.grid import Grid
from investiq.market.streaming.listening import Source
from investiq.market.streaming.queueing import EventQueue
from investiq.market.streaming.repairing import Repairs
from investiq.market.streaming.terms import LastValues, Metrics, Sink, Wishes

__all__ = ["Flow"]

_log = logging.getLogger("investiq.market.streaming")
# How often a live stream looks for bars that have become final, in seconds.
TICK_S: Final = 0.25
_LONG_AGO: Final = datetime(1900, 1, 1, tzinfo=UTC)


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
        self.is_ending = False
        self._source = source
        self._wishes = wishes
        self._sink = sink
        self._tick_s = tick_s
        self.refuse_interval(source, wishes.interval)
        self._is_lost = True
        self._turn = asyncio.Lock()
        self._assembler = Assembler(
            interval=wishes.interval,
            grid=Grid(source.market, wishes.session),
            delay=source.delay,
            settle=source.settle,
        )
        self._repairs = Repairs(source, self._assembler, backfill, self._turn, give=self._give, tell=self.queue.put)
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
        self._repairs.missing.pop(symbol, None)

    @property
    def cold(self) -> tuple[str, ...]:
        """Symbols of which bars are known to be missing."""
        return tuple(sorted(self._repairs.missing))

    @property
    def metrics(self) -> Metrics:
        """Counts until now."""
        counts = self.counts + self._assembler.counts + self._repairs.counts
        names = {field.name for field in dataclasses.fields(Metrics)}
        own = {name: count for name, count in counts.items() if name in names}
        return Metrics(**own, dropped=self.queue.dropped, superseded=self.queue.superseded)

    # At work.

    async def run(self) -> None:
        """Run until the source ends, fails or this is cancelled; then close the queue and the sink."""
        work: list[asyncio.Future[None]] = [asyncio.ensure_future(self._source.run(self)), self._repairs.failed]
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
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self._repairs.stop()
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
        if isinstance(message, BarMessage) or (isinstance(message, Trade) and self._source.length is None):
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
            self._repairs.resumed(symbols)

    async def on_lost(self, reason: str, attempt: int, retry_in_s: float) -> None:
        """Keep back what may be incomplete until the connection is there again and the gap filled."""
        async with self._turn:
            self._is_lost = True
            self._repairs.lost()
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
        if self._source.is_live:
            self._repairs.begin(symbol, self._wishes.since)
        else:
            self._assembler.begin(symbol, self._wishes.since or _LONG_AGO)

    def _forget(self, symbol: str) -> None:
        self._assembler.forget(symbol)
        self._repairs.forget(symbol)
        self.last.pop(symbol, None)

    async def _show(self, message: Trade | Quote) -> None:
        self._remember(message)
        is_wanted = self._wishes.trades if isinstance(message, Trade) else self._wishes.quotes
        if is_wanted:
            await self.queue.put(message)

    async def _assemble(self, message: BarMessage | Trade) -> None:
        if self._source.is_live:
            self._repairs.watch(message)
        await self._give(self._assembler.take(message, self._source.now()))

    async def _give(self, bars: Iterable[StreamBar]) -> None:
        shown = [dataclasses.replace(bar, is_cold=self._repairs.is_cold(bar)) for bar in bars]
        lasting = [bar for bar in shown if bar.is_final]
        if lasting and self._sink is not None:
            await self._sink.take(lasting)
        for bar in shown:
            self._remember(bar)
            self.counts["bars"] += bar.status in ("final", "late")
            if bar.is_final or self._wishes.provisional:
                numbered = await self.queue.put(bar)
                self._remember(numbered)

    def _remember(self, event: Event) -> None:
        """Keep the newest bar, trade and quote of each symbol."""
        before = self.last.get(event.symbol, LastValues()) if not isinstance(event, ConnectionChange) else LastValues()
        match event:
            case StreamBar() if before.bar is None or event.ts >= before.bar.ts:
                self.last[event.symbol] = dataclasses.replace(before, bar=event)
            case Trade():
                self.last[event.symbol] = dataclasses.replace(before, trade=event)
            case Quote():
                self.last[event.symbol] = dataclasses.replace(before, quote=event)
