"""A check that decisions do not read the future: some of them are taken again with all later bars cut off."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.decisions import BOTH, BUY, SELL, Decisions
from investiq.backtesting.plans import Plan, check_signal_bars, plan_of
from investiq.backtesting.portfolio import PanelPlan, decided_on
from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.history.panel import Panel
from investiq.strategies.base import PanelStrategy, Strategy

__all__ = ["PREFIXES", "check_panel_plan", "check_plan", "sampled_bars"]

# Decisions taken again, half of them among the bars on which something was decided.
PREFIXES: Final = 12
# Fixed, so that equal runs are checked, and pass or fail, alike.
SEED: Final = 20240105
_WORDS: Final = {0: "nothing", BUY: "buy", SELL: "sell", BOTH: "buy and sell"}


def check_plan(strategy: Strategy, bars: Bars, plan: Plan) -> None:
    """Refuse a strategy whose decision of a bar changes when all later bars are cut off.

    Samples `PREFIXES` bars, so that passing is no proof.

    Parameters
    ----------
    strategy : Strategy
        Those of the package are not checked here.
    bars : Bars
    plan : Decisions or tuple of Signal
        What it decided on all of `bars`.

    Raises
    ------
    DataError
        If a decision differs, or an order is of a bar that is not there.
    """
    # Held to the same law by the tests of the package, on many more prefixes.
    if type(strategy).__module__.startswith("investiq.strategies."):
        return
    if not isinstance(plan, Decisions):
        check_signal_bars(strategy, plan, len(bars))
    for bar in sampled_bars(_codes(plan, len(bars)), strategy.warmup):
        whole, alone = _decided(plan, bar), _decided(plan_of(strategy, bars[: bar + 1]), bar)
        if alone != whole:
            raise DataError(
                f"{strategy.name} reads later bars, or does not decide alike twice: for {label_text(bars.ts[bar], bars.interval)} "
                f"(bar {bar}) it decided {_words(whole)} with all {len(bars)} bars, and {_words(alone)} with the "
                "bars up to that one; decide each bar from bars up to it only"
            )


def check_panel_plan(strategy: Strategy, panel: Panel, plan: PanelPlan, options: RunOptions) -> None:
    """Refuse a strategy whose decisions on a panel change when all later bars are cut off; as `check_plan`.

    Parameters
    ----------
    strategy : Strategy
    panel : Panel
    plan : tuple of Signal, or ndarray of shape (n_symbols, n_bars)
        What it decided on all of `panel`.
    options : RunOptions

    Raises
    ------
    DataError
        If a decision differs.
    """
    if type(strategy).__module__.startswith("investiq.strategies."):
        return
    codes = np.zeros(panel.ts.size, dtype=np.int8)
    if isinstance(plan, np.ndarray):
        codes[(~np.isnan(plan)).any(axis=0)] = 1
    else:
        codes[[signal.bar for signal in plan]] = 1
    for bar in sampled_bars(codes, strategy.warmup):
        part = panel.first(bar + 1)
        alone = decided_on(strategy, part, _of_members(options, part))
        known = [symbol in part.symbols for symbol in sorted(panel.symbols)]
        whole = plan[known] if isinstance(plan, np.ndarray) else plan
        if not _agree(whole, alone, bar):
            raise DataError(
                f"{strategy.name} reads later bars, or does not decide alike twice: its decisions for "
                f"{label_text(panel.ts[bar], panel.interval)} (bar {bar}) change when all later bars are cut off; decide "
                f"each bar from bars up to it only{_hint(strategy, panel, part)}"
            )


def _of_members(options: RunOptions, panel: Panel) -> RunOptions:
    """Return the options without the weights of symbols that `panel` does not hold."""
    if options.symbol_weights is None:
        return options
    kept = {symbol: weight for symbol, weight in options.symbol_weights.items() if symbol in panel.symbols}
    return dataclasses.replace(options, symbol_weights=kept)


def _hint(strategy: Strategy, panel: Panel, part: Panel) -> str:
    if len(part) == len(panel) or not isinstance(strategy, PanelStrategy):
        return ""
    return f"; {len(part)} of the {len(panel)} symbols had begun by then: count those that have a bar"


def _agree(plan: PanelPlan, alone: PanelPlan, bar: int) -> bool:
    if isinstance(plan, np.ndarray) and isinstance(alone, np.ndarray):
        return bool(np.allclose(plan[:, bar], alone[:, bar], rtol=1e-10, atol=1e-12, equal_nan=True))
    whole, part = (tuple(signal for signal in each if signal.bar == bar) for each in (plan, alone))
    return whole == part


def _decided(plan: Plan, bar: int) -> int | tuple[Signal, ...]:
    if isinstance(plan, Decisions):
        return int(plan.codes[bar])
    return tuple(signal for signal in plan if signal.bar == bar)


def _codes(plan: Plan, n_bars: int) -> NDArray[np.int8]:
    """Return where something was decided, as a number that is not 0."""
    if isinstance(plan, Decisions):
        return plan.codes
    codes = np.zeros(n_bars, dtype=np.int8)
    codes[[signal.bar for signal in plan]] = 1
    return codes


def _words(decided: int | tuple[Signal, ...]) -> str:
    if isinstance(decided, int):
        return _WORDS[decided]
    return " and ".join(map(_order_words, decided)) or "nothing"


def _order_words(signal: Signal) -> str:
    given = {name: value for name, value in vars(signal).items() if value not in (None, "")}
    del given["bar"], given["side"]
    return f"{signal.side} ({', '.join(f'{name} {value}' for name, value in given.items())})"


def sampled_bars(decisions: NDArray[np.int8], warmup: int) -> list[int]:
    """Return the bars to check, ascending: one of each part of the run from `warmup` on, and of its decisions.

    The last bar is none, since its decision is dropped; the one before it always is.
    """
    last = decisions.size - 2
    possible = np.arange(warmup, last + 1)
    decided = possible[decisions[possible] != 0]
    random = np.random.default_rng(SEED)
    parts = [*np.array_split(possible[:-1], PREFIXES // 2 - 1), *np.array_split(decided, PREFIXES // 2)]
    return sorted({last, *(int(random.choice(part)) for part in parts if part.size)})
