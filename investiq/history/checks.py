"""Checks of bars that any consumer may need: what a series cannot be used for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.notes import Note, merge_notes
from investiq.history.bars import Bars
from investiq.history.instants import label_text

__all__ = [
    "FEWEST_REPEATS",
    "REPEATED_OPEN_SHARE",
    "missing_sessions",
    "open_repeats_previous_close",
    "possible_splits",
    "price_spikes",
    "row_checks",
    "stale_closes",
    "zero_volume",
]

# Chosen on the sample of 1999-2018: real opens (Nasdaq; S&P 500 from 2014) equal the previous close on 0.2 % of days and on
# at most 0.8 % of a year's; the years in which the S&P 500's open is copied have 9 % to 98 %.
REPEATED_OPEN_SHARE: Final = 0.05
# In no 60 sessions in a row does the Nasdaq repeat more than two: three in a short window are no chance.
FEWEST_REPEATS: Final = 3
# The S&P's largest daily move in 1999-2018 is 11.6 %, the Nasdaq's 14.2 %.
SPIKE: Final = 0.20
# Splits that boards choose, new shares per old; in reverse from 1:2 to 1:50. A day's own move stays within 5 %.
_SPLIT_RATIOS: Final = np.array(
    [1.5, 2, 3, 4, 5, 7, 10, 20, *(1 / old for old in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50))]
)
_SPLIT_TOLERANCE: Final = 0.05
# The longest run of equal closes in the sample is 2 for the indices, 3 for crude oil.
STALE_RUN: Final = 5
_SHOWN: Final = 3


def open_repeats_previous_close(bars: Bars) -> Note | None:
    """Return a Note naming the years in which opens copy the previous close, or None.

    Each calendar year is judged, and where none of them speaks the whole series:
    at least 3 repeats on more than 5 % of the days. Such opens are no tradable
    prices: a next-open fill there earns a return that nobody could have had.
    Minutes that follow each other, and markets that never close, open at the
    price before by nature and are not judged.
    """
    if len(bars) < 2 or not _is_daily(bars) or bars.passport.calendar == "24/7":
        return None
    years = bars.ts[1:].astype("datetime64[Y]").astype(np.int64) + 1970
    repeated = bars.open[1:] == bars.close[:-1]
    first = int(years[0])
    bars_by_year = np.bincount(years - first)
    repeats_by_year = np.bincount(years - first, weights=repeated)
    often = _is_often(repeats_by_year, bars_by_year)
    rows = int(repeats_by_year[often].sum())
    parts = [
        f"{first + int(year)} ({repeats_by_year[year] / bars_by_year[year]:.0%})" for year in np.flatnonzero(often)
    ]
    if not parts and _is_often(repeated.sum(), repeated.size):
        span = (label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
        rows, parts = int(repeated.sum()), [f"{' to '.join(span)} ({repeated.mean():.0%})"]
    if not parts:
        return None
    return Note(
        code="open_repeats_previous_close",
        text=(
            f"{bars.symbol}: the open equals the previous close on many days of {', '.join(parts)}; "
            "these opens were not tradable prices, so fills at the next open are not reliable there"
        ),
        rows=rows,
    )


def zero_volume(bars: Bars) -> Note | None:
    """Return a Note counting bars with zero volume, or None."""
    rows = int((bars.volume == 0).sum())
    if not rows:
        return None
    return Note(
        code="zero_volume",
        text=f"{bars.symbol}: {rows} bar(s) have zero volume; no order fills in them unless zero_volume='ignore'",
        rows=rows,
    )


def price_spikes(bars: Bars) -> Note | None:
    """Return a Note naming moves of the total-adjusted close above 20 %, or None."""
    moves = _moves(bars)
    rows = np.flatnonzero(np.abs(moves) > SPIKE) + 1
    if not rows.size:
        return None
    return Note(
        code="price_spikes",
        text=f"{bars.symbol}: {rows.size} move(s) above {SPIKE:.0%}: {_listed(bars, rows, moves)}; real, or bad prints?",
        rows=int(rows.size),
    )


def possible_splits(bars: Bars) -> Note | None:
    """Return a Note naming moves that look like a split nobody recorded, or None."""
    moves = _moves(bars)
    spikes = np.flatnonzero(np.abs(moves) > SPIKE)
    if not spikes.size:
        return None
    # The price before over the price after a split k is near k.
    ratios = 1 / (1 + moves[spikes])
    distance = np.abs(ratios[:, np.newaxis] / _SPLIT_RATIOS - 1).min(axis=1)
    rows = spikes[distance <= _SPLIT_TOLERANCE] + 1
    if not rows.size:
        return None
    return Note(
        code="possible_splits",
        text=(
            f"{bars.symbol}: {rows.size} move(s) close to a split ratio: {_listed(bars, rows, moves)}; "
            "if they are splits, returns across them are wrong until the actions are given"
        ),
        rows=int(rows.size),
    )


def stale_closes(bars: Bars) -> Note | None:
    """Return a Note naming runs of five or more equal closes on days with volume, or None; minutes are not judged."""
    if len(bars) < STALE_RUN or not _is_daily(bars):
        return None
    repeats = (np.diff(bars.close) == 0) & (bars.volume[1:] != 0)
    edges = np.diff(repeats.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    lengths = ends - starts + 1
    long = lengths >= STALE_RUN
    if not long.any():
        return None
    where = ", ".join(
        f"{count} from {label_text(bars.ts[start], bars.interval)}"
        for start, count in zip(starts[long][:_SHOWN], lengths[long][:_SHOWN], strict=True)
    )
    return Note(
        code="stale_closes",
        text=f"{bars.symbol}: {int(long.sum())} run(s) of equal closes ({where}); the price may have been carried forward",
        rows=int(lengths[long].sum()),
    )


def missing_sessions(bars: Bars) -> Note | None:
    """Return a Note naming sessions of the calendar without a daily bar, or None."""
    if bars.interval != "1d":
        return None
    missing = calendar.missing_sessions(bars.passport.calendar, bars.ts)
    if not missing.size:
        return None
    dates = ", ".join(label_text(day, "1d") for day in missing[:_SHOWN])
    more = f" and {missing.size - _SHOWN} more" if missing.size > _SHOWN else ""
    return Note(
        code="missing_sessions",
        text=f"{bars.symbol}: {missing.size} session(s) of {bars.passport.calendar} have no bar: {dates}{more}",
        rows=int(missing.size),
    )


_CHECKS: Final = {
    "open_repeats_previous_close": open_repeats_previous_close,
    "zero_volume": zero_volume,
    "price_spikes": price_spikes,
    "possible_splits": possible_splits,
    "stale_closes": stale_closes,
    "missing_sessions": missing_sessions,
}


def row_checks(bars: Bars, others: Iterable[Note] = ()) -> tuple[Note, ...]:
    """Return what concerns `bars`: `others` without what these checks once said, then what they say about `bars` now.

    Of `others`, a note on one event is kept where the bars lie on both sides of it: before, nobody knew of it; after, no
    return of theirs crosses it.
    """
    kept = [note for note in others if note.code not in _CHECKS and _is_crossed(bars, note.event)]
    return merge_notes(kept, filter(None, (check(bars) for check in _CHECKS.values())))


def _is_often(repeats: Any, bars: Any) -> Any:
    return (repeats >= FEWEST_REPEATS) & (repeats > REPEATED_OPEN_SHARE * bars)


def _is_crossed(bars: Bars, event: str | None) -> bool:
    if event is None:
        return True
    if not len(bars):
        return False
    first, last = bars.ts[[0, -1]].astype("datetime64[D]")
    return bool(first < np.datetime64(event, "D") <= last)


def _is_daily(bars: Bars) -> bool:
    return bars.interval in ("1d", "1w", "1mo")


def _moves(bars: Bars) -> NDArray[np.float64]:
    close = (bars if bars.basis == "total" else bars.adjusted("total")).close
    return close[1:] / close[:-1] - 1


def _listed(bars: Bars, rows: NDArray[np.intp], moves: NDArray[np.float64]) -> str:
    shown = ", ".join(f"{label_text(bars.ts[row], bars.interval)} {moves[row - 1]:+.0%}" for row in rows[:_SHOWN])
    return shown + (f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else "")
