"""The real library yfinance against a local server that answers in Yahoo's shapes, written by hand."""

import logging
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from investiq.market.contract import Request
from investiq.market.vendors.yfinance import YFinance
from investiq.runtime import clock
from tests.servers.contract import assert_canonical
from tests.servers.faults import HTTP_FAULTS, PASSING_FAULTS, assert_fault
from tests.servers.http import json_reply, too_many
from tests.servers.yahoo import CHART, META, chart, no_chart, seconds, trading_periods, yahoo_at

# A Friday, 11:00 in New York.
NOW = datetime(2024, 6, 14, 15, tzinfo=UTC)
DAYS = ["2024-06-10", "2024-06-11", "2024-06-12"]
SPLIT = {"date": seconds("2024-06-12 09:30"), "numerator": 4, "denominator": 1, "splitRatio": "4:1"}
# Yahoo divides a dividend of 0.50 by the later 4:1 as it does with prices.
DIVIDEND = {"date": seconds("2024-06-11 09:30"), "amount": 0.125}


@pytest.fixture
def yahoo(vendor_server, vendor_time, tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    with clock.fixed(NOW), closing(yahoo_at(vendor_server.url)) as vendor:
        yield vendor


def utc(*texts):
    return pd.to_datetime(list(texts), utc=True).as_unit("us")


def opens(*days):
    return [seconds(f"{day} 09:30") for day in days]


def split_chart():
    return chart(
        opens(*DAYS), [25.25, 25.5, 26.5], [4000, 4400, 4000], adjusted=[25.125, 25.5, 26.5],
        events={"splits": [SPLIT], "dividends": [DIVIDEND]},
    )  # fmt: skip


def test_yahoos_split_adjustment_is_undone_with_the_splits_of_the_same_answer(yahoo, vendor_server):
    vendor_server.route(CHART, split_chart())
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-10"))
    # Before the 4:1 of the last day: 25.25 x 4 = 101, 25.5 x 4 = 102; 4000 / 4 = 1000 shares.
    assert answer.table["close"].tolist() == [101.0, 102.0, 26.5]
    assert answer.table["high"].tolist() == [105.0, 106.0, 27.5]
    assert answer.table["volume"].tolist() == [1000.0, 1100.0, 4000.0]
    assert answer.payload.price_basis == "unsplit"
    assert answer.table["ts"].tolist() == utc(*DAYS).tolist()
    assert answer.table["ts"].dtype == "datetime64[us, UTC]"
    assert_canonical(answer)


def test_dividends_are_per_share_as_traded_on_the_ex_date(yahoo, vendor_server):
    vendor_server.route(CHART, split_chart())
    answer = yahoo.fetch(Request.of("actions", "ACME"))
    assert_canonical(answer)
    actions = answer.table
    assert actions["kind"].tolist() == ["dividend", "split"]
    assert actions["ex_date"].tolist() == utc("2024-06-11", "2024-06-12").tolist()
    # 0.125 x 4.
    assert actions["cash"].iloc[0] == 0.5
    assert actions["ratio"].iloc[1] == 4.0


def test_a_dividend_on_the_day_of_a_split_is_already_per_new_share(yahoo, vendor_server):
    paid = {**DIVIDEND, "date": SPLIT["date"]}
    vendor_server.route(CHART, chart(opens(*DAYS), [25.0, 25.0, 25.0], events={"splits": [SPLIT], "dividends": [paid]}))
    actions = yahoo.fetch(Request.of("actions", "ACME")).table
    assert actions.loc[actions["kind"] == "dividend", "cash"].tolist() == [0.125]


def test_an_end_in_the_past_is_cut_here_because_later_splits_count(yahoo, vendor_server):
    vendor_server.route(CHART, split_chart())
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-10", end="2024-06-11"))
    assert answer.table["close"].tolist() == [101.0, 102.0]
    # Asked up to now, although only two days were wanted.
    assert int(vendor_server.requests[0].query["period2"]) > NOW.timestamp()


def test_the_adjusted_close_is_evidence_and_never_a_column(yahoo, vendor_server):
    vendor_server.route(CHART, split_chart())
    payload = yahoo.fetch(Request.of("bars", "ACME")).payload
    assert list(payload.table.columns) == ["ts", "open", "high", "low", "close", "volume"]
    assert payload.companions["adjusted"]["close"].tolist() == [25.125, 25.5, 26.5]


def test_an_event_on_a_day_without_a_bar_keeps_its_day(yahoo, vendor_server):
    # The library itself would move it to the bar before.
    lonely = {**SPLIT, "date": seconds("2024-06-11 09:30")}
    vendor_server.route(CHART, chart(opens("2024-06-10", "2024-06-12"), [25.25, 26.5], events={"splits": [lonely]}))
    answer = yahoo.fetch(Request.of("bars", "ACME"))
    assert answer.payload.companions["actions"]["ex_date"].tolist() == utc("2024-06-11").tolist()
    assert answer.table["close"].tolist() == [101.0, 26.5]


def test_a_spin_off_factor_is_undone_in_prices_but_is_no_split(yahoo, vendor_server):
    factor = {**SPLIT, "numerator": 1281, "denominator": 1000}
    vendor_server.route(CHART, chart(opens(*DAYS), [100.0, 100.0, 100.0], events={"splits": [factor]}))
    answer = yahoo.fetch(Request.of("bars", "ACME"))
    assert answer.table["close"].to_numpy() == pytest.approx([128.1, 128.1, 100.0], rel=1e-12)
    actions = answer.payload.companions["actions"]
    assert actions["kind"].tolist() == ["spin_off"]
    assert actions[["ratio", "cash"]].isna().all(axis=None)


def test_a_dividend_keeps_the_currency_that_yahoo_names(yahoo, vendor_server):
    paid = {**DIVIDEND, "currency": "EUR"}
    vendor_server.route(CHART, chart(opens(*DAYS), [25.0, 25.0, 25.0], events={"dividends": [paid]}))
    assert yahoo.fetch(Request.of("actions", "ACME")).table["currency"].tolist() == ["EUR"]


def test_daily_stamps_are_sessions_of_the_exchange_on_both_sides_of_a_change_of_the_clocks(yahoo, vendor_server):
    # 09:30 in New York is 14:30 UTC before 2024-03-10 and 13:30 UTC after.
    vendor_server.route(CHART, chart(opens("2024-03-08", "2024-03-11"), [25.0, 26.0]))
    answer = yahoo.fetch(Request.of("bars", "ACME"))
    assert answer.table["ts"].tolist() == utc("2024-03-08", "2024-03-11").tolist()


def test_a_session_of_tokyo_is_its_own_date_and_not_that_of_utc(yahoo, vendor_server):
    # Midnight in Tokyo is 15:00 UTC of the day before.
    stamps = [seconds("2024-06-11 00:00", "Asia/Tokyo"), seconds("2024-06-12 00:00", "Asia/Tokyo")]
    vendor_server.route(
        CHART, chart(stamps, [25.0, 26.0], exchangeTimezoneName="Asia/Tokyo", exchangeName="JPX", currency="JPY")
    )
    payload = yahoo.fetch(Request.of("bars", "7203.T")).payload
    assert payload.table["ts"].tolist() == utc("2024-06-11", "2024-06-12").tolist()
    assert (payload.calendar, payload.currency) == ("XTKS", "JPY")


def test_stamps_without_a_zone_would_be_refused(yahoo, vendor_server, monkeypatch):
    # The library's other door, yf.download, gives such stamps; this is what a change of `Ticker.history` would do.
    import yfinance

    original = yfinance.Ticker.history
    monkeypatch.setattr(yfinance.Ticker, "history", lambda *given, **named: original(*given, **named).tz_localize(None))
    vendor_server.route(CHART, split_chart())
    assert_fault(yahoo.fetch(Request.of("bars", "ACME")), "error", "stamps without a zone")


def test_rows_out_of_order_are_sorted_and_a_repeated_day_is_kept_once(yahoo, vendor_server):
    # Yahoo repeats the last day with the price of the moment; the library keeps the later one.
    stamps = [*opens("2024-06-11", "2024-06-10"), seconds("2024-06-11 16:00")]
    vendor_server.route(CHART, chart(stamps, [25.0, 24.0, 25.5]))
    table = yahoo.fetch(Request.of("bars", "ACME")).table
    assert table["ts"].tolist() == utc("2024-06-10", "2024-06-11").tolist()
    assert table["close"].tolist() == [24.0, 25.5]


def test_a_row_without_a_close_is_dropped_and_counted_and_a_missing_volume_stays_missing(yahoo, vendor_server):
    vendor_server.route(CHART, chart(opens(*DAYS), [25.0, None, 26.0], [1000, None, None]))
    payload = yahoo.fetch(Request.of("bars", "ACME")).payload
    assert payload.table["ts"].tolist() == utc("2024-06-10", "2024-06-12").tolist()
    assert [(note.code, note.rows) for note in payload.notes] == [("rows_without_close", 1)]
    # The library makes 0 of it.
    assert payload.table["volume"].iloc[0] == 1000.0
    assert np.isnan(payload.table["volume"].iloc[1])


def test_an_index_is_in_points_and_settles_with_the_close(yahoo, vendor_server):
    vendor_server.route(
        CHART, chart(opens(*DAYS), [5000.0, 5010.0, 5020.0], instrumentType="INDEX", exchangeName="SNP")
    )
    payload = yahoo.fetch(Request.of("bars", "^GSPC")).payload
    assert (payload.currency, payload.settle, payload.calendar) == ("index points", timedelta(0), "XNYS")
    assert vendor_server.requests[0].path == "/v8/finance/chart/%5EGSPC"


def test_an_exchange_whose_sessions_are_unknown_is_refused(yahoo, vendor_server):
    vendor_server.route(CHART, chart(opens(*DAYS), [1.0, 2.0, 3.0], exchangeName="XXX"))
    assert_fault(yahoo.fetch(Request.of("bars", "ACME")), "error", "whose sessions are not known here")


def test_share_classes_follow_a_dash_there(yahoo, vendor_server):
    vendor_server.route(CHART, chart(opens(*DAYS), [1.0, 2.0, 3.0]))
    yahoo.fetch(Request.of("bars", "BRK.B"))
    assert vendor_server.requests[0].path == "/v8/finance/chart/BRK-B"


def intraday_chart(*stamps, close=None, **meta):
    at = [seconds(stamp) for stamp in stamps]
    days = sorted({stamp[:10] for stamp in stamps})
    meta = {"dataGranularity": "5m", "tradingPeriods": trading_periods(*days), **meta}
    return chart(at, close or [10.0] * len(at), **meta)


def test_intraday_bars_are_stamped_with_their_opening_in_utc(yahoo, vendor_server):
    vendor_server.route(CHART, intraday_chart("2024-06-12 09:30", "2024-06-12 15:55"))
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-12", interval="5min"))
    assert answer.table["ts"].tolist() == utc("2024-06-12 13:30", "2024-06-12 19:55").tolist()
    assert answer.payload.settle == timedelta(0)
    query = vendor_server.requests[0].query
    assert (query["interval"], query["includePrePost"]) == ("5m", "False")


def test_bars_after_an_early_close_are_not_of_the_regular_session(yahoo, vendor_server):
    # Yahoo sends them unasked for on half days: the session of 2024-07-03 ended at 13:00.
    stamps = ("2024-07-03 12:55", "2024-07-03 13:00", "2024-07-03 13:05")
    document = intraday_chart(*stamps, tradingPeriods=trading_periods("2024-07-03", close="13:00"))
    vendor_server.route(CHART, document)
    with clock.fixed(datetime(2024, 7, 5, 15, tzinfo=UTC)):
        answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-07-03", interval="5min"))
    assert answer.table["ts"].tolist() == utc("2024-07-03 16:55").tolist()


def test_the_extended_session_is_asked_for_by_name_and_never_for_daily_bars(yahoo, vendor_server):
    hours = [[{"timezone": "EST", "gmtoffset": -18000, "start": seconds(f"2024-06-12 {low}"), "end": seconds(f"2024-06-12 {high}")}]
             for low, high in (("04:00", "09:30"), ("09:30", "16:00"), ("16:00", "20:00"))]  # fmt: skip
    periods = dict(zip(("pre", "regular", "post"), ([each] for each in hours), strict=True))
    vendor_server.route(CHART, intraday_chart("2024-06-12 08:00", tradingPeriods=periods))
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-12", interval="5min", session="extended"))
    assert answer.table["ts"].tolist() == utc("2024-06-12 12:00").tolist()
    assert vendor_server.requests[-1].query["includePrePost"] == "True"
    vendor_server.route(CHART, split_chart())
    yahoo.fetch(Request.of("bars", "ACME", session="extended"))
    assert vendor_server.requests[-1].query["includePrePost"] == "False"


def test_intraday_prices_before_a_split_are_undone_too(yahoo, vendor_server):
    document = intraday_chart("2024-06-11 15:55", "2024-06-12 09:30", close=[25.5, 26.5])
    document["chart"]["result"][0]["events"] = {"splits": {str(SPLIT["date"]): SPLIT}}
    vendor_server.route(CHART, document)
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-11", interval="5min"))
    assert answer.table["close"].tolist() == [102.0, 26.5]


def test_minutes_are_asked_for_week_by_week(yahoo, vendor_server):
    vendor_server.route(CHART, intraday_chart("2024-06-12 09:30", dataGranularity="1m"))
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-01", interval="1min"))
    # From the 1st to the 14th, 15:01: two weeks, the second cut short.
    spans = [(int(each.query["period1"]), int(each.query["period2"])) for each in vendor_server.requests]
    assert [(high - low) / 86_400 for low, high in spans] == pytest.approx([7.0, 6.0 + 15 / 24 + 1 / 1440])
    assert answer.rows == 1


def test_a_start_before_what_yahoo_keeps_is_refused_with_the_day_to_ask_from(yahoo, vendor_server):
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-01-02", interval="5min"))
    assert_fault(answer, "error", "Yahoo keeps 59 days of 5min bars")
    assert "ask from 2024-04-16" in answer.reason
    assert not vendor_server.requests


def test_an_unknown_symbol_is_an_error_and_not_an_empty_frame(yahoo, vendor_server):
    vendor_server.route(CHART, json_reply(no_chart("Not Found", "No data found, symbol may be delisted"), 404))
    answer = yahoo.fetch(Request.of("bars", "NONE"))
    assert_fault(answer, "error", "Yahoo has no 1d bars of NONE: No data found")
    assert "iq.search_symbols" in answer.reason


def test_a_range_without_bars_is_empty_and_not_a_failure(yahoo, vendor_server):
    empty = chart([], [])
    del empty["chart"]["result"][0]["timestamp"]
    empty["chart"]["result"][0]["indicators"] = {"quote": [{}], "adjclose": [{}]}
    vendor_server.route(CHART, empty)
    answer = yahoo.fetch(Request.of("bars", "ACME", start="2024-06-12"))
    assert (answer.status, answer.reason) == ("empty", "yfinance has no bars of ACME in the range")
    words = "Data doesn't exist for startDate = 1, endDate = 2"
    vendor_server.route(CHART, json_reply(no_chart("Bad Request", words), 400))
    assert yahoo.fetch(Request.of("bars", "ACME", start="2024-06-12")).status == "empty"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (json_reply(no_chart("Unprocessable Entity", "5m data not available"), 422), "does not serve 1d bars of ACME: 5m data"),
        (json_reply(no_chart("Internal", "broken"), 200), "Yahoo failed at 1d bars of ACME: broken"),
        (json_reply({"finance": {}}), "could not read Yahoo's answer"),
        (json_reply({"chart": {"result": [{"meta": META}], "error": None}}), "could not read Yahoo's answer"),
        (json_reply([]), "could not read Yahoo's answer"),
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_a_failure_and_not_empty(yahoo, vendor_server, reply, words):
    vendor_server.route(CHART, reply)
    assert_fault(yahoo.fetch(Request.of("bars", "ACME")), "error", words)


@pytest.mark.parametrize("fault", HTTP_FAULTS)
def test_a_fault_of_http_reaches_the_user_with_its_reason(yahoo, vendor_server, fault):
    replies, status, words = HTTP_FAULTS[fault]
    vendor_server.route(CHART, *replies)
    assert_fault(yahoo.fetch(Request.of("bars", "ACME")), status, words)


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_passing_fault_is_asked_again(yahoo, vendor_server, fault):
    vendor_server.route(CHART, PASSING_FAULTS[fault], split_chart())
    assert yahoo.fetch(Request.of("bars", "ACME")).rows == 3


def test_a_failure_is_not_remembered(yahoo, vendor_server):
    # The library keeps answers of past ranges for the life of the process, failed ones too.
    unknown = json_reply(no_chart("Not Found", "No data found"), 404)
    vendor_server.route(CHART, unknown, unknown, split_chart())
    assert yahoo.fetch(Request.of("bars", "ACME", start="2024-06-10")).status == "error"
    assert yahoo.fetch(Request.of("bars", "ACME", start="2024-06-10")).status == "ok"


def test_no_cookie_no_crumb_and_no_form_of_consent_is_asked_for(yahoo, vendor_server):
    vendor_server.route(CHART, split_chart())
    yahoo.fetch(Request.of("bars", "ACME", start="2024-06-10"))
    assert [each.path for each in vendor_server.requests] == ["/v8/finance/chart/ACME"]
    assert yahoo._yahoo.session.get_adapter("https://query2.finance.yahoo.com/").hosts == ["query2.finance.yahoo.com"]
    assert "crumb" not in vendor_server.requests[0].query


def test_the_library_is_left_as_it_was_and_says_nothing(yahoo, vendor_server, caplog, capfd):
    import yfinance
    from yfinance.data import YfData

    own_session = YfData()._session
    vendor_server.route(CHART, too_many(86_400))
    with caplog.at_level(logging.DEBUG):
        yahoo.fetch(Request.of("bars", "ACME"))
    assert YfData()._session is own_session
    assert yfinance.config.debug.hide_exceptions is True
    assert not [record for record in caplog.records if record.name == "yfinance" and record.levelno > logging.DEBUG]
    assert capfd.readouterr() == ("", "")


def test_two_threads_receive_their_own_symbols(yahoo, vendor_server):
    prices = {"/v8/finance/chart/AAA": 10.0, "/v8/finance/chart/BBB": 20.0}
    vendor_server.route(CHART, lambda got: chart(opens(*DAYS), [prices[got.path]] * 3))
    found = {}

    def load(symbol):
        with clock.fixed(NOW):
            found[symbol] = yahoo.fetch(Request.of("bars", symbol)).table["close"].tolist()

    threads = [threading.Thread(target=load, args=(symbol,)) for symbol in ("AAA", "BBB") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"AAA": [10.0] * 3, "BBB": [20.0] * 3}


def test_a_snapshot_is_the_price_of_its_own_time(yahoo, vendor_server):
    vendor_server.route(CHART, chart(opens("2024-06-13"), [26.5]))
    answer = yahoo.fetch(Request.of("snapshot", "ACME"))
    assert_canonical(answer)
    row = answer.table.iloc[0]
    assert row["symbol"] == "ACME"
    # 1718308801 is 2024-06-13 20:00:01 UTC.
    assert row["ts"] == row["last_at"] == pd.Timestamp("2024-06-13 20:00:01", tz="UTC")
    assert (row["last"], row["day_open"], row["day_high"], row["day_low"]) == (26.5, 26.5, 27.0, 25.0)
    assert (row["day_volume"], row["previous_close"], row["currency"]) == (4000.0, 25.5, "USD")


def test_a_quote_without_its_time_is_refused(yahoo, vendor_server):
    vendor_server.route(CHART, chart(opens("2024-06-13"), [26.5], regularMarketTime=None))
    assert_fault(yahoo.fetch(Request.of("snapshot", "ACME")), "error", "without its time")


def test_news_keeps_publisher_time_and_address(yahoo, vendor_server):
    content = {
        "id": "n1", "title": "Acme wins", "summary": "It won.", "pubDate": "2024-06-13T13:30:00Z",
        "provider": {"displayName": "Wire"}, "canonicalUrl": {"url": "https://example.org/1"},
        "finance": {"stockTickers": [{"symbol": "ACME"}, {"symbol": "BRK-B"}]},
    }  # fmt: skip
    stream = [{"id": "n1", "content": content}, {"id": "x", "ad": [{"id": 1}]}]
    vendor_server.route("/xhr/ncp", {"data": {"tickerStream": {"stream": stream}}})
    answer = yahoo.fetch(Request.of("news", "ACME"))
    assert_canonical(answer)
    row = answer.table.iloc[0]
    assert (row["id"], row["publisher"], row["url"]) == ("n1", "Wire", "https://example.org/1")
    assert row["published_utc"] == pd.Timestamp("2024-06-13 13:30", tz="UTC")
    assert row["tickers"] == "ACME|BRK.B"


@pytest.mark.parametrize(
    ("reply", "words"),
    [(json_reply({"data": {}}), "where a list of records was expected"), (json_reply({}, 404), "HTTP 404")],
)
def test_news_of_another_form_is_a_failure_although_the_library_returns_an_empty_list(yahoo, vendor_server, reply, words):  # fmt: skip
    vendor_server.route("/xhr/ncp", reply)
    assert_fault(yahoo.fetch(Request.of("news", "ACME")), "error", words)


def test_search_names_instruments_in_our_spelling(yahoo, vendor_server):
    quotes = [{"symbol": "BRK-B", "longname": "Berkshire Hathaway", "exchange": "NYQ", "quoteType": "EQUITY"}]
    vendor_server.route("/v1/finance/search", {"quotes": quotes, "news": []})
    answer = yahoo.fetch(Request.of("search", "berkshire"))
    assert answer.table.to_dict("records") == [
        {"symbol": "BRK.B", "name": "Berkshire Hathaway", "exchange": "NYQ", "type": "EQUITY"}
    ]
    assert_canonical(answer)


def test_a_search_that_fails_is_not_an_empty_list(yahoo, vendor_server):
    vendor_server.route("/v1/finance/search", json_reply({"error": "x"}, 404))
    assert_fault(yahoo.fetch(Request.of("search", "acme")), "error", "HTTP 404")


@pytest.mark.parametrize("dataset", ["statements", "earnings", "insiders", "options"])
def test_what_carries_no_date_of_publication_is_not_served(yahoo, dataset):
    answer = yahoo.fetch(Request.of(dataset, "ACME"))
    assert answer.status == "error"
    assert f"yfinance does not serve {dataset}" in answer.reason


def test_yahoo_is_for_research_only():
    assert not YFinance.capabilities.is_production_ready
    assert not YFinance.capabilities.survivorship_safe
