"""The data page without a browser: what its controls change."""

from __future__ import annotations

import pytest

import investiq as iq


@pytest.fixture(scope="module")
def page():
    app = iq.widgets.DataQuality("^GSPC, ^VIX, SYN001, SYN225")
    app.wait()
    return app


def test_no_panel_is_left_blank(page):
    assert {panel.title: panel.state for panel in page.panels if panel.state not in ("ok", "empty")} == {}
    assert page.held.state == "empty"


def test_a_series_without_findings_says_so(page):
    page.choose("SYN001")
    page.wait()
    assert page.found.state == "empty"
    assert "Passport" in page.passport._head.value
    assert "SYN001" in page.passport._head.value


def test_records_alone_have_no_coverage():
    app = iq.widgets.DataQuality("^VIX")
    app.wait()
    assert {panel.title: panel.state for panel in (app.coverage, app.checks, app.fresh, app.found)} == {
        "Coverage": "empty",
        "Findings by check": "empty",
        "Freshness": "not_available",
        "Findings": "not_available",
    }


def test_what_the_hidden_field_cannot_mean_is_left_alone(page):
    before = page.table._table.value
    for words in ("series 99 1", "page 7 1", "sort nothing 1", "series x", ""):
        page.table._carried.value = words
    assert page.table._table.value == before


def test_an_unknown_symbol_keeps_the_page(page):
    page.symbol.value = "NOPE1"
    page.find()
    page.wait()
    assert page.passport.state == "error"
    assert page.series.state == "ok"
    page.choose("^GSPC")
    page.wait()
    assert page.passport.state == "ok"
