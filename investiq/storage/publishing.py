"""Writing the next generation of a folder: whole or not at all, durable, and never under a name that was given before.

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
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from investiq.core.errors import ConfigError
from investiq.core.notes import Note
from investiq.storage.generations import MAJOR, MANIFEST, MINOR, SUFFIX, Generation, current, is_generation

__all__ = ["publish"]

# A newer file holds every older version, so old ones serve only readers that opened them a moment ago.
KEPT: Final = 2
YOUNG_SECONDS: Final = 3600.0
WARN_FULL: Final = 0.80
REFUSE_FULL: Final = 0.95
# Both files exist for a moment.
ROOM: Final = 2


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
    target = folder / f"{number:08d}{SUFFIX}"
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
            writer.add_key_value_metadata({MANIFEST: text})
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
    generations = [name for name in names if is_generation(name)]
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
