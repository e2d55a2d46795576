"""Sessions are counted by the calendar, also those without a bar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from investiq.execution.sessions import is_absent_for_long, session_numbers


@pytest.fixture
def bars_at(two_bars):
    """Bars of the New York calendar with the labels given."""

    def build(*labels, interval="1d", minutes=21 * 60):
        ts = np.array(labels, dtype="datetime64[us]")
        rows = np.zeros(ts.size, dtype=int)
        names = ("open", "high", "low", "close", "volume", "split_factor", "total_factor")
        return dataclasses.replace(
            two_bars,
            ts=ts,
            known_at=ts + np.timedelta64(minutes, "m"),
            interval=interval,
            flags=np.zeros(ts.size, dtype=np.int32),
            **{name: getattr(two_bars, name)[rows] for name in names},
        )

    return build


def test_weekends_and_holidays_are_no_sessions(bars_at):
    # Friday, Tuesday after Martin Luther King's day, Thursday: Wednesday the 17th has no bar.
    assert session_numbers(bars_at("2024-01-12", "2024-01-16", "2024-01-18")).tolist() == [0, 1, 3]


def test_bars_of_one_day_share_its_session(bars_at):
    bars = bars_at(
        "2024-01-12T14:30", "2024-01-12T15:30", "2024-01-16T14:30", "2024-01-18T14:30", interval="60min", minutes=60
    )
    assert session_numbers(bars).tolist() == [0, 0, 1, 3]


def test_each_weekly_bar_is_a_session(bars_at):
    bars = bars_at("2024-01-02", "2024-01-08", "2024-01-29", interval="1w", minutes=5 * 1440)
    assert session_numbers(bars).tolist() == [0, 1, 2]
    assert not is_absent_for_long(bars)


def test_beyond_the_calendar_each_day_with_a_bar_is_a_session(bars_at):
    assert session_numbers(bars_at("1970-01-05", "1970-01-06", "1970-02-06")).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("next_label", "is_absent"),
    [
        # After Friday the 12th: Tuesday to Friday are four sessions, Monday the 22nd is the fifth, Tuesday the sixth.
        ("2024-01-22", False),
        ("2024-01-23", True),
    ],
)
def test_a_symbol_is_absent_for_long_where_five_sessions_pass_without_a_bar(bars_at, next_label, is_absent):
    assert is_absent_for_long(bars_at("2024-01-11", "2024-01-12", next_label)) is is_absent


def test_no_bars_have_no_sessions(bars_at):
    assert session_numbers(bars_at()).tolist() == []
