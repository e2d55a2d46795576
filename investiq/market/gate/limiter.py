"""The rate limiter that all callers of one key share: an even pace together with exact sliding windows."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from investiq.core.errors import RateLimitedError
from investiq.market.gate.plans import Plan
from investiq.runtime import clock

__all__ = ["BURST", "LONGEST_PAUSE_S", "PACE_PER_SECOND", "WINDOW_S", "Limiter", "Timer"]

# Vendors advise fewer than 100 requests a second. With a burst of 9 no second holds more than 99 departures; arrivals
# drift by some milliseconds (measured: 100 in a second), hence fewer.
PACE_PER_SECOND: Final = 90.0
BURST: Final = 5
# A minute and a second for requests that arrive closer together than they left.
WINDOW_S: Final = 61.0
_SECOND_S: Final = 1.05
_DAY_S: Final = 86_400.0
# A caller waits out a pause of this many seconds; a longer one is an answer.
LONGEST_PAUSE_S: Final = 90.0
# Up to here the window alone holds: pace and burst together would exceed the plan.
LOG_ALONE: Final = 60


@dataclass(frozen=True)
class Timer:
    """Where time comes from, so that a test can bring its own."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = clock.now


class _Window(NamedTuple):
    requests: int
    seconds: float


class _Slot:
    """One departure; a pause moves those still ahead."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at = at


# Not pyrate-limiter 4.5: its waiters poll, in no order, and nothing can pause it; it took 1.56 times the pacing floor where
# this takes 1.02 (benchmarks/pacing.py). Here a caller books its departure and sleeps once.
class Limiter:
    """Give out departures, first come first served.

    Two limits hold together: an even pace of ``min(90, per_minute / 60)`` a
    second with a burst of 5, and an exact log of the last
    ``per_minute`` departures over 61 seconds. Plans of at most 60 a minute use
    the log alone. A plan's limits per second and per day are logs as well.

    Parameters
    ----------
    plan : Plan
    timer : Timer, optional
        Clock and sleep.
    """

    def __init__(self, plan: Plan, timer: Timer | None = None) -> None:
        self._plan = plan
        self._timer = timer or Timer()
        self._interval = 0.0 if plan.per_minute <= LOG_ALONE else 1 / min(PACE_PER_SECOND, plan.per_minute / 60)
        windows = [_Window(plan.per_minute, WINDOW_S)]
        windows += [] if plan.per_second is None else [_Window(plan.per_second, _SECOND_S)]
        self._windows = tuple(windows)
        self._day = None if plan.per_day is None else _Window(plan.per_day, _DAY_S)
        self._slots: deque[_Slot] = deque(maxlen=max(plan.per_minute, plan.per_second or 0, plan.per_day or 0))
        # When the next request would leave at an exactly even pace.
        self._even = float("-inf")
        self._resumes = float("-inf")
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Wait for a departure and return the seconds waited.

        Raises
        ------
        RateLimitedError
            At once and with the time, if the plan's requests of a day are
            spent, or the vendor asked for a pause of more than 90 seconds.
        """
        begun = self._timer.monotonic()
        with self._lock:
            self._refuse_in_long_pause()
            slot = self._booked(begun)
        # Read again after each sleep: a pause may have moved the slot meanwhile.
        while (wait := slot.at - self._timer.monotonic()) > 0:
            self._refuse_in_long_pause()
            self._timer.sleep(wait)
        return self._timer.monotonic() - begun

    def pause(self, seconds: float) -> None:
        """Let nobody leave for `seconds` from now; departures already booked move back together."""
        with self._lock:
            now = self._timer.monotonic()
            resumes = now + seconds
            if resumes <= self._resumes:
                return
            self._resumes = resumes
            ahead = [slot for slot in self._slots if slot.at > now]
            if ahead and (shift := resumes - ahead[0].at) > 0:
                for slot in ahead:
                    slot.at += shift
                self._even += shift

    @property
    def paused_for(self) -> float:
        """Seconds until departures resume; 0 where there is no pause."""
        return max(0.0, self._resumes - self._timer.monotonic())

    def _booked(self, now: float) -> _Slot:
        at = max(now, self._resumes, self._even - (BURST - 1) * self._interval)
        for window in self._windows:
            at = max(at, self._reopens(window))
        if self._day is not None and (reopens := self._reopens(self._day)) > at:
            self._refuse(
                reopens - now, f"the {self._plan.per_day} requests a day of its plan {self._plan.name} are spent"
            )
        # First come, first served.
        at = max(at, self._slots[-1].at) if self._slots else at
        if self._interval:
            self._even = max(at, self._even) + self._interval
        slot = _Slot(at)
        self._slots.append(slot)
        return slot

    def _reopens(self, window: _Window) -> float:
        """Return when `window` has room again."""
        if len(self._slots) < window.requests:
            return float("-inf")
        return self._slots[-window.requests].at + window.seconds

    def _refuse_in_long_pause(self) -> None:
        if (wait := self.paused_for) > LONGEST_PAUSE_S:
            self._refuse(wait, f"the limit of its plan {self._plan.name} is spent and it asked for a pause")

    def _refuse(self, wait: float, reason: str) -> None:
        retry_at = self._timer.now() + timedelta(seconds=wait)
        raise RateLimitedError(
            f"{self._plan.provider}: {reason}; ask again at {retry_at:%Y-%m-%d %H:%M:%S} UTC or take a larger plan",
            retry_at,
        )
