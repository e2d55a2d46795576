import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core import calendar, sessions
from investiq.core.errors import DataError


def at(*stamps):
    return np.array(stamps, dtype="datetime64[us]")


def days(array):
    return array.astype("datetime64[D]").astype(str).tolist()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-11-29", True),  # the Friday after Thanksgiving, an early day
        ("2024-11-28", False),  # Thanksgiving
        ("2025-01-09", False),  # day of mourning for President Carter
        ("2018-12-05", False),  # day of mourning for President Bush
        ("2012-10-29", False),  # hurricane Sandy
        ("2001-09-12", False),
        ("2021-06-18", True),  # Juneteenth is a holiday from 2022 on
        ("2022-06-20", False),
        ("2018-07-07", False),  # a Saturday
    ],
)
def test_sessions_of_new_york_are_the_published_ones(date, expected):
    assert sessions.is_session("XNYS", at(date)).tolist() == [expected]
    assert sessions.is_session("XNYS", at(f"{date}T15:00")).tolist() == [expected]


def test_a_date_outside_the_calendar_is_refused_and_not_called_a_holiday():
    with pytest.raises(DataError, match="calendar XNYS covers 1980-01-02 to"):
        sessions.is_session("XNYS", at("1975-01-02"))


def test_the_next_and_the_previous_session_do_not_count_the_date_itself():
    # 2018-07-04 is a Wednesday and a holiday.
    dates = at("2018-07-03", "2018-07-04", "2018-07-06", "2018-07-07")
    assert days(sessions.next_session("XNYS", dates)) == ["2018-07-05", "2018-07-05", "2018-07-09", "2018-07-09"]
    assert days(sessions.previous_session("XNYS", dates)) == ["2018-07-02", "2018-07-03", "2018-07-05", "2018-07-06"]


def test_the_ends_of_the_calendar_have_no_neighbour():
    known = calendar.schedule("XNYS").dates
    with pytest.raises(DataError, match="no session after"):
        sessions.next_session("XNYS", known[-1:])
    with pytest.raises(DataError, match="no session before"):
        sessions.previous_session("XNYS", known[:1])


def test_the_last_session_is_the_one_that_had_opened():
    # 13:30 UTC is the open of 2018-07-05; before it the session of the 3rd is the newest.
    instants = at("2018-07-05T13:29:59", "2018-07-05T13:30", "2018-07-07T12:00")
    assert days(sessions.last_session("XNYS", instants)) == ["2018-07-03", "2018-07-05", "2018-07-06"]


def test_opens_follow_daylight_saving():
    # Clocks go forward on Sunday 2018-03-11.
    found = sessions.opens("XNYS", at("2018-03-09", "2018-03-12"))
    assert found.tolist() == at("2018-03-09T14:30", "2018-03-12T13:30").tolist()
    with pytest.raises(DataError, match="no session of XNYS, first 2018-03-10"):
        sessions.opens("XNYS", at("2018-03-10"))


def test_the_close_belongs_to_no_session_and_an_early_close_is_honoured():
    # 2024-11-29: 14:30Z to 18:00Z. The day before is Thanksgiving.
    instants = at("2024-11-29T14:29:59", "2024-11-29T14:30", "2024-11-29T17:59:59", "2024-11-29T18:00")
    assert sessions.is_open("XNYS", instants).tolist() == [False, True, True, False]
    assert sessions.is_open("XNYS", at("2024-11-28T15:00", "2024-11-27T20:59")).tolist() == [False, True]


def test_a_pause_at_noon_is_not_open():
    # Tokyo trades 09:00 to 11:30 and 12:30 to 15:00 in 2019, nine hours ahead of UTC.
    instants = at("2019-07-02T02:29", "2019-07-02T02:30", "2019-07-02T03:29", "2019-07-02T03:30", "2019-07-02T06:00")
    assert sessions.is_open("XTKS", instants).tolist() == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("market", "date", "minutes"),
    [
        ("XNYS", "2024-11-29", 210),
        ("XNYS", "2024-11-27", 390),
        ("XNYS", "2018-12-24", 210),
        ("XLON", "2019-07-02", 510),
        ("XTKS", "2019-07-02", 300),
        ("24/7", "2019-07-02", 1440),
    ],
)
def test_minutes_of_a_session(market, date, minutes):
    assert sessions.session_minutes(market, at(date)).tolist() == [minutes]


@pytest.mark.parametrize(
    ("instant", "phase", "bucket"),
    # New York is four hours behind UTC in July, five in November.
    [
        ("2018-07-02T07:59:59", "closed", ""),
        ("2018-07-02T08:00", "pre", "PRE"),
        ("2018-07-02T13:30", "regular", "REG-AM"),
        ("2018-07-02T15:30", "regular", "REG-MID"),
        ("2018-07-02T18:00", "regular", "REG-PM"),
        ("2018-07-02T20:00", "post", "AFT"),
        ("2018-07-02T23:59:59", "post", "AFT"),
        ("2018-07-03T00:00", "closed", ""),
        ("2024-11-29T08:59", "closed", ""),
        ("2024-11-29T09:00", "pre", "PRE"),
        ("2024-11-29T17:59", "regular", "REG-MID"),
        ("2024-11-29T18:00", "post", "AFT"),  # 13:00 on an early day: the regular buckets of the afternoon stay empty
        ("2024-11-29T21:59", "post", "AFT"),
        ("2024-11-29T22:00", "closed", ""),  # 17:00: late trading of an early day is over
        ("2024-11-28T15:00", "closed", ""),
        ("2018-07-07T15:00", "closed", ""),
    ],
)
def test_phases_and_buckets_are_those_of_new_york_time(instant, phase, bucket):
    assert sessions.phases("XNYS", at(instant)).tolist() == [phase]
    assert sessions.buckets("XNYS", at(instant)).tolist() == [bucket]


@given(st.lists(st.integers(0, 10 * 365 * 1440), min_size=1, max_size=20))
def test_regular_is_open_and_every_phase_but_closed_has_a_bucket(minutes):
    instants = np.datetime64("2010-01-04T00:00", "us") + np.array(minutes) * np.timedelta64(1, "m")
    phase = sessions.phases("XNYS", instants)
    assert ((phase == "regular") == sessions.is_open("XNYS", instants)).all()
    assert ((sessions.buckets("XNYS", instants) == "") == (phase == "closed")).all()


def test_every_window_is_stored_with_its_zone():
    windows = [*sessions.BUCKETS, *sessions.EXTENDED_HOURS["XNYS"]]
    assert {window.zone for window in windows} == {"America/New_York"}


def test_no_hours_before_and_after_the_session_are_invented_for_other_markets():
    # London 08:00 to 16:30, in July one hour ahead of UTC.
    instants = at("2018-07-02T06:50", "2018-07-02T07:00", "2018-07-02T15:40")
    assert sessions.phases("XLON", instants).tolist() == ["closed", "regular", "closed"]
    assert not sessions.has_extended_hours("XLON")
    with pytest.raises(DataError, match="not of XLON"):
        sessions.buckets("XLON", instants)
    with pytest.raises(DataError, match="no hours before or after the session are known of XLON"):
        sessions.expected_labels("XLON", at("2018-07-02"), "5min", "extended")


@pytest.mark.parametrize(
    ("interval", "count", "last"),
    # 390 minutes and an early day of 210: the last hourly bar opens at 15:30 and at 12:30 New York.
    [
        ("1min", 390 + 210, "2024-11-29T17:59"),
        ("5min", 78 + 42, "2024-11-29T17:55"),
        ("30min", 13 + 7, "2024-11-29T17:30"),
        ("60min", 7 + 4, "2024-11-29T17:30"),
        ("4h", 2 + 1, "2024-11-29T14:30"),
        ("1d", 2, "2024-11-29T00:00"),
    ],
)
def test_expected_labels_of_a_whole_and_an_early_session(interval, count, last):
    labels = sessions.expected_labels("XNYS", at("2024-11-27", "2024-11-29"), interval)
    assert labels.size == count
    assert labels[-1] == np.datetime64(last)
    assert (np.diff(labels) > np.timedelta64(0)).all()


def test_every_expected_label_lies_inside_a_session_and_is_known_after_it():
    dates = calendar.session_dates("XNYS", np.datetime64("2024-11-01"), np.datetime64("2024-12-31"))
    labels = sessions.expected_labels("XNYS", dates, "15min")
    assert sessions.is_open("XNYS", labels).all()
    assert (calendar.known_at(labels, "15min", "XNYS") > labels).all()


def test_extended_labels_run_from_four_to_twenty_or_to_seventeen_on_an_early_day():
    labels = sessions.expected_labels("XNYS", at("2024-11-27", "2024-11-29"), "5min", "extended")
    assert labels.size == 16 * 12 + 13 * 12
    assert (
        labels[[0, 191, 192, -1]].tolist()
        == at("2024-11-27T09:00", "2024-11-28T00:55", "2024-11-29T09:00", "2024-11-29T21:55").tolist()
    )
    assert (sessions.phases("XNYS", labels) != "closed").all()


def test_hours_before_and_after_the_session_count_their_own_labels():
    # In winter New York is UTC-5: 04:00 to 09:30, 09:30 to 16:00, 16:00 to 20:00; two bars last 30 minutes.
    labels = sessions.expected_labels("XNYS", at("2024-11-27"), "60min", "extended")
    assert [str(label)[11:16] for label in labels] == [
        *("09:00", "10:00", "11:00", "12:00", "13:00", "14:00"),
        *("14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:30"),
        *("21:00", "22:00", "23:00", "00:00"),
    ]


def test_each_phase_of_an_early_day_begins_where_the_one_before_ends():
    # The Friday after Thanksgiving in New York, UTC-5: 04:00, 09:30, close at 13:00, late trading until 17:00.
    moments = at("2024-11-29T09:10", "2024-11-29T15:00", "2024-11-29T18:30", "2024-11-29T22:00", "2024-11-30T15:00")
    phases, starts = sessions.phase_starts("XNYS", moments)
    assert phases.tolist() == ["pre", "regular", "post", "closed", "closed"]
    assert [str(start)[11:16] for start in starts[:3]] == ["09:00", "14:30", "18:00"]
    assert np.isnat(starts[3:]).all()


def test_of_a_market_without_known_extended_hours_only_the_session_has_a_beginning():
    phases, starts = sessions.phase_starts("XLON", at("2024-07-02T06:00", "2024-07-02T09:00"))
    # London opens at 08:00, 07:00 UTC in summer.
    assert phases.tolist() == ["closed", "regular"]
    assert np.isnat(starts[0])
    assert starts[1] == np.datetime64("2024-07-02T07:00")


def test_each_half_of_a_session_with_a_pause_counts_its_own_labels():
    labels = sessions.expected_labels("XTKS", at("2019-07-02"), "60min")
    assert [str(label)[11:16] for label in labels] == ["00:00", "01:00", "02:00", "03:30", "04:30", "05:30"]


def test_weeks_and_months_are_labelled_by_their_first_session():
    # Monday 2018-09-03 is Labor Day: week and month of September begin on the 4th.
    dates = calendar.session_dates("XNYS", np.datetime64("2018-08-31"), np.datetime64("2018-09-11"))
    assert days(sessions.expected_labels("XNYS", dates, "1w")) == ["2018-09-04", "2018-09-10"]
    assert days(sessions.expected_labels("XNYS", dates, "1mo")) == ["2018-09-04"]


def test_nothing_in_gives_nothing_out():
    assert sessions.is_open("XNYS", at()).size == 0
    assert sessions.expected_labels("XNYS", at(), "5min").size == 0
    assert sessions.phases("XNYS", at()).size == 0


def test_the_examples_run():
    assert doctest.testmod(sessions).failed == 0


@pytest.mark.parametrize(
    ("market", "start", "end", "minutes"),
    [
        ("XNYS", "2018-07-03T16:30", "2018-07-05T13:45", 45),  # to the early close at 17:00, and from 13:30
        ("XNYS", "2018-07-04T12:00", "2018-07-04T20:00", 0),  # a holiday
        ("XNYS", "2018-07-05T14:00", "2018-07-05T13:00", 0),  # backwards
        ("XNYS", "2018-07-02T12:00", "2018-07-06T12:00", 390 + 210 + 390),
        ("XTKS", "2018-07-05T02:00", "2018-07-05T04:00", 30 + 30),  # 11:00 to 13:00 in Tokyo, without 11:30 to 12:30
    ],
)
def test_open_time_leaves_out_nights_holidays_and_pauses(market, start, end, minutes):
    found = sessions.open_time(market, np.datetime64(start), np.datetime64(end))
    assert found == np.timedelta64(minutes, "m")
