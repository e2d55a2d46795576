"""The one SQL database: SQLite in the data folder, or PostgreSQL by a setting; opened once a process, always migrated."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from investiq.core.errors import ConfigError, DataError, MissingDependencyError

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Database", "open_database"]

_Answer = TypeVar("_Answer")

# How long a writer waits for another before it tries again, and how often.
BUSY_SECONDS: Final = 5.0
TRIES: Final = 5
_OPEN: dict[str, Database] = {}
_LOCK = threading.RLock()
# PostgreSQL: could not serialize, deadlock detected.
_AGAIN: Final = ("40001", "40P01")


@dataclass(frozen=True, eq=False)
class Database:
    """An open database; each function it is given runs in a transaction of its own.

    Attributes
    ----------
    engine : sqlalchemy.Engine
    location : str
        The file or the address, without password, for messages.
    file : Path or None
        The file of SQLite.
    """

    engine: sa.Engine
    location: str
    file: Path | None

    def read(self, query: Callable[[sa.Connection], _Answer]) -> _Answer:
        """Return what `query` reads from one consistent state.

        Raises
        ------
        ConfigError, DataError
            If the database cannot be read, or is damaged.
        """
        return self._within(query, writes=False)

    def write(self, change: Callable[[sa.Connection], _Answer]) -> _Answer:
        """Run `change` and commit it whole, or not at all; it runs again where another writer was in the way.

        SQLite is locked for writing from the beginning of the transaction, so that
        what `change` reads first cannot change under it.

        Raises
        ------
        ConfigError, DataError
            If the database cannot be written, is damaged, or stays busy.
        """
        return self._within(change, writes=True)

    def _within(self, function: Callable[[sa.Connection], _Answer], *, writes: bool) -> _Answer:
        import sqlalchemy as sa

        for attempt in range(TRIES):
            try:
                with self.engine.connect().execution_options(investiq_writes=writes) as connection, connection.begin():
                    return function(connection)
            except sa.exc.DBAPIError as error:
                if not _is_passing(error) or attempt == TRIES - 1:
                    raise complaint(error, self.location) from error
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")


def open_database(url: str | None = None) -> Database:
    """Return the database, made and migrated where that is needed; one engine a process and address.

    Parameters
    ----------
    url : str, optional
        By default ``INVESTIQ_DATABASE_URL``, else ``database/investiq.db`` in the
        data folder. ``sqlite:///PATH`` or ``postgresql://USER:PASSWORD@HOST/NAME``.

    Raises
    ------
    ConfigError
        If the address cannot be used, or the database not opened or written.
    DataError
        If it is damaged, or was written by a newer version of InvestIQ.
    MissingDependencyError
        If PostgreSQL is named and its driver is not installed.
    """
    chosen = url if url is not None else _configured()
    with _LOCK:
        found = _OPEN.get(chosen)
        if found is not None and (found.file is None or found.file.exists()):
            return found
        if found is not None:
            found.engine.dispose()
        from investiq.storage.migrating import migrate

        opened = _connect(chosen)
        migrate(opened)
        _OPEN[chosen] = opened
        return opened


def _configured() -> str:
    from investiq.runtime.paths import data_dir
    from investiq.runtime.settings import load_settings

    settings = load_settings()
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{(settings.data_dir or data_dir()) / 'database' / 'investiq.db'}"


def _connect(url: str) -> Database:
    import sqlalchemy as sa

    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(_unusable("an address that cannot be read")) from None
    if address.drivername.startswith("sqlite"):
        return _sqlite(address)
    if address.drivername.split("+")[0] in ("postgresql", "postgres"):
        return _postgresql(address.set(drivername="postgresql+psycopg"))
    raise ConfigError(_unusable(f"of kind {address.drivername!r}"))


def _unusable(found: str) -> str:
    return (
        f"the address of the database is {found}; INVESTIQ_DATABASE_URL takes sqlite:////absolute/path.db or "
        "postgresql://USER:PASSWORD@HOST/NAME"
    )


def _sqlite(address: sa.URL) -> Database:
    import sqlalchemy as sa

    if not address.database or address.database == ":memory:":
        raise ConfigError(_unusable("a database in memory, which would forget what it is there to remember"))
    file = Path(address.database)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{file.parent} cannot be made ({error.strerror or error}); allow writing there, or choose another folder "
            "with INVESTIQ_DATA_DIR"
        ) from error
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("investiq_writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Database(engine, str(file), file)


def _postgresql(address: sa.URL) -> Database:
    import sqlalchemy as sa

    try:
        engine = sa.create_engine(address, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise MissingDependencyError("psycopg", "postgres", "a PostgreSQL database") from None
    return Database(engine, address.render_as_string(hide_password=True), None)


def _is_passing(error: sa.exc.DBAPIError) -> bool:
    """Return whether another writer was in the way, so that the same may succeed in a moment."""
    state = getattr(error.orig, "sqlstate", None)
    return state in _AGAIN if state else "locked" in str(error.orig)


def complaint(error: sa.exc.DBAPIError, location: str) -> ConfigError | DataError:
    """Return what went wrong as an error that says what to do."""
    reason = " ".join(str(error.orig).split())
    if "not a database" in reason or "malformed" in reason:
        return DataError(
            f"{location} is damaged or no database ({reason}); move it away, and its -wal and -shm files with it, or "
            "choose another with INVESTIQ_DATABASE_URL"
        )
    if _is_passing(error):
        return ConfigError(
            f"{location} stayed locked by another writer for {BUSY_SECONDS * TRIES:.0f} s; see which program holds it open"
        )
    return ConfigError(
        f"{location} cannot be used ({reason}); allow reading and writing there, or choose another database with "
        "INVESTIQ_DATABASE_URL or INVESTIQ_DATA_DIR"
    )


def _forget() -> None:
    """Leave the connections to the parent: a child of a fork must not use them."""
    global _LOCK
    _LOCK = threading.RLock()
    for database in _OPEN.values():
        database.engine.dispose(close=False)
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
