"""What a stream does about bars that did not come: hold back what follows, fill, release, name what stays missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from investiq.market.streaming.assembling import Assembler
from investiq.market.streaming.backfilling import Backfill, Filled, GapWatch, Window
from investiq.market.streaming.events import BarMessage, Gap, StreamBar, Trade
from investiq.market.streaming.grid import Slot
from investiq.market.streaming.listening import Source

__all__ = ["Repairs"]

_INSTANT: Final = timedelta(microseconds=1)


class Repairs:
    """The gaps of one live stream.

    Parameters
    ----------
    source : Source
    assembler : Assembler
    backfill : callable or None
    turn : Lock
        Held while bars are assembled and given out, so that they leave in order.
    give, tell : callable
        What becomes of bars and of gaps.

    Attributes
    ----------
    missing : dict of str to set of datetime
        Labels that neither the stream nor the backfill brought.
    counts : Counter
        ``"received"``, ``"backfilled"``, ``"gaps"``.
    failed : Future
        Ends with the error of a backfill that did not end as planned.
    """

    def __init__(
        self,
        source: Source,
        assembler: Assembler,
        backfill: Backfill | None,
        turn: asyncio.Lock,
        *,
        give: Callable[[Iterable[StreamBar]], Awaitable[None]],
        tell: Callable[[Gap], Awaitable[object]],
    ) -> None:
        self.missing: dict[str, set[datetime]] = {}
        self.counts: Counter[str] = Counter()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._source = source
        self._assembler = assembler
        self._grid = assembler.grid
        self._backfill = backfill
        self._turn = turn
        self._give = give
        self._tell = tell
        self._watch = None if source.length is None else GapWatch(self._grid, source.length, source.delay)
        self._fills: dict[str, asyncio.Task[None]] = {}
        self._is_lost = True

    def begin(self, symbol: str, since: datetime | None) -> None:
        """Take `symbol` in; its bars are held until the connection is there."""
        now, length = self._source.now(), self._assembler.length
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

    def forget(self, symbol: str) -> None:
        """Drop `symbol`."""
        if self._watch is not None:
            self._watch.forget(symbol)
        if symbol in self._fills:
            self._fills.pop(symbol).cancel()
        self.missing.pop(symbol, None)

    def lost(self) -> None:
        """Hold back what may be incomplete until the connection is there again."""
        self._is_lost = True
        for symbol, newest in self._watch.lost().items() if self._watch else ():
            self._assembler.hold(symbol, self._end_of(newest))

    def resumed(self, symbols: Iterable[str]) -> None:
        """Begin to fill what `symbols` missed."""
        self._is_lost = False
        for symbol in symbols:
            self._fill(symbol, None)

    def watch(self, message: BarMessage | Trade) -> None:
        """Look at a message before it is taken: it may end a gap, or show one."""
        is_whole = isinstance(message, BarMessage) and message.length == self._source.length
        if not is_whole or self._watch is None or not isinstance(self._assembler.place(message), Slot):
            return
        self._came(message.symbol, message.ts)
        window = self._watch.passed(message.symbol, message.ts)
        if window is not None:  # before the bar is taken, or it could be final before what precedes it
            self._assembler.hold(message.symbol, self._end_of(window.after))
            self._fill(message.symbol, window)

    def is_cold(self, bar: StreamBar) -> bool:
        """Return whether something before the end of `bar` is missing."""
        missing = self.missing.get(bar.symbol)
        slot = self._grid.slot(bar.ts, self._assembler.length)
        return missing is not None and slot is not None and min(missing) < slot.end

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = [*self._fills.values(), self.failed]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end_of(self, label: datetime) -> datetime:
        slot = self._grid.slot(label, self._source.length) if self._source.length else None
        return slot.end if slot else label

    def _came(self, symbol: str, ts: datetime) -> None:
        missing = self.missing.get(symbol)
        if missing is not None:
            missing.discard(ts)
            if not missing:
                del self.missing[symbol]

    # One task a symbol; a later window waits for the earlier.

    def _fill(self, symbol: str, window: Window | None) -> None:
        task = asyncio.ensure_future(self._filling(symbol, window, self._fills.get(symbol)))
        self._fills[symbol] = task
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self.failed.done():
            self.failed.set_exception(error)

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
            # Neither while another window waits nor while the line is lost again.
            if self._fills.get(symbol) is asyncio.current_task() and not self._is_lost:
                del self._fills[symbol]
                await self._give(self._assembler.release(symbol, self._source.now()))

    async def _pour(self, window: Window, filled: Filled) -> None:
        symbol, now = window.symbol, self._source.now()
        for message in filled.bars:
            self.counts["received"] += 1
            self.counts["backfilled"] += not self._assembler.has(symbol, message.ts)
            self._came(symbol, message.ts)
            await self._give(self._assembler.take(message, now))
        missing = tuple(ts for ts in window.expected if not self._assembler.has(symbol, ts))
        if not missing:
            return
        self.counts["gaps"] += 1
        self.missing.setdefault(symbol, set()).update(missing)
        gap = Gap(
            symbol=symbol,
            after=window.after,
            before=window.before,
            expected=len(window.expected),
            received=len(window.expected) - len(missing),
            missing=missing,
            reason=filled.reason or "the backfill is short",
        )
        await self._tell(gap)
