"""Yahoo through the library yfinance: for research; its split-adjusted prices are put back to prices as traded."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from investiq.core.errors import DataError, VendorError
from investiq.core.notes import Note
from investiq.core.types import Interval
from investiq.history.instants import aware
from investiq.market.building import SETTLE_SHARES
from investiq.market.contract import Answer, Capabilities, Payload, Request, Vendor
from investiq.market.gate.gate import asking_for, gate_of
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import key_id_of
from investiq.market.gate.transports import requests_session
from investiq.market.vendors import yahoo_answers as yahoo
from investiq.market.vendors.reading import Reading, records_of, within
from investiq.market.vendors.yahoo_library import Yahoo, answer_of, chart_of, plain_session
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from investiq.runtime.settings import Settings

__all__ = ["YFinance", "from_settings"]

_INTERVALS: Final[dict[Interval, str]] = {
    "1min": "1m",
    "5min": "5m",
    "15min": "15m",
    "30min": "30m",
    "60min": "60m",
    "1d": "1d",
}
# How far back Yahoo keeps intraday bars, a day less for what passes meanwhile; one answer holds 7 days of minutes.
_REACH: Final[dict[Interval, timedelta]] = {
    "1min": timedelta(days=29),
    "5min": timedelta(days=59),
    "15min": timedelta(days=59),
    "30min": timedelta(days=59),
    "60min": timedelta(days=729),
}
_MINUTES_IN_ONE: Final = timedelta(days=7)
_TIMEOUT_S: Final = 30


class YFinance(Vendor):
    """Yahoo behind one contract; unofficial and unversioned, so never for live decisions.

    Parameters
    ----------
    plan : str, default "free"
    session : requests.Session, optional
        In place of one behind the gate of the plan.
    """

    name: ClassVar[str] = "yfinance"
    capabilities: ClassVar[Capabilities] = Capabilities(
        datasets=frozenset({"bars", "actions", "news", "snapshot", "search"}),
        intervals=tuple(_INTERVALS),
        supports_corp_actions=True,
        supports_intraday_bars=True,
    )

    def __init__(self, *, plan: str = "free", session: requests.Session | None = None) -> None:
        self.plan = plan_of(self.name, plan)
        self._given = session
        self._opened: Yahoo | None = None

    def fetch(self, request: Request) -> Answer:
        """Return the answer to `request`; a refusal by Yahoo closes the way for its dataset only."""
        with asking_for(request.dataset):
            return super().fetch(request)

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if self._opened is not None:
            self._opened.session.close()
            self._opened = None

    def bars(self, request: Request) -> Payload:
        """Return bars with prices as traded, rebuilt with the splits of the same answers."""
        import pandas as pd

        frames, charts = self._history(request)
        if not charts:
            return Payload(table=yahoo.no_bars(), price_basis="unsplit", source=self._source(request))
        meta = charts[-1]["meta"]
        reading = Reading("actions", self.name, request.symbol)
        events = yahoo.events_of(charts, reading)
        is_daily = request.interval == "1d"
        frame = pd.concat([yahoo.frame_of(frame, is_daily) for frame in frames], ignore_index=True)
        table = yahoo.as_traded(frame, events.splits, str(meta["exchangeTimezoneName"]), is_daily)
        table["volume"] = table["volume"].mask(table["ts"].isin(yahoo.without_volume(charts, is_daily)))
        has_close = table["close"].notna()
        evidence = frame.loc[has_close, ["ts", "adjusted"]].rename(columns={"adjusted": "close"})
        is_index = meta.get("instrumentType") == "INDEX"
        return Payload(
            table=within(table[has_close], "ts", request),
            companions={"actions": yahoo.actions_of(events, meta), "adjusted": within(evidence, "ts", request)},
            price_basis="unsplit",
            currency="index points" if is_index else str(meta["currency"]),
            calendar=yahoo.calendar_of(meta, request.symbol),
            delay=self.plan.delay,
            settle=SETTLE_SHARES if is_daily and not is_index else timedelta(0),
            source=self._source(request),
            notes=reading.notes() + _dropped(yahoo.without_close(charts)),
        )

    def actions(self, request: Request) -> Payload:
        """Return splits, and dividends per share as traded on their ex-dates."""
        _, charts = self._history(Request(dataset="bars", symbol=request.symbol))
        meta = charts[-1]["meta"] if charts else {}
        reading = Reading("actions", self.name, request.symbol)
        table = within(yahoo.actions_of(yahoo.events_of(charts, reading), meta), "ex_date", request)
        return Payload(table=table, source=self._source(request), notes=reading.notes())

    def news(self, request: Request) -> Payload:
        """Return the newest articles on a symbol; Yahoo keeps no archive."""
        what = f"news of {request.symbol}"
        symbol = yahoo.theirs(request.symbol)
        with self._yahoo.library(what) as library:
            library.Ticker(symbol, session=self._yahoo.session).get_news(count=request.limit or 50)
            document = answer_of(self._yahoo.replies, what)
        stream = records_of(document.get("data", {}).get("tickerStream", {}).get("stream"), self.name, what)
        rows = [yahoo.article_of(row, request.symbol) for row in stream if not row.get("ad")]
        reading = Reading("news", self.name, request.symbol)
        table = within(reading.table(rows, yahoo.NEWS), "published_utc", request)
        return Payload(table=table, source=self._source(request), notes=reading.notes())

    def snapshot(self, request: Request) -> Payload:
        """Return the newest price and the day so far, each with its own time."""
        what = f"quote of {request.symbol}"
        with self._yahoo.library(what) as library:
            ticker = self._ticker(library, request.symbol)
            frame = ticker.history(period="1d", interval="1d", auto_adjust=False, timeout=_TIMEOUT_S)
            meta = chart_of(self._yahoo.replies[-1])["meta"]
        opening = float(frame["Open"].iloc[-1]) if len(frame) else np.nan
        reading = Reading("snapshot", self.name, request.symbol)
        table = reading.table([{**meta, "open": opening}], yahoo.QUOTE)
        table.insert(0, "symbol", request.symbol)
        return Payload(table=table, delay=self.plan.delay, source=self._source(request), notes=reading.notes())

    def search(self, request: Request) -> Payload:
        """Return instruments that fit the words of the request."""
        what = f"a search for {request.symbol!r}"
        with self._yahoo.library(what) as library:
            library.Search(
                request.symbol, max_results=request.limit or 20, news_count=0, lists_count=0, recommended=0,
                session=self._yahoo.session, timeout=_TIMEOUT_S,
            )  # fmt: skip
            document = answer_of(self._yahoo.replies, what)
        found = records_of(document.get("quotes"), self.name, what)
        reading = Reading("search", self.name, request.symbol)
        table = reading.table([row for row in found if row.get("symbol")], yahoo.SEARCH)
        table["symbol"] = table["symbol"].map(yahoo.ours)
        return Payload(table=table, source=self._source(request), notes=reading.notes())

    @property
    def _yahoo(self) -> Yahoo:
        if self._opened is None:
            session = self._given
            if session is None:
                gated = requests_session(gate_of(self.name, key_id_of(), self.plan), is_cached=False)
                session = plain_session(gated.get_adapter("https://"))
            self._opened = Yahoo(session)
        return self._opened

    def _ticker(self, library: Any, symbol: str) -> Any:
        ticker = library.Ticker(yahoo.theirs(symbol), session=self._yahoo.session)
        # Ranges are given with their zone; without one here the library spends a request on it and hides its failures.
        ticker._tz = "UTC"
        return ticker

    def _history(self, request: Request) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
        """Return the library's frames and the answers behind them, always up to now: later splits change all prices."""
        frames, charts = [], []
        for span in _spans(request):
            what = f"{request.interval} bars of {request.symbol}"
            with self._yahoo.library(what) as library:
                ticker = self._ticker(library, request.symbol)
                try:
                    frame = ticker.history(
                        **span,
                        interval=_INTERVALS[request.interval],
                        prepost=request.session == "extended" and request.interval != "1d",
                        auto_adjust=False,
                        actions=True,
                        timeout=_TIMEOUT_S,
                    )
                except library.exceptions.YFPricesMissingError:
                    if not yahoo.is_empty(self._yahoo.replies):
                        raise
                    continue
                chart = chart_of(self._yahoo.replies[-1])
            if frame.index.tz is None:
                raise VendorError(f"yfinance gave stamps without a zone for {what}; such stamps are not read")
            frames.append(frame)
            charts.append(chart)
        return frames, charts

    def _source(self, request: Request) -> str:
        return f"Yahoo through yfinance {_version()}, {yahoo.theirs(request.symbol)}"


def from_settings(settings: Settings) -> YFinance:
    """Return the provider; it needs no key, and is part of a chain only where the settings name it."""
    return YFinance()


def _spans(request: Request) -> Sequence[Mapping[str, Any]]:
    """Return the ranges to ask for, oldest first, each as arguments of the library.

    Raises
    ------
    DataError
        If the start lies before what Yahoo keeps of the interval.
    """
    now = clock.now()
    start = None if request.start is None else aware(request.start)
    if request.interval == "1d":
        return [{"period": "max"} if start is None else {"start": start, "end": now + timedelta(days=1)}]
    reach = _REACH[request.interval]
    if start is not None and start < now - reach - timedelta(days=1):
        raise DataError(
            f"Yahoo keeps {reach.days} days of {request.interval} bars, asked for {request.symbol} from {start:%Y-%m-%d}; "
            f"ask from {now - reach:%Y-%m-%d} on, or for daily bars"
        )
    begin = max(start or now - reach, now - reach)
    step = _MINUTES_IN_ONE if request.interval == "1min" else reach + timedelta(days=2)
    edges = [begin]
    while edges[-1] < now:
        edges.append(min(edges[-1] + step, now + timedelta(minutes=1)))
    return [{"start": low, "end": high} for low, high in itertools.pairwise(edges)]


def _dropped(count: int) -> tuple[Note, ...]:
    if not count:
        return ()
    return (Note(code="rows_without_close", text=f"{count} row(s) without a close were dropped", rows=count),)


def _version() -> str:
    from importlib.metadata import version

    return version("yfinance")
