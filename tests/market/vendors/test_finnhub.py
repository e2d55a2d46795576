"""Finnhub against a local server that answers in its documented shapes, written by hand."""

import logging
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from investiq.market.contract import Request
from investiq.market.vendors.finnhub import Finnhub
from investiq.runtime import clock
from tests.servers.contract import assert_canonical
from tests.servers.faults import HTTP_FAULTS, PASSING_FAULTS, TIMEOUT, assert_fault, assert_hidden
from tests.servers.http import Received, json_reply

KEY = "FINNHUBSECRET98765"
NOW = datetime(2024, 6, 14, 15, tzinfo=UTC)
# 2024-06-13 19:59:59 UTC.
QUOTE = {"c": 101.5, "d": 0.5, "dp": 0.49, "h": 103.0, "l": 100.0, "o": 102.0, "pc": 101.0, "t": 1718308799}


@pytest.fixture
def finnhub(vendor_server, vendor_time):
    with clock.fixed(NOW), closing(Finnhub(SecretStr(KEY), plan="free", base_url=vendor_server.url)) as vendor:
        yield vendor


def utc(*texts):
    return pd.to_datetime(list(texts), utc=True).as_unit("us")


def article(number: int, stamp: str) -> dict[str, object]:
    seconds = int(pd.Timestamp(stamp, tz="UTC").timestamp())
    return {
        "id": number, "headline": f"Item {number}", "datetime": seconds, "source": "Wire", "category": "company",
        "related": "ACME,OTHER", "summary": "Words.", "url": f"https://example.org/{number}",
    }  # fmt: skip


def test_a_quote_is_a_snapshot_stamped_with_the_last_trade(finnhub, vendor_server):
    vendor_server.route("/quote", QUOTE)
    answer = finnhub.fetch(Request.of("snapshot", "ACME"))
    assert_canonical(answer)
    row = answer.table.iloc[0]
    assert row["symbol"] == "ACME"
    assert row["ts"] == row["last_at"] == row["day_at"] == pd.Timestamp("2024-06-13 19:59:59", tz="UTC")
    assert (row["last"], row["day_open"], row["day_high"], row["day_low"]) == (101.5, 102.0, 103.0, 100.0)
    assert row["previous_close"] == 101.0


@pytest.mark.parametrize("nothing", [None, 0])
def test_a_missing_price_stays_missing_and_is_never_the_previous_close(finnhub, vendor_server, nothing):
    vendor_server.route("/quote", {**QUOTE, "c": nothing})
    row = finnhub.fetch(Request.of("snapshot", "ACME")).table.iloc[0]
    assert np.isnan(row["last"])
    assert row["previous_close"] == 101.0


def test_an_unknown_symbol_is_an_error_although_the_vendor_answers_zeros(finnhub, vendor_server):
    vendor_server.route("/quote", dict.fromkeys(QUOTE, 0))
    assert_fault(finnhub.fetch(Request.of("snapshot", "NONE")), "error", "knows no quote of NONE")


def test_a_price_of_unknown_age_is_refused(finnhub, vendor_server):
    vendor_server.route("/quote", {**QUOTE, "t": None})
    assert_fault(finnhub.fetch(Request.of("snapshot", "ACME")), "error", "without its time")


def test_bars_are_not_served_because_a_quote_is_none(finnhub):
    answer = finnhub.fetch(Request.of("bars", "ACME"))
    assert_fault(answer, "error", "finnhub does not serve bars")


def test_the_key_travels_in_a_header_and_not_in_the_address(finnhub, vendor_server, caplog):
    vendor_server.route("/quote", QUOTE)
    with caplog.at_level(logging.DEBUG):
        answer = finnhub.fetch(Request.of("snapshot", "ACME"))
    (got,) = vendor_server.requests
    assert got.headers["x-finnhub-token"] == KEY
    assert got.query == {"symbol": "ACME"}
    assert_hidden(KEY, answer, caplog.records)


@pytest.mark.parametrize("fault", HTTP_FAULTS)
def test_a_fault_of_http_reaches_the_user_with_its_reason(finnhub, vendor_server, caplog, fault):
    replies, status, words = HTTP_FAULTS[fault]
    vendor_server.route("/quote", *replies)
    with caplog.at_level(logging.DEBUG):
        answer = finnhub.fetch(Request.of("snapshot", "ACME"))
    assert_fault(answer, status, words)
    assert_hidden(KEY, answer, caplog.records)


def test_a_vendor_that_does_not_answer_in_time_is_an_error(finnhub, vendor_server):
    vendor_server.route("/quote", TIMEOUT)
    finnhub._client.timeout = 0.05
    assert_fault(finnhub.fetch(Request.of("snapshot", "ACME")), "error", "no answer in time")
    assert len(vendor_server.requests) == 5


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_passing_fault_is_asked_again(finnhub, vendor_server, fault):
    vendor_server.route("/quote", PASSING_FAULTS[fault], QUOTE)
    assert finnhub.fetch(Request.of("snapshot", "ACME")).status == "ok"


@pytest.mark.parametrize(
    ("message", "status", "words"),
    [
        ("You don't have access to this resource.", "not_entitled", "don't have access"),
        ("Something broke.", "error", "did not answer /quote: Something broke."),
    ],
)
def test_an_error_told_in_an_answer_of_200_is_one(finnhub, vendor_server, message, status, words):
    vendor_server.route("/quote", {"error": message})
    assert_fault(finnhub.fetch(Request.of("snapshot", "ACME")), status, words)


def test_news_maps_source_to_publisher_and_category_to_keywords(finnhub, vendor_server):
    vendor_server.route("/company-news", [article(2, "2024-06-12 08:00"), article(1, "2024-06-10 21:30")])
    answer = finnhub.fetch(Request.of("news", "ACME", start="2024-06-10", end="2024-06-13"))
    assert answer.table["id"].tolist() == ["1", "2"]
    assert answer.table["published_utc"].tolist() == utc("2024-06-10 21:30", "2024-06-12 08:00").tolist()
    first = answer.table.iloc[0]
    assert (first["publisher"], first["keywords"], first["tickers"]) == ("Wire", "company", "ACME|OTHER")
    assert vendor_server.requests[0].query == {"symbol": "ACME", "from": "2024-06-10", "to": "2024-06-13"}
    assert_canonical(answer)


def test_news_is_asked_for_until_the_oldest_day_because_an_answer_holds_the_newest_only(finnhub, vendor_server):
    everything = [article(day, f"2024-06-{day:02d} 12:00") for day in range(1, 8)]

    def newest_three(received: Received):
        inside = [row for row in everything if datetime.fromtimestamp(row["datetime"], UTC).strftime("%Y-%m-%d") <= received.query["to"]]  # fmt: skip
        return inside[-3:][::-1]

    vendor_server.route("/company-news", newest_three)
    answer = finnhub.fetch(Request.of("news", "ACME", start="2024-06-01", end="2024-06-07"))
    assert answer.table["id"].tolist() == ["1", "2", "3", "4", "5", "6", "7"]
    # 7-5, then up to the 5th 5-3, then up to the 3rd 3-1, which reaches the start.
    assert [each.query["to"] for each in vendor_server.requests] == ["2024-06-07", "2024-06-05", "2024-06-03"]


def test_news_without_articles_is_empty(finnhub, vendor_server):
    vendor_server.route("/company-news", [])
    answer = finnhub.fetch(Request.of("news", "ACME", start="2024-06-01"))
    assert (answer.status, answer.reason) == ("empty", "finnhub has no news of ACME in the range")


def test_insiders_keep_the_code_of_form_4_and_the_day_of_filing(finnhub, vendor_server):
    rows = [
        {"name": "Doe Jane", "share": 900, "change": -100, "filingDate": "2024-06-05", "transactionDate": "2024-06-03",
         "transactionPrice": 50.0, "transactionCode": "S", "isDerivative": False, "id": "f-1"},
        {"name": "Roe Rick", "share": 500, "change": 200, "filingDate": "2024-06-04", "transactionDate": "2024-06-02",
         "transactionPrice": 0, "transactionCode": "A", "isDerivative": False, "id": "f-2"},
        {"name": "Roe Rick", "share": 10, "change": 10, "filingDate": "2024-06-04", "transactionDate": "2024-06-02",
         "transactionPrice": 1.0, "transactionCode": "M", "isDerivative": True, "id": "f-2"},
    ]  # fmt: skip
    vendor_server.route("/stock/insider-transactions", {"symbol": "ACME", "data": rows})
    answer = finnhub.fetch(Request.of("insiders", "ACME"))
    table = answer.table
    assert table["code"].tolist() == ["A", "S"]
    assert table["filed_at"].tolist() == utc("2024-06-04", "2024-06-05").tolist()
    assert table["shares"].tolist() == [200.0, 100.0]
    # A grant has no price: missing, not zero. 100 shares at 50.
    assert np.isnan(table["price"].iloc[0])
    assert np.isnan(table["value"].iloc[0])
    assert table["value"].iloc[1] == 5000.0
    assert [(note.code, note.rows) for note in answer.payload.notes] == [("records_left_out", 1)]
    assert_canonical(answer)


def test_earnings_join_the_period_of_one_answer_with_the_day_of_another(finnhub, vendor_server):
    calendar = [
        {"symbol": "ACME", "date": "2024-05-02", "quarter": 1, "year": 2024, "epsActual": 1.5, "epsEstimate": 1.4,
         "revenueActual": 90.0, "revenueEstimate": 88.0, "hour": "amc"},
        {"symbol": "ACME", "date": "2024-08-01", "quarter": 2, "year": 2024, "epsActual": None, "epsEstimate": 1.6,
         "revenueActual": None, "revenueEstimate": 91.0, "hour": ""},
    ]  # fmt: skip
    surprises = [{"symbol": "ACME", "period": "2024-03-31", "quarter": 1, "year": 2024, "actual": 1.5, "estimate": 1.4}]
    vendor_server.route("/calendar/earnings", {"earningsCalendar": calendar})
    vendor_server.route("/stock/earnings", surprises)
    answer = finnhub.fetch(Request.of("earnings", "ACME"))
    row = answer.table.iloc[0]
    assert answer.rows == 1
    assert (row["period_end"], row["reported_date"]) == tuple(utc("2024-03-31", "2024-05-02"))
    assert (row["fiscal_period"], row["eps_actual"], row["eps_estimate"], row["revenue_actual"]) == ("Q1", 1.5, 1.4, 90.0)  # fmt: skip
    assert answer.payload.notes[0].rows == 1
    assert_canonical(answer)


def test_a_listing_is_of_today_and_says_so(finnhub, vendor_server):
    rows = [{"symbol": "BRK.B", "description": "BERKSHIRE B", "mic": "XNYS", "currency": "USD", "type": "Common Stock"}]
    vendor_server.route("/stock/symbol", rows)
    answer = finnhub.fetch(Request.of("listing"))
    assert answer.table.to_dict("records") == [
        {"symbol": "BRK.B", "name": "BERKSHIRE B", "type": "Common Stock", "exchange": "XNYS", "currency": "USD", "is_active": "true"}
    ]  # fmt: skip
    assert not Finnhub.capabilities.survivorship_safe
    assert not Finnhub.capabilities.supports_pit_universe
    assert_canonical(answer)


def test_search_names_instruments(finnhub, vendor_server):
    found = {"count": 1, "result": [{"symbol": "ACME", "description": "ACME INC", "type": "Common Stock"}]}
    vendor_server.route("/search", found)
    answer = finnhub.fetch(Request.of("search", "acme"))
    assert answer.table["symbol"].tolist() == ["ACME"]
    assert_canonical(answer)


def test_an_answer_of_another_form_is_a_failure_and_not_empty(finnhub, vendor_server):
    vendor_server.route("/search", json_reply({"count": 0}))
    assert_fault(finnhub.fetch(Request.of("search", "acme")), "error", "where a list of records was expected")
