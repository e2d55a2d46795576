"""Yahoo on 127.0.0.1: the library asks its own hosts, and the transport leads every one of them to the test's server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pandas as pd
import requests
from requests.adapters import BaseAdapter

from investiq.market.gate.gate import gate_of
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import key_id_of
from investiq.market.gate.transports import requests_session
from investiq.market.vendors.yahoo_library import plain_session
from investiq.market.vendors.yfinance import YFinance

CHART = "/v8/finance/chart/*"
META = {
    "currency": "USD", "symbol": "ACME", "exchangeName": "NMS", "fullExchangeName": "NasdaqGS", "instrumentType": "EQUITY",
    "exchangeTimezoneName": "America/New_York", "timezone": "EST", "gmtoffset": -18000, "priceHint": 2,
    "dataGranularity": "1d", "range": "", "validRanges": ["1d", "5d", "1mo", "1y", "max"],
    "regularMarketPrice": 26.5, "regularMarketTime": 1718308801, "regularMarketDayHigh": 27.0,
    "regularMarketDayLow": 25.0, "regularMarketVolume": 4000, "chartPreviousClose": 25.5,
}  # fmt: skip


class Detour(BaseAdapter):
    """Sends each request through the gate's adapter to `url`, whatever its host."""

    def __init__(self, adapter: BaseAdapter, url: str) -> None:
        super().__init__()
        self.adapter, self.url = adapter, urlsplit(url)
        self.hosts: list[str] = []

    def send(self, request: requests.PreparedRequest, **rest: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        self.hosts.append(parts.netloc)
        request.url = urlunsplit((self.url.scheme, self.url.netloc, parts.path, parts.query, ""))
        return self.adapter.send(request, **rest)

    def close(self) -> None:
        self.adapter.close()


def yahoo_at(url: str) -> YFinance:
    """The adapter under test with the real library, its requests led to `url`."""
    gated = requests_session(gate_of("yfinance", key_id_of(), plan_of("yfinance", "free")), is_cached=False)
    return YFinance(session=plain_session(Detour(gated.get_adapter("https://"), url)))


def seconds(stamp: str, zone: str = "America/New_York") -> int:
    return int(pd.Timestamp(stamp, tz=zone).timestamp())


def chart(
    stamps: list[int],
    close: list[float | None],
    volume: list[float | None] | None = None,
    *,
    events: dict[str, Any] | None = None,
    adjusted: list[float | None] | None = None,
    **meta: Any,
) -> dict[str, Any]:
    """A chart answer; open, high and low lie at close, close + 1 and close - 1."""
    moved = {
        name: [None if each is None else each + by for each in close] for name, by in (("high", 1.0), ("low", -1.0))
    }
    quote = {"open": close, **moved, "close": close, "volume": volume or [1000] * len(stamps)}
    indicators = {"quote": [quote], "adjclose": [{"adjclose": adjusted or close}]}
    result = {"meta": {**META, **meta}, "timestamp": stamps, "indicators": indicators}
    if events:
        result["events"] = {
            kind: {str(event["date"]): event for event in happened} for kind, happened in events.items()
        }
    return {"chart": {"result": [result], "error": None}}


def no_chart(code: str, description: str) -> dict[str, Any]:
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


def trading_periods(*days: str, close: str = "16:00") -> list[list[dict[str, Any]]]:
    """The regular hours of some New York days, as intraday charts tell them."""
    return [
        [{"timezone": "EST", "gmtoffset": -18000, "start": seconds(f"{day} 09:30"), "end": seconds(f"{day} {close}")}]
        for day in days
    ]
