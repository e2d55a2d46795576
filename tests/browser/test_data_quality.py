"""The data page in a real browser, on a store whose faults were made by hand: what is chosen is told, nothing leaks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from investiq.market.store import Store
from tests.market.surveyed_store import fill

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(visit_app):
    store = Path(os.environ["INVESTIQ_DATA_DIR"]) / "store"
    had_store = store.exists()
    fill(Store(store))
    yield visit_app("data_quality", symbols="GAP, TWICE, BROKEN, PRINT, LATE, ^VIX, SYN001", symbol="GAP")
    if not had_store:
        shutil.rmtree(store)


def choose(visit, name):
    turn = visit.turn()
    visit.panel("Series").get_by_role("button", name=name, exact=True).click()
    visit.after(turn)


def test_every_panel_shows_something(visit):
    assert visit.page.locator("#rendered_cells .iq-error").count() == 0
    for title in ("Coverage", "Findings by check"):
        assert visit.panel(title).locator(".main-svg").first.is_visible()
    for title in ("Series", "Passport", "Quarantine", "Freshness", "Notes"):
        assert len(visit.panel(title).inner_text()) > len(title)
    assert "SYNTHETIC" in visit.page.locator("#rendered_cells .iq-watermark").inner_text()


def test_the_address_chooses_the_series(visit):
    assert "97.60 %" in visit.panel("Passport").inner_text()  # 122 of 125
    assert "2018-03-06, 2018-03-07, 2018-05-15" in visit.panel("Passport").inner_text()
    assert visit.panel("Series").locator("tr[aria-current]").inner_text().startswith("GAP")


def test_another_row_changes_passport_and_findings(visit):
    choose(visit, "PRINT")
    found = visit.panel("Findings").first.inner_text()
    assert "quarantined" in found
    assert "2018-05-11" in found
    assert "return 48.51 %" in found  # 150 after 101
    assert visit.panel("Passport").locator("tr", has_text="Verdict").inner_text().split() == ["Verdict", "fail"]
    choose(visit, "^VIX")
    assert "checks judge bars" in visit.panel("Findings").first.inner_text()
    assert "close of the next XNYS session" in visit.panel("Passport").inner_text()


def test_quarantine_and_freshness_name_their_series(visit):
    assert "PRINT" in visit.panel("Quarantine").inner_text()
    assert "taken back" in visit.panel("Quarantine").inner_text()
    assert "last bar 2018-06-22" in visit.panel("Freshness").inner_text()


def test_a_head_sorts_the_series(visit):
    table = visit.panel("Series")
    table.get_by_role("button", name="Missing").click()
    table.locator("th[aria-sort=descending]", has_text="Missing").wait_for()
    assert table.locator("tbody tr td:first-child").first.inner_text() == "GAP"


def test_the_symbol_field_finds_and_adds_a_series(visit):
    turn = visit.turn()
    visit.field("Symbol").fill("SYN225")
    visit.field("Symbol").press("Enter")
    visit.after(turn)
    assert "trading ended on 2011-04-26" in visit.panel("Passport").inner_text()
    assert "symbol=SYN225" in visit.panel("Passport").get_by_role("link").get_attribute("href")


def test_a_provider_is_shown_alone(visit):
    turn = visit.turn()
    visit.field("Provider").select_option("scripted")
    visit.after(turn)
    assert visit.panel("Series").locator("tbody tr").count() == 5


def test_the_findings_are_saved_as_a_file(visit):
    with visit.page.expect_download() as saved:
        visit.page.get_by_role("button", name="Findings (CSV)").click()
    lines = saved.value.path().read_text().splitlines()
    assert lines[0] == "name,check,severity,count,first,text"
    assert lines[1].startswith("PRINT,quarantined,error,1,2018-05-11")


def test_the_theme_changes_the_figures(visit):
    visit.switch_theme()
    assert visit.is_dark()
    visit.panel("Coverage").locator(".main-svg").first.wait_for()


def test_nothing_sticks_out_of_the_page(visit):
    for width in (1440, 900):
        visit.page.set_viewport_size({"width": width, "height": 1000})
        visit.page.wait_for_timeout(300)
        assert visit.sticks_out() == 0


def test_a_date_goes_back_in_time(visit):
    visit.field("As of").fill("2018-05-10")
    visit.press("Show")
    assert "2018-05-10" in visit.page.locator("#rendered_cells .iq-provenance").inner_text()
    assert "No bar of these series is held" in visit.panel("Quarantine").inner_text()


def test_a_bad_symbol_is_told_and_escaped(visit):
    turn = visit.turn()
    visit.field("Symbol").fill("<b>NONE</b>")
    visit.field("Symbol").press("Enter")
    visit.after(turn)
    assert "<b>NONE</b>" in visit.panel("Passport").locator(".iq-error").inner_text()
    visit.field("Data").fill("NOPE1")
    visit.press("Show")
    assert "NOPE1" in visit.panel("Series").locator(".iq-error").inner_text()


def test_nothing_went_wrong_behind_the_page(visit):
    visit.assert_quiet()
