"""The scheduler in the foreground: APScheduler as the timer, one process for each database."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Final

from investiq.core.errors import MissingDependencyError
from investiq.runtime import clock
from investiq.storage.database import open_database
from investiq.storage.leases import sole

if TYPE_CHECKING:
    from investiq.reporting.run_history import Run
    from investiq.reporting.scheduling import ReportScheduler

__all__ = ["ROLE", "TICK_S", "run_forever"]

ROLE: Final = "scheduler of reports"
# Looking whether something is due costs milliseconds. No timer is set for the moment itself: one that sleeps through a
# suspended machine, or a clock that is set, would miss it.
TICK_S: Final = 5


def run_forever(scheduler: ReportScheduler, announce: Callable[[tuple[Run, ...]], object]) -> None:
    """Make reports as they become due until the process is asked to end; those under way are finished.

    Parameters
    ----------
    scheduler : ReportScheduler
    announce : callable
        Told, once it runs, which runs an earlier process has left unfinished.

    Raises
    ------
    ConfigError
        If another scheduler of this database runs.
    MissingDependencyError
        If APScheduler is not installed.
    """
    try:
        from apscheduler.schedulers.blocking import BlockingScheduler
        from apscheduler.triggers.interval import IntervalTrigger
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "apscheduler", "sched", "the scheduler of reports") from error

    with sole(open_database(), ROLE):
        announce(scheduler.recover())
        timer = BlockingScheduler(timezone=UTC)
        timer.add_job(
            scheduler.tick,
            IntervalTrigger(seconds=TICK_S, timezone=UTC),
            next_run_time=clock.now(),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        before = signal.signal(signal.SIGTERM, lambda *_: timer.shutdown(wait=False))
        try:
            timer.start()
        except KeyboardInterrupt:
            timer.shutdown(wait=False)
        finally:
            signal.signal(signal.SIGTERM, before)
            scheduler.close()
