"""The first page: it leads to the others, and tells what is there without a secret."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from investiq.runtime.settings import load_settings
from investiq.widgets import home_parts as parts


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setenv("INVESTIQ_SERVED_APPS", "home,symbol_analysis,my_desk")


def test_there_is_a_card_for_every_other_app_in_the_order_of_the_navigation(served):
    cards = parts.page_cards()
    assert cards.index('href="/symbol_analysis"') < cards.index('href="/my_desk"')
    assert "My desk" in cards
    assert cards.count("iq-page-card") - cards.count("iq-page-cards") == 2


def test_in_a_notebook_the_page_says_how_to_serve_the_others(monkeypatch):
    monkeypatch.delenv("INVESTIQ_SERVED_APPS", raising=False)
    assert "investiq dashboard" in parts.page_cards()
    assert "<form" not in parts.search_form(["^GSPC"])


def test_the_search_offers_the_symbols_escaped(served):
    form = parts.search_form(["<b>", "^GSPC"])
    assert '<option value="&lt;b&gt;">' in form
    assert 'action="/symbol_analysis" method="get"' in form


def test_series_are_counted_by_provider_and_kind_and_only_bars_lead_to_the_symbol_page(served):
    days = pd.to_datetime(["2018-01-02", "2018-12-31"])
    names = [f"SYN{i:03}" for i in range(10)]
    known = pd.DataFrame(
        {
            "symbol": [*names, "<WTI>"],
            "provider": ["synthetic"] * 10 + ["sample"],
            "kind": ["bars"] * 10 + ["series"],
            "first": days[0],
            "last": days[1],
        }
    )
    table = parts.data_table(known)
    # Eight of ten are named.
    assert "and 2 more" in table
    assert 'href="/symbol_analysis?symbol=SYN007"' in table
    assert "SYN008" not in table
    assert "&lt;WTI&gt;" in table
    assert "symbol=%3CWTI" not in table


def test_a_key_is_told_as_set_and_its_value_never(monkeypatch):
    monkeypatch.setenv("INVESTIQ_FINNHUB_API_KEY", "do-not-show-me")
    rows = parts.key_rows(load_settings())
    assert "do-not-show-me" not in rows
    assert rows.count("✓ set") == 1
    assert rows.index("Finnhub") < rows.index("✓ set") < rows.index("INVESTIQ_FINNHUB_API_KEY")


def test_reports_are_listed_the_newest_first_without_the_copy_of_the_latest(tmp_path):
    for age, name in enumerate(
        ["new.html", "latest.html", "index.html", "tear_sheet/made.failed.html", "tear_sheet/old.html"]
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
        os.utime(path, (1_600_000_000 - age, 1_600_000_000 - age))
    rows = parts.report_rows(tmp_path)
    assert rows.index("new.html") < rows.index("tear_sheet/old.html")
    assert "latest.html" not in rows
    assert "index.html" not in rows
    assert [name for name in ("new", "made", "old") if f"✕ failed</span> tear_sheet/{name}" in rows] == ["made"]
    assert rows.count("✕ failed") == 1
    # 1,600,000,000 s after 1970 is 2020-09-13 12:26:40 UTC.
    assert "2020-09-13 12:26 UTC" in rows


def test_without_reports_and_trials_there_is_no_empty_table(tmp_path):
    assert parts.report_rows(tmp_path / "none") == ""
    assert parts.trial_rows([]) == ""


def test_every_panel_of_the_page_tells_something():
    from investiq.widgets.home import Home

    app = Home()
    app.wait()
    assert {panel.title: panel.state for panel in app.panels if panel.state in ("loading", "error")} == {}
    assert app.status.words.startswith("Done in")
