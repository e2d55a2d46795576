"""The `file` provider: your own CSV or Parquet, with everything that a file does not say declared by you."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.errors import DataError, near_matches
from investiq.core.notes import Note
from investiq.core.types import Interval, PriceBasis, parse_interval
from investiq.history.adjust import Action, ActionKind
from investiq.history.bars import Bars
from investiq.history.instants import instant, label_text
from investiq.market.building import SETTLE_SHARES, build_bars, payload_of
from investiq.market.contract import Capabilities, Payload, Request, Vendor
from investiq.market.schemas import BadRow, bad_bars
from investiq.market.stamps import off_session, read_stamps
from investiq.market.tables import Table, read_table, rows_of_symbol
from investiq.market.vendors.file_checks import check_interval, gated
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["File", "read_bars"]

_STAMPS: Final = {
    True: ("date", "ts", "timestamp", "datetime", "time"),
    False: ("ts", "timestamp", "datetime", "time", "date"),
}
_PRICES: Final = ("open", "high", "low", "close")
_NO_VOLUME: Final = Note(code="no_volume", text="the file has no volume column: volume is unknown", severity="info")
_NO_ACTIONS: Final = Note(
    code="no_actions",
    text="no actions file was given: dividends are missing from total returns, and a split would look like a fall",
)


def read_bars(
    symbol: str,
    path: str | os.PathLike[str],
    *,
    price_basis: PriceBasis,
    interval: Interval = "1d",
    timezone: str | None = None,
    calendar: str = "XNYS",
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    actions: str | os.PathLike[str] | None = None,
    currency: str = "USD",
) -> Bars:
    """Return the bars of a CSV or Parquet file, checked row by row.

    Parameters
    ----------
    symbol : str
        Name of the series. A file with a column ``symbol`` may hold several;
        the rows of this one are taken.
    path : str or path
        ``.csv``, ``.csv.gz``, ``.txt``, ``.parquet`` or ``.pq``.
    price_basis : {"as_traded", "vendor_split", "vendor_total", "unsplit"}
        What the prices are: as they were traded, or adjusted by a vendor for
        splits, or for splits and dividends (as most free downloads are).
    interval : str, default "1d"
        ``"1d"`` or an intraday interval.
    timezone : str, optional
        Of the stamps, such as ``"America/New_York"``; needed for intraday
        stamps without an offset. A daily stamp is a session date.
    calendar : str, default "XNYS"
        Exchange calendar of the bars; ``"24/7"`` for markets that never close.
    columns : mapping of str to str, optional
        Names in the file of ``ts``, ``open``, ``high``, ``low``, ``close``,
        ``volume`` where they differ; case does not matter.
    date_format : str, optional
        Of stamps that are not ISO 8601, such as ``"%m/%d/%Y"``.
    actions : str or path, optional
        CSV or Parquet with columns kind, ex_date, and ratio or cash (see
        `history.adjust.Action`), for prices as traded.
    currency : str, default "USD"

    Returns
    -------
    Bars
        Its passport holds the SHA-256 of the file and cautions about its rows.
        A daily bar is known 15 minutes after the close, an intraday one at its end.

    Raises
    ------
    DataError
        With line numbers, if stamps are naive or repeated, prices contradict
        each other or are not positive, or a bar lies outside the sessions; or
        if columns are missing, the file is empty or cannot be read, no bar
        is complete yet, or the steps between stamps contradict `interval`.

    Notes
    -----
    A row without a close is dropped and counted, and so is a row of a bar that is
    not complete yet. Rows in another order are sorted. Nothing else is repaired:
    a daily bar held to be a bad print is flagged and stops a backtest, see
    `Bars.without_quarantined`.

    Examples
    --------
    >>> bars = read_bars("ACME", "acme.csv", price_basis="as_traded")  # doctest: +SKIP
    """
    span = _checked_interval(interval)
    if price_basis not in (known := get_args(PriceBasis)):
        raise DataError(
            f"price_basis must be one of {', '.join(known)}, was {price_basis!r}{near_matches(str(price_basis), known)}"
        )
    if actions is not None and price_basis not in ("as_traded", "unsplit"):
        raise DataError(
            f"actions apply to prices as traded, these are {price_basis}; leave actions out, or bring raw prices"
        )
    table = rows_of_symbol(read_table(Path(path)), symbol)
    frame, dropped, notes = _canonical(table, span, timezone, calendar, dict(columns or {}), date_format)
    is_daily = span == "1d"
    ts = frame["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    check_interval(table.name, ts, span, calendar)
    settle = SETTLE_SHARES if is_daily else timedelta(0)
    known_at = calendars.known_at(ts, span, calendar, settle=settle)
    complete, unfinished = _complete(table, known_at)
    ts, known_at = ts[:complete], known_at[:complete]
    prices = {name: frame[name].to_numpy(dtype=float)[:complete] for name in (*_PRICES, "volume")}
    events = [] if actions is None else _read_actions(read_table(Path(actions)))
    unknown = (_NO_ACTIONS,) if actions is None and price_basis in ("as_traded", "unsplit") else ()
    bars = build_bars(
        symbol=symbol,
        provider="file",
        provenance="file",
        interval=span,
        calendar_name=calendar,
        ts=ts,
        known_at=known_at,
        columns=prices,
        price_basis=price_basis,
        known_at_rule=f"{calendar} close of the session + 15 min" if is_daily else "end of the bar, at most the close",
        source=f"{table.name}, SHA-256 {table.sha256}",
        currency=currency,
        repairs=dropped + len(frame) - complete,
        actions=events,
        notes=(*notes, *unfinished, *unknown),
    )
    return gated(bars)


class File(Vendor):
    """One file under the contract of every provider.

    Parameters
    ----------
    path : str or path
    **declared
        What the file does not say, as the keywords of `read_bars`.
    """

    name = "file"
    capabilities = Capabilities(
        datasets=frozenset(("bars",)),
        intervals=("1min", "5min", "15min", "30min", "60min", "4h", "1d"),
        supports_corp_actions=True,
        supports_intraday_bars=True,
    )

    def __init__(self, path: str | os.PathLike[str], **declared: Any) -> None:
        self.path = path
        self.declared = declared

    def bars(self, request: Request) -> Payload:
        """Return the rows of the file for a symbol, with the actions declared beside them."""
        bars = read_bars(request.symbol, self.path, interval=request.interval, **self.declared)
        return payload_of(bars, request)


def _checked_interval(text: str) -> Interval:
    interval = parse_interval(text)
    if interval in ("1w", "1mo"):
        raise DataError(f"files of {interval} bars are not read: their stamps follow no common rule; bring daily bars")
    return interval


def _canonical(
    table: Table,
    interval: Interval,
    timezone: str | None,
    calendar: str,
    columns: Mapping[str, str],
    date_format: str | None,
) -> tuple[pd.DataFrame, int, list[Note]]:
    """Return checked rows in ascending order (ts, OHLCV), how many had no close, and notes on what was done."""
    import pandas as pd

    if unknown := [name for name in columns if name not in ("ts", *_PRICES, "volume")]:
        raise DataError(f"columns names {unknown[0]!r}, which is none of ts, {', '.join(_PRICES)}, volume")
    stamp = table.column("ts", columns, _STAMPS[interval == "1d"])
    names = {name: table.column(name, columns, (name,)) for name in _PRICES}
    volume = table.column("volume", columns, ("volume",), needed=False)
    frame = pd.DataFrame({name: table.numbers(str(column)) for name, column in names.items()})
    frame["volume"] = table.numbers(volume) if volume else float("nan")
    has_close = frame["close"].notna()
    frame, texts = frame[has_close], table.frame.loc[has_close, stamp]
    if frame.empty:
        raise DataError(f"{table.name}: no row has a close; expected at least one bar")
    table.refuse([BadRow(int(row), "it has no stamp") for row in texts.index[texts.isna()]])
    stamps, bad = read_stamps(
        texts, is_daily=interval == "1d", calendar=calendar, timezone=timezone, date_format=date_format
    )
    table.refuse(bad)
    frame.insert(0, "ts", stamps)
    table.refuse(bad_bars(frame))
    table.refuse(off_session(stamps, interval, calendar))
    dropped = int((~has_close).sum())
    notes = [_NO_VOLUME] if volume is None else []
    if dropped:
        notes.append(
            Note(code="rows_without_close", text=f"{dropped} row(s) without a close were dropped", rows=dropped)
        )
    return frame.sort_values("ts"), dropped, notes


def _complete(table: Table, known_at: NDArray[np.datetime64]) -> tuple[int, list[Note]]:
    """Return how many bars are complete by now, and a note on those that are not: a snapshot is no bar.

    Raises
    ------
    DataError
        If none is.
    """
    now = clock.now()
    count = int(np.searchsorted(known_at, instant(now), side="right"))
    if not count:
        raise DataError(
            f"{table.name}: no bar is complete at {now:%Y-%m-%d %H:%M} UTC, the first will be at "
            f"{label_text(known_at[0], '1min')} UTC; read the file again then, or correct its stamps"
        )
    if not (unfinished := known_at.size - count):
        return count, []
    text = f"{unfinished} row(s) of bars that are not complete by {now:%Y-%m-%d %H:%M} UTC were dropped: their prices may still change"
    return count, [Note(code="bars_not_complete", text=text, rows=unfinished)]


def _read_actions(table: Table) -> list[Action]:
    """Return the actions of a file with columns kind, ex_date, ratio, cash, currency and exchange_rate."""
    import pandas as pd

    kinds = table.frame[table.column("kind", {}, ("kind",))].astype(str).str.strip()
    dates, bad = read_stamps(
        table.frame[table.column("ex_date", {}, ("ex_date",))],
        is_daily=True,
        calendar="24/7",
        timezone=None,
        date_format=None,
    )
    known = get_args(ActionKind)
    strange = kinds[~kinds.isin(known)]
    bad += [BadRow(int(row), f"kind {strange[row]!r} is none of {', '.join(known)}") for row in strange.index]
    table.refuse(bad)
    amounts = {}
    for name in ("ratio", "cash", "exchange_rate"):
        column = table.column(name, {}, (name,), needed=False)
        amounts[name] = table.numbers(column) if column else pd.Series(float("nan"), index=kinds.index)
    column = table.column("currency", {}, ("currency",), needed=False)
    currencies = table.frame[column].fillna("USD") if column else pd.Series("USD", index=kinds.index)
    return [
        Action(
            kind=kinds[row],
            ex_date=dates[row].date(),
            currency=str(currencies[row]),
            **{name: None if np.isnan(values[row]) else float(values[row]) for name, values in amounts.items()},
        )
        for row in kinds.index
    ]
