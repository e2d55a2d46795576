"""A vendor's bars on the sessions of the exchange: labels, sessions asked for, duplicates, hours counted from the open."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core import sessions as hours
from investiq.core.errors import VendorError
from investiq.core.notes import Note
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.market.contract import Request
from investiq.market.vendors.received import NOTHING, refusals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CALENDAR", "SERVED", "asked_minutes", "seat_bars"]

CALENDAR: Final = "XNYS"
SERVED: Final[tuple[Interval, ...]] = ("1min", "5min", "15min", "30min", "60min", "4h", "1d")
_VALUES: Final = ("open", "high", "low", "close", "volume", "vwap", "trades")
# Of US shares: pre-market begins at 04:00 New York, the session at 09:30.
_BEFORE_OPEN: Final = np.timedelta64(330, "m")

Instants = NDArray[np.datetime64]


def asked_minutes(interval: Interval) -> int:
    """Return the minutes of the vendor's bars from which bars of `interval` are made.

    Vendors count hours by the clock, so that their 09:00 bar mixes half an hour
    before the open with half an hour after it; hours are made of half hours.
    """
    return min(INTERVAL_MINUTES[interval], 30)


def seat_bars(raw: pd.DataFrame, request: Request, provider: str) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return a vendor's bars with canonical labels, ascending, each once, inside the range and session asked for.

    Parameters
    ----------
    raw : DataFrame
        One row a bar: `ts` as datetime64[us] in UTC without a zone, NaT where
        unreadable; open, high, low, close, volume, vwap, trades as float64, NaN
        where missing. Daily stamps are midnight in New York.
    request : Request
        Of bars.
    provider : str
        For the notes.

    Returns
    -------
    table : DataFrame
        Columns of the dataset, `ts` as datetime64[us, UTC].
    notes : tuple of Note
        What was left out, and why.

    Raises
    ------
    VendorError
        If rows came and none could be read.
    """
    refused: Counter[str] = Counter()
    frame = _readable(raw, refused)
    seated = _daily(frame, refused) if request.interval == "1d" else _intraday(frame, request, refused)
    seated, repeats = _each_once(seated, provider)
    kept = len(seated)
    if len(raw) and refused.total() == len(raw):
        reasons = ", ".join(f"{count} {reason}" for reason, count in refused.most_common())
        raise VendorError(
            f"{provider} sent {len(raw)} bars of {request.symbol} and none could be read: {reasons}; "
            "the vendor may have changed its format"
        )
    if request.interval in ("60min", "4h"):
        seated = _hours(seated, INTERVAL_MINUTES[request.interval])
    ts = seated["ts"].to_numpy()
    inside = np.ones(len(seated), dtype=bool)
    if request.start is not None:
        inside &= ts >= request.start
    if request.end is not None:
        inside &= ts <= request.end
    table = seated.loc[inside, ["ts", *_VALUES]]
    if request.limit is not None:
        table = table.tail(request.limit)
    table = table.reset_index(drop=True)
    table["ts"] = table["ts"].dt.tz_localize("UTC")
    return table, refusals(refused, kept, "bars", provider) + repeats


def _readable(raw: pd.DataFrame, refused: Counter[str]) -> pd.DataFrame:
    """Return the rows with a stamp and all four prices."""
    unreadable = raw["ts"].isna()
    no_close = raw["close"].isna() & ~unreadable
    close_only = raw[["open", "high", "low"]].isna().any(axis=1) & ~no_close & ~unreadable
    for reason, rows in (
        ("without a readable stamp", unreadable),
        ("without a close", no_close),
        ("with a close but not all of open, high and low", close_only),
    ):
        _count(refused, reason, int(rows.sum()))
    return raw.loc[~(unreadable | no_close | close_only)].reset_index(drop=True)


def _count(refused: Counter[str], reason: str, count: int) -> None:
    if count:
        refused[reason] += count


def _daily(frame: pd.DataFrame, refused: Counter[str]) -> pd.DataFrame:
    """Return bars labelled by their session date, read from the stamp in the exchange's zone."""
    local = frame["ts"].dt.tz_localize("UTC").dt.tz_convert(calendars.time_zone(CALENDAR)).dt.tz_localize(None)
    dates = local.dt.normalize()
    at_midnight = (local == dates).to_numpy()
    days = dates.to_numpy().astype("datetime64[us]")
    is_session = _sessions_among(days)
    _count(refused, f"with a stamp that is not midnight of {CALENDAR}'s zone", int((~at_midnight).sum()))
    _count(refused, f"on a day that is no session of {CALENDAR}", int((at_midnight & ~is_session).sum()))
    seated: pd.DataFrame = frame.assign(ts=days).loc[at_midnight & is_session]
    return seated


def _sessions_among(days: Instants) -> NDArray[np.bool_]:
    if not days.size:
        return np.zeros(0, dtype=bool)
    return np.isin(days, calendars.session_dates(CALENDAR, days.min(), days.max()))


class _Segments(NamedTuple):
    """Of each bar: the phase of the day that it opens in, and when that phase began (NaT outside trading hours)."""

    phase: NDArray[np.str_]
    start: Instants


def _segments(ts: Instants) -> _Segments:
    import pandas as pd

    zone = calendars.time_zone(CALENDAR)
    local = pd.DatetimeIndex(ts).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    days = local.normalize().to_numpy().astype("datetime64[us]")
    is_session = _sessions_among(days)
    phase, start = np.full(ts.shape, "closed", dtype="<U7"), np.full(ts.shape, NOTHING)
    if is_session.any():
        own = days[is_session]
        phase[is_session] = hours.phases(CALENDAR, ts[is_session])
        opens = hours.opens(CALENDAR, own)
        begins = {"pre": opens - _BEFORE_OPEN, "regular": opens, "post": calendars.closes(CALENDAR, own)}
        start[is_session] = np.select([phase[is_session] == name for name in begins], list(begins.values()), NOTHING)
    return _Segments(phase, start)


def _intraday(frame: pd.DataFrame, request: Request, refused: Counter[str]) -> pd.DataFrame:
    """Return bars of the session asked for, with the opening instant of their segment."""
    ts = frame["ts"].to_numpy().astype("datetime64[us]")
    segments = _segments(ts)
    minutes = asked_minutes(request.interval)
    is_traded = segments.phase != "closed"
    on_grid = is_traded & ((ts - segments.start) % np.timedelta64(minutes, "m") == np.timedelta64(0, "us"))
    _count(refused, f"outside the trading hours of {CALENDAR}", int((~is_traded).sum()))
    _count(
        refused,
        f"not a multiple of {minutes} minutes after the start of its session",
        int((is_traded & ~on_grid).sum()),
    )
    wanted = on_grid if request.session == "extended" else on_grid & (segments.phase == "regular")
    seated: pd.DataFrame = frame.assign(segment=segments.start).loc[wanted]
    return seated


def _each_once(frame: pd.DataFrame, provider: str) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return rows in order of `ts`, the last received of each stamp, and a note on stamps that came more than once."""
    distinct = frame.drop_duplicates()
    latest = distinct.drop_duplicates("ts", keep="last").sort_values("ts", ignore_index=True)
    identical, differing = len(frame) - len(distinct), len(distinct) - len(latest)
    notes = []
    if identical:
        words = f"{provider} sent the same bar again {identical} times; each is kept once"
        notes.append(Note(code="repeated_bars", text=words, rows=identical, severity="info"))
    if differing:
        words = f"{provider} sent another bar for the same stamp {differing} times; the last received is kept"
        notes.append(Note(code="conflicting_bars", text=words, rows=differing))
    return latest, tuple(notes)


def _hours(half_hours: pd.DataFrame, minutes: int) -> pd.DataFrame:
    """Return bars of `minutes` counted from the start of each segment, made of half hours in order."""
    import pandas as pd

    if half_hours.empty:
        return half_hours
    ts = half_hours["ts"].to_numpy().astype("datetime64[us]")
    start = half_hours["segment"].to_numpy().astype("datetime64[us]")
    span = np.timedelta64(minutes, "m")
    labels = start + (ts - start) // span * span
    first = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    last = np.r_[first[1:], labels.size] - 1
    values = {name: half_hours[name].to_numpy(dtype=np.float64) for name in _VALUES}
    volume = np.add.reduceat(values["volume"], first)
    with np.errstate(invalid="ignore", divide="ignore"):
        vwap = np.add.reduceat(values["vwap"] * values["volume"], first) / volume
    return pd.DataFrame(
        {
            "ts": labels[first],
            "open": values["open"][first],
            "high": np.maximum.reduceat(values["high"], first),
            "low": np.minimum.reduceat(values["low"], first),
            "close": values["close"][last],
            "volume": volume,
            "vwap": np.where(volume > 0, vwap, np.nan),
            "trades": np.add.reduceat(values["trades"], first),
        }
    )
