"""Time that a test moves: sleeping advances it and takes none."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from investiq.market.gate.limiter import Timer

BEGIN = datetime(2026, 1, 2, 15, tzinfo=UTC)


class FakeTime:
    """Seconds since `BEGIN` in `passed`, and every sleep in `sleeps`."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.sleeps: list[float] = []
        self._lock = threading.Lock()

    @property
    def timer(self) -> Timer:
        return Timer(monotonic=lambda: self.passed, sleep=self.sleep, now=self.now, wall=self.wall)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self.passed += seconds

    def wall(self) -> float:
        return BEGIN.timestamp() + self.passed

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.passed)
