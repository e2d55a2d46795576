"""From stored rows to `Bars`: the cuts on both clocks, the factors, and the passport."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.adjust import Action
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.instants import When, instant, label_text
from investiq.market.building import build_bars, recheck
from investiq.market.series import SeriesKey
from investiq.market.store_reading import EXTRAS, Rows, Stored, aware, minute_text, read_rows, stored_actions
from investiq.market.versions import PRICES

__all__ = ["REFUSED_ACTIONS", "applied", "bars_from", "read_bars", "whole_bars", "years_of"]

# Fact of a series of bars: which rows of its newest corporate actions were refused, empty if none.
REFUSED_ACTIONS: Final = "refused_actions"


def read_bars(
    root: Path,
    key: SeriesKey,
    start: When | None,
    end: When | None,
    as_of: np.datetime64 | None,
    recorded_by: np.datetime64 | None,
) -> Bars:
    """Return `Bars`; see `store.Store.bars`."""
    if key.dataset != "bars":
        raise DataError(f"{key} are no bars; use store.records")
    rows = read_rows(root, key, recorded_by=recorded_by, years=years_of(start, end) if key.is_yearly else None)
    whole = bars_from(key, rows, stored_actions(root, key, recorded_by), recorded_by)
    known = whole
    if as_of is not None:
        known = whole.until(as_of)
        if not len(known):
            first = label_text(whole.ts[0], key.interval)
            raise DataError(
                f"{key}: nothing was known at {minute_text(as_of)}; it begins with {first}; pass a later as_of"
            )
    if start is None and end is None:
        return known if as_of is None else recheck(known)
    return recheck(known.between(start, end))


def years_of(start: When | None, end: When | None) -> tuple[int, int]:
    """Return the first and the last year that the labels of a range may lie in."""
    low = 0 if start is None else instant(start, day_ends=False).astype("datetime64[Y]").astype(int) + 1970
    high = 9999 if end is None else instant(end).astype("datetime64[Y]").astype(int) + 1970
    return int(low), int(high)


def bars_from(key: SeriesKey, rows: Rows, stored: Stored | None, recorded_by: np.datetime64 | None) -> Bars:
    """Return `Bars` with a passport from stored rows; `stored` None means that no actions were ever stored."""
    columns, revisions, dropped = whole_bars(rows.columns)
    stated = rows.manifest["facts"]
    bars = build_bars(
        symbol=key.symbol,
        provider=key.provider,
        provenance=stated.get("provenance", "vendor"),
        interval=key.interval,
        calendar_name=stated.get("calendar", "XNYS"),
        ts=columns["ts"],
        known_at=columns["known_at"],
        columns={name: columns[name] for name in (*PRICES, "volume", *EXTRAS) if name in columns},
        price_basis=stated.get("price_basis", "as_traded"),
        known_at_rule=stated.get("known_at_rule", "as recorded by the source"),
        source=stated.get("source", ""),
        currency=stated.get("currency", "USD"),
        feed=key.feed,
        retrieved_at=_moment(stated.get("retrieved_at")),
        repairs=int(stated.get("repairs", "0")),
        actions=applied(rows.manifest, stored),
        flags=columns.get("flags"),
        notes=_stated_notes(key, rows, stored, revisions, dropped),
    )
    return bars.with_passport(
        dataclasses.replace(
            bars.passport,
            session=key.session,
            recorded_by=_read_moment(rows, stored, recorded_by),
            revisions=revisions,
            largest_revision=rows.largest_revision,
        )
    )


def whole_bars(columns: dict[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], int, int]:
    """Return the rows that are bars, how many of them were corrected, and how many rows have a close only."""
    if "volume" not in columns:
        columns = columns | {"volume": np.full(columns["ts"].size, np.nan)}
    flags = columns.get("flags")
    if flags is None or not flags.any():
        return columns, 0, 0
    close_only = (flags & int(Flag.CLOSE_ONLY)) != 0
    if close_only.any():
        columns = {name: array[~close_only] for name, array in columns.items()}
    return columns, int(((columns["flags"] & int(Flag.REVISED)) != 0).sum()), int(close_only.sum())


def applied(manifest: dict[str, Any], stored: Stored | None) -> tuple[Action, ...]:
    """Return the actions that factors follow from: none where the vendor has adjusted the prices already."""
    adjusted = manifest["facts"].get("price_basis") in ("vendor_split", "vendor_total")
    return () if adjusted or stored is None else stored.actions


def _read_moment(rows: Rows, stored: Stored | None, recorded_by: np.datetime64 | None) -> datetime:
    """Return the `recorded_by` that gives what was read here again."""
    if recorded_by is not None:
        return aware(recorded_by)
    return aware(rows.recorded_at if stored is None else max(rows.recorded_at, stored.recorded_at))


def _stated_notes(key: SeriesKey, rows: Rows, stored: Stored | None, revisions: int, close_only: int) -> list[Note]:
    """Return the cautions that were stored with the series, and those about its versions and actions."""
    notes = [Note(**note) for note in rows.manifest["notes"]]
    if revisions:
        text = (
            f"{key.symbol}: {key.provider} corrected {revisions} bar(s) after they were first recorded, the largest change of a "
            f"price is {rows.largest_revision:.2%}; what was seen before is there with recorded_by"
        )
        notes.append(Note(code="revised_bars", text=text, rows=revisions))
    if stored is not None and stored.corrected:
        text = (
            f"{key.symbol}: {key.provider} corrected or withdrew {stored.corrected} corporate action(s) after they were first "
            "recorded; the factors that were seen before are there with recorded_by"
        )
        notes.append(Note(code="revised_actions", text=text, rows=stored.corrected))
    if close_only:
        text = f"{key.symbol}: {close_only} stored row(s) have a close only and are no bars; they were left out"
        notes.append(Note(code="close_only", text=text, rows=close_only))
    stated = rows.manifest["facts"]
    needs_none = (
        stated.get("price_basis") in ("vendor_split", "vendor_total") or stated.get("currency") == "index points"
    )
    if stored is None and not needs_none:
        text = (
            f"{key.symbol}: no corporate actions of {key.provider} are stored: dividends are missing from total returns, "
            "and a split would look like a fall"
        )
        notes.append(Note(code="no_actions", text=text))
    if (said := stated.get(REFUSED_ACTIONS)) and not needs_none:
        text = f"{said}; none that was stored is withdrawn for that, but one that is missing or wrong makes the factors wrong"
        notes.append(Note(code="refused_actions", text=text, severity="error"))
    return notes


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
