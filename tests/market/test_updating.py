from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, NotEntitledError, RateLimitedError, VendorError
from investiq.market.contract import Payload
from investiq.market.coverage import Wanted
from investiq.market.store import SeriesKey, Store
from investiq.market.updating import update
from investiq.runtime import clock
from tests.servers.scripted import ScriptedVendor, session_bars

BARS = ("bars", "AAPL")
ALL = session_bars("2018-10-01", "2019-01-04")
SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)
TUESDAY = datetime(2019, 1, 2, 23, tzinfo=UTC)  # the evening of a session
KEY = SeriesKey("bars", "a", "AAPL")


def day(text):
    return np.datetime64(text, "us")


def known_by(now):
    """What a vendor has at `now`: whole sessions only."""
    return ALL[ALL["ts"] < pd.Timestamp(now)]


def vendor(name="a", script=None, datasets=("bars", "news", "statements"), **terms):
    found = script if script is not None else lambda request: known_by(clock.now())
    return ScriptedVendor({BARS: found}, name=name, datasets=frozenset(datasets), **terms)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def updated(store, *vendors, now=SUNDAY, refresh=False, **wanted):
    with clock.fixed(now):
        return update(
            Wanted(**{"dataset": "bars", "symbol": "AAPL", **wanted}), store, vendors=vendors, refresh=refresh
        )


def test_what_is_stored_and_fresh_is_not_asked_for_again(store):
    a = vendor()
    first = updated(store, a, start=day("2018-10-01"))
    assert (first.status, first.asked, first.added) == ("ok", True, len(known_by(SUNDAY)))
    again = updated(store, a, start=day("2018-11-01"))
    assert (again.status, again.asked, again.key) == ("ok", False, KEY)
    assert len(a.requests) == 1


def test_a_stored_series_is_continued_by_its_tail(store):
    a = vendor()
    updated(store, a, start=day("2018-10-01"))
    done = updated(store, a, start=day("2018-10-01"), now=TUESDAY)
    # Stored up to Friday 28 December; asked again from seven days earlier; new are 31 December and 2 January.
    assert a.requests[1].start == day("2018-12-21")
    assert done.added == 2
    assert len(store.bars(KEY)) == len(known_by(TUESDAY))


def test_an_earlier_start_is_asked_for_with_all_that_follows_so_that_no_hole_stays(store):
    a = vendor()
    updated(store, a, start=day("2018-12-01"), end=day("2018-12-31"))
    updated(store, a, start=day("2018-10-01"), end=day("2018-10-31"))
    assert (a.requests[1].start, a.requests[1].end) == (day("2018-10-01"), day("2018-12-28"))
    assert store.bars(KEY).passport.missing_sessions == 0


def test_a_later_range_is_joined_to_the_stored_one(store):
    a = vendor()
    updated(store, a, start=day("2018-10-01"), end=day("2018-10-12"))
    updated(store, a, start=day("2018-12-03"), end=day("2018-12-14"))
    assert a.requests[1].start == day("2018-10-05")
    assert store.bars(KEY).passport.missing_sessions == 0


def test_a_series_asked_for_from_its_beginning_serves_every_start(store):
    a = vendor()
    updated(store, a)
    assert not updated(store, a, start=day("1990-01-01")).asked


def test_a_later_as_of_than_the_last_bar_is_needed_for_a_request(store):
    a = vendor()
    updated(store, a, start=day("2018-10-01"))
    # On 2 January, what was known by 28 December 22:00 is all there.
    assert not updated(store, a, start=day("2018-10-01"), now=TUESDAY, as_of=day("2018-12-28T22:00")).asked


def test_a_series_that_its_vendor_adjusts_anew_is_asked_for_whole(store):
    a = vendor(price_basis="unsplit")
    updated(store, a, start=day("2018-10-01"))
    updated(store, a, start=day("2018-11-01"), now=TUESDAY)
    assert a.requests[1].start == day("2018-10-01")


def test_a_refresh_asks_for_the_whole_range_again(store):
    a = vendor()
    updated(store, a, start=day("2018-10-01"))
    again = updated(store, a, start=day("2018-10-01"), refresh=True)
    assert (again.asked, again.added) == (True, 0)
    assert a.requests[1].start == day("2018-10-01")


def test_where_the_own_vendor_fails_the_next_is_asked_for_the_whole_series_and_nothing_is_spliced(store):
    failing = vendor(script=lambda request: known_by(SUNDAY) if clock.now() == SUNDAY else VendorError("HTTP 503"))
    b = vendor("b")
    updated(store, failing, b, start=day("2018-10-01"))
    done = updated(store, failing, b, start=day("2018-10-01"), now=TUESDAY)
    assert (done.status, done.provider, done.key.provider) == ("ok", "b", "b")
    assert b.requests[0].start == day("2018-10-01")
    # What the first one gave stays as it was, under its own name.
    assert len(store.bars(KEY)) == len(known_by(SUNDAY))
    assert [(each.provider, each.status) for each in done.attempts] == [("a", "error")]
    assert "because a could not continue the stored one: error (HTTP 503)" in done.notes[-1].text


def test_where_all_vendors_fail_the_stored_series_goes_on_serving_and_says_so(store):
    failing = vendor(script=lambda request: known_by(SUNDAY) if clock.now() == SUNDAY else VendorError("HTTP 503"))
    updated(store, failing, start=day("2018-10-01"))
    done = updated(store, failing, start=day("2018-10-01"), now=TUESDAY)
    assert (done.status, done.key) == ("error", KEY)
    assert [note.code for note in done.notes] == ["not_updated"]
    assert "could not be brought up to date: a: error (HTTP 503)" in done.notes[0].text


def test_a_vendor_without_the_newest_bars_is_not_asked_again_for_a_quarter_of_an_hour(store):
    late = vendor(script=known_by(SUNDAY))
    first = updated(store, late, start=day("2018-10-01"), now=TUESDAY)
    assert first.status == "stale"
    soon = updated(store, late, start=day("2018-10-01"), now=TUESDAY + timedelta(minutes=14))
    assert (soon.asked, soon.status, [note.code for note in soon.notes]) == (False, "stale", ["stale"])
    assert updated(store, late, start=day("2018-10-01"), now=TUESDAY + timedelta(minutes=16)).asked


def test_nothing_stored_and_no_vendor_is_an_error_that_names_the_keys(store):
    with pytest.raises(ConfigError, match="set the key of one: INVESTIQ_MASSIVE_API_KEY"):
        updated(store)


def test_without_a_vendor_what_is_stored_serves(store):
    updated(store, vendor(), start=day("2018-10-01"))
    assert updated(store, start=day("2018-10-01")).key == KEY


SPLIT = pd.DataFrame(
    {"kind": ["split"], "ex_date": pd.to_datetime(["2018-11-01"], utc=True).as_unit("us"), "ratio": [4.0]}
)


def test_corporate_actions_are_asked_for_with_bars_from_the_same_vendor(store):
    a = vendor(datasets=("bars", "actions"))
    a.scripts["actions", "AAPL"] = SPLIT
    done = updated(store, a, start=day("2018-10-01"))
    assert (done.actions.status, done.actions.rows) == ("ok", 1)
    assert store.bars(KEY).split_factor[-1] == 4.0
    assert [request.dataset for request in a.requests] == ["bars", "actions"]


def test_actions_that_came_with_the_bars_are_not_asked_for_again(store):
    a = vendor(
        datasets=("bars", "actions"),
        script=Payload(table=known_by(SUNDAY), companions={"actions": SPLIT}, settle=timedelta(minutes=15)),
    )
    assert updated(store, a).actions is None
    assert [request.dataset for request in a.requests] == ["bars"]


def test_actions_that_cannot_be_had_are_told_and_do_not_stop_the_bars(store):
    a = vendor(datasets=("bars", "actions"))
    a.scripts["actions", "AAPL"] = NotEntitledError("the plan has no actions")
    done = updated(store, a, start=day("2018-10-01"))
    assert (done.status, done.actions.status) == ("ok", "not_entitled")
    assert store.facts(KEY)["actions"] == "not_entitled (the plan has no actions)"


def test_a_refused_action_is_told_with_the_bars_and_withdraws_none(store):
    a = vendor(datasets=("bars", "actions"))
    a.scripts["actions", "AAPL"] = SPLIT
    updated(store, a, start=day("2018-10-01"))
    a.scripts["actions", "AAPL"] = pd.concat([SPLIT, SPLIT.assign(ratio=3.0)], ignore_index=True)
    done = updated(store, a, start=day("2018-10-01"), now=TUESDAY)
    assert (done.status, done.actions.status) == ("ok", "error")
    bars = store.bars(KEY)
    assert [note.severity for note in bars.passport.notes if note.code == "refused_actions"] == ["error"]
    assert bars.split_factor[-1] == 4.0
    # An answer without such rows ends the caution.
    a.scripts["actions", "AAPL"] = SPLIT
    updated(store, a, start=day("2018-10-01"), now=datetime(2019, 1, 4, 23, tzinfo=UTC))
    assert "refused_actions" not in {note.code for note in store.bars(KEY).passport.notes}


def article(name, when):
    stamp = pd.to_datetime([when], utc=True).as_unit("us")
    return pd.DataFrame({"id": [name], "title": [f"About {name}"], "published_utc": stamp})


def test_news_are_fresh_for_five_minutes_and_then_continued(store):
    a = vendor()
    a.scripts["news", "AAPL"] = article("1", "2018-12-29 10:00")
    updated(store, a, dataset="news", start=day("2018-12-01"))
    assert not updated(store, a, dataset="news", start=day("2018-12-01"), now=SUNDAY + timedelta(minutes=4)).asked
    a.scripts["news", "AAPL"] = article("2", "2018-12-30 12:05")
    done = updated(store, a, dataset="news", start=day("2018-12-01"), now=SUNDAY + timedelta(minutes=6))
    assert (done.asked, done.added) == (True, 1)
    assert a.requests[-1].start == day("2018-12-27T12:00")
    assert len(store.records(SeriesKey("news", "a", "AAPL"))) == 2


def test_no_news_since_is_no_failure(store):
    a = vendor()
    a.scripts["news", "AAPL"] = article("1", "2018-12-29 10:00")
    updated(store, a, dataset="news", start=day("2018-12-01"))
    a.scripts["news", "AAPL"] = pd.DataFrame()
    done = updated(store, a, dataset="news", start=day("2018-12-01"), now=SUNDAY + timedelta(days=5))
    assert (done.status, done.notes) == ("ok", ())


def test_a_limit_that_cut_older_rows_off_does_not_claim_them(store):
    a = vendor()
    a.scripts["news", "AAPL"] = article("1", "2018-12-29 10:00")
    updated(store, a, dataset="news", start=day("2018-12-01"), limit=1)
    assert store.facts(SeriesKey("news", "a", "AAPL"))["asked_first"] == "2018-12-29T10:00:00.000000"


def test_the_time_to_ask_again_is_handed_on(store):
    retry_at = SUNDAY + timedelta(minutes=1)
    a = vendor(script=RateLimitedError("the minute is spent", retry_at))
    assert updated(store, a).retry_at == retry_at
