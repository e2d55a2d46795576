"""Twelve Data against a local server that answers in its documented shapes, written by hand."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from pydantic import SecretStr

from investiq.market.contract import Request
from investiq.market.vendors import twelvedata
from investiq.market.vendors.twelvedata import TwelveData
from investiq.runtime import clock
from tests.servers.contract import assert_canonical
from tests.servers.faults import HTTP_FAULTS, PASSING_FAULTS, TIMEOUT, assert_fault, assert_hidden
from tests.servers.http import Received, json_reply

KEY = "TWELVESECRET24680"
NOW = datetime(2024, 6, 14, 15, tzinfo=UTC)
META = {"symbol": "ACME", "currency": "USD", "exchange": "NASDAQ", "mic_code": "XNGS", "type": "Common Stock"}


def value(stamp: str, close: float = 10.5) -> dict[str, str]:
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    return {"datetime": stamp, **{name: f"{price:.5f}" for name, price in prices.items()}, "volume": "100"}


def series(*values, meta=META):
    return {"meta": dict(meta), "values": list(values), "status": "ok"}


def told(code: int, message: str):
    return {"code": code, "message": message, "status": "error"}


@pytest.fixture
def twelve(vendor_server, vendor_time):
    with clock.fixed(NOW), closing(TwelveData(SecretStr(KEY), plan="grow", base_url=vendor_server.url)) as vendor:
        yield vendor


def utc(*texts):
    return pd.to_datetime(list(texts), utc=True).as_unit("us")


def test_daily_bars_are_asked_for_unadjusted_and_come_oldest_first(twelve, vendor_server):
    vendor_server.route("/time_series", series(value("2024-06-12", 26.5), value("2024-06-11", 102.0)))
    answer = twelve.fetch(Request.of("bars", "ACME", start="2024-06-11", end="2024-06-12"))
    assert answer.table["ts"].tolist() == utc("2024-06-11", "2024-06-12").tolist()
    assert answer.table["close"].tolist() == [102.0, 26.5]
    (got,) = vendor_server.requests
    assert (got.query["adjust"], got.query["timezone"], got.query["interval"]) == ("none", "UTC", "1day")
    assert (got.query["start_date"], got.query["outputsize"]) == ("2024-06-11T00:00:00", "5000")
    payload = answer.payload
    assert (payload.price_basis, payload.calendar, payload.currency) == ("as_traded", "XNYS", "USD")
    assert payload.settle == timedelta(minutes=15)
    assert_canonical(answer)


def test_intraday_stamps_are_utc_on_both_sides_of_a_change_of_the_clocks(twelve, vendor_server):
    vendor_server.route("/time_series", series(value("2024-03-11 13:30:00"), value("2024-03-08 14:30:00")))
    answer = twelve.fetch(Request.of("bars", "ACME", start="2024-03-08", end="2024-03-11", interval="60min"))
    assert answer.table["ts"].tolist() == utc("2024-03-08 14:30", "2024-03-11 13:30").tolist()
    assert vendor_server.requests[0].query["interval"] == "1h"
    assert answer.payload.settle == timedelta(0)


def test_a_long_range_is_asked_for_page_by_page_back_to_the_start(twelve, vendor_server, monkeypatch):
    monkeypatch.setattr(twelvedata, "_PAGE", 3)
    days = ["2024-06-03", "2024-06-04", "2024-06-05", "2024-06-06", "2024-06-07"]

    def page(received: Received):
        before = received.query.get("end_date", "9999")[:10]
        return series(*[value(day) for day in days if day <= before][-3:][::-1])

    vendor_server.route("/time_series", page)
    answer = twelve.fetch(Request.of("bars", "ACME", start="2024-06-03"))
    assert answer.table["ts"].tolist() == utc(*days).tolist()
    # The pages overlap by a bar, so that it does not matter whether their last stamp counts.
    assert [each.query.get("end_date") for each in vendor_server.requests] == [
        None, "2024-06-05T00:00:00", "2024-06-03T00:00:00",
    ]  # fmt: skip


def test_a_page_that_comes_again_and_again_is_an_error_and_no_endless_loop(twelve, vendor_server, monkeypatch):
    monkeypatch.setattr(twelvedata, "_PAGE", 2)
    vendor_server.route("/time_series", series(value("2024-06-07"), value("2024-06-06")))
    answer = twelve.fetch(Request.of("bars", "ACME", start="2024-06-01"))
    assert_fault(answer, "error", "the history cannot be completed")


def test_no_bars_in_the_range_is_empty_and_not_a_failure(twelve, vendor_server):
    vendor_server.route("/time_series", told(400, "No data is available on the specified dates. Try others."))
    answer = twelve.fetch(Request.of("bars", "ACME", start="2024-06-08", end="2024-06-09"))
    assert (answer.status, answer.reason) == ("empty", "twelvedata has no bars of ACME in the range")


@pytest.mark.parametrize("http_status", [200, 400])
@pytest.mark.parametrize(
    ("code", "message", "status", "words"),
    [
        (429, "You have run out of API credits for the current minute.", "rate_limited", "API credits for the current minute"),
        (401, f"**apikey** {KEY} is incorrect", "not_entitled", "is incorrect"),
        (403, "/time_series is available with the Pro plan.", "not_entitled", "with the Pro plan"),
        (404, "**symbol** not found: NONE.", "error", "iq.search_symbols"),
        (400, "**symbol** or **figi** parameter is missing or invalid.", "error", "iq.search_symbols"),
        (400, "Invalid **interval** provided.", "error", "refuses /time_series of ACME"),
        (500, "Internal error", "error", "code 500"),
    ],
)  # fmt: skip
def test_the_code_in_the_body_decides_the_status(twelve, vendor_server, caplog, http_status, code, message, status, words):  # fmt: skip
    vendor_server.route("/time_series", json_reply(told(code, message), http_status))
    with caplog.at_level(logging.DEBUG):
        answer = twelve.fetch(Request.of("bars", "ACME"))
    assert (answer.status, words in answer.reason) == (status, True), answer.reason
    assert_hidden(KEY, answer, caplog.records)


def test_a_spent_minute_stops_all_requests_with_this_key_until_it_is_over(twelve, vendor_server, vendor_time):
    vendor_server.route("/time_series", told(429, "out of credits for the current minute"), series(value("2024-06-12")))
    first = twelve.fetch(Request.of("bars", "ACME"))
    assert first.retry_at == NOW + timedelta(minutes=1)
    assert twelve.fetch(Request.of("bars", "ACME")).status == "ok"
    assert sum(vendor_time.sleeps) == pytest.approx(60.0)


@pytest.mark.parametrize("fault", HTTP_FAULTS)
def test_a_fault_of_http_reaches_the_user_with_its_reason(twelve, vendor_server, caplog, fault):
    replies, status, words = HTTP_FAULTS[fault]
    vendor_server.route("/time_series", *replies)
    with caplog.at_level(logging.DEBUG):
        answer = twelve.fetch(Request.of("bars", "ACME"))
    assert_fault(answer, status, words)
    assert_hidden(KEY, answer, caplog.records)


def test_a_vendor_that_does_not_answer_in_time_is_an_error(twelve, vendor_server):
    vendor_server.route("/time_series", TIMEOUT)
    twelve._client.timeout = 0.05
    assert_fault(twelve.fetch(Request.of("bars", "ACME")), "error", "no answer in time")
    assert len(vendor_server.requests) == 5


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_passing_fault_is_asked_again(twelve, vendor_server, fault):
    vendor_server.route("/time_series", PASSING_FAULTS[fault], series(value("2024-06-12")))
    assert twelve.fetch(Request.of("bars", "ACME")).status == "ok"


def test_the_key_travels_in_a_header_and_not_in_the_address(twelve, vendor_server):
    vendor_server.route("/time_series", series(value("2024-06-12")))
    answer = twelve.fetch(Request.of("bars", "ACME"))
    (got,) = vendor_server.requests
    assert got.headers["authorization"] == f"apikey {KEY}"
    assert KEY not in str(got.query)
    assert KEY not in answer.payload.source


def test_splits_are_new_shares_per_old_and_dividends_are_asked_for_unadjusted(twelve, vendor_server):
    split = {"date": "2020-08-31", "description": "4-for-1 split", "ratio": 0.25, "from_factor": 4, "to_factor": 1}
    vendor_server.route("/splits", {"meta": META, "splits": [split]})
    vendor_server.route("/dividends", {"meta": META, "dividends": [{"ex_date": "2020-08-07", "amount": 0.82}]})
    answer = twelve.fetch(Request.of("actions", "ACME"))
    assert_canonical(answer)
    table = answer.table
    assert table["kind"].tolist() == ["dividend", "split"]
    assert table["ratio"].iloc[1] == 4.0
    assert table["cash"].iloc[0] == 0.82
    assert vendor_server.requests_to("/dividends")[0].query["adjust"] == "false"
    assert {each.query["range"] for each in vendor_server.requests} == {"full"}


def test_the_extended_session_is_refused_because_its_volume_is_missing(twelve, vendor_server):
    answer = twelve.fetch(Request.of("bars", "ACME", interval="5min", session="extended"))
    assert_fault(answer, "error", "without volume")
    assert not vendor_server.requests


def test_a_venue_whose_sessions_are_unknown_is_refused(twelve, vendor_server):
    vendor_server.route("/time_series", series(value("2024-06-12"), meta={**META, "mic_code": "XZZZ"}))
    assert_fault(twelve.fetch(Request.of("bars", "ACME")), "error", "whose sessions are not known here")


def test_a_share_of_london_keeps_its_calendar_and_currency(twelve, vendor_server):
    vendor_server.route(
        "/time_series", series(value("2024-06-12"), meta={**META, "mic_code": "XLON", "currency": "GBp"})
    )
    payload = twelve.fetch(Request.of("bars", "ACME")).payload
    assert (payload.calendar, payload.currency) == ("XLON", "GBp")


def test_a_row_twice_is_kept_once(twelve, vendor_server):
    vendor_server.route("/time_series", series(value("2024-06-12"), value("2024-06-12"), value("2024-06-11")))
    assert twelve.fetch(Request.of("bars", "ACME")).rows == 2


def test_the_listing_holds_us_shares_in_dollars_of_today(twelve, vendor_server):
    row = {"symbol": "BRK.B", "name": "Berkshire", "mic_code": "XNYS", "type": "Common Stock", "currency": "USD"}
    vendor_server.route("/stocks", {"data": [row, {**row, "symbol": "XX", "currency": "CAD"}], "status": "ok"})
    answer = twelve.fetch(Request.of("listing"))
    assert answer.table["symbol"].tolist() == ["BRK.B"]
    assert vendor_server.requests[0].query == {"country": "United States"}
    assert_canonical(answer)


def test_search_names_instruments_with_their_market(twelve, vendor_server):
    row = {"symbol": "ACME", "instrument_name": "Acme", "mic_code": "XNAS", "instrument_type": "Common Stock", "currency": "USD"}  # fmt: skip
    vendor_server.route("/symbol_search", {"data": [row], "status": "ok"})
    assert twelve.fetch(Request.of("search", "acme")).table["exchange"].tolist() == ["XNAS"]
