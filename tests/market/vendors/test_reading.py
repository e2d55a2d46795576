from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import VendorError
from investiq.market.contract import Request
from investiq.market.vendors.reading import Field, Reading, records_of, with_newest, within

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


def table_of(rows):
    # Of a dataset that requires a symbol, which is none of the fields: no column is required.
    return Reading("search", "acme").table(rows, FIELDS)


def test_each_kind_becomes_its_canonical_type():
    row = {"n": "Acme", "t": ["A", "B"], "c": "1.5", "l": 2, "d": "2024-03-08", "i": "2024-03-08T09:30:00-05:00", "s": 1_709_908_200.5}  # fmt: skip
    table = table_of([row])
    assert [str(dtype) for dtype in table.dtypes] == TYPES
    # 1,709,908,200 seconds after 1970 it was 2024-03-08 14:30 UTC.
    assert table.iloc[0].tolist() == [
        "Acme", "A|B", 1.5, 2.0, pd.Timestamp("2024-03-08", tz="UTC"), pd.Timestamp("2024-03-08 14:30", tz="UTC"),
        pd.Timestamp("2024-03-08 14:30:00.5", tz="UTC"),
    ]  # fmt: skip


def test_columns_are_typed_without_rows_too():
    assert [str(dtype) for dtype in table_of([]).dtypes] == TYPES


@pytest.mark.parametrize("nothing", [None, "", "None", "null", "-", " N/A ", float("nan")])
def test_what_vendors_write_for_nothing_is_missing(nothing):
    table = table_of([dict.fromkeys("ntcldis", nothing)])
    assert len(table) == 1
    assert table.isna().all(axis=None)
    assert [str(dtype) for dtype in table.dtypes] == TYPES


def test_an_absent_field_is_missing():
    assert table_of([{}]).isna().all(axis=None)


def test_zero_is_a_number_but_no_price():
    row = table_of([{"c": 0, "l": 0}]).iloc[0]
    assert row["close"] == 0.0
    assert np.isnan(row["last"])
    assert table_of([{"l": "0.00"}, {"l": "-1.5"}])["last"].tolist() == pytest.approx([np.nan, -1.5], nan_ok=True)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("c", "about 10", "c = 'about 10', expected a number"),
        ("c", True, "c = True, expected a number"),
        ("d", "08/03/2024", "d = '08/03/2024', expected a date such as 2024-01-31"),
        ("i", "2024-03-08 09:30", "i = '2024-03-08 09:30', expected a time with its zone"),
        ("s", "yesterday", "s = 'yesterday', expected Unix seconds"),
        ("s", 1.5, "s = 1.5, expected Unix seconds"),
        ("t", "A,B", "t = 'A,B', expected a list"),
        ("n", {"en": "Acme"}, "n = {'en': 'Acme'}, expected text"),
    ],
)
def test_a_row_with_a_value_of_another_kind_is_refused_and_the_note_shows_it(field, value, expected):
    reading = Reading("search", "acme")
    assert len(reading.table([{}, {field: value}], FIELDS)) == 1
    (note,) = reading.notes()
    assert (note.code, note.rows) == ("rows_refused", 1)
    assert note.text.startswith("1 of the 2 rows of search from acme were left out: 1 with an unreadable ")
    assert expected in note.text


def test_of_rows_that_cannot_be_read_at_all_the_error_shows_a_value():
    reading = Reading("search", "acme", "APPL")
    reading.table([{"c": "about 10"}], FIELDS)
    with pytest.raises(VendorError, match=r"acme sent 1 rows of search of APPL and none could be read: .*'about 10'"):
        reading.notes()


SHORT_INTEREST = {"settlement_date": Field("on", "date"), "short_interest": Field("shares", "number")}


def test_a_row_without_a_required_value_is_refused_for_it():
    reading = Reading("short_interest", "a vendor")
    rows = [
        {"on": "2024-01-12", "shares": 10.0},
        {"on": None, "shares": 10.0},
        {"on": "2024-01-31", "shares": float("nan")},
        {},
    ]
    assert len(reading.table(rows, SHORT_INTEREST)) == 1
    (note,) = reading.notes()
    # The last row lacks both and counts once.
    assert note.rows == 3
    assert "2 without a readable settlement_date, 1 without a readable short_interest" in note.text


def test_rows_of_which_none_can_be_read_are_a_failure():
    reading = Reading("news", "a vendor")
    reading.refuse("without a title", 3)
    with pytest.raises(VendorError, match="sent 3 rows of news and none could be read: 3 without a title"):
        reading.notes()


def test_rows_that_were_read_and_then_refused_count_once():
    reading = Reading("short_interest", "a vendor")
    reading.table([{"on": "2024-01-12", "shares": 1}, {"on": "2024-01-31", "shares": 1}], SHORT_INTEREST)
    reading.take_back("on a holiday", np.array([True, False]))
    assert "1 of the 2 rows" in reading.notes()[0].text
    reading.take_back("on a Sunday", np.array([True]))
    with pytest.raises(VendorError, match="1 on a holiday, 1 on a Sunday"):
        reading.notes()


def test_no_rows_are_no_failure():
    reading = Reading("news", "a vendor")
    table = reading.table([], {"published_utc": Field("at", "instant")})
    assert table.empty
    assert table["published_utc"].dtype == "datetime64[us, UTC]"
    assert reading.notes() == ()


def test_a_share_whose_symbol_looks_like_nothing_is_one():
    # NAN is a fund of New York; of a number or a name the same text says that there is none.
    fields = {"symbol": Field("symbol", "symbol"), "name": Field("name", "text")}
    table = Reading("search", "acme").table([{"symbol": "NAN", "name": "NAN"}], fields)
    assert table["symbol"].tolist() == ["NAN"]
    assert table["name"].isna().all()


def test_a_path_leads_through_objects_and_mappings_and_stops_where_there_is_none():
    fields = {"name": Field("maker/name", "text")}
    rows = [{"maker": SimpleNamespace(name="Acme")}, SimpleNamespace(maker={"name": "Bolt"}), {"maker": None}, {}]
    table = Reading("search", "acme").table(rows, fields)
    assert table["name"].tolist()[:2] == ["Acme", "Bolt"]
    assert table["name"].isna().tolist() == [False, False, True, True]


def test_a_size_has_no_sign_and_a_factor_is_above_zero():
    fields = {"shares": Field("shares", "size"), "ratio": Field("ratio", "factor")}
    reading = Reading("search", "acme")
    table = reading.table([{"shares": -100, "ratio": "4"}, {"shares": 1, "ratio": 0}], fields)
    assert table.to_dict("records") == [{"shares": 100.0, "ratio": 4.0}]
    assert "(ratio = 0, expected a number above 0)" in reading.notes()[0].text


def test_a_snapshot_is_of_its_newest_stamp_and_refused_without_any():
    stamps = pd.to_datetime(pd.Series(["2024-03-08 14:30", None]), utc=True)
    table = pd.DataFrame({"last_at": stamps, "quote_at": stamps + pd.Timedelta(minutes=1)})
    reading = Reading("snapshot", "acme")
    reading.table([{}, {}], {"last": Field("last", "price")})
    assert with_newest(table, ("last_at", "quote_at"), reading)["ts"].tolist() == [pd.Timestamp("2024-03-08 14:31Z")]
    assert "1 without its time" in reading.notes()[0].text


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
