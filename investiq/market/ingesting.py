"""From a provider's answer to stored rows: what is no bar is dropped and counted, `known_at` is set, facts are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
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
from investiq.market.cleaning import quality_gate
from investiq.market.columns import typed
from investiq.market.contract import Answer, Payload, Request
from investiq.market.known_times import KNOWN_AT_RULES
from investiq.market.schemas import bad_bars, canonical
from investiq.market.series import SeriesKey
from investiq.market.store import Store

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OF_ONE_ANSWER", "STORED", "BarRows", "Kept", "bar_rows", "keep", "known_at_rule"]

# Datasets that are kept; the others are answers of the moment.
STORED: Final = ("bars", "actions", "statements", "earnings", "news", "options", "insiders", "short_interest")
_PRICES: Final = ("open", "high", "low", "close")
# Codes of notes that tell of one answer: what is stored later may be complete.
OF_ONE_ANSWER: Final = ("stale", "provider_fallback", "old_variable_name", "snapshots")
_NO_FACTS: Final[Mapping[str, str]] = MappingProxyType({})
_SHOWN: Final = 3
_DAILY: Final = ("1d", "1w", "1mo")


class Kept(NamedTuple):
    """What became of an answer.

    Attributes
    ----------
    key : SeriesKey
    rows : int
        Received and kept, whether or not they were known before.
    added, revised : int
        New facts, and facts that the source corrected.
    notes : tuple of Note
        What was dropped, and the cautions of the provider.
    """

    key: SeriesKey
    rows: int
    added: int
    revised: int
    notes: tuple[Note, ...]


class BarRows(NamedTuple):
    """Rows that are bars, with `known_at`, and what was dropped on the way."""

    table: pd.DataFrame
    notes: tuple[Note, ...]


def keep(
    answer: Answer, store: Store, *, first: np.datetime64 | None = None, more: Mapping[str, str] = _NO_FACTS
) -> Kept:
    """Write the rows of an answer, and the actions that came with it, into the store.

    Parameters
    ----------
    answer : Answer
        With rows: an empty answer is no data and is never stored. Actions are
        the exception: that there are none in a range is a fact.
    store : Store
    first : datetime64[us], optional
        From where on the stored series is complete after this, NaT for as far
        back as the provider goes. None keeps what is said of the stored series.
    more : mapping of str to str
        Further facts of the series.

    Raises
    ------
    DataError
        If the answer has no rows, or none of them is a bar or a record.
    """
    request, payload = answer.request, answer.payload
    if payload is None or (answer.status not in ("ok", "stale") and request.dataset != "actions"):
        raise DataError(f"{answer.provider} gave no {request.dataset} of {request.symbol}: {answer.reason}")
    if request.dataset == "bars":
        return _keep_bars(
            answer,
            payload,
            store,
            _facts(answer, payload, first, known_at_rule(payload, request.interval)) | dict(more),
        )
    return _keep_records(
        answer, payload, store, _facts(answer, payload, first, KNOWN_AT_RULES[request.dataset]) | dict(more)
    )


def _keep_records(answer: Answer, payload: Payload, store: Store, facts: dict[str, str]) -> Kept:
    request = answer.request
    rows = canonical(
        request.dataset,
        payload.table,
        symbol=request.symbol,
        retrieved_at=answer.retrieved_at,
        calendar=payload.calendar,
    )
    notes = (*payload.notes, *rows.notes)
    if not len(rows.table) and request.dataset != "actions":
        raise DataError(
            f"none of the {answer.rows} {request.dataset} of {request.symbol} could be kept: {_said(notes)}"
        )
    key = SeriesKey(
        request.dataset, answer.provider, request.symbol, feed="" if request.dataset == "actions" else payload.feed
    )
    covers = (_first_covered(answer, rows.table), request.end) if request.dataset == "actions" else None
    done = store.write(key, rows.table, facts, answer.retrieved_at, covers=covers, notes=_of_the_series(notes))
    return Kept(key, len(rows.table), done.added, done.revised, (*notes, *done.notes))


def _first_covered(answer: Answer, actions: pd.DataFrame) -> np.datetime64:
    """Return from which ex-date on an answer has every action: how far back its provider goes is not known beyond."""
    if answer.request.start is not None:
        return answer.request.start
    return _instants(actions["ex_date"]).min() if len(actions) else instant(answer.retrieved_at)


def _keep_bars(answer: Answer, payload: Payload, store: Store, facts: dict[str, str]) -> Kept:
    request = answer.request
    rows = bar_rows(answer)
    notes = (*payload.notes, *rows.notes)
    if not len(rows.table):
        raise DataError(f"none of the {answer.rows} rows of {request.symbol} is a complete bar: {_said(notes)}")
    key = SeriesKey("bars", answer.provider, request.symbol, request.interval, payload.feed, request.session)
    done = store.write(key, rows.table, facts, answer.retrieved_at, notes=_of_the_series(notes))
    if "actions" in payload.companions:
        _keep_companion(answer, payload, store, _instants(rows.table["ts"])[0])
    if request.interval in _DAILY and (done.added or done.revised):
        _quarantine(key, store, answer)
    return Kept(key, len(rows.table), done.added, done.revised, (*notes, *done.notes))


def _keep_companion(answer: Answer, payload: Payload, store: Store, first: np.datetime64) -> None:
    request = answer.request
    rows = canonical(
        "actions",
        payload.companions["actions"],
        symbol=request.symbol,
        retrieved_at=answer.retrieved_at,
        calendar=payload.calendar,
    )
    facts = {"provenance": "vendor", "source": payload.source, "retrieved_at": answer.retrieved_at.isoformat()}
    # Before the first bar the provider may not reach: that an action is missing there does not withdraw it.
    covers = (first, request.end)
    store.write(
        SeriesKey("actions", answer.provider, request.symbol),
        rows.table,
        facts,
        answer.retrieved_at,
        covers=covers,
        notes=rows.notes,
    )


def bar_rows(answer: Answer) -> BarRows:
    """Return the rows of an answer that are bars, with `known_at` and flags, and notes with the counts of the others.

    Dropped are rows that break an invariant of bars (without a close, with a
    close only, high below low), that lie outside the sessions asked for, and
    snapshots: rows whose `known_at` lies after their retrieval.
    """
    payload, request = answer.payload, answer.request
    if payload is None:
        raise DataError(f"{answer.provider} gave no bars of {request.symbol}: {answer.reason}")
    read, unreadable = typed("bars", payload.table, request.symbol)
    frame = read.sort_values("ts", kind="stable")
    notes: list[Note] = []

    def drop(wrong: NDArray[np.bool_], code: str, what: str) -> None:
        nonlocal frame
        if not wrong.any():
            return
        shown = ", ".join(label_text(ts, request.interval) for ts in _instants(frame["ts"][wrong][:_SHOWN]))
        more = ", ..." if wrong.sum() > _SHOWN else ""
        text = f"{request.symbol}: {int(wrong.sum())} row(s) {what} were dropped: {shown}{more}"
        notes.append(Note(code=code, text=text, rows=int(wrong.sum())))
        frame = frame[~wrong]

    drop(frame["close"].isna().to_numpy(), "no_close", "without a close")
    drop(frame[["open", "high", "low"]].isna().any(axis=1).to_numpy(), "close_only", "with a close only")
    broken = {bad.label: bad.reason for bad in bad_bars(frame[["ts", *_PRICES, "volume"]])} | unreadable
    reasons = "; ".join(list(broken.values())[:_SHOWN])
    drop(frame.index.isin(list(broken)), "broken_bars", f"that are no bars ({reasons})")
    drop(_outside(frame["ts"], payload.calendar, request), "off_session", f"outside the sessions of {payload.calendar}")
    ts = _instants(frame["ts"])
    phase = _phases(payload.calendar, ts, request.interval)
    known = _known_at(ts, phase, payload, request.interval)
    frame = frame.assign(known_at=_stamps(known))
    if request.interval not in _DAILY:
        frame = frame.assign(flags=_phase_flags(phase))
    drop(known > instant(answer.retrieved_at), "snapshots", "that were not complete when they were fetched")
    return BarRows(frame.reset_index(drop=True), tuple(notes))


def known_at_rule(payload: Payload, interval: Interval) -> str:
    """Return how `known_at` of bars is set, in words, with its terms."""
    end = "close of the last session" if interval in _DAILY else "end of the bar, at most the close of its session"
    terms = [
        f"{_minutes(shift)} min {word}" for shift, word in ((payload.delay, "delay"), (payload.settle, "settling"))
    ]
    return f"{payload.calendar} {end}, early closes included; + {' + '.join(terms)}"


def _outside(stamps: pd.Series, calendar: str, request: Request) -> NDArray[np.bool_]:
    ts = _instants(stamps)
    if request.interval in _DAILY:
        return ~is_session(calendar, ts)
    phase = phases(calendar, ts)
    outside: NDArray[np.bool_] = phase != "regular" if request.session == "regular" else phase == "closed"
    return outside


def _phases(calendar: str, ts: NDArray[np.datetime64], interval: Interval) -> NDArray[np.str_]:
    return np.full(ts.shape, "regular") if interval in _DAILY else phases(calendar, ts)


def _known_at(
    ts: NDArray[np.datetime64], phase: NDArray[np.str_], payload: Payload, interval: Interval
) -> NDArray[np.datetime64]:
    known = calendars.known_at(ts, interval, payload.calendar, payload.delay, payload.settle)
    if interval in _DAILY:
        return known
    # A bar before or after the session may reach into the next part of the day: never known before its own end.
    nominal = ts + np.timedelta64(INTERVAL_MINUTES[interval], "m") + np.timedelta64(payload.delay + payload.settle)
    return np.where(phase == "regular", known, nominal)


def _phase_flags(phase: NDArray[np.str_]) -> NDArray[np.int32]:
    flags = np.zeros(phase.size, dtype=np.int32)
    flags[phase == "pre"] = Flag.PRE
    flags[phase == "post"] = Flag.POST
    return flags


def _quarantine(key: SeriesKey, store: Store, answer: Answer) -> None:
    """Judge the whole series as it is now stored, and store which bars are quarantined where that changed."""
    bars = store.bars(key)
    verdict = quality_gate(bars, is_price=not key.symbol.startswith("^"))
    moved = np.flatnonzero((verdict.flags ^ bars.flags) & int(Flag.QUARANTINED))
    if not moved.size:
        return
    import pandas as pd

    columns = {name: getattr(bars, name)[moved] for name in (*_PRICES, "volume")}
    stamps = {"ts": _stamps(bars.ts[moved]), "known_at": _stamps(bars.known_at[moved])}
    store.write(key, pd.DataFrame({**stamps, **columns, "flags": verdict.flags[moved]}), {}, answer.retrieved_at)


def _facts(answer: Answer, payload: Payload, first: np.datetime64 | None, rule: str) -> dict[str, str]:
    facts = {
        "provenance": "vendor",
        "calendar": payload.calendar,
        "currency": payload.currency,
        "price_basis": payload.price_basis,
        "known_at_rule": rule,
        "delay_minutes": _minutes(payload.delay),
        "settle_minutes": _minutes(payload.settle),
        "source": payload.source,
        "retrieved_at": answer.retrieved_at.isoformat(),
        "status": answer.status,
        "reason": answer.reason,
        "asked_last": _iso(answer.request.end),
    }
    return facts if first is None else {**facts, "asked_first": "" if np.isnat(first) else str(first)}


def _of_the_series(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Return the notes that stay true of what is stored; those of one answer alone are told with that answer."""
    return tuple(note for note in notes if note.code not in OF_ONE_ANSWER)


def _said(notes: Sequence[Note]) -> str:
    return "; ".join(note.text for note in notes) or "the provider's rows have no dates of their own"


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g}"


def _iso(label: np.datetime64 | None) -> str:
    return "" if label is None else str(label)


def _instants(stamps: pd.Series) -> NDArray[np.datetime64]:
    instants: NDArray[np.datetime64] = stamps.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    return instants


def _stamps(instants: NDArray[np.datetime64]) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(instants, tz="UTC")
