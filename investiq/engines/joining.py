"""How one row of a causal table sees what is not its own bar: other symbols by date, records by what was known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.records import Records

__all__ = ["ROLES", "Role", "closes_on", "known_counts", "known_instants", "series_of"]

FloatArray = NDArray[np.float64]

Role = Literal["market", "small_caps", "value", "growth", "bonds", "gold", "nasdaq", "dow"]
# What plays a role, by the first of these symbols that the history holds. The market is the history's benchmark.
ROLES: Final[dict[Role, tuple[str, ...]]] = {
    "market": (),
    "small_caps": ("IWM", "SYN-SMALL"),
    "value": ("IWD", "SYN-VALUE"),
    "growth": ("IWF", "SYN-GROWTH"),
    "bonds": ("TLT", "SYN-BOND"),
    "gold": ("GLD", "SYN-GOLD"),
    "nasdaq": ("QQQ", "^IXIC", "SYN-TECH"),
    "dow": ("DIA", "SYN-LARGE"),
}


def series_of(history: History, role: Role | Sequence[str]) -> Bars | None:
    """Return the bars that play a role, None where the history has none or they are the main symbol's own.

    Parameters
    ----------
    history : History
    role : str or sequence of str
        A role, or symbols of which the first that is there counts.

    Raises
    ------
    DataError
        If no role has that name.
    """
    if role == "market":
        names: Sequence[str] = (history.benchmark,) if history.benchmark else ()
    elif isinstance(role, str):
        if role not in ROLES:
            raise DataError(f"no role is called {role!r}; known are {', '.join(get_args(Role))}")
        names = ROLES[role]
    else:
        names = role
    found = next((history.series[name] for name in names if name in history.series), None)
    return None if found is None or found.symbol == history.symbol else found


def closes_on(main: Bars, other: Bars) -> FloatArray:
    """Return the total-adjusted closes of another symbol on the labels of the main one.

    Parameters
    ----------
    main, other : Bars
        Raw, of one interval.

    Returns
    -------
    ndarray of shape (n_main,)
        NaN where `other` has no bar of that label, or its bar was not yet known
        at the decision time of the main symbol's row.
    """
    closes = np.full(len(main), np.nan)
    if not len(other):
        return closes
    places = np.searchsorted(other.ts, main.ts)
    places[places == len(other)] = len(other) - 1
    fits = (other.ts[places] == main.ts) & (other.known_at[places] <= main.known_at)
    adjusted = other.adjusted("total").close
    closes[fits] = adjusted[places[fits]]
    return closes


def known_instants(records: Records) -> NDArray[np.datetime64]:
    """Return `known_at` of every record in UTC, shape (n_records,)."""
    known: NDArray[np.datetime64] = records.frame["known_at"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    return known


def known_counts(main: Bars, known: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return how many of some ascending instants had passed at the decision time of each row.

    Parameters
    ----------
    main : Bars
    known : ndarray of datetime64[us], shape (n_records,)
        Ascending: order the records by `known_at` first.

    Returns
    -------
    ndarray of int64, shape (n_main,)
        The records known at row t are the first ``counts[t]``.
    """
    counts: NDArray[np.int64] = np.searchsorted(known, main.known_at, side="right")
    return counts
