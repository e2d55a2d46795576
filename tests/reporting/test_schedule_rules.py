"""When a report is due: instants worked out by hand from the exchange's published hours and the dates of the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.reporting.schedule_rules import latest_due, parse_rule

NEW_YORK = "America/New_York"


def utc(*fields):
    return datetime(*fields, tzinfo=UTC)


def of_2024(text, **options):
    dues = parse_rule(text, **options).dues(utc(2024, 1, 1))
    return list(takewhile(lambda due: due < utc(2025, 1, 1), dues))


def test_a_year_of_new_york_closes_has_252_sessions_and_three_early_ones():
    dues = of_2024("30 min after close")
    assert len(dues) == len({due.date() for due in dues}) == 252
    # 16:30 in New York is 21:30 UTC in winter and 20:30 from Sunday 10 March to Saturday 2 November; 13:30 on the three days
    # that end at 13:00, of which 3 July lies in summer time and the others in winter time.
    assert {due.date(): due for due in dues if due.hour < 20} == {
        utc(2024, 7, 3).date(): utc(2024, 7, 3, 17, 30),
        utc(2024, 11, 29).date(): utc(2024, 11, 29, 18, 30),
        utc(2024, 12, 24).date(): utc(2024, 12, 24, 18, 30),
    }
    for friday, monday in [
        (utc(2024, 3, 8, 21, 30), utc(2024, 3, 11, 20, 30)),
        (utc(2024, 11, 1, 20, 30), utc(2024, 11, 4, 21, 30)),
    ]:
        assert dues[dues.index(friday) + 1] == monday


def test_no_report_is_due_on_the_ten_holidays_of_2024():
    days = {due.date() for due in of_2024("at close")}
    holidays = [(1, 1), (1, 15), (2, 19), (3, 29), (5, 27), (6, 19), (7, 4), (9, 2), (11, 28), (12, 25)]
    assert not days & {utc(2024, *each).date() for each in holidays}
    assert all(day.weekday() < 5 for day in days)


def test_before_the_open_follows_the_clock_of_the_exchange():
    dues = of_2024("15 min before open")
    # 09:15 in New York.
    assert {due.time().isoformat() for due in dues} == {"14:15:00", "13:15:00"}
    assert dues[0] == utc(2024, 1, 2, 14, 15)
    assert utc(2024, 3, 11, 13, 15) in dues


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 1 January, 1 June and 1 September 2024 were no sessions.
        ("first session of month at open", ["01-02", "02-01", "03-01", "04-01", "05-01", "06-03", "07-01", "08-01", "09-03", "10-01", "11-01", "12-02"]),
        # 29 March 2024 was Good Friday; 31 August a Saturday; 30 November too.
        ("last session of month at close", ["01-31", "02-29", "03-28", "04-30", "05-31", "06-28", "07-31", "08-30", "09-30", "10-31", "11-29", "12-31"]),
        ("first session of quarter at open", ["01-02", "04-01", "07-01", "10-01"]),
        ("last session of year at close", ["12-31"]),
    ],
)  # fmt: skip
def test_first_and_last_sessions_of_a_period(text, expected):
    assert [f"{due:%m-%d}" for due in of_2024(text)] == expected


def test_the_first_session_of_a_week_is_tuesday_where_monday_is_a_holiday():
    dues = of_2024("first session of week at open")
    assert len(dues) == 53  # 1 January 2024 was a Monday, 30 December too
    tuesdays = [f"{due:%m-%d}" for due in dues if due.weekday() == 1]
    assert tuesdays == ["01-02", "01-16", "02-20", "05-28", "09-03"]


def test_cron_keeps_the_wall_clock_through_both_clock_changes():
    dues = of_2024("cron 30 7 * * mon-fri", zone=NEW_YORK)
    assert len(dues) == 262  # weekdays of 2024
    assert utc(2024, 3, 8, 12, 30) in dues
    assert utc(2024, 3, 11, 11, 30) in dues
    assert utc(2024, 11, 4, 12, 30) in dues


def test_a_time_that_the_clocks_skip_is_moved_on_and_one_shown_twice_counts_once():
    dues = of_2024("cron 30 2 * * *", zone=NEW_YORK)
    assert len(dues) == 366
    # On 10 March 01:59 EST was followed by 03:00 EDT: 02:30 is read as 03:30 EDT, 07:30 UTC.
    assert [due for due in dues if due.date() == utc(2024, 3, 10).date()] == [utc(2024, 3, 10, 7, 30)]
    twice = of_2024("cron 30 1 * * *", zone=NEW_YORK)
    assert len(twice) == 366
    # On 3 November 01:30 came first in summer time, 05:30 UTC.
    assert [due for due in twice if due.date() == utc(2024, 11, 3).date()] == [utc(2024, 11, 3, 5, 30)]


@pytest.mark.parametrize(
    ("fields", "after", "expected"),
    [
        ("*/20 9-10 * * *", utc(2024, 5, 1, 9, 25), [utc(2024, 5, 1, 9, 40), utc(2024, 5, 1, 10, 0), utc(2024, 5, 1, 10, 20)]),
        ("0 0 29 feb *", utc(2024, 3, 1), [utc(2028, 2, 29), utc(2032, 2, 29)]),
        # Friday the 13th or any Friday or any 13th: either field will do where both are restricted.
        ("0 12 13 * fri", utc(2024, 9, 8), [utc(2024, 9, 13, 12), utc(2024, 9, 20, 12), utc(2024, 9, 27, 12), utc(2024, 10, 4, 12), utc(2024, 10, 11, 12), utc(2024, 10, 13, 12)]),
        ("5 4 * * 7", utc(2024, 5, 1), [utc(2024, 5, 5, 4, 5), utc(2024, 5, 12, 4, 5)]),
        ("0 8 * * sat-sun", utc(2024, 5, 1), [utc(2024, 5, 4, 8), utc(2024, 5, 5, 8), utc(2024, 5, 11, 8)]),
        ("0 6 1,15 jan,jul *", utc(2024, 1, 2), [utc(2024, 1, 15, 6), utc(2024, 7, 1, 6), utc(2024, 7, 15, 6)]),
    ],
)  # fmt: skip
def test_cron_fields_mean_what_every_cron_means(fields, after, expected):
    assert list(islice(parse_rule(f"cron {fields}").dues(after), len(expected))) == expected


def test_what_was_missed_is_counted_and_the_end_is_inclusive():
    rule = parse_rule("at close")
    # From Monday 1 July, 20:00 UTC on, to the early close of the 3rd: 2 and 3 July.
    assert latest_due(rule, utc(2024, 7, 1, 20), utc(2024, 7, 3, 17)) == (utc(2024, 7, 3, 17), 2)
    assert latest_due(rule, utc(2024, 7, 3, 17), utc(2024, 7, 5, 19)) == (None, 0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("after close", "found 'after close'"),
        ("26 h after close", "less than 24 hours"),
        ("cron 30 7 * *", "five crontab fields .* found 4"),
        ("cron 60 7 * * *", "expected 0 to 59 in the field minute, found '60'"),
        ("cron 0 7 * * mon-xyz", "expected 0 to 7 or sun to sat in the field day of week, found 'mon-xyz'"),
        ("cron 0 9-7 * * *", "in the field hour, found '9-7'"),
        ("cron 0 */0 * * *", "in the field hour"),
    ],
)
def test_a_rule_that_cannot_be_read_says_what_is_expected(text, complaint):
    with pytest.raises(ConfigError, match=complaint):
        parse_rule(text)


def test_zones_and_calendars_that_do_not_exist_are_refused():
    with pytest.raises(ConfigError, match="found 'America/Newyork'"):
        parse_rule("cron 0 7 * * *", zone="America/Newyork")
    with pytest.raises(ConfigError, match="unknown exchange calendar 'XNYX'"):
        parse_rule("at close", calendar="XNYX")


def test_a_day_that_never_comes_and_the_end_of_a_calendar_are_errors():
    with pytest.raises(DataError, match="no day within 9 years"):
        next(parse_rule("cron 0 0 30 feb *").dues(utc(2024, 1, 1)))
    with pytest.raises(DataError, match="the calendar XNYS ends with the session"):
        next(parse_rule("at close").dues(utc(2024, 1, 1) + timedelta(days=20_000)))
