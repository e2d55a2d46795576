"""Which bars are expected: half days, clock changes, nights, weekends, pauses at noon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from investiq.core.errors import ConfigError
from investiq.market.streaming.events import DAY, MINUTE
from investiq.market.streaming.grid import Grid


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "before", "count"),
    [
        ("2024-11-26T00:00", "2024-11-27T00:00", 390),  # 09:30 to 16:00
        ("2024-11-29T00:00", "2024-11-30T00:00", 210),  # to 13:00
        ("2024-11-28T00:00", "2024-11-29T00:00", 0),  # Thanksgiving
        ("2024-11-29T17:59", "2024-12-02T14:30", 0),  # from the last bar of a half day to the first of Monday
        ("2024-11-26T20:59", "2024-11-27T14:30", 0),  # overnight
        ("2024-03-08T20:59", "2024-03-11T13:30", 0),  # a weekend in which the clocks change: 21:00 becomes 20:00 UTC
        ("2024-03-08T20:58", "2024-03-11T13:31", 2),  # the last minute of Friday and the first of Monday
    ],
)
def test_minutes_expected_between_two_labels(after, before, count):
    assert len(Grid("XNYS").expected(utc(after), utc(before), MINUTE)) == count


def test_extended_hours_of_an_ordinary_and_of_a_half_day():
    # 04:00 to 20:00 is 960 minutes; on a half day to 17:00, 780.
    grid = Grid("XNYS", "extended")
    assert len(grid.expected(utc("2024-11-26T08:00"), utc("2024-11-27T08:00"), MINUTE)) == 960
    assert len(grid.expected(utc("2024-11-29T08:00"), utc("2024-11-30T08:00"), MINUTE)) == 780


def test_a_pause_at_noon_expects_nothing_and_begins_new_bars():
    # Tokyo on 2024-11-26: 09:00 to 11:30 and 12:30 to 15:30 local (UTC + 9), so 150 + 180 minutes.
    grid = Grid("XTKS")
    assert len(grid.expected(utc("2024-11-25T20:00"), utc("2024-11-26T20:00"), MINUTE)) == 330
    assert grid.slot(utc("2024-11-26T03:00"), MINUTE) is None
    slot = grid.slot(utc("2024-11-26T02:20"), timedelta(hours=1))
    assert slot is not None
    assert (slot.start, slot.end) == (utc("2024-11-26T02:00"), utc("2024-11-26T02:30"))


def test_a_session_that_begins_on_the_evening_before_its_date_in_utc():
    # Sydney opens at 10:00 local, 23:00 UTC of the day before in summer.
    slot = Grid("XASX").slot(utc("2018-12-03T23:05"), 5 * MINUTE)
    assert slot is not None
    assert slot.start == utc("2018-12-03T23:05")


def test_days_are_labelled_by_their_date():
    grid = Grid("XNYS")
    assert [label.day for label in grid.expected(utc("2024-11-26T00:00"), utc("2024-12-03T00:00"), DAY)] == [27, 29, 2]
    slot = grid.slot(utc("2024-11-29T00:00"), DAY)
    assert slot is not None
    assert (slot.ts, slot.end) == (utc("2024-11-29T00:00"), utc("2024-11-29T18:00"))
    assert grid.slot(utc("2024-11-30T00:00"), DAY) is None


def test_extended_hours_of_a_market_whose_hours_are_not_known_are_refused():
    with pytest.raises(ConfigError, match="known for XNYS, XNAS only, asked for XTKS"):
        Grid("XTKS", "extended")
