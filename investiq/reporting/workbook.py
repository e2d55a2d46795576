"""The Excel workbook of a report: a summary with units, conventions and provenance, and a formatted sheet for each table."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.facts import format_fact
from investiq.reporting.cells import NUMBER_FORMATS, open_workbook, without_zone, write_cells
from investiq.reporting.frames import with_levels

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from investiq.core.facts import Fact
    from investiq.reporting.passing import Handed

__all__ = ["write_workbook"]

_SUMMARY: Final = "Summary"
_LONGEST_NAME: Final = 31
_LETTERS_A_LINE: Final = 120
_LINE_HEIGHT: Final = 15
_ACCENT: Final = "#12395e"
_MARK: Final = "#8a5a00"


def write_workbook(handed: Handed, manifest: Mapping[str, Any], path: Path) -> Path:
    """Write the workbook of a report.

    Parameters
    ----------
    handed : Handed
    manifest : mapping
        As `reporting.manifests.describe` returns it.
    path : Path

    Raises
    ------
    MissingDependencyError
        If xlsxwriter is not installed.
    """
    names = _sheet_names(handed.tables)
    with open_workbook(path) as workbook:
        workbook.set_properties({"title": handed.title, "subject": handed.subject, "comments": handed.watermark or ""})
        styles = _Styles(workbook)
        _write_summary(workbook.add_worksheet(_SUMMARY), styles, handed, manifest, names)
        for title, name in names.items():
            _write_table(workbook.add_worksheet(name), styles, handed, title)
    return path


class _Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, workbook: Workbook) -> None:
        self.title = workbook.add_format({"bold": True, "font_size": 16, "font_color": _ACCENT})
        self.part = workbook.add_format({"bold": True, "font_size": 12, "font_color": _ACCENT, "bottom": 1})
        self.header = workbook.add_format(
            {"bold": True, "bg_color": "#eef2f6", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        )
        self.mark = workbook.add_format({"bold": True, "font_color": _MARK})
        self.text = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.link = workbook.add_format({"font_color": _ACCENT, "underline": 1})
        self.by_unit = {
            unit: workbook.add_format({"num_format": shown, "align": "right", "valign": "top"})
            for unit, shown in NUMBER_FORMATS.items()
        }


def _write_summary(
    sheet: Worksheet, styles: _Styles, handed: Handed, manifest: Mapping[str, Any], names: Mapping[str, str]
) -> None:
    for column, width in zip("ABCDE", (32, 18, 12, 44, 44), strict=True):
        sheet.set_column(f"{column}:{column}", width)
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
    page = _Page(sheet, styles)
    page.line(handed.title, style=styles.title)
    if handed.watermark:
        page.line(f"{handed.watermark} DATA: these numbers are no market's own", style=styles.mark)
        sheet.set_header(f"&C{handed.watermark} DATA")
    page.line(f"{handed.subject}, as of {handed.as_of:%Y-%m-%d %H:%M} UTC")
    page.part("Summary")
    for text in handed.summary:
        page.paragraph(text)
    page.part("Headline numbers")
    page.row(("Number", "Value", "Unit", "Convention", "Remark"), styles.header)
    for fact in handed.numbers:
        page.fact(fact)
    page.part("What these numbers do not show")
    for note in handed.notes:
        page.paragraph(f"{note.severity}: {note.text}")
    page.part("Sheets")
    for title, name in names.items():
        page.link(title, name, f"{len(handed.tables[title]):,} rows")
    page.part("Provenance")
    for label, value in _provenance(manifest):
        page.row((label, value))


class _Page:
    """A sheet that is written from the top down."""

    def __init__(self, sheet: Worksheet, styles: _Styles) -> None:
        self.sheet, self.styles = sheet, styles
        self.at = 0

    def line(self, text: str, style: Format | None = None) -> None:
        self.sheet.write_string(self.at, 0, text, style)
        self.at += 1

    def part(self, title: str) -> None:
        self.at += 1
        for place, text in enumerate((title, "", "", "", "")):
            self.sheet.write_string(self.at, place, text, self.styles.part)
        self.at += 1

    def paragraph(self, text: str) -> None:
        self.sheet.set_row(self.at, _LINE_HEIGHT * math.ceil(len(text) / _LETTERS_A_LINE))
        self.sheet.merge_range(self.at, 0, self.at, 4, text, self.styles.text)
        self.at += 1

    def row(self, texts: Sequence[str], style: Format | None = None) -> None:
        for place, text in enumerate(texts):
            self.sheet.write_string(self.at, place, text, style)
        self.at += 1

    def link(self, title: str, name: str, remark: str) -> None:
        self.sheet.write_url(self.at, 0, f"internal:'{name}'!A1", self.styles.link, title)
        self.sheet.write_string(self.at, 1, remark)
        self.at += 1

    def fact(self, fact: Fact) -> None:
        self.sheet.write_string(self.at, 0, fact.label, self.styles.text)
        value = _number(fact)
        if value is None:
            # A date, a word, or a missing number with its reason in the remark.
            self.sheet.write_string(self.at, 1, format_fact(fact), self.styles.text)
        else:
            self.sheet.write_number(self.at, 1, value, self.styles.by_unit.get(fact.unit))
        for place, text in enumerate((fact.unit, fact.convention, fact.note), start=2):
            self.sheet.write_string(self.at, place, text, self.styles.text)
        self.at += 1


def _number(fact: Fact) -> float | None:
    value = fact.value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _provenance(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    run = manifest["manifest"]
    versions = ", ".join(f"{name} {version}" for name, version in run["packages"].items())
    return [
        ("Template", manifest["template"]),
        *((f"Parameter {name}", str(value)) for name, value in manifest["parameters"].items()),
        *((f"SHA-256 of {name}", value) for name, value in (run["data"] | manifest["files"]).items()),
        ("InvestIQ", f"{run['code_version']}{', commit ' + manifest['commit'] if manifest['commit'] else ''}"),
        ("Python and packages", f"{run['python']}, {versions}"),
        ("Made at", manifest["started_at"]),
    ]


def _write_table(sheet: Worksheet, styles: _Styles, handed: Handed, title: str) -> None:
    plain = with_levels(handed.tables[title])
    frame = without_zone(plain)
    formats: dict[str, Format | None] = {}
    columns: list[tuple[str, Any]] = []
    for old, new in zip(plain.columns, frame.columns, strict=True):
        unit = handed.units.get(old, "")
        header = f"{new} [{unit}]" if unit and unit not in ("date", "time") else new
        columns.append((header, frame[new]))
        formats[header] = styles.by_unit.get(unit)
        sheet.set_column(len(columns) - 1, len(columns) - 1, _width(header, frame[new]))
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    if handed.watermark:
        sheet.set_header(f"&C{handed.watermark} DATA")
        sheet.write_string(0, len(columns), f"{handed.watermark} DATA", styles.mark)
        sheet.set_column(len(columns), len(columns), len(handed.watermark) + 7)
    write_cells(sheet, columns, formats, styles.header)
    if columns:
        sheet.autofilter(0, 0, len(frame), len(columns) - 1)


def _width(header: str, values: Any) -> float:
    """Return the width of a column in letters: that of its longest text, within what reads well."""
    if values.dtype.kind != "O":
        return max(12, min(len(header) + 3, 24))
    longest = max((len(str(each)) for each in values if not isinstance(each, datetime.date)), default=0)
    return max(10, min(max(longest, len(header)) + 3, 60))


def _sheet_names(titles: Mapping[str, object]) -> dict[str, str]:
    """Return a name that Excel accepts for each title: 31 letters, no brackets, colons, stars, question marks or slashes, and no two alike."""
    names: dict[str, str] = {}
    taken = {_SUMMARY.casefold(), "history"}
    for title in titles:
        base = re.sub(r"[\[\]:*?/\\]+", "-", title).strip("' ")[:_LONGEST_NAME] or "Table"
        name, count = base, 1
        while name.casefold() in taken:
            count += 1
            name = f"{base[: _LONGEST_NAME - len(str(count)) - 1]} {count}"
        taken.add(name.casefold())
        names[title] = name
    return names
