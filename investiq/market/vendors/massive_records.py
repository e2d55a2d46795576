"""Records of Massive in canonical columns: actions, news, options, insiders, short interest, snapshots, listings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from investiq.core import calendar as calendars
from investiq.core.errors import MissingDependencyError
from investiq.core.notes import Note
from investiq.market.contract import Request
from investiq.market.vendors.reading import Field, Reading, with_newest, within
from investiq.market.vendors.sessions import CALENDAR
from investiq.market.vendors.values import day, number
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.vendors.massive_client import Connection

__all__ = [
    "BARS",
    "FIRST_DAY",
    "actions",
    "filings_of",
    "insiders",
    "listing",
    "news",
    "options",
    "short_interest",
    "snapshot",
]

# The vendor's first day of trades and quotes.
FIRST_DAY: Final = datetime(2003, 9, 10, tzinfo=UTC)
# "CD" of the older endpoint, "recurring" of the newer; whatever else it is, it is no regular dividend.
_REGULAR: Final = ("CD", "recurring")
_NAMED_SPECIAL: Final = ("SC", "special", "supplemental", "irregular", "LT", "ST")
# FINRA publishes some 8 business days after settlement, in 2021 to 2024 never later; the vendor names no date.
_PUBLISHED_AFTER_SESSIONS: Final = 8

BARS: Final = {
    "ts": Field("timestamp", "milliseconds"),
    **{name: Field(name, "number") for name in ("open", "high", "low", "close", "volume", "vwap")},
    "trades": Field("transactions", "number"),
}
_SPLITS: Final = {
    "ex_date": Field("execution_date", "date"),
    "new_shares": Field("split_to", "factor", is_required=True),
    "old_shares": Field("split_from", "factor", is_required=True),
    "type": Field("adjustment_type", "text"),
    "id": Field("id", "text"),
}
_PAYMENTS: Final = {
    "ex_date": Field("ex_dividend_date", "date"),
    "cash": Field("cash_amount", "number"),
    "currency": Field("currency", "text"),
    "declared_at": Field("declaration_date", "date"),
    "record_date": Field("record_date", "date"),
    "pay_date": Field("pay_date", "date"),
    "frequency": Field("frequency", "number"),
    "id": Field("id", "text"),
    # Of the newer endpoint and of the older.
    "type": Field("distribution_type", "text"),
    "older_type": Field("dividend_type", "text"),
}
_CHANGES: Final = {"kind": Field("kind", "text"), "ex_date": Field("ex_date", "date"), "id": Field("id", "text")}
_NEWS: Final = {
    "id": Field("id", "text"),
    "title": Field("title", "text"),
    "published_utc": Field("published_utc", "instant"),
    "publisher": Field("publisher/name", "text"),
    "author": Field("author", "text"),
    "url": Field("article_url", "text"),
    "description": Field("description", "text"),
    "keywords": Field("keywords", "texts"),
    "tickers": Field("tickers", "texts"),
    "vendor_sentiment": Field("opinion", "text"),
}
_OPTIONS: Final = {
    "contract": Field("details/ticker", "text"),
    "contract_type": Field("details/contract_type", "text"),
    "strike": Field("details/strike_price", "number"),
    "expiration": Field("details/expiration_date", "date"),
    "bid": Field("last_quote/bid", "price"),
    "ask": Field("last_quote/ask", "price"),
    "last": Field("last_trade/price", "price"),
    "volume": Field("day/volume", "number"),
    "open_interest": Field("open_interest", "number"),
    "implied_volatility": Field("implied_volatility", "number"),
    **{name: Field(f"greeks/{name}", "number") for name in ("delta", "gamma", "theta", "vega")},
    "underlying_price": Field("underlying_asset/price", "price"),
    "shares_per_contract": Field("details/shares_per_contract", "number"),
}
_INSIDERS: Final = {
    "filed_at": Field("filing_date", "date"),
    "transaction_date": Field("transaction_date", "date"),
    "name": Field("owner_name", "text"),
    "title": Field("title", "text"),
    "code": Field("transaction_code", "text"),
    "shares": Field("transaction_shares", "size"),
    "price": Field("transaction_price_per_share", "number"),
    "value": Field("transaction_value", "size"),
    "shares_after": Field("shares_owned_following_transaction", "number"),
    "is_planned": Field("aff_10b5_one", "boolean"),
    "id": Field("accession_number", "text"),
}
_SHORT_INTEREST: Final = {
    "settlement_date": Field("settlement_date", "date"),
    "short_interest": Field("short_interest", "number"),
    "average_daily_volume": Field("avg_daily_volume", "number"),
    "days_to_cover": Field("days_to_cover", "number"),
}
_SNAPSHOT: Final = {
    "last": Field("last_trade/price", "price"),
    "last_at": Field("last_trade/sip_timestamp", "nanoseconds"),
    "bid": Field("last_quote/bid_price", "price"),
    "ask": Field("last_quote/ask_price", "price"),
    "quote_at": Field("last_quote/sip_timestamp", "nanoseconds"),
    "minute_close": Field("min/close", "price"),
    "minute_at": Field("min/timestamp", "milliseconds"),
    "day_open": Field("day/open", "price"),
    "day_high": Field("day/high", "price"),
    "day_low": Field("day/low", "price"),
    "day_close": Field("day/close", "price"),
    "day_volume": Field("day/volume", "number"),
    "day_at": Field("day_at", "nanoseconds"),
    "updated": Field("updated", "nanoseconds"),
    "previous_close": Field("prev_day/close", "price"),
}
_LISTING: Final = {
    "symbol": Field("ticker", "symbol"),
    "name": Field("name", "text"),
    "exchange": Field("primary_exchange", "text"),
    "type": Field("type", "text"),
    "currency": Field("currency_name", "text"),
    "is_active": Field("active", "boolean"),
    "delisted_at": Field("delisted_utc", "date"),
}

Told = tuple["pd.DataFrame", tuple[Note, ...]]


def actions(splits: list[Any], dividends: list[Any], events: list[dict[str, Any]], request: Request) -> Told:
    """Return splits, payments and changes of the symbol; `events` are those of the ticker, of all times."""
    import pandas as pd

    reading = Reading("actions", "massive", request.symbol)
    rows, remarks = _changes(events, request)
    if not (splits or dividends or rows):
        return reading.table([], _CHANGES), tuple(remarks)
    split = reading.table(splits, _SPLITS)
    in_shares = split["type"] == "stock_dividend"
    split["kind"] = np.where(in_shares, "stock_dividend", "split")
    split["ratio"] = split["new_shares"] / split["old_shares"] - in_shares
    paid = reading.table(dividends, _PAYMENTS)
    named = paid["type"].fillna(paid["older_type"])
    paid["kind"] = np.where(named.isin(_REGULAR), "dividend", "special_dividend")
    notes = list(reading.notes())
    if untyped := int((~named.isin((*_REGULAR, *_NAMED_SPECIAL))).sum()):
        words = f"massive gives no known type for {untyped} payments of {request.symbol}; they count as special, not as regular"
        notes.append(Note(code="untyped_dividend", text=words, rows=untyped))
    table = pd.concat([split, paid, reading.table(rows, _CHANGES)], ignore_index=True)
    return table.drop(columns=["type", "older_type", "new_shares", "old_shares"]), (*notes, *remarks)


def _changes(events: list[dict[str, Any]], request: Request) -> tuple[list[Mapping[str, Any]], list[Note]]:
    """Return the changes of the symbol inside the range; the note says whose bars lie before the last one."""
    named = sorted(
        (str(day(event.get("date"))), str((event.get("ticker_change") or {}).get("ticker")))
        for event in events
        if event.get("type") == "ticker_change" and not np.isnat(day(event.get("date")))
    )
    rows: list[Mapping[str, Any]] = []
    notes = []
    for (_, before), (when, after) in pairwise(named):
        ex_date = np.datetime64(when, "us")
        if (request.start is not None and ex_date < request.start) or (
            request.end is not None and ex_date > request.end
        ):
            continue
        rows.append({"kind": "symbol_change", "ex_date": when, "id": f"{before}->{after}"})
        words = (
            f"{after} was {before} before {when[:10]}: massive keeps bars under the symbol of their day, so that those of "
            f"{after} before that date are of another share or missing; load {before} for them"
        )
        notes.append(Note(code="symbol_change", text=words, rows=1, event=when[:10]))
    return rows, notes


def news(found: list[Any], request: Request) -> Told:
    """Return articles; the vendor's sentiment is that for the symbol asked for, apart from ours."""
    rows = []
    for article in found:
        opinions = [each.sentiment for each in article.insights or [] if each.ticker == request.symbol]
        rows.append({**vars(article), "opinion": opinions[0] if opinions else None})
    reading = Reading("news", "massive", request.symbol)
    return reading.table(rows, _NEWS), reading.notes()


def options(found: list[Any], request: Request, *, is_partial: bool) -> Told:
    """Return one row a contract, all as of the moment of the answer."""
    reading = Reading("options", "massive", request.symbol)
    table = reading.table(found, _OPTIONS).assign(ts=clock.now())
    # The OCC symbol without the vendor's prefix.
    table["contract"] = table["contract"].str.removeprefix("O:")
    notes = list(reading.notes())
    if is_partial:
        words = f"a part of the chain: its first {len(found)} contracts were asked for and there are more; sums over them are not the chain's"
        notes.append(Note(code="partial_chain", text=words, rows=len(found)))
    return table, tuple(notes)


def filings_of(connection: Connection) -> Any:
    """Return the client's method that lists filings of Form 4.

    Raises
    ------
    MissingDependencyError
        If only the client of the old name is installed, which has none.
    """
    method = getattr(connection.client, "list_stocks_filings_form_4", None)
    if method is None:
        raise MissingDependencyError("massive", "data", "insider transactions from Massive")
    return method


def insiders(found: list[Any], request: Request) -> Told:
    """Return the transactions, holdings left out, of the range asked for; planned ones (rule 10b5-1) are marked."""
    rows = [
        {**vars(each), "title": each.officer_title or ("Director" if each.is_director else None)}
        for each in found
        if each.record_type != "holding" and each.transaction_code
    ]
    reading = Reading("insiders", "massive", request.symbol)
    table = reading.table(rows, _INSIDERS)
    return within(table, "transaction_date", request), reading.notes()


def short_interest(found: list[Any], request: Request) -> Told:
    """Return short interest with the publication date by rule, since the vendor gives none."""
    reading = Reading("short_interest", "massive", request.symbol)
    table = reading.table(found, _SHORT_INTEREST)
    settled = table["settlement_date"].dt.tz_localize(None).to_numpy()
    ends = calendars.nth_session_close(CALENDAR, settled, _PUBLISHED_AFTER_SESSIONS)
    days = ends.astype("datetime64[D]").astype("datetime64[us]")
    table = table.assign(publication_date=days)
    table["publication_date"] = table["publication_date"].dt.tz_localize("UTC")
    words = (
        f"massive gives no publication dates; each is the {_PUBLISHED_AFTER_SESSIONS}th {CALENDAR} session after settlement, "
        "the latest that FINRA's calendar leads to"
    )
    dated = (Note(code="publication_by_rule", text=words, rows=len(table), severity="info"),) if len(table) else ()
    return table, reading.notes() + dated


def snapshot(found: Any, symbol: str) -> Told:
    """Return the newest values, each with its own moment; a zero, as every day begins with, is missing."""
    reading = Reading("snapshot", "massive", symbol)
    has_day = found.day is not None and number(found.day.close) > 0
    of_day = {"day": found.day, "day_at": found.updated} if has_day else {"day": None}
    table = reading.table([{**vars(found), **of_day}], _SNAPSHOT)
    table = with_newest(table, ("updated", "last_at", "quote_at", "minute_at"), reading)
    table = table.drop(columns="updated").assign(symbol=found.ticker or symbol, currency="USD")
    return table, reading.notes()


def listing(found: list[Any], dataset: Literal["search", "listing"]) -> Told:
    """Return tickers with their type; share classes such as BRK.B are among them."""
    reading = Reading(dataset, "massive")
    table = reading.table(found, _LISTING)
    table["currency"] = table["currency"].str.upper()
    return table if dataset == "listing" else table.drop(columns="delisted_at"), reading.notes()
