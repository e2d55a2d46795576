"""The workbook of a report, read back by the rules of the format."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree

import pytest

from investiq.reporting.workbook import _sheet_names

NAME = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Book:
    """Sheets by name, each cell as its value and its number format."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
            styles = ElementTree.fromstring(archive.read("xl/styles.xml"))
            self.names = [each.get("name") for each in workbook.iter(f"{NAME}sheet")]
            self.roots = {
                name: ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
                for number, name in enumerate(self.names, start=1)
            }
        codes = {each.get("numFmtId"): each.get("formatCode") for each in styles.iter(f"{NAME}numFmt")}
        built_in = {"0": "General", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "10": "0.00%"}
        self.formats = [
            (codes | built_in)[each.get("numFmtId")] for each in styles.find(f"{NAME}cellXfs").iter(f"{NAME}xf")
        ]

    def cells(self, name):
        found = {}
        for cell in self.roots[name].iter(f"{NAME}c"):
            is_text = cell.get("t") == "inlineStr"
            value = cell.find(f".//{NAME}t" if is_text else f"{NAME}v")
            if value is not None:
                shown = self.formats[int(cell.get("s", 0))]
                found[cell.get("r")] = value.text if is_text else (float(value.text), shown)
        return found


@pytest.fixture(scope="module")
def book(made):
    return Book(made.workbook)


def test_each_table_has_a_sheet_of_a_name_that_excel_accepts(book):
    assert book.names == ["Summary", "Closes", "Closes- by day-hour"]


def test_numbers_stand_under_their_unit_and_are_shown_by_it(book):
    cells = book.cells("Closes")
    # 27 December 2018 is day 43,461 of Excel.
    assert {name: cells[name] for name in ("A1", "B1", "C1", "D1", "E1")} == {
        "A1": "day (UTC)",
        "B1": "close [price]",
        "C1": "change [fraction]",
        "D1": "word",
        "E1": "SAMPLE DATA",
    }
    assert cells["A2"] == (43461.0, "yyyy-mm-dd")
    assert cells["B3"] == (11.5, "#,##0.00")
    assert cells["C4"] == (-0.25, "0.00%")
    assert "C2" not in cells  # missing, not zero
    assert cells["D2"] == "=1+1"  # a text, no formula


def test_a_table_has_a_frozen_header_a_filter_and_widths(book):
    root = book.roots["Closes"]
    pane = root.find(f".//{NAME}pane")
    assert (pane.get("ySplit"), pane.get("xSplit"), pane.get("state")) == ("1", "1", "frozen")
    assert root.find(f"{NAME}autoFilter").get("ref") == "A1:D4"
    widths = [float(each.get("width")) for each in root.iter(f"{NAME}col")]
    assert len(widths) >= 4
    assert all(width >= 10 for width in widths)
    assert "SAMPLE DATA" in root.find(f".//{NAME}oddHeader").text


def test_the_summary_states_numbers_units_conventions_reasons_and_provenance(book, made):
    cells = book.cells("Summary")
    texts = [value for value in cells.values() if isinstance(value, str)]
    assert texts[0] == "Small report"
    assert "SAMPLE DATA: these numbers are no market's own" in texts
    assert "One line." in texts
    [row] = [name[1:] for name, value in cells.items() if value == "Total"]
    assert cells[f"B{row}"] == (-0.075, "0.00%")
    assert (cells[f"C{row}"], cells[f"D{row}"]) == ("fraction", "a sum")
    [row] = [name[1:] for name, value in cells.items() if value == "Gap"]
    assert (cells[f"B{row}"], cells[f"E{row}"]) == ("n/a", "no data")
    for text in ("SHA-256 of closes", "ab", "Parameter pause", "Python and packages"):
        assert text in texts
    assert any(re.match(r"0\.1\.0", text) for text in texts)


def test_names_of_sheets_are_short_plain_and_never_two_alike():
    long = "A table of many words that is longer than Excel allows"
    names = _sheet_names({long: 1, f"{long} too": 1, "a/b": 1, "A:B": 1, "summary": 1})
    assert list(names.values()) == [
        "A table of many words that is l",
        "A table of many words that is 2",
        "a-b",
        "A-B 2",
        "summary 2",
    ]
