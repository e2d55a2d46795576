"""Orders of the general kernel: how a decision becomes one, how it enters or leaves a position, how it ends."""

from __future__ import annotations

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.general_fills import affordable_quantity, execute, price_of, room_of, use_room
from investiq.backtesting.general_state import floored, level_of, note, row_of
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
def new_order(m, s, side, is_exit):  # type: ignore[no-untyped-def]
    """Return the row of a new market order."""
    order = np.int64(m[g.A_ORDERS_END])
    m[g.A_ORDERS_END] += g.N_ORDER
    for column in range(g.N_ORDER):
        m[order + column] = 0.0
    m[order + g.R_ALIVE] = 1.0
    m[order + g.R_SYMBOL] = s
    m[order + g.R_SIDE] = side
    m[order + g.R_IS_EXIT] = is_exit
    m[order + g.R_LIMIT] = np.nan
    m[order + g.R_STOP] = np.nan
    m[order + g.R_STOP_LOSS] = np.nan
    m[order + g.R_TAKE_PROFIT] = np.nan
    m[order + g.R_LIMIT_FROM] = np.inf
    m[order + g.R_CONFIDENCE] = 1.0
    m[order + g.R_SEQUENCE] = m[g.A_SEQUENCE]
    m[g.A_SEQUENCE] += 1.0
    return order


@jit
def place(m, t, signals, first, last, multiplier, deadline):  # type: ignore[no-untyped-def]
    """Turn the signals ``first:last``, of the bar before `t`, into orders."""
    threshold = m[g.O_THRESHOLD]
    for k in range(first, last):
        signal = signals[k]
        s = np.int64(signal[g.S_SYMBOL])
        if is_below(signal[g.S_CONFIDENCE], threshold):
            note(m, t, g.LOG_BELOW, s, signal[g.S_CONFIDENCE])
            continue
        side = signal[g.S_SIDE]
        held = m[row_of(s) + g.P_QUANTITY]
        earlier = False
        against = False
        for j in range(first, last):
            other = signals[j]
            if other[g.S_SYMBOL] == s and not is_below(other[g.S_CONFIDENCE], threshold):  # noqa: SIM102  # one condition would not fit a line
                if other[g.S_SIDE] != side:
                    against = True
                    earlier = earlier or j < k
        if against:
            if held == 0.0:
                if earlier and is_first_of_side(signals, first, k, s, threshold):
                    note(m, t, g.LOG_BOTH_DROPPED, s, 0.0)
                continue
            if held * side > 0.0:
                continue
            if is_first_of_side(signals, first, k, s, threshold):
                note(m, t, g.LOG_EXIT_KEPT, s, 0.0)
        if held * side < 0.0:
            place_exit(m, s, side, signal)
            if m[g.O_REVERSE] > 0.0 and signal[g.S_TYPE] == g.MARKET and (side > 0.0 or m[g.O_SHORT] > 0.0):
                m[np.int64(m[g.A_ORDERS_END]) - g.N_ORDER + g.R_REASON] = REASON_REVERSAL
                place_entry(m, t, s, side, signal, multiplier[s, t - 1] if multiplier.size else 1.0, deadline)
        elif held == 0.0 and side < 0.0 and m[g.O_SHORT] == 0.0:
            note(m, t, g.LOG_SHORT_DISABLED, s, 0.0)
        elif held == 0.0 or m[row_of(s) + g.P_ENTRIES] < m[g.O_MAX_ENTRIES]:
            place_entry(m, t, s, side, signal, multiplier[s, t - 1] if multiplier.size else 1.0, deadline)


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
def dress(m, order, signal):  # type: ignore[no-untyped-def]
    """Give an order the prices and the life of its signal."""
    m[order + g.R_TYPE] = signal[g.S_TYPE]
    m[order + g.R_LIMIT] = level_of(signal[g.S_LIMIT], m)
    m[order + g.R_STOP] = level_of(signal[g.S_STOP], m)
    m[order + g.R_LEFT] = signal[g.S_EXPIRY] if signal[g.S_EXPIRY] > 0.0 else m[g.O_EXPIRY]
    m[order + g.R_CONFIDENCE] = signal[g.S_CONFIDENCE]
    m[order + g.R_STOP_LOSS] = level_of(signal[g.S_STOP_LOSS], m)
    m[order + g.R_TAKE_PROFIT] = level_of(signal[g.S_TAKE_PROFIT], m)


@jit
def place_exit(m, s, side, signal):  # type: ignore[no-untyped-def]
    """Place the order that closes a position."""
    order = new_order(m, s, side, 1.0)
    dress(m, order, signal)
    m[order + g.R_REASON] = REASON_SIGNAL


@jit
def place_entry(m, t, s, side, signal, multiplier, deadline):  # type: ignore[no-untyped-def]
    """Place an entry, sized by the equity and the close of the bar before unless the size is that of the open."""
    equity = m[g.A_EQUITY]
    close = m[row_of(s) + g.D_MARK]
    weight = signal[g.S_WEIGHT] if signal[g.S_WEIGHT] > 0.0 else m[g.O_WEIGHT]
    kind = g.SIZE_FIXED
    size = 0.0
    quantity = 0.0
    if signal[g.S_QUANTITY] > 0.0:
        quantity = floored(signal[g.S_QUANTITY] * multiplier, m)
    elif m[g.O_SIZE_AT_OPEN] > 0.0 and signal[g.S_TYPE] == g.MARKET:
        kind = g.SIZE_WEIGHT
        size = weight * multiplier
        if signal[g.S_NOTIONAL] > 0.0:
            kind = g.SIZE_NOTIONAL
            size = signal[g.S_NOTIONAL] * multiplier
    elif signal[g.S_NOTIONAL] > 0.0:
        quantity = floored(signal[g.S_NOTIONAL] * multiplier / close, m)
    else:
        quantity = floored(weight * multiplier * equity / close, m) if equity > 0.0 else 0.0
    if kind == g.SIZE_FIXED and not close > 0.0:
        note(m, t, g.LOG_NO_PRICE, s, 0.0)
        return
    if kind == g.SIZE_FIXED and (equity <= 0.0 or not is_large_enough(m, t, s, quantity, close)):
        if equity <= 0.0:
            note(m, t, g.LOG_TOO_SMALL, s, 0.0)
        return
    order = new_order(m, s, side, 0.0)
    dress(m, order, signal)
    m[order + g.R_QUANTITY] = quantity
    m[order + g.R_SIZE_KIND] = kind
    m[order + g.R_SIZE] = size
    m[order + g.R_DEADLINE] = deadline
    m[order + g.R_PLACED] = t
    m[order + g.R_REASON] = REASON_SIGNAL


@jit
def is_large_enough(m, t, s, quantity, price):  # type: ignore[no-untyped-def]
    """Return whether an entry is worth placing; if not, note why."""
    if not quantity > 0.0:
        note(m, t, g.LOG_TOO_SMALL, s, 0.0)
        return False
    least = m[g.O_MIN_NOTIONAL]
    if least - quantity * price > EQUAL * least:
        note(m, t, g.LOG_BELOW_MINIMUM, s, quantity * price)
        return False
    return True


@jit
def is_limit(m, order, t):  # type: ignore[no-untyped-def]
    """Return whether an order rests as a limit: a stop-limit does once its stop was triggered."""
    return m[order + g.R_TYPE] == g.LIMIT or (m[order + g.R_TYPE] == g.STOP_LIMIT and m[order + g.R_LIMIT_FROM] <= t)


@jit
def is_waiting_stop(m, order, t):  # type: ignore[no-untyped-def]
    """Return whether an order waits for its stop to be triggered."""
    return m[order + g.R_TYPE] == g.STOP or (
        m[order + g.R_TYPE] == g.STOP_LIMIT and m[order + g.R_LIMIT_FROM] == np.inf
    )


@jit
def passes(price, level, side, touch):  # type: ignore[no-untyped-def]
    """Return whether `price` is better than a limit of that side: below it for a buy, or at it where touching counts."""
    return side * (level - price) > 0.0 or (touch > 0.0 and price == level)


@jit
def nearest_stop(m, t, s):  # type: ignore[no-untyped-def]
    """Return (level, source) of the first stop that a falling price meets (a rising one for a short), NaN for none."""
    p = row_of(s)
    side = 1.0 if m[p + g.P_QUANTITY] > 0.0 else -1.0
    level = m[p + g.P_STOP]
    source = FROM_STOP
    if m[p + g.P_TRAIL] == m[p + g.P_TRAIL] and not side * (m[p + g.P_TRAIL] - level) <= 0.0:
        level = m[p + g.P_TRAIL]
        source = FROM_TRAIL
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s and m[order + g.R_IS_EXIT] > 0.0:  # noqa: SIM102  # one condition would not fit a line
            if m[order + g.R_SIDE] == -side and is_waiting_stop(m, order, t):  # noqa: SIM102  # one condition would not fit a line
                if not side * (m[order + g.R_STOP] - level) <= 0.0:
                    level = m[order + g.R_STOP]
                    source = order
    return level, source


@jit
def nearest_target(m, t, s):  # type: ignore[no-untyped-def]
    """Return (level, source) of the first target or exit limit that a rising price meets, NaN for none."""
    p = row_of(s)
    side = 1.0 if m[p + g.P_QUANTITY] > 0.0 else -1.0
    level = m[p + g.P_TARGET]
    source = FROM_STOP
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s and m[order + g.R_IS_EXIT] > 0.0:  # noqa: SIM102  # one condition would not fit a line
            if m[order + g.R_SIDE] == -side and is_limit(m, order, t):  # noqa: SIM102  # one condition would not fit a line
                if not side * (m[order + g.R_LIMIT] - level) >= 0.0:
                    level = m[order + g.R_LIMIT]
                    source = order
    return level, source


@jit
def close_out(m, t, s, raw, slips, cap, reason, ambiguous, fees):  # type: ignore[no-untyped-def]
    """Sell the position (or cover it) as far as the volume allows; return the quantity filled."""
    held = m[row_of(s) + g.P_QUANTITY]
    side = -1.0 if held > 0.0 else 1.0
    quantity = min(abs(held), room_of(m, s, g.NO))
    if not quantity > 0.0:
        return 0.0
    price = price_of(m, s, side, quantity, raw, slips, cap)
    execute(m, t, s, side, quantity, raw, price, reason, ambiguous, slips, g.YES, fees)
    use_room(m, s, quantity)
    if m[row_of(s) + g.P_QUANTITY] == 0.0:
        end_position(m, t, s)
    return quantity


@jit
def end_position(m, t, s):  # type: ignore[no-untyped-def]
    """Cancel what belonged to a position that is gone: its levels, resting and forced exits, carried entries."""
    p = row_of(s)
    for column in range(g.P_FIRST, g.P_LAST + 1):
        m[p + column] = np.nan
    m[p + g.P_QUANTITY] = 0.0
    m[p + g.P_ENTRIES] = 0.0
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_SYMBOL] == s:
            if m[order + g.R_IS_EXIT] > 0.0:
                if m[order + g.R_TYPE] != g.MARKET or m[order + g.R_IS_FORCED] > 0.0:
                    m[order + g.R_ALIVE] = 0.0
            elif m[order + g.R_HAS_FILLED] > 0.0:
                m[order + g.R_ALIVE] = 0.0
                note(m, t, g.LOG_POSITION_CLOSED, s, 0.0)


@jit
def carry_exit(m, s, reason):  # type: ignore[no-untyped-def]
    """Place the market order that goes on with an exit at the next open; return its row."""
    side = -1.0 if m[row_of(s) + g.P_QUANTITY] > 0.0 else 1.0
    order = new_order(m, s, side, 1.0)
    m[order + g.R_IS_FORCED] = 1.0
    m[order + g.R_REASON] = reason
    return order


@jit
def exit_by_stop(m, t, s, level, source, raw, is_gap, ambiguous):  # type: ignore[no-untyped-def]
    """Leave at a stop that was met; return False where its limit forbids that, so that the next level may act.

    What the volume leaves becomes a market order of the next open, or rests where
    the stop had a limit.
    """
    cap = np.nan
    reason = REASON_STOP_GAP if is_gap else REASON_STOP
    if source == FROM_TRAIL:
        reason = REASON_TRAIL_GAP if is_gap else REASON_TRAIL
    if source > 0 and m[source + g.R_TYPE] == g.STOP_LIMIT:
        order = source
        cap = m[order + g.R_LIMIT]
        if m[order + g.R_SIDE] * (raw - cap) > 0.0:
            m[order + g.R_LIMIT_FROM] = t if is_gap else t + 1.0
            return False
        m[order + g.R_LIMIT_FROM] = t + 1.0
        close_out(m, t, s, raw, g.YES, cap, reason, ambiguous, source + g.R_FEE)
        return True
    if source > 0:
        order = source
        m[order + g.R_TYPE] = g.MARKET
        m[order + g.R_IS_FORCED] = 1.0
        m[order + g.R_REASON] = REASON_STOP_CARRIED
    else:
        order = carry_exit(m, s, REASON_TRAIL if source == FROM_TRAIL else REASON_STOP_CARRIED)
    close_out(m, t, s, raw, g.YES, cap, reason, ambiguous, order + g.R_FEE)
    return True


@jit
def stop_inside(m, t, s, side, worst):  # type: ignore[no-untyped-def]
    """Return the nearest stop, after those that the bar meets and their limit forbids have become limits."""
    stop, source = nearest_stop(m, t, s)
    while (
        source > 0
        and m[source + g.R_TYPE] == g.STOP_LIMIT
        and side * (worst - stop) <= 0.0
        and side * (m[source + g.R_LIMIT] - stop) > 0.0
    ):
        m[source + g.R_LIMIT_FROM] = t + 1.0
        stop, source = nearest_stop(m, t, s)
    return stop


@jit
def exit_by_target(m, t, s, level, source, raw, is_gap, ambiguous):  # type: ignore[no-untyped-def]
    """Leave at a target or an exit limit; what the volume leaves rests at its price."""
    if source > 0:
        reason = REASON_LIMIT_GAP if is_gap else REASON_LIMIT
        close_out(m, t, s, raw, g.NO, np.nan, reason, ambiguous, source + g.R_FEE)
    else:
        reason = REASON_TARGET_GAP if is_gap else REASON_TARGET
        slips = m[g.O_TARGET_SLIPS]
        close_out(m, t, s, raw, slips, np.nan, reason, ambiguous, row_of(s) + g.P_FEE)


@jit
def exit_by_order(m, t, s, order):  # type: ignore[no-untyped-def]
    """Leave at the open by market order `order`; what is left is carried."""
    reason = m[order + g.R_REASON]
    close_out(m, t, s, m[row_of(s) + g.D_OPEN], g.YES, np.nan, reason, 0.0, order + g.R_FEE)
    m[order + g.R_ALIVE] = 0.0
    if m[row_of(s) + g.P_QUANTITY] != 0.0:
        m[order + g.R_ALIVE] = 1.0
        m[order + g.R_IS_FORCED] = 1.0
        if reason == REASON_SIGNAL:
            m[order + g.R_REASON] = REASON_SIGNAL_CARRIED


@jit
def drop_exits(m, t):  # type: ignore[no-untyped-def]
    """Cancel the exit orders whose position is gone."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0 and m[order + g.R_IS_EXIT] > 0.0 and m[order + g.R_TYPE] == g.MARKET:
            s = np.int64(m[order + g.R_SYMBOL])
            if m[row_of(s) + g.P_QUANTITY] * m[order + g.R_SIDE] >= 0.0:
                m[order + g.R_ALIVE] = 0.0
                note(m, t, g.LOG_EXIT_CANCELLED, s, 0.0)


@jit
def refusal_of(m, s, side, is_first):  # type: ignore[no-untyped-def]
    """Return the code of the limit that an entry would break, or -1."""
    if side < 0.0 and m[row_of(s) + g.D_SHORTABLE] == 0.0:
        return g.LOG_NOT_SHORTABLE
    if m[row_of(s) + g.P_QUANTITY] == 0.0 and 0.0 < m[g.O_MAX_POSITIONS] <= m[g.A_POSITIONS]:
        return g.LOG_MAX_POSITIONS
    if is_first > 0.0 and 0.0 < m[g.O_DAY_ENTRIES] <= m[g.A_DAY_ENTRIES]:
        return g.LOG_DAY_ENTRIES
    return -1.0


@jit
def enter(m, t, order, raw, slips, cap, reason, mode):  # type: ignore[no-untyped-def]
    """Fill entry `order` at `raw`, as far as position, limits, buying power and volume allow."""
    s = np.int64(m[order + g.R_SYMBOL])
    side = m[order + g.R_SIDE]
    p = row_of(s)
    held = m[p + g.P_QUANTITY]
    is_first = g.YES if m[order + g.R_HAS_FILLED] == 0.0 else g.NO
    if held * side < 0.0:
        m[order + g.R_ALIVE] = 0.0
        note(m, t, g.LOG_CANCELLED, s, 0.0)
        return
    if held != 0.0 and is_first > 0.0 and m[p + g.P_ENTRIES] >= m[g.O_MAX_ENTRIES]:
        m[order + g.R_ALIVE] = 0.0
        note(m, t, g.LOG_CANCELLED, s, 0.0)
        return
    refusal = refusal_of(m, s, side, is_first)
    if refusal >= 0.0:
        m[order + g.R_ALIVE] = 0.0
        note(m, t, refusal, s, 0.0)
        return
    wanted = m[order + g.R_QUANTITY]
    if m[order + g.R_SIZE_KIND] != g.SIZE_FIXED:
        wanted = 0.0
        if m[order + g.R_SIZE_KIND] == g.SIZE_NOTIONAL:
            wanted = floored(m[order + g.R_SIZE] / raw, m)
        elif m[g.A_OPEN_EQUITY] > 0.0:
            wanted = floored(m[order + g.R_SIZE] * m[g.A_OPEN_EQUITY] / raw, m)
        m[order + g.R_SIZE_KIND] = g.SIZE_FIXED
        if not is_large_enough(m, t, s, wanted, raw):
            m[order + g.R_ALIVE] = 0.0
            return
    quantity = affordable_quantity(m, s, side, wanted, raw, slips, cap, order + g.R_FEE)
    if not quantity > 0.0:
        m[order + g.R_ALIVE] = 0.0
        note(m, t, g.LOG_REJECTED, s, wanted)
        return
    filled = min(quantity, room_of(m, s, g.YES))
    if filled > 0.0:
        price = price_of(m, s, side, filled, raw, slips, cap)
        if side * (price - m[order + g.R_STOP_LOSS]) <= 0.0 or side * (m[order + g.R_TAKE_PROFIT] - price) <= 0.0:
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_OUTSIDE, s, price)
            return
        execute(m, t, s, side, filled, raw, price, reason, 0.0, slips, g.YES, order + g.R_FEE)
        use_room(m, s, filled)
        if is_first > 0.0:
            m[p + g.P_ENTRIES] = 1.0 if held == 0.0 else m[p + g.P_ENTRIES] + 1.0
            m[g.A_DAY_ENTRIES] += 1.0
        m[order + g.R_HAS_FILLED] = 1.0
        set_levels(m, t, s, side, price, raw, held, mode, m[order + g.R_STOP_LOSS], m[order + g.R_TAKE_PROFIT])
        cancel_others(m, t, s, side, order)
    m[order + g.R_QUANTITY] = quantity - filled
    if not m[order + g.R_QUANTITY] > 0.0:
        m[order + g.R_ALIVE] = 0.0
    elif m[order + g.R_TYPE] == g.MARKET or m[order + g.R_TYPE] == g.STOP:
        is_market = m[order + g.R_TYPE] == g.MARKET
        is_last = is_market and m[g.A_ENDS_SESSION] > 0.0 and m[order + g.R_DEADLINE] <= m[g.A_SESSION]
        if m[g.O_CARRY] > 0.0 and not is_last:
            if not is_market:
                m[order + g.R_DEADLINE] = m[g.A_SESSION] + g.ENTRY_SESSIONS
                m[order + g.R_REASON] = REASON_STOP_CARRIED
            elif reason == REASON_SIGNAL:
                m[order + g.R_REASON] = REASON_SIGNAL_CARRIED
            m[order + g.R_TYPE] = g.MARKET
        else:
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_RESIDUAL, s, m[order + g.R_QUANTITY])


@jit
def cancel_others(m, t, s, side, kept):  # type: ignore[no-untyped-def]
    """Cancel the symbol's entry orders but the one that filled, and those that may still add to the position."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if (
            order != kept
            and m[order + g.R_ALIVE] > 0.0
            and m[order + g.R_SYMBOL] == s
            and m[order + g.R_IS_EXIT] == 0.0
        ):
            if m[order + g.R_SIDE] == side and m[row_of(s) + g.P_ENTRIES] < m[g.O_MAX_ENTRIES]:
                continue
            m[order + g.R_ALIVE] = 0.0
            note(m, t, g.LOG_CANCELLED, s, 0.0)


@jit
def set_levels(m, t, s, side, price, raw, held, mode, stop_loss, take_profit):  # type: ignore[no-untyped-def]
    """Set stop, target and trail after an entry at `price`; a further entry moves them to the average price."""
    p = row_of(s)
    # An entry by a limit inside the bar is not undone by a later one of that bar.
    if m[p + g.P_ADDED] != t or m[p + g.P_MODE] != g.MODE_LIMIT:
        m[p + g.P_MODE] = mode
    m[p + g.P_ADDED] = t
    m[p + g.P_RAW] = raw
    reach = m[row_of(s) + g.D_ATR]
    if held == 0.0:
        m[p + g.P_OPENED] = t
        m[p + g.P_COST] = price
        m[p + g.P_OWN_STOP] = np.nan
        m[p + g.P_OWN_TARGET] = np.nan
        m[p + g.P_FEE] = 0.0
        m[p + g.P_FEE + 1] = 0.0
        m[p + g.P_FEE + 2] = 0.0
        m[p + g.P_EXTREME] = price
        m[p + g.P_TRAIL] = trail_of(m, side, price, reach)
    else:
        if side * (price - m[p + g.P_EXTREME]) > 0.0:
            m[p + g.P_EXTREME] = price
            tighten(m, s, side, reach)
        now = abs(m[p + g.P_QUANTITY])
        m[p + g.P_COST] = (m[p + g.P_COST] * abs(held) + price * (now - abs(held))) / now
        price = m[p + g.P_COST]
    if stop_loss > 0.0 or take_profit > 0.0:
        m[p + g.P_OWN_STOP] = stop_loss
        m[p + g.P_OWN_TARGET] = take_profit
    if m[p + g.P_OWN_STOP] > 0.0:
        m[p + g.P_STOP] = stop_loss if stop_loss > 0.0 else m[p + g.P_STOP]
    elif m[g.O_STOP] > 0.0:
        m[p + g.P_STOP] = level_of(price * (1.0 - side * m[g.O_STOP]), m)
    elif m[g.O_ATR_STOP] > 0.0:
        distance = m[g.O_ATR_STOP] * reach
        if not reach > 0.0:
            distance = price * FALLBACK_STOP
            note(m, t, g.LOG_RANGE, s, FALLBACK_STOP)
        m[p + g.P_STOP] = level_of(price - side * distance, m)
    if m[p + g.P_OWN_TARGET] > 0.0:
        m[p + g.P_TARGET] = take_profit if take_profit > 0.0 else m[p + g.P_TARGET]
    elif m[g.O_TARGET] > 0.0:
        m[p + g.P_TARGET] = level_of(price * (1.0 + side * m[g.O_TARGET]), m)
    elif m[g.O_ATR_TARGET] > 0.0:
        distance = m[g.O_ATR_TARGET] * reach
        if not reach > 0.0:
            distance = price * FALLBACK_TARGET
            note(m, t, g.LOG_RANGE, s, FALLBACK_TARGET)
        m[p + g.P_TARGET] = level_of(price + side * distance, m)


@jit
def tighten(m, s, side, reach):  # type: ignore[no-untyped-def]
    """Move the trail behind its extreme; it never loosens."""
    p = row_of(s)
    level = trail_of(m, side, m[p + g.P_EXTREME], reach)
    if level == level and not side * (level - m[p + g.P_TRAIL]) <= 0.0:
        m[p + g.P_TRAIL] = level


@jit
def trail_of(m, side, extreme, reach):  # type: ignore[no-untyped-def]
    """Return the level of a trail behind `extreme`, NaN without a trail or while the true range is not known."""
    if m[g.O_TRAIL] > 0.0:
        return level_of(extreme * (1.0 - side * m[g.O_TRAIL]), m)
    if m[g.O_ATR_TRAIL] > 0.0 and reach > 0.0:
        return level_of(extreme - side * m[g.O_ATR_TRAIL] * reach, m)
    return np.nan
