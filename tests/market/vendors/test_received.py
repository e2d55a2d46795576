from __future__ import annotations

import math

import numpy as np
import pytest

from investiq.core.errors import VendorError
from investiq.market.vendors.received import Received, day, epoch, joined, moment, number, text


@pytest.mark.parametrize("value", [None, "n/a", "", True, float("inf"), [], {}])
def test_what_is_no_number_is_missing(value):
    assert math.isnan(number(value))


def test_a_zero_is_a_number():
    assert number("0") == 0.0


@pytest.mark.parametrize("value", [None, "2024-02-30", "20240208", "yesterday", 20240208])
def test_what_is_no_date_is_missing(value):
    assert np.isnat(day(value))


def test_a_date_may_carry_a_time_of_day():
    assert day("2022-11-08T00:00:00Z") == np.datetime64("2022-11-08")


@pytest.mark.parametrize("value", [None, "2024-03-08T09:30:00", "09:30", 1_709_908_200, "0001-01-01T00:00:00Z"])
def test_an_instant_without_a_zone_or_out_of_time_is_missing(value):
    assert np.isnat(moment(value))


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1_709_908_200, "ms"),  # seconds
        (1_709_908_200_000, "ns"),  # milliseconds
        (1_709_908_200_000_000_000, "ms"),  # nanoseconds
        (0, "ms"),
        pytest.param(10**400, "ms", id="a number of 401 digits"),
        (True, "ms"),
    ],
)
def test_a_count_in_another_unit_is_missing(value, unit):
    assert np.isnat(epoch(value, unit))


def test_nanoseconds_are_exact_to_the_microsecond():
    # A float holds 53 bits, nanoseconds since 1970 need 61.
    assert epoch(1_709_908_200_123_456_789, "ns") == np.datetime64("2024-03-08T14:30:00.123456")


def test_a_text_is_stripped_and_an_empty_one_missing():
    assert (text(" AAPL "), text("  "), text({})) == ("AAPL", None, None)
    assert (joined(["a", "", None, "b"]), joined([]), joined("ab")) == ("a|b", None, None)


def test_a_row_without_a_required_value_is_refused_for_it():
    rows = Received("short_interest", "a vendor")
    rows.add(settlement_date=day("2024-01-12"), short_interest=10.0)
    rows.add(settlement_date=day("soon"), short_interest=10.0)
    rows.add(settlement_date=day("2024-01-31"), short_interest=math.nan)
    assert len(rows.table()) == 1
    assert [note.rows for note in rows.notes()] == [2]
    assert "1 without a readable settlement_date, 1 without a readable short_interest" in rows.notes()[0].text


def test_rows_of_which_none_can_be_read_are_a_failure():
    rows = Received("news", "a vendor")
    rows.refuse("without a title", 3)
    with pytest.raises(VendorError, match="sent 3 rows of news and none could be read: 3 without a title"):
        rows.table()


def test_no_rows_keep_the_types_of_the_dataset():
    table = Received("news", "a vendor").table()
    assert table.empty
    assert table["published_utc"].dtype == "datetime64[us, UTC]"
