"""The whole stream without a socket: random losses, repetitions and overlaps against a set."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import ConfigError
from investiq.market.streaming.backfilling import Filled
from investiq.market.streaming.events import MINUTE, BarMessage
from investiq.market.streaming.flowing import Flow
from investiq.market.streaming.terms import Wishes

OPENED = datetime(2024, 11, 26, 14, 30, tzinfo=UTC)


def minute(number):
    return OPENED + number * MINUTE


def bar(number, close=100.0, **more):
    return BarMessage(
        symbol="AAPL", ts=minute(number), open=close, high=close, low=close, close=close, volume=1.0, **more
    )


class HandSource:
    """A live source that a test moves by hand."""

    name, feed, market, length, is_live = "hand", "", "XNYS", MINUTE, True
    delay = settle = timedelta(0)

    def __init__(self, moment=OPENED):
        self.moment = moment
        self.wanted = ()

    def now(self):
        return self.moment

    def want(self, symbols):
        self.wanted = tuple(symbols)

    async def run(self, listener):
        await asyncio.Event().wait()


class Scene:
    """A flow in this event loop, with its events collected."""

    def __init__(self, *, backfill=None, wishes=None, moment=OPENED, sink=None):
        self.source = HandSource(moment)
        wishes = wishes or Wishes(capacity=10_000)
        self.flow = Flow(self.source, ["AAPL"], wishes, backfill=backfill, sink=sink, tick_s=3600)
        self.task = asyncio.ensure_future(self.flow.run())

    async def settle(self):
        while self.flow._repairs._fills and not self.flow._is_lost:
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def connect(self):
        await self.flow.on_connected(["AAPL"])
        await self.settle()

    async def at(self, moment):
        self.source.moment = moment
        await self.flow.on_time()

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        events = []
        while (event := await self.flow.queue.get()) is not None:
            events.append(event)
        return events


def rows(events):
    return [event for event in events if event.kind == "bar" and event.status in ("final", "late")]


# What happens in one minute: the live message comes, comes twice, comes two minutes late, comes not at all, or the line is
# lost for this minute.
fates = st.lists(st.sampled_from(["live", "twice", "late", "quiet", "lost"]), min_size=1, max_size=40)


@given(fates, st.sets(st.integers(0, 39)), st.booleans(), st.integers(0, 3))
def test_each_bar_is_given_exactly_once_and_what_is_missing_is_named(sequence, unavailable, overlaps, minutes_to_fill):
    """Oracle: the set of minutes that came live or that a backfill could bring; gaps name expected minutes outside of it."""
    asked, scenes = [], []

    async def backfill(window):
        asked.append(window)
        due = scenes[0].source.moment + minutes_to_fill * MINUTE
        while scenes[0].source.moment < due:
            await asyncio.sleep(0)
        numbers = [number for number in range(40) if minute(number) in window.expected and number not in unavailable]
        extra = [bar(0, is_backfill=True)] if overlaps and asked and sequence[0] == "live" else []
        return Filled(bars=(*extra, *(bar(number, is_backfill=True) for number in numbers)))

    async def play():
        scene = Scene(backfill=backfill)
        scenes.append(scene)
        await scene.connect()
        is_lost, came, waiting = False, set(), []
        for number, fate in enumerate(sequence):
            if fate == "lost" and not is_lost:
                await scene.flow.on_lost("test", 1, 0.0)
                is_lost = True
            await scene.at(minute(number + 1))
            if fate != "lost" and is_lost:
                await scene.flow.on_connected(["AAPL"])
                is_lost = False
            if fate in ("live", "twice"):
                came.add(number)
                for _ in range(1 + (fate == "twice")):
                    await scene.flow.on_message(bar(number))
            elif fate == "late":
                waiting.append((number + 2, number))
            for due, late in [each for each in waiting if each[0] <= number and not is_lost]:
                came.add(late)
                await scene.flow.on_message(bar(late))
                waiting.remove((due, late))
            for _ in range(10):
                await asyncio.sleep(0)
        if is_lost:
            await scene.flow.on_connected(["AAPL"])
        # Minutes pass until every backfill, one after the other, has had its time.
        for number in range(len(sequence), 3 * len(sequence) + 20):
            await scene.at(minute(number + 5))
            for _ in range(10):
                await asyncio.sleep(0)
        assert not scene.flow._repairs._fills
        missing = set().union(*scene.flow._repairs.missing.values())
        return await scene.end(), came, missing

    events, came, missing = asyncio.run(play())
    filled = {number for window in asked for number in range(40) if minute(number) in window.expected} - unavailable
    given_out = [event.ts for event in rows(events)]
    assert len(given_out) == len(set(given_out))
    assert set(given_out) == {minute(number) for number in came | filled}
    finals = [event.ts for event in rows(events) if event.status == "final"]
    assert finals == sorted(finals)
    # Only a live bar may be out of order: what is backfilled comes before what was held for it.
    late = {event.ts for event in rows(events) if event.status == "late"}
    assert late <= {minute(number) for number, fate in enumerate(sequence) if fate == "late"}
    # A lost minute that ends before the line is back is either given out or named.
    named = {ts for event in events if event.kind == "gap" for ts in event.missing}
    lost = {minute(number) for number, fate in enumerate(sequence) if fate == "lost"}
    assert lost <= set(given_out) | named
    assert missing == named - set(given_out)
    assert not [event for event in events if event.kind == "bar" and event.status == "revised"]
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))


def test_a_second_loss_during_a_backfill_holds_the_bars_until_both_windows_are_filled():
    async def play():
        gates = [asyncio.Event(), asyncio.Event()]
        asked = []

        async def backfill(window):
            asked.append(window)
            await gates[len(asked) - 1].wait()
            return Filled(
                bars=tuple(bar(number, is_backfill=True) for number in range(9) if minute(number) in window.expected)
            )

        async def breathe():
            for _ in range(10):
                await asyncio.sleep(0)

        scene = Scene(backfill=backfill)
        await scene.connect()
        await scene.at(minute(1))
        await scene.flow.on_message(bar(0))
        await scene.flow.on_lost("first", 1, 0.0)
        await scene.at(minute(3))
        await scene.flow.on_connected(["AAPL"])  # minutes 1 and 2 are asked for
        await breathe()
        await scene.at(minute(4))
        await scene.flow.on_message(bar(3))
        await scene.flow.on_lost("second", 1, 0.0)
        gates[0].set()
        await breathe()
        await scene.at(minute(6))
        assert scene.flow.metrics.bars == 1  # minute 0 alone: the line is lost, so nothing behind it is sure
        await scene.flow.on_connected(["AAPL"])  # minutes 4 and 5
        gates[1].set()
        await breathe()
        await scene.at(minute(8))
        return await scene.end(), [window.expected for window in asked]

    events, asked = asyncio.run(play())
    assert asked == [(minute(1), minute(2)), (minute(4), minute(5))]
    assert [(event.ts, event.status) for event in rows(events)] == [(minute(number), "final") for number in range(6)]


def test_a_bar_of_five_minutes_is_not_final_while_the_line_is_lost_in_the_middle_of_it():
    async def backfill(window):
        return Filled(bars=tuple(bar(3 if ts == minute(3) else 4, 200.0, is_backfill=True) for ts in window.expected))

    async def play():
        scene = Scene(backfill=backfill, wishes=Wishes(interval="5min"))
        await scene.connect()
        for number in range(3):
            scene.source.moment = minute(number + 1)
            await scene.flow.on_message(bar(number))
        await scene.flow.on_lost("test", 1, 0.0)
        await scene.at(minute(5) + timedelta(seconds=10))
        assert not scene.flow.metrics.bars
        await scene.connect()
        return await scene.end()

    (final,) = rows(asyncio.run(play()))
    assert (final.close, final.volume, final.is_backfill, final.is_cold) == (200.0, 5.0, True, False)


def test_the_bar_under_way_at_the_beginning_is_filled_from_its_beginning():
    asked = []

    async def backfill(window):
        asked.append(window.expected)
        return Filled(bars=tuple(bar(number, is_backfill=True) for number in range(2)))

    async def play():
        scene = Scene(backfill=backfill, wishes=Wishes(interval="5min"), moment=minute(2) + timedelta(seconds=10))
        await scene.connect()
        for number in range(2, 5):
            scene.source.moment = minute(number + 1)
            await scene.flow.on_message(bar(number))
        await scene.at(minute(6))
        return await scene.end()

    (final,) = rows(asyncio.run(play()))
    assert asked == [(minute(0), minute(1))]
    assert final.volume == 5.0


def test_since_brings_what_came_after_the_newest_bar_and_nothing_twice():
    async def backfill(window):
        return Filled(
            bars=tuple(bar(number, is_backfill=True) for number in range(60) if minute(number) in window.expected)
        )

    async def play():
        scene = Scene(backfill=backfill, wishes=Wishes(interval="5min", since=minute(0)), moment=minute(16))
        await scene.connect()
        await scene.flow.on_message(bar(3))  # of the bar that is there already
        await scene.at(minute(16) + timedelta(seconds=6))
        return await scene.end()

    events = asyncio.run(play())
    assert [event.ts for event in rows(events)] == [minute(5), minute(10)]
    assert not [event for event in events if event.kind == "gap"]


def test_a_night_asks_for_no_backfill():
    asked = []

    async def backfill(window):
        asked.append(window)
        return Filled()

    async def play():
        evening = datetime(2024, 11, 29, 17, 58, tzinfo=UTC)  # two minutes before the early close
        scene = Scene(backfill=backfill, moment=evening)
        await scene.connect()
        monday = datetime(2024, 12, 2, 14, 30, tzinfo=UTC)
        for ts in (evening, evening + MINUTE, monday):
            scene.source.moment = ts + MINUTE
            message = BarMessage(symbol="AAPL", ts=ts, open=1, high=1, low=1, close=1)
            await scene.flow.on_message(message)
        await scene.flow.on_lost("test", 1, 0.0)
        await scene.connect()
        await scene.at(monday + 5 * MINUTE)
        return await scene.end()

    assert len(rows(asyncio.run(play()))) == 3
    assert asked == []


def test_without_a_backfill_the_gap_says_so_and_the_reader_can_accept_it():
    async def play():
        scene = Scene()
        await scene.connect()
        await scene.flow.on_message(bar(0))
        await scene.flow.on_message(bar(4))
        await scene.settle()
        await scene.at(minute(6))
        scene.flow.accept_gap("AAPL")
        await scene.flow.on_message(bar(5))
        await scene.at(minute(8))
        return await scene.end()

    events = asyncio.run(play())
    (gap,) = [event for event in events if event.kind == "gap"]
    assert (gap.reason, gap.missing) == ("there is nothing to backfill from", (minute(1), minute(2), minute(3)))
    assert [event.is_cold for event in rows(events)] == [False, True, False]
    assert events.index(gap) < events.index(rows(events)[1])


def test_a_bug_in_a_backfill_is_not_swallowed():
    async def backfill(window):
        raise ZeroDivisionError

    async def play():
        scene = Scene(backfill=backfill)
        await scene.flow.on_message(bar(0))
        scene.source.moment = minute(5)
        await scene.flow.on_connected(["AAPL"])
        await asyncio.gather(scene.task)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(play())


def test_an_interval_that_cannot_be_made_of_minutes_is_refused():
    async def play():
        Scene(wishes=Wishes(interval="1d"))

    with pytest.raises(ConfigError, match="of which 1d bars cannot be made"):
        asyncio.run(play())


def test_final_bars_reach_the_sink_before_the_reader_and_provisional_ones_do_not():
    kept = []

    class Keeper:
        async def take(self, bars):
            kept.extend(bars)

        async def close(self):
            kept.append("closed")

    async def play():
        scene = Scene(wishes=Wishes(provisional=True), sink=Keeper())
        await scene.connect()
        scene.source.moment = minute(1)
        await scene.flow.on_message(bar(0))
        await scene.at(minute(2))
        return await scene.end()

    events = asyncio.run(play())
    assert [event.status for event in events if event.kind == "bar"] == ["provisional", "final"]
    assert [getattr(each, "status", each) for each in kept] == ["final", "closed"]
