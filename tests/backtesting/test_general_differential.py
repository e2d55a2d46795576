"""The general kernel against the decimal simulator, on random scenarios with every option; and against the fast loops."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings

from investiq.backtesting import decisions, general, postings, preparing, running
from investiq.backtesting.events import log_lines
from investiq.core.orders import FillReason, Signal
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Scenario
from investiq.execution.simulator import simulate_scenario
from tests.backtesting.conftest import make_bars
from tests.backtesting.general_scenarios import scenarios
from tests.execution.scenarios import run_options
from tests.execution.scenarios import scenarios as random_scenarios

REASONS = get_args(FillReason)
RESIDUAL = re.compile(r"\d+\.\d{3,}")


def compare(scenario, options):
    """Hold both engines to each other; return the kernel's run."""
    run = general.simulate_scenario(scenario, options)
    oracle = simulate_scenario(scenario, options)
    only = scenario.symbols[0]
    assert [
        (
            int(row[0]),
            "buy" if row[1] > 0 else "sell",
            scenario.symbols[int(row[8])],
            REASONS[int(row[7])],
            bool(row[10]),
        )
        for row in run.fills
    ] == [(fill.bar, fill.side, fill.symbol or only, fill.reason, fill.is_ambiguous) for fill in oracle.fills]
    columns = [postings.QUANTITY, postings.PRICE, postings.FEE, postings.SLIPPAGE, postings.IMPACT]
    names = ("quantity", "price", "fee", "slippage", "impact")
    expected = np.array([[getattr(fill, name) for name in names] for fill in oracle.fills], dtype=float).reshape(-1, 5)
    np.testing.assert_allclose(run.fills[:, columns], expected, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(run.cash, np.array(oracle.cash, dtype=float), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(run.equity, np.array(oracle.equity, dtype=float), rtol=1e-9, atol=1e-6)
    assert_same_lines(log_lines(run), oracle.log)
    return run


def assert_same_lines(lines, expected):
    """Compare two logs; an amount of more than two decimals to six, since the simulator prints all that it has."""
    amounts = [
        [float(number) for _, text in sorted(log) for number in RESIDUAL.findall(text)] for log in (lines, expected)
    ]
    np.testing.assert_allclose(*amounts, rtol=0, atol=1e-6)
    assert Counter((bar, RESIDUAL.sub("", text)) for bar, text in lines) == Counter(
        (bar, RESIDUAL.sub("", text)) for bar, text in expected
    )


@given(random_scenarios(), run_options())
@settings(max_examples=50)
def test_both_engines_agree_on_scenarios_that_hypothesis_draws(scenario, options):
    compare(scenario, options)


def test_both_engines_buy_the_last_lots_that_dust_of_cash_covers():
    # 3 * 1,666.666666 shares at 20 leave 0.00004 of 100,000: two lots of a millionth, and the seventh digit is not money.
    flat, symbols = np.full((3, 8), 20.0), ("A", "B", "C")
    scenario = Scenario(
        symbols=symbols, ts=np.datetime64("2024-01-29", "us") + np.arange(8) * np.timedelta64(1, "D"), sessions=np.arange(8),
        open=flat, high=flat, low=flat, close=flat, volume=np.full((3, 8), 1e7), signals=(Signal(bar=4, side="buy", symbol="C"),),
        size_multiplier=np.full((3, 8), 0.5),
    )  # fmt: skip
    options = RunOptions(
        weight=0.2, lot=1e-6, posting_rounding=None, costs=Costs(commission_rate=0, slippage_bps=0), rebalance=2,
        max_entries=2, max_volume_participation=None, end="mark",
    )  # fmt: skip
    run = compare(scenario, options)
    assert run.fills[-1, postings.QUANTITY] == 2e-6


@pytest.mark.parametrize("fill", ["next_open", "same_close"])
def test_both_engines_agree_on_target_weights(fill):
    rng = np.random.default_rng(7)
    for scenario, options in scenarios(7, count=12, n_bars=20, changes=3):
        targets = rng.choice([np.nan, np.nan, 0.0, 0.2, 0.33], scenario.close.shape)
        if options.allow_short:
            targets *= rng.choice([1.0, -1.0], targets.shape)
        chosen = dataclasses.replace(options, fill=fill, symbol_weights=None, rebalance=None)
        signals = () if fill == "same_close" else scenario.signals
        compare(dataclasses.replace(scenario, targets=targets, signals=signals), chosen)


def test_both_engines_agree_where_columns_have_gaps():
    for seed, (scenario, options) in enumerate(scenarios(8, count=20, n_bars=20, changes=4)):
        rng = np.random.default_rng(seed)
        columns = {
            name: np.where(rng.random(scenario.close.shape) < 0.4, np.nan, value)
            for name, value in (
                ("atr", np.full(scenario.close.shape, 1.5)),
                ("size_multiplier", scenario.size_multiplier),
                ("volatility", scenario.volatility),
                ("average_volume", scenario.average_volume),
                ("borrow_rates", np.full(scenario.close.shape, 0.1)),
            )
        }
        rates = np.where(rng.random(scenario.n_bars) < 0.4, np.nan, 0.05)
        chosen = dataclasses.replace(
            options, stop_loss=None, trailing_stop=None, atr_stop=2.0, atr_trail=3.0, volume_basis="adv20"
        )
        compare(dataclasses.replace(scenario, **columns, sweep_rates=rates, debit_rates=rates), chosen)


@pytest.mark.parametrize("seed", range(4))
def test_general_kernel_and_decimal_simulator_agree_on_random_scenarios(seed):
    for scenario, options in scenarios(seed, count=15, n_bars=20, changes=3):
        compare(scenario, options)


def test_a_busy_run_reaches_every_reason_of_a_fill():
    reached = set()
    for scenario, options in scenarios(5, count=500, n_bars=60, changes=10):
        for each in (options, dataclasses.replace(options, max_drawdown_halt=0.02, halt_policy="flatten")):
            fills = general.simulate_scenario(scenario, each).fills
            reached |= {REASONS[int(code)] for code in fills[:, postings.REASON]}
        if reached == set(REASONS):
            break
    assert reached == set(REASONS)


@pytest.mark.parametrize("seed", range(10))
def test_general_kernel_gives_the_bits_of_the_fast_loops(seed):
    # Plain runs: 60 bars in whole cents, market orders of one symbol, ample volume, with and without levels.
    rng = np.random.default_rng(seed)
    close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.03, 60))), 2)
    open_ = np.round(close * np.exp(rng.normal(0, 0.01, 60)), 2)
    high, low = np.round(np.maximum(open_, close) * 1.01, 2), np.round(np.minimum(open_, close) * 0.99, 2)
    bars = make_bars(np.column_stack((open_, high, low, close, np.full(60, 1e9))).tolist())
    codes = decisions.from_codes(rng.choice(np.array([0, 0, 1, -1, 2], dtype=np.int8), 60), 60)
    stop, target, trail = ((None, None, None), (0.04, 0.06, None), (0.08, None, 0.05))[seed % 3]
    options = RunOptions(
        weight=1.0, size_at=("open", "prior_close")[seed % 2], lot=(None, 1.0, 1e-6)[seed % 3], stop_loss=stop, take_profit=target,
        trailing_stop=trail, posting_rounding=(None, 0.01)[seed % 2], end=("mark", "liquidate")[seed % 2],
        costs=Costs(commission_rate=0.001, slippage_bps=5.0), max_volume_participation=None,
    )  # fmt: skip
    fast = running.simulate(bars, codes, options)
    slow = general.simulate_scenario(preparing.scenario_of(bars, codes, options), options)
    assert fast.events.shape[1] == 3  # a fast loop took it
    np.testing.assert_array_equal(slow.fills, fast.fills)
    np.testing.assert_array_equal(slow.cash, fast.cash)
    np.testing.assert_array_equal(slow.equity, fast.equity)
    np.testing.assert_array_equal(slow.position, fast.position)
    assert Counter(log_lines(slow)) == Counter(log_lines(fast))
