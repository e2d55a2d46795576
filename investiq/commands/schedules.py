"""``investiq report schedule | run-due | history | export-cron | serve``: reports that are made by themselves."""

from __future__ import annotations

import heapq
import json
import os
from datetime import datetime
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from investiq.commands.shared import FOLDER, as_json_option
from investiq.printing import table
from investiq.terminal import CommandGroup, command

if TYPE_CHECKING:
    from investiq.reporting.run_history import Run
    from investiq.reporting.schedule_file import Schedule
    from investiq.reporting.scheduling import ReportScheduler

__all__ = ["schedules"]

_REASON_WIDTH: Final = 120

_file_option = click.option(
    "--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="By default reports/schedule.toml."
)
_workers_option = click.option(
    "--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Most reports at a time."
)


@click.group(cls=CommandGroup)
def schedules() -> None:
    """Hold the commands that the group `report` takes over."""


@command(schedules, "schedule")
@_file_option
@_workers_option
@click.option("--once", is_flag=True, help="Make what is due now, with its further attempts, and end.")
@click.option("--dry-run", is_flag=True, help="Show what is due now, and make nothing.")
@click.option("--next", "count", type=click.IntRange(1, 1000), metavar="N", help="List the next N runs, and end.")
def schedule_(file: Path | None, workers: int, once: bool, dry_run: bool, count: int | None) -> None:
    """Make reports as reports/schedule.toml says, until Ctrl-C.

    One scheduler runs for each database. What it missed while it was off, or the
    machine asleep, it makes once, as far as each report's misfire_grace_s goes.
    """
    from investiq.reporting.schedule_file import read_schedules, schedule_path

    if sum((once, dry_run, count is not None)) > 1:
        raise click.UsageError("--once, --dry-run and --next exclude each other")
    found = [each for each in read_schedules(file) if each.enabled]
    if not found:
        click.echo(f"no schedule is switched on in {file or schedule_path()}")
    elif count is not None:
        _list_next(found, count)
    elif dry_run:
        _list_due(found)
    elif once:
        _run_once(found, workers)
    else:
        _run_forever(found, workers)


@command(schedules, "run-due")
@click.argument("name")
@_file_option
def run_due(name: str, file: Path | None) -> None:
    """Make the report of the schedule NAME if it is due and nobody has made it: for a crontab."""
    from investiq.reporting.schedule_file import find_schedule

    _run_once([find_schedule(name, file)], workers=1)


@command(schedules, "history")
@click.argument("schedule", required=False)
@click.option("--template", metavar="NAME", help="Only runs of this template.")
@click.option("--status", metavar="WORD", help="running, done, failed, stale, interrupted or missed.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most rows, newest first.")
@as_json_option
def history(schedule: str | None, template: str | None, status: Any, limit: int, as_json: bool) -> None:
    """List the runs of reports, of SCHEDULE or of all, with how they ended and what was delivered.

    Of a reason the beginning is shown; --json has it whole.
    """
    from investiq.reporting.run_history import report_runs

    runs = report_runs(schedule, template=template, status=status, limit=limit)
    if as_json:
        click.echo(json.dumps([_plain(run) for run in runs], indent=2, ensure_ascii=False))
    elif runs:
        head = ("started (UTC)", "report", "due (UTC)", "attempt", "status", "delivered", "page or reason")
        click.echo(table(head, [(*_row(run)[:-1], _brief(run)) for run in runs]))
    else:
        click.echo("no run of a report is recorded")


@command(schedules, "export-cron")
@_file_option
@click.option("--time-zone", metavar="ZONE", help="Of the machine with the crontab; by default of this one.")
def export_cron(file: Path | None, time_zone: str | None) -> None:
    """Print the schedules as lines of a crontab.

    Cron knows neither holidays nor early closes: its lines ask at every time in
    question, and `run-due` makes the report only when our calendar says so. The
    first lines hand on the INVESTIQ_ variables that are set now, secrets excepted.
    """
    from investiq.reporting.cron_lines import cron_lines, environment_lines
    from investiq.reporting.schedule_file import read_schedules
    from investiq.runtime import clock
    from investiq.runtime.paths import project_root

    try:
        zone = ZoneInfo(time_zone) if time_zone else None
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(
            f"{time_zone!r} is no time zone such as Europe/Zurich", param_hint="--time-zone"
        ) from None
    folder = project_root() or Path.cwd()
    lines = cron_lines(read_schedules(file), clock.now(), folder, zone)
    for line in (*environment_lines(os.environ, folder), *lines):
        click.echo(line)


@command(schedules, "serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8867, show_default=True, help="On 127.0.0.1.")
@click.option("--folder", type=FOLDER, help="By default the reports folder.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def serve(port: int, folder: Path | None, no_browser: bool) -> None:
    """Serve the index of reports on this machine, with a token."""
    from investiq.reporting.index import write_index
    from investiq.runtime.paths import reports_dir
    from investiq.server.reports import serve_reports

    chosen = folder or reports_dir()
    write_index(chosen)
    serve_reports(chosen, port=port, open_browser=not no_browser)


def _scheduler(found: list[Schedule], workers: int) -> ReportScheduler:
    from investiq.reporting.index import write_index
    from investiq.reporting.scheduling import ReportScheduler

    return ReportScheduler(found, workers=workers, after=write_index)


def _run_once(found: list[Schedule], workers: int) -> None:
    from investiq.core.errors import ReportError
    from investiq.reporting.run_history import report_runs
    from investiq.runtime import clock

    began = clock.now()
    scheduler = _scheduler(found, workers)
    try:
        scheduler.recover()
        scheduler.run_until_idle()
    finally:
        scheduler.close()
    names = {each.name for each in found}
    runs = [run for run in reversed(report_runs(limit=1000)) if run.started_at >= began and run.schedule in names]
    for run in runs:
        click.echo("  ".join(filter(None, _row(run))))
    if not runs:
        click.echo("nothing was due")
    last = {run.schedule: run for run in runs}
    if bad := [name for name, run in last.items() if run.status != "done"]:
        raise ReportError(f"not made: {', '.join(map(str, bad))}; the lines above say why")


def _run_forever(found: list[Schedule], workers: int) -> None:
    from investiq.reporting.timer import run_forever

    def announce(lost: tuple[Run, ...]) -> None:
        for run in lost:
            click.echo(f"{run.schedule or run.template}: its last run was interrupted ({run.reason})")
        click.echo(f"{len(found)} schedules, at most {workers} reports at a time. Next:")
        _list_next(found, len(found))
        click.echo("Ctrl-C ends the scheduler after the reports under way.")

    run_forever(_scheduler(found, workers), announce)


def _list_next(found: list[Schedule], count: int) -> None:
    from investiq.runtime import clock

    now = clock.now()
    coming = heapq.merge(*(_coming(each, now, count) for each in found), key=lambda pair: pair[0])
    rows = [
        (each.name, _local(due, each.time_zone), f"{due:%Y-%m-%d %H:%M}", each.template)
        for due, each in islice(coming, count)
    ]
    click.echo(table(("report", "local time", "UTC", "template"), rows))


def _list_due(found: list[Schedule]) -> None:
    from investiq.reporting.run_history import newest_runs
    from investiq.reporting.scheduling import next_job
    from investiq.runtime import clock

    last, now = newest_runs(), clock.now()
    jobs = [(each, job) for each in found if (job := next_job(each, last.get(each.name), now)) is not None]
    rows = [(each.name, _local(job.due_at, each.time_zone), str(job.attempt), str(job.skipped)) for each, job in jobs]
    click.echo(table(("report", "due", "attempt", "missed before"), rows) if rows else "nothing is due")


def _coming(schedule: Schedule, now: datetime, count: int) -> list[tuple[datetime, Schedule]]:
    return [(due, schedule) for due in islice(schedule.rule.dues(now), count)]


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"


def _row(run: Run) -> tuple[str, ...]:
    arrived = sum(each.status == "done" for each in run.deliveries)
    return (
        f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        run.schedule or f"{run.template} (by hand)",
        f"{run.due_at:%Y-%m-%d %H:%M}" if run.due_at else "",
        str(run.attempt),
        run.status,
        f"{arrived} of {len(run.deliveries)}" if run.deliveries else "",
        (run.page or "") if run.status == "done" else run.reason,
    )


def _brief(run: Run) -> str:
    """Return the page, or the first clause of the reason: --json has it whole."""
    told = _row(run)[-1]
    return told if run.status == "done" else shorten(told.split("; ", 1)[0], _REASON_WIDTH, placeholder=" ...")


def _plain(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in run.__dataclass_fields__}
    values["deliveries"] = [vars(each) for each in run.deliveries]
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
