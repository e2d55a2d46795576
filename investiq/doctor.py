"""What is installed, configured, reachable and writable, and for each problem what to do."""

from __future__ import annotations

import importlib
import platform
import shutil
import socket
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from investiq.core import compiling
from investiq.core.errors import ConfigError, InvestIQError, MissingDependencyError, install_advice, near_matches
from investiq.runtime import paths
from investiq.runtime.browser import find_chromium
from investiq.runtime.settings import Settings, load_settings, unknown_variables, variables

__all__ = ["Check", "as_dict", "as_text", "examine", "is_sound"]

Group = Literal["installed", "configured", "reachable", "writable", "working"]
Status = Literal["ok", "note", "problem"]

_PACKAGE: Final = "investiq"
_SIGNS: Final[dict[Status, str]] = {"ok": "ok", "note": "note", "problem": "PROBLEM"}
_SAMPLE: Final = "^GSPC"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the examination.

    Attributes
    ----------
    group, name : str
    status : {"ok", "note", "problem"}
        A note limits what can be done, a problem is something that is required and missing.
    found : str
        What was found.
    advice : str
        What to do about it; empty where all is well.
    """

    group: Group
    name: str
    status: Status
    found: str
    advice: str = ""


def examine() -> Iterator[Check]:
    """Yield the checks one after the other; nothing is changed but empty folders made."""
    yield from _installed()
    settings = list(_configured())
    yield from settings
    if any(check.status == "problem" for check in settings):
        return
    yield from _reachable()
    yield from _writable()
    yield from _working()


def is_sound(checks: list[Check]) -> bool:
    """Return whether everything that is required is there."""
    return not any(check.status == "problem" for check in checks)


def as_text(check: Check) -> str:
    """Return a check as lines for a terminal, the advice below what was found."""
    head = f"  {_SIGNS[check.status]:<8} {check.name:<18} "
    width = max(shutil.get_terminal_size((120, 24)).columns, 60)
    found = textwrap.fill(
        check.found, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )
    advice = textwrap.fill(
        check.advice,
        width,
        initial_indent=f"{'':<{len(head)}}-> ",
        subsequent_indent=" " * (len(head) + 3),
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(filter(None, (found, advice)))


def as_dict(checks: list[Check]) -> dict[str, Any]:
    """Return the examination for a program."""
    return {"sound": is_sound(checks), "checks": [asdict(check) for check in checks]}


def _installed() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, distribution

    import investiq

    yield Check(
        group="installed", name="python", status="ok", found=f"{platform.python_version()} on {platform.platform()}"
    )
    try:
        metadata = distribution(_PACKAGE)
    except PackageNotFoundError:
        yield Check(
            group="installed",
            name=_PACKAGE,
            status="problem",
            found=f"{investiq.__version__}, run from its source without being installed",
            advice="in the project's folder run: make setup",
        )
        return
    yield Check(group="installed", name=_PACKAGE, status="ok", found=investiq.__version__)
    requirements = metadata.requires or []
    for extra in ("", *(metadata.metadata.get_all("Provides-Extra") or ())):
        if extra != "all":  # every other extra under one name
            yield _packages(requirements, extra)


def _packages(requirements: list[str], extra: str) -> Check:
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import Requirement

    present, wrong, lacking = [], [], []
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        of_extra = marker is not None and "extra" in str(marker)
        if of_extra != bool(extra) or (marker is not None and not marker.evaluate({"extra": extra})):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} missing")
            lacking.append(requirement.name)
            continue
        present.append(f"{requirement.name} {found}")
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} instead of {requirement.specifier}")
            lacking.append(f"'{requirement.name}{requirement.specifier}'")
    return Check(
        group="installed",
        name=f"extra {extra}" if extra else "required packages",
        status="ok" if not wrong else "note" if extra else "problem",
        found=", ".join(wrong or present),
        advice=("if you need it, " if extra else "") + install_advice(*lacking) if wrong else "",
    )


def _configured() -> Iterator[Check]:
    path = paths.env_file()
    yield Check(
        group="configured", name=".env", status="ok", found=str(path) if path else "none; every setting has a default"
    )
    try:
        settings = load_settings()
    except ConfigError as error:
        yield Check(
            group="configured", name="settings", status="problem", found=str(error), advice="see docs/settings.md"
        )
        return
    chosen = [f"{name} = {value}" for name, value in settings if name in settings.model_fields_set]
    yield Check(group="configured", name="settings", status="ok", found=", ".join(chosen) or "all at their defaults")
    yield _vendors(settings)
    for name in unknown_variables():
        yield Check(
            group="configured",
            name=name,
            status="note",
            found="no setting of this name exists, so it does nothing",
            advice=f"correct or remove it{near_matches(name, variables())}",
        )


def _vendors(settings: Settings) -> Check:
    """Tell which vendors would be asked, in order, and under which plan; nobody is asked here."""
    from investiq.market.routing import chain

    try:
        names = [vendor.name for vendor in chain(settings)]
    except (ConfigError, MissingDependencyError) as error:
        return Check(
            group="configured", name="data vendors", status="problem", found=str(error), advice="see docs/settings.md"
        )
    plans = [f"{name} (plan {getattr(settings, f'{name}_plan', 'free')})" for name in names]
    return Check(
        group="configured",
        name="data vendors",
        status="ok",
        found=", then ".join(plans) or "none; sample, synthetic and your files are served",
    )


def _reachable() -> Iterator[Check]:
    offline = load_settings().offline
    yield Check(
        group="reachable",
        name="network",
        status="ok",
        found="INVESTIQ_OFFLINE is on: connections beyond this machine are refused"
        if offline
        else "not needed: the data are local",
    )
    port = load_settings().dashboard_port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            yield Check(
                group="reachable",
                name=f"port {port}",
                status="note",
                found=f"cannot be opened: {error.strerror}",
                advice="end what uses it, or choose another with investiq dashboard --port or INVESTIQ_DASHBOARD_PORT",
            )
        else:
            yield Check(group="reachable", name=f"port {port}", status="ok", found="free for investiq dashboard")


def _writable() -> Iterator[Check]:
    for name, folder, variable in (
        ("data", paths.data_dir(), "INVESTIQ_DATA_DIR"),
        ("reports", paths.reports_dir(), "INVESTIQ_REPORTS_DIR"),
    ):
        try:
            paths.writable(folder, variable)
        except ConfigError as error:
            yield Check(group="writable", name=name, status="problem", found=str(folder), advice=str(error))
        else:
            yield Check(group="writable", name=name, status="ok", found=str(folder))
    state = compiling.cache_state()
    if state.folder is None:
        yield Check(group="writable", name="compiled code", status="note", found="not kept", advice=state.reason)
        return
    count = len(list(state.folder.rglob("*.nbi")))
    yield Check(
        group="writable",
        name="compiled code",
        status="ok" if count else "note",
        found=f"{state.folder}, {count} functions kept",
        advice="" if count else "the first run compiles for some seconds; investiq warmup does it ahead of time",
    )


def _working() -> Iterator[Check]:
    yield _try("TA-Lib", _talib, install_advice("--force-reinstall", "ta-lib"))
    yield _try("sample data", _sample, install_advice("--force-reinstall", "arch"))
    try:
        chromium = find_chromium()
    except ConfigError as error:
        yield Check(group="working", name="Chromium", status="note", found="not found", advice=str(error))
        return
    yield Check(
        group="working",
        name="Chromium",
        status="ok" if chromium else "note",
        found=str(chromium) if chromium else "not found; browser tests and screenshots cannot run",
        advice="" if chromium else "make setup-browser, or name one with INVESTIQ_CHROMIUM",
    )


def _try(name: str, check: Callable[[], str], advice: str) -> Check:
    try:
        return Check(group="working", name=name, status="ok", found=check())
    except (ImportError, OSError, InvestIQError) as error:
        return Check(
            group="working", name=name, status="problem", found=f"{type(error).__name__}: {error}", advice=advice
        )


def _talib() -> str:
    talib = importlib.import_module("talib")
    return f"library {talib.__ta_version__.decode().split(' ')[0]}, imported from {talib.__path__[0]}"


def _sample() -> str:
    from investiq.market.loading import load_bars

    bars = load_bars(_SAMPLE)
    return f"{_SAMPLE}, {len(bars):,} daily bars to {bars.passport.last:%Y-%m-%d}, SHA-256 {bars.passport.sha256[:16]}"
