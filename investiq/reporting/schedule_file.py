"""The reader of ``schedule.toml``: which reports are made when, checked before anything runs, errors with their line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from investiq.core.errors import ConfigError, DataError, ReportError, near_matches
from investiq.notify.targets import Target, parse_target
from investiq.reporting.schedule_rules import Rule, parse_rule

__all__ = ["EXPORTS", "FILE_NAME", "Schedule", "find_schedule", "read_schedules", "schedule_path"]

FILE_NAME: Final = "schedule.toml"
EXPORTS: Final = ("html", "pdf", "xlsx", "csv", "notebook")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_HEAD: Final = re.compile(r"\s*\[\[\s*report\s*\]\]")
_KEY: Final = re.compile(r"\s*(?:\[report\.)?([A-Za-z_]\w*)\s*[=\].]")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One report that is made again and again.

    Attributes
    ----------
    name : str
        In the history and on the command line.
    template : str
    parameters : mapping of str to object
        Of the template, checked.
    when : str
        The rule in words.
    rule : Rule
    calendar : str
        Whose sessions count.
    time_zone : str
        Of crontab fields, and of times in lists.
    exports : tuple of str
        Beside the page.
    deliver : tuple of Target
    retries : int
        Further attempts where the reason may pass; with ``retry_on = "any"`` after any failure.
    retry_wait_s, timeout_s : int
        Seconds between attempts, and for one attempt.
    retry_on : {"passing", "any"}
    misfire_grace_s : int
        How late, in seconds, a missed run is still caught up.
    max_age_sessions : int or None
        Sessions by which the newest bar may lag behind; None: no gate.
    fresh_symbols : tuple of str
        Whose bars the gate looks at.
    enabled : bool
    """

    name: str
    template: str
    parameters: Mapping[str, Any]
    when: str
    rule: Rule
    calendar: str = "XNYS"
    time_zone: str = "America/New_York"
    exports: tuple[str, ...] = ("html",)
    deliver: tuple[Target, ...] = ()
    retries: int = 2
    retry_wait_s: int = 300
    retry_on: str = "passing"
    timeout_s: int = 900
    misfire_grace_s: int = 259_200
    max_age_sessions: int | None = None
    fresh_symbols: tuple[str, ...] = ()
    enabled: bool = True


# Key, what fits, what is expected in words.
_FITS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "name": (lambda v: isinstance(v, str) and _NAME.fullmatch(v) is not None, "small letters, digits, '-' and '_', at most 60"),
    "template": (lambda v: isinstance(v, str), "the name of a template; `investiq report list` shows them"),
    "when": (lambda v: isinstance(v, str), "a rule such as '30 min after close' or 'cron 30 7 * * mon-fri'"),
    "parameters": (lambda v: isinstance(v, dict), "a table such as {symbol = \"^GSPC\"}"),
    "calendar": (lambda v: isinstance(v, str), "the code of an exchange calendar, such as XNYS"),
    "time_zone": (lambda v: isinstance(v, str) and v in available_timezones(), "a time zone such as America/New_York"),
    "exports": (lambda v: _texts(v) and set(v) <= set(EXPORTS), f"a list of {', '.join(EXPORTS)}"),
    "deliver": (lambda v: _texts(v), "a list such as [\"folder:~/reports\", \"email:desk@example.org\", \"webhook\"]"),
    "retries": (lambda v: _whole(v, 0, 20), "a whole number from 0 to 20"),
    "retry_wait_s": (lambda v: _whole(v, 0, 86_400), "a whole number of seconds from 0 to 86400"),
    "retry_on": (lambda v: v in ("passing", "any"), "'passing' or 'any'"),
    "timeout_s": (lambda v: _whole(v, 10, 86_400), "a whole number of seconds from 10 to 86400"),
    "misfire_grace_s": (lambda v: _whole(v, 60, 2_592_000), "a whole number of seconds from 60 to 2592000"),
    "max_age_sessions": (lambda v: _whole(v, 0, 250), "a whole number of sessions from 0 to 250"),
    "fresh_symbols": (lambda v: _texts(v) and bool(v), "a list of symbols"),
    "enabled": (lambda v: isinstance(v, bool), "true or false"),
}  # fmt: skip
_REQUIRED: Final = ("name", "template", "when")


def schedule_path() -> Path:
    """Return the file of schedules: ``reports/schedule.toml`` of the checkout, else that of the user's own folder."""
    from investiq.runtime.paths import project_root, user_data_dir

    root = project_root()
    return (root / "reports" if root else user_data_dir()) / FILE_NAME


def read_schedules(path: Path | None = None) -> tuple[Schedule, ...]:
    """Return every schedule of a file, switched off or not, all of it checked.

    Parameters
    ----------
    path : Path, optional
        By default that of `schedule_path`.

    Raises
    ------
    ConfigError
        If the file is not there or no TOML, a key is unknown or missing, or a
        value does not fit: the message names file, line, schedule, key, what was
        found and what is expected.
    """
    path = schedule_path() if path is None else path
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"cannot read the schedules in {path}: {error.strerror or error}; write one [[report]] there, as docs/schedules.md shows"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    lines = _lines(text)
    for key in document:
        if key != "report":
            raise ConfigError(f"{path}: expected only [[report]] tables, found {key!r}{near_matches(key, ['report'])}")
    entries = document.get("report", [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise ConfigError(f"{path}: expected [[report]], in two brackets each, found [report]")
    schedules: dict[str, Schedule] = {}
    for number, entry in enumerate(entries):
        place = _Place(path, lines[number] if number < len(lines) else {}, entry.get("name"))
        schedule = _schedule(entry, place)
        if schedule.name in schedules:
            raise place.error("name", f"expected a name of its own, found {schedule.name!r} a second time")
        schedules[schedule.name] = schedule
    return tuple(schedules.values())


def find_schedule(name: str, path: Path | None = None) -> Schedule:
    """Return the schedule called `name`.

    Raises
    ------
    ConfigError
        If there is none, or the file has an error.
    """
    known = {each.name: each for each in read_schedules(path)}
    if name not in known:
        raise ConfigError(
            f"no schedule is called {name!r}{near_matches(name, known)}; there are: {', '.join(known) or 'none'}"
        )
    return known[name]


@dataclass(frozen=True)
class _Place:
    """Where an entry stands, for its errors."""

    path: Path
    lines: Mapping[str, int]
    name: object

    def error(self, key: str, problem: str) -> ConfigError:
        line = self.lines.get(key, self.lines.get("", 0))
        return ConfigError(f"{self.path}, line {line}, report {self.name!r}: {key}: {problem}")


def _schedule(entry: dict[str, Any], place: _Place) -> Schedule:
    for key, value in entry.items():
        if key not in _FITS:
            raise place.error(key, f"unknown key{near_matches(key, _FITS)}; expected {', '.join(_FITS)}")
        fits, expected = _FITS[key]
        if not fits(value):
            raise place.error(key, f"expected {expected}, found {value!r}{_near(key, value)}")
    for key in _REQUIRED:
        if key not in entry:
            raise place.error(key, f"missing; expected {_FITS[key][1]}")
    parameters, symbols = _checked_parameters(entry, place)
    zone = entry.get("time_zone", Schedule.time_zone)
    try:
        rule = parse_rule(entry["when"], calendar=entry.get("calendar", Schedule.calendar), zone=zone)
    except ConfigError as error:
        raise place.error("calendar" if "calendar" in str(error) else "when", str(error)) from error
    try:
        targets = tuple(parse_target(each) for each in entry.get("deliver", ()))
    except ConfigError as error:
        raise place.error("deliver", str(error)) from error
    symbols = tuple(entry.get("fresh_symbols", symbols))
    if entry.get("max_age_sessions") is not None and not symbols:
        raise place.error("max_age_sessions", "no parameter of the template is a symbol; name some under fresh_symbols")
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    given |= {"parameters": parameters, "rule": rule, "deliver": targets, "fresh_symbols": symbols}
    return Schedule(**given)


def _checked_parameters(entry: dict[str, Any], place: _Place) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the given parameters as the template takes them, and the symbols among all of its parameters."""
    from investiq.reporting.catalog import find_template

    try:
        template = find_template(entry["template"])
    except ReportError as error:
        raise place.error("template", str(error)) from error
    given = entry.get("parameters", {})
    try:
        values = template.check(given)
    except (ReportError, DataError) as error:
        raise place.error("parameters", str(error)) from error
    symbols = tuple(values[each.name] for each in template.parameters if each.unit == "symbol" and values[each.name])
    return {name: values[name] for name in given}, symbols


def _lines(text: str) -> list[dict[str, int]]:
    """Return the line of each key of each ``[[report]]``; its own under the empty key."""
    found: list[dict[str, int]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if _HEAD.match(line):
            found.append({"": number})
        elif found and (match := _KEY.match(line)):
            found[-1].setdefault(match[1], number)
    return found


def _near(key: str, value: Any) -> str:
    if key == "exports" and _texts(value):
        return next((near_matches(word, EXPORTS) for word in value if word not in EXPORTS), "")
    if isinstance(value, str):
        known = {"time_zone": available_timezones(), "retry_on": ("passing", "any")}.get(key, ())
        return near_matches(value, known)
    return ""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
