"""Tables of a report travel as JSON and come back with every bit, type and column in its place."""

from __future__ import annotations

import json

import nbformat
import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ReportError
from investiq.reporting.frames import fingerprints, frame_from_plain, frame_to_plain


def back(frame):
    """Through the text of a notebook, whose writer sorts the keys of every mapping."""
    return frame_from_plain(json.loads(json.dumps(frame_to_plain(frame), sort_keys=True, allow_nan=False)))


def test_a_table_comes_back_with_types_order_and_every_bit():
    frame = pd.DataFrame(
        {
            "z": [0.1 + 0.2, np.nan, 1e-300],
            "wide": [np.inf, -np.inf, 5e-324],
            "a": [1, -(2**53) - 1, 0],
            "flag": [True, False, True],
            "word": ["=1+1", None, "é"],
            "at": pd.to_datetime(["2018-12-31 21:00:00.000001", None, "2018-12-31"], utc=True, format="ISO8601"),
            "day": pd.to_datetime(["2018-12-31", None, "2019-01-02"]),
        }
    )
    found = back(frame)
    assert list(found.columns) == list(frame.columns)
    for name in ("z", "wide", "a", "flag"):
        assert found[name].dtype == frame[name].dtype
        np.testing.assert_array_equal(found[name], frame[name])
    for name in ("at", "day"):
        assert str(getattr(found[name].dtype, "tz", None)) == str(getattr(frame[name].dtype, "tz", None))
        assert ((found[name] == frame[name]) | (found[name].isna() & frame[name].isna())).all()
    assert found["word"].tolist() == ["=1+1", None, "é"]


def test_named_levels_become_the_first_columns_and_a_mere_count_goes():
    levels = pd.MultiIndex.from_tuples([("^GSPC", 1), ("^DJI", 2)], names=["symbol", "rank"])
    assert list(back(pd.DataFrame({"x": [1.0, 2.0]}, index=levels)).columns) == ["symbol", "rank", "x"]
    assert list(back(pd.DataFrame({"x": [1.0]})).columns) == ["x"]


def test_an_empty_table_keeps_its_columns():
    found = back(pd.DataFrame({"x": pd.Series(dtype="float64"), "word": pd.Series(dtype="object")}))
    assert list(found.columns) == ["x", "word"]
    assert len(found) == 0


def test_a_column_counts_by_its_values_and_only_what_differs_has_another_fingerprint():
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    other = frame.assign(x=[1.0, np.nextafter(2.0, 3)])
    one, two = (fingerprints(frame_to_plain(each)) for each in (frame, other))
    assert one["y"] == two["y"]
    assert one["x"] != two["x"]
    assert one == fingerprints(frame_to_plain(back(frame)))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ReportError, match="columns of different names, has x twice"):
        frame_to_plain(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_what_is_handed_over_survives_the_file_of_the_notebook(made):
    from investiq.reporting.passing import handed_over

    handed = handed_over(nbformat.read(made.notebook, as_version=4))
    assert list(handed.tables) == ["Closes", "Closes: by day/hour"]
    table = handed.tables["Closes"]
    assert list(table.columns) == ["day", "close", "change", "word"]
    assert table["day"].dt.strftime("%Y-%m-%d %Z").tolist() == ["2018-12-27 UTC", "2018-12-28 UTC", "2018-12-29 UTC"]
    assert np.isnan(handed.numbers[1].value)
