"""From a provider's answer to stored rows: what is no bar is dropped and counted, `known_at` is set, facts are kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.instants import instant
from investiq.market.cleaning import quarantine
from investiq.market.complete_bars import DAILY, PRICES, bar_rows, instants_of, known_at_rule, minutes_of, stamps_of
from investiq.market.contract import Answer, Payload
from investiq.market.known_times import KNOWN_AT_RULES
from investiq.market.schemas import Canonical, canonical
from investiq.market.series import SeriesKey
from investiq.market.store import Store
from investiq.market.store_bars import REFUSED_ACTIONS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OF_ONE_ANSWER", "STORED", "Kept", "keep", "refused", "state"]

# Datasets that are kept; the others are answers of the moment.
STORED: Final = (
    "bars", "actions", "statements", "earnings", "news", "options", "insiders", "short_interest", "profile"
)  # fmt: skip
# Codes of notes that tell of one answer: what is stored later may be complete.
OF_ONE_ANSWER: Final = ("stale", "provider_fallback", "old_variable_name", "snapshots")
# Answers that are made into rows at once. A hundred threads that compute together spend a fifth of their time on taking
# turns at the interpreter; four keep it and the disk busy.
_TURNS: Final = threading.BoundedSemaphore(4)
_NO_FACTS: Final[Mapping[str, str]] = MappingProxyType({})


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
    is_bars = request.dataset == "bars"
    rule = known_at_rule(payload, request.interval) if is_bars else KNOWN_AT_RULES[request.dataset]
    facts = _facts(answer, payload, first, rule) | dict(more)
    with _TURNS:
        return (_keep_bars if is_bars else _keep_records)(answer, payload, store, facts)


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
    if not len(rows.table) and (request.dataset != "actions" or rows.rejected):
        raise DataError(
            f"none of the {answer.rows} {request.dataset} of {request.symbol} could be kept: {_said(notes)}"
        )
    key = SeriesKey(
        request.dataset, answer.provider, request.symbol, feed="" if request.dataset == "actions" else payload.feed
    )
    # A refused row may be the very action that is stored: then nothing says that one is missing, and none is withdrawn.
    is_whole = request.dataset == "actions" and not rows.rejected
    covers = (_first_covered(answer, rows.table), request.end) if is_whole else None
    done = store.write(key, rows.table, facts, answer.retrieved_at, covers=covers, notes=_of_the_series(notes))
    return Kept(key, len(rows.table), done.added, done.revised, (*notes, *done.notes))


def _first_covered(answer: Answer, actions: pd.DataFrame) -> np.datetime64:
    """Return from which ex-date on an answer has every action: how far back its provider goes is not known beyond."""
    if answer.request.start is not None:
        return answer.request.start
    return instants_of(actions["ex_date"]).min() if len(actions) else instant(answer.retrieved_at)


def _keep_bars(answer: Answer, payload: Payload, store: Store, facts: dict[str, str]) -> Kept:
    request = answer.request
    rows = bar_rows(answer)
    notes = (*payload.notes, *rows.notes)
    if not len(rows.table):
        raise DataError(f"none of the {answer.rows} rows of {request.symbol} is a complete bar: {_said(notes)}")
    key = SeriesKey("bars", answer.provider, request.symbol, request.interval, payload.feed, request.session)
    companion = _companion(answer, payload)
    if companion is not None:
        facts = facts | {REFUSED_ACTIONS: refused(companion.notes)}
    done = store.write(key, rows.table, facts, answer.retrieved_at, notes=_of_the_series(notes))
    if companion is not None:
        _keep_companion(answer, payload, companion, store, instants_of(rows.table["ts"])[0])
    if request.interval in DAILY and (done.added or done.revised):
        _quarantine(key, store, answer)
    return Kept(key, len(rows.table), done.added, done.revised, (*notes, *done.notes))


def refused(notes: Sequence[Note]) -> str:
    """Return what the notes on an answer say of its refused rows; an empty text if there were none."""
    return "; ".join(note.text for note in notes if note.code == "refused_rows")


def _companion(answer: Answer, payload: Payload) -> Canonical | None:
    if "actions" not in payload.companions:
        return None
    return canonical(
        "actions",
        payload.companions["actions"],
        symbol=answer.request.symbol,
        retrieved_at=answer.retrieved_at,
        calendar=payload.calendar,
    )


def _keep_companion(answer: Answer, payload: Payload, rows: Canonical, store: Store, first: np.datetime64) -> None:
    if rows.rejected and not len(rows.table):
        return
    facts = {"provenance": "vendor", "source": payload.source, "retrieved_at": answer.retrieved_at.isoformat()}
    # Before the first bar the provider may not reach: that an action is missing there does not withdraw it.
    covers = None if rows.rejected else (first, answer.request.end)
    store.write(
        SeriesKey("actions", answer.provider, answer.request.symbol),
        rows.table,
        facts,
        answer.retrieved_at,
        covers=covers,
        notes=rows.notes,
    )


def _quarantine(key: SeriesKey, store: Store, answer: Answer) -> None:
    """Judge the whole series as it is now stored, and store which bars are quarantined where that changed."""
    bars = store.bars(key)
    flags = quarantine(bars)
    moved = np.flatnonzero((flags ^ bars.flags) & int(Flag.QUARANTINED))
    if not moved.size:
        return
    store.write(key, _rows_again(bars, moved, flags), {}, answer.retrieved_at)


def state(key: SeriesKey, store: Store, facts: Mapping[str, str], recorded_at: datetime) -> None:
    """Change facts of stored bars: their newest row carries them, written again as it is."""
    bars = store.bars(key)
    store.write(key, _rows_again(bars, np.array([len(bars) - 1]), bars.flags), facts, recorded_at)


def _rows_again(bars: Bars, at: NDArray[np.intp], flags: NDArray[np.int32]) -> pd.DataFrame:
    import pandas as pd

    columns = {name: getattr(bars, name)[at] for name in (*PRICES, "volume")}
    stamps = {"ts": stamps_of(bars.ts[at]), "known_at": stamps_of(bars.known_at[at])}
    return pd.DataFrame({**stamps, **columns, "flags": flags[at]})


def _facts(answer: Answer, payload: Payload, first: np.datetime64 | None, rule: str) -> dict[str, str]:
    facts = {
        "provenance": "vendor",
        "calendar": payload.calendar,
        "currency": payload.currency,
        "price_basis": payload.price_basis,
        "known_at_rule": rule,
        "delay_minutes": minutes_of(payload.delay),
        "settle_minutes": minutes_of(payload.settle),
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


def _iso(label: np.datetime64 | None) -> str:
    return "" if label is None else str(label)
