"""Alpha Vantage against a local server that answers in its documented shapes, written by hand."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from investiq.market.contract import Request
from investiq.market.vendors.alphavantage import AlphaVantage
from investiq.runtime import clock
from tests.servers.contract import assert_canonical
from tests.servers.faults import HTTP_FAULTS, PASSING_FAULTS, TIMEOUT, assert_fault, assert_hidden
from tests.servers.http import Received, json_reply, text_reply

KEY = "AVSECRETKEY123456"
NOW = datetime(2024, 6, 14, 15, tzinfo=UTC)
ADJUSTED_ROWS = {
    # Newest first, as the vendor sends them. A 4:1 split on 2024-06-12 and 0.50 a share on 2024-06-11.
    "2024-06-12": ["26.0", "27.0", "25.0", "26.5", "26.5", "4000", "0.0000", "4.0"],
    "2024-06-11": ["101.0", "103.0", "100.0", "102.0", "25.5", "1100", "0.5000", "1.0"],
    "2024-06-10": ["100.0", "102.0", "99.0", "101.0", "25.125", "1000", "0.0000", "1.0"],
}
NAMES = ["1. open", "2. high", "3. low", "4. close", "5. adjusted close", "6. volume", "7. dividend amount", "8. split coefficient"]  # fmt: skip


def daily_document(rows=ADJUSTED_ROWS):
    return {
        "Meta Data": {"2. Symbol": "ACME", "5. Time Zone": "US/Eastern"},
        "Time Series (Daily)": {day: dict(zip(NAMES, values, strict=True)) for day, values in rows.items()},
    }


def intraday_document(rows, interval="5min", zone="US/Eastern"):
    names = ["1. open", "2. high", "3. low", "4. close", "5. volume"]
    return {
        "Meta Data": {"2. Symbol": "ACME", "4. Interval": interval, "6. Time Zone": zone},
        f"Time Series ({interval})": {stamp: dict(zip(names, values, strict=True)) for stamp, values in rows.items()},
    }


@pytest.fixture
def av(vendor_server, vendor_time):
    made = AlphaVantage(SecretStr(KEY), plan="premium_75", base_url=vendor_server.url)
    with clock.fixed(NOW), closing(made) as vendor:
        yield vendor


def utc(*texts):
    return pd.to_datetime(list(texts), utc=True).as_unit("us")


def test_daily_bars_are_as_traded_and_oldest_first(av, vendor_server):
    vendor_server.route("/query", daily_document())
    answer = av.fetch(Request.of("bars", "ACME"))
    assert answer.status == "ok"
    assert answer.table["ts"].tolist() == utc("2024-06-10", "2024-06-11", "2024-06-12").tolist()
    assert answer.table["close"].tolist() == [101.0, 102.0, 26.5]
    assert answer.table["volume"].tolist() == [1000.0, 1100.0, 4000.0]
    assert answer.payload.price_basis == "as_traded"
    assert (answer.payload.delay, answer.payload.settle) == (timedelta(minutes=15), timedelta(minutes=15))
    assert list(answer.table.columns) == ["ts", "open", "high", "low", "close", "volume"]
    assert answer.table["ts"].dtype == "datetime64[us, UTC]"
    assert_canonical(answer)


def test_actions_come_with_the_bars_and_the_adjusted_close_is_evidence_only(av, vendor_server):
    vendor_server.route("/query", daily_document())
    payload = av.fetch(Request.of("bars", "ACME")).payload
    actions = payload.companions["actions"]
    assert actions["kind"].tolist() == ["dividend", "split"]
    assert actions["ex_date"].tolist() == utc("2024-06-11", "2024-06-12").tolist()
    assert actions["cash"].iloc[0] == 0.5
    assert np.isnan(actions["cash"].iloc[1])
    assert actions["ratio"].iloc[1] == 4.0
    assert payload.companions["adjusted"]["close"].tolist() == [25.125, 25.5, 26.5]


def test_a_split_on_the_last_day_leaves_its_own_bar_as_traded(av, vendor_server):
    # The bar of the ex-date already trades at a quarter: nothing is multiplied.
    vendor_server.route("/query", daily_document())
    answer = av.fetch(Request.of("bars", "ACME", start="2024-06-12"))
    assert answer.table["close"].tolist() == [26.5]
    assert answer.payload.companions["actions"]["ratio"].iloc[-1] == 4.0


def test_start_and_end_are_cut_here_because_the_vendor_ignores_them(av, vendor_server):
    vendor_server.route("/query", daily_document())
    answer = av.fetch(Request.of("bars", "ACME", start="2024-06-11", end="2024-06-11"))
    assert answer.table["ts"].tolist() == utc("2024-06-11").tolist()


def test_a_range_without_bars_is_empty_and_not_a_failure(av, vendor_server):
    vendor_server.route("/query", daily_document())
    answer = av.fetch(Request.of("bars", "ACME", start="2024-06-13"))
    assert (answer.status, answer.reason) == ("empty", "alphavantage has no bars of ACME in the range")


def test_limit_keeps_the_newest_bars(av, vendor_server):
    vendor_server.route("/query", daily_document())
    answer = av.fetch(Request.of("bars", "ACME", limit=2))
    assert answer.table["close"].tolist() == [102.0, 26.5]


@pytest.mark.parametrize(
    ("asked", "size"),
    [({}, "full"), ({"start": "2024-05-01"}, "compact"), ({"start": "2023-01-01"}, "full"), ({"limit": 50}, "compact")],
)
def test_the_compact_answer_is_asked_for_only_where_it_holds_the_range(av, vendor_server, asked, size):
    vendor_server.route("/query", daily_document())
    av.fetch(Request.of("bars", "ACME", **asked))
    assert vendor_server.requests[-1].query["outputsize"] == size


def test_the_free_plan_gives_bars_without_actions_and_says_so(vendor_server, vendor_time):
    rows = {day: dict(zip(NAMES[:4], values[:4], strict=True)) | {"5. volume": values[5]} for day, values in ADJUSTED_ROWS.items()}  # fmt: skip
    vendor_server.route("/query", {"Meta Data": {}, "Time Series (Daily)": rows})
    with closing(AlphaVantage(SecretStr(KEY), plan="free", base_url=vendor_server.url)) as free:
        answer = free.fetch(Request.of("bars", "ACME"))
    assert vendor_server.requests[-1].query["function"] == "TIME_SERIES_DAILY"
    assert answer.table["volume"].tolist() == [1000.0, 1100.0, 4000.0]
    assert [note.code for note in answer.payload.notes] == ["no_actions_in_plan"]
    refused = free.fetch(Request.of("actions", "ACME"))
    assert refused.status == "not_entitled"
    assert "INVESTIQ_ALPHAVANTAGE_PLAN" in refused.reason


def test_intraday_stamps_are_new_yorks_and_shift_with_the_clocks(av, vendor_server):
    # The clocks changed on 2024-03-10: 09:30 is 14:30 UTC on the Friday before and 13:30 UTC on the Monday after.
    row = ["10", "11", "9", "10.5", "100"]
    vendor_server.route("/query", intraday_document({"2024-03-11 09:30:00": row, "2024-03-08 09:30:00": row}))
    answer = av.fetch(Request.of("bars", "ACME", start="2024-03-08", end="2024-03-11", interval="5min"))
    assert answer.table["ts"].tolist() == utc("2024-03-08 14:30", "2024-03-11 13:30").tolist()
    query = vendor_server.requests[-1].query
    assert (query["month"], query["adjusted"], query["extended_hours"], query["outputsize"]) == (
        "2024-03", "false", "false", "full",
    )  # fmt: skip
    assert answer.payload.settle == timedelta(0)
    assert_canonical(answer)


def test_a_range_of_three_months_is_asked_for_month_by_month(av, vendor_server):
    row = ["10", "11", "9", "10.5", "100"]

    def month(received: Received):
        return intraday_document({f"{received.query['month']}-15 09:30:00": row})

    vendor_server.route("/query", month)
    answer = av.fetch(Request.of("bars", "ACME", start="2023-12-20", end="2024-02-20", interval="5min"))
    assert [each.query["month"] for each in vendor_server.requests] == ["2023-12", "2024-01", "2024-02"]
    # Of 2023-12-15, 2024-01-15 and 2024-02-15 the first lies before the start.
    assert answer.table["ts"].tolist() == utc("2024-01-15 14:30", "2024-02-15 14:30").tolist()


def test_the_extended_session_is_asked_for_by_name(av, vendor_server):
    vendor_server.route("/query", intraday_document({"2024-06-13 04:00:00": ["10", "11", "9", "10.5", "100"]}))
    answer = av.fetch(Request.of("bars", "ACME", start="2024-06-13", interval="5min", session="extended"))
    assert vendor_server.requests[-1].query["extended_hours"] == "true"
    assert answer.table["ts"].tolist() == utc("2024-06-13 08:00").tolist()


def test_naive_stamps_without_a_named_zone_are_refused(av, vendor_server):
    document = intraday_document({"2024-06-13 09:30:00": ["10", "11", "9", "10.5", "100"]}, zone="")
    vendor_server.route("/query", document)
    answer = av.fetch(Request.of("bars", "ACME", start="2024-06-13", interval="5min"))
    assert_fault(answer, "error", "stamps without a zone are not read")


def test_a_missing_volume_is_nan_and_a_missing_open_refuses_the_bar_and_never_is_either_zero(av, vendor_server):
    rows = {
        "2024-06-10": ["None", "102.0", "99.0", "101.0", "101.0", "1000", "0.0", "1.0"],
        "2024-06-11": ["100.0", "102.0", "99.0", "101.0", "101.0", "", "0.0", "1.0"],
    }
    vendor_server.route("/query", daily_document(rows))
    answer = av.fetch(Request.of("bars", "ACME"))
    assert answer.table["ts"].tolist() == utc("2024-06-11").tolist()
    assert answer.table["volume"].isna().all()
    assert [(note.code, note.rows) for note in answer.payload.notes] == [("rows_refused", 1)]


def test_a_value_that_is_no_number_is_an_error_that_names_it(av, vendor_server):
    rows = {"2024-06-10": ["about 100", "102.0", "99.0", "101.0", "101.0", "1000", "0.0", "1.0"]}
    vendor_server.route("/query", daily_document(rows))
    assert_fault(av.fetch(Request.of("bars", "ACME")), "error", "1. open = 'about 100', expected a number")


def test_a_spin_off_factor_is_no_split(av, vendor_server):
    rows = {**ADJUSTED_ROWS, "2024-06-13": ["20.0", "21.0", "19.0", "20.5", "20.5", "5000", "0.0", "1.281"]}
    vendor_server.route("/query", daily_document(rows))
    answer = av.fetch(Request.of("actions", "ACME"))
    assert_canonical(answer)
    actions = answer.table
    assert actions["kind"].tolist() == ["dividend", "split", "spin_off"]
    assert np.isnan(actions["ratio"].iloc[2])
    assert actions["id"].iloc[2] == "price factor 1.281"


@pytest.mark.parametrize(
    ("message", "status", "words"),
    [
        ({"Note": "Our standard API call frequency is 5 calls per minute."}, "rate_limited", "5 calls per minute"),
        (
            {"Information": f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day."},
            "rate_limited",
            "25 requests per day",
        ),
        ({"Information": "Please consider spreading out your requests (1 request per second)."}, "rate_limited", "per second"),
        ({"Information": "This is a premium endpoint. You may subscribe."}, "not_entitled", "premium endpoint"),
        ({"Information": "The demo API key is for demo purposes only."}, "not_entitled", "demo"),
        ({"Error Message": "the parameter apikey is invalid or missing."}, "not_entitled", "does not accept the key"),
        ({"Error Message": "Invalid API call."}, "error", "iq.search_symbols"),
        ({"Information": "We are down for maintenance."}, "error", "did not answer"),
        ({}, "error", "an empty object"),
        ({"Time Series (Weekly)": {}}, "error", "'Time Series (Daily)' was expected"),
        ([1, 2], "error", "list"),
    ],
)  # fmt: skip
def test_what_an_answer_of_200_says_decides_its_status(av, vendor_server, caplog, message, status, words):
    vendor_server.route("/query", json_reply(message))
    with caplog.at_level(logging.DEBUG):
        answer = av.fetch(Request.of("bars", "ACME"))
    assert (answer.status, words in answer.reason) == (status, True), answer.reason
    assert len(vendor_server.requests) == 1
    assert_hidden(KEY, answer, caplog.records)


def test_a_limit_of_a_minute_says_when_to_ask_again(av, vendor_server):
    vendor_server.route("/query", {"Note": "5 calls per minute"})
    assert av.fetch(Request.of("bars", "ACME")).retry_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("fault", HTTP_FAULTS)
def test_a_fault_of_http_reaches_the_user_with_its_reason(av, vendor_server, vendor_time, caplog, fault):
    replies, status, words = HTTP_FAULTS[fault]
    vendor_server.route("/query", *replies)
    with caplog.at_level(logging.DEBUG):
        answer = av.fetch(Request.of("bars", "ACME"))
    assert_fault(answer, status, words)
    assert_hidden(KEY, answer, caplog.records)


def test_a_vendor_that_does_not_answer_in_time_is_an_error(av, vendor_server):
    vendor_server.route("/query", TIMEOUT)
    av._client.timeout = 0.05
    assert_fault(av.fetch(Request.of("bars", "ACME")), "error", "no answer in time")
    assert len(vendor_server.requests) == 5


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_passing_fault_is_asked_again(av, vendor_server, fault):
    vendor_server.route("/query", PASSING_FAULTS[fault], daily_document())
    answer = av.fetch(Request.of("bars", "ACME"))
    assert (answer.status, answer.rows) == ("ok", 3)
    assert len(vendor_server.requests) == 2


def test_a_repeated_row_is_kept_once(av, vendor_server):
    # Two months that overlap by a bar, as at the turn of a month.
    row = ["10", "11", "9", "10.5", "100"]
    vendor_server.route("/query", intraday_document({"2024-02-29 15:55:00": row}))
    answer = av.fetch(Request.of("bars", "ACME", start="2024-02-01", end="2024-03-05", interval="5min"))
    assert len(vendor_server.requests) == 2
    assert answer.rows == 1


def test_listings_hold_delisted_names_as_of_a_day(av, vendor_server):
    header = "symbol,name,exchange,assetType,ipoDate,delistingDate,status\n"
    pages = {
        "active": header + "BRK-B,Berkshire B,NYSE,Stock,1996-05-09,null,Active\nAAC-U,A Unit,NYSE,Stock,2021-02-02,null,Active\n",
        "delisted": header + "GONE,Gone Inc,NASDAQ,Stock,2001-03-04,2019-11-06,Delisted\n",
    }  # fmt: skip
    vendor_server.route(
        "/query", lambda got: text_reply(pages[got.query["state"]], content_type="application/x-download")
    )
    answer = av.fetch(Request.of("listing", end="2020-01-31"))
    assert answer.table["symbol"].tolist() == ["BRK.B", "AAC-U", "GONE"]
    assert answer.table["is_active"].tolist() == ["true", "true", "false"]
    assert answer.table["delisted_at"].iloc[2] == pd.Timestamp("2019-11-06", tz="UTC")
    assert answer.table["delisted_at"].isna().tolist() == [True, True, False]
    assert {each.query["date"] for each in vendor_server.requests} == {"2020-01-31"}
    assert_canonical(answer)


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (json_reply({"Information": "This is a premium endpoint."}), "not_entitled", "premium"),
        (text_reply("<html>busy</html>"), "error", "beginning '<html>busy</html>'"),
        (text_reply(""), "error", "0 characters"),
    ],
)
def test_a_listing_that_is_no_table_is_a_failure(av, vendor_server, reply, status, words):
    vendor_server.route("/query", reply)
    assert_fault(av.fetch(Request.of("listing")), status, words)


def test_listings_before_the_first_day_that_the_vendor_knows_are_refused(av, vendor_server):
    assert_fault(av.fetch(Request.of("listing", end="2009-12-31")), "error", "from 2010-01-01 on")
    assert not vendor_server.requests


def test_search_names_instruments_in_our_spelling(av, vendor_server):
    match = {"1. symbol": "BRK-B", "2. name": "Berkshire", "3. type": "Equity", "4. region": "United States", "8. currency": "USD"}  # fmt: skip
    vendor_server.route("/query", {"bestMatches": [match]})
    answer = av.fetch(Request.of("search", "berkshire"))
    assert answer.table.to_dict("records") == [
        {"symbol": "BRK.B", "name": "Berkshire", "exchange": "United States", "type": "Equity", "currency": "USD"}
    ]
    assert_canonical(answer)


def test_earnings_carry_the_day_of_the_report_and_the_consensus_before_it(av, vendor_server):
    rows = [
        {"fiscalDateEnding": "2024-03-31", "reportedDate": "2024-05-02", "reportedEPS": "1.53", "estimatedEPS": "1.50"},
        {"fiscalDateEnding": "2023-12-31", "reportedDate": "2024-02-01", "reportedEPS": "2.18", "estimatedEPS": "None"},
    ]
    vendor_server.route("/query", {"symbol": "ACME", "quarterlyEarnings": rows, "annualEarnings": []})
    answer = av.fetch(Request.of("earnings", "ACME"))
    assert_canonical(answer)
    table = answer.table
    assert table["period_end"].tolist() == utc("2023-12-31", "2024-03-31").tolist()
    assert table["reported_date"].tolist() == utc("2024-02-01", "2024-05-02").tolist()
    assert table["eps_actual"].tolist() == [2.18, 1.53]
    assert table["eps_estimate"].isna().tolist() == [True, False]


def test_news_keeps_publisher_author_and_the_vendors_sentiment_apart(av, vendor_server):
    article = {
        "title": "Acme <b>wins</b>", "url": "https://example.org/1", "time_published": "20240613T133005",
        "authors": ["A. Writer", "B. Writer"], "summary": "It won.", "source": "Wire",
        "topics": [{"topic": "Earnings"}, {"topic": "Retail"}], "overall_sentiment_label": "Neutral",
        "ticker_sentiment": [
            {"ticker": "ACME", "ticker_sentiment_label": "Bullish"}, {"ticker": "BRK-B", "ticker_sentiment_label": "Neutral"},
        ],
    }  # fmt: skip
    vendor_server.route("/query", {"items": "1", "feed": [article]})
    answer = av.fetch(Request.of("news", "ACME", start="2024-06-13"))
    row = answer.table.iloc[0]
    assert row["published_utc"] == pd.Timestamp("2024-06-13 13:30:05", tz="UTC")
    assert (row["publisher"], row["author"], row["vendor_sentiment"]) == ("Wire", "A. Writer, B. Writer", "Bullish")
    assert (row["keywords"], row["tickers"]) == ("Earnings|Retail", "ACME|BRK.B")
    assert vendor_server.requests[-1].query["time_from"] == "20240613T0000"
    assert_canonical(answer)


def test_no_articles_is_empty_although_it_is_told_like_a_failure(av, vendor_server):
    vendor_server.route("/query", {"Information": "No articles found. Please adjust the time range."})
    answer = av.fetch(Request.of("news", "ACME", start="2024-06-13"))
    assert (answer.status, answer.reason) == ("empty", "alphavantage has no news of ACME in the range")


def test_share_classes_are_written_with_a_dash_there(av, vendor_server):
    vendor_server.route("/query", daily_document())
    av.fetch(Request.of("bars", "BRK.B"))
    assert vendor_server.requests[-1].query["symbol"] == "BRK-B"


def test_listings_of_other_countries_are_refused_rather_than_taken_for_dollars(av, vendor_server):
    answer = av.fetch(Request.of("bars", "TSCO.LON"))
    assert_fault(answer, "error", "TSCO.LON is no US listing")
    assert not vendor_server.requests


@pytest.mark.parametrize("dataset", ["statements", "insiders", "options", "short_interest", "snapshot"])
def test_what_lacks_a_filing_date_or_an_instant_is_not_served(av, dataset):
    answer = av.fetch(Request.of(dataset, "ACME"))
    assert answer.status == "error"
    assert f"alphavantage does not serve {dataset}" in answer.reason


def test_the_key_stands_in_no_source(av, vendor_server):
    vendor_server.route("/query", daily_document())
    source = av.fetch(Request.of("bars", "ACME")).payload.source
    assert "function=TIME_SERIES_DAILY_ADJUSTED&symbol=ACME" in source
    assert KEY not in source
    assert vendor_server.requests[-1].query["apikey"] == KEY
