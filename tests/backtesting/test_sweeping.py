"""Cells of a sweep against the same runs alone, to the bit."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import investiq as iq
from investiq.backtesting import running, sweep_kernels
from investiq.backtesting.plans import plan_of
from investiq.backtesting.sweep_cells import GENERAL, LOOP, Task
from investiq.backtesting.sweep_statistics import edges_of, write_statistics
from investiq.backtesting.sweeping import evaluate
from investiq.core.errors import ConfigError, DataError
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.options import RunOptions
from investiq.strategies import Breakout, Crossover

PLAIN = RunOptions(
    weight=1.0, size_at="open", lot=None, posting_rounding=None, level_rounding=None, max_volume_participation=None, end="mark"
)  # fmt: skip
EXACT = [
    sweep_kernels.FINAL_EQUITY,
    sweep_kernels.CASH,
    sweep_kernels.TRADES,
    sweep_kernels.FILLS,
    sweep_kernels.WINS,
    sweep_kernels.EXPOSURE,
]


@pytest.fixture(scope="module")
def crash(gspc):
    """Bars 2005 to 2012: long trends both ways and the widest bars of the sample."""
    return gspc[1500:3300]


def alone(strategy, bars, options):
    """The statistics of a whole run, read from its account."""
    run = running.simulate(bars, plan_of(strategy, bars), options)
    line = np.empty(sweep_kernels.COLUMNS)
    write_statistics(run, bars, options, edges_of(len(bars)), line)
    return run, line


@st.composite
def cells(draw):
    level = st.none() | st.floats(0.005, 0.10)
    both_inside = draw(st.sampled_from(["stop", "target"]))
    options = RunOptions(
        initial_capital=draw(st.sampled_from([1e4, 1e5, 1e9])),
        weight=draw(st.sampled_from([1.0, 0.5, 0.1])),
        lot=draw(st.sampled_from([None, 1.0, 100.0, 1e-6])),
        size_at=draw(st.sampled_from(["open", "prior_close"])),
        posting_rounding=draw(st.sampled_from([None, 0.01])),
        level_rounding=draw(st.sampled_from([None, 1e-6])),
        max_volume_participation=None,
        end=draw(st.sampled_from(["mark", "liquidate"])),
        insufficient=draw(st.sampled_from(["reduce", "reject"])),
        stop_loss=draw(level),
        take_profit=draw(level),
        trailing_stop=draw(level),
        both_inside=both_inside,
        limit_fill=draw(st.sampled_from(["touch", "through"])),
        limit_gap=draw(st.sampled_from(["open", "limit"])),
        target_slippage=draw(st.booleans()),
        open_beyond_target=draw(st.sampled_from(["first", "stop_first"])),
        stop_from=draw(st.sampled_from(["entry_bar", "next_bar"])),
        level_order=draw(st.sampled_from(["open_first", "levels_first"])),
        trail_entry_bar=draw(st.booleans()),
        costs=draw(
            st.sampled_from(
                [
                    Costs(),
                    Costs(commission_rate=0.002, slippage_bps=30),
                    Costs(per_share=PerShareFees(tiers=((800, 0.005), (float("inf"), 0.003)), minimum_usd=1.0)),
                ]
            )
        ),
    )
    fast, slow = draw(st.integers(2, 20)), draw(st.integers(21, 60))
    strategy = draw(st.sampled_from([Crossover(fast=fast, slow=slow), Breakout(entry_window=slow, exit_window=fast)]))
    return strategy, options


@given(chosen=st.lists(cells(), min_size=4, max_size=6))
def test_a_cell_is_the_run_alone(chosen, crash):
    strategies, options = zip(*chosen, strict=True)
    found = evaluate(strategies, crash, options)
    for cell, (strategy, option) in enumerate(chosen):
        run, expected = alone(strategy, crash, option)
        assert found.values[cell, EXACT].tolist() == expected[EXACT].tolist()
        np.testing.assert_allclose(found.values[cell], expected, rtol=1e-9, atol=1e-12)
        assert found.final_equity[cell] == run.equity[-1]


def test_the_moments_are_those_of_the_equity_curve(crash):
    strategies = [Crossover(fast=5, slow=30), Breakout(entry_window=20, exit_window=10)]
    for weight in (1.0, 0.3):
        found = evaluate(strategies, crash, dataclasses.replace(PLAIN, weight=weight))
        for cell, strategy in enumerate(strategies):
            equity = np.concatenate(
                ([100_000.0], alone(strategy, crash, dataclasses.replace(PLAIN, weight=weight))[0].equity)
            )
            returns = equity[1:] / equity[:-1] - 1
            expected = [
                returns.mean(),
                returns.std(ddof=1),
                scipy.stats.skew(returns),
                scipy.stats.kurtosis(returns, fisher=False),
                (equity / np.maximum.accumulate(equity) - 1).min(),
            ]
            shown = [found.mean, found.sd, found.skewness, found.kurtosis, found.max_drawdown]
            np.testing.assert_allclose([each[cell] for each in shown], expected, rtol=1e-10, atol=1e-14)


def test_blocks_leave_out_the_first_bars_and_split_the_rest_evenly(crash):
    # 1,800 = 16 x 112 + 8: the first 8 returns lie in no block.
    found = evaluate([Crossover(fast=3, slow=8)], crash, PLAIN)
    equity = np.concatenate(([100_000.0], alone(Crossover(fast=3, slow=8), crash, PLAIN)[0].equity))
    blocks = (equity[1:] / equity[:-1] - 1)[8:].reshape(16, 112)
    assert found.sums.shape == (16, 1)
    np.testing.assert_allclose(found.sums[:, 0], blocks.sum(axis=1), atol=1e-13)
    np.testing.assert_allclose(found.squares[:, 0], (blocks**2).sum(axis=1), atol=1e-15)


def test_a_worked_trade_has_its_profit_and_drawdown(bars_of):
    # Bought at 100 with all of 1,000 (10 shares), 120 at the next close, 90 at the one after, sold at 99:
    # equity 1,000 1,000 1,200 900 990, so the drawdown is 900 / 1,200 - 1, and one trade loses 10.
    rows = [(100, 100, 100, 100), (100, 100, 100, 100), (100, 120, 100, 120), (120, 120, 90, 90), (99, 99, 99, 99)]
    bars = bars_of([(*row, 1000) for row in rows])

    @dataclass(frozen=True, kw_only=True)
    class Twice(iq.strategies.Strategy):
        warmup = 0

        def decide(self, bars):
            return np.array([1, 0, 0, -1, 0], dtype=np.int8)

    free = dataclasses.replace(PLAIN, initial_capital=1_000.0, costs=Costs(commission_rate=0.0, slippage_bps=0.0))
    found = evaluate([Twice()], bars, free)
    assert found.final_equity[0] == 990.0
    assert found.max_drawdown[0] == pytest.approx(-0.25)
    assert found.trades[0] == 1
    assert found.values[0, sweep_kernels.GROSS_LOSS] == pytest.approx(10.0)
    assert found.values[0, sweep_kernels.EXPOSURE] == pytest.approx(3 / 5)
    # Returns 0, 0, 0.2, -0.25, 0.1.
    assert found.mean[0] == pytest.approx(0.01)


def test_the_number_of_workers_changes_no_bit(crash):
    strategies = [Crossover(fast=fast, slow=slow) for fast, slow in itertools.product(range(2, 22), range(25, 45))]
    one, two = (evaluate(strategies, crash, PLAIN, workers=workers).values for workers in (1, 2))
    assert one.tobytes() == two.tobytes()


def test_a_cell_that_never_trades_has_no_spread(crash):
    found = evaluate([Crossover(fast=1700, slow=1790)], crash, PLAIN)
    assert (found.final_equity[0], found.trades[0], found.mean[0], found.sd[0]) == (100_000.0, 0, 0.0, 0.0)
    assert np.isnan(found.skewness[0])


def test_a_strategy_longer_than_the_bars_is_refused_with_a_reason(crash):
    found = evaluate([Crossover(fast=5, slow=1799), Crossover(fast=5, slow=1798)], crash, PLAIN)
    assert found.reasons == {0: "needs 1801 bars to decide and fill once, ^GSPC has 1800"}
    assert np.isnan(found.final_equity[0])
    assert found.final_equity[1] > 0


def test_a_rule_of_ones_own_runs_in_the_loop(crash):
    from numba import njit

    @njit
    def buy_dips(columns, parameters, out):
        for bar in range(out.size):
            out[bar] = 0 if bar == 0 else (1 if columns[0, bar] < columns[0, bar - 1] * parameters[0] else -1)

    @dataclass(frozen=True, kw_only=True)
    class Dip(iq.strategies.Strategy):
        depth: float
        warmup = 1
        rule = staticmethod(buy_dips)

        def columns(self):
            return (iq.strategies.base.Column("close"),)

        def rule_parameters(self):
            return (1 - self.depth,)

    strategies = [Dip(depth=depth) for depth in (0.0, 0.005, 0.01)]
    found = evaluate(strategies, crash, PLAIN)
    assert (found.ways == LOOP).all()
    assert [alone(each, crash, PLAIN)[0].equity[-1] for each in strategies] == found.final_equity.tolist()


# numba tells of the error in the loop before the sweep raises it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_rule_that_fails_or_writes_another_code_is_an_error_and_no_number(crash):
    from numba import njit

    @njit
    def fails(columns, parameters, out):
        for bar in range(out.size):
            if bar == 100:
                raise ValueError("the rule gave up")
            out[bar] = 0

    @njit
    def wrong(columns, parameters, out):
        out[:] = 0
        out[7] = 3

    @dataclass(frozen=True, kw_only=True)
    class Failing(iq.strategies.Strategy):
        warmup = 1
        rule = staticmethod(fails)

        def columns(self):
            return (iq.strategies.base.Column("close"),)

    class Wrong(Failing):
        rule = staticmethod(wrong)

    with pytest.raises(ValueError, match="the rule gave up"):
        evaluate([Failing()], crash, PLAIN)
    with pytest.raises(DataError, match="bar 7 holds 3"):
        evaluate([Wrong()], crash, PLAIN)


@pytest.mark.parametrize("code", [-128, -2, 3, 4, 99, 127])
def test_every_other_code_is_seen(code):
    codes = np.zeros(64, dtype=np.int8)
    codes[::5], codes[1::5], codes[2::5] = 1, -1, 2
    assert sweep_kernels.are_decisions(codes.view(np.uint64))
    codes[37] = code
    assert not sweep_kernels.are_decisions(codes.view(np.uint64))


def test_volume_that_may_limit_a_fill_sends_the_cell_the_whole_way(crash):
    # 1e9 of capital at about 1,200 are some 800,000 shares; 5 % of a day's billions are more, 1e-5 of them less.
    ample, scarce = (
        dataclasses.replace(PLAIN, initial_capital=1e9, lot=1.0, max_volume_participation=share)
        for share in (0.05, 1e-5)
    )
    found = evaluate([Crossover(fast=5, slow=30)] * 2, crash, [ample, scarce])
    assert found.ways.tolist() == [LOOP, GENERAL]
    for cell, options in enumerate((ample, scarce)):
        assert found.final_equity[cell] == alone(Crossover(fast=5, slow=30), crash, options)[0].equity[-1]


def test_options_that_the_loop_does_not_know_run_whole(crash):
    options = [
        PLAIN,
        dataclasses.replace(PLAIN, hold_bars=7),
        dataclasses.replace(PLAIN, stop_loss=0.05, cash_sweep_rate=0.03),
    ]
    strategy = Crossover(fast=5, slow=30)
    found = evaluate([strategy] * 3, crash, options)
    assert found.ways.tolist() == [LOOP, GENERAL, GENERAL]
    for cell, option in enumerate(options):
        assert found.final_equity[cell] == alone(strategy, crash, option)[0].equity[-1]


def test_options_must_be_one_or_one_per_cell(crash):
    with pytest.raises(ConfigError, match="3 strategies need one RunOptions, or as many, not 2"):
        evaluate([Crossover()] * 3, crash, [PLAIN] * 2)


def test_a_part_of_a_task_holds_only_what_it_needs():
    strategies = [Crossover(fast=fast, slow=50) for fast in range(1, 11)]
    task = Task.of(strategies, [dataclasses.replace(PLAIN, weight=0.1 * k, stop_loss=0.01 * k) for k in range(1, 11)])
    part = task.take(slice(6, 8))
    assert [part.strategy(cell).fast for cell in range(2)] == [7, 8]
    assert [part.option(cell).stop_loss for cell in range(2)] == [0.07, 0.08]
    assert len(part.strategies) == len(part.options) == 2
