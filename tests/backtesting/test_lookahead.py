"""Strategies of the user's own that read the future are refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.lookahead import PREFIXES, check_plan, sampled_bars
from investiq.backtesting.plans import plan_of
from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.history.panel import Panel
from investiq.strategies.base import PanelStrategy, Strategy


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


@dataclass(frozen=True, kw_only=True)
class Risers(PanelStrategy):
    """Holds what rose over `lag` bars; a lag below 0 reads the future."""

    lag: int

    warmup = 3

    def target_weights(self, panel):
        before = np.roll(panel.close, self.lag, axis=1)
        weights = np.where(panel.close > before if self.lag > 0 else before > panel.close, 0.3, 0.0)
        weights[:, :3] = np.nan
        return weights


@dataclass(frozen=True, kw_only=True)
class EqualParts(PanelStrategy):
    """Divides by the number of all symbols that there will ever be."""

    warmup = 0

    def target_weights(self, panel):
        return np.full(panel.close.shape, 1 / len(panel))


@dataclass(frozen=True, kw_only=True)
class Protected(NextOpen):
    """Buys every fifth bar with a stop below the low of bar + `shift`."""

    shift: int

    def signals(self, bars):
        lows = np.append(bars.low[self.shift :], bars.low[: self.shift])
        return [Signal(bar=bar, side="buy", stop_loss_price=float(lows[bar]) / 2) for bar in range(0, len(bars), 5)]


@pytest.fixture(scope="module")
def late_panel(bars_of):
    """Three symbols, of which C begins at bar 40 and B ends at bar 50."""
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 0.02, (3, 60)), axis=1))
    rows = [[(c, 1.01 * c, 0.99 * c, c) for c in line] for line in closes]
    return Panel.of(
        [
            bars_of(rows[0], symbol="A"),
            bars_of(rows[1][:50], symbol="B"),
            bars_of(rows[2][40:], symbol="C", first="2024-02-10"),
        ]
    )


@pytest.mark.parametrize("strategy", [Risers(lag=-1), Protected(shift=1), SampleMean(), Moody()])
def test_on_a_panel_too_a_strategy_that_reads_later_bars_is_refused(late_panel, strategy):
    with pytest.raises(
        DataError, match=rf"{strategy.name} reads later bars, .*: its decisions for 2024-\S+ \(bar \d+\) change"
    ):
        iq.backtest(strategy, late_panel)


@pytest.mark.parametrize("strategy", [Risers(lag=1), Protected(shift=0), Patient()])
def test_on_a_panel_a_strategy_that_reads_its_past_only_passes(late_panel, strategy):
    assert len(iq.backtest(strategy, late_panel).trades) > 0


def test_a_strategy_that_counts_symbols_before_they_begin_is_told_so(late_panel):
    with pytest.raises(DataError, match="2 of the 3 symbols had begun by then: count those that have a bar"):
        iq.backtest(EqualParts(), late_panel)


def test_weights_of_symbols_that_begin_later_do_not_hinder_the_check(late_panel):
    weights = {"A": 0.3, "B": 0.3, "C": 0.3}
    assert len(iq.backtest(Patient(), late_panel, symbol_weights=weights).trades) > 0


def test_a_panel_may_be_as_short_as_the_strategy_needs(bars_of):
    rows = [(c, c, c, c) for c in (10, 11, 12, 13, 14)]
    panel = Panel.of([bars_of(rows, symbol="A"), bars_of(rows, symbol="B")])
    assert len(iq.backtest(Risers(lag=1), panel).trades) == 2
