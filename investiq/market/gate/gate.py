"""The gate in front of a vendor: a departure of the limiter, retries and the breaker around every request."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from investiq.core.errors import ConfigError, NotEntitledError, RateLimitedError
from investiq.market.gate.breaker import Breaker, BreakerState
from investiq.market.gate.departures import DepartureLog
from investiq.market.gate.limiter import WINDOW_S, Limiter, Timer, requests_kept
from investiq.market.gate.plans import Plan
from investiq.market.gate.redaction import guard_logs, redact
from investiq.market.gate.retrying import RETRIED_STATUSES, TRIES, Again, ServiceError, retried, retry_after_s
from investiq.market.gate.waiting import rest
from investiq.runtime.paths import data_dir

__all__ = ["IN_FLIGHT", "Exchange", "Gate", "GateHealth", "Unreachable", "asking_for", "gate_of", "health"]

# Requests under way at once; more only lengthens the queue at the vendor.
IN_FLIGHT: Final = 100
_EXCERPT: Final = 200
# Where vendors put their reason, the most telling first.
_REASONS: Final = ("message", "error", "Error Message", "Note", "Information", "detail")

T = TypeVar("T")
_DATASET: ContextVar[str] = ContextVar("investiq_dataset", default="")


@dataclass(frozen=True, kw_only=True)
class Exchange(Generic[T]):
    """What came back: status and headers (names in lower case), the client's own reply, and its text on demand."""

    status: int
    headers: Mapping[str, str]
    reply: T
    text: Callable[[], str]


class Unreachable(Exception):  # a signal from a transport to the gate, never raised to callers
    """A request got no whole answer: no connection, a timeout, or a connection that ended early."""


@dataclass(frozen=True, kw_only=True)
class GateHealth:
    """How a gate stands.

    Attributes
    ----------
    provider, plan : str
    state : {"closed", "open", "probing"}
        Of its breaker.
    refused : tuple of str
        Datasets refused for want of entitlement.
    paused_for : float
        Seconds of pause left.
    alone_because : str
        Why the plan's limits hold for this process alone; empty where all
        processes that use the key share them.
    """

    provider: str
    plan: str
    state: BreakerState
    refused: tuple[str, ...]
    paused_for: float
    alone_because: str


@contextmanager
def asking_for(dataset: str) -> Iterator[None]:
    """Name the dataset that requests inside the block are for: a refusal then concerns only that one."""
    token = _DATASET.set(dataset)
    try:
        yield
    finally:
        _DATASET.reset(token)


class Gate:
    """All requests to one provider with one key pass here; made by `gate_of`.

    Parameters
    ----------
    plan : Plan
    timer : Timer, optional
        Clock and sleep.
    jitter : random.Random, optional
        Of the waits between tries.
    shared : DepartureLog, optional
        Where the processes that use the key write their departures.
    """

    def __init__(
        self,
        plan: Plan,
        timer: Timer | None = None,
        jitter: random.Random | None = None,
        shared: DepartureLog | None = None,
    ) -> None:
        self.plan = plan
        self._timer = timer or Timer()
        # Waits only; no number of a result depends on them.
        self._jitter = jitter or random.Random()
        self._limiter = Limiter(plan, self._timer, shared)
        self._breaker = Breaker(plan.provider, ServiceError, self._timer)
        self._refusals: dict[str, Breaker] = {}
        self._permits = threading.BoundedSemaphore(IN_FLIGHT)
        self._lock = threading.Lock()

    @property
    def provider(self) -> str:
        """Name of the provider."""
        return self.plan.provider

    def send(self, call: Callable[[], Exchange[T]], what: str, *, is_idempotent: bool = True) -> T:
        """Return the reply of `call`, sent when the plan allows and again where that may help.

        Parameters
        ----------
        call : callable
            Sends the request once and reads the whole body; raises
            `Unreachable` where none came.
        what : str
            Method and path, for messages; never a query or a key.
        is_idempotent : bool, default True
            False sends it once only.

        Returns
        -------
        object
            The reply, of any status but 401, 403 and those that are retried.

        Raises
        ------
        NotEntitledError
            On 401 and 403, and at once after 5 of them in a row for the dataset.
        RateLimitedError
            If the vendor asks for more patience than 90 seconds, still answers
            429 at the fifth try, or the day's requests are spent.
        VendorError
            If no try was answered, or the breaker is open.
        """
        with self._entitlement(), self._breaker.guarding():
            return retried(
                lambda: self._attempt(call, what),
                timer=replace(self._timer, sleep=self._rest),
                jitter=self._jitter,
                tries=TRIES if is_idempotent else 1,
            )

    def pause(self, seconds: float | None = None) -> None:
        """Let no request leave for `seconds`, by default one whole window: for limits that come as an answer of 200."""
        self._limiter.pause(WINDOW_S if seconds is None else seconds)

    def health(self) -> GateHealth:
        """Return how this gate stands now."""
        with self._lock:
            refused = tuple(sorted(name for name, each in self._refusals.items() if each.state != "closed"))
        return GateHealth(
            provider=self.provider,
            plan=self.plan.name,
            state=self._breaker.state,
            refused=refused,
            paused_for=self._limiter.paused_for,
            alone_because=self._limiter.alone_because,
        )

    def _rest(self, seconds: float) -> None:
        """Sleep between two tries."""
        with self._limiter.notice.told(seconds, "for another try"):
            rest(self._timer, seconds)

    def _entitlement(self) -> AbstractContextManager[None]:
        """Return the guard of the dataset that is asked for, if one is named."""
        dataset = _DATASET.get()
        if not dataset:
            return nullcontext()
        with self._lock:
            if dataset not in self._refusals:
                name = f"{dataset} of {self.provider} (plan {self.plan.name})"
                self._refusals[dataset] = Breaker(name, NotEntitledError, self._timer)
            return self._refusals[dataset].guarding()

    def _attempt(self, call: Callable[[], Exchange[T]], what: str) -> T:
        # The permit comes first: departures that queue for one would leave together.
        with self._permits:
            self._limiter.acquire()
            begun = self._timer.monotonic()
            try:
                exchange = call()
            except Unreachable as error:
                message = redact(f"{self.provider} gave no answer to {what}: {error}; try again later")
                raise Again(ServiceError(message), took=self._timer.monotonic() - begun) from None
        took = self._timer.monotonic() - begun
        if exchange.status in (401, 403):
            raise self._not_entitled(exchange, what)
        if exchange.status in RETRIED_STATUSES:
            raise self._again(exchange, what, took)
        return exchange.reply

    def _again(self, exchange: Exchange[Any], what: str, took: float) -> Again:
        now = self._timer.now()
        asked = retry_after_s(exchange.headers.get("retry-after"), now)
        if exchange.status != 429:
            message = f"{self.provider} answered {exchange.status} to {what}{_reason(exchange)}; try again later"
            return Again(ServiceError(redact(message)), took=took, floor=asked or 0.0)
        floor = WINDOW_S if asked is None else asked
        self._limiter.pause(floor)
        retry_at = now + timedelta(seconds=floor)
        message = (
            f"{self.provider}: the limit of its plan {self.plan.name} ({self.plan.per_minute} a minute) is spent, "
            f"{what} was answered 429{_reason(exchange)}; ask again at {retry_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        return Again(RateLimitedError(redact(message), retry_at), took=took, floor=floor)

    def _not_entitled(self, exchange: Exchange[Any], what: str) -> NotEntitledError:
        cause = "does not accept the key" if exchange.status == 401 else "does not cover the request"
        return NotEntitledError(
            redact(
                f"{self.provider} {cause}: {what} was answered {exchange.status}{_reason(exchange)}; "
                f"check the key, change the plan (now {self.plan.name}) or ask for something else"
            )
        )


def _reason(exchange: Exchange[Any]) -> str:
    """Return the vendor's own words as ``" (...)"``, or an empty text where it gave none for people."""
    text = exchange.text().strip()
    if text.startswith("<"):
        return ""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        text = next((str(document[name]) for name in _REASONS if document.get(name)), "")
    text = " ".join(text.split())
    return f" ({text[:_EXCERPT]})" if text else ""


_timer = Timer()
_gates: dict[tuple[str, str], Gate] = {}
_gates_lock = threading.Lock()


def _shared_log(provider: str, key_id: str, plan: Plan) -> DepartureLog | None:
    """Return the log of departures that all processes with this data folder share."""
    name = re.sub(r"[^\w.-]+", "-", f"{provider}-{key_id}")
    return DepartureLog(data_dir() / "limits" / f"{name}.log", requests_kept(plan))


def gate_of(provider: str, key_id: str, plan: Plan) -> Gate:
    """Return the gate of a provider and key: one in this process, shared by all who ask.

    Other processes with the same data folder share its pace, its windows and
    its pauses.

    Parameters
    ----------
    provider : str
    key_id : str
        From `redaction.key_id_of`; never the key itself.
    plan : Plan

    Raises
    ------
    ConfigError
        If the plan is another provider's, or the key is already in use under another plan.
    """
    if plan.provider != provider:
        raise ConfigError(f"a plan of {plan.provider} was given for {provider}; pass plan_of({provider!r}, ...)")
    guard_logs()
    with _gates_lock:
        if (provider, key_id) not in _gates:
            _gates[provider, key_id] = Gate(plan, _timer, shared=_shared_log(provider, key_id, plan))
        gate = _gates[provider, key_id]
    if gate.plan != plan:
        raise ConfigError(
            f"this key of {provider} is already in use under the plan {gate.plan.name}, asked for {plan.name}; "
            "one key has one plan: use the same name everywhere"
        )
    return gate


def health() -> tuple[GateHealth, ...]:
    """Return how each gate of this process stands, by provider."""
    with _gates_lock:
        gates = list(_gates.values())
    return tuple(sorted((gate.health() for gate in gates), key=lambda each: (each.provider, each.plan)))
