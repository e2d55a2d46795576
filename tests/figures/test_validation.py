"""The chart of a walk-forward beside buying and holding."""

from __future__ import annotations

import numpy as np
import pytest

import investiq as iq
from investiq.figures.validation import walk_forward_chart


def test_buying_and_holding_stands_beside_the_tests_on_their_bars():
    bars = iq.load_bars("^GSPC", start="2010", end="2015")
    walk = iq.walk_forward(iq.strategies.Crossover, bars, fast=[10], slow=[50], train=504, test=252)
    account, held, *_ = walk_forward_chart(walk).data
    assert (account.name, held.name) == ("stitched account", "buy and hold, no costs")
    np.testing.assert_array_equal(np.asarray(held.x), np.asarray(account.x))
    # An index without dividends: its closes as traded, from the last close of the first training on.
    closes = bars.frame["close"].to_numpy()[503 : 503 + len(held.y)]
    np.testing.assert_allclose(held.y, closes / closes[0], rtol=1e-12)
    assert held.line.width < account.line.width
    assert type(walk.efficiency) is float


def test_the_dividends_of_a_share_count_for_holding_it():
    bars = iq.load_bars("SYN001", start="2010", end="2011")
    walk = iq.walk_forward(iq.strategies.BuyAndHold(), bars, folds=2)
    closes = bars.frame["close"].iloc[-walk.closes.size :]
    days = closes.index.strftime("%Y-%m-%d").tolist()
    paid = {days.index(str(each.ex_date)): float(each.cash) for each in bars.actions if str(each.ex_date) in days[1:]}
    assert len(paid) == 6
    # No split in these two years: the price, and each dividend as the share of the close before its ex-date.
    earned = closes.iloc[-1] / closes.iloc[0]
    for row, cash in paid.items():
        earned /= 1 - cash / closes.iloc[row - 1]
    assert walk.closes[-1] / walk.closes[0] == pytest.approx(earned, rel=1e-9)
