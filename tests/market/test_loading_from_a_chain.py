"""A chain of two real vendors, Alpaca and then Massive, each on its own server on 127.0.0.1."""

from datetime import UTC, datetime

import numpy as np
import pytest

import investiq as iq
from investiq.core import calendar
from investiq.market.store import open_store
from investiq.runtime import clock
from tests.servers.http import VendorServer, refused
from tests.servers.polygon import Polygon

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)
MONDAY_NIGHT = datetime(2018, 12, 31, 22, tzinfo=UTC)


class Alpaca:
    """Serves daily bars up to `last` at half of Massive's prices, so that a splice would show."""

    def __init__(self, server, monkeypatch, number):
        self.server, self.last = server, "2018-12-28"
        monkeypatch.setenv("INVESTIQ_ALPACA_KEY_ID", f"alpaca-key-{number}")
        monkeypatch.setenv("INVESTIQ_ALPACA_SECRET_KEY", "secret-half")
        monkeypatch.setenv("INVESTIQ_ALPACA_URL", server.url)
        server.route("/v2/stocks/bars", self.bars)
        server.route("/v1/corporate-actions", {"corporate_actions": {}, "next_page_token": None})

    def bars(self, received):
        first = max(received.query["start"][:10], "2018-01-02")
        sessions = calendar.session_dates("XNYS", np.datetime64(first, "us"), np.datetime64(self.last, "us"))
        rows = [
            {"t": f"{session.item():%Y-%m-%d}T05:00:00Z", "o": 50.0, "h": 51.0, "l": 49.0, "c": 50.0, "v": 9, "vw": 50.0, "n": 1}
            for session in sessions
        ]  # fmt: skip
        symbol = received.query["symbols"]
        return {"bars": {symbol: rows} if rows else {}, "next_page_token": None}


@pytest.fixture
def massive(vendor_server, monkeypatch, vendor_time):
    return Polygon(vendor_server, monkeypatch)


@pytest.fixture
def alpaca(massive, monkeypatch, request):
    monkeypatch.setenv("INVESTIQ_PROVIDERS", "alpaca,massive")
    with VendorServer() as server:
        yield Alpaca(server, monkeypatch, request.node.name)


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(SUNDAY):
        yield


def texts(bars, code):
    return [note.text for note in bars.passport.notes if note.code == code]


def test_the_first_vendor_of_the_chain_answers(alpaca, massive):
    bars = iq.load_bars("AAPL", "2018-12-03")
    assert (bars.passport.provider, bars.passport.feed, float(bars.close[-1])) == ("alpaca", "iex", 50.0)
    assert massive.asked == []


def test_where_the_first_is_not_entitled_the_second_answers_the_whole_series_and_it_is_told(alpaca, massive):
    alpaca.server.route("/v2/stocks/bars", refused())
    bars = iq.load_bars("AAPL", "2018-12-03")
    assert (bars.passport.provider, len(bars)) == ("massive", 18)
    (told,) = texts(bars, "provider_fallback")
    assert told.startswith("AAPL: massive answered the whole series, others did not: alpaca: not_entitled")


def test_where_the_first_lacks_the_newest_bars_the_second_is_asked_for_all_of_them(alpaca, massive):
    iq.load_bars("AAPL", "2018-12-03")
    massive.last = "2018-12-31"
    with clock.fixed(MONDAY_NIGHT):
        bars = iq.load_bars("AAPL", "2018-12-03")
    assert (bars.passport.provider, len(bars)) == ("massive", 19)
    # Not one price of the other vendor is among them.
    assert (bars.close > 300).all()
    assert "/2018-12-03/" in massive.server.requests_to("/v2/aggs/*")[-1].path
    assert {key.provider for key in open_store().keys("bars", symbol="AAPL")} == {"alpaca", "massive"}


def test_a_provider_that_is_named_is_the_only_one_that_is_asked(alpaca, massive):
    assert iq.load_bars("AAPL", "2018-12-03", provider="massive").passport.provider == "massive"
    assert alpaca.server.requests == []


def test_another_feed_of_the_same_vendor_is_another_series(alpaca, monkeypatch):
    iq.load_bars("AAPL", "2018-12-03")
    monkeypatch.setenv("INVESTIQ_ALPACA_FEED", "sip")
    assert iq.load_bars("AAPL", "2018-12-03").passport.feed == "sip"
    assert {key.feed for key in open_store().keys("bars", symbol="AAPL")} == {"iex", "sip"}


def test_a_bulk_load_goes_along_the_chain_symbol_by_symbol(alpaca, massive):
    served = alpaca.bars
    alpaca.server.route(
        "/v2/stocks/bars", lambda received: refused() if received.query["symbols"] == "B" else served(received)
    )
    report = iq.fetch(["A", "B", "C"], start="2018-12-03")
    assert {line.symbol: line.provider for line in report.lines if line.dataset == "bars"} == {
        "A": "alpaca", "B": "massive", "C": "alpaca"
    }  # fmt: skip
    assert "provider_fallback" in {note.code for note in report.notes}
