"""Numbered immutable files: whole or absent, pruned with care, and clear about damage."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import namedtuple

import numpy as np
import pyarrow as pa
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.storage import publishing
from investiq.storage.generations import current, filled, read, read_arrays, read_manifest
from investiq.storage.publishing import publish

OLD = 7_200.0


def table(*numbers):
    return pa.table({"a": pa.array(numbers, pa.int64())})


def write(folder, *numbers, manifest=None, fast=True):
    return publish(folder, table(*numbers), manifest or {}, fast=fast)[0]


def age(path):
    past = time.time() - OLD
    os.utime(path, (past, past))


def everything(_manifest):
    return ("a",)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("fast", [True, False])
def test_rows_and_manifest_come_back_from_the_newest_file(tmp_path, fast):
    write(tmp_path / "s", 1, 2, manifest={"facts": {"name": "Öl"}}, fast=fast)
    generation = write(tmp_path / "s", 1, 2, 3, manifest={"facts": {"name": "Gas"}}, fast=fast)
    content = read(tmp_path / "s", everything)
    assert generation.number == 2
    assert content.table.column("a").to_pylist() == [1, 2, 3]
    assert content.manifest == {"facts": {"name": "Gas"}, "schema": "1.0", "columns": ["a"]}
    assert read_manifest(tmp_path / "s").manifest == content.manifest


def test_a_folder_without_files_holds_nothing(tmp_path):
    assert current(tmp_path / "nothing") is None
    assert read(tmp_path / "nothing", everything) is None
    assert read_manifest(tmp_path) is None


def test_equal_content_gives_equal_bytes(tmp_path):
    first, second = (write(tmp_path / name, 1, 2, manifest={"b": 1, "a": 2}) for name in ("x", "y"))
    assert first.path.read_bytes() == second.path.read_bytes()


def test_the_last_two_and_the_young_are_kept(tmp_path):
    for number in range(1, 5):
        age(write(tmp_path, number).path)
    # The fourth write kept itself and the third; the first two were older than an hour.
    assert names(tmp_path) == ["00000003.parquet", "00000004.parquet"]
    write(tmp_path, 5)
    write(tmp_path, 6)
    write(tmp_path, 7)
    # Old ones went as soon as two newer were there; 5 is not among the last two, but young.
    assert names(tmp_path) == ["00000005.parquet", "00000006.parquet", "00000007.parquet"]


def test_a_number_is_never_given_twice(tmp_path):
    for number in range(1, 4):
        age(write(tmp_path, number).path)
    assert write(tmp_path, 4).number == 4


def test_what_killed_writers_left_is_swept_when_it_is_old(tmp_path):
    old, young = tmp_path / "00000001.aa.tmp", tmp_path / "00000001.bb.tmp"
    for path in (old, young):
        path.write_bytes(b"half of a file")
    age(old)
    write(tmp_path, 1)
    assert names(tmp_path) == ["00000001.bb.tmp", "00000001.parquet"]
    assert read(tmp_path, everything).table.num_rows == 1


def test_an_existing_name_is_refused_and_never_replaced(tmp_path, monkeypatch):
    write(tmp_path, 1)
    monkeypatch.setattr(publishing, "current", lambda _folder: None)
    with pytest.raises(ConfigError, match="what was stored before is untouched"):
        write(tmp_path, 2)
    monkeypatch.undo()
    assert read(tmp_path, everything).table.column("a").to_pylist() == [1]
    assert names(tmp_path) == ["00000001.parquet"]


def test_readers_never_miss_a_file_while_a_writer_prunes(tmp_path, monkeypatch):
    # Nothing is young: each write removes all but the last two, as fast as it can.
    monkeypatch.setattr(publishing, "YOUNG_SECONDS", -1.0)
    write(tmp_path, 0)
    seen, stop = [], threading.Event()

    def keep_reading():
        while not stop.is_set():
            seen.append(read(tmp_path, everything).table.column("a").to_pylist()[0])

    threads = [threading.Thread(target=keep_reading) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 150):
        write(tmp_path, number)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(seen) > 10
    assert read(tmp_path, everything).table.column("a").to_pylist() == [149]
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_a_file_that_went_after_the_listing_is_looked_for_again(tmp_path, monkeypatch):
    write(tmp_path, 1)
    gone = ["00000000.parquet"]
    listings = [gone, gone, ["00000001.parquet"]]
    monkeypatch.setattr(os, "listdir", lambda _folder: listings.pop(0))
    assert read(tmp_path, everything).table.column("a").to_pylist() == [1]
    assert listings == []


def test_a_truncated_file_is_named_with_the_generation_before_it(tmp_path):
    write(tmp_path, 1)
    newest = write(tmp_path, *range(1000)).path
    newest.write_bytes(newest.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"00000002\.parquet is damaged .* go back to 00000001\.parquet"):
        read(tmp_path, everything)


def test_a_flipped_bit_inside_the_rows_is_noticed(tmp_path):
    path = write(tmp_path, *range(1000)).path
    content = bytearray(path.read_bytes())
    content[2_000] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"00000001\.parquet is damaged .* move it away and fetch"):
        read(tmp_path, everything)


def test_a_file_of_somebody_else_is_no_generation(tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(table(1), tmp_path / "00000001.parquet")
    with pytest.raises(DataError, match="was not written by this store"):
        read(tmp_path, everything)


def test_a_newer_major_version_is_refused_by_name(tmp_path):
    write(tmp_path, 1, manifest={"schema": "2.0"})
    with pytest.raises(DataError, match=r"schema 2\.0 .* reads up to 1\.x; upgrade InvestIQ"):
        read(tmp_path, everything)


def test_a_newer_minor_version_is_read_and_its_columns_are_kept_on_demand(tmp_path):
    later = pa.table({"a": [1], "new_column": ["kept"]})
    publish(tmp_path, later, {"schema": "1.7"}, fast=False)
    assert read(tmp_path, everything).table.column_names == ["a"]
    assert read(tmp_path, everything, everything=True).table.column("new_column").to_pylist() == ["kept"]


def test_an_absent_nullable_column_is_filled_with_nulls_and_a_required_one_refused(tmp_path):
    write(tmp_path, 1, 2)
    schema = pa.schema([("a", pa.int64()), ("b", pa.string())])
    content = read(tmp_path, lambda _: schema.names)
    assert filled(content.table, schema).column("b").to_pylist() == [None, None]
    with pytest.raises(DataError, match="has no column b, without which"):
        read_arrays(tmp_path, lambda _: schema.names, required=("a", "b"))


def test_arrays_hold_what_the_table_holds_in_every_type(tmp_path):
    # A null becomes NaN among numbers and None among flags.
    stamps = pa.array([0, 86_400_000_000, 86_400_000_001], pa.timestamp("us", "UTC"))
    columns = {"ts": stamps, "x": [1.5, None, 2.5], "n": pa.array([1, 2, 3], pa.int32()), "gone": [True, None, False]}
    publish(tmp_path, pa.table(columns), {"rows": 3}, fast=True)
    found = read_arrays(tmp_path, lambda manifest: ("gone", "x", "ts", "absent"))
    assert list(found.columns) == ["gone", "x", "ts"]
    assert found.manifest["rows"] == 3
    assert found.columns["gone"].tolist() == [True, None, False]
    np.testing.assert_array_equal(found.columns["x"], [1.5, np.nan, 2.5])
    expected = np.array(["1970-01-01", "1970-01-02", "1970-01-02T00:00:00.000001"], dtype="datetime64[us]")
    assert found.columns["ts"].dtype == expected.dtype
    np.testing.assert_array_equal(found.columns["ts"], expected)
    assert not found.columns["ts"].flags.writeable


def test_arrays_of_a_damaged_or_missing_file_are_refused_as_a_table_is(tmp_path):
    assert read_arrays(tmp_path, everything) is None
    path = write(tmp_path, *range(1000)).path
    content = bytearray(path.read_bytes())
    content[2_000] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"00000001\.parquet is damaged .* move it away and fetch"):
        read_arrays(tmp_path, everything)
    path.write_bytes(bytes(content[:-200]))
    with pytest.raises(DataError, match=r"00000001\.parquet is damaged"):
        read_arrays(tmp_path, everything)


Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("used", "free", "refused"),
    [(50, 50, False), (94, 6, False), (95, 5, True)],
)
def test_a_disk_that_is_95_percent_full_takes_nothing_more(tmp_path, monkeypatch, used, free, refused):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * 10**9, used * 10**9, free * 10**9))
    if refused:
        with pytest.raises(ConfigError, match="95% full"):
            write(tmp_path, 1)
        assert names(tmp_path) == []
    else:
        assert write(tmp_path, 1).number == 1


def test_a_disk_from_80_percent_on_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * 10**9, 80 * 10**9, 20 * 10**9))
    _, notes = publish(tmp_path, table(1), {}, fast=True)
    assert [note.code for note in notes] == ["disk_filling"]
    assert "80% full" in notes[0].text


def test_a_write_needs_twice_its_size(tmp_path, monkeypatch):
    # 1,000 int64 are 8,000 bytes: 15,999 free are too few, 16,000 enough.
    rows = table(*range(1000))
    for free, enough in ((15_999, False), (16_000, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(10**9, 0, free))
        if enough:
            publish(tmp_path, rows, {}, fast=True)
        else:
            with pytest.raises(ConfigError, match="needs twice that"):
                publish(tmp_path, rows, {}, fast=True)
