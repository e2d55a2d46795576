"""Writing into the store: merge under the lock, then publish the next generation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.market.canonical import canonical_hash, columns_of
from investiq.market.datasets import LAYOUTS
from investiq.market.series import SeriesKey, folder_of
from investiq.market.store_checking import checked
from investiq.market.store_reading import aware, part_folders
from investiq.market.versions import PRICES, Counts, arrow_schema, corrected, merge, visible
from investiq.storage import generations
from investiq.storage.locks import exclusive
from investiq.storage.publishing import publish

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write"]

Limits = tuple[np.datetime64, np.datetime64]
# Absent from a file where no row has them.
_OPTIONAL: Final = ("vwap", "trades", "flags", "withdrawn")
# Read whole at every load and small: quick to read counts for more than bytes.
_READ_OFTEN: Final = ("bars", "actions")
_TICK: Final = np.timedelta64(1, "us")


def write(
    root: Path,
    key: SeriesKey,
    table: pd.DataFrame,
    facts: Mapping[str, str],
    recorded_at: np.datetime64,
    covers: Limits | None,
    notes: tuple[Note, ...],
) -> tuple[int, int, int, int, int, np.datetime64, tuple[Note, ...]]:
    """Merge `table` into a series and return the fields of `store.Written`."""
    frame = checked(key.dataset, table, str(key))
    if frame.empty and (covers is None or key.dataset == "bars"):
        raise DataError(f"{key}: there are no rows to store; an empty answer is no data")
    if wrong := [name for name, value in facts.items() if not isinstance(value, str)]:
        raise DataError(f"{key}: facts are texts; {', '.join(wrong)} are not")
    folder = folder_of(root, key)
    with exclusive(folder):
        parts = list(_parts(folder, key, frame, covers))
        manifests = [generations.read_manifest(part) for part, _ in parts]
        newest = [manifest.manifest for manifest in manifests if manifest is not None]
        moment = _after(recorded_at, [each["recorded_at"] for each in newest])
        last = newest[-1] if newest else {"facts": {}, "notes": []}
        stated = {
            "facts": {**last["facts"], **facts},
            "notes": _noted(last["notes"], notes),
            "begun": min([str(moment), *(each["begun"] for each in newest)]),
        }
        said = [_write_part(key, part, rows, moment, covers, stated, part == parts[-1][0]) for part, rows in parts]
    totals = Counts(*(sum(column) for column in zip(*(counts for counts, _, _ in said), strict=True)))
    warnings = tuple(dict.fromkeys(note for _, _, each in said for note in each))
    return (*totals[:2], *totals[2:], said[-1][1], moment, warnings)


def _parts(
    folder: Path, key: SeriesKey, frame: pd.DataFrame, covers: Limits | None
) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Yield the folders to be looked at with their rows, the newest last: it carries the facts."""
    if not key.is_yearly:
        yield folder, frame
        return
    years = frame["ts"].dt.year
    names = {f"year={year}" for year in years} | {part.name for part in part_folders(folder, key)}
    for name in sorted(names):
        yield folder / name, frame[years == int(name.removeprefix("year="))]


def _write_part(
    key: SeriesKey,
    folder: Path,
    new: pd.DataFrame,
    moment: np.datetime64,
    covers: Limits | None,
    stated: dict[str, Any],
    is_last: bool,
) -> tuple[Counts, int, tuple[Note, ...]]:
    import pandas as pd

    now = generations.current(folder)
    if now is not None and new.empty and covers is None and not is_last:
        return Counts(0, 0, 0, 0), now.number, ()
    content = generations.read(folder, lambda _: arrow_schema(key.dataset).names, everything=True)
    stored = None if content is None else _frame(key, content.table)
    merged = merge(key.dataset, stored, new, pd.Timestamp(moment, tz="UTC"), covers)
    rows_change = merged.counts.added + merged.counts.revised + merged.counts.withdrawn > 0
    before = None if content is None else {name: content.manifest[name] for name in stated}
    if now is not None and not rows_change and (before == stated or not is_last):
        return merged.counts, now.number, ()
    if key.dataset == "bars":
        _refuse_impossible(key, merged.frame)
    manifest = {**_manifest(key, merged.frame, moment), **stated}
    generation, notes = publish(
        folder, _table(key, merged.frame), manifest, fast=key.dataset in _READ_OFTEN and not key.is_yearly
    )
    return merged.counts, generation.number, notes


def _frame(key: SeriesKey, table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = generations.filled(table, arrow_schema(key.dataset)).to_pandas()
    frame["withdrawn"] = frame["withdrawn"].fillna(value=False).astype(bool)
    if key.dataset == "bars":
        frame["flags"] = frame["flags"].fillna(0).astype("int32")
    return frame


def _after(recorded_at: np.datetime64, earlier: list[str]) -> np.datetime64:
    """Return a moment behind every one recorded: what a past `recorded_by` shows must never change."""
    return max([recorded_at, *(np.datetime64(text, "us") + _TICK for text in earlier)])


def _noted(stored: list[dict[str, Any]], notes: tuple[Note, ...]) -> list[dict[str, Any]]:
    codes = {note.code for note in notes}
    said = [{name: value for name, value in vars(note).items() if value is not None} for note in dict.fromkeys(notes)]
    return [each for each in stored if each["code"] not in codes] + said


def _refuse_impossible(key: SeriesKey, frame: pd.DataFrame) -> None:
    """Refuse rows that could not be read as bars again; those with a close only are kept, and never read as bars."""
    rows = visible(frame, ("ts",), None, None)
    rows = rows[(rows["flags"] & int(Flag.CLOSE_ONLY)) == 0]
    if rows.empty:
        return
    stamps = {name: rows[name].dt.tz_convert(None).to_numpy().astype("datetime64[us]") for name in ("ts", "known_at")}
    numbers = {
        name: rows[name].to_numpy() if name in rows.columns else np.full(len(rows), np.nan)
        for name in (*PRICES, "volume")
    }
    ones = np.ones(len(rows))
    Bars(
        symbol=key.symbol,
        interval=key.interval,
        passport=_placeholder(key, stamps["ts"]),
        ts=stamps["ts"],
        known_at=stamps["known_at"],
        open=numbers["open"],
        high=numbers["high"],
        low=numbers["low"],
        close=numbers["close"],
        volume=numbers["volume"],
        split_factor=ones,
        total_factor=ones,
    )


def _manifest(key: SeriesKey, frame: pd.DataFrame, moment: np.datetime64) -> dict[str, Any]:
    layout = LAYOUTS[key.dataset]
    seen = visible(frame, layout.key, None, None)
    labels = seen[layout.label]
    revised = (
        int((seen["flags"] & int(Flag.REVISED) != 0).sum()) if key.dataset == "bars" else corrected(frame, layout.key)
    )
    return {
        "series": key.path,
        "rows": len(seen),
        "versions": len(frame),
        "revisions": revised,
        "first": _iso(labels.min()) if len(seen) else "",
        "last": _iso(labels.max()) if len(seen) else "",
        "recorded_at": str(moment),
        "sha256": canonical_hash(key.path, columns_of(frame)),
    }


def _iso(stamp: Any) -> str:
    return str(np.datetime64(stamp.tz_convert(None), "us")) if hasattr(stamp, "tz_convert") else str(stamp)


def _table(key: SeriesKey, frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    known = [field for field in arrow_schema(key.dataset) if field.name in frame.columns]
    fields = [field for field in known if field.name not in _OPTIONAL or _says_something(frame[field.name])]
    # Of a required number the missing value is NaN, of another column null. A column without any is quicker to decode.
    arrays = [pa.array(frame[field.name], type=field.type, from_pandas=field.nullable) for field in fields]
    full = [field.with_nullable(array.null_count > 0) for field, array in zip(fields, arrays, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(full))
    for name in [name for name in frame.columns if name not in {field.name for field in known}]:
        table = table.append_column(name, pa.array(frame[name], from_pandas=True))
    return table


def _says_something(values: pd.Series) -> bool:
    return bool(values.any() if values.dtype.kind in "bi" else values.notna().any())


def _placeholder(key: SeriesKey, ts: NDArray[np.datetime64]) -> Passport:
    """Return a passport for bars that are only checked and never handed out."""
    return Passport(
        symbol=key.symbol,
        provider=key.provider,
        provenance="vendor",
        interval=key.interval,
        calendar="",
        price_basis="as_traded",
        known_at_rule="",
        rows=int(ts.size),
        first=aware(ts[0]),
        last=aware(ts[-1]),
        missing_sessions=0,
        repairs=0,
        sha256="",
    )
