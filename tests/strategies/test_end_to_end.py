"""Strategies through the decimal simulator, by hand: from decision to fill."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.execution.costs import Costs
from investiq.execution.options import options_of
from investiq.execution.scenario import Scenario
from investiq.execution.simulator import simulate_scenario
from investiq.strategies import AtrBrackets, EqualWeightMonthly, FixedShares, RandomEntries, Sized, WinRateGate

FREE = {"costs": Costs(commission_rate=0.0, slippage_bps=0.0), "max_volume_participation": None, "cash_sweep_rate": 0.0}


def scenario(bars, **decided):
    """Return the scenario of one symbol."""
    market = {name: getattr(bars, name)[np.newaxis] for name in ("open", "high", "low", "close", "volume")}
    return Scenario(symbols=("TEST",), ts=bars.ts, sessions=np.arange(len(bars)), **market, **decided)


def run(strategy, bars, gate=None, **options):
    chosen = options_of({**strategy.run_options, **FREE, **options})
    return simulate_scenario(scenario(bars, signals=tuple(strategy.signals(bars))), chosen, gate=gate)


def fills(simulation):
    return [(fill.bar, fill.side, fill.quantity, fill.price, fill.reason) for fill in simulation.fills]


def test_a_bracket_closes_at_its_stop(bars_of, scripted):
    # Bought at the open of bar 2 at 10; the stop is 5 % below the deciding close of 10; bar 4 opens at 9.8, low 9.3.
    strategy = AtrBrackets(strategy=Sized(strategy=scripted(codes=(0, 1, 0, 0, 0)), sizer=FixedShares(shares=100)))
    bars = bars_of([10, 10, 10.2, 10.3, 9.8])
    assert fills(run(strategy, bars)) == [
        (2, "buy", 100, Decimal("10.2"), "signal"),
        (4, "sell", 100, Decimal("9.5"), "stop"),
    ]


def test_a_bracket_closes_at_its_target(bars_of, scripted):
    # Target 11, 10 % above the deciding close; the high of bar 3, 11.1, trades through it.
    strategy = AtrBrackets(strategy=scripted(codes=(0, 1, 0, 0, 0)))
    assert fills(run(strategy, bars_of([10, 10, 10.2, 10.6, 9.8])))[1] == (3, "sell", 1000, Decimal(11), "target")


def test_sizes_are_shares_of_the_equity_at_the_decision(bars_of, scripted):
    # 0.25 of 100,000 at 10.
    strategy = scripted(codes=(1, 0, -1, 0), large=(0.25,) * 4)
    assert fills(run(strategy, bars_of([10, 11, 11, 11]))) == [
        (1, "buy", 2500, 11, "signal"),
        (3, "sell", 2500, 11, "signal"),
    ]


def test_random_trades_are_held_as_long_as_they_should_be(bars_of):
    strategy = RandomEntries(holding_bars=(4, 1, 2), span=30, seed=5)
    trips = run(strategy, bars_of([10.0] * 30)).round_trips
    assert sorted(trip.bars_held for trip in trips) == [1, 2, 4]


def test_a_gate_shuts_after_twenty_losses(bars_of, scripted):
    # Bought at 10 and sold at 9, again and again: the k-th trade ends on bar 2k, where the next one is decided.
    strategy, bars = scripted(codes=(1, -1) * 25), bars_of([9.0, 10.0] * 25)
    assert len(run(strategy, bars).round_trips) == 25
    # With a half-life of 252 bars, 21 trades weigh (1 - q ** 21) / (1 - q) = 19.89 for q = 0.5 ** (2 / 252), and 22 weigh 20.78.
    gated = run(strategy, bars, gate=WinRateGate())
    assert len(gated.round_trips) == 22
    assert all(trip.pnl < 0 for trip in gated.round_trips)


def test_equal_weights_are_bought_at_the_open_after_the_close_that_decides(bars_of):
    from investiq.history.panel import Panel

    bars = bars_of([10.0] * 33)
    weights = 0.5 * EqualWeightMonthly().target_weights(Panel.of([bars]))
    simulation = simulate_scenario(scenario(bars, targets=weights), options_of(FREE))
    assert fills(simulation)[0][:3] == (1, "buy", 5000)


def test_unknown_sizes_are_refused(bars_of, scripted):
    with pytest.raises(DataError, match="sizes must be None or one number per bar"):
        run(scripted(codes=(1, 0), large=(0.1,)), bars_of([10, 10]))
