"""Many stored series into one `Panel`: decoded, cut and laid into place once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.passport import Passport
from investiq.history.adjust import Action, Factors, forward_factors, held_through
from investiq.history.flags import Flag
from investiq.history.instants import When, instant
from investiq.history.panel import Panel
from investiq.market.building import recheck, row_flags, session_days
from investiq.market.series import SeriesKey
from investiq.market.store_bars import applied, bars_from, whole_bars, years_of
from investiq.market.store_reading import Rows, Stored, read_rows, stored_actions
from investiq.market.versions import PRICES

__all__ = ["read_panel"]

_NUMBERS: Final = (*PRICES, "volume")
_FACTORS: Final = ("split_factor", "total_factor")
_READ: Final = ("ts", *_NUMBERS, "known_at", "flags")


class _Member(NamedTuple):
    """A series as it was read, and the part of its rows that the panel shows."""

    key: SeriesKey
    rows: Rows
    stored: Stored | None
    columns: dict[str, NDArray[Any]]
    shown: slice


class _Passports(Sequence[Passport]):
    """The passports of the members, each made when it is asked for: nobody reads five hundred of them."""

    def __init__(
        self, members: Sequence[_Member], as_of: np.datetime64 | None, recorded_by: np.datetime64 | None
    ) -> None:
        self._members = members
        self._as_of = as_of
        self._recorded_by = recorded_by

    def __len__(self) -> int:
        return len(self._members)

    @overload
    def __getitem__(self, row: int) -> Passport: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Passport]: ...
    def __getitem__(self, row: int | slice) -> Passport | Sequence[Passport]:
        if isinstance(row, slice):
            return _Passports(self._members[row], self._as_of, self._recorded_by)
        member = self._members[row]
        bars = bars_from(member.key, member.rows, member.stored, self._recorded_by)
        known = bars if self._as_of is None else bars.until(self._as_of)
        return recheck(known[member.shown]).passport


def read_panel(
    root: Path,
    keys: Sequence[SeriesKey],
    start: When | None,
    end: When | None,
    as_of: np.datetime64 | None,
    recorded_by: np.datetime64 | None,
) -> Panel:
    """Return a `Panel`; see `store.Store.panel`."""
    _refuse_unlike(keys)
    low = None if start is None else instant(start, day_ends=False)
    high = None if end is None else instant(end)
    members = []
    for key in keys:
        rows = read_rows(
            root, key, recorded_by=recorded_by, years=years_of(start, end) if key.is_yearly else None, columns=_READ
        )
        columns = _as_known(whole_bars(rows.columns)[0], as_of)
        shown = _shown(columns, low, high, as_of)
        members.append(_Member(key, rows, stored_actions(root, key, recorded_by), columns, shown))
    return _aligned(members, _Passports(members, as_of, recorded_by))


def _refuse_unlike(keys: Sequence[SeriesKey]) -> None:
    if not keys:
        raise DataError("a panel needs at least one series")
    symbols = [key.symbol for key in keys]
    if len(set(symbols)) != len(symbols):
        raise DataError(f"each symbol may appear once in a panel; found {', '.join(symbols)}")
    if wrong := {f"{key.dataset} of {key.interval}" for key in keys} - {f"bars of {keys[0].interval}"}:
        raise DataError(
            f"a panel holds bars of one interval, of {keys[0].symbol} {keys[0].interval}; found {', '.join(sorted(wrong))}"
        )


def _as_known(columns: dict[str, NDArray[Any]], as_of: np.datetime64 | None) -> dict[str, NDArray[Any]]:
    """Return the columns without a quarantine of the last bar known, which only the next one shows; see `Bars.until`."""
    if as_of is None or "flags" not in columns:
        return columns
    last = int(np.searchsorted(columns["known_at"], as_of, side="right")) - 1
    if last < 0 or not columns["flags"][last] & Flag.QUARANTINED:
        return columns
    flags = columns["flags"].copy()
    flags[last] &= ~int(Flag.QUARANTINED)
    return columns | {"flags": flags}


def _shown(
    columns: dict[str, NDArray[Any]], low: np.datetime64 | None, high: np.datetime64 | None, as_of: np.datetime64 | None
) -> slice:
    first = 0 if low is None else int(np.searchsorted(columns["ts"], low, side="left"))
    last = columns["ts"].size if high is None else int(np.searchsorted(columns["ts"], high, side="right"))
    if as_of is not None:
        last = min(last, int(np.searchsorted(columns["known_at"], as_of, side="right")))
    return slice(first, max(first, last))


def _aligned(members: Sequence[_Member], passports: _Passports) -> Panel:
    labels = [member.columns["ts"][member.shown] for member in members]
    ts = _union(labels)
    if not ts.size:
        raise DataError(
            f"none of the {len(members)} series has a bar in the range; choose dates inside, or a later as_of"
        )
    shape = (len(members), ts.size)
    arrays: dict[str, Any] = {name: np.empty(shape) for name in (*_NUMBERS, *_FACTORS)}
    known_at = np.empty(shape, dtype="datetime64[us]")
    flags = np.zeros(shape, dtype=np.int32)
    actions = []
    for row, (member, own) in enumerate(zip(members, labels, strict=True)):
        at: Any = slice(None)
        if own.size != ts.size:
            at = np.searchsorted(ts, own)
            known_at[row] = np.datetime64("NaT", "us")
            for array in arrays.values():
                array[row] = np.nan
        for name in _NUMBERS:
            arrays[name][row, at] = member.columns[name][member.shown]
        known_at[row, at] = member.columns["known_at"][member.shown]
        own_actions = applied(member.rows.manifest, member.stored)
        factors = _factors(member, own_actions)
        for name in _FACTORS:
            arrays[name][row, at] = getattr(factors, name)[member.shown]
        marks = row_flags(member.columns.get("flags"), member.columns["volume"], factors.total_factor)
        flags[row, at] = marks[member.shown]
        actions.append(held_through(own_actions, own))
    for array in (ts, known_at, flags, *arrays.values()):
        array.flags.writeable = False
    return Panel(
        symbols=tuple(member.key.symbol for member in members),
        interval=members[0].key.interval,
        ts=ts,
        known_at=known_at,
        flags=flags,
        passports=passports,
        actions=tuple(actions),
        **arrays,
    )


def _union(labels: Sequence[NDArray[np.datetime64]]) -> NDArray[np.datetime64]:
    """Return all labels once, ascending; most series of one market have the same."""
    union = np.array(labels[0])
    for own in labels[1:]:
        if own.size == union.size and np.array_equal(own, union):
            continue
        union = np.union1d(union, own)
    return union


def _factors(member: _Member, actions: Sequence[Action]) -> Factors:
    stated, columns = member.rows.manifest["facts"], member.columns
    if not actions:
        ones = np.ones(columns["ts"].size)
        return Factors(ones, ones, ())
    market = stated.get("calendar", "XNYS")
    return forward_factors(
        session_days(columns["ts"], member.key.interval, market),
        columns["close"],
        actions,
        calendar=market,
        currency=stated.get("currency", "USD"),
    )
