"""The loader of panels: many symbols brought up to date together and read at once."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Collection, Mapping, Sequence

from investiq.core.errors import DataError
from investiq.core.notes import Note, merge_notes
from investiq.core.types import Interval, Session, parse_interval
from investiq.history.bars import Bars
from investiq.history.instants import When
from investiq.history.panel import Panel
from investiq.market.coverage import Wanted
from investiq.market.loading import Provider, is_bundled, load_bars, updated_bars
from investiq.market.membership import Universe
from investiq.market.refusing import as_one_error
from investiq.market.routing import chain, vendor
from investiq.market.serving import recorded_key, refuse_without_vendor, wanted_bars
from investiq.market.store import Store, open_store
from investiq.market.update_pool import Orders, update_all
from investiq.market.updating import Update, actions_missing

__all__ = ["load_panel"]


def load_panel(
    symbols: Sequence[str] | Universe,
    start: When | None = None,
    end: When | None = None,
    *,
    provider: Provider | None = None,
    interval: Interval = "1d",
    as_of: When | None = None,
    recorded_by: When | None = None,
    session: Session = "regular",
) -> Panel:
    """Return the bars of several symbols, aligned on the union of their labels.

    Symbols of a vendor are brought up to date together, as by `fetch`, and
    read from the store at once.

    Parameters
    ----------
    symbols : sequence of str, or Universe
        Each once. The cautions of a universe (survivorship) become notes of the panel.
    start, end, provider, interval, as_of, recorded_by, session
        As in `load_bars`.

    Raises
    ------
    DataError, VendorError
        If a symbol cannot be loaded: a panel without it would be another panel.
        Every one that failed is named; those that came are stored, so that the
        same call asks only for the others again.

    Examples
    --------
    >>> load_panel(["SYN001", "SYN002"], start="2019").close.shape
    (2, 252)
    """
    if isinstance(symbols, str):
        raise DataError(f"symbols must be a list of symbols, was the text {symbols!r}; write [{symbols!r}]")
    if len(set(symbols)) != len(symbols):
        raise DataError(f"each symbol may appear once in a panel; found {', '.join(symbols)}")
    parsed = parse_interval(interval)
    wanted = {
        each: wanted_bars(each, start, end, provider, parsed, as_of, session)
        for each in symbols
        if not is_bundled(each, provider)
    }
    store = open_store()
    updates = {} if recorded_by is not None else _up_to_date(wanted, store)

    def member(symbol: str) -> Bars:
        if symbol in updates:
            return updated_bars(updates[symbol], wanted[symbol], store, start, end, as_of)
        return load_bars(
            symbol,
            start,
            end,
            provider=provider,
            interval=parsed,
            as_of=as_of,
            recorded_by=recorded_by,
            session=session,
        )

    cautions = symbols.notes if isinstance(symbols, Universe) else ()
    if len(wanted) < len(symbols) or not len(symbols):
        return Panel.of([member(each) for each in symbols], cautions)
    keys = [
        key if symbol in updates and (key := updates[symbol].key) is not None else recorded_key(wanted[symbol], store)
        for symbol in symbols
    ]
    panel = store.panel(keys, start=start, end=end, as_of=as_of, recorded_by=recorded_by)
    return dataclasses.replace(panel, notes=merge_notes(cautions, panel.notes, _cautions(updates.values(), store)))


def _up_to_date(wanted: Mapping[str, Wanted], store: Store) -> dict[str, Update]:
    """Return what became of each symbol; every one has a stored series."""
    if not wanted:
        return {}
    for each in wanted.values():
        refuse_without_vendor(each, store)
    orders = list(wanted.values())
    vendors = chain() if orders[0].provider is None else (vendor(orders[0].provider),)
    updates: dict[int, Update] = {}
    update_all(Orders(wanted=orders, store=store, vendors=vendors), updates.__setitem__, "load bars", threading.Event())
    done = {each.symbol: updates[at] for at, each in enumerate(orders)}
    if failed := [each for each in done.values() if each.key is None]:
        raise as_one_error(failed, len(orders))
    return done


def _cautions(updates: Collection[Update], store: Store) -> list[Note]:
    notes = [note for done in updates for note in done.notes]
    for done in updates:
        if done.key is not None and (reason := store.facts(done.key).get("actions")):
            notes.append(actions_missing(done.symbol, done.key.provider, reason))
    return notes
