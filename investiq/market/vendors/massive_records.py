"""Records of Massive in canonical columns: actions, news, options, insiders, short interest, snapshots, listings."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from investiq.core import calendar as calendars
from investiq.core.errors import MissingDependencyError
from investiq.core.notes import Note
from investiq.market.contract import Request
from investiq.market.vendors.received import NOTHING, Received, day, epoch, joined, moment, number, text
from investiq.market.vendors.sessions import CALENDAR
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.vendors.massive_client import Connection

__all__ = ["FIRST_DAY", "actions", "filings_of", "insiders", "listing", "news", "options", "short_interest", "snapshot"]

# The vendor's first day of trades and quotes.
FIRST_DAY: Final = datetime(2003, 9, 10, tzinfo=UTC)
# "CD" of the older endpoint, "recurring" of the newer; whatever else it is, it is no regular dividend.
_REGULAR: Final = ("CD", "recurring")
_NAMED_SPECIAL: Final = ("SC", "special", "supplemental", "irregular", "LT", "ST")
# FINRA publishes some 8 business days after settlement, in 2021 to 2024 never later; the vendor names no date.
_PUBLISHED_AFTER_SESSIONS: Final = 8

Told = tuple["pd.DataFrame", tuple[Note, ...]]


def actions(splits: list[Any], dividends: list[Any], events: list[dict[str, Any]], request: Request) -> Told:
    """Return splits, payments and changes of the symbol; `events` are those of the ticker, of all times."""
    rows = Received("actions", "massive")
    for split in splits:
        _add_split(rows, split)
    untyped = 0
    for paid in dividends:
        kind = getattr(paid, "distribution_type", None) or getattr(paid, "dividend_type", None)
        untyped += kind not in (*_REGULAR, *_NAMED_SPECIAL)
        rows.add(
            kind="dividend" if kind in _REGULAR else "special_dividend",
            ex_date=day(paid.ex_dividend_date),
            cash=number(paid.cash_amount),
            currency=text(paid.currency),
            declared_at=day(paid.declaration_date),
            record_date=day(paid.record_date),
            pay_date=day(paid.pay_date),
            frequency=number(paid.frequency),
            id=text(paid.id),
        )
    changes = _add_changes(rows, events, request)
    notes = list(rows.notes())
    if untyped:
        words = f"massive gives no known type for {untyped} payments of {request.symbol}; they count as special, not as regular"
        notes.append(Note(code="untyped_dividend", text=words, rows=untyped))
    return rows.table(), (*notes, *changes)


def _add_split(rows: Received, split: Any) -> None:
    after, before = number(split.split_to), number(split.split_from)
    if not (after > 0 and before > 0):
        rows.refuse("a split without both numbers of its ratio")
        return
    is_dividend = getattr(split, "adjustment_type", None) == "stock_dividend"
    rows.add(
        kind="stock_dividend" if is_dividend else "split",
        ex_date=day(split.execution_date),
        ratio=after / before - is_dividend,
        id=text(split.id),
    )


def _add_changes(rows: Received, events: list[dict[str, Any]], request: Request) -> list[Note]:
    """Add the changes of the symbol inside the range; the note says whose bars lie before the last one."""
    named = sorted(
        (str(day(event.get("date"))), str((event.get("ticker_change") or {}).get("ticker")))
        for event in events
        if event.get("type") == "ticker_change" and not np.isnat(day(event.get("date")))
    )
    notes = []
    for (_, before), (when, after) in pairwise(named):
        ex_date = np.datetime64(when, "us")
        if (request.start is not None and ex_date < request.start) or (
            request.end is not None and ex_date > request.end
        ):
            continue
        rows.add(kind="symbol_change", ex_date=ex_date, id=f"{before}->{after}")
        words = (
            f"{after} was {before} before {when[:10]}: massive keeps bars under the symbol of their day, so that those of "
            f"{after} before that date are of another share or missing; load {before} for them"
        )
        notes.append(Note(code="symbol_change", text=words, rows=1, event=when[:10]))
    return notes


def news(found: list[Any], request: Request) -> Told:
    """Return articles; the vendor's sentiment is that for the symbol asked for, apart from ours."""
    rows = Received("news", "massive")
    for article in found:
        opinions = [each.sentiment for each in article.insights or [] if each.ticker == request.symbol]
        rows.add(
            id=text(article.id),
            title=text(article.title),
            published_utc=moment(article.published_utc),
            publisher=text(article.publisher.name if article.publisher else None),
            author=text(article.author),
            url=text(article.article_url),
            description=text(article.description),
            keywords=joined(article.keywords),
            tickers=joined(article.tickers),
            vendor_sentiment=text(opinions[0]) if opinions else None,
        )
    return rows.table(), rows.notes()


def options(found: list[Any], *, is_partial: bool) -> Told:
    """Return one row a contract, all as of the moment of the answer."""
    rows = Received("options", "massive")
    as_of = np.datetime64(clock.now().replace(tzinfo=None), "us")
    for each in found:
        details, quote, day_bar, trade = each.details, each.last_quote, each.day, each.last_trade
        greeks, underlying = each.greeks, each.underlying_asset
        rows.add(
            ts=as_of,
            contract=_contract(details.ticker if details else None),
            contract_type=text(details.contract_type if details else None),
            strike=number(details.strike_price if details else None),
            expiration=day(details.expiration_date if details else None),
            bid=_price(quote.bid if quote else None),
            ask=_price(quote.ask if quote else None),
            last=_price(trade.price if trade else None),
            volume=number(day_bar.volume if day_bar else None),
            open_interest=number(each.open_interest),
            implied_volatility=number(each.implied_volatility),
            **{name: number(getattr(greeks, name) if greeks else None) for name in ("delta", "gamma", "theta", "vega")},
            underlying_price=_price(underlying.price if underlying else None),
            shares_per_contract=number(details.shares_per_contract if details else None),
        )
    notes = list(rows.notes())
    if is_partial:
        words = f"a part of the chain: its first {len(found)} contracts were asked for and there are more; sums over them are not the chain's"
        notes.append(Note(code="partial_chain", text=words, rows=len(found)))
    return rows.table(), tuple(notes)


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
    rows = Received("insiders", "massive")
    for each in found:
        if each.record_type == "holding" or not each.transaction_code:
            continue
        when = day(each.transaction_date)
        if _outside(when, request):
            continue
        rows.add(
            filed_at=day(each.filing_date),
            transaction_date=when,
            name=text(each.owner_name),
            title=text(each.officer_title) or ("Director" if each.is_director else None),
            code=text(each.transaction_code),
            shares=number(each.transaction_shares),
            price=number(each.transaction_price_per_share),
            value=number(each.transaction_value),
            shares_after=number(each.shares_owned_following_transaction),
            is_planned=None if each.aff_10b5_one is None else str(bool(each.aff_10b5_one)).lower(),
            id=text(each.accession_number),
        )
    table = rows.table()
    return table if request.limit is None else table.head(request.limit), rows.notes()


def _outside(when: np.datetime64, request: Request) -> bool:
    """Return whether a known date lies outside of the range; an unreadable one is for the row to be refused."""
    before = request.start is not None and bool(when < request.start)
    return before or (request.end is not None and bool(when > request.end))


def short_interest(found: list[Any]) -> Told:
    """Return short interest with the publication date by rule, since the vendor gives none."""
    rows = Received("short_interest", "massive")
    for each in found:
        settled = day(each.settlement_date)
        rows.add(
            settlement_date=settled,
            publication_date=_published(settled),
            short_interest=number(each.short_interest),
            average_daily_volume=number(each.avg_daily_volume),
            days_to_cover=number(each.days_to_cover),
        )
    table = rows.table()
    words = (
        f"massive gives no publication dates; each is the {_PUBLISHED_AFTER_SESSIONS}th {CALENDAR} session after settlement, "
        "the latest that FINRA's calendar leads to"
    )
    dated = (Note(code="publication_by_rule", text=words, rows=len(table), severity="info"),) if len(table) else ()
    return table, rows.notes() + dated


def _published(settled: np.datetime64) -> np.datetime64:
    if np.isnat(settled):
        return NOTHING
    ends = calendars.nth_session_close(CALENDAR, np.array([settled]), _PUBLISHED_AFTER_SESSIONS)
    return np.datetime64(ends[0].astype("datetime64[D]"), "us")


def snapshot(found: Any, symbol: str) -> Told:
    """Return the newest values, each with its own moment; a zero, as every day begins with, is missing."""
    rows = Received("snapshot", "massive")
    today, before, minute = found.day, found.prev_day, found.min
    trade, quote = found.last_trade, found.last_quote
    last_at = epoch(trade.sip_timestamp if trade else None, "ns")
    quote_at = epoch(quote.sip_timestamp if quote else None, "ns")
    minute_at = epoch(minute.timestamp if minute else None, "ms")
    updated = epoch(found.updated, "ns")
    known = [when for when in (updated, last_at, quote_at, minute_at) if not np.isnat(when)]
    has_day = today is not None and _price(today.close) > 0
    rows.add(
        symbol=text(found.ticker) or symbol,
        ts=max(known) if known else NOTHING,
        last=_price(trade.price if trade else None),
        last_at=last_at,
        bid=_price(quote.bid_price if quote else None),
        ask=_price(quote.ask_price if quote else None),
        quote_at=quote_at,
        minute_close=_price(minute.close if minute else None),
        minute_at=minute_at,
        day_open=_price(today.open if has_day else None),
        day_high=_price(today.high if has_day else None),
        day_low=_price(today.low if has_day else None),
        day_close=_price(today.close if has_day else None),
        day_volume=number(today.volume if has_day else None),
        day_at=updated if has_day else NOTHING,
        previous_close=_price(before.close if before else None),
        currency="USD",
    )
    return rows.table(), rows.notes()


def listing(found: list[Any], dataset: Literal["search", "listing"]) -> Told:
    """Return tickers with their type; share classes such as BRK.B are among them."""
    rows = Received(dataset, "massive")
    for each in found:
        values: dict[str, Any] = {
            "symbol": text(each.ticker),
            "name": text(each.name),
            "exchange": text(each.primary_exchange),
            "type": text(each.type),
            "currency": (text(each.currency_name) or "").upper() or None,
            "is_active": None if each.active is None else str(bool(each.active)).lower(),
        }
        if dataset == "listing":
            values["delisted_at"] = day(each.delisted_utc)
        rows.add(**values)
    return rows.table(), rows.notes()


def _contract(ticker: object) -> str | None:
    """Return the OCC symbol without the vendor's prefix."""
    written = text(ticker)
    return written.removeprefix("O:") if written else None


def _price(value: object) -> float:
    """Return a price, NaN where the vendor wrote zero for none."""
    read = number(value)
    return read if read > 0 else float("nan")
