"""Finders of doubtful bars: which rows, with the number that was judged. Notes and the quality report are made of them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.history.bars import Bars
from investiq.history.flags import Flag

__all__ = [
    "EXTREME_MOVE",
    "FEWEST_REPEATS",
    "REPEATED_OPEN_SHARE",
    "SPIKE",
    "SPLIT_TOLERANCE",
    "STALE_RUN",
    "Found",
    "Moves",
    "classified_moves",
    "early_known_at",
    "flagged",
    "judged_repeats",
    "late_known_at",
    "missing_sessions",
    "repeated_opens",
    "stale_runs",
    "total_moves",
    "volume_beside",
    "zero_volume",
]

FloatArray = NDArray[np.float64]
RowArray = NDArray[np.intp]

# Chosen on the sample of 1999-2018: real opens (Nasdaq; S&P 500 from 2014) equal the previous close on 0.2 % of days and on
# at most 0.8 % of a year's; the years in which the S&P 500's open is copied have 9 % to 98 %.
REPEATED_OPEN_SHARE: Final = 0.05
# In no 60 sessions in a row does the Nasdaq repeat more than two: three in a short window are no chance.
FEWEST_REPEATS: Final = 3
# The S&P's largest daily move in 1999-2018 is 11.6 %, the Nasdaq's 14.2 %.
SPIKE: Final = 0.20
EXTREME_MOVE: Final = 0.50
# Splits that boards choose, new shares per old; in reverse from 1:2 to 1:50. A day's own move stays within 5 %.
_SPLIT_RATIOS: Final = np.array(
    [1.5, 2, 3, 4, 5, 7, 10, 20, *(1 / old for old in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50))]
)
SPLIT_TOLERANCE: Final = 0.05
# The longest run of equal closes in the sample is 2 for the indices, 3 for crude oil.
STALE_RUN: Final = 5
# Volume is compared over a month of sessions on each side.
_VOLUME_WINDOW: Final = 20


class Found(NamedTuple):
    """Labels that a check concerns, and the number judged at each (NaN where there is none)."""

    ts: NDArray[np.datetime64]
    values: FloatArray

    @classmethod
    def at(cls, bars: Bars, rows: NDArray[Any], values: FloatArray | None = None) -> Found:
        """Return the rows of `bars`, with their numbers."""
        return cls(bars.ts[rows], np.full(rows.size, np.nan) if values is None else values)

    def __bool__(self) -> bool:
        return bool(self.ts.size)


class Moves(NamedTuple):
    """Rows of large moves, each in one class only, and every bar's move, shape (n_bars,)."""

    values: FloatArray
    mixed: RowArray
    splits: RowArray
    extreme: RowArray
    spikes: RowArray


def flagged(bars: Bars, flag: Flag) -> Found:
    """Return the bars that carry `flag`."""
    return Found.at(bars, np.flatnonzero(bars.flags & flag))


def zero_volume(bars: Bars) -> Found:
    """Return the bars with zero volume."""
    return Found.at(bars, np.flatnonzero(bars.volume == 0))


def total_moves(bars: Bars) -> FloatArray:
    """Return simple returns of the total-adjusted close, shape (n_bars,).

    NaN at the first bar, and at a quarantined bar and the one after it: their
    moves are explained.
    """
    moves = np.full(len(bars), np.nan)
    if not len(bars):
        return moves
    close = bars.close * bars.total_factor if bars.basis == "raw" else bars.adjusted("total").close
    moves[1:] = close[1:] / close[:-1] - 1
    bad = np.flatnonzero(bars.flags & Flag.QUARANTINED)
    moves[bad] = np.nan
    moves[np.minimum(bad + 1, len(bars) - 1)] = np.nan
    return moves


def classified_moves(bars: Bars) -> Moves:
    """Return the moves above 20 %, each named once: mixed adjustment, else possible split, else above 50 %, else spike."""
    moves = total_moves(bars)
    mixed = _mixed_adjustment(bars, moves)
    large = np.abs(moves) > SPIKE
    large[mixed] = False
    rows = np.flatnonzero(large)
    # The price before over the price after a split k is near k.
    distance = np.abs(1 / (1 + moves[rows])[:, np.newaxis] / _SPLIT_RATIOS - 1)
    is_split = (distance <= SPLIT_TOLERANCE).any(axis=1)
    is_extreme = np.abs(moves[rows]) > EXTREME_MOVE
    return Moves(moves, mixed, rows[is_split], rows[~is_split & is_extreme], rows[~is_split & ~is_extreme])


def _mixed_adjustment(bars: Bars, moves: FloatArray) -> RowArray:
    """Return the rows of steps that are those of a recorded split: prices on both sides are adjusted differently.

    Either a split is recorded and the price does not show it, so that the
    adjusted series jumps by its ratio; or the price jumps, where nothing is
    recorded, by the ratio of all later splits, as at the end of an adjusted stretch.
    """
    steps = np.ones(len(bars))
    steps[1:] = bars.split_factor[1:] / bars.split_factor[:-1]
    if (steps == 1.0).all():
        return np.zeros(0, dtype=np.intp)
    later = bars.split_factor[-1] / bars.split_factor
    with np.errstate(invalid="ignore"):
        is_large = np.abs(moves) > SPIKE
        shows_nothing = (steps != 1.0) & (np.abs((1 + moves) / steps - 1) <= SPLIT_TOLERANCE)
        by_later = np.minimum(np.abs((1 + moves) * later - 1), np.abs((1 + moves) / later - 1)) <= SPLIT_TOLERANCE
    return np.flatnonzero(is_large & (shows_nothing | ((steps == 1.0) & (later != 1.0) & by_later)))


def volume_beside(bars: Bars, row: int) -> float:
    """Return the median volume of the month from `row` on over that of the month before it, NaN where unknown."""
    before = bars.volume[max(row - _VOLUME_WINDOW, 0) : row]
    after = bars.volume[row : row + _VOLUME_WINDOW]
    before, after = before[before > 0], after[after > 0]
    return float(np.median(after) / np.median(before)) if before.size and after.size else float("nan")


def stale_runs(bars: Bars) -> Found:
    """Return the first bars of runs of five or more equal closes on days with volume, with their lengths.

    Minutes are not judged.
    """
    if len(bars) < STALE_RUN or not _is_daily(bars):
        return Found(bars.ts[:0], np.zeros(0))
    repeats = (np.diff(bars.close) == 0) & (bars.volume[1:] != 0)
    edges = np.diff(repeats.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    lengths = ends - starts + 1
    long = lengths >= STALE_RUN
    return Found.at(bars, starts[long], lengths[long].astype(float))


def missing_sessions(bars: Bars) -> Found:
    """Return the sessions between the first and the last bar that have none; weeks and months are not judged."""
    if bars.interval in ("1w", "1mo") or not len(bars):
        return Found(bars.ts[:0], np.zeros(0))
    ts = bars.ts
    if bars.interval != "1d":
        sessions, _ = calendar.holding_sessions(bars.passport.calendar, ts)
        ts = np.unique(sessions[~np.isnat(sessions)])
    missing = calendar.missing_sessions(bars.passport.calendar, ts)
    return Found(missing, np.full(missing.size, np.nan))


def judged_repeats(bars: Bars) -> bool:
    """Return whether an open equal to the close before says anything of these bars.

    Minutes that follow each other, and markets that never close, open at the
    price before by nature.
    """
    return len(bars) >= 2 and _is_daily(bars) and bars.passport.calendar != "24/7"


def repeated_opens(bars: Bars) -> tuple[Found, dict[str, float]]:
    """Return the days whose open copies the previous close, and the share of them by period.

    Each calendar year is judged, and where none of them speaks the whole series
    (named ``""``): at least 3 repeats on more than 5 % of the days.
    """
    if not judged_repeats(bars):
        return Found(bars.ts[:0], np.zeros(0)), {}
    ts, repeats = bars.ts[1:], np.flatnonzero(bars.open[1:] == bars.close[:-1])
    first, last = ts[[0, -1]].astype("datetime64[Y]")
    new_years = np.arange(first, last + 2).astype("datetime64[us]")
    bars_by_year = np.diff(np.searchsorted(ts, new_years))
    years = (ts[repeats].astype("datetime64[Y]") - first).astype(np.int64)
    repeats_by_year = np.bincount(years, minlength=bars_by_year.size)
    often = _is_often(repeats_by_year, bars_by_year)
    shares = {str(first + year): float(repeats_by_year[year] / bars_by_year[year]) for year in np.flatnonzero(often)}
    inside = repeats[often[years]]
    if not shares and _is_often(repeats.size, ts.size):
        shares, inside = {"": repeats.size / ts.size}, repeats
    rows = inside + 1
    return Found.at(bars, rows, bars.open[rows]), shares


def early_known_at(bars: Bars) -> Found:
    """Return the bars that are called known before they ended, with the hours between: nobody could know them."""
    rows, ends = _ends(bars)
    lead = (ends - bars.known_at[rows]) / np.timedelta64(1, "h")
    return Found.at(bars, rows[lead > 0], lead[lead > 0])


def late_known_at(bars: Bars) -> Found:
    """Return the bars known only after the close of the next session, with the days since they ended."""
    rows, ends = _ends(bars)
    if not rows.size:
        return Found(bars.ts[:0], np.zeros(0))
    next_close = calendar.nth_session_close(bars.passport.calendar, ends, 1)
    lag = (bars.known_at[rows] - ends) / np.timedelta64(1, "D")
    is_late = bars.known_at[rows] > next_close
    return Found.at(bars, rows[is_late], lag[is_late])


def _ends(bars: Bars) -> tuple[RowArray, NDArray[np.datetime64]]:
    """Return the rows whose labels are sessions, and when each of these bars ended."""
    rows = np.arange(len(bars))
    if bars.interval == "1d" and len(bars):
        rows = np.flatnonzero(np.isin(bars.ts, calendar.session_dates(bars.passport.calendar, bars.ts[0], bars.ts[-1])))
    return rows, calendar.known_at(bars.ts[rows], bars.interval, bars.passport.calendar)


def _is_often(repeats: Any, bars: Any) -> Any:
    return (repeats >= FEWEST_REPEATS) & (repeats > REPEATED_OPEN_SHARE * bars)


def _is_daily(bars: Bars) -> bool:
    return bars.interval in ("1d", "1w", "1mo")
