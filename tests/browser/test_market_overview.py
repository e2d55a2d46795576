"""The market page in a real browser: every panel draws, controls change what they should, nothing leaves the machine."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(visit_app):
    return visit_app("market_overview", universe="SYN001, SYN002, SYN225, ^GSPC, ^IXIC")


def test_every_panel_shows_something(visit):
    assert visit.page.locator("#rendered_cells .iq-error").count() == 0
    for title in ("Regime and breadth", "Volatility", "Correlation", "Ranked members", "Returns by window"):
        assert visit.panel(title).locator(".main-svg").first.is_visible()
    for title in ("Movers", "Sectors", "Data freshness", "Notes"):
        assert len(visit.panel(title).inner_text()) > len(title)


def test_real_and_invented_data_are_marked(visit):
    mark = visit.page.locator("#rendered_cells .iq-watermark").inner_text()
    assert "SAMPLE" in mark
    assert "SYNTHETIC" in mark


def test_a_series_that_ended_is_named(visit):
    assert "SYN225" in visit.panel("Data freshness").inner_text()
    assert "2011-04-26" in visit.panel("Data freshness").inner_text()


def test_a_head_sorts_the_movers(visit):
    table = visit.panel("Movers")
    table.get_by_role("button", name="Symbol").click()
    visit.page.wait_for_function(
        "[...document.querySelectorAll('.iq-sorter')].some(each => each.innerText === 'Symbol ▲')"
    )
    rows = table.locator("tbody tr td:first-child").all_inner_texts()
    assert rows == sorted(rows)
    assert len(rows) == 2


def test_the_window_changes_the_ranking(visit):
    turn = visit.turn()
    visit.field("Window").select_option("252 sessions")
    visit.after(turn)
    assert visit.panel("Ranked members").locator(".main-svg").first.is_visible()
    assert "252 ▼" in visit.panel("Movers").inner_text()


def test_another_group_is_measured_by_itself(visit):
    turn = visit.turn()
    assert "indices belong to no sector" in visit.panel("Sectors").inner_text()
    visit.field("Group").select_option("synthetic companies")
    visit.after(turn)
    assert "SYN001" in visit.panel("Movers").inner_text()
    assert "^IXIC" not in visit.panel("Movers").inner_text()
    assert "SYN-" in visit.panel("Sectors").inner_text()


def test_the_table_is_saved_as_a_file(visit):
    with visit.page.expect_download() as found:
        visit.page.get_by_role("button", name="Members (CSV)").click()
    lines = found.value.path().read_text().splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("symbol,")


def test_the_theme_changes_the_figures(visit):
    for is_dark in (True, False):
        visit.switch_theme()
        # Every figure is drawn anew, and none in the colours of the other theme.
        visit.page.wait_for_function(
            """dark => { const all = [...document.querySelectorAll('.js-plotly-plot')];
                return all.length >= 5 && all.every(e => e._fullLayout && (e._fullLayout.paper_bgcolor !== '#ffffff') === dark); }""",
            arg=is_dark,
            timeout=60_000,
        )
        assert visit.is_dark() == is_dark
        assert visit.panel("Regime and breadth").locator(".main-svg").first.is_visible()


def test_nothing_sticks_out_of_the_page(visit):
    for width in (1440, 900):
        visit.page.set_viewport_size({"width": width, "height": 1000})
        visit.page.wait_for_function("width => document.documentElement.clientWidth <= width", arg=width)
        assert visit.sticks_out() == 0


def test_an_as_of_date_goes_back_in_time(visit):
    visit.field("As of").fill("2015-08-24")
    visit.press("Show")
    assert "2015-08-24" in visit.page.locator("#rendered_cells .iq-provenance").inner_text()


def test_a_bad_symbol_is_told_and_escaped(visit):
    visit.field("Universe").fill("<b>NONE</b>")
    visit.press("Show")
    assert "<b>NONE</b>" in visit.panel("Regime and breadth").locator(".iq-error").inner_text()


def test_nothing_went_wrong_behind_the_page(visit):
    visit.assert_quiet()
