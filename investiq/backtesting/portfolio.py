"""Portfolios: what a strategy decides on many symbols, and the account of target weights."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import postings, running
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.portfolio_kernel import Trading, WeightsBook, simulate_weights
from investiq.backtesting.price_sheet import PriceSheet
from investiq.backtesting.running import Run
from investiq.core.errors import ConfigError, DataError, InsufficientDataError, UnknownSymbolError, near_matches
from investiq.core.orders import Signal
from investiq.execution.options import RunOptions
from investiq.history.panel import Panel
from investiq.strategies.base import PanelStrategy, Strategy

__all__ = [
    "account_of_weights",
    "compile_weights",
    "decide",
    "decided_on",
    "is_plain",
    "plain_run",
    "rebalancing_bars",
    "run",
    "target_weights",
]

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]
# Signals of single symbols, or target weights of shape (n_symbols, n_bars), symbols ascending.
PanelPlan: TypeAlias = tuple[Signal, ...] | FloatArray

# Weights closer than this share of a limit are within it.
_EQUAL: Final = 1e-9
# The choices under which nothing but target weights, slippage and a percentage fee can act.
_PLAIN: Final[dict[str, Any]] = {
    "lot": None,
    "posting_rounding": None,
    "tick_size": None,
    "min_notional": 0.0,
    "stop_loss": None,
    "take_profit": None,
    "trailing_stop": None,
    "atr_stop": None,
    "atr_target": None,
    "atr_trail": None,
    "hold_bars": None,
    "max_positions": None,
    "margin": 1.0,
    "cash_sweep_rate": 0.0,
    "settlement": "instant",
    "max_volume_participation": None,
    "max_drawdown_halt": None,
    "max_entries_per_day": None,
    "entry_hours": None,
}


def run(plan: PanelPlan, panel: Panel, options: RunOptions) -> Run:
    """Run signals or target weights of many symbols through one account.

    Target weights without anything else take a loop of their own where it is exact;
    see `is_plain`.

    Parameters
    ----------
    plan : tuple of Signal, or ndarray of shape (n_symbols, n_bars)
        As `decide` returns it.
    panel : Panel
        As traded.
    options : RunOptions

    Returns
    -------
    Run
    """
    if isinstance(plan, np.ndarray):
        prices = PriceSheet.of(panel)
        if is_plain(prices, plan, options, [bool(actions) for actions in panel.actions]):
            return plain_run(prices, plan, options)
        # Rows of a plan stand in the order of names, those of a scenario's decisions in the order of its data.
        plan = plan[[prices.symbols.index(symbol) for symbol in panel.symbols]]
    return running.simulate(panel, plan, _without_schedule(options))


def decide(strategy: Strategy, panel: Panel, options: RunOptions) -> PanelPlan:
    """Return what `strategy` decides on a panel.

    A `PanelStrategy` gives target weights, which are traded whenever it gives any.
    Any other strategy decides on each symbol by itself; an entry is then sized to
    `weight` of the equity, or with `symbol_weights` to the weight of its symbol.
    `BuyAndHold` with `symbol_weights` or `rebalance` holds the weights.

    Raises
    ------
    ConfigError, UnknownSymbolError
        If the weights miss or misname a symbol, or exceed the margin, or if weights
        or a schedule are given to a strategy that has its own.
    InsufficientDataError
        If there are fewer bars than the strategy needs to decide and fill once.
    """
    if panel.ts.size < strategy.warmup + 2:
        raise InsufficientDataError(
            f"{strategy.name} needs {strategy.warmup + 2} bars to decide and fill once, the panel has {panel.ts.size}; "
            "load a longer period or choose shorter windows"
        )
    return decided_on(strategy, panel, options)


def decided_on(strategy: Strategy, panel: Panel, options: RunOptions) -> PanelPlan:
    """Return what `decide` does, however few bars there are."""
    from investiq.strategies.buy_and_hold import BuyAndHold

    _check_schedule(strategy, options)
    symbols = tuple(sorted(panel.symbols))
    if isinstance(strategy, PanelStrategy):
        found = np.asarray(strategy.target_weights(panel), dtype=np.float64)
        if found.shape != panel.close.shape:
            raise DataError(
                f"target_weights of {strategy.name} has shape {found.shape}, expected {panel.close.shape}: a row for each symbol"
            )
        ordered = found[[panel.symbols.index(symbol) for symbol in symbols]]
        return checked_weights(ordered, symbols, options)
    if isinstance(strategy, BuyAndHold) and (options.symbol_weights is not None or options.rebalance is not None):
        return target_weights(options.symbol_weights, panel, options)
    weights = None if options.symbol_weights is None else _weights_of(options.symbol_weights, symbols, options)
    plan: list[Signal] = []
    for row, symbol in enumerate(symbols):
        bars = panel.bars(symbol)
        at = np.searchsorted(panel.ts, bars.ts)
        for signal in strategy.signals(bars):
            changes: dict[str, Any] = {"bar": int(at[signal.bar]), "symbol": symbol}
            is_sized = signal.weight is not None or signal.quantity is not None or signal.notional is not None
            if weights is not None and not is_sized and weights[row] > 0:
                changes["weight"] = float(weights[row])
            plan.append(dataclasses.replace(signal, **changes))
    return tuple(sorted(plan, key=lambda signal: signal.bar))


def target_weights(weights: Mapping[str, float] | None, panel: Panel, options: RunOptions) -> FloatArray:
    """Return fixed weights as targets on the schedule of the options; equal ones where `weights` is None.

    Returns
    -------
    ndarray of float64, shape (n_symbols, n_bars)
        Symbols ascending; NaN where nothing is decided. Without a schedule each
        weight is decided once, at the first close of its symbol.

    Raises
    ------
    ConfigError
        If a symbol has no weight, or the weights exceed the margin.
    UnknownSymbolError
        If a weight is of a symbol that the panel does not hold.
    """
    symbols = tuple(sorted(panel.symbols))
    wished = _weights_of(weights, symbols, options)
    targets = np.full((len(symbols), panel.ts.size), np.nan)
    decided = rebalancing_bars(panel.ts, options)
    if options.rebalance is None:
        # A symbol that begins later than the others could not be bought with them.
        first = (~np.isnan(PriceSheet.of(panel).close)).argmax(axis=1)
        targets[np.arange(len(symbols)), np.maximum(first, decided[0])] = wished
    else:
        targets[:, decided] = wished[:, np.newaxis]
    return checked_weights(targets, symbols, options)


def rebalancing_bars(ts: NDArray[np.datetime64], options: RunOptions) -> IntegerArray:
    """Return the bars at whose close a rebalancing is decided.

    Every N bars: it trades in bars N, 2N and so on. ``"month_start"``: in the first
    session of each month, with same-close fills in bar 0 too. Decided a bar before,
    unless it fills at the close that decides it.
    """
    count, lag = ts.size, 0 if options.fill == "same_close" else 1
    if options.rebalance is None:
        traded = np.array([lag])
    elif options.rebalance == "month_start":
        months = ts.astype("datetime64[M]")
        traded = np.flatnonzero(np.append(lag == 0, months[1:] != months[:-1]))
    else:
        traded = np.arange(options.rebalance, count, options.rebalance)
    return traded[traded < count] - lag


def checked_weights(targets: FloatArray, symbols: Sequence[str], options: RunOptions) -> FloatArray:
    """Return the targets, refused where they are infinite, short without leave, or beyond the margin."""
    if np.isinf(targets).any():
        row, bar = (int(each[0]) for each in np.nonzero(np.isinf(targets)))
        raise DataError(
            f"the target weight of {symbols[row]} is {targets[row, bar]} in bar {bar}; give a finite share of equity, or NaN "
            "where nothing is decided"
        )
    gross = np.nansum(np.abs(targets), axis=0)
    bar = int(np.argmax(gross)) if gross.size else 0
    if gross.size and gross[bar] > options.margin * (1 + _EQUAL):
        raise ConfigError(
            f"target weights of bar {bar} add up to {gross[bar]:g} of the equity, more than the margin of {options.margin:g} "
            "allows; scale them down or raise margin"
        )
    if not options.allow_short and (targets < 0).any():
        row, bar = (int(each[0]) for each in np.nonzero(targets < 0))
        raise ConfigError(
            f"the target weight of {symbols[row]} is {targets[row, bar]:g} in bar {bar}; a weight below 0 is a short: allow it "
            "with allow_short=True"
        )
    return targets


def is_plain(prices: PriceSheet, targets: FloatArray, options: RunOptions, has_actions: Sequence[bool] = ()) -> bool:
    """Return whether `plain_run` gives the account of the general kernel.

    Long only, unrounded, without levels, actions, interest or limits, and every
    symbol has every bar with trade.
    """
    costs = options.costs
    return (
        all(getattr(options, name) == value for name, value in _PLAIN.items())
        and (costs.per_share, costs.impact, costs.sell_fee_rate) == (None, None, 0.0)
        and not any(has_actions)
        and not (targets < 0).any()
        and not np.isnan(prices.close).any()
        and not (options.zero_volume == "no_fill" and (prices.volume == 0.0).any())
        and all(bool((each == each[:, :1]).all()) for each in (prices.split_factor, prices.total_factor))
    )


def account_of_weights(
    prices: PriceSheet, targets: FloatArray, options: RunOptions
) -> tuple[WeightsBook, IntegerArray]:
    """Return the bare account of target weights, and the bars in which they were traded.

    Parameters
    ----------
    prices : PriceSheet
    targets : ndarray of float64, shape (n_symbols, n_bars)
        NaN where nothing is decided.
    options : RunOptions
        For which `is_plain` is true.
    """
    decided = np.flatnonzero((~np.isnan(targets)).any(axis=0))
    return weighed(prices, np.ascontiguousarray(targets[:, decided].T), decided, options)


def weighed(
    prices: PriceSheet, weights: FloatArray, decided: IntegerArray, options: RunOptions
) -> tuple[WeightsBook, IntegerArray]:
    """Return `account_of_weights` for `weights`, of shape (n_decisions, n_symbols), decided at the closes `decided`."""
    n_symbols, n_bars = prices.close.shape
    lag = 0 if options.fill == "same_close" else 1
    decided = decided[decided + lag < n_bars]
    weights = weights[: decided.size]
    filled = decided + lag
    book = WeightsBook(np.empty(n_bars), np.empty(n_bars), np.empty((decided.size, n_symbols)))
    trading = Trading(
        capital=float(options.initial_capital),
        slippage=float(options.costs.slippage_rate),
        commission_rate=float(options.costs.commission_rate),
        band=float(options.band),
        is_rejecting=options.insufficient == "reject",
        liquidates=options.end == "liquidate",
    )
    fill = prices.close if lag == 0 else prices.open
    simulate_weights(*map(_read_only, (prices.close, fill, weights, decided, filled)), trading, book)
    return book, filled


def plain_run(prices: PriceSheet, targets: FloatArray, options: RunOptions) -> Run:
    """Return the run of target weights, with its fills and positions."""
    book, filled = account_of_weights(prices, targets, options)
    n_bars = prices.ts.size
    lengths = np.diff(np.append(filled, n_bars))
    position = np.zeros(prices.close.shape)
    if filled.size:
        position[:, filled[0] :] = np.repeat(book.shares.T, lengths, axis=1)
    change = np.diff(book.shares, axis=0, prepend=0.0)
    price = (prices.close if options.fill == "same_close" else prices.open)[:, filled].T
    fills = _fills(change, price, filled, postings.REASON_REBALANCE, options)
    if options.end == "liquidate" and filled.size:
        last = np.array([n_bars - 1])
        fills = np.concatenate(
            (fills, _fills(-book.shares[-1:], prices.close[:, -1:].T, last, postings.REASON_END, options))
        )
        position[:, -1] = 0.0
    return Run(
        equity=book.equity,
        cash=book.cash,
        position=position[0] if len(prices.symbols) == 1 else position,
        fills=fills,
        events=np.empty((0, 5)),
        decisions=Decisions(codes=np.empty(0, dtype=np.int8)),
    )


def compile_weights() -> None:
    """Compile the loop of target weights, or load it from the disk cache, by running it over two bars."""
    ones, day = np.ones((1, 2)), np.zeros(1, dtype=np.int64)
    trading = Trading(1.0, 0.0, 0.0, 0.0, False, False)
    book = WeightsBook(np.empty(2), np.empty(2), np.empty((1, 1)))
    simulate_weights(*map(_read_only, (ones, ones, np.ones((1, 1)), day, day)), trading, book)


def _fills(change: FloatArray, price: FloatArray, bars: IntegerArray, reason: float, options: RunOptions) -> FloatArray:
    """Return the fills of `change`, of shape (n_rebalancings, n_symbols): by bar, sales first, symbols ascending."""
    step, symbol = np.nonzero(change)
    order = np.lexsort((symbol, change[step, symbol] > 0, step))
    step, symbol = step[order], symbol[order]
    quantity, side = np.abs(change[step, symbol]), np.sign(change[step, symbol])
    raw = price[step, symbol]
    paid = raw * (1.0 + side * options.costs.slippage_rate)
    fills = np.zeros((step.size, postings.FILL_COLUMNS))
    fills[:, postings.BAR] = bars[step]
    fills[:, postings.SIDE] = side
    fills[:, postings.QUANTITY] = quantity
    fills[:, postings.PRICE] = paid
    fills[:, postings.NOTIONAL] = quantity * paid
    fills[:, postings.FEE] = quantity * paid * options.costs.commission_rate
    fills[:, postings.SLIPPAGE] = quantity * np.abs(paid - raw)
    fills[:, postings.REASON] = reason
    fills[:, postings.SYMBOL] = symbol
    return fills


def _weights_of(weights: Mapping[str, float] | None, symbols: Sequence[str], options: RunOptions) -> FloatArray:
    """Return one weight for each symbol."""
    if weights is None:
        return np.full(len(symbols), 1.0 / len(symbols))
    for symbol in weights:
        if symbol not in symbols:
            raise UnknownSymbolError(
                f"symbol_weights names {symbol!r}, which is not in the panel{near_matches(symbol, symbols)}; it holds "
                f"{', '.join(symbols[:12])}{' and more' if len(symbols) > 12 else ''}"
            )
    if missing := [symbol for symbol in symbols if symbol not in weights]:
        raise ConfigError(
            f"symbol_weights has no weight for {', '.join(missing[:12])}; give every symbol of the panel one, 0.0 for none"
        )
    gross = math.fsum(abs(weight) for weight in weights.values())
    if gross > options.margin * (1 + _EQUAL):
        raise ConfigError(
            f"symbol_weights add up to {gross:g} of the equity, more than the margin of {options.margin:g} allows; scale them "
            "down or raise margin"
        )
    return np.array([float(weights[symbol]) for symbol in symbols])


def _check_schedule(strategy: Strategy, options: RunOptions) -> None:
    """Refuse a schedule or weights that would not be used."""
    from investiq.strategies.buy_and_hold import BuyAndHold

    if isinstance(strategy, BuyAndHold):
        return
    if options.rebalance is not None:
        raise ConfigError(
            f"rebalance={options.rebalance!r} is the schedule of fixed weights, which BuyAndHold holds; {strategy.name} decides "
            "itself when it trades: leave rebalance out"
        )
    if options.symbol_weights is not None and isinstance(strategy, PanelStrategy):
        raise ConfigError(
            f"symbol_weights were given, and {strategy.name} gives target weights of its own; leave symbol_weights out, or "
            "hold them with BuyAndHold"
        )


def _without_schedule(options: RunOptions) -> RunOptions:
    """Return the options without weights and schedule: the plan holds them already."""
    if options.symbol_weights is None and options.rebalance is None:
        return options
    return dataclasses.replace(options, symbol_weights=None, rebalance=None)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous view that cannot be written to: the kernel compiles once per type of argument."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
