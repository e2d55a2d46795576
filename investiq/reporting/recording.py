"""A report that is made and written into the history of runs, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from investiq.core.errors import NotEntitledError, OfflineError, ReportError, VendorError
from investiq.reporting.run_history import Run, begin_run, finish_run
from investiq.reporting.running import FailedCellError

if TYPE_CHECKING:
    from investiq.reporting.report import Report

__all__ = ["Maker", "ended_badly", "ended_well", "made_and_recorded", "may_pass"]

# Errors of a cell, by name, that another attempt may not meet; all others would be met again.
_PASSING: Final = frozenset(
    {
        "VendorError", "RateLimitedError", "StaleDataError", "ConnectionError", "ConnectionResetError",
        "ConnectionRefusedError", "TimeoutError", "CellTimeout", "DeadKernel", "KernelNotStarted",
    }
)  # fmt: skip


class Maker(Protocol):
    """What makes a report: `reporting.making.make_report`, or a stand-in of a test."""

    def __call__(
        self, template: str, parameters: Mapping[str, Any], exports: tuple[str, ...], timeout_s: int
    ) -> Report:
        """Return the report, or raise."""
        ...


def made_and_recorded(
    template: str, parameters: Mapping[str, Any], make: Callable[[], Report], *, clock: Callable[[], datetime]
) -> Report:
    """Make a report by hand, and write the run into the history.

    Parameters
    ----------
    template : str
    parameters : mapping
    make : callable
    clock : callable

    Raises
    ------
    ReportError
        As `make` raises it, after it was written down.
    """
    run = begin_run(template, parameters, started_at=clock())
    assert run is not None  # only a scheduled run can be another's
    try:
        report = make()
    except Exception as error:
        finish_run(ended_badly(run, error, clock()))
        raise
    except BaseException:
        finish_run(replace(run, status="interrupted", finished_at=clock(), reason="it was stopped by hand"))
        raise
    finish_run(ended_well(run, report, clock()))
    return report


def ended_well(run: Run, report: Report, now: datetime) -> Run:
    """Return the run as its report ended it."""
    return replace(
        run,
        status="done",
        finished_at=now,
        title=report.title,
        subject=report.subject,
        summary=tuple(report.summary),
        watermark=report.watermark,
        as_of=report.as_of,
        page=str(report.path),
        files={label: str(path) for label, path in report.files() if label != "Page"},
        reason="; ".join(filter(None, (run.reason, *(note.text for note in report.notes)))),
    )


def ended_badly(run: Run, error: Exception, now: datetime) -> Run:
    """Return the run as its error ended it: the cell, and the page that shows it, where there are any."""
    failed = error if isinstance(error, FailedCellError) else None
    text = str(error) if isinstance(error, (ReportError, VendorError)) else f"{type(error).__name__}: {error}"
    return replace(
        run,
        status="failed",
        finished_at=now,
        reason=text,
        failed_cell=failed.cell if failed else None,
        page=str(failed.page) if failed else None,
    )


def may_pass(error: Exception) -> bool:
    """Return whether another attempt may succeed: a vendor or a kernel failed, not the report."""
    if isinstance(error, FailedCellError):
        return error.ename in _PASSING
    return isinstance(error, (VendorError, ConnectionError, TimeoutError)) and not isinstance(
        error, (NotEntitledError, OfflineError)
    )
