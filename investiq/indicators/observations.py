"""Shared by every indicator: arrays in and out of pandas, windows checked, gaps left out, panels by rows.

The rule for gaps: an indicator is computed on the rows where all of its inputs
are finite, one after the other, and each value is put back at its own row; a row
with a missing input is NaN. So a hole never empties what follows, and `window`
counts observations, not calendar rows.

The rule for panels: an array of shape (n_symbols, n_bars) holds one series per
row. Each is computed as it would be alone, in threads.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Sequence
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.history.as_traded import refuse_splits
from investiq.indicators.sources import (
    inputs_of,
    is_labelled,
    picked,
    refuse_disorder,
    refuse_infinite,
    refuse_negative,
    renaming,
)

if TYPE_CHECKING:
    import pandas as pd

__all__: list[str] = []

FloatArray = NDArray[np.float64]
SeriesOrArray = TypeVar("SeriesOrArray", "pd.Series[float]", FloatArray)

Compute = Callable[..., tuple[FloatArray, ...]]
Rows = Callable[..., None]

FLOAT: Final = np.dtype(np.float64)
# The longest window that TA-Lib accepts.
LONGEST_WINDOW: Final = 100_000
# A deviation below this share of the mean is rounding, not movement.
ROUNDING: Final = 1e-12
# Below so many numbers a panel is done before a second thread would have started.
FEWEST_FOR_THREADS: Final = 50_000
# Several to a thread, so that one with easy rows takes over from one with hard rows.
CHUNKS_PER_THREAD: Final = 4


class PriceArrays(Protocol):
    """High, low and close as arrays: `Bars` has them of shape (n_bars,), `Panel` of shape (n_symbols, n_bars)."""

    @property
    def high(self) -> FloatArray: ...
    @property
    def low(self) -> FloatArray: ...
    @property
    def close(self) -> FloatArray: ...


def whole_window(window: Any, name: str = "window", minimum: int = 1) -> int:
    """Return `window` as an int, or refuse it."""
    if type(window) is int and minimum <= window <= LONGEST_WINDOW:
        return window
    is_whole = isinstance(window, Integral) and not isinstance(window, bool)
    if not is_whole or not minimum <= int(window) <= LONGEST_WINDOW:
        raise ConfigError(f"{name} must be a whole number of bars from {minimum} to {LONGEST_WINDOW:,}, was {window!r}")
    return int(window)


def choice(value: Any, name: str, choices: Sequence[str]) -> None:
    """Refuse a `value` that is none of `choices`."""
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(map(repr, choices))}, was {value!r}")


def column(source: Any, name: str = "close") -> FloatArray:
    """Return a Series, an array, a panel's array, or what has the column `name`, as contiguous float64."""
    values = _column(picked(source, name), name)
    if name == "volume":
        refuse_negative(values)
    return values


def _column(values: Any, name: str) -> FloatArray:
    if type(values) is np.ndarray and values.dtype is FLOAT and 1 <= values.ndim <= 2:
        flags = values.flags
        if flags.c_contiguous and not flags.writeable:
            return values
    if not isinstance(values, np.ndarray):
        if not is_labelled(values):
            raise DataError(
                f"{name} must be a Series or an array, or Bars, a Panel or a DataFrame with {name}, was "
                f"{type(values).__name__}; pass one column, such as bars.adjusted().frame['{name}']"
            )
        if getattr(values, "ndim", 1) != 1:
            raise DataError(
                f"{name} must be one column, was a {type(values).__name__} of shape {values.shape}; pass frame[column], "
                f"or all columns at once as an array with one row per symbol: frame.to_numpy().T{renaming(values, [name])}"
            )
        refuse_disorder(values, name)
        values = values.to_numpy(dtype=float, na_value=np.nan)
    if values.ndim not in (1, 2):
        raise DataError(
            f"{name} must have shape (n_bars,), or (n_symbols, n_bars) for a panel, has {values.shape}; pass one column"
        )
    return _fixed(np.ascontiguousarray(values, dtype=np.float64))


def _fixed(values: FloatArray) -> FloatArray:
    """Return `values` as kernels are compiled for: contiguous and read-only, as the arrays of `Bars`."""
    flags = values.flags
    if flags.writeable or not flags.c_contiguous:
        values = np.ascontiguousarray(values)[:]
        values.setflags(write=False)
    return values


def price_columns(bars: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return high, low and close of `Bars`, of a `Panel` or of a DataFrame."""
    high, low, close = bar_columns(bars, ("high", "low", "close"))
    return high, low, close


def bar_columns(bars: Any, names: Sequence[str], *, may_split: bool = False) -> tuple[FloatArray, ...]:
    """Return the named columns of `Bars`, of a `Panel` or of a DataFrame; all have one shape.

    With `may_split`, bars as traded may hold a split: for what never looks across one.
    """
    if not may_split:
        refuse_splits(bars)
    columns = []
    for name in names:
        values = getattr(bars, name, None)
        if values is None:
            raise DataError(_what_is_missing(bars, names))
        columns.append(_column(values, name))
        if columns[-1].shape != columns[0].shape:
            raise DataError(
                f"the columns of bars must have one shape, {names[0]} has {columns[0].shape} and {name} "
                f"{columns[-1].shape}; take them from the same bars"
            )
        if name == "volume":
            refuse_negative(columns[-1])
    return tuple(columns)


def _what_is_missing(bars: Any, names: Sequence[str]) -> str:
    wanted = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    missing = ", ".join(name for name in names if getattr(bars, name, None) is None)
    return (
        f"bars must be Bars, a Panel or a DataFrame with {wanted}; {type(bars).__name__} lacks {missing}"
        f"{renaming(bars, names)}"
    )


def over_observations(compute: Compute, *columns: FloatArray, rows: Rows | None = None) -> tuple[FloatArray, ...]:
    """Run `compute` on the rows where every column is finite; the other rows are NaN.

    Parameters
    ----------
    compute : callable
        Takes one-dimensional arrays, one per column, and returns a tuple of
        arrays of their length. It may run in several threads at once.
    *columns : ndarray of shape (n_bars,) or (n_symbols, n_bars)
        All of one shape. Of a panel, each row is a series of its own.
    rows : callable, optional
        ``rows(results, first, *columns)`` does what `compute` does for many symbols
        without a gap, and writes it to ``results[i][first:]``: for kernels so quick
        that a call for each symbol would cost more than they do.

    Returns
    -------
    tuple of ndarray
        What `compute` returns, in the shape of the columns.
    """
    if columns[0].ndim == 1:
        return _over_series(compute, columns)
    return _over_panel(compute, columns, rows)


def _over_series(compute: Compute, columns: tuple[FloatArray, ...], symbol: int = -1) -> tuple[FloatArray, ...]:
    columns = tuple(map(_fixed, columns))
    if kernels().windows.all_finite(columns):
        return compute(*columns)
    refuse_infinite(columns, inputs_of(compute), symbol)
    finite = np.isfinite(columns[0])
    for each in columns[1:]:
        finite &= np.isfinite(each)
    results = compute(*(_fixed(each[finite]) for each in columns))
    spread = []
    for values in results:
        full = np.full(finite.size, np.nan)
        full[finite] = values
        spread.append(full)
    return tuple(spread)


@cache
def kernels() -> Any:
    """Return the compiled modules, which the first call imports; quicker than an import statement in each call."""
    from types import SimpleNamespace

    from investiq.indicators import panels, ranges, recursions, windows

    return SimpleNamespace(panels=panels, ranges=ranges, recursions=recursions, windows=windows)


def _over_panel(compute: Compute, columns: Sequence[FloatArray], rows: Rows | None) -> tuple[FloatArray, ...]:
    count, size = columns[0].shape
    sample = _over_series(compute, tuple(each[0] if count else _fixed(np.empty(0)) for each in columns), 0)
    results = tuple(np.empty((count, size), dtype=values.dtype) for values in sample)

    def fill(first: int) -> None:
        part = [each[first : first + step] for each in columns]
        whole = np.full(part[0].shape[0], rows is not None)
        for start, stop in _runs(part, whole):
            if rows is not None and whole[start]:
                rows(results, first + start, *(each[start:stop] for each in part))
                continue
            for row in range(start, stop):
                series = _over_series(compute, tuple(each[row] for each in part), first + row)
                for values, result in zip(series, results, strict=True):
                    result[first + row] = values

    threads = os.cpu_count() or 1
    if threads == 1 or columns[0].size < FEWEST_FOR_THREADS:
        step = max(count, 1)
        fill(0)
        return results
    from concurrent.futures import ThreadPoolExecutor

    step = math.ceil(count / (threads * CHUNKS_PER_THREAD))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, range(0, count, step)))
    return results


def _runs(part: Sequence[FloatArray], whole: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Take the rows with a gap out of `whole`, and return where runs of rows with and without begin and end."""
    for each in part if whole.any() else ():
        kernels().panels.mark_whole(each, whole)
    edges = [0, *(np.flatnonzero(whole[1:] != whole[:-1]) + 1).tolist(), whole.size]
    return [(start, stop) for start, stop in itertools.pairwise(edges) if start < stop]


def rolling_moments(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and population deviation of each trailing window of one-dimensional `values`, which hold no NaN.

    Running sums of squares, as TA-Lib's, lose the digits of a price that has
    fallen a lot since its first bar; these do not. A deviation within rounding is 0.
    """
    mean, deviation = kernels().windows.rolling_moments(_fixed(values), window, ROUNDING)
    return mean, deviation


def like_series(source: Any, values: FloatArray, name: str) -> Any:
    """Return `values` as a Series on the index of a Series or a DataFrame `source`, else as an array."""
    if not is_labelled(source):
        return values
    import pandas as pd

    return pd.Series(values, index=source.index, name=name)


def like_frame(source: Any, columns: Sequence[FloatArray], kind: type[Any]) -> Any:
    """Return `columns` as a DataFrame on the index of a Series or a DataFrame `source`, else as the tuple `kind`."""
    if not is_labelled(source):
        return kind(*columns)
    import pandas as pd

    return pd.DataFrame(dict(zip(kind._fields, columns, strict=True)), index=source.index)
