import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import VendorError
from investiq.market.contract import Request
from investiq.market.vendors.reading import Field, records_of, table_of, within

FIELDS = {
    "name": Field("n", "text"),
    "tickers": Field("t", "texts"),
    "close": Field("c", "number"),
    "last": Field("l", "price"),
    "day": Field("d", "date"),
    "at": Field("i", "instant"),
    "since": Field("s", "seconds"),
}
TYPES = ["str", "str", "float64", "float64", *["datetime64[us, UTC]"] * 3]


def test_each_kind_becomes_its_canonical_type():
    row = {"n": "Acme", "t": ["A", "B"], "c": "1.5", "l": 2, "d": "2024-03-08", "i": "2024-03-08T09:30:00-05:00", "s": 1.5}  # fmt: skip
    table = table_of([row], FIELDS, "x")
    assert [str(dtype) for dtype in table.dtypes] == TYPES
    assert table.iloc[0].tolist() == [
        "Acme", "A|B", 1.5, 2.0, pd.Timestamp("2024-03-08", tz="UTC"), pd.Timestamp("2024-03-08 14:30", tz="UTC"),
        pd.Timestamp("1970-01-01 00:00:01.5", tz="UTC"),
    ]  # fmt: skip


def test_columns_are_typed_without_rows_too():
    assert [str(dtype) for dtype in table_of([], FIELDS, "x").dtypes] == TYPES


@pytest.mark.parametrize("nothing", [None, "", "None", "null", "-", " N/A ", float("nan")])
def test_what_vendors_write_for_nothing_is_missing(nothing):
    table = table_of([dict.fromkeys("ntcldis", nothing)], FIELDS, "x")
    assert table.isna().all(axis=None)
    assert [str(dtype) for dtype in table.dtypes] == TYPES


def test_an_absent_field_is_missing():
    assert table_of([{}], FIELDS, "x").isna().all(axis=None)


def test_zero_is_a_number_but_no_price():
    row = table_of([{"c": 0, "l": 0}], FIELDS, "x").iloc[0]
    assert row["close"] == 0.0
    assert np.isnan(row["last"])


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("c", "about 10", "c = 'about 10', expected a number"),
        ("c", True, "c = True, expected a number"),
        ("d", "08/03/2024", "d = '08/03/2024', expected a date such as 2024-01-31"),
        ("i", "2024-03-08 09:30", "i = '2024-03-08 09:30', expected a time with its zone"),
        ("s", "yesterday", "s = 'yesterday', expected Unix seconds"),
        ("t", "A,B", "t = 'A,B', expected a list"),
    ],
)
def test_a_value_of_another_kind_is_an_error_that_shows_it(field, value, expected):
    with pytest.raises(VendorError, match="acme gave") as caught:
        table_of([{}, {field: value}], FIELDS, "acme")
    assert expected in str(caught.value)


@pytest.mark.parametrize("document", [None, {}, "text", [1], [{}, None]])
def test_an_answer_that_is_no_list_of_records_is_a_failure_and_not_empty(document):
    with pytest.raises(VendorError, match="where a list of records was expected"):
        records_of(document, "acme", "/news")


def bars(*days):
    stamps = pd.to_datetime(list(days), utc=True).as_unit("us")
    return pd.DataFrame({"ts": stamps, "close": np.arange(len(days), dtype=float)})


def test_rows_are_cut_to_the_range_both_ends_included_and_put_in_order():
    table = within(bars("2024-03-07", "2024-03-05", "2024-03-06"), "ts", Request.of("bars", "A", "2024-03-06", "2024-03-07"))  # fmt: skip
    assert table["close"].tolist() == [2.0, 0.0]
    assert table.index.tolist() == [0, 1]


def test_an_exact_repetition_counts_once_and_a_contradiction_stays_for_the_schema():
    same = pd.concat([bars("2024-03-05"), bars("2024-03-05")])
    assert len(within(same, "ts", Request.of("bars", "A"))) == 1
    other = pd.concat([bars("2024-03-05"), bars("2024-03-05").assign(close=9.0)])
    assert len(within(other, "ts", Request.of("bars", "A"))) == 2


def test_a_limit_keeps_the_newest():
    table = within(bars("2024-03-07", "2024-03-05", "2024-03-06"), "ts", Request.of("bars", "A", limit=1))
    assert table["ts"].tolist() == [pd.Timestamp("2024-03-07", tz="UTC")]
