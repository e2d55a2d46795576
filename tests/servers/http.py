"""A vendor on 127.0.0.1: scripted replies for each route, a log of what was asked, and faults on demand."""

from __future__ import annotations

import email.utils
import fnmatch
import json
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BACKLOG = 512
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server sends: after `delay` seconds, the first `cut` bytes of `body` if the rest is to be missing."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None
    # Close the connection without a word.
    drop: bool = False


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request; names of headers in lower case, `at` in seconds of the monotonic clock."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# A reply, a document to be sent as JSON, or a function of the request that returns either.
Script = Reply | dict[str, Any] | list[Any] | Callable[[Received], Any]


def json_reply(document: Any, status: int = 200, **headers: str) -> Reply:
    """`document` as JSON; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status, body=json.dumps(document).encode(), headers={"Content-Type": "application/json", **named}
    )


def text_reply(text: str, status: int = 200, content_type: str = "text/plain") -> Reply:
    return Reply(status=status, body=text.encode(), headers={"Content-Type": content_type})


def too_many(retry_after: float | datetime | None = None) -> Reply:
    """429, with ``Retry-After`` in seconds or as an HTTP date if one is given."""
    if retry_after is None:
        return json_reply({"error": "too many requests"}, 429)
    is_date = isinstance(retry_after, datetime)
    text = email.utils.format_datetime(retry_after, usegmt=True) if is_date else f"{retry_after:g}"
    return json_reply({"error": "too many requests"}, 429, Retry_After=text)


def server_error(status: int = 500) -> Reply:
    return text_reply("<html><body>Internal error</body></html>", status, "text/html")


def refused(status: int = 403, message: str = "your plan does not include this data") -> Reply:
    return json_reply({"status": "NOT_AUTHORIZED", "message": message}, status)


def hang(seconds: float = 30.0) -> Reply:
    """Say nothing for `seconds`, or until the server is closed."""
    return Reply(delay=seconds, drop=True)


def dropped() -> Reply:
    return Reply(drop=True)


def cut_body(document: Any) -> Reply:
    """Half of the announced body, then the end of the connection."""
    whole = json_reply(document)
    return Reply(body=whole.body, headers=whole.headers, cut=len(whole.body) // 2)


def wrong_type() -> Reply:
    """200 with a page for people where data were expected."""
    return text_reply("<html><body>Please sign in</body></html>", content_type="text/html")


def bad_json() -> Reply:
    return Reply(body=b'{"results": [{"c": 10.5, ', headers={"Content-Type": "application/json"})


def throttle_note(document: dict[str, Any] | None = None) -> Reply:
    """200 whose body says that the limit is spent, as Alpha Vantage does."""
    return json_reply(
        document or {"Note": "Thank you for using our API. Our standard call frequency is 5 calls per minute."}
    )


def empty_page(cursor: str) -> Reply:
    """No rows, and still a place where more are said to be."""
    return json_reply({"results": [], "next_url": cursor})


class VendorServer:
    """A threaded HTTP/1.1 server that keeps connections alive.

    >>> with VendorServer() as server:  # doctest: +SKIP
    ...     server.route("/v2/aggs/*", too_many(1), {"results": []})
    ...     httpx.get(server.url + "/v2/aggs/ticker/AAPL")

    `delay` is the seconds that every reply takes.
    """

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.most_in_flight = 0
        self._in_flight = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._scripts: dict[str, deque[Script]] = {}
        self._log: list[Received] = []
        self._failures: list[BaseException] = []
        self._http = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def requests(self) -> list[Received]:
        """Every request so far, oldest first."""
        with self._lock:
            return list(self._log)

    def requests_to(self, pattern: str) -> list[Received]:
        return [each for each in self.requests if fnmatch.fnmatchcase(each.path, pattern)]

    def route(self, pattern: str, *scripts: Script) -> None:
        """Answer paths that fit `pattern` (``*`` is any text) by `scripts` in order; the last one stays.

        A second call with the same pattern replaces the first; the pattern
        named first wins. A path without a script is answered by 404.
        """
        if not scripts:
            raise ValueError(f"a route needs at least one reply, {pattern} got none")
        with self._lock:
            self._scripts[pattern] = deque(scripts)

    def close(self) -> None:
        """End every connection; raise what a script raised."""
        self._closing.set()
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> VendorServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def answer(self, received: Received) -> Reply:
        with self._lock:
            self._log.append(received)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            script = self._next_script(received.path)
        try:
            made = script(received) if callable(script) else script
            reply = made if isinstance(made, Reply) else json_reply(made)
            if wait := self.delay + reply.delay:
                self._closing.wait(wait)
        except BaseException as error:
            with self._lock:
                self._failures.append(error)
            raise
        finally:
            with self._lock:
                self._in_flight -= 1
        return reply

    def _next_script(self, path: str) -> Script:
        for pattern, scripts in self._scripts.items():
            if fnmatch.fnmatchcase(path, pattern):
                return scripts.popleft() if len(scripts) > 1 else scripts[0]
        return json_reply({"error": f"no route for {path}"}, 404)


class _Server(ThreadingHTTPServer):
    request_queue_size = BACKLOG
    daemon_threads = True

    def __init__(self, address: tuple[str, int], vendor: VendorServer) -> None:
        self.vendor = vendor
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        with self._guard:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was faster
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that leaves is a part of these tests; anything else is a mistake in a script and raised by close().
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            self.close_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it each reply on a living connection waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _respond(self) -> None:
        parts = urlsplit(self.path)
        reply = self.server.vendor.answer(
            Received(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
                at=time.monotonic(),
            )
        )
        if reply.drop:
            self.close_connection = True
            return
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if reply.cut is not None:
            self.close_connection = True
            self.send_header("Connection", "close")
        # Headers and body leave in one packet.
        self._headers_buffer += [b"\r\n", b"" if self.command == "HEAD" else body]
        self.flush_headers()


for _method in METHODS:
    setattr(_Handler, f"do_{_method}", _Handler._respond)
