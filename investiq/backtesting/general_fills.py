"""Fills of the general kernel: what a price becomes, what a fill costs, and how much of an entry can be paid."""

from __future__ import annotations

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.general_state import floored, posted
from investiq.backtesting.postings import (
    AMBIGUOUS,
    BAR,
    BISECTIONS,
    DUST,
    EQUAL,
    FEE,
    IMPACT,
    LOT_TOLERANCE,
    NOTIONAL,
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
def impact_of(b, s, quantity):  # type: ignore[no-untyped-def]
    """Return the market impact of a fill as a fraction of its price; 0 where volatility or volume is not known."""
    coefficient = b.options[g.O_IMPACT]
    if coefficient == 0.0:
        return 0.0
    volatility = b.day[s, g.D_VOLATILITY]
    volume = b.day[s, g.D_VOLUME]
    if not (volatility > 0.0 and volume > 0.0):
        return 0.0
    return coefficient * volatility * np.sqrt(quantity / volume)


@jit
def price_of(b, s, side, quantity, raw, slips, cap):  # type: ignore[no-untyped-def]
    """Return the fill price: slippage and impact where it slips, not beyond the limit `cap` (NaN: none), on the tick."""
    o = b.options
    price = raw
    if slips:
        price = raw * (1.0 + side * (o[g.O_SLIPPAGE] + impact_of(b, s, quantity)))
        if side * (price - cap) > 0.0:
            price = cap
    if o[g.O_TICK_D] != 0.0:
        units = price * o[g.O_TICK_D] / o[g.O_TICK_M]
        units = np.ceil(units - LOT_TOLERANCE) if side > 0.0 else np.floor(units + LOT_TOLERANCE)
        price = units * o[g.O_TICK_M] / o[g.O_TICK_D]
    return price


@jit
def fee_of(b, side, quantity, notional, table, row, column, is_final, exact):  # type: ignore[no-untyped-def]
    """Return the fee that a fill adds to its order, rounded unless `exact`; `is_final` counts it.

    ``table[row, column:column + 3]`` holds the order's fee without minimum and
    maximum, its notional, and what was posted so far.
    """
    o = b.options
    if o[g.O_PER_SHARE] == 0.0:
        fee = notional * o[g.O_RATE]
        if not exact:
            fee = posted(fee, o)
    else:
        used = b.account[g.A_MONTH_SHARES]
        left = quantity
        raw = 0.0
        for tier in range(b.tiers.shape[0]):
            part = min(left, max(b.tiers[tier, 0] - used, 0.0))
            raw += part * b.tiers[tier, 1]
            used += part
            left -= part
        raw += table[row, column]
        traded = table[row, column + 1] + notional
        total = max(raw, o[g.O_MIN_FEE])
        if o[g.O_MAX_FEE] > 0.0:
            total = min(total, o[g.O_MAX_FEE])
        if o[g.O_MAX_RATE] > 0.0:
            total = min(total, o[g.O_MAX_RATE] * traded)
        fee = total - table[row, column + 2]
        if not exact:
            fee = posted(fee, o)
        if is_final:
            table[row, column] = raw
            table[row, column + 1] = traded
            table[row, column + 2] += fee
            b.account[g.A_MONTH_SHARES] += quantity
    if side < 0.0 and o[g.O_SELL_RATE] > 0.0:
        sale = notional * o[g.O_SELL_RATE]
        fee += sale if exact else posted(sale, o)
    return fee


@jit
def execute(b, t, s, side, quantity, raw, price, reason, ambiguous, slips, charged, table, row, column):  # type: ignore[no-untyped-def]
    """Post one fill, write it, and change the position's quantity; `charged` says whether it pays a fee."""
    account = b.account
    notional = quantity * price
    fee = 0.0
    if charged:
        fee = fee_of(b, side, quantity, notional, table, row, column, True, False)
    notional = posted(notional, b.options)
    cash = account[g.A_CASH]
    after = cash - side * notional - fee
    account[g.A_CASH] = 0.0 if abs(after) <= DUST * cash else after

    total = quantity * abs(price - raw)
    impact = 0.0
    if slips and b.options[g.O_IMPACT] > 0.0:
        impact = min(total, quantity * raw * impact_of(b, s, quantity))
    at = np.int64(account[g.A_FILLS])
    account[g.A_FILLS] += 1.0
    if at < b.fills.shape[0]:
        fill = b.fills[at]
        fill[BAR] = t
        fill[SIDE] = side
        fill[QUANTITY] = quantity
        fill[PRICE] = price
        fill[NOTIONAL] = notional
        fill[FEE] = fee
        fill[SLIPPAGE] = total - impact
        fill[REASON] = reason
        fill[SYMBOL] = s
        fill[IMPACT] = impact
        fill[AMBIGUOUS] = ambiguous

    held = b.positions[s, g.P_QUANTITY]
    if held > 0.0 and side < 0.0 and b.options[g.O_T_PLUS_1] > 0.0:
        account[g.A_UNSETTLED] += notional - fee
    now = held + side * quantity
    b.positions[s, g.P_QUANTITY] = now
    account[g.A_POSITIONS] += (now != 0.0) - (held != 0.0)
    account[g.A_SHORTS] += (now < 0.0) - (held < 0.0)


@jit
def covers(b, s, side, quantity, raw, slips, cap, table, row, column, exact, simple, spendable, others, gross):  # type: ignore[no-untyped-def]
    """Return whether the account can bear an entry of `quantity`.

    `simple` is the cash account without shorts: what is posted must not exceed
    `spendable`. Otherwise `others` is the equity without this symbol's position
    and `gross` the exposure of the other symbols, both with marks at the open.
    """
    price = price_of(b, s, side, quantity, raw, slips, cap)
    notional = quantity * price
    fee = fee_of(b, side, quantity, notional, table, row, column, False, exact)
    if not exact:
        notional = posted(notional, b.options)
    tolerance = 0.0 if exact else EQUAL
    if simple:
        cost = notional + fee
        return cost - spendable <= tolerance * cost
    held = b.positions[s, g.P_QUANTITY] + side * quantity
    equity = others - side * notional - fee + held * raw
    exposure = gross + abs(held) * raw
    return exposure - b.options[g.O_MARGIN] * equity <= tolerance * exposure


@jit
def affordable_quantity(b, s, side, wanted, raw, slips, cap, table, row, column):  # type: ignore[no-untyped-def]
    """Return `wanted` where the buying power covers it, else the largest quantity that it covers; 0.0 for none."""
    o = b.options
    p = b.positions
    account = b.account
    margin = o[g.O_MARGIN]
    spendable = account[g.A_CASH] + account[g.A_PAYABLE] - account[g.A_UNSETTLED]
    simple = margin == 1.0 and side > 0.0 and account[g.A_SHORTS] == 0.0
    others = spendable
    gross = 0.0
    if not simple:
        for k in range(np.int64(account[g.A_LIVE])):
            j = b.live[k]
            if j != s and p[j, g.P_QUANTITY] != 0.0:
                value = p[j, g.P_QUANTITY] * b.day[j, g.D_MARK_OPEN]
                others += value
                gross += abs(value)
    if covers(b, s, side, wanted, raw, slips, cap, table, row, column, False, simple, spendable, others, gross):
        return wanted
    if o[g.O_REJECT] > 0.0 or (simple and spendable <= 0.0):
        return 0.0
    is_exact = o[g.O_LOT_D] == 0.0
    if is_exact and o[g.O_PER_SHARE] == 0.0 and o[g.O_IMPACT] == 0.0 and o[g.O_TICK_D] == 0.0 and not cap > 0.0:
        slippage = o[g.O_SLIPPAGE] if slips else 0.0
        if simple:
            return spendable / (raw * (1.0 + slippage) * (1.0 + o[g.O_RATE]))
        rate = o[g.O_RATE] + (o[g.O_SELL_RATE] if side < 0.0 else 0.0)
        held = p[s, g.P_QUANTITY]
        power = margin * (others + held * raw) - gross - abs(held) * raw
        most = power / (raw * (1.0 + margin * (slippage + rate * (1.0 + side * slippage))))
        return max(0.0, min(wanted, most))
    # Halve the interval between what is covered and what is not: in lots, or without a lot in shares and amounts as they are.
    lot = Grid(1.0, 0.0) if is_exact else Grid(o[g.O_LOT_M], o[g.O_LOT_D])
    low = 0.0
    high = wanted if is_exact else lots_in(wanted, lot)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0 if is_exact else np.floor((low + high) / 2.0)
        if middle <= low or middle >= high:
            break
        quantity = middle if is_exact else middle * lot.multiplier / lot.divisor
        if covers(
            b, s, side, quantity, raw, slips, cap, table, row, column, is_exact, simple, spendable, others, gross
        ):
            low = middle
        else:
            high = middle
    return low if is_exact else low * lot.multiplier / lot.divisor


@jit
def room_of(b, s, is_opening):  # type: ignore[no-untyped-def]
    """Return how much of the symbol can still fill in this bar."""
    room = b.day[s, g.D_ROOM]
    return min(room, b.day[s, g.D_ROOM_OPEN]) if is_opening else room


@jit
def use_room(b, s, quantity):  # type: ignore[no-untyped-def]
    """Take a fill from the volume of the bar."""
    b.day[s, g.D_ROOM] = max(b.day[s, g.D_ROOM] - quantity, 0.0)
    b.day[s, g.D_ROOM_OPEN] = max(b.day[s, g.D_ROOM_OPEN] - quantity, 0.0)


@jit
def set_room(b, s, volume, average):  # type: ignore[no-untyped-def]
    """Set what of a bar's volume orders can take; NaN is ample."""
    o = b.options
    share = o[g.O_PARTICIPATION]
    b.day[s, g.D_ROOM] = np.inf
    b.day[s, g.D_ROOM_OPEN] = np.inf
    if share > 0.0 and volume >= 0.0 and not (volume == 0.0 and o[g.O_ZERO_FILLS] > 0.0):
        b.day[s, g.D_ROOM] = floored(share * volume, o)
        b.day[s, g.D_ROOM_OPEN] = b.day[s, g.D_ROOM]
        if o[g.O_ADV] > 0.0 and average >= 0.0:
            b.day[s, g.D_ROOM_OPEN] = floored(share * min(volume, average), o)
