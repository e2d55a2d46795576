"""A vendor's socket on 127.0.0.1 that speaks Alpaca's or Massive's protocol, with faults on demand.

The server runs in a thread of its own. A test says what each visit (connection)
is like, waits until the client has subscribed, and pushes messages or breaks the
line. Messages are built from the vendors' documented shapes, with invented values.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Protocol = Literal["alpaca", "massive"]
KEY, SECRET = "key-of-the-test-server", "secret-of-the-test-server"
LONGEST_WAIT_S = 10.0


@dataclass(kw_only=True)
class Visit:
    """What one connection is like.

    login: "check" compares the keys, "refuse" refuses any, "silent" never
    answers, "limit" says that there are too many connections, "hang_up" closes.
    acknowledges: whether a subscription is confirmed. greets: whether the
    server says hello. refusal: an error sent in the place of a confirmation.
    """

    login: Literal["check", "refuse", "silent", "limit", "hang_up"] = "check"
    acknowledges: bool = True
    greets: bool = True
    refusal: dict[str, Any] | None = None
    # Filled in by the server.
    topics: set[str] = field(default_factory=set)
    requests: list[dict[str, Any]] = field(default_factory=list)
    socket: ServerConnection | None = None
    is_over: bool = False


class SocketServer:
    """Visits beyond the script are ordinary ones."""

    def __init__(self, protocol: Protocol, *visits: Visit) -> None:
        self.protocol = protocol
        self.visits: list[Visit] = []
        self._script = list(visits)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="socket server", daemon=True)
        self._server: Any = None
        self.url = ""

    def __enter__(self) -> SocketServer:
        self._thread.start()
        self._on_loop(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What a test does.

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; fail after ten seconds."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("the server waited in vain")
            time.sleep(0.002)

    def wait_for_topics(self, *topics: str, visit: int | None = None) -> Visit:
        """Wait until the given visit (by default the newest) has subscribed to `topics`."""

        def found() -> Visit | None:
            number = len(self.visits) - 1 if visit is None else visit
            if not 0 <= number < len(self.visits) or not self.visits[number].topics.issuperset(topics):
                return None
            return self.visits[number]

        self.wait_for(found)
        chosen = found()
        assert chosen is not None
        return chosen

    def push(self, *messages: dict[str, Any]) -> None:
        """Send one frame with `messages` to the newest visit."""
        self.push_text(json.dumps(list(messages)))

    def push_text(self, text: str) -> None:
        """Send a frame as it is."""
        self._on_loop(self._socket.send(text))

    def hang_up(self, code: int = 1000) -> None:
        """Close the newest visit cleanly."""
        self._on_loop(self._socket.close(code))

    def drop(self) -> None:
        """Cut the line of the newest visit in the middle, without a farewell."""
        self._loop.call_soon_threadsafe(self._socket.transport.abort)

    def freeze(self) -> None:
        """Read no more from the newest visit: its pings stay unanswered, as on a dead line."""
        self._loop.call_soon_threadsafe(self._socket.transport.pause_reading)

    # Messages in the vendor's own shape.

    def bar(
        self,
        symbol: str,
        ts: datetime,
        close: float,
        *,
        volume: float = 100,
        is_update: bool = False,
        open: float | None = None,
    ) -> dict[str, Any]:
        """A minute bar from `open` (by default `close`) to `close`."""
        begins = close if open is None else open
        low, high = sorted((begins, close))
        if self.protocol == "alpaca":
            kind = "u" if is_update else "b"
            values = {"o": begins, "h": high, "l": low, "c": close, "v": volume, "n": 7, "vw": close}
            return {"T": kind, "S": symbol, "t": f"{ts.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", **values}
        start = round(ts.timestamp() * 1000)
        values = {"o": begins, "h": high, "l": low, "c": close, "v": volume, "vw": close, "av": 10 * volume, "z": 50}
        return {"ev": "AM", "sym": symbol, "s": start, "e": start + 60_000, **values}

    def trade(self, symbol: str, ts: datetime, price: float, size: float, number: int = 1) -> dict[str, Any]:
        if self.protocol == "alpaca":
            stamp = f"{ts.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}123Z"  # nanoseconds
            return {
                "T": "t",
                "S": symbol,
                "i": number,
                "x": "V",
                "p": price,
                "s": size,
                "t": stamp,
                "c": ["@"],
                "z": "C",
            }
        stamp_ms = round(ts.timestamp() * 1000)
        return {
            "ev": "T",
            "sym": symbol,
            "i": str(number),
            "x": 4,
            "p": price,
            "s": size,
            "t": stamp_ms,
            "q": number,
            "z": 3,
        }

    def quote(self, symbol: str, ts: datetime, bid: float, ask: float) -> dict[str, Any]:
        if self.protocol == "alpaca":
            stamp = f"{ts.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}123Z"
            return {"T": "q", "S": symbol, "bp": bid, "ap": ask, "bs": 1, "as": 2, "t": stamp, "bx": "V", "ax": "V"}
        return {"ev": "Q", "sym": symbol, "bp": bid, "ap": ask, "bs": 1, "as": 2, "t": round(ts.timestamp() * 1000)}

    # The server.

    @property
    def _socket(self) -> ServerConnection:
        socket = self.visits[-1].socket
        assert socket is not None
        return socket

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONGEST_WAIT_S)

    async def _open(self) -> None:
        self._server = await serve(self._serve, "127.0.0.1", 0, ping_interval=None, close_timeout=0.2)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/v2/iex" if self.protocol == "alpaca" else f"ws://127.0.0.1:{port}/stocks"

    async def _close(self) -> None:
        for visit in self.visits:
            if visit.socket is not None and not visit.is_over:
                visit.socket.transport.abort()
        self._server.close(close_connections=False)
        await self._server.wait_closed()

    async def _serve(self, socket: ServerConnection) -> None:
        visit = self._script.pop(0) if self._script else Visit()
        visit.socket = socket
        self.visits.append(visit)
        try:
            if visit.greets:
                await self._say(socket, self._greeting())
            if await self._admit(socket, visit):
                async for text in socket:
                    await self._answer(socket, visit, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            visit.is_over = True

    async def _admit(self, socket: ServerConnection, visit: Visit) -> bool:
        request = json.loads(await socket.recv())
        visit.requests.append(request)
        if visit.login == "hang_up":
            return False
        if visit.login == "silent":
            await socket.wait_closed()
            return False
        if visit.login == "limit":
            await self._say(socket, self._limit())
            return False
        is_right = request == self._right_login() and visit.login == "check"
        await self._say(socket, self._admission(is_right))
        return is_right

    async def _answer(self, socket: ServerConnection, visit: Visit, request: dict[str, Any]) -> None:
        visit.requests.append(request)
        named = self._topics_of(request)
        if visit.refusal is not None:
            await self._say(socket, visit.refusal)
            return
        if request["action"] == "unsubscribe":
            visit.topics -= named
        elif visit.acknowledges:
            visit.topics |= named
        if visit.acknowledges:
            await self._say(socket, *self._confirmations(visit, request["action"], named))

    async def _say(self, socket: ServerConnection, *messages: dict[str, Any]) -> None:
        await socket.send(json.dumps(list(messages)))

    # The two protocols.

    def _greeting(self) -> dict[str, Any]:
        if self.protocol == "alpaca":
            return {"T": "success", "msg": "connected"}
        return {"ev": "status", "status": "connected", "message": "Connected Successfully"}

    def _right_login(self) -> dict[str, Any]:
        if self.protocol == "alpaca":
            return {"action": "auth", "key": KEY, "secret": SECRET}
        return {"action": "auth", "params": KEY}

    def _admission(self, is_right: bool) -> dict[str, Any]:
        if self.protocol == "alpaca":
            return {"T": "success", "msg": "authenticated"} if is_right else alpaca_error(402, "auth failed")
        if is_right:
            return {"ev": "status", "status": "auth_success", "message": "authenticated"}
        return {"ev": "status", "status": "auth_failed", "message": "authentication failed"}

    def _limit(self) -> dict[str, Any]:
        if self.protocol == "alpaca":
            return alpaca_error(406, "connection limit exceeded")
        return {"ev": "status", "status": "max_connections", "message": "Maximum number of connections exceeded."}

    def _topics_of(self, request: dict[str, Any]) -> set[str]:
        if self.protocol == "alpaca":
            channels = ("bars", "updatedBars", "trades", "quotes")
            return {f"{channel}.{symbol}" for channel in channels for symbol in request.get(channel, ())}
        return set(request["params"].split(","))

    def _confirmations(self, visit: Visit, action: str, named: set[str]) -> list[dict[str, Any]]:
        if self.protocol == "alpaca":
            listed: dict[str, list[str]] = {"trades": [], "quotes": [], "bars": [], "updatedBars": [], "dailyBars": []}
            for topic in sorted(visit.topics):
                channel, symbol = topic.split(".", 1)
                listed[channel].append(symbol)
            return [{"T": "subscription", **listed}]
        word = "subscribed" if action == "subscribe" else "unsubscribed"
        return [{"ev": "status", "status": "success", "message": f"{word} to: {topic}"} for topic in sorted(named)]


def alpaca_error(code: int, text: str) -> dict[str, Any]:
    return {"T": "error", "code": code, "msg": text}
