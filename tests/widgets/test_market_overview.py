"""The market page without a browser: what its controls change, and what it says of what is missing."""

from __future__ import annotations

import pytest

import investiq as iq


@pytest.fixture(scope="module")
def page():
    app = iq.widgets.MarketOverview("SYN001, SYN002, ^GSPC, NOPE")
    app.wait()
    app.group.value = "synthetic companies"
    app.wait()
    return app


def test_every_panel_shows_something(page):
    assert {panel.title: panel.state for panel in page.panels if panel.state != "ok"} == {}


def test_the_page_opens_on_real_data_and_on_the_ranking_of_the_report(page):
    assert page.group.options == ("sample indices", "synthetic companies")
    assert page._told("rank").endswith("Momentum rank (10 % 1 session, 30 % 1 week, 60 % 1 month)")
    assert page.table.column == "rank"
    page.window.value = "1w"
    page.wait()
    assert page._told("rank").endswith("Returns over 5 sessions, ranked")
    page.window.value = "momentum"
    page.wait()


def test_an_unknown_symbol_is_named_beside_the_others(page):
    assert "NOPE" in page.fresh._html.value
    assert "NOPE" in page.notes._html.value


def test_a_group_without_sectors_says_why(page):
    page.group.value = "sample indices"
    page.wait()
    assert page.sectors.state == "not_available"
    assert "indices belong to no sector" in page.sectors._message.value
    page.group.value = "synthetic companies"
    page.wait()
    assert page.sectors.state == "ok"


def test_a_head_sorts_and_turns_round(page):
    page.table.sort("symbol")
    assert page.table._table.value.index("SYN001") < page.table._table.value.index("SYN002")
    page.table.sort("symbol")
    assert page.table._table.value.index("SYN002") < page.table._table.value.index("SYN001")


def test_the_theme_reaches_every_figure(page):
    page.theme = "dark"
    page.wait()
    drawn = [chart.outputs[0]["data"]["application/vnd.plotly.v1+json"] for chart in page._charts.values()]
    grounds = {each["layout"]["template"]["layout"]["paper_bgcolor"] for each in drawn}
    assert grounds == {"#131a22"}
    page.theme = "light"


def test_the_files_hold_the_members(page):
    lines = page._file("csv").decode().splitlines()
    assert len(lines) == 4
    assert page._file("xlsx")[:2] == b"PK"


def test_a_universe_that_cannot_be_loaded_is_told():
    app = iq.widgets.MarketOverview("<b>NONE</b>")
    app.wait()
    assert app.breadth.state == "error"
    assert "&lt;b&gt;NONE" in app.breadth._message.value
    with pytest.raises(iq.InvestIQError):
        app._file("csv")
