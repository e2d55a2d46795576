"""Which failures are worth another try, and after how long."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from investiq.core.errors import RateLimitedError, VendorError
from investiq.market.gate.limiter import Timer

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["BUDGET_S", "RETRIED_STATUSES", "TRIES", "Again", "ServiceError", "retried", "retry_after_s"]

RETRIED_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
TRIES: Final = 5
LONGEST_BACKOFF_S: Final = 30.0
# Of tries and the waits between them; the queue for a departure is the plan's pace and does not count.
BUDGET_S: Final = 90.0

T = TypeVar("T")


class ServiceError(VendorError):
    """The vendor's service failed or could not be reached: try later, or another provider."""


class Again(Exception):  # a signal between this module and the gate, never raised to callers
    """One try failed and another may succeed.

    Parameters
    ----------
    error : VendorError
        What to raise when no try is left.
    took : float
        Seconds that the try took.
    floor : float, default 0.0
        Seconds that the vendor asked to wait.
    """

    def __init__(self, error: VendorError, *, took: float, floor: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.took = took
        self.floor = floor


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Return the seconds of a ``Retry-After`` header, which names seconds or a date, or None.

    Examples
    --------
    >>> retry_after_s("Fri, 02 Jan 2026 03:04:05 GMT", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    5.0
    >>> retry_after_s("soon", datetime(2026, 1, 2, tzinfo=UTC)) is None
    True
    """
    if text is None:
        return None
    text = text.strip()
    if text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def retried(attempt: Callable[[], T], *, timer: Timer, jitter: random.Random, tries: int = TRIES) -> T:
    """Return what `attempt` returns, trying again where it raises `Again`.

    The wait before try n + 2 is drawn from U(0, min(30, 2^n)) seconds and no
    shorter than the vendor asked for.

    Parameters
    ----------
    attempt : callable
    timer : Timer
    jitter : random.Random
    tries : int, default 5

    Raises
    ------
    RateLimitedError
        If the wait asked for passes the budget of 90 seconds: at once, with the time.
    VendorError
        That of the last try, if none is left.
    """
    import tenacity

    spent = 0.0

    def wait(state: RetryCallState) -> float:
        drawn = jitter.uniform(0, min(LONGEST_BACKOFF_S, 2.0 ** (state.attempt_number - 1)))
        return max(_signal(state).floor, drawn)

    def stop(state: RetryCallState) -> bool:
        nonlocal spent
        signal = _signal(state)
        spent += signal.took + state.upcoming_sleep
        if spent > BUDGET_S and signal.floor:
            signal.error = _beyond_budget(signal, timer.now())
        return spent > BUDGET_S or state.attempt_number >= tries

    policy = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Again), wait=wait, stop=stop, sleep=timer.sleep, reraise=True
    )
    try:
        return policy(attempt)
    except Again as signal:
        raise signal.error from None


def _signal(state: RetryCallState) -> Again:
    signal = state.outcome.exception() if state.outcome else None
    assert isinstance(signal, Again)
    return signal


def _beyond_budget(signal: Again, now: datetime) -> VendorError:
    retry_at = now + timedelta(seconds=signal.floor)
    if isinstance(signal.error, RateLimitedError):
        return signal.error
    return RateLimitedError(f"{signal.error}; it asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC", retry_at)
