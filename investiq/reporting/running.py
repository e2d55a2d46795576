"""Runs a parameterised notebook: a partial file until it succeeds, a failed page when it does not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import MissingDependencyError, ReportError
from investiq.reporting.files import require_writable, sibling

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["CELL_TIMEOUT_S", "FailedCellError", "NotebookRun", "run_notebook"]

Progress = Callable[[], object]

# A kernel starts in 1-2 s; a machine busy with other reports may take a minute.
_START_TIMEOUT_S: Final = 120
CELL_TIMEOUT_S: Final = 600

# Failures that no cell raised: their texts say all.
_OUTSIDE: Final = frozenset({"CellTimeout", "DeadKernel", "KernelNotStarted"})


@dataclass(frozen=True, kw_only=True)
class NotebookRun:
    """An executed notebook.

    Attributes
    ----------
    notebook : Path
    cells : int
        Cells of the notebook, injected parameters included.
    seconds : float
        From the first check to the last cell.
    """

    notebook: Path
    cells: int
    seconds: float


class FailedCellError(ReportError):
    """A cell of a report's notebook failed.

    Attributes
    ----------
    cell, cells : int
        Its number, from 1 (0 where the kernel did not come so far), and the number of all.
    label : str
        Its first line.
    ename, evalue : str
        Name and text of the error within.
    page : Path
        Shows how far the report came, the cell and the error.
    """

    def __init__(self, message: str, *, cell: int, cells: int, label: str, ename: str, evalue: str, page: Path) -> None:
        self.cell, self.cells, self.label = cell, cells, label
        self.ename, self.evalue = ename, evalue
        self.page = page
        super().__init__(message)


def run_notebook(
    template: str | os.PathLike[str],
    output: str | os.PathLike[str],
    parameters: Mapping[str, object],
    *,
    failed: Path | None = None,
    progress: Progress | None = None,
    cell_timeout_s: int = CELL_TIMEOUT_S,
    offline: bool = False,
) -> NotebookRun:
    """Execute a template with parameters and keep the result only if every cell succeeded.

    While it runs the notebook is ``NAME.partial.ipynb``. Success renames it to
    `output`. Failure renames it to `failed`, renders that with the failing cell
    and its error on top as the ``.html`` beside it, and leaves an older `output`
    as it was.

    Parameters
    ----------
    template : path
        A notebook with a cell tagged ``parameters``, one assignment per line.
        It runs in the folder of `output`, as it would when opened from there.
    output : path
        The ``.ipynb`` file to write.
    parameters : mapping of str to object
        As `reporting.catalog.Template.check` returns them.
    failed : path, optional
        What a failed run leaves; by default ``NAME.failed.ipynb`` beside `output`.
    progress : callable, optional
        Called after each cell, as the one that `runtime.progress.progress` gives.
    cell_timeout_s : int, default 600
        Longest time of one cell, in seconds.
    offline : bool, default False
        Whether a connection beyond this machine is an error, whatever the settings say.

    Returns
    -------
    NotebookRun

    Raises
    ------
    FailedCellError
        If a cell fails; the message names cell, error and page.
    ReportError
        If the folder cannot be written to.
    """
    try:
        import papermill
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        from investiq.reporting.kernels import OfflineReportKernel, ReportKernel
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "papermill", "notebook", "running a report") from error

    template, output = Path(template), Path(output)
    started = time.perf_counter()
    if not template.is_file():
        raise ReportError(f"there is no report template at {template}; name an existing .ipynb file")
    require_writable(output.parent)
    partial = sibling(output, "partial")
    position = _Position(progress)
    failure = _Failure(partial, output, failed or sibling(output, "failed"), position)
    try:
        node = papermill.execute_notebook(
            str(template),
            str(partial),
            dict(parameters),
            progress_bar=False,
            start_timeout=_START_TIMEOUT_S,
            execution_timeout=cell_timeout_s,
            kernel_manager_class=OfflineReportKernel if offline else ReportKernel,
            resources={"metadata": {"path": str(output.resolve().parent)}},
            on_notebook_start=position.begin,
            on_cell_start=position.enter,
            on_cell_complete=position.leave,
        )
    except papermill.PapermillExecutionError as error:
        raise failure.keep(error.ename, error.evalue) from error
    except CellTimeoutError as error:
        raise failure.keep("CellTimeout", f"it did not finish within {cell_timeout_s} s") from error
    except DeadKernelError as error:
        raise failure.keep("DeadKernel", "its kernel died (out of memory?)") from error
    except RuntimeError as error:  # nbclient: "Kernel didn't respond in ... seconds"
        raise failure.keep("KernelNotStarted", str(error)) from error
    os.replace(partial, output)
    failure.forget()
    return NotebookRun(notebook=output, cells=len(node.cells), seconds=time.perf_counter() - started)


class _Position:
    """Where the run is: told by nbclient's hooks, read when a cell fails."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.cell = 0
        self.total = 0
        self.label = ""

    def begin(self, notebook: NotebookNode) -> None:
        self.total = len(notebook.cells)

    def enter(self, cell: NotebookNode, cell_index: int) -> None:
        self.cell = cell_index + 1
        self.label = _first_line(cell.source)

    def leave(self, cell: NotebookNode, cell_index: int) -> None:
        if self._progress is not None:
            self._progress()


@dataclass(frozen=True)
class _Failure:
    """Where a failed run is kept, and how it is told."""

    partial: Path
    output: Path
    failed: Path
    position: _Position

    def keep(self, ename: str, evalue: str) -> FailedCellError:
        from investiq.reporting.exporting import notebook_to_html

        position, name = self.position, self.output.name
        os.replace(self.partial, self.failed)
        where = (
            f"cell {position.cell} of {position.total} of {name} failed ({position.label!r})"
            if position.cell
            else f"{name} failed before its first cell"
        )
        reason = evalue if ename in _OUTSIDE else f"{ename}: {evalue}"
        banner = f"<h1>This report failed</h1><p>{escape(where)}: {escape(reason)}</p>"
        page = notebook_to_html(
            self.failed,
            self.failed.with_suffix(".html"),
            title=f"FAILED: {self.output.stem}",
            banner=f'<div class="iq-failure">{banner}</div>',
        )
        is_kept = page.with_name("latest.html").exists()
        kept = "; latest.html still leads to the last good report" if is_kept else ""
        return FailedCellError(
            f"{where}: {reason}; see {page}{kept}",
            cell=position.cell,
            cells=position.total,
            label=position.label,
            ename=ename,
            evalue=evalue,
            page=page,
        )

    def forget(self) -> None:
        for suffix in (".ipynb", ".html"):
            self.failed.with_suffix(suffix).unlink(missing_ok=True)


def _first_line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return lines[0].lstrip("# ")[:60] if lines else ""
