"""The steps of a bar in the general kernel, from its night to its close, in the order in which they happen."""

from __future__ import annotations

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.general_fills import affordable_quantity, execute, price_of, room_of, use_room
from investiq.backtesting.general_orders import (
    cancel_others,
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
    refusal_of,
    set_levels,
    stop_inside,
    tighten,
    trail_of,
)
from investiq.backtesting.general_state import floored, flow, level_of, live_of, note, note_counted, posted, row_of
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
def short_value(m):  # type: ignore[no-untyped-def]
    """Return the market value of all shorts at the last marks."""
    value = 0.0
    if m[g.A_SHORTS] > 0.0:
        for s in range(np.int64(m[g.A_SYMBOLS])):
            if m[row_of(s) + g.P_QUANTITY] < 0.0:
                value -= m[row_of(s) + g.P_QUANTITY] * m[row_of(s) + g.D_MARK]
    return value


@jit
def post(m, t, amount, kind, code, symbol):  # type: ignore[no-untyped-def]
    """Post interest or a fee to cash, with its line of the log."""
    amount = posted(amount, m)
    if amount != 0.0:
        m[g.A_CASH] += amount
        flow(m, t, kind, symbol, amount)
        note(m, t, code, symbol, amount)


@jit
def charge_night(m, t, free, sweep, debit, borrow, days, calendar_days):  # type: ignore[no-untyped-def]
    """Post interest on the free cash of the night, and the borrow fee of each short; shorts are those before the open."""
    if free > 0.0:
        post(m, t, free * sweep * days / m[g.O_YEAR], g.FLOW_INTEREST, g.LOG_INTEREST, g.NO_SYMBOL)
    elif free < 0.0:
        post(m, t, free * debit * calendar_days / 360.0, g.FLOW_DEBIT, g.LOG_DEBIT, g.NO_SYMBOL)
    if m[g.A_SHORTS] > 0.0:
        for s in range(np.int64(m[g.A_SYMBOLS])):
            held = m[row_of(s) + g.P_QUANTITY]
            if held < 0.0:
                rate = borrow[s, t] if borrow.size else m[g.O_BORROW]
                fee = -held * m[row_of(s) + g.D_MARK] * rate * calendar_days / 360.0
                fee = posted(fee, m)
                if fee != 0.0:
                    m[g.A_CASH] -= fee
                    flow(m, t, g.FLOW_BORROW, s, -fee)
                    note(m, t, g.LOG_BORROW, s, fee)


@jit
def split(m, t, s, ratio):  # type: ignore[no-untyped-def]
    """Carry position, levels, marks and orders of a symbol through a split."""
    p = row_of(s)
    day = row_of(s)
    m[day + g.D_RATIO] *= ratio
    m[day + g.D_MARK] /= ratio
    held = m[p + g.P_QUANTITY]
    if held != 0.0:
        new = abs(held) * ratio
        if m[g.O_LOT_D] > 0.0 and m[g.O_LOT_M] / m[g.O_LOT_D] >= 1.0:
            whole = lots_in(new, WHOLE)
            rest = new - whole
            if rest > 1e-9 * max(1.0, new):
                side = 1.0 if held > 0.0 else -1.0
                amount = side * posted(rest * m[day + g.D_MARK], m)
                m[g.A_CASH] += amount
                flow(m, t, g.FLOW_CASH_IN_LIEU, s, amount)
                note(m, t, g.LOG_CASH_IN_LIEU, s, amount)
            new = whole
        m[p + g.P_QUANTITY] = new if held > 0.0 else -new
        m[p + g.P_STOP] = level_of(m[p + g.P_STOP] / ratio, m)
        m[p + g.P_TARGET] = level_of(m[p + g.P_TARGET] / ratio, m)
        m[p + g.P_TRAIL] = level_of(m[p + g.P_TRAIL] / ratio, m)
        m[p + g.P_EXTREME] /= ratio
        m[p + g.P_COST] /= ratio
        if new == 0.0:
            m[g.A_POSITIONS] -= 1.0
            m[g.A_SHORTS] -= held < 0.0
            end_position(m, t, s)
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s:
            m[order + g.R_LIMIT] = level_of(m[order + g.R_LIMIT] / ratio, m)
            m[order + g.R_STOP] = level_of(m[order + g.R_STOP] / ratio, m)
            m[order + g.R_STOP_LOSS] = level_of(m[order + g.R_STOP_LOSS] / ratio, m)
            m[order + g.R_TAKE_PROFIT] = level_of(m[order + g.R_TAKE_PROFIT] / ratio, m)
            if m[order + g.R_IS_EXIT] == 0.0 and m[order + g.R_SIZE_KIND] == g.SIZE_FIXED:
                m[order + g.R_QUANTITY] = floored(m[order + g.R_QUANTITY] * ratio, m)
                if not m[order + g.R_QUANTITY] > 0.0:
                    m[order + g.R_ALIVE] = 0.0
                    note(m, t, g.LOG_TOO_SMALL, s, 0.0)


@jit
def dividend(m, t, s, amount, reduces):  # type: ignore[no-untyped-def]
    """Book a dividend's receivable (or a short's payable), and lower levels and orders by it; return the booked amount."""
    p = row_of(s)
    held = m[p + g.P_QUANTITY]
    booked = 0.0
    if held != 0.0:
        booked = posted(held * amount, m)
        if booked > 0.0:
            m[g.A_RECEIVABLE] += booked
        else:
            m[g.A_PAYABLE] += booked
        m[g.A_UNPAID] += 1.0
        flow(m, t, g.FLOW_DIVIDEND, s, booked)
    if reduces == 0.0:
        return booked
    if held > 0.0:
        m[p + g.P_STOP] = level_of(m[p + g.P_STOP] - amount, m)
        m[p + g.P_EXTREME] -= amount
        if m[g.O_TRAIL] > 0.0:
            m[p + g.P_TRAIL] = trail_of(m, 1.0, m[p + g.P_EXTREME], np.nan)
        else:
            m[p + g.P_TRAIL] = level_of(m[p + g.P_TRAIL] - amount, m)
    elif held < 0.0:
        m[p + g.P_TARGET] = level_of(m[p + g.P_TARGET] - amount, m)
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s:
            if m[order + g.R_SIDE] > 0.0:
                m[order + g.R_LIMIT] = (
                    level_of(m[order + g.R_LIMIT] - amount, m)
                    if m[order + g.R_TYPE] == g.LIMIT
                    else m[order + g.R_LIMIT]
                )
                if m[order + g.R_TYPE] == g.STOP_LIMIT:
                    m[order + g.R_LIMIT] = (
                        level_of(m[order + g.R_LIMIT] - amount, m) if is_limit(m, order, t) else m[order + g.R_LIMIT]
                    )
                if m[order + g.R_IS_EXIT] == 0.0:
                    m[order + g.R_STOP_LOSS] = level_of(m[order + g.R_STOP_LOSS] - amount, m)
            else:
                m[order + g.R_STOP] = level_of(m[order + g.R_STOP] - amount, m)
                if m[order + g.R_TYPE] == g.STOP_LIMIT and not is_limit(m, order, t):
                    m[order + g.R_LIMIT] = level_of(m[order + g.R_LIMIT] - amount, m)
                if m[order + g.R_IS_EXIT] == 0.0:
                    m[order + g.R_TAKE_PROFIT] = level_of(m[order + g.R_TAKE_PROFIT] - amount, m)
    return booked


@jit
def delist(m, t, s, change):  # type: ignore[no-untyped-def]
    """Settle the position of a symbol that has ended, and cancel its orders."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s:
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_DELISTED, s, 0.0)
    held = m[row_of(s) + g.P_QUANTITY]
    if held != 0.0:
        price = m[row_of(s) + g.D_MARK] * (1.0 + (change if change == change else m[g.O_DELISTING]))
        side = -1.0 if held > 0.0 else 1.0
        execute(m, t, s, side, abs(held), price, price, REASON_DELISTED, 0.0, g.NO, g.NO, g.SCRATCH)
        end_position(m, t, s)


@jit
def pay(m, t, actions, row):  # type: ignore[no-untyped-def]
    """Move a dividend that is due from the receivables to cash."""
    amount = actions[row, g.X_PAID]
    if amount == 0.0:
        return
    m[g.A_CASH] += amount
    m[g.A_UNPAID] -= 1.0
    if amount > 0.0:
        m[g.A_RECEIVABLE] -= amount
    else:
        m[g.A_PAYABLE] -= amount
    if m[g.A_UNPAID] == 0.0:
        m[g.A_RECEIVABLE] = 0.0
        m[g.A_PAYABLE] = 0.0
    flow(m, t, g.FLOW_DIVIDEND_PAID, np.int64(actions[row, g.X_SYMBOL]), amount)


@jit
def refuse_entries(m, t):  # type: ignore[no-untyped-def]
    """Cancel every entry order while the account is halted, or after a margin call."""
    is_call = m[g.A_CALLED] > 0.0
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_IS_EXIT] == 0.0:
            m[order + g.R_ALIVE] = 0.0
            code = g.LOG_CANCELLED_CALL if is_call else g.LOG_CANCELLED_HALT
            if m[order + g.R_PLACED] == t:
                code = g.LOG_BLOCKED_CALL if is_call else g.LOG_BLOCKED_HALT
            note(m, t, code, np.int64(m[order + g.R_SYMBOL]), 0.0)


@jit
def has_forced(m, s):  # type: ignore[no-untyped-def]
    """Return whether an exit of the symbol is already on its way to the next open."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s and m[order + g.R_IS_FORCED] > 0.0:
            return True
    return False


@jit
def open_protective(m, t):  # type: ignore[no-untyped-def]
    """Step 7: forced and carried exits, then stops and targets that the open has passed."""
    for k in range(np.int64(m[g.A_LIVE])):
        s = live_of(m, k)
        p = row_of(s)
        if m[p + g.P_QUANTITY] == 0.0 or m[row_of(s) + g.D_TRADES] == 0.0:
            continue
        for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
            if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s and m[order + g.R_IS_FORCED] > 0.0:
                exit_by_order(m, t, s, order)
                if m[p + g.P_QUANTITY] == 0.0:
                    break
    for k in range(np.int64(m[g.A_LIVE])):
        s = live_of(m, k)
        p = row_of(s)
        if m[p + g.P_QUANTITY] == 0.0 or m[p + g.D_TRADES] == 0.0 or has_forced(m, s):
            continue
        price = m[row_of(s) + g.D_OPEN]
        while m[p + g.P_QUANTITY] != 0.0:
            side = 1.0 if m[p + g.P_QUANTITY] > 0.0 else -1.0
            stop, source = nearest_stop(m, t, s)
            if side * (price - stop) <= 0.0:
                if exit_by_stop(m, t, s, stop, source, price, g.YES, 0.0):
                    break
                continue
            target, source = nearest_target(m, t, s)
            if passes(price, target, -side, m[g.O_TOUCH]):
                worst = m[row_of(s) + g.D_LOW] if side > 0.0 else m[row_of(s) + g.D_HIGH]
                if not (m[g.O_STOP_FIRST] > 0.0 and side * (worst - stop_inside(m, t, s, side, worst)) <= 0.0):
                    raw = target if m[g.O_GAP_AT_LIMIT] > 0.0 else price
                    exit_by_target(m, t, s, target, source, raw, g.YES, 0.0)
            break


@jit
def meets_level(m, t, s):  # type: ignore[no-untyped-def]
    """Return whether a held position meets one of its levels anywhere in the bar."""
    side = 1.0 if m[row_of(s) + g.P_QUANTITY] > 0.0 else -1.0
    worst = m[row_of(s) + g.D_LOW] if side > 0.0 else m[row_of(s) + g.D_HIGH]
    best = m[row_of(s) + g.D_HIGH] if side > 0.0 else m[row_of(s) + g.D_LOW]
    stop, source = nearest_stop(m, t, s)
    if source > 0 and m[source + g.R_TYPE] == g.STOP_LIMIT and side * (m[source + g.R_LIMIT] - stop) > 0.0:
        stop = np.nan
    target, _ = nearest_target(m, t, s)
    return side * (worst - stop) <= 0.0 or passes(best, target, -side, m[g.O_TOUCH])


@jit
def open_exits(m, t):  # type: ignore[no-untyped-def]
    """Leave at the open on signals, then on time: step 8."""
    for k in range(np.int64(m[g.A_LIVE])):
        s = live_of(m, k)
        if may_leave(m, t, s):
            for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
                is_exit = m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s and m[order + g.R_IS_EXIT] > 0.0
                against = m[order + g.R_SIDE] * m[row_of(s) + g.P_QUANTITY] < 0.0
                if is_exit and against and m[order + g.R_TYPE] == g.MARKET:
                    exit_by_order(m, t, s, order)
                    break
    if m[g.O_HOLD] > 0.0:
        for k in range(np.int64(m[g.A_LIVE])):
            s = live_of(m, k)
            if may_leave(m, t, s) and t - m[row_of(s) + g.P_OPENED] >= m[g.O_HOLD]:
                exit_by_order(m, t, s, carry_exit(m, s, REASON_TIME))
    drop_exits(m, t)


@jit
def may_leave(m, t, s):  # type: ignore[no-untyped-def]
    """Return whether an order of the open may close a position: nothing else does, or is to come first."""
    p = row_of(s)
    if m[p + g.P_QUANTITY] == 0.0 or m[p + g.D_TRADES] == 0.0 or has_forced(m, s):
        return False
    return not (m[g.O_LEVELS_FIRST] > 0.0 and meets_level(m, t, s))


@jit
def trade_towards(m, t, s, delta, raw, mode, blocked):  # type: ignore[no-untyped-def]
    """Trade `delta` shares of a rebalance: what reduces the position first, then what opens or adds to one."""
    p = row_of(s)
    side = 1.0 if delta > 0.0 else -1.0
    left = abs(delta)
    held = m[p + g.P_QUANTITY]
    clear_fees(m)
    if held * side < 0.0:
        reducing = min(left, abs(held))
        quantity = min(reducing, room_of(m, s, g.NO))
        if quantity > 0.0:
            price = price_of(m, s, side, quantity, raw, g.YES, np.nan)
            execute(m, t, s, side, quantity, raw, price, REASON_REBALANCE, 0.0, g.YES, g.YES, g.SCRATCH)
            use_room(m, s, quantity)
            if m[p + g.P_QUANTITY] == 0.0:
                end_position(m, t, s)
        left -= quantity
        if quantity < reducing:
            note(m, t, g.LOG_RESIDUAL, s, left)
            return
    if not left > 0.0:
        return
    held = m[p + g.P_QUANTITY]
    refusal = blocked if blocked >= 0.0 else refusal_of(m, s, side, g.NO)
    if refusal >= 0.0:
        note(m, t, refusal, s, 0.0)
        return
    quantity = affordable_quantity(m, s, side, left, raw, g.YES, np.nan, g.SCRATCH)
    if not quantity > 0.0:
        note(m, t, g.LOG_REJECTED, s, left)
        return
    filled = min(quantity, room_of(m, s, g.YES))
    if filled > 0.0:
        price = price_of(m, s, side, filled, raw, g.YES, np.nan)
        execute(m, t, s, side, filled, raw, price, REASON_REBALANCE, 0.0, g.YES, g.YES, g.SCRATCH)
        use_room(m, s, filled)
        m[p + g.P_ENTRIES] = max(m[p + g.P_ENTRIES], 1.0)
        cancel_others(m, t, s, side, g.SCRATCH)
        set_levels(m, t, s, side, price, raw, held, mode, np.nan, np.nan)
    if quantity > filled:
        note(m, t, g.LOG_RESIDUAL, s, quantity - filled)


@jit
def rebalance(m, t, targets, equity, at_close, blocked):  # type: ignore[no-untyped-def]
    """Step 9: trade towards target weights of `equity`, sells first; NaN leaves a symbol alone."""
    if equity <= 0.0:
        return
    for s in range(targets.size):
        day = row_of(s)
        m[day + g.D_TARGET] = 0.0
        weight = targets[s]
        if weight != weight:
            continue
        mark = m[day + g.D_MARK] if at_close > 0.0 else m[day + g.D_HELD_MARK]
        held = m[row_of(s) + g.P_QUANTITY] if at_close > 0.0 else m[day + g.D_HELD]
        if not mark > 0.0:
            continue
        share = held * mark / equity
        distance = abs(share - weight)
        is_there = distance <= EQUAL * max(abs(share), abs(weight))
        if is_there or distance - m[g.O_BAND] <= EQUAL * max(distance, m[g.O_BAND]):
            continue
        wanted = floored(abs(weight) * equity / mark, m)
        if at_close == 0.0 and m[day + g.D_RATIO] != 1.0:
            wanted = floored(wanted * m[day + g.D_RATIO], m)
        delta = (wanted if weight > 0.0 else -wanted) - m[row_of(s) + g.P_QUANTITY]
        price = mark if at_close else mark / m[day + g.D_RATIO]
        if delta == 0.0:
            continue
        only_closes = delta + m[row_of(s) + g.P_QUANTITY] == 0.0
        if not only_closes and m[g.O_MIN_NOTIONAL] - abs(delta) * price > EQUAL * m[g.O_MIN_NOTIONAL]:
            note(m, t, g.LOG_REBALANCE_SMALL, s, 0.0)
        elif m[day + g.D_TRADES] == 0.0:
            note(m, t, g.LOG_REBALANCE_DROPPED, s, 0.0)
        else:
            m[day + g.D_TARGET] = delta
    for side in (-1.0, 1.0):
        for s in range(targets.size):
            delta = m[row_of(s) + g.D_TARGET]
            if delta * side > 0.0:
                raw = m[row_of(s) + g.D_CLOSE] if at_close > 0.0 else m[row_of(s) + g.D_OPEN]
                trade_towards(m, t, s, delta, raw, g.MODE_CLOSE if at_close > 0.0 else g.MODE_OPEN, blocked)


@jit
def open_equity(m):  # type: ignore[no-untyped-def]
    """Return the equity with marks at the open."""
    worth = m[g.A_CASH]
    for k in range(np.int64(m[g.A_LIVE])):
        s = live_of(m, k)
        if m[row_of(s) + g.P_QUANTITY] != 0.0:
            worth += m[row_of(s) + g.P_QUANTITY] * m[row_of(s) + g.D_MARK_OPEN]
    return worth + (m[g.A_RECEIVABLE] + m[g.A_PAYABLE])


@jit
def entries_in_order(m, resting):  # type: ignore[no-untyped-def]
    """Write the entry orders that can fill to `sequence`: by confidence, symbol and age; return their number."""
    first = np.int64(m[g.A_QUEUE])
    count = 0
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if (
            m[order + g.R_ALIVE] == 0.0
            or m[order + g.R_IS_EXIT] > 0.0
            or (m[order + g.R_TYPE] != g.MARKET) != (resting > 0.0)
        ):
            continue
        if m[row_of(np.int64(m[order + g.R_SYMBOL])) + g.D_TRADES] == 0.0:
            continue
        at = first + count
        while at > first and comes_before(m, order, np.int64(m[at - 1])):
            m[at] = m[at - 1]
            at -= 1
        m[at] = order
        count += 1
    return count


@jit
def comes_before(m, one, other):  # type: ignore[no-untyped-def]
    """Return whether an entry is tried before another."""
    if m[one + g.R_CONFIDENCE] != m[other + g.R_CONFIDENCE]:
        return m[one + g.R_CONFIDENCE] > m[other + g.R_CONFIDENCE]
    if m[one + g.R_SYMBOL] != m[other + g.R_SYMBOL]:
        return m[one + g.R_SYMBOL] < m[other + g.R_SYMBOL]
    return m[one + g.R_SEQUENCE] < m[other + g.R_SEQUENCE]


@jit
def open_entries(m, t, allowed):  # type: ignore[no-untyped-def]
    """Step 10: market entries."""
    count = entries_in_order(m, g.NO)
    if count == 0:
        return
    if m[g.O_SIZE_AT_OPEN] > 0.0:
        m[g.A_OPEN_EQUITY] = open_equity(m)
    first = np.int64(m[g.A_QUEUE])
    for k in range(count):
        order = np.int64(m[first + k])
        if m[order + g.R_ALIVE] == 0.0:
            continue
        s = np.int64(m[order + g.R_SYMBOL])
        if not allowed:
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_SESSION, s, 0.0)
            continue
        enter(m, t, order, m[row_of(s) + g.D_OPEN], g.YES, np.nan, m[order + g.R_REASON], g.MODE_OPEN)


@jit
def rest_at_open(m, t, count):  # type: ignore[no-untyped-def]
    """Step 11: resting entries that the open has reached; the first `count` of `sequence`."""
    first = np.int64(m[g.A_QUEUE])
    for k in range(count):
        order = np.int64(m[first + k])
        if m[order + g.R_ALIVE] == 0.0:
            continue
        side = m[order + g.R_SIDE]
        price = m[row_of(np.int64(m[order + g.R_SYMBOL])) + g.D_OPEN]
        if is_limit(m, order, t):
            if passes(price, m[order + g.R_LIMIT], side, m[g.O_TOUCH]):
                raw = m[order + g.R_LIMIT] if m[g.O_GAP_AT_LIMIT] > 0.0 else price
                enter(m, t, order, raw, g.NO, np.nan, REASON_LIMIT_GAP, g.MODE_OPEN)
        elif is_waiting_stop(m, order, t) and side * (price - m[order + g.R_STOP]) >= 0.0:
            if m[order + g.R_TYPE] == g.STOP_LIMIT:
                m[order + g.R_LIMIT_FROM] = t
                if side * (m[order + g.R_LIMIT] - price) >= 0.0:
                    enter(m, t, order, price, g.YES, m[order + g.R_LIMIT], REASON_STOP_ENTRY, g.MODE_OPEN)
            else:
                enter(m, t, order, price, g.YES, np.nan, REASON_STOP_ENTRY, g.MODE_OPEN)


@jit
def rest_inside(m, t, count):  # type: ignore[no-untyped-def]
    """Step 12: resting entries that the bar reaches; the first `count` of `sequence`."""
    first = np.int64(m[g.A_QUEUE])
    for k in range(count):
        order = np.int64(m[first + k])
        if m[order + g.R_ALIVE] == 0.0 or m[order + g.R_HAS_FILLED] * (m[order + g.R_TYPE] == g.MARKET) > 0.0:
            continue
        side = m[order + g.R_SIDE]
        s = np.int64(m[order + g.R_SYMBOL])
        low = m[row_of(s) + g.D_LOW] if side > 0.0 else m[row_of(s) + g.D_HIGH]
        high = m[row_of(s) + g.D_HIGH] if side > 0.0 else m[row_of(s) + g.D_LOW]
        if is_limit(m, order, t):
            if passes(low, m[order + g.R_LIMIT], side, m[g.O_TOUCH]):
                enter(m, t, order, m[order + g.R_LIMIT], g.NO, np.nan, REASON_LIMIT, g.MODE_LIMIT)
        elif is_waiting_stop(m, order, t) and side * (high - m[order + g.R_STOP]) >= 0.0:
            if m[order + g.R_TYPE] == g.STOP_LIMIT:
                m[order + g.R_LIMIT_FROM] = t + 1.0
                if side * (m[order + g.R_LIMIT] - m[order + g.R_STOP]) >= 0.0:
                    enter(m, t, order, m[order + g.R_STOP], g.YES, m[order + g.R_LIMIT], REASON_STOP_ENTRY, g.MODE_STOP)
            else:
                enter(m, t, order, m[order + g.R_STOP], g.YES, np.nan, REASON_STOP_ENTRY, g.MODE_STOP)


@jit
def inside_protective(m, t):  # type: ignore[no-untyped-def]
    """Leave at the stops and targets inside the bar, steps 13 and 14."""
    for k in range(np.int64(m[g.A_LIVE])):
        s = live_of(m, k)
        p = row_of(s)
        if m[p + g.P_QUANTITY] == 0.0 or m[row_of(s) + g.D_TRADES] == 0.0 or has_forced(m, s):
            continue
        is_new = m[p + g.P_OPENED] == t
        if is_new and m[g.O_NEXT_BAR] > 0.0:
            continue
        side = 1.0 if m[p + g.P_QUANTITY] > 0.0 else -1.0
        worst = m[row_of(s) + g.D_LOW] if side > 0.0 else m[row_of(s) + g.D_HIGH]
        best = m[row_of(s) + g.D_HIGH] if side > 0.0 else m[row_of(s) + g.D_LOW]
        target_waits = m[p + g.P_ADDED] == t and m[p + g.P_MODE] == g.MODE_LIMIT
        while True:
            stop, source = nearest_stop(m, t, s)
            target, target_source = nearest_target(m, t, s)
            at_stop = side * (worst - stop) <= 0.0
            at_target = not target_waits and passes(best, target, -side, m[g.O_TOUCH])
            both = 1.0 if at_stop and at_target else 0.0
            if at_stop and not (at_target and m[g.O_TARGET_INSIDE] > 0.0):
                raw = stop
                if m[p + g.P_ADDED] == t and side * (stop - m[p + g.P_RAW]) > 0.0:
                    raw = m[p + g.P_RAW]
                if exit_by_stop(m, t, s, stop, source, raw, g.NO, both):
                    break
                continue
            if at_target:
                raw = target
                if not is_new and m[g.O_GAP_AT_LIMIT] == 0.0 and side * (m[row_of(s) + g.D_OPEN] - target) > 0.0:
                    raw = m[row_of(s) + g.D_OPEN]
                exit_by_target(m, t, s, target, target_source, raw, g.NO, both)
            break
    drop_exits(m, t)


@jit
def expire_resting(m, t):  # type: ignore[no-untyped-def]
    """Step 16: count the bars of resting orders, and cancel those that have lived."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_TYPE] != g.MARKET:
            s = np.int64(m[order + g.R_SYMBOL])
            if m[row_of(s) + g.D_TRADES] > 0.0:
                m[order + g.R_LEFT] -= 1.0
                if m[order + g.R_LEFT] <= 0.0:
                    m[order + g.R_ALIVE] = 0.0
                    note(m, t, g.LOG_STOP_EXPIRED if is_waiting_stop(m, order, t) else g.LOG_LIMIT_EXPIRED, s, 0.0)


@jit
def miss_session(m, t, session):  # type: ignore[no-untyped-def]
    """Cancel the entries whose last session went by without any bar before this one."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if is_waiting_entry(m, order) and m[order + g.R_DEADLINE] < session:
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_MISSED, np.int64(m[order + g.R_SYMBOL]), 0.0)


@jit
def is_waiting_entry(m, order):  # type: ignore[no-untyped-def]
    """Return whether an order is a market entry, or the rest of one."""
    return m[order + g.R_ALIVE] > 0.0 and m[order + g.R_IS_EXIT] == 0.0 and m[order + g.R_TYPE] == g.MARKET


@jit
def wait(m, t, session):  # type: ignore[no-untyped-def]
    """Carry the market orders of symbols that did not trade; entries expire at the close of their fifth session."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] == 0.0 or m[order + g.R_TYPE] != g.MARKET:
            continue
        s = np.int64(m[order + g.R_SYMBOL])
        if m[row_of(s) + g.D_TRADES] > 0.0:
            continue
        has_bar = m[row_of(s) + g.D_HAS_BAR] > 0.0
        if is_waiting_entry(m, order) and m[g.A_ENDS_SESSION] > 0.0 and m[order + g.R_DEADLINE] <= session:
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_EXPIRED if has_bar else g.LOG_MISSED, s, 0.0)
        elif has_bar:
            note(m, t, g.LOG_CARRIED, s, 0.0)


@jit
def liquidate(m, t):  # type: ignore[no-untyped-def]
    """Step 18: leave every position at its last close, without a cap on volume."""
    for s in range(np.int64(m[g.A_SYMBOLS])):
        if m[row_of(s) + g.P_QUANTITY] != 0.0:
            clear_fees(m)
            m[row_of(s) + g.D_ROOM] = np.inf
            close_out(m, t, s, m[row_of(s) + g.D_MARK], g.YES, np.nan, REASON_END, 0.0, g.SCRATCH)


@jit
def marked(m):  # type: ignore[no-untyped-def]
    """Return the equity at the marks."""
    worth = m[g.A_CASH]
    if m[g.A_POSITIONS] > 0.0:
        for s in range(np.int64(m[g.A_SYMBOLS])):
            if m[row_of(s) + g.P_QUANTITY] != 0.0:
                worth = worth + m[row_of(s) + g.P_QUANTITY] * m[row_of(s) + g.D_MARK]
    return worth + (m[g.A_RECEIVABLE] + m[g.A_PAYABLE])


@jit
def order_all_out(m, reason):  # type: ignore[no-untyped-def]
    """Order every position out at the next open, unless it is on its way already."""
    for s in range(np.int64(m[g.A_SYMBOLS])):
        if m[row_of(s) + g.P_QUANTITY] != 0.0 and not has_forced(m, s):
            carry_exit(m, s, reason)


@jit
def watch_margin(m, t, equity):  # type: ignore[no-untyped-def]
    """Step 19: the margin call, and ruin."""
    m[g.A_CALLED] = 0.0
    required = 0.0
    if m[g.A_POSITIONS] > 0.0:
        for s in range(np.int64(m[g.A_SYMBOLS])):
            value = m[row_of(s) + g.P_QUANTITY] * m[row_of(s) + g.D_MARK]
            if value > 0.0:
                required += m[g.O_MAINTENANCE_LONG] * value
            elif value < 0.0:
                required -= m[g.O_MAINTENANCE_SHORT] * value
    if m[g.A_RUINED] > 0.0:
        order_all_out(m, REASON_MARGIN_CALL)
    elif equity > 0.0 and required - equity > EQUAL * required:
        m[g.A_CALLED] = 1.0
        note_counted(m, t, g.LOG_MARGIN_CALL, g.NO_SYMBOL, equity, required)
        order_all_out(m, REASON_MARGIN_CALL)
    elif equity <= 0.0:
        m[g.A_RUINED] = 1.0
        m[g.A_CALLED] = 1.0
        note(m, t, g.LOG_RUIN, g.NO_SYMBOL, equity)
        order_all_out(m, REASON_MARGIN_CALL)


@jit
def watch_drawdown(m, t, equity):  # type: ignore[no-untyped-def]
    """Step 20: the circuit breaker and its reset."""
    m[g.A_PEAK] = max(m[g.A_PEAK], equity)
    limit = m[g.O_HALT]
    if limit == 0.0:
        return
    drawdown = 1.0 - equity / m[g.A_PEAK]
    if m[g.A_HALTED] > 0.0:
        least = m[g.O_RESET_DRAWDOWN]
        is_over = 0.0 < m[g.O_RESET_BARS] <= t - m[g.A_HALT_BAR]
        if is_over or (least >= 0.0 and drawdown - least <= EQUAL * max(drawdown, least)):
            m[g.A_HALTED] = 0.0
            m[g.A_PEAK] = equity
            note(m, t, g.LOG_HALT_RESET, g.NO_SYMBOL, drawdown)
    elif limit - drawdown <= EQUAL * limit:
        m[g.A_HALTED] = 1.0
        m[g.A_HALT_BAR] = t
        note(m, t, g.LOG_HALTED, g.NO_SYMBOL, drawdown)
        if m[g.O_FLATTEN] > 0.0:
            order_all_out(m, REASON_CIRCUIT_BREAKER)


@jit
def ratchet(m, t, atr):  # type: ignore[no-untyped-def]
    """Step 21: move the extremes behind trails, and the trails; they bind from the next bar on."""
    for k in range(np.int64(m[g.A_LIVE])):
        s = live_of(m, k)
        p = row_of(s)
        held = m[p + g.P_QUANTITY]
        if held == 0.0 or m[row_of(s) + g.D_TRADES] == 0.0:
            continue
        side = 1.0 if held > 0.0 else -1.0
        is_new = m[p + g.P_OPENED] == t
        if not is_new or m[g.O_TRAIL_ENTRY_BAR] > 0.0:
            reach = m[row_of(s) + g.D_HIGH] if side > 0.0 else m[row_of(s) + g.D_LOW]
            mode = m[p + g.P_MODE]
            if (is_new and mode == g.MODE_CLOSE) or (m[p + g.P_ADDED] == t and mode == g.MODE_LIMIT):
                reach = m[row_of(s) + g.D_CLOSE]
            if side * (reach - m[p + g.P_EXTREME]) > 0.0:
                m[p + g.P_EXTREME] = reach
        tighten(m, s, side, atr[s, t] if atr.size else np.nan)


@jit
def compact(m):  # type: ignore[no-untyped-def]
    """Close the gaps that finished orders leave in the table."""
    kept = np.int64(m[g.A_ORDERS])
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0:
            if kept != order:
                for column in range(g.N_ORDER):
                    m[kept + column] = m[order + column]
            kept += g.N_ORDER
    m[g.A_ORDERS_END] = kept


@jit
def clear_fees(m):  # type: ignore[no-untyped-def]
    """Begin the fee of an order that fills at once."""
    m[g.SCRATCH] = 0.0
    m[g.SCRATCH + 1] = 0.0
    m[g.SCRATCH + 2] = 0.0
