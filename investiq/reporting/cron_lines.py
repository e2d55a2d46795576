"""Schedules as lines for a crontab: cron only asks at the times in question, our calendar answers."""

from __future__ import annotations

import shlex
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from investiq.reporting.schedule_file import Schedule
from investiq.runtime.settings import PREFIX, Settings, variables

__all__ = ["cron_lines", "environment_lines"]

# Calendars reach about a year ahead; two months hold no clock change for certain, ten do.
_AHEAD: Final = timedelta(days=300)
_TELLING: Final = 100


def cron_lines(schedules: Iterable[Schedule], now: datetime, folder: Path, zone: ZoneInfo | None = None) -> list[str]:
    """Return a line or more for each schedule that is switched on.

    A line names every minute of the day, on the machine's clock, at which the
    schedule is due on some day of the next ten months: with early closes and both
    clock changes. ``run-due`` does nothing at the others, nor on holidays.

    Parameters
    ----------
    schedules : iterable of Schedule
    now : datetime
        Aware.
    folder : Path
        To run in: the one with ``.env``.
    zone : ZoneInfo, optional
        Of the machine with the crontab; by default of this one.
    """
    run = f"cd {shlex.quote(str(folder))} && {shlex.quote(sys.executable)} -m investiq report run-due"
    lines = []
    for schedule in schedules:
        if not schedule.enabled:
            continue
        lines.append(f"# {schedule.name}: {schedule.when}")
        for times, days in _times(schedule, now, zone).items():
            # A percent sign would end the command.
            lines.append(f"{times} * * {days} {run} {schedule.name}".replace("%", r"\%"))
    return lines


def environment_lines(environment: Mapping[str, str], folder: Path) -> list[str]:
    """Return our variables of an environment as lines of a crontab, for cron hands on none of them.

    What may be secret is told by its name only: keys, passwords, all of mail and
    webhook, and the address of a database that is no file.

    Parameters
    ----------
    environment : mapping of str to str
    folder : Path
        In which the lines run, and whose ``.env`` they read.
    """
    names = [name for name in _names() if environment.get(name)]
    hidden = [name for name in names if _is_hidden(name, environment[name])]
    lines = [f"{name}={environment[name]}" for name in names if name not in hidden]
    if lines:
        lines.insert(0, "# set where this was printed; cron would not know it")
    if hidden:
        lines.append(
            f"# WARNING: {', '.join(hidden)} set here and not printed, for they may hold secrets; "
            f"set them in this crontab or in {folder / '.env'}"
        )
    return lines


def _names() -> list[str]:
    """Return every name that a setting is read from, those of vendors included."""
    aliases = (getattr(each.validation_alias, "choices", ()) for each in Settings.model_fields.values())
    return list(dict.fromkeys((*variables(), *(name for group in aliases for name in group))))


def _is_hidden(name: str, value: str) -> bool:
    if name.endswith("DATABASE_URL"):
        return not value.startswith("sqlite")
    field = Settings.model_fields.get(name.removeprefix(PREFIX).lower())
    # A name that is not ours is a vendor's, most of them of a key.
    return field is None or "SecretStr" in str(field.annotation) or "_SMTP_" in name


def _times(schedule: Schedule, now: datetime, zone: ZoneInfo | None) -> dict[str, str]:
    hours: dict[int, set[int]] = defaultdict(set)
    weekdays, count = set(), 0
    for due in takewhile(lambda due: due < now + _AHEAD, schedule.rule.dues(now)):
        local = due.astimezone(zone)
        hours[local.minute].add(local.hour)
        count += 1
        weekdays.add(local.isoweekday() % 7)
    by_hours: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for minute, found in sorted(hours.items()):
        by_hours[tuple(sorted(found))].append(minute)
    # The few moments of a monthly rule do not show every weekday that it may fall on.
    days = "*" if count < _TELLING or len(weekdays) == 7 else _list(sorted(weekdays))
    return {f"{_list(minutes)} {_list(found)}": days for found, minutes in by_hours.items()}


def _list(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
