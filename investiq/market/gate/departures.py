"""The departures that all processes of one key share: a small file of what left when, under the system's lock."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Final, Literal, NamedTuple

from investiq.core.errors import ConfigError
from investiq.storage.locks import exclusive

__all__ = ["LEAST_KEPT", "DepartureLog", "Event", "Kind", "LogLost"]

Kind = Literal["departure", "pause", "shift"]

# Enough for the longest window of a small plan, 800 requests a day; a larger plan keeps its own minute.
LEAST_KEPT: Final = 1000
_LETTERS: Final[dict[Kind, str]] = {"departure": "d", "pause": "p", "shift": "s"}
_KINDS: Final[dict[str, Kind]] = {letter: kind for kind, letter in _LETTERS.items()}
# Lines of one length, so that the number of a line tells where it stands.
_HEAD: Final = re.compile(rb"investiq departures 1 (\d{20})\n")
_HEAD_BYTES: Final = 43
_LINE: Final = re.compile(rb"([dps]) (\d{10}\.\d{6}) ([+-]\d{10}\.\d{6})\n")
_LINE_BYTES: Final = 39


class Event(NamedTuple):
    """One line: written at that wall time; `value` is when a request leaves, when a pause ends, or seconds to shift by."""

    kind: Kind
    written: float
    value: float


class LogLost(Exception):  # a signal to the limiter, never raised to callers
    """The log cannot be read or written."""


class DepartureLog:
    """A file that processes append to and read what the others appended.

    Every line has a number that grows for ever: a new file begins at the
    microseconds of its making, and the first line says how many went before. A
    process reads from the number that it has not seen.

    Parameters
    ----------
    path : Path
        Its folder is made where needed; a file ``.lock`` lies beside it.
    kept : int
        Lines that stay when the file is shortened, which happens at twice as many.
    """

    def __init__(self, path: Path, kept: int) -> None:
        self.path = path
        self._kept = max(kept, LEAST_KEPT)
        self._next = 0
        self._lines = 0
        self._handle: FileIO | None = None
        self._seen: tuple[int, int] | None = None

    @property
    def has_news(self) -> bool:
        """Whether somebody else wrote since; asked without the lock."""
        try:
            status = self.path.stat()
        except OSError:
            return True
        return (status.st_size, status.st_mtime_ns) != self._seen

    @contextmanager
    def held(self) -> Iterator[list[Event]]:
        """Hold the log, and give what others wrote since the last time.

        Raises
        ------
        LogLost
            If the log cannot be locked, opened or understood.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive(self.path.parent))
                if self._lines > 2 * self._kept:
                    self._shorten()
                handle = stack.enter_context(self._opened())
                news = self._news(handle)
            except (OSError, ConfigError) as error:
                raise LogLost(str(error)) from error
            self._handle = handle
            try:
                yield news
            finally:
                self._handle = None
                status = os.fstat(handle.fileno())
                self._seen = (status.st_size, status.st_mtime_ns)

    def append(self, event: Event) -> Event:
        """Write one line and return the event as it is read again; only inside `held`.

        Raises
        ------
        LogLost
            If the line cannot be written.
        """
        assert self._handle is not None
        line = f"{_LETTERS[event.kind]} {event.written:017.6f} {event.value:+018.6f}\n".encode()
        written = self._event(line)
        try:
            self._handle.seek(0, os.SEEK_END)
            if self._handle.write(line) != _LINE_BYTES:
                raise LogLost(f"{self.path} took a part of a line: is the disk full?")
        except OSError as error:
            raise LogLost(str(error)) from error
        self._next += 1
        self._lines += 1
        return written

    def _opened(self) -> FileIO:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        return open(os.open(self.path, flags, 0o600), "r+b", buffering=0)

    def _news(self, handle: FileIO) -> list[Event]:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(0)
        head = handle.read(_HEAD_BYTES)
        # A process may have ended between making the file and writing its first line.
        if size < _HEAD_BYTES and _head(0).startswith(head[:22]):
            handle.truncate(0)
            handle.seek(0)
            first, self._lines = time.time_ns() // 1000, 0
            handle.write(_head(first))
        elif (found := _HEAD.fullmatch(head)) is None:
            raise self._corrupt()
        else:
            first, self._lines = int(found[1]), (size - _HEAD_BYTES) // _LINE_BYTES
        begin = self._next if first <= self._next <= first + self._lines else first
        self._next = first + self._lines
        handle.seek(_HEAD_BYTES + (begin - first) * _LINE_BYTES)
        body = handle.read((self._next - begin) * _LINE_BYTES)
        if (end := _HEAD_BYTES + self._lines * _LINE_BYTES) < size:
            # A line that its writer could not finish.
            handle.truncate(end)
        return [self._event(body[at : at + _LINE_BYTES]) for at in range(0, len(body), _LINE_BYTES)]

    def _event(self, line: bytes) -> Event:
        found = _LINE.fullmatch(line)
        if found is None:
            raise self._corrupt()
        return Event(_KINDS[found[1].decode()], float(found[2]), float(found[3]))

    def _corrupt(self) -> LogLost:
        return LogLost(f"{self.path} is not the log that it was; delete it to share again")

    def _shorten(self) -> None:
        content = self.path.read_bytes()
        found = _HEAD.match(content)
        if found is None:
            return
        dropped = (len(content) - _HEAD_BYTES) // _LINE_BYTES - self._kept
        if dropped <= 0:
            return
        shorter = self.path.with_suffix(".tmp")
        shorter.write_bytes(_head(int(found[1]) + dropped) + content[_HEAD_BYTES + dropped * _LINE_BYTES :])
        shorter.replace(self.path)


def _head(first: int) -> bytes:
    return f"investiq departures 1 {first:020d}\n".encode()
