"""Twelve Data: bars as traded in UTC, splits and dividends unadjusted, listings and search."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

import numpy as np

from investiq.core.calendar import SESSIONS_PER_YEAR
from investiq.core.errors import DataError, NotEntitledError, UnknownSymbolError, VendorError
from investiq.core.types import Interval
from investiq.market.building import SETTLE_SHARES
from investiq.market.contract import Capabilities, Payload, Request
from investiq.market.vendors.keyed import KeyedVendor
from investiq.market.vendors.reading import Field, Reading, records_of, within
from investiq.market.vendors.splits import action_table
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.runtime.settings import Settings

__all__ = ["TwelveData", "from_settings"]

_PAGE: Final = 5000
_INTERVALS: Final[dict[Interval, str]] = {
    "1min": "1min",
    "5min": "5min",
    "15min": "15min",
    "30min": "30min",
    "60min": "1h",
    "1d": "1day",
}
_BARS: Final = {
    "open": Field("open", "number"),
    "high": Field("high", "number"),
    "low": Field("low", "number"),
    "close": Field("close", "number"),
    "volume": Field("volume", "number"),
}
_DAILY: Final = {"ts": Field("datetime", "date"), **_BARS}
_INTRADAY: Final = {"ts": Field("stamp", "instant"), **_BARS}
_SPLITS: Final = {
    "ex_date": Field("date", "date"),
    "new": Field("from_factor", "factor", is_required=True),
    "old": Field("to_factor", "factor", is_required=True),
}
_DIVIDENDS: Final = {"ex_date": Field("ex_date", "date"), "cash": Field("amount", "number", is_required=True)}
_SEARCH: Final = {
    "symbol": Field("symbol", "symbol"),
    "name": Field("instrument_name", "text"),
    "exchange": Field("mic_code", "text"),
    "type": Field("instrument_type", "text"),
    "currency": Field("currency", "text"),
}
_LISTING: Final = {**_SEARCH, "name": Field("name", "text"), "type": Field("type", "text")}
# Venues of US shares and the segments of Nasdaq keep the hours of New York's exchange.
_US_VENUES: Final = frozenset({"XNYS", "XNAS", "XNGS", "XNMS", "XNCM", "ARCX", "XASE", "BATS", "CBSX"})


class TwelveData(KeyedVendor):
    """Twelve Data behind one contract; the key travels in a header, never in an address."""

    name: ClassVar[str] = "twelvedata"
    address: ClassVar[str] = "https://api.twelvedata.com"
    capabilities: ClassVar[Capabilities] = Capabilities(
        datasets=frozenset({"bars", "actions", "search", "listing"}),
        intervals=tuple(_INTERVALS),
        is_production_ready=True,
        supports_universe=True,
        supports_active_universe=True,
        supports_corp_actions=True,
        supports_intraday_bars=True,
    )

    def bars(self, request: Request) -> Payload:
        """Return bars as traded, page by page back to the start."""
        import pandas as pd

        if request.session == "extended":
            raise self._refuse_extended("it gives those hours without volume, and on its larger plans only")
        is_daily = request.interval == "1d"
        asked = {
            "symbol": request.symbol,
            "interval": _INTERVALS[request.interval],
            "timezone": "UTC",
            "adjust": "none",
        }
        reading = self._reading(request)
        parts, meta = self._pages(request, asked, reading)
        table = within(pd.concat(parts, ignore_index=True), "ts", request)
        source = self._source("/time_series", **asked)
        if meta is None:
            return Payload(table=table, source=source, notes=reading.notes())
        return Payload(
            table=table,
            currency=str(meta.get("currency") or "USD"),
            calendar=_calendar(meta, request.symbol),
            delay=self.plan.delay,
            settle=SETTLE_SHARES if is_daily else timedelta(0),
            source=source,
            notes=reading.notes(),
        )

    def actions(self, request: Request) -> Payload:
        """Return splits and dividends; amounts are per share as traded on the ex-date."""
        asked = {"symbol": request.symbol, "range": "full"}
        split_rows = self._asked("/splits", **asked)
        paid_rows = self._asked("/dividends", **asked, adjust="false")
        reading = self._reading(request)
        splits = reading.table(records_of(split_rows.get("splits"), self.name, "/splits"), _SPLITS)
        paid = reading.table(records_of(paid_rows.get("dividends"), self.name, "/dividends"), _DIVIDENDS)
        currency = str((paid_rows.get("meta") or {}).get("currency") or "USD")
        table = action_table(splits.assign(ratio=splits["new"] / splits["old"]), paid, currency)
        source = self._source("/splits and /dividends", **asked)
        return Payload(table=within(table, "ex_date", request), source=source, notes=reading.notes())

    def search(self, request: Request) -> Payload:
        """Return instruments that fit the words of the request."""
        asked = {"symbol": request.symbol, "outputsize": str(min(request.limit or 30, 120))}
        found = records_of(self._asked("/symbol_search", **asked).get("data"), self.name, "/symbol_search")
        reading = self._reading(request)
        table = reading.table(found, _SEARCH)
        return Payload(table=table, source=self._source("/symbol_search", **asked), notes=reading.notes())

    def listing(self, request: Request) -> Payload:
        """Return the US shares listed today; delisted names are not among them."""
        asked = {"country": "United States"}
        rows = records_of(self._asked("/stocks", **asked).get("data"), self.name, "/stocks")
        reading = self._reading(request)
        table = reading.table(rows, _LISTING)
        table = table[table["currency"] == "USD"].assign(is_active="true").reset_index(drop=True)
        return Payload(table=table, source=self._source("/stocks", **asked), notes=reading.notes())

    def _headers(self, secret: str) -> dict[str, str]:
        return {"Authorization": f"apikey {secret}"}

    def _pages(
        self, request: Request, asked: Mapping[str, str], reading: Reading
    ) -> tuple[list[pd.DataFrame], dict[str, Any] | None]:
        """Return tables, newest first, back to the start, and what was said of the instrument."""
        is_daily = request.interval == "1d"
        fields = _DAILY if is_daily else _INTRADAY
        step = np.timedelta64(1, "D") if is_daily else np.timedelta64(1, "m")
        # Whether the last stamp counts is not documented: one step more is asked for, and cut off again.
        end = None if request.end is None else request.end + step
        tables: list[pd.DataFrame] = [reading.table([], fields)]
        meta: dict[str, Any] | None = None
        while True:
            document = self._asked(
                "/time_series", **asked, outputsize=str(_PAGE), start_date=_stamp(request.start), end_date=_stamp(end)
            )
            rows = records_of(document.get("values", []), self.name, "/time_series")
            meta = document.get("meta") or meta
            page = reading.table([{**row, "stamp": f"{row.get('datetime')}+00:00"} for row in rows], fields)
            tables.append(page)
            if len(rows) < _PAGE or sum(map(len, tables)) >= (request.limit or np.inf):
                return tables, meta
            oldest = page["ts"].min().tz_convert(None).to_datetime64().astype("datetime64[us]")
            if end is not None and oldest >= end:
                raise VendorError(
                    f"twelvedata repeats the page that ends with {oldest} of {request.symbol}: the history cannot be completed"
                )
            end = oldest

    def _asked(self, path: str, **parameters: str | None) -> dict[str, Any]:
        document = self._document(path, **parameters)
        if not isinstance(document, dict):
            raise self._strange(path, type(document).__name__, "an object")
        if document.get("status") == "error":
            words = self._quoted(document.get("message"))
            # Said of a range without bars, under the code of a wrong parameter.
            if document.get("code") in (400, 404) and "No data is available" in words:
                return {}
            self._raise(document.get("code"), words, f"{path} of {parameters.get('symbol') or 'the US'}")
        return document

    def _raise(self, code: Any, words: str, what: str) -> NoReturn:
        if code in (401, 403):
            raise NotEntitledError(f"twelvedata does not include {what} in the plan of this key: {words}")
        if code == 429:
            # Credits are counted by the minute, and on the free plan by the day too.
            again = None if "day" in words else clock.now() + timedelta(minutes=1)
            raise self._spent(words, again)
        if code == 404 or "symbol" in words:
            raise UnknownSymbolError(f"twelvedata has no {what}: {words}; look the symbol up with iq.search_symbols")
        if code in (400, 414):
            raise DataError(f"twelvedata refuses {what}: {words}")
        raise VendorError(f"twelvedata did not answer {what} (code {code}): {words}")


def from_settings(settings: Settings) -> TwelveData | None:
    """Return the provider, or None where no key is configured."""
    if settings.twelvedata_api_key is None:
        return None
    return TwelveData(settings.twelvedata_api_key, plan=settings.twelvedata_plan, base_url=settings.twelvedata_url)


def _stamp(when: np.datetime64 | None) -> str | None:
    return None if when is None else str(when.astype("datetime64[s]"))


def _calendar(meta: Mapping[str, Any], symbol: str) -> str:
    venue = str(meta.get("mic_code") or "")
    if venue in _US_VENUES:
        return "XNYS"
    if venue in SESSIONS_PER_YEAR:
        return venue
    if meta.get("type") == "Digital Currency":
        return "24/7"
    raise DataError(
        f"twelvedata serves {symbol} of the venue {venue!r} ({meta.get('exchange')}), whose sessions are not known here; "
        "bring its bars as a file with iq.read_bars"
    )
