"""`iq.tear_sheet`: a backtest as a page that can be sent, printed and run again."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core import display
from investiq.core.errors import ConfigError, InvestIQError
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.reporting.files import file_name, require_writable, sibling, write_latest
from investiq.reporting.wording import held_text, period_of

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.figures.theme import ThemeName

__all__ = ["Report", "tear_sheet"]

_TEMPLATE: Final = "tear_sheet"


@dataclass(frozen=True, kw_only=True, repr=False)
class Report:
    """The files of a report.

    Attributes
    ----------
    title : str
    path : Path
        The page: one HTML file that needs no other and no network.
    notebook : Path
        The executed notebook behind it.
    result_file : Path
        The saved result that the notebook reads, for `iq.load_result`.
    quantstats : Path or None
        QuantStats' sheet of the same returns; where it could not be made,
        `notes` says why.
    latest : Path
        ``latest.html`` of the folder, which leads to the newest good report.
    seconds : float
        How long it took.
    watermark : str or None
        ``"SAMPLE"`` or ``"SYNTHETIC"``.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "report"

    title: str
    path: Path
    notebook: Path
    result_file: Path
    quantstats: Path | None
    latest: Path
    seconds: float
    watermark: str | None = None
    notes: tuple[Note, ...] = ()

    def facts(self) -> list[Fact]:
        """Return the files with their sizes, and the time it took."""
        return [
            *(Fact(label, str(path), "", _size(path)) for label, path in self._files()),
            Fact("Time taken", self.seconds, "seconds"),
        ]

    def provenance(self) -> list[Fact]:
        """Return nothing: the page itself states where its numbers come from."""
        return []

    def _files(self) -> list[tuple[str, Path]]:
        files = [("Page", self.path), ("Notebook", self.notebook), ("Result", self.result_file)]
        return [*files, ("QuantStats sheet", self.quantstats)] if self.quantstats else files

    def __str__(self) -> str:
        return display.to_text(self.title, self.facts(), self.notes, [], self.watermark)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = "".join(
            f'<tr><td>{label}</td><td><a href="{escape(_link(path), quote=True)}" target="_blank">{escape(path.name)}</a>'
            f'</td><td class="iq-convention">{_size(path)}</td></tr>'
            for label, path in self._files()
        )
        mark = f'<span class="iq-mark">{escape(self.watermark)}</span>' if self.watermark else ""
        return (
            f'<style>{display.STYLE}</style><div class="iq-card"><h3>{escape(self.title)}{mark}</h3>'
            f'<table class="iq-facts"><tbody>{lines}</tbody></table>{display.notes_list(self.notes)}'
            f'<p class="iq-quiet">Made in {self.seconds:.1f} s in {escape(str(self.path.parent))}</p></div>'
        )


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
    from investiq.reporting.exporting import notebook_to_html
    from investiq.reporting.running import run_notebook, template_path
    from investiq.runtime.paths import reports_dir
    from investiq.runtime.progress import progress

    _check(result, theme)
    started = time.perf_counter()
    target = require_writable(Path(folder) if folder is not None else reports_dir())
    stem = file_name(name) if name else file_name(result.subject, result.strategy.name, period_of(result)[1])
    page = target / f"{stem}.html"
    sheet = sibling(page, "quantstats")
    draft = sibling(sheet, "partial")
    result_file = result.save(target / f"{stem}.iq")
    template = template_path(_TEMPLATE)
    try:
        with progress(_cells(template) + 2, f"tear sheet {stem}") as advance, ThreadPoolExecutor(1) as pool:
            second = pool.submit(_quantstats, result, draft) if quantstats else None
            parameters = {"result_file": result_file.name, "theme": theme}
            run = run_notebook(template, target / f"{stem}.ipynb", parameters, progress=advance)
            notebook_to_html(run.notebook, page, title=result.title, theme=theme)
            advance()
            notes = second.result() if second else ()
            advance()
        # A sheet of an older run does not stay beside a report that has none.
        made = draft.exists()
        os.replace(draft, sheet) if made else sheet.unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)
    return Report(
        title=f"Tear sheet: {result.title}",
        path=page,
        notebook=run.notebook,
        result_file=result_file,
        quantstats=sheet if made else None,
        latest=write_latest(page, result.title),
        seconds=time.perf_counter() - started,
        watermark=result.watermark,
        notes=notes,
    )


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


def _cells(template: Path) -> int:
    import nbformat

    # papermill adds one cell with the parameters.
    return len(nbformat.read(template, as_version=4).cells) + 1


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _link(path: Path) -> str:
    """Relative where the notebook can follow it: a page served over HTTP may not open ``file:`` addresses."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.resolve().as_uri()
