"""A circuit breaker: after several failures in a row a service is left alone for a while, then asked once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, Literal

from investiq.core.errors import VendorError
from investiq.market.gate.limiter import Timer

__all__ = ["FAILURES", "OPEN_S", "Breaker", "BreakerState"]

BreakerState = Literal["closed", "open", "probing"]

FAILURES: Final = 5
OPEN_S: Final = 30.0


class Breaker:
    """Open for 30 seconds after 5 failures in a row; then one request probes.

    Parameters
    ----------
    name : str
        What it guards, in messages.
    failure : type of VendorError
        What counts as a failure; other errors, and answers, say that the
        service is there.
    timer : Timer, optional
    """

    def __init__(self, name: str, failure: type[VendorError], timer: Timer | None = None) -> None:
        self._name = name
        self._failure = failure
        self._timer = timer or Timer()
        self._failures = 0
        self._opened_at: float | None = None
        self._is_probing = False
        self._lock = threading.Lock()

    @property
    def state(self) -> BreakerState:
        """``"closed"`` (all pass), ``"open"`` (none pass) or ``"probing"`` (one is on its way or may go)."""
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "open" if self._remaining() > 0 else "probing"

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Let the block pass or refuse it, and count how it ends.

        Raises
        ------
        VendorError
            If the breaker is open; of the class `failure`.
        """
        is_probe = self._admitted()
        try:
            yield
        except self._failure:
            self._failed(is_probe)
            raise
        except VendorError:
            self._answered(is_probe)
            raise
        except BaseException:
            # An interrupt or a mistake of ours tells nothing about the service.
            with self._lock:
                self._is_probing = self._is_probing and not is_probe
            raise
        else:
            self._answered(is_probe)

    def _admitted(self) -> bool:
        """Return whether this request is the probe."""
        with self._lock:
            if self._opened_at is None:
                return False
            remaining = self._remaining()
            if remaining <= 0 and not self._is_probing:
                self._is_probing = True
                return True
        retry_at = self._timer.now() + timedelta(seconds=max(remaining, 0.0))
        raise self._failure(
            f"{self._name} failed {self._failures} times in a row and is left alone; "
            f"ask again at {retry_at:%Y-%m-%d %H:%M:%S} UTC or use another provider"
        )

    def _failed(self, is_probe: bool) -> None:
        with self._lock:
            self._failures += 1
            # Requests that were under way when it opened do not open it again.
            if is_probe or (self._opened_at is None and self._failures >= FAILURES):
                self._opened_at = self._timer.monotonic()
                self._is_probing = False

    def _answered(self, is_probe: bool) -> None:
        with self._lock:
            if is_probe or self._opened_at is None:
                self._failures, self._opened_at, self._is_probing = 0, None, False

    def _remaining(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + OPEN_S - self._timer.monotonic()
