"""The provenance of a backtest in words: data, strategy, order rules, costs, conventions, trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from investiq.core.facts import Fact
from investiq.execution.options import FRACTIONAL_LOT, RunOptions
from investiq.history.instants import label_text

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.history.bars import Bars

__all__ = ["TRIALS", "fill_rules", "provenance_of", "sizing_rules", "strategy_text"]

TRIALS: Final = "this one run; runs tried before it are not counted by this version"


def strategy_text(name: str, parameters: dict[str, object]) -> str:
    """Return a strategy as people write it.

    Examples
    --------
    >>> strategy_text("Crossover", {"fast": 20, "slow": 50})
    'Crossover (fast 20, slow 50)'
    """
    if not parameters:
        return name
    return f"{name} ({', '.join(f'{key} {value}' for key, value in parameters.items())})"


def sizing_rules(options: RunOptions) -> str:
    """Return how an entry is sized, in one line."""
    moment = "at the deciding close" if options.size_at == "prior_close" else "at the open that is traded"
    if options.lot is None:
        lot = "not rounded"
    elif options.lot == 1:
        lot = "whole shares"
    elif options.lot == FRACTIONAL_LOT:
        lot = "fractional shares of 1e-6"
    else:
        lot = f"lots of {options.lot:g} shares"
    shortage = "reduced to" if options.insufficient == "reduce" else "rejected beyond"
    return f"{options.weight * 100:g} % of the equity {moment}, {lot}, {shortage} the cash; opening capital {options.initial_capital:,.2f}"


def fill_rules(options: RunOptions) -> str:
    """Return when and where orders fill, in one line."""
    parts = ["decided at a close, filled at the next open"]
    if options.stop_loss is not None:
        parts.append(f"stop {options.stop_loss * 100:g} % below the entry fill, at the open on a gap")
    if options.take_profit is not None:
        how = "touched" if options.limit_fill == "touch" else "traded through"
        parts.append(f"target {options.take_profit * 100:g} % above the entry fill, filled when {how}")
    if options.zero_volume == "no_fill":
        parts.append("no fill in bars without volume")
    parts.append(
        "an open position is " + ("sold at the last close" if options.end == "liquidate" else "left open at the end")
    )
    return "; ".join(parts)


def provenance_of(result: BacktestResult) -> list[Fact]:
    """Return the quiet block under a backtest."""
    options, manifest = result.options, result.manifest
    packages = ", ".join(f"{name} {version}" for name, version in manifest.packages.items())
    rounding = (
        "not rounded" if options.posting_rounding is None else f"rounded half-even to {options.posting_rounding:g}"
    )
    return [
        *(Fact(label, value) for label, value in result.bars.describe()),
        *_benchmark(result.benchmark_bars),
        Fact("Strategy", strategy_text(result.strategy.name, result.strategy.parameters())),
        Fact("Sizing", sizing_rules(options)),
        Fact("Fills", fill_rules(options)),
        Fact("Costs", f"{options.costs.describe()}; cash amounts {rounding}"),
        Fact("Convention", result.convention.describe()),
        Fact("Trials", TRIALS),
        Fact("Code", f"InvestIQ {manifest.code_version}, Python {manifest.python}, {packages}"),
        Fact("Run at", manifest.created_at, "time"),
    ]


def _benchmark(bars: Bars | None) -> list[Fact]:
    """Return which bars a benchmark of its own holds."""
    if bars is None:
        return []
    passport = bars.passport
    origin = f"{bars.interval} bars from {passport.provider} ({passport.provenance})"
    return [
        Fact("Benchmark", f"buy and hold {bars.symbol}, {origin}, {_extent(bars)}, {passport.currency}"),
        Fact("SHA-256 of the benchmark", bars.fingerprint[:16]),
    ]


def _extent(bars: Bars) -> str:
    first, last = (label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
    return f"{first} to {last}, {len(bars):,} bars"
