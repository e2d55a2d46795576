"""Bringing one stored series up to date: nothing is asked that is stored and fresh, and nothing is spliced."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, cast

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.core.notes import Note
from investiq.history.instants import instant
from investiq.market.contract import Answer, Attempt, Dataset, Request, Status, Vendor
from investiq.market.coverage import Held, Wanted, held_series, is_patient, missing_from, reaches_back
from investiq.market.datasets import LAYOUTS
from investiq.market.ingesting import keep, refused, state
from investiq.market.routing import ask, attempt_of, chain, no_vendor, reasons_of, vendor
from investiq.market.series import SeriesKey
from investiq.market.store import Store
from investiq.market.store_bars import REFUSED_ACTIONS

__all__ = ["Update", "actions_missing", "update"]

# Asked again with each tail of daily and of intraday bars, so that corrections of the last days are seen.
_OVERLAP_DAILY: Final = np.timedelta64(7, "D")
_OVERLAP_INTRADAY: Final = np.timedelta64(1, "D")
# News are added to; all other records are small enough to be asked again whole, corrections included.
_OVERLAP_NEWS: Final = np.timedelta64(3, "D")
_UNBOUNDED: Final = np.datetime64("NaT", "us")


@dataclass(frozen=True, kw_only=True)
class Update:
    """What an update came to.

    Attributes
    ----------
    key : SeriesKey, optional
        The series that serves now; None where there is none.
    asked : bool
        Whether a provider was asked: no, if what is stored is fresh.
    status, reason, provider, attempts, retry_at
        As of an `Answer`.
    rows, added, revised : int
        Received, new, and corrected.
    ids : frozenset of str
        Of the articles received: one may come under several symbols.
    actions : Update, optional
        Of the corporate actions that were asked for with bars.
    """

    dataset: Dataset
    symbol: str
    key: SeriesKey | None
    asked: bool
    status: Status
    reason: str
    provider: str
    rows: int = 0
    added: int = 0
    revised: int = 0
    elapsed: float = 0.0
    retry_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    ids: frozenset[str] = frozenset()
    actions: Update | None = None


class _Range(NamedTuple):
    """Start to ask for, and from where on the stored series is complete then: None as before, NaT unbounded."""

    start: np.datetime64 | None
    complete_from: np.datetime64 | None


class _Work(NamedTuple):
    wanted: Wanted
    store: Store
    vendors: Mapping[str, Vendor]


def update(wanted: Wanted, store: Store, *, vendors: Sequence[Vendor] | None = None, refresh: bool = False) -> Update:
    """Make sure that a series is stored, as complete as a provider has it; ask only for what is missing.

    A stored series is continued by its own provider and feed. Where that one
    fails, the next vendors of the chain are asked for the whole series, which
    is then another series.

    Parameters
    ----------
    wanted : Wanted
    store : Store
    vendors : sequence of Vendor, optional
        By default the chain of the settings, or the provider that is named.
    refresh : bool, default False
        Ask for the whole range even where it is stored.

    Raises
    ------
    ConfigError
        If a provider has to be asked and none is configured.
    """
    begun = time.monotonic()
    if vendors is None:
        vendors = chain() if wanted.provider is None else (vendor(wanted.provider),)
    work = _Work(wanted, store, {each.name: each for each in vendors})
    held = held_series(wanted, store, tuple(work.vendors))
    if not refresh:
        for each in held:
            lack = missing_from(each, wanted)
            if not lack or (is_patient(each) and reaches_back(each, wanted)):
                return _with_late_actions(work, _served(wanted, each, lack), each)
    if not work.vendors:
        if not held:
            raise ConfigError(no_vendor())
        return _not_updated(_served(wanted, held[0], f"{missing_from(held[0], wanted)}, and {no_vendor()}"))
    done = _continued(work, held[0], refresh) if held else _anew(work, tuple(work.vendors.values()))
    return dataclasses.replace(done, elapsed=time.monotonic() - begun)


def _served(wanted: Wanted, held: Held, lack: str) -> Update:
    notes = (Note(code="stale", text=f"{lack}: the newest are missing"),) if lack else ()
    return Update(
        dataset=wanted.dataset,
        symbol=wanted.symbol,
        key=held.key,
        asked=False,
        status="stale" if lack else "ok",
        reason=lack,
        provider=held.key.provider,
        notes=notes,
    )


def _anew(work: _Work, vendors: Sequence[Vendor]) -> Update:
    wanted = work.wanted
    answer = ask(wanted.request(wanted.start, wanted.end), vendors=vendors)
    return _kept(work, answer, _bound(wanted.start), None)


def _continued(work: _Work, own: Held, refresh: bool) -> Update:
    wanted = work.wanted
    span = _range_to_ask(own, wanted, refresh)
    request = wanted.request(span.start, None if wanted.end is None else max(wanted.end, own.last))
    mine = ask(request, vendors=[work.vendors[own.key.provider]])
    others = [each for name, each in work.vendors.items() if name != own.key.provider and not each.refusal(request)]
    if mine.status == "ok" or not others:
        return _kept(work, mine, span.complete_from, own)
    theirs = ask(wanted.request(wanted.start, wanted.end), vendors=others)
    if theirs.status != "ok":
        told = dataclasses.replace(mine, attempts=(*theirs.attempts, attempt_of(theirs)))
        return _kept(work, told, span.complete_from, own)
    done = _kept(work, theirs, _bound(wanted.start), None)
    text = (
        f"{wanted.symbol}: {theirs.provider} answered the whole series, because {mine.provider} could not continue "
        f"the stored one: {mine.status} ({mine.reason})"
    )
    attempts = (attempt_of(mine), *done.attempts)
    return dataclasses.replace(done, attempts=attempts, notes=(*done.notes, Note(code="provider_fallback", text=text)))


def _range_to_ask(own: Held, wanted: Wanted, refresh: bool) -> _Range:
    whole = None if wanted.start is None or np.isnat(own.first_asked) else min(own.first_asked, wanted.start)
    # A series that its provider adjusts anew after each split is asked for whole: two bases never meet in it.
    is_readjusted = wanted.dataset == "bars" and own.price_basis != "as_traded"
    if refresh or is_readjusted or not reaches_back(own, wanted):
        return _Range(whole, _bound(whole))
    if wanted.dataset == "bars":
        return _Range(
            own.last - (_OVERLAP_DAILY if wanted.interval in ("1d", "1w", "1mo") else _OVERLAP_INTRADAY), None
        )
    if wanted.dataset == "news":
        known_to = instant(own.retrieved_at) if np.isnat(own.last_asked) else own.last_asked
        return _Range(known_to - _OVERLAP_NEWS, None)
    return _Range(whole, _bound(whole))


def _kept(work: _Work, answer: Answer, complete_from: np.datetime64 | None, own: Held | None) -> Update:
    """Keep an answer; where it has no rows, or none that can be kept, a stored series goes on serving."""
    wanted = work.wanted
    done = Update(
        dataset=wanted.dataset,
        symbol=wanted.symbol,
        key=None if own is None else own.key,
        asked=True,
        status=answer.status,
        reason=answer.reason if answer.is_usable else reasons_of(answer),
        provider=answer.provider,
        attempts=answer.attempts,
        retry_at=answer.retry_at,
    )
    if answer.status == "empty" and own is not None and wanted.dataset == "news":
        return dataclasses.replace(done, status="ok", reason="")
    if not answer.is_usable:
        if wanted.dataset == "actions" and answer.status == "empty":
            _settle(work, answer, "")
        return _not_updated(done)
    actions, facts = _with_actions(work, answer, own)
    try:
        kept = keep(answer, work.store, first=_reached(answer, complete_from), more=facts)
    except DataError as error:
        return _not_updated(dataclasses.replace(done, status="error", reason=str(error)))
    if wanted.dataset == "actions":
        _settle(work, answer, refused(kept.notes))
    return dataclasses.replace(
        done,
        key=kept.key,
        rows=kept.rows,
        added=kept.added,
        revised=kept.revised,
        notes=kept.notes,
        ids=frozenset(answer.table["id"]) if wanted.dataset == "news" else frozenset(),
        actions=actions,
    )


def _not_updated(done: Update) -> Update:
    if done.key is None:
        return done
    text = f"{done.symbol}: the stored {done.dataset} could not be brought up to date: {done.reason}"
    return dataclasses.replace(done, notes=(Note(code="not_updated", text=text),))


def _reached(answer: Answer, complete_from: np.datetime64 | None) -> np.datetime64 | None:
    """Return from where on the series is complete: not from the start asked for if a limit cut the oldest rows off."""
    limit = answer.request.limit
    if limit is None or answer.rows < limit:
        return complete_from
    oldest = answer.table[LAYOUTS[answer.request.dataset].label].min()
    label: np.datetime64 = oldest.tz_convert(None).to_datetime64().astype("datetime64[us]")
    return label


def _with_actions(work: _Work, answer: Answer, own: Held | None) -> tuple[Update | None, dict[str, str]]:
    """Ask the provider of bars for their corporate actions, unless they came along; first, for bars are judged with them."""
    wanted, payload = work.wanted, answer.payload
    if wanted.dataset != "bars" or payload is None or payload.price_basis not in ("as_traded", "unsplit"):
        return None, {}
    source = work.vendors[answer.provider]
    if "actions" in payload.companions or "actions" not in source.capabilities.datasets:
        return None, {}
    first = payload.table["ts"].min().tz_convert(None).to_datetime64().astype("datetime64[us]")
    if own is not None and own.key.provider == answer.provider:
        first = min(first, own.first)
    return _asked_actions(work, source, first)


def _with_late_actions(work: _Work, done: Update, held: Held) -> Update:
    """Ask for the corporate actions alone that failed with bars which are fresh; a plan without them stays without."""
    if not held.actions:
        return done
    source = work.vendors.get(held.key.provider)
    if source is None or held.actions.startswith("not_entitled"):
        status, _, reason = held.actions.partition(" ")
        told = Update(
            dataset="actions",
            symbol=done.symbol,
            key=None,
            asked=False,
            status=cast("Status", status),
            reason=f"not asked for again: {reason.strip('()')}",
            provider=held.key.provider,
        )
        return dataclasses.replace(done, actions=told)
    actions, _ = _asked_actions(work, source, held.first)
    return dataclasses.replace(done, actions=actions)


def _settle(work: _Work, answer: Answer, refusal: str) -> None:
    """Take back from stored bars that their corporate actions failed, if the answer reaches back to their first."""
    start = answer.request.start
    for key in work.store.keys("bars", answer.provider, answer.request.symbol):
        facts = work.store.facts(key)
        if facts.get("actions") and (start is None or start <= np.datetime64(facts["first"], "us")):
            state(key, work.store, {"actions": "", REFUSED_ACTIONS: refusal}, answer.retrieved_at)


def _asked_actions(work: _Work, source: Vendor, first: np.datetime64) -> tuple[Update, dict[str, str]]:
    """Ask for the corporate actions from the first bar on; return what became of it, and what the bars state of it."""
    symbol = work.wanted.symbol
    request = Request(dataset="actions", symbol=symbol, start=first.astype("datetime64[D]").astype("datetime64[us]"))
    found = source.fetch(request)
    done = Update(
        dataset="actions",
        symbol=symbol,
        key=None,
        asked=True,
        status=found.status,
        reason=found.reason,
        provider=found.provider,
        elapsed=found.elapsed,
    )
    if found.payload is None:
        return done, {"actions": f"{found.status} ({found.reason})"}
    try:
        kept = keep(found, work.store, first=request.start)
    except DataError as error:
        return dataclasses.replace(done, status="error", reason=str(error)), {
            "actions": f"error ({error})",
            REFUSED_ACTIONS: str(error),
        }
    _settle(work, found, refused(kept.notes))
    counted = dataclasses.replace(
        done, key=kept.key, rows=kept.rows, added=kept.added, revised=kept.revised, notes=kept.notes
    )
    return counted, {"actions": "", REFUSED_ACTIONS: refused(kept.notes)}


def actions_missing(symbol: str, provider: str, reason: str) -> Note:
    """Return the caution that the corporate actions behind stored bars are not up to date."""
    text = f"{symbol}: the corporate actions of {provider} could not be brought up to date: {reason}"
    return Note(code="actions_not_updated", text=f"{text}; a split since would look like a fall")


def _bound(start: np.datetime64 | None) -> np.datetime64:
    return _UNBOUNDED if start is None else start
