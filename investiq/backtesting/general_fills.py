"""Fills of the general kernel: what a price becomes, what a fill costs, and how much of an entry can be paid."""

from __future__ import annotations

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.general_state import floored, live_of, posted, row_of
from investiq.backtesting.postings import (
    AMBIGUOUS,
    BAR,
    BISECTIONS,
    DUST,
    FEE,
    FILL_COLUMNS,
    IMPACT,
    LEAST_COMPARED,
    LOT_TOLERANCE,
    NO_MONEY,
    NOTIONAL,
    OVERDRAWN,
    PRICE,
    QUANTITY,
    REASON,
    SIDE,
    SLIPPAGE,
    SYMBOL,
    Grid,
    lots_in,
)
from investiq.core.compiling import jit


@jit
def impact_of(m, s, quantity):  # type: ignore[no-untyped-def]
    """Return the market impact of a fill as a fraction of its price; 0 where volatility or volume is not known."""
    coefficient = m[g.O_IMPACT]
    if coefficient == 0.0:
        return 0.0
    volatility = m[row_of(s) + g.D_VOLATILITY]
    volume = m[row_of(s) + g.D_VOLUME]
    if not (volatility > 0.0 and volume > 0.0):
        return 0.0
    return coefficient * volatility * np.sqrt(quantity / volume)


@jit
def price_of(m, s, side, quantity, raw, slips, cap):  # type: ignore[no-untyped-def]
    """Return the fill price: slippage and impact where it slips, not beyond the limit `cap` (NaN: none), on the tick."""
    price = raw
    if slips:
        price = raw * (1.0 + side * (m[g.O_SLIPPAGE] + impact_of(m, s, quantity)))
        if side * (price - cap) > 0.0:
            price = cap
    if m[g.O_TICK_D] != 0.0:
        units = price * m[g.O_TICK_D] / m[g.O_TICK_M]
        units = np.ceil(units - LOT_TOLERANCE) if side > 0.0 else np.floor(units + LOT_TOLERANCE)
        price = units * m[g.O_TICK_M] / m[g.O_TICK_D]
    return price


@jit
def fee_of(m, side, quantity, notional, fees, is_final, exact):  # type: ignore[no-untyped-def]
    """Return the fee that a fill adds to its order, rounded unless `exact`; `is_final` counts it.

    At `fees` lie the order's fee without minimum and maximum, its notional, and
    its fee so far, not rounded.
    """
    if m[g.O_PER_SHARE] == 0.0:
        fee = notional * m[g.O_RATE]
        if side < 0.0:
            fee += notional * m[g.O_SELL_RATE]
        if exact == 0.0:
            fee = posted(fee, m)
    else:
        used = m[g.A_MONTH_SHARES]
        left = quantity
        raw = 0.0
        for tier in range(np.int64(m[g.A_TIERS]), np.int64(m[g.A_TIERS_END]), 2):
            part = min(left, max(m[tier] - used, 0.0))
            raw += part * m[tier + 1]
            used += part
            left -= part
        raw += m[fees]
        traded = m[fees + 1] + notional
        total = max(raw, m[g.O_MIN_FEE])
        if m[g.O_MAX_FEE] > 0.0:
            total = min(total, m[g.O_MAX_FEE])
        if m[g.O_MAX_RATE] > 0.0:
            total = min(total, m[g.O_MAX_RATE] * traded)
        if side < 0.0:
            total += m[g.O_SELL_RATE] * traded
        fee = total - m[fees + 2]
        if exact == 0.0:
            fee = posted(fee, m)
        if is_final > 0.0:
            m[fees] = raw
            m[fees + 1] = traded
            m[fees + 2] = total
            m[g.A_MONTH_SHARES] += quantity
    return fee


@jit
def execute(m, t, s, side, quantity, raw, price, reason, ambiguous, slips, charged, fees):  # type: ignore[no-untyped-def]
    """Post one fill, write it, and change the position's quantity; `charged` says whether it pays a fee."""
    notional = quantity * price
    fee = 0.0
    if charged:
        fee = fee_of(m, side, quantity, notional, fees, g.YES, g.NO)
    notional = posted(notional, m)
    cash = m[g.A_CASH]
    after = cash - side * notional - fee
    m[g.A_CASH] = 0.0 if abs(after) <= DUST * cash else after

    total = quantity * abs(price - raw)
    impact = 0.0
    if slips and m[g.O_IMPACT] > 0.0:
        impact = min(total, quantity * raw * impact_of(m, s, quantity))
    at = np.int64(m[g.A_FILLS])
    m[g.A_FILLS] += 1.0
    if at < np.int64(m[g.A_FILLS_MAX]):
        fill = np.int64(m[g.A_FILLS_AT]) + at * FILL_COLUMNS
        m[fill + BAR] = t
        m[fill + SIDE] = side
        m[fill + QUANTITY] = quantity
        m[fill + PRICE] = price
        m[fill + NOTIONAL] = notional
        m[fill + FEE] = fee
        m[fill + SLIPPAGE] = total - impact
        m[fill + REASON] = reason
        m[fill + SYMBOL] = s
        m[fill + IMPACT] = impact
        m[fill + AMBIGUOUS] = ambiguous

    held = m[row_of(s) + g.P_QUANTITY]
    if held > 0.0 and side < 0.0 and m[g.O_T_PLUS_1] > 0.0:
        m[g.A_UNSETTLED] += notional - fee
    now = held + side * quantity
    m[row_of(s) + g.P_QUANTITY] = now
    m[g.A_POSITIONS] += (now != 0.0) - (held != 0.0)
    m[g.A_SHORTS] += (now < 0.0) - (held < 0.0)


@jit
def covers(m, s, side, quantity, raw, slips, cap, fees, exact, simple, spendable, others, gross):  # type: ignore[no-untyped-def]
    """Return whether the account can bear an entry of `quantity`.

    `simple` is the cash account without shorts: what is posted must not exceed
    `spendable`. Otherwise `others` is the equity without this symbol's position
    and `gross` the exposure of the other symbols, both with marks at the open.
    """
    price = price_of(m, s, side, quantity, raw, slips, cap)
    notional = quantity * price
    fee = fee_of(m, side, quantity, notional, fees, g.NO, exact)
    if exact == 0.0:
        notional = posted(notional, m)
    tolerance = 0.0 if exact > 0.0 else OVERDRAWN
    if simple:
        cost = notional + fee
        return cost - spendable <= tolerance * max(cost, LEAST_COMPARED)
    held = m[row_of(s) + g.P_QUANTITY] + side * quantity
    equity = others - side * notional - fee + held * raw
    exposure = gross + abs(held) * raw
    return exposure - m[g.O_MARGIN] * equity <= tolerance * max(notional + fee, LEAST_COMPARED)


@jit
def affordable_quantity(m, s, side, wanted, raw, slips, cap, fees):  # type: ignore[no-untyped-def]
    """Return `wanted` where the buying power covers it, else the largest quantity that it covers; 0.0 for none."""
    p = row_of(s)
    margin = m[g.O_MARGIN]
    spendable = m[g.A_CASH] + m[g.A_PAYABLE] - m[g.A_UNSETTLED]
    simple = margin == 1.0 and side > 0.0 and m[g.A_SHORTS] == 0.0
    others = spendable
    gross = 0.0
    if not simple:
        for k in range(np.int64(m[g.A_LIVE])):
            j = live_of(m, k)
            if j != s and m[row_of(j) + g.P_QUANTITY] != 0.0:
                value = m[row_of(j) + g.P_QUANTITY] * m[row_of(j) + g.D_MARK_OPEN]
                others += value
                gross += abs(value)
    if covers(m, s, side, wanted, raw, slips, cap, fees, g.NO, simple, spendable, others, gross):
        return wanted
    if m[g.O_REJECT] > 0.0 or (simple and spendable <= NO_MONEY):
        return 0.0
    held = m[p + g.P_QUANTITY]
    exposure = gross + abs(held) * raw
    power = margin * (others + held * raw) - exposure
    if not simple and power <= OVERDRAWN * max(exposure, LEAST_COMPARED):
        return 0.0
    is_exact = m[g.O_LOT_D] == 0.0
    exact = g.YES if is_exact else g.NO
    if is_exact and m[g.O_PER_SHARE] == 0.0 and m[g.O_IMPACT] == 0.0 and m[g.O_TICK_D] == 0.0 and not cap > 0.0:
        slippage = m[g.O_SLIPPAGE] if slips else 0.0
        if simple:
            return spendable / (raw * (1.0 + slippage) * (1.0 + m[g.O_RATE]))
        rate = m[g.O_RATE] + (m[g.O_SELL_RATE] if side < 0.0 else 0.0)
        most = power / (raw * (1.0 + margin * (slippage + rate * (1.0 + side * slippage))))
        return max(0.0, min(wanted, most))
    # Halve the interval between what is covered and what is not: in lots, or without a lot in shares and amounts as they are.
    lot = Grid(1.0, 0.0) if is_exact else Grid(m[g.O_LOT_M], m[g.O_LOT_D])
    low = 0.0
    high = wanted if is_exact else lots_in(wanted, lot)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0 if is_exact else np.floor((low + high) / 2.0)
        if middle <= low or middle >= high:
            break
        quantity = middle if is_exact else middle * lot.multiplier / lot.divisor
        if covers(m, s, side, quantity, raw, slips, cap, fees, exact, simple, spendable, others, gross):
            low = middle
        else:
            high = middle
    return low if is_exact else low * lot.multiplier / lot.divisor


@jit
def room_of(m, s, adds):  # type: ignore[no-untyped-def]
    """Return how much of the symbol can still fill in this bar."""
    room = m[row_of(s) + g.D_ROOM]
    return min(room, m[row_of(s) + g.D_ROOM_ADD]) if adds > 0.0 else room


@jit
def use_room(m, s, quantity):  # type: ignore[no-untyped-def]
    """Take a fill from the volume of the bar."""
    m[row_of(s) + g.D_ROOM] = max(m[row_of(s) + g.D_ROOM] - quantity, 0.0)
    m[row_of(s) + g.D_ROOM_ADD] = max(m[row_of(s) + g.D_ROOM_ADD] - quantity, 0.0)


@jit
def set_room(m, s, volume, average):  # type: ignore[no-untyped-def]
    """Set what of a bar's volume orders can take; NaN is ample."""
    share = m[g.O_PARTICIPATION]
    m[row_of(s) + g.D_ROOM] = np.inf
    m[row_of(s) + g.D_ROOM_ADD] = np.inf
    if share == 0.0:
        return
    if volume >= 0.0 and not (volume == 0.0 and m[g.O_ZERO_FILLS] > 0.0):
        m[row_of(s) + g.D_ROOM] = floored(share * volume, m)
        m[row_of(s) + g.D_ROOM_ADD] = m[row_of(s) + g.D_ROOM]
    if m[g.O_ADV] > 0.0 and average >= 0.0:
        m[row_of(s) + g.D_ROOM_ADD] = min(m[row_of(s) + g.D_ROOM_ADD], floored(share * average, m))
