"""Snapshots: what was written is what is read, by time of knowledge and parameters."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

import investiq as iq
from investiq.analysis.regimes import market_regimes
from investiq.analysis.snapshots import SnapshotKey, load_snapshot, save_snapshot, snapshot_times
from investiq.core.errors import ConfigError, DataError


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    return market_regimes(iq.load_bars("^GSPC")[:130])


def key(**changes):
    names = {
        "symbol": "^GSPC",
        "vendor": "sample",
        "interval": "1d",
        "subject": "market_regimes",
        "parameters": {"a": 1},
    }
    return SnapshotKey(**names | changes)


def test_a_snapshot_comes_back_as_it_was(table):
    path = save_snapshot(key(), table)
    assert path.suffix == ".parquet"
    back = load_snapshot(key())
    pd.testing.assert_frame_equal(back, table, check_freq=False)
    assert back.attrs["as_of"] == table["known_at"].iloc[-1].isoformat()
    assert back.attrs["parameters"] == {"a": 1}


def test_a_past_time_reads_what_was_known_then(table):
    save_snapshot(key(), table.iloc[:100])
    save_snapshot(key(), table)
    assert len(load_snapshot(key())) == 130
    just_before = table["known_at"].iloc[-1] - pd.Timedelta(seconds=1)
    assert len(load_snapshot(key(), just_before)) == 100
    assert snapshot_times(key()) == [table["known_at"].iloc[row].to_pydatetime() for row in (99, 129)]
    with pytest.raises(DataError, match="known at 1990-01-01 00:00 UTC"):
        load_snapshot(key(), datetime(1990, 1, 1, tzinfo=UTC))


def test_a_time_of_knowledge_is_kept_to_the_microsecond(table):
    late = table.assign(known_at=table["known_at"] + pd.Timedelta(microseconds=900_000))
    save_snapshot(key(), late)
    moment = late["known_at"].iloc[-1]
    assert snapshot_times(key()) == [moment.to_pydatetime()]
    with pytest.raises(DataError, match="there is no snapshot"):
        load_snapshot(key(), moment - pd.Timedelta(microseconds=1))
    # A second one within the same second stands beside it.
    save_snapshot(key(), table.iloc[:-1].assign(known_at=moment - pd.Timedelta(microseconds=200_000)))
    assert len(snapshot_times(key())) == 2


def test_a_time_can_be_a_date_or_have_another_zone(table):
    save_snapshot(key(), table)
    moment = table["known_at"].iloc[-1]
    assert len(load_snapshot(key(), str(moment.date()))) == 130
    assert len(load_snapshot(key(), moment.tz_convert("Asia/Tokyo"))) == 130
    with pytest.raises(DataError, match="there is no snapshot"):
        load_snapshot(key(), moment.tz_convert("Asia/Tokyo") - pd.Timedelta(seconds=1))
    with pytest.raises(DataError, match="'soon' is not a time"):
        load_snapshot(key(), "soon")


def test_other_parameters_are_another_snapshot_and_their_order_is_not(table):
    save_snapshot(key(parameters={"a": 1, "b": 2}), table)
    assert len(load_snapshot(key(parameters={"b": 2, "a": 1}))) == 130
    for other in ({"parameters": {"a": 1, "b": 3}}, {"symbol": "^IXIC"}, {"vendor": "yfinance"}, {"interval": "1w"}):
        with pytest.raises(DataError, match="there is no snapshot of market_regimes"):
            load_snapshot(key(**{"parameters": {"a": 1, "b": 2}} | other))


def test_a_second_snapshot_of_one_time_is_the_one_that_is_read(table):
    save_snapshot(key(), table)
    save_snapshot(key(), table.assign(vol_rank=0.25))
    assert (load_snapshot(key())["vol_rank"] == 0.25).all()


def test_a_symbol_with_a_slash_stays_in_its_folder(table, tmp_path):
    assert save_snapshot(key(symbol="BRK/B"), table).is_relative_to(
        tmp_path / "snapshots" / "market_regimes" / "sample" / "1d" / "BRK%2FB"
    )


def test_what_cannot_be_kept_is_refused(table):
    with pytest.raises(ConfigError, match="a snapshot needs a vendor"):
        key(vendor="")
    with pytest.raises(ConfigError, match=r"a symbol that can name a folder, was '\.\.'"):
        key(symbol="..")
    with pytest.raises(ConfigError, match="what JSON can hold"):
        key(parameters={"when": object()})
    with pytest.raises(DataError, match="the table has 0 rows"):
        save_snapshot(key(), table.iloc[:0])
