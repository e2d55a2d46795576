"""Makes a report from a template: parameters checked, notebook run, page and exports made, all put in place together."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from investiq.core.errors import near_matches
from investiq.core.notes import Note
from investiq.reporting.catalog import Template, find_template
from investiq.reporting.files import file_name, require_writable, write_latest, write_text
from investiq.reporting.manifests import describe, digest_of, embedded, file_sha256
from investiq.reporting.parameters import WrongParameterError
from investiq.reporting.placing import put_in_place, workshop
from investiq.reporting.report import Report
from investiq.reporting.running import CELL_TIMEOUT_S
from investiq.reporting.symbol_check import require_symbols

if TYPE_CHECKING:
    from collections.abc import Callable

    from investiq.figures.theme import ThemeName
    from investiq.reporting.passing import Handed

__all__ = ["Draft", "Export", "Order", "build", "make_report", "order_of", "steps"]

Export = Literal["html", "pdf", "xlsx", "csv", "notebook"]
EXPORTS: Final = get_args(Export)

# Endings of files that a run may leave out; what an older run left of them would contradict the new page.
_OPTIONAL: Final = (".pdf", ".xlsx", "_tables")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A report to make, every parameter checked.

    Attributes
    ----------
    template : Template
    parameters : mapping
        As the notebook gets them: a file by the name that it has beside the notebook.
    files : mapping of str to Path
        Where each file of the parameters lies now, by its name beside the notebook.
    hashes : mapping of str to str
        SHA-256 of each file, by its parameter.
    exports : frozenset of str
    folder : Path
        Of all reports of the template.
    name : str
        Begins the names of the files; empty for subject and digest.
    is_flat : bool
        Whether the files lie in `folder` itself, not in one of their date.
    """

    template: Template
    parameters: Mapping[str, Any]
    files: Mapping[str, Path]
    hashes: Mapping[str, str]
    exports: frozenset[str]
    folder: Path
    name: str
    is_flat: bool

    @property
    def digest(self) -> str:
        """Eight letters that stand for all parameters."""
        contents = {name: value for name, value in self.parameters.items() if name not in self.hashes}
        return digest_of(contents, self.hashes)

    @property
    def running_name(self) -> str:
        """The name of the files before the subject is known."""
        return self.name or f"{self.template.name}_{self.digest}"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A report that was made and is not in its place yet.

    Attributes
    ----------
    order : Order
    handed : Handed
    manifest : mapping
        As `reporting.manifests.describe` returns it.
    made : mapping of str to Path
        Files in the workshop, by the ending of their names.
    notes : tuple of Note
        What could not be made.
    """

    order: Order
    handed: Handed
    manifest: Mapping[str, Any]
    made: Mapping[str, Path]
    notes: tuple[Note, ...]

    def publish(self, started: float, *, optional: tuple[str, ...] = (), notes: tuple[Note, ...] = ()) -> Report:
        """Put the files in their place and return them; `optional` endings are removed where this run has none."""
        order, handed = self.order, self.handed
        stem = order.name or f"{file_name(handed.subject)}_{order.digest}"
        folder = order.folder if order.is_flat else order.folder / f"{handed.as_of:%Y-%m-%d}"
        beside = {ending: path for ending, path in self.made.items() if ending in order.files}
        folder.mkdir(parents=True, exist_ok=True)
        inputs = [put_in_place({"": path}, folder, ending, ())[""] for ending, path in beside.items()]
        endings = {ending: path for ending, path in self.made.items() if ending not in beside}
        placed = put_in_place(endings, folder, stem, (*_OPTIONAL, *optional))
        return Report(
            title=handed.title,
            template=order.template.name,
            parameters=order.parameters,
            subject=handed.subject,
            as_of=handed.as_of,
            path=placed[".html"],
            notebook=placed[".ipynb"],
            manifest_file=placed[".json"],
            pdf=placed.get(".pdf"),
            workbook=placed.get(".xlsx"),
            tables=placed.get("_tables"),
            result_file=inputs[0] if inputs else None,
            quantstats=placed.get(".quantstats.html"),
            latest=write_latest(placed[".html"], handed.title, order.folder),
            seconds=time.perf_counter() - started,
            summary=handed.summary,
            numbers=handed.numbers,
            watermark=handed.watermark,
            notes=(*self.notes, *notes),
        )


def make_report(
    template: str,
    parameters: Mapping[str, object] | None = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    theme: ThemeName = "light",
    exports: Sequence[Export] = ("html",),
    name: str | None = None,
) -> Report:
    """Make a report from a template.

    Parameters
    ----------
    template : str
        Its name, such as ``"tear_sheet"``.
    parameters : mapping of str to object, optional
        Those that differ from the template's defaults.
    folder : path, optional
        Of all reports; by default ``reports/output`` of the checkout, or ``INVESTIQ_REPORTS_DIR``.
    theme : {"light", "dark"}
        Of the page; "light" prints well.
    exports : sequence of {"html", "pdf", "xlsx", "csv", "notebook"}
        Page, notebook and manifest are always written.
    name : str, optional
        Begins the names of the files; by default subject and eight letters that
        stand for the parameters.

    Returns
    -------
    Report

    Raises
    ------
    ReportError, UnknownSymbolError
        Before any kernel starts, if template, parameters or folder will not do;
        later a `FailedCellError`, if a cell of the template fails. The last good
        report stays.
    """
    from investiq.runtime.progress import progress

    started = time.perf_counter()
    order = order_of(template, {"theme": theme, **(parameters or {})}, folder, exports=exports, name=name)
    with progress(steps(order), f"report {order.template.name}") as advance, workshop(order.folder) as work:
        return build(order, work, advance).publish(started)


def order_of(
    template: str,
    parameters: Mapping[str, object],
    folder: str | os.PathLike[str] | None,
    *,
    exports: Sequence[str] = ("html",),
    name: str | None = None,
    is_flat: bool = False,
) -> Order:
    """Check everything that can be checked before a kernel starts.

    Raises
    ------
    WrongParameterError
        If template, a parameter or an export will not do.
    UnknownSymbolError
        If a symbol among the parameters comes from nowhere.
    ReportError
        If the folder will not do.
    """
    from investiq.runtime.paths import reports_dir

    for export in exports:
        if export not in EXPORTS:
            raise WrongParameterError(
                f"exports are {', '.join(EXPORTS)}, was {export!r}{near_matches(str(export), EXPORTS)}"
            )
    chosen = find_template(template)
    values = chosen.check(parameters)
    require_symbols(chosen, values)
    root = Path(folder) if folder is not None else reports_dir()
    files: dict[str, Path] = {}
    hashes: dict[str, str] = {}
    stem = file_name(name) if name else ""
    for parameter in chosen.parameters:
        if parameter.unit == "file" and values[parameter.name]:
            source = Path(values[parameter.name]).resolve()
            hashes[parameter.name] = file_sha256(source)
            beside = stem or f"{file_name(source.stem)}_{hashes[parameter.name][:8]}"
            values[parameter.name] = f"{beside}{source.suffix}"
            files[values[parameter.name]] = source
    return Order(
        template=chosen,
        parameters=values,
        files=files,
        hashes=hashes,
        exports=frozenset(exports),
        folder=require_writable(root if is_flat else root / chosen.name),
        name=stem,
        is_flat=is_flat,
    )


def steps(order: Order) -> int:
    """Return how many times `build` counts: each cell, that of the parameters given, and the page."""
    return order.template.cells + 2


def build(
    order: Order,
    work: Path,
    advance: Callable[[], object],
    *,
    cell_timeout_s: int = CELL_TIMEOUT_S,
    offline: bool = False,
) -> Draft:
    """Run the notebook in the workshop and make page, manifest and exports of it there.

    Raises
    ------
    FailedCellError
        If a cell fails.
    ReportError
        If the notebook hands nothing over.
    """
    import nbformat

    from investiq.reporting.exporting import notebook_to_html
    from investiq.reporting.passing import handed_over
    from investiq.reporting.running import run_notebook
    from investiq.runtime.clock import now

    started_at = now()
    for name, source in order.files.items():
        shutil.copyfile(source, work / name)
    run = run_notebook(
        order.template.path,
        work / f"{order.running_name}.ipynb",
        order.parameters,
        failed=order.folder / f"{order.running_name}.failed.ipynb",
        progress=advance,
        cell_timeout_s=cell_timeout_s,
        offline=offline,
    )
    handed = handed_over(nbformat.read(run.notebook, as_version=4))
    manifest = describe(
        order.template, order.parameters, order.hashes, handed, started_at=started_at, notebook_s=run.seconds
    )
    page = notebook_to_html(
        run.notebook,
        work / "page.html",
        title=handed.title,
        theme=order.parameters["theme"],
        appendix=embedded(manifest),
    )
    made = {
        ".html": page,
        ".ipynb": run.notebook,
        ".json": write_text(work / "manifest.json", _pretty(manifest)),
        **{name: work / name for name in order.files},
    }
    more, notes = _exports(order, work, page, handed, manifest)
    advance()
    return Draft(order=order, handed=handed, manifest=manifest, made={**made, **more}, notes=notes)


def _exports(
    order: Order, work: Path, page: Path, handed: Handed, manifest: Mapping[str, Any]
) -> tuple[dict[str, Path], tuple[Note, ...]]:
    made: dict[str, Path] = {}
    notes: list[Note] = []
    if "csv" in order.exports:
        from investiq.reporting.listing import write_tables

        made["_tables"] = write_tables(handed, work / "tables")
    if "xlsx" in order.exports:
        from investiq.reporting.workbook import write_workbook

        made[".xlsx"] = write_workbook(handed, manifest, work / "workbook.xlsx")
    if "pdf" in order.exports:
        from investiq.reporting.pdf import print_page

        found = print_page(page, work / "page.pdf")
        if isinstance(found, Note):
            notes.append(found)
        else:
            made[".pdf"] = found
    return made, tuple(notes)


def _pretty(manifest: Mapping[str, Any]) -> str:
    import json

    return json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
