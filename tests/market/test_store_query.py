"""SQL over the store: the same rows as pandas sees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, actions_table, bars_table, minute_table, moment

CLOSES = np.arange(100.0, 110.0)
KEYS = [
    SeriesKey("bars", "massive", "A"),
    SeriesKey("bars", "alpaca", "A", "1d", "sip"),
    SeriesKey("bars", "massive", "b'c"),
]


@pytest.fixture
def store(tmp_path):
    """Three series; of the second two bars were corrected and one withdrawn; the third has vwap."""
    store = Store(tmp_path)
    store.write(KEYS[0], bars_table(CLOSES), FACTS, moment("2024-03-01"))
    store.write(KEYS[1], bars_table(CLOSES), FACTS, moment("2024-03-01"))
    changed = bars_table([*CLOSES[:3], 103.5, 104.5, *CLOSES[5:]]).drop(index=7)
    store.write(KEYS[1], changed, FACTS, moment("2024-03-02"), covers=(None, None))
    store.write(KEYS[2], bars_table(CLOSES[:4], vwap=CLOSES[:4] + 0.25), FACTS, moment("2024-03-01"))
    return store


def through_pandas(store, recorded_by=None):
    parts = [
        store.bars(key, recorded_by=recorded_by)
        .frame.reset_index()
        .assign(provider=key.provider, feed=key.feed, symbol=key.symbol)
        for key in KEYS
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["provider", "symbol", "ts"], ignore_index=True)


@pytest.mark.parametrize("recorded_by", [None, "2024-03-01", "2024-03-02"])
def test_rows_equal_those_that_pandas_sees(store, recorded_by):
    names = ["provider", "feed", "symbol", "ts", "open", "high", "low", "close", "volume", "known_at"]
    found = store.query(f"SELECT {', '.join(names)} FROM bars ORDER BY provider, symbol, ts", recorded_by=recorded_by)
    expected = through_pandas(store, recorded_by)[names]
    assert found["ts"].dt.tz is not None
    for name in names:
        assert found[name].tolist() == expected[name].tolist(), name


def test_a_version_counts_from_the_very_moment_it_was_recorded(store):
    sql = "SELECT close FROM bars WHERE provider = 'alpaca' AND ts = TIMESTAMPTZ '2024-01-05 00:00+00'"
    # The close of 5 January, 103, was corrected to 103.5 at midnight of 2 March.
    for recorded_by, close in (
        ("2024-03-01T00:00:00", [103.0]),
        ("2024-03-01T23:59:59.999999", [103.0]),
        ("2024-03-02T00:00:00", [103.5]),
        ("2024-02-29T23:59:59", []),
    ):
        assert store.query(sql, recorded_by=recorded_by)["close"].tolist() == close


def test_an_aggregate_equals_the_one_of_pandas(store):
    found = store.query(
        "SELECT provider, symbol, avg(close) AS mean, count(*) AS bars FROM bars GROUP BY ALL ORDER BY ALL"
    )
    expected = through_pandas(store).groupby(["provider", "symbol"])["close"].agg(["mean", "count"]).reset_index()
    assert found["mean"].tolist() == pytest.approx(expected["mean"].tolist(), rel=1e-15)
    assert found["bars"].tolist() == expected["count"].tolist()


def test_a_column_that_some_files_lack_is_null_there(store):
    found = store.query(
        "SELECT symbol, count(vwap) AS known, count(*) AS bars FROM bars GROUP BY symbol ORDER BY symbol"
    )
    assert found.to_numpy().tolist() == [["A", 0, 19], ["b'c", 4, 4]]
    assert store.query("SELECT count(trades) AS n FROM bars")["n"].tolist() == [0]


def test_datasets_can_be_joined(store):
    store.write(KEYS[0].actions, actions_table({"ex_date": "2024-01-04", "ratio": 2.0}), {}, moment("2024-03-01"))
    found = store.query(
        "SELECT bars.symbol, bars.close, actions.ratio FROM bars JOIN actions "
        "ON bars.ts = actions.ex_date AND bars.symbol = actions.symbol AND bars.provider = actions.provider"
    )
    assert found.to_numpy().tolist() == [["A", 102.0, 2.0]]


def test_intraday_years_and_sessions_are_in_the_same_view(tmp_path):
    store = Store(tmp_path)
    for session in ("regular", "extended"):
        key = SeriesKey("bars", "massive", "A", "1min", "", session)
        store.write(key, minute_table(["2022-12-30T20:59", "2023-01-03T14:30"]), FACTS, moment("2024-03-01"))
    found = store.query("SELECT session, interval, count(*) AS n FROM bars GROUP BY ALL ORDER BY ALL")
    assert found.to_numpy().tolist() == [["extended", "1min", 2], ["regular", "1min", 2]]


def test_a_dataset_without_files_is_an_empty_view(store, tmp_path):
    assert store.query("SELECT symbol, title FROM news").shape == (0, 2)
    assert Store(tmp_path / "none").query("SELECT count(*) AS n FROM bars")["n"].tolist() == [0]


def test_older_generations_are_not_read_twice(store):
    # The second series has two files in its folder.
    assert store.query("SELECT count(*) AS n FROM bars WHERE provider = 'alpaca'")["n"].tolist() == [9]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT price FROM bars", "price"),
        ("SELECT * FROM prices", r"prices.* the store holds bars"),
    ],
)
def test_a_query_that_duckdb_refuses_is_a_data_error_in_its_words(store, sql, words):
    with pytest.raises(DataError, match=f"(?s)DuckDB refused the query: .*{words}"):
        store.query(sql)


def test_a_query_without_a_view_runs_too(store):
    assert store.query("SELECT 1 + 1 AS two")["two"].tolist() == [2]


def test_a_sum_of_whole_numbers_is_a_number(store):
    assert store.query("SELECT sum(flags) AS total FROM bars")["total"].tolist() == [4.0]


def test_an_empty_query_is_refused(store):
    with pytest.raises(DataError, match="write a SELECT"):
        store.query("-- nothing yet")
