"""`Report`: the files that a report left, as text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from investiq.core import display
from investiq.core.facts import Fact
from investiq.core.notes import Note

__all__ = ["Report"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Report:
    """The files of a report.

    Attributes
    ----------
    title : str
    template : str
    parameters : mapping
        Every parameter of the template with its value.
    subject : str
    as_of : datetime
        Aware; the last moment of knowledge behind any number.
    path : Path
        The page: one HTML file that needs no other and no network.
    notebook : Path
        The executed notebook behind it.
    manifest_file : Path
        What `iq.replay_report` needs to run the report again, and what it found.
    pdf, workbook, tables : Path or None
        The page on paper, the Excel workbook, and the folder of CSV files, where asked for.
    result_file : Path or None
        The saved result that a tear sheet reads, for `iq.load_result`.
    quantstats : Path or None
        QuantStats' sheet beside a tear sheet; where it could not be made, `notes` says why.
    latest : Path
        ``latest.html`` of the folder, which leads to the newest good report.
    seconds : float
        How long it took.
    summary : tuple of str
        The executive summary's paragraphs.
    numbers : tuple of Fact
        The headline numbers.
    watermark : str or None
        ``"SAMPLE"`` or ``"SYNTHETIC"``.
    notes : tuple of Note
        What could not be made, and why; cautions about the numbers are on the page.
    """

    kind: ClassVar[str] = "report"

    title: str
    template: str
    parameters: Mapping[str, Any]
    subject: str
    as_of: datetime
    path: Path
    notebook: Path
    manifest_file: Path
    pdf: Path | None = None
    workbook: Path | None = None
    tables: Path | None = None
    result_file: Path | None = None
    quantstats: Path | None = None
    latest: Path
    seconds: float
    summary: tuple[str, ...] = ()
    numbers: tuple[Fact, ...] = ()
    watermark: str | None = None
    notes: tuple[Note, ...] = ()

    def facts(self) -> list[Fact]:
        """Return the files with their sizes, and the time it took."""
        return [
            *(Fact(label, str(path), "", _size(path)) for label, path in self.files()),
            Fact("Time taken", self.seconds, "seconds"),
        ]

    def provenance(self) -> list[Fact]:
        """Return nothing: the page itself states where its numbers come from."""
        return []

    def files(self) -> list[tuple[str, Path]]:
        """Return what each file is, and the file; the folder of tables is one of them."""
        found = [
            ("Page", self.path),
            ("PDF", self.pdf),
            ("Workbook", self.workbook),
            ("Tables", self.tables),
            ("Notebook", self.notebook),
            ("Result", self.result_file),
            ("QuantStats sheet", self.quantstats),
            ("Manifest", self.manifest_file),
        ]
        return [(label, path) for label, path in found if path is not None]

    def __str__(self) -> str:
        return display.to_text(self.title, self.facts(), self.notes, [], self.watermark)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = "".join(
            f'<tr><td>{label}</td><td><a href="{escape(_link(path), quote=True)}" target="_blank">{escape(path.name)}</a>'
            f'</td><td class="iq-convention">{_size(path)}</td></tr>'
            for label, path in self.files()
        )
        mark = f'<span class="iq-mark">{escape(self.watermark)}</span>' if self.watermark else ""
        return (
            f'<style>{display.STYLE}</style><div class="iq-card"><h3>{escape(self.title)}{mark}</h3>'
            f'<table class="iq-facts"><tbody>{lines}</tbody></table>{display.notes_list(self.notes)}'
            f'<p class="iq-quiet">Made in {self.seconds:.1f} s in {escape(str(self.path.parent))}</p></div>'
        )


def _size(path: Path) -> str:
    if path.is_dir():
        return f"{sum(1 for _ in path.iterdir())} files"
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _link(path: Path) -> str:
    """Relative where the notebook can follow it: a page served over HTTP may not open ``file:`` addresses."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.resolve().as_uri()
