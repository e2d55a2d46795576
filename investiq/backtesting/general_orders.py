"""Orders of the general kernel: how a decision becomes one, how it enters or leaves a position, how it ends."""

from __future__ import annotations

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.general_fills import affordable_quantity, execute, price_of, room_of, use_room
from investiq.backtesting.general_state import floored, level_of, note
from investiq.backtesting.postings import (
    EQUAL,
    REASON_LIMIT,
    REASON_LIMIT_GAP,
    REASON_REVERSAL,
    REASON_SIGNAL,
    REASON_SIGNAL_CARRIED,
    REASON_STOP,
    REASON_STOP_CARRIED,
    REASON_STOP_GAP,
    REASON_TARGET,
    REASON_TARGET_GAP,
    REASON_TRAIL,
    REASON_TRAIL_GAP,
)
from investiq.core.compiling import jit

# Where the nearest level comes from, if not from an order.
NOWHERE = -3
FROM_STOP = -1
FROM_TRAIL = -2

# Without an average true range yet: 5 % and 10 %.
FALLBACK_STOP = 0.05
FALLBACK_TARGET = 0.10


@jit
def new_order(b, s, side, is_exit):  # type: ignore[no-untyped-def]
    """Return the row of a new market order."""
    i = np.int64(b.account[g.A_ORDERS])
    b.account[g.A_ORDERS] += 1.0
    order = b.orders[i]
    order[:] = 0.0
    order[g.R_ALIVE] = 1.0
    order[g.R_SYMBOL] = s
    order[g.R_SIDE] = side
    order[g.R_IS_EXIT] = is_exit
    order[g.R_LIMIT] = np.nan
    order[g.R_STOP] = np.nan
    order[g.R_STOP_LOSS] = np.nan
    order[g.R_TAKE_PROFIT] = np.nan
    order[g.R_LIMIT_FROM] = np.inf
    order[g.R_CONFIDENCE] = 1.0
    order[g.R_SEQUENCE] = b.account[g.A_SEQUENCE]
    b.account[g.A_SEQUENCE] += 1.0
    return i


@jit
def place(b, t, signals, first, last, multiplier, deadline):  # type: ignore[no-untyped-def]
    """Turn the signals ``first:last``, of the bar before `t`, into orders."""
    o = b.options
    threshold = o[g.O_THRESHOLD]
    for k in range(first, last):
        signal = signals[k]
        s = np.int64(signal[g.S_SYMBOL])
        if b.day[s, g.D_ENDED] > 0.0:
            continue
        if is_below(signal[g.S_CONFIDENCE], threshold):
            note(b, t, g.LOG_BELOW, s, signal[g.S_CONFIDENCE])
            continue
        side = signal[g.S_SIDE]
        held = b.positions[s, g.P_QUANTITY]
        earlier = False
        against = False
        for j in range(first, last):
            other = signals[j]
            if other[g.S_SYMBOL] == s and not is_below(other[g.S_CONFIDENCE], threshold):
                if other[g.S_SIDE] != side:
                    against = True
                    earlier = earlier or j < k
        if against:
            if held == 0.0:
                if earlier and is_first_of_side(signals, first, k, s, threshold):
                    note(b, t, g.LOG_BOTH_DROPPED, s, 0.0)
                continue
            if held * side > 0.0:
                continue
            if is_first_of_side(signals, first, k, s, threshold):
                note(b, t, g.LOG_EXIT_KEPT, s, 0.0)
        if held * side < 0.0:
            place_exit(b, s, side, signal)
            if o[g.O_REVERSE] > 0.0 and signal[g.S_TYPE] == g.MARKET and (side > 0.0 or o[g.O_SHORT] > 0.0):
                b.orders[np.int64(b.account[g.A_ORDERS]) - 1, g.R_REASON] = REASON_REVERSAL
                place_entry(b, t, s, side, signal, multiplier[s, t - 1] if multiplier.size else 1.0, deadline)
        elif held == 0.0 and side < 0.0 and o[g.O_SHORT] == 0.0:
            note(b, t, g.LOG_SHORT_DISABLED, s, 0.0)
        elif held == 0.0 or b.positions[s, g.P_ENTRIES] < o[g.O_MAX_ENTRIES]:
            place_entry(b, t, s, side, signal, multiplier[s, t - 1] if multiplier.size else 1.0, deadline)


@jit
def is_below(confidence, threshold):  # type: ignore[no-untyped-def]
    """Return whether a confidence fails the gate; equality within 1e-9 passes."""
    return confidence < threshold and threshold - confidence > EQUAL * threshold


@jit
def is_first_of_side(signals, first, k, s, threshold):  # type: ignore[no-untyped-def]
    """Return whether signal `k` is the first of its symbol and side in its bar."""
    for j in range(first, k):
        other = signals[j]
        if (
            other[g.S_SYMBOL] == s
            and other[g.S_SIDE] == signals[k, g.S_SIDE]
            and not is_below(other[g.S_CONFIDENCE], threshold)
        ):
            return False
    return True


@jit
def dress(b, i, signal):  # type: ignore[no-untyped-def]
    """Give an order the prices and the life of its signal."""
    o = b.options
    order = b.orders[i]
    order[g.R_TYPE] = signal[g.S_TYPE]
    order[g.R_LIMIT] = level_of(signal[g.S_LIMIT], o)
    order[g.R_STOP] = level_of(signal[g.S_STOP], o)
    order[g.R_LEFT] = signal[g.S_EXPIRY] if signal[g.S_EXPIRY] > 0.0 else o[g.O_EXPIRY]
    order[g.R_CONFIDENCE] = signal[g.S_CONFIDENCE]
    order[g.R_STOP_LOSS] = level_of(signal[g.S_STOP_LOSS], o)
    order[g.R_TAKE_PROFIT] = level_of(signal[g.S_TAKE_PROFIT], o)


@jit
def place_exit(b, s, side, signal):  # type: ignore[no-untyped-def]
    """Place the order that closes a position."""
    i = new_order(b, s, side, 1.0)
    dress(b, i, signal)
    b.orders[i, g.R_REASON] = REASON_SIGNAL


@jit
def place_entry(b, t, s, side, signal, multiplier, deadline):  # type: ignore[no-untyped-def]
    """Place an entry, sized by the equity and the close of the bar before unless the size is that of the open."""
    o = b.options
    equity = b.account[g.A_EQUITY]
    close = b.day[s, g.D_MARK]
    weight = signal[g.S_WEIGHT] if signal[g.S_WEIGHT] > 0.0 else o[g.O_WEIGHT]
    kind = g.SIZE_FIXED
    size = 0.0
    quantity = 0.0
    if signal[g.S_QUANTITY] > 0.0:
        quantity = floored(signal[g.S_QUANTITY] * multiplier, o)
    elif o[g.O_SIZE_AT_OPEN] > 0.0 and signal[g.S_TYPE] == g.MARKET:
        kind = g.SIZE_WEIGHT
        size = weight * multiplier
        if signal[g.S_NOTIONAL] > 0.0:
            kind = g.SIZE_NOTIONAL
            size = signal[g.S_NOTIONAL] * multiplier
    elif signal[g.S_NOTIONAL] > 0.0:
        quantity = floored(signal[g.S_NOTIONAL] * multiplier / close, o)
    else:
        quantity = floored(weight * multiplier * equity / close, o) if equity > 0.0 else 0.0
    if kind == g.SIZE_FIXED and (equity <= 0.0 or not is_large_enough(b, t, s, quantity, close)):
        if equity <= 0.0:
            note(b, t, g.LOG_TOO_SMALL, s, 0.0)
        return
    i = new_order(b, s, side, 0.0)
    dress(b, i, signal)
    order = b.orders[i]
    order[g.R_QUANTITY] = quantity
    order[g.R_SIZE_KIND] = kind
    order[g.R_SIZE] = size
    order[g.R_DEADLINE] = deadline
    order[g.R_REASON] = REASON_SIGNAL


@jit
def is_large_enough(b, t, s, quantity, price):  # type: ignore[no-untyped-def]
    """Return whether an entry is worth placing; if not, note why."""
    if not quantity > 0.0:
        note(b, t, g.LOG_TOO_SMALL, s, 0.0)
        return False
    least = b.options[g.O_MIN_NOTIONAL]
    if least - quantity * price > EQUAL * least:
        note(b, t, g.LOG_BELOW_MINIMUM, s, quantity * price)
        return False
    return True


@jit
def is_limit(order, t):  # type: ignore[no-untyped-def]
    """Return whether an order rests as a limit: a stop-limit does once its stop was triggered."""
    return order[g.R_TYPE] == g.LIMIT or (order[g.R_TYPE] == g.STOP_LIMIT and order[g.R_LIMIT_FROM] <= t)


@jit
def is_waiting_stop(order, t):  # type: ignore[no-untyped-def]
    """Return whether an order waits for its stop to be triggered."""
    return order[g.R_TYPE] == g.STOP or (order[g.R_TYPE] == g.STOP_LIMIT and order[g.R_LIMIT_FROM] == np.inf)


@jit
def passes(price, level, side, touch):  # type: ignore[no-untyped-def]
    """Return whether `price` is better than a limit of that side: below it for a buy, or at it where touching counts."""
    return side * (level - price) > 0.0 or (touch > 0.0 and price == level)


@jit
def nearest_stop(b, t, s, orders_too):  # type: ignore[no-untyped-def]
    """Return (level, source) of the first stop that a falling price meets (a rising one for a short), NaN for none."""
    p = b.positions[s]
    side = 1.0 if p[g.P_QUANTITY] > 0.0 else -1.0
    level = p[g.P_STOP]
    source = FROM_STOP
    if p[g.P_TRAIL] == p[g.P_TRAIL] and not side * (p[g.P_TRAIL] - level) <= 0.0:
        level = p[g.P_TRAIL]
        source = FROM_TRAIL
    if orders_too:
        for i in range(1, np.int64(b.account[g.A_ORDERS])):
            order = b.orders[i]
            if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s and order[g.R_IS_EXIT] > 0.0:
                if order[g.R_SIDE] == -side and is_waiting_stop(order, t):
                    if not side * (order[g.R_STOP] - level) <= 0.0:
                        level = order[g.R_STOP]
                        source = i
    return level, source


@jit
def nearest_target(b, t, s, orders_too):  # type: ignore[no-untyped-def]
    """Return (level, source) of the first target or exit limit that a rising price meets, NaN for none."""
    p = b.positions[s]
    side = 1.0 if p[g.P_QUANTITY] > 0.0 else -1.0
    level = p[g.P_TARGET]
    source = FROM_STOP
    if orders_too:
        for i in range(1, np.int64(b.account[g.A_ORDERS])):
            order = b.orders[i]
            if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s and order[g.R_IS_EXIT] > 0.0:
                if order[g.R_SIDE] == -side and is_limit(order, t):
                    if not side * (order[g.R_LIMIT] - level) >= 0.0:
                        level = order[g.R_LIMIT]
                        source = i
    return level, source


@jit
def close_out(b, t, s, raw, slips, cap, reason, ambiguous, is_opening, table, row, column):  # type: ignore[no-untyped-def]
    """Sell the position (or cover it) as far as the volume allows; return the quantity filled."""
    held = b.positions[s, g.P_QUANTITY]
    side = -1.0 if held > 0.0 else 1.0
    quantity = min(abs(held), room_of(b, s, is_opening))
    if not quantity > 0.0:
        return 0.0
    price = price_of(b, s, side, quantity, raw, slips, cap)
    execute(b, t, s, side, quantity, raw, price, reason, ambiguous, slips, True, table, row, column)
    use_room(b, s, quantity)
    if b.positions[s, g.P_QUANTITY] == 0.0:
        end_position(b, s)
    return quantity


@jit
def end_position(b, s):  # type: ignore[no-untyped-def]
    """Cancel what belonged to a position that is gone: its levels, resting and forced exits, carried entries."""
    b.positions[s, :] = np.nan
    b.positions[s, g.P_QUANTITY] = 0.0
    b.positions[s, g.P_ENTRIES] = 0.0
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s:
            if order[g.R_IS_EXIT] > 0.0:
                if order[g.R_TYPE] != g.MARKET or order[g.R_IS_FORCED] > 0.0:
                    order[g.R_ALIVE] = 0.0
            elif order[g.R_HAS_FILLED] > 0.0:
                order[g.R_ALIVE] = 0.0


@jit
def carry_exit(b, s, reason):  # type: ignore[no-untyped-def]
    """Place the market order that goes on with an exit at the next open; return its row."""
    side = -1.0 if b.positions[s, g.P_QUANTITY] > 0.0 else 1.0
    i = new_order(b, s, side, 1.0)
    b.orders[i, g.R_IS_FORCED] = 1.0
    b.orders[i, g.R_REASON] = reason
    return i


@jit
def exit_by_stop(b, t, s, level, source, raw, is_gap, ambiguous):  # type: ignore[no-untyped-def]
    """Leave at a stop that was met; return False where its limit forbids that, so that the next level may act.

    What the volume leaves becomes a market order of the next open, or rests where
    the stop had a limit.
    """
    cap = np.nan
    reason = REASON_STOP_GAP if is_gap else REASON_STOP
    if source == FROM_TRAIL:
        reason = REASON_TRAIL_GAP if is_gap else REASON_TRAIL
    if source > 0 and b.orders[source, g.R_TYPE] == g.STOP_LIMIT:
        order = b.orders[source]
        cap = order[g.R_LIMIT]
        if order[g.R_SIDE] * (raw - cap) > 0.0:
            order[g.R_LIMIT_FROM] = t if is_gap else t + 1.0
            return False
        order[g.R_LIMIT_FROM] = t + 1.0
        close_out(b, t, s, raw, True, cap, reason, ambiguous, is_gap, b.orders, source, g.R_FEE)
        return True
    if source > 0:
        i = source
        b.orders[i, g.R_TYPE] = g.MARKET
        b.orders[i, g.R_IS_FORCED] = 1.0
        b.orders[i, g.R_REASON] = REASON_STOP_CARRIED
    else:
        i = carry_exit(b, s, REASON_STOP_CARRIED)
    close_out(b, t, s, raw, True, cap, reason, ambiguous, is_gap, b.orders, i, g.R_FEE)
    return True


@jit
def exit_by_target(b, t, s, level, source, raw, is_gap, ambiguous):  # type: ignore[no-untyped-def]
    """Leave at a target or an exit limit; what the volume leaves rests at its price."""
    if source > 0:
        reason = REASON_LIMIT_GAP if is_gap else REASON_LIMIT
        close_out(b, t, s, raw, False, np.nan, reason, ambiguous, is_gap, b.orders, source, g.R_FEE)
    else:
        reason = REASON_TARGET_GAP if is_gap else REASON_TARGET
        slips = b.options[g.O_TARGET_SLIPS] > 0.0
        close_out(b, t, s, raw, slips, np.nan, reason, ambiguous, is_gap, b.positions, s, g.P_FEE)


@jit
def exit_by_order(b, t, s, i):  # type: ignore[no-untyped-def]
    """Leave at the open by market order `i`; what is left is carried."""
    order = b.orders[i]
    reason = order[g.R_REASON]
    close_out(b, t, s, b.day[s, g.D_OPEN], True, np.nan, reason, 0.0, True, b.orders, i, g.R_FEE)
    order[g.R_ALIVE] = 0.0
    if b.positions[s, g.P_QUANTITY] != 0.0:
        order[g.R_ALIVE] = 1.0
        order[g.R_IS_FORCED] = 1.0
        if reason == REASON_SIGNAL or reason == REASON_REVERSAL:
            order[g.R_REASON] = REASON_SIGNAL_CARRIED


@jit
def drop_exits(b, t):  # type: ignore[no-untyped-def]
    """Cancel the exit orders whose position is gone."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if order[g.R_ALIVE] > 0.0 and order[g.R_IS_EXIT] > 0.0 and order[g.R_TYPE] == g.MARKET:
            s = np.int64(order[g.R_SYMBOL])
            if b.positions[s, g.P_QUANTITY] * order[g.R_SIDE] >= 0.0:
                order[g.R_ALIVE] = 0.0
                note(b, t, g.LOG_EXIT_CANCELLED, s, 0.0)


@jit
def refusal_of(b, s, side, is_first):  # type: ignore[no-untyped-def]
    """Return the code of the limit that an entry would break, or -1."""
    o = b.options
    if side < 0.0 and b.day[s, g.D_SHORTABLE] == 0.0:
        return g.LOG_NOT_SHORTABLE
    if b.positions[s, g.P_QUANTITY] == 0.0 and 0.0 < o[g.O_MAX_POSITIONS] <= b.account[g.A_POSITIONS]:
        return g.LOG_MAX_POSITIONS
    if is_first and 0.0 < o[g.O_DAY_ENTRIES] <= b.account[g.A_DAY_ENTRIES]:
        return g.LOG_DAY_ENTRIES
    return -1.0


@jit
def enter(b, t, i, raw, slips, cap, reason, mode, is_opening):  # type: ignore[no-untyped-def]
    """Fill entry `i` at `raw`, as far as position, limits, buying power and volume allow."""
    o = b.options
    order = b.orders[i]
    s = np.int64(order[g.R_SYMBOL])
    side = order[g.R_SIDE]
    p = b.positions[s]
    held = p[g.P_QUANTITY]
    is_first = order[g.R_HAS_FILLED] == 0.0
    if held * side < 0.0:
        order[g.R_ALIVE] = 0.0
        note(b, t, g.LOG_EXIT_UNFINISHED, s, 0.0)
        return
    if held != 0.0 and is_first and p[g.P_ENTRIES] >= o[g.O_MAX_ENTRIES]:
        order[g.R_ALIVE] = 0.0
        note(b, t, g.LOG_CANCELLED, s, 0.0)
        return
    refusal = refusal_of(b, s, side, is_first)
    if refusal >= 0.0:
        order[g.R_ALIVE] = 0.0
        note(b, t, refusal, s, 0.0)
        return
    wanted = order[g.R_QUANTITY]
    if order[g.R_SIZE_KIND] != g.SIZE_FIXED:
        wanted = 0.0
        if order[g.R_SIZE_KIND] == g.SIZE_NOTIONAL:
            wanted = floored(order[g.R_SIZE] / raw, o)
        elif b.account[g.A_OPEN_EQUITY] > 0.0:
            wanted = floored(order[g.R_SIZE] * b.account[g.A_OPEN_EQUITY] / raw, o)
        order[g.R_SIZE_KIND] = g.SIZE_FIXED
        if not is_large_enough(b, t, s, wanted, raw):
            order[g.R_ALIVE] = 0.0
            return
    quantity = affordable_quantity(b, s, side, wanted, raw, slips, cap, b.orders, i, g.R_FEE)
    if not quantity > 0.0:
        order[g.R_ALIVE] = 0.0
        note(b, t, g.LOG_REJECTED, s, wanted)
        return
    filled = min(quantity, room_of(b, s, is_opening))
    if filled > 0.0:
        price = price_of(b, s, side, filled, raw, slips, cap)
        if side * (price - order[g.R_STOP_LOSS]) <= 0.0 or side * (order[g.R_TAKE_PROFIT] - price) <= 0.0:
            order[g.R_ALIVE] = 0.0
            note(b, t, g.LOG_OUTSIDE, s, price)
            return
        execute(b, t, s, side, filled, raw, price, reason, 0.0, slips, True, b.orders, i, g.R_FEE)
        use_room(b, s, filled)
        if is_first:
            p[g.P_ENTRIES] = 1.0 if held == 0.0 else p[g.P_ENTRIES] + 1.0
            b.account[g.A_DAY_ENTRIES] += 1.0
        order[g.R_HAS_FILLED] = 1.0
        set_levels(b, t, s, side, price, raw, held, mode, order[g.R_STOP_LOSS], order[g.R_TAKE_PROFIT])
        if p[g.P_ENTRIES] >= o[g.O_MAX_ENTRIES]:
            cancel_others(b, t, s, i)
    order[g.R_QUANTITY] = quantity - filled
    if not order[g.R_QUANTITY] > 0.0:
        order[g.R_ALIVE] = 0.0
    elif not is_limit(order, t):
        if o[g.O_CARRY] > 0.0:
            order[g.R_TYPE] = g.MARKET
        else:
            order[g.R_ALIVE] = 0.0
            note(b, t, g.LOG_RESIDUAL, s, order[g.R_QUANTITY])


@jit
def cancel_others(b, t, s, kept):  # type: ignore[no-untyped-def]
    """Cancel the symbol's entry orders but the one that filled."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        order = b.orders[i]
        if i != kept and order[g.R_ALIVE] > 0.0 and order[g.R_SYMBOL] == s and order[g.R_IS_EXIT] == 0.0:
            order[g.R_ALIVE] = 0.0
            note(b, t, g.LOG_CANCELLED, s, 0.0)


@jit
def set_levels(b, t, s, side, price, raw, held, mode, stop_loss, take_profit):  # type: ignore[no-untyped-def]
    """Set stop, target and trail after an entry at `price`; a further entry moves the extreme only."""
    o = b.options
    p = b.positions[s]
    p[g.P_ADDED] = t
    p[g.P_RAW] = raw
    if held != 0.0:
        if side * (price - p[g.P_EXTREME]) > 0.0:
            p[g.P_EXTREME] = price
        return
    p[g.P_OPENED] = t
    p[g.P_MODE] = mode
    p[g.P_FEE] = 0.0
    p[g.P_FEE_NOTIONAL] = 0.0
    p[g.P_FEE_POSTED] = 0.0
    reach = b.day[s, g.D_ATR]
    stop = stop_loss
    if stop != stop:
        if o[g.O_STOP] > 0.0:
            stop = level_of(price * (1.0 - side * o[g.O_STOP]), o)
        elif o[g.O_ATR_STOP] > 0.0:
            distance = o[g.O_ATR_STOP] * reach if reach > 0.0 else price * FALLBACK_STOP
            stop = level_of(price - side * distance, o)
    target = take_profit
    if target != target:
        if o[g.O_TARGET] > 0.0:
            target = level_of(price * (1.0 + side * o[g.O_TARGET]), o)
        elif o[g.O_ATR_TARGET] > 0.0:
            distance = o[g.O_ATR_TARGET] * reach if reach > 0.0 else price * FALLBACK_TARGET
            target = level_of(price + side * distance, o)
    p[g.P_STOP] = stop
    p[g.P_TARGET] = target
    p[g.P_EXTREME] = price
    p[g.P_TRAIL] = trail_of(b, side, price, reach)


@jit
def trail_of(b, side, extreme, reach):  # type: ignore[no-untyped-def]
    """Return the level of a trail behind `extreme`, NaN without a trail or while the true range is not known."""
    o = b.options
    if o[g.O_TRAIL] > 0.0:
        return level_of(extreme * (1.0 - side * o[g.O_TRAIL]), o)
    if o[g.O_ATR_TRAIL] > 0.0 and reach > 0.0:
        return level_of(extreme - side * o[g.O_ATR_TRAIL] * reach, o)
    return np.nan
