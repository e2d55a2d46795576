"""The index of the store: rebuilt from the files, and not asked what is current."""

from __future__ import annotations

import sqlite3

import pytest

from investiq.core.errors import DataError
from investiq.market.catalogue import NAME, read_catalogue, rebuild_catalogue
from investiq.market.series import folder_of
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, actions_table, bars_table, minute_table, moment

KEY = SeriesKey("bars", "massive", "AAPL")
MINUTES = SeriesKey("bars", "alpaca", "aapl", "1min", "sip", "extended")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, bars_table([100.0, 101.0]), FACTS, moment("2024-03-01"))
    store.write(KEY, bars_table([100.0, 101.5]), FACTS, moment("2024-03-02"))
    store.write(KEY.actions, actions_table({"ex_date": "2024-01-03", "ratio": 2.0}), {}, moment("2024-03-01"))
    store.write(MINUTES, minute_table(["2022-12-30T20:59", "2023-01-03T14:30"]), FACTS, moment("2024-03-01"))
    return store


def test_the_index_has_one_line_a_series(store):
    rebuild_catalogue(store)
    lines = read_catalogue(store).set_index("path")
    assert set(lines.index) == {KEY.path, KEY.actions.path, MINUTES.path}
    bars, minutes = lines.loc[KEY.path], lines.loc[MINUTES.path]
    assert (bars["rows"], bars["versions"], bars["revisions"], bars["generation"]) == (2, 3, 1, 2)
    assert bars["bytes"] == (folder_of(store.root, KEY) / "00000002.parquet").stat().st_size
    assert (minutes["symbol"], minutes["session"], minutes["feed"], minutes["rows"]) == ("aapl", "extended", "sip", 2)
    assert (minutes["first"][:10], minutes["last"][:10]) == ("2022-12-30", "2023-01-03")


def test_the_store_does_not_ask_the_index(store):
    rebuild_catalogue(store)
    store.write(KEY, bars_table([100.0, 101.5, 103.0]), FACTS, moment("2024-03-03"))
    assert len(store.bars(KEY)) == 3
    assert read_catalogue(store).set_index("path").loc[KEY.path, "rows"] == 2
    (store.root / NAME).write_bytes(b"no database at all")
    assert len(store.bars(KEY)) == 3
    rebuild_catalogue(store)
    assert read_catalogue(store).set_index("path").loc[KEY.path, "rows"] == 3


def test_the_index_is_plain_sqlite(store):
    connection = sqlite3.connect(rebuild_catalogue(store))
    try:
        assert connection.execute("SELECT sum(rows) FROM series WHERE dataset = 'bars'").fetchone() == (4,)
    finally:
        connection.close()


def test_an_index_that_was_never_built_is_not_an_empty_one(tmp_path):
    with pytest.raises(DataError, match="no index yet"):
        read_catalogue(Store(tmp_path))
