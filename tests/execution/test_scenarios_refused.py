"""What a scenario run refuses, and what an entry gate may say."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError, UnknownSymbolError
from investiq.core.orders import Signal
from investiq.execution.costs import Costs, MarketImpact
from investiq.execution.options import RegimeSizing
from investiq.execution.scenario import Scenario
from investiq.execution.simulator import Simulator, simulate_scenario
from tests.execution.markets import flat_market, options


def scenario(closes, signals=(), symbols=("A",), **changes):
    """Flat bars at `closes`."""
    prices = np.array([closes] * len(symbols), dtype=float)
    count = len(closes)
    return Scenario(
        symbols=symbols,
        ts=np.datetime64("2024-01-01", "us") + np.arange(count) * np.timedelta64(1, "D"),
        sessions=np.arange(count),
        open=prices, high=prices, low=prices, close=prices, volume=np.full(prices.shape, np.nan),
        signals=tuple(signals), **changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"atr_stop": 2.0}, "atr"),
        ({"atr_trail": 2.0}, "atr"),
        ({"regime_sizing": RegimeSizing()}, "size_multiplier"),
        ({"costs": Costs(impact=MarketImpact())}, "volatility"),
        ({"volume_basis": "adv20"}, "average_volume"),
        ({"entry_hours": (9.5, 16.0)}, "entries_allowed"),
    ],
)
def test_an_option_without_its_column_is_refused(changes, column):
    with pytest.raises(ConfigError, match=f"column '{column}', which is missing"):
        simulate_scenario(scenario([100, 100]), options(**changes))


def test_weights_without_a_time_to_trade_to_them_are_refused():
    with pytest.raises(ConfigError, match="symbol_weights were given without rebalance"):
        simulate_scenario(scenario([100, 100]), options(symbol_weights={"A": 0.5}))


def test_a_weight_of_an_unknown_symbol_is_refused():
    with pytest.raises(UnknownSymbolError, match="no symbol 'B' in this run"):
        simulate_scenario(scenario([100, 100]), options(symbol_weights={"B": 0.5}, rebalance=1))


def test_a_bar_that_contradicts_itself_is_refused():
    low = np.array([[100.0, 101.0]])
    with pytest.raises(DataError, match="low <= open, close <= high"):
        simulate_scenario(dataclasses.replace(scenario([100, 100]), low=low), options())


def test_a_decision_without_a_symbol_is_refused_among_several():
    simulator = Simulator(options(), ("A", "B"))
    simulator.on_bar(flat_market(1)[0])
    with pytest.raises(DataError, match="a decision on '' came to the simulator of 'A', 'B'"):
        simulator.decide(Signal(bar=0, side="buy"))


def test_positions_of_several_symbols_have_no_single_series():
    run = simulate_scenario(scenario([100, 100], symbols=("A", "B")), options())
    with pytest.raises(DataError, match="the run has 2 symbols, expected one"):
        _ = run.position


BUY_SELL_BUY = [Signal(bar=0, side="buy"), Signal(bar=1, side="sell"), Signal(bar=2, side="buy")]


def test_a_gate_sees_the_prior_close_and_the_trades_closed_by_then():
    # 500 bought at 100, sold at 110: the entry of bar 2 knows 105,000 and a profit of 5,000; so does its size.
    states = []

    def gate(state):
        states.append((state.bar, state.equity, state.cash, [trip.pnl for trip in state.round_trips]))
        return 0.5

    run = simulate_scenario(scenario([100, 100, 110, 110], BUY_SELL_BUY), options(weight=1.0), gate=gate)
    # 0.5 x 100,000 / 100 = 500; then 0.5 x 105,000 / 110 = 477.
    assert [fill.quantity for fill in run.fills] == [500, 500, 477]
    assert states == [(0, 100_000, 100_000, []), (2, 105_000, 105_000, [Decimal(5_000)])]


def test_a_gate_refuses_entries_and_never_exits():
    run = simulate_scenario(
        scenario([100, 100, 110, 110], BUY_SELL_BUY), options(), gate=lambda state: not state.round_trips
    )
    assert [fill.side for fill in run.fills] == ["buy", "sell"]
    assert run.log == ((3, "entry refused: gate"),)


def test_a_gate_that_asks_for_more_than_the_size_is_refused():
    with pytest.raises(DataError, match=r"an entry gate answered 1.5; expected True, False or a factor in \[0, 1\]"):
        simulate_scenario(scenario([100, 100], BUY_SELL_BUY[:1]), options(), gate=lambda _: 1.5)
