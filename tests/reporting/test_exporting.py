"""Exports: tables that keep their conventions, pages that need nothing from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nbformat
import pytest
from plotly.offline import get_plotlyjs

from investiq.core.errors import ReportError
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
