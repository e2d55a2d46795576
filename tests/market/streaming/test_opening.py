"""`iq.stream_bars` with a vendor: settings, socket and HTTP backfill together, all on 127.0.0.1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import investiq as iq
from investiq.runtime import clock
from tests.servers.websocket import KEY, SECRET, SocketServer

OPENED = datetime(2024, 11, 26, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Present:
    """The clock of the process, moved by the test; read by threads, so no context variable."""

    moment = OPENED

    def now(self):
        return self.moment


@pytest.fixture
def present(monkeypatch):
    hand = Present()
    monkeypatch.setattr(clock, "now", hand.now)
    return hand


def alpaca_bars(request):
    """The vendor's history: minutes 0 to 4 at 200 and up."""
    rows = [
        {"t": f"{OPENED + number * MINUTE:%Y-%m-%dT%H:%M:%SZ}", "o": 200 + number, "h": 200 + number, "l": 200 + number,
         "c": 200 + number, "v": 10, "n": 1, "vw": 200 + number}
        for number in range(5)
    ]  # fmt: skip
    return {"bars": {"AAPL": rows}, "next_page_token": None}


def massive_bars(request):
    rows = [
        {"t": round((OPENED + number * MINUTE).timestamp() * 1000), "o": 200 + number, "h": 200 + number, "l": 200 + number,
         "c": 200 + number, "v": 10, "n": 1, "vw": 200 + number}
        for number in range(5)
    ]  # fmt: skip
    return {"status": "OK", "ticker": "AAPL", "adjusted": False, "resultsCount": 5, "results": rows}


@pytest.mark.parametrize("provider", ["alpaca", "massive"])
def test_a_stream_is_backfilled_by_the_vendor_s_own_client(provider, present, vendor_server, monkeypatch, tmp_path):
    # Begun 20 s into the third minute of a five-minute bar: minutes 0 and 1 come over HTTP, 2 to 4 over the socket.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVESTIQ_ALPACA_KEY_ID", KEY)
    monkeypatch.setenv("INVESTIQ_ALPACA_SECRET_KEY", SECRET)
    monkeypatch.setenv("INVESTIQ_MASSIVE_API_KEY", KEY)
    monkeypatch.setenv("INVESTIQ_MASSIVE_PLAN", "advanced")
    vendor_server.route("*", alpaca_bars if provider == "alpaca" else massive_bars)
    monkeypatch.setenv(f"INVESTIQ_{provider.upper()}_URL", vendor_server.url)
    present.moment = OPENED + 2 * MINUTE + timedelta(seconds=20)
    topic = "bars.AAPL" if provider == "alpaca" else "AM.AAPL"
    with SocketServer(provider) as server:
        monkeypatch.setenv(f"INVESTIQ_{provider.upper()}_STREAM_URL", server.url)
        with iq.stream_bars(["AAPL"], provider=provider, interval="5min") as stream:
            server.wait_for_topics(topic)
            server.wait_for(lambda: stream.metrics.backfilled == 2)
            for number in range(2, 5):
                server.push(server.bar("AAPL", OPENED + number * MINUTE, 100.0 + number, volume=10))
            server.wait_for(lambda: stream.metrics.received == 5)
            present.moment = OPENED + 5 * MINUTE + timedelta(seconds=6)
            bar = next(event for event in stream if event.kind == "bar")
    assert (bar.ts, bar.open, bar.close, bar.volume) == (OPENED, 200.0, 104.0, 50.0)
    assert (bar.is_backfill, bar.is_cold, bar.status) == (True, False, "final")
    assert not any(KEY in repr(request.query) for request in vendor_server.requests)
