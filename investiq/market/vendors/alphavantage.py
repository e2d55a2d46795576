"""Alpha Vantage: prices as traded with their actions, listings with delisted names, news, earnings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from investiq.core.errors import DataError, NotEntitledError, UnknownSymbolError, VendorError
from investiq.core.notes import Note
from investiq.market.building import SETTLE_SHARES
from investiq.market.contract import Capabilities, Payload, Request
from investiq.market.gate.transports import document_of
from investiq.market.vendors import alphavantage_rows as rows_of
from investiq.market.vendors.keyed import KeyedVendor
from investiq.market.vendors.reading import Reading, records_of, within

if TYPE_CHECKING:
    import pandas as pd

    from investiq.runtime.settings import Settings

__all__ = ["AlphaVantage", "from_settings"]

_PATH: Final = "/query"
# The one message that is an answer.
_NO_ARTICLES: Final = "No articles found"
_FIRST_LISTING: Final = np.datetime64("2010-01-01", "D")
_NO_ACTIONS: Final = Note(
    code="no_actions_in_plan",
    text="the free plan of Alpha Vantage answers daily bars without splits and dividends: a split looks like a fall, "
    "and dividends are missing from total returns",
)


class AlphaVantage(KeyedVendor):
    """Alpha Vantage behind one contract; US listings, daily and intraday bars as traded."""

    name: ClassVar[str] = "alphavantage"
    address: ClassVar[str] = "https://www.alphavantage.co"
    capabilities: ClassVar[Capabilities] = Capabilities(
        datasets=frozenset({"bars", "actions", "earnings", "news", "search", "listing"}),
        intervals=("1min", "5min", "15min", "30min", "60min", "1d"),
        is_production_ready=True,
        supports_universe=True,
        supports_pit_universe=True,
        supports_active_universe=True,
        supports_corp_actions=True,
        supports_intraday_bars=True,
        survivorship_safe=True,
    )

    def bars(self, request: Request) -> Payload:
        """Return prices as traded; daily ones with the actions and, as evidence, the vendor's adjusted close."""
        if request.interval == "1d":
            return self._daily(request)
        return self._intraday(request)

    def actions(self, request: Request) -> Payload:
        """Return splits and dividends per share as traded on their ex-dates."""
        if self._is_free:
            raise NotEntitledError(
                "alphavantage gives splits and dividends with its adjusted daily series, which the free plan leaves out; "
                "set INVESTIQ_ALPHAVANTAGE_PLAN to the plan of the key"
            )
        rows = self._series(request.symbol, "TIME_SERIES_DAILY_ADJUSTED", "Time Series (Daily)", outputsize="full")
        reading = Reading("bars", self.name, request.symbol)
        table = rows_of.actions_of(reading.table(rows, rows_of.ADJUSTED_DAY))
        source = self._source(_PATH, function="TIME_SERIES_DAILY_ADJUSTED", symbol=request.symbol)
        return Payload(table=within(table, "ex_date", request), source=source, notes=reading.notes())

    def earnings(self, request: Request) -> Payload:
        """Return quarterly reports with the consensus before them."""
        asked = {"function": "EARNINGS", "symbol": rows_of.theirs(request.symbol)}
        document = self._answer_of(asked)
        reading = self._reading(request)
        table = reading.table(records_of(document.get("quarterlyEarnings"), self.name, "EARNINGS"), rows_of.EARNINGS)
        return self._payload(within(table, "period_end", request), asked, reading)

    def news(self, request: Request) -> Payload:
        """Return articles that name the symbol, with the vendor's sentiment label apart."""
        asked = {
            "function": "NEWS_SENTIMENT",
            "tickers": rows_of.theirs(request.symbol),
            "time_from": rows_of.news_time(request.start),
            "time_to": rows_of.news_time(request.end),
            "sort": "LATEST",
            "limit": str(min(request.limit or 1000, 1000)),
        }
        document = self._answer_of(asked)
        feed = [] if _NO_ARTICLES in str(document.get("Information")) else document.get("feed")
        articles = records_of(feed, self.name, "NEWS_SENTIMENT")
        reading = self._reading(request)
        rows = [rows_of.article(row, rows_of.theirs(request.symbol)) for row in articles]
        return self._payload(within(reading.table(rows, rows_of.NEWS), "published_utc", request), asked, reading)

    def search(self, request: Request) -> Payload:
        """Return instruments that fit the words of the request."""
        asked = {"function": "SYMBOL_SEARCH", "keywords": request.symbol}
        matches = records_of(self._answer_of(asked).get("bestMatches"), self.name, "SYMBOL_SEARCH")
        reading = self._reading(request)
        table = reading.table(matches, rows_of.SEARCH)
        table["symbol"] = table["symbol"].map(rows_of.ours)
        return self._payload(table.head(request.limit or len(table)), asked, reading)

    def listing(self, request: Request) -> Payload:
        """Return US listings, delisted names included; as of `request.end` where it is given."""
        if request.end is not None and request.end < _FIRST_LISTING:
            raise DataError(
                f"alphavantage knows listings from {_FIRST_LISTING} on, asked for {request.end.astype('datetime64[D]')}; "
                "ask for a later day"
            )
        day = None if request.end is None else str(request.end.astype("datetime64[D]"))
        rows = [
            {**row, "is_active": str(state == "active").lower()}
            for state in ("active", "delisted")
            for row in self._listed(state, day)
        ]
        reading = self._reading(request)
        table = reading.table(rows, rows_of.LISTING)
        table["symbol"] = table["symbol"].map(rows_of.ours)
        return self._payload(table, {"function": "LISTING_STATUS", "date": day}, reading)

    def _payload(self, table: pd.DataFrame, asked: Mapping[str, str | None], reading: Reading) -> Payload:
        return Payload(table=table, source=self._source(_PATH, **asked), notes=reading.notes())

    @property
    def _is_free(self) -> bool:
        return self.plan.name == "free"

    def _daily(self, request: Request) -> Payload:
        function = "TIME_SERIES_DAILY" if self._is_free else "TIME_SERIES_DAILY_ADJUSTED"
        size = "compact" if rows_of.is_recent(request) else "full"
        rows = self._series(request.symbol, function, "Time Series (Daily)", outputsize=size)
        fields = rows_of.DAY if self._is_free else rows_of.ADJUSTED_DAY
        reading = self._reading(request)
        table = reading.table(rows, fields)
        companions: dict[str, pd.DataFrame] = {}
        if not self._is_free:
            evidence = table[["ts", "adjusted"]].rename(columns={"adjusted": "close"})
            companions = {"actions": rows_of.actions_of(table), "adjusted": within(evidence, "ts", request)}
            table = table.drop(columns=["adjusted", "cash", "ratio"])
        return Payload(
            table=within(table, "ts", request),
            companions=companions,
            delay=self.plan.delay,
            settle=SETTLE_SHARES,
            source=self._source(_PATH, function=function, symbol=rows_of.theirs(request.symbol), outputsize=size),
            notes=reading.notes() + ((_NO_ACTIONS,) if self._is_free else ()),
        )

    def _intraday(self, request: Request) -> Payload:
        import pandas as pd

        asked = {
            "interval": request.interval,
            "adjusted": "false",
            "extended_hours": "true" if request.session == "extended" else "false",
            "outputsize": "full",
        }
        reading = self._reading(request)
        key = f"Time Series ({request.interval})"
        months = rows_of.months(request)
        answers = [self._series(request.symbol, "TIME_SERIES_INTRADAY", key, month=month, **asked) for month in months]
        parts = [reading.table(rows, rows_of.INTRADAY) for rows in answers]
        return Payload(
            table=within(pd.concat(parts, ignore_index=True), "ts", request),
            delay=self.plan.delay,
            source=self._source(_PATH, function="TIME_SERIES_INTRADAY", symbol=rows_of.theirs(request.symbol), **asked),
            notes=reading.notes(),
        )

    def _series(self, symbol: str, function: str, key: str, **asked: str | None) -> list[dict[str, Any]]:
        """Return the rows of a time series, each with its stamp: a date, or an aware instant of an intraday bar."""
        document = self._answer_of({"function": function, "symbol": rows_of.theirs(symbol), **asked})
        series = document.get(key)
        if not isinstance(series, dict) or not all(isinstance(row, dict) for row in series.values()):
            raise self._strange(f"{function} of {symbol}", f"the keys {', '.join(document)}", repr(key))
        if function != "TIME_SERIES_INTRADAY":
            return [{**row, "stamp": stamp} for stamp, row in series.items()]
        zone = rows_of.zone_of(document.get("Meta Data"), symbol)
        return [{**row, "stamp": rows_of.in_zone(stamp, zone)} for stamp, row in series.items()]

    def _listed(self, state: str, day: str | None) -> list[dict[str, Any]]:
        import pandas as pd

        reply = self._get(_PATH, function="LISTING_STATUS", state=state, date=day, apikey=self._key.get_secret_value())
        text = reply.text
        if text.lstrip().startswith("{"):
            self._judge(document_of(self._gate, reply), "LISTING_STATUS")
        try:
            frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        except (pd.errors.ParserError, pd.errors.EmptyDataError):
            frame = pd.DataFrame()
        if {field.name for field in rows_of.LISTING.values()} - {"is_active", *frame.columns}:
            begins = repr(self._quoted(text[:80]))
            raise self._strange("LISTING_STATUS", f"{len(text)} characters beginning {begins}", "CSV of listings")
        return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]

    def _answer_of(self, asked: Mapping[str, str | None]) -> dict[str, Any]:
        document = self._document(_PATH, **asked, apikey=self._key.get_secret_value())
        function = str(asked["function"])
        subject = asked.get("symbol") or asked.get("tickers") or asked.get("keywords")
        if not isinstance(document, dict) or not document:
            found = "an empty object" if document == {} else type(document).__name__
            raise VendorError(
                f"alphavantage answered {function} of {subject} with {found}: it does not know the symbol, or it fails; "
                "look the symbol up with iq.search_symbols, and ask again later"
            )
        self._judge(document, f"{function} of {subject}")
        return document

    def _judge(self, document: dict[str, Any], what: str) -> None:
        """Raise what a message in an answer of HTTP 200 means; refusals and limits come in no other form."""
        if wrong := document.get("Error Message"):
            words = self._quoted(wrong)
            if "apikey" in words:
                raise NotEntitledError(f"alphavantage does not accept the key: {words}; check ALPHAVANTAGE_API_KEY")
            raise UnknownSymbolError(f"alphavantage has no {what}: {words}; look the symbol up with iq.search_symbols")
        told = document.get("Note") or document.get("Information")
        if not told:
            return
        words = self._quoted(told)
        if _NO_ARTICLES in words:
            return
        if "premium endpoint" in words or "demo" in words:
            raise NotEntitledError(f"alphavantage does not include {what} in the plan of this key: {words}")
        if "Note" in document or any(sign in words for sign in ("rate limit", "per second", "per day", "per minute")):
            raise self._spent(words, rows_of.retry_at(words))
        if "Invalid inputs" in words:
            raise UnknownSymbolError(f"alphavantage has no {what}: {words}; look the symbol up with iq.search_symbols")
        raise VendorError(f"alphavantage did not answer {what}: {words}")


def from_settings(settings: Settings) -> AlphaVantage | None:
    """Return the provider, or None where no key is configured."""
    if settings.alphavantage_api_key is None:
        return None
    return AlphaVantage(
        settings.alphavantage_api_key, plan=settings.alphavantage_plan, base_url=settings.alphavantage_url
    )
