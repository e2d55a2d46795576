"""Two clocks: every version of a row is kept, and one is seen.

`known_at` says when a fact was complete in the market, `recorded_at` when the
store received this version of it. A later version never replaces an earlier one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.history.flags import Flag
from investiq.market.datasets import LAYOUTS

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Dataset

__all__ = [
    "PRICES",
    "Counts",
    "Merged",
    "arrow_schema",
    "corrected",
    "largest_change",
    "last_versions",
    "merge",
    "recorded",
    "visible",
]

PRICES: Final = ("open", "high", "low", "close")
_CLOCKS: Final = ("known_at", "recorded_at", "withdrawn")


class Counts(NamedTuple):
    """Rows by what became of them."""

    added: int
    revised: int
    unchanged: int
    withdrawn: int


class Merged(NamedTuple):
    """All versions after a merge, sorted by label, key and `recorded_at`, and what was new among them."""

    frame: pd.DataFrame
    counts: Counts


@lru_cache(maxsize=16)
def arrow_schema(dataset: Dataset) -> Any:
    """Return the columns of a dataset on disk (pyarrow.Schema): its layout, both clocks, and flags of bars."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    kinds = {"instant": instant, "date": instant, "number": pa.float64(), "text": pa.string(), "texts": pa.string()}
    fields = [
        pa.field(name, kinds[column.type], nullable=not column.required)
        for name, column in LAYOUTS[dataset].columns.items()
    ]
    fields += [pa.field(name, instant, nullable=False) for name in ("known_at", "recorded_at")]
    if dataset == "bars":
        fields.append(pa.field("flags", pa.int32()))
    return pa.schema([*fields, pa.field("withdrawn", pa.bool_())])


def recorded(frame: pd.DataFrame, as_of: np.datetime64 | None, recorded_by: np.datetime64 | None) -> pd.DataFrame:
    """Return every version known and recorded by then."""
    for column, limit in (("known_at", as_of), ("recorded_at", recorded_by)):
        if limit is not None:
            frame = frame[_us(frame[column]) <= limit]
    return frame


def corrected(frame: pd.DataFrame, key: tuple[str, ...]) -> int:
    """Return how many facts have more than one version."""
    repeated = frame.duplicated(list(key))
    if not repeated.any():
        return 0
    return int(repeated.groupby([frame[name] for name in key], dropna=False).any().sum())


def visible(
    frame: pd.DataFrame, key: tuple[str, ...], as_of: np.datetime64 | None, recorded_by: np.datetime64 | None
) -> pd.DataFrame:
    """Return one version of each fact: the last of those known and recorded by then, unless it was withdrawn."""
    frame = recorded(frame, as_of, recorded_by)
    is_past = frame.duplicated(list(key), keep="last").to_numpy()
    hidden = is_past | frame["withdrawn"].fillna(value=False).to_numpy(dtype=bool)
    return frame[~hidden] if hidden.any() else frame


def last_versions(
    ts: NDArray[np.datetime64], recorded_at: NDArray[np.datetime64], recorded_by: np.datetime64 | None
) -> slice | NDArray[np.intp]:
    """Return the rows of the last version of each label recorded by then; both arrays sorted by (ts, recorded_at).

    A slice where there is one version of each, so that the arrays need no copy.
    """
    within = None if recorded_by is None else recorded_at <= recorded_by
    if within is not None and not within.all():
        rows = np.flatnonzero(within)
        return rows[_ends_of_runs(ts[rows])]
    ends = _ends_of_runs(ts)
    return slice(None) if ends.all() else np.flatnonzero(ends)


def _ends_of_runs(ts: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    ends = np.ones(ts.size, dtype=bool)
    np.not_equal(ts[1:], ts[:-1], out=ends[:-1])
    return ends


def largest_change(ts: NDArray[np.datetime64], prices: list[NDArray[np.float64]]) -> float:
    """Return the largest relative change of a price between two versions of a row, 0.0 without any."""
    same = np.flatnonzero(ts[1:] == ts[:-1])
    if not same.size:
        return 0.0
    changes = np.abs(np.stack([price[same + 1] / price[same] - 1 for price in prices]))
    return float(np.nanmax(changes)) if np.isfinite(changes).any() else 0.0


def merge(
    dataset: Dataset,
    stored: pd.DataFrame | None,
    new: pd.DataFrame,
    recorded_at: pd.Timestamp,
    covers: tuple[np.datetime64, np.datetime64] | None = None,
) -> Merged:
    """Add to `stored` the versions that `new` holds: new facts, changed ones, and with `covers` those that are gone.

    Parameters
    ----------
    dataset : str
    stored : DataFrame, optional
        All versions, sorted.
    new : DataFrame
        One row a fact, in the columns of the dataset with `known_at`; a column that is absent says nothing about it.
    recorded_at : Timestamp
        Later than every `recorded_at` of `stored`.
    covers : (datetime64, datetime64), optional
        Labels, inclusive, of which `new` is complete: what is stored there and not in `new` is withdrawn.
    """
    layout = LAYOUTS[dataset]
    key = list(layout.key)
    if stored is None:
        first = _complete(new, dataset).assign(recorded_at=recorded_at, withdrawn=False)
        return Merged(_sorted(first, dataset), Counts(len(first), 0, 0, 0))
    latest = stored.drop_duplicates(key, keep="last").reset_index(drop=True)
    rows = _positions(latest, new, key)
    matched = rows >= 0
    before = latest.iloc[rows[matched]].reset_index(drop=True)
    after = _over(before, new[matched].reset_index(drop=True), dataset)
    other = _differs(before, after, [name for name in before.columns if name not in (*key, *_CLOCKS, "flags")])
    flagged = (
        before["flags"].ne(after["flags"]).to_numpy() if "flags" in before.columns else np.zeros(len(before), bool)
    )
    gone = before["withdrawn"].fillna(value=False).to_numpy(dtype=bool)
    if dataset == "bars":
        after.loc[other, "flags"] = after.loc[other, "flags"] | int(Flag.REVISED)
    changed = other | flagged | gone
    added = _complete(new[~matched], dataset)
    absent = _withdrawn(latest, rows[matched], layout.label, covers)
    parts = [
        stored,
        after[changed].assign(recorded_at=recorded_at, withdrawn=False),
        added.assign(recorded_at=recorded_at, withdrawn=False),
        absent.assign(recorded_at=recorded_at, withdrawn=True),
    ]
    counts = Counts(len(added), int(changed.sum()), int((~changed).sum()), len(absent))
    return Merged(_sorted(_joined(parts), dataset), counts)


def _over(before: pd.DataFrame, new: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return `new` with what it does not say taken from the version before, and the rule of its clock."""
    after = before.copy()
    for name in new.columns:
        if name not in ("known_at", "flags"):
            after[name] = new[name]
    if "flags" in new.columns:
        after["flags"] = new["flags"] | (before["flags"] & int(Flag.REVISED))
    if dataset not in ("bars", "actions"):
        # A bar's own decision needs it where it was. A record's later content was not known before its own stamp.
        after["known_at"] = new["known_at"].where(new["known_at"] > before["known_at"], before["known_at"])
    return after


def _differs(before: pd.DataFrame, after: pd.DataFrame, columns: list[str]) -> NDArray[np.bool_]:
    changed = np.zeros(len(before), dtype=bool)
    for name in columns:
        old, new = before[name], after[name]
        equal = (old == new).fillna(value=False).to_numpy(dtype=bool)
        changed |= ~(equal | (old.isna() & new.isna()).to_numpy())
    return changed


def _withdrawn(
    latest: pd.DataFrame, seen: NDArray[np.intp], label: str, covers: tuple[np.datetime64, np.datetime64] | None
) -> pd.DataFrame:
    if covers is None:
        return latest.iloc[:0]
    labels = _us(latest[label])
    absent = (
        (labels >= covers[0]) & (labels <= covers[1]) & ~latest["withdrawn"].fillna(value=False).to_numpy(dtype=bool)
    )
    absent[seen] = False
    gone: pd.DataFrame = latest[absent]
    return gone


def _positions(latest: pd.DataFrame, new: pd.DataFrame, key: list[str]) -> NDArray[np.intp]:
    """Return for each new row its row in `latest`, -1 where the fact is new."""
    import pandas as pd

    # A row without an id is the same fact as another without one.
    numbers = pd.concat([latest[key], new[key]], ignore_index=True).groupby(key, dropna=False, sort=False).ngroup()
    rows: NDArray[np.intp] = pd.Index(numbers[: len(latest)]).get_indexer(pd.Index(numbers[len(latest) :]))
    return rows


def _complete(new: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    return new.assign(flags=0) if dataset == "bars" and "flags" not in new.columns else new


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _sorted(frame: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    layout = LAYOUTS[dataset]
    labels = frame[layout.label]
    if labels.is_monotonic_increasing and labels.is_unique:
        return frame.reset_index(drop=True)
    order = list(dict.fromkeys([layout.label, *layout.key, "recorded_at"]))
    return frame.sort_values(order, kind="stable", ignore_index=True)


def _us(instants: pd.Series) -> NDArray[np.datetime64]:
    stamps: NDArray[np.datetime64] = instants.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    return stamps
