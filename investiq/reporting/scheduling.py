"""The scheduler: makes what is due, once each, tries again what may pass, and forgets nothing when it is killed.

What it knows lies in the history of runs, so that a second one, started after a kill or a night's sleep, goes on
where the first one stopped.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from investiq.reporting import schedule_gate
from investiq.reporting.delivering import Courier
from investiq.reporting.recording import Maker, ended_badly, ended_well, may_pass
from investiq.reporting.run_history import Delivery, Run, begin_run, finish_run, newest_runs, recover_interrupted
from investiq.reporting.schedule_file import Schedule
from investiq.reporting.schedule_rules import latest_due
from investiq.runtime import clock as clocks
from investiq.storage.database import Database, open_database

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DEFAULT_WORKERS", "Job", "ReportScheduler", "next_job"]

# Two cores make two reports at a time; a third would only slow both down.
DEFAULT_WORKERS: Final = 2
_log = logging.getLogger(__name__)


class Job(NamedTuple):
    """An attempt that is to be made now, and how many earlier moments it makes up for."""

    due_at: datetime
    attempt: int
    skipped: int = 0


def next_job(schedule: Schedule, last: Run | None, now: datetime) -> Job | None:
    """Return what a schedule has to do at `now`, None for nothing.

    Of several moments that were missed only the newest is made up for. A
    schedule that never ran looks back over its grace. A moment that has come
    ends the attempts for the one before.
    """
    grace = timedelta(seconds=schedule.misfire_grace_s)
    since = last.due_at if last is not None and last.due_at is not None else now - grace
    due, count = latest_due(schedule.rule, since, now)
    if due is not None:
        return Job(due, 1, count - 1 if last is not None else 0)
    if last is not None and last.due_at is not None and last.next_try_at is not None and last.next_try_at <= now:
        return Job(last.due_at, last.attempt + 1)
    return None


class ReportScheduler:
    """Makes the reports of some schedules as they become due.

    Parameters
    ----------
    schedules : iterable of Schedule
        Those that are switched off are left out.
    workers : int, default 2
        Most reports at a time.
    make : callable, optional
        Makes one report; by default `make_report` in the reports folder.
    newest : callable, optional
        Label of a symbol's newest bar, for the gate.
    after : callable, optional
        Called after each run has ended, such as to write the index page.
    clock : callable, optional
    database : Database, optional
    """

    def __init__(
        self,
        schedules: Iterable[Schedule],
        *,
        workers: int = DEFAULT_WORKERS,
        make: Maker | None = None,
        newest: Callable[[str], np.datetime64] = schedule_gate.newest_label,
        after: Callable[[], object] | None = None,
        clock: Callable[[], datetime] | None = None,
        database: Database | None = None,
    ) -> None:
        from investiq.reporting.making_scheduled import make_scheduled

        self.schedules = {each.name: each for each in schedules if each.enabled}
        self._make = make or make_scheduled
        self._newest = newest
        self._after = after
        self._clock = clock or clocks.now
        self._database = database or open_database()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="investiq-report")
        self._courier = Courier(self._clock, self._database)
        self._running: dict[str, Future[None]] = {}
        self._after_lock = threading.Lock()
        # Nothing can be due before: then a tick asks neither database nor calendar.
        self._quiet_until: datetime | None = None

    def recover(self) -> tuple[Run, ...]:
        """Write down runs that ended with their process, and return them; they are made again by the next `tick`."""
        lost = recover_interrupted(self._clock(), database=self._database)
        for run in lost:
            schedule = self.schedules.get(run.schedule or "")
            # A report that ends its process each time is not made for ever.
            if schedule is None or run.attempt > schedule.retries:
                targets = schedule.deliver if schedule else ()
                pending = tuple(Delivery(target=str(each)) for each in targets)
                finish_run(replace(run, next_try_at=None, deliveries=pending), database=self._database)
        return lost

    def tick(self) -> None:
        """Begin what is due now and deliver what waits for it, without waiting for either."""
        now = self._clock()
        if self._quiet_until is not None and now < self._quiet_until:
            return
        self._quiet_until = None
        self._forget_ended()
        last = newest_runs(database=self._database)
        for name, schedule in self.schedules.items():
            job = None if name in self._running else next_job(schedule, last.get(name), now)
            if job is not None:
                # A context of its own: jupyter_core keeps the event loop of a kernel in it.
                self._running[name] = self._pool.submit(contextvars.Context().run, self._run, schedule, job)
        if not self._courier.deliver_pending() and not self._running:
            coming = [next(each.rule.dues(now)) for each in self.schedules.values()]
            again = [run.next_try_at for run in last.values() if run.next_try_at is not None]
            self._quiet_until = min([*coming, *again], default=None)

    def wait(self) -> None:
        """Wait until what has begun has ended and was delivered, or its delivery waits for another attempt."""
        ended = wait(self._running.values()).done
        for future in ended:
            future.result()
        if ended:
            self._courier.deliver_pending()
        self._courier.wait()

    def run_until_idle(self, sleep: Callable[[float], object] = time.sleep) -> None:
        """Make what is due now, with its further attempts, and return."""
        while True:
            self.tick()
            self.wait()
            waiting = [
                run.next_try_at
                for run in newest_runs(database=self._database).values()
                if run.schedule in self.schedules and run.next_try_at is not None
            ]
            if not waiting:
                return
            sleep(max((min(waiting) - self._clock()).total_seconds(), 0.0))

    def close(self) -> None:
        """Begin nothing more, and wait for the reports under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._courier.close()

    def _forget_ended(self) -> None:
        for name, future in list(self._running.items()):
            if not future.done():
                continue
            del self._running[name]
            # What a run itself met is in the history; this is a database or an index that could not be written.
            if (error := future.exception()) is not None:
                _log.error("%s was not recorded whole: %s", name, error, exc_info=error)

    def _run(self, schedule: Schedule, job: Job) -> None:
        run = begin_run(
            schedule.template,
            schedule.parameters,
            started_at=self._clock(),
            schedule=schedule.name,
            due_at=job.due_at,
            attempt=job.attempt,
            database=self._database,
        )
        if run is None:  # another process has this one
            return
        if job.skipped:
            run = replace(run, reason=f"made once for {job.skipped + 1} moments, of which {job.skipped} were missed")
        ended = self._ended(schedule, run)
        if ended.next_try_at is None:
            ended = replace(ended, deliveries=tuple(Delivery(target=str(each)) for each in schedule.deliver))
        finish_run(ended, database=self._database)
        _log.info("%s: %s", schedule.name, ended.status, extra={"reason": ended.reason})
        if self._after is not None:
            with self._after_lock:
                self._after()

    def _ended(self, schedule: Schedule, run: Run) -> Run:
        """Return the run after its report was made, or why it was not."""
        late = self._clock() - (run.due_at or run.started_at)
        if run.attempt == 1 and late > timedelta(seconds=schedule.misfire_grace_s):
            text = f"it was due {late.total_seconds() / 3600:.1f} h ago, made up for within {schedule.misfire_grace_s / 3600:g} h"
            return replace(run, status="missed", finished_at=self._clock(), reason=text)
        try:
            reason = schedule_gate.stale_reason(schedule, self._clock(), self._newest)
            if reason:
                stale = replace(run, status="stale", finished_at=self._clock(), reason=reason)
                return self._again(schedule, stale)
            report = self._make(schedule.template, schedule.parameters, schedule.exports, schedule.timeout_s)
        except Exception as error:  # noqa: BLE001  one report's failure is told and recorded; the others go on
            _log.info("%s failed", schedule.name, exc_info=True)
            failed = ended_badly(run, error, self._clock())
            return self._again(schedule, failed) if schedule.retry_on == "any" or may_pass(error) else failed
        return ended_well(run, report, self._clock())

    def _again(self, schedule: Schedule, run: Run) -> Run:
        if run.attempt > schedule.retries:
            return run
        return replace(run, next_try_at=self._clock() + timedelta(seconds=schedule.retry_wait_s))
