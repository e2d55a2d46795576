"""A backtest in facts and words: its metrics; data, strategy, order rules, costs, conventions, trials."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.backtesting import pairing, postings
from investiq.backtesting.holdings import diversification_ratio
from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Fact, Unit
from investiq.execution.options import FRACTIONAL_LOT, RunOptions
from investiq.history.instants import label_text
from investiq.strategies.base import PanelStrategy

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.history.bars import Bars
    from investiq.strategies.base import Strategy

__all__ = [
    "NOT_COUNTED",
    "facts_of",
    "fill_rules",
    "provenance_of",
    "sizing_rules",
    "strategy_text",
    "strategy_title",
    "titled_parameters",
]

# Parameters that a title has room for.
_TITLED: Final = 4
NOT_COUNTED: Final = "not counted: this run is none of the ledger's, so its Sharpe ratio is not deflated"


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


def strategy_title(strategy: Strategy) -> str:
    """Return a strategy with what tells it apart: of more than four parameters only those that are not the defaults.

    Examples
    --------
    >>> from investiq.strategies import Crossover, Momentum
    >>> strategy_title(Crossover(fast=20, slow=50)), strategy_title(Momentum()), strategy_title(Momentum(window=90))
    ('Crossover (fast 20, slow 50)', 'Momentum', 'Momentum (window 90)')
    """
    return strategy_text(strategy.name, titled_parameters(strategy))


def titled_parameters(strategy: Strategy) -> dict[str, object]:
    """Return the parameters of a strategy; of more than four only those that are not the defaults."""
    parameters = strategy.parameters()
    if len(parameters) <= _TITLED:
        return parameters
    usual = {field.name: field.default for field in dataclasses.fields(strategy)}
    return {name: value for name, value in parameters.items() if name not in usual or value != usual[name]}


def facts_of(result: BacktestResult) -> tuple[Fact, ...]:
    """Return the metrics of a backtest, each with unit and convention."""
    from investiq.metrics.summary import performance_facts

    trips, fills = result.round_trips, result.run.fills
    closed = trips.is_closed
    return (
        Fact("Final equity", float(result.run.equity[-1]), "money", "after all costs"),
        *performance_facts(
            result.account,
            result.instants,
            trips.pnl[closed],
            (result.shares != 0.0).any(axis=0),
            result.convention,
            trade_returns=trips.returns[closed],
            fees=float(fills[:, postings.FEE].sum()),
            slippage=float(fills[:, postings.SLIPPAGE].sum()),
        ),
        *_other_money(result),
        _edge(result),
        _ambiguity(result),
        *_portfolio(result),
    )


def _other_money(result: BacktestResult) -> list[Fact]:
    """Return what a run paid and earned besides fees and slippage, where there was any."""
    flows = result.run.cash_flows
    interest = (flows[:, 1] == pairing.INTEREST) | (flows[:, 1] == pairing.DEBIT_INTEREST)
    amounts: tuple[tuple[str, float, str], ...] = (
        ("Total impact", float(result.run.fills[:, postings.IMPACT].sum()), "all fills"),
        ("Interest", float(flows[interest, 3].sum()), "earned less paid"),
        ("Borrow fees", -float(flows[flows[:, 1] == pairing.BORROW, 3].sum()), "on short positions"),
        ("Dividends", float(flows[flows[:, 1] == pairing.DIVIDEND, 3].sum()), "received less paid on shorts"),
    )
    return [Fact(label, amount, "money", convention) for label, amount, convention in amounts if amount]


def _edge(result: BacktestResult) -> Fact:
    from investiq.metrics.trade_excursions import edge_ratio

    closed = result.round_trips.is_closed
    reached, convention = result.excursions, "mean best / mean worst price before the exit"
    try:
        value, note = edge_ratio(reached.favourable[closed], reached.adverse[closed]), ""
    except InsufficientDataError as reason:
        value, note = float("nan"), str(reason) if closed.any() else "no closed trade"
    return Fact("Edge ratio", value, "ratio", convention, note)


def _ambiguity(result: BacktestResult) -> Fact:
    share = result.ambiguity_share
    note = "no closed trade" if share != share else ""
    return Fact("Ambiguous exits", share, "fraction", "stop and target both inside the bar", note)


def _portfolio(result: BacktestResult) -> list[Fact]:
    """Return what only several symbols, shorts or borrowed money make interesting."""
    holdings, equity = result.holdings, result.run.equity
    several = len(result.prices.symbols) > 1
    if not several and not holdings.short_value.any() and result.options.margin == 1.0:
        return []
    solvent = equity > 0
    gross = (holdings.long_value + holdings.short_value)[solvent] / equity[solvent]
    net = (holdings.long_value - holdings.short_value)[solvent] / equity[solvent]
    lines: list[tuple[str, float, Unit, str]] = [
        ("Average gross exposure", _mean(gross), "fraction", "long and short value / equity, mean of closes"),
        ("Average net exposure", _mean(net), "fraction", "long less short value / equity, mean of closes"),
        ("Peak gross exposure", float(gross.max(initial=0.0)), "fraction", "use of margin at a close"),
    ]
    facts = [Fact(label, value, unit, convention) for label, value, unit, convention in lines]
    if several:
        ratio, note = diversification_ratio(result.shares, result.prices)
        facts.append(
            Fact("Diversification ratio", ratio, "ratio", "mean volatility of the symbols / that of the mix", note)
        )
    return facts


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(values.mean()) if values.size else float("nan")


def sizing_rules(options: RunOptions, *, has_targets: bool = False) -> str:
    """Return how an entry is sized, in one line; `has_targets` where the strategy gives target weights of its own."""
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
    power = "the cash" if options.margin == 1.0 else f"{options.margin:g} times the equity"
    size = "target weights, of the equity" if has_targets else _size(options)
    if has_targets and options.band:
        size = f"target weights, traded where they are off by more than {options.band * 100:g} % of the equity"
    return f"{size} {moment}, {lot}, {shortage} {power}; opening capital {options.initial_capital:,.2f}"


def _size(options: RunOptions) -> str:
    if options.rebalance is None and options.symbol_weights is None:
        return f"{options.weight * 100:g} % of the equity"
    weights = "equal weights" if options.symbol_weights is None else "a weight of each symbol"
    if options.rebalance is None:
        return f"{weights}, of the equity"
    when = "in the first bar of each month" if options.rebalance == "month_start" else f"every {options.rebalance} bars"
    return f"{weights} anew {when} where they are off by more than {options.band * 100:g} % of the equity"


def fill_rules(options: RunOptions) -> str:
    """Return when and where orders fill, in one line."""
    if options.fill == "same_close":
        parts = ["target weights filled at the close that decided them"]
    else:
        parts = ["decided at a close, filled at the next open"]
    if options.stop_loss is not None:
        parts.append(f"stop {options.stop_loss * 100:g} % from the entry fill, at the open on a gap")
    if options.atr_stop is not None:
        parts.append(f"stop {options.atr_stop:g} x ATR({options.atr_window}) from the entry fill")
    if options.trailing_stop is not None:
        parts.append(f"trailing stop {options.trailing_stop * 100:g} % from the extreme, moved at closes")
    if options.atr_trail is not None:
        parts.append(f"trailing stop {options.atr_trail:g} x ATR({options.atr_window}) from the extreme")
    how = "touched" if options.limit_fill == "touch" else "traded through"
    if options.take_profit is not None:
        parts.append(f"target {options.take_profit * 100:g} % from the entry fill, filled when {how}")
    if options.atr_target is not None:
        parts.append(
            f"target {options.atr_target:g} x ATR({options.atr_window}) from the entry fill, filled when {how}"
        )
    if options.max_volume_participation is not None:
        parts.append(f"at most {options.max_volume_participation * 100:g} % of a bar's volume")
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
        *_data(result),
        *_benchmark(result.benchmark_bars),
        Fact("Strategy", strategy_text(result.strategy.name, result.strategy.parameters())),
        Fact("Sizing", sizing_rules(options, has_targets=isinstance(result.strategy, PanelStrategy))),
        Fact("Fills", fill_rules(options)),
        Fact("Costs", f"{options.costs.describe()}{_carry(options)}; cash amounts {rounding}"),
        Fact("Convention", result.convention.describe()),
        *_trials(result),
        Fact("Code", f"InvestIQ {manifest.code_version}, Python {manifest.python}, {packages}"),
        Fact("Run at", manifest.created_at, "time"),
    ]


def _carry(options: RunOptions) -> str:
    """Return what shorts and borrowed cash cost in a year, where a run may have them."""
    parts = []
    if options.allow_short:
        parts.append(f"borrow fee {options.borrow_rate * 100:g} % a year on shorts")
    if options.margin > 1.0:
        parts.append(f"margin {options.margin:g} times the equity")
    if options.debit_rate is not None:
        parts.append(f"debit interest {options.debit_rate * 100:g} % a year on borrowed cash")
    return "".join(f"; {part}" for part in parts)


def _trials(result: BacktestResult) -> list[Fact]:
    """Return how many trials there were with this one, and what they leave of it."""
    if result.ticket is None:
        return [Fact("Trials", NOT_COUNTED)]
    wanted = (
        "Trials",
        "Effective trials",
        "Deflated Sharpe ratio",
        "Probability of overfitting",
        "Minimum track record",
    )
    return [fact for fact in result.evidence.facts() if fact.label in wanted]


def _data(result: BacktestResult) -> list[Fact]:
    """Return where the prices come from: the passport of one symbol, or a summary of several."""
    if len(result.prices.symbols) == 1:
        return [Fact(label, value) for label, value in result.panel.bars(result.prices.symbols[0]).describe()]
    panel = result.panel
    providers = sorted({f"{each.provider} ({each.provenance})" for each in panel.passports})
    first, last = (label_text(ts, panel.interval) for ts in panel.ts[[0, -1]])
    return [
        Fact("Data", f"{len(panel)} symbols, {panel.interval} bars from {', '.join(providers)}"),
        Fact("Period", f"{first} to {last}, {panel.ts.size:,} bars"),
        Fact("Symbols", ", ".join(result.prices.symbols[:12]) + (" and more" if len(panel) > 12 else "")),
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
