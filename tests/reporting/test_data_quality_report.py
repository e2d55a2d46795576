"""The report on the quality of data, run for real on a store whose faults were made by hand."""

from __future__ import annotations

import csv

import pytest

from investiq.market.store import Store
from investiq.reporting.contents import data_quality
from investiq.reporting.making import make_report
from tests.market.surveyed_store import fill


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("surveyed")
    fill(Store(made / "store"))
    return made


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVESTIQ_DATA_DIR", str(folder))
        parameters = {"symbols": "stored", "as_of": "2018-06-29"}
        return make_report("data_quality", parameters, tmp_path_factory.mktemp("reports"), exports=("html", "csv"))


def test_the_page_states_what_is_wrong(report):
    page = report.path.read_text("utf-8")
    for text in (
        "Of 5 series of bars 0 pass, 4 have cautions and 1 fails; the health score is 0.0 of 100. A backtest refuses PRINT",
        "5 sessions are missing, in BROKEN, GAP and TWICE; most in GAP, which has 122 of its 125 sessions.",
        "1 bar is held for bad prints, in PRINT; they are kept and marked.",
        "Behind: LATE. LATE: last bar 2018-06-22, due 2018-06-29.",
    ):
        assert text in page
    assert page.count("plotly-graph-div") == 2


def test_the_tables_travel_with_it(report):
    names = {each.name for each in report.tables.iterdir()}
    assert {"series.csv", "coverage.csv", "findings.csv", "rows-found.csv", "quarantine.csv"} <= names
    with (report.tables / "quarantine.csv").open() as file:
        [row] = csv.DictReader(file)
    assert (row["name"], row["session"][:10]) == ("PRINT", "2018-05-11")


def test_data_without_a_fault_are_told_so():
    page = data_quality.prepare(symbols="SYN001, SYN002", as_of="2015-06-30")
    assert page.summary == (
        "Of 2 series of bars 2 pass, 0 have cautions and 0 fail; the health score is 100.0 of 100.",
        "No session is missing between the first and the last bar of any series.",
        "No bar is held for a bad print.",
        "Every series of bars has the bar that was due.",
    )
    assert page.findings("light") is None


def test_the_manifest_names_every_series_by_its_fingerprint(folder, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(folder))
    page = data_quality.prepare(symbols="all", as_of="2018-06-29")
    data = page.handed().manifest.data
    assert list(data.values()) == [each.fingerprint for each in page.overview.series]
    assert {"bars ^GSPC", "series ^VIX"} <= set(data)


def test_records_alone_are_listed_and_not_judged():
    page = data_quality.prepare(symbols="^VIX", as_of="")
    assert page.summary == ("There are no bars here; records are listed, and no check judges them.",)
    assert page.coverage("light") is None
    assert page.handed().numbers[0].value == 1
