from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.market.freshness import check_freshness, expected_last, is_behind, next_due

SETTLE = timedelta(minutes=15)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text):
    return np.datetime64(text, "us")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # XNYS closes at 21:00 UTC in winter; + 15 min settling + 30 min grace = 21:45.
        ("2018-12-28 21:44", "2018-12-27"),
        ("2018-12-28 21:45", "2018-12-28"),
        ("2018-12-30 12:00", "2018-12-28"),  # a Sunday
        # 2018-12-24 closed at 13:00 New York, 18:00 UTC; 18:45 is due. The 25th is a holiday.
        ("2018-12-24 18:44", "2018-12-21"),
        ("2018-12-24 18:45", "2018-12-24"),
        ("2018-12-26 12:00", "2018-12-24"),
        # In summer the close is at 20:00 UTC.
        ("2018-07-10 20:45", "2018-07-10"),
    ],
)
def test_the_expected_daily_bar_follows_the_calendars_closes(now, expected):
    assert expected_last("XNYS", "1d", at(now), settle=SETTLE) == day(expected)


@pytest.mark.parametrize(
    ("interval", "now", "expected"),
    [
        # Session of 2018-12-28: 14:30 to 21:00 UTC. At 15:29 with 30 min grace bars known by 14:59 count: that of 14:30 (5min)
        # to that of 14:50, which ends 14:55; that of 14:55 is known at 15:00.
        ("5min", "2018-12-28 15:29", "2018-12-28T14:50"),
        ("5min", "2018-12-28 15:30", "2018-12-28T14:55"),
        # Before the open plus grace the last bar is that of the day before: 20:30 of 30 minutes' length for 60min.
        ("60min", "2018-12-28 14:45", "2018-12-27T20:30"),
        # The week of 2018-12-24 ends with the close of Friday 28; its label is Monday 24.
        ("1w", "2018-12-28 21:31", "2018-12-24"),
        ("1w", "2018-12-28 21:29", "2018-12-17"),
        ("1mo", "2018-12-31 21:31", "2018-12-03"),
        ("1mo", "2018-12-31 12:00", "2018-11-01"),
    ],
)
def test_the_expected_bar_of_other_intervals_is_on_their_grid(interval, now, expected):
    assert expected_last("XNYS", interval, at(now)) == day(expected)


def test_a_delayed_plan_is_given_its_delay():
    now = at("2018-12-28 21:31")
    assert expected_last("XNYS", "1d", now) == day("2018-12-28")
    assert expected_last("XNYS", "1d", now, delay=timedelta(minutes=15)) == day("2018-12-27")


def test_no_bar_after_the_end_asked_for_is_expected():
    end = day("2018-07-04T23:59:59")  # a holiday
    assert expected_last("XNYS", "1d", at("2018-12-30 12:00"), end=end) == day("2018-07-03")


def test_the_next_bar_is_due_at_its_close_and_settling():
    # Friday night: the next session is Monday 2018-12-31, close 21:00 + 15 min.
    assert next_due("XNYS", "1d", at("2018-12-28 22:00"), settle=SETTLE) == at("2018-12-31 21:15")


NOW = at("2018-12-30 12:00")
FRESH, STALE, FUTURE = day("2018-12-28"), day("2018-12-27"), day("2019-01-02")


@pytest.mark.parametrize(
    ("stale", "is_fresh"),
    [(1, True), (2, False)],
)
def test_per_symbol_asks_for_nine_in_ten(stale, is_fresh):
    newest = {f"S{number}": STALE if number < stale else FRESH for number in range(10)}
    report = check_freshness(newest, now=NOW)
    assert report.is_fresh is is_fresh
    assert report.share == 1 - stale / 10


@pytest.mark.parametrize(
    ("mode", "is_fresh"), [("latest", True), ("oldest", False), ("median", False), ("per_symbol", False)]
)
def test_the_modes_judge_different_bars_of_the_same_set(mode, is_fresh):
    newest = {"A": FRESH, "B": STALE, "C": STALE}
    report = check_freshness(newest, now=NOW, mode=mode)
    assert report.is_fresh is is_fresh
    assert bool(report.reason) is not is_fresh


def test_a_stamp_in_the_future_is_refused_and_does_not_save_the_others():
    report = check_freshness({"A": STALE, "B": FUTURE}, now=NOW, mode="latest")
    assert not report.is_fresh
    assert report.symbols[1].reason == "newest stamp 2019-01-02 lies in the future"


def test_a_symbol_without_bars_is_not_fresh_and_says_so():
    table = check_freshness({"A": FRESH, "B": None}, now=NOW).to_frame()
    assert table.loc["B", "reason"] == "has no bar at all"
    assert table["last"].dtype == "datetime64[us]"


def test_the_reason_names_the_bar_found_and_the_bar_expected():
    report = check_freshness({"A": STALE}, now=NOW)
    assert (
        report.reason == "0% of the symbols are fresh, 90% expected; A: newest bar is 2018-12-27, expected 2018-12-28"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"newest": {}}, "no symbol to judge"),
        ({"newest": {"A": datetime(2018, 12, 28)}}, "A: newest stamp .* has no zone"),  # noqa: DTZ001
        ({"newest": {"A": FRESH}, "now": datetime(2018, 12, 30)}, "now must be aware"),  # noqa: DTZ001
        ({"newest": {"A": FRESH}, "required_share": 90}, "required_share must lie in"),
        ({"newest": {"A": FRESH}, "mode": "mean"}, "mode must be"),
    ],
)
def test_questions_without_an_answer_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        check_freshness(**{"now": NOW, **arguments})


@pytest.mark.parametrize(
    ("last", "interval", "behind"),
    [
        ("2018-12-28T20:30", "60min", False),
        ("2018-12-28T20:00", "60min", False),  # hours that begin on the clock's hour: 20:00 to 21:00 holds 20:30
        ("2018-12-28T19:30", "60min", True),
        ("2018-12-28T19:00", "60min", True),
        ("2018-12-27", "1d", True),
    ],
)
def test_hours_of_the_clock_and_hours_from_the_open_are_both_complete(last, interval, behind):
    assert is_behind(day(last), day("2018-12-28T20:30"), interval) is behind
