"""Rows of records among themselves: each fact once, and notes on those that were refused, repeated or out of order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.notes import Note, Severity
from investiq.history.instants import instant
from investiq.market.columns import BadRow
from investiq.market.datasets import ALL_LAYOUTS, AnyKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["each_once", "on_future", "on_order", "on_rejected"]

_SHOWN: Final = 3
# Their stamps lie in the past, unless a zone was mistaken; clocks of two machines may differ by a few minutes.
_STAMPED: Final[tuple[AnyKind, ...]] = (
    "statements", "insiders", "news", "options", "snapshot", "analyst_targets", "analyst_ratings", "earnings_texts",
    "series",
)  # fmt: skip
_SKEW: Final = np.timedelta64(5, "m")


def each_once(dataset: AnyKind, frame: pd.DataFrame, what: str) -> tuple[pd.DataFrame, list[Note], list[BadRow]]:
    """Return one row a key: equal rows count once, else the version known last; rows that nothing decides between are bad."""
    key = list(ALL_LAYOUTS[dataset].key)
    if not frame.duplicated(key).any():
        return frame, [], []
    notes: list[Note] = []
    once = frame.drop_duplicates()
    if repeats := len(frame) - len(once):
        text = f"{what}: {repeats} row(s) repeat another one in every column and count once"
        notes.append(Note(code="repeated_rows", text=text, rows=repeats, severity="info"))
    moment = ["known_at"] if "known_at" in once.columns else []
    undecided = once.duplicated([*key, *moment], keep=False)
    said = f"another row says otherwise of the same {', '.join(key)}"
    bad = [BadRow(int(row), said) for row in once.index[undecided]]
    versions = once[~undecided].sort_values(moment, kind="stable") if moment else once[~undecided]
    latest = versions.drop_duplicates(key, keep="last")
    if earlier := len(versions) - len(latest):
        text = f"{what}: {earlier} earlier version(s) of a row came in the same answer and were set aside for the one known last"
        notes.append(Note(code="earlier_versions", text=text, rows=earlier))
    return latest, notes, bad


def on_rejected(dataset: AnyKind, bad: Sequence[BadRow], size: int, what: str, unit: str = "row") -> list[Note]:
    """Return a note with the number of rows refused and the first of them, each with its reasons; `unit`: what labels count."""
    if not bad:
        return []
    reasons: dict[int, list[str]] = {}
    for row in bad:
        reasons.setdefault(row.label, []).append(row.reason)
    shown = "; ".join(f"{unit} {label}: {' and '.join(reasons[label])}" for label in list(reasons)[:_SHOWN])
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    text = f"{what}: {len(reasons)} of {size} row(s) were refused: {shown}{more}"
    # Factors without one of the actions would be wrong without a sign.
    severity: Severity = "error" if dataset == "actions" else "caution"
    return [Note(code="refused_rows", text=text, rows=len(reasons), severity=severity)]


def on_order(frame: pd.DataFrame, label: str, what: str) -> list[Note]:
    """Return a note if the rows came in no order of their label."""
    stamps = frame[label].dropna()
    # Newest first is a custom of vendors; rows in neither order may be a page that came late.
    if stamps.is_monotonic_increasing or stamps.is_monotonic_decreasing:
        return []
    text = f"{what}: rows came in no order of {label} and were sorted"
    return [Note(code="rows_out_of_order", text=text, rows=len(frame), severity="info")]


def on_future(dataset: AnyKind, frame: pd.DataFrame, retrieved_at: datetime, what: str) -> list[Note]:
    """Return a note on stamps that lie after the retrieval."""
    if dataset not in _STAMPED:
        return []
    limit = instant(retrieved_at) + _SKEW
    late = frame["known_at"][frame["known_at"].dt.tz_convert(None) > limit]
    if late.empty:
        return []
    text = (
        f"{what}: {len(late)} row(s) bear stamps after their retrieval at {limit - _SKEW} UTC, the last {late.max():%Y-%m-%d %H:%M} UTC: "
        "most likely a mistaken time zone"
    )
    return [Note(code="stamps_after_retrieval", text=text, rows=len(late))]
