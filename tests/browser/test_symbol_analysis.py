"""The symbol page in a real browser: it opens, draws, answers clicks, and reaches nothing outside."""

from __future__ import annotations

import time
import urllib.error
import urllib.request

import psutil
import pytest

pytestmark = pytest.mark.browser

# Told, not asserted tightly: a busy machine is slower. The page's own goal is 20 s cold.
LIMIT_S = 60


def panel(page, title):
    return page.locator(".iq-panel", has=page.locator("h2", has_text=title))


def field(page, label):
    return page.get_by_label(label, exact=True)


def press_run(visit):
    """Click, and wait until the page shows the turn that the click began."""
    turn = int(visit.page.locator(".iq-status").get_attribute("data-turn"))
    visit.page.get_by_role("button", name="Run").click()
    visit.page.wait_for_selector(f".iq-status[data-turn='{turn + 1}'][data-done='1']")
    visit.settle()


def status_of(url):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        with urllib.request.build_opener(Stay).open(url, timeout=20) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("Location", "")


@pytest.mark.parametrize("query", ["", "?token=wrong-wrong-wrong-wrong"])
def test_without_the_token_the_page_is_refused(server, query):
    status, place = status_of(server.address + query)
    assert (status, place.startswith("/login")) == (302, True)


@pytest.mark.parametrize("path", ["api/contents", "api/kernels", "voila/files/symbol_analysis.ipynb", "api/sessions"])
def test_nothing_of_jupyter_is_open_without_the_token(server, path):
    assert status_of(server.address + path)[0] in (302, 403, 404)


def test_the_browser_is_told_to_stay_on_this_machine(server):
    with urllib.request.urlopen(server.address + "login", timeout=20) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self' ws://127.0.0.1:* data: blob:;" in policy


def test_the_page_is_usable_in_time(visit, capsys):
    with capsys.disabled():
        print(f"\nsymbol page usable after {visit.usable_s:.1f} s")
    assert visit.usable_s < LIMIT_S


def test_no_panel_failed(visit):
    assert visit.page.locator(".iq-error").count() == 0


def test_both_charts_are_drawn(visit):
    for title in ("Price", "Backtest"):
        assert panel(visit.page, title).locator(".main-svg").first.is_visible()
        assert panel(visit.page, title).locator(".trace").count() > 0


def test_the_provenance_bar_and_the_watermark_are_on_the_page(visit):
    strip = visit.page.locator("#rendered_cells .iq-provenance").inner_text()
    for part in ("sample", "as traded", "2018-12-31 21:00 UTC", "no orders"):
        assert part in strip
    assert visit.page.locator("#rendered_cells .iq-watermark").inner_text() == "SAMPLE DATA"


def test_the_token_does_not_stay_in_the_address(visit):
    assert "token" not in visit.page.url


def test_the_keyboard_walks_the_controls_in_reading_order(visit):
    page = visit.page
    field(page, "Symbol").focus()
    walked = []
    for _ in range(8):
        page.keyboard.press("Tab")
        walked.append(
            page.evaluate(
                "() => document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText.trim()"
            )
        )
    # A date field is three stops (month, day, year) and a button of its own in Chromium.
    ordered = list(dict.fromkeys(walked))
    assert ordered[:2] == ["From", "To"]


def test_a_click_changes_the_backtest(visit):
    before = panel(visit.page, "Trades").inner_text()
    field(visit.page, "Entry window").fill("20")
    field(visit.page, "Exit window").fill("10")
    press_run(visit)
    assert panel(visit.page, "Trades").inner_text() != before
    assert visit.page.locator(".iq-error").count() == 0


def test_another_symbol_is_marked_as_what_it_is(visit):
    field(visit.page, "Symbol").fill("^IXIC")
    press_run(visit)
    assert "^IXIC" in visit.page.locator("#rendered_cells .iq-provenance").inner_text()


def test_an_edit_marks_the_page_as_old_and_enter_runs(visit):
    status = visit.page.locator(".iq-status")
    turn = int(status.get_attribute("data-turn"))
    symbol = field(visit.page, "Symbol")
    symbol.fill("")
    symbol.press_sequentially("^GSPC")
    visit.page.wait_for_selector(".iq-status.iq-pending")
    assert status.inner_text() == "● Inputs changed, press Run"
    symbol.press("Enter")
    visit.page.wait_for_selector(f".iq-status[data-turn='{turn + 1}'][data-done='1']")
    assert "^GSPC" in visit.page.locator("#rendered_cells .iq-provenance").inner_text()


def test_a_cost_that_cannot_be_used_stays_as_typed_and_is_told(visit):
    commission = field(visit.page, "Commission, bps")
    commission.fill("-5")
    press_run(visit)
    assert commission.input_value() == "-5"
    assert "was '-5'" in visit.page.locator(".iq-status").inner_text()
    commission.fill("10")


def test_parameters_that_make_no_sense_are_told_in_the_panel(visit):
    field(visit.page, "Strategy").select_option("Crossover")
    field(visit.page, "Fast").fill("60")
    field(visit.page, "Slow").fill("20")
    press_run(visit)
    message = panel(visit.page, "Backtest").locator(".iq-error")
    assert "fast" in message.inner_text()
    assert "Traceback" not in visit.page.content()
    status, cards = visit.page.locator(".iq-status"), visit.page.locator("#rendered_cells .iq-metric")
    visit.page.set_viewport_size({"width": 1440, "height": 900})
    assert status.inner_text().startswith("✕ Backtest failed: Crossover: fast must be below slow")
    for seen in (status, cards.nth(5)):
        box = seen.bounding_box()
        assert box["y"] + box["height"] < 900
    assert [cards.nth(i).locator(".iq-number").inner_text() for i in range(2, 6)] == ["n/a"] * 4
    # The analysis does not need the strategy and is still there.
    assert panel(visit.page, "Engine view").locator(".iq-score").is_visible()


def test_an_unknown_symbol_is_told_and_escaped(visit):
    field(visit.page, "Symbol").fill("<b>NONE</b>")
    press_run(visit)
    assert "<b>NONE</b>" in panel(visit.page, "Price").locator(".iq-error").inner_text()
    assert "<b>NONE</b>" in visit.page.locator("#rendered_cells .iq-provenance").inner_text()
    assert visit.page.locator("#rendered_cells .iq-watermark").count() == 0
    assert visit.page.locator(".iq-status").inner_text().startswith("✕ Failed: no offline data for")


def test_a_page_shorter_than_the_window_has_one_ground(visit):
    assert visit.page.evaluate(
        """() => {
            const ground = each => getComputedStyle(document.querySelector(each)).backgroundColor;
            return ground('#rendered_cells') === ground('#rendered_cells .iq-page');
        }"""
    )


def test_a_range_in_reverse_is_told(visit):
    field(visit.page, "Symbol").fill("^GSPC")
    field(visit.page, "From").fill("2018-06-01")
    field(visit.page, "To").fill("2018-01-01")
    press_run(visit)
    assert "2018-06-01" in panel(visit.page, "Price").locator(".iq-error").inner_text()


def test_the_page_recovers_from_an_error(visit):
    field(visit.page, "From").fill("2016-01-04")
    field(visit.page, "To").fill("2018-12-31")
    field(visit.page, "Fast").fill("20")
    field(visit.page, "Slow").fill("50")
    press_run(visit)
    assert visit.page.locator(".iq-error").count() == 0
    assert panel(visit.page, "Backtest").locator(".main-svg").first.is_visible()


@pytest.mark.parametrize("width", [1440, 1100])
def test_nothing_sticks_out_of_the_page(visit, width):
    visit.page.set_viewport_size({"width": width, "height": 1000})
    visit.page.wait_for_timeout(500)
    overflow = visit.page.evaluate(
        """() => [...document.querySelectorAll('#rendered_cells .iq-panel *')]
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .filter(e => !e.closest('.js-plotly-plot, .iq-scroll')).length"""
    )
    assert overflow == 0
    scrolled = visit.page.locator("#rendered_cells")
    assert scrolled.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_the_badges_stay_whole_on_a_telephone(visit):
    visit.page.set_viewport_size({"width": 390, "height": 844})
    badges = visit.page.locator("#rendered_cells .iq-badge")
    assert badges.all_inner_texts() == ["SAMPLE DATA", "RESEARCH"]
    for badge in badges.all():
        box = badge.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    visit.page.set_viewport_size({"width": 1440, "height": 1000})


def test_no_console_errors(visit):
    assert visit.complaints == []


def test_no_request_left_this_machine(visit):
    assert visit.outside == []


def test_a_page_that_is_closed_ends_its_kernel(visit, server):
    before = server.kernels()
    assert before
    # As a user does: plain close() and goto() skip what a page does when it is left.
    visit.page.close(run_before_unload=True)
    other = visit.page.context.new_page()
    deadline = time.monotonic() + 20
    while server.kernels() >= before and time.monotonic() < deadline:
        other.wait_for_timeout(200)  # a sleep would hold up the page's last request too
    # The page's own is gone; the one that waits for the next visitor stays.
    assert len(before - server.kernels()) == 1


def test_stopping_the_server_ends_every_kernel(server):
    kernels = server.kernels()
    assert server.stop() == 0
    assert not any(psutil.pid_exists(each) for each in kernels)
