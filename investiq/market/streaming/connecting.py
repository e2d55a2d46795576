"""One socket kept open: log in, subscribe, wait for the answers, and begin again when it breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import InvestIQError, NotEntitledError, VendorError
from investiq.market.gate.redaction import redact
from investiq.market.streaming.events import MINUTE, BarMessage, Quote, Trade
from investiq.market.streaming.listening import Listener
from investiq.market.streaming.sources.wire import Acknowledged, Admitted, Dialect, Greeted, Refused, Unreadable
from investiq.runtime import clock

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["Connection", "Patience", "waits"]

_log = logging.getLogger("investiq.market.streaming")
# The library writes every frame, the one with the key too, to a logger that is set to DEBUG.
_frames_log = logging.getLogger("investiq.market.streaming.frames")
_frames_log.setLevel(logging.WARNING)

LONGEST_WAIT_S: Final = 60.0
# A connection that lasted this long was a good one: the next failure counts as the first.
STEADY: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for what.

    Attributes
    ----------
    open_s : float
        For the connection.
    answer_s : float
        For the answer to a login or a subscription.
    ping_every_s, pong_s : float
        Between pings, and for their answer: a silent line is noticed after the sum.
    close_s : float
        For the farewell.
    """

    open_s: float = 10.0
    answer_s: float = 10.0
    ping_every_s: float = 20.0
    pong_s: float = 20.0
    close_s: float = 2.0


def waits(seed: int | None = None) -> Iterator[float]:
    """Yield seconds between attempts: 1, 2, 4 ... 60, each times a random number in [0.5, 1).

    The random part keeps clients that lost the same server from coming back at once.
    """
    rng = np.random.default_rng(seed)
    longest = 1.0
    while True:
        yield longest * float(rng.uniform(0.5, 1.0))
        longest = min(2 * longest, LONGEST_WAIT_S)


class _Broken(Exception):
    """The connection cannot be used any longer; the message says why."""


class Connection:
    """A live source: one task, one socket, as long as `run` is not cancelled.

    An error of the key or the plan ends `run` with `NotEntitledError`. All else
    is tried again, a clean close too, with the symbols wanted at that moment.

    Parameters
    ----------
    dialect : Dialect
    feed, market : str
    delay : timedelta
        Of the plan.
    patience : Patience
    sleep : callable
        For the waits between attempts.
    now : callable, optional
        The time, by default that of `runtime.clock`.
    seed : int, optional
        Of the jitter.
    """

    is_live = True
    length: timedelta | None = MINUTE
    settle = timedelta(0)

    def __init__(
        self,
        dialect: Dialect,
        *,
        feed: str = "",
        market: str = "XNYS",
        delay: timedelta = timedelta(0),
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] | None = None,
        seed: int | None = None,
    ) -> None:
        self.name = dialect.name
        self.feed = feed
        self.market = market
        self.delay = delay
        self._now = now
        self._dialect = dialect
        self._patience = patience or Patience()
        self._sleep = sleep
        self._seed = seed
        self._wanted: set[str] = set()
        self._is_new = asyncio.Event()

    def now(self) -> datetime:
        """Return the present moment."""
        return clock.now() if self._now is None else self._now()

    def want(self, symbols: Iterable[str]) -> None:
        """Set the symbols to be had; the socket follows at once where it is open."""
        self._wanted = set(symbols)
        self._is_new.set()

    async def run(self, listener: Listener) -> None:
        """Keep the socket open and report what it says.

        Raises
        ------
        NotEntitledError
            If the key is refused, or the plan does not cover a symbol or a channel.
        VendorError
            If the vendor does not understand what it is sent.
        OfflineError
            If ``INVESTIQ_OFFLINE=1`` forbids the connection.
        """
        pauses, attempt = waits(self._seed), 0
        while True:
            begun = self.now()
            reason = await self._session(listener)
            if self.now() - begun >= STEADY:
                pauses, attempt = waits(self._seed), 0
            attempt += 1
            pause = next(pauses)
            _log.warning("%s: %s; trying again in %.1f s", self.name, reason, pause)
            await listener.on_lost(reason, attempt, pause)
            await self._sleep(pause)

    async def _session(self, listener: Listener) -> str:
        """Hold one connection from beginning to end; return why it ended."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

        patience = self._patience
        try:
            async with connect(
                self._dialect.url,
                open_timeout=patience.open_s,
                ping_interval=patience.ping_every_s,
                ping_timeout=patience.pong_s,
                close_timeout=patience.close_s,
                max_size=None,
                logger=_frames_log,
            ) as socket:
                await _Session(socket, self, listener).hold()
        except InvestIQError:
            raise
        except InvalidURI as error:
            raise VendorError(redact(f"{self.name}: the address of the socket is wrong: {error}")) from None
        except ConnectionClosed as error:
            return redact(f"the connection was closed: {error}")
        except TimeoutError:
            return f"no connection within {patience.open_s:g} s"
        except (OSError, InvalidHandshake, _Broken) as error:
            return redact(str(error))
        return "the connection was closed"


class _Session:
    """One open socket."""

    def __init__(self, socket: ClientConnection, connection: Connection, listener: Listener) -> None:
        self._socket = socket
        self._connection = connection
        self._dialect = connection._dialect
        self._listener = listener
        self._answer_s = connection._patience.answer_s
        self._asked: dict[str, float] = {}
        self._confirmed: set[str] = set()
        self._said: set[type] = set()

    async def hold(self) -> None:
        """Log in, subscribe, and report until the socket breaks."""
        await self._hear(Greeted, "greeting")
        await self._socket.send(self._dialect.login())
        await self._hear(Admitted, "answer to the login")
        listening = asyncio.ensure_future(self._listen())
        tasks: set[asyncio.Task[Any]] = {listening}
        try:
            while not listening.done():
                self._connection._is_new.clear()
                await self._reconcile()
                change = asyncio.ensure_future(self._connection._is_new.wait())
                tasks = {listening, change}
                # Ends at the latest with the time for an answer, so that a missing one is noticed.
                await asyncio.wait(tasks, timeout=self._answer_s, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                self._check_answers()
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
                raise end

    async def _hear(self, kind: type, words: str) -> None:
        try:
            async with asyncio.timeout(self._answer_s):
                while kind not in self._said:
                    await self._take(await self._socket.recv())
        except TimeoutError:
            raise _Broken(f"no {words} within {self._answer_s:g} s") from None

    async def _listen(self) -> None:
        while True:
            await self._take(await self._socket.recv())

    async def _reconcile(self) -> None:
        """Ask for what is wanted and not asked for yet; give up what is no longer wanted."""
        wanted = {topic for symbol in self._connection._wanted for topic in self._dialect.topics(symbol)}
        known = self._confirmed | self._asked.keys()
        if extra := sorted(known - wanted):
            await self._socket.send(self._dialect.unsubscribe(extra))
            self._confirmed.difference_update(extra)
            for topic in extra:
                self._asked.pop(topic, None)
        if fresh := sorted(wanted - known):
            moment = asyncio.get_running_loop().time()
            self._asked.update(dict.fromkeys(fresh, moment))
            await self._socket.send(self._dialect.subscribe(fresh))

    def _check_answers(self) -> None:
        late = asyncio.get_running_loop().time() - self._answer_s
        if waiting := sorted(topic for topic, asked in self._asked.items() if asked <= late):
            more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
            raise _Broken(f"no acknowledgement of {', '.join(waiting[:3])}{more} within {self._answer_s:g} s")

    async def _take(self, text: str | bytes) -> None:
        for frame in self._dialect.read(text):
            match frame:
                case BarMessage() | Trade() | Quote():
                    await self._listener.on_message(frame)
                case Acknowledged():
                    await self._acknowledge(frame)
                case Refused():
                    self._refuse(frame)
                case Unreadable():
                    await self._listener.on_unreadable(redact(frame.reason))
                case _:
                    self._said.add(type(frame))

    async def _acknowledge(self, frame: Acknowledged) -> None:
        fresh = frame.topics & self._asked.keys()
        self._confirmed |= fresh
        for topic in fresh:
            del self._asked[topic]
        wanted = self._connection._wanted
        whole = [
            symbol
            for symbol in sorted(wanted)
            if self._confirmed.issuperset(topics := self._dialect.topics(symbol)) and fresh.intersection(topics)
        ]
        if whole:
            await self._listener.on_connected(whole)

    def _refuse(self, frame: Refused) -> None:
        name, said = self._dialect.name, redact(frame.text)
        if frame.verdict == "credentials":
            raise NotEntitledError(
                f"{name} refused the login: {said}; check {self._dialect.key_words}, and that the plan includes streaming"
            )
        if frame.verdict == "entitlement":
            raise NotEntitledError(
                f"{name} does not stream this on your plan: {said}; change the plan, the feed or the symbols"
            )
        if frame.verdict == "request":
            raise VendorError(f"{name} did not accept a request of the stream: {said}")
        raise _Broken(f"{name} says: {said}")
