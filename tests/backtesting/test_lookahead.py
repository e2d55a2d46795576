"""Strategies of the user's own that read the future are refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.lookahead import PREFIXES, check_plan, sampled_bars
from investiq.backtesting.plans import plan_of
from investiq.core.errors import DataError
from investiq.strategies import Strategy


@dataclass(frozen=True, kw_only=True)
class NextOpen(Strategy):
    """Buys before an open above the close, where there is one."""

    warmup = 0

    def decide(self, bars):
        decisions = np.zeros(len(bars), dtype=np.int8)
        decisions[:-1] = np.where(bars.open[1:] > bars.close[:-1], 1, -1)
        return decisions


@dataclass(frozen=True, kw_only=True)
class NewYearsCrash(NextOpen):
    """Reads the future only where the next bar falls by more than 5 %: nine bars of 5,031."""

    def decide(self, bars):
        decisions = np.zeros(len(bars), dtype=np.int8)
        decisions[:-1] = -(bars.close[1:] < 0.95 * bars.close[:-1]).astype(np.int8)
        return decisions


@dataclass(frozen=True, kw_only=True)
class SampleMean(Strategy):
    """Compares with the mean of the whole sample."""

    warmup = 20

    def decide(self, bars):
        return np.where(bars.close > bars.close.mean(), 1, -1).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class Patient(Strategy):
    """Buys three bars after it sold, and sells after five: what it does depends on what it did."""

    warmup = 0

    def decide(self, bars):
        decisions = np.zeros(len(bars), dtype=np.int8)
        state = 0
        for bar in range(len(bars)):
            state += 1 if bars.close[bar] >= bars.open[bar] else 2
            if state > 5:
                decisions[bar] = 1 if bar % 2 else -1
                state = 0
        return decisions


@dataclass(frozen=True, kw_only=True)
class Moody(Strategy):
    """Decides differently each time."""

    warmup = 0

    def decide(self, bars):
        return np.random.default_rng(int(bars.open.sum() * 100) % 2**32).integers(-1, 2, len(bars), dtype=np.int8)


@pytest.mark.parametrize("strategy", [NextOpen(), NewYearsCrash(), SampleMean(), Moody()])
def test_a_strategy_that_reads_later_bars_is_refused(gspc, strategy):
    with pytest.raises(DataError, match=f"{strategy.name} reads later bars, or does not decide alike twice: for "):
        iq.backtest(strategy, gspc)


def test_the_refusal_names_the_first_bar_and_both_decisions(bars_of):
    # Three bars: bar 1 is the only one whose successor is cut off. The open of bar 2, 103, lies above the close of bar 1.
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (103, 104, 102, 103)])
    decisions = NextOpen().decide(bars)
    assert decisions.tolist() == [-1, 1, 0]
    with pytest.raises(
        DataError,
        match=r"for 2024-01-01 \(bar 0\) it decided sell with all 3 bars, and nothing with the bars up to that one",
    ):
        check_plan(NextOpen(), bars, plan_of(NextOpen(), bars))


def test_an_honest_strategy_with_a_memory_passes(gspc):
    assert len(iq.backtest(Patient(), gspc).trades) > 100


def test_the_sample_is_fixed_spread_and_includes_the_last_decision_that_counts():
    decisions = np.zeros(1000, dtype=np.int8)
    decisions[[100, 101, 500, 998]] = 1
    bars = sampled_bars(decisions, 60)
    assert bars == sampled_bars(decisions, 60)
    assert len(bars) <= PREFIXES
    assert min(bars) >= 60
    # Four decisions, one in each of four of six parts: all of them.
    assert {100, 101, 500, 998} <= set(bars)
    # Five parts of 938 bars, from bar 60 to bar 997, are 187 or 188 long: a bar in each.
    for part in range(5):
        assert any(60 + 188 * part - 2 <= bar < 60 + 188 * (part + 1) for bar in bars)


def test_the_shortest_run_is_checked_on_its_only_decision():
    assert sampled_bars(np.zeros(2, dtype=np.int8), 0) == [0]
