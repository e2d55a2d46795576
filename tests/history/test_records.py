import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.history.records import Records


def frame(**changes):
    ts = pd.DatetimeIndex(["2024-01-31", "2024-02-29"], tz="UTC", name="ts").as_unit("us")
    known = pd.DatetimeIndex(["2024-03-01 12:00", "2024-03-30 12:00"], tz="UTC").as_unit("us")
    return pd.DataFrame({"value": [1.0, 2.0], "known_at": known}, index=ts).assign(**changes)


def records(table, name="CPI"):
    return Records(
        kind="macro",
        name=name,
        frame=table,
        provider="test",
        source="a table",
        known_at_rule="end of month + 30",
        unit="index",
    )


def test_records_enter_on_the_day_they_became_known():
    table = records(frame())
    assert len(table.until("2024-02-29")) == 0
    assert len(table.until("2024-03-01T11:59")) == 0
    assert table.until("2024-03-01T12:00").frame["value"].tolist() == [1.0]
    assert len(table.until("2024-03-30")) == 2


def test_a_cut_keeps_name_unit_and_source():
    cut = records(frame()).until("2024-03-05")
    assert (cut.name, cut.unit, cut.source) == ("CPI", "index", "a table")
    assert repr(cut) == "<Records CPI (macro): 1 rows, index, test>"


def test_records_without_a_stamp_are_refused():
    with pytest.raises(DataError, match="need a known_at column; found \\['value'\\]"):
        records(frame().drop(columns="known_at"))
    with pytest.raises(DataError, match=r"1 record\(s\) have no known_at"):
        records(frame(known_at=pd.DatetimeIndex(["2024-03-01", None], tz="UTC").as_unit("us")))


def test_naive_or_unsorted_records_are_refused():
    with pytest.raises(DataError, match=r"known_at of records must be datetime64\[us, UTC\], was datetime64\[us\]"):
        records(frame(known_at=pd.DatetimeIndex(["2024-03-01", "2024-03-02"]).as_unit("us")))
    with pytest.raises(DataError, match="index of records must be"):
        records(frame().tz_localize(None))
    with pytest.raises(DataError, match="must ascend by ts"):
        records(frame()[::-1])
