"""The index of reports as a browser shows it, served with its token."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from investiq.reporting.index import found_reports, write_index
from investiq.reporting.run_history import begin_run, finish_run
from investiq.server.reports import ReportServer

pytestmark = pytest.mark.browser


def write_report(folder, template, subject, title, day):
    place = folder / template / day
    place.mkdir(parents=True)
    about = {
        "format": "investiq-report", "title": title, "template": template, "subject": subject,
        "as_of": f"{day}T21:00:00+00:00", "summary": ["It rose."], "watermark": "SAMPLE",
    }  # fmt: skip
    (place / "page.json").write_text(json.dumps(about))
    (place / "page.html").write_text(f"<!doctype html><title>{title}</title><h1>{title}</h1>")


@pytest.fixture(scope="module")
def visit(chromium, tmp_path_factory):
    """A served folder of two reports and a failed run; the page, what it asked for and what it complained of."""
    root = tmp_path_factory.mktemp("index")
    folder = root / "reports"
    write_report(folder, "daily_close", "sample indices", "Close of <31> December", "2018-12-31")
    write_report(folder, "symbol_analysis", "^GSPC", "S&P 500", "2018-12-28")
    half = folder / "daily_close" / ".making-1"
    half.mkdir()
    (half / "page.json").write_text((folder / "daily_close" / "2018-12-31" / "page.json").read_text())
    (half / "page.html").write_text("half")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVESTIQ_DATA_DIR", str(root / "data"))
        began = datetime(2019, 1, 2, 21, 30, tzinfo=UTC)
        run = begin_run("market_overview", {}, started_at=began, schedule="morning", due_at=began)
        finish_run(replace(run, status="failed", finished_at=began, reason="cell 4 of 9 failed", failed_cell=4))
        write_index(folder)
        server = ReportServer(folder, 0)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page = context.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        refused = page.goto(f"http://127.0.0.1:{server.server_port}/").status
        page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.url)
        page.wait_for_load_state("load")
        yield {"page": page, "asked": asked, "complaints": complaints, "refused": refused, "server": server, "folder": folder}  # fmt: skip
        context.close()
        server.shutdown()
        server.server_close()


def cards(page):
    return page.locator(".card:visible b").all_inner_texts()


def test_a_visit_without_the_token_is_refused_and_one_with_it_hides_it(visit):
    assert visit["refused"] == 401
    assert visit["page"].url == f"http://127.0.0.1:{visit['server'].server_port}/"


def test_each_report_has_a_card_with_its_picture_and_what_is_half_done_has_none(visit):
    page = visit["page"]
    assert cards(page) == ["Close of <31> December", "S&P 500"]
    loaded = "images => Promise.all(images.map(image => image.decode().then(() => image.naturalWidth)))"
    widths = page.eval_on_selector_all(".card img", loaded)
    assert len(widths) == 2
    assert all(width >= 360 for width in widths)
    assert len(found_reports(visit["folder"])) == 2


def test_the_search_hides_what_does_not_fit_and_says_when_nothing_does(visit):
    page = visit["page"]
    search = page.get_by_label("Search reports")
    search.fill("gspc 2018-12-28")
    assert cards(page) == ["S&P 500"]
    search.fill("failed")
    assert cards(page) == []
    assert page.locator("tbody tr:visible").count() == 1
    search.fill("no such report")
    assert page.get_by_text("Nothing fits the search.").is_visible()
    search.fill("")
    assert len(cards(page)) == 2


def test_a_failed_run_is_marked_by_a_sign_a_word_and_its_reason(visit):
    row = visit["page"].locator("tr", has_text="morning")
    assert "▲" in row.locator("td.bad").inner_text()
    assert "cell 4 of 9 failed" in row.inner_text()


def test_the_page_is_dark_where_the_machine_is(visit):
    page = visit["page"]
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    # #11161d
    assert (light, page.evaluate(colour)) == ("rgb(246, 247, 249)", "rgb(17, 22, 29)")
    page.emulate_media(color_scheme="light")


def test_a_card_leads_to_its_page_and_nothing_was_asked_elsewhere_or_complained_of(visit):
    page = visit["page"]
    page.get_by_text("S&P 500").click()
    page.wait_for_selector("h1")
    assert page.title() == "S&P 500"
    home = f"http://127.0.0.1:{visit['server'].server_port}/"
    assert [url for url in visit["asked"] if not url.startswith(home)] == []
    assert [text for text in visit["complaints"] if "401" not in text and "404" not in text] == []  # refused; no icon
