"""`make_report` for a scheduler: with a limit to the whole time of a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from investiq.core.errors import ReportError

if TYPE_CHECKING:
    from investiq.reporting.report import Report

__all__ = ["OverdueReportError", "make_scheduled"]


class OverdueReportError(ReportError, TimeoutError):
    """A report took longer than its schedule allows: raise ``timeout_s``, or see what is slow."""


def make_scheduled(
    template: str,
    parameters: Mapping[str, Any],
    exports: tuple[str, ...],
    timeout_s: int,
    folder: Path | None = None,
) -> Report:
    """Make a report, unless it takes longer than `timeout_s` seconds: looked at after each cell, and within each.

    Raises
    ------
    OverdueReportError
        If it took longer; nothing of it is left.
    ReportError
        As `make_report` raises it.
    """
    from jupyter_core.utils import ensure_event_loop

    from investiq.reporting.making import build, order_of
    from investiq.reporting.placing import workshop

    started = time.perf_counter()
    order = order_of(template, {"theme": "light", **parameters}, folder, exports=exports)

    def look_at_the_clock() -> None:
        if (seconds := time.perf_counter() - started) > timeout_s:
            raise OverdueReportError(f"the report took more than timeout_s = {timeout_s} s, {seconds:.0f} s so far")

    # In a thread of the scheduler: the loop that nbclient would make there, and leave open.
    loop = ensure_event_loop()
    try:
        with workshop(order.folder) as work:
            return build(order, work, look_at_the_clock, cell_timeout_s=timeout_s).publish(started)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
