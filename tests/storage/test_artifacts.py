"""Result files: round trip, refusals, and no trace of a failed write."""

from __future__ import annotations

import json
import os
import zipfile

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.storage.artifacts import read_artifact, write_artifact

ARRAYS = {
    "numbers": np.array([1.5, np.nan, -np.inf]),
    "times": np.array(["2024-01-01"], dtype="datetime64[us]"),
    "table": np.arange(6).reshape(2, 3),
}


def test_header_and_arrays_come_back_as_they_were(tmp_path):
    path = write_artifact(tmp_path / "a.iq", "test", {"name": "Öl"}, ARRAYS)
    header, arrays = read_artifact(path, "test")
    assert (header["kind"], header["name"], header["version"]) == ("test", "Öl", 1)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
        assert not arrays[name].flags.writeable


def test_an_existing_file_is_replaced(tmp_path):
    for number in (1, 2):
        write_artifact(tmp_path / "a.iq", "test", {"number": number}, {})
    assert read_artifact(tmp_path / "a.iq", "test")[0]["number"] == 2
    assert os.listdir(tmp_path) == ["a.iq"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", r"is a folder; name a file in it, such as .*result\.iq"),
        ("a.pkl", r"saved as a \.iq file, was .*write .*a\.pkl\.iq"),
        ("missing/a.iq", r"missing is no folder; create it"),
    ],
)
def test_a_path_that_cannot_hold_a_result_is_refused(tmp_path, name, message):
    with pytest.raises(ConfigError, match=message):
        write_artifact(tmp_path / name, "test", {}, {})


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ConfigError, match=r"a\.iq cannot be written \(Permission denied\)"):
        write_artifact(tmp_path / "a.iq", "test", {}, {})


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = write_artifact(tmp_path / "a.iq", "test", {"number": 1}, {})
    with pytest.raises(ValueError, match="allow_pickle"):
        write_artifact(path, "test", {"number": 2}, {"objects": np.array([object()])})
    assert read_artifact(path, "test")[0]["number"] == 1
    assert os.listdir(tmp_path) == ["a.iq"]


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="is no file"):
        read_artifact(tmp_path / "a.iq", "test")
    with pytest.raises(DataError, match="is a folder"):
        read_artifact(tmp_path, "test")


def test_a_file_of_another_sort_is_refused(tmp_path):
    path = tmp_path / "a.iq"
    path.write_bytes(b"Date,Close\n")
    with pytest.raises(DataError, match="is no InvestIQ result file or is damaged"):
        read_artifact(path, "test")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": "other"}))
    with pytest.raises(DataError, match="is no InvestIQ result file; expected one written by save"):
        read_artifact(path, "test")


def test_another_kind_and_another_version_are_refused(tmp_path):
    path = write_artifact(tmp_path / "a.iq", "sweep", {}, {})
    with pytest.raises(DataError, match="holds a result of kind 'sweep', expected 'backtest'"):
        read_artifact(path, "backtest")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": "investiq", "version": 2, "kind": "sweep"}))
    with pytest.raises(DataError, match="has version 2 of the result format, this program reads 1"):
        read_artifact(path, "sweep")


def test_a_pickle_in_the_place_of_an_array_is_not_run(tmp_path):
    path = tmp_path / "a.iq"
    write_artifact(path, "test", {}, {})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("arrays/evil.npy", b"\x80\x04\x95\x00\x00\x00\x00.")
    with pytest.raises(DataError, match="is no InvestIQ result file or is damaged"):
        read_artifact(path, "test")
