"""Finnhub: quotes, listings, company news, insiders and earnings; no bars, since a quote is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from investiq.core.errors import NotEntitledError, UnknownSymbolError, VendorError
from investiq.core.notes import Note
from investiq.market.contract import Capabilities, Payload, Request
from investiq.market.vendors.keyed import KeyedVendor
from investiq.market.vendors.reading import Field, records_of, within
from investiq.market.vendors.values import epoch
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.runtime.settings import Settings

__all__ = ["Finnhub", "from_settings"]

# What the free plan keeps of company news; a longer past is asked for with a start of one's own.
_NEWS_REACH: Final = timedelta(days=365)
_EARNINGS_REACH: Final = timedelta(days=5 * 365)
_EARNINGS_AHEAD: Final = timedelta(days=120)
_QUOTE: Final = {
    "ts": Field("t", "seconds"),
    "last": Field("c", "price"),
    "last_at": Field("t", "seconds"),
    "day_open": Field("o", "price"),
    "day_high": Field("h", "price"),
    "day_low": Field("l", "price"),
    "day_at": Field("t", "seconds"),
    "previous_close": Field("pc", "price"),
}
_NEWS: Final = {
    "id": Field("id", "text"),
    "title": Field("headline", "text"),
    "published_utc": Field("datetime", "seconds"),
    "publisher": Field("source", "text"),
    "url": Field("url", "text"),
    "description": Field("summary", "text"),
    "keywords": Field("category", "text"),
    "tickers": Field("tickers", "text"),
}
_INSIDERS: Final = {
    "filed_at": Field("filingDate", "date"),
    "transaction_date": Field("transactionDate", "date"),
    "name": Field("name", "text"),
    "code": Field("transactionCode", "text"),
    "shares": Field("change", "size"),
    "price": Field("transactionPrice", "price"),
    "shares_after": Field("share", "number"),
    "id": Field("id", "text"),
}
_REPORTS: Final = {
    "reported_date": Field("date", "date"),
    "fiscal_quarter": Field("quarter", "number"),
    "fiscal_year": Field("year", "number"),
    "eps_actual": Field("epsActual", "number"),
    "eps_estimate": Field("epsEstimate", "number"),
    "revenue_actual": Field("revenueActual", "number"),
    "revenue_estimate": Field("revenueEstimate", "number"),
}
_PERIODS: Final = {
    "period_end": Field("period", "date"),
    "fiscal_quarter": Field("quarter", "number"),
    "fiscal_year": Field("year", "number"),
}
_SEARCH: Final = {
    "symbol": Field("symbol", "symbol"),
    "name": Field("description", "text"),
    "type": Field("type", "text"),
}
_LISTING: Final = {**_SEARCH, "exchange": Field("mic", "text"), "currency": Field("currency", "text")}


class Finnhub(KeyedVendor):
    """Finnhub behind one contract; the key travels in a header, never in an address."""

    name: ClassVar[str] = "finnhub"
    address: ClassVar[str] = "https://finnhub.io/api/v1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        datasets=frozenset({"snapshot", "listing", "news", "search", "insiders", "earnings"}),
        intervals=(),
        is_production_ready=True,
        supports_universe=True,
        supports_active_universe=True,
    )

    def snapshot(self, request: Request) -> Payload:
        """Return the day so far as of the last trade; a missing price stays missing."""
        quote = self._asked("/quote", symbol=request.symbol)
        if not isinstance(quote, dict):
            raise self._strange("/quote", type(quote).__name__, "an object")
        if not any(quote.values()):
            raise UnknownSymbolError(
                f"finnhub knows no quote of {request.symbol}; look the symbol up with iq.search_symbols"
            )
        reading = self._reading(request)
        table = reading.table([quote], _QUOTE)
        table.insert(0, "symbol", request.symbol)
        return self._payload(table, "/quote", {"symbol": request.symbol}, reading.notes())

    def listing(self, request: Request) -> Payload:
        """Return the US instruments listed today; delisted names are not among them."""
        rows = records_of(self._asked("/stock/symbol", exchange="US"), self.name, "/stock/symbol")
        reading = self._reading(request)
        table = reading.table(rows, _LISTING).assign(is_active="true")
        return self._payload(table, "/stock/symbol", {"exchange": "US"}, reading.notes())

    def news(self, request: Request) -> Payload:
        """Return articles on a company; without a start, those of the last 365 days."""
        first, last = self._days(request, _NEWS_REACH, timedelta(0))
        articles: dict[str, dict[str, Any]] = {}
        until = last
        # An answer holds the newest articles only: ask again up to the oldest of them until nothing new comes.
        while True:
            rows = records_of(
                self._asked("/company-news", symbol=request.symbol, **{"from": first, "to": until}),
                self.name,
                "/company-news",
            )
            fresh = {str(row.get("id")): row for row in rows if str(row.get("id")) not in articles}
            articles |= fresh
            oldest = _oldest_day(rows)
            if not fresh or oldest <= first or (request.limit is not None and len(articles) >= request.limit):
                break
            until = oldest
        named = [{**row, "tickers": _joined_tickers(row, request.symbol)} for row in articles.values()]
        reading = self._reading(request)
        table = within(reading.table(named, _NEWS), "published_utc", request)
        asked = {"symbol": request.symbol, "from": first, "to": last}
        return self._payload(table, "/company-news", asked, reading.notes())

    def search(self, request: Request) -> Payload:
        """Return instruments that fit the words of the request."""
        found = self._asked("/search", q=request.symbol)
        rows = records_of(found.get("result") if isinstance(found, dict) else found, self.name, "/search")
        reading = self._reading(request)
        table = reading.table(rows, _SEARCH)
        return self._payload(table.head(request.limit or len(table)), "/search", {"q": request.symbol}, reading.notes())

    def insiders(self, request: Request) -> Payload:
        """Return transactions of insiders in shares, with the day of their filing."""
        asked = {"symbol": request.symbol}
        if request.start is not None:
            asked["from"] = str(request.start.astype("datetime64[D]"))
        if request.end is not None:
            asked["to"] = str(request.end.astype("datetime64[D]"))
        found = self._asked("/stock/insider-transactions", **asked)
        rows = records_of(found.get("data") if isinstance(found, dict) else found, self.name, "insider transactions")
        in_shares = [row for row in rows if not row.get("isDerivative")]
        reading = self._reading(request)
        table = reading.table(in_shares, _INSIDERS)
        table["value"] = table["shares"] * table["price"]
        derivatives = _left_out(len(rows) - len(in_shares), "insider transactions in options and other derivatives")
        notes = reading.notes() + derivatives
        return self._payload(within(table, "transaction_date", request), "/stock/insider-transactions", asked, notes)

    def earnings(self, request: Request) -> Payload:
        """Return reports with the consensus before them; the period comes from one answer, the day from another."""
        first, last = self._days(request, _EARNINGS_REACH, _EARNINGS_AHEAD)
        asked = {"symbol": request.symbol, "from": first, "to": last}
        calendar = self._asked("/calendar/earnings", **asked)
        dated = records_of(
            calendar.get("earningsCalendar") if isinstance(calendar, dict) else calendar,
            self.name,
            "/calendar/earnings",
        )
        periods = records_of(self._asked("/stock/earnings", symbol=request.symbol), self.name, "/stock/earnings")
        reading = self._reading(request)
        table, unmatched = _joined_reports(reading.table(dated, _REPORTS), reading.table(periods, _PERIODS))
        notes = reading.notes() + _left_out(
            unmatched, "earnings whose fiscal period or whose day of report finnhub does not tell"
        )
        return self._payload(within(table, "period_end", request), "/calendar/earnings", asked, notes)

    def _headers(self, secret: str) -> dict[str, str]:
        return {"X-Finnhub-Token": secret}

    def _asked(self, path: str, **parameters: str) -> Any:
        document = self._document(path, **parameters)
        told = document.get("error") if isinstance(document, dict) else None
        if not told:
            return document
        words = self._quoted(told)
        if "access" in words.casefold():
            raise NotEntitledError(f"finnhub does not include {path} in the plan of this key: {words}")
        raise VendorError(f"finnhub did not answer {path}: {words}")

    def _days(self, request: Request, back: timedelta, ahead: timedelta) -> tuple[str, str]:
        last = (clock.now() + ahead).date() if request.end is None else request.end.astype("datetime64[D]")
        first = np.datetime64(last, "D") - np.timedelta64(back + ahead) if request.start is None else request.start
        return str(first.astype("datetime64[D]")), str(last)

    def _payload(
        self, table: pd.DataFrame, path: str, asked: Mapping[str, str], notes: tuple[Note, ...] = ()
    ) -> Payload:
        return Payload(table=table, delay=self.plan.delay, source=self._source(path, **asked), notes=notes)


def from_settings(settings: Settings) -> Finnhub | None:
    """Return the provider, or None where no key is configured."""
    if settings.finnhub_api_key is None:
        return None
    return Finnhub(settings.finnhub_api_key, plan=settings.finnhub_plan, base_url=settings.finnhub_url)


def _oldest_day(rows: list[dict[str, Any]]) -> str:
    stamps = [stamp for row in rows if not np.isnat(stamp := epoch(row.get("datetime"), "s"))]
    return str(min(stamps).astype("datetime64[D]")) if stamps else ""


def _joined_tickers(row: dict[str, Any], symbol: str) -> str:
    related = [ticker.strip() for ticker in str(row.get("related") or "").split(",") if ticker.strip()]
    return "|".join(dict.fromkeys([symbol, *related]))


def _joined_reports(dated: pd.DataFrame, periods: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return reports with their period, and how many rows of either answer found no partner."""
    both = dated.merge(periods, on=["fiscal_year", "fiscal_quarter"], how="outer", indicator=True)
    matched = both[both["_merge"] == "both"]
    quarters = matched["fiscal_quarter"].map(lambda number: f"Q{number:.0f}").astype("str")
    table = matched.drop(columns=["_merge", "fiscal_quarter"]).assign(fiscal_period=quarters)
    return table.reset_index(drop=True), len(both) - len(matched)


def _left_out(count: int, what: str) -> tuple[Note, ...]:
    if not count:
        return ()
    return (Note(code="records_left_out", text=f"{count} {what} were left out", rows=count, severity="info"),)
