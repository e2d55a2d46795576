"""The symbol page as a tree of widgets, without a browser."""

from __future__ import annotations

import threading
from datetime import date
from html import escape

import ipywidgets as W
import pytest
from ipywidgets.widgets import widget as widget_registry

import investiq as iq
from investiq.widgets.symbol_analysis import SymbolAnalysis
from investiq.widgets.symbol_search import SymbolSearch

OF_A_COMPANY = {"news", "news_velocity", "earnings", "dividends", "options", "short_interest", "insiders"}


def texts(widget):
    """All HTML below `widget`, joined."""
    own = widget.value if isinstance(widget, W.HTML) else ""
    return own + "".join(texts(each) for each in getattr(widget, "children", ()))


def states(app):
    return {panel.title: panel.state for panel in app.panels}


def show(app, symbol, years=2, as_of=None):
    """Set the controls, press the button as a click does, and wait."""
    app.search.field.value, app.years.value, app.as_of.value = symbol, years, as_of
    app.button.click()
    app.wait()


@pytest.fixture(scope="module")
def shared():
    """One page for all tests; each says which symbol it is about."""
    app = SymbolAnalysis("^GSPC")
    app.wait()
    return app


def test_an_index_has_its_own_panels_and_says_why_the_others_are_not_available(shared):
    show(shared, "^GSPC")
    found = {name: piece.panel.state for name, piece in shared.pieces.items()}
    assert {name for name, state in found.items() if state == "not_available"} == OF_A_COMPANY
    assert set(found.values()) == {"ok", "not_available"}
    for name in OF_A_COMPANY:
        assert "the sample holds indices, which have none" in texts(shared.pieces[name].panel)


def test_every_panel_of_a_company_is_filled(shared):
    show(shared, "SYN001")
    found = {name: piece.panel.state for name, piece in shared.pieces.items() if name != "notes"}
    assert set(found.values()) == {"ok"}
    assert "SYNTHETIC DATA" in texts(shared)
    assert "SAMPLE DATA" not in texts(shared)


def test_the_page_states_provenance_and_watermark(shared):
    show(shared, "^GSPC")
    for part in ("SAMPLE DATA", "as traded", "2018-12-31 21:00 UTC", "no orders"):
        assert part in texts(shared)


def test_the_page_shows_the_same_score_as_analyze(shared):
    show(shared, "^GSPC")
    analysis = iq.analyze(shared.analysis.bars)
    assert f'<span class="iq-score">{analysis.score:+.1f}</span>' in texts(shared.pieces["signal"].panel)


def test_the_past_is_counted_in_calendar_years_from_the_last_bar(shared):
    show(shared, "^GSPC", years=2)
    # The sample ends on 2018-12-31; 2016-12-31 was a Saturday, so the first session is 2017-01-03.
    assert str(shared.analysis.bars.ts[0])[:10] == "2017-01-03"


def test_nothing_after_the_day_of_knowledge_is_seen(shared):
    show(shared, "^GSPC", as_of=date(2015, 8, 24))
    assert str(shared.analysis.bars.ts[-1])[:10] == "2015-08-24"
    assert "2015-08-24 20:00 UTC" in texts(shared._provenance)
    show(shared, "^GSPC", as_of=date(1990, 1, 1))
    assert "no bar was known on 1990-01-01; the first bar is of 1999-01-04" in texts(shared)


def test_confidence_is_called_raw_and_no_calibration_is_claimed(shared):
    show(shared, "SYN001")
    words = texts(shared.pieces["confidence"].panel)
    assert "Calibrated probability: not available" in words
    assert f"on {len(shared.analysis.bars):,} bars" in words


def test_an_unknown_symbol_is_told_and_escaped_and_leaves_no_passport(shared):
    show(shared, "<b>none</b>")
    assert states(shared)["Price, RSI, MACD and score"] == "error"
    assert "<B>NONE</B>" not in texts(shared)
    assert escape("<B>NONE</B>") in texts(shared)
    assert "loading" not in states(shared).values()
    assert "none: no offline data for" in texts(shared._provenance)
    assert "SAMPLE DATA" not in texts(shared)
    assert shared.status.words.startswith("Price, RSI, MACD and score failed: no offline data for")


def test_a_symbol_seen_before_is_not_computed_again(shared):
    show(shared, "^GSPC")
    show(shared, "SYN001")
    before = shared.session.computed
    show(shared, "^GSPC")
    assert shared.session.computed == before
    show(shared, "^GSPC", as_of=date(2017, 6, 1))
    assert shared.session.computed == before + 1


def test_an_edit_says_that_the_page_is_old_until_it_is_taken_back(shared):
    show(shared, "^GSPC")
    done = shared.status.value
    shared.years.value = 10
    assert "Inputs changed" in texts(shared)
    shared.years.value = 2
    assert shared.status.value == done


def test_enter_in_the_symbol_field_runs(shared):
    shared.search.field.value = "^IXIC"
    shared.search.field._handle_custom_msg({"event": "submit"}, [])  # what the browser sends for the key
    shared.wait()
    assert "^IXIC, 1d" in texts(shared)


def test_a_line_of_the_list_is_taken_as_its_symbol_and_runs(shared):
    show(shared, "^GSPC")
    line = next(each for each in shared.search.field.options if each.startswith("SYN001"))
    shared.search.field.value = line
    shared.wait()
    assert shared.search.field.value == "SYN001"
    assert shared.analysis.symbol == "SYN001"


def test_symbols_of_before_are_buttons_that_show_them_again(shared):
    show(shared, "SYN001")
    show(shared, "^GSPC")
    newest, other = shared.search._buttons.children[:2]
    assert (newest.description, other.description) == ("^GSPC", "SYN001")
    other.click()
    shared.wait()
    assert shared.analysis.symbol == "SYN001"


def test_a_name_is_searched_and_a_miss_is_told():
    search = SymbolSearch("", lambda: None)
    search.search("nasdaq comp")
    assert search.field.options[0] == "^IXIC — Nasdaq Composite index"
    search.search("zzzzzz")
    assert "no symbol matches" in search.hint.value


def test_overlays_change_the_price_alone_and_trades_are_off_at_first(shared):
    show(shared, "^GSPC")
    assert not shared.overlays["trades"].value

    def names():
        return {trace["name"] for trace in shared.pieces["price"]._figure.outputs[0]["data"][MIME]["data"]}

    others = shared.pieces["longer"]._figure.outputs
    assert "SMA 50" in names()
    shared.overlays["averages"].value = False
    shared.overlays["ichimoku"].value = True
    shared.wait()
    assert "SMA 50" not in names()
    assert "Ichimoku cloud" in names()
    assert shared.pieces["longer"]._figure.outputs is others
    shared.overlays["averages"].value = True
    shared.overlays["ichimoku"].value = False
    shared.wait()


MIME = "application/vnd.plotly.v1+json"


def test_figures_follow_the_theme(shared):
    show(shared, "SYN001")

    def ground():
        content = shared.pieces["earnings"]._figure.outputs[0]["data"][MIME]
        return content["layout"]["template"]["layout"]["paper_bgcolor"]

    assert ground() == "#ffffff"
    shared.switch_theme()
    shared.wait()
    assert ground() == "#131a22"
    shared.switch_theme()
    shared.wait()


def test_more_runs_make_no_more_widgets(shared):
    for symbol in ("SYN001", "^GSPC"):
        show(shared, symbol)
    before = len(widget_registry._instances)
    for symbol in ("SYN001", "^GSPC"):
        show(shared, symbol)
    assert len(widget_registry._instances) == before


def test_a_newer_click_drops_what_the_older_one_still_computes(shared, monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    load = iq.load_bars

    def slowly(symbol, *rest):
        if symbol == "^IXIC":
            started.set()
            go_on.wait(10)
        return load(symbol, *rest)

    monkeypatch.setattr(iq, "load_bars", slowly)
    shared.search.field.value = "^IXIC"
    shared.button.click()
    assert set(states(shared).values()) == {"loading"}
    started.wait(10)
    shared.search.field.value = "^GSPC"
    shared.button.click()
    go_on.set()
    shared.wait()
    assert "^GSPC, 1d" in texts(shared)
    assert "^IXIC, 1d" not in texts(shared)


def test_the_first_paint_shows_skeletons_before_any_engine_is_loaded(monkeypatch):
    go_on = threading.Event()
    known = iq.list_symbols
    monkeypatch.setattr(iq, "list_symbols", lambda: go_on.wait(10) and known())
    page = SymbolAnalysis("^IXIC")
    assert set(states(page).values()) == {"loading"}
    assert "iq-skeleton" in texts(page)
    page.cancel()
    go_on.set()
    page.wait()


def test_a_failure_at_the_start_is_told_and_leaves_no_blank(monkeypatch):
    def fail():
        raise iq.InvestIQError("the data folder cannot be read")

    monkeypatch.setattr(iq, "list_symbols", fail)
    page = SymbolAnalysis()
    page.wait()
    assert page.settings.state == "error"
    assert "the data folder cannot be read" in texts(page.settings)
    assert set(states(page).values()) == {"empty"}
