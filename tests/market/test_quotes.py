"""The ladder of prices by hand, and a quote through an official client against a vendor on this machine."""

import doctest
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError, RateLimitedError
from investiq.market import quote_ladder, quotes, routing
from investiq.market.quote_ladder import Snapshot, chosen, ladder
from investiq.market.vendors.massive import Massive
from investiq.runtime import clock
from tests.market.vendors.conftest import new_key, waits  # noqa: F401  # fixtures
from tests.servers.http import too_many

# Tuesday 2018-07-03 closes at 17:00Z; the 4th is a holiday; Thursday the 5th opens at 13:30Z and closes at 20:00Z.
NOON = "2018-07-05T16:00"


def at(text):
    return np.datetime64(text, "us")


def best(now, delay=timedelta(0), **values):
    values = {name: at(each) if isinstance(each, str) else each for name, each in values.items()}
    return chosen(ladder(Snapshot(**values), at(now), "XNYS", delay))


def test_the_last_trade_comes_first_then_the_midpoint_then_the_minute_then_the_day():
    prices = {"last": 10.0, "last_at": "2018-07-05T15:59", "bid": 10.1, "ask": 10.3, "quote_at": "2018-07-05T15:59:30"}
    prices |= {"minute_close": 10.4, "minute_at": "2018-07-05T15:58", "day_close": 10.5, "day_at": "2018-07-05"}
    found = best(NOON, **prices)
    assert (found.source, found.price, found.is_stale) == ("last trade", 10.0, False)
    for gone, source, price in (
        ("last", "quote midpoint", 10.2),
        ("bid", "minute close", 10.4),
        ("minute_close", "daily close", 10.5),
    ):
        prices[gone] = math.nan
        found = best(NOON, **prices, ts="2018-07-05T15:59:30")
        assert (found.source, found.price) == (source, pytest.approx(price))


def test_a_trade_older_than_its_limit_gives_way_to_a_fresh_quote():
    # 15 minutes for a trade, 5 for a quote.
    prices = {"last": 10.0, "last_at": "2018-07-05T15:44:59", "bid": 11.0, "ask": 11.2}
    assert best(NOON, **prices, quote_at="2018-07-05T15:56").source == "quote midpoint"
    # If the quote is too old as well, the newest is given and called stale.
    found = best(NOON, **prices, quote_at="2018-07-05T15:54")
    assert (found.source, found.is_stale) == ("quote midpoint", True)
    # A plan with a delay of 15 minutes has that much more.
    assert best(NOON, timedelta(minutes=15), **prices).source == "last trade"


def test_the_bid_alone_is_never_the_price():
    rungs = ladder(Snapshot(bid=10.0, quote_at=at(NOON)), at(NOON), "XNYS")
    assert chosen(rungs) is None
    assert rungs[1].remark == "bid alone is no price"
    crossed = ladder(Snapshot(bid=10.2, ask=10.0, quote_at=at(NOON)), at(NOON), "XNYS")
    assert crossed[1].remark == "crossed: bid 10.2 above ask 10"
    assert chosen(crossed) is None


def test_a_price_without_its_time_is_no_price():
    rungs = ladder(Snapshot(last=10.0), at(NOON), "XNYS")
    assert (chosen(rungs), rungs[0].remark) == (None, "its time is unknown")


@pytest.mark.parametrize(
    ("now", "last_at", "is_stale"),
    [
        ("2018-07-04T15:00", "2018-07-03T16:50", False),  # a holiday: ten minutes before the early close
        ("2018-07-04T15:00", "2018-07-03T16:44", True),
        ("2018-07-05T13:29", "2018-07-03T16:59", False),  # before the open nothing ages
        ("2018-07-05T13:44", "2018-07-03T16:59", False),  # one minute before the holiday and fourteen after it
        ("2018-07-05T13:45", "2018-07-03T16:59", True),
        ("2018-07-05T22:00", "2018-07-05T21:30", False),  # after hours
    ],
)
def test_age_counts_in_time_of_open_market(now, last_at, is_stale):
    assert best(now, last=10.0, last_at=last_at).is_stale is is_stale


def test_a_day_without_a_close_gives_the_day_before_under_its_date():
    found = best("2018-07-05T12:00", day_close=0.0, day_at="2018-07-05", previous_close=9.0, previous_date="2018-07-03")
    assert (found.price, found.remark, found.is_stale) == (9.0, "session 2018-07-03", False)
    assert found.at == at("2018-07-03T17:00")
    # A vendor that does not date it: the last session that is over.
    assert best("2018-07-05T12:00", previous_close=9.0).at == at("2018-07-03T17:00")
    assert best(NOON, previous_close=9.0).at == at("2018-07-03T17:00")
    assert best("2018-07-05T20:30", previous_close=9.0).at == at("2018-07-05T20:00")


def test_a_day_bar_is_read_in_the_exchanges_zone():
    # Midnight of the 5th in New York is 04:00Z; an update at 00:30Z of the 6th is still of the 5th.
    for stamp in ("2018-07-05", "2018-07-05T04:00", "2018-07-06T00:30"):
        assert quote_ladder.day_of(at(stamp), "XNYS") == at("2018-07-05")


def test_a_trade_before_the_open_belongs_to_its_own_day():
    found = best("2018-07-05T12:31", last=10.0, last_at="2018-07-05T12:30")
    assert found.session == at("2018-07-05")


def test_a_sample_symbol_gives_its_last_close_and_calls_it_stale():
    found = iq.quote("^GSPC")
    assert (found.price, found.price_source, found.stale) == (2506.850098, "daily close", True)
    # Closes of 2018-12-28 and 31: 2485.73999 and 2506.850098.
    assert found.change == pytest.approx(2506.850098 / 2485.73999 - 1)
    assert found.watermark == "SAMPLE"
    assert "stale_price" in {note.code for note in found.notes}
    with clock.fixed(datetime(2018, 12, 31, 21, 30, tzinfo=UTC)):
        assert not iq.quote("^GSPC").stale


def test_before_the_open_a_quote_says_of_which_session_it_is():
    with clock.fixed(datetime(2019, 1, 2, 14, 0, tzinfo=UTC)):  # half an hour before the open
        found = iq.quote("^GSPC")
    assert not found.stale
    assert "the session of 2019-01-02 has not opened; the price is of 2018-12-31" in found.notes[-1].text
    with clock.fixed(datetime(2019, 1, 1, 15, 0, tzinfo=UTC)):  # a holiday
        assert "before_the_open" not in {note.code for note in iq.quote("^GSPC").notes}


def ns(text):
    return int(at(text).astype("datetime64[ns]").astype(np.int64))


def ticker(**changes):
    """Return a snapshot as the vendor writes it; None leaves a part out."""
    day = {"o": 10.0, "h": 11.0, "l": 9.0, "c": 10.5, "v": 1000, "vw": 10.2}
    parts = {
        "ticker": "AAPL",
        "updated": ns("2018-07-05T15:59:50"),
        "day": day,
        "prevDay": day | {"c": 10.0},
        "min": {"c": 10.45, "t": ns("2018-07-05T15:58") // 1_000_000, "o": 1, "h": 1, "l": 1, "v": 1},
        "lastTrade": {"p": 10.48, "t": ns("2018-07-05T15:59:45")},
        "lastQuote": {"p": 10.4, "P": 10.5, "t": ns("2018-07-05T15:59:48")},
    } | changes
    return {name: value for name, value in parts.items() if value is not None}


@pytest.fixture
def massive(vendor_server, new_key, monkeypatch):  # noqa: F811
    vendor = Massive(new_key, plan="advanced", base_url=vendor_server.url)
    monkeypatch.setattr(routing, "_asked", lambda *_: [vendor])
    with clock.fixed(datetime(2018, 7, 5, 16, tzinfo=UTC)):
        yield vendor


def test_a_vendors_snapshot_becomes_a_quote(massive, vendor_server):
    vendor_server.route("/v2/snapshot/*/AAPL", {"status": "OK", "ticker": ticker()})
    found = iq.quote("AAPL")
    assert (found.price, found.price_source, found.stale) == (10.48, "last trade", False)
    assert (found.bid, found.ask, found.previous_close) == (10.4, 10.5, 10.0)
    # The vendor does not date the day before: the 4th is a holiday, so it is the 3rd.
    assert found.previous_session == at("2018-07-03")
    assert found.change == pytest.approx(0.048)
    assert found.day == {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "volume": 1000.0}
    assert found.age == timedelta(seconds=15)
    assert found.watermark is None
    for form in (str(found), found._repr_html_()):
        assert all(text in form for text in ("10.48", "last trade", "2018-07-05 15:59 UTC", "4.80 %"))
    assert found.to_frame()["source"].tolist() == ["last trade", "quote midpoint", "minute close", "daily close"]


def test_before_the_open_no_zero_of_the_new_day_is_a_price(massive, vendor_server):
    empty = dict.fromkeys(("o", "h", "l", "c", "v", "vw"), 0)
    vendor_server.route(
        "/v2/snapshot/*/AAPL",
        {
            "status": "OK",
            "ticker": ticker(day=empty, min=None, lastTrade=None, lastQuote=None, updated=ns("2018-07-05T08:00")),
        },
    )
    with clock.fixed(datetime(2018, 7, 5, 12, tzinfo=UTC)):
        found = iq.quote("AAPL")
    assert (found.price, found.price_source) == (10.0, "daily close")
    assert found.session == at("2018-07-03")
    assert found.day == {}
    assert math.isnan(found.change)
    assert "before_the_open" in {note.code for note in found.notes}
    assert "no close of an earlier session is known" in str(found)


def test_a_vendor_without_any_price_is_an_error(massive, vendor_server):
    bare = ticker(
        day=None, prevDay=None, min=None, lastTrade=None, lastQuote={"p": 10.4, "t": ns("2018-07-05T15:59:48")}
    )
    vendor_server.route("/v2/snapshot/*/AAPL", {"status": "OK", "ticker": bare})
    with pytest.raises(DataError, match=r"massive has no price of AAPL .*quote midpoint: bid alone is no price"):
        iq.quote("AAPL")


def test_a_vendor_that_refuses_is_an_error_of_its_kind(massive, vendor_server):
    vendor_server.route("/v2/snapshot/*", too_many())
    with pytest.raises(RateLimitedError, match="massive: rate_limited"):
        iq.quote("AAPL")


def test_without_a_vendor_a_real_symbol_has_no_quote():
    with pytest.raises(ConfigError, match="no vendor is configured"):
        iq.quote("AAPL")


def test_the_examples_run():
    assert doctest.testmod(quotes).failed == 0
