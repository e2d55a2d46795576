"""Compiled money arithmetic of a run: rounding, fees, buying power, fills.

Everything here is the law's one order of operations: notional = quantity x price,
fee = notional x rate, each rounded by itself when it is posted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.compiling import jit

__all__ = [
    "BAR",
    "EVENT_COLUMNS",
    "FEE",
    "FILL_COLUMNS",
    "NOTIONAL",
    "PRICE",
    "QUANTITY",
    "REASON",
    "REASON_END",
    "REASON_SIGNAL",
    "REASON_STOP",
    "REASON_STOP_GAP",
    "REASON_TARGET",
    "REASON_TARGET_GAP",
    "SIDE",
    "SLIPPAGE",
    "Book",
    "Grid",
    "Market",
    "Rules",
]

# Columns of a row of fills. SIDE is 1 (buy) or -1 (sell); NOTIONAL and FEE are the amounts posted.
BAR: Final = 0
SIDE: Final = 1
QUANTITY: Final = 2
PRICE: Final = 3
NOTIONAL: Final = 4
FEE: Final = 5
SLIPPAGE: Final = 6
REASON: Final = 7
FILL_COLUMNS: Final = 8

# A row of events is (bar, code, count).
EVENT_COLUMNS: Final = 3

REASON_SIGNAL: Final = 0
REASON_STOP: Final = 1
REASON_STOP_GAP: Final = 2
REASON_TARGET: Final = 3
REASON_TARGET_GAP: Final = 4
REASON_END: Final = 5

# Amounts within 1e-6 units of a half count as the half, so that binary and decimal arithmetic round alike.
HALF_TOLERANCE: Final = 1e-6
# Amounts that differ by less than this share are equal where a comparison decides.
EQUAL: Final = 1e-9
# Cash left by a purchase of all of it, as a share of it, that is arithmetic and not money.
DUST: Final = 1e-12
# A quantity this close below a multiple of the lot is that multiple ...
LOT_TOLERANCE: Final = 1e-9
# ... and so is one within four roundings of float64, which counts of small lots need.
RELATIVE_LOT_TOLERANCE: Final = 1e-15
# Enough halvings for any float64 interval.
BISECTIONS: Final = 200


class Grid(NamedTuple):
    """The multiples of a unit, ``count * multiplier / divisor``; a divisor of 0 means no rounding.

    One of the two is 1, so that a multiple of 0.01 is ``count / 100``: the nearest
    float64 to the decimal, which ``count * 0.01`` is not.
    """

    multiplier: float
    divisor: float


class Rules(NamedTuple):
    """The options of a run as plain numbers; see `execution.options.RunOptions`. 0.0 stands for no level."""

    initial_capital: float
    weight: float
    size_at_open: bool
    lot: Grid
    posting: Grid
    level: Grid
    slippage: float
    commission_rate: float
    per_share: bool
    minimum_fee: float
    maximum_fee: float
    tier_shares: NDArray[np.float64]
    tier_rates: NDArray[np.float64]
    stop_loss: float
    take_profit: float
    target_on_touch: bool
    reject_insufficient: bool
    liquidate: bool


class Market(NamedTuple):
    """Bars as traded, each of shape (n_bars,).

    `volume` is empty where every bar can fill; `months` (months since 1970) is
    empty without per-share fees.
    """

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    months: NDArray[np.int64]


class Book(NamedTuple):
    """What a run writes.

    `equity`, `cash` and `position` have shape (n_bars,) and stand at the close;
    `fills` (n_fills, FILL_COLUMNS), `events` (n_events, EVENT_COLUMNS); `traded`
    holds the month of the last fill and the shares traded in it.
    """

    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    position: NDArray[np.float64]
    fills: NDArray[np.float64]
    events: NDArray[np.int64]
    traded: NDArray[np.float64]


@jit
def rounded(amount, grid):  # type: ignore[no-untyped-def]
    """Round half-even to the grid."""
    if grid.divisor == 0.0:
        return amount
    units = amount * grid.divisor / grid.multiplier
    whole = np.floor(units)
    part = units - whole
    if abs(part - 0.5) <= HALF_TOLERANCE:
        if whole % 2.0 != 0.0:
            whole += 1.0
    elif part > 0.5:
        whole += 1.0
    return whole * grid.multiplier / grid.divisor


@jit
def lots_in(quantity, lot):  # type: ignore[no-untyped-def]
    """Return the number of whole lots in `quantity`."""
    units = quantity * lot.divisor / lot.multiplier
    return np.floor(units + max(LOT_TOLERANCE, RELATIVE_LOT_TOLERANCE * units))


@jit
def order_quantity(order, bar, cash, market, rules, book):  # type: ignore[no-untyped-def]
    """Return the size, floored to the lot, of the entry decided in bar `order` and tried in `bar`."""
    account = cash if rules.size_at_open else book.equity[order]
    if account <= 0.0:
        return 0.0
    quantity = rules.weight * account / (market.open[bar] if rules.size_at_open else market.close[order])
    if rules.lot.divisor == 0.0:
        return quantity
    return lots_in(quantity, rules.lot) * rules.lot.multiplier / rules.lot.divisor


@jit
def fee_of(quantity, notional, bar, market, rules, book):  # type: ignore[no-untyped-def]
    """Return the fee of one order, not rounded."""
    if not rules.per_share:
        return notional * rules.commission_rate
    used = book.traded[1] if market.months[bar] == book.traded[0] else 0.0
    left = quantity
    fee = 0.0
    for tier in range(rules.tier_shares.size):
        room = rules.tier_shares[tier] - used
        if room <= 0.0:
            continue
        part = min(left, room)
        fee += part * rules.tier_rates[tier]
        used += part
        left -= part
        if left <= 0.0:
            break
    fee = max(fee, rules.minimum_fee)
    return min(fee, rules.maximum_fee) if rules.maximum_fee > 0.0 else fee


@jit
def is_affordable(quantity, price, cash, bar, market, rules, book):  # type: ignore[no-untyped-def]
    """Return whether cash covers what would be posted."""
    notional = quantity * price
    fee = fee_of(quantity, notional, bar, market, rules, book)
    cost = rounded(notional, rules.posting) + rounded(fee, rules.posting)
    return cost - cash <= EQUAL * cost


@jit
def affordable_quantity(wanted, price, cash, bar, market, rules, book):  # type: ignore[no-untyped-def]
    """Return `wanted` where cash covers it, else the largest quantity that it covers; 0.0 for none."""
    if is_affordable(wanted, price, cash, bar, market, rules, book):
        return wanted
    if rules.reject_insufficient or cash <= 0.0:
        return 0.0
    if rules.lot.divisor == 0.0:
        if not rules.per_share:
            return cash / (price * (1.0 + rules.commission_rate))
        return all_cash_quantity(wanted, price, cash, bar, market, rules, book)
    return most_lots(wanted, price, cash, bar, market, rules, book) * rules.lot.multiplier / rules.lot.divisor


@jit
def most_lots(wanted, price, cash, bar, market, rules, book):  # type: ignore[no-untyped-def]
    """Return the largest number of lots below `wanted` that cash covers."""
    lot = rules.lot
    low = 0.0
    high = lots_in(wanted, lot)
    # With a percentage fee the closed form is right but for roundings, so the search starts around it.
    near = lots_in(cash / (price * (1.0 + rules.commission_rate)), lot)
    for start in (near - 1.0, near, near + 1.0):
        if not rules.per_share and low < start < high:
            if is_affordable(start * lot.multiplier / lot.divisor, price, cash, bar, market, rules, book):
                low = start
            else:
                high = start
    while high - low > 1.0:
        middle = np.floor((low + high) / 2.0)
        if is_affordable(middle * lot.multiplier / lot.divisor, price, cash, bar, market, rules, book):
            low = middle
        else:
            high = middle
    return low


@jit
def all_cash_quantity(wanted, price, cash, bar, market, rules, book):  # type: ignore[no-untyped-def]
    """Return the quantity below `wanted`, without a lot, that uses all of the cash at a fee per share."""
    low = 0.0
    high = wanted
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        if middle <= low or middle >= high:
            break
        notional = middle * price
        if notional + fee_of(middle, notional, bar, market, rules, book) <= cash:
            low = middle
        else:
            high = middle
    return low


@jit
def posted(side, quantity, raw_price, price, reason, bar, row, market, rules, book):  # type: ignore[no-untyped-def]
    """Write a fill; return (notional, fee) as posted."""
    notional = quantity * price
    fee = rounded(fee_of(quantity, notional, bar, market, rules, book), rules.posting)
    notional = rounded(notional, rules.posting)
    if rules.per_share:
        if market.months[bar] != book.traded[0]:
            book.traded[0] = market.months[bar]
            book.traded[1] = 0.0
        book.traded[1] += quantity
    book.fills[row, BAR] = bar
    book.fills[row, SIDE] = side
    book.fills[row, QUANTITY] = quantity
    book.fills[row, PRICE] = price
    book.fills[row, NOTIONAL] = notional
    book.fills[row, FEE] = fee
    book.fills[row, SLIPPAGE] = quantity * abs(price - raw_price)
    book.fills[row, REASON] = reason
    return notional, fee


@jit
def bought(quantity, raw_price, cash, bar, row, market, rules, book):  # type: ignore[no-untyped-def]
    """Post a purchase and return the cash left."""
    price = raw_price * (1.0 + rules.slippage)
    notional, fee = posted(1, quantity, raw_price, price, REASON_SIGNAL, bar, row, market, rules, book)
    left = cash - notional - fee
    return 0.0 if abs(left) <= DUST * cash else left


@jit
def sold(quantity, raw_price, reason, cash, bar, row, market, rules, book):  # type: ignore[no-untyped-def]
    """Post a sale and return the cash after it. A target is a limit order: it pays no slippage."""
    is_limit = reason in (REASON_TARGET, REASON_TARGET_GAP)
    price = raw_price if is_limit else raw_price * (1.0 - rules.slippage)
    notional, fee = posted(-1, quantity, raw_price, price, reason, bar, row, market, rules, book)
    return cash + notional - fee
