"""Alpaca through its official clients, against a scripted vendor on this machine."""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from investiq.core.errors import ConfigError
from investiq.market.contract import Request
from investiq.market.datasets import LAYOUTS
from investiq.market.schemas import canonical
from investiq.market.vendors import alpaca_client
from investiq.market.vendors.alpaca import Alpaca, from_settings
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
    text_reply,
    too_many,
    wrong_type,
)

BARS = "/v2/stocks/bars"
NOW = datetime(2024, 12, 2, 12, tzinfo=UTC)
SECRET = SecretStr("secret-half-of-the-key")


def bar(t: str, close: float = 11.0, **changes) -> dict:
    return {"t": t, "o": 10.0, "h": 12.0, "l": 9.0, "c": close, "v": 100, "vw": 10.5, "n": 7, **changes}


def page(*rows: dict, symbol: str = "AAPL", token: str | None = None) -> dict:
    return {"bars": {symbol: list(rows)} if rows else {}, "next_page_token": token}


@pytest.fixture
def alpaca(vendor_server, new_key):
    return Alpaca(new_key, secret=SECRET, base_url=vendor_server.url)


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


def test_bars_follow_the_token_to_the_last_page_and_ask_for_raw_prices(alpaca, vendor_server, new_key):
    vendor_server.route(BARS, page(bar("2024-01-08T05:00:00Z"), token="x"), page(bar("2024-01-09T05:00:00Z")))
    answer = ask(alpaca, "bars", start="2024-01-08", end="2024-01-09")
    first, second = vendor_server.requests
    assert answer.status == "ok"
    assert days(answer) == ["2024-01-08", "2024-01-09"]
    expected = {"symbols": "AAPL", "timeframe": "1Day", "adjustment": "raw", "feed": "iex", "limit": "10000"}
    assert expected.items() <= first.query.items()
    assert first.query["start"].startswith("2024-01-08T00:00:00")
    assert second.query["page_token"] == "x"
    assert first.headers["apca-api-key-id"] == new_key.get_secret_value()
    row = answer.table.iloc[0]
    assert row[["open", "high", "low", "close", "volume", "vwap", "trades"]].tolist() == [10, 12, 9, 11, 100, 10.5, 7]
    assert set(answer.table) <= set(LAYOUTS["bars"].columns)
    assert answer.table["ts"].dtype == "datetime64[us, UTC]"
    assert (answer.payload.feed, answer.payload.price_basis) == ("iex", "as_traded")


def test_a_bar_of_one_venue_says_that_its_volume_is_not_the_markets(alpaca, vendor_server):
    vendor_server.route(BARS, page(bar("2024-01-08T05:00:00Z")))
    answer = ask(alpaca, "bars", start="2024-01-08")
    assert "never compare its volume with consolidated figures" in note_of(answer, "one_venue")
    # iex is real time under every plan.
    assert answer.payload.delay == timedelta(0)


def test_the_tape_under_the_basic_plan_ends_a_quarter_of_an_hour_ago(vendor_server, new_key):
    vendor_server.route(BARS, page(bar("2024-12-02T14:30:00Z")))
    vendor = Alpaca(new_key, secret=SECRET, feed="sip", base_url=vendor_server.url)
    answer = ask(vendor, "bars", start="2024-12-02", interval="1min")
    # 12:00 less 15 minutes of delay and one to be safe.
    assert vendor_server.requests[0].query["end"].startswith("2024-12-02T11:44:00")
    assert vendor_server.requests[0].query["feed"] == "sip"
    assert (answer.payload.feed, answer.payload.delay) == ("sip", timedelta(minutes=15))
    assert "one_venue" not in codes(answer)


def test_the_tape_of_a_paid_plan_has_no_delay(vendor_server, new_key):
    vendor_server.route(BARS, page(bar("2024-01-08T05:00:00Z")))
    vendor = Alpaca(new_key, secret=SECRET, plan="plus", feed="sip", base_url=vendor_server.url)
    assert ask(vendor, "bars", start="2024-01-08").payload.delay == timedelta(0)


@pytest.mark.parametrize("empty", [{"bars": {}}, {"bars": None}, {"bars": {"AAPL": []}}])
def test_an_empty_page_with_a_token_is_not_the_end(alpaca, vendor_server, empty):
    vendor_server.route(BARS, {**empty, "next_page_token": "x"}, page(bar("2024-01-09T05:00:00Z")))
    assert days(ask(alpaca, "bars", start="2024-01-08")) == ["2024-01-09"]


@pytest.mark.parametrize("dataset", ["bars", "news", "options"])
def test_a_token_that_comes_again_is_an_error_and_no_endless_loop(alpaca, vendor_server, dataset):
    found = {
        "bars": page(bar("2024-01-08T05:00:00Z")),
        "news": {"news": [ARTICLE]},
        "options": {"snapshots": {"AAPL240119C00190000": {}}},
    }[dataset]
    vendor_server.route("*", {**found, "next_page_token": "x"})
    answer = ask(alpaca, dataset)
    assert (answer.status, answer.payload) == ("error", None)
    assert "alpaca leads from page 2 of its answer back to an earlier one, so that it has no end" in answer.reason
    assert len(vendor_server.requests) == 2


def test_no_rows_are_an_empty_answer_with_its_reason(alpaca, vendor_server):
    vendor_server.route(BARS, {"bars": None, "next_page_token": None})
    answer = ask(alpaca, "bars", start="2024-01-08")
    assert (answer.status, answer.reason) == ("empty", "alpaca has no bars of AAPL in the range")


def test_daily_stamps_are_read_in_new_york_on_both_sides_of_the_clock_change(alpaca, vendor_server):
    vendor_server.route(BARS, page(bar("2024-03-08T05:00:00Z"), bar("2024-03-11T04:00:00Z")))
    assert days(ask(alpaca, "bars", start="2024-03-01")) == ["2024-03-08", "2024-03-11"]


def test_naive_and_unreadable_stamps_are_refused_and_counted(alpaca, vendor_server):
    rows = [bar("2024-01-08T05:00:00Z"), bar("2024-01-09T05:00:00"), bar("soon"), bar("2024-01-10T05:00:00Z", c=None)]
    vendor_server.route(BARS, page(*rows))
    answer = ask(alpaca, "bars", start="2024-01-08")
    assert days(answer) == ["2024-01-08"]
    assert note_of(answer, "rows_refused") == (
        "3 of the 4 bars from alpaca were left out: 2 without a readable stamp (t = '2024-01-09T05:00:00', "
        "expected a time with its zone, such as 2024-01-31T21:00:00Z), 1 without a close"
    )


def test_rows_out_of_order_are_sorted_and_repeated_ones_kept_once(alpaca, vendor_server):
    rows = [bar(f"2024-01-{day}T05:00:00Z") for day in ("10", "08", "10", "09")]
    vendor_server.route(BARS, page(*rows))
    answer = ask(alpaca, "bars", start="2024-01-08")
    assert days(answer) == ["2024-01-08", "2024-01-09", "2024-01-10"]
    assert "repeated_bars" in codes(answer)


def test_a_range_before_the_vendors_history_is_told(alpaca, vendor_server):
    vendor_server.route(BARS, page(bar("2016-01-04T05:00:00Z")))
    answer = ask(alpaca, "bars", start="2010-01-04", end="2016-01-04")
    assert vendor_server.requests[0].query["start"].startswith("2016-01-01")
    assert note_of(answer, "history_of_plan").startswith(
        "the history of alpaca begins in 2016-01; rows from 2010-01-04"
    )


def test_without_a_start_the_whole_history_is_asked_for_and_not_today_alone(alpaca, vendor_server):
    vendor_server.route(BARS, page(bar("2016-01-04T05:00:00Z")))
    assert "history_of_plan" not in codes(ask(alpaca, "bars"))
    assert vendor_server.requests[0].query["start"].startswith("2016-01-01")


# 2024-11-29 closed at 13:00 New York, 18:00 UTC.
HALF_DAY = [f"2024-11-29T{time}:00Z" for time in ("14:00", "14:30", "17:30", "18:00")]


@pytest.mark.parametrize(
    ("session", "kept"), [("regular", ["14:30", "17:30"]), ("extended", ["14:00", "14:30", "17:30", "18:00"])]
)
def test_the_session_of_a_half_day_ends_at_one(alpaca, vendor_server, session, kept):
    vendor_server.route(BARS, page(*map(bar, HALF_DAY)))
    answer = ask(alpaca, "bars", start="2024-11-29", end="2024-11-29", interval="30min", session=session)
    assert [f"{ts:%H:%M}" for ts in answer.table["ts"]] == kept
    assert vendor_server.requests[0].query["timeframe"] == "30Min"


def test_a_share_class_keeps_its_point(alpaca, vendor_server):
    vendor_server.route(BARS, page(bar("2024-01-08T05:00:00Z"), symbol="BRK.B"))
    assert ask(alpaca, "bars", "BRK.B", "2024-01-08").status == "ok"
    assert vendor_server.requests[0].query["symbols"] == "BRK.B"


# Faults: what the user sees.

FAULTS = {
    "401": (refused(401, "request is not authorized"), "not_entitled", "alpaca does not accept the key"),
    "403": (refused(403, "subscription does not permit querying recent SIP data"), "not_entitled", "recent SIP data"),
    "429 for an hour": (too_many(3600), "rate_limited", "the limit of its plan basic (200 a minute) is spent"),
    "429 without a time": (too_many(), "rate_limited", "ask again at"),
    "500": (server_error(500), "error", "alpaca answered 500 to GET /v2/stocks/bars"),
    "504": (server_error(504), "error", "try again later"),
    "a dropped connection": (dropped(), "error", "the connection ended early"),
    "a cut page": (cut_body(page(bar("2024-01-08T05:00:00Z"))), "error", "the body was cut short"),
    "a page for people": (wrong_type(), "error", "text/html where JSON was expected"),
    "bad JSON": (bad_json(), "error", "where JSON was expected"),
    "nothing at all": (text_reply(""), "error", "NoneType where an object was expected"),
    "a list": (json_reply([1]), "error", "list where an object was expected"),
    "no page": ({"next_page_token": None}, "error", "without any of bars"),
    "422": (json_reply({"message": "invalid symbol: ?"}, 422), "error", "refused the request for bars of AAPL: invalid symbol: ?"),
    "404": (json_reply({"message": "not found"}, 404), "error", "alpaca knows nothing of bars of AAPL"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_status_with_its_reason(alpaca, vendor_server, new_key, caplog, fault):
    script, status, reason = FAULTS[fault]
    vendor_server.route(BARS, script)
    with caplog.at_level(logging.DEBUG):
        answer = ask(alpaca, "bars", start="2024-01-08", end="2024-01-09")
    assert answer.status == status
    assert reason in answer.reason
    assert answer.payload is None
    for secret in (new_key, SECRET):
        assert secret.get_secret_value() not in answer.reason + caplog.text


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_key_and_the_feed(vendor_server, new_key, status):
    vendor_server.route(BARS, refused(status))
    vendor = Alpaca(new_key, secret=SECRET, feed="sip", base_url=vendor_server.url)
    reason = ask(vendor, "bars", start="2024-01-08").reason
    assert "asked with the key of APCA_API_KEY_ID for bars of AAPL of the feed 'sip'" in reason
    assert "ALPACA_FEED=iex" in reason


def test_a_fault_on_the_second_page_gives_no_part_of_the_series(alpaca, vendor_server):
    vendor_server.route(BARS, page(bar("2024-01-08T05:00:00Z"), token="x"), bad_json())
    answer = ask(alpaca, "bars", start="2024-01-08")
    assert (answer.status, answer.payload) == ("error", None)


def test_a_spent_limit_is_waited_for_by_the_gate_and_not_again_by_the_client(alpaca, vendor_server, waits):
    vendor_server.route(BARS, too_many(7), page(bar("2024-01-08T05:00:00Z")))
    assert ask(alpaca, "bars", start="2024-01-08").status == "ok"
    assert len(vendor_server.requests) == 2
    assert sum(waits) >= 7


def test_the_gate_tries_five_times_and_the_client_not_at_all(alpaca, vendor_server):
    # alpaca-py on its own answers 504 by three more tries of 3 seconds each.
    vendor_server.route(BARS, server_error(504))
    assert ask(alpaca, "bars", start="2024-01-08").status == "error"
    assert len(vendor_server.requests) == 5


def test_the_time_to_ask_again_is_the_vendors(alpaca, vendor_server):
    vendor_server.route(BARS, too_many(3600))
    assert ask(alpaca, "bars", start="2024-01-08").retry_at == NOW + timedelta(hours=1)


def test_a_timeout_is_tried_again_and_then_an_error(alpaca, vendor_server, monkeypatch):
    monkeypatch.setattr(
        alpaca_client, "requests_session", functools.partial(alpaca_client.requests_session, timeout=0.05)
    )
    vendor_server.route(BARS, hang(0.3))
    answer = ask(alpaca, "bars", start="2024-01-08")
    assert answer.status == "error"
    assert "no answer in time" in answer.reason


# Records.

ACTIONS = "/v1/corporate-actions"


def corporate(token: str | None = None, **groups) -> dict:
    return {"corporate_actions": groups, "next_page_token": token}


def test_splits_and_payments_of_every_page_are_actions(alpaca, vendor_server):
    split = {
        "id": "s1",
        "symbol": "AAPL",
        "new_rate": 4,
        "old_rate": 1,
        "ex_date": "2024-06-10",
        "process_date": "2024-06-10",
    }
    reverse = {"id": "s2", "symbol": "AAPL", "new_rate": 1, "old_rate": 10, "ex_date": "2024-07-10"}
    paid = {"id": "d1", "symbol": "AAPL", "rate": 0.24, "special": False, "foreign": False, "ex_date": "2024-02-09",
            "record_date": "2024-02-12", "payable_date": "2024-02-15"}  # fmt: skip
    special = {**paid, "id": "d2", "special": True, "rate": 2.0}
    untyped = {key: value for key, value in paid.items() if key != "special"} | {"id": "d3"}
    vendor_server.route(
        ACTIONS,
        corporate("x", forward_splits=[split], cash_dividends=[paid]),
        corporate(reverse_splits=[reverse], cash_dividends=[special, untyped]),
    )
    answer = ask(alpaca, "actions", start="2024-01-02", end="2024-07-10")
    table = answer.table.set_index("id")
    assert table.loc["s1", ["kind", "ratio"]].tolist() == ["split", 4.0]
    assert table.loc["s2", "ratio"] == 0.1
    assert table.loc[["d1", "d2", "d3"], "kind"].tolist() == ["dividend", "special_dividend", "special_dividend"]
    assert table.loc["d1", "pay_date"] == pd.Timestamp("2024-02-15", tz="UTC")
    assert "2024-02-09" in note_of(answer, "untyped_dividend")
    query = vendor_server.requests[0].query
    # Events that are declared for the year ahead are asked for, and what lies after the range is left out below.
    assert (query["start"], query["end"], query["symbols"]) == ("2024-01-02", "2025-12-02", "AAPL")


def test_a_split_on_the_last_day_is_inside_and_one_on_the_next_is_not(alpaca, vendor_server):
    splits = [{"id": day, "new_rate": 4, "old_rate": 1, "ex_date": f"2024-06-{day}"} for day in ("10", "11")]
    vendor_server.route(ACTIONS, corporate(forward_splits=splits))
    assert ask(alpaca, "actions", start="2024-01-02", end="2024-06-10").table["id"].tolist() == ["10"]


def test_actions_run_through_a_change_of_the_symbol_as_the_bars_do(alpaca, vendor_server):
    change = {"id": "n1", "old_symbol": "UTX", "new_symbol": "RTX", "process_date": "2020-04-03"}
    before = {"id": "d1", "symbol": "UTX", "rate": 0.735, "special": False, "ex_date": "2019-11-14"}
    after = {"id": "d2", "symbol": "RTX", "rate": 0.475, "special": False, "ex_date": "2020-05-14"}
    vendor_server.route(
        ACTIONS,
        lambda asked: corporate(
            name_changes=[change], cash_dividends=[after if asked.query["symbols"] == "RTX" else before]
        ),
    )
    # The range ends before the change: its only payment stands under the old name.
    answer = ask(alpaca, "actions", "RTX", start="2019-01-02", end="2019-12-31")
    assert answer.table["id"].tolist() == ["d1"]
    assert [each.query["symbols"] for each in vendor_server.requests] == ["RTX", "UTX"]
    assert vendor_server.requests[1].query["end"] == "2020-04-03"


def test_events_that_end_or_rename_a_share_are_recorded(alpaca, vendor_server):
    vendor_server.route(
        ACTIONS,
        corporate(
            name_changes=[{"id": "n1", "old_symbol": "FB", "new_symbol": "META", "process_date": "2022-06-09"}],
            spin_offs=[{"id": "o1", "source_symbol": "META", "source_rate": 4, "new_symbol": "NEW", "new_rate": 1, "ex_date": "2023-01-04"}],
            stock_dividends=[{"id": "k1", "symbol": "META", "rate": 0.05, "ex_date": "2023-02-01"}],
            cash_mergers=[
                {"id": "m1", "acquirer_symbol": "META", "acquiree_symbol": "OTHER", "rate": 5, "effective_date": "2023-03-01"},
                {"id": "m2", "acquirer_symbol": "BIG", "acquiree_symbol": "META", "rate": 5, "effective_date": "2024-03-01"},
            ],
            novelties=[{"id": "x1"}],
        ),
    )  # fmt: skip
    answer = ask(alpaca, "actions", "META")
    found = dict(zip(answer.table["kind"], answer.table["ex_date"].dt.strftime("%Y-%m-%d"), strict=True))
    assert found == {
        "symbol_change": "2022-06-09",
        "spin_off": "2023-01-04",
        "stock_dividend": "2023-02-01",
        "merger": "2024-03-01",
    }
    ratios = answer.table.set_index("kind")["ratio"]
    # One new share for four held; 5 % in shares.
    assert ratios[["spin_off", "stock_dividend"]].tolist() == [0.25, 0.05]
    assert "META was FB before 2022-06-09" in note_of(answer, "symbol_change")
    assert "1 of the unknown kind novelties" in note_of(answer, "rows_refused")


def test_a_share_removed_as_worthless_is_told(alpaca, vendor_server):
    vendor_server.route(ACTIONS, corporate(worthless_removals=[{"symbol": "GONE", "process_date": "2023-05-01"}]))
    answer = ask(alpaca, "actions", "GONE")
    assert "GONE was removed as worthless on 2023-05-01" in note_of(answer, "worthless_removal")


ARTICLE = {
    "id": 7, "headline": "Result up", "author": "A. Writer", "source": "benzinga", "summary": "Sales rose.",
    "created_at": "2024-05-02T20:30:00Z", "updated_at": "2024-05-03T09:00:00Z", "url": "https://example.org/7",
    "symbols": ["AAPL", "BRK.B"],
}  # fmt: skip


def test_news_are_dated_by_their_creation_not_by_their_last_edit(alpaca, vendor_server):
    vendor_server.route(
        "/v1beta1/news",
        {"news": [ARTICLE], "next_page_token": "x"},
        {"news": [{**ARTICLE, "id": 8, "created_at": "today"}], "next_page_token": None},
    )
    answer = ask(alpaca, "news", start="2024-05-01")
    row = answer.table.iloc[0]
    assert answer.table["id"].tolist() == ["7"]
    assert row["published_utc"] == pd.Timestamp("2024-05-02 20:30", tz="UTC")
    assert (row["publisher"], row["author"], row["tickers"]) == ("benzinga", "A. Writer", "AAPL|BRK.B")
    assert vendor_server.requests[0].query["sort"] == "desc"
    assert "1 without a readable published_utc" in note_of(answer, "rows_refused")


def test_a_chain_is_paged_to_its_end_and_a_part_says_so(alpaca, vendor_server):
    quoted = {
        "latestQuote": {"bp": 2.0, "ap": 2.1},
        "greeks": {"delta": 0.5},
        "impliedVolatility": 0.25,
        "latestTrade": {"p": 2.05},
    }
    chain = [
        {"snapshots": {"AAPL240119C00190000": quoted}, "next_page_token": "x"},
        {"snapshots": {"BRKB240119P00350500": {}, "XYZ": {}}, "next_page_token": None},
    ]
    vendor_server.route("/v1beta1/options/snapshots/AAPL", *chain, *chain)
    table = ask(alpaca, "options").table
    assert table["contract_type"].tolist() == ["call", "put"]
    assert table["strike"].tolist() == [190.0, 350.5]
    assert table["expiration"].tolist() == [pd.Timestamp("2024-01-19", tz="UTC")] * 2
    assert table.loc[0, ["bid", "ask", "last", "implied_volatility", "delta"]].tolist() == [2.0, 2.1, 2.05, 0.25, 0.5]
    assert table.loc[1, ["bid", "ask", "last"]].isna().all()
    assert "the first 1 of 3 contracts" in note_of(ask(alpaca, "options", limit=1), "partial_chain")


def test_a_snapshot_tells_the_day_of_its_bar(alpaca, vendor_server):
    found = {
        "latestTrade": {"t": "2024-12-02T13:05:00.123456789Z", "p": 237.5},
        "latestQuote": {"t": "2024-12-02T13:05:01Z", "bp": 237.4, "ap": 0},
        "minuteBar": bar("2024-12-02T13:04:00Z", 237.45),
        "dailyBar": bar("2024-11-29T05:00:00Z", 237.33),
        "prevDailyBar": bar("2024-11-27T05:00:00Z", 234.93),
    }
    vendor_server.route("/v2/stocks/snapshots", {"AAPL": found})
    row = ask(alpaca, "snapshot").table.iloc[0]
    assert (row["last"], row["bid"], row["minute_close"], row["day_close"]) == (237.5, 237.4, 237.45, 237.33)
    # An ask of zero is none, and the day's bar before the open is that of the session before.
    assert np.isnan(row["ask"])
    assert row["day_at"] == pd.Timestamp("2024-11-29 05:00", tz="UTC")
    assert row["previous_date"] == pd.Timestamp("2024-11-27", tz="UTC")
    assert row["last_at"] == pd.Timestamp("2024-12-02 13:05:00.123456", tz="UTC")


def test_a_snapshot_of_an_unknown_symbol_is_an_error_that_names_it(alpaca, vendor_server):
    vendor_server.route("/v2/stocks/snapshots", {})
    answer = ask(alpaca, "snapshot", "APPL")
    assert (answer.status, answer.reason) == ("error", "alpaca has no snapshot of APPL; check the symbol")


def test_a_listing_holds_active_and_inactive_shares(alpaca, vendor_server):
    def assets(asked):
        status = asked.query["status"]
        return [
            {"symbol": "BRK.B" if status == "active" else "TWTR", "name": "x", "exchange": "NYSE", "status": status}
        ]

    vendor_server.route("/v2/assets", assets)
    table = ask(alpaca, "listing", "").table
    assert table["symbol"].tolist() == ["BRK.B", "TWTR"]
    assert table["is_active"].tolist() == ["true", "false"]


def test_a_symbol_given_again_is_listed_once_for_each_status(alpaca, vendor_server):
    vendor_server.route(
        "/v2/assets",
        json_reply([{"symbol": "X", "status": "active"}]),
        json_reply([{"symbol": "X", "name": name, "status": "inactive"} for name in ("first", "second")]),
    )
    answer = ask(alpaca, "listing", "")
    assert answer.table["is_active"].tolist() == ["true", "false"]
    assert note_of(answer, "shared_symbols").startswith("1 assets share symbol and status with another")
    assert len(canonical("listing", answer.table, symbol="", retrieved_at=NOW).table) == 2


def test_half_of_a_listing_is_an_error(alpaca, vendor_server):
    vendor_server.route("/v2/assets", json_reply([{"symbol": "A", "status": "active"}]), server_error(500))
    answer = ask(alpaca, "listing", "")
    assert (answer.status, answer.payload) == ("error", None)


BORDER = {
    "actions": (ACTIONS, corporate(cash_dividends=[{"id": "d1", "rate": 0.24, "special": False, "ex_date": "2024-02-09"}])),
    "news": ("/v1beta1/news", {"news": [ARTICLE], "next_page_token": None}),
    "options": ("/v1beta1/options/snapshots/AAPL", {"snapshots": {"AAPL240119C00190000": {}}, "next_page_token": None}),
    "snapshot": ("/v2/stocks/snapshots", {"AAPL": {"latestTrade": {"t": "2024-11-29T17:00:00Z", "p": 1.0}}}),
    "listing": (
        "/v2/assets",
        lambda asked: [{"symbol": f"X{asked.query['status'][0].upper()}", "status": asked.query["status"]}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dataset", BORDER)
def test_records_pass_the_schema_of_their_dataset(alpaca, vendor_server, dataset):
    vendor_server.route(*BORDER[dataset])
    answer = ask(alpaca, dataset)
    checked = canonical(dataset, answer.table, symbol="AAPL", retrieved_at=NOW)
    assert answer.status == "ok"
    assert checked.rejected == ()
    assert len(checked.table) == answer.rows


# Settings.


def test_without_keys_there_is_no_provider_and_half_a_key_is_refused(monkeypatch):
    for name in ("APCA_API_KEY_ID", "ALPACA_API_KEY", "INVESTIQ_ALPACA_KEY_ID", "APCA_API_SECRET_KEY",
                 "ALPACA_SECRET_KEY", "ALPACA_API_SECRET", "INVESTIQ_ALPACA_SECRET_KEY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    assert from_settings(load_settings()) is None
    monkeypatch.setenv("APCA_API_KEY_ID", "half-a-key")
    with pytest.raises(ConfigError, match="set APCA_API_SECRET_KEY"):
        from_settings(load_settings())


def test_the_settings_choose_feed_plan_and_address(monkeypatch, vendor_server, waits):
    monkeypatch.setenv("APCA_API_KEY_ID", "PK-key-of-the-settings-test")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "secret-of-the-settings-test")
    monkeypatch.setenv("ALPACA_FEED", "sip")
    monkeypatch.setenv("INVESTIQ_ALPACA_PLAN", "plus")
    monkeypatch.setenv("INVESTIQ_ALPACA_URL", vendor_server.url)
    vendor_server.route(BARS, page(bar("2024-01-08T05:00:00Z")))
    answer = ask(from_settings(load_settings()), "bars", start="2024-01-08")
    assert answer.status == "ok"
    assert answer.payload.source == f"{vendor_server.url}: /v2/stocks/bars, adjustment=raw (feed sip, plan plus)"


def test_an_unknown_feed_is_refused(new_key):
    with pytest.raises(ConfigError, match="feed must be 'iex' or 'sip', was 'otc'"):
        Alpaca(new_key, secret=SECRET, feed="otc")


def test_twenty_threads_share_one_client_and_get_their_own_rows(alpaca, vendor_server):
    def reply(asked):
        symbol = asked.query["symbols"]
        return page(bar("2024-01-08T05:00:00Z", float(symbol.removeprefix("S"))), symbol=symbol)

    vendor_server.route(BARS, reply)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: ask(alpaca, "bars", f"S{n}", "2024-01-08"), range(10, 50)))
    assert [answer.table["close"].tolist() for answer in answers] == [[float(n)] for n in range(10, 50)]
