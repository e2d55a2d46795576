from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import exchange_calendars
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core import calendar
from investiq.core.errors import DataError


def at(*stamps):
    return np.array(stamps, dtype="datetime64[us]")


def known(stamp, interval, **more):
    return str(calendar.known_at(at(stamp), interval, "XNYS", **more)[0].astype("datetime64[m]"))


def test_new_york_has_the_5031_sessions_of_two_decades():
    assert calendar.session_dates("XNYS", np.datetime64("1999-01-01"), np.datetime64("2018-12-31")).size == 5031


def test_closes_follow_daylight_saving_and_early_closes():
    # Counted by kind over 1999-2018: 3134 at 20:00Z, 1852 at 21:00Z, and 45 early ones, 33 at 18:00Z and 12 at 17:00Z.
    sessions = calendar.session_dates("XNYS", np.datetime64("1999-01-01"), np.datetime64("2018-12-31"))
    hours = (calendar.closes("XNYS", sessions) - sessions).astype("timedelta64[h]").astype(int)
    assert {hour: int((hours == hour).sum()) for hour in np.unique(hours)} == {17: 12, 18: 33, 20: 3134, 21: 1852}


@pytest.mark.parametrize(
    ("session", "close"),
    [
        ("2018-07-02", "2018-07-02T20:00"),  # summer
        ("2018-07-03", "2018-07-03T17:00"),  # the eve of Independence Day closes at 13:00
        ("2018-11-23", "2018-11-23T18:00"),  # the day after Thanksgiving
        ("2018-03-09", "2018-03-09T21:00"),  # the Friday before the clocks change
        ("2018-03-12", "2018-03-12T20:00"),  # the Monday after
    ],
)
def test_a_daily_bar_is_known_at_the_close_of_its_session(session, close):
    assert known(session, "1d") == close


def test_delay_and_settling_time_come_on_top():
    shifted = known("2018-07-02", "1d", delay=timedelta(minutes=15), settle=timedelta(minutes=15))
    assert shifted == "2018-07-02T20:30"


def test_a_week_is_known_at_the_close_of_its_last_scheduled_session():
    # Good Friday 2018-03-30: that week ends on Thursday; week of 2018-07-02 ends on Friday.
    assert known("2018-03-26", "1w") == "2018-03-29T20:00"
    assert known("2018-07-02", "1w") == "2018-07-06T20:00"
    # Labelled by its first session, which is a Tuesday after Labor Day.
    assert known("2018-09-04", "1w") == "2018-09-07T20:00"


def test_a_month_is_known_at_the_close_of_its_last_scheduled_session():
    # March 2018 ends with Good Friday the 30th and a Saturday.
    assert known("2018-03-01", "1mo") == "2018-03-29T20:00"
    assert known("2018-12-03", "1mo") == "2018-12-31T21:00"


def test_the_last_hourly_bar_ends_with_the_session():
    # From 09:30 on, the seventh hourly bar opens at 15:30 and has 30 minutes; on an early day the fourth, at 12:30.
    assert known("2018-07-02T19:30", "60min") == "2018-07-02T20:00"
    assert known("2018-07-02T18:30", "60min") == "2018-07-02T19:30"
    assert known("2018-07-03T16:30", "60min") == "2018-07-03T17:00"
    assert known("2018-07-03T13:30", "4h") == "2018-07-03T17:00"


@given(st.integers(0, 1043), st.integers(0, 4))
def test_a_weekly_label_on_any_day_of_the_week_has_one_end(week, day):
    # 1999-01-04 is a Monday.
    monday = np.datetime64("1999-01-04") + np.timedelta64(7 * week, "D")
    ends = calendar.known_at(at(monday, monday + np.timedelta64(day, "D")), "1w", "XNYS")
    assert ends[0] == ends[1]
    assert monday.astype("datetime64[us]") < ends[0] < (monday + np.timedelta64(5, "D")).astype("datetime64[us]")


@pytest.mark.parametrize("interval", ["1w", "1mo", "60min"])
def test_a_label_outside_the_calendar_is_refused(interval):
    with pytest.raises(DataError, match="calendar XNYS covers 1980-01-02 to"):
        calendar.known_at(at("1970-01-05"), interval, "XNYS")
    with pytest.raises(DataError, match="covers"):
        calendar.known_at(at("2999-01-05"), interval, "XNYS")


def test_a_date_that_is_no_session_is_refused_with_the_first_of_them():
    with pytest.raises(DataError, match=r"2 date\(s\) are no session of XNYS, first 2018-07-04"):
        calendar.closes("XNYS", at("2018-07-03", "2018-07-04", "2018-07-07"))


def test_an_unknown_calendar_is_refused():
    with pytest.raises(DataError, match="unknown exchange calendar 'NYSEE'"):
        calendar.closes("NYSEE", at("2018-07-03"))


def test_a_market_whose_holidays_are_known_late_starts_late():
    # Tokyo's calendar begins in 1997; 1997-01-06 was its first session of that year.
    first = calendar.session_dates("XTKS", np.datetime64("1980-01-01"), np.datetime64("1997-01-07"))
    assert first.astype("datetime64[D]").astype(str).tolist() == ["1997-01-06", "1997-01-07"]


def test_nothing_in_gives_nothing_out():
    assert calendar.known_at(at(), "1d", "XNYS").size == 0
    assert calendar.known_at(at(), "5min", "XNYS").size == 0


def test_the_nth_session_after_a_date_does_not_count_the_date():
    # 2018-12-21 is a Friday: then 24 (early close, 18:00Z), 26, 27, 28 and 31 December.
    assert calendar.nth_session_close("XNYS", at("2018-12-21"), 1) == at("2018-12-24T18:00")
    assert calendar.nth_session_close("XNYS", at("2018-12-21"), 5) == at("2018-12-31T21:00")
    # A Saturday counts from the Monday on.
    assert calendar.nth_session_close("XNYS", at("2018-12-22"), 1) == at("2018-12-24T18:00")
    with pytest.raises(DataError, match="calendar ends there"):
        calendar.nth_session_close("XNYS", at("2999-01-01"), 1)


def test_sessions_are_half_open():
    # Regular hours of 2018-07-02: 13:30Z to 20:00Z.
    stamps = at("2018-07-02T13:29", "2018-07-02T13:30", "2018-07-02T19:59", "2018-07-02T20:00")
    sessions, opens = calendar.holding_sessions("XNYS", stamps)
    assert np.isnat(sessions).tolist() == np.isnat(opens).tolist() == [True, False, False, True]
    assert sessions[1] == sessions[2] == np.datetime64("2018-07-02")
    assert opens[1] == opens[2] == np.datetime64("2018-07-02T13:30")


def test_missing_sessions_are_those_of_the_calendar_not_weekends():
    # Friday 6th, Tuesday 10th July 2018: the Monday is missing, the weekend is not; 4 July is a holiday.
    missing = calendar.missing_sessions("XNYS", at("2018-07-03", "2018-07-05", "2018-07-06", "2018-07-10"))
    assert missing.astype("datetime64[D]").astype(str).tolist() == ["2018-07-09"]
    assert calendar.missing_sessions("XNYS", at()).size == 0


def test_the_time_zone_is_the_exchanges():
    assert calendar.time_zone("XNYS") == "America/New_York"


@pytest.mark.parametrize(
    ("interval", "market", "bars"),
    # 390 minutes a session: 6.5 hours make 7 hourly bars and 2 of four hours.
    [
        ("1d", "XNYS", 252),
        ("1d", "24/7", 365),
        ("1w", "XLON", 52),
        ("1mo", "XLON", 12),
        ("1d", "XLON", 253),
        ("60min", "XLON", 253 * 9),  # 510 minutes are 8.5 hours
        ("1d", "XTKS", 245),
        ("60min", "XNYS", 252 * 7),
        ("4h", "XNYS", 252 * 2),
        ("1min", "XNYS", 252 * 390),
        ("60min", "24/7", 365 * 24),
    ],
)
def test_bars_a_year_follow_interval_and_calendar(interval, market, bars):
    assert calendar.periods_per_year(interval, market) == bars


# exchange_calendars 4.13 computes the holidays of Hong Kong with a property that pandas 3 deprecates.
@pytest.mark.filterwarnings("ignore:DatetimeIndex.weekday is deprecated")
@pytest.mark.parametrize("market", sorted(set(calendar.SESSIONS_PER_YEAR) - {"24/7"}))
def test_the_sessions_and_minutes_of_a_market_are_those_of_its_calendar_in_2010_to_2019(market):
    theirs = exchange_calendars.get_calendar(market, start="2010-01-01", end="2019-12-31")
    assert round(len(theirs.sessions) / 10) == calendar.SESSIONS_PER_YEAR[market]
    length = int((theirs.closes - theirs.opens)["2019":].mode()[0].total_seconds() // 60)
    pauses = theirs.break_starts.notna().any()
    assert calendar.SESSION_MINUTES.get(market) == (None if pauses else length)


def test_a_market_without_a_convention_is_answered_with_what_can_be_done():
    with pytest.raises(
        DataError, match=r"no convention .* 'XBOG'.*known are XNYS, .*; read the bars under one of these"
    ):
        calendar.periods_per_year("1d", "XBOG")
    with pytest.raises(DataError, match=r"no convention for the number of 60min bars a year of 'XTKS', .* bring daily"):
        calendar.periods_per_year("60min", "XTKS")


def test_a_hundred_threads_build_a_calendar_once(monkeypatch):
    built = []
    real = exchange_calendars.get_calendar
    monkeypatch.setattr(exchange_calendars, "get_calendar", lambda *a, **k: built.append(a) or real(*a, **k))
    calendar._built.cache_clear()
    with ThreadPoolExecutor(100) as pool:
        list(pool.map(calendar.time_zone, ["XTSE"] * 100))
    assert len(built) == 1
