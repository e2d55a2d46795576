"""The loader of records: dated facts of a share by their kind, or a series of the sample by its name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np

from investiq.core.errors import DataError
from investiq.core.notes import Note, merge_notes
from investiq.history.instants import When, instant
from investiq.history.records import Records
from investiq.market import bundled
from investiq.market.bundled_records import has_records, load_facts
from investiq.market.caching import TIME_TO_LIVE, Cache
from investiq.market.contract import Dataset
from investiq.market.coverage import Wanted
from investiq.market.loading import Provider
from investiq.market.refusing import as_error
from investiq.market.series import SeriesKey
from investiq.market.serving import cache_entry, generation_of, recorded_key, refuse_without_vendor
from investiq.market.store import Store, open_store
from investiq.market.updating import Update, update
from investiq.runtime import clock
from investiq.runtime.settings import vendor_name

__all__ = ["RECORD_KINDS", "RecordKind", "load_records", "wanted_records"]

RecordKind = Literal["actions", "statements", "earnings", "news", "options", "insiders", "short_interest", "profile"]
RECORD_KINDS: Final[tuple[RecordKind, ...]] = get_args(RecordKind)
# Without a start, news are those of a year: all that a vendor ever published would be thousands of pages.
_NEWS_SPAN: Final = np.timedelta64(365, "D")
_RECORDS: Final = Cache[Records](size=256)


def load_records(
    name: str,
    kind: RecordKind | None = None,
    *,
    provider: Provider | None = None,
    start: When | None = None,
    end: When | None = None,
    as_of: When | None = None,
    recorded_by: When | None = None,
) -> Records:
    """Return dated facts that are no bars: a series of the sample by its name, or those of a share by their kind.

    Parameters
    ----------
    name : str
        One of those that `list_symbols` shows with another kind than bars, such
        as ``"^VIX"`` or ``"FF3"``; with `kind`, a symbol.
    kind : str, optional
        ``"statements"``, ``"earnings"``, ``"news"``, ``"actions"``,
        ``"insiders"``, ``"options"``, ``"short_interest"`` or ``"profile"`` of
        the symbol.
    provider : str, optional
        By default the first vendor of the chain that answers.
    start, end : str, date, datetime or datetime64, optional
        First and last label (the day that a record describes), both inclusive.
        News without a start are those of the 365 days before `end`, `as_of` or
        now, whichever is earliest; of a synthetic share all.
    as_of : str, date, datetime or datetime64, optional
        A time of knowledge: only rows published by then.
    recorded_by : str, date, datetime or datetime64, optional
        Read what the store held at that moment; nothing is fetched.

    Returns
    -------
    Records
        Named ``"news:AAPL"``; without rows, and with a note, where the vendor
        says that there are none.

    Raises
    ------
    DataError
        If the name or the kind is not known.
    VendorError
        If every vendor that was asked failed and nothing is stored.

    Examples
    --------
    >>> len(load_records("FF3"))
    1109
    """
    if kind is None:
        return bundled.load_table(name, as_of)
    wanted = wanted_records(name, kind, start=start, end=end, provider=provider, as_of=as_of)
    if has_records(name, provider):
        return load_facts(wanted)
    store = open_store()
    if recorded_by is not None:
        found = store.records(recorded_key(wanted, store), as_of=as_of, recorded_by=recorded_by)
        return _within(found, wanted)
    refuse_without_vendor(wanted, store)
    done = update(wanted, store)
    if done.key is None and done.status == "empty":
        return _no_records(wanted, done)
    if done.key is None:
        raise as_error(done)
    return _within(_read(done.key, wanted, store), wanted, done.notes)


def wanted_records(
    symbol: str,
    kind: Dataset,
    *,
    start: When | None = None,
    end: When | None = None,
    provider: str | None = None,
    as_of: When | None = None,
    limit: int | None = None,
) -> Wanted:
    """Return what is wanted of a symbol's records.

    Raises
    ------
    DataError
        If `kind` is no dataset of records.
    """
    if kind not in RECORD_KINDS:
        raise DataError(f"kind must be one of {', '.join(RECORD_KINDS)}, was {kind!r}")
    first = None if start is None else instant(start, day_ends=False)
    last = None if end is None else instant(end)
    known = None if as_of is None else instant(as_of)
    if kind == "news" and first is None and not has_records(symbol, provider):
        newest = min(each for each in (instant(clock.now()), last, known) if each is not None)
        # The same start all day long, so that what was loaded an hour ago serves.
        first = newest.astype("datetime64[D]").astype("datetime64[us]") - _NEWS_SPAN
    return Wanted(
        dataset=kind,
        symbol=symbol,
        start=first,
        end=last,
        provider=None if provider is None else vendor_name(provider),
        as_of=known,
        limit=limit,
    )


def _read(key: SeriesKey, wanted: Wanted, store: Store) -> Records:
    entry = cache_entry(key, wanted, generation_of(key, store))
    if (found := _RECORDS.get(entry)) is None:
        found = store.records(key, as_of=wanted.as_of)
        _RECORDS.put(entry, found, clock.now() + TIME_TO_LIVE[wanted.dataset])
    return found


def _within(records: Records, wanted: Wanted, notes: Sequence[Note] = ()) -> Records:
    """Return the records in the range wanted, in a frame of their own."""
    labels = records.labels
    inside = np.ones(labels.size, dtype=bool)
    if wanted.start is not None:
        inside &= labels >= wanted.start
    if wanted.end is not None:
        inside &= labels <= wanted.end
    return dataclasses.replace(
        records,
        frame=records.frame[inside].copy(deep=False),
        notes=merge_notes(records.notes, notes),
    )


def _no_records(wanted: Wanted, done: Update) -> Records:
    import pandas as pd

    nothing = pd.DatetimeIndex([], tz="UTC", name="ts").as_unit("us")
    note = Note(code="no_records", text=f"{wanted.symbol}: {done.reason}", rows=0, severity="info")
    return Records(
        kind=wanted.dataset,
        name=f"{wanted.dataset}:{wanted.symbol}",
        frame=pd.DataFrame({"known_at": nothing}, index=nothing),
        provider=done.provider,
        source="",
        known_at_rule="",
        unit="",
        notes=(note, *done.notes),
    )
