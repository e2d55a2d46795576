"""Many series brought up to date together: threads over the one path that a single series takes."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from investiq.core.errors import InvestIQError
from investiq.market.contract import Vendor
from investiq.market.coverage import Wanted
from investiq.market.gate.plans import plan_of
from investiq.market.gate.waiting import called_off_by
from investiq.market.store import Store
from investiq.market.updating import Update, update
from investiq.runtime.progress import Progress, progress
from investiq.runtime.settings import load_settings

__all__ = ["CONCURRENCY", "Orders", "update_all"]

# Requests in flight of the seed's own bulk loader.
CONCURRENCY: Final = 100
# How long an interrupt may go unnoticed.
_TICK_S: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What is to be brought up to date, and by whom.

    Attributes
    ----------
    wanted : sequence of Wanted
    store : Store
    vendors : sequence of Vendor
        The chain; empty if nobody can be asked.
    concurrency : int
        Most series at once; no more than the plan of the first vendor allows
        requests in a minute, for more would only wait.
    refresh : bool
        Ask for the whole range even where it is stored.
    """

    wanted: Sequence[Wanted]
    store: Store
    vendors: Sequence[Vendor]
    concurrency: int = CONCURRENCY
    refresh: bool = False

    @property
    def in_flight(self) -> int:
        """Series at once."""
        return max(min(self.concurrency, len(self.wanted), *map(_pace, self.vendors[:1])), 1)


def _pace(vendor: Vendor) -> int:
    return plan_of(vendor.name, getattr(load_settings(), f"{vendor.name}_plan", "free")).per_minute


def update_all(orders: Orders, take: Callable[[int, Update], None], title: str, stop: threading.Event) -> None:
    """Update every series, each as `update` does, and hand over what became of it by its position.

    What came stays in the store, whatever happens to the others.

    Parameters
    ----------
    orders : Orders
    take : callable
        Called in this thread, in the order in which series are finished; an
        error on purpose is an update with the status ``"error"``.
    title : str
        Of the progress.
    stop : Event
        Set by another thread, nothing more is asked for.

    Raises
    ------
    KeyboardInterrupt
        After an interrupt, once those on their way have been taken.
    Exception
        A mistake of our own in one of them, once the others are finished.
    """
    jobs, in_flight, finished = iter(enumerate(orders.wanted)), orders.in_flight, 0
    running: dict[Future[Update], int] = {}
    mistakes: list[BaseException] = []

    def taken(at: int, done: Update) -> None:
        nonlocal finished
        finished += 1
        take(at, done)

    def submitted() -> bool:
        """Start as many jobs as may be in flight; return whether one was started."""
        started = False
        while len(running) < in_flight and not stop.is_set() and (job := next(jobs, None)) is not None:
            at, wanted = job
            # Each job sees the clock and the like of its caller.
            running[pool.submit(contextvars.copy_context().run, _one, wanted, orders)] = at
            started = True
        return started

    pool = ThreadPoolExecutor(in_flight, thread_name_prefix="investiq-update")
    with called_off_by(stop), progress(len(orders.wanted), title) as advance:
        try:
            while submitted() or running:
                mistakes += _collect(running, taken, advance)
        except KeyboardInterrupt:
            stop.set()
            while running:
                mistakes += _collect(running, taken, advance)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    if mistakes:
        mistakes[0].add_note(f"{finished} of {len(orders.wanted)} series were finished and stored before")
        raise mistakes[0]


def _one(wanted: Wanted, orders: Orders) -> Update:
    begun = time.monotonic()
    try:
        return update(wanted, orders.store, vendors=orders.vendors, refresh=orders.refresh)
    except InvestIQError as error:
        return Update(
            dataset=wanted.dataset,
            symbol=wanted.symbol,
            key=None,
            asked=True,
            status="error",
            reason=str(error),
            provider=wanted.provider or "",
            elapsed=time.monotonic() - begun,
        )


def _collect(
    running: dict[Future[Update], int], take: Callable[[int, Update], None], advance: Progress
) -> Iterator[BaseException]:
    """Hand over what has finished, and yield the mistakes among it."""
    finished, _ = wait(running, timeout=_TICK_S, return_when=FIRST_COMPLETED)
    for each in finished:
        at, error = running.pop(each), each.exception()
        if error is None:
            take(at, each.result())
        else:
            yield error
        advance()
