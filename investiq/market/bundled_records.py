"""Records of invented companies, through the same border as a vendor's but without a store."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

from investiq.core.notes import Note
from investiq.history.records import Records
from investiq.market.contract import Dataset, Request
from investiq.market.coverage import Wanted
from investiq.market.datasets import LAYOUTS
from investiq.market.known_times import KNOWN_AT_RULES
from investiq.market.schemas import canonical
from investiq.market.vendors import synthetic

__all__ = ["has_records", "load_facts"]


def has_records(symbol: str, provider: str | None) -> bool:
    """Return whether a symbol's records are invented here: nobody is asked for them and nothing is stored."""
    return symbol in synthetic.SYMBOLS and provider in (None, "synthetic")


def load_facts(wanted: Wanted) -> Records:
    """Return the records of a synthetic symbol in the range wanted, known by its time of knowledge.

    Without rows, and with a note that says why, where there are none.
    """
    whole = _whole(wanted.symbol, wanted.dataset)
    known = whole if wanted.as_of is None else whole.until(wanted.as_of)
    inside = np.ones(len(known), dtype=bool)
    if wanted.start is not None:
        inside &= known.labels >= wanted.start
    if wanted.end is not None:
        inside &= known.labels <= wanted.end
    return dataclasses.replace(known, frame=known.frame[inside].copy(deep=False))


def _whole(symbol: str, kind: Dataset) -> Records:
    return _chains(symbol) if kind == "options" else _small(symbol, kind)


# Option chains take some 5 MB a symbol, every other kind a tenth of one or less.
@lru_cache(maxsize=12)
def _chains(symbol: str) -> Records:
    return _invented(symbol, "options")


# Seven kinds of forty symbols: a screen of hundreds holds no more.
@lru_cache(maxsize=280)
def _small(symbol: str, kind: Dataset) -> Records:
    return _invented(symbol, kind)


def _invented(symbol: str, kind: Dataset) -> Records:
    answer = synthetic.Synthetic().fetch(Request(dataset=kind, symbol=symbol))
    rows = canonical(kind, answer.table, symbol=symbol, retrieved_at=synthetic.AS_OF)
    missing = Note(code="no_records", text=answer.reason, rows=0, severity="info")
    return Records(
        kind=kind,
        name=f"{kind}:{symbol}",
        frame=rows.table.rename(columns={LAYOUTS[kind].label: "ts"}).set_index("ts"),
        provider="synthetic",
        source="" if answer.payload is None else answer.payload.source,
        known_at_rule=KNOWN_AT_RULES[kind],
        unit="USD",
        notes=rows.notes if len(rows.table) else (missing, *rows.notes),
    )
