"""Yahoo's charts, events and symbols in our terms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from investiq.core.errors import DataError
from investiq.market.stamps import dates_in
from investiq.market.vendors.reading import Field, Reading
from investiq.market.vendors.splits import action_table, later_ratio

if TYPE_CHECKING:
    import pandas as pd
    import requests

NEWS: Final = {
    "id": Field("id", "text"),
    "title": Field("title", "text"),
    "published_utc": Field("pubDate", "instant"),
    "publisher": Field("publisher", "text"),
    "url": Field("url", "text"),
    "description": Field("summary", "text"),
    "tickers": Field("tickers", "text"),
}
QUOTE: Final = {
    "ts": Field("regularMarketTime", "seconds"),
    "last": Field("regularMarketPrice", "price"),
    "last_at": Field("regularMarketTime", "seconds"),
    "day_open": Field("open", "price"),
    "day_high": Field("regularMarketDayHigh", "price"),
    "day_low": Field("regularMarketDayLow", "price"),
    "day_volume": Field("regularMarketVolume", "number"),
    "day_at": Field("regularMarketTime", "seconds"),
    "previous_close": Field("chartPreviousClose", "price"),
    "currency": Field("currency", "text"),
}
SEARCH: Final = {
    "symbol": Field("symbol", "symbol"),
    "name": Field("longname", "text"),
    "exchange": Field("exchange", "text"),
    "type": Field("quoteType", "text"),
}
_SPLITS: Final = {
    "at": Field("date", "seconds", is_required=True),
    "new": Field("numerator", "factor", is_required=True),
    "old": Field("denominator", "factor", is_required=True),
}
_DIVIDENDS: Final = {
    "at": Field("date", "seconds", is_required=True),
    "cash": Field("amount", "number", is_required=True),
    "currency": Field("currency", "text"),
}

# Yahoo's codes of exchanges, by the calendar that their sessions follow.
_CALENDARS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("NMS", "NGM", "NCM", "NYQ", "ASE", "PCX", "BTS", "PNK", "OQB", "OQX", "SNP", "DJI", "NIM"), "XNYS"
    ),
    "LSE": "XLON", "IOB": "XLON", "GER": "XETR", "FRA": "XFRA", "PAR": "XPAR", "AMS": "XAMS", "BRU": "XBRU",
    "LIS": "XLIS", "MCE": "XMAD", "MIL": "XMIL", "ISE": "XDUB", "EBS": "XSWX", "STO": "XSTO", "HEL": "XHEL",
    "OSL": "XOSL", "CPH": "XCSE", "TOR": "XTSE", "JPX": "XTKS", "HKG": "XHKG", "SHH": "XSHG", "KSC": "XKRX",
    "BSE": "XBOM", "ASX": "XASX", "CCC": "24/7",
}  # fmt: skip
# One letter after the point names an exchange there: London, Frankfurt, Tokyo, Toronto's venture exchange.
_EXCHANGE_LETTERS: Final = "LFTV"


class Events(NamedTuple):
    """Splits (`ex_date`, `ratio`) and dividends (`ex_date`, `cash` as Yahoo quotes it, `currency`)."""

    splits: pd.DataFrame
    dividends: pd.DataFrame


def theirs(symbol: str) -> str:
    """Return Yahoo's spelling: a share class follows a dash there.

    Examples
    --------
    >>> theirs("BRK.B"), theirs("VOD.L"), theirs("^GSPC"), theirs("RY.TO")
    ('BRK-B', 'VOD.L', '^GSPC', 'RY.TO')
    """
    return re.sub(rf"^([A-Z]{{1,5}})\.([A-Z])(?<![{_EXCHANGE_LETTERS}])$", r"\1-\2", symbol)


def ours(symbol: str) -> str:
    """Return our spelling of a symbol of Yahoo.

    Examples
    --------
    >>> ours("BRK-B"), ours("BTC-USD")
    ('BRK.B', 'BTC-USD')
    """
    return re.sub(rf"^([A-Z]{{1,5}})-([A-Z])(?<![{_EXCHANGE_LETTERS}])$", r"\1.\2", symbol)


def calendar_of(meta: dict[str, Any], symbol: str) -> str:
    """Return the calendar of the exchange that a chart names.

    Raises
    ------
    DataError
        If its sessions are not known here.
    """
    code = str(meta.get("exchangeName"))
    if code in _CALENDARS:
        return _CALENDARS[code]
    raise DataError(
        f"Yahoo lists {symbol} on {code!r} ({meta.get('fullExchangeName')}), whose sessions are not known here; "
        "bring its bars as a file with iq.read_bars"
    )


def is_empty(replies: Sequence[requests.Response]) -> bool:
    """Return whether the last chart is a valid answer without bars, or says that there are none in the range."""
    chart = replies[-1].json()["chart"] if replies else {}
    if error := chart.get("error"):
        return str(error.get("description")).startswith("Data doesn't exist for startDate")
    result = chart.get("result") or []
    return bool(result) and "meta" in result[0] and not result[0].get("timestamp")


def no_bars() -> pd.DataFrame:
    """Return bars without a row."""
    fields = {name: Field(name, "number") for name in ("open", "high", "low", "close", "volume")}
    return Reading("bars", "yfinance").table([], {"ts": Field("ts", "instant"), **fields})


def frame_of(frame: pd.DataFrame, is_daily: bool) -> pd.DataFrame:
    """Return the library's frame with our columns: `ts` and Yahoo's prices, split-adjusted.

    A daily stamp is midnight of the exchange; its date there is the session.
    """
    import pandas as pd

    names = {
        "Open": "open",
        "High": "high",
        "Low": "low",
        "Close": "close",
        "Volume": "volume",
        "Adj Close": "adjusted",
    }
    table = frame[list(names)].rename(columns=names).astype("float64")
    local = pd.DatetimeIndex(frame.index)
    stamps = local.tz_localize(None).normalize().tz_localize("UTC") if is_daily else local.tz_convert("UTC")
    table.insert(0, "ts", stamps.as_unit("us"))
    return table.reset_index(drop=True)


def as_traded(frame: pd.DataFrame, splits: pd.DataFrame, zone: str, is_daily: bool) -> pd.DataFrame:
    """Return bars without Yahoo's adjustment: price times, volume by, the product of the ratios of later splits."""
    sessions = frame["ts"] if is_daily else frame["ts"].dt.tz_convert(zone)
    factor = later_ratio(_days(sessions), _days(splits["ex_date"]), splits["ratio"].to_numpy())
    table = frame[["ts", "open", "high", "low", "close", "volume"]].copy()
    for name in ("open", "high", "low", "close"):
        table[name] = table[name] * factor
    table["volume"] = table["volume"] / factor
    return table


def events_of(charts: Sequence[dict[str, Any]], reading: Reading) -> Events:
    """Return the events of some charts of one symbol, each once.

    From the answer itself: the library moves an event of a day without a bar
    to the bar before, and leaves the currency of a dividend out.
    """
    zone = str(charts[-1]["meta"]["exchangeTimezoneName"]) if charts else "UTC"
    splits = reading.table(_listed(charts, "splits"), _SPLITS)
    paid = reading.table(_listed(charts, "dividends"), _DIVIDENDS)
    return Events(
        splits=splits.assign(ex_date=dates_in(splits["at"], zone), ratio=splits["new"] / splits["old"])[
            ["ex_date", "ratio"]
        ],
        dividends=paid.assign(ex_date=dates_in(paid["at"], zone))[["ex_date", "cash", "currency"]],
    )


def actions_of(events: Events, meta: dict[str, Any]) -> pd.DataFrame:
    """Return canonical actions: cash per share as traded on the ex-date.

    Yahoo divides past dividends by all later splits, as it does with prices: that is undone here.
    """
    splits, paid = events
    factor = later_ratio(_days(paid["ex_date"]), _days(splits["ex_date"]), splits["ratio"].to_numpy())
    return action_table(splits, paid.assign(cash=paid["cash"] * factor), str(meta.get("currency") or "USD"))


def without_close(charts: Sequence[dict[str, Any]]) -> int:
    """Return how many rows of the answers have no close; the library drops them without a word."""
    return sum(close is None for chart in charts for close in _quotes(chart).get("close") or [])


def without_volume(charts: Sequence[dict[str, Any]], is_daily: bool) -> pd.Series:
    """Return the stamps of rows without a volume, of which the library makes zero."""
    import pandas as pd

    seconds = [
        at
        for chart in charts
        for at, volume in zip(chart.get("timestamp") or [], _quotes(chart).get("volume") or [], strict=False)
        if volume is None
    ]
    stamps = pd.to_datetime(pd.Series(seconds, dtype="int64"), unit="s", utc=True).dt.as_unit("us")
    return dates_in(stamps, str(charts[-1]["meta"]["exchangeTimezoneName"])) if is_daily else stamps


def article_of(row: dict[str, Any], symbol: str) -> dict[str, Any]:
    """Return an article of the stream with its parts on one level."""
    content = row.get("content") or {}
    link = content.get("canonicalUrl") or content.get("clickThroughUrl") or {}
    named = [ours(str(each.get("symbol"))) for each in (content.get("finance") or {}).get("stockTickers") or []]
    return {
        **content,
        "id": content.get("id") or row.get("id"),
        "publisher": (content.get("provider") or {}).get("displayName"),
        "url": link.get("url"),
        "tickers": "|".join(dict.fromkeys([symbol, *named])),
    }


def _listed(charts: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the events of a kind, each once: two charts of one symbol may share one."""
    found = [event for chart in charts for event in ((chart.get("events") or {}).get(kind) or {}).values()]
    return [event for number, event in enumerate(found) if event not in found[:number]]


def _quotes(chart: dict[str, Any]) -> dict[str, Any]:
    quotes: dict[str, Any] = chart["indicators"]["quote"][0]
    return quotes


def _days(stamps: pd.Series) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    days: np.ndarray[Any, np.dtype[np.datetime64]] = stamps.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    return days
