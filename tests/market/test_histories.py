"""Histories of vendor's series: every record enters when it became known, whatever it describes."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import investiq as iq
from investiq.history.history import History
from investiq.market.record_loading import RECORD_KINDS
from investiq.market.schemas import canonical
from investiq.market.store import SeriesKey, open_store
from investiq.runtime import clock
from tests.market.stored import moment
from tests.servers.polygon import Polygon, article

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)


def at(text):
    return pd.Timestamp(text, tz="UTC").as_unit("us")


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(SUNDAY):
        yield


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time):
    return Polygon(vendor_server, monkeypatch)


def filing(period, ended, accepted, revenue):
    return {
        "fiscal_period": period, "fiscal_year": "2018", "end_date": ended, "filing_date": accepted[:10],
        "acceptance_datetime": accepted, "source_filing_url": f"https://example.com/{period}",
        "financials": {"income_statement": {"revenues": {"value": revenue, "unit": "USD", "label": "x", "order": 1}}},
    }  # fmt: skip


def test_statements_enter_a_history_when_they_were_filed_and_not_when_they_end(vendor):
    quarters = [
        filing("Q2", "2018-06-30", "2018-08-01T20:31:00Z", 50.0),
        filing("Q3", "2018-09-29", "2018-11-05T13:02:00Z", 60.0),
    ]
    vendor.server.route("/vX/reference/financials", {"status": "OK", "results": quarters})
    history = iq.load_history("AAPL", records=["statements"], start="2018-06-01")
    # The third quarter ended on 29 September; until the morning of 5 November only the second was known.
    for as_of, known in [("2018-08-01T20:30", []), ("2018-11-05T13:01", [50.0]), ("2018-11-05T13:02", [50.0, 60.0])]:
        assert history.until(as_of).records("statements").frame["revenue"].tolist() == known


def test_records_of_a_history_end_at_the_time_of_knowledge_asked_for(vendor):
    vendor.articles["AAPL"] = [article(day, f"2018-12-{day}T10:00:00", "AAPL") for day in ("18", "19", "20")]
    history = iq.load_history("AAPL", records=["news", "^VIX"], start="2018-12-03", as_of="2018-12-19T09:59")
    assert history.records("news").frame["id"].tolist() == ["18"]
    assert f"{history.bars().index[-1]:%m-%d}" == "12-18"
    known = history.records("^VIX").frame["known_at"]
    assert pd.Timestamp("2018-12-14", tz="UTC") < known.max() <= pd.Timestamp("2018-12-19 09:59", tz="UTC")


def test_a_history_holds_what_was_recorded_by_the_moment_asked_for(vendor):
    vendor.articles["AAPL"] = [article("18", "2018-12-18T10:00:00", "AAPL")]
    vendor.last = "2018-12-26"
    iq.load_history("AAPL", records=["news"], start="2018-12-03")
    vendor.articles["AAPL"].append(article("19", "2018-12-19T10:00:00", "AAPL"))
    vendor.last = "2018-12-28"
    with clock.fixed(SUNDAY + timedelta(days=1)):
        for recorded_by, last, news in ((None, "12-28", ["18", "19"]), (SUNDAY, "12-26", ["18"])):
            history = iq.load_history("AAPL", records=["news"], start="2018-12-03", recorded_by=recorded_by)
            assert f"{history.bars().index[-1]:%m-%d}" == last
            assert history.records("news").frame["id"].tolist() == news


# A row known on 2 May at noon or before, and one known after.
STAMPS = {
    "actions": [{"kind": "dividend", "cash": 0.2, "ex_date": at("2018-05-10"), "declared_at": at(day)} for day in ("2018-05-01", "2018-05-02")],
    "statements": [
        {"period_end": at("2018-03-31"), "fiscal_period": "Q1", "accepted_at": at("2018-05-02 12:00"), "source_filing": "1"},
        {"period_end": at("2018-03-31"), "fiscal_period": "Q1", "accepted_at": at("2018-05-02 12:01"), "source_filing": "2"},
    ],
    "earnings": [
        {"period_end": at("2017-12-31"), "reported_at": at("2018-05-02 12:00")},
        {"period_end": at("2018-03-31"), "reported_at": at("2018-05-02 12:01")},
    ],
    "news": [{"id": text, "title": "T", "published_utc": at(text)} for text in ("2018-05-02 12:00", "2018-05-02 12:01")],
    "options": [
        {"ts": at(text), "contract": "C", "contract_type": "call", "strike": 5.0, "expiration": at("2018-06-15")}
        for text in ("2018-05-02 12:00", "2018-05-02 12:01")
    ],
    "insiders": [
        {"transaction_date": at("2018-04-30"), "name": text, "code": "P", "shares": 1.0, "accepted_at": at(text)}
        for text in ("2018-05-02 12:00", "2018-05-02 12:01")
    ],
    # Published on the first and on the second of May, known at the close of 16:00 New York, 20:00 UTC.
    "short_interest": [
        {"settlement_date": at(settled), "publication_date": at(published), "short_interest": 9.0}
        for settled, published in (("2018-04-13", "2018-05-01"), ("2018-04-30", "2018-05-02"))
    ],
    # Filed on the first and on the second of May, known at 22:00 New York, 02:00 UTC of the next day.
    "profile": [
        {"effective_date": at(day), "filed_at": at(day), "shares_outstanding": 9.0} for day in ("2018-05-01", "2018-05-02")
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_until_cuts_records_of_every_kind_at_the_time_they_became_known(kind, vendor):
    rows = pd.DataFrame(STAMPS[kind]).assign(**({"id": ["1", "2"]} if kind == "actions" else {}))
    known = canonical(kind, rows, symbol="AAPL", retrieved_at=SUNDAY)
    assert known.rejected == ()
    key = SeriesKey(kind, "massive", "AAPL")
    # Bars first: with them come the vendor's actions, and those that it no longer tells are withdrawn.
    bars = iq.load_bars("AAPL", "2018-04-02")
    open_store().write(key, known.table, {}, moment("2018-12-30"))
    history = History.of(bars, records=[open_store().records(key)])
    cut = history.until("2018-05-02T12:00")
    assert (len(history.records(kind)), len(cut.records(kind))) == (2, 1)
    assert cut.records(kind).frame["known_at"].max() <= pd.Timestamp("2018-05-02 12:00", tz="UTC")
    assert f"{cut.bars().index[-1]:%Y-%m-%d}" == "2018-05-01"
