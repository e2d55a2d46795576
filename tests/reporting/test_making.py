"""A report from a template: its files, what replaces them, what a failure and a kill leave."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from html import unescape
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from investiq.core.errors import ReportError
from investiq.reporting import making_scheduled
from investiq.reporting.making import make_report
from investiq.reporting.running import FailedCellError
from tests.reporting.conftest import write_source

# A run of its own in a process of its own, which the test kills.
RUN = """
import sys
from pathlib import Path
from investiq.reporting import catalog
from investiq.reporting.making import make_report
catalog._paths = lambda: {"small": Path(sys.argv[1])}
make_report("small", {"source_file": sys.argv[2], "pause": 60}, sys.argv[3], name="daily")
"""


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_report_lies_by_template_and_day_under_subject_and_digest(made):
    folder = made.path.parent
    assert folder.name == "2018-12-31"
    assert folder.parent.name == "small"
    assert re.fullmatch(r"GSPC_[0-9a-f]{8}\.html", made.path.name)
    names = {path.name.removeprefix(made.path.stem) for path in folder.iterdir()}
    [source] = [name for name in names if name.startswith("source_")]
    assert names == {".html", ".ipynb", ".json", ".xlsx", "_tables", source}
    assert f"url=2018-12-31/{made.path.name}" in made.latest.read_text()
    assert made.latest.parent == folder.parent
    assert not list(folder.parent.glob(".making-*"))


def test_the_page_holds_its_figure_and_the_manifest_that_lies_beside_it(made):
    page = made.path.read_text(encoding="utf-8")
    assert "<p>-0.075</p>" in page
    assert page.count('class="plotly-graph-div"') == 1
    block = re.search(r'<script type="application/json" id="investiq-manifest">(.*?)</script>', page, re.DOTALL).group(
        1
    )
    manifest = json.loads(block)
    assert manifest == json.loads(made.manifest_file.read_text(encoding="utf-8"))
    assert (manifest["template"], manifest["status"], manifest["subject"]) == ("small", "ok", "^GSPC")
    assert manifest["numbers"][0]["value"] == -0.075
    assert manifest["tables"]["Closes"]["rows"] == 3
    assert list(manifest["tables"]["Closes"]["columns"]) == ["day", "close", "change", "word"]
    assert manifest["parameters"]["pause"] == 0


def test_the_report_says_what_it_found_and_where_it_is(made):
    assert (made.title, made.template, made.watermark) == ("Small report", "small", "SAMPLE")
    assert made.as_of.isoformat() == "2018-12-31T21:00:00+00:00"
    assert made.summary == ("One line.", "Two.")
    assert made.numbers[0].value == -0.075
    assert made.numbers[1].value != made.numbers[1].value  # still missing, with its reason
    assert made.numbers[1].note == "no data"
    for _, path in made.files():
        assert path.exists()
        assert path.name in unescape(made._repr_html_())
        assert str(path) in str(made)


def test_tables_are_csv_files_with_a_list_of_units_and_the_watermark(made):
    names = {path.name for path in made.tables.iterdir()}
    assert names == {"closes.csv", "closes-by-day-hour.csv", "columns.csv"}
    closes = pd.read_csv(made.tables / "closes.csv")
    assert list(closes.columns) == ["day", "close", "change", "word", "watermark"]
    assert closes["close"].tolist() == [10.0, 11.5, 9.25]
    assert closes["change"].isna().tolist() == [True, False, False]
    assert set(closes["watermark"]) == {"SAMPLE"}
    columns = pd.read_csv(made.tables / "columns.csv").set_index(["file", "column"])["unit"]
    assert columns["closes.csv", "change"] == "fraction"
    assert columns["closes.csv", "day"] == "date"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"parameters": {"source_file": __file__, "pause": 601}},
            "pause must be a whole number .seconds., 0 to 600, was 601",
        ),
        ({"parameters": {"paus": 1}}, "no parameter 'paus'; did you mean 'pause'"),
        ({"parameters": {}}, "the template small needs source_file: what it is about"),
        ({"parameters": {}, "exports": ("docx",)}, "exports are html, pdf, xlsx, csv, notebook, was 'docx'"),
        ({"parameters": {"source_file": __file__}, "theme": "drak"}, "theme must be one of light, dark, was 'drak'"),
    ],
)
def test_what_will_not_do_is_refused_before_any_kernel_and_leaves_nothing(small, tmp_path, options, message):
    with pytest.raises(ReportError, match=message):
        make_report("small", folder=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_leaves_the_old_report_whole_and_the_next_one_replaces_it(tiny, tmp_path):
    source, reports = write_source(tmp_path / "source.json"), tmp_path / "reports"
    first = make_report("small", {"source_file": source}, reports, exports=("csv",), name="daily")
    before = files_of(reports)
    template = first.path.parents[1]

    # Files of an older run that this one will not make must go with it.
    write_source(source, total=0.5)
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tiny["small"]), str(source), str(reports)], env=os.environ
    )
    try:
        deadline = time.monotonic() + 120
        while not list(template.glob(".making-*/started")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    [left] = template.glob(".making-*")
    seen = {name: content for name, content in files_of(reports).items() if ".making-" not in name}
    assert seen == before

    second = make_report("small", {"source_file": source}, reports, name="daily")
    assert not left.exists()
    assert second.path == first.path
    assert second.numbers[0].value == 0.5
    assert "<p>0.5</p>" in second.path.read_text(encoding="utf-8")
    assert first.tables is not None
    assert not first.tables.exists()
    assert set(files_of(reports)) == {name for name in before if "_tables/" not in name}


def test_a_failing_cell_is_told_and_the_last_good_report_stays(small, tmp_path, made):
    reports = made.path.parents[2]
    before = files_of(reports)
    source = write_source(tmp_path / "source.json", divisor=0)
    with pytest.raises(FailedCellError, match=r"latest\.html still leads to the last good report") as caught:
        make_report("small", {"source_file": source}, reports)
    # Markdown, parameters, those injected, the two first cells: the sixth fails.
    assert (caught.value.cell, caught.value.cells, caught.value.ename) == (6, 7, "ZeroDivisionError")
    after = files_of(reports)
    assert {name: after[name] for name in before} == before
    page = caught.value.page
    assert page.parent == made.latest.parent
    assert set(after) - set(before) == {f"small/{page.name}", f"small/{page.stem}.ipynb"}
    page.unlink()
    page.with_suffix(".ipynb").unlink()


def test_a_notebook_that_hands_nothing_over_makes_no_report(made):
    from investiq.reporting.passing import handed_over

    notebook = nbformat.read(made.notebook, as_version=4)
    notebook.cells.pop()
    with pytest.raises(ReportError, match="hands over one `Handed`, found 0"):
        handed_over(notebook)


def test_files_switch_one_by_one_and_the_page_is_the_last(tmp_path, monkeypatch):
    from investiq.reporting import placing

    made = {}
    for ending in (".html", ".json", ".ipynb"):
        made[ending] = tmp_path / f"made{ending}"
        made[ending].write_text("new")
    order, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda one, other: (order.append(Path(other).name), replace(one, other)))
    placing.put_in_place(made, tmp_path / "out", "daily", ())
    assert order[-1] == "daily.html"
    assert sorted(order) == ["daily.html", "daily.ipynb", "daily.json"]


def test_a_scheduled_report_that_takes_longer_than_its_limit_is_stopped_and_leaves_nothing(tiny, tmp_path, monkeypatch):
    # A clock on which every look is 100 s after the last: the first look after a cell is over the 50 s.
    seconds = itertools.count(0, 100)
    monkeypatch.setattr(making_scheduled, "time", types.SimpleNamespace(perf_counter=lambda: next(seconds)))
    source, reports = write_source(tmp_path / "source.json"), tmp_path / "reports"
    with pytest.raises(making_scheduled.OverdueReportError, match="more than timeout_s = 50 s, 100 s so far"):
        making_scheduled.make_scheduled("small", {"source_file": source}, ("html",), 50, reports)
    assert files_of(reports) == {}
