"""One label of a run as the simulator takes it: the bars of all symbols at one moment, and what comes with them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.execution.decimals import exact
from investiq.execution.options import RunOptions
from investiq.execution.price_bars import PriceBar
from investiq.execution.scenario import Delisting, Dividend, Scenario, Split

__all__ = ["Label", "check_inputs", "labels_of"]


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is known of one moment, by symbol; a symbol that is not named has no value.

    Attributes
    ----------
    ts : date or datetime
    session : int
        Its number, where those without a bar count.
    ends_session : bool
        Whether it is the last label of its session.
    bars : mapping of str to PriceBar
    splits, dividends, delistings : tuple
        With this label as ex-date, or the first one after the symbol's last bar.
    targets : mapping of str to Decimal
        Weights decided at this close.
    atr, size_multiplier, volatility, average_volume : mapping of str to Decimal
        Known at this close.
    sweep_rate, debit_rate : Decimal or None
        Annual rates in place of the options' constants; `borrow_rates` by symbol.
    not_shortable : frozenset of str
    entries_allowed : bool
    """

    ts: date
    session: int
    ends_session: bool = True
    bars: Mapping[str, PriceBar]
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    delistings: tuple[Delisting, ...] = ()
    targets: Mapping[str, Decimal] = field(default_factory=dict)
    atr: Mapping[str, Decimal] = field(default_factory=dict)
    size_multiplier: Mapping[str, Decimal] = field(default_factory=dict)
    volatility: Mapping[str, Decimal] = field(default_factory=dict)
    average_volume: Mapping[str, Decimal] = field(default_factory=dict)
    borrow_rates: Mapping[str, Decimal] = field(default_factory=dict)
    sweep_rate: Decimal | None = None
    debit_rate: Decimal | None = None
    not_shortable: frozenset[str] = frozenset()
    entries_allowed: bool = True


def check_inputs(scenario: Scenario, options: RunOptions) -> None:
    """Refuse options that need a column which the scenario does not have, or that contradict it.

    Raises
    ------
    ConfigError
        If so, or if weights are given without a rule of when to trade to them.
    UnknownSymbolError
        If a weight is of a symbol that is not traded.
    """
    needs = (
        ("atr", options.atr_stop or options.atr_target or options.atr_trail, "levels in multiples of the range"),
        ("size_multiplier", options.regime_sizing, "regime_sizing"),
        ("volatility", options.costs.impact, "market impact"),
        ("average_volume", options.costs.impact or options.volume_basis == "adv20", "impact and volume_basis='adv20'"),
        ("entries_allowed", options.entry_hours, "entry_hours"),
    )
    for column, is_needed, what in needs:
        if is_needed and getattr(scenario, column) is None:
            raise ConfigError(
                f"{what} needs the scenario's column {column!r}, which is missing; compute it from the bars"
            )
    if options.symbol_weights is not None and options.rebalance is None:
        raise ConfigError(
            "symbol_weights were given without rebalance; say when to trade to them (a number of bars, or 'month_start')"
        )
    for symbol in options.symbol_weights or ():
        scenario.row(symbol)
    if scenario.targets is not None and options.rebalance is not None:
        raise ConfigError(
            f"the scenario has target weights, and the options rebalance={options.rebalance!r}; leave one of them out"
        )
    if options.fill == "same_close" and scenario.signals:
        raise ConfigError(
            "fill='same_close' fills target weights at the close that decided them, and this run has signals; "
            "give target weights, or leave fill at 'next_open'"
        )
    least = 0.0 if scenario.targets is None else float(np.nanmin(scenario.targets, initial=0.0))
    least = min((least, *(options.symbol_weights or {}).values()))
    if least < 0 and not options.allow_short:
        raise ConfigError(f"target weights go down to {least:g}; a negative weight is a short: set allow_short=True")


def labels_of(scenario: Scenario) -> Iterator[Label]:
    """Yield the labels of a scenario, each number as the decimal that its float64 prints."""
    moments = scenario.ts.tolist()
    ends = np.append(scenario.sessions[1:] != scenario.sessions[:-1], True)
    for bar in range(scenario.n_bars):
        yield Label(
            ts=moments[bar],
            session=int(scenario.sessions[bar]),
            ends_session=bool(ends[bar]),
            bars=_bars(scenario, bar, moments[bar]),
            splits=tuple(each for each in scenario.splits if each.bar == bar),
            dividends=tuple(each for each in scenario.dividends if each.bar == bar),
            delistings=tuple(each for each in scenario.delistings if each.bar == bar),
            targets=_values(scenario, scenario.targets, bar),
            atr=_values(scenario, scenario.atr, bar),
            size_multiplier=_values(scenario, scenario.size_multiplier, bar),
            volatility=_values(scenario, scenario.volatility, bar),
            average_volume=_values(scenario, scenario.average_volume, bar),
            borrow_rates=_values(scenario, scenario.borrow_rates, bar),
            sweep_rate=_rate(scenario.sweep_rates, bar),
            debit_rate=_rate(scenario.debit_rates, bar),
            not_shortable=_not_shortable(scenario, bar),
            entries_allowed=scenario.entries_allowed is None or bool(scenario.entries_allowed[bar]),
        )


def _bars(scenario: Scenario, bar: int, ts: date) -> dict[str, PriceBar]:
    bars = {}
    for row, symbol in enumerate(scenario.symbols):
        prices = [float(column[row, bar]) for column in (scenario.open, scenario.high, scenario.low, scenario.close)]
        if any(map(math.isnan, prices)):
            continue
        opening, high, low, close = map(exact, prices)
        volume = float(scenario.volume[row, bar])
        bars[symbol] = PriceBar(
            ts=ts,
            open=opening,
            high=high,
            low=low,
            close=close,
            volume=None if math.isnan(volume) else exact(volume),
        )
    return bars


def _values(scenario: Scenario, grid: NDArray[np.float64] | None, bar: int) -> dict[str, Decimal]:
    if grid is None:
        return {}
    column = ((symbol, float(grid[row, bar])) for row, symbol in enumerate(scenario.symbols))
    return {symbol: exact(value) for symbol, value in column if not math.isnan(value)}


def _rate(rates: NDArray[np.float64] | None, bar: int) -> Decimal | None:
    return None if rates is None or math.isnan(rates[bar]) else exact(float(rates[bar]))


def _not_shortable(scenario: Scenario, bar: int) -> frozenset[str]:
    if scenario.shortable is None:
        return frozenset()
    return frozenset(symbol for row, symbol in enumerate(scenario.symbols) if not scenario.shortable[row, bar])
