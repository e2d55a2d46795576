"""`iq.tear_sheet`, whole: from a backtest to a page that a browser draws without a network."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from plotly.offline import get_plotlyjs

import investiq as iq
from investiq.core.errors import ConfigError, MissingDependencyError, ReportError
from investiq.core.facts import format_fact
from investiq.reporting import sheets
from investiq.reporting.exporting import FIGURE_TYPE
from investiq.reporting.running import FailedCellError

NAME = "GSPC_Breakout_2018-12-31"


@pytest.fixture(scope="module")
def result():
    bars = iq.load_bars("^GSPC", start="2014")
    return iq.backtest(iq.strategies.Breakout(entry_window=55, exit_window=20), bars, weight=1.0, lot=None)


@pytest.fixture(scope="module")
def report(result, tmp_path_factory):
    return iq.tear_sheet(result, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def page(report):
    return report.path.read_text(encoding="utf-8").replace(get_plotlyjs(), "")


def test_it_leaves_five_files_and_a_pointer_and_nothing_half_done(report):
    names = {path.name for path in report.path.parent.iterdir()}
    made = {f"{NAME}{ending}" for ending in (".html", ".ipynb", ".iq", ".json", ".quantstats.html")}
    assert names == {*made, "latest.html"}
    assert f"url={NAME}.html" in report.latest.read_text()
    assert report.notes == ()


def test_the_saved_result_is_the_one_that_was_given(report, result):
    assert iq.load_result(report.result_file) == result


def test_the_notebook_reads_its_result_beside_itself(report):
    notebook = nbformat.read(report.notebook, as_version=4)
    [injected] = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", ())]
    assert f'result_file = "{NAME}.iq"' in injected.source


def test_every_fact_and_every_caution_of_the_result_is_on_the_page(page, result):
    text = unescape(page)
    for fact in result.facts():
        assert fact.label in text
        assert format_fact(fact) in text
    for note in result.notes:
        assert note.text in text
    for fact in result.provenance():
        assert format_fact(fact) in text


def test_every_round_trip_is_in_the_table(page, result):
    table = re.search(r'<table class="iq-trades">.*?</table>', page, re.DOTALL).group()
    assert table.count("<tr>") == len(result.trades) + 1
    assert f"{result.trades['entry_ts'].iloc[0]:%Y-%m-%d}" in table


def test_sample_data_are_marked_on_the_page_in_each_figure_and_on_both_sheets(page, report):
    assert "SAMPLE DATA" in page
    notebook = nbformat.read(report.notebook, as_version=4)
    figures = [
        output.data[FIGURE_TYPE]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if FIGURE_TYPE in output.get("data", {})
    ]
    assert len(figures) == page.count('class="plotly-graph-div"') == 3
    assert all("SAMPLE" in json.dumps(figure["layout"]) for figure in figures)
    assert "[SAMPLE]" in report.quantstats.read_text(encoding="utf-8")


def test_the_manifest_can_be_read_from_the_page(page, report, result):
    block = re.search(r'<script [^>]*id="investiq-manifest"[^>]*>(.*?)</script>', page, re.DOTALL).group(1)
    manifest = json.loads(block)
    assert manifest == json.loads(report.manifest_file.read_text(encoding="utf-8"))
    assert manifest["manifest"] == result.manifest.to_dict()
    assert manifest["as_of"] == "2018-12-31T21:00:00+00:00"
    assert manifest["numbers"][0]["value"] == result.summary.loc["Total return", "value"]


def test_the_page_has_no_address_outside(page):
    assert not re.findall(r"""(?:src|href)=["'](?!#)|@import|url\(["']?http""", page)
    assert "only-in-notebook" not in page
    assert "Tear sheet of a backtest" not in page


def test_both_sheets_agree_on_sharpe_and_show_the_benchmark(report, result):
    sheet = report.quantstats.read_text(encoding="utf-8")
    cells = re.findall(r"<td>(.*?)</td>", re.search(r"<tr><td>Sharpe</td>(.*?)</tr>", sheet).group(1))
    # QuantStats prints two decimals; the benchmark's column stands first.
    for cell, run in zip(cells, (result.benchmark, result), strict=True):
        assert float(cell) == pytest.approx(run.summary.loc["Sharpe ratio", "value"], abs=0.005)
    assert "<th>Buy and hold ^GSPC</th><th>Breakout</th>" in sheet


def test_the_report_states_the_same_files_in_text_and_in_html(report):
    for path in (report.path, report.notebook, report.result_file, report.quantstats):
        assert str(path) in str(report)
        assert path.name in report._repr_html_()
        assert path.as_uri() in report._repr_html_()
    assert "[SAMPLE]" in str(report)
    assert repr(report) == str(report)


@pytest.mark.browser
def test_a_browser_draws_every_figure_without_network_and_complaint(report, open_page):
    page, complaints, requests = open_page(report.path)
    page.wait_for_function("document.querySelectorAll('.plotly-graph-div .main-svg').length >= 3")
    drawn = page.eval_on_selector_all(
        ".plotly-graph-div",
        "divs => divs.map(div => div.querySelectorAll('.main-svg path, .main-svg rect').length > 0)",
    )
    assert drawn == [True, True, True]
    assert complaints == []
    assert requests == []
    # Nothing is wider than the page.
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.browser
def test_paper_shows_the_figures_at_its_own_width_and_the_screen_gets_its_back(report, open_page):
    page, complaints, _ = open_page(report.path)
    page.wait_for_function("document.querySelectorAll('.plotly-graph-div .main-svg').length >= 3")
    sizes = "divs => divs.map(div => [div._fullLayout.width, div._fullLayout.height])"
    before = page.eval_on_selector_all(".plotly-graph-div", sizes)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    printed = page.eval_on_selector_all(".plotly-graph-div", sizes)
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    # 182 mm at 96 pixels an inch.
    assert {width for width, _ in printed} == {688}
    assert page.eval_on_selector_all(".plotly-graph-div", sizes) == before
    assert complaints == []


@pytest.mark.browser
def test_the_quantstats_sheet_opens_without_network_and_complaint(report, open_page):
    page, complaints, requests = open_page(report.quantstats)
    assert page.locator("svg").count() >= 10
    assert complaints == []
    assert requests == []


@pytest.mark.browser
def test_latest_leads_to_the_page(report, open_page):
    page, _, _ = open_page(report.latest)
    page.wait_for_url(report.path.as_uri())
    assert page.title() == report.title


def test_a_failing_template_leaves_the_last_good_report_and_its_pointer(report, result, tmp_path, monkeypatch):
    template = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    parameters = nbformat.v4.new_code_cell(
        'result_file: str = ""  # [file] a backtest\ntheme: str = "light"  # [light | dark] of the page',
        metadata={"tags": ["parameters"]},
    )
    template.cells = [
        nbformat.v4.new_markdown_cell("# Broken\n\nFails."),
        parameters,
        nbformat.v4.new_code_cell("raise ValueError('no such column')"),
    ]
    nbformat.write(template, tmp_path / "broken.ipynb")
    monkeypatch.setattr("investiq.reporting.catalog._paths", lambda: {"tear_sheet": tmp_path / "broken.ipynb"})

    folder = report.path.parent
    kept = {path: path.read_bytes() for path in (report.path, report.notebook, report.quantstats, report.latest)}
    with pytest.raises(ReportError, match=rf"cell 4 of 4 of {NAME}.ipynb failed .*ValueError: no such column"):
        iq.tear_sheet(result, folder)
    assert {path: path.read_bytes() for path in kept} == kept
    assert (folder / f"{NAME}.failed.html").exists()
    assert not list(folder.glob("*.partial.*"))


def test_the_old_result_stays_while_the_new_page_is_made_and_a_failure_leaves_the_new_one(
    result, tmp_path, monkeypatch
):
    def build(order, work, advance):
        seen.append((tmp_path / f"{NAME}.iq").read_text())
        raise FailedCellError("no", cell=1, cells=1, label="", ename="ValueError", evalue="", page=tmp_path / "a.html")

    seen = []
    (tmp_path / f"{NAME}.iq").write_text("old")
    monkeypatch.setattr("investiq.reporting.making.build", build)
    with pytest.raises(FailedCellError):
        iq.tear_sheet(result, tmp_path, quantstats=False)
    assert seen == ["old"]
    assert iq.load_result(tmp_path / f"{NAME}.iq") == result
    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.iq"]


def test_a_run_without_trades_gets_its_report_and_the_reason_for_the_missing_sheet(tmp_path):
    (tmp_path / "idle.quantstats.html").write_text("the sheet of an older run")
    bars = iq.load_bars("^GSPC", start="2018-09-24")
    report = iq.tear_sheet(iq.backtest(iq.strategies.Breakout(), bars), tmp_path, name="idle", theme="dark")
    assert report.path.name == "idle.html"
    assert report.quantstats is None
    assert not (tmp_path / "idle.quantstats.html").exists()
    [note] = report.notes
    assert "no QuantStats sheet: the QuantStats sheet needs returns that vary" in note.text
    assert note.text in str(report)
    assert "made no trade" in report.path.read_text(encoding="utf-8")


def test_a_missing_quantstats_costs_its_sheet_and_not_the_report(result, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise MissingDependencyError("quantstats", "research", "the QuantStats sheet")

    monkeypatch.setattr("investiq.interop.quantstats.quantstats_sheet", refuse)
    [note] = sheets._quantstats(result, tmp_path / "never.html")
    assert "python -m pip install quantstats" in note.text


@pytest.mark.parametrize("given", ["^GSPC", None, 3])
def test_what_is_not_a_backtest_is_refused_with_its_type(given, tmp_path):
    with pytest.raises(ConfigError, match=f"takes the BacktestResult .*was {type(given).__name__}"):
        iq.tear_sheet(given, tmp_path)


def test_an_unknown_theme_is_refused(result, tmp_path):
    with pytest.raises(ConfigError, match="theme must be 'light' or 'dark', was 'blue'"):
        iq.tear_sheet(result, tmp_path, theme="blue")


def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(result, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(type(result), "save", lambda *arguments: pytest.fail("work had begun"))
    with pytest.raises(ReportError, match=r"cannot write to .*taken"):
        iq.tear_sheet(result, tmp_path / "taken")


def test_without_a_folder_it_writes_to_the_reports_folder(result, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", str(tmp_path / "mine"))
    monkeypatch.setattr(
        sheets, "require_writable", lambda folder: asked.append(folder) or (_ for _ in ()).throw(ReportError("stop"))
    )
    with pytest.raises(ReportError, match="stop"):
        iq.tear_sheet(result)
    assert asked == [Path(tmp_path / "mine")]
