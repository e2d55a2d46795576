from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.market.vendors.values import (
    day,
    epoch,
    epochs,
    is_absent,
    joined,
    moment,
    number,
    numbers,
    text,
    yes_or_no,
)


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


@pytest.mark.parametrize(("value", "read"), [(True, "true"), (0, "false"), ("True", "true"), (None, None), (2, None)])
def test_a_yes_or_no_is_text(value, read):
    assert yes_or_no(value) == read


@pytest.mark.parametrize("value", [None, "", "None", "null", "-", " N/A ", math.nan, [], {}, [None, ""]])
def test_what_vendors_write_for_nothing_is_absent(value):
    assert is_absent(value)


@pytest.mark.parametrize("value", [0, False, "0", "soon", [0], math.inf])
def test_what_cannot_be_read_is_not_absent(value):
    assert not is_absent(value)


def test_seconds_may_have_a_fraction():
    # 2024-03-08 14:30 UTC is 1,709,908,200 seconds after 1970.
    assert epoch(1_709_908_200.25, "s") == np.datetime64("2024-03-08T14:30:00.250000")


_INTEGERS = st.integers(-(2**64), 2**64) | st.integers(-(2**63), 2**63 - 1) | st.integers(10**9, 2 * 10**18)
_SENT = st.one_of(_INTEGERS, st.floats(), st.none(), st.booleans(), st.sampled_from(["1.5", "soon", "", [], 10**400]))


@given(st.lists(_SENT) | st.lists(_INTEGERS) | st.lists(st.floats() | st.none()))
def test_many_numbers_are_read_as_each_alone(values):
    np.testing.assert_array_equal(numbers(values), np.array([number(value) for value in values], dtype=float))


@given(st.lists(_SENT) | st.lists(_INTEGERS), st.sampled_from(["s", "ms", "us", "ns"]))
def test_many_counts_of_time_are_read_as_each_alone(values, unit):
    alone = np.array([epoch(value, unit) for value in values], dtype="datetime64[us]")
    np.testing.assert_array_equal(epochs(values, unit), alone)
