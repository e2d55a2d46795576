"""Results and notebooks as files: CSV, Parquet, Excel and self-contained HTML."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import ReportError, near_matches
from investiq.core.facts import format_fact
from investiq.reporting.files import replacing, require_writable, write_text
from investiq.reporting.pages import figure_div, page

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from investiq.core.result import Result
    from investiq.figures.theme import ThemeName

__all__ = ["FIGURE_TYPE", "draw_figures", "export", "notebook_to_html"]

FIGURE_TYPE: Final = "application/vnd.plotly.v1+json"

# Cells with this tag speak to who opens the notebook, not to who reads the page.
_NOTEBOOK_ONLY: Final = "only-in-notebook"


def export(result: Result, path: str | os.PathLike[str]) -> Path:
    """Write a result to a file; the suffix decides the form.

    Parameters
    ----------
    result : Result
    path : path
        ``.csv``, ``.parquet`` and ``.xlsx`` take `to_frame()`; ``.html`` takes
        the facts, the notes and the figure as one self-contained page. A file of
        that name is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ReportError
        If the suffix is not one of these, or the folder cannot be written to.

    Notes
    -----
    Facts, conventions and notes travel along: as a second sheet in Excel and as
    the schema's ``investiq`` entry (JSON) in Parquet. CSV has no place for them;
    a table of sample or synthetic data gets a last column ``watermark`` there.
    """
    path = Path(path)
    writers: dict[str, Callable[[Result, Path], None]] = {
        ".csv": _write_csv,
        ".parquet": _write_parquet,
        ".xlsx": _write_xlsx,
        ".html": _write_html,
    }
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise ReportError(
            f"cannot export to {path.name!r}: the suffix must be {', '.join(writers)}, "
            f"was {suffix or 'missing'!r}{near_matches(suffix, writers)}"
        )
    require_writable(path.parent)
    with replacing(path) as partial:
        writers[suffix](result, partial)
    return path


def notebook_to_html(
    notebook: Path,
    path: Path,
    *,
    title: str | None = None,
    theme: ThemeName = "light",
    banner: str = "",
    appendix: str = "",
) -> Path:
    """Render an executed notebook as one self-contained page without its code.

    Parameters
    ----------
    notebook : Path
        Figures must be stored as ``application/vnd.plotly.v1+json``, as
        `reporting.running.run_notebook` does.
    path : Path
        The ``.html`` file; put in place in one step.
    title : str, optional
        Of the page; by default the notebook's first heading, or its name.
    theme : {"light", "dark"}
    banner, appendix : str
        HTML to put before and after everything else.

    Raises
    ------
    ReportError
        If the notebook cannot be read or the page cannot be written.
    """
    import nbformat
    from nbconvert import HTMLExporter

    try:
        node = nbformat.read(notebook, as_version=4)
    except (OSError, ValueError) as error:
        raise ReportError(f"cannot read the notebook {notebook}: {error}") from error
    drawn, count = draw_figures(node)
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        widget_renderer_url="",
    )
    body, _ = exporter.from_notebook_node(drawn)
    return write_text(
        path,
        page(title or _heading(node) or notebook.stem, banner + body + appendix, theme=theme, with_figures=count > 0),
    )


def draw_figures(notebook: NotebookNode) -> tuple[NotebookNode, int]:
    """Return a copy whose plotly outputs are HTML, and their number, without the cells tagged ``only-in-notebook``.

    nbconvert knows no plotly: it would drop these outputs with a warning only.
    """
    drawn = copy.deepcopy(notebook)
    drawn.cells = [cell for cell in drawn.cells if _NOTEBOOK_ONLY not in cell.metadata.get("tags", ())]
    count = 0
    for cell in drawn.cells:
        for output in cell.get("outputs", ()):
            figure = output.get("data", {}).get(FIGURE_TYPE)
            if figure is not None:
                count += 1
                output["data"] = {"text/html": figure_div(figure, count)}
    return drawn, count


def _heading(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return str(line[2:].strip())
    return ""


def _about(result: Result) -> list[dict[str, str]]:
    rows = [{"part": "title", "label": result.title, "value": result.watermark or "", "convention": "", "note": ""}]
    for part, facts in (("fact", result.facts()), ("provenance", result.provenance())):
        rows += [
            {
                "part": part,
                "label": fact.label,
                "value": format_fact(fact),
                "convention": fact.convention,
                "note": fact.note,
            }
            for fact in facts
        ]
    rows += [
        {"part": "note", "label": note.severity, "value": note.code, "convention": "", "note": note.text}
        for note in result.notes
    ]
    return rows


def _write_csv(result: Result, path: Path) -> None:
    frame = result.to_frame()
    if result.watermark:
        frame = frame.assign(watermark=result.watermark)
    frame.to_csv(path)


def _write_parquet(result: Result, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pandas(result.to_frame())
    about = json.dumps(_about(result)).encode()
    pyarrow.parquet.write_table(table.replace_schema_metadata({**table.schema.metadata, b"investiq": about}), path)


def _write_xlsx(result: Result, path: Path) -> None:
    import pandas as pd

    from investiq.reporting.cells import open_workbook, without_zone, write_cells

    table = without_zone(result.to_frame())
    about = pd.DataFrame(_about(result))
    index = {str(name or ""): table.index.get_level_values(level) for level, name in enumerate(table.index.names)}
    with open_workbook(path) as workbook:
        bold = workbook.add_format({"bold": True})
        sheets = (("Table", [*index.items(), *table.items()], 1), ("About", list(about.items()), 0))
        for name, columns, frozen in sheets:
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, frozen)
            write_cells(sheet, [(str(header), values) for header, values in columns], {}, bold)


def _write_html(result: Result, path: Path) -> None:
    figure = result.figure().to_plotly_json()
    body = result._repr_html_() + figure_div(figure, 1)
    path.write_text(page(result.title, body, with_figures=True), encoding="utf-8")
