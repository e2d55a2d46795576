"""Tests of `investiq.execution.decimals`."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from investiq.execution.decimals import exact, floor_to_lot, is_above, round_to

CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (100.0, "100"),
        (2506.850098, "2506.850098"),
        (1e-6, "0.000001"),
        (np.float64(0.05), "0.05"),
        (7, "7"),
    ],
)
def test_a_float_becomes_the_decimal_that_it_prints(value, text):
    assert exact(value) == Decimal(text)


def test_a_decimal_is_left_alone():
    assert exact(Decimal("1.10")) == Decimal("1.10")


def test_infinity_survives_as_a_threshold():
    assert exact(float("inf")) == Decimal("Infinity")


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        # A half goes to the even cent: 5000 is even, 5001 is odd.
        ("50.005", "50.00"),
        ("50.015", "50.02"),
        ("-50.005", "-50.00"),
        ("-50.015", "-50.02"),
        # Within a millionth of a cent of the half it is the half; beyond, it is not.
        ("50.00500000999", "50.00"),
        ("50.00499999001", "50.00"),
        ("50.01499999001", "50.02"),
        ("50.0050000101", "50.01"),
        ("50.0149999899", "50.01"),
        # Elsewhere the nearest.
        ("50.0049", "50.00"),
        ("50.0051", "50.01"),
        ("-50.0051", "-50.01"),
    ],
)
def test_postings_are_rounded_half_even_with_a_millionth_of_a_cent_around_the_half(value, cents):
    assert round_to(Decimal(value), CENT) == Decimal(cents)


def test_a_level_loses_its_binary_dust():
    # In float64 100 x 1.10 is 110.00000000000001.
    assert round_to(Decimal("110.00000000000001"), Decimal("0.000001")) == 110


def test_no_unit_means_no_rounding():
    assert round_to(Decimal("1.23456789"), None) == Decimal("1.23456789")


@pytest.mark.parametrize(
    ("quantity", "lot", "whole"),
    [
        ("952.38", "1", "952"),
        # 1e-9 of a lot is forgiven, more is not.
        ("499.999999999", "1", "500"),
        ("499.99999999", "1", "499"),
        ("104.1666669", "0.000001", "104.166666"),
        ("0.9", "1", "0"),
        ("250", "100", "200"),
    ],
)
def test_quantities_are_floored_to_the_lot(quantity, lot, whole):
    assert floor_to_lot(Decimal(quantity), Decimal(lot)) == Decimal(whole)


def test_no_lot_means_no_flooring():
    assert floor_to_lot(Decimal("0.123456789"), None) == Decimal("0.123456789")


def test_amounts_within_a_billionth_are_equal():
    assert not is_above(Decimal("100000.0001"), Decimal(100000))
    assert is_above(Decimal("100000.00011"), Decimal(100000))
    assert is_above(Decimal("0.60"), Decimal("0.59"))
    assert not is_above(Decimal("0.59"), Decimal("0.60"))
