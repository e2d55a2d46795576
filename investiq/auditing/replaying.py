"""The search for the first bar at which an output depends on later data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.auditing.outputs import Difference, Table, first_difference, tables_of
from investiq.auditing.sources import HistorySource, Source
from investiq.core.errors import InvestIQError

__all__ = [
    "RAISED",
    "Replay",
    "called",
    "first_leak",
    "looked_ahead",
    "sampled_rows",
    "speaking_rows",
    "value_at",
    "warmup_of",
]

# What a function may raise on data that are too short for it.
RAISED: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    InvestIQError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
# Rows from the first on that are tried one by one when a leak is known; beyond, it is bisected.
_SCAN: Final = 256
_STRIDES: Final = 64
_NEAR: Final = 16


def called(call: Callable[[Any], Any], data: Any) -> Any:
    """Return the output of the function; what it warns of on short data is not the user's concern."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call(data)


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """A function and its data; the output of each prefix is computed once."""

    call: Callable[[Any], Any]
    source: Source
    chosen: frozenset[str] | None = None

    @cached_property
    def full(self) -> list[Table]:
        """The output on all of the data."""
        return self.tables(self.source.whole(), self.source.size)

    @cached_property
    def _known(self) -> dict[int, list[Table] | None]:
        return {}

    @cached_property
    def errors(self) -> dict[int, str]:
        """What the function raised, by the last row of the prefix."""
        return {}

    def tables(self, data: Any, size: int) -> list[Table]:
        """Return the output on `data` of `size` rows."""
        return tables_of(called(self.call, data), size, self.source.scale)

    def at(self, row: int) -> list[Table] | None:
        """Return the output on what was known at bar `row`, None where the function raised."""
        if row not in self._known:
            try:
                self._known[row] = self.tables(self.source.until(row), row + 1)
            except RAISED as error:
                self.errors[row] = f"{type(error).__name__}: {error}"
                self._known[row] = None
        return self._known[row]

    def violation(self, row: int) -> Difference | None:
        """Return where the output up to `row` is not what the function said when bar `row` was complete."""
        then = self.at(row)
        return None if then is None else first_difference(self.full, then, row, self.chosen)


def first_leak(
    violation: Callable[[int], Difference | None], found: Difference, seen: int, candidates: NDArray[np.int64]
) -> tuple[Difference, bool]:
    """Return the first row that breaks the law, and whether all rows before it were tried.

    Parameters
    ----------
    violation : callable
        From the last row of a cut to the first row that breaks the law there.
    found : Difference
        One that is known.
    seen : int
        The cut at which it was found.
    candidates : ndarray of int64
        Rows at which the output says something, tried where there are too many rows.
    """
    for row in range(min(found.row + 1, _SCAN)):
        if (difference := violation(row)) is not None:
            return difference, True
    if found.row < _SCAN:
        return found, True
    return _bisected(violation, found, seen, candidates), False


def _bisected(
    violation: Callable[[int], Difference | None], found: Difference, seen: int, candidates: NDArray[np.int64]
) -> Difference:
    said = candidates[(candidates >= _SCAN) & (candidates < found.row)]
    if said.size > 2 * _STRIDES:
        said = said[np.linspace(0, said.size - 1, 2 * _STRIDES).astype(int)]
    low, high = _SCAN - 1, min(seen, found.row)
    for row in np.union1d(said, np.linspace(_SCAN, high, _STRIDES).astype(int)).tolist():
        if row >= high:
            break
        if (difference := violation(row)) is not None:
            found, high = (difference if difference.row < found.row else found), row
            break
        low = row
    while high - low > 1:
        middle = (low + high) // 2
        difference = violation(middle)
        if difference is None:
            low = middle
        else:
            high = middle
            found = difference if difference.row < found.row else found
    for row in range(found.row - 1, max(found.row - _NEAR, 0), -1):
        if (difference := violation(row)) is not None and difference.row < found.row:
            found = difference
    return found


def looked_ahead(replay: Replay, leak: Difference) -> int | None:
    """Return the least number of later bars that change the value; None where the values then known never were others."""
    base = _value(replay.at(leak.row), leak)

    def changed(ahead: int) -> bool:
        then = replay.at(leak.row + ahead)
        return then is not None and not _same(base, _value(then, leak))

    most = replay.source.size - 1 - leak.row
    tried = 0
    for ahead in range(1, min(_NEAR, most) + 1):
        tried = ahead
        if changed(ahead):
            return ahead
    step = tried
    while step < most:
        before, step = step, min(2 * step, most)
        if changed(step):
            while step - before > 1:
                middle = (before + step) // 2
                before, step = (before, middle) if changed(middle) else (middle, step)
            return step
    return None


def value_at(tables: list[Table] | None, table: str, column: str, row: int) -> Any:
    """Return the value that an output has at a row, None where it has none."""
    for each in tables or ():
        if each.name == table and column in each.columns:
            place = int(np.searchsorted(each.rows, row))
            if place < each.rows.size and each.rows[place] == row:
                return each.columns[column][place]
    return None


def _value(tables: list[Table] | None, leak: Difference) -> Any:
    return value_at(tables, leak.table, leak.column, leak.row)


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        # An error and no value are alike: neither says anything.
        other = b if a is None else a
        return other is None or bool(other != other)
    if isinstance(a, float) and isinstance(b, float):
        return bool(a == b or (a != a and b != b) or abs(a - b) <= 1e-10 * max(abs(a), abs(b)))
    return bool(a == b)


def sampled_rows(source: Source, full: list[Table], prefixes: int, random: np.random.Generator) -> list[int]:
    """Return the rows at which the data are cut: both ends, edges of periods, gaps, late records, where the output speaks, and others."""
    last = source.size - 1
    share = max(prefixes // 4, 1)
    rows = {0, 1, last - 1, last}
    for group in (_edges(source), _speaking(full), _gaps(source), _late(source), np.arange(2, last)):
        inside = group[(group >= 0) & (group <= last)]
        # One of each part of the run.
        rows |= {int(random.choice(part)) for part in np.array_split(inside, share) if part.size}
    return sorted(rows)


def _edges(source: Source) -> NDArray[np.int64]:
    """Return the rows on both sides of the end of a session, a week and a month."""
    instants = source.scale.instants
    if instants is None:
        return np.empty(0, dtype=np.int64)
    days = instants.astype("datetime64[D]")
    weeks = (days.astype(np.int64) + 3) // 7
    changes = [np.flatnonzero(np.diff(each)) for each in (weeks, days.astype("datetime64[M]").astype(np.int64))]
    if np.unique(days).size < days.size:
        changes.append(np.flatnonzero(np.diff(days.astype(np.int64))))
    chosen = np.concatenate(changes)
    return np.unique(np.concatenate([chosen, chosen + 1, chosen - 1]))


def speaking_rows(table: Table) -> NDArray[np.int64]:
    """Return the rows at which a column that mostly says one thing says another."""
    rows = [np.empty(0, dtype=np.int64)]
    for values in table.columns.values():
        if values.dtype != np.float64 or values.size < 3:
            continue
        changed = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
        if changed.mean() <= 0.5:
            at = np.flatnonzero(changed) + 1
            common = np.median(values[~np.isnan(values)]) if not np.isnan(values).all() else 0.0
            telling = at[values[at] != common]
            rows.append(table.rows[telling if telling.size else at])
    return np.unique(np.concatenate(rows))


def _speaking(full: list[Table]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(speaking_rows(table) for table in full)]))


def _gaps(source: Source) -> NDArray[np.int64]:
    """Return the rows in which the data lack a value: there a fill from the future shows."""
    if isinstance(source, HistorySource):
        return np.flatnonzero(np.isnan(source.main.volume))
    whole = source.whole()
    frame = getattr(whole, "close", None) if not hasattr(whole, "isna") else whole.isna().to_numpy()
    missing = np.isnan(frame).T if frame is not None and frame.dtype != bool else frame
    if missing is None:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(missing.reshape(source.size, -1).any(axis=1))


def _late(source: Source) -> NDArray[np.int64]:
    """Return the rows between what a record describes and when it became known."""
    if not isinstance(source, HistorySource) or source.as_bars:
        return np.empty(0, dtype=np.int64)
    rows = [np.empty(0, dtype=np.int64)]
    for records in source.history.tables.values():
        known = records.frame["known_at"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        begin = np.searchsorted(source.main.ts, records.labels)
        end = np.searchsorted(source.main.known_at, known)
        rows.append(begin[begin < end])
    return np.unique(np.concatenate(rows)).astype(np.int64)


def warmup_of(replay: Replay, rows: list[int]) -> tuple[int, int | None]:
    """Return the first row from which on the function answers, and a sampled row after it at which it raised nevertheless."""
    failed = [row for row in rows if replay.at(row) is None]
    if not failed:
        return 0, None
    answered = [row for row in rows if row not in failed]
    low, high = max((row for row in failed if not answered or row < answered[0]), default=-1), replay.source.size - 1
    late = next((row for row in failed if answered and row > answered[0]), None)
    high = answered[0] if answered else high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if replay.at(middle) is None else (low, middle)
    return high, late
