from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import investiq.backtesting.tables  # the tables that the metadata must hold
import investiq.reporting.tables  # noqa: F401
from investiq.core.errors import ConfigError, DataError
from investiq.storage.database import open_database
from investiq.storage.migrating import HEAD, alembic_config
from investiq.storage.schema import METADATA, Instant, Money


@pytest.fixture
def database(database_url):
    return open_database(database_url)


@pytest.fixture
def amounts(database):
    """A table with one column of each type, outside of the one MetaData."""
    table = sa.Table(
        "amounts",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("paid", Money),
        sa.Column("at", Instant),
    )
    database.write(table.create)
    return table


def test_the_migrations_make_the_tables_that_the_packages_declare(database):
    assert database.read(lambda c: compare_metadata(MigrationContext.configure(c), METADATA)) == []


def test_the_newest_migration_is_the_one_that_the_program_expects():
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


def test_money_comes_back_to_the_last_digit(database, amounts):
    # Neither is a float: 0.1 has no binary form, and 20 digits exceed 53 bits.
    paid = [Decimal("0.10"), Decimal("12345678901234567.891"), Decimal("-1E-9"), None]
    database.write(lambda c: c.execute(amounts.insert(), [{"paid": each} for each in paid]))
    assert database.read(lambda c: c.execute(sa.select(amounts.c.paid).order_by(amounts.c.id)).scalars().all()) == paid


def test_money_refuses_a_float(database, amounts):
    with pytest.raises(Exception, match=r"must be a finite Decimal, was float 0\.1"):
        database.write(lambda c: c.execute(amounts.insert(), {"paid": 0.1}))


def test_an_instant_comes_back_aware_in_utc_to_the_microsecond(database, amounts):
    # 10:30 in a zone five hours behind is 15:30 UTC.
    local = datetime(2024, 3, 8, 10, 30, 0, 1, tzinfo=timezone(timedelta(hours=-5)))
    database.write(lambda c: c.execute(amounts.insert(), {"at": local}))
    found = database.read(lambda c: c.execute(sa.select(amounts.c.at)).scalar_one())
    assert found == datetime(2024, 3, 8, 15, 30, 0, 1, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


def test_instants_sort_by_time_whatever_zone_they_came_in(database, amounts):
    early = datetime(2024, 3, 8, 23, 0, tzinfo=timezone(timedelta(hours=9)))  # 14:00 UTC
    late = datetime(2024, 3, 8, 15, 0, tzinfo=UTC)
    database.write(lambda c: c.execute(amounts.insert(), [{"at": late}, {"at": early}]))
    found = database.read(lambda c: c.execute(sa.select(amounts.c.at).order_by(amounts.c.at)).scalars().all())
    assert found == [early, late]


def test_an_instant_refuses_a_time_without_zone(database, amounts):
    with pytest.raises(Exception, match="must be an aware datetime"):
        database.write(lambda c: c.execute(amounts.insert(), {"at": datetime(2024, 3, 8)}))  # noqa: DTZ001  the wrong input


def test_a_change_that_fails_leaves_nothing_behind(database, amounts):
    def fails(connection):
        connection.execute(amounts.insert(), {"paid": Decimal(1)})
        raise KeyError("on the way")

    with pytest.raises(KeyError):
        database.write(fails)
    assert database.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(amounts)).scalar_one()) == 0


def test_writers_at_once_lose_nothing(database, amounts):
    """Each reads the count and inserts its successor: a lost update would give a number twice."""
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE counter (value INTEGER NOT NULL)"))
    database.write(lambda c: c.exec_driver_sql("INSERT INTO counter VALUES (0)"))

    def work():
        for _ in range(10):
            database.write(lambda c: c.exec_driver_sql("UPDATE counter SET value = value + 1"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read(lambda c: c.exec_driver_sql("SELECT value FROM counter").scalar_one()) == 40


def test_a_write_waits_for_another_that_read_first(tmp_path):
    """Read, then write: without a lock from the beginning both would read 0 and write 1."""
    database = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE counter (value INTEGER NOT NULL)"))
    database.write(lambda c: c.exec_driver_sql("INSERT INTO counter VALUES (0)"))

    def add_one(connection):
        value = connection.exec_driver_sql("SELECT value FROM counter").scalar_one()
        connection.exec_driver_sql(f"UPDATE counter SET value = {value + 1}")

    threads = [threading.Thread(target=lambda: [database.write(add_one) for _ in range(20)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read(lambda c: c.exec_driver_sql("SELECT value FROM counter").scalar_one()) == 60


def test_a_database_of_a_newer_version_is_refused_in_words(database):
    database.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    from investiq.storage import migrating

    with pytest.raises(DataError, match=r"has revision 9999, .* knows those up to 0002: a newer one wrote it; upgrade"):
        migrating.migrate(database)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path):
    (tmp_path / "test.db").write_bytes(b"no database at all, but long enough to have a header" * 10)
    with pytest.raises(DataError, match=r"test\.db is damaged or no database .*; move it away"):
        open_database(f"sqlite:///{tmp_path / 'test.db'}")


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path):
    (tmp_path / "taken").write_text("a file, where a folder is wanted")
    with pytest.raises(ConfigError, match=r"taken cannot be made .*INVESTIQ_DATA_DIR"):
        open_database(f"sqlite:///{tmp_path / 'taken' / 'test.db'}")


@pytest.mark.parametrize("address", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "no address"])
def test_an_address_of_another_kind_is_refused_with_those_that_work(address):
    with pytest.raises(ConfigError, match=r"takes sqlite:////absolute/path\.db or postgresql://"):
        open_database(address)


def test_a_password_is_not_in_the_messages():
    with pytest.raises(ConfigError) as caught:
        open_database("postgresql://someone:hunter2@127.0.0.1:1/research?connect_timeout=2")
    assert "someone:***@127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_database_that_was_deleted_is_made_again(tmp_path):
    address = f"sqlite:///{tmp_path / 'test.db'}"
    first = open_database(address)
    assert open_database(address) is first
    for path in tmp_path.glob("test.db*"):
        path.unlink()
    assert open_database(address).read(lambda c: sa.inspect(c).has_table("trials"))


def test_sqlite_is_in_wal_mode_so_that_readers_and_a_writer_do_not_wait(tmp_path):
    open_database(f"sqlite:///{tmp_path / 'test.db'}")
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_processes_that_open_a_new_database_at_once_migrate_it_once(tmp_path):
    program = "import sys; from investiq.storage.database import open_database; open_database(sys.argv[1])"
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'test.db'}"]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = [(process.communicate()[1], process.returncode) for process in processes]
    assert outcomes == [("", 0), ("", 0)]


def test_importing_the_modules_of_the_database_does_not_import_sqlalchemy():
    program = (
        "import sys, investiq.storage.database, investiq.storage.migrating, investiq.backtesting.trials; "
        "print('sqlalchemy' in sys.modules, 'alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
