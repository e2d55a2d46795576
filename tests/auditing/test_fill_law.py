"""Fills: none at the close that decided it, none before its decision is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.auditing.leaks import audit
from investiq.strategies import Crossover
from tests.auditing.conftest import bars_of

# Closes above 110 say buy: first at bar 3, whose wick reaches down to 0.99 * 104 and so below 110, then at bar 6.
CLOSES = [100, 101, 104, 112, 103, 104, 113, 104, 102, 103]


def buys(bars):
    return np.flatnonzero(bars.close > 110)


def table(bars, booked, decided, price):
    return pd.DataFrame({"ts": bars.index[booked], "side": "buy", "quantity": 10.0, "price": price, "decided": decided})


def at_the_same_close(bars):
    rows = buys(bars)
    return table(bars, rows, rows, bars.close[rows]).drop(columns="decided")


def at_the_same_open(bars):
    rows = buys(bars)
    return table(bars, rows, rows, bars.open[rows]).drop(columns="decided")


def at_the_next_open(bars):
    rows = buys(bars)
    rows = rows[rows < len(bars) - 1]
    return table(bars, rows + 1, rows, bars.open[rows + 1])


def test_a_fill_at_the_close_that_decided_it_is_caught_at_its_first_bar():
    report = audit(at_the_same_close, bars_of(CLOSES))
    leak = report.leaks[0]
    assert (report.verdict, leak.check, leak.bar) == ("leaks", "fill law", 3)
    assert leak.full == 112.0
    assert report.fills == 2


def test_a_fill_at_the_open_of_the_bar_that_decided_it_is_caught():
    leak = audit(at_the_same_open, bars_of(CLOSES)).leaks[0]
    assert (leak.check, leak.bar, leak.column) == ("fill law", 3, "fill")
    assert "depends on the close of its own bar" in leak.text


@pytest.mark.parametrize("says_when", [True, False])
def test_a_fill_at_the_next_open_passes(says_when):
    def fills(bars):
        return at_the_next_open(bars) if says_when else at_the_next_open(bars).drop(columns="decided")

    report = audit(fills, bars_of(CLOSES))
    assert (report.verdict, report.fills) == ("point in time", 2)


def test_a_fill_booked_in_the_bar_of_its_decision_is_caught_by_its_own_words():
    def fills(bars):
        rows = buys(bars)
        return table(bars, rows, rows, 100.0)

    leak = audit(fills, bars_of(CLOSES)).leaks[0]
    assert (leak.column, leak.bar) == ("decided", 3)
    assert "before its decision is known" in leak.text


def test_a_price_that_moves_with_the_deciding_close_is_caught():
    def fills(bars):
        rows = buys(bars)
        rows = rows[rows < len(bars) - 1]
        # Booked at the next bar, but at the price of the close that decided.
        return table(bars, rows + 1, rows, bars.close[rows])

    leak = audit(fills, bars_of(CLOSES)).leaks[0]
    assert (leak.check, leak.column, leak.bar, leak.full) == ("fill law", "price", 4, 112.0)


def test_an_order_for_the_next_close_passes_where_it_says_when_it_was_decided():
    def fills(bars):
        rows = buys(bars)
        rows = rows[rows < len(bars) - 1]
        return table(bars, rows + 1, rows, bars.close[rows + 1])

    assert audit(fills, bars_of(CLOSES)).verdict == "point in time"
    report = audit(lambda bars: fills(bars).drop(columns="decided"), bars_of(CLOSES))
    assert report.verdict == "not proven"
    assert "no column `decided`" in report.reasons[0]


def test_the_fills_of_a_strategy_are_looked_at():
    closes = [100, 99, 98, 101, 103, 102, 97, 96, 99, 104, 105, 101, 95, 94]
    report = audit(Crossover(fast=1, slow=3), bars_of(closes))
    # Above the mean of three at bars 3 and 8, below at bars 6 and 11: (101 + 98 + 99) / 3 = 99.3, (99 + 96 + 97) / 3 = 97.3,
    # (97 + 102 + 103) / 3 = 100.7, (101 + 105 + 104) / 3 = 103.3. Each fills in a bar of its own.
    assert (report.verdict, report.fills) == ("point in time", 4)


def test_the_account_of_adjusted_bars_is_not_examined():
    bars = bars_of(CLOSES).adjusted("total")
    report = audit(Crossover(fast=1, slow=3), bars)
    assert report.verdict == "not proven"
    assert "as traded" in report.reasons[0]
