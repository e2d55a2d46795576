"""A recording played as a stream, in a thread and in an event loop, without keys and sockets."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.market.store import SeriesKey, Store
from investiq.market.streaming.events import BarMessage, Quote, Trade

OPENED = datetime(2024, 11, 26, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def bars_of(stream):
    return [event for event in stream if event.kind == "bar"]


def minutes(count, symbol="AAPL"):
    """Recorded minute bars 100, 101, ...; each arrives when it ends."""
    return [
        (
            OPENED + (number + 1) * MINUTE,
            BarMessage(
                symbol=symbol, ts=OPENED + number * MINUTE, open=100.0 + number, high=100.0 + number, low=100.0 + number,
                close=100.0 + number, volume=1.0,
            ),
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("symbol", ["^GSPC", "SYN001"])
def test_a_played_series_equals_the_loaded_one_bar_by_bar(symbol):
    bars = iq.load_bars(symbol, start="2016", end="2018")
    with iq.stream_bars([symbol], provider=iq.Playback(bars), interval="1d") as stream:
        played = bars_of(stream)
    assert [bar.ts.replace(tzinfo=None) for bar in played] == bars.ts.tolist()
    assert [bar.known_at.replace(tzinfo=None) for bar in played] == bars.known_at.tolist()
    for name in ("open", "high", "low", "close"):
        assert [getattr(bar, name) for bar in played] == getattr(bars, name).tolist()
    assert np.array_equal([bar.volume for bar in played], bars.volume, equal_nan=True)
    assert {bar.status for bar in played} == {"final"}


def test_the_same_stream_in_an_event_loop():
    async def read():
        async with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(10)), interval="5min") as stream:
            return [event async for event in stream]

    first, second = asyncio.run(read())
    assert [(bar.open, bar.close, bar.volume) for bar in (first, second)] == [(100.0, 104.0, 5.0), (105.0, 109.0, 5.0)]


def test_the_stream_works_inside_a_running_loop_as_in_a_notebook():
    async def cell():
        with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(3))) as stream:
            return len(bars_of(stream))

    assert asyncio.run(cell()) == 3


def test_playing_at_a_speed_waits_that_much_and_playing_at_full_speed_does_not():
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    # From the first arrival to the last watermark: 9 minutes and 5 seconds; at 60 times the speed 9.083 s.
    with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(10), speed=60, sleep=sleep)) as stream:
        assert len(bars_of(stream)) == 10
    assert sum(waited) == pytest.approx((9 * 60 + 5) / 60)
    waited.clear()
    with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(10), sleep=sleep)) as stream:
        assert len(bars_of(stream)) == 10
    assert waited == []


def test_provisional_bars_lead_to_the_final_one():
    with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(5)), interval="5min", provisional=True) as stream:
        bars = bars_of(stream)
    assert bars[-1].status == "final"
    assert {bar.status for bar in bars[:-1]} == {"provisional"}
    closes = [bar.close for bar in bars]
    assert closes == sorted(closes)
    assert closes[-1] == 104.0
    seqs = [bar.seq for bar in bars]
    assert seqs == sorted(set(seqs))


def test_recorded_trades_become_bars_and_quotes_keep_bid_and_ask_apart():
    tape = [
        (OPENED, Trade(symbol="AAPL", ts=OPENED, price=100.0, size=10.0)),
        (OPENED, Quote(symbol="AAPL", ts=OPENED, bid=101.0, ask=100.0)),
        (OPENED + MINUTE, Trade(symbol="AAPL", ts=OPENED + MINUTE / 2, price=102.0, size=30.0)),
        (OPENED + MINUTE, Quote(symbol="AAPL", ts=OPENED + MINUTE, bid=0.0, ask=100.0)),
        (OPENED + MINUTE, Quote(symbol="AAPL", ts=OPENED + MINUTE, bid=99.0, ask=100.0)),
    ]
    with iq.stream_bars(["AAPL"], provider=iq.Playback(tape), quotes=True) as stream:
        events = list(stream)
        last = stream.last("AAPL")
    (bar,) = [event for event in events if event.kind == "bar"]
    assert (bar.open, bar.close, bar.volume, bar.trades) == (100.0, 102.0, 40.0, 2.0)
    assert bar.vwap == pytest.approx((100 * 10 + 102 * 30) / 40)
    assert last.bar == bar
    assert (last.trade.price, last.quote.midpoint) == (102.0, 99.5)
    crossed, one_sided, fair = (record[1] for record in (tape[1], tape[3], tape[4]))
    assert (crossed.is_crossed, crossed.is_one_sided) == (True, False)
    assert (one_sided.is_crossed, one_sided.is_one_sided) == (False, True)
    assert np.isnan(crossed.midpoint)
    assert np.isnan(one_sided.midpoint)
    assert (fair.is_crossed, fair.is_one_sided) == (False, False)


def test_since_begins_after_the_bar_that_is_there():
    with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(5)), since=OPENED + 2 * MINUTE) as stream:
        assert [bar.ts for bar in bars_of(stream)] == [OPENED + 3 * MINUTE, OPENED + 4 * MINUTE]


def test_final_bars_are_stored_once_and_a_second_playing_adds_nothing(tmp_path):
    store = Store(tmp_path)
    for _ in range(2):
        recorded = minutes(6)
        with iq.stream_bars(["AAPL"], provider=iq.Playback(recorded), store=store) as stream:
            assert len(bars_of(stream)) == 6
    key = SeriesKey("bars", "playback", "AAPL", "1min")
    stored = store.bars(key)
    assert stored.close.tolist() == [100.0 + number for number in range(6)]
    assert stored.known_at.tolist() == [(OPENED + (number + 1) * MINUTE).replace(tzinfo=None) for number in range(6)]
    assert store.facts(key)["revisions"] == "0"


def test_a_correction_is_a_second_version_in_the_store(tmp_path):
    recorded = minutes(3)
    fixed = BarMessage(symbol="AAPL", ts=OPENED, open=100.0, high=100.5, low=100.0, close=100.5, volume=1.0)
    recorded.append((OPENED + 20 * MINUTE, fixed))
    store = Store(tmp_path)
    with iq.stream_bars(["AAPL"], provider=iq.Playback(recorded), store=store) as stream:
        assert [bar.status for bar in bars_of(stream)] == ["final", "final", "final", "revised"]
    key = SeriesKey("bars", "playback", "AAPL", "1min")
    assert store.bars(key).close.tolist() == [100.5, 101.0, 102.0]
    assert store.facts(key)["revisions"] == "1"


def test_leaving_the_block_early_ends_the_thread():
    before = threading.active_count()
    with iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(300), speed=1.0)) as stream:
        assert "running" in repr(stream)
    assert threading.active_count() == before
    assert "ended" in repr(stream)
    stream.stop()


def test_stopping_from_another_thread_ends_the_loop_that_reads():
    stream = iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(300), speed=1.0))
    threading.Timer(0.05, stream.stop).start()
    begun = time.monotonic()
    assert bars_of(stream) == []
    assert time.monotonic() - begun < 5


def test_symbols_change_while_it_plays():
    both = sorted([*minutes(30), *minutes(30, "MSFT")], key=lambda record: record[0])

    async def read():
        seen = []
        async with iq.stream_bars(["AAPL"], provider=iq.Playback(both)) as stream:
            async for event in stream:
                seen.append(event)
                if event.ts == OPENED + 5 * MINUTE:
                    stream.subscribe("MSFT")
                if event.ts == OPENED + 15 * MINUTE:
                    stream.unsubscribe("AAPL")
        return seen

    # The source runs ahead of the reader, so the moments are not exact; the ends are.
    seen = asyncio.run(read())
    assert seen[0].symbol == "AAPL"
    assert len({(event.symbol, event.ts) for event in seen}) == len(seen)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: iq.stream_bars("AAPL", provider="alpaca"), DataError, r"write \['AAPL'\]"),
        (lambda: iq.stream_bars([], provider="alpaca"), DataError, "at least one symbol"),
        (lambda: iq.stream_bars(["AAPL"], provider="yahoo"), ConfigError, "alpaca, massive, or an iq.Playback"),
        (
            lambda: iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(1)), interval="1m"),
            ConfigError,
            "interval must be",
        ),
        (
            lambda: iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(1)), interval="1d"),
            ConfigError,
            "cannot be made",
        ),
        (lambda: iq.Playback([]), DataError, "nothing to play"),
        (lambda: iq.Playback(minutes(1), speed=0), ConfigError, "speed must be positive or 'max', was 0"),
        (lambda: list(iq.stream_bars(["MSFT"], provider=iq.Playback(minutes(1)))), DataError, "holds AAPL, not MSFT"),
    ],
)
def test_what_cannot_be_streamed_is_refused_with_the_way_out(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_without_a_key_the_settings_are_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("INVESTIQ_ALPACA_KEY_ID", "APCA_API_KEY_ID", "ALPACA_API_KEY", "INVESTIQ_MASSIVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MASSIVE_API_KEY", "POLYGON_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="INVESTIQ_ALPACA_KEY_ID"):
        iq.stream_bars(["AAPL"], provider="alpaca")
    with pytest.raises(ConfigError, match="INVESTIQ_MASSIVE_API_KEY"):
        iq.stream_bars(["AAPL"], provider="massive")


def test_a_stream_is_used_once():
    stream = iq.stream_bars(["AAPL"], provider=iq.Playback(minutes(1)))
    assert len(bars_of(stream)) == 1
    with pytest.raises(ConfigError, match="used once"), stream:
        pass
