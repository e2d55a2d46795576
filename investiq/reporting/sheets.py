"""`iq.make_report` and `iq.tear_sheet`: pages that can be sent, printed and run again."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import ConfigError, InvestIQError
from investiq.core.notes import Note
from investiq.reporting import making
from investiq.reporting.files import file_name, replacing, require_writable
from investiq.reporting.placing import workshop
from investiq.reporting.report import Report
from investiq.reporting.running import FailedCellError
from investiq.reporting.wording import held_text, period_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from investiq.backtesting.result import BacktestResult
    from investiq.figures.theme import ThemeName
    from investiq.reporting.making import Export

__all__ = ["make_report", "tear_sheet"]

_TEMPLATE: Final = "tear_sheet"
_QUANTSTATS: Final = ".quantstats.html"


def make_report(
    template: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    exports: Sequence[Export] = ("html",),
    theme: ThemeName = "light",
    name: str | None = None,
    **parameters: Any,
) -> Report:
    """Make a report from a template: a page that can be sent, printed and run again.

    Parameters
    ----------
    template : str
        Its name; ``investiq report list`` shows each with its purpose and its parameters.
    folder : path, optional
        Where to write; by default ``reports/output`` of the checkout, or
        ``INVESTIQ_REPORTS_DIR``. The files lie in ``<template>/<day of as_of>/`` below
        it; the same parameters and the same day replace them.
    exports : sequence of {"html", "pdf", "xlsx", "csv", "notebook"}
        What to make beside page, notebook and manifest, which are always written:
        the page on paper, a formatted Excel workbook, the tables as CSV files. Without
        a Chromium there is no PDF, and `Report.notes` says so.
    theme : {"light", "dark"}
        Of the page; "light" prints well.
    name : str, optional
        Begins the names of the files; by default subject and eight letters that
        stand for the parameters.
    **parameters
        Those of the template; each is checked by its declared type, unit and
        range before anything runs.

    Returns
    -------
    Report

    Raises
    ------
    ReportError, UnknownSymbolError
        Before any work, if template, parameters or folder will not do; later
        if a cell of the template fails, with the number of the cell and the page
        that shows it. The last good report stays.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Breakout(), "^GSPC")  # doctest: +SKIP
    >>> iq.make_report("tear_sheet", result_file=result.save("gspc.iq"), exports=["pdf"])  # doctest: +SKIP
    """
    return making.make_report(template, parameters, folder, theme=theme, exports=exports, name=name)


def tear_sheet(
    result: BacktestResult,
    folder: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    quantstats: bool = True,
    theme: ThemeName = "light",
) -> Report:
    """Make the tear sheet of a backtest: one HTML page, its notebook, and QuantStats' sheet beside it.

    Parameters
    ----------
    result : BacktestResult
        As `iq.backtest` or `iq.load_result` returns it.
    folder : path, optional
        Where to write; by default ``reports/output`` of the checkout, or
        ``INVESTIQ_REPORTS_DIR``.
    name : str, optional
        Of the files; by default symbol (or the number of them), strategy and last session. A report of
        the same name is replaced, but only by one that succeeded.
    quantstats : bool, default True
        Whether to make QuantStats' sheet too, at the same time in another process.
    theme : {"light", "dark"}
        Of the page; "light" prints well.

    Returns
    -------
    Report

    Raises
    ------
    ConfigError
        If `result` is not a backtest or `theme` is unknown.
    ReportError
        If the folder cannot be written to (told before any work), or a cell of
        the template fails: the message names the cell, the error and the page
        that shows both; the last good report stays.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Breakout(), "^GSPC")  # doctest: +SKIP
    >>> iq.tear_sheet(result).path.name  # doctest: +SKIP
    'GSPC_breakout_2018-12-31.html'
    """
    from investiq.runtime.paths import reports_dir
    from investiq.runtime.progress import progress

    _check(result, theme)
    started = time.perf_counter()
    target = require_writable(Path(folder) if folder is not None else reports_dir())
    stem = file_name(name) if name else file_name(result.subject, result.strategy.name, period_of(result)[1])
    with workshop(target) as work:
        # The old result stays beside the old page until both are replaced.
        (work / "result").mkdir()
        saved = result.save(work / "result" / f"{stem}.iq")
        order = making.order_of(_TEMPLATE, {"result_file": saved, "theme": theme}, target, name=stem, is_flat=True)
        with (
            progress(making.steps(order) + 1, f"tear sheet {stem}") as advance,
            ThreadPoolExecutor(1) as pool,
        ):
            sheet = work / "quantstats.html"
            second = pool.submit(_quantstats, result, sheet) if quantstats else None
            draft = _built(order, work, advance)
            notes = second.result() if second else ()
            advance()
            if sheet.exists():
                draft = replace(draft, made={**draft.made, _QUANTSTATS: sheet})
            # A sheet of an older run does not stay beside a report that has none.
            return draft.publish(started, optional=(_QUANTSTATS,), notes=notes)


def _built(order: making.Order, work: Path, advance: Callable[[], object]) -> making.Draft:
    """Make the report; where a cell fails, leave the result for the failed notebook, which reads it beside itself."""
    try:
        return making.build(order, work, advance)
    except FailedCellError:
        for name, source in order.files.items():
            with replacing(order.folder / name, source):
                pass
        raise


def _check(result: object, theme: str) -> None:
    from investiq.backtesting.result import BacktestResult

    if not isinstance(result, BacktestResult):
        raise ConfigError(
            f"tear_sheet takes the BacktestResult that iq.backtest returns, was {type(result).__name__}; "
            "write result.export('page.html') for another result"
        )
    if theme not in ("light", "dark"):
        raise ConfigError(f"theme must be 'light' or 'dark', was {theme!r}")


def _quantstats(result: BacktestResult, path: Path) -> tuple[Note, ...]:
    """Write the second opinion, or return the reason why there is none: ours does not depend on it."""
    from investiq.interop.quantstats import quantstats_sheet

    mark = f" [{result.watermark}]" if result.watermark else ""
    try:
        quantstats_sheet(
            result.returns.rename(result.strategy.name),
            path,
            result.benchmark.returns.rename(f"Buy and hold {held_text(result)}"),
            title=f"{result.title}{mark}",
            periods_per_year=result.convention.periods_per_year,
            risk_free=result.convention.risk_free,
        )
    except InvestIQError as reason:
        return (Note(code="no_quantstats_sheet", text=f"no QuantStats sheet: {reason}", severity="info"),)
    return ()
