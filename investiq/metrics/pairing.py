"""Returns of two symbols over the same spans: joined by date, never by position."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from investiq.core.calendar import schedule
from investiq.core.errors import DataError
from investiq.history.bars import Bars
from investiq.metrics.inputs import FloatArray, InstantArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Paired", "is_one_market", "pair_bars", "pair_returns"]


class Paired(NamedTuple):
    """Returns of two symbols over the same spans, stamped at their ends."""

    ts: InstantArray
    a: FloatArray
    b: FloatArray


def pair_bars(bars: tuple[Bars, ...]) -> tuple[tuple[str, ...], dict[tuple[str, str], Paired]]:
    """Return the symbols, and the returns of each two of them; see `metrics.correlation.correlate`."""
    names = _names([each.symbol for each in bars])
    if len({each.interval for each in bars}) > 1:
        found = ", ".join(f"{each.symbol} {each.interval}" for each in bars)
        raise DataError(f"bars of one interval can be paired, found {found}; load one interval")
    adjusted = [each if each.basis == "total" else each.adjusted("total") for each in bars]
    return names, {(a.symbol, b.symbol): _join(a, b) for a, b in combinations(adjusted, 2)}


def pair_returns(members: Mapping[str, pd.Series[float]]) -> tuple[tuple[str, ...], dict[tuple[str, str], Paired]]:
    """Return the names, and the returns of each two of them at the times that both have."""
    import pandas as pd

    names = _names(list(members))
    series = {name: members[name].astype(float).dropna() for name in names}
    for name, each in series.items():
        if not isinstance(each.index, pd.DatetimeIndex):
            raise DataError(f"{name}: returns are paired by time, its index is {each.index.dtype}; index it by time")
        if not (each.index.is_monotonic_increasing and each.index.is_unique):
            raise DataError(f"{name}: the index must ascend without duplicates; sort it and drop repeated times")
    if len({each.index.tz is None for each in series.values()}) > 1:  # type: ignore[attr-defined]
        raise DataError("some indexes have a zone and some have none; give all of them UTC")
    joined = {}
    for a, b in combinations(names, 2):
        common = series[a].index.intersection(series[b].index)
        ts = common.tz_convert(None) if common.tz is not None else common  # type: ignore[attr-defined]
        joined[a, b] = Paired(
            ts.to_numpy().astype("datetime64[us]"),
            np.asarray(series[a][common], dtype=np.float64),
            np.asarray(series[b][common], dtype=np.float64),
        )
    return names, joined


def _names(names: list[str]) -> tuple[str, ...]:
    if len(names) < 2:
        raise DataError(f"a correlation needs two symbols or more, found {', '.join(names) or 'none'}")
    if len(set(names)) < len(names):
        raise DataError(f"each symbol may appear once, found {', '.join(names)}")
    return tuple(names)


def _join(a: Bars, b: Bars) -> Paired:
    """Return the returns of both over the same spans."""
    if is_one_market(a, b):
        ts, rows_a, rows_b = np.intersect1d(a.ts, b.ts, assume_unique=True, return_indices=True)
        ts = ts[1:]
    else:
        seen = np.searchsorted(b.known_at, a.known_at, side="right") - 1
        is_new = (np.diff(seen, prepend=-1) > 0) & (seen >= 0)
        rows_a, rows_b = np.flatnonzero(is_new), seen[is_new]
        ts = a.ts[rows_a][1:]
    close_a, close_b = a.close[rows_a], b.close[rows_b]
    return Paired(ts, close_a[1:] / close_a[:-1] - 1, close_b[1:] / close_b[:-1] - 1)


def is_one_market(a: Bars, b: Bars) -> bool:
    """Return whether both follow the same sessions."""
    # Nasdaq has the sessions of New York under a name of its own.
    one, other = a.passport.calendar, b.passport.calendar
    return one == other or np.array_equal(schedule(one).closes, schedule(other).closes)
