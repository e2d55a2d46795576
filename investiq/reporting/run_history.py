"""The history of report runs: what began, how it ended, what was delivered; the schedules' whole memory."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from investiq.core.errors import ConfigError, near_matches
from investiq.storage.database import Database, open_database

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = [
    "Delivery",
    "Run",
    "Status",
    "begin_run",
    "finish_run",
    "list_runs",
    "newest_runs",
    "recover_interrupted",
    "report_runs",
    "runs_to_deliver",
    "save_deliveries",
    "this_process",
]

Status = Literal["running", "done", "failed", "stale", "interrupted", "missed"]
# A process on another machine cannot be looked at: what it began is over after this time.
_LOST_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One delivery of a run: pending, done or failed, with the reason of its last failure."""

    target: str
    status: Literal["pending", "done", "failed"] = "pending"
    attempts: int = 0
    at: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt to make a report.

    Attributes
    ----------
    id : str
    schedule : str or None
        None for a run by hand.
    template : str
    parameters : mapping
    due_at : datetime or None
        The moment that it was meant for.
    attempt : int
        1 and up, for the same moment.
    started_at : datetime
    finished_at : datetime or None
    status : {"running", "done", "failed", "stale", "interrupted", "missed"}
    next_try_at : datetime or None
        When the next attempt begins, where there will be one.
    title, subject : str
    summary : tuple of str
    watermark : str or None
    as_of : datetime or None
    page : str or None
        The page, or the one that shows where it failed.
    files : mapping of str to str
        What each further file is, and its path.
    reason : str
        Why it failed, is stale or was missed; of one that succeeded, what could not be made.
    failed_cell : int or None
    deliveries : tuple of Delivery
    process : str
    """

    id: str
    schedule: str | None
    template: str
    parameters: Mapping[str, Any]
    due_at: datetime | None
    attempt: int
    started_at: datetime
    finished_at: datetime | None = None
    status: Status = "running"
    next_try_at: datetime | None = None
    title: str = ""
    subject: str = ""
    summary: tuple[str, ...] = ()
    watermark: str | None = None
    as_of: datetime | None = None
    page: str | None = None
    files: Mapping[str, str]
    reason: str = ""
    failed_cell: int | None = None
    deliveries: tuple[Delivery, ...] = ()
    process: str = ""


def begin_run(
    template: str,
    parameters: Mapping[str, Any],
    *,
    started_at: datetime,
    schedule: str | None = None,
    due_at: datetime | None = None,
    attempt: int = 1,
    database: Database | None = None,
) -> Run | None:
    """Write that a run begins, and return it; None where another process has begun the same attempt for the same moment."""
    import sqlalchemy as sa

    from investiq.reporting.tables import REPORT_RUNS

    run = Run(
        id=uuid.uuid4().hex[:12],
        schedule=schedule,
        template=template,
        parameters=parameters,
        due_at=due_at,
        attempt=attempt,
        started_at=started_at,
        files={},
        process=this_process(),
    )

    def insert(connection: sa.Connection) -> Run | None:
        same = sa.select(REPORT_RUNS.c.id).where(
            REPORT_RUNS.c.schedule == schedule, REPORT_RUNS.c.due_at == due_at, REPORT_RUNS.c.attempt == attempt
        )
        if schedule is not None and connection.execute(same).first():
            return None
        connection.execute(REPORT_RUNS.insert().values(_row(run)))
        return run

    try:
        return (database or open_database()).write(insert)
    except ConfigError as error:
        # PostgreSQL does not lock the table: there, two at once are told apart by the constraint.
        if isinstance(error.__cause__, sa.exc.IntegrityError):
            return None
        raise


def finish_run(run: Run, *, database: Database | None = None) -> Run:
    """Write all of `run` but what `begin_run` has written, and return it."""
    from investiq.reporting.tables import REPORT_RUNS

    values = _row(run)
    (database or open_database()).write(
        lambda connection: connection.execute(REPORT_RUNS.update().where(REPORT_RUNS.c.id == run.id).values(values))
    )
    return run


def save_deliveries(run: Run, deliveries: Sequence[Delivery], *, database: Database | None = None) -> None:
    """Write how the deliveries of a run stand."""
    from investiq.reporting.tables import REPORT_RUNS

    text = _deliveries_text(deliveries)
    (database or open_database()).write(
        lambda connection: connection.execute(
            REPORT_RUNS.update().where(REPORT_RUNS.c.id == run.id).values(deliveries=text)
        )
    )


def report_runs(
    schedule: str | None = None,
    *,
    template: str | None = None,
    status: Status | None = None,
    limit: int = 50,
) -> tuple[Run, ...]:
    """Return runs of reports, newest first, as `investiq report history` shows them.

    Parameters
    ----------
    schedule, template, status : str, optional
        Only runs of them.
    limit : int, default 50

    Raises
    ------
    ConfigError
        If there is no such status.
    """
    if status is not None and status not in get_args(Status):
        raise ConfigError(f"status must be one of {', '.join(get_args(Status))}, was {status!r}{near_matches(status, get_args(Status))}")  # fmt: skip
    return list_runs(schedule=schedule, template=template, status=status, limit=limit)


def list_runs(*, limit: int | None = None, database: Database | None = None, **equal: str | None) -> tuple[Run, ...]:
    """Return the runs whose columns equal what is not None of `equal`, newest first."""
    from investiq.reporting.tables import REPORT_RUNS as T

    query = T.select().order_by(T.c.started_at.desc(), T.c.attempt.desc(), T.c.id).limit(limit)
    for name, value in equal.items():
        if value is not None:
            query = query.where(T.c[name] == value)
    return (database or open_database()).read(lambda c: tuple(_run(row._asdict()) for row in c.execute(query)))


def newest_runs(*, database: Database | None = None) -> dict[str, Run]:
    """Return for each schedule its last attempt at its newest moment."""
    import sqlalchemy as sa

    from investiq.reporting.tables import REPORT_RUNS as T

    order = sa.func.row_number().over(partition_by=T.c.schedule, order_by=(T.c.due_at.desc(), T.c.attempt.desc()))
    ranked = (
        sa.select(T.c.id, order.label("place")).where(T.c.schedule.is_not(None), T.c.due_at.is_not(None)).subquery()
    )
    query = T.select().join(ranked, ranked.c.id == T.c.id).where(ranked.c.place == 1)
    found = (database or open_database()).read(lambda c: [_run(row._asdict()) for row in c.execute(query)])
    return {run.schedule: run for run in found if run.schedule is not None}


def runs_to_deliver(*, database: Database | None = None) -> tuple[Run, ...]:
    """Return the runs of which a delivery is pending, oldest first."""
    from investiq.reporting.tables import REPORT_RUNS as T

    query = T.select().where(T.c.deliveries.contains('"status": "pending"')).order_by(T.c.started_at)
    return (database or open_database()).read(lambda c: tuple(_run(row._asdict()) for row in c.execute(query)))


def recover_interrupted(now: datetime, *, database: Database | None = None) -> tuple[Run, ...]:
    """Write down as interrupted each run whose process is gone, with a next attempt at once, and return them."""
    from dataclasses import replace

    lost = [run for run in list_runs(status="running", database=database) if not _is_alive(run, now)]
    return tuple(
        finish_run(
            replace(
                run,
                status="interrupted",
                finished_at=now,
                next_try_at=now if run.schedule else None,
                reason=f"its process ({run.process}) ended during the run",
            ),
            database=database,
        )
        for run in lost
    )


def this_process() -> str:
    """Return what tells this process from every other: machine, number and the moment it began."""
    return f"{socket.gethostname()} {os.getpid()} {_began(os.getpid()):.2f}"


def _is_alive(run: Run, now: datetime) -> bool:
    host, pid, began = run.process.rsplit(" ", 2)
    if host != socket.gethostname():
        return now - run.started_at < _LOST_AFTER
    # The number of a process is used again; the moment it began is not.
    return f"{_began(int(pid)):.2f}" == began


def _began(pid: int) -> float:
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return 0.0


def _row(run: Run) -> dict[str, Any]:
    texts = {
        "parameters": json.dumps(dict(run.parameters), ensure_ascii=False, default=str),
        "summary": json.dumps(run.summary, ensure_ascii=False),
        "files": json.dumps(dict(run.files), ensure_ascii=False),
        "deliveries": _deliveries_text(run.deliveries),
    }
    return {name: getattr(run, name) for name in run.__dataclass_fields__} | texts


def _run(row: Mapping[str, Any]) -> Run:
    read = {name: json.loads(row[name]) for name in ("parameters", "files")}
    deliveries = tuple(Delivery(**each) for each in json.loads(row["deliveries"]))
    return Run(**{**dict(row), **read, "summary": tuple(json.loads(row["summary"])), "deliveries": deliveries})


def _deliveries_text(deliveries: Sequence[Delivery]) -> str:
    return json.dumps([vars(each) for each in deliveries], ensure_ascii=False)
