"""From options and decisions to a finished run: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import kernel, postings
from investiq.backtesting.decisions import Decisions
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.execution.sessions import ENTRY_SESSIONS, is_absent_for_long, session_numbers

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["LOOPS", "Run", "compile_loop", "loop_of", "orders_wait", "simulate"]

FloatArray = NDArray[np.float64]

LOOPS: Final = (kernel.simulate_signals, kernel.simulate_levels)


def _constant(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


# The kernel compiles once per type of argument, and a read-only array is a type: all that it reads is read-only.
_NO_FLOATS: Final = _constant(np.empty(0))
_NO_INTEGERS: Final = _constant(np.empty(0, dtype=np.int64))


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
    cash: FloatArray
    position: FloatArray
    fills: FloatArray
    events: NDArray[Any]
    decisions: Decisions
    receivables: FloatArray = field(default_factory=lambda: np.empty(0))
    cash_flows: FloatArray = field(default_factory=lambda: np.empty((0, 4)))

    def __post_init__(self) -> None:
        for name in ("equity", "cash", "position", "fills", "events", "receivables", "cash_flows"):
            getattr(self, name).flags.writeable = False


def simulate(bars: Bars, decisions: Decisions, options: RunOptions) -> Run:
    """Run `decisions` through raw `bars`; the loop is chosen once, from the options and the data.

    Parameters
    ----------
    bars : Bars
        As traded.
    decisions : Decisions
    options : RunOptions

    Returns
    -------
    Run
    """
    waits = orders_wait(bars, options)
    n_bars = len(bars)
    volume = bars.volume if _has_quiet_bars(bars, options) else _NO_FLOATS
    market = kernel.Market(open=bars.open, high=bars.high, low=bars.low, close=bars.close, volume=volume)
    orders = kernel.Orders(
        decisions=decisions.codes,
        confidence=decisions.confidence if waits else _NO_FLOATS,
        expires=expiries_of(session_numbers(bars), bars.ts) if waits else _NO_INTEGERS,
    )
    loop = loop_of(options, waits)
    buys = int(np.count_nonzero(decisions.codes == kernel.BUY))
    book = _empty_book(n_bars, buys, events=buys if loop is kernel.simulate_signals else 4 * n_bars)
    fills, events = loop(market, orders, rules_of(options), fees_of(options.costs, bars.ts), book)
    return Run(
        equity=book.equity,
        cash=book.cash,
        position=book.position,
        fills=book.fills[:fills],
        events=book.events[:events],
        decisions=decisions,
    )


def orders_wait(bars: Bars, options: RunOptions) -> bool:
    """Return whether a bar without trade, or sessions without a bar, can make an order wait."""
    return _has_quiet_bars(bars, options) or is_absent_for_long(bars)


def _has_quiet_bars(bars: Bars, options: RunOptions) -> bool:
    return options.zero_volume == "no_fill" and bool((bars.volume == 0.0).any())


def loop_of(options: RunOptions, waits: bool) -> Any:
    """Return the smallest loop that a run needs."""
    has_levels = options.stop_loss is not None or options.take_profit is not None
    return kernel.simulate_levels if waits or has_levels else kernel.simulate_signals


def compile_loop(loop: Any) -> None:
    """Compile a loop, or load it from the disk cache, by running it over two bars."""
    prices = _constant(np.ones(2))
    market = kernel.Market(open=prices, high=prices, low=prices, close=prices, volume=_NO_FLOATS)
    decisions = _constant(np.zeros(2, dtype=np.int8))
    orders = kernel.Orders(decisions=decisions, confidence=_NO_FLOATS, expires=_NO_INTEGERS)
    days = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[us]")
    loop(market, orders, rules_of(RunOptions()), fees_of(Costs(), days), _empty_book(2, buys=0, events=0))


def _empty_book(n_bars: int, buys: int, events: int) -> kernel.Book:
    return kernel.Book(
        equity=np.empty(n_bars),
        cash=np.empty(n_bars),
        position=np.empty(n_bars),
        fills=np.empty((2 * buys, postings.FILL_COLUMNS)),
        events=np.empty((events, kernel.EVENT_COLUMNS), dtype=np.int64),
    )


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
        take_profit=float(options.take_profit or 0.0),
        target_on_touch=options.limit_fill == "touch",
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
        return postings.Fees(months=_NO_INTEGERS, tiers=np.empty((0, 2)), traded=np.zeros(2))
    months = _constant(ts.astype("datetime64[M]").astype(np.int64))
    return postings.Fees(months=months, tiers=np.array(costs.per_share.tiers, dtype=np.float64), traded=np.zeros(2))


def expiries_of(sessions: NDArray[np.int64], ts: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return when an entry order placed for each bar is cancelled: after the fifth session in which it could fill.

    Parameters
    ----------
    sessions : ndarray of int64, shape (n_bars,)
        Their numbers, as `execution.sessions.session_numbers` counts them.
    ts : ndarray of datetime64[us], shape (n_bars,)

    Returns
    -------
    ndarray of int64, shape (n_bars,)
        The last bar of that session, at whose close it expires. Where the session
        has no bar, minus the first bar after it. Beyond the data an order cannot
        expire: n_bars stands for that.
    """
    days = ts.astype("datetime64[D]")
    # An order is decided in the bar before, and lives in that bar's session if that goes on, else from the next.
    begin = np.append(sessions[:1], sessions[:-1] + (days[1:] != days[:-1]))
    due = begin + ENTRY_SESSIONS - 1
    after = np.searchsorted(sessions, due, side="right")
    has_bar = sessions[np.maximum(after - 1, 0)] == due
    expires = np.where(has_bar, after - 1, np.where(after < ts.size, -after, ts.size))
    return _constant(expires.astype(np.int64))
