"""Massive through both official clients, against a scripted vendor on this machine."""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError
from investiq.market.contract import Request
from investiq.market.datasets import LAYOUTS
from investiq.market.schemas import canonical
from investiq.market.vendors import massive_client
from investiq.market.vendors.massive import Massive, from_settings
from investiq.runtime import clock
from investiq.runtime.settings import load_settings
from tests.servers.http import (
    bad_json,
    cut_body,
    dropped,
    hang,
    json_reply,
    refused,
    server_error,
    too_many,
    wrong_type,
)

AGGS = "/v2/aggs/ticker/*"
NOW = datetime(2024, 12, 2, 12, tzinfo=UTC)


def stamp(text: str) -> int:
    """Milliseconds of a New York wall time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York")).timestamp() * 1000)


def bar(when: str, close: float = 11.0, **changes) -> dict:
    return {"t": stamp(when), "o": 10.0, "h": 12.0, "l": 9.0, "c": close, "v": 100, "vw": 10.5, "n": 7, **changes}


def page(*rows: dict, next_url: str | None = None) -> dict:
    return {"status": "OK", "results": list(rows), **({"next_url": next_url} if next_url else {})}


@pytest.fixture(params=["massive", "polygon"])
def library(request, monkeypatch):
    monkeypatch.setattr(massive_client, "LIBRARIES", {request.param: "https://nowhere.invalid"})
    return request.param


@pytest.fixture
def massive(library, vendor_server, new_key):
    return Massive(new_key, plan="advanced", base_url=vendor_server.url)


def ask(vendor, dataset, symbol="AAPL", start=None, end=None, **options):
    with clock.fixed(NOW):
        return vendor.fetch(Request.of(dataset, symbol, start, end, **options))


def days(answer) -> list[str]:
    return [f"{ts:%Y-%m-%d}" for ts in answer.table["ts"]]


def codes(answer) -> set[str]:
    return {note.code for note in answer.payload.notes}


def note_of(answer, code: str) -> str:
    return next(note.text for note in answer.payload.notes if note.code == code)


# Bars.


def test_bars_follow_the_cursor_to_the_last_page_and_ask_for_prices_as_traded(massive, vendor_server, new_key):
    vendor_server.route(AGGS, page(bar("2024-01-08"), next_url=f"{vendor_server.url}/v2/more?cursor=x"))
    vendor_server.route("/v2/more", page(bar("2024-01-09")))
    answer = ask(massive, "bars", start="2024-01-08", end="2024-01-09")
    first, second = vendor_server.requests
    assert answer.status == "ok"
    assert days(answer) == ["2024-01-08", "2024-01-09"]
    assert first.path == "/v2/aggs/ticker/AAPL/range/1/day/2024-01-08/2024-01-09"
    assert first.query == {"adjusted": "false", "sort": "asc", "limit": "50000"}
    assert second.query == {"cursor": "x"}
    assert first.headers["authorization"] == f"Bearer {new_key.get_secret_value()}"
    row = answer.table.iloc[0]
    assert row[["open", "high", "low", "close", "volume", "vwap", "trades"]].tolist() == [10, 12, 9, 11, 100, 10.5, 7]
    assert set(answer.table) <= set(LAYOUTS["bars"].columns)
    assert answer.table["ts"].dtype == "datetime64[us, UTC]"
    assert answer.payload.price_basis == "as_traded"
    assert answer.payload.settle == timedelta(minutes=15)


@pytest.mark.parametrize("empty", [{"status": "OK", "results": []}, {"status": "OK", "resultsCount": 0}])
def test_an_empty_page_with_a_cursor_is_not_the_end(massive, vendor_server, empty):
    vendor_server.route(AGGS, {**empty, "next_url": f"{vendor_server.url}/v2/more?cursor=x"})
    vendor_server.route("/v2/more", page(bar("2024-01-09")))
    assert days(ask(massive, "bars", start="2024-01-08")) == ["2024-01-09"]


@pytest.mark.parametrize("dataset", ["bars", "news", "statements"])
def test_a_cursor_that_leads_back_is_an_error_and_no_endless_loop(massive, vendor_server, dataset):
    row = {"bars": bar("2024-01-08"), "news": ARTICLE, "statements": filing("Q2")}[dataset]
    path = "/vX/reference/financials" if dataset == "statements" else "/v2/more"
    # From the second page to a third, and from there back to the second.
    turns = {"x": "y", "y": "x"}
    vendor_server.route(
        "*",
        lambda asked: page(
            row, next_url=f"{vendor_server.url}{path}?cursor={turns.get(asked.query.get('cursor'), 'x')}"
        ),
    )
    answer = ask(massive, dataset, start="2024-01-08")
    assert (answer.status, answer.payload) == ("error", None)
    assert "massive leads from page 3 of its answer back to an earlier one, so that it has no end" in answer.reason
    assert len(vendor_server.requests) == 3


def test_a_second_answer_may_have_the_cursors_of_the_first(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08"), next_url=f"{vendor_server.url}/v2/more?cursor=x"))
    vendor_server.route("/v2/more", page(bar("2024-01-09")))
    for _ in range(2):
        assert ask(massive, "bars", start="2024-01-08").status == "ok"


def test_no_rows_are_an_empty_answer_with_its_reason(massive, vendor_server):
    vendor_server.route(AGGS, {"status": "OK", "resultsCount": 0})
    answer = ask(massive, "bars", start="2024-01-08")
    assert (answer.status, answer.rows) == ("empty", 0)
    assert answer.reason == "massive has no bars of AAPL in the range"


def test_daily_stamps_are_read_in_new_york_on_both_sides_of_the_clock_change(massive, vendor_server):
    # Midnight in New York is 05:00 UTC on Friday 2024-03-08 and 04:00 UTC on Monday 2024-03-11.
    rows = [bar("2024-03-08"), bar("2024-03-11")]
    assert [row["t"] % 86_400_000 // 3_600_000 for row in rows] == [5, 4]
    vendor_server.route(AGGS, page(*rows))
    assert days(ask(massive, "bars", start="2024-03-01")) == ["2024-03-08", "2024-03-11"]


def test_rows_out_of_order_are_sorted_and_repeated_ones_kept_once(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-10"), bar("2024-01-08"), bar("2024-01-10"), bar("2024-01-09")))
    answer = ask(massive, "bars", start="2024-01-08")
    assert days(answer) == ["2024-01-08", "2024-01-09", "2024-01-10"]
    assert note_of(answer, "repeated_bars") == "massive sent the same bar again 1 times; each is kept once"


def test_of_two_different_bars_of_one_stamp_the_last_is_kept_and_told(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08", 11.0), bar("2024-01-08", 11.5)))
    answer = ask(massive, "bars", start="2024-01-08")
    assert answer.table["close"].tolist() == [11.5]
    assert "another bar for the same stamp 1 times" in note_of(answer, "conflicting_bars")


def test_rows_that_cannot_be_bars_are_left_out_and_counted_by_reason(massive, vendor_server):
    vendor_server.route(
        AGGS,
        page(
            bar("2024-01-08"),
            bar("2024-01-09", t=None),
            bar("2024-01-09", t="yesterday"),
            bar("2024-01-09", t=stamp("2024-01-09") // 1000),  # seconds: a day in January 1970
            bar("2024-01-09", c=None),
            bar("2024-01-10", o=None),
            bar("2024-01-13"),  # a Saturday
        ),
    )
    answer = ask(massive, "bars", start="2024-01-01")
    assert days(answer) == ["2024-01-08"]
    note = next(note for note in answer.payload.notes if note.code == "rows_refused")
    assert note.rows == 6
    assert note.text.startswith("6 of the 7 bars from massive were left out: ")
    for reason in (
        "3 without a readable stamp (timestamp = 'yesterday', expected Unix milliseconds)",
        "1 without a close",
        "1 with a close but not all of open, high and low",
        "1 on a day that is no session of XNYS",
    ):
        assert reason in note.text


def test_a_missing_volume_is_missing_and_a_zero_is_zero(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08", v=None, vw=None), bar("2024-01-09", v=0)))
    table = ask(massive, "bars", start="2024-01-08").table
    assert np.isnan(table["volume"][0])
    assert np.isnan(table["vwap"][0])
    assert table["volume"][1] == 0.0


def test_rows_of_which_none_can_be_read_are_an_error_not_an_empty_answer(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08", t="?"), bar("2024-01-09", t="?")))
    answer = ask(massive, "bars", start="2024-01-08")
    assert answer.status == "error"
    assert "sent 2 bars of AAPL and none could be read: 2 without a readable stamp" in answer.reason


def test_a_range_longer_than_the_plan_is_cut_and_told(library, vendor_server, new_key):
    vendor_server.route(AGGS, page(bar("2024-01-08")))
    vendor = Massive(new_key, plan="free", base_url=vendor_server.url)
    answer = ask(vendor, "bars", start="2010-01-04", end="2024-01-08")
    # Two years of 365.25 days before 2024-12-02 12:00 end on 2022-12-03 at 00:00.
    assert vendor_server.requests[0].path.endswith("/day/2022-12-03/2024-01-08")
    assert note_of(answer, "history_of_plan") == (
        "the plan 'free' of massive goes back 2 years, to 2022-12-03; bars from 2010-01-04 were asked for and those "
        "before are missing"
    )
    assert answer.payload.delay == timedelta(minutes=15)


def test_without_a_start_the_plan_decides_and_nothing_is_missing(library, vendor_server, new_key):
    vendor_server.route(AGGS, page(bar("2024-01-08")))
    answer = ask(Massive(new_key, plan="free", base_url=vendor_server.url), "bars")
    assert codes(answer) == set()


def test_a_limit_keeps_the_newest(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08"), bar("2024-01-09"), bar("2024-01-10")))
    assert days(ask(massive, "bars", start="2024-01-01", limit=2)) == ["2024-01-09", "2024-01-10"]


HALF_DAY = ["2024-11-29 09:00", "2024-11-29 09:30", "2024-11-29 12:30", "2024-11-29 13:00", "2024-11-29 21:00"]


def test_the_regular_session_of_a_half_day_ends_at_one(massive, vendor_server):
    vendor_server.route(AGGS, page(*map(bar, HALF_DAY)))
    answer = ask(massive, "bars", start="2024-11-29", end="2024-11-29", interval="30min")
    # 09:30 and 12:30 in New York in winter.
    assert [f"{ts:%H:%M}" for ts in answer.table["ts"]] == ["14:30", "17:30"]
    assert answer.payload.settle == timedelta(0)
    assert vendor_server.requests[0].path.startswith("/v2/aggs/ticker/AAPL/range/30/minute/")


def test_the_extended_session_keeps_the_hours_around_and_refuses_those_without_trading(massive, vendor_server):
    vendor_server.route(AGGS, page(*map(bar, HALF_DAY)))
    answer = ask(massive, "bars", start="2024-11-29", end="2024-11-29", interval="30min", session="extended")
    assert [f"{ts:%H:%M}" for ts in answer.table["ts"]] == ["14:00", "14:30", "17:30", "18:00"]
    assert "1 outside the trading hours of XNYS" in note_of(answer, "rows_refused")


def test_hours_count_from_the_open_and_are_made_of_half_hours(massive, vendor_server):
    # 2024-11-29 closes at 13:00: hours from 09:30, 10:30, 11:30 and a last one of 30 minutes from 12:30.
    wall = [f"2024-11-29 {time}" for time in ("09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30")]
    rows = [
        bar(when, close=20.0 + i, o=10.0 + i, h=30.0 + i, l=5.0 - i / 10, v=100 * (i + 1), vw=10.0 + i, n=1)
        for i, when in enumerate(wall)
    ]
    vendor_server.route(AGGS, page(*rows))
    table = ask(massive, "bars", start="2024-11-29", end="2024-11-29", interval="60min").table
    assert [f"{ts:%H:%M}" for ts in table["ts"]] == ["14:30", "15:30", "16:30", "17:30"]
    first = table.iloc[0]
    # Open of the first half, the higher high 31, the lower low 4.9, close of the second, volume 100 + 200,
    # vwap (10 x 100 + 11 x 200) / 300 = 10.6667.
    assert first[["open", "high", "low", "close", "volume", "trades"]].tolist() == [10.0, 31.0, 4.9, 21.0, 300.0, 2.0]
    assert first["vwap"] == pytest.approx(3200 / 300, rel=1e-15)
    assert table.iloc[3][["open", "close", "volume"]].tolist() == [16.0, 26.0, 700.0]


def test_a_bar_off_the_grid_of_its_interval_is_refused(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08 09:30"), bar("2024-01-08 09:37")))
    answer = ask(massive, "bars", start="2024-01-08", end="2024-01-08", interval="5min")
    assert answer.rows == 1
    assert "1 not a multiple of 5 minutes after the start of its session" in note_of(answer, "rows_refused")


def test_a_week_is_refused_by_the_capabilities(massive):
    # Raw prices of a week with a split inside mix two share counts.
    answer = ask(massive, "bars", interval="1w")
    assert answer.status == "error"
    assert "massive does not serve 1w bars" in answer.reason


def test_a_share_class_keeps_its_point(massive, vendor_server):
    vendor_server.route(AGGS, page(bar("2024-01-08")))
    assert ask(massive, "bars", "BRK.B", "2024-01-08").status == "ok"
    assert vendor_server.requests[0].path.startswith("/v2/aggs/ticker/BRK.B/range/")


# Faults: what the user sees.

FAULTS = {
    "401": (refused(401, "Unknown API Key"), "not_entitled", "massive does not accept the key: GET /v2/aggs"),
    "403": (refused(403), "not_entitled", "your plan does not include this data"),
    "429 for a minute": (too_many(60), "rate_limited", "the limit of its plan advanced (5500 a minute) is spent"),
    "429 for an hour": (too_many(3600), "rate_limited", "ask again at"),
    "429 without a time": (too_many(), "rate_limited", "ask again at"),
    "500": (server_error(500), "error", "massive answered 500 to GET /v2/aggs/ticker/AAPL/range/1/day"),
    "503": (server_error(503), "error", "try again later"),
    "a dropped connection": (dropped(), "error", "the connection ended early"),
    "a cut page": (cut_body(page(bar("2024-01-08"))), "error", "the body was cut short"),
    "a page for people": (wrong_type(), "error", "text/html where JSON was expected"),
    "bad JSON": (bad_json(), "error", "where JSON was expected, beginning '{\"results\": [{\"c\": 10.5,'"),
    "an error of status 200": ({"status": "ERROR", "error": "try later"}, "error", "answered 200 with an error (try later)"),
    "a list": (json_reply([1, 2]), "error", "sent a list where an object was expected"),
    "rows that are none": ({"status": "OK", "results": [1]}, "error", "results that are no objects"),
    "400": (json_reply({"status": "ERROR", "error": "bad range"}, 400), "error", "refused the request for bars of AAPL: bad range"),
    "404": (json_reply({"status": "NOT_FOUND", "message": "Ticker not found."}, 404), "error", "massive knows nothing of bars of AAPL"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_status_with_its_reason(massive, vendor_server, new_key, caplog, fault):
    script, status, reason = FAULTS[fault]
    vendor_server.route(AGGS, script)
    with caplog.at_level(logging.DEBUG):
        answer = ask(massive, "bars", start="2024-01-08", end="2024-01-09")
    assert answer.status == status
    assert reason in answer.reason
    assert answer.payload is None
    assert new_key.get_secret_value() not in answer.reason + caplog.text


@pytest.mark.parametrize("fault", ["cut_body", "bad_json", "dropped", "refused"])
def test_a_fault_on_the_second_page_gives_no_part_of_the_series(massive, vendor_server, fault):
    scripts = {"cut_body": cut_body(page()), "bad_json": bad_json(), "dropped": dropped(), "refused": refused()}
    vendor_server.route(AGGS, page(bar("2024-01-08"), next_url=f"{vendor_server.url}/v2/more?cursor=x"))
    vendor_server.route("/v2/more", scripts[fault])
    answer = ask(massive, "bars", start="2024-01-08")
    assert answer.status == ("not_entitled" if fault == "refused" else "error")
    assert answer.payload is None


def test_a_timeout_is_tried_again_and_then_an_error(massive, vendor_server, monkeypatch):
    monkeypatch.setattr(massive_client, "urllib3_pool", functools.partial(massive_client.urllib3_pool, timeout=0.05))
    vendor_server.route(AGGS, hang(0.3))
    answer = ask(massive, "bars", start="2024-01-08")
    assert answer.status == "error"
    assert "no answer in time" in answer.reason
    assert len(vendor_server.requests) == 5


def test_a_spent_limit_is_waited_for_once_and_by_nobody_else(massive, vendor_server, waits):
    vendor_server.route(AGGS, too_many(7), page(bar("2024-01-08")))
    answer = ask(massive, "bars", start="2024-01-08")
    # The client's own three retries would have asked again after 0.2 seconds.
    assert answer.status == "ok"
    assert len(vendor_server.requests) == 2
    assert sum(waits) >= 7


def test_the_time_to_ask_again_is_the_vendors(massive, vendor_server):
    vendor_server.route(AGGS, too_many(3600))
    answer = ask(massive, "bars", start="2024-01-08")
    assert answer.retry_at == NOW + timedelta(hours=1)
    assert len(vendor_server.requests) == 1


def test_a_key_is_in_no_log_line_and_in_no_source(massive, vendor_server, new_key, caplog):
    vendor_server.route(AGGS, page(bar("2024-01-08")))
    with caplog.at_level(logging.DEBUG):
        answer = ask(massive, "bars", start="2024-01-08")
    assert new_key.get_secret_value() not in caplog.text + answer.payload.source + repr(massive.__dict__)


# Records.

SPLITS, DIVIDENDS, EVENTS = "*/splits", "*/dividends", "/vX/reference/tickers/*/events"


def dividend(day: str, kind: str | None, library: str, cash: float = 0.24) -> dict:
    named = "distribution_type" if library == "massive" else "dividend_type"
    return {
        "id": f"E{day}", "ticker": "AAPL", "cash_amount": cash, "currency": "USD", "ex_dividend_date": day,
        "declaration_date": "2024-02-01", "record_date": "2024-02-12", "pay_date": "2024-02-15", "frequency": 4,
        **({} if kind is None else {named: kind}),
    }  # fmt: skip


def no_actions(server) -> None:
    server.route(SPLITS, page())
    server.route(DIVIDENDS, page())
    server.route(EVENTS, json_reply({"status": "NOT_FOUND", "message": "not found"}, 404))


def test_a_split_on_the_last_day_is_among_the_actions(massive, vendor_server):
    no_actions(vendor_server)
    split = {"id": "S1", "ticker": "AAPL", "execution_date": "2024-06-10", "split_from": 1, "split_to": 10}
    vendor_server.route(SPLITS, page(split))
    answer = ask(massive, "actions", start="2024-01-02", end="2024-06-10")
    row = answer.table.iloc[0]
    assert (row["kind"], row["ratio"], f"{row['ex_date']:%Y-%m-%d}") == ("split", 10.0, "2024-06-10")
    assert vendor_server.requests_to(SPLITS)[0].query["execution_date.lte"] == "2024-06-10"


def test_a_payment_is_regular_only_where_the_vendor_says_so(massive, vendor_server, library):
    regular, special = ("recurring", "special") if library == "massive" else ("CD", "SC")
    no_actions(vendor_server)
    rows = [("2024-02-09", regular), ("2024-05-10", special), ("2024-08-12", None)]
    vendor_server.route(DIVIDENDS, page(*(dividend(day, kind, library) for day, kind in rows)))
    answer = ask(massive, "actions")
    assert answer.table["kind"].tolist() == ["dividend", "special_dividend", "special_dividend"]
    first = answer.table.iloc[0]
    assert (first["cash"], first["currency"], first["frequency"]) == (0.24, "USD", 4.0)
    assert [f"{first[name]:%m-%d}" for name in ("declared_at", "record_date", "pay_date")] == [
        "02-01",
        "02-12",
        "02-15",
    ]
    assert note_of(answer, "untyped_dividend").startswith("massive gives no known type for 1 payments")


def test_a_stock_dividend_is_the_shares_received_per_share_held(vendor_server, new_key, monkeypatch):
    monkeypatch.setattr(massive_client, "LIBRARIES", {"massive": ""})
    no_actions(vendor_server)
    row = {"execution_date": "2024-06-10", "split_from": 100, "split_to": 105, "adjustment_type": "stock_dividend"}
    vendor_server.route(SPLITS, page(row))
    table = ask(Massive(new_key, plan="advanced", base_url=vendor_server.url), "actions").table
    assert table["kind"].tolist() == ["stock_dividend"]
    # 105 shares for 100: 0.05 received per share held.
    assert table["ratio"][0] == pytest.approx(0.05, abs=1e-15)


def test_a_change_of_the_symbol_is_an_action_and_says_whose_bars_came_before(massive, vendor_server):
    no_actions(vendor_server)
    events = [
        {"type": "ticker_change", "date": "2022-06-09", "ticker_change": {"ticker": "META"}},
        {"type": "ticker_change", "date": "2012-05-18", "ticker_change": {"ticker": "FB"}},
    ]
    vendor_server.route(EVENTS, {"status": "OK", "results": {"name": "Meta", "events": events}})
    answer = ask(massive, "actions", "META")
    assert answer.table["kind"].tolist() == ["symbol_change"]
    assert answer.table["id"].tolist() == ["FB->META"]
    assert "META was FB before 2022-06-09" in note_of(answer, "symbol_change")


@pytest.mark.parametrize("results", [{}, {"results": {}}, {"results": {"name": "Apple", "events": None}}])
def test_a_ticker_without_events_has_no_change_of_the_symbol(massive, vendor_server, results):
    no_actions(vendor_server)
    vendor_server.route(EVENTS, {"status": "OK", **results})
    answer = ask(massive, "actions")
    assert (answer.status, answer.payload.notes) == ("empty", ())


def test_symbol_changes_beyond_the_plan_are_a_note_and_no_failure(massive, vendor_server):
    no_actions(vendor_server)
    vendor_server.route(EVENTS, refused())
    answer = ask(massive, "actions")
    assert answer.status == "empty"
    assert codes(answer) == {"symbol_changes_unknown"}


ARTICLE = {
    "id": "a1", "title": "Result <b>up</b>", "published_utc": "2024-05-02T20:30:00Z", "author": "A. Writer",
    "publisher": {"name": "The Wire", "homepage_url": "https://example.org"}, "article_url": "https://example.org/a1",
    "description": "Sales rose.", "keywords": ["sales", "phones"], "tickers": ["AAPL", "MSFT"], "new_field": 1,
    "insights": [{"ticker": "MSFT", "sentiment": "negative"}, {"ticker": "AAPL", "sentiment": "positive", "new": 1}],
}  # fmt: skip


def test_news_keep_publisher_author_and_the_vendors_sentiment_apart(massive, vendor_server):
    vendor_server.route("/v2/reference/news", page(ARTICLE))
    row = ask(massive, "news", start="2024-05-01", end="2024-05-03").table.iloc[0]
    assert (row["publisher"], row["author"], row["vendor_sentiment"]) == ("The Wire", "A. Writer", "positive")
    assert (row["keywords"], row["tickers"], row["url"]) == ("sales|phones", "AAPL|MSFT", "https://example.org/a1")
    assert row["published_utc"] == pd.Timestamp("2024-05-02 20:30", tz="UTC")
    query = vendor_server.requests[0].query
    assert (query["order"], query["sort"], query["ticker"]) == ("desc", "published_utc", "AAPL")
    assert query["published_utc.gte"] == "2024-05-01T00:00:00Z"


def test_an_article_with_a_naive_or_unreadable_stamp_is_refused_and_counted(massive, vendor_server):
    naive = {**ARTICLE, "id": "a2", "published_utc": "2024-05-02T20:30:00"}
    unreadable = {**ARTICLE, "id": "a3", "published_utc": "just now"}
    vendor_server.route("/v2/reference/news", page(ARTICLE, naive, unreadable))
    answer = ask(massive, "news")
    assert answer.table["id"].tolist() == ["a1"]
    assert note_of(answer, "rows_refused") == (
        "2 of the 3 rows of news from massive were left out: 2 without a readable published_utc "
        "(published_utc = '2024-05-02T20:30:00', expected a time with its zone, such as 2024-01-31T21:00:00Z)"
    )


def test_a_limit_of_news_is_the_newest_however_long_the_pages(massive, vendor_server):
    more = f"{vendor_server.url}/v2/more?cursor=x"
    vendor_server.route("/v2/reference/news", page(ARTICLE, {**ARTICLE, "id": "a2"}, next_url=more))
    assert ask(massive, "news", limit=1).table["id"].tolist() == ["a1"]
    assert len(vendor_server.requests) == 1


def contract(strike: float, **changes) -> dict:
    return {
        "details": {"ticker": f"O:AAPL240119C{round(strike * 1000):08d}", "contract_type": "call", "strike_price": strike,
                    "expiration_date": "2024-01-19", "shares_per_contract": 100},
        "greeks": {"delta": 0.5, "gamma": 0.01, "theta": -0.02, "vega": 0.1}, "implied_volatility": 0.25,
        "open_interest": 12, "day": {"volume": 3, "close": 2.0}, "underlying_asset": {"price": 190.0}, **changes,
    }  # fmt: skip


def test_a_chain_is_paged_to_its_end(massive, vendor_server):
    more = f"{vendor_server.url}/v3/more?cursor=x"
    vendor_server.route("/v3/snapshot/options/AAPL", page(contract(190.0), next_url=more))
    vendor_server.route("/v3/more", page(contract(192.5, last_quote={"bid": 0, "ask": 2.1})))
    answer = ask(massive, "options")
    table = answer.table
    assert vendor_server.requests[0].query == {"limit": "250"}
    assert table["contract"].tolist() == ["AAPL240119C00190000", "AAPL240119C00192500"]
    # No quote, or one of zero, is no price; the day's close is no last trade.
    assert np.isnan(table["bid"]).all()
    assert np.isnan(table["ask"][0])
    assert np.isnan(table["last"]).all()
    assert table["open_interest"].tolist() == [12.0, 12.0]
    assert "partial_chain" not in codes(answer)


def test_a_part_of_a_chain_says_so(massive, vendor_server):
    vendor_server.route("/v3/snapshot/options/AAPL", page(contract(190.0), contract(192.5)))
    answer = ask(massive, "options", limit=1)
    assert answer.rows == 1
    assert note_of(answer, "partial_chain").startswith("a part of the chain: its first 1 contracts were asked for")


def test_short_interest_is_published_eight_sessions_after_settlement(massive, vendor_server):
    row = {
        "ticker": "AAPL",
        "settlement_date": "2024-01-12",
        "short_interest": 1000,
        "avg_daily_volume": 500,
        "days_to_cover": 2,
    }
    vendor_server.route("/stocks/v1/short-interest", page(row))
    answer = ask(massive, "short_interest")
    # Sessions after Friday the 12th: 16 (the 15th is a holiday), 17, 18, 19, 22, 23, 24 and, the eighth, 25.
    assert answer.table["publication_date"].tolist() == [pd.Timestamp("2024-01-25", tz="UTC")]
    assert answer.table[["short_interest", "average_daily_volume", "days_to_cover"]].iloc[0].tolist() == [1000, 500, 2]
    assert "publication_by_rule" in codes(answer)


def test_a_snapshot_tells_each_age_and_takes_no_zero_for_a_price(massive, vendor_server):
    nanos = stamp("2024-12-02 04:05") * 1_000_000
    found = {
        "ticker": "AAPL", "updated": nanos, "day": {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0},
        "lastTrade": {"p": 237.5, "t": nanos}, "lastQuote": {"p": 0, "P": 237.6, "t": nanos},
        "min": {"c": 237.4, "t": stamp("2024-12-02 04:04")}, "prevDay": {"c": 237.33},
    }  # fmt: skip
    vendor_server.route("/v2/snapshot/*/AAPL", {"status": "OK", "ticker": found})
    row = ask(massive, "snapshot").table.iloc[0]
    assert (row["last"], row["ask"], row["minute_close"], row["previous_close"]) == (237.5, 237.6, 237.4, 237.33)
    assert row[["bid", "day_open", "day_close", "day_volume", "day_at"]].isna().all()
    # 04:05 in New York is 09:05 UTC in winter.
    assert row["last_at"] == row["ts"] == pd.Timestamp("2024-12-02 09:05", tz="UTC")
    assert row["minute_at"] == pd.Timestamp("2024-12-02 09:04", tz="UTC")


def test_an_unknown_symbol_of_a_snapshot_is_an_error_that_names_it(massive, vendor_server):
    vendor_server.route("/v2/snapshot/*", json_reply({"status": "NotFound", "message": "NotFound"}, 404))
    answer = ask(massive, "snapshot", "APPL")
    assert answer.status == "error"
    assert answer.reason.startswith("massive knows nothing of a snapshot of APPL")


def test_a_snapshot_that_is_not_there_is_an_error_and_no_row(massive, vendor_server):
    vendor_server.route("/v2/snapshot/*", {"status": "OK"})
    answer = ask(massive, "snapshot", "APPL")
    assert (answer.status, answer.reason) == ("error", "massive has no snapshot of APPL; check the symbol")


def ticker(symbol: str, kind: str = "CS", **changes) -> dict:
    return {
        "ticker": symbol,
        "name": symbol,
        "type": kind,
        "primary_exchange": "XNYS",
        "active": True,
        "currency_name": "usd",
        **changes,
    }


def test_a_listing_holds_share_classes_and_delisted_names(massive, vendor_server):
    delisted = ticker("TWTR", active=False, delisted_utc="2022-11-08T00:00:00Z")
    vendor_server.route(
        "/v3/reference/tickers",
        lambda asked: (
            page(delisted) if asked.query["active"] == "false" else page(ticker("BRK.B"), ticker("SPY", "ETF"))
        ),
    )
    table = ask(massive, "listing", "").table
    assert table["symbol"].tolist() == ["BRK.B", "SPY", "TWTR"]
    assert table["type"].tolist() == ["CS", "ETF", "CS"]
    assert table["is_active"].tolist() == ["true", "true", "false"]
    assert table["delisted_at"][2] == pd.Timestamp("2022-11-08", tz="UTC")


def test_a_listing_of_a_past_day_is_asked_for_by_its_date(massive, vendor_server):
    # Twitter left the exchange on 2022-11-08: a year before it was listed.
    vendor_server.route(
        "/v3/reference/tickers",
        lambda asked: page(
            ticker("TWTR")
            if asked.query["active"] == "true"
            else ticker("LEH", active=False, delisted_utc="2008-09-17")
        ),
    )
    answer = ask(massive, "listing", "", end="2021-11-08")
    assert [asked.query["date"] for asked in vendor_server.requests] == ["2021-11-08"] * 2
    assert dict(zip(answer.table["symbol"], answer.table["is_active"], strict=True)) == {"TWTR": "true", "LEH": "false"}
    assert "active and not on 2021-11-08" in answer.payload.source
    ask(massive, "listing", "")
    assert "date" not in vendor_server.requests[-1].query


def test_a_symbol_given_again_keeps_both_shares(massive, vendor_server):
    old = ticker("META", "ETF", active=False, delisted_utc="2021-12-03T00:00:00Z")
    vendor_server.route(
        "/v3/reference/tickers",
        lambda asked: page(old if asked.query["active"] == "false" else ticker("META")),
    )
    answer = ask(massive, "listing", "")
    kept = canonical("listing", answer.table, symbol="", retrieved_at=NOW)
    assert kept.rejected == ()
    assert kept.table["type"].tolist() == ["ETF", "CS"]


def test_a_part_of_a_listing_is_an_error(massive, vendor_server):
    more = f"{vendor_server.url}/v3/more?cursor=x"
    vendor_server.route("/v3/reference/tickers", page(ticker("A"), next_url=more))
    vendor_server.route("/v3/more", server_error(502))
    answer = ask(massive, "listing", "")
    assert (answer.status, answer.payload) == ("error", None)


def test_a_search_asks_for_active_shares(massive, vendor_server):
    vendor_server.route("/v3/reference/tickers", page(ticker("AAPL"), ticker("AAPB")))
    answer = ask(massive, "search", "apple", limit=1)
    assert answer.table["symbol"].tolist() == ["AAPL"]
    assert {"search": "apple", "active": "true", "market": "stocks"}.items() <= vendor_server.requests[0].query.items()


def filing(period: str, **changes) -> dict:
    def usd(value):
        return {"value": value, "unit": "USD", "label": "x", "order": 1}

    return {
        "fiscal_period": period, "fiscal_year": "2024", "end_date": "2024-03-30", "filing_date": "2024-05-03",
        "acceptance_datetime": "2024-05-02T22:04:25Z", "source_filing_url": "https://example.org/f1",
        "financials": {
            "income_statement": {"revenues": usd(90.0), "net_income_loss": usd(23.0),
                                 "diluted_earnings_per_share": {"value": 1.53, "unit": "USD / shares"}},
            "balance_sheet": {"assets": usd(337.0), "equity_attributable_to_parent": usd(74.0)},
            "cash_flow_statement": {"net_cash_flow_from_operating_activities": usd(22.0)},
        },
        **changes,
    }  # fmt: skip


def test_statements_carry_the_moment_of_acceptance_and_follow_every_page(massive, vendor_server):
    more = f"{vendor_server.url}/vX/reference/financials?cursor=x"
    vendor_server.route(
        "/vX/reference/financials",
        page(filing("Q2"), filing("TTM"), next_url=more),
        page(filing("FY", fiscal_year="n/a", end_date="2023-09-30", acceptance_datetime=None)),
    )
    table = ask(massive, "statements").table
    assert table["fiscal_period"].tolist() == ["Q2", "FY"]
    first = table.iloc[0]
    assert first["accepted_at"] == pd.Timestamp("2024-05-02 22:04:25", tz="UTC")
    assert f"{first['filed_at']:%Y-%m-%d}" == "2024-05-03"
    assert (first["revenue"], first["net_income"], first["eps_diluted"]) == (90.0, 23.0, 1.53)
    assert (first["total_assets"], first["shareholders_equity"], first["cash_flow_operating"]) == (337.0, 74.0, 22.0)
    assert (first["currency"], first["fiscal_year"]) == ("USD", 2024.0)
    # What the filing does not say is missing, never zero.
    assert np.isnan(first["inventory"])
    assert np.isnan(table["fiscal_year"][1])
    assert pd.isna(table["accepted_at"][1])
    assert vendor_server.requests[1].query == {"cursor": "x"}


def test_statements_pass_the_gate_as_everything_else_does(massive, vendor_server, waits):
    vendor_server.route("/vX/reference/financials", too_many(7), page(filing("Q2")))
    assert ask(massive, "statements").status == "ok"
    assert sum(waits) >= 7


FORM_4 = {
    "owner_name": "Doe Jane", "officer_title": "CFO", "transaction_code": "S", "transaction_date": "2024-05-01",
    "filing_date": "2024-05-03", "transaction_shares": 100, "transaction_price_per_share": 170.5,
    "transaction_value": 17050, "shares_owned_following_transaction": 900, "aff_10b5_one": True,
    "accession_number": "0001", "record_type": "transaction",
}  # fmt: skip


def test_insider_transactions_need_the_new_client_and_leave_holdings_out(massive, vendor_server, library):
    holding = {**FORM_4, "record_type": "holding", "transaction_code": None}
    vendor_server.route("/stocks/filings/vX/form-4", page(FORM_4, holding))
    answer = ask(massive, "insiders", start="2024-01-01", end="2024-05-02")
    if library == "polygon":
        assert answer.status == "error"
        assert "needs the package 'massive'" in answer.reason
        return
    row = answer.table.iloc[0]
    assert answer.rows == 1
    assert (row["name"], row["code"], row["shares"], row["price"], row["is_planned"]) == (
        "Doe Jane",
        "S",
        100,
        170.5,
        "true",
    )
    assert f"{row['filed_at']:%Y-%m-%d}" == "2024-05-03"


def test_shares_of_an_insider_have_no_sign_and_the_code_tells_the_direction(vendor_server, new_key):
    bought = {**FORM_4, "transaction_code": "P", "accession_number": "0002"}
    sold = {**FORM_4, "transaction_shares": -100, "transaction_value": -17050}
    vendor_server.route("/stocks/filings/vX/form-4", page(sold, bought))
    table = ask(Massive(new_key, plan="advanced", base_url=vendor_server.url), "insiders").table
    assert table["code"].tolist() == ["S", "P"]
    assert table["shares"].tolist() == [100.0, 100.0]
    assert table["value"].tolist() == [17050.0, 17050.0]


BORDER = {
    "actions": (SPLITS, page({"id": "S1", "execution_date": "2024-06-10", "split_from": 1, "split_to": 10})),
    "news": ("/v2/reference/news", page(ARTICLE)),
    "options": ("/v3/snapshot/options/AAPL", page(contract(190.0))),
    "short_interest": (
        "/stocks/v1/short-interest",
        page({"settlement_date": "2024-01-12", "short_interest": 1000, "avg_daily_volume": 500}),
    ),
    "snapshot": (
        "/v2/snapshot/*/AAPL",
        {"status": "OK", "ticker": {"ticker": "AAPL", "lastTrade": {"p": 1.0, "t": stamp("2024-11-29") * 10**6}}},
    ),
    "search": ("/v3/reference/tickers", page(ticker("AAPL"))),
    "listing": (
        "/v3/reference/tickers",
        lambda asked: page(ticker("AAPL") if asked.query["active"] == "true" else ticker("TWTR", active=False)),
    ),
    "statements": ("/vX/reference/financials", page(filing("Q2"))),
    "insiders": ("/stocks/filings/vX/form-4", page(FORM_4)),
}


@pytest.mark.parametrize("dataset", BORDER)
def test_records_pass_the_schema_of_their_dataset(vendor_server, new_key, dataset):
    # Of the new library, which serves them all.
    no_actions(vendor_server)
    vendor_server.route(*BORDER[dataset])
    answer = ask(Massive(new_key, plan="advanced", base_url=vendor_server.url), dataset)
    checked = canonical(dataset, answer.table, symbol="AAPL", retrieved_at=NOW)
    assert answer.status == "ok"
    assert checked.rejected == ()
    assert len(checked.table) == answer.rows


# Settings.


def test_without_a_key_there_is_no_provider(monkeypatch):
    for name in ("MASSIVE_API_KEY", "POLYGON_API_KEY", "INVESTIQ_MASSIVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert from_settings(load_settings()) is None
    with pytest.raises(ConfigError, match="set MASSIVE_API_KEY"):
        Massive(None)


def test_the_settings_choose_plan_and_address(monkeypatch, vendor_server, waits):
    monkeypatch.setenv("MASSIVE_API_KEY", "key-of-the-settings-test")
    monkeypatch.setenv("INVESTIQ_MASSIVE_PLAN", "developer")
    monkeypatch.setenv("INVESTIQ_MASSIVE_URL", vendor_server.url)
    vendor_server.route(AGGS, page(bar("2024-01-08")))
    answer = ask(from_settings(load_settings()), "bars", start="2024-01-08")
    assert answer.status == "ok"
    assert answer.payload.source == f"{vendor_server.url}: /v2/aggs, adjusted=false (client massive, plan developer)"


def test_an_unknown_plan_is_refused_with_those_that_are_known(new_key):
    with pytest.raises(ConfigError, match="expected one of free, starter, developer, advanced"):
        Massive(new_key, plan="gold")


def test_twenty_threads_share_one_limiter_and_get_their_own_rows(massive, vendor_server):
    def reply(asked):
        close = float(asked.path.split("/")[4].removeprefix("S"))
        return page(bar("2024-01-08", close))

    vendor_server.route(AGGS, reply)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: ask(massive, "bars", f"S{n}", "2024-01-08"), range(10, 50)))
    assert [answer.table["close"].tolist() for answer in answers] == [[float(n)] for n in range(10, 50)]
    assert len(vendor_server.requests) == 40
