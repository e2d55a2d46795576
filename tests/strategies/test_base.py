"""From decisions to orders, and what a panel strategy refuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from investiq.backtesting.engine import backtest
from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal
from investiq.strategies import Crossover, EqualWeightMonthly, PanelStrategy, Strategy

NAN = float("nan")


def test_decisions_become_orders_and_both_is_a_buy_and_a_sell(bars_of, scripted):
    orders = scripted(codes=(0, 1, -1, 2)).signals(bars_of([10] * 4))
    assert [(each.bar, each.side) for each in orders] == [(1, "buy"), (2, "sell"), (3, "buy"), (3, "sell")]
    assert {each.confidence for each in orders} == {1.0}
    assert {each.weight for each in orders} == {None}


def test_orders_carry_size_and_confidence_of_their_bar(bars_of, scripted):
    (order,) = scripted(codes=(0, 1), sure=(0.1, 0.7), large=(0.9, 0.25)).signals(bars_of([10, 10]))
    assert order == Signal(bar=1, side="buy", confidence=0.7, weight=0.25)


@pytest.mark.parametrize("size", [0.0, NAN, -0.1])
def test_without_a_size_nothing_is_bought_and_a_sell_closes(bars_of, scripted, size):
    orders = scripted(codes=(1, -1), large=(size, size)).signals(bars_of([10, 10]))
    assert orders == [Signal(bar=1, side="sell")]


def test_a_decision_of_unknown_confidence_passes_no_gate(bars_of, scripted):
    assert scripted(codes=(1, -1), sure=(NAN, NAN)).signals(bars_of([10, 10])) == []


def test_sizes_of_another_length_are_refused(bars_of, scripted):
    with pytest.raises(
        DataError, match=r"Scripted: sizes must be None or one number per bar, \(3,\), had shape \(2,\)"
    ):
        scripted(codes=(1, 0, 0), large=(0.1, 0.1)).signals(bars_of([10] * 3))


def test_a_panel_strategy_decides_nothing_for_one_symbol(bars_of):
    with pytest.raises(ConfigError, match="EqualWeightMonthly weighs the symbols of a panel"):
        EqualWeightMonthly().decide(bars_of([10]))


def test_a_crossover_with_shorts_asks_for_reversals_and_decides_the_same(bars_of):
    short = Crossover(fast=1, slow=3, allow_short=True)
    assert short.run_options == {"allow_short": True, "reverse": True}
    assert Crossover().run_options == {}
    bars = bars_of([10, 8, 6, 9, 12, 9, 6])
    np.testing.assert_array_equal(short.decide(bars), Crossover(fast=1, slow=3).decide(bars))
    assert (Crossover().parameters(), short.parameters()["allow_short"]) == ({"fast": 20, "slow": 50}, True)


@dataclass(frozen=True, kw_only=True)
class WithoutWarmup(Strategy):
    """Buys at once, and does not say when it can."""

    def decide(self, bars):
        return np.ones(len(bars), dtype=np.int8)


@dataclass(frozen=True, kw_only=True)
class WithoutDecisions(Strategy):
    """Says nothing at all."""

    warmup = 0


@dataclass(frozen=True, kw_only=True)
class WithoutColumns(Strategy):
    """Has a rule, and does not say what it reads."""

    warmup = 0

    @property
    def rule(self):
        return lambda columns, parameters, out: None


@dataclass(frozen=True, kw_only=True)
class WithoutWeights(PanelStrategy):
    """Weighs nothing."""

    warmup = 0


@pytest.mark.parametrize(
    ("strategy", "data", "words"),
    [
        (WithoutWarmup(), "SYN001", "WithoutWarmup has no warmup: define `warmup`"),
        (WithoutDecisions(), "SYN001", r"WithoutDecisions has no `rule`, so .*: define `decide\(bars\)`"),
        (WithoutColumns(), "SYN001", "WithoutColumns has no `columns`, so .* or both `columns"),
        (WithoutWarmup(), ["SYN001", "SYN002"], "WithoutWarmup has no warmup: define `warmup`"),
        (
            WithoutWeights(),
            ["SYN001", "SYN002"],
            r"WithoutWeights has no target weights: define `target_weights\(panel\)`",
        ),
    ],
)
def test_what_a_strategy_of_your_own_lacks_is_asked_for_by_name(strategy, data, words):
    with pytest.raises(ConfigError, match=words):
        backtest(strategy, data)
