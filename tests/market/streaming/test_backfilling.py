"""Gaps by the session calendar, and what is fetched to close them."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pandas as pd
import pytest

from investiq.core.errors import RateLimitedError, VendorError
from investiq.market.contract import Capabilities, Payload, Vendor
from investiq.market.streaming.backfilling import TAIL_WAIT_S, GapWatch, Window, vendor_backfill
from investiq.market.streaming.events import MINUTE
from investiq.market.streaming.grid import Grid

OPENED = datetime(2024, 11, 26, 14, 30, tzinfo=UTC)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def watching(after, delay=timedelta(0)):
    watch = GapWatch(Grid("XNYS"), MINUTE, delay)
    watch.begin("AAPL", after)
    watch.resumed("AAPL", after + MINUTE)
    return watch


@pytest.mark.parametrize(
    ("last", "current"),
    [
        ("2024-11-26T20:59", "2024-11-27T14:30"),  # overnight
        ("2024-11-22T20:59", "2024-11-25T14:30"),  # a weekend
        ("2024-11-27T20:59", "2024-11-29T14:30"),  # Thanksgiving
        ("2024-11-29T17:59", "2024-12-02T14:30"),  # the end of a half day
        ("2024-03-08T20:59", "2024-03-11T13:30"),  # the clocks change
        ("2024-11-26T14:30", "2024-11-26T14:33"),  # two quiet minutes
    ],
)
def test_no_gap(last, current):
    watch = watching(utc(last))
    assert watch.passed("AAPL", utc(current)) is None


def test_three_expected_bars_without_a_message_are_a_gap_in_the_open_interval():
    window = watching(OPENED).passed("AAPL", OPENED + 4 * MINUTE)
    assert window is not None
    assert (window.after, window.before) == (OPENED, OPENED + 4 * MINUTE)
    assert window.expected == tuple(OPENED + number * MINUTE for number in (1, 2, 3))


def test_a_gap_that_spans_a_night_counts_the_sessions_only():
    window = watching(utc("2024-11-26T20:57")).passed("AAPL", utc("2024-11-27T14:31"))
    assert window is not None
    assert window.expected == (utc("2024-11-26T20:58"), utc("2024-11-26T20:59"), utc("2024-11-27T14:30"))


def test_after_a_reconnect_every_complete_bar_counts_and_the_one_under_way_does_not():
    watch = watching(OPENED)
    watch.lost()
    window = watch.resumed("AAPL", OPENED + 3 * MINUTE + timedelta(seconds=30))
    assert window is not None
    assert window.expected == (OPENED + MINUTE, OPENED + 2 * MINUTE)
    assert watch.passed("AAPL", OPENED + 3 * MINUTE) is None
    watch.lost()
    assert watch.resumed("AAPL", OPENED + 4 * MINUTE) is None


def test_on_a_delayed_plan_a_bar_is_not_missed_before_it_could_have_come():
    watch = watching(OPENED, delay=15 * MINUTE)
    watch.lost()
    window = watch.resumed("AAPL", OPENED + 17 * MINUTE + timedelta(seconds=30))
    assert window is not None
    assert window.expected == (OPENED + MINUTE,)


def test_a_second_loss_before_the_first_was_filled_keeps_the_older_beginning():
    watch = watching(OPENED)
    watch.lost()
    watch.passed("AAPL", OPENED + 2 * MINUTE)  # arrives between the two losses
    assert watch.lost() == {"AAPL": OPENED}


# Fetching.


def window(first, last, symbol="AAPL"):
    expected = tuple(OPENED + number * MINUTE for number in range(first, last + 1))
    return Window(symbol=symbol, after=expected[0] - MINUTE, before=expected[-1] + MINUTE, expected=expected)


class Scripted(Vendor):
    """Answers with the tables, or raises the errors, that it is given."""

    name = "scripted"
    capabilities: ClassVar[Capabilities] = Capabilities(datasets=frozenset({"bars"}), intervals=("1min",))

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def bars(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer()
        return Payload(table=answer)


def table(*numbers, close=100.0):
    ts = pd.DatetimeIndex([OPENED + number * MINUTE for number in numbers], tz="UTC").as_unit("us")
    return pd.DataFrame({"ts": ts, **dict.fromkeys(("open", "high", "low"), close), "close": close, "volume": 5.0})


def fill(vendor, asked, **terms):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    backfill = vendor_backfill(vendor, Grid("XNYS"), "1min", sleep=sleep, **terms)
    return asyncio.run(backfill(asked)), waited


def test_rows_outside_the_open_interval_and_repeated_ones_are_left_out():
    vendor = Scripted(table(0, 1, 2, 2, 3, 4))
    filled, waited = fill(vendor, window(1, 3))
    assert [bar.ts for bar in filled.bars] == [OPENED + number * MINUTE for number in (1, 2, 3)]
    assert all(bar.is_backfill and bar.volume == 5.0 for bar in filled.bars)
    assert (filled.reason, waited) == ("", [])
    (request,) = vendor.requests
    assert (str(request.start), str(request.end)) == ("2024-11-26T14:31:00.000000", "2024-11-26T14:33:00.000000")


def test_newest_bars_that_are_not_there_yet_are_asked_for_once_more():
    filled, waited = fill(Scripted(table(1, 2), table(1, 2, 3)), window(1, 3))
    assert len(filled.bars) == 3
    assert waited == [TAIL_WAIT_S]


def test_a_hole_in_the_middle_is_not_asked_for_again_and_is_told():
    filled, waited = fill(Scripted(table(1, 3)), window(1, 3))
    assert (len(filled.bars), waited) == (2, [])
    assert filled.reason == "scripted has no bar for 1 of 3"


@pytest.mark.parametrize(
    ("error", "words"),
    [(VendorError("out of order"), "out of order"), (RateLimitedError("come back later"), "come back later")],
)
def test_a_failed_backfill_is_no_empty_one(error, words):
    filled, _ = fill(Scripted(error, error), window(1, 3))
    assert filled.bars == ()
    assert filled.reason == f"the backfill failed: {words}"


def test_a_backfill_that_takes_too_long_is_given_up():
    def slow():
        time.sleep(0.1)
        return table(1)

    filled, _ = fill(Scripted(slow, slow), window(1, 1), timeout_s=0.01)
    assert filled.reason == "scripted did not answer the backfill within 0.01 s"
