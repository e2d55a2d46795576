"""The symbol page as a tree of widgets, without a browser."""

from __future__ import annotations

import threading
from datetime import date

import ipywidgets as W
import pytest
from ipywidgets.widgets import widget as widget_registry

import investiq as iq
from investiq.widgets.symbol_analysis import SymbolAnalysis


def texts(widget):
    """All HTML below `widget`, joined."""
    own = widget.value if isinstance(widget, W.HTML) else ""
    return own + "".join(texts(each) for each in getattr(widget, "children", ()))


def states(app):
    return {panel.title: panel.state for panel in app.panels}


def press_run(app, **values):
    """Set controls by name, press Run as a click does, and wait."""
    for name, value in values.items():
        field = getattr(app, name, None) or app._controls.fields[name]
        field.value = value
    app.button.click()
    app.wait()


@pytest.fixture(scope="module")
def shared():
    """One page for the tests that leave it as they found it, in their order."""
    app = SymbolAnalysis("^GSPC")
    app.wait()
    return app


@pytest.fixture
def app(shared):
    yield shared
    shared._controls.choice.value = "Breakout"
    press_run(shared, symbol="^GSPC", start=date(2014, 1, 2), end=date(2018, 12, 31), entry_window=55, exit_window=20)


def test_every_panel_has_its_content(shared):
    assert set(states(shared).values()) == {"ok"}


def test_the_page_states_provenance_and_watermark(shared):
    page = texts(shared)
    for part in ("SAMPLE DATA", "as traded", "2018-12-31 21:00 UTC", "1,258 bars", "no orders"):
        assert part in page


def test_the_page_shows_the_same_score_as_analyze(shared):
    score = iq.analyze(iq.load_bars("^GSPC", start="2014-01-02", end="2018-12-31")).signal.score
    assert f'<span class="iq-score">{score:+.1f}</span>' in texts(shared.view)


def test_the_page_shows_the_same_trades_as_backtest(shared):
    bars = iq.load_bars("^GSPC", start="2014-01-02", end="2018-12-31")
    costs = iq.Costs(commission_rate=0.001, slippage_bps=5)
    result = iq.backtest(iq.strategies.Breakout(), bars, costs=costs, weight=1.0, lot=None)
    assert texts(shared.trades).count("<tr>") == 1 + len(result.trades)


def test_every_symbol_with_bars_is_offered(shared):
    assert {"^GSPC", "^IXIC", "SYN001"} <= set(shared.symbol.options)
    assert "^VIX" not in shared.symbol.options


def test_costs_and_conventions_stand_beside_the_numbers(shared):
    assert "10 bps commission, 5 bps slippage" in texts(shared.performance)
    assert "periods a year" in texts(shared.performance)


def test_windows_that_make_no_sense_are_told_and_the_analysis_stays(app):
    app._controls.choice.value = "Crossover"
    press_run(app, fast=60, slow=20)
    assert states(app)["Backtest"] == "error"
    assert "fast must be below slow" in texts(app.backtest)
    assert states(app)["Performance"] == states(app)["Trades"] == "empty"
    assert states(app)["Technical view"] == states(app)["Price, indicators and score"] == "ok"
    assert "Traceback" not in texts(app)


def test_an_unknown_symbol_is_told_and_escaped(app):
    press_run(app, symbol="<b>NONE</b>")
    assert states(app)["Price, indicators and score"] == "error"
    assert "&lt;b&gt;NONE&lt;/b&gt;" in texts(app.chart)
    assert "<b>NONE" not in texts(app)
    assert "loading" not in states(app).values()
    # The strip and the watermark must not go on naming the data shown before.
    assert "none yet" in texts(app)
    assert "^GSPC, 1d" not in texts(app)
    assert "SAMPLE DATA" not in texts(app)
    assert "Stopped: see the message" in texts(app)


def test_a_range_in_reverse_is_told(app):
    press_run(app, start=date(2018, 6, 1), end=date(2018, 1, 1))
    assert "2018-06-01 lies after end 2018-01-01" in texts(app.chart)


def test_too_short_a_range_gives_no_score_but_a_reason(app):
    press_run(app, start=date(2018, 12, 1))
    assert "No score" in texts(app.view) or states(app)["Technical view"] == "error"
    assert states(app)["Trades"] == "empty"


def test_synthetic_data_are_marked(app):
    press_run(app, symbol="SYN001")
    assert "SYNTHETIC DATA" in texts(app)
    assert "SAMPLE DATA" not in texts(app)


def test_charts_are_redrawn_in_the_same_widgets(app):
    before = dict(app._charts)
    press_run(app, entry_window=20, exit_window=10)
    assert app._charts == before
    assert app.chart._body.children == (before["price"],)


def test_more_runs_make_no_more_widgets(app):
    def count():
        return len(widget_registry._instances)

    press_run(app, entry_window=20, exit_window=10)
    before = count()
    for window in (30, 40, 50):
        press_run(app, entry_window=window)
    assert count() == before


def test_a_strategy_without_trades_says_so(app):
    # The index fell in the last quarter of 2018: none of its closes passed a high of 55 sessions.
    press_run(app, start=date(2018, 9, 24))
    assert states(app)["Backtest"] == "ok"
    assert "made no trade" in texts(app.trades)


def test_a_newer_click_drops_what_the_older_one_still_computes(app, monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    load = iq.load_bars

    def slowly(symbol, *rest):
        if symbol == "^IXIC":
            started.set()
            go_on.wait(10)
        return load(symbol, *rest)

    monkeypatch.setattr(iq, "load_bars", slowly)
    app.symbol.value = "^IXIC"
    app.button.click()
    started.wait(10)
    app.symbol.value = "^GSPC"
    app.button.click()
    go_on.set()
    app.wait()
    assert "^GSPC, 1d" in texts(app)
    assert "^IXIC, 1d" not in texts(app)
    assert set(states(app).values()) == {"ok"}


def test_while_a_turn_computes_the_panels_say_so(app, monkeypatch):
    go_on = threading.Event()
    load = iq.load_bars
    monkeypatch.setattr(iq, "load_bars", lambda *each: go_on.wait(10) and load(*each))
    app.button.click()
    assert set(states(app).values()) == {"loading"}
    go_on.set()
    app.wait()
    assert set(states(app).values()) == {"ok"}


def test_the_first_paint_shows_skeletons_before_any_engine_is_loaded(monkeypatch):
    go_on = threading.Event()
    known = iq.list_symbols
    monkeypatch.setattr(iq, "list_symbols", lambda: go_on.wait(10) and known())
    page = SymbolAnalysis("^IXIC")
    assert set(states(page).values()) == {"loading"}
    assert "iq-skeleton" in texts(page)
    go_on.set()
    page.wait()
    assert page.symbol.value == "^IXIC"


def test_a_failure_at_the_start_is_told_and_leaves_no_blank(monkeypatch):
    def fail():
        raise iq.InvestIQError("the data folder cannot be read")

    monkeypatch.setattr(iq, "list_symbols", fail)
    page = SymbolAnalysis()
    page.wait()
    assert page.settings.state == "error"
    assert "the data folder cannot be read" in texts(page.settings)
    assert set(states(page).values()) == {"empty"}
