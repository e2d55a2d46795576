"""Bringing a database to the present schema, once for every change of it, by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import DataError
from investiq.storage.locks import exclusive

if TYPE_CHECKING:
    import sqlalchemy as sa

    from investiq.storage.database import Database

__all__ = ["HEAD", "alembic_config", "migrate"]

# The newest revision in `migrations/versions`; a test compares.
HEAD: Final = "0002"
# Any number that other programs do not lock on the same PostgreSQL.
_LOCK_KEY: Final = 5_171_973


def migrate(database: Database) -> None:
    """Apply the migrations that `database` lacks.

    Alembic is imported only where there is something to do: a database at the
    present revision costs one query.

    Raises
    ------
    ConfigError
        If it cannot be read or written.
    DataError
        If it is damaged, or at a revision that this version does not know.
    """
    if database.read(_revision) == HEAD:
        return
    with _alone(database):
        found = database.read(_revision)
        if found == HEAD:
            return
        _refuse_unknown(found, database.location)
        database.write(_upgrade)


def alembic_config() -> Any:
    """Return the configuration of Alembic for the packaged migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "investiq.storage:migrations")
    # The separator of a list of folders; unset, Alembic warns.
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: sa.Connection) -> str | None:
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _refuse_unknown(revision: str | None, location: str) -> None:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    if revision is None:
        return
    try:
        ScriptDirectory.from_config(alembic_config()).get_revision(revision)
    except CommandError:
        raise DataError(
            f"{location} has revision {revision}, this version of InvestIQ knows those up to {HEAD}: a newer one wrote "
            "it; upgrade InvestIQ, or choose another database with INVESTIQ_DATABASE_URL"
        ) from None


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Keep other processes from migrating meanwhile."""
    if database.file is not None:
        with exclusive(database.file.parent):
            yield
        return
    with database.engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK_KEY})")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK_KEY})")
