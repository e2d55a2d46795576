"""Fills: none at the close that decided it, none before its decision is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from investiq.auditing.leaks import audit
from investiq.core.orders import Signal
from investiq.strategies import Crossover, Strategy
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


@pytest.mark.parametrize("words", ["signal", "bought at {:.2f}"])
def test_the_words_of_a_fill_do_not_hide_that_its_price_is_the_deciding_close(words):
    def fills(bars):
        rows = buys(bars)
        rows = rows[rows < len(bars) - 1]
        told = table(bars, rows + 1, rows, bars.close[rows])
        return told.assign(reason=[words.format(price) for price in bars.close[rows]])

    leak = audit(fills, bars_of(CLOSES)).leaks[0]
    assert (leak.column, leak.bar, leak.full) == ("price", 4, 112.0)


@dataclass(frozen=True, kw_only=True)
class SellsBelow98(Strategy):
    """Buys at the first close."""

    warmup = 0

    @property
    def run_options(self):
        return {"stop_loss": 0.05}

    def decide(self, bars):
        decisions = np.where(bars.close < 98, -1, 0).astype(np.int8)
        decisions[0] = 1
        return decisions


def test_a_stop_that_takes_the_place_of_a_signal_is_another_fill():
    # Bought at 100. The close of 97 in bar 4 sells at the open of bar 5, at 97; had it been the bar's high of 101,
    # the stop at 95 would have sold the same shares in the same bar, whose low is 0.99 * 93.
    report = audit(SellsBelow98(), bars_of([100, 100, 100, 100, 97, 93, 99, 99, 99]))
    assert (report.verdict, report.fills) == ("point in time", 2)


@dataclass(frozen=True, kw_only=True)
class StopsBelowTheDecidingClose(Strategy):
    """Buys at the third close, with a stop 2 % below it."""

    warmup = 0

    def signals(self, bars):
        if len(bars) < 3:
            return []
        return [Signal(bar=2, side="buy", weight=0.5, stop_loss_price=0.98 * float(bars.close[2]))]

    def decide(self, bars):
        return np.where(np.arange(len(bars)) == 2, 1, 0).astype(np.int8)


def test_a_stop_in_the_bar_of_its_entry_may_lie_where_the_deciding_close_put_it():
    # Bought at the open of bar 3, at 100; the stop at 98, or with the close moved to its low of 99 at 97.02, is
    # passed in the same bar, whose low is 0.99 * 94. Both fills are of one bar.
    report = audit(StopsBelowTheDecidingClose(), bars_of([100, 100, 100, 94, 95, 96]))
    assert (report.verdict, report.fills) == ("point in time", 1)


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
