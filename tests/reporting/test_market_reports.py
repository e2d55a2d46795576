"""The reports on the market and on a close, run for real."""

from __future__ import annotations

import pytest

import investiq as iq
from investiq.analysis.survey_tables import movers_table
from investiq.reporting.contents import daily_close, market_overview
from investiq.reporting.making import make_report


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    parameters = {"universe": "sample indices", "as_of": "2018-12-24"}
    return make_report("market_overview", parameters, tmp_path_factory.mktemp("reports"), exports=("html", "csv"))


def test_the_page_states_the_numbers_of_the_overview(report):
    page = report.path.read_text("utf-8")
    overview = iq.market_overview("sample indices", as_of="2018-12-24")
    for text in ("bear, normal volatility", "0 / 2 / 0", "30.11", overview.title):
        assert text in page
    assert page.count("plotly-graph-div") >= 5


def test_the_tables_travel_with_it(report):
    assert {"breadth.csv", "members.csv"} <= {each.name for each in report.tables.iterdir()}
    lines = next(each for each in report.tables.iterdir() if each.name == "members.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines[-2:]] == ["^GSPC", "^IXIC"]


def test_the_summary_is_written_from_the_numbers():
    page = market_overview.prepare(universe="SYN001, SYN002, ^GSPC", as_of="2018-12-24")
    assert "^GSPC has been in the regime" in page.summary[0]
    assert page.summary[3].startswith("Measured apart: synthetic companies (2 series")


def test_the_summary_quotes_the_measure_that_it_ranks_by():
    page = market_overview.prepare(universe="SYN001, SYN002, SYN003", as_of="2018-12-24")
    members = page.main.members
    blend = 0.1 * members["1d"] + 0.3 * members["1w"] + 0.6 * members["1m"]
    first, last = f"{100 * blend.max():+.2f} %", f"{100 * blend.min():+.2f} %"
    assert page.summary[1].startswith(
        "Momentum rank (10 % 1 session, 30 % 1 week, 60 % 1 month): "
        f"strongest is {blend.idxmax()} ({first}), weakest {blend.idxmin()} ({last})."
    )


def test_a_month_stands_once_among_the_movers():
    page = market_overview.prepare(universe="SYN001, SYN002, SYN003", as_of="2018-12-24")
    by_day, by_month = (movers_table(page.overview.movers(name), name) for name in ("1d", "1m"))
    assert by_day.columns == ("Symbol", "1d", "1m", "From 1-year high", "Sector")
    assert by_month.columns == ("Symbol", "1m", "From 1-year high", "Sector")
    assert by_month.title == "Returns over 21 sessions, ranked"
    assert {len(row) for row in by_month.rows} == {4}


def test_the_manifest_names_the_benchmark():
    handed = market_overview.prepare(universe="SYN001, SYN002", as_of="2018-12-24").handed()
    assert set(handed.manifest.data) == {"bars SYN001", "bars SYN002", "bars SYN-MKT"}


def test_a_close_says_that_nothing_changed():
    page = daily_close.prepare(symbols="sample indices", session="2018-12-31", signals=0)
    assert page.summary[0].startswith("Nothing happened that stands out.")
    assert "is still “bear, high volatility”" in page.summary[1]
    assert page.summary[2] == "No earnings or dividends of the day or of the next 30 days are known."
    assert page.summary[3] == "Every symbol has a bar on the session."


def test_a_close_tells_the_report_that_came_after_the_one_before():
    page = daily_close.prepare(symbols="SYN001", session="2018-11-01", signals=0)
    assert page.summary[2] == "Since the close before: SYN001 (earnings). Nothing is known to come within 30 days."


def test_a_close_hands_over_its_moves():
    handed = daily_close.prepare(symbols="^GSPC, ^IXIC", session="2018-12-26", signals=0).handed()
    assert handed.as_of.isoformat() == "2018-12-26T21:00:00+00:00"
    # 2467.70 over 2351.10, and 6554.36 over 6192.92.
    assert handed.tables["Moves"]["change"].round(4).to_dict() == {"^GSPC": 0.0496, "^IXIC": 0.0584}
