"""The backtest lab in a real browser: each section draws, each control changes what it should, nothing leaves."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab(visit_app):
    """The page, usable; shared by the tests of this module in their order."""
    return visit_app("backtest_lab")


def open_tab(lab, title):
    lab.page.get_by_role("tab", name=title, exact=True).click()
    lab.page.wait_for_function(
        "title => document.querySelector('[role=tab][aria-selected=true]')?.innerText.trim() === title", arg=title
    )
    # The kernel hears of the tab a moment later; until then the section says that it waits.
    lab.page.wait_for_function(
        """() => [...document.querySelectorAll('#rendered_cells .iq-message')].every(
            each => !each.offsetParent || !each.innerText.includes('It is computed when'))"""
    )
    lab.settle()


def card(lab, name):
    shown = lab.page.locator("#rendered_cells .iq-metric:visible", has=lab.page.locator(".iq-name", has_text=name))
    return shown.first.locator(".iq-number").inner_text()


def points(lab, title):
    """How many traces the chart of a panel draws."""
    chart = lab.panel(title).locator(".js-plotly-plot:visible").last
    chart.wait_for()
    return chart.locator(".trace, .heatmaplayer image, .hm").count()


def test_the_run_draws_with_its_numbers(lab):
    assert lab.page.locator(".iq-error").count() == 0
    assert points(lab, "Equity and drawdown") >= 4
    assert re.fullmatch(r"-?\d+\.\d\d %", card(lab, "Total return"))
    assert "SAMPLE DATA" in lab.page.locator(".iq-watermark:visible").inner_text()
    assert "Deflated Sharpe ratio" in lab.panel("Trials and luck").inner_text()


def test_a_stop_and_another_symbol_change_the_run(lab):
    before = card(lab, "Total return")
    lab.field("Stop, %").fill("2")
    lab.field("Target, %").fill("4")
    lab.press()
    stopped = card(lab, "Total return")
    lab.field("Symbol").fill("^IXIC")
    lab.press()
    assert len({before, stopped, card(lab, "Total return")}) == 3
    assert "^IXIC" in lab.page.locator("#rendered_cells .iq-provenance").inner_text()
    lab.field("Symbol").fill("^GSPC")
    lab.press()
    assert card(lab, "Total return") == stopped


def test_the_bracket_draws_its_readings(lab):
    open_tab(lab, "Fill bracket")
    # Two answers to each of three questions.
    assert lab.panel("Readings").locator("tbody tr").count() == 8
    assert lab.panel("Total return under each reading").locator(".point").count() == 8


def test_monte_carlo_draws_and_takes_its_ruin(lab):
    open_tab(lab, "Monte Carlo")
    assert points(lab, "Accounts it could have had") > 0
    before = card(lab, "Probability of ruin")
    lab.field("Paths").fill("200")
    lab.field("Ruin at a loss of, %").fill("1")
    lab.press("Simulate")
    assert card(lab, "Probability of ruin") != before


def test_a_sweep_maps_its_cells_and_a_click_opens_one(lab):
    open_tab(lab, "Sweep")
    first, second = (lab.page.get_by_label(f"Values of the {each}", exact=True).first for each in ("first", "second"))
    first.fill("30:60:10")
    second.fill("10, 20, 30")
    edge = "each => { const look = getComputedStyle(each); return [look.borderTopStyle, look.borderTopWidth]; }"
    assert lab.page.get_by_role("button", name="Estimate", exact=True).evaluate(edge) == ["solid", "1px"]
    lab.press("Run sweep")
    assert card(lab, "Cells") == "12"
    assert "Probability of backtest overfitting" in lab.panel("Is the best cell luck?").inner_text()
    assert lab.panel("Best cells").locator("option").count() == 12
    title = lab.panel("One cell in full").locator(".iq-sub")
    best = title.inner_text()
    turn = lab.turn()
    lab.panel("Best cells").locator("select").select_option(index=11)
    lab.after(turn)
    expect(title).not_to_have_text(best, timeout=30_000)
    chart = lab.panel("All cells").locator(".js-plotly-plot .nsewdrag").first
    chart.scroll_into_view_if_needed()
    label = lab.panel("All cells").locator(".hoverlayer .hovertext").first
    for _ in range(5):
        # A page that still grows moves the map; plotly knows a click by the label that it showed before.
        box = chart.bounding_box()
        # The lowest row is the first value of the first parameter, the left column that of the second.
        x, y = box["x"] + 24, box["y"] + box["height"] - 16
        lab.page.mouse.move(x + 60, y - 40)
        lab.page.mouse.move(x, y, steps=4)
        label.wait_for()
        lab.page.mouse.click(x, y)
        try:
            expect(title).to_contain_text("entry_window 30, exit_window 10", timeout=10_000)
        except AssertionError:
            continue
        break
    expect(title).to_contain_text("entry_window 30, exit_window 10", timeout=10_000)


def test_a_walk_forward_draws_its_folds(lab):
    open_tab(lab, "Walk-forward")
    lab.field("Folds").fill("4")
    lab.press("Run walk-forward")
    assert lab.panel("Folds").locator("tbody tr").count() == 4
    assert points(lab, "Out of sample, end to end") > 0
    assert card(lab, "Walk-forward efficiency")


def test_the_trades_can_be_saved_and_taken_away(lab):
    open_tab(lab, "Trades")
    rows = lab.panel("Round trips").locator("tbody tr").count()
    assert rows > 0
    with lab.page.expect_download() as taken:
        lab.page.get_by_role("button", name="Trades (CSV)").click()
    with open(taken.value.path(), encoding="utf-8") as file:
        assert len(file.readlines()) == rows + 1
    lab.page.get_by_role("button", name="Save result").click()
    said = lab.page.locator(".iq-lab-said")
    said.get_by_text("Saved as").wait_for()
    assert "trade_review?result=" in said.locator("a").get_attribute("href")


def test_a_value_that_cannot_be_used_stays_as_typed_and_is_told(lab):
    open_tab(lab, "Run")
    weight = lab.field("Weight, %")
    weight.fill("150")
    lab.press()
    assert weight.input_value() == "150"
    assert "was '150'" in lab.page.locator(".iq-problem").inner_text()
    assert "was '150'" in lab.page.locator(".iq-status-line").first.inner_text()
    weight.fill("100")
    lab.press()
    assert lab.page.locator(".iq-error").count() == 0
    assert points(lab, "Equity and drawdown") >= 4


def test_another_strategy_brings_its_own_fields(lab):
    lab.field("Strategy").select_option("Crossover")
    lab.field("Fast").fill("60")
    lab.field("Slow").fill("20")
    lab.page.locator(".iq-problem").wait_for()
    assert "fast must be below slow" in lab.page.locator(".iq-problem").inner_text()
    lab.field("Fast").fill("10")
    lab.press()
    assert "Crossover (fast 10, slow 20)" in lab.panel("Equity and drawdown").inner_text()


def test_the_keyboard_reaches_the_sections(lab):
    tab = lab.page.get_by_role("tab", name="Run", exact=True)
    tab.focus()
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("Enter")
    assert lab.page.get_by_role("tab", name="Sweep", exact=True).get_attribute("aria-selected") == "true"
    open_tab(lab, "Run")


def test_dark_redraws_the_open_section(lab):
    # Of the first figure that is seen: those of other sections wait until they are opened.
    background = """() => getComputedStyle([...document.querySelectorAll('.js-plotly-plot .main-svg')]
        .find(each => each.getClientRects().length)).backgroundColor"""
    light = lab.page.evaluate(background)
    lab.switch_theme()
    lab.page.wait_for_function(f"light => ({background})() !== light", arg=light)
    assert points(lab, "Equity and drawdown") >= 4
    lab.switch_theme()


@pytest.mark.parametrize("width", [1440, 900])
def test_nothing_sticks_out(lab, width):
    lab.page.set_viewport_size({"width": width, "height": 1000})
    lab.page.wait_for_function(
        "width => document.querySelector('.js-plotly-plot .main-svg').clientWidth < width", arg=width
    )
    assert lab.sticks_out() == 0


def test_the_page_was_quiet(lab):
    lab.assert_quiet()
