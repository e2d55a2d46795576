"""What a stored series lacks of what is wanted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from investiq.market.coverage import Held, Wanted, held_series, is_patient, missing_from, reaches_back
from investiq.market.series import SeriesKey
from investiq.market.store import open_store
from investiq.runtime import clock
from tests.market.stored import FACTS, bars_table, moment

# Friday, after the close of 2018-12-28 and its quarter of an hour for late prints.
NOW = datetime(2018, 12, 28, 23, tzinfo=UTC)
UNBOUNDED = np.datetime64("NaT", "us")
BARS = Held(
    key=SeriesKey("bars", "massive", "AAPL"),
    first_asked=moment("2018-06-01"),
    first=moment("2018-06-01"),
    last=moment("2018-12-28"),
    last_asked=UNBOUNDED,
    retrieved_at=NOW,
    status="ok",
    reason="",
    calendar="XNYS",
    price_basis="as_traded",
    delay=timedelta(0),
    settle=timedelta(minutes=15),
)
NEWS = replace(BARS, key=SeriesKey("news", "massive", "AAPL"))


def wanted(dataset="bars", **terms):
    return Wanted(dataset=dataset, symbol="AAPL", **{"start": moment("2018-06-01"), **terms})


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(NOW):
        yield


@pytest.mark.parametrize(
    ("first_asked", "start", "reaches"),
    [
        ("2018-06-01", "2018-06-01", True),
        ("2018-06-01", "2018-05-31", False),
        # Without a start the whole history is wanted, of which only a part was asked for.
        ("2018-06-01", None, False),
        (None, None, True),
        (None, "1990-01-02", True),
    ],
)
def test_a_series_reaches_back_to_the_start_that_it_was_asked_from(first_asked, start, reaches):
    held = replace(BARS, first_asked=UNBOUNDED if first_asked is None else moment(first_asked))
    want = wanted(start=None if start is None else moment(start))
    assert reaches_back(held, want) is reaches
    assert missing_from(held, want) == ("" if reaches else "AAPL (massive bars 1d) is stored from 2018-06-01 on")


def test_bars_lack_what_the_calendar_expects_and_nothing_at_night():
    assert missing_from(BARS, wanted()) == ""
    behind = replace(BARS, last=moment("2018-12-27"))
    assert missing_from(behind, wanted()) == "newest stored AAPL bar of massive is 2018-12-27, expected 2018-12-28"
    # Known at 21:15, stale half an hour later.
    with clock.fixed(datetime(2018, 12, 28, 21, 44, tzinfo=UTC)):
        assert missing_from(behind, wanted()) == ""
    assert missing_from(behind, wanted(as_of=moment("2018-12-28T20:00"))) == ""
    assert missing_from(behind, wanted(end=moment("2018-12-27"))) == ""


def test_records_are_outdated_after_their_time_to_live():
    # News live five minutes.
    with clock.fixed(NOW + timedelta(minutes=4, seconds=59)):
        assert missing_from(NEWS, wanted("news")) == ""
    with clock.fixed(NOW + timedelta(minutes=5)):
        assert missing_from(NEWS, wanted("news")) == "AAPL (massive news) was retrieved at 2018-12-28 23:00 UTC"
        # What was known before the retrieval is all there.
        assert missing_from(NEWS, wanted("news", as_of=moment("2018-12-28T22:00"))) == ""


def test_records_asked_for_up_to_a_day_end_there():
    held = replace(NEWS, last_asked=moment("2018-12-20"))
    assert missing_from(held, wanted("news", end=moment("2018-12-19"))) == ""
    assert missing_from(held, wanted("news")) == "AAPL (massive news) is stored up to 2018-12-20"


def test_a_provider_that_lacked_the_newest_bars_is_left_alone_for_a_quarter_of_an_hour():
    stale = replace(BARS, status="stale")
    assert (is_patient(stale), is_patient(BARS)) == (True, False)
    with clock.fixed(NOW + timedelta(minutes=15)):
        assert not is_patient(stale)


def test_series_that_could_serve_come_in_the_order_of_the_chain():
    store = open_store()
    for provider in ("alpaca", "massive", "finnhub"):
        feed = "iex" if provider == "alpaca" else ""
        store.write(
            SeriesKey("bars", provider, "AAPL", feed=feed), bars_table([10.0, 11.0]), FACTS, moment("2024-02-01")
        )
    store.write(SeriesKey("bars", "alpaca", "AAPL", feed="sip"), bars_table([10.0]), FACTS, moment("2024-02-01"))
    found = held_series(wanted(), store, ("massive", "alpaca"))
    # The settings choose the feed iex of Alpaca.
    assert [(each.key.provider, each.key.feed) for each in found] == [("massive", ""), ("alpaca", "iex")]
    assert held_series(wanted(provider="finnhub"), store)[0].last == moment("2024-01-03")
