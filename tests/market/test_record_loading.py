"""Records of a share: their range, their versions, and what stands for none."""

from datetime import UTC, datetime, timedelta

import pytest

import investiq as iq
from investiq.core.errors import DataError, UnknownSymbolError
from investiq.market.record_loading import wanted_records
from investiq.market.store import SeriesKey, open_store
from investiq.runtime import clock
from tests.market.stored import moment
from tests.servers.polygon import Polygon, article

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(SUNDAY):
        yield


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time):
    found = Polygon(vendor_server, monkeypatch)
    found.articles["AAPL"] = [article(day, f"2018-12-{day}T10:00:00", "AAPL") for day in ("18", "19", "20")]
    return found


def ids(records):
    return records.frame["id"].tolist()


def test_both_ends_of_a_range_belong_to_it(vendor):
    assert ids(iq.load_records("AAPL", "news", start="2018-12-19", end="2018-12-20")) == ["19", "20"]
    assert ids(iq.load_records("AAPL", "news", start="2018-12-18", end="2018-12-18")) == ["18"]


def test_the_store_and_the_loader_call_records_by_one_name(vendor):
    loaded = iq.load_records("AAPL", "news")
    assert loaded.name == open_store().records(SeriesKey("news", "massive", "AAPL")).name == "news:AAPL"


def test_no_rows_are_records_with_a_reason_and_are_not_stored(vendor):
    nothing = iq.load_records("IBM", "news")
    assert (len(nothing), nothing.name, nothing.provider) == (0, "news:IBM", "massive")
    (note,) = nothing.notes
    assert note.code == "no_records"
    assert note.text.startswith("IBM: ")
    assert len(nothing.until("2018-12-20")) == 0
    assert open_store().keys("news", symbol="IBM") == []


def test_what_the_store_held_earlier_is_read_without_asking(vendor, vendor_server):
    iq.load_records("AAPL", "news")
    vendor.articles["AAPL"].append(article("21", "2018-12-21T10:00:00", "AAPL"))
    with clock.fixed(SUNDAY + timedelta(hours=1)):
        assert ids(iq.load_records("AAPL", "news")) == ["18", "19", "20", "21"]
        asked = len(vendor_server.requests)
        assert ids(iq.load_records("AAPL", "news", recorded_by=SUNDAY)) == ["18", "19", "20"]
        with pytest.raises(DataError, match="no news of 'IBM' are stored, so nothing was recorded by then"):
            iq.load_records("IBM", "news", recorded_by=SUNDAY)
    assert len(vendor_server.requests) == asked


def test_what_a_caller_writes_into_records_does_not_reach_the_next_one(vendor):
    frame = iq.load_records("AAPL", "news").frame
    frame.loc[:, "title"] = "mine"
    assert set(iq.load_records("AAPL", "news").frame["title"]) == {"About 18", "About 19", "About 20"}


def test_news_wanted_without_a_start_begin_a_year_ago_and_other_records_at_the_beginning():
    assert wanted_records("AAPL", "news").start == moment("2017-12-30")
    assert wanted_records("AAPL", "statements").start is None
    assert wanted_records("AAPL", "news", start="2018-03").start == moment("2018-03-01")


def test_news_known_or_ending_in_a_past_year_are_looked_for_in_that_year(vendor):
    assert wanted_records("AAPL", "news", as_of="2017-06-30").start == moment("2016-06-30")
    assert wanted_records("AAPL", "news", end="2017-06-30", as_of="2018-03-01").start == moment("2016-06-30")
    # What nobody can know yet leaves the year before now.
    assert wanted_records("AAPL", "news", as_of="2020-01-01").start == moment("2017-12-30")
    vendor.articles["AAPL"].insert(0, article("1", "2017-03-01T12:00:00", "AAPL"))
    assert ids(iq.load_records("AAPL", "news", as_of="2017-06-30")) == ["1"]


def test_without_a_vendor_records_that_are_not_stored_are_refused():
    with pytest.raises(UnknownSymbolError, match="no news of 'AAPL' are stored"):
        iq.load_records("AAPL", "news")
