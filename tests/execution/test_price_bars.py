"""Tests of `investiq.execution.price_bars`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from investiq.core.errors import DataError
from investiq.execution.price_bars import PriceBar, price_bars


@pytest.mark.parametrize(
    ("opening", "high", "low", "close"),
    [
        ("102", "101", "99", "100"),
        ("100", "101", "99", "98"),
        ("100", "101", "0", "100"),
        ("100", "Infinity", "99", "100"),
    ],
)
def test_prices_that_contradict_each_other_are_refused(opening, high, low, close):
    with pytest.raises(DataError, match=r"bar 2024-01-01: prices must be positive"):
        PriceBar(ts=date(2024, 1, 1), open=Decimal(opening), high=Decimal(high), low=Decimal(low), close=Decimal(close))


def test_a_negative_volume_is_refused():
    hundred = Decimal(100)
    with pytest.raises(DataError, match=r"volume must be >= 0, or None where unknown, was -1"):
        PriceBar(ts=date(2024, 1, 1), open=hundred, high=hundred, low=hundred, close=hundred, volume=Decimal(-1))


def test_bars_are_read_as_the_decimals_they_print(two_bars):
    first, last = price_bars(two_bars)
    assert (first.open, first.high, first.low, first.close) == (100, 101, 99, Decimal("100.5"))
    assert last.close == Decimal("2506.850098")
    assert (first.volume, last.volume) == (1000, None)
    assert (first.ts.isoformat(), last.ts.isoformat()) == ("2024-01-02T00:00:00", "2024-01-03T00:00:00")


def test_adjusted_bars_are_refused(two_bars):
    with pytest.raises(DataError, match=r"fills need prices as traded, these are total-adjusted"):
        next(price_bars(two_bars.adjusted("total")))
