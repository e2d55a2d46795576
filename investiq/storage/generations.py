"""Numbered, immutable Parquet files: the greatest number of a folder is current, and a file is its own manifest.

This is reading them, which needs no lock; `publishing` writes them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from numpy.typing import NDArray

from investiq.core.errors import DataError

__all__ = [
    "MAJOR",
    "MANIFEST",
    "MINOR",
    "SUFFIX",
    "Arrays",
    "Content",
    "Generation",
    "current",
    "filled",
    "is_generation",
    "read",
    "read_arrays",
    "read_manifest",
]

# A new nullable column raises MINOR and needs no rewrite; anything else raises MAJOR and a migration at the next write.
MAJOR: Final = 1
MINOR: Final = 0
SUFFIX: Final = ".parquet"
MANIFEST: Final = "investiq"
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


def _newest(folder: Path | str) -> str | None:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    newest = max(names, default=None)
    if newest is None or not is_generation(newest):  # a file in the making stands behind the last generation
        newest = max(filter(is_generation, names), default=None)
    return newest


def is_generation(name: str) -> bool:
    """Return whether a file of this name is a generation, and none in the making."""
    return name.endswith(SUFFIX) and name[: -len(SUFFIX)].isdecimal() and len(name) == 8 + len(SUFFIX)


def _number(name: str) -> int:
    return int(name[: -len(SUFFIX)])


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
    stored = (reader.metadata.metadata or {}).get(MANIFEST.encode())
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
    older = sorted(each.name for each in path.parent.glob(f"*{SUFFIX}") if each.name < path.name)
    advice = f"move it away to go back to {older[-1]}, or" if older else "move it away and"
    return DataError(f"{path} is damaged ({error}); {advice} fetch the series again")
