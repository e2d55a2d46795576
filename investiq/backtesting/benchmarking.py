"""The benchmark of a run: buying and holding under the same options."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from investiq.backtesting import cautions, portfolio, running
from investiq.backtesting.decisions import from_codes
from investiq.core.manifest import plain
from investiq.history.bars import Bars
from investiq.strategies.buy_and_hold import BuyAndHold

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["benchmark_of"]

# A benchmark holds what it bought: no level, limit or rule of the strategy acts on it.
_HELD: Final[dict[str, Any]] = {
    "weight": 1.0,
    "lot": None,
    "insufficient": "reduce",
    "stop_loss": None,
    "take_profit": None,
    "trailing_stop": None,
    "atr_stop": None,
    "atr_target": None,
    "atr_trail": None,
    "hold_bars": None,
    "allow_short": False,
    "reverse": False,
    "max_entries": 1,
    "max_positions": None,
    "margin": 1.0,
    "symbol_weights": None,
    "rebalance": None,
    "fill": "next_open",
    "max_drawdown_halt": None,
    "regime_sizing": None,
    "max_entries_per_day": None,
    "entry_hours": None,
    "max_volume_participation": None,
}


def benchmark_of(result: BacktestResult) -> BacktestResult:
    """Return buying and holding the benchmark of `result`, or its own data in equal parts."""
    from investiq.backtesting.result import BacktestResult, data_of, parameters_of

    data = result.data if result.benchmark_bars is None else result.benchmark_bars
    strategy = BuyAndHold()
    options = dataclasses.replace(result.options, **_HELD)
    decided = None
    if isinstance(data, Bars):
        run = running.simulate(data, from_codes(strategy.decide(data), len(data)), options)
    else:
        options = dataclasses.replace(options, band=0.0)
        decided = portfolio.target_weights(None, data, options)
        run = portfolio.run(decided, data, options)
    manifest = dataclasses.replace(
        result.manifest,
        data=data_of(data),
        parameters=plain(parameters_of(strategy, options, result.convention)),
    )
    return BacktestResult(
        data=data,
        strategy=strategy,
        options=options,
        convention=result.convention,
        manifest=manifest,
        run=run,
        decided=decided,
        notes=cautions.notes_of(data, run, options=options),
    )
