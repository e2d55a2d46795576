"""The steps of a bar in the general kernel, from its night to its close, in the order in which they happen."""

from __future__ import annotations

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.general_fills import affordable_quantity, execute, price_of, room_of, use_room
from investiq.backtesting.general_orders import (
    carry_exit,
    close_out,
    drop_exits,
    end_position,
    enter,
    exit_by_order,
    exit_by_stop,
    exit_by_target,
    is_limit,
    is_waiting_stop,
    nearest_stop,
    nearest_target,
    passes,
    set_levels,
    trail_of,
)
from investiq.backtesting.general_state import floored, flow, level_of, note, note_counted, posted
from investiq.backtesting.postings import (
    EQUAL,
    REASON_CIRCUIT_BREAKER,
    REASON_DELISTED,
    REASON_END,
    REASON_LIMIT,
    REASON_LIMIT_GAP,
    REASON_MARGIN_CALL,
    REASON_REBALANCE,
    REASON_STOP_ENTRY,
    REASON_TIME,
    Grid,
    lots_in,
)
from investiq.core.compiling import jit

WHOLE = Grid(1.0, 1.0)


@jit
def short_value(b):  # type: ignore[no-untyped-def]
    """Return the market value of all shorts at the last marks."""
    value = 0.0
    if b.account[g.A_SHORTS] > 0.0:
        for s in range(b.positions.shape[0]):
            if b.positions[s, g.P_QUANTITY] < 0.0:
                value -= b.positions[s, g.P_QUANTITY] * b.day[s, g.D_MARK]
    return value


@jit
def post(b, t, amount, kind, code, symbol):  # type: ignore[no-untyped-def]
    """Post interest or a fee to cash, with its line of the log."""
    amount = posted(amount, b.options)
    if amount != 0.0:
        b.account[g.A_CASH] += amount
        flow(b, t, kind, symbol, amount)
        note(b, t, code, symbol, amount)


@jit
def charge_night(b, t, free, sweep, debit, borrow, days, calendar_days):  # type: ignore[no-untyped-def]
    """Post interest on the free cash of the night, and the borrow fee of each short; shorts are those before the open."""
    if free > 0.0:
        post(b, t, free * sweep * days / b.options[g.O_YEAR], g.FLOW_INTEREST, g.LOG_INTEREST, g.NO_SYMBOL)
    elif free < 0.0:
        post(b, t, free * debit * calendar_days / 360.0, g.FLOW_DEBIT, g.LOG_DEBIT, g.NO_SYMBOL)
    if b.account[g.A_SHORTS] > 0.0:
        for s in range(b.positions.shape[0]):
            held = b.positions[s, g.P_QUANTITY]
            if held < 0.0:
                rate = borrow[s, t] if borrow.size else b.options[g.O_BORROW]
                fee = -held * b.day[s, g.D_MARK] * rate * calendar_days / 360.0
                fee = posted(fee, b.options)
                if fee != 0.0:
                    b.account[g.A_CASH] -= fee
                    flow(b, t, g.FLOW_BORROW, s, -fee)
                    note(b, t, g.LOG_BORROW, s, fee)


@jit
def split(b, t, s, ratio):  # type: ignore[no-untyped-def]
    """Carry position, levels, marks and orders of a symbol through a split."""
    o = b.options
    p = b.positions[s]
    day = b.day[s]
    day[g.D_RATIO] *= ratio
    day[g.D_MARK] /= ratio
    held = p[g.P_QUANTITY]
    if held != 0.0:
        new = abs(held) * ratio
        if o[g.O_LOT_D] > 0.0 and o[g.O_LOT_M] / o[g.O_LOT_D] >= 1.0:
            whole = lots_in(new, WHOLE)
            rest = new - whole
            if rest > 1e-9 * max(1.0, new):
                side = 1.0 if held > 0.0 else -1.0
                amount = side * posted(rest * day[g.D_MARK], o)
                b.account[g.A_CASH] += amount
                flow(b, t, g.FLOW_CASH_IN_LIEU, s, amount)
                note(b, t, g.LOG_CASH_IN_LIEU, s, amount)
            new = whole
        p[g.P_QUANTITY] = new if held > 0.0 else -new
        p[g.P_STOP] = level_of(p[g.P_STOP] / ratio, o)
        p[g.P_TARGET] = level_of(p[g.P_TARGET] / ratio, o)
        p[g.P_TRAIL] = level_of(p[g.P_TRAIL] / ratio, o)
        p[g.P_EXTREME] /= ratio
        if new == 0.0:
            b.account[g.A_POSITIONS] -= 1.0
            b.account[g.A_SHORTS] -= held < 0.0
            end_position(b, s)
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s:
            order[g.R_LIMIT] = level_of(order[g.R_LIMIT] / ratio, o)
            order[g.R_STOP] = level_of(order[g.R_STOP] / ratio, o)
            order[g.R_STOP_LOSS] = level_of(order[g.R_STOP_LOSS] / ratio, o)
            order[g.R_TAKE_PROFIT] = level_of(order[g.R_TAKE_PROFIT] / ratio, o)
            if order[g.R_IS_EXIT] == 0.0 and order[g.R_SIZE_KIND] == g.SIZE_FIXED:
                order[g.R_QUANTITY] = floored(order[g.R_QUANTITY] * ratio, o)
                if not order[g.R_QUANTITY] > 0.0:
                    order[g.R_ALIVE] = 0.0
                    note(b, t, g.LOG_TOO_SMALL, s, 0.0)


@jit
def dividend(b, t, s, amount, reduces):  # type: ignore[no-untyped-def]
    """Book a dividend's receivable (or a short's payable), and lower levels and orders by it; return the booked amount."""
    o = b.options
    p = b.positions[s]
    held = p[g.P_QUANTITY]
    booked = 0.0
    if held != 0.0:
        booked = posted(held * amount, o)
        if booked > 0.0:
            b.account[g.A_RECEIVABLE] += booked
        else:
            b.account[g.A_PAYABLE] += booked
        b.account[g.A_UNPAID] += 1.0
        flow(b, t, g.FLOW_DIVIDEND, s, booked)
    if reduces == 0.0:
        return booked
    if held > 0.0:
        p[g.P_STOP] = level_of(p[g.P_STOP] - amount, o)
        p[g.P_EXTREME] -= amount
        if o[g.O_TRAIL] > 0.0:
            p[g.P_TRAIL] = trail_of(b, 1.0, p[g.P_EXTREME], np.nan)
        else:
            p[g.P_TRAIL] = level_of(p[g.P_TRAIL] - amount, o)
    elif held < 0.0:
        p[g.P_TARGET] = level_of(p[g.P_TARGET] - amount, o)
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s:
            if order[g.R_SIDE] > 0.0:
                order[g.R_LIMIT] = (
                    level_of(order[g.R_LIMIT] - amount, o) if order[g.R_TYPE] == g.LIMIT else order[g.R_LIMIT]
                )
                if order[g.R_TYPE] == g.STOP_LIMIT:
                    order[g.R_LIMIT] = (
                        level_of(order[g.R_LIMIT] - amount, o) if is_limit(order, t) else order[g.R_LIMIT]
                    )
                if order[g.R_IS_EXIT] == 0.0:
                    order[g.R_STOP_LOSS] = level_of(order[g.R_STOP_LOSS] - amount, o)
            else:
                order[g.R_STOP] = level_of(order[g.R_STOP] - amount, o)
                if order[g.R_TYPE] == g.STOP_LIMIT and not is_limit(order, t):
                    order[g.R_LIMIT] = level_of(order[g.R_LIMIT] - amount, o)
                if order[g.R_IS_EXIT] == 0.0:
                    order[g.R_TAKE_PROFIT] = level_of(order[g.R_TAKE_PROFIT] - amount, o)
    return booked


@jit
def delist(b, t, s, change):  # type: ignore[no-untyped-def]
    """Settle the position of a symbol that has ended, and cancel its orders."""
    b.day[s, g.D_ENDED] = 1.0
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        if b.orders[i, g.R_SYMBOL] == s:
            b.orders[i, g.R_ALIVE] = 0.0
    held = b.positions[s, g.P_QUANTITY]
    if held != 0.0:
        price = b.day[s, g.D_MARK] * (1.0 + (change if change == change else b.options[g.O_DELISTING]))
        side = -1.0 if held > 0.0 else 1.0
        execute(
            b, t, s, side, abs(held), price, price, REASON_DELISTED, 0.0, False, False, b.orders, g.SCRATCH, g.R_FEE
        )
        end_position(b, s)


@jit
def pay(b, t, actions, row):  # type: ignore[no-untyped-def]
    """Move a dividend that is due from the receivables to cash."""
    amount = actions[row, g.X_PAID]
    if amount == 0.0:
        return
    account = b.account
    account[g.A_CASH] += amount
    account[g.A_UNPAID] -= 1.0
    if amount > 0.0:
        account[g.A_RECEIVABLE] -= amount
    else:
        account[g.A_PAYABLE] -= amount
    if account[g.A_UNPAID] == 0.0:
        account[g.A_RECEIVABLE] = 0.0
        account[g.A_PAYABLE] = 0.0
    flow(b, t, g.FLOW_DIVIDEND_PAID, np.int64(actions[row, g.X_SYMBOL]), amount)


@jit
def refuse_entries(b, t):  # type: ignore[no-untyped-def]
    """Cancel every entry order while the account is halted, or after a margin call."""
    code = g.LOG_BLOCKED_HALT if b.account[g.A_HALTED] > 0.0 else g.LOG_BLOCKED_CALL
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_IS_EXIT] == 0.0:
            order[g.R_ALIVE] = 0.0
            note(b, t, code, np.int64(order[g.R_SYMBOL]), 0.0)


@jit
def has_forced(b, s):  # type: ignore[no-untyped-def]
    """Return whether an exit of the symbol is already on its way to the next open."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s and order[g.R_IS_FORCED] > 0.0:
            return True
    return False


@jit
def open_protective(b, t):  # type: ignore[no-untyped-def]
    """Step 7: forced and carried exits, then stops and targets that the open has passed."""
    o = b.options
    for k in range(np.int64(b.account[g.A_LIVE])):
        s = b.live[k]
        p = b.positions[s]
        if p[g.P_QUANTITY] == 0.0 or b.day[s, g.D_TRADES] == 0.0:
            continue
        was_forced = False
        for i in range(1, np.int64(b.account[g.A_ORDERS])):
            order = b.orders[i]
            if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s and order[g.R_IS_FORCED] > 0.0:
                was_forced = True
                exit_by_order(b, t, s, i)
                if p[g.P_QUANTITY] == 0.0:
                    break
        price = b.day[s, g.D_OPEN]
        while not was_forced and p[g.P_QUANTITY] != 0.0:
            side = 1.0 if p[g.P_QUANTITY] > 0.0 else -1.0
            stop, source = nearest_stop(b, t, s, True)
            if side * (price - stop) <= 0.0:
                if exit_by_stop(b, t, s, stop, source, price, True, 0.0):
                    break
                continue
            target, source = nearest_target(b, t, s, True)
            if passes(price, target, -side, o[g.O_TOUCH]):
                worst = b.day[s, g.D_LOW] if side > 0.0 else b.day[s, g.D_HIGH]
                if not (o[g.O_STOP_FIRST] > 0.0 and side * (worst - stop) <= 0.0):
                    raw = target if o[g.O_GAP_AT_LIMIT] > 0.0 else price
                    exit_by_target(b, t, s, target, source, raw, True, 0.0)
            break


@jit
def meets_level(b, t, s):  # type: ignore[no-untyped-def]
    """Return whether a held position meets one of its levels anywhere in the bar."""
    side = 1.0 if b.positions[s, g.P_QUANTITY] > 0.0 else -1.0
    worst = b.day[s, g.D_LOW] if side > 0.0 else b.day[s, g.D_HIGH]
    best = b.day[s, g.D_HIGH] if side > 0.0 else b.day[s, g.D_LOW]
    stop, _ = nearest_stop(b, t, s, True)
    target, _ = nearest_target(b, t, s, True)
    return side * (worst - stop) <= 0.0 or passes(best, target, -side, b.options[g.O_TOUCH])


@jit
def open_exits(b, t):  # type: ignore[no-untyped-def]
    """Step 8: exits by signal, then by time."""
    o = b.options
    levels_first = o[g.O_LEVELS_FIRST] > 0.0
    for k in range(np.int64(b.account[g.A_LIVE])):
        s = b.live[k]
        p = b.positions[s]
        if p[g.P_QUANTITY] == 0.0 or b.day[s, g.D_TRADES] == 0.0 or has_forced(b, s):
            continue
        if levels_first and meets_level(b, t, s):
            continue
        for i in range(1, np.int64(b.account[g.A_ORDERS])):
            order = b.orders[i]
            if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s and order[g.R_IS_EXIT] > 0.0:
                if order[g.R_TYPE] == g.MARKET and order[g.R_SIDE] * p[g.P_QUANTITY] < 0.0:
                    exit_by_order(b, t, s, i)
                    break
        if p[g.P_QUANTITY] != 0.0 and o[g.O_HOLD] > 0.0 and t - p[g.P_OPENED] >= o[g.O_HOLD]:
            if not has_forced(b, s):
                exit_by_order(b, t, s, carry_exit(b, s, REASON_TIME))
    drop_exits(b, t)


@jit
def trade_towards(b, t, s, delta, raw, slips, is_opening, may_enter):  # type: ignore[no-untyped-def]
    """Trade `delta` shares of a rebalance: what reduces the position first, then what opens or adds to one."""
    o = b.options
    p = b.positions[s]
    side = 1.0 if delta > 0.0 else -1.0
    left = abs(delta)
    held = p[g.P_QUANTITY]
    scratch = b.orders[0]
    scratch[:] = 0.0
    if held * side < 0.0:
        quantity = min(min(left, abs(held)), room_of(b, s, is_opening))
        if quantity > 0.0:
            price = price_of(b, s, side, quantity, raw, slips, np.nan)
            execute(
                b, t, s, side, quantity, raw, price, REASON_REBALANCE, 0.0, slips, True, b.orders, g.SCRATCH, g.R_FEE
            )
            use_room(b, s, quantity)
            if p[g.P_QUANTITY] == 0.0:
                end_position(b, s)
        left -= min(left, abs(held))
        if p[g.P_QUANTITY] != 0.0:
            return
    if not left > 0.0:
        return
    if not may_enter:
        code = g.LOG_BLOCKED_HALT if b.account[g.A_HALTED] > 0.0 else g.LOG_BLOCKED_CALL
        note(b, t, code, s, 0.0)
        return
    if side < 0.0 and b.day[s, g.D_SHORTABLE] == 0.0:
        note(b, t, g.LOG_NOT_SHORTABLE, s, 0.0)
        return
    held = p[g.P_QUANTITY]
    quantity = affordable_quantity(b, s, side, left, raw, slips, np.nan, b.orders, g.SCRATCH, g.R_FEE)
    quantity = min(quantity, room_of(b, s, is_opening))
    if quantity > 0.0:
        price = price_of(b, s, side, quantity, raw, slips, np.nan)
        execute(b, t, s, side, quantity, raw, price, REASON_REBALANCE, 0.0, slips, True, b.orders, g.SCRATCH, g.R_FEE)
        use_room(b, s, quantity)
        p[g.P_ENTRIES] = max(p[g.P_ENTRIES], 1.0)
        set_levels(b, t, s, side, price, raw, held, g.MODE_OPEN, np.nan, np.nan)


@jit
def rebalance(b, t, targets, equity, at_close, may_enter):  # type: ignore[no-untyped-def]
    """Step 9: trade towards target weights of `equity`, sells first; NaN leaves a symbol alone."""
    o = b.options
    if equity <= 0.0:
        return
    for s in range(targets.size):
        day = b.day[s]
        day[g.D_TARGET] = 0.0
        weight = targets[s]
        if weight != weight or day[g.D_TRADES] == 0.0:
            continue
        mark = day[g.D_CLOSE] if at_close else day[g.D_HELD_MARK]
        held = b.positions[s, g.P_QUANTITY] if at_close else day[g.D_HELD]
        if not mark > 0.0:
            continue
        distance = abs(held * mark / equity - weight)
        if distance - o[g.O_BAND] <= EQUAL * max(distance, o[g.O_BAND]):
            continue
        wanted = floored(abs(weight) * equity / mark, o)
        if not at_close and day[g.D_RATIO] != 1.0:
            wanted = floored(wanted * day[g.D_RATIO], o)
        delta = (wanted if weight > 0.0 else -wanted) - b.positions[s, g.P_QUANTITY]
        price = mark if at_close else mark / day[g.D_RATIO]
        if o[g.O_MIN_NOTIONAL] - abs(delta) * price > EQUAL * o[g.O_MIN_NOTIONAL]:
            continue
        day[g.D_TARGET] = delta
    for side in (-1.0, 1.0):
        for s in range(targets.size):
            delta = b.day[s, g.D_TARGET]
            if delta * side > 0.0:
                raw = b.day[s, g.D_CLOSE] if at_close else b.day[s, g.D_OPEN]
                trade_towards(b, t, s, delta, raw, True, not at_close, may_enter)


@jit
def open_equity(b):  # type: ignore[no-untyped-def]
    """Return the equity with marks at the open."""
    worth = b.account[g.A_CASH]
    for k in range(np.int64(b.account[g.A_LIVE])):
        s = b.live[k]
        if b.positions[s, g.P_QUANTITY] != 0.0:
            worth += b.positions[s, g.P_QUANTITY] * b.day[s, g.D_MARK_OPEN]
    return worth + (b.account[g.A_RECEIVABLE] + b.account[g.A_PAYABLE])


@jit
def entries_in_order(b, resting):  # type: ignore[no-untyped-def]
    """Write the entry orders that can fill to `sequence`: by confidence, symbol and age; return their number."""
    count = 0
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] == 0.0 or order[g.R_IS_EXIT] > 0.0 or (order[g.R_TYPE] != g.MARKET) != resting:
            continue
        if b.day[np.int64(order[g.R_SYMBOL]), g.D_TRADES] == 0.0:
            continue
        at = count
        while at > 0 and comes_before(order, b.orders[b.sequence[at - 1]]):
            b.sequence[at] = b.sequence[at - 1]
            at -= 1
        b.sequence[at] = i
        count += 1
    return count


@jit
def comes_before(one, other):  # type: ignore[no-untyped-def]
    """Return whether an entry is tried before another."""
    if one[g.R_CONFIDENCE] != other[g.R_CONFIDENCE]:
        return one[g.R_CONFIDENCE] > other[g.R_CONFIDENCE]
    if one[g.R_SYMBOL] != other[g.R_SYMBOL]:
        return one[g.R_SYMBOL] < other[g.R_SYMBOL]
    return one[g.R_SEQUENCE] < other[g.R_SEQUENCE]


@jit
def open_entries(b, t, allowed):  # type: ignore[no-untyped-def]
    """Step 10: market entries."""
    count = entries_in_order(b, False)
    if count == 0:
        return
    if b.options[g.O_SIZE_AT_OPEN] > 0.0:
        b.account[g.A_OPEN_EQUITY] = open_equity(b)
    for k in range(count):
        i = b.sequence[k]
        order = b.orders[i]
        if order[g.R_ALIVE] == 0.0:
            continue
        s = np.int64(order[g.R_SYMBOL])
        if not allowed:
            order[g.R_ALIVE] = 0.0
            note(b, t, g.LOG_SESSION, s, 0.0)
            continue
        enter(b, t, i, b.day[s, g.D_OPEN], True, np.nan, order[g.R_REASON], g.MODE_OPEN, True)


@jit
def rest_at_open(b, t, count):  # type: ignore[no-untyped-def]
    """Step 11: resting entries that the open has reached; the first `count` of `sequence`."""
    o = b.options
    for k in range(count):
        i = b.sequence[k]
        order = b.orders[i]
        if order[g.R_ALIVE] == 0.0:
            continue
        side = order[g.R_SIDE]
        price = b.day[np.int64(order[g.R_SYMBOL]), g.D_OPEN]
        if is_limit(order, t):
            if passes(price, order[g.R_LIMIT], side, o[g.O_TOUCH]):
                raw = order[g.R_LIMIT] if o[g.O_GAP_AT_LIMIT] > 0.0 else price
                enter(b, t, i, raw, False, np.nan, REASON_LIMIT_GAP, g.MODE_OPEN, True)
        elif is_waiting_stop(order, t) and side * (price - order[g.R_STOP]) >= 0.0:
            if order[g.R_TYPE] == g.STOP_LIMIT:
                order[g.R_LIMIT_FROM] = t
                if side * (order[g.R_LIMIT] - price) >= 0.0:
                    enter(b, t, i, price, True, order[g.R_LIMIT], REASON_STOP_ENTRY, g.MODE_OPEN, True)
            else:
                enter(b, t, i, price, True, np.nan, REASON_STOP_ENTRY, g.MODE_OPEN, True)


@jit
def rest_inside(b, t, count):  # type: ignore[no-untyped-def]
    """Step 12: resting entries that the bar reaches; the first `count` of `sequence`."""
    o = b.options
    for k in range(count):
        i = b.sequence[k]
        order = b.orders[i]
        if order[g.R_ALIVE] == 0.0 or order[g.R_HAS_FILLED] * (order[g.R_TYPE] == g.MARKET) > 0.0:
            continue
        side = order[g.R_SIDE]
        s = np.int64(order[g.R_SYMBOL])
        low = b.day[s, g.D_LOW] if side > 0.0 else b.day[s, g.D_HIGH]
        high = b.day[s, g.D_HIGH] if side > 0.0 else b.day[s, g.D_LOW]
        if is_limit(order, t):
            if passes(low, order[g.R_LIMIT], side, o[g.O_TOUCH]):
                enter(b, t, i, order[g.R_LIMIT], False, np.nan, REASON_LIMIT, g.MODE_LIMIT, False)
        elif is_waiting_stop(order, t) and side * (high - order[g.R_STOP]) >= 0.0:
            if order[g.R_TYPE] == g.STOP_LIMIT:
                order[g.R_LIMIT_FROM] = t + 1.0
                if side * (order[g.R_LIMIT] - order[g.R_STOP]) >= 0.0:
                    enter(b, t, i, order[g.R_STOP], True, order[g.R_LIMIT], REASON_STOP_ENTRY, g.MODE_STOP, False)
            else:
                enter(b, t, i, order[g.R_STOP], True, np.nan, REASON_STOP_ENTRY, g.MODE_STOP, False)


@jit
def inside_protective(b, t):  # type: ignore[no-untyped-def]
    """Steps 13 and 14: stops and targets inside the bar."""
    o = b.options
    for k in range(np.int64(b.account[g.A_LIVE])):
        s = b.live[k]
        p = b.positions[s]
        if p[g.P_QUANTITY] == 0.0 or b.day[s, g.D_TRADES] == 0.0 or has_forced(b, s):
            continue
        is_new = p[g.P_OPENED] == t
        if is_new and o[g.O_NEXT_BAR] > 0.0:
            continue
        side = 1.0 if p[g.P_QUANTITY] > 0.0 else -1.0
        worst = b.day[s, g.D_LOW] if side > 0.0 else b.day[s, g.D_HIGH]
        best = b.day[s, g.D_HIGH] if side > 0.0 else b.day[s, g.D_LOW]
        target_waits = is_new and p[g.P_MODE] == g.MODE_LIMIT
        while True:
            stop, source = nearest_stop(b, t, s, True)
            target, target_source = nearest_target(b, t, s, True)
            at_stop = side * (worst - stop) <= 0.0
            at_target = not target_waits and passes(best, target, -side, o[g.O_TOUCH])
            both = 1.0 if at_stop and at_target else 0.0
            if at_stop and not (at_target and o[g.O_TARGET_INSIDE] > 0.0):
                raw = stop
                if p[g.P_ADDED] == t and side * (stop - p[g.P_RAW]) > 0.0:
                    raw = p[g.P_RAW]
                if exit_by_stop(b, t, s, stop, source, raw, False, both):
                    break
                continue
            if at_target:
                raw = target
                if not is_new and o[g.O_GAP_AT_LIMIT] == 0.0 and side * (b.day[s, g.D_OPEN] - target) > 0.0:
                    raw = b.day[s, g.D_OPEN]
                exit_by_target(b, t, s, target, target_source, raw, False, both)
            break
    drop_exits(b, t)


@jit
def expire_resting(b, t):  # type: ignore[no-untyped-def]
    """Step 16: count the bars of resting orders, and cancel those that have lived."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_TYPE] != g.MARKET:
            s = np.int64(order[g.R_SYMBOL])
            if b.day[s, g.D_TRADES] > 0.0:
                order[g.R_LEFT] -= 1.0
                if order[g.R_LEFT] <= 0.0:
                    order[g.R_ALIVE] = 0.0
                    note(b, t, g.LOG_STOP_EXPIRED if order[g.R_TYPE] == g.STOP else g.LOG_LIMIT_EXPIRED, s, 0.0)


@jit
def miss_session(b, t, session):  # type: ignore[no-untyped-def]
    """Cancel the entries whose last session went by without any bar before this one."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if is_waiting_entry(order) and order[g.R_DEADLINE] < session:
            order[g.R_ALIVE] = 0.0
            note(b, t, g.LOG_MISSED, np.int64(order[g.R_SYMBOL]), 0.0)


@jit
def is_waiting_entry(order):  # type: ignore[no-untyped-def]
    """Return whether a market entry waits for its first fill."""
    if order[g.R_ALIVE] == 0.0 or order[g.R_IS_EXIT] > 0.0 or order[g.R_TYPE] != g.MARKET:
        return False
    return order[g.R_HAS_FILLED] == 0.0


@jit
def wait(b, t, session, ends_session):  # type: ignore[no-untyped-def]
    """Carry the market orders of symbols that did not trade; entries expire at the close of their fifth session."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] == 0.0 or order[g.R_TYPE] != g.MARKET:
            continue
        s = np.int64(order[g.R_SYMBOL])
        if b.day[s, g.D_TRADES] > 0.0:
            continue
        has_bar = b.day[s, g.D_HAS_BAR] > 0.0
        if is_waiting_entry(order) and ends_session and order[g.R_DEADLINE] <= session:
            order[g.R_ALIVE] = 0.0
            note(b, t, g.LOG_EXPIRED if has_bar else g.LOG_MISSED, s, 0.0)
        elif has_bar:
            note(b, t, g.LOG_CARRIED, s, 0.0)


@jit
def liquidate(b, t):  # type: ignore[no-untyped-def]
    """Step 18: leave every position at its last close, without a cap on volume."""
    for s in range(b.positions.shape[0]):
        if b.positions[s, g.P_QUANTITY] != 0.0:
            b.orders[0, :] = 0.0
            b.day[s, g.D_ROOM] = np.inf
            close_out(b, t, s, b.day[s, g.D_MARK], True, np.nan, REASON_END, 0.0, False, b.orders, g.SCRATCH, g.R_FEE)


@jit
def marked(b):  # type: ignore[no-untyped-def]
    """Return the equity at the marks."""
    worth = b.account[g.A_CASH]
    if b.account[g.A_POSITIONS] > 0.0:
        for s in range(b.positions.shape[0]):
            if b.positions[s, g.P_QUANTITY] != 0.0:
                worth = worth + b.positions[s, g.P_QUANTITY] * b.day[s, g.D_MARK]
    return worth + (b.account[g.A_RECEIVABLE] + b.account[g.A_PAYABLE])


@jit
def order_all_out(b, reason):  # type: ignore[no-untyped-def]
    """Order every position out at the next open, unless it is on its way already."""
    for s in range(b.positions.shape[0]):
        if b.positions[s, g.P_QUANTITY] != 0.0 and not has_forced(b, s):
            carry_exit(b, s, reason)


@jit
def watch_margin(b, t, equity):  # type: ignore[no-untyped-def]
    """Step 19: the margin call, and ruin."""
    o = b.options
    account = b.account
    account[g.A_CALLED] = 0.0
    required = 0.0
    if account[g.A_POSITIONS] > 0.0:
        for s in range(b.positions.shape[0]):
            value = b.positions[s, g.P_QUANTITY] * b.day[s, g.D_MARK]
            if value > 0.0:
                required += o[g.O_MAINTENANCE_LONG] * value
            elif value < 0.0:
                required -= o[g.O_MAINTENANCE_SHORT] * value
    if required - equity > EQUAL * required:
        account[g.A_CALLED] = 1.0
        note_counted(b, t, g.LOG_MARGIN_CALL, g.NO_SYMBOL, equity, required)
        order_all_out(b, REASON_MARGIN_CALL)
    if equity <= 0.0 and account[g.A_RUINED] == 0.0:
        account[g.A_RUINED] = 1.0
        account[g.A_CALLED] = 1.0
        note(b, t, g.LOG_RUIN, g.NO_SYMBOL, equity)
        order_all_out(b, REASON_MARGIN_CALL)


@jit
def watch_drawdown(b, t, equity):  # type: ignore[no-untyped-def]
    """Step 20: the circuit breaker and its reset."""
    o = b.options
    account = b.account
    account[g.A_PEAK] = max(account[g.A_PEAK], equity)
    limit = o[g.O_HALT]
    if limit == 0.0:
        return
    drawdown = 1.0 - equity / account[g.A_PEAK]
    if account[g.A_HALTED] > 0.0:
        least = o[g.O_RESET_DRAWDOWN]
        is_over = 0.0 < o[g.O_RESET_BARS] <= t - account[g.A_HALT_BAR]
        if is_over or (least >= 0.0 and drawdown - least <= EQUAL * max(drawdown, least)):
            account[g.A_HALTED] = 0.0
            account[g.A_PEAK] = equity
            note(b, t, g.LOG_HALT_RESET, g.NO_SYMBOL, drawdown)
    elif limit - drawdown <= EQUAL * limit:
        account[g.A_HALTED] = 1.0
        account[g.A_HALT_BAR] = t
        note(b, t, g.LOG_HALTED, g.NO_SYMBOL, drawdown)
        if o[g.O_FLATTEN] > 0.0:
            order_all_out(b, REASON_CIRCUIT_BREAKER)


@jit
def ratchet(b, t, atr):  # type: ignore[no-untyped-def]
    """Step 21: move the extremes behind trails, and the trails; they bind from the next bar on."""
    o = b.options
    for k in range(np.int64(b.account[g.A_LIVE])):
        s = b.live[k]
        p = b.positions[s]
        held = p[g.P_QUANTITY]
        if held == 0.0 or b.day[s, g.D_TRADES] == 0.0:
            continue
        side = 1.0 if held > 0.0 else -1.0
        if p[g.P_OPENED] != t or o[g.O_TRAIL_ENTRY_BAR] > 0.0:
            reach = b.day[s, g.D_HIGH] if side > 0.0 else b.day[s, g.D_LOW]
            if p[g.P_OPENED] == t and p[g.P_MODE] == g.MODE_LIMIT:
                reach = b.day[s, g.D_CLOSE]
            if side * (reach - p[g.P_EXTREME]) > 0.0:
                p[g.P_EXTREME] = reach
        level = trail_of(b, side, p[g.P_EXTREME], atr[s, t] if atr.size else np.nan)
        if level == level and not side * (level - p[g.P_TRAIL]) <= 0.0:
            p[g.P_TRAIL] = level


@jit
def compact(b):  # type: ignore[no-untyped-def]
    """Close the gaps that finished orders leave in the table."""
    kept = 1
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        if b.orders[i, g.R_ALIVE] > 0.0:
            if kept != i:
                b.orders[kept, :] = b.orders[i, :]
            kept += 1
    b.account[g.A_ORDERS] = kept
