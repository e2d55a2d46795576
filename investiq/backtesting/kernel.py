"""The compiled bar loops: decisions in; fills, cash, equity and events out.

Two loops, of which a run takes one. `simulate_signals` knows entries and exits by
decision only. `simulate_levels` adds stop-loss, take-profit and bars without
trade, in which orders wait. Where nothing of that can act, both do the same
operations in the same order and give the same bits.

One symbol, long only, no borrowed money. A decision of bar t becomes an order in
bar t + 1; its role, entry or exit, is that of the position at the close of t. So
an order is named by the bar of its decision.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.postings import (
    BUYING,
    PRICE,
    REASON_END,
    REASON_SIGNAL,
    REASON_STOP,
    REASON_STOP_GAP,
    REASON_TARGET,
    REASON_TARGET_GAP,
    SELLING,
    affordable_quantity,
    executed,
    rounded,
    wanted_quantity,
)
from investiq.core.compiling import jit

__all__ = [
    "BOTH",
    "BUY",
    "EVENT_CANCELLED",
    "EVENT_CARRIED",
    "EVENT_COLUMNS",
    "EVENT_EXIT_CANCELLED",
    "EVENT_EXPIRED",
    "EVENT_MISSED",
    "EVENT_REJECTED",
    "EVENT_TOO_SMALL",
    "SELL",
    "Book",
    "Market",
    "Orders",
    "simulate_levels",
    "simulate_signals",
]

# Decisions; 0 is none.
BUY: Final = 1
SELL: Final = -1
BOTH: Final = 2

# A row of events is (bar, code, count); codes in the order in which they stand in a bar's log.
EVENT_COLUMNS: Final = 3
EVENT_TOO_SMALL: Final = 0
EVENT_EXIT_CANCELLED: Final = 1
EVENT_REJECTED: Final = 2
EVENT_CANCELLED: Final = 3
EVENT_CARRIED: Final = 4
EVENT_EXPIRED: Final = 5
EVENT_MISSED: Final = 6

NO_REASON: Final = -1.0


class Market(NamedTuple):
    """Bars as traded, each of shape (n_bars,); `volume` is empty where every bar can fill."""

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]


class Orders(NamedTuple):
    """The decisions of a run, each of shape (n_bars,); the last two are empty where no order can wait.

    Attributes
    ----------
    decisions : int8
        0, BUY, SELL or BOTH, at each close.
    confidence : float64
        Orders the entries that wait together; empty means 1 throughout.
    expires : int64
        Last bar in which an entry order placed for a bar can fill; minus the bar
        before whose open it is cancelled, where its last session has no bar.
    """

    decisions: NDArray[np.int8]
    confidence: NDArray[np.float64]
    expires: NDArray[np.int64]


class Book(NamedTuple):
    """What a run writes.

    `equity`, `cash` and `position` have shape (n_bars,) and stand at the close;
    `fills` has shape (n_fills, FILL_COLUMNS) and needs two rows for each buy;
    `events` (n_events, EVENT_COLUMNS) needs a row for each buy in `simulate_signals`,
    and four for each bar in `simulate_levels`.
    """

    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    position: NDArray[np.float64]
    fills: NDArray[np.float64]
    events: NDArray[np.int64]


@jit
def simulate_signals(market, orders, rules, fees, book):  # type: ignore[no-untyped-def]
    """Run decisions through the bars, without levels.

    Parameters
    ----------
    market : Market
        `high`, `low` and `volume` are not read.
    orders : Orders
    rules : postings.Rules
    fees : postings.Fees
    book : Book
        Written.

    Returns
    -------
    (int, int)
        Rows of fills and of events written.
    """
    open_, close, decisions = market.open, market.close, orders.decisions
    equity, cash_path, position, fills, events = book
    cash = rules.initial_capital
    shares = 0.0
    row = np.int64(0)
    event = np.int64(0)
    for bar in range(close.size):
        decision = decisions[bar - 1] if bar > 0 else 0
        if decision != 0:
            price = open_[bar]
            if shares > 0.0:
                if decision != BUY:
                    cash = executed(SELLING, shares, price, REASON_SIGNAL, cash, bar, row, fees, rules, fills)
                    row += 1
                    shares = 0.0
            elif decision == BUY:
                if rules.size_at_open:
                    wanted = wanted_quantity(cash, price, rules)
                else:
                    wanted = wanted_quantity(equity[bar - 1], close[bar - 1], rules)
                code = EVENT_TOO_SMALL
                if wanted > 0.0:
                    shares = affordable_quantity(wanted, price * (1.0 + rules.slippage), cash, bar, fees, rules)
                    code = EVENT_REJECTED
                if shares > 0.0:
                    cash = executed(BUYING, shares, price, REASON_SIGNAL, cash, bar, row, fees, rules, fills)
                    row += 1
                else:
                    event = write_event(events, event, bar, code, 1)
        cash_path[bar] = cash
        position[bar] = shares
        equity[bar] = cash + shares * close[bar]
    if rules.liquidate and shares > 0.0:
        row = liquidate(shares, close, row, fees, rules, equity, cash_path, position, fills)
    return row, event


@jit
def simulate_levels(market, orders, rules, fees, book):  # type: ignore[no-untyped-def]
    """Run decisions through the bars with stop, target and bars without trade.

    Parameters and returns are those of `simulate_signals`; all of `market` and `orders` is read.
    """
    open_, high, low, close, volume = market
    decisions, confidence, expires = orders
    equity, cash_path, position, fills, events = book
    cash = rules.initial_capital
    shares = 0.0
    stop = -np.inf
    target = np.inf
    row = np.int64(0)
    event = np.int64(0)
    exits = np.int64(0)  # exit orders that are due
    first = np.int64(0)  # the oldest decision whose entry can still wait
    waiting = np.int64(0)  # entries decided since then
    sizes = np.zeros(
        close.size
    )  # of the entries that wait, at the bars of their decisions; with size_at_open a sign only
    for bar in range(close.size):
        decision = decisions[bar - 1] if bar > 0 else 0
        if shares > 0.0:
            exits += decision in (SELL, BOTH)
        elif decision == BUY:
            size = 1.0 if rules.size_at_open else wanted_quantity(equity[bar - 1], close[bar - 1], rules)
            sizes[bar - 1] = size
            waiting += size > 0.0
            event = write_event(events, event, bar, EVENT_TOO_SMALL, size <= 0.0)
        if waiting > 0 and expires.size:
            missed = miss(sizes, first, bar, expires)
            waiting -= missed
            event = write_event(events, event, bar, EVENT_MISSED, missed)

        if volume.size and volume[bar] == 0.0:
            carried, expired = wait(sizes, first, bar, expires)
            event = write_event(events, event, bar, EVENT_CARRIED, carried + exits)
            event = write_event(events, event, bar, EVENT_EXPIRED, expired)
        else:
            reason = NO_REASON
            price = open_[bar]
            if shares > 0.0:
                reason = opening_exit(price, exits, stop, target, rules)
            elif waiting > 0:
                shares, event = enter(sizes, first, bar, price, cash, confidence, fees, rules, events, event)
                if shares > 0.0:
                    cash = executed(BUYING, shares, price, REASON_SIGNAL, cash, bar, row, fees, rules, fills)
                    paid = fills[row, PRICE]
                    stop = rounded(paid * (1.0 - rules.stop_loss), rules.level) if rules.stop_loss > 0.0 else -np.inf
                    target = (
                        rounded(paid * (1.0 + rules.take_profit), rules.level) if rules.take_profit > 0.0 else np.inf
                    )
                    row += 1
            if shares > 0.0 and reason == NO_REASON:
                reason, price = inside_exit(price, high[bar], low[bar], stop, target, rules)
            if reason != NO_REASON:
                cash = executed(SELLING, shares, price, reason, cash, bar, row, fees, rules, fills)
                row += 1
                shares = 0.0
                event = write_event(events, event, bar, EVENT_EXIT_CANCELLED, exits - (reason == REASON_SIGNAL))
                exits = np.int64(0)
            first = np.int64(bar)
            waiting = np.int64(0)
        cash_path[bar] = cash
        position[bar] = shares
        equity[bar] = cash + shares * close[bar]
    if rules.liquidate and shares > 0.0:
        row = liquidate(shares, close, row, fees, rules, equity, cash_path, position, fills)
    return row, event


@jit
def liquidate(shares, close, row, fees, rules, equity, cash_path, position, fills):  # type: ignore[no-untyped-def]
    """Sell at the last close; return the next row of fills."""
    last = close.size - 1
    cash = executed(SELLING, shares, close[last], REASON_END, cash_path[last], last, row, fees, rules, fills)
    cash_path[last] = cash
    position[last] = 0.0
    equity[last] = cash
    return row + 1


@jit
def write_event(events, row, bar, code, count):  # type: ignore[no-untyped-def]
    """Write a row of events unless there is nothing to count; return the next row."""
    if count == 0:
        return row
    events[row, 0] = bar
    events[row, 1] = code
    events[row, 2] = count
    return row + 1


@jit
def opening_exit(price, exits, stop, target, rules):  # type: ignore[no-untyped-def]
    """Return the reason for which a position is sold at the open, or NO_REASON."""
    if price <= stop:
        return REASON_STOP_GAP
    if price > target or (rules.target_on_touch and price == target):
        return REASON_TARGET_GAP
    return REASON_SIGNAL if exits > 0 else NO_REASON


@jit
def inside_exit(open_price, high, low, stop, target, rules):  # type: ignore[no-untyped-def]
    """Return (reason or NO_REASON, price before slippage) of an exit inside the bar."""
    if low <= stop:
        # Slippage may carry an entry beyond its own stop: then the open is the first price at which the stop stands.
        return REASON_STOP, min(stop, open_price)
    if high > target or (rules.target_on_touch and high == target):
        return REASON_TARGET, target
    return NO_REASON, open_price


@jit
def miss(sizes, first, bar, expires):  # type: ignore[no-untyped-def]
    """Cancel the entries whose last session passed without a bar before `bar`; return their number."""
    missed = 0
    for order in range(first, bar):
        if sizes[order] > 0.0 and expires[order + 1] == -bar:
            missed += 1
            sizes[order] = 0.0
    return missed


@jit
def wait(sizes, first, bar, expires):  # type: ignore[no-untyped-def]
    """Return how many entries wait beyond `bar`, and how many expire at its close."""
    carried = 0
    expired = 0
    for order in range(first, bar):
        if sizes[order] > 0.0:
            if expires[order + 1] == bar:
                expired += 1
                sizes[order] = 0.0
            else:
                carried += 1
    return carried, expired


@jit
def enter(sizes, first, bar, price, cash, confidence, fees, rules, events, event):  # type: ignore[no-untyped-def]
    """Try the entries that are due until one fills; return (shares, next row of events).

    They are tried by confidence, then by age; what fills cancels the others.
    """
    rejected = 0
    too_small = 0
    waiting = 0
    shares = 0.0
    while shares == 0.0:
        best = -1
        waiting = -1
        for order in range(first, bar):
            if sizes[order] > 0.0:
                waiting += 1
                if best < 0 or (confidence.size and confidence[order] > confidence[best]):
                    best = order
        if best < 0:
            break
        wanted = wanted_quantity(cash, price, rules) if rules.size_at_open else sizes[best]
        sizes[best] = 0.0
        if wanted > 0.0:
            shares = affordable_quantity(wanted, price * (1.0 + rules.slippage), cash, bar, fees, rules)
            rejected += shares == 0.0
        else:
            too_small += 1
    event = write_event(events, event, bar, EVENT_TOO_SMALL, too_small)
    event = write_event(events, event, bar, EVENT_REJECTED, rejected)
    return shares, write_event(events, event, bar, EVENT_CANCELLED, max(waiting, 0))
