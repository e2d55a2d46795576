"""Cash and position built from fills."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from investiq.backtesting import running
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.postings import BAR, FILL_COLUMNS, QUANTITY, SIDE
from investiq.backtesting.steps import Steps
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions


@pytest.fixture
def steps():
    # Bought in bar 1 and stopped out in it, bought in bar 2, sold in bar 4, bought in bar 5 and sold at the end of it.
    fills = np.zeros((6, FILL_COLUMNS))
    fills[:, BAR] = [1, 1, 2, 4, 5, 5]
    fills[:, SIDE] = [1, -1, 1, -1, 1, -1]
    fills[:, QUANTITY] = [10, 10, 20, 20, 30, 30]
    return Steps(100.0, np.array([5.0, 90.0, 7.0, 80.0, 3.0, 70.0]), fills, 6)


def test_the_last_fill_of_a_bar_says_what_is_held_at_its_close(steps):
    assert steps.cash.tolist() == [100, 90, 7, 7, 80, 70]
    assert steps.position.tolist() == [0, 0, 20, 20, 0, 0]
    assert steps.bars_invested() == 2


def test_an_account_without_a_fill_keeps_its_cash():
    steps = Steps(100.0, np.empty(0), np.empty((0, FILL_COLUMNS)), 3)
    assert (steps.cash.tolist(), steps.position.tolist(), steps.bars_invested()) == ([100] * 3, [0] * 3, 0)


@pytest.fixture
def run(bars_of):
    # 1,000 of 100,000 buy 10 shares at the open of bar 1, at 100; sold at the open of bar 3, at 110.
    bars = bars_of([(100, 100, 100, 100), (100, 100, 100, 100), (105, 105, 105, 105), (110, 110, 110, 110)])
    options = RunOptions(weight=0.01, costs=Costs(commission_rate=0, slippage_bps=0))
    return running.simulate(bars, from_codes(np.array([1, 0, -1, 0], dtype=np.int8), 4), options)


def test_a_run_builds_cash_and_position_when_they_are_read_and_then_keeps_them(run):
    assert not {"cash", "position"} & vars(run).keys()
    assert run.exposure() == 0.5
    assert run.cash.tolist() == [100_000, 99_000, 99_000, 100_100]
    assert run.position.tolist() == [0, 10, 10, 0]
    assert run.cash is run.cash
    assert not (run.cash.flags.writeable or run.position.flags.writeable)


def test_a_run_says_the_same_after_pickling_and_replacing_a_field(run):
    for other in (pickle.loads(pickle.dumps(run)), dataclasses.replace(run, events=run.events)):
        assert other.cash.tolist() == [100_000, 99_000, 99_000, 100_100]
        assert other.position.tolist() == [0, 10, 10, 0]
        assert other.exposure() == 0.5


def test_a_run_made_by_hand_holds_what_it_is_given(run):
    given = dataclasses.replace(run, cash=np.array([1.0, 2.0, 3.0, 4.0]), position=np.array([0.0, 5.0, 5.0, 5.0]))
    assert (given.cash.tolist(), given.exposure()) == ([1, 2, 3, 4], 0.75)
    with pytest.raises(TypeError, match="cash"):
        running.Run(
            equity=run.equity, position=run.position, fills=run.fills, events=run.events, decisions=run.decisions
        )
