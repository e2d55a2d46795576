"""The routes of Massive that loading needs, on a `VendorServer`: bars and actions of any symbol, and news."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from investiq.core import calendar
from tests.servers.http import Received, VendorServer

_keys = itertools.count(1)
_NEW_YORK = ZoneInfo("America/New_York")


class Polygon:
    """Serves one daily bar a session up to `last`; the close rises by 1 from 100 on.

    `faults` maps a symbol to what is answered in place of its bars, `spans` to its own first and last day.
    """

    def __init__(
        self, server: VendorServer, monkeypatch: Any, *, last: str = "2018-12-28", plan: str = "advanced"
    ) -> None:
        self.server = server
        self.last = last
        self.faults: dict[str, Any] = {}
        self.spans: dict[str, tuple[str, str]] = {}
        self.articles: dict[str, list[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self.asked: list[str] = []
        # A key that no other test used has a gate of its own.
        monkeypatch.setenv("INVESTIQ_MASSIVE_API_KEY", f"loading-key-{next(_keys):06d}")
        monkeypatch.setenv("INVESTIQ_MASSIVE_PLAN", plan)
        monkeypatch.setenv("INVESTIQ_MASSIVE_URL", server.url)
        server.route("/v2/aggs/ticker/*", self._bars)
        server.route("/v2/reference/news", self._news)
        for path in ("/v3/reference/splits", "/v3/reference/dividends", "/stocks/v1/splits", "/stocks/v1/dividends"):
            server.route(path, {"status": "OK", "results": []})
        server.route("/vX/reference/tickers/*", {"status": "OK", "results": {"name": "x", "events": []}})

    def _bars(self, received: Received) -> Any:
        symbol, first, last = (received.path.split("/")[at] for at in (4, 8, 9))
        with self._lock:
            self.asked.append(symbol)
        if symbol in self.faults:
            fault = self.faults[symbol]
            return fault(received) if callable(fault) else fault
        span = self.spans.get(symbol, ("2018-01-02", self.last))
        return {"status": "OK", "results": bars(max(first, span[0]), min(last, span[1], self.last))}

    def _news(self, received: Received) -> Any:
        return {"status": "OK", "results": self.articles.get(received.query.get("ticker", ""), [])}


def bars(first: str, last: str) -> list[dict[str, Any]]:
    """Rows of ``/v2/aggs``: midnight in New York as milliseconds, the close 100 on the first session of 2018."""
    if first > last:
        return []
    start = calendar.session_dates("XNYS", np.datetime64("2018-01-02", "us"), np.datetime64(last, "us"))
    rows = []
    for number, session in enumerate(start):
        day = session.item()
        if f"{day:%Y-%m-%d}" < first:
            continue
        close = 100.0 + number
        midnight = datetime(day.year, day.month, day.day, tzinfo=_NEW_YORK)
        rows.append(
            {
                "t": int(midnight.timestamp() * 1000), "o": close - 0.5, "h": close + 1, "l": close - 1, "c": close,
                "v": 1000, "vw": close, "n": 10,
            }
        )  # fmt: skip
    return rows


def article(name: str, when: str, *tickers: str) -> dict[str, Any]:
    stamp = datetime.fromisoformat(when).replace(tzinfo=UTC)
    return {
        "id": name, "title": f"About {name}", "published_utc": f"{stamp:%Y-%m-%dT%H:%M:%SZ}", "tickers": list(tickers),
        "publisher": {"name": "Wire"}, "author": "A. Writer", "article_url": f"https://example.com/{name}",
        "description": "", "keywords": [],
    }  # fmt: skip
