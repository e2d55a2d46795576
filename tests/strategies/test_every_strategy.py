"""What holds for every strategy: causal decisions, frozen parameters, nothing decided in the warm-up."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.strategies import Breakout, BuyAndHold, Crossover, Strategy

EVERY = [
    BuyAndHold(),
    Crossover(),
    Crossover(fast=1, slow=2),
    Breakout(),
    Breakout(entry_window=1, exit_window=1),
    Breakout(entry_window=10, exit_window=30),
]
each_strategy = pytest.mark.parametrize("strategy", EVERY, ids=repr)


@each_strategy
def test_a_decision_does_not_change_when_later_bars_are_cut_off(strategy, gspc):
    whole = strategy.decide(gspc)
    random = np.random.default_rng(18)
    # Twelve prefixes: half of them end on a decision, where there is one to lose.
    decided = np.flatnonzero(whole)
    ends = np.concatenate([random.integers(2, len(gspc), 6), random.choice(decided, 6)])
    for end in ends.tolist():
        past = gspc.until(gspc.known_at[end])
        assert len(past) == end + 1
        np.testing.assert_array_equal(strategy.decide(past), whole[: end + 1])


@each_strategy
def test_nothing_is_decided_before_the_warmup_is_over(strategy, gspc):
    decisions = strategy.decide(gspc)
    assert decisions.dtype == np.int8
    assert decisions.shape == (len(gspc),)
    first = int(np.flatnonzero(decisions)[0])
    if isinstance(strategy, Breakout):
        # One side may be decided once its own window is full.
        assert first >= min(strategy.entry_window, strategy.exit_window)
    else:
        assert first >= strategy.warmup


@each_strategy
def test_raw_and_total_adjusted_bars_give_the_same_decisions(strategy, gspc):
    np.testing.assert_array_equal(strategy.decide(gspc), strategy.decide(gspc.adjusted("total")))


@pytest.mark.parametrize("strategy", [Crossover(fast=1, slow=2), Breakout(entry_window=2, exit_window=2)], ids=repr)
def test_a_split_is_no_signal(strategy, bars_of):
    # 2 for 1 before the third bar: as traded 100, 101, 51, 52, 51 is a steady rise in adjusted prices.
    halved = bars_of([100, 101, 51, 52, 53], total_factor=[1, 1, 2, 2, 2])
    assert -1 not in strategy.decide(halved)
    assert -1 in strategy.decide(bars_of([100, 101, 51, 52, 53]))


@each_strategy
def test_split_adjusted_bars_are_refused(strategy, bars_of):
    if strategy.columns():
        with pytest.raises(DataError, match="takes raw or total-adjusted bars, these are split-adjusted"):
            strategy.decide(bars_of([1.0] * 60).adjusted("split"))


@each_strategy
def test_parameters_are_named_frozen_and_printed(strategy):
    assert type(strategy)(**strategy.parameters()) == strategy
    assert isinstance(strategy, Strategy)
    assert strategy.name in repr(strategy)
    for field in dataclasses.fields(strategy):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(strategy, field.name, 3)


def test_importing_the_strategies_imports_no_compiler():
    code = "import sys; import investiq as iq; iq.strategies.Crossover(); print({'numba', 'pandas', 'talib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
