"""Compiled account of target weights: many symbols, one pool of cash, quantities and amounts not rounded.

Exact where `portfolio.is_plain` says so: long only without borrowed money, every
symbol with every bar, no levels, actions, interest or volume limit. Prices are
read row by row, each row once for the weights and once for the equity.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.postings import EQUAL
from investiq.core.compiling import jit

__all__ = ["Trading", "WeightsBook", "simulate_weights"]

# Cash left by purchases of all of it, as a share of it, that is arithmetic and not money.
DUST: Final = 1e-12


class Trading(NamedTuple):
    """How targets are traded; fractions."""

    capital: float
    slippage: float
    commission_rate: float
    band: float
    is_rejecting: bool
    liquidates: bool


class WeightsBook(NamedTuple):
    """What a run writes.

    `equity` and `cash` have shape (n_bars,) and stand at the close; `shares` has
    shape (n_decisions, n_symbols): those held after each rebalancing.
    """

    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    shares: NDArray[np.float64]


@jit
def simulate_weights(close, fill, weights, decided, filled, trading, book):  # type: ignore[no-untyped-def]
    """Trade target weights, and mark the account at each close.

    Parameters
    ----------
    close, fill : ndarray of float64, shape (n_symbols, n_bars)
        Marks, and the prices that rebalancings fill at: closes or opens.
    weights : ndarray of float64, shape (n_decisions, n_symbols)
        NaN leaves a symbol alone.
    decided, filled : ndarray of int64, shape (n_decisions,)
        Bars at whose close weights were decided, and in which they fill; ascending.
    trading : Trading
    book : WeightsBook
        Written.
    """
    n_symbols, n_bars = close.shape
    n_decisions = decided.size
    equity, cash_path, shares = book
    marks = gathered(close, decided)
    prices = gathered(fill, filled) if decided[0] != filled[0] else marks
    cash = trading.capital
    held = np.zeros(n_symbols)
    change = np.empty(n_symbols)
    bar = np.int64(0)
    for step in range(n_decisions):
        cash_path[bar : filled[step]] = cash
        bar = filled[step]
        cash = rebalance(cash, held, weights[step], marks[step], prices[step], trading, change)
        for symbol in range(n_symbols):
            held[symbol] += change[symbol]
            shares[step, symbol] = held[symbol]
    cash_path[bar:] = cash
    equity[:] = cash_path
    mark(close, shares, filled, equity)
    if trading.liquidates:
        for symbol in range(n_symbols):
            if held[symbol] > 0.0:
                notional = held[symbol] * (close[symbol, n_bars - 1] * (1.0 - trading.slippage))
                cash = cash + notional - notional * trading.commission_rate
        cash_path[n_bars - 1] = cash
        equity[n_bars - 1] = cash


@jit
def gathered(values, bars):  # type: ignore[no-untyped-def]
    """Return the columns `bars` of `values`, one row for each."""
    found = np.empty((bars.size, values.shape[0]))
    for symbol in range(values.shape[0]):
        for step in range(bars.size):
            found[step, symbol] = values[symbol, bars[step]]
    return found


@jit
def mark(close, shares, filled, equity):  # type: ignore[no-untyped-def]
    """Add the value of the shares to the equity of each bar, four symbols at a time in their order."""
    n_symbols, n_bars = close.shape
    whole = n_symbols - n_symbols % 4
    for first in range(0, whole, 4):
        one, two, three, four = close[first], close[first + 1], close[first + 2], close[first + 3]
        for step in range(filled.size):
            end = filled[step + 1] if step + 1 < filled.size else n_bars
            q1, q2, q3, q4 = (
                shares[step, first],
                shares[step, first + 1],
                shares[step, first + 2],
                shares[step, first + 3],
            )
            for bar in range(filled[step], end):
                equity[bar] = (((equity[bar] + q1 * one[bar]) + q2 * two[bar]) + q3 * three[bar]) + q4 * four[bar]
    for symbol in range(whole, n_symbols):
        for step in range(filled.size):
            end = filled[step + 1] if step + 1 < filled.size else n_bars
            for bar in range(filled[step], end):
                equity[bar] += shares[step, symbol] * close[symbol, bar]


@jit
def rebalance(cash, held, weights, marks, prices, trading, change):  # type: ignore[no-untyped-def]
    """Write by how much each position changes, sales first; return the cash."""
    account = cash + product(held, marks)
    if account <= 0.0:
        change[:] = 0.0
        return cash
    for symbol in range(held.size):
        weight = weights[symbol]
        share = held[symbol] * marks[symbol] / account
        distance = abs(share - weight)
        # A missing weight makes the comparisons false.
        is_off = distance > EQUAL * max(abs(share), abs(weight))
        acts = is_off and distance - trading.band > EQUAL * max(distance, trading.band)
        change[symbol] = weight * account / marks[symbol] - held[symbol] if acts else 0.0
    net = product(change, prices)
    turnover = product(np.abs(change), prices)
    bought, sold = (turnover + net) / 2.0, (turnover - net) / 2.0
    received = sold * (1.0 - trading.slippage) * (1.0 - trading.commission_rate)
    cost = bought * (1.0 + trading.slippage) * (1.0 + trading.commission_rate)
    if cost <= cash + received:
        return cash + received - cost
    return buy_in_turn(cash + received, prices, trading, change)


@jit
def product(one, other):  # type: ignore[no-untyped-def]
    """Return the scalar product as four sums, which the processor adds side by side."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = one.size - one.size % 4
    for each in range(0, whole, 4):
        first += one[each] * other[each]
        second += one[each + 1] * other[each + 1]
        third += one[each + 2] * other[each + 2]
        fourth += one[each + 3] * other[each + 3]
    for each in range(whole, one.size):
        first += one[each] * other[each]
    return (first + second) + (third + fourth)


@jit
def buy_in_turn(cash, prices, trading, change):  # type: ignore[no-untyped-def]
    """Reduce purchases, in the order of symbols, to what cash covers; return the cash."""
    for symbol in range(change.size):
        if change[symbol] <= 0.0:
            continue
        price = prices[symbol] * (1.0 + trading.slippage)
        cost = change[symbol] * price * (1.0 + trading.commission_rate)
        if cost - cash > EQUAL * cost:
            is_refused = trading.is_rejecting or cash <= 0.0
            change[symbol] = 0.0 if is_refused else cash / (price * (1.0 + trading.commission_rate))
            cost = change[symbol] * price * (1.0 + trading.commission_rate)
        after = cash - cost
        cash = 0.0 if abs(after) <= DUST * cash else after
    return cash
