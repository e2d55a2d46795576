"""Checks of bars that any consumer may need: what a series cannot be used for."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.core.notes import Note
from investiq.history.bars import Bars

__all__ = ["REPEATED_OPEN_SHARE", "open_repeats_previous_close", "zero_volume"]

# Real opens equal the previous close on 0.2 % (Nasdaq) to 0.8 % (a share) of days; 5 % marks a series without real opens.
REPEATED_OPEN_SHARE: Final = 0.05
# In fewer bars than a month's, two chance repeats would already pass the share.
_FEWEST_BARS: Final = 20


def open_repeats_previous_close(bars: Bars) -> Note | None:
    """Return a Note naming the years in which opens copy the previous close, or None.

    Such opens are no tradable prices: a next-open fill there earns a return that
    nobody could have had.
    """
    if len(bars) < 2:
        return None
    years = bars.ts[1:].astype("datetime64[Y]").astype(np.int64) + 1970
    first = int(years[0])
    bars_by_year = np.bincount(years - first)
    repeats_by_year = np.bincount(years - first, weights=bars.open[1:] == bars.close[:-1])
    often = (repeats_by_year > REPEATED_OPEN_SHARE * bars_by_year) & (bars_by_year >= _FEWEST_BARS)
    if not often.any():
        return None
    rows = int(repeats_by_year[often].sum())
    parts = [
        f"{first + int(year)} ({repeats_by_year[year] / bars_by_year[year]:.0%})" for year in np.flatnonzero(often)
    ]
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
