"""A role that one process of all that share a database may hold: by a lock that ends with its process."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from investiq.core.errors import ConfigError
from investiq.runtime import clock
from investiq.storage.database import Database
from investiq.storage.locks import try_exclusive

__all__ = ["sole"]


@contextmanager
def sole(database: Database, role: str) -> Iterator[None]:
    """Hold `role` for the time of the block: an advisory lock on PostgreSQL, a file lock beside the file of SQLite.

    Parameters
    ----------
    database : Database
    role : str
        In words, such as ``"scheduler of reports"``.

    Raises
    ------
    ConfigError
        If another process holds it; the message names that process.
    """
    holder = f"process {os.getpid()} on {socket.gethostname()} since {clock.now():%Y-%m-%d %H:%M} UTC"
    with _of_a_file(database.file, role, holder) if database.file else _of_a_server(database, role, holder):
        yield


@contextmanager
def _of_a_file(file: Path, role: str, holder: str) -> Iterator[None]:
    folder = file.with_name(f"{file.name}.{role.replace(' ', '-')}")
    name = folder / "holder.txt"
    with try_exclusive(folder) as held:
        if not held:
            raise _taken(role, name.read_text(encoding="utf-8") if name.exists() else "a process that has just begun")
        name.write_text(holder, encoding="utf-8")
        try:
            yield
        finally:
            name.unlink(missing_ok=True)


@contextmanager
def _of_a_server(database: Database, role: str, holder: str) -> Iterator[None]:
    import sqlalchemy as sa

    key = zlib.crc32(f"investiq {role}".encode())
    # The lock lives as long as this connection; its name tells others who holds it (63 bytes are kept).
    with database.engine.connect() as connection:
        connection.execute(sa.text("SELECT set_config('application_name', :name, false)"), {"name": holder})
        held = connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one()
        if not held:
            found = connection.execute(
                sa.text(
                    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :key"
                ),
                {"key": key},
            ).scalar()
            raise _taken(role, found or "another process")
        connection.commit()
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key})
            connection.execute(sa.text("RESET application_name"))
            connection.commit()


def _taken(role: str, holder: str) -> ConfigError:
    return ConfigError(f"the {role} of this database runs already: {holder}; stop that one first, or leave it to it")
