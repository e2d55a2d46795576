"""Records of Alpaca in canonical columns: actions, news, options, snapshots, listings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import UnknownSymbolError
from investiq.core.notes import Note
from investiq.market.vendors.reading import Field, Reading, with_newest
from investiq.market.vendors.values import day, number, text
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BARS", "Groups", "actions", "earlier_name", "listing", "news", "options", "snapshot"]

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
BARS: Final = {
    "ts": Field("t", "instant"),
    "open": Field("o", "number"),
    "high": Field("h", "number"),
    "low": Field("l", "number"),
    "close": Field("c", "number"),
    "volume": Field("v", "number"),
    "vwap": Field("vw", "number"),
    "trades": Field("n", "number"),
}
_ACTIONS: Final = {
    "kind": Field("kind", "text"),
    "ex_date": Field("ex_date", "date"),
    "ratio": Field("ratio", "number"),
    "cash": Field("cash", "number"),
    "currency": Field("currency", "text"),
    "record_date": Field("record_date", "date"),
    "pay_date": Field("payable_date", "date"),
    "id": Field("id", "text"),
}
_NEWS: Final = {
    "id": Field("id", "text"),
    "title": Field("headline", "text"),
    "published_utc": Field("created_at", "instant"),
    "publisher": Field("source", "text"),
    "author": Field("author", "text"),
    "url": Field("url", "text"),
    "description": Field("summary", "text"),
    "tickers": Field("symbols", "texts"),
}
_OPTIONS: Final = {
    "contract": Field("contract", "text"),
    "contract_type": Field("contract_type", "text"),
    "strike": Field("strike", "number"),
    "expiration": Field("expiration", "date"),
    "bid": Field("latestQuote/bp", "price"),
    "ask": Field("latestQuote/ap", "price"),
    "last": Field("latestTrade/p", "price"),
    "implied_volatility": Field("impliedVolatility", "number"),
    **{name: Field(f"greeks/{name}", "number") for name in ("delta", "gamma", "theta", "vega")},
}
_SNAPSHOT: Final = {
    "last": Field("latestTrade/p", "price"),
    "last_at": Field("latestTrade/t", "instant"),
    "bid": Field("latestQuote/bp", "price"),
    "ask": Field("latestQuote/ap", "price"),
    "quote_at": Field("latestQuote/t", "instant"),
    "minute_close": Field("minuteBar/c", "price"),
    "minute_at": Field("minuteBar/t", "instant"),
    "day_open": Field("dailyBar/o", "price"),
    "day_high": Field("dailyBar/h", "price"),
    "day_low": Field("dailyBar/l", "price"),
    "day_close": Field("dailyBar/c", "price"),
    "day_volume": Field("dailyBar/v", "number"),
    "day_at": Field("dailyBar/t", "instant"),
    "previous_close": Field("prevDailyBar/c", "price"),
    "previous_date": Field("prevDailyBar/t", "date"),
}
_LISTING: Final = {
    "symbol": Field("symbol", "symbol"),
    "name": Field("name", "text"),
    "exchange": Field("exchange", "text"),
    "is_active": Field("is_active", "boolean"),
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
    reading = Reading("actions", "alpaca", names[0])
    rows: list[Mapping[str, Any]] = []
    notes: list[Note] = []
    for group, events in found.items():
        for event in events:
            if group in ("forward_splits", "reverse_splits"):
                rows += _split(reading, event)
            elif group == "stock_dividends":
                rows.append({**event, "kind": "stock_dividend", "ratio": event.get("rate")})
            elif group == "cash_dividends":
                is_regular = event.get("special") is False
                kind = "dividend" if is_regular else "special_dividend"
                rows.append({**event, "kind": kind, "cash": event.get("rate"), "currency": "USD"})
                notes += _untyped(event)
            elif group == "spin_offs":
                rows += _spin_off(event, names)
            elif group == "name_changes":
                changes, remarks = _change(event, names)
                rows += changes
                notes += remarks
            elif group == "worthless_removals":
                notes.append(_worthless(event))
            elif group in _ENDINGS:
                kind, owner, date = _ENDINGS[group]
                if event.get(owner) in names:
                    rows.append({**event, "kind": kind, "ex_date": event.get(date)})
            else:
                reading.refuse(f"of the unknown kind {group}")
    table = reading.table(rows, _ACTIONS)
    if end is not None:
        table = table[table["ex_date"].dt.tz_localize(None) <= end].reset_index(drop=True)
    return table, (*reading.notes(), *notes)


def _split(reading: Reading, event: dict[str, Any]) -> list[Mapping[str, Any]]:
    after, before = number(event.get("new_rate")), number(event.get("old_rate"))
    if not (after > 0 and before > 0):
        reading.refuse("a split without both numbers of its ratio")
        return []
    return [{**event, "kind": "split", "ratio": after / before}]


def _untyped(event: dict[str, Any]) -> list[Note]:
    """Return a note if a payment is not said to be regular or special; it counts as special."""
    if isinstance(event.get("special"), bool):
        return []
    words = f"alpaca does not say whether the payment of {event.get('ex_date')} is regular; it counts as special"
    return [Note(code="untyped_dividend", text=words, rows=1, event=text(event.get("ex_date")))]


def _spin_off(event: dict[str, Any], names: Sequence[str]) -> list[Mapping[str, Any]]:
    if event.get("source_symbol") not in names:
        return []
    received, held = number(event.get("new_rate")), number(event.get("source_rate"))
    return [{**event, "kind": "spin_off", "ratio": received / held if held > 0 else None}]


def _change(event: dict[str, Any], names: Sequence[str]) -> tuple[list[Mapping[str, Any]], list[Note]]:
    before, after, when = event.get("old_symbol"), event.get("new_symbol"), text(event.get("process_date"))
    if before == after or not {before, after} & set(names):
        return [], []
    words = f"{after} was {before} before {when}; alpaca's bars of {after} run through the change"
    note = Note(code="symbol_change", text=words, rows=1, severity="info", event=when)
    return [{"kind": "symbol_change", "ex_date": when, "id": f"{before}->{after}"}], [note]


def _worthless(event: dict[str, Any]) -> Note:
    when = text(event.get("process_date"))
    words = (
        f"{event.get('symbol')} was removed as worthless on {when}: a holder lost the whole value, which no bar shows"
    )
    return Note(code="worthless_removal", text=words, rows=1, event=when)


def news(found: list[dict[str, Any]]) -> Told:
    """Return articles, published when they were created, not when they were last edited."""
    reading = Reading("news", "alpaca")
    return reading.table(found, _NEWS), reading.notes()


def options(found: dict[str, dict[str, Any]], limit: int | None) -> Told:
    """Return one row a contract, all as of the moment of the answer; Alpaca gives no volume and no open interest."""
    reading = Reading("options", "alpaca")
    rows: list[Mapping[str, Any]] = []
    for contract, values in list(found.items())[:limit]:
        parts = _OCC.fullmatch(contract)
        if parts is None:
            reading.refuse("with a symbol that is no option's")
            continue
        year, month, date = parts[2][:2], parts[2][2:4], parts[2][4:]
        told = {
            "contract": contract,
            "contract_type": "call" if parts[3] == "C" else "put",
            "strike": int(parts[4]) / 1000,
            "expiration": f"20{year}-{month}-{date}",
        }
        rows.append({**values, **told})
    table = reading.table(rows, _OPTIONS).assign(ts=clock.now())
    notes = list(reading.notes())
    if limit is not None and len(found) > limit:
        words = f"a part of the chain: the first {limit} of {len(found)} contracts were asked for; sums over them are not the chain's"
        notes.append(Note(code="partial_chain", text=words, rows=limit))
    return table, tuple(notes)


def snapshot(found: dict[str, Any] | None, symbol: str) -> Told:
    """Return the newest values, each with its own moment; the day's bar may be an earlier day's, as `day_at` says."""
    if not found:
        raise UnknownSymbolError(f"alpaca has no snapshot of {symbol}; check the symbol")
    reading = Reading("snapshot", "alpaca", symbol)
    table = reading.table([found], _SNAPSHOT)
    table = with_newest(table, ("last_at", "quote_at", "minute_at"), reading)
    return table.assign(symbol=symbol, currency="USD"), reading.notes()


def listing(found: list[dict[str, Any]]) -> Told:
    """Return assets; Alpaca tells no instrument type and no dates of listing."""
    once: dict[tuple[object, object], Mapping[str, Any]] = {}
    for asset in found:
        status = asset.get("status")
        is_active = None if status is None else status == "active"
        once.setdefault((text(asset.get("symbol")), status), {**asset, "is_active": is_active})
    reading = Reading("listing", "alpaca")
    table = reading.table(list(once.values()), _LISTING).assign(currency="USD")
    shared = len(found) - len(once)
    if not shared:
        return table, reading.notes()
    words = f"{shared} assets share symbol and status with another, mostly old names given again; each such symbol is listed once"
    return table, (*reading.notes(), Note(code="shared_symbols", text=words, rows=shared, severity="info"))
