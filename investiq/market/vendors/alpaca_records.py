"""Records of Alpaca in canonical columns: actions, news, options, snapshots, listings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import UnknownSymbolError
from investiq.core.notes import Note
from investiq.market.vendors.received import NOTHING, Received, day, joined, moment, number, text
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Groups", "actions", "earlier_name", "listing", "news", "options", "snapshot"]

Groups = dict[str, list[dict[str, Any]]]
Told = tuple["pd.DataFrame", tuple[Note, ...]]

# Root, expiration (yymmdd), call or put, strike in thousandths.
_OCC: Final = re.compile(r"([A-Z0-9.]{1,6}?)(\d{6})([CP])(\d{8})")
# Vendor's group to our kind and the field that holds the symbol whose holders it concerns.
_ENDINGS: Final = {
    "unit_splits": ("unit_split", "old_symbol", "effective_date"),
    "cash_mergers": ("merger", "acquiree_symbol", "effective_date"),
    "stock_mergers": ("merger", "acquiree_symbol", "effective_date"),
    "stock_and_cash_mergers": ("merger", "acquiree_symbol", "effective_date"),
    "redemptions": ("redemption", "symbol", "process_date"),
    "rights_distributions": ("rights", "source_symbol", "ex_date"),
}


def earlier_name(found: Groups, symbol: str) -> tuple[str, np.datetime64] | None:
    """Return the symbol that the share of `symbol` had before, and the date of the change, if it had another."""
    changes = [
        (day(event.get("process_date")), str(event.get("old_symbol")))
        for event in found.get("name_changes", [])
        if event.get("new_symbol") == symbol and event.get("old_symbol") not in (symbol, None)
    ]
    dated = [(when, before) for when, before in changes if not np.isnat(when)]
    if not dated:
        return None
    when, before = max(dated)
    return before, when


def actions(found: Groups, names: Sequence[str], end: np.datetime64 | None) -> Told:
    """Return the events of holders of a share; what concerns the other side of a merger only is left out.

    Alpaca gives no declaration dates, so that none is known before its ex-date.

    Parameters
    ----------
    found : dict of str to list
        The vendor's groups of events.
    names : sequence of str
        The symbol asked for, then those that the share had before.
    end : datetime64, optional
        Last ex-date wanted.
    """
    rows = Received("actions", "alpaca")
    notes: list[Note] = []
    for group, events in found.items():
        for event in events:
            if group in ("forward_splits", "reverse_splits"):
                _add_split(rows, event)
            elif group == "stock_dividends":
                rows.add(kind="stock_dividend", ratio=number(event.get("rate")), **_dates(event))
            elif group == "cash_dividends":
                notes += _add_cash(rows, event)
            elif group == "spin_offs":
                _add_spin_off(rows, event, names)
            elif group == "name_changes":
                notes += _add_change(rows, event, names)
            elif group == "worthless_removals":
                notes.append(_worthless(event))
            elif group in _ENDINGS:
                kind, owner, date = _ENDINGS[group]
                if event.get(owner) in names:
                    rows.add(kind=kind, **{**_dates(event), "ex_date": day(event.get(date))})
            else:
                rows.refuse(f"of the unknown kind {group}")
    table = rows.table()
    if end is not None:
        table = table[table["ex_date"].dt.tz_localize(None) <= end].reset_index(drop=True)
    return table, (*rows.notes(), *notes)


def _dates(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "ex_date": day(event.get("ex_date")),
        "record_date": day(event.get("record_date")),
        "pay_date": day(event.get("payable_date")),
        "id": text(event.get("id")),
    }


def _add_split(rows: Received, event: dict[str, Any]) -> None:
    after, before = number(event.get("new_rate")), number(event.get("old_rate"))
    if not (after > 0 and before > 0):
        rows.refuse("a split without both numbers of its ratio")
        return
    rows.add(kind="split", ratio=after / before, **_dates(event))


def _add_cash(rows: Received, event: dict[str, Any]) -> list[Note]:
    """Add a payment; one that is not said to be regular counts as special."""
    is_special = event.get("special")
    rows.add(
        kind="dividend" if is_special is False else "special_dividend",
        cash=number(event.get("rate")),
        currency="USD",
        **_dates(event),
    )
    if isinstance(is_special, bool):
        return []
    words = f"alpaca does not say whether the payment of {event.get('ex_date')} is regular; it counts as special"
    return [Note(code="untyped_dividend", text=words, rows=1, event=text(event.get("ex_date")))]


def _add_spin_off(rows: Received, event: dict[str, Any], names: Sequence[str]) -> None:
    if event.get("source_symbol") not in names:
        return
    received, held = number(event.get("new_rate")), number(event.get("source_rate"))
    rows.add(kind="spin_off", ratio=received / held if held > 0 else float("nan"), **_dates(event))


def _add_change(rows: Received, event: dict[str, Any], names: Sequence[str]) -> list[Note]:
    before, after, when = event.get("old_symbol"), event.get("new_symbol"), text(event.get("process_date"))
    if before == after or not {before, after} & set(names):
        return []
    rows.add(kind="symbol_change", ex_date=day(when), id=f"{before}->{after}")
    words = f"{after} was {before} before {when}; alpaca's bars of {after} run through the change"
    return [Note(code="symbol_change", text=words, rows=1, severity="info", event=when)]


def _worthless(event: dict[str, Any]) -> Note:
    when = text(event.get("process_date"))
    words = (
        f"{event.get('symbol')} was removed as worthless on {when}: a holder lost the whole value, which no bar shows"
    )
    return Note(code="worthless_removal", text=words, rows=1, event=when)


def news(found: list[dict[str, Any]]) -> Told:
    """Return articles, published when they were created, not when they were last edited."""
    rows = Received("news", "alpaca")
    for article in found:
        rows.add(
            id=text(article.get("id")),
            title=text(article.get("headline")),
            published_utc=moment(article.get("created_at")),
            publisher=text(article.get("source")),
            author=text(article.get("author")),
            url=text(article.get("url")),
            description=text(article.get("summary")),
            tickers=joined(article.get("symbols")),
        )
    return rows.table(), rows.notes()


def options(found: dict[str, dict[str, Any]], limit: int | None) -> Told:
    """Return one row a contract, all as of the moment of the answer; Alpaca gives no volume and no open interest."""
    rows = Received("options", "alpaca")
    as_of = np.datetime64(clock.now().replace(tzinfo=None), "us")
    for contract, values in list(found.items())[:limit]:
        parts = _OCC.fullmatch(contract)
        if parts is None:
            rows.refuse("with a symbol that is no option's")
            continue
        quote, greeks = values.get("latestQuote") or {}, values.get("greeks") or {}
        year, month, date = parts[2][:2], parts[2][2:4], parts[2][4:]
        rows.add(
            ts=as_of,
            contract=contract,
            contract_type="call" if parts[3] == "C" else "put",
            strike=int(parts[4]) / 1000,
            expiration=day(f"20{year}-{month}-{date}"),
            bid=_price(quote.get("bp")),
            ask=_price(quote.get("ap")),
            last=_price((values.get("latestTrade") or {}).get("p")),
            implied_volatility=number(values.get("impliedVolatility")),
            **{name: number(greeks.get(name)) for name in ("delta", "gamma", "theta", "vega")},
        )
    notes = list(rows.notes())
    if limit is not None and len(found) > limit:
        words = f"a part of the chain: the first {limit} of {len(found)} contracts were asked for; sums over them are not the chain's"
        notes.append(Note(code="partial_chain", text=words, rows=limit))
    return rows.table(), tuple(notes)


def snapshot(found: dict[str, Any] | None, symbol: str) -> Told:
    """Return the newest values, each with its own moment; the day's bar may be an earlier day's, as `day_at` says."""
    if not found:
        raise UnknownSymbolError(f"alpaca has no snapshot of {symbol}; check the symbol")
    rows = Received("snapshot", "alpaca")
    names = ("latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar")
    trade, quote, minute, today, before = (found.get(name) or {} for name in names)
    last_at, quote_at, minute_at = moment(trade.get("t")), moment(quote.get("t")), moment(minute.get("t"))
    known = [when for when in (last_at, quote_at, minute_at) if not np.isnat(when)]
    rows.add(
        symbol=symbol,
        ts=max(known) if known else NOTHING,
        last=_price(trade.get("p")),
        last_at=last_at,
        bid=_price(quote.get("bp")),
        ask=_price(quote.get("ap")),
        quote_at=quote_at,
        minute_close=_price(minute.get("c")),
        minute_at=minute_at,
        day_open=_price(today.get("o")),
        day_high=_price(today.get("h")),
        day_low=_price(today.get("l")),
        day_close=_price(today.get("c")),
        day_volume=number(today.get("v")),
        day_at=moment(today.get("t")),
        previous_close=_price(before.get("c")),
        previous_date=day(before.get("t")),
        currency="USD",
    )
    return rows.table(), rows.notes()


def listing(found: list[dict[str, Any]]) -> Told:
    """Return assets; Alpaca tells no instrument type and no dates of listing."""
    rows = Received("listing", "alpaca")
    seen: set[tuple[object, object]] = set()
    for asset in found:
        symbol, status = text(asset.get("symbol")), asset.get("status")
        if (symbol, status) in seen:
            continue
        seen.add((symbol, status))
        rows.add(
            symbol=symbol,
            name=text(asset.get("name")),
            exchange=text(asset.get("exchange")),
            currency="USD",
            is_active=None if status is None else str(status == "active").lower(),
        )
    shared = len(found) - len(seen)
    if not shared:
        return rows.table(), rows.notes()
    words = f"{shared} assets share symbol and status with another, mostly old names given again; each such symbol is listed once"
    return rows.table(), (*rows.notes(), Note(code="shared_symbols", text=words, rows=shared, severity="info"))


def _price(value: object) -> float:
    """Return a price, NaN where the vendor wrote zero for none."""
    read = number(value)
    return read if read > 0 else float("nan")
