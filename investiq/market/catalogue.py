"""A SQLite index of the store for people and other programs: rebuilt from the files, never asked what is current."""

from __future__ import annotations

import os
import sqlite3
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import DataError
from investiq.market.series import folder_of
from investiq.market.store import Store
from investiq.market.store_reading import part_folders
from investiq.storage import generations

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NAME", "read_catalogue", "rebuild_catalogue"]

NAME: Final = "catalogue.sqlite"
_COLUMNS: Final = (
    "dataset", "provider", "feed", "interval", "session", "symbol", "rows", "versions", "revisions", "first", "last",
    "recorded_at", "generation", "sha256", "bytes", "path",
)  # fmt: skip


def rebuild_catalogue(store: Store) -> Path:
    """Write the index anew from the metadata of the current files, and return its path.

    One line a series in the table ``series``. The old index stays until the new
    one is whole.

    Parameters
    ----------
    store : Store

    Raises
    ------
    DataError
        If a file of the store is damaged.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()))
    >>> rebuild_catalogue(store).name, len(read_catalogue(store))
    ('catalogue.sqlite', 0)
    """
    target = store.root / NAME
    store.root.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{NAME}.{uuid.uuid4().hex}.tmp")
    try:
        connection = sqlite3.connect(partial)
        try:
            columns = ", ".join(f'"{name}"' for name in _COLUMNS)
            connection.execute(f"CREATE TABLE series ({columns}, PRIMARY KEY (path))")
            marks = ", ".join("?" * len(_COLUMNS))
            connection.executemany(f"INSERT INTO series VALUES ({marks})", _lines(store))
            connection.commit()
        finally:
            connection.close()
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def read_catalogue(store: Store) -> pd.DataFrame:
    """Return the index as it was last rebuilt, one line a series.

    Raises
    ------
    DataError
        If it was never built.
    """
    import pandas as pd

    path = store.root / NAME
    if not path.is_file():
        raise DataError(f"the store at {store.root} has no index yet; build it with rebuild_catalogue")
    connection = sqlite3.connect(path)
    try:
        cursor = connection.execute("SELECT * FROM series ORDER BY path")
        return pd.DataFrame(cursor.fetchall(), columns=list(_COLUMNS))
    finally:
        connection.close()


def _lines(store: Store) -> list[tuple[object, ...]]:
    lines = []
    for key in store:
        parts = part_folders(folder_of(store.root, key), key)
        files = [found.path for part in parts if (found := generations.current(part)) is not None]
        facts = store.facts(key)
        named = (key.dataset, key.provider, key.feed, key.interval, key.session, key.symbol)
        counts = tuple(int(facts[name]) for name in ("rows", "versions", "revisions"))
        told = tuple(facts[name] for name in ("first", "last", "recorded_at"))
        size = sum(file.stat().st_size for file in files)
        lines.append((*named, *counts, *told, int(facts["generation"]), facts["sha256"], size, key.path))
    return lines
