"""Compiled money arithmetic of a run: rounding, fees, buying power, fills.

Everything here is the law's one order of operations: notional = quantity x price,
fee = notional x rate, each rounded by itself when it is posted.

Codes are float64 and counters ``np.int64``: numba compiles a function again for
each integer literal that it is called with.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.compiling import jit

__all__ = [
    "AMBIGUOUS",
    "BAR",
    "BUYING",
    "FEE",
    "FILL_COLUMNS",
    "IMPACT",
    "NOTIONAL",
    "PRICE",
    "QUANTITY",
    "REASON",
    "REASON_CIRCUIT_BREAKER",
    "REASON_DELISTED",
    "REASON_END",
    "REASON_LIMIT",
    "REASON_LIMIT_GAP",
    "REASON_MARGIN_CALL",
    "REASON_REBALANCE",
    "REASON_REVERSAL",
    "REASON_SIGNAL",
    "REASON_SIGNAL_CARRIED",
    "REASON_STOP",
    "REASON_STOP_CARRIED",
    "REASON_STOP_ENTRY",
    "REASON_STOP_GAP",
    "REASON_TARGET",
    "REASON_TARGET_GAP",
    "REASON_TIME",
    "REASON_TRAIL",
    "REASON_TRAIL_GAP",
    "SELLING",
    "SIDE",
    "SLIPPAGE",
    "SYMBOL",
    "Fees",
    "Grid",
    "Rules",
]

# Columns of a row of fills. NOTIONAL and FEE are the amounts posted, SLIPPAGE and IMPACT money; SYMBOL is a row of the scenario,
# AMBIGUOUS 1 where stop and target both lay inside the bar.
BAR: Final = 0
SIDE: Final = 1
QUANTITY: Final = 2
PRICE: Final = 3
NOTIONAL: Final = 4
FEE: Final = 5
SLIPPAGE: Final = 6
REASON: Final = 7
SYMBOL: Final = 8
IMPACT: Final = 9
AMBIGUOUS: Final = 10
FILL_COLUMNS: Final = 11

BUYING: Final = 1.0
SELLING: Final = -1.0

REASON_SIGNAL: Final = 0.0
REASON_STOP: Final = 1.0
REASON_STOP_GAP: Final = 2.0
REASON_TARGET: Final = 3.0
REASON_TARGET_GAP: Final = 4.0
REASON_END: Final = 5.0
REASON_LIMIT: Final = 6.0
REASON_LIMIT_GAP: Final = 7.0
REASON_STOP_ENTRY: Final = 8.0
REASON_SIGNAL_CARRIED: Final = 9.0
REASON_REBALANCE: Final = 10.0
REASON_CIRCUIT_BREAKER: Final = 11.0
REASON_MARGIN_CALL: Final = 12.0
REASON_DELISTED: Final = 13.0
REASON_TRAIL: Final = 14.0
REASON_TRAIL_GAP: Final = 15.0
REASON_TIME: Final = 16.0
REASON_REVERSAL: Final = 17.0
REASON_STOP_CARRIED: Final = 18.0

# Amounts within 1e-6 units of a half count as the half, so that binary and decimal arithmetic round alike.
HALF_TOLERANCE: Final = 1e-6
# Amounts that differ by less than this share are equal where a comparison decides.
EQUAL: Final = 1e-9
# What a purchase may exceed cash by, as a share of its cost: the error of binary sums, and less than a lot of a millionth.
# A cost below LEAST_COMPARED may exceed it by as much as that: a balance of 100,000 is exact to 1e-11, so that of
# 0.00004 left by it only six digits are money.
OVERDRAWN: Final = 1e-12
LEAST_COMPARED: Final = 1_000.0
# Cash up to this is what the arithmetic left of all that was spent.
NO_MONEY: Final = 1e-9
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


NO_GRID: Final = Grid(1.0, 0.0)


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
    stop_loss: float
    trailing_stop: float
    take_profit: float
    target_on_touch: bool
    gaps_fill_at_limit: bool
    targets_slip: bool
    stop_beats_open: bool
    target_beats_stop: bool
    from_next_bar: bool
    levels_first: bool
    trails_entry_bar: bool
    reject_insufficient: bool
    liquidate: bool


class Fees(NamedTuple):
    """What a tiered fee per share needs, and all of it empty without one.

    Attributes
    ----------
    months : int64, shape (n_bars,)
        Calendar month of each bar, counted from 1970.
    tiers : float64, shape (n_tiers, 2)
        Shares a month up to which a rate holds, and the rate.
    traded : float64, shape (2,)
        Written: the month of the last fill and the shares traded in it.
    """

    months: NDArray[np.int64]
    tiers: NDArray[np.float64]
    traded: NDArray[np.float64]


@jit(inlined=True)
def rules_from(numbers):  # type: ignore[no-untyped-def]
    """Return the rules of which `numbers` holds the fields in their order, grids as two: an array is quick to pass."""
    n = numbers
    return Rules(
        n[0], n[1], n[2] != 0.0, Grid(n[3], n[4]), Grid(n[5], n[6]), Grid(n[7], n[8]), n[9], n[10],
        n[11] != 0.0, n[12], n[13], n[14], n[15], n[16], n[17] != 0.0, n[18] != 0.0, n[19] != 0.0, n[20] != 0.0,
        n[21] != 0.0, n[22] != 0.0, n[23] != 0.0, n[24] != 0.0, n[25] != 0.0, n[26] != 0.0,
    )  # fmt: skip


@jit(inlined=True)
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


@jit(inlined=True)
def wanted_quantity(account, price, rules):  # type: ignore[no-untyped-def]
    """Return the size, floored to the lot, that the weight gives to an entry."""
    if account <= 0.0:
        return 0.0
    quantity = rules.weight * account / price
    if rules.lot.divisor == 0.0:
        return quantity
    return lots_in(quantity, rules.lot) * rules.lot.multiplier / rules.lot.divisor


@jit(inlined=True)
def fee_of(quantity, notional, bar, fees, rules):  # type: ignore[no-untyped-def]
    """Return the fee of one order, not rounded."""
    if rules.per_share:
        return tiered_fee(quantity, bar, fees, rules)
    return notional * rules.commission_rate


@jit
def tiered_fee(quantity, bar, fees, rules):  # type: ignore[no-untyped-def]
    """Return the fee per share of one order, not rounded; tiers count the shares of the calendar month."""
    used = fees.traded[1] if fees.months[bar] == fees.traded[0] else 0.0
    left = quantity
    fee = 0.0
    for tier in range(fees.tiers.shape[0]):
        part = min(left, max(fees.tiers[tier, 0] - used, 0.0))
        fee += part * fees.tiers[tier, 1]
        used += part
        left -= part
    fee = max(fee, rules.minimum_fee)
    return min(fee, rules.maximum_fee) if rules.maximum_fee > 0.0 else fee


@jit(inlined=True)
def cost_of(quantity, price, grid, bar, fees, rules):  # type: ignore[no-untyped-def]
    """Return what a purchase takes from cash."""
    notional = quantity * price
    fee = fee_of(quantity, notional, bar, fees, rules)
    return rounded(notional, grid) + rounded(fee, grid)


@jit(inlined=True)
def affordable_quantity(wanted, price, cash, bar, fees, rules):  # type: ignore[no-untyped-def]
    """Return `wanted` where cash covers what would be posted, else the largest quantity that it covers; 0.0 for none."""
    cost = cost_of(wanted, price, rules.posting, bar, fees, rules)
    if cost - cash <= OVERDRAWN * max(cost, LEAST_COMPARED):
        return wanted
    if rules.reject_insufficient or cash <= NO_MONEY:
        return 0.0
    if rules.lot.divisor == 0.0 and not rules.per_share:
        return cash / (price * (1.0 + rules.commission_rate))
    return largest_quantity(wanted, price, cash, bar, fees, rules)


@jit
def largest_quantity(wanted, price, cash, bar, fees, rules):  # type: ignore[no-untyped-def]
    """Return the largest quantity that cash covers, by halving the interval between what it covers and what it does not."""
    # In lots, or without one in shares and amounts as they are.
    is_exact = rules.lot.divisor == 0.0
    lot = NO_GRID if is_exact else rules.lot
    grid = NO_GRID if is_exact else rules.posting
    tolerance = 0.0 if is_exact else OVERDRAWN
    low = 0.0
    high = wanted if is_exact else lots_in(wanted, rules.lot)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0 if is_exact else np.floor((low + high) / 2.0)
        if middle <= low or middle >= high:
            break
        quantity = middle if is_exact else middle * lot.multiplier / lot.divisor
        cost = cost_of(quantity, price, grid, bar, fees, rules)
        if cost - cash <= tolerance * max(cost, LEAST_COMPARED):
            low = middle
        else:
            high = middle
    return low if is_exact else low * lot.multiplier / lot.divisor


@jit(inlined=True)
def executed(side, quantity, raw_price, reason, cash, bar, row, fees, rules, fills):  # type: ignore[no-untyped-def]
    """Post one fill, write it to `row`, and return the cash after it."""
    # A target is a limit order: it pays no slippage, unless the run says so.
    is_limit = not rules.targets_slip and reason in (REASON_TARGET, REASON_TARGET_GAP)
    price = raw_price if is_limit else raw_price * (1.0 + side * rules.slippage)
    notional = quantity * price
    fee = rounded(fee_of(quantity, notional, bar, fees, rules), rules.posting)
    notional = rounded(notional, rules.posting)
    if rules.per_share:
        if fees.months[bar] != fees.traded[0]:
            fees.traded[0] = fees.months[bar]
            fees.traded[1] = 0.0
        fees.traded[1] += quantity
    fill = fills[row]
    fill[BAR] = bar
    fill[SIDE] = side
    fill[QUANTITY] = quantity
    fill[PRICE] = price
    fill[NOTIONAL] = notional
    fill[FEE] = fee
    fill[SLIPPAGE] = quantity * abs(price - raw_price)
    fill[REASON] = reason
    fill[SYMBOL] = 0.0
    fill[IMPACT] = 0.0
    fill[AMBIGUOUS] = 0.0
    after = cash - side * notional - fee
    return 0.0 if abs(after) <= DUST * cash else after
