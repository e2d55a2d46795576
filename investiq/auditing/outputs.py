"""What an audited function returned, as tables whose rows stand at bars of the data, and where two of them differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import postings
from investiq.backtesting.result import BacktestResult
from investiq.backtesting.running import Run
from investiq.backtesting.trades import FILL_REASONS
from investiq.core.errors import DataError
from investiq.core.orders import Fill, Signal
from investiq.history.bars import Bars
from investiq.history.records import Records

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOLERANCE", "Difference", "Scale", "Table", "first_difference", "is_fills", "tables_of"]

# Recursive arithmetic over a longer past rounds differently; relative to the number, or to the largest of its column.
TOLERANCE: Final = 1e-10
_FILL_NAMES: Final = ("bar", "side", "quantity", "price", "reason")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """The rows of the data that outputs are laid over.

    Attributes
    ----------
    labels : Index of length n_rows
    known_at : ndarray of datetime64[us], shape (n_rows,), or None
        None where the data do not say: the label counts.
    """

    labels: pd.Index
    known_at: NDArray[np.datetime64] | None

    @cached_property
    def instants(self) -> NDArray[np.datetime64] | None:
        """The labels in UTC, None where they are no times."""
        return _instants(self.labels)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Columns of equal length.

    Attributes
    ----------
    name : str
        What it is of several tables of one output; empty where there is one.
    rows : ndarray of int64, shape (n,)
        Ascending: the row of the data at which each of its rows has to be known.
    columns : mapping of str to ndarray
        float64 for numbers, int64 (microseconds) for times, object for anything else.
    lag : int
        Rows at the end that a longer past may still change: the bar whose position
        is sold because the data end there.
    """

    name: str
    rows: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    lag: int = 0

    @cached_property
    def sizes(self) -> dict[str, float]:
        """The largest finite number of each column."""
        return {name: _largest(values) for name, values in self.columns.items() if values.dtype == np.float64}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first row in which an output is not what it was: `row` of the data, column, both values, and the last row of the cut."""

    row: int
    table: str
    column: str
    full: Any
    other: Any
    cut: int


def first_difference(
    full: Iterable[Table], other: Iterable[Table], until: int, chosen: frozenset[str] | None = None
) -> Difference | None:
    """Return the first row at or before row `until` of the data in which `other` is not equal to `full`.

    NaN equals NaN; numbers are equal within `TOLERANCE`.
    """
    by_name = {table.name: table for table in other}
    found: Difference | None = None
    for table in full:
        part = by_name.get(table.name, Table(name=table.name, rows=np.empty(0, dtype=np.int64), columns={}))
        difference = _in_table(table, part, until, chosen)
        if difference is not None and (found is None or difference.row < found.row):
            found = difference
    return found


def _in_table(full: Table, other: Table, until: int, chosen: frozenset[str] | None) -> Difference | None:
    counts = [int(np.searchsorted(table.rows, until - full.lag, side="right")) for table in (full, other)]
    shared = min(counts)
    found: Difference | None = None
    # Rows of one that stand elsewhere in the other.
    moved = np.flatnonzero(full.rows[:shared] != other.rows[:shared])
    ends = int(moved[0]) if moved.size else shared
    for name, values in full.columns.items():
        if chosen is not None and name not in chosen:
            continue
        theirs = other.columns.get(name)
        if theirs is None:
            theirs = np.full(other.rows.size, np.nan)
        unequal = _unequal(values[:ends], theirs[:ends], full.sizes.get(name, 0.0))
        if unequal.any():
            place = int(np.argmax(unequal))
            row = int(full.rows[place])
            if found is None or row < found.row:
                found = Difference(
                    row=row, table=full.name, column=name, full=values[place], other=theirs[place], cut=until
                )
    if found is None and (moved.size or counts[0] != counts[1]):
        found = _absent(full, other, ends, counts, until, chosen)
    return found


def _absent(
    full: Table, other: Table, place: int, counts: list[int], until: int, chosen: frozenset[str] | None
) -> Difference | None:
    """Return a row that only one of the two has."""
    names = [name for name in full.columns or other.columns if chosen is None or name in chosen]
    if not names:
        return None
    rows = [int(table.rows[place]) for table, count in zip((full, other), counts, strict=True) if place < count]
    ours = full.columns[names[0]][place] if place < counts[0] and int(full.rows[place]) == min(rows) else None
    theirs = other.columns[names[0]][place] if place < counts[1] and int(other.rows[place]) == min(rows) else None
    return Difference(row=min(rows), table=full.name, column=names[0], full=ours, other=theirs, cut=until)


def _unequal(a: NDArray[Any], b: NDArray[Any], size: float) -> NDArray[np.bool_]:
    if a.dtype == b.dtype == np.int64:
        return np.asarray(a != b)
    if a.dtype != np.float64 or b.dtype != np.float64:
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        return np.array([not (x is y or x == y or (x != x and y != y)) for x, y in pairs], dtype=bool)
    if np.array_equal(a, b, equal_nan=True):
        return np.zeros(a.size, dtype=bool)
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= TOLERANCE * np.maximum(np.maximum(np.abs(a), np.abs(b)), size)
    unequal: NDArray[np.bool_] = ~((a == b) | near | (np.isnan(a) & np.isnan(b)))
    # An infinite value is near to nothing but itself.
    unequal |= (np.isinf(a) | np.isinf(b)) & (a != b)
    return unequal


def _largest(values: NDArray[np.float64]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def is_fills(table: Table) -> bool:
    """Return whether the rows of a table are fills: a price, and a side or a quantity."""
    return "price" in table.columns and bool({"side", "quantity"} & table.columns.keys())


def tables_of(output: Any, size: int, scale: Scale) -> list[Table]:
    """Return an output as tables, each with a name of its own.

    Parameters
    ----------
    output : Any
        Arrays, Series, DataFrames, Bars, Records, signals, fills, accounts; also
        several in a tuple, a mapping or a dataclass.
    size : int
        Rows of the data that the function was given: an array of this length has
        one value a row.
    scale : Scale
        All rows of the data.

    Raises
    ------
    DataError
        If nothing in it stands at a row, such as one number.
    """
    import pandas as pd

    if isinstance(output, BacktestResult):
        return _of_run(output.run, lag=int(output.options.end == "liquidate"))
    if isinstance(output, Run):
        return _of_run(output, lag=0)
    if isinstance(output, Bars | Records):
        output = output.frame
    if isinstance(output, pd.Series):
        name = "value" if output.name is None else str(output.name)
        columns = {name: _plain(output.to_numpy())}
        if _is_by_row(output.index, size, scale):
            return [Table(name="", rows=np.arange(size), columns=columns)]
        output = output.to_frame(name)
    if isinstance(output, pd.DataFrame):
        return [_of_frame(output, size, scale)]
    if isinstance(output, np.ndarray) or (
        isinstance(output, list) and len(output) == size and not _of_dataclass(output)
    ):
        return [_of_array(np.asarray(output), size)]
    if isinstance(output, list | tuple) and (not output or _of_dataclass(output)) and not hasattr(output, "_fields"):
        return [_of_signals(output) if not output or isinstance(output[0], Signal) else _of_fills(output)]
    parts = dict(_parts(output))
    if not parts:
        raise DataError(
            f"the function returned {type(output).__name__} {str(output)[:60]!r}, which has no value for each bar; audit a function "
            "that returns an array, a Series or a DataFrame with a row for each bar, signals, fills or a backtest"
        )
    return _joined({name: tables_of(part, size, scale) for name, part in parts.items()})


def _joined(groups: dict[str, list[Table]]) -> list[Table]:
    """Return columns of one value a row as one table, the others under the name of their part."""
    rows: dict[str, NDArray[Any]] = {}
    at: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    others: list[Table] = []
    for name, tables in groups.items():
        for table in tables:
            if list(table.columns) == ["value"] and table.rows.size >= at.size:
                rows[name], at = table.columns["value"], table.rows
            else:
                others.append(dataclasses.replace(table, name=f"{name} {table.name}".strip()))
    return [Table(name="", rows=at, columns=rows), *others] if rows else others


def _parts(output: Any) -> Iterator[tuple[str, Any]]:
    items: Iterable[tuple[str, Any]]
    if hasattr(output, "_fields"):
        items = zip(output._fields, output, strict=True)
    elif isinstance(output, Mapping):
        items = zip(map(str, output), output.values(), strict=True)
    elif isinstance(output, list | tuple):
        items = zip((f"part {number}" for number in range(len(output))), output, strict=True)
    elif dataclasses.is_dataclass(output) and not isinstance(output, type):
        items = ((field.name, getattr(output, field.name)) for field in dataclasses.fields(output))
    else:
        return
    for name, part in items:
        if hasattr(part, "__len__") and not isinstance(part, str):
            yield name, part


def _of_dataclass(items: list[Any] | tuple[Any, ...]) -> bool:
    return bool(items) and isinstance(items[0], Signal | Fill)


def _of_array(values: NDArray[Any], size: int) -> Table:
    if values.ndim == 2 and values.shape[0] != size and values.shape[1] == size:
        values = values.T
    if values.ndim not in (1, 2) or values.shape[0] != size:
        raise DataError(
            f"the function returned an array of shape {values.shape} for {size} bars; "
            f"expected ({size},) or ({size}, n_columns), one row for each bar, or a Series or DataFrame with an index"
        )
    at = np.arange(size)
    if values.dtype.names:
        return Table(name="", rows=at, columns={name: _plain(values[name]) for name in values.dtype.names})
    if values.ndim == 1:
        return Table(name="", rows=at, columns={"value": _plain(values)})
    return Table(name="", rows=at, columns={f"column {n}": _plain(values[:, n]) for n in range(values.shape[1])})


def _of_frame(frame: pd.DataFrame, size: int, scale: Scale) -> Table:
    labels: list[Any] = list(frame.columns)
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in labels]
    columns = {name: _plain(frame.iloc[:, place].to_numpy()) for place, name in enumerate(names)}
    is_fill_table = "price" in names and not {"bar", "ts"}.isdisjoint(names)
    if not is_fill_table and _is_by_row(frame.index, size, scale):
        return Table(name="", rows=np.arange(size), columns=columns)
    at = frame["bar"].to_numpy(dtype=np.int64) if is_fill_table and "bar" in names else _rows_of(frame, scale)
    order = np.argsort(at, kind="stable")
    return Table(name="", rows=at[order], columns={name: values[order] for name, values in columns.items()})


def _is_by_row(index: pd.Index, size: int, scale: Scale) -> bool:
    """Return whether an output has one row for each row of the data."""
    import pandas as pd

    return len(index) == size and (isinstance(index, pd.RangeIndex) or index.equals(scale.labels[:size]))


def _rows_of(frame: pd.DataFrame, scale: Scale) -> NDArray[np.int64]:
    """Return for each row of a frame with labels of its own the first row of the data at which it has to be known."""
    import pandas as pd

    labels = pd.Index(frame["ts"]) if "ts" in frame.columns else frame.index
    if scale.known_at is not None and "known_at" in frame.columns:
        known = _instants(pd.DatetimeIndex(frame["known_at"]))
        found: NDArray[np.int64] = np.searchsorted(scale.known_at, np.asarray(known), side="left").astype(np.int64)
        return found
    ours, theirs = scale.instants, _instants(labels)
    if ours is not None and theirs is not None:
        return np.searchsorted(ours, theirs, side="left").astype(np.int64)
    if labels.dtype != scale.labels.dtype:
        raise DataError(
            f"the function returned {len(frame)} rows with an index of {labels.dtype}, the data have {len(scale.labels)} labels of "
            f"{scale.labels.dtype}; return one row for each of them, or rows labelled alike"
        )
    return np.asarray(scale.labels.searchsorted(labels, side="left"), dtype=np.int64)


def _instants(labels: pd.Index) -> NDArray[np.datetime64] | None:
    import pandas as pd

    if not isinstance(labels, pd.DatetimeIndex):
        return None
    in_utc = labels.tz_convert("UTC").tz_localize(None) if labels.tz is not None else labels
    return in_utc.to_numpy().astype("datetime64[us]")


def _plain(values: Any) -> NDArray[Any]:
    """Return numbers as float64 and everything else as objects that can be compared."""
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        return array.astype(np.float64)
    if array.dtype.kind in "mM":
        return array.astype(f"{array.dtype.kind}8[us]").astype(np.int64)
    import pandas as pd

    listed = np.empty(array.size, dtype=object)
    listed[:] = array.tolist()
    listed[np.asarray(pd.isna(listed))] = np.nan
    if all(isinstance(value, int | float) for value in listed):
        return listed.astype(np.float64)
    return listed


def _of_signals(signals: Iterable[Signal]) -> Table:
    """Return one row for each signal."""
    ordered = sorted(signals, key=lambda signal: (signal.bar, signal.symbol, signal.side, signal.order_type))
    columns: dict[str, NDArray[Any]] = {}
    for field in dataclasses.fields(Signal):
        values = [getattr(signal, field.name) for signal in ordered]
        if all(value is None or isinstance(value, int | float) for value in values):
            columns[field.name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        else:
            columns[field.name] = _plain(np.array(values, dtype=object))
    return Table(name="signals", rows=np.array([signal.bar for signal in ordered], dtype=np.int64), columns=columns)


def _of_fills(fills: Iterable[Fill]) -> Table:
    ordered = sorted(fills, key=lambda fill: fill.bar)
    columns = {name: np.array([getattr(fill, name) for fill in ordered], dtype=object) for name in _FILL_NAMES}
    for name in ("bar", "quantity", "price"):
        columns[name] = columns[name].astype(np.float64)
    return Table(name="fills", rows=np.array([fill.bar for fill in ordered], dtype=np.int64), columns=columns)


def _of_run(run: Run, lag: int) -> list[Table]:
    """Return the account and the fills of a run, without the sale that only the end of the data caused."""
    account: dict[str, NDArray[Any]] = {"equity": run.equity, "cash": run.cash}
    for number, shares in enumerate(np.atleast_2d(run.position)):
        account["position" if run.position.ndim == 1 else f"position {number}"] = shares
    fills = run.fills[run.fills[:, postings.REASON] != postings.REASON_END]
    at = fills[:, postings.BAR].astype(np.int64)
    columns: dict[str, NDArray[Any]] = {
        "bar": fills[:, postings.BAR],
        "side": fills[:, postings.SIDE],
        "quantity": fills[:, postings.QUANTITY],
        "price": fills[:, postings.PRICE],
        "reason": np.array([FILL_REASONS[int(code)] for code in fills[:, postings.REASON]], dtype=object),
    }
    return [
        Table(name="account", rows=np.arange(run.equity.size), columns=account, lag=lag),
        Table(name="fills", rows=at, columns=columns),
    ]
