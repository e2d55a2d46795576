"""Checks of bars that any consumer may need, as notes: what a series cannot be used for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.notes import Note, merge_notes
from investiq.history import scanning
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.instants import label_text
from investiq.history.scanning import EXTREME_MOVE, FEWEST_REPEATS, REPEATED_OPEN_SHARE, SPIKE, STALE_RUN, Moves

__all__ = [
    "FEWEST_REPEATS",
    "REPEATED_OPEN_SHARE",
    "STALE_RUN",
    "extreme_moves",
    "missing_sessions",
    "mixed_adjustment",
    "open_repeats_previous_close",
    "possible_splits",
    "price_spikes",
    "quarantined",
    "row_checks",
    "source_notes",
    "stale_closes",
    "zero_volume",
]

_SHOWN: Final = 3


def open_repeats_previous_close(bars: Bars) -> Note | None:
    """Return a Note naming the years in which opens copy the previous close, or None.

    Such opens are no tradable prices: a next-open fill there earns a return that
    nobody could have had. See `scanning.repeated_opens` for what is judged.
    """
    found, shares = scanning.repeated_opens(bars)
    if not found:
        return None
    span = " to ".join(label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
    parts = [f"{year or span} ({share:.0%})" for year, share in shares.items()]
    return Note(
        code="open_repeats_previous_close",
        text=(
            f"{bars.symbol}: the open equals the previous close on many days of {', '.join(parts)}; "
            "these opens were not tradable prices, so fills at the next open are not reliable there"
        ),
        rows=int(found.ts.size),
    )


def zero_volume(bars: Bars) -> Note | None:
    """Return a Note counting bars with zero volume, or None."""
    rows = int(scanning.zero_volume(bars).ts.size)
    if not rows:
        return None
    return Note(
        code="zero_volume",
        text=f"{bars.symbol}: {rows} bar(s) have zero volume; no order fills in them unless zero_volume='ignore'",
        rows=rows,
    )


def quarantined(bars: Bars) -> Note | None:
    """Return a Note of severity ``"error"`` naming bars held to be bad prints, or None."""
    found = scanning.flagged(bars, Flag.QUARANTINED)
    if not found:
        return None
    dates = ", ".join(label_text(ts, bars.interval) for ts in found.ts[:_SHOWN])
    more = f" and {found.ts.size - _SHOWN} more" if found.ts.size > _SHOWN else ""
    return Note(
        code="quarantined",
        text=(
            f"{bars.symbol}: {found.ts.size} bar(s) are quarantined as bad prints: {dates}{more}; "
            "leave them out with bars.without_quarantined(), or correct the data"
        ),
        rows=int(found.ts.size),
        severity="error",
    )


def price_spikes(bars: Bars) -> Note | None:
    """Return a Note naming moves of the total-adjusted close of 20 % to 50 % that fit no split, or None."""
    return _spike_note(bars, scanning.classified_moves(bars))


def extreme_moves(bars: Bars) -> Note | None:
    """Return a Note naming moves above 50 % that fit no split, or None."""
    return _extreme_note(bars, scanning.classified_moves(bars))


def possible_splits(bars: Bars) -> Note | None:
    """Return a Note naming moves that look like a split nobody recorded, or None."""
    return _split_note(bars, scanning.classified_moves(bars))


def mixed_adjustment(bars: Bars) -> Note | None:
    """Return a Note of severity ``"error"`` naming steps between adjusted and unadjusted prices, or None."""
    return _mixed_note(bars, scanning.classified_moves(bars))


def stale_closes(bars: Bars) -> Note | None:
    """Return a Note naming runs of five or more equal closes on days with volume, or None; minutes are not judged."""
    found = scanning.stale_runs(bars)
    if not found:
        return None
    where = ", ".join(
        f"{count:g} from {label_text(ts, bars.interval)}"
        for ts, count in zip(found.ts[:_SHOWN], found.values[:_SHOWN], strict=True)
    )
    return Note(
        code="stale_closes",
        text=f"{bars.symbol}: {found.ts.size} run(s) of equal closes ({where}); the price may have been carried forward",
        rows=int(found.values.sum()),
    )


def missing_sessions(bars: Bars) -> Note | None:
    """Return a Note naming sessions of the calendar without a bar, or None."""
    missing = scanning.missing_sessions(bars).ts
    if not missing.size:
        return None
    dates = ", ".join(label_text(day, "1d") for day in missing[:_SHOWN])
    more = f" and {missing.size - _SHOWN} more" if missing.size > _SHOWN else ""
    return Note(
        code="missing_sessions",
        text=f"{bars.symbol}: {missing.size} session(s) of {bars.passport.calendar} have no bar: {dates}{more}",
        rows=int(missing.size),
    )


_CHECKS: Final = (open_repeats_previous_close, zero_volume, quarantined, stale_closes, missing_sessions)
_CODES: Final = {
    *(check.__name__ for check in _CHECKS),
    *("price_spikes", "extreme_moves", "possible_splits", "mixed_adjustment"),
}


def source_notes(bars: Bars, notes: Iterable[Note]) -> list[Note]:
    """Return those of `notes` that no check here makes, and that concern `bars`."""
    return [note for note in notes if note.code not in _CODES and _is_crossed(bars, note.event)]


def row_checks(bars: Bars, others: Iterable[Note] = ()) -> tuple[Note, ...]:
    """Return what concerns `bars`: `others` without what these checks once said, then what they say about `bars` now.

    Of `others`, a note on one event is kept where the bars lie on both sides of it: before, nobody knew of it; after, no
    return of theirs crosses it.
    """
    kept = source_notes(bars, others)
    moves = scanning.classified_moves(bars)
    found = [
        *(check(bars) for check in _CHECKS),
        *(check(bars, moves) for check in (_spike_note, _extreme_note, _split_note, _mixed_note)),
    ]
    return merge_notes(kept, filter(None, found))


def _spike_note(bars: Bars, moves: Moves) -> Note | None:
    if not moves.spikes.size:
        return None
    return Note(
        code="price_spikes",
        text=f"{bars.symbol}: {moves.spikes.size} move(s) above {SPIKE:.0%}: {_listed(bars, moves.spikes, moves.values)}; real, or bad prints?",
        rows=int(moves.spikes.size),
    )


def _extreme_note(bars: Bars, moves: Moves) -> Note | None:
    if not moves.extreme.size:
        return None
    return Note(
        code="extreme_moves",
        text=(
            f"{bars.symbol}: {moves.extreme.size} move(s) above {EXTREME_MOVE:.0%} that fit no split: "
            f"{_listed(bars, moves.extreme, moves.values)}; look at the news of these days"
        ),
        rows=int(moves.extreme.size),
    )


def _split_note(bars: Bars, moves: Moves) -> Note | None:
    if not moves.splits.size:
        return None
    return Note(
        code="possible_splits",
        text=(
            f"{bars.symbol}: {moves.splits.size} move(s) close to a split ratio: {_listed(bars, moves.splits, moves.values)}; "
            "if they are splits, returns across them are wrong until the actions are given"
        ),
        rows=int(moves.splits.size),
    )


def _mixed_note(bars: Bars, moves: Moves) -> Note | None:
    if not moves.mixed.size:
        return None
    return Note(
        code="mixed_adjustment",
        text=(
            f"{bars.symbol}: {moves.mixed.size} step(s) by the ratio of a recorded split where the price should have none: "
            f"{_listed(bars, moves.mixed, moves.values)}; a part of the series is adjusted already: load it as traded throughout"
        ),
        rows=int(moves.mixed.size),
        severity="error",
    )


def _is_crossed(bars: Bars, event: str | None) -> bool:
    if event is None:
        return True
    if not len(bars):
        return False
    first, last = bars.ts[[0, -1]].astype("datetime64[D]")
    return bool(first < np.datetime64(event, "D") <= last)


def _listed(bars: Bars, rows: NDArray[np.intp], moves: NDArray[np.float64]) -> str:
    shown = ", ".join(f"{label_text(bars.ts[row], bars.interval)} {moves[row]:+.0%}" for row in rows[:_SHOWN])
    return shown + (f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else "")
