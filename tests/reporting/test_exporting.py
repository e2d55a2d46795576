"""Exports: tables that keep their conventions, pages that need nothing from outside."""

from __future__ import annotations

import html
import json
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

import nbformat
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from plotly.offline import get_plotlyjs

import investiq as iq
from investiq.core.errors import ReportError
from investiq.core.facts import format_fact
from investiq.core.result import Result
from investiq.reporting import cells, exporting
from investiq.reporting.exporting import FIGURE_TYPE, notebook_to_html


class References(HTMLParser):
    """Collects every address that an element of a page refers to."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [
            value for name, value in attributes if name in ("src", "href", "srcset", "data", "action", "xlink:href")
        ]


def references(page):
    parser = References()
    parser.feed(page)
    return parser.found


@dataclass(frozen=True)
class Table(Result):
    """A result that is a given frame."""

    frame: pd.DataFrame
    kind = "table"

    @property
    def title(self):
        return "Table"

    def facts(self):
        return ()

    def provenance(self):
        return ()

    def to_frame(self):
        return self.frame


def without_plotly(page):
    return page.replace(get_plotlyjs(), "")


def test_every_figure_of_the_notebook_is_a_figure_of_the_page(executed, tmp_path):
    page = notebook_to_html(executed, tmp_path / "page.html").read_text(encoding="utf-8")
    figures = sum(
        FIGURE_TYPE in output.get("data", {})
        for cell in nbformat.read(executed, as_version=4).cells
        for output in cell.get("outputs", [])
    )
    assert figures == 2
    assert without_plotly(page).count('class="plotly-graph-div"') == figures
    assert page.count(get_plotlyjs()) == 1


def test_a_page_has_no_reference_outside_and_forbids_itself_any(executed, tmp_path):
    page = notebook_to_html(executed, tmp_path / "page.html").read_text(encoding="utf-8")
    assert [address for address in references(page) if not address.startswith("#")] == []
    assert not re.findall(r"""src=["']http|href=["']http|@import|url\(["']?http""", without_plotly(page))
    assert "default-src 'none'" in page


def test_a_page_hides_the_code_keeps_tables_and_escapes_texts(executed, tmp_path):
    page = without_plotly(notebook_to_html(executed, tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "secret_code" not in page
    assert "<td>1.25 %</td>" in page
    assert "plain &lt;text&gt;" in page
    # A title from outside cannot close the script that holds the figure.
    assert "<b>first</b>" not in page
    assert "<title>Daily report</title>" in page


def test_a_page_without_figures_does_not_carry_plotly(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("text")])
    nbformat.write(notebook, tmp_path / "text.ipynb")
    page = notebook_to_html(tmp_path / "text.ipynb", tmp_path / "text.html", theme="dark")
    assert page.stat().st_size < 20_000
    assert 'data-theme="dark"' in page.read_text()
    assert "<title>text</title>" in page.read_text()


def test_a_broken_notebook_is_refused_with_its_name(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(ReportError, match=r"cannot read the notebook .*broken\.ipynb"):
        notebook_to_html(tmp_path / "broken.ipynb", tmp_path / "page.html")


@pytest.mark.browser
def test_every_figure_is_drawn_without_a_network_and_without_a_complaint(executed, tmp_path, open_page):
    page, complaints, requests = open_page(notebook_to_html(executed, tmp_path / "page.html"))
    page.wait_for_function("document.querySelectorAll('.plotly-graph-div .main-svg').length >= 2")
    drawn = page.eval_on_selector_all(
        ".plotly-graph-div", "divs => divs.map(div => div.querySelectorAll('.main-svg').length > 0)"
    )
    assert drawn == [True, True]
    assert complaints == []
    assert requests == []


@pytest.fixture(scope="module")
def result():
    return iq.backtest(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2018-12"), weight=1.0, lot=None)


def test_csv_holds_the_frame_and_marks_sample_data_in_a_last_column(result, tmp_path):
    path = result.export(tmp_path / "account.csv")
    frame = pd.read_csv(path, index_col="ts", parse_dates=True)
    assert list(frame.columns) == [*result.to_frame().columns, "watermark"]
    assert set(frame["watermark"]) == {"SAMPLE"}
    pd.testing.assert_frame_equal(frame.drop(columns="watermark"), result.to_frame(), check_index_type=False)


def test_parquet_gives_the_frame_back_and_carries_facts_and_conventions(result, tmp_path):
    path = result.export(str(tmp_path / "account.parquet"))
    pd.testing.assert_frame_equal(pd.read_parquet(path), result.to_frame())
    about = json.loads(pyarrow.parquet.read_schema(path).metadata[b"investiq"])
    assert about[0]["value"] == "SAMPLE"
    [total] = [row for row in about if row["label"] == "Total return"]
    assert total["value"] == format_fact(next(fact for fact in result.facts() if fact.label == "Total return"))
    assert total["convention"]
    assert {row["note"] for row in about if row["part"] == "note"} == {note.text for note in result.notes}


def test_excel_holds_utc_times_without_a_zone_and_a_sheet_about_the_numbers(result, tmp_path):
    path = result.export(tmp_path / "account.xlsx")
    with zipfile.ZipFile(path) as book:
        sheets = re.findall(r'<sheet name="(\w+)"', book.read("xl/workbook.xml").decode())
        pages = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
        rows, texts = pages[0].count("<row "), "".join(pages)
    assert sheets == ["Table", "About"]
    assert rows == len(result.to_frame()) + 1
    for text in ("ts (UTC)", "drawdown", "Total return", "SAMPLE", "SHA-256"):
        assert f">{text}</t>" in texts


def cells_of(path):
    """Read the first sheet by the rules of the format: times are days since 30 December 1899."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    found = {}
    for cell in sheet.iter(f"{name}c"):
        is_text = cell.get("t") == "inlineStr"
        value = cell.find(f".//{name}t" if is_text else f"{name}v").text
        found[cell.get("r")] = value if is_text else (cell.get("t") == "b", float(value))
    return found


def test_every_value_of_the_table_is_in_the_excel_sheet_and_what_is_missing_has_no_cell(tmp_path):
    instants = pd.DatetimeIndex(["2018-12-03 21:00", "2018-12-04"], tz="UTC", name="ts")
    frame = pd.DataFrame(
        {
            "third": [1 / 3, np.nan],
            "count": [3, -(2**40)],
            "word": ["=1+1", None],
            "odds": [np.inf, -0.5],
            "told": pd.DatetimeIndex(["NaT", "2018-12-04 12:00"], tz="UTC"),
            "is_new": [True, False],
            "price": pd.Series([Decimal("10.25"), None], dtype=object).to_numpy(),
        },
        index=instants,
    )
    exporting._write_xlsx(Table(frame), tmp_path / "table.xlsx")
    # 3 December 2018 is day 43,437 of Excel, and 21:00 is 0.875 of a day.
    assert cells_of(tmp_path / "table.xlsx") == {
        **dict(zip([f"{letter}1" for letter in "ABCDEFGH"], ["ts (UTC)", *frame.columns], strict=True)),
        "F1": "told (UTC)",
        "A2": (False, 43437.875),
        "B2": (False, pytest.approx(1 / 3, rel=1e-15)),
        "C2": (False, 3.0),
        "D2": "=1+1",
        "E2": "inf",
        "G2": (True, 1.0),
        "H2": (False, 10.25),
        "A3": (False, 43438.0),
        "C3": (False, -(2.0**40)),
        "E3": (False, -0.5),
        "F3": (False, 43438.5),
        "G3": (True, 0.0),
    }


def test_a_column_of_times_loses_its_zone_for_excel_only(result):
    frame = cells.without_zone(result.fills)
    assert "ts (UTC)" in frame.columns
    assert frame["ts (UTC)"].dt.tz is None
    assert str(result.fills["ts"].dt.tz) == "UTC"


def test_html_holds_facts_notes_and_one_figure_and_nothing_from_outside(result, tmp_path):
    page = without_plotly(result.export(tmp_path / "account.html").read_text(encoding="utf-8"))
    assert page.count('class="plotly-graph-div"') == 1
    for fact in result.facts():
        assert html.escape(format_fact(fact)) in page
    assert "SAMPLE" in page
    assert [address for address in references(page) if not address.startswith("#")] == []


def test_days_that_several_lines_share_are_written_once(tmp_path):
    whole = iq.backtest(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2017"), weight=1.0, lot=None)
    page = without_plotly(whole.export(tmp_path / "account.html").read_text(encoding="utf-8"))
    # The account, its drawdown and the price are drawn over the same days.
    assert sum(len(each.x) > 400 for each in whole.figure().data) >= 3
    assert page.count('"2018-06-14",') <= 2  # once for the account and its opening, once for the bars
    assert page.count('"x":times_1_') >= 2


def test_an_unknown_suffix_is_refused_with_those_there_are(result, tmp_path):
    with pytest.raises(
        ReportError, match=r"suffix must be \.csv, \.parquet, \.xlsx, \.html, was '\.xls'; did you mean '\.xlsx'"
    ):
        result.export(tmp_path / "account.xls")
    with pytest.raises(ReportError, match="was 'missing'"):
        result.export(tmp_path / "account")


def test_a_place_that_cannot_be_written_to_is_refused(result, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ReportError, match=r"cannot write to .*taken"):
        result.export(tmp_path / "taken" / "account.csv")
    (tmp_path / "account.csv").mkdir()
    with pytest.raises(ReportError, match=r"cannot write .*account\.csv"):
        result.export(tmp_path / "account.csv")
    assert not list(tmp_path.glob("*.partial.*"))
