"""Brings the outcomes of runs to their targets; what did not arrive is recorded and tried again, the report stands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from investiq.notify.delivering import deliver
from investiq.notify.message import DeliveryError
from investiq.notify.targets import parse_target
from investiq.reporting.outcomes import message_of
from investiq.reporting.run_history import Delivery, Run, runs_to_deliver, save_deliveries
from investiq.storage.database import Database

__all__ = ["ATTEMPTS", "WAIT", "Courier"]

# A mail server that is restarted is back within the three quarters of an hour that four attempts take.
ATTEMPTS: Final = 4
WAIT: Final = timedelta(minutes=15)
_log = logging.getLogger(__name__)


class Courier:
    """Delivers in a thread of its own, so that a slow mail server holds up no report."""

    def __init__(self, clock: Callable[[], datetime], database: Database) -> None:
        self._clock = clock
        self._database = database
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="investiq-delivery")
        self._under_way: dict[str, Future[None]] = {}

    def deliver_pending(self) -> int:
        """Begin each delivery whose time has come, and return how many runs wait for one, those included."""
        now = self._clock()
        found = runs_to_deliver(database=self._database)
        for run in found:
            began = self._under_way.get(run.id)
            if (began is None or began.done()) and any(_is_due(each, now) for each in run.deliveries):
                self._under_way[run.id] = self._pool.submit(self._deliver, run)
        return len(found)

    def wait(self) -> None:
        """Wait for the deliveries under way."""
        wait(self._under_way.values())
        for run in list(self._under_way):
            self._under_way.pop(run).result()

    def close(self) -> None:
        """Finish the delivery under way, and begin no other."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _deliver(self, run: Run) -> None:
        message = message_of(run)
        deliveries = list(run.deliveries)
        for place, each in enumerate(deliveries):
            now = self._clock()
            if not _is_due(each, now):
                continue
            tried = replace(each, attempts=each.attempts + 1, at=now.isoformat())
            try:
                deliver(message, parse_target(each.target))
            except DeliveryError as error:
                _log.warning("%s was not delivered to %s: %s", run.schedule or run.template, each.target, error)
                again = error.may_pass and tried.attempts < ATTEMPTS
                deliveries[place] = replace(tried, status="pending" if again else "failed", reason=str(error))
            else:
                deliveries[place] = replace(tried, status="done", reason="")
            # After each one: a kill between two sends none of them again.
            save_deliveries(run, deliveries, database=self._database)


def _is_due(delivery: Delivery, now: datetime) -> bool:
    if delivery.status != "pending":
        return False
    return delivery.at is None or now >= datetime.fromisoformat(delivery.at) + WAIT
