"""From options and decisions to a finished run: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import kernel, postings
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.steps import FromFills, Steps
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.execution.sessions import is_absent_for_long
from investiq.history.bars import Bars

if TYPE_CHECKING:
    from investiq.core.orders import Signal
    from investiq.history.panel import Panel

__all__ = ["LOOPS", "Run", "compile_loop", "has_actions", "loop_of", "needs_general", "simulate"]

FloatArray = NDArray[np.float64]

LOOPS: Final = (kernel.simulate_signals, kernel.simulate_levels)

# The choices under which a step that the small loops leave out cannot act.
_PLAIN: Final[dict[str, Any]] = {
    "tick_size": None,
    "min_notional": 0.0,
    "fill": "next_open",
    "atr_stop": None,
    "atr_target": None,
    "atr_trail": None,
    "hold_bars": None,
    "allow_short": False,
    "reverse": False,
    "max_entries": 1,
    "margin": 1.0,
    "cash_sweep_rate": 0.0,
    "settlement": "instant",
    "symbol_weights": None,
    "rebalance": None,
    "volume_basis": "bar",
    "max_drawdown_halt": None,
    "regime_sizing": None,
    "max_entries_per_day": None,
    "entry_hours": None,
}


def _constant(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


# The kernel compiles once per type of argument, and a read-only array is a type: all that it reads is read-only.
_NO_INTEGERS: Final = _constant(np.empty(0, dtype=np.int64))
# Without a fee per share nothing is written to what was traded.
_NO_FEES: Final = postings.Fees(months=_NO_INTEGERS, tiers=np.empty((0, 2)), traded=np.zeros(2))
_NO_RECEIVABLES: Final = _constant(np.empty(0))
_NO_CASH_FLOWS: Final = _constant(np.empty((0, 4)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """The account of one run, as a kernel wrote it.

    Attributes
    ----------
    equity, cash : ndarray of float64, shape (n_bars,)
        At each close, after all costs.
    position : ndarray of float64, shape (n_bars,), or (n_symbols, n_bars) where several symbols are traded
        Shares at each close, negative for a short.
    fills : ndarray of float64, shape (n_fills, 11)
        In the order of time; columns as in `backtesting.postings`.
    events : ndarray, shape (n_events, 3), or float64 of shape (n_events, 5) of the general kernel
        Bar, code and count of what happened to orders without a fill; then row of the symbol and a value.
    decisions : Decisions
        Its codes are empty where signals or target weights were given instead.
    receivables : ndarray of float64, shape (n_bars,), or empty
        Dividends entitled to and not yet paid, at each close; payables negative.
    cash_flows : ndarray of float64, shape (n_flows, 4)
        Bar, kind, row of the symbol (-1 for none) and posted amount of what moved cash
        or receivables without a fill: interest, borrow fees, dividends, cash in lieu.
    """

    equity: FloatArray
    cash: FloatArray = FromFills()  # type: ignore[assignment]  # noqa: RUF009  # a descriptor, and no default
    position: FloatArray = FromFills()  # type: ignore[assignment]  # noqa: RUF009  # likewise
    fills: FloatArray
    events: NDArray[Any]
    decisions: Decisions
    receivables: FloatArray = field(default_factory=lambda: _NO_RECEIVABLES)
    cash_flows: FloatArray = field(default_factory=lambda: _NO_CASH_FLOWS)

    def __post_init__(self) -> None:
        for array in (
            self.equity, self.cash, self.position, self.fills, self.events, self.receivables, self.cash_flows
        ):  # fmt: skip
            array.setflags(write=False)

    @classmethod
    def of_steps(cls, steps: Steps, equity: FloatArray, events: NDArray[np.int64], decisions: Decisions) -> Run:
        """Return a run whose cash and position are built when they are first read."""
        run = cls.__new__(cls)
        for array in (equity, steps.fills, events):
            array.setflags(write=False)
        run.__dict__.update(
            equity=equity,
            fills=steps.fills,
            events=events,
            decisions=decisions,
            receivables=_NO_RECEIVABLES,
            cash_flows=_NO_CASH_FLOWS,
            steps=steps,
        )
        return run

    def exposure(self) -> float:
        """Return the share of bars with a position, of one symbol, at the close."""
        steps: Steps | None = self.__dict__.get("steps")
        invested = int(np.count_nonzero(self.position)) if steps is None else steps.bars_invested()
        return invested / self.equity.size


def simulate(data: Bars | Panel, decisions: Decisions | Sequence[Signal] | FloatArray, options: RunOptions) -> Run:
    """Run decisions through raw bars; the loop is chosen once, from the options and the data.

    Parameters
    ----------
    data : Bars or Panel
        As traded.
    decisions : Decisions, sequence of Signal, or ndarray of shape (n_symbols, n_bars)
        One code per bar of a single symbol, signals, or target weights.
    options : RunOptions

    Returns
    -------
    Run
        The same bits of fills, cash and equity from whichever loop took it.
    """
    if isinstance(data, Bars) and isinstance(decisions, Decisions):
        prepared = _prepared(options)
        run = None
        if prepared.loop is not None and _trades_always(data, options):
            run = _looped(data, decisions, options, prepared)
        if run is not None:
            return run
    from investiq.backtesting.general import simulate_scenario
    from investiq.backtesting.preparing import scenario_of

    run = simulate_scenario(scenario_of(data, decisions, options), options)
    return replace(run, decisions=decisions) if isinstance(decisions, Decisions) else run


def loop_of(data: Bars | Panel, options: RunOptions) -> Any:
    """Return the smaller loop that gives the run of the general kernel, or None where only that one can."""
    loop = _prepared(options).loop
    return loop if loop is not None and isinstance(data, Bars) and _trades_always(data, options) else None


class _Prepared(NamedTuple):
    """What follows from the options alone: the smaller loop, if one knows them all, and its rules."""

    loop: Any
    numbers: FloatArray
    lot: postings.Grid


@lru_cache(maxsize=64)
def _prepared(options: RunOptions) -> _Prepared:
    rules = rules_of(options)
    levels = (options.stop_loss, options.trailing_stop, options.take_profit)
    loop = kernel.simulate_signals if levels == (None, None, None) else kernel.simulate_levels
    fields = (each if isinstance(each, tuple) else (each,) for each in rules)
    numbers = np.array([number for each in fields for number in each], dtype=np.float64)
    return _Prepared(None if needs_general(options) else loop, _constant(numbers), rules.lot)


@lru_cache(maxsize=64)
def needs_general(options: RunOptions) -> bool:
    """Return whether an option can act that the small loops do not know."""
    costs, fees = options.costs, options.costs.per_share
    return any(
        (
            any(getattr(options, name) != value for name, value in _PLAIN.items()),
            costs.sell_fee_rate > 0,
            costs.impact is not None,
            fees is not None and fees.maximum_rate > 0,
        )
    )


def _trades_always(bars: Bars, options: RunOptions) -> bool:
    """Return whether no action and no bar or session without trade can touch an order or a position."""
    facts = _facts_of(bars)
    return (
        facts.has_all_sessions
        and not facts.has_actions
        and (options.zero_volume == "ignore" or not facts.has_zero_volume)
    )


class _Facts(NamedTuple):
    """What the choice of a loop needs to know of bars."""

    has_zero_volume: bool
    has_all_sessions: bool
    has_actions: bool


_FACTS: WeakKeyDictionary[Bars, _Facts] = WeakKeyDictionary()


def has_actions(bars: Bars) -> bool:
    """Return whether a split, dividend or other action lies inside the period of `bars`."""
    return _facts_of(bars).has_actions


def _facts_of(bars: Bars) -> _Facts:
    facts = _FACTS.get(bars)
    if facts is None:
        factors = (bars.split_factor, bars.total_factor)
        has_steps = any(bool((factor[1:] != factor[:-1]).any()) for factor in factors)
        facts = _FACTS[bars] = _Facts(
            has_zero_volume=bool((bars.volume == 0.0).any()),
            has_all_sessions=not is_absent_for_long(bars),
            has_actions=has_steps or any(action.kind != "symbol_change" for action in bars.actions),
        )
    return facts


def _looped(bars: Bars, decisions: Decisions, options: RunOptions, prepared: _Prepared) -> Run | None:
    """Return the run of the smaller loop; None where a fill or a fee turned out to be one that it does not know."""
    loop, numbers, lot = prepared
    codes = decisions.codes
    buys = int(np.count_nonzero(codes == kernel.BUY))
    equity = np.empty(codes.size)
    balances = np.empty(2 * buys)
    fills = np.empty((2 * buys, postings.FILL_COLUMNS))
    events = np.empty((buys, kernel.EVENT_COLUMNS), dtype=np.int64)
    fees = fees_of(options.costs, bars.ts)
    prices = (bars.open, bars.high, bars.low, bars.close)
    filled, written = loop(*prices, codes, numbers, *fees, equity, balances, fills, events)
    steps = Steps(float(options.initial_capital), balances[:filled], fills[:filled], codes.size)
    run = Run.of_steps(steps, equity, events[:written], decisions)
    share = options.max_volume_participation
    if share is not None and kernel.exceeds_volume(run.fills, bars.volume, share, lot.multiplier, lot.divisor):
        return None
    # A least fee that took more than an exit brought: margin and interest could act.
    return None if options.costs.per_share is not None and balances[:filled].min(initial=0.0) < 0.0 else run


def compile_loop(loop: Any) -> None:
    """Compile a loop, or load it from the disk cache, by running it over two bars."""
    prices = _constant(np.ones(2))
    days = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[us]")
    loop(
        *(prices,) * 4,
        _constant(np.zeros(2, dtype=np.int8)),
        _prepared(RunOptions()).numbers,
        *fees_of(Costs(), days),
        np.empty(2),
        np.empty(0),
        np.empty((0, postings.FILL_COLUMNS)),
        np.empty((0, kernel.EVENT_COLUMNS), dtype=np.int64),
    )
    kernel.exceeds_volume(_constant(np.empty((0, postings.FILL_COLUMNS))), prices, 1.0, 1.0, 1.0)


@lru_cache(maxsize=64)
def rules_of(options: RunOptions) -> postings.Rules:
    """Return the options as the plain numbers that the kernel reads."""
    costs = options.costs
    fees = costs.per_share
    return postings.Rules(
        initial_capital=float(options.initial_capital),
        weight=float(options.weight),
        size_at_open=options.size_at == "open",
        lot=grid_of(options.lot),
        posting=grid_of(options.posting_rounding),
        level=grid_of(options.level_rounding),
        slippage=float(costs.slippage_rate),
        commission_rate=float(costs.commission_rate),
        per_share=fees is not None,
        minimum_fee=float(fees.minimum_usd) if fees is not None else 0.0,
        maximum_fee=float(fees.maximum_usd) if fees is not None else 0.0,
        stop_loss=float(options.stop_loss or 0.0),
        trailing_stop=float(options.trailing_stop or 0.0),
        take_profit=float(options.take_profit or 0.0),
        target_on_touch=options.limit_fill == "touch",
        gaps_fill_at_limit=options.limit_gap == "limit",
        targets_slip=options.target_slippage,
        stop_beats_open=options.open_beyond_target == "stop_first",
        target_beats_stop=options.both_inside == "target",
        from_next_bar=options.stop_from == "next_bar",
        levels_first=options.level_order == "levels_first",
        trails_entry_bar=options.trail_entry_bar,
        reject_insufficient=options.insufficient == "reject",
        liquidate=options.end == "liquidate",
    )


def grid_of(unit: float | None) -> postings.Grid:
    """Return the multiples of `unit`, by division where its inverse is a whole number (0.01: 100)."""
    if unit is None:
        return postings.Grid(1.0, 0.0)
    inverse = round(1 / unit)
    if inverse > 1 and abs(unit * inverse - 1) < 1e-12:
        return postings.Grid(1.0, float(inverse))
    return postings.Grid(float(unit), 1.0)


def fees_of(costs: Costs, ts: NDArray[np.datetime64]) -> postings.Fees:
    """Return the tiers and calendar months of a fee per share; empty without one."""
    if costs.per_share is None:
        return _NO_FEES
    months = _constant(ts.astype("datetime64[M]").astype(np.int64))
    return postings.Fees(months=months, tiers=np.array(costs.per_share.tiers, dtype=np.float64), traded=np.zeros(2))
