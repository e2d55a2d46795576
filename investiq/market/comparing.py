"""Two readings of the same series side by side, to tell why a backtest changed since Tuesday."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, UnknownSymbolError
from investiq.history.adjust import Action, held_through
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.instants import When
from investiq.market.data_diff import ActionChange, ColumnChange, DataDiff
from investiq.market.store import SeriesKey, Store, open_store

__all__ = ["compare_data"]

_COLUMNS: Final = ("open", "high", "low", "close", "volume", "vwap", "trades")
# Of the passport, what changes the meaning of the rows; the rest follows from them or from the reading.
_STATED: Final = ("provider", "feed", "session", "source", "calendar", "currency", "price_basis", "known_at_rule")
# Flags that say nothing which rows, versions and actions do not say.
_OWN: Final = ~int(Flag.REVISED | Flag.ACTION | Flag.ZERO_VOLUME)
# Factors are products of some dozens of quotients.
_EXACT: Final = 1e-12


def compare_data(
    a: Bars | When, b: Bars | When, *, series: SeriesKey | str | None = None, store: Store | None = None
) -> DataDiff:
    """Return what differs between two readings of a series, and why a backtest on them would.

    Parameters
    ----------
    a, b : Bars, or str, date, datetime or datetime64
        Two `Bars` of one symbol, the earlier reading first; or, with `series`,
        two moments of the store's recording clock (see `Store.bars`,
        `recorded_by`).
    series : SeriesKey or str, optional
        What is read from the store; a symbol alone where the store holds one
        series of bars of it.
    store : Store, optional
        By default that of the data folder.

    Returns
    -------
    DataDiff
        Rows added, removed and changed by column, actions, factors, returns,
        and the facts of the passport that differ.

    Raises
    ------
    DataError
        If the two are of different symbols or intervals, or are adjusted, or a
        moment comes before the series was recorded.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018-12")
    >>> print(compare_data(bars[:-2], bars).why)
    Nothing that was there has changed: 2 bars were added after 2018-12-27.
    """
    if isinstance(a, Bars) and isinstance(b, Bars):
        if series is not None:
            raise DataError("series is for two moments of the store; two Bars say themselves what they are")
        return _compared(a, b)
    if isinstance(a, Bars) or isinstance(b, Bars):
        raise DataError("compare two Bars, or two moments with series=...; found one of each")
    if series is None:
        raise DataError(f"{a!r} and {b!r} are moments: name the series in the store with series=...")
    chosen = open_store() if store is None else store
    key = _only_series(chosen, series) if isinstance(series, str) else series
    return _compared(chosen.bars(key, recorded_by=a), chosen.bars(key, recorded_by=b))


def _only_series(store: Store, symbol: str) -> SeriesKey:
    keys = store.keys("bars", symbol=symbol)
    if not keys:
        raise UnknownSymbolError(f"the store at {store.root} has no bars of {symbol!r}; fetch them first")
    if len(keys) > 1:
        raise DataError(
            f"the store has {len(keys)} series of {symbol!r}: {', '.join(map(str, keys))}; pass one SeriesKey"
        )
    return keys[0]


def _compared(a: Bars, b: Bars) -> DataDiff:
    for what, of_a, of_b in (("symbol", a.symbol, b.symbol), ("interval", a.interval, b.interval)):
        if of_a != of_b:
            raise DataError(f"the two are not one series: {what} {of_a} and {of_b}; compare like with like")
    if adjusted := [bars.basis for bars in (a, b) if bars.basis != "raw"]:
        raise DataError(f"compare prices as traded, found {adjusted[0]}-adjusted bars; pass the bars before adjusted()")
    if not len(a) or not len(b):
        raise DataError(f"{a.symbol}: one of the two holds no bars; widen its range")
    common, rows_a, rows_b = np.intersect1d(a.ts, b.ts, assume_unique=True, return_indices=True)
    return DataDiff(
        before=a,
        after=b,
        added=np.setdiff1d(b.ts, a.ts, assume_unique=True),
        removed=np.setdiff1d(a.ts, b.ts, assume_unique=True),
        columns=_columns(a, b, common, rows_a, rows_b),
        # An action that only one range reaches is no correction.
        actions=_actions(held_through(a.actions, common), held_through(b.actions, common)),
        passport=tuple(
            (name, str(old), str(new))
            for name in _STATED
            if (old := getattr(a.passport, name)) != (new := getattr(b.passport, name))
        ),
        factor_rows=_factor_rows(a, b, common, rows_a, rows_b),
        return_labels=common[1:],
        return_change=_returns(b, rows_b) - _returns(a, rows_a),
    )


def _columns(
    a: Bars, b: Bars, common: NDArray[np.datetime64], rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]
) -> tuple[ColumnChange, ...]:
    found = []
    for name in _COLUMNS:
        old, new = (_numbers(bars, name)[rows] for bars, rows in ((a, rows_a), (b, rows_b)))
        differs = ~((old == new) | (np.isnan(old) & np.isnan(new)))
        if differs.any():
            found.append(ColumnChange(name, common[differs], old[differs], new[differs]))
    for name, of_a, of_b in (("known_at", a.known_at, b.known_at), ("flags", a.flags & _OWN, b.flags & _OWN)):
        before, after = of_a[rows_a], of_b[rows_b]
        differs = before != after
        if differs.any():
            found.append(ColumnChange(name, common[differs], before[differs], after[differs]))
    return tuple(found)


def _numbers(bars: Bars, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] | None = getattr(bars, name)
    return np.full(len(bars), np.nan) if values is None else values


def _actions(before: tuple[Action, ...], after: tuple[Action, ...]) -> tuple[ActionChange, ...]:
    gone = [action for action in before if action not in after]
    come = [action for action in after if action not in before]
    changes = []
    for old in gone:
        twin = next((new for new in come if (new.kind, new.ex_date) == (old.kind, old.ex_date)), None)
        if twin is not None:
            come.remove(twin)
        changes.append(ActionChange(old, twin))
    changes += [ActionChange(None, new) for new in come]
    return tuple(sorted(changes, key=lambda change: change.ex_date))


def _factor_rows(
    a: Bars, b: Bars, common: NDArray[np.datetime64], rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]
) -> ColumnChange | None:
    """Return where the total factors differ, both set to 1.0 at the first common bar."""
    if not common.size:
        return None
    old, new = (bars.total_factor[rows] / bars.total_factor[rows[0]] for bars, rows in ((a, rows_a), (b, rows_b)))
    differs = np.abs(new / old - 1) > _EXACT
    return ColumnChange("total_factor", common[differs], old[differs], new[differs]) if differs.any() else None


def _returns(bars: Bars, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    close = bars.close[rows] * bars.total_factor[rows]
    return close[1:] / close[:-1] - 1
