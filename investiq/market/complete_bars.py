"""Which rows of a provider's answer are bars: what is none is dropped and counted, and each gets its `known_at`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.sessions import is_session, phases
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.history.flags import Flag
from investiq.history.instants import instant, label_text
from investiq.market.columns import typed
from investiq.market.contract import Answer, Payload, Request
from investiq.market.schemas import bad_bars

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DAILY", "PRICES", "BarRows", "bar_rows", "instants_of", "known_at_rule", "minutes_of", "stamps_of"]

DAILY: Final = ("1d", "1w", "1mo")
PRICES: Final = ("open", "high", "low", "close")
_SHOWN: Final = 3


class BarRows(NamedTuple):
    """Rows that are bars, with `known_at`, and what was dropped on the way."""

    table: pd.DataFrame
    notes: tuple[Note, ...]


def bar_rows(answer: Answer) -> BarRows:
    """Return the rows of an answer that are bars, with `known_at` and flags, and notes with the counts of the others.

    Dropped are rows that break an invariant of bars (without a close, with a
    close only, high below low), that lie outside the sessions asked for, and
    snapshots: rows whose `known_at` lies after their retrieval.
    """
    payload, request = answer.payload, answer.request
    if payload is None:
        raise DataError(f"{answer.provider} gave no bars of {request.symbol}: {answer.reason}")
    frame, unreadable = typed("bars", payload.table, request.symbol)
    if not frame["ts"].is_monotonic_increasing:
        frame = frame.sort_values("ts", kind="stable")
    notes: list[Note] = []

    def drop(wrong: NDArray[np.bool_], code: str, what: str) -> None:
        nonlocal frame
        if not wrong.any():
            return
        shown = ", ".join(label_text(ts, request.interval) for ts in instants_of(frame["ts"][wrong][:_SHOWN]))
        more = ", ..." if wrong.sum() > _SHOWN else ""
        text = f"{request.symbol}: {int(wrong.sum())} row(s) {what} were dropped: {shown}{more}"
        notes.append(Note(code=code, text=text, rows=int(wrong.sum())))
        frame = frame[~wrong]

    drop(np.isnan(frame["close"].to_numpy()), "no_close", "without a close")
    drop(_any_missing(frame, ("open", "high", "low")), "close_only", "with a close only")
    broken = {bad.label: bad.reason for bad in bad_bars(frame[["ts", *PRICES, "volume"]])} | unreadable
    if broken:
        reasons = "; ".join(list(broken.values())[:_SHOWN])
        drop(frame.index.isin(list(broken)), "broken_bars", f"that are no bars ({reasons})")
    drop(_outside(frame["ts"], payload.calendar, request), "off_session", f"outside the sessions of {payload.calendar}")
    ts = instants_of(frame["ts"])
    phase = _phases(payload.calendar, ts, request.interval)
    known = _known_at(ts, phase, payload, request.interval)
    frame = frame.assign(known_at=stamps_of(known))
    if request.interval not in DAILY:
        frame = frame.assign(flags=_phase_flags(phase))
    drop(known > instant(answer.retrieved_at), "snapshots", "that were not complete when they were fetched")
    return BarRows(frame.reset_index(drop=True), tuple(notes))


def _any_missing(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.isnan(np.column_stack([frame[name].to_numpy() for name in names])).any(axis=1)
    return missing


def known_at_rule(payload: Payload, interval: Interval) -> str:
    """Return how `known_at` of bars is set, in words, with its terms."""
    end = "close of the last session" if interval in DAILY else "end of the bar, at most the close of its session"
    terms = [
        f"{minutes_of(shift)} min {word}" for shift, word in ((payload.delay, "delay"), (payload.settle, "settling"))
    ]
    return f"{payload.calendar} {end}, early closes included; + {' + '.join(terms)}"


def _outside(stamps: pd.Series, calendar: str, request: Request) -> NDArray[np.bool_]:
    ts = instants_of(stamps)
    if request.interval in DAILY:
        return ~is_session(calendar, ts)
    phase = phases(calendar, ts)
    outside: NDArray[np.bool_] = phase != "regular" if request.session == "regular" else phase == "closed"
    return outside


def _phases(calendar: str, ts: NDArray[np.datetime64], interval: Interval) -> NDArray[np.str_]:
    return np.full(ts.shape, "regular") if interval in DAILY else phases(calendar, ts)


def _known_at(
    ts: NDArray[np.datetime64], phase: NDArray[np.str_], payload: Payload, interval: Interval
) -> NDArray[np.datetime64]:
    known = calendars.known_at(ts, interval, payload.calendar, payload.delay, payload.settle)
    if interval in DAILY:
        return known
    # A bar before or after the session may reach into the next part of the day: never known before its own end.
    nominal = ts + np.timedelta64(INTERVAL_MINUTES[interval], "m") + np.timedelta64(payload.delay + payload.settle)
    return np.where(phase == "regular", known, nominal)


def _phase_flags(phase: NDArray[np.str_]) -> NDArray[np.int32]:
    flags = np.zeros(phase.size, dtype=np.int32)
    flags[phase == "pre"] = Flag.PRE
    flags[phase == "post"] = Flag.POST
    return flags


def minutes_of(length: timedelta) -> str:
    """Return a length of time in minutes, as text."""
    return f"{length.total_seconds() / 60:g}"


def instants_of(stamps: pd.Series) -> NDArray[np.datetime64]:
    """Return stamps as datetime64[us] in UTC."""
    instants: NDArray[np.datetime64] = stamps.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    return instants


def stamps_of(instants: NDArray[np.datetime64]) -> pd.DatetimeIndex:
    """Return instants as aware stamps."""
    import pandas as pd

    return pd.DatetimeIndex(instants, tz="UTC")
