"""How callers wait: first come first served, told once why, and until they are called off."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep, time
from typing import Final

from investiq.core.errors import InvestIQError
from investiq.market.gate.plans import Plan
from investiq.runtime import clock
from investiq.runtime.progress import waiting

__all__ = ["TOLD_S", "Line", "Notice", "Timer", "WaitStopped", "called_off_by", "rest"]

# A wait of so many seconds is told.
TOLD_S: Final = 2.0
# So often a wait looks whether it is called off.
_LOOK_S: Final = 0.25

_CALLED_OFF: ContextVar[threading.Event | None] = ContextVar("investiq_called_off", default=None)


@dataclass(frozen=True)
class Timer:
    """Where time comes from, so that a test can bring its own."""

    monotonic: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep
    now: Callable[[], datetime] = clock.now
    # Seconds since 1970: what several processes agree on.
    wall: Callable[[], float] = time


class WaitStopped(InvestIQError):
    """A caller that waited for the limiter was called off."""


@contextmanager
def called_off_by(stop: threading.Event) -> Iterator[None]:
    """Let waits inside the block, also in threads that run in a copy of its context, end soon after `stop` is set.

    An interrupt ends only the wait of the main thread; this ends those of the
    others, with `WaitStopped`.
    """
    token = _CALLED_OFF.set(stop)
    try:
        yield
    finally:
        _CALLED_OFF.reset(token)


def rest(timer: Timer, seconds: float) -> None:
    """Sleep.

    Raises
    ------
    WaitStopped
        If the wait is called off.
    """
    if _CALLED_OFF.get() is None:
        timer.sleep(seconds)
        return
    end = timer.monotonic() + seconds
    while (left := end - timer.monotonic()) > 0:
        _check()
        timer.sleep(min(left, _LOOK_S))


class Line:
    """Whoever came first goes first; the others sleep behind."""

    def __init__(self) -> None:
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until all who came before are through with their block.

        Raises
        ------
        WaitStopped
            If the wait is called off.
        """
        mine = threading.Event()
        try:
            with self._lock:
                self._waiting.append(mine)
                self._waiting[0].set()
            # In short waits, because Windows lets an interrupt through only between them.
            while not mine.wait(_LOOK_S):
                _check()
            yield
        finally:
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                if self._waiting:
                    self._waiting[0].set()


class Notice:
    """Tells why callers wait: one line for all who wait for the same moment, and none for short waits."""

    def __init__(self, plan: Plan, timer: Timer) -> None:
        self._plan = plan
        self._timer = timer
        self._until = float("-inf")
        self._lock = threading.Lock()

    @contextmanager
    def told(self, seconds: float, reason: str) -> Iterator[None]:
        """Show for the time of the block that `seconds` pass, and what for."""
        if seconds < TOLD_S or not self._is_first(seconds):
            yield
            return
        terms = f"plan {self._plan.name}, {self._plan.per_minute} a minute"
        try:
            with waiting(f"{self._plan.provider}: waiting {math.ceil(seconds)} s {reason} ({terms})"):
                yield
        finally:
            with self._lock:
                self._until = float("-inf")

    def _is_first(self, seconds: float) -> bool:
        with self._lock:
            until = self._timer.monotonic() + seconds
            # The same moment, seen by another thread a little later.
            if until <= self._until + TOLD_S:
                return False
            self._until = until
            return True


def _check() -> None:
    stop = _CALLED_OFF.get()
    if stop is not None and stop.is_set():
        raise WaitStopped("stopped while it waited for the vendor's limit; ask again for what is missing")
