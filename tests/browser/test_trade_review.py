"""The trade page in a real browser: charts, steps, filters, notes, and files that cannot be read."""

from __future__ import annotations

import pytest

from investiq.backtesting.result_files import sample_run
from investiq.runtime.paths import results_dir

pytestmark = pytest.mark.browser

NOTE = "<b>late</b> & <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def page(visit_app):
    results_dir().mkdir(parents=True, exist_ok=True)
    sample_run().save(results_dir() / "reviewed.iq")
    (results_dir() / "damaged.iq").write_bytes(b"no result")
    return visit_app("trade_review", result="reviewed", trade="2")


def place(page):
    return page.page.locator(".iq-place").inner_text()


def wait_for_place(page, words):
    page.page.wait_for_function("words => document.querySelector('.iq-place').innerText === words", arg=words)
    page.settle()


def test_every_chart_is_drawn_for_the_trade_of_the_address(page):
    for title in ("The trade in its bars", "Excursions", "Returns"):
        page.panel(title).locator(".main-svg").first.wait_for()
        assert page.panel(title).locator(".trace").count() > 0
    assert "Trade 2 of 59" in page.panel("The trade in its bars").inner_text()
    assert place(page) == "2 of 59"
    assert page.page.locator(".iq-trades tr[data-do='trade 1'] td").first.inner_text() == "2"
    assert page.page.locator(".iq-error").count() == 0


def test_the_page_says_which_result_it_shows_and_that_it_is_sample_data(page):
    bar = page.page.locator("#rendered_cells .iq-provenance").inner_text()
    for part in ("reviewed", "Crossover (fast 10, slow 30) on ^GSPC", "2012-01-03 to 2018-12-31, 1,760 bars"):
        assert part in bar
    assert page.page.locator("#rendered_cells .iq-watermark").inner_text() == "SAMPLE DATA"


def test_next_and_a_row_and_a_key_change_the_trade(page):
    before = page.panel("Numbers of the trade").inner_text()
    page.press("Next ▶")
    assert place(page) == "3 of 59"
    assert page.panel("Numbers of the trade").inner_text() != before
    page.page.get_by_role("button", name="Show trade 8").click()
    wait_for_place(page, "8 of 59")
    page.page.get_by_role("button", name="Show trade 8").press("j")
    wait_for_place(page, "9 of 59")
    assert "Trade 9 of 59" in page.panel("The trade in its bars").inner_text()


def test_a_filter_leaves_only_what_it_names(page):
    page.field("Ended by").select_option("take profit")
    wait_for_place(page, "9 in the list")
    rows = page.page.locator(".iq-trades tbody tr")
    assert rows.count() == 9
    assert all("take profit" in text for text in rows.all_inner_texts())
    page.press("Next ▶")
    assert place(page) == "1 of 9"
    page.field("Ended by").select_option("All")


def test_a_head_sorts_the_table(page):
    page.page.locator(".iq-trades").get_by_role("button", name="Return, net").click()
    page.page.wait_for_selector(".iq-trades th[aria-sort='descending']")
    shown = page.page.locator(".iq-trades tbody tr td:nth-child(7)").all_inner_texts()
    values = [float(text.split(" %")[0]) for text in shown]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(4.9, abs=0.1)


def test_a_note_is_saved_shown_as_text_and_there_after_a_reload(page):
    page.field("Note").fill(NOTE)
    page.field("Tags, with commas between").fill("gap, <i>late</i>")
    page.page.get_by_role("button", name="Save note").click()
    page.page.wait_for_selector(".iq-written li")
    assert page.field("Note").input_value() == ""
    trade = page.panel("Notes and tags").locator(".iq-sub").inner_text().removeprefix("trade ")
    page.page.goto(page.page.url.replace("trade=2", f"trade={trade}"))
    page.settle()
    written = page.page.locator(".iq-written li")
    assert NOTE in written.inner_text()
    assert written.locator(".iq-chip").all_inner_texts() == ["gap", "<i>late</i>"]
    assert page.page.locator(".iq-page img[onerror], .iq-chip i, .iq-written b").count() == 0
    assert "<i>late</i>" in page.panel("By exit and by tag").inner_text()


def test_a_tag_filters_the_trades(page):
    page.field("Tag").select_option("gap")
    wait_for_place(page, "1 of 1")
    assert page.page.locator(".iq-trades tbody tr").count() == 1
    page.field("Tag").select_option("All")


def test_an_empty_note_is_refused_beside_its_button(page):
    page.page.get_by_role("button", name="Save note").click()
    told = page.panel("Notes and tags").locator("[role=alert]")
    told.wait_for()
    assert "needs a note or tags" in told.inner_text()


def test_trades_and_notes_can_be_downloaded(page):
    with page.page.expect_download() as caught:
        page.page.get_by_role("button", name="Trades and notes (CSV)").click()
    text = caught.value.path().read_text(encoding="utf-8")
    assert caught.value.suggested_filename.startswith("trades_Crossover")
    assert text.count("_loss") + text.count("trailing_stop") > 30
    assert "gap, <i>late</i>" in text


@pytest.mark.parametrize("width", [1440, 900])
def test_nothing_sticks_out_of_the_page(page, width):
    page.page.set_viewport_size({"width": width, "height": 1000})
    page.page.wait_for_function("width => document.documentElement.clientWidth <= width", arg=width)
    assert page.sticks_out() == 0
    page.page.set_viewport_size({"width": 1440, "height": 1000})


def test_the_dark_theme_draws_the_charts_anew(page):
    page.switch_theme()
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.js-plotly-plot')].every(e => e._fullLayout.paper_bgcolor !== '#ffffff')"
    )
    assert page.panel("The trade in its bars").locator(".trace").count() > 0


def test_a_file_that_cannot_be_read_is_told_and_the_page_recovers(page):
    turn = page.turn()
    damaged = page.field("Result").locator("option", has_text="damaged").first.inner_text()
    page.field("Result").select_option(damaged)
    page.after(turn)
    assert "damaged" in page.panel("The trade in its bars").locator(".iq-error").inner_text()
    assert "could not be read" in page.page.locator("#rendered_cells .iq-provenance").inner_text()
    turn = page.turn()
    page.field("Result").select_option("Sample run on the S&P 500")
    page.after(turn)
    assert page.page.locator(".iq-error").count() == 0
    assert place(page) == "1 of 59"
    # The run is the same one, so the note is beside its trade, whatever the file is called.
    assert "gap" in page.panel("By exit and by tag").inner_text()


def test_the_page_is_quiet(page):
    page.assert_quiet()
