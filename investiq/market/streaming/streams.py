"""`BarStream`: what `iq.stream_bars` returns, an iterator for scripts and notebooks and an async one for programs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from types import TracebackType

from investiq.core.errors import ConfigError
from investiq.market.streaming.backfilling import Backfill
from investiq.market.streaming.events import Event
from investiq.market.streaming.flowing import Flow
from investiq.market.streaming.grid import Grid
from investiq.market.streaming.listening import Source
from investiq.market.streaming.terms import LastValues, Metrics, Sink, Wishes

__all__ = ["BarStream"]


class BarStream:
    """A stream of bars, made by `iq.stream_bars`.

    With ``for`` it works in a thread of its own, also inside a notebook; with
    ``async for`` in your event loop. Either way, use it in a ``with`` block
    (``async with``): at its end the socket is closed, what is due is stored and
    the thread is gone. A stream is used once.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018-12-24")
    >>> with iq.stream_bars(["^GSPC"], provider=iq.Playback(bars), interval="1d") as stream:
    ...     closes = [event.close for event in stream if event.kind == "bar"]
    >>> closes == bars.close.tolist()
    True
    """

    def __init__(
        self,
        source: Source,
        symbols: Sequence[str],
        wishes: Wishes,
        *,
        backfill: Backfill | None = None,
        sink: Sink | None = None,
    ) -> None:
        Grid(source.market, wishes.session)  # refuses hours that are not known, before anything is connected
        Flow.refuse_interval(source, wishes.interval)
        self._source = source
        self._symbols = tuple(dict.fromkeys(symbols))
        self._wishes = wishes
        self._backfill = backfill
        self._sink = sink
        self._flow: Flow | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_used = False
        self._is_stopped = False
        self._pending: Future[Event | None] | None = None
        self._gate = threading.Lock()

    def __repr__(self) -> str:
        is_running = self._running is not None and not self._running.done()
        state = "running" if is_running else "ended" if self._is_used else "not begun"
        return f"<BarStream {', '.join(self._symbols)}: {self._wishes.interval} bars from {self._source.name}, {state}>"

    # What one may ask while it runs, from any thread.

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols subscribed to now."""
        return self._symbols

    @property
    def metrics(self) -> Metrics:
        """Counts since the stream began."""
        return self._flow.metrics if self._flow is not None else Metrics()

    @property
    def cold(self) -> tuple[str, ...]:
        """Symbols of which bars are known to be missing."""
        return self._flow.cold if self._flow is not None else ()

    def last(self, symbol: str) -> LastValues:
        """Return the newest bar, trade and quote of `symbol`."""
        return self._flow.last.get(symbol, LastValues()) if self._flow is not None else LastValues()

    def subscribe(self, *symbols: str) -> None:
        """Add symbols."""
        self._set_symbols((*self._symbols, *symbols))

    def unsubscribe(self, *symbols: str) -> None:
        """Drop symbols; bars of them that are not final yet are dropped too."""
        self._set_symbols(tuple(symbol for symbol in self._symbols if symbol not in symbols))

    def accept_gap(self, symbol: str) -> None:
        """Say that you have loaded what was missing: bars of `symbol` are no longer marked as cold."""
        self._on_loop(lambda flow: flow.accept_gap(symbol))

    def _set_symbols(self, symbols: Sequence[str]) -> None:
        self._symbols = tuple(dict.fromkeys(symbols))
        chosen = self._symbols
        self._on_loop(lambda flow: flow.want(chosen))

    def _on_loop(self, change: Callable[[Flow], None]) -> None:
        flow, loop = self._flow, self._loop
        if flow is None or loop is None:
            return
        if self._thread is None:
            change(flow)
            return

        async def act() -> None:
            change(flow)

        with self._gate:
            if self._is_stopped:
                return
            done = asyncio.run_coroutine_threadsafe(act(), loop)
        done.result()

    # In your event loop.

    async def __aenter__(self) -> BarStream:
        self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[Event]:
        if self._running is None:
            self._begin()
        flow, running = self._flow, self._running
        assert flow is not None and running is not None
        try:
            while (event := await flow.queue.get()) is not None:
                yield event
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Stop: close the socket and store what is due. A second call does nothing."""
        if self._running is not None and self._flow is not None:
            if not self._flow.is_ending:
                self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def _begin(self) -> None:
        if self._is_used:
            raise ConfigError("a stream is used once; call iq.stream_bars again for another")
        self._is_used = True
        self._loop = asyncio.get_running_loop()
        self._flow = Flow(self._source, self._symbols, self._wishes, backfill=self._backfill, sink=self._sink)
        self._running = asyncio.ensure_future(self._flow.run())

    # In a thread of its own.

    def __enter__(self) -> BarStream:
        self._begin_thread()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __iter__(self) -> Iterator[Event]:
        if self._thread is None:
            self._begin_thread()
        try:
            while (event := self._next()) is not None:
                yield event
        finally:
            self.stop()

    def _next(self) -> Event | None:
        flow, loop = self._flow, self._loop
        with self._gate:
            if self._is_stopped or flow is None or loop is None:
                return None
            self._pending = asyncio.run_coroutine_threadsafe(flow.queue.get(), loop)
        return self._pending.result()

    def stop(self) -> None:
        """Stop: close the socket, store what is due, end the thread. A second call does nothing, any thread may call."""
        thread, loop = self._thread, self._loop
        with self._gate:
            if self._is_stopped or thread is None or loop is None:
                return
            self._is_stopped = True
        asyncio.run_coroutine_threadsafe(self.aclose(), loop).result()
        if self._pending is not None:
            wait([self._pending])  # the queue is closed, so a reader in another thread has its answer
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    def _begin_thread(self) -> None:
        loop = asyncio.new_event_loop()

        def work() -> None:
            asyncio.set_event_loop(loop)
            loop.run_forever()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

        async def begin() -> None:
            self._begin()

        self._thread = threading.Thread(target=work, name=f"stream {self._source.name}", daemon=True)
        self._thread.start()
        begun = asyncio.run_coroutine_threadsafe(begin(), loop)
        if (error := begun.exception()) is not None:
            self._is_stopped = True
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            raise error
