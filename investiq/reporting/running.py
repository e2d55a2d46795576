"""Runs a parameterised notebook: checked parameters, a partial file until it succeeds, a failed page when it does not."""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import MissingDependencyError, ReportError, near_matches
from investiq.reporting.files import require_writable, sibling

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["NotebookRun", "check_parameters", "run_notebook", "template_path"]

Progress = Callable[[], object]

# A kernel starts in 1-2 s; a machine busy with other reports may take a minute.
_START_TIMEOUT_S: Final = 120
_CELL_TIMEOUT_S: Final = 600

_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list, tuple),
    "dict": (dict,),
}


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


def template_path(name: str) -> Path:
    """Return the file of a report template by its name, such as ``"tear_sheet"``.

    An installed package carries the templates beside this module; a checkout
    keeps them in ``reports/templates``.

    Raises
    ------
    ReportError
        If there is no such template.
    """
    here = Path(__file__).resolve()
    folders = [here.parent / "templates", here.parents[2] / "reports" / "templates"]
    found = {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.ipynb"))}
    if name not in found:
        raise ReportError(
            f"no report template is called {name!r}{near_matches(name, found)}; there are: {', '.join(sorted(found)) or 'none'}"
        )
    return found[name]


def check_parameters(template: Path, parameters: Mapping[str, object]) -> None:
    """Refuse parameters that the template does not declare, or whose type differs from the declared one.

    papermill injects both without complaint, and the report then quietly uses a
    default.

    Raises
    ------
    ReportError
        With near matches for an unknown name; with both types for a mismatch.
    """
    import papermill

    declared = papermill.inspect_notebook(str(template))
    for name, value in parameters.items():
        if name not in declared:
            raise ReportError(
                f"{template.name} declares no parameter {name!r}{near_matches(name, declared)}; "
                f"its parameters are {', '.join(declared) or 'none (no cell is tagged parameters)'}"
            )
        expected = _declared_kind(declared[name])
        if expected and not _fits(value, expected):
            raise ReportError(
                f"parameter {name} of {template.name} must be {expected} (its default is {declared[name]['default']}), "
                f"was {value!r} of type {type(value).__name__}"
            )


def run_notebook(
    template: str | os.PathLike[str],
    output: str | os.PathLike[str],
    parameters: Mapping[str, object],
    *,
    progress: Progress | None = None,
    cell_timeout_s: int = _CELL_TIMEOUT_S,
) -> NotebookRun:
    """Execute a template with parameters and keep the result only if every cell succeeded.

    While it runs the notebook is ``NAME.partial.ipynb``. Success renames it to
    `output`. Failure renames it to ``NAME.failed.ipynb``, renders
    ``NAME.failed.html`` with the failing cell and its error on top, and leaves
    an older `output` and its ``latest.html`` as they were.

    Parameters
    ----------
    template : path
        A notebook with a cell tagged ``parameters``, one assignment per line.
        It runs in the folder of `output`, as it would when opened from there.
    output : path
        The ``.ipynb`` file to write.
    parameters : mapping of str to object
        Strings, numbers, booleans, None, lists and dicts.
    progress : callable, optional
        Called after each cell, as the one that `runtime.progress.progress` gives.
    cell_timeout_s : int, default 600
        Longest time of one cell, in seconds.

    Returns
    -------
    NotebookRun

    Raises
    ------
    ReportError
        If a parameter is unknown or of the wrong type, the folder cannot be
        written to, or a cell fails; the message names cell, error and file.
    """
    try:
        import papermill
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        from investiq.reporting.kernels import ReportKernel
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "papermill", "notebook", "running a report") from error

    template, output = Path(template), Path(output)
    started = time.perf_counter()
    if not template.is_file():
        raise ReportError(f"there is no report template at {template}; name an existing .ipynb file")
    check_parameters(template, parameters)
    require_writable(output.parent)
    partial = sibling(output, "partial")
    position = _Position(progress)
    try:
        node = papermill.execute_notebook(
            str(template),
            str(partial),
            dict(parameters),
            progress_bar=False,
            start_timeout=_START_TIMEOUT_S,
            execution_timeout=cell_timeout_s,
            kernel_manager_class=ReportKernel,
            resources={"metadata": {"path": str(output.resolve().parent)}},
            on_notebook_start=position.begin,
            on_cell_start=position.enter,
            on_cell_complete=position.leave,
        )
    except papermill.PapermillExecutionError as error:
        _keep_failure(partial, output, position, f"{error.ename}: {error.evalue}", error)
    except CellTimeoutError as error:
        _keep_failure(partial, output, position, f"it did not finish within {cell_timeout_s} s", error)
    except DeadKernelError as error:
        _keep_failure(partial, output, position, "its kernel died (out of memory?)", error)
    except RuntimeError as error:  # nbclient: "Kernel didn't respond in ... seconds"
        _keep_failure(partial, output, position, str(error), error)
    os.replace(partial, output)
    for mark, suffix in (("failed", ".ipynb"), ("failed", ".html")):
        sibling(output.with_suffix(suffix), mark).unlink(missing_ok=True)
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


def _keep_failure(partial: Path, output: Path, position: _Position, reason: str, error: Exception) -> None:
    from investiq.reporting.exporting import notebook_to_html

    failed = sibling(output, "failed")
    os.replace(partial, failed)
    where = (
        f"cell {position.cell} of {position.total} of {output.name} failed ({position.label!r})"
        if position.cell
        else f"{output.name} failed before its first cell"
    )
    shown = failed.with_suffix(".html")
    notebook_to_html(
        failed,
        shown,
        title=f"FAILED: {output.stem}",
        banner=f'<div class="iq-failure"><h1>This report failed</h1><p>{escape(where)}: {escape(reason)}</p></div>',
    )
    kept = f"; the last good {output.name} is kept" if output.exists() else ""
    raise ReportError(f"{where}: {reason}; see {shown}{kept}") from error


def _first_line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return lines[0].lstrip("# ")[:60] if lines else ""


def _declared_kind(parameter: Mapping[str, str]) -> str:
    """Return the annotated type, or that of the default, or an empty string."""
    if parameter["inferred_type_name"] in _KINDS:
        return parameter["inferred_type_name"]
    try:
        default = ast.literal_eval(parameter["default"])
    except (ValueError, SyntaxError):
        return ""
    kind = type(default).__name__
    return kind if kind in _KINDS else ""


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, _KINDS[kind])
