"""Numbered, immutable Parquet files: the greatest number of a folder is current, and a file is its own manifest.

A file is written beside its place, made durable and given its name in one step,
so there is no moment at which a reader finds half of it, and no name is ever
given twice. Writers hold `locks.exclusive` of the series; readers need nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.core.notes import Note

__all__ = [
    "MAJOR",
    "MINOR",
    "Arrays",
    "Content",
    "Generation",
    "current",
    "filled",
    "publish",
    "read",
    "read_arrays",
    "read_manifest",
]

# A new nullable column raises MINOR and needs no rewrite; anything else raises MAJOR and a migration at the next write.
MAJOR: Final = 1
MINOR: Final = 0
_SUFFIX: Final = ".parquet"
_MANIFEST: Final = "investiq"
# A newer file holds every older version, so old ones serve only readers that opened them a moment ago.
KEPT: Final = 2
YOUNG_SECONDS: Final = 3600.0
WARN_FULL: Final = 0.80
REFUSE_FULL: Final = 0.95
# Both files exist for a moment.
ROOM: Final = 2
_TRIES: Final = 20

_Taken = TypeVar("_Taken")


class Generation(NamedTuple):
    """One file of a folder."""

    number: int
    path: Path


class Content(NamedTuple):
    """A file's table (pyarrow) and its manifest."""

    path: str
    table: Any
    manifest: dict[str, Any]


class Arrays(NamedTuple):
    """A file's columns as numpy arrays, by name, and its manifest."""

    columns: dict[str, NDArray[Any]]
    manifest: dict[str, Any]


def current(folder: Path) -> Generation | None:
    """Return the newest generation of `folder`, or None where there is none."""
    name = _newest(folder)
    return None if name is None else Generation(_number(name), folder / name)


def read(
    folder: Path | str, columns_for: Callable[[dict[str, Any]], Sequence[str]], *, everything: bool = False
) -> Content | None:
    """Return the newest generation as a table of the columns wanted, or None where there is none.

    Parameters
    ----------
    folder : Path or str
        As text it is quicker: making a `Path` costs more than the listing.
    columns_for : callable
        From the file's manifest to the columns wanted. One that the file lacks
        is left out (see `filled`).
    everything : bool, default False
        Also return other columns, as a later version of the program may have
        written them.

    Raises
    ------
    DataError
        If the file is damaged, or was written under a newer major version of
        the schema.
    """

    def rows(path: str, reader: Any) -> Content:
        manifest = _manifest(path, reader)
        there = manifest["columns"]
        wanted = [name for name in columns_for(manifest) if name in there]
        rest = [name for name in there if name not in wanted] if everything else []
        places = [there.index(name) for name in (*wanted, *rest)]
        return Content(path, reader.read_all(column_indices=places, use_threads=False), manifest)

    return _of_newest(folder, rows)


def read_arrays(
    folder: Path | str, columns_for: Callable[[dict[str, Any]], Sequence[str]], required: Collection[str] = ()
) -> Arrays | None:
    """Return the newest generation as read-only arrays, without the detour through a table; else as `read`.

    Raises
    ------
    DataError
        As `read`, and if the file lacks a column of `required`.
    """

    def arrays(path: str, reader: Any) -> Arrays:
        manifest = _manifest(path, reader)
        there = manifest["columns"]
        if absent := [name for name in required if name not in there]:
            raise DataError(
                f"{path} has no column {', '.join(absent)}, without which it cannot be read; fetch the series again"
            )
        wanted = [name for name in columns_for(manifest) if name in there]
        # A column at a time takes less time than a table of them.
        return Arrays({name: reader.read_column(there.index(name)).to_numpy() for name in wanted}, manifest)

    return _of_newest(folder, arrays)


def read_manifest(folder: Path | str) -> Content | None:
    """Return the manifest of the newest generation, without reading its rows."""
    return _of_newest(folder, lambda path, reader: Content(path, None, _manifest(path, reader)), is_whole=False)


def publish(
    folder: Path, table: Any, manifest: Mapping[str, Any], *, fast: bool
) -> tuple[Generation, tuple[Note, ...]]:
    """Write `table` as the next generation of `folder` and remove generations that nobody needs.

    The caller holds the lock of the series.

    Parameters
    ----------
    folder : Path
        Created where needed.
    table : pyarrow.Table
    manifest : mapping
        What JSON can hold; `schema` and `columns` are added.
    fast : bool
        Uncompressed and without statistics, quickest to read; else zstd, smallest.

    Returns
    -------
    Generation, tuple of Note
        A note where the disk fills up.

    Raises
    ------
    ConfigError
        If the disk has not twice the room that is needed or is 95 % full, or
        the folder cannot be written to.
    """
    notes = _room(folder, table.nbytes)
    previous = current(folder)
    number = 1 if previous is None else previous.number + 1
    target = folder / f"{number:08d}{_SUFFIX}"
    partial = folder / f"{number:08d}.{uuid.uuid4().hex}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(partial, table, manifest, fast)
        _name(partial, target)
        _make_durable(folder)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written ({error.strerror or error}); what was stored before is untouched; allow writing "
            "there, or choose a local folder with INVESTIQ_DATA_DIR"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    _prune(folder)
    return Generation(number, target), notes


def _newest(folder: Path | str) -> str | None:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    newest = max(names, default=None)
    if newest is None or not _is_generation(newest):  # a file in the making stands behind the last generation
        newest = max(filter(_is_generation, names), default=None)
    return newest


def _is_generation(name: str) -> bool:
    return name.endswith(_SUFFIX) and name[: -len(_SUFFIX)].isdecimal() and len(name) == 8 + len(_SUFFIX)


def _number(name: str) -> int:
    return int(name[: -len(_SUFFIX)])


def _of_newest(folder: Path | str, take: Callable[[str, Any], _Taken], *, is_whole: bool = True) -> _Taken | None:
    """Return what `take` makes of the newest file, which is read whole first, or in parts as they are asked for.

    One plain read is quicker than one a column, and than a memory map, whose pages fault in one by one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for _ in range(_TRIES):
        name = _newest(folder)
        if name is None:
            return None
        path = os.path.join(folder, name)
        try:
            with open(path, "rb", buffering=0) if is_whole else pa.OSFile(path) as file:
                # What a ParquetFile wraps, without its maps of nested columns.
                reader = pq.ParquetReader()
                reader.open(pa.BufferReader(file.read()) if is_whole else file, page_checksum_verification=True)
                return take(path, reader)
        except FileNotFoundError:  # pruned between the listing and the opening: list again
            continue
        except (pa.ArrowException, OSError) as error:
            raise _damaged(Path(path), error) from error
    raise DataError(f"{folder}: every file listed was gone when it was opened; is something deleting them?")


def filled(table: Any, schema: Any) -> Any:
    """Return `table` with the columns of `schema` that it lacks, full of nulls, behind its own."""
    import pyarrow as pa

    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table


def _manifest(path: str, reader: Any) -> dict[str, Any]:
    stored = (reader.metadata.metadata or {}).get(_MANIFEST.encode())
    if stored is None:
        raise DataError(f"{path} was not written by this store: it has no manifest; move it out of the folder")
    manifest: dict[str, Any] = json.loads(stored)
    version = str(manifest["schema"])
    if int(version.split(".")[0]) > MAJOR:
        raise DataError(
            f"{path} was written under schema {version} of the store, this program reads up to {MAJOR}.x; upgrade InvestIQ"
        )
    return manifest


def _damaged(path: Path, error: Exception) -> DataError:
    older = sorted(each.name for each in path.parent.glob(f"*{_SUFFIX}") if each.name < path.name)
    advice = f"move it away to go back to {older[-1]}, or" if older else "move it away and"
    return DataError(f"{path} is damaged ({error}); {advice} fetch the series again")


def _write(path: Path, table: Any, manifest: Mapping[str, Any], fast: bool) -> None:
    import pyarrow.parquet as pq

    text = json.dumps(
        {"schema": f"{MAJOR}.{MINOR}", **manifest, "columns": table.column_names}, sort_keys=True, ensure_ascii=False
    )
    with path.open("xb") as file:
        with pq.ParquetWriter(
            file,
            table.schema.remove_metadata(),
            compression="NONE" if fast else "ZSTD",
            use_dictionary=not fast,
            write_statistics=not fast,
            write_page_checksum=True,
            store_schema=False,
        ) as writer:
            writer.write_table(table.replace_schema_metadata(None))
            writer.add_key_value_metadata({_MANIFEST: text})
        file.flush()
        os.fsync(file.fileno())


def _name(partial: Path, target: Path) -> None:
    """Give the finished file its name; a name that exists is refused, never replaced."""
    if os.name == "nt":
        os.rename(partial, target)  # refuses an existing name on Windows, unlike os.replace
    else:
        os.link(partial, target)


def _make_durable(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there; NTFS keeps a journal of names
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(folder: Path) -> None:
    """Remove all but the last two generations and the young, and what killed writers left."""
    # The clock of the file system, not that of the research, which may be fixed in the past.
    limit = time.time() - YOUNG_SECONDS
    names = sorted(os.listdir(folder))
    generations = [name for name in names if _is_generation(name)]
    for name in [*generations[:-KEPT], *(name for name in names if name.endswith(".tmp"))]:
        path = folder / name
        try:
            if path.stat().st_mtime < limit:
                path.unlink()
        except OSError:  # gone already, or open on Windows: the next write tries again
            continue


def _room(folder: Path, size: int) -> tuple[Note, ...]:
    """Refuse a write that the disk has no room for; warn of a disk that fills up."""
    place = folder
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    # As df counts: what the system keeps for itself is neither used nor free.
    full = usage.used / (usage.used + usage.free)
    if usage.free < ROOM * size or full >= REFUSE_FULL:
        raise ConfigError(
            f"the disk of {place} is {full:.0%} full with {usage.free / 1e6:,.0f} MB free; writing {size / 1e6:,.1f} MB needs twice "
            f"that and a disk less than {REFUSE_FULL:.0%} full; free some space, or choose another folder with INVESTIQ_DATA_DIR"
        )
    if full < WARN_FULL:
        return ()
    text = f"the disk of {place} is {full:.0%} full; from {REFUSE_FULL:.0%} on nothing more is stored"
    return (Note(code="disk_filling", text=text),)
