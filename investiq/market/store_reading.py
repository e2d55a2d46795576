"""Reading the store: from files to arrays, records and actions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, near_matches
from investiq.core.notes import Note
from investiq.history.adjust import Action, ActionKind
from investiq.history.records import Records
from investiq.market.canonical import canonical_hash, columns_of
from investiq.market.datasets import LAYOUTS
from investiq.market.series import SeriesKey, folder_of, stored_keys
from investiq.market.versions import PRICES, arrow_schema, corrected, largest_change, last_versions, recorded, visible
from investiq.storage import generations

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EXTRAS",
    "Rows",
    "Stored",
    "aware",
    "facts",
    "minute_text",
    "part_folders",
    "read_actions",
    "read_records",
    "read_rows",
    "snapshot_id",
    "stored_actions",
]

EXTRAS: Final = ("vwap", "trades")
WHOLE: Final = ("ts", *PRICES, "volume", "known_at", "flags", *EXTRAS)
_REQUIRED: Final = ("ts", *PRICES, "known_at", "recorded_at")
# What it takes to choose among versions.
_OF_VERSIONS: Final = ("recorded_at", "withdrawn")
_IDENTITY: Final = ("ts", *PRICES, "volume", "known_at")
_EVENT: Final = "action"
_OF_ACTIONS: Final = (*LAYOUTS["actions"].key, "ratio", "cash", "currency", "exchange_rate", "withdrawn")
_KINDS: Final = get_args(ActionKind)


class Rows(NamedTuple):
    """Bars as arrays, the last version of each, and what the versions say.

    Attributes
    ----------
    columns : dict of str to ndarray
        ts, open, high, low, close, known_at; volume, vwap and trades where any is known, flags where any is set.
    largest_revision : float
    recorded_at : datetime64[us]
        Newest recording of the series.
    manifest : dict
        Of the newest file of the series, read or not: it states the facts.
    """

    columns: dict[str, NDArray[Any]]
    largest_revision: float
    recorded_at: np.datetime64
    manifest: dict[str, Any]


def part_folders(folder: Path, key: SeriesKey) -> list[Path]:
    """Return the folders with generations of a series, oldest first: itself, or one a year."""
    parts = sorted(folder.glob("year=*")) if key.is_yearly else [folder]
    return [part for part in parts if generations.current(part) is not None]


def facts(root: Path, key: SeriesKey) -> dict[str, str]:
    """Return the facts of a series as text; see `store.Store.facts`."""
    folder = folder_of(root, key)
    found = [each for part in part_folders(folder, key) if (each := generations.read_manifest(part)) is not None]
    if not found:
        raise _absent(root, key)
    manifests = [each.manifest for each in found]
    own = {
        "rows": str(sum(each["rows"] for each in manifests)),
        "versions": str(sum(each["versions"] for each in manifests)),
        "revisions": str(sum(each["revisions"] for each in manifests)),
        "first": next((each["first"] for each in manifests if each["first"]), ""),
        "last": next((each["last"] for each in reversed(manifests) if each["last"]), ""),
        "recorded_at": max(each["recorded_at"] for each in manifests),
        "generation": str(int(Path(found[-1].path).stem)),
        "sha256": manifests[0]["sha256"] if len(manifests) == 1 else _joint_hash(manifests),
    }
    return {**manifests[-1]["facts"], **own}


def _joint_hash(manifests: list[dict[str, Any]]) -> str:
    hashes = np.array([each["sha256"] for each in manifests], dtype=object)
    return canonical_hash("years", {"sha256": hashes})


def read_rows(
    root: Path,
    key: SeriesKey,
    *,
    recorded_by: np.datetime64 | None = None,
    years: tuple[int, int] | None = None,
    columns: tuple[str, ...] = WHOLE,
) -> Rows:
    """Return the bars of a series as arrays.

    Parameters
    ----------
    root : Path
    key : SeriesKey
    recorded_by : datetime64, optional
    years : (int, int), optional
        First and last year wanted, of intraday bars.
    columns : tuple of str
        Those wanted, `ts` among them.

    Raises
    ------
    DataError
        If the series is not stored, or nothing of it was by then.
    """
    # The newest year states the facts of all, whichever years are read.
    whole: Sequence[Path] = part_folders(folder_of(root, key), key) if key.is_yearly else ()
    parts: Sequence[Path | str] = _years_within(whole, years) if key.is_yearly else [f"{root}/{key.path}"]

    def wanted(manifest: dict[str, Any]) -> tuple[str, ...]:
        is_simple = manifest["rows"] == manifest["versions"] and recorded_by is None
        return columns if is_simple else (*columns, *_OF_VERSIONS)

    found = [each for part in parts if (each := generations.read_arrays(part, wanted, _REQUIRED)) is not None]
    if not found:
        raise _absent(root, key)
    each_part = [_latest(each.columns, recorded_by) for each in found]
    joined = each_part[0][0] if len(found) == 1 else _joined([arrays for arrays, _ in each_part])
    if not joined["ts"].size and recorded_by is not None:
        raise DataError(
            f"{key}: nothing was recorded by {minute_text(recorded_by)}; the store has it from "
            f"{minute_text(np.datetime64(found[0].manifest['begun'], 'us'))} on"
        )
    manifests = [each.manifest for each in found]
    if key.is_yearly and (last := generations.read_manifest(whole[-1])) is not None:
        manifests.append(last.manifest)
    newest = np.datetime64(max(each["recorded_at"] for each in manifests), "us")
    return Rows(joined, max(change for _, change in each_part), newest, manifests[-1])


def _years_within(parts: Sequence[Path], years: tuple[int, int] | None) -> Sequence[Path]:
    if years is None:
        return parts
    within = [part for part in parts if years[0] <= int(part.name.removeprefix("year=")) <= years[1]]
    return within or parts[-1:]


def _latest(
    arrays: dict[str, NDArray[Any]], recorded_by: np.datetime64 | None
) -> tuple[dict[str, NDArray[Any]], float]:
    """Return the last version of each label recorded by then, and the largest change between versions."""
    if "recorded_at" not in arrays:
        return arrays, 0.0
    ts, recorded_at = arrays["ts"], arrays["recorded_at"]
    chosen = last_versions(ts, recorded_at, recorded_by)
    change = 0.0
    if not isinstance(chosen, slice):
        seen = slice(None) if recorded_by is None else recorded_at <= recorded_by
        change = largest_change(ts[seen], [arrays[name][seen] for name in PRICES if name in arrays])
        arrays = {name: array[chosen] for name, array in arrays.items()}
    if (withdrawn := arrays.pop("withdrawn", None)) is not None:
        kept = withdrawn != True  # noqa: E712 - an array of objects: True, False and None
        arrays = {name: array[kept] for name, array in arrays.items()}
    del arrays["recorded_at"]
    return arrays, change


def _joined(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate([part[name] if name in part else _unsaid(name, part["ts"].size) for part in parts])
        for name in names
    }


def _unsaid(name: str, size: int) -> NDArray[Any]:
    return np.zeros(size, dtype=np.int32) if name == "flags" else np.full(size, np.nan)


class Stored(NamedTuple):
    """Stored actions by ex-date, when the newest was recorded, and how many were corrected or withdrawn since the first."""

    actions: tuple[Action, ...]
    recorded_at: np.datetime64
    corrected: int


def read_records(root: Path, key: SeriesKey, as_of: np.datetime64 | None, recorded_by: np.datetime64 | None) -> Records:
    """Return `Records`; see `store.Store.records`."""
    layout = LAYOUTS[key.dataset]
    if key.dataset == "bars":
        raise DataError(f"{key} are bars; use store.bars")
    if layout.columns[layout.label].type not in ("instant", "date"):
        raise DataError(f"{key.dataset} have no time label, so they are no records; use store.query")
    versions, manifest = _versions(root, key)
    versions = recorded(versions, as_of, recorded_by)
    frame = visible(versions, layout.key, None, None)
    notes = [Note(**note) for note in manifest["notes"]]
    if count := corrected(versions, layout.key):
        text = (
            f"{key.symbol}: {key.provider} corrected or withdrew {count} row(s) of {key.dataset} after they were first recorded; "
            "what was seen before is there with recorded_by"
        )
        notes.append(Note(code="revised_records", text=text, rows=count))
    stated = manifest["facts"]
    labelled = frame.rename(columns={layout.label: "ts"}).set_index("ts").drop(columns=["recorded_at", "withdrawn"])
    return Records(
        kind=key.dataset,
        name=f"{key.dataset}:{key.symbol}",
        frame=labelled,
        provider=key.provider,
        source=stated.get("source", ""),
        known_at_rule=stated.get("known_at_rule", "as recorded by the source"),
        unit=stated.get("unit", stated.get("currency", "")),
        notes=tuple(notes),
    )


def _versions(root: Path, key: SeriesKey) -> tuple[pd.DataFrame, dict[str, Any]]:
    content = generations.read(folder_of(root, key), lambda _: arrow_schema(key.dataset).names)
    if content is None:
        raise _absent(root, key)
    table = generations.filled(content.table, arrow_schema(key.dataset))
    return table.to_pandas(), content.manifest


def _frame(root: Path, key: SeriesKey, recorded_by: np.datetime64 | None) -> pd.DataFrame:
    return visible(_versions(root, key)[0], LAYOUTS[key.dataset].key, None, recorded_by)


def read_actions(
    root: Path, key: SeriesKey, as_of: np.datetime64 | None, recorded_by: np.datetime64 | None
) -> tuple[Action, ...]:
    """Return the actions of the provider and symbol of `key` by ex-date; none where none are stored."""
    stored = stored_actions(root, key, recorded_by, as_of)
    return () if stored is None else stored.actions


def stored_actions(
    root: Path, key: SeriesKey, recorded_by: np.datetime64 | None, as_of: np.datetime64 | None = None
) -> Stored | None:
    """Return the actions, None where the series of actions does not exist or did not by then."""
    cuts = {name: limit for name, limit in (("known_at", as_of), ("recorded_at", recorded_by)) if limit is not None}
    found = generations.read_arrays(f"{root}/{key.actions.path}", lambda _: (*_OF_ACTIONS, *cuts))
    if found is None:
        return None
    if recorded_by is not None and recorded_by < np.datetime64(found.manifest["begun"], "us"):
        return None
    arrays = found.columns
    # Some dozens of rows: plain Python is quicker here than a frame, and a panel reads hundreds of such files.
    size = arrays["kind"].size
    columns = {name: arrays[name].tolist() if name in arrays else [None] * size for name in _OF_ACTIONS}
    seen = np.ones(size, dtype=bool)
    for name, limit in cuts.items():
        seen &= arrays[name] <= limit
    # Sorted by fact and recording: a later version takes the place of an earlier one.
    facts = list(zip(*(columns[name] for name in LAYOUTS["actions"].key), strict=True))
    latest = {fact: row for row, fact in enumerate(facts) if seen[row]}
    repeated = 0
    if seen.sum() > len(latest):
        repeated = len({fact for row, fact in enumerate(facts) if seen[row] and latest[fact] != row})
    actions = [_action(key, columns, row) for row in latest.values() if not columns["withdrawn"][row]]
    actions.sort(key=lambda action: action.ex_date)
    return Stored(tuple(actions), np.datetime64(found.manifest["recorded_at"], "us"), repeated)


def _action(key: SeriesKey, columns: dict[str, list[Any]], row: int) -> Action:
    kind = columns["kind"][row]
    if kind not in _KINDS:
        raise DataError(
            f"{key}: unknown kind of action {kind!r}{near_matches(kind, _KINDS)}; known are {', '.join(_KINDS)}"
        )
    numbers = {name: columns[name][row] for name in ("ratio", "cash", "exchange_rate")}
    stated = {name: number for name, number in numbers.items() if number is not None and not math.isnan(number)}
    if (currency := columns["currency"][row]) is not None:
        stated["currency"] = currency
    return Action(kind=kind, ex_date=columns["ex_date"][row].date(), **stated)


def snapshot_id(root: Path, key: SeriesKey, recorded_by: np.datetime64 | None) -> str:
    """Return the hash of what a read is made of; see `store.Store.snapshot_id`."""
    title = f"schema {generations.MAJOR} {key.path}"
    if key.dataset != "bars":
        frame = _frame(root, key, recorded_by)
        return canonical_hash(title, columns_of(frame.drop(columns=["recorded_at", "withdrawn"])))
    rows = read_rows(root, key, recorded_by=recorded_by, columns=_IDENTITY)
    columns = {name: array for name, array in rows.columns.items() if name in _IDENTITY}
    of_actions = key.actions
    if generations.current(folder_of(root, of_actions)) is not None:
        frame = _frame(root, of_actions, recorded_by)
        if len(frame):
            actions = columns_of(frame[["kind", "ex_date", "ratio", "cash", "currency", "exchange_rate"]])
            columns |= {f"{_EVENT} {name}": array for name, array in actions.items()}
    return canonical_hash(title, columns)


def _absent(root: Path, key: SeriesKey) -> DataError:
    others = [str(each) for each in stored_keys(root, symbol=key.symbol) if each != key]
    beside = f"; of this symbol it holds {', '.join(others)}" if others else ""
    return DataError(f"the store has no {key}{beside}; fetch it first")


def aware(moment: Any) -> datetime:
    """Return a datetime64 in UTC as an aware datetime."""
    plain: datetime = np.datetime64(moment, "us").item()
    return plain.replace(tzinfo=UTC)


def minute_text(moment: np.datetime64) -> str:
    """Return a moment as people write it."""
    return f"{str(moment)[:16].replace('T', ' ')} UTC"
