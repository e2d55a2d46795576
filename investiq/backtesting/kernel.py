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
    PRICE,
    REASON_END,
    REASON_SIGNAL,
    REASON_STOP,
    REASON_STOP_GAP,
    REASON_TARGET,
    REASON_TARGET_GAP,
    affordable_quantity,
    bought,
    order_quantity,
    rounded,
    sold,
)
from investiq.core.compiling import jit

__all__ = [
    "BOTH",
    "BUY",
    "EVENT_CANCELLED",
    "EVENT_CARRIED",
    "EVENT_EXIT_CANCELLED",
    "EVENT_EXPIRED",
    "EVENT_REJECTED",
    "EVENT_TOO_SMALL",
    "SELL",
    "Orders",
    "simulate_levels",
    "simulate_signals",
]

# Decisions; 0 is none.
BUY: Final = 1
SELL: Final = -1
BOTH: Final = 2

# In the order in which they stand in a bar's log.
EVENT_TOO_SMALL: Final = 0
EVENT_EXIT_CANCELLED: Final = 1
EVENT_REJECTED: Final = 2
EVENT_CANCELLED: Final = 3
EVENT_CARRIED: Final = 4
EVENT_EXPIRED: Final = 5


class Orders(NamedTuple):
    """The decisions of a run, each of shape (n_bars,) or empty.

    Attributes
    ----------
    decisions : int8
        0, BUY, SELL or BOTH, at each close.
    confidence : float64
        Orders the entries that wait together; empty means 1 throughout.
    expires : int64
        Last bar in which an entry order placed for a bar can fill; empty means no limit.
    """

    decisions: NDArray[np.int8]
    confidence: NDArray[np.float64]
    expires: NDArray[np.int64]


@jit
def simulate_signals(market, orders, rules, book):  # type: ignore[no-untyped-def]
    """Run decisions through the bars, without levels.

    Parameters
    ----------
    market : postings.Market
        `high`, `low` and `volume` are not read.
    orders : Orders
    rules : postings.Rules
    book : postings.Book
        Written. Two rows of fills for each buy and one of events for each bar are enough.

    Returns
    -------
    (int, int)
        Rows of fills and of events written.
    """
    cash = rules.initial_capital
    shares = 0.0
    row = 0
    event = 0
    for bar in range(market.close.size):
        decision = orders.decisions[bar - 1] if bar > 0 else 0
        if decision != 0:
            price = market.open[bar]
            if shares > 0.0:
                if decision != BUY:
                    cash = sold(shares, price, REASON_SIGNAL, cash, bar, row, market, rules, book)
                    row += 1
                    shares = 0.0
            elif decision == BUY:
                shares, event = tried(bar - 1, bar, cash, event, market, rules, book)
                if shares > 0.0:
                    cash = bought(shares, price, cash, bar, row, market, rules, book)
                    row += 1
        book.cash[bar] = cash
        book.position[bar] = shares
        book.equity[bar] = cash + shares * market.close[bar]
    return end_of_data(shares, row, market, rules, book), event


@jit
def simulate_levels(market, orders, rules, book):  # type: ignore[no-untyped-def]
    """Run decisions through the bars with stop, target and bars without trade.

    Parameters
    ----------
    market : postings.Market
    orders : Orders
    rules : postings.Rules
    book : postings.Book
        Written. Two rows of fills for each buy and three of events for each bar are enough.

    Returns
    -------
    (int, int)
        Rows of fills and of events written.
    """
    cash = rules.initial_capital
    shares = 0.0
    stop = -np.inf
    target = np.inf
    row = 0
    event = 0
    exits = 0  # exit orders that are due
    first = 0  # the oldest decision whose entry order can still wait
    for bar in range(market.close.size):
        if bar > 0:
            if shares > 0.0:
                exits += orders.decisions[bar - 1] in (SELL, BOTH)
            elif is_too_small(bar - 1, bar, cash, market, orders, rules, book):
                event = written(event, bar, EVENT_TOO_SMALL, 1, book)
        if market.volume.size and market.volume[bar] == 0.0:
            carried = exits
            if shares == 0.0:
                carried, expired = waiting(-1, first, bar, cash, market, orders, rules, book)
                event = written(event, bar, EVENT_EXPIRED, expired, book)
            event = written(event, bar, EVENT_CARRIED, carried, book)
        else:
            reason = -1
            price = market.open[bar]
            if shares > 0.0:
                reason = opening_exit(price, exits, stop, target, rules)
            else:
                shares, event = first_to_fill(first, bar, cash, event, market, orders, rules, book)
                if shares > 0.0:
                    cash = bought(shares, price, cash, bar, row, market, rules, book)
                    stop, target = levels(book.fills[row, PRICE], rules)
                    row += 1
            if shares > 0.0 and reason < 0:
                reason, price = inside_exit(price, market.high[bar], market.low[bar], stop, target, rules)
            if reason >= 0:
                cash = sold(shares, price, reason, cash, bar, row, market, rules, book)
                row += 1
                shares = 0.0
                event = written(event, bar, EVENT_EXIT_CANCELLED, exits - (reason == REASON_SIGNAL), book)
                exits = 0
            first = bar
        book.cash[bar] = cash
        book.position[bar] = shares
        book.equity[bar] = cash + shares * market.close[bar]
    return end_of_data(shares, row, market, rules, book), event


@jit
def end_of_data(shares, row, market, rules, book):  # type: ignore[no-untyped-def]
    """Sell what is left at the last close, where the rules say so; return the next row of fills."""
    last = market.close.size - 1
    if not rules.liquidate or not shares > 0.0:
        return row
    cash = sold(shares, market.close[last], REASON_END, book.cash[last], last, row, market, rules, book)
    book.cash[last] = cash
    book.position[last] = 0.0
    book.equity[last] = cash
    return row + 1


@jit
def written(row, bar, code, count, book):  # type: ignore[no-untyped-def]
    """Write a row of events unless there is nothing to count; return the next row."""
    if count == 0:
        return row
    book.events[row, 0] = bar
    book.events[row, 1] = code
    book.events[row, 2] = count
    return row + 1


@jit
def tried(order, bar, cash, event, market, rules, book):  # type: ignore[no-untyped-def]
    """Try one entry at the open; return (shares, next row of events)."""
    wanted = order_quantity(order, bar, cash, market, rules, book)
    if wanted <= 0.0:
        return 0.0, written(event, bar, EVENT_TOO_SMALL, 1, book)
    price = market.open[bar] * (1.0 + rules.slippage)
    shares = affordable_quantity(wanted, price, cash, bar, market, rules, book)
    if shares <= 0.0:
        event = written(event, bar, EVENT_REJECTED, 1, book)
    return shares, event


@jit
def levels(paid, rules):  # type: ignore[no-untyped-def]
    """Return stop and target of a position bought at `paid`, slippage included."""
    stop = rounded(paid * (1.0 - rules.stop_loss), rules.level) if rules.stop_loss > 0.0 else -np.inf
    target = rounded(paid * (1.0 + rules.take_profit), rules.level) if rules.take_profit > 0.0 else np.inf
    return stop, target


@jit
def opening_exit(price, exits, stop, target, rules):  # type: ignore[no-untyped-def]
    """Return the reason for which a position is sold at the open, or -1."""
    if price <= stop:
        return REASON_STOP_GAP
    if price > target or (rules.target_on_touch and price == target):
        return REASON_TARGET_GAP
    return REASON_SIGNAL if exits > 0 else -1


@jit
def inside_exit(open_price, high, low, stop, target, rules):  # type: ignore[no-untyped-def]
    """Return (reason, price before slippage) of an exit inside the bar; the reason is -1 for none."""
    if low <= stop:
        # Slippage may carry an entry beyond its own stop: then the open is the first price at which the stop stands.
        return REASON_STOP, min(stop, open_price)
    if high > target or (rules.target_on_touch and high == target):
        return REASON_TARGET, target
    return -1, open_price


@jit
def is_too_small(order, bar, cash, market, orders, rules, book):  # type: ignore[no-untyped-def]
    """Return whether the decision of bar `order` is an entry below one lot, which is never placed."""
    if orders.decisions[order] != BUY or rules.size_at_open:
        return False
    return order_quantity(order, bar, cash, market, rules, book) <= 0.0


@jit
def comes_before(one, other, confidence):  # type: ignore[no-untyped-def]
    """Return whether the order `one` is tried before `other`: by confidence, then by age."""
    if confidence.size == 0 or confidence[one] == confidence[other]:
        return one < other
    return confidence[one] > confidence[other]


@jit
def next_entry(after, first, bar, cash, market, orders, rules, book):  # type: ignore[no-untyped-def]
    """Return the entry order, alive in `bar`, that is tried after the order `after`; -1 for none.

    The candidates are the decisions from bar `first` on, in all of which the
    account was flat. `after` = -1 asks for the first of them.
    """
    found = -1
    for order in range(first, bar):
        if orders.decisions[order] != BUY or order == after:
            continue
        if orders.expires.size and orders.expires[order + 1] < bar:
            continue
        if after >= 0 and not comes_before(after, order, orders.confidence):
            continue
        if found >= 0 and not comes_before(order, found, orders.confidence):
            continue
        if not is_too_small(order, bar, cash, market, orders, rules, book):
            found = order
    return found


@jit
def waiting(after, first, bar, cash, market, orders, rules, book):  # type: ignore[no-untyped-def]
    """Return how many entries behind `after` wait beyond `bar`, and how many expire in it."""
    carried = 0
    expired = 0
    order = next_entry(after, first, bar, cash, market, orders, rules, book)
    while order >= 0:
        if orders.expires.size and orders.expires[order + 1] == bar:
            expired += 1
        else:
            carried += 1
        order = next_entry(order, first, bar, cash, market, orders, rules, book)
    return carried, expired


@jit
def first_to_fill(first, bar, cash, event, market, orders, rules, book):  # type: ignore[no-untyped-def]
    """Try the entries that are due, one after the other; return (shares, next row of events)."""
    rejected = 0
    too_small = 0
    shares = 0.0
    price = market.open[bar] * (1.0 + rules.slippage)
    order = next_entry(-1, first, bar, cash, market, orders, rules, book)
    while order >= 0:
        wanted = order_quantity(order, bar, cash, market, rules, book)
        if wanted > 0.0:
            shares = affordable_quantity(wanted, price, cash, bar, market, rules, book)
            if shares > 0.0:
                break
            rejected += 1
        else:
            too_small += 1
        order = next_entry(order, first, bar, cash, market, orders, rules, book)
    event = written(event, bar, EVENT_TOO_SMALL, too_small, book)
    event = written(event, bar, EVENT_REJECTED, rejected, book)
    if order >= 0:
        carried, expired = waiting(order, first, bar, cash, market, orders, rules, book)
        event = written(event, bar, EVENT_CANCELLED, carried + expired, book)
    return shares, event
