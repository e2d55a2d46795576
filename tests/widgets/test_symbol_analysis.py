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
    press_run(
        shared,
        symbol="^GSPC",
        start=date(2014, 1, 2),
        end=date(2018, 12, 31),
        entry_window=55,
        exit_window=20,
        commission="10",
        slippage="5",
    )


def test_every_panel_has_its_content(shared):
    assert set(states(shared).values()) == {"ok"}


def test_the_page_states_provenance_and_watermark(shared):
    page = texts(shared)
    for part in ("SAMPLE DATA", "as traded", "2018-12-31 21:00 UTC", "1,258 bars", "no orders"):
        assert part in page


def test_the_page_shows_the_same_score_as_analyze(shared):
    score = iq.analyze(iq.load_bars("^GSPC", start="2014-01-02", end="2018-12-31")).score
    assert f'<span class="iq-score">{score:+.1f}</span>' in texts(shared.view)


def test_the_page_shows_the_same_trades_as_backtest(shared):
    bars = iq.load_bars("^GSPC", start="2014-01-02", end="2018-12-31")
    costs = iq.Costs(commission_rate=0.001, slippage_bps=5)
    result = iq.backtest(iq.strategies.Breakout(), bars, costs=costs, weight=1.0, lot=None)
    assert texts(shared.trades).count("<tr>") == 1 + len(result.trades)


def test_every_symbol_with_bars_is_offered(shared):
    assert {"^GSPC", "^IXIC", "SYN001"} <= set(shared.symbol.options)
    assert "^VIX" not in shared.symbol.options


def test_prices_and_account_values_name_their_units(shared):
    assert "2018-12-31, as traded, index points" in texts(shared.cards)
    for head in ("Price (index points)", "P&amp;L, net (USD)", "Fees (USD)"):
        assert head in texts(shared.trades)


def test_costs_and_conventions_stand_beside_the_numbers(shared):
    terms = "100 % weight, fractional quantities; 10 bps commission, 5 bps slippage, each side"
    assert terms in texts(shared.performance)
    assert "periods a year" in texts(shared.performance)


def test_windows_that_make_no_sense_are_told_and_the_analysis_stays(app):
    app._controls.choice.value = "Crossover"
    press_run(app, fast=60, slow=20)
    assert states(app)["Backtest"] == "error"
    assert "fast must be below slow" in texts(app.backtest)
    assert states(app)["Performance"] == states(app)["Trades"] == "empty"
    assert states(app)["Engine view"] == states(app)["Price, indicators and score"] == "ok"
    assert "Traceback" not in texts(app)


def test_an_unknown_symbol_is_told_and_escaped(app):
    press_run(app, symbol="<b>NONE</b>")
    assert states(app)["Price, indicators and score"] == "error"
    assert "&lt;b&gt;NONE&lt;/b&gt;" in texts(app.chart)
    assert "<b>NONE" not in texts(app)
    assert "loading" not in states(app).values()
    # The strip and the watermark must not go on naming the data shown before.
    assert "none: no offline data for" in texts(app)
    assert "^GSPC, 1d" not in texts(app)
    assert "SAMPLE DATA" not in texts(app)


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"symbol": "^GSPX"}, "no offline data for '^GSPX'"),
        ({"symbol": " "}, "no offline data for ''"),
        ({"symbol": "^VIX"}, "'^VIX' is a series without open, high and low"),
        ({"start": date(2018, 6, 1), "end": date(2018, 1, 1)}, "start 2018-06-01 lies after end 2018-01-01"),
        ({"start": date(2030, 1, 1), "end": date(2031, 1, 1)}, "no bars between 2030-01-01 and 2031-01-01"),
    ],
)
def test_a_failed_load_leaves_no_passport_and_says_failed_with_what_was_wrong(app, inputs, problem):
    press_run(app, **inputs)
    assert problem in app.chart.problem
    assert app._status.words == f"Failed: {app.chart.problem}"
    assert escape(f"none: {app.chart.problem}") in texts(app._provenance)
    for former in ("SHA-256", "1,258 bars", "SAMPLE DATA", "Done in"):
        assert former not in texts(app)


def test_a_failed_backtest_is_told_beside_the_button_and_its_cards_stay(app):
    app._controls.choice.value = "Crossover"
    press_run(app, fast=60, slow=20)
    assert app._status.words.startswith("Backtest failed: Crossover: fast must be below slow")
    assert app._status.words.endswith(", see below")
    assert 'iq-failed"' in app._status.value
    assert "✕" in app._status.value
    cards = texts(app.cards)
    for label in ("Total return", "CAGR", "Sharpe ratio", "Max drawdown"):
        assert label in cards
    assert cards.count("n/a") == cards.count("see Backtest") == 4


@pytest.mark.parametrize(
    ("field", "typed", "found"),
    [("commission", "-5", "'-5'"), ("commission", "99999", "'99999'"), ("slippage", " ", "empty"), ("slippage", "5,5", "'5,5'")],
)  # fmt: skip
def test_a_cost_that_cannot_be_used_is_told_and_nothing_runs_with_another(app, field, typed, found):
    press_run(app, **{field: typed})
    assert getattr(app, field).value == typed
    told = f"{field.capitalize()} must be a number of basis points in [0, 10000), was {found}"
    assert escape(told) in texts(app.backtest)
    assert app._status.words == f"Backtest failed: {told}, see below"
    assert states(app)["Performance"] == states(app)["Trades"] == "empty"
    assert states(app)["Engine view"] == "ok"


def test_a_cost_of_zero_is_a_cost(app):
    press_run(app, commission="0", slippage="0")
    assert states(app)["Backtest"] == "ok"
    assert "0 bps commission, 0 bps slippage, each side" in texts(app.performance)


def test_an_edit_says_that_the_page_is_old_until_it_is_taken_back(app):
    done = app._status.value
    app._controls.fields["entry_window"].value = 54
    assert "Inputs changed, press Run" in texts(app)
    app._controls.fields["entry_window"].value = 55
    assert app._status.value == done
    app._controls.choice.value = "BuyAndHold"
    assert "Inputs changed, press Run" in texts(app)


def test_an_edit_during_a_run_is_told_when_the_run_is_done(app, monkeypatch):
    go_on = threading.Event()
    load = iq.load_bars
    monkeypatch.setattr(iq, "load_bars", lambda *each: go_on.wait(10) and load(*each))
    app.button.click()
    app.symbol.value = "^IXIC"
    go_on.set()
    app.wait()
    assert "^GSPC, 1d" in texts(app)
    assert "Inputs changed, press Run" in texts(app)


def test_enter_in_the_symbol_field_runs(app):
    app.symbol.value = "^IXIC"
    # What the browser sends for the key.
    app.symbol._handle_custom_msg({"event": "submit"}, [])
    app.wait()
    assert "^IXIC, 1d" in texts(app)
    assert "Done in" in texts(app)


def test_too_short_a_range_gives_no_score_but_a_reason(app):
    press_run(app, start=date(2018, 12, 1))
    assert "No score" in texts(app.view) or states(app)["Engine view"] == "error"
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
