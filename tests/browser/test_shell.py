"""The shell of all pages in a real browser: navigation, themes, keyboard, downloads of nothing, one kernel a page."""

from __future__ import annotations

import time
import urllib.error
import urllib.request

import psutil
import pytest

pytestmark = pytest.mark.browser

LIMIT_S = 120


@pytest.fixture(scope="module")
def home(visit_app):
    """The first page, shared by the tests in their order."""
    return visit_app("")


def answer(url, **headers):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=LIMIT_S) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as reply:
        return reply.code, reply.read().decode()


@pytest.mark.parametrize("page", ["", "symbol_analysis", "no_such_page"])
@pytest.mark.parametrize("query", ["", "?token=wrong-wrong-wrong-wrong"])
def test_without_the_token_every_page_is_refused(server, page, query):
    assert answer(server.address + page + query)[0] == 302


@pytest.mark.parametrize(
    "path",
    ["no_such_page", "home.ipynb", "voila/tree", "voila/api/contents/", "voila/files/home.ipynb", "api/contents"],
)
def test_what_is_no_page_is_told_plainly_and_lists_nothing(server, path):
    token = server.url.partition("token=")[2]
    status, text = answer(server.address + path, Authorization=f"token {token}")
    assert status == 404
    assert "There is no page at this address" in text
    assert ".ipynb" not in text
    assert token not in text


def test_a_page_opens_although_the_kernel_that_waited_for_it_was_killed(server, request):
    deadline = time.monotonic() + LIMIT_S
    while not server.kernels() and time.monotonic() < deadline:
        time.sleep(0.1)
    for kernel in server.kernels():
        psutil.Process(kernel).kill()
    home = request.getfixturevalue("home")
    assert home.page.locator(".iq-page-card").count() > 0


def test_the_links_lead_to_every_app_and_mark_the_present_page(home):
    from investiq.widgets.serving import apps

    links = home.page.locator("#rendered_cells .iq-nav a")
    assert {link.get_attribute("href").strip("/") or "home" for link in links.all()} == set(apps())
    assert home.page.locator(".iq-nav a[aria-current=page]").all_inner_texts() == ["Home"]


def test_the_first_page_names_the_data_the_keys_and_a_card_for_each_app(home):
    from investiq.widgets.serving import apps

    assert "synthetic" in home.panel("Data").inner_text()
    assert "not set" in home.panel("Keys").inner_text()
    assert home.page.locator(".iq-page-card").count() == len(apps()) - 1
    assert home.page.locator(".iq-error").count() == 0


def test_the_keyboard_begins_at_a_link_past_the_navigation(home):
    page = home.page
    page.locator("body").press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the content"
    assert page.locator(".iq-skip").first.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "symbol"


def test_what_has_the_focus_is_outlined(home):
    width = home.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert width >= 2


def test_headings_go_from_the_page_to_its_panels(home):
    levels = home.page.locator("#rendered_cells :is(h1, h2, h3, h4)").evaluate_all(
        "all => all.map(each => each.tagName)"
    )
    assert levels[0] == "H1"
    assert set(levels[1:]) == {"H2"}


@pytest.mark.parametrize("width", [1440, 900])
def test_nothing_sticks_out_of_the_first_page(home, width):
    home.page.set_viewport_size({"width": width, "height": 900})
    assert home.sticks_out() == 0
    badge, switch = (
        home.page.locator(f"#rendered_cells {each}").last.bounding_box() for each in (".iq-badge", ".iq-switch")
    )
    assert switch["x"] - (badge["x"] + badge["width"]) >= 8


def test_the_theme_is_switched_and_is_there_at_the_next_first_paint(home):
    assert not home.is_dark()
    home.switch_theme()
    assert home.is_dark()
    surface = "getComputedStyle(document.querySelector('.iq-panel')).backgroundColor"
    dark = home.page.evaluate(surface)
    home.page.reload(wait_until="commit")
    home.page.wait_for_selector("#loading .iq-panel", state="attached")
    assert home.is_dark()
    home.settle()
    assert home.page.evaluate(surface) == dark
    # The kernel knows as well: the switch offers the other theme.
    assert "Light" in home.page.locator(".iq-switch").inner_text()
    home.switch_theme()
    assert not home.is_dark()


def test_another_visitor_has_a_theme_and_a_kernel_of_their_own(home, visit_app, server):
    home.switch_theme()
    other = visit_app("")
    assert home.is_dark()
    assert not other.is_dark()
    page_config = "JSON.parse(document.querySelector('#jupyter-config-data').textContent).kernelId"
    assert home.page.evaluate(page_config) != other.page.evaluate(page_config)
    home.switch_theme()


def test_the_search_opens_the_symbol_page_with_the_symbol_in_its_address(home):
    home.page.set_viewport_size({"width": 1440, "height": 900})
    home.page.locator("input[name=symbol]").fill("SYN001")
    home.page.get_by_role("button", name="Analyze").click()
    home.page.wait_for_url("**/symbol_analysis?symbol=SYN001")
    home.page.wait_for_function(
        "document.querySelector('#rendered_cells .iq-provenance')?.innerText.includes('SYN001')", timeout=LIMIT_S * 1000
    )
    home.settle()


def test_figures_are_redrawn_in_the_theme_from_the_results_at_hand(home):
    home.page.wait_for_selector("#rendered_cells .main-svg")
    ink = """() => [...document.querySelectorAll('#rendered_cells .js-plotly-plot')].map(each => each._fullLayout.font.color)"""
    light, turn = home.page.evaluate(ink), home.turn()
    home.switch_theme()
    home.page.wait_for_function(
        "before => { const now = ("
        + ink
        + ")(); return now.length >= before.length && now.every(each => each !== before[0]); }",
        arg=light,
        timeout=LIMIT_S * 1000,
    )
    assert home.turn() == turn
    home.switch_theme()


def test_a_page_that_is_left_ends_its_kernel(home, server):
    page_config = "JSON.parse(document.querySelector('#jupyter-config-data').textContent).kernelId"
    kernel = home.page.evaluate(page_config)
    token = server.url.partition("token=")[2]
    home.page.locator(".iq-nav a", has_text="Home").first.click()
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if answer(f"{server.address}api/kernels/{kernel}", Authorization=f"token {token}")[0] == 404:
            break
        home.page.wait_for_timeout(200)
    assert answer(f"{server.address}api/kernels/{kernel}", Authorization=f"token {token}")[0] == 404
    home.settle()


def test_the_pages_are_quiet(home):
    home.assert_quiet()
