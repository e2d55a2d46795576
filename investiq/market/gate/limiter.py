"""The rate limiter that all callers of one key share: an even pace together with exact sliding windows."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Final, NamedTuple

from investiq.core.errors import RateLimitedError
from investiq.market.gate.departures import DepartureLog, Event, Kind, LogLost
from investiq.market.gate.plans import Plan
from investiq.market.gate.waiting import Line, Notice, Timer, rest

__all__ = ["BURST", "LONGEST_PAUSE_S", "PACE_PER_SECOND", "WINDOW_S", "Limiter", "Timer", "requests_kept"]

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
# A departure is booked this long ahead at most: what a process books and does not live to use, others wait for.
_AHEAD_S: Final = 2.0
# Clocks of processes agree better than this; one that goes back further was set.
_CLOCK_S: Final = 1.0

_log = logging.getLogger(__name__)


class _Window(NamedTuple):
    requests: int
    seconds: float


class _Slot:
    """One departure; a pause moves those still ahead."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at = at


def requests_kept(plan: Plan) -> int:
    """Return how many departures the windows of a plan look back on."""
    return max(plan.per_minute, plan.per_second or 0, plan.per_day or 0)


# Not pyrate-limiter 4.5: its waiters poll, in no order, and nothing can pause it; it took 1.54 times the pacing floor where
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
    shared : DepartureLog, optional
        Where processes that share the key write what left. All that changes
        the state is an event of this log, so each process that reads it comes
        to the same state. Where it fails, the limits hold for this process.
    """

    def __init__(self, plan: Plan, timer: Timer | None = None, shared: DepartureLog | None = None) -> None:
        self._plan = plan
        self._timer = timer or Timer()
        self._shared = shared
        self._clock = self._timer.monotonic if shared is None else self._timer.wall
        self.alone_because = "" if shared else "it keeps no log of departures"
        self.notice = Notice(plan, self._timer)
        self._interval = 0.0 if plan.per_minute <= LOG_ALONE else 1 / min(PACE_PER_SECOND, plan.per_minute / 60)
        windows = [_Window(plan.per_minute, WINDOW_S)]
        windows += [] if plan.per_second is None else [_Window(plan.per_second, _SECOND_S)]
        self._windows = tuple(windows)
        self._day = None if plan.per_day is None else _Window(plan.per_day, _DAY_S)
        self._slots: deque[_Slot] = deque()
        # When the next request would leave at an exactly even pace.
        self._even = float("-inf")
        self._resumes = float("-inf")
        self._written = float("-inf")
        self._line = Line()
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Wait for a departure and return the seconds waited.

        Raises
        ------
        RateLimitedError
            At once and with the time, if the plan's requests of a day are
            spent, or the vendor asked for a pause of more than 90 seconds.
        WaitStopped
            If the wait is called off.
        """
        begun = self._timer.monotonic()
        with self._line.turn():
            while not isinstance(booked := self._booked(), _Slot):
                self._wait(booked, booked - _AHEAD_S / 2)
        # Looked at again after each sleep: a pause may have moved the slot meanwhile.
        while (wait := self._left(booked)) > 0:
            self._wait(wait, wait)
        return self._timer.monotonic() - begun

    def pause(self, seconds: float) -> None:
        """Let nobody leave for `seconds` from now; departures already booked move back together."""
        with self._held() as now:
            if now + seconds > self._resumes:
                self._record("pause", now, now + seconds)

    @property
    def paused_for(self) -> float:
        """Seconds until departures resume; 0 where there is no pause."""
        with self._held() as now:
            return max(0.0, self._resumes - now)

    def _booked(self) -> _Slot | float:
        """Return the next departure, or the seconds until it where that is too far ahead to be booked."""
        with self._held() as now:
            self._refuse_in_long_pause(now)
            at = max(now, self._resumes, self._even - (BURST - 1) * self._interval)
            for window in self._windows:
                at = max(at, self._reopens(window))
            if self._day is not None and (reopens := self._reopens(self._day)) > at:
                self._refuse(
                    reopens - now, f"the {self._plan.per_day} requests a day of its plan {self._plan.name} are spent"
                )
            # First come, first served.
            at = max(at, self._slots[-1].at) if self._slots else at
            if at - now > _AHEAD_S:
                return at - now
            self._record("departure", now, at)
            return self._slots[-1]

    def _left(self, slot: _Slot) -> float:
        """Return the seconds until `slot` leaves."""
        with self._lock:
            if self._shared is None or not (self._shared.has_news or self._clock() < self._written - _CLOCK_S):
                return self._refused_or(slot)
        with self._held():
            return self._refused_or(slot)

    def _refused_or(self, slot: _Slot) -> float:
        now = self._clock()
        if slot.at > now:
            self._refuse_in_long_pause(now)
        return slot.at - now

    def _wait(self, told: float, seconds: float) -> None:
        with self.notice.told(told, "for a slot"):
            rest(self._timer, seconds)

    def _reopens(self, window: _Window) -> float:
        """Return when `window` has room again."""
        if len(self._slots) < window.requests:
            return float("-inf")
        return self._slots[-window.requests].at + window.seconds

    @contextmanager
    def _held(self) -> Iterator[float]:
        """Hold the state, with what other processes did to it, and give the time. Nobody sleeps in here."""
        with self._lock, ExitStack() as holding:
            if self._shared is not None:
                self._catch_up(self._shared, holding)
            yield self._clock()

    def _catch_up(self, shared: DepartureLog, holding: ExitStack) -> None:
        try:
            news = holding.enter_context(shared.held())
        except LogLost as lost:
            self._go_alone(lost)
            return
        for event in news:
            self._apply(event)
        now = self._clock()
        if now < self._written - _CLOCK_S:
            # The clock was set back: what was written last was written now at the earliest.
            self._record("shift", now, now - self._written)

    def _record(self, kind: Kind, now: float, value: float) -> None:
        event = Event(kind, now, value)
        if self._shared is not None:
            try:
                event = self._shared.append(event)
            except LogLost as lost:
                moved = self._go_alone(lost)
                event = Event(kind, now + moved, value if kind == "shift" else value + moved)
        self._apply(event)

    def _apply(self, event: Event) -> None:
        self._written = event.written
        if event.kind == "departure":
            if self._interval:
                self._even = max(event.value, self._even) + self._interval
            self._slots.append(_Slot(event.value))
            while len(self._slots) > requests_kept(self._plan) and self._slots[0].at <= event.written:
                self._slots.popleft()
        elif event.kind == "pause":
            self._resumes = max(self._resumes, event.value)
            ahead = [slot for slot in self._slots if slot.at > event.written]
            if ahead and (shift := event.value - ahead[0].at) > 0:
                for slot in ahead:
                    slot.at += shift
                self._even += shift
        else:
            for slot in self._slots:
                slot.at += event.value
            self._even += event.value
            self._resumes += event.value

    def _go_alone(self, lost: LogLost) -> float:
        """Go on without the log and by this process's own clock; return by how much that differs from the wall's."""
        self.alone_because = str(lost)
        moved = self._timer.monotonic() - self._timer.wall()
        self._shared, self._clock = None, self._timer.monotonic
        self._apply(Event("shift", self._written + moved, moved))
        _log.warning(
            "%s: its departures cannot be shared with other processes (%s); the limits of plan %s hold for this one alone",
            self._plan.provider, self.alone_because, self._plan.name,
        )  # fmt: skip
        return moved

    def _refuse_in_long_pause(self, now: float) -> None:
        if (wait := self._resumes - now) > LONGEST_PAUSE_S:
            self._refuse(wait, f"the limit of its plan {self._plan.name} is spent and it asked for a pause")

    def _refuse(self, wait: float, reason: str) -> None:
        retry_at = self._timer.now() + timedelta(seconds=wait)
        raise RateLimitedError(
            f"{self._plan.provider}: {reason}; ask again at {retry_at:%Y-%m-%d %H:%M:%S} UTC or take a larger plan",
            retry_at,
        )
