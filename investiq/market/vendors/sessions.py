"""A vendor's bars on the sessions of the exchange: labels, sessions asked for, duplicates, hours counted from the open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core import sessions as hours
from investiq.core.notes import Note
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.market.contract import Request
from investiq.market.stamps import dates_in
from investiq.market.vendors.reading import Field, Reading, within

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CALENDAR", "SERVED", "asked_minutes", "seat_bars"]

CALENDAR: Final = "XNYS"
SERVED: Final[tuple[Interval, ...]] = ("1min", "5min", "15min", "30min", "60min", "4h", "1d")
_VALUES: Final = ("open", "high", "low", "close", "volume", "vwap", "trades")

Instants = NDArray[np.datetime64]


def asked_minutes(interval: Interval) -> int:
    """Return the minutes of the vendor's bars from which bars of `interval` are made.

    Vendors count hours by the clock, so that their 09:00 bar mixes half an hour
    before the open with half an hour after it; hours are made of half hours.
    """
    return min(INTERVAL_MINUTES[interval], 30)


def seat_bars(
    rows: Sequence[Any], fields: Mapping[str, Field], request: Request, provider: str
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return a vendor's bars with canonical labels, ascending, each once, inside the range and session asked for.

    Parameters
    ----------
    rows : sequence
        One a bar; a daily stamp is midnight in New York.
    fields : mapping of str to Field
        Of `ts`, open, high, low, close, volume, vwap and trades.
    request : Request
        Of bars.
    provider : str
        For the notes.

    Returns
    -------
    table : DataFrame
        Columns of the dataset.
    notes : tuple of Note
        What was left out, and why.

    Raises
    ------
    VendorError
        If rows came and none could be read.
    """
    reading = Reading("bars", provider, request.symbol)
    frame = reading.table(rows, fields)
    seated = _daily(frame, reading) if request.interval == "1d" else _intraday(frame, request, reading)
    refused = reading.notes()
    seated, repeats = _each_once(seated, provider)
    if request.interval in ("60min", "4h"):
        seated = _hours(seated, INTERVAL_MINUTES[request.interval])
    return within(seated[["ts", *_VALUES]], "ts", request), refused + repeats


def _daily(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return bars labelled by their session date, read from the stamp in the exchange's zone."""
    dates = dates_in(frame["ts"], calendars.time_zone(CALENDAR))
    at_midnight = (dates.dt.tz_localize(None).dt.tz_localize(calendars.time_zone(CALENDAR)) == frame["ts"]).to_numpy()
    days = _instants(dates)
    known = calendars.schedule(CALENDAR).dates
    is_session = known[np.minimum(np.searchsorted(known, days), known.size - 1)] == days
    reading.take_back(f"with a stamp that is not midnight of {CALENDAR}'s zone", ~at_midnight)
    reading.take_back(f"on a day that is no session of {CALENDAR}", at_midnight & ~is_session)
    seated: pd.DataFrame = frame.assign(ts=dates)
    is_seated = at_midnight & is_session
    return seated if is_seated.all() else seated.loc[is_seated]


def _intraday(frame: pd.DataFrame, request: Request, reading: Reading) -> pd.DataFrame:
    """Return bars of the session asked for, with the beginning of their phase of the day as `segment`."""
    ts = _instants(frame["ts"])
    minutes = asked_minutes(request.interval)
    known = calendars.schedule(CALENDAR)
    covered = (ts >= known.opens[0]) & (ts < known.closes[-1])
    phase, start = np.full(ts.shape, "closed", dtype="<U7"), np.full(ts.shape, np.datetime64("NaT", "us"))
    phase[covered], start[covered] = hours.phase_starts(CALENDAR, ts[covered])
    is_traded = phase != "closed"
    on_grid = is_traded & ((ts - start) % np.timedelta64(minutes, "m") == np.timedelta64(0, "us"))
    reading.take_back(f"outside the trading hours of {CALENDAR}", ~is_traded)
    reading.take_back(f"not a multiple of {minutes} minutes after the start of its session", is_traded & ~on_grid)
    wanted = on_grid if request.session == "extended" else on_grid & (phase == "regular")
    seated: pd.DataFrame = frame.assign(segment=start).loc[wanted]
    return seated


def _instants(stamps: pd.Series) -> Instants:
    instants: Instants = stamps.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return instants


def _each_once(frame: pd.DataFrame, provider: str) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return rows in order of `ts`, the last received of each stamp, and a note on stamps that came more than once."""
    if frame["ts"].is_monotonic_increasing and frame["ts"].is_unique:
        return frame.reset_index(drop=True), ()
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
    ts = _instants(half_hours["ts"])
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
            "ts": pd.DatetimeIndex(labels[first], tz="UTC"),
            "open": values["open"][first],
            "high": np.maximum.reduceat(values["high"], first),
            "low": np.minimum.reduceat(values["low"], first),
            "close": values["close"][last],
            "volume": volume,
            "vwap": np.where(volume > 0, vwap, np.nan),
            "trades": np.add.reduceat(values["trades"], first),
        }
    )
