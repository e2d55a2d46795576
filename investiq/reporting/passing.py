"""What a report's notebook hands to its maker: stored in the notebook itself, so that page, tables and replay agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import ReportError
from investiq.core.facts import Fact
from investiq.core.manifest import Manifest, plain
from investiq.core.notes import Note
from investiq.reporting.frames import frame_from_plain, frame_to_plain

if TYPE_CHECKING:
    import pandas as pd
    from nbformat import NotebookNode

__all__ = ["HANDED_TYPE", "Handed", "handed_over"]

HANDED_TYPE: Final = "application/vnd.investiq.report+json"

# As `core.manifest.plain` writes them.
_NOT_FINITE: Final = ("nan", "inf", "-inf")


@dataclass(frozen=True, kw_only=True, eq=False)
class Handed:
    """What a report states, apart from its figures.

    The last expression of the notebook's last cell. It shows the folded
    manifest; the maker of the report reads the rest from the stored output.

    Attributes
    ----------
    title : str
        Of the page and of the report in lists.
    subject : str
        A symbol, a universe or a study: part of the file's name.
    as_of : datetime
        Aware; the last moment of knowledge behind any number.
    summary : tuple of str
        The executive summary's paragraphs.
    numbers : tuple of Fact
        The headline numbers; a replay compares each.
    notes : tuple of Note
        Cautions and what was degraded.
    tables : mapping of str to DataFrame
        By title; exported as CSV and as sheets of the workbook. Named levels of
        an index become the first columns.
    units : mapping of str to str
        Unit of a column, or of a named level, by its name, as in `core.facts.Unit`.
    manifest : Manifest
    watermark : str or None
    """

    title: str
    subject: str
    as_of: datetime
    summary: tuple[str, ...]
    numbers: tuple[Fact, ...]
    notes: tuple[Note, ...]
    tables: Mapping[str, pd.DataFrame]
    units: Mapping[str, str]
    manifest: Manifest
    watermark: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "title": self.title,
            "subject": self.subject,
            "as_of": self.as_of.isoformat(),
            "summary": list(self.summary),
            "numbers": [{"label": f.label, "value": _plain(f.value), "unit": f.unit, "convention": f.convention, "note": f.note}
                        for f in self.numbers],
            "notes": [{"code": note.code, "text": note.text, "severity": note.severity} for note in self.notes],
            # Lists, as a notebook's file sorts the keys of a mapping.
            "tables": [{"title": title, "columns": frame_to_plain(frame)} for title, frame in self.tables.items()],
            "units": dict(self.units),
            "manifest": self.manifest.to_dict(),
            "watermark": self.watermark,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Handed:
        """Return what `to_dict` wrote; levels of an index come back as columns."""
        return cls(
            title=values["title"],
            subject=values["subject"],
            as_of=datetime.fromisoformat(values["as_of"]),
            summary=tuple(values["summary"]),
            numbers=tuple(Fact(**{**each, "value": _value(each["value"])}) for each in values["numbers"]),
            notes=tuple(Note(**each) for each in values["notes"]),
            tables={each["title"]: frame_from_plain(each["columns"]) for each in values["tables"]},
            units=values["units"],
            manifest=Manifest.from_dict(values["manifest"]),
            watermark=values["watermark"],
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {HANDED_TYPE: self.to_dict(), "text/html": self._repr_html_(), "text/plain": f"Report: {self.title}"}

    def _repr_html_(self) -> str:
        text = escape(json.dumps(self.manifest.to_dict(), indent=2, ensure_ascii=False, sort_keys=True))
        return f"<details><summary>Manifest: what is needed to run this again</summary><pre>{text}</pre></details>"


def handed_over(notebook: NotebookNode) -> Handed:
    """Return what an executed notebook handed over.

    Raises
    ------
    ReportError
        If no cell handed anything over, or several did.
    """
    found = [
        output["data"][HANDED_TYPE]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if HANDED_TYPE in output.get("data", {})
    ]
    if len(found) != 1:
        raise ReportError(
            f"a report's notebook hands over one `Handed`, found {len(found)}; end the template's last cell with it"
        )
    return Handed.from_dict(found[0])


def _plain(value: Any) -> Any:
    return plain(value.item() if hasattr(value, "item") else value)


def _value(value: Any) -> Any:
    return float(value) if value in _NOT_FINITE else value
