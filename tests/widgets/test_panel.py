"""A panel shows exactly one of five states, escaped, and no failure leaves it blank."""

from __future__ import annotations

import logging

import ipywidgets as W
import pytest

from investiq.core.errors import ConfigError
from investiq.widgets.panel import ErrorBorder, Panel, Superseded


def text_of(panel: Panel) -> str:
    """Everything a reader sees of a panel that says something, as HTML."""
    return panel._head.value + panel._message.value


def test_a_new_panel_shows_a_skeleton():
    panel = Panel("Trades")
    assert panel.state == "loading"
    assert "iq-skeleton" in text_of(panel)


def test_content_replaces_the_skeleton():
    panel = Panel("Trades")
    table = W.HTML("<table></table>")
    panel.show(table, subtitle="12 trades")
    assert panel.state == "ok"
    assert panel._body.children == (table,)
    assert panel._message.value == ""
    assert "12 trades" in text_of(panel)


def test_html_is_shown_in_one_widget_however_often_it_changes():
    panel = Panel("Trades")
    panel.show("<p>first</p>")
    (place,) = panel._body.children
    panel.show("<p>second</p>")
    assert panel._body.children == (place,)
    assert place.value == "<p>second</p>"


def test_content_stays_dimmed_while_new_content_is_computed():
    panel = Panel("Trades")
    table = W.HTML("<table></table>")
    panel.show(table)
    panel.loading("Backtesting")
    assert panel.state == "loading"
    assert panel._body.children == (table,)
    assert "iq-stale" in panel._body._dom_classes
    assert "Backtesting" in text_of(panel)
    panel.show(table)
    assert "iq-stale" not in panel._body._dom_classes


def test_an_empty_panel_says_why():
    panel = Panel("Trades")
    panel.empty("The strategy made no trade in this range.")
    assert panel.state == "empty"
    assert "The strategy made no trade" in text_of(panel)


def test_what_is_not_available_names_the_reason():
    panel = Panel("Dividends")
    panel.not_available("sample data have none")
    assert panel.state == "not_available"
    assert "sample data have none" in text_of(panel)


def test_an_error_takes_the_place_of_older_content():
    panel = Panel("Backtest")
    panel.show(W.HTML("old"))
    panel.error("ConfigError", "fast must lie below slow", "1a2b3c4d")
    assert panel.state == "error"
    assert panel._body.children == ()
    for part in ("ConfigError", "fast must lie below slow", "1a2b3c4d", 'role="alert"'):
        assert part in text_of(panel)


@pytest.mark.parametrize("say", ["empty", "not_available"])
def test_texts_from_outside_are_escaped(say):
    panel = Panel("<b>title</b>")
    getattr(panel, say)("symbol <script>alert(1)</script>")
    assert "<script>" not in text_of(panel)
    assert "&lt;script&gt;" in text_of(panel)
    assert "<b>title" not in text_of(panel)


def test_error_messages_are_escaped():
    panel = Panel("Backtest")
    panel.error("DataError", "unknown symbol '<b>'", "1a2b3c4d")
    assert "'<b>'" not in text_of(panel)
    assert "&lt;b&gt;" in text_of(panel)


def test_progress_words_and_subtitles_are_escaped():
    panel = Panel("Backtest")
    panel.loading("Loading <b>")
    assert "Loading <b>" not in text_of(panel)
    panel.show(W.HTML("x"), subtitle="<i>")
    assert "<i>" not in text_of(panel)


def test_an_error_of_ours_shows_its_own_message():
    panel = Panel("Backtest")
    with ErrorBorder(panel) as border:
        raise ConfigError("fast must lie below slow, were 60 and 20")
    assert border.failed
    assert panel.state == "error"
    assert "fast must lie below slow, were 60 and 20" in text_of(panel)


def test_a_panel_keeps_what_was_wrong_without_what_to_do_until_its_next_state():
    panel = Panel("Backtest")
    panel.error("ConfigError", "fast must lie below slow, were 6.5 and 2; choose others. Or none.", "1a2b3c4d")
    assert panel.problem == "fast must lie below slow, were 6.5 and 2"
    panel.loading()
    assert panel.problem == ""


def test_an_unexpected_error_shows_no_trace_and_is_logged_under_the_run_id(caplog):
    panel = Panel("Backtest")
    with caplog.at_level(logging.ERROR, logger="investiq.widgets"), ErrorBorder(panel):
        raise ZeroDivisionError("secret detail")
    assert "ZeroDivisionError" in text_of(panel)
    assert "secret detail" not in text_of(panel)
    assert "Traceback" not in text_of(panel)
    (record,) = caplog.records
    assert record.run_id in text_of(panel)
    assert record.exc_info[0] is ZeroDivisionError


def test_panels_that_need_what_failed_leave_the_screen_until_their_next_state():
    chart, trades = Panel("Backtest"), Panel("Trades")
    with ErrorBorder(chart, [trades]):
        raise ConfigError("no")
    assert trades.state == "empty"
    assert "Backtest" in text_of(trades)
    assert "iq-silenced" in trades._dom_classes
    assert "iq-silenced" not in chart._dom_classes
    for change in (
        trades.loading,
        lambda: trades.show("5"),
        lambda: trades.empty("none"),
        lambda: trades.error("E", "no", "1"),
    ):
        trades.silence("Backtest")
        change()
        assert "iq-silenced" not in trades._dom_classes


def test_a_superseded_turn_passes_the_border_and_tells_nothing():
    panel = Panel("Backtest")
    with pytest.raises(Superseded), ErrorBorder(panel):
        raise Superseded
    assert panel.state == "loading"


def test_an_interrupt_passes_the_border():
    with pytest.raises(KeyboardInterrupt), ErrorBorder(Panel("Backtest")):
        raise KeyboardInterrupt


def test_success_leaves_the_panel_to_its_owner():
    panel = Panel("Backtest")
    with ErrorBorder(panel) as border:
        panel.empty("none")
    assert not border.failed
    assert panel.state == "empty"
