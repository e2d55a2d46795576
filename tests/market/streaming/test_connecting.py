"""Real sockets on 127.0.0.1: what the consumer sees of each fault."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from pydantic import SecretStr

from investiq.core.errors import NotEntitledError, VendorError
from investiq.market.streaming.backfilling import Filled
from investiq.market.streaming.connecting import Connection, Patience, waits
from investiq.market.streaming.events import BarMessage
from investiq.market.streaming.flowing import Flow
from investiq.market.streaming.sources.alpaca import AlpacaDialect
from investiq.market.streaming.sources.massive import MassiveDialect
from investiq.market.streaming.terms import Wishes
from tests.servers.websocket import KEY, LONGEST_WAIT_S, SECRET, SocketServer, Visit, alpaca_error

OPENED = datetime(2024, 11, 26, 14, 30, tzinfo=UTC)  # a full session: 09:30 in New York
CALM = Patience(open_s=10, answer_s=10, ping_every_s=10, pong_s=10, close_s=0.05)
HASTY = Patience(open_s=10, answer_s=0.15, ping_every_s=10, pong_s=10, close_s=0.05)


class HandClock:
    """A clock that a test sets."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Desk:
    """A stream at work in a thread, read from the test: `until` returns what came up to the event looked for."""

    def __init__(
        self, server, symbols=("AAPL",), *, backfill=None, now=OPENED, patience=CALM, wishes=None, keys=(KEY, SECRET)
    ):
        self.clock = HandClock(now)
        self.waited: list[float] = []
        self.events: list = []
        self.error: BaseException | None = None
        self.asked: list = []
        wishes = wishes or Wishes()
        extra = {"trades": wishes.trades, "quotes": wishes.quotes}
        key, secret = map(SecretStr, keys)
        if server.protocol == "alpaca":
            dialect = AlpacaDialect(key, secret, url=server.url, **extra)
        else:
            dialect = MassiveDialect(key, url=server.url, seconds=wishes.provisional, **extra)
        self.connection = Connection(dialect, patience=patience, sleep=self._sleep, now=self.clock.now, seed=1)
        self._symbols, self._wishes, self._backfill = symbols, wishes, backfill
        self._is_reading = threading.Event()
        self._is_reading.set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True)

    async def _sleep(self, seconds):
        self.waited.append(seconds)
        await asyncio.sleep(0.005)

    async def _fill(self, window):
        self.asked.append(window)
        return self._backfill(window)

    async def _work(self):
        self.loop = asyncio.get_running_loop()
        backfill = self._fill if self._backfill else None
        self.flow = Flow(self.connection, self._symbols, self._wishes, backfill=backfill, tick_s=0.003)
        self.task = asyncio.ensure_future(self.flow.run())
        self._begun.set()
        try:
            while True:
                while not self._is_reading.is_set():
                    await asyncio.sleep(0.002)
                event = await self.flow.queue.get()
                if event is None:
                    return
                self.events.append(event)
        except (NotEntitledError, VendorError) as error:
            self.error = error
        finally:
            await asyncio.gather(self.task, return_exceptions=True)

    def __enter__(self):
        self._begun = threading.Event()
        self._thread.start()
        assert self._begun.wait(LONGEST_WAIT_S)
        return self

    def __exit__(self, *_):
        self._is_reading.set()
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.task.cancel)
        self._thread.join(LONGEST_WAIT_S)
        assert not self._thread.is_alive()

    def pause(self):
        self._is_reading.clear()

    def resume(self):
        self._is_reading.set()

    def want(self, *symbols):
        self.loop.call_soon_threadsafe(self.flow.want, symbols)

    def bars(self):
        return [event for event in self.events if event.kind == "bar"]

    def of(self, kind):
        return [event for event in self.events if event.kind == kind]

    def changes(self):
        return [event.state for event in self.of("connection")]

    def join(self):
        self._thread.join(LONGEST_WAIT_S)
        assert not self._thread.is_alive()


def minute(number: int) -> datetime:
    return OPENED + timedelta(minutes=number)


def message(window, ts, close=50.0):
    return BarMessage(
        symbol=window.symbol, ts=ts, open=close, high=close, low=close, close=close, volume=1, is_backfill=True
    )


def everything(window):
    return Filled(bars=tuple(message(window, ts) for ts in window.expected))


TOPIC = {"alpaca": "bars.AAPL", "massive": "AM.AAPL"}
both = pytest.mark.parametrize("protocol", ["alpaca", "massive"])


@both
def test_a_minute_becomes_final_five_seconds_after_its_end(protocol):
    with SocketServer(protocol) as server, Desk(server) as desk:
        server.wait_for_topics(TOPIC[protocol])
        server.push(server.bar("AAPL", minute(0), 101.5, volume=300, open=100.0))
        server.wait_for(lambda: desk.flow.metrics.received == 1)
        desk.clock.moment = minute(1) + timedelta(seconds=4.999)
        server.wait_for(lambda: desk.changes() == ["connected"])
        assert desk.bars() == []
        desk.clock.moment = minute(1) + timedelta(seconds=5)
        server.wait_for(desk.bars)
    (bar,) = desk.bars()
    assert (bar.ts, bar.known_at, bar.status) == (minute(0), minute(1), "final")
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap) == (100.0, 101.5, 100.0, 101.5, 300.0, 101.5)


@both
def test_a_refused_key_ends_the_stream_at_once_and_names_the_settings(protocol):
    with SocketServer(protocol, Visit(login="refuse")) as server, Desk(server) as desk:
        desk.join()
    assert isinstance(desk.error, NotEntitledError)
    assert f"INVESTIQ_{protocol.upper()}" in str(desk.error)
    assert KEY not in str(desk.error)
    assert len(server.visits) == 1
    assert desk.waited == []


@both
@pytest.mark.parametrize(
    ("visit", "words"),
    [
        (Visit(greets=False), "no greeting within 0.15 s"),
        (Visit(login="silent"), "no answer to the login within 0.15 s"),
        (Visit(acknowledges=False), "no acknowledgement of"),
        (Visit(login="limit"), "onnection"),
        (Visit(login="hang_up"), "the connection was closed"),
    ],
    ids=["no greeting", "no answer to the login", "no acknowledgement", "connection limit", "closed at the login"],
)
def test_a_server_that_does_not_answer_is_tried_again_and_the_reason_is_told(protocol, visit, words):
    fresh = Visit(login=visit.login, acknowledges=visit.acknowledges, greets=visit.greets)
    with SocketServer(protocol, fresh) as server, Desk(server, patience=HASTY) as desk:
        server.wait_for(lambda: "connected" in desk.changes())
    lost = desk.of("connection")[0]
    assert words in lost.reason
    assert lost.attempt == 1
    assert lost.retry_in_s == desk.waited[0]


@both
@pytest.mark.parametrize("end", ["drop", "hang_up"])
def test_after_a_lost_or_closed_socket_the_missed_minutes_come_first_and_each_bar_once(protocol, end):
    # Minutes 0 and 1 live, 2 to 4 during the break, 5 live again: six bars, ascending, three of them backfilled.
    with SocketServer(protocol) as server, Desk(server, backfill=everything) as desk:
        server.wait_for_topics(TOPIC[protocol])
        server.push(server.bar("AAPL", minute(0), 100), server.bar("AAPL", minute(1), 101))
        server.wait_for(lambda: desk.flow.metrics.received == 2)
        getattr(server, end)()
        server.wait_for(lambda: "lost" in desk.changes())
        desk.clock.moment = minute(5) + timedelta(seconds=20)
        server.wait_for(lambda: desk.asked)
        server.push(server.bar("AAPL", minute(5), 105))
        desk.clock.moment = minute(6) + timedelta(seconds=5)
        server.wait_for(lambda: len(desk.bars()) == 6)
        assert desk.flow.metrics.reconnects == 1
    assert [bar.ts for bar in desk.bars()] == [minute(number) for number in range(6)]
    assert [bar.is_backfill for bar in desk.bars()] == [False, False, True, True, True, False]
    assert {bar.status for bar in desk.bars()} == {"final"}
    assert [window.expected for window in desk.asked] == [(minute(2), minute(3), minute(4))]


@both
def test_a_short_backfill_is_a_gap_and_the_bars_after_it_are_marked_cold(protocol):
    def short(window):
        return Filled(bars=(message(window, minute(1)),), reason="the vendor has no more")

    with SocketServer(protocol) as server, Desk(server, backfill=short) as desk:
        server.wait_for_topics(TOPIC[protocol])
        server.push(server.bar("AAPL", minute(0), 100))
        server.wait_for(lambda: desk.flow.metrics.received == 1)
        server.drop()
        server.wait_for(lambda: "lost" in desk.changes())
        desk.clock.moment = minute(3)
        server.wait_for(lambda: desk.of("gap"))
        server.wait_for_topics(TOPIC[protocol], visit=1)
        server.push(server.bar("AAPL", minute(3), 103))
        desk.clock.moment = minute(5)
        server.wait_for(lambda: len(desk.bars()) == 3)
        (gap,) = desk.of("gap")
        assert (gap.expected, gap.received, gap.missing) == (2, 1, (minute(2),))
        assert gap.reason == "the vendor has no more"
        assert [bar.is_cold for bar in desk.bars()] == [False, False, True]
        # The missing minute comes after all: late, and the symbol is warm again.
        server.push(server.bar("AAPL", minute(2), 102))
        server.wait_for(lambda: len(desk.bars()) == 4)
    assert (desk.bars()[-1].ts, desk.bars()[-1].status) == (minute(2), "late")
    assert desk.flow.cold == ()


@both
def test_malformed_frames_are_counted_and_the_stream_goes_on(protocol):
    with SocketServer(protocol) as server, Desk(server) as desk:
        server.wait_for_topics(TOPIC[protocol])
        server.push_text("{not json")
        server.push_text("[1, 2]")
        broken = server.bar("AAPL", minute(0), 100)
        for name in ("t", "s"):
            broken.pop(name, None)  # a bar without a stamp is dropped, never dated now
        server.push(broken, {"T": "?", "ev": "?"})
        server.push(server.bar("AAPL", minute(0), 100))
        desk.clock.moment = minute(2)
        server.wait_for(desk.bars)
        assert desk.flow.metrics.unreadable == 4
    assert desk.changes() == ["connected"]


@both
def test_out_of_order_duplicate_and_corrected_bars_give_one_final_row_each(protocol):
    with SocketServer(protocol) as server, Desk(server) as desk:
        server.wait_for_topics(TOPIC[protocol])
        second, first = server.bar("AAPL", minute(1), 101), server.bar("AAPL", minute(0), 100)
        server.push(second, first, first, second)
        server.wait_for(lambda: desk.flow.metrics.received == 4)
        server.push(server.bar("AAPL", minute(0), 100.5))  # before the watermark: the last message wins
        server.wait_for(lambda: desk.flow.metrics.received == 5)
        desk.clock.moment = minute(2) + timedelta(seconds=5)
        server.wait_for(lambda: len(desk.bars()) == 2)
        server.push(server.bar("AAPL", minute(0), 99.0, is_update=True))  # after it: a new version
        server.wait_for(lambda: len(desk.bars()) == 3)
        assert desk.flow.metrics.duplicate == 2
    given = [(bar.ts, bar.close, bar.status, bar.revision) for bar in desk.bars()]
    assert given == [
        (minute(0), 100.5, "final", 0),
        (minute(1), 101.0, "final", 0),
        (minute(0), 99.0, "revised", 1),
    ]
    assert [bar.seq for bar in desk.bars()] == sorted(bar.seq for bar in desk.bars())


def test_a_silent_line_is_noticed_by_ping_and_replaced():
    impatient = Patience(open_s=10, answer_s=10, ping_every_s=0.05, pong_s=0.05, close_s=0.05)
    with SocketServer("alpaca") as server, Desk(server, patience=impatient) as desk:
        server.wait_for_topics("bars.AAPL")
        server.freeze()
        server.wait_for(lambda: desk.changes()[:3] == ["connected", "lost", "connected"])
    assert "keepalive ping timeout" in desk.of("connection")[1].reason


def test_symbols_can_be_added_and_dropped_while_it_runs_and_a_reconnect_asks_for_the_current_ones():
    with SocketServer("massive") as server, Desk(server) as desk:
        server.wait_for_topics("AM.AAPL")
        desk.want("AAPL", "MSFT")
        server.wait_for_topics("AM.AAPL", "AM.MSFT")
        desk.want("MSFT")
        server.wait_for(lambda: server.visits[0].topics == {"AM.MSFT"})
        server.hang_up()
        visit = server.wait_for_topics("AM.MSFT", visit=1)
        assert visit.topics == {"AM.MSFT"}
        server.push(server.bar("AAPL", minute(0), 100), server.bar("MSFT", minute(0), 400))
        server.wait_for(lambda: desk.flow.metrics.received == 1)
        desk.clock.moment = minute(2)
        server.wait_for(desk.bars)
    assert [bar.symbol for bar in desk.bars()] == ["MSFT"]


@pytest.mark.parametrize("code", [405, 409])
def test_a_subscription_beyond_the_plan_ends_the_stream(code):
    refusal = alpaca_error(code, "symbol limit exceeded" if code == 405 else "insufficient subscription")
    with SocketServer("alpaca", Visit(refusal=refusal)) as server, Desk(server) as desk:
        desk.join()
    assert isinstance(desk.error, NotEntitledError)
    assert f"code {code}" in str(desk.error)


def test_massive_without_the_right_to_a_channel_ends_the_stream():
    refusal = {"ev": "status", "status": "error", "message": "not authorized to subscribe to AM.AAPL"}
    with SocketServer("massive", Visit(refusal=refusal)) as server, Desk(server) as desk:
        desk.join()
    assert isinstance(desk.error, NotEntitledError)


def test_what_alpaca_calls_bad_syntax_is_an_error_and_no_endless_loop():
    with SocketServer("alpaca", Visit(refusal=alpaca_error(400, "invalid syntax"))) as server, Desk(server) as desk:
        desk.join()
    assert isinstance(desk.error, VendorError)
    assert "code 400" in str(desk.error)


def test_a_burst_beyond_the_queue_loses_no_bar():
    symbols = tuple(f"S{number:03}" for number in range(50))
    with SocketServer("alpaca") as server, Desk(server, symbols, wishes=Wishes(capacity=8)) as desk:
        server.wait_for_topics(*(f"bars.{symbol}" for symbol in symbols))
        server.wait_for(lambda: desk.changes() == ["connected"])
        desk.pause()
        for number in range(10):
            server.push(*(server.bar(symbol, minute(number), 100 + number) for symbol in symbols))
        desk.clock.moment = minute(20)
        server.wait_for(lambda: desk.flow.metrics.bars >= 8)
        desk.resume()
        server.wait_for(lambda: len(desk.bars()) == 500)
        assert desk.flow.metrics.dropped == 0
    assert len({(bar.symbol, bar.ts) for bar in desk.bars()}) == 500


def test_unread_quotes_give_way_to_newer_ones_and_are_counted():
    with SocketServer("alpaca") as server, Desk(server, wishes=Wishes(quotes=True, trades=True)) as desk:
        server.wait_for_topics("quotes.AAPL", "trades.AAPL")
        server.wait_for(lambda: desk.changes() == ["connected"])
        desk.pause()
        server.wait_for(lambda: not desk.flow.queue._waiting)
        for step in range(100):
            server.push(server.quote("AAPL", minute(0) + timedelta(seconds=step), 100 + step, 101 + step))
        server.push(server.trade("AAPL", minute(0), 100.5, 10))
        server.wait_for(lambda: desk.flow.metrics.received == 101)
        dropped = desk.flow.metrics.dropped
        desk.resume()
        server.wait_for(lambda: desk.of("trade"))
        last = desk.flow.last["AAPL"]
    quotes = desk.of("quote")
    assert len(quotes) + dropped == 100
    assert (quotes[-1].bid, quotes[-1].ask, quotes[-1].midpoint) == (199.0, 200.0, 199.5)
    assert last.quote == quotes[-1]
    assert last.trade.price == 100.5  # the trade's price is not the quote's midpoint


def test_no_key_is_logged_even_when_everything_is(caplog):
    caplog.set_level(logging.DEBUG)
    with SocketServer("alpaca", Visit(), Visit(login="refuse")) as server, Desk(server) as desk:
        server.wait_for_topics("bars.AAPL")
        server.drop()
        desk.join()
    # The server logs what it receives: it is not ours.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("websockets.server")]
    assert ours
    assert not any(KEY in text or SECRET in text for text in ours)


def test_offline_the_stream_says_so_and_does_not_try_again():
    script = """
import investiq as iq
try:
    for event in iq.stream_bars(["AAPL"], provider="alpaca"):
        print(event)
except iq.InvestIQError as error:
    print(type(error).__name__, error)
"""
    keys = {"INVESTIQ_ALPACA_KEY_ID": KEY, "INVESTIQ_ALPACA_SECRET_KEY": SECRET, "INVESTIQ_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | keys, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("OfflineError a connection to stream.data.alpaca.markets was attempted")


def test_waits_double_up_to_a_minute_with_jitter():
    # 1, 2, 4, 8, 16, 32, 60, 60 seconds, each times a number in [0.5, 1).
    tops = [1, 2, 4, 8, 16, 32, 60, 60]
    for seed in range(20):
        assert all(top / 2 <= wait < top for top, wait in zip(tops, islice(waits(seed), 8), strict=True))
    assert len({next(waits(seed)) for seed in range(20)}) == 20


def test_failures_in_a_row_wait_longer_and_longer():
    visits = [Visit(login="hang_up") for _ in range(4)]
    with SocketServer("alpaca", *visits) as server, Desk(server) as desk:
        server.wait_for(lambda: "connected" in desk.changes())
    assert [event.attempt for event in desk.of("connection")] == [1, 2, 3, 4, 0]
    assert [top / 2 <= wait < top for top, wait in zip((1, 2, 4, 8), desk.waited, strict=True)] == [True] * 4
