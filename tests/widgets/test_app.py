"""The base of every app: turns, cancelling, themes, the visitor's query, progress."""

from __future__ import annotations

import threading

import pytest

from investiq.core.errors import ConfigError
from investiq.core.facts import Fact
from investiq.widgets.app import App
from investiq.widgets.panel import Panel

TIMEOUT_S = 20.0


class Desk(App):
    """A page of one panel, whose work waits until it is told to go on."""

    name = "desk"
    title = "Desk"

    def __init__(self):
        self.numbers = Panel("Numbers")
        self.drawn, self.opened = [], []
        self.reached, self.go_on = threading.Event(), threading.Event()
        super().__init__([self.numbers], (self.numbers,))

    def open(self, turn):
        self.opened.append(dict(self.query))
        turn.present(lambda: self.numbers.show("first"))

    def redraw(self):
        self.drawn.append(self.theme)

    def slow(self, turn):
        self.progress(turn, "Counting", self.numbers, done=3, total=12)
        self.reached.set()
        self.go_on.wait(TIMEOUT_S)
        turn.present(lambda: self.numbers.show("second"))
        self.finish(turn, 0.0)


@pytest.fixture
def desk():
    made = Desk()
    made.wait(TIMEOUT_S)
    yield made
    made.go_on.set()
    made.wait(TIMEOUT_S)


def content(panel):
    return panel.children[2].children[0].value


def test_a_theme_switch_leaves_the_work_under_way_alone_and_draws_after_it(desk):
    desk.start(desk.slow)
    desk.reached.wait(TIMEOUT_S)
    desk.switch_theme()
    assert desk.drawn == []
    desk.go_on.set()
    desk.wait(TIMEOUT_S)
    assert content(desk.numbers) == "second"
    assert desk.drawn == ["dark"]
    assert "iq-dark" in desk._dom_classes


def test_two_switches_lead_back_to_light(desk):
    desk.switch_theme()
    desk.switch_theme()
    desk.wait(TIMEOUT_S)
    assert desk.drawn[-1] == desk.theme == "light"
    assert "iq-dark" not in desk._dom_classes


def test_a_figure_that_cannot_be_redrawn_is_told(desk):
    def fail():
        raise ConfigError("no such colour; choose another")

    desk.redraw = fail
    desk.switch_theme()
    desk.wait(TIMEOUT_S)
    assert desk.settings.problem == "no such colour"


def test_cancel_keeps_what_the_page_showed_and_says_so(desk):
    desk.start(desk.slow)
    desk.reached.wait(TIMEOUT_S)
    assert desk.numbers.state == "loading"
    desk.status.cancel.click()
    assert (desk.numbers.state, desk.status.words) == ("ok", "Cancelled")
    desk.go_on.set()
    desk.wait(TIMEOUT_S)
    assert content(desk.numbers) == "first"
    assert "cancelled, content as before" in desk.numbers.children[0].value
    assert "iq-stale" not in desk.numbers.children[2]._dom_classes


def test_a_panel_that_never_had_content_says_that_it_was_cancelled(desk):
    empty = Panel("Later")
    empty.cancelled()
    assert empty.state == "empty"
    assert "Cancelled." in empty.children[1].value


def test_a_panel_that_told_its_result_is_not_touched_by_cancel():
    told = Panel("Told")
    told.not_available("no key")
    told.cancelled()
    assert told.state == "not_available"


def test_cancel_is_there_while_something_works_and_gone_after(desk):
    desk.start(desk.slow)
    desk.reached.wait(TIMEOUT_S)
    assert desk.status.cancel in desk.status.children
    desk.go_on.set()
    desk.wait(TIMEOUT_S)
    assert desk.status.cancel not in desk.status.children


def test_the_bar_shows_the_share_of_the_work(desk):
    desk.start(desk.slow)
    desk.reached.wait(TIMEOUT_S)
    # 3 of 12.
    assert '<progress max="1" value="0.2500"' in desk.status.value


def test_a_visitor_who_brings_a_query_is_answered_with_it(desk):
    desk._on_visit({"symbol": "SYN001"})
    desk.wait(TIMEOUT_S)
    assert desk.opened == [{}, {"symbol": "SYN001"}]


def test_a_visitor_who_brings_a_theme_alone_starts_no_work_but_a_redraw(desk):
    desk._on_visit({"iq_theme": "dark"})
    desk.wait(TIMEOUT_S)
    assert (desk.opened, desk.drawn, desk.query) == ([{}], ["dark"], {})


def test_a_kernel_started_for_a_request_opens_with_its_query(monkeypatch):
    monkeypatch.setenv("INVESTIQ_SERVED_APPS", "desk")
    monkeypatch.delenv("VOILA_PREHEAT", raising=False)
    monkeypatch.setenv("QUERY_STRING", "symbol=%5EGSPC&iq_theme=dark")
    made = Desk()
    made.wait(TIMEOUT_S)
    assert (made.opened, made.theme) == ([{"symbol": "^GSPC"}], "dark")


def test_the_origin_of_the_data_and_their_watermark_stand_at_the_top(desk):
    desk.state_origin([Fact("Provider", "<sample>")], "SAMPLE")
    assert "&lt;sample&gt;" in desk._provenance.value
    assert "SAMPLE DATA" in desk._header.value
