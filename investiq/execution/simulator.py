"""Whole runs in exact decimals: a scenario, or the bars of one symbol, through the bar-by-bar simulator."""

from __future__ import annotations

from collections.abc import Iterable

from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.execution.drafting import Gate
from investiq.execution.labels import check_inputs, labels_of
from investiq.execution.options import RunOptions
from investiq.execution.outcome import Simulation
from investiq.execution.price_bars import PriceBar, price_bars
from investiq.execution.scenario import Scenario
from investiq.execution.stepping import Simulator
from investiq.history.bars import Bars

__all__ = ["Simulator", "simulate", "simulate_scenario"]


def simulate_scenario(scenario: Scenario, options: RunOptions, *, gate: Gate | None = None) -> Simulation:
    """Run a scenario and return what happened.

    Parameters
    ----------
    scenario : Scenario
    options : RunOptions
    gate : callable, optional
        Takes the `AccountState` of a close that decided an entry, with the trades
        closed by then, and answers whether entries may follow, or a factor in
        [0, 1] of their size.

    Raises
    ------
    ConfigError
        If options need a column that the scenario does not have.
    UnknownSymbolError
        If a weight is of a symbol that is not traded.
    DataError
        If a bar contradicts itself, or the gate answers something else.

    Examples
    --------
    >>> import numpy as np
    >>> prices = np.array([[100.0, 102.0, 104.0]])
    >>> scenario = Scenario(
    ...     symbols=("A",),
    ...     ts=np.arange("2024-01-02", 3, dtype="datetime64[D]").astype("datetime64[us]"),
    ...     sessions=np.arange(3),
    ...     open=prices,
    ...     high=prices,
    ...     low=prices,
    ...     close=prices,
    ...     volume=np.full((1, 3), np.nan),
    ...     signals=(Signal(bar=0, side="buy"),),
    ... )
    >>> [(fill.bar, str(fill.quantity)) for fill in simulate_scenario(scenario, RunOptions(end="mark")).fills]
    [(1, '100')]
    """
    check_inputs(scenario, options)
    by_bar: dict[int, list[Signal]] = {}
    for signal in scenario.signals:
        by_bar.setdefault(signal.bar, []).append(signal)
    simulator = Simulator(options, scenario.symbols, gate=gate)
    for number, label in enumerate(labels_of(scenario)):
        simulator.on_label(label)
        for signal in by_bar.get(number, ()):
            simulator.decide(signal)
    return simulator.finish()


def simulate(
    bars: Bars | Iterable[PriceBar], signals: Iterable[Signal], options: RunOptions, symbol: str = ""
) -> Simulation:
    """Run signals over the bars of one symbol and return what happened.

    Parameters
    ----------
    bars : Bars or iterable of PriceBar
        As traded.
    signals : iterable of Signal
        In any order; those of one bar keep theirs.
    options : RunOptions
    symbol : str, optional
        Name on the fills; that of `bars` where they have one.

    Raises
    ------
    DataError
        If a signal is of a bar that does not exist, or the bars are adjusted.
    """
    if isinstance(bars, Bars):
        symbol = symbol or bars.symbol
        bars = price_bars(bars)
    by_bar: dict[int, list[Signal]] = {}
    for signal in signals:
        by_bar.setdefault(signal.bar, []).append(signal)
    simulator = Simulator(options, symbol)
    count = 0
    for count, bar in enumerate(bars, start=1):
        simulator.on_bar(bar)
        for signal in by_bar.pop(count - 1, ()):
            simulator.decide(signal)
    if by_bar:
        raise DataError(f"a signal is of bar {max(by_bar)}, but only {count} bars were given, counted from 0; drop it")
    return simulator.finish()
