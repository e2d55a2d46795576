"""Fields, stamps and symbols of Alpha Vantage in our terms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from investiq.core.errors import DataError, VendorError
from investiq.history.instants import aware
from investiq.market.vendors.reading import Field
from investiq.market.vendors.splits import action_table
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Request

_PRICES: Final = {
    "open": Field("1. open", "number"),
    "high": Field("2. high", "number"),
    "low": Field("3. low", "number"),
    "close": Field("4. close", "number"),
}
DAY: Final = {"ts": Field("stamp", "date"), **_PRICES, "volume": Field("5. volume", "number")}
INTRADAY: Final = {**DAY, "ts": Field("stamp", "instant")}
ADJUSTED_DAY: Final = {
    **DAY,
    "volume": Field("6. volume", "number"),
    "adjusted": Field("5. adjusted close", "number"),
    "cash": Field("7. dividend amount", "number"),
    "ratio": Field("8. split coefficient", "number"),
}
EARNINGS: Final = {
    "period_end": Field("fiscalDateEnding", "date"),
    "reported_date": Field("reportedDate", "date"),
    "eps_actual": Field("reportedEPS", "number"),
    "eps_estimate": Field("estimatedEPS", "number"),
}
NEWS: Final = {
    "id": Field("url", "text"),
    "title": Field("title", "text"),
    "published_utc": Field("published", "instant"),
    "publisher": Field("source", "text"),
    "author": Field("author", "text"),
    "url": Field("url", "text"),
    "description": Field("summary", "text"),
    "keywords": Field("keywords", "texts"),
    "tickers": Field("named", "texts"),
    "vendor_sentiment": Field("sentiment", "text"),
}
SEARCH: Final = {
    "symbol": Field("1. symbol", "symbol"),
    "name": Field("2. name", "text"),
    "exchange": Field("4. region", "text"),
    "type": Field("3. type", "text"),
    "currency": Field("8. currency", "text"),
}
LISTING: Final = {
    "symbol": Field("symbol", "symbol"),
    "name": Field("name", "text"),
    "exchange": Field("exchange", "text"),
    "type": Field("assetType", "text"),
    "is_active": Field("is_active", "text"),
    "listed_at": Field("ipoDate", "date"),
    "delisted_at": Field("delistingDate", "date"),
}

# 100 sessions reach back 145 days of the calendar; the rest is for holidays and for today.
_COMPACT_ROWS: Final = 100
_COMPACT_REACH: Final = timedelta(days=130)
_TRAILING: Final = timedelta(days=29)
_FIRST_MONTH: Final = np.datetime64("2000-01", "M")
_EASTERN: Final = ZoneInfo("America/New_York")


def theirs(symbol: str) -> str:
    """Return Alpha Vantage's spelling of a symbol: ``BRK.B`` is ``BRK-B`` there.

    Raises
    ------
    DataError
        If the symbol names another country's exchange.
    """
    if re.search(r"\.[A-Z]{2,}$", symbol):
        raise DataError(
            f"{symbol} is no US listing, and alphavantage's answers name neither currency nor exchange; "
            "ask another provider for it, such as yfinance or twelvedata"
        )
    return symbol.replace(".", "-")


def ours(symbol: str) -> str:
    """Return our spelling: a share class follows a point; units and warrants keep their dash.

    Examples
    --------
    >>> ours("BRK-B"), ours("AAC-U"), ours("IBM")
    ('BRK.B', 'AAC-U', 'IBM')
    """
    return re.sub(r"^([A-Z]{1,5})-([A-K])$", r"\1.\2", symbol)


def is_recent(request: Request) -> bool:
    """Return whether the newest 100 daily bars hold what is asked."""
    if request.start is not None:
        return bool(request.start > np.datetime64(clock.now().replace(tzinfo=None) - _COMPACT_REACH))
    return request.limit is not None and request.limit <= _COMPACT_ROWS and request.end is None


def months(request: Request) -> list[str | None]:
    """Return the months to ask for one by one, oldest first; None is the trailing 30 days.

    Without a start, that of the end, or the trailing days where there is no end either.
    """
    now = clock.now()
    newest = now if request.end is None else min(now, aware(request.end))
    if request.start is None and request.end is None:
        return [None]
    oldest = newest if request.start is None else aware(request.start)
    if oldest > now - _TRAILING:
        return [None]
    # The hours after the close of a month's last session may lie in the next month of UTC; the regular ones never do.
    zone = _EASTERN if request.session == "extended" else UTC
    first, last = (np.datetime64(f"{moment.astimezone(zone):%Y-%m}", "M") for moment in (oldest, newest))
    return [str(month) for month in np.arange(max(first, _FIRST_MONTH), last + 1)]


def zone_of(meta: Any, symbol: str) -> ZoneInfo:
    """Return the zone that an intraday answer names for its stamps.

    Raises
    ------
    VendorError
        If it names none that is known: naive stamps are refused.
    """
    fields = meta if isinstance(meta, dict) else {}
    named = next((str(value) for key, value in fields.items() if key.endswith("Time Zone")), "")
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError):
        raise VendorError(
            f"alphavantage gave intraday stamps of {symbol} in the zone {named!r}, expected a name such as 'US/Eastern'; "
            "stamps without a zone are not read"
        ) from None


def in_zone(stamp: str, zone: ZoneInfo) -> datetime | str:
    """Return a stamp of an intraday answer as an aware instant, the opening of its bar, or as it is if it is no time."""
    try:
        return datetime.fromisoformat(stamp).replace(tzinfo=zone)
    except ValueError:
        return stamp


def actions_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return splits and dividends of an adjusted daily series, canonical, by ex-date."""
    events = table.rename(columns={"ts": "ex_date"})
    splits = events.loc[~events["ratio"].isin([0.0, 1.0]) & events["ratio"].notna(), ["ex_date", "ratio"]]
    paid = events.loc[(events["cash"] != 0) & events["cash"].notna(), ["ex_date", "cash"]]
    return action_table(splits, paid, "USD")


def article(row: dict[str, Any], symbol: str) -> dict[str, Any]:
    """Return an article with its lists flattened; its time is UTC."""
    named = row.get("ticker_sentiment") or []
    own: dict[str, Any] = next((each for each in named if each.get("ticker") == symbol), {})
    stamp = str(row.get("time_published"))
    return {
        **row,
        "published": f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15] or '00'}+00:00",
        "author": ", ".join(row.get("authors") or []),
        "keywords": [each.get("topic") for each in row.get("topics") or []],
        "named": [ours(str(each.get("ticker"))) for each in named],
        "sentiment": own.get("ticker_sentiment_label") or row.get("overall_sentiment_label"),
    }


def news_time(when: np.datetime64 | None) -> str | None:
    """Return an instant as ``YYYYMMDDTHHMM``, which `NEWS_SENTIMENT` reads as UTC."""
    return None if when is None else aware(when).strftime("%Y%m%dT%H%M")


def retry_at(words: str) -> datetime | None:
    """Return when a spent limit is over, where the vendor's words tell: they name the span of the limit."""
    spans = {"per second": timedelta(seconds=1), "per minute": timedelta(minutes=1)}
    return next((clock.now() + span for sign, span in spans.items() if sign in words), None)
