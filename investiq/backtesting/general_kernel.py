"""The general bar loop: every step of the bar semantics, for many symbols that share one account.

Steps are functions of `general_steps`; they look only at live symbols, which
hold a position or have an order. State lies in the tables of `general_state`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import general_state as g
from investiq.backtesting.general_fills import set_room
from investiq.backtesting.general_orders import place
from investiq.backtesting.general_state import live_of, note, row_of
from investiq.backtesting.general_steps import (
    charge_night,
    compact,
    delist,
    dividend,
    entries_in_order,
    expire_resting,
    inside_protective,
    liquidate,
    marked,
    miss_session,
    open_entries,
    open_exits,
    open_protective,
    pay,
    ratchet,
    rebalance,
    refuse_entries,
    rest_at_open,
    rest_inside,
    short_value,
    split,
    wait,
    watch_drawdown,
    watch_margin,
)
from investiq.core.compiling import jit

__all__ = ["Feed", "Paths", "simulate"]


class Feed(NamedTuple):
    """What a run reads; arrays of shape (n_symbols, n_bars) unless said otherwise, empty where not given.

    `signals` are sorted by bar and ``starts[bar]:starts[bar + 1]`` are those of a
    bar; `actions` are sorted by bar and kind, and `payments` are rows of
    `actions` in the order of their pay bars. `weights` (n_symbols,) are the
    targets of calendar rebalancing, `targets` those decided at each close.
    """

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    atr: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    volatility: NDArray[np.float64]
    average_volume: NDArray[np.float64]
    borrow: NDArray[np.float64]
    shortable: NDArray[np.float64]
    targets: NDArray[np.float64]
    weights: NDArray[np.float64]
    calendar: NDArray[np.float64]
    signals: NDArray[np.float64]
    starts: NDArray[np.int64]
    payments: NDArray[np.int64]


class Paths(NamedTuple):
    """What a run writes at each close; `position` has shape (n_symbols, n_bars) and begins as zeros."""

    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    receivables: NDArray[np.float64]
    position: NDArray[np.float64]


@jit
def simulate(feed, actions, m, paths):  # type: ignore[no-untyped-def]
    """Run a scenario.

    Parameters
    ----------
    feed : Feed
    actions : float64, shape (n_actions, N_ACTION)
        Its column X_PAID is written.
    m : float64
        What the run remembers; see `general_state`. Written; laid out and cleared by the caller.
    paths : Paths
        Written.
    """
    n_symbols, n_bars = feed.close.shape
    m[g.A_CASH] = m[g.O_CAPITAL]
    m[g.A_EQUITY] = m[g.O_CAPITAL]
    m[g.A_PEAK] = m[g.O_CAPITAL]
    m[g.A_MONTH] = -1.0
    m[g.A_SESSION] = -1.0
    for s in range(n_symbols):
        p = row_of(s)
        for column in range(g.P_FIRST, g.P_LAST + 1):
            m[p + column] = np.nan
        m[p + g.D_MARK] = np.nan
        m[p + g.D_LIVE] = -1.0
        m[p + g.D_RATIO] = 1.0
    has_trail = m[g.O_TRAIL] > 0.0 or m[g.O_ATR_TRAIL] > 0.0
    can_leave = has_exits(feed.signals, m)
    at_close = m[g.O_SAME_CLOSE] > 0.0
    wish = np.empty(n_symbols)
    action = 0
    payment = 0
    for t in range(n_bars):
        day = feed.calendar[t]
        session = day[g.C_SESSION]
        if day[g.C_MONTH] != m[g.A_MONTH]:
            m[g.A_MONTH] = day[g.C_MONTH]
            m[g.A_MONTH_SHARES] = 0.0
        if session != m[g.A_SESSION]:
            m[g.A_SESSION] = session
            m[g.A_DAY_ENTRIES] = 0.0
            m[g.A_UNSETTLED] = 0.0
        ends_session = t == n_bars - 1 or feed.calendar[t + 1, g.C_SESSION] != session
        m[g.A_ENDS_SESSION] = 1.0 if ends_session else 0.0
        cash_before = m[g.A_CASH]
        free = cash_before - short_value(m) if t > 0 and day[g.C_IS_FIRST] > 0.0 else 0.0
        rebalances = m[g.A_RUINED] == 0.0 and wishes(feed.weights, feed.targets, day[g.C_REBALANCES], t, at_close, wish)
        if rebalances:
            for s in range(n_symbols):
                m[row_of(s) + g.D_HELD] = m[row_of(s) + g.P_QUANTITY]
                m[row_of(s) + g.D_HELD_MARK] = m[row_of(s) + g.D_MARK]

        # Orders arrive first: they are carried through the night's splits and dividends like older ones.
        if t > 0:
            if m[g.A_RUINED] > 0.0:
                for k in range(feed.starts[t - 1], feed.starts[t]):
                    note(m, t, g.LOG_RUINED, np.int64(feed.signals[k, g.S_SYMBOL]), 0.0)
            elif feed.starts[t] > feed.starts[t - 1]:
                goes_on = feed.calendar[t - 1, g.C_SESSION] == session
                deadline = feed.calendar[t - 1, g.C_SESSION] + (0.0 if goes_on else 1.0) + g.ENTRY_SESSIONS - 1.0
                place(m, t, feed.signals, feed.starts[t - 1], feed.starts[t], feed.multiplier, deadline)
            if day[g.C_IS_FIRST] > 0.0:
                charge_night(
                    m, t, free, day[g.C_SWEEP], day[g.C_DEBIT], feed.borrow, day[g.C_DAYS], day[g.C_CALENDAR_DAYS]
                )
        first_action = action
        while action < actions.shape[0] and actions[action, g.X_BAR] == t:
            s = np.int64(actions[action, g.X_SYMBOL])  # type: ignore[assignment]  # numba's int64 is Python's int here
            if actions[action, g.X_KIND] == g.KIND_SPLIT:
                split(m, t, s, actions[action, g.X_VALUE])
            elif actions[action, g.X_KIND] == g.KIND_DIVIDEND:
                reduces = actions[action, g.X_REDUCES]
                actions[action, g.X_PAID] = dividend(m, t, s, actions[action, g.X_VALUE], reduces)
            else:
                delist(m, t, s, actions[action, g.X_VALUE])
            action += 1
        while payment < feed.payments.size and actions[feed.payments[payment], g.X_PAY_BAR] == t:
            pay(m, t, actions, feed.payments[payment])
            payment += 1

        is_halted = m[g.A_HALTED] > 0.0 or m[g.A_CALLED] > 0.0
        allowed = day[g.C_ALLOWED] > 0.0
        blocked = -1.0 if allowed else g.LOG_SESSION
        if is_halted:
            blocked = g.LOG_BLOCKED_CALL if m[g.A_CALLED] > 0.0 else g.LOG_BLOCKED_HALT
        if m[g.A_ORDERS_END] > m[g.A_ORDERS]:
            miss_session(m, t, session)
            if is_halted:
                refuse_entries(m, t)
        count_live(m, t, rebalances)
        # Where nothing can trade, a bar is its close.
        is_busy = rebalances or can_leave or m[g.A_ORDERS_END] > m[g.A_ORDERS] or t == n_bars - 1
        if is_busy and m[g.A_LIVE] > 0.0:
            for k in range(np.int64(m[g.A_LIVE])):
                load(feed, m, t, live_of(m, k))
            if m[g.A_POSITIONS] > 0.0:
                open_protective(m, t)
            if m[g.A_POSITIONS] > 0.0 or m[g.A_ORDERS_END] > m[g.A_ORDERS]:
                open_exits(m, t)
            if rebalances and not at_close:
                rebalance(m, t, wish, m[g.A_EQUITY], g.NO, blocked)
            if m[g.A_ORDERS_END] > m[g.A_ORDERS]:
                open_entries(m, t, allowed)
                if allowed:
                    resting = entries_in_order(m, g.YES)
                    if resting > 0:
                        rest_at_open(m, t, resting)
                        rest_inside(m, t, resting)
            if m[g.A_POSITIONS] > 0.0:
                inside_protective(m, t)
            if m[g.A_ORDERS_END] > m[g.A_ORDERS]:
                expire_resting(m, t)
                wait(m, t, session)

        for s in range(n_symbols):
            close = feed.close[s, t]
            if close == close:
                m[row_of(s) + g.D_MARK] = close
        if rebalances and at_close:
            for k in range(np.int64(m[g.A_LIVE])):
                m[row_of(live_of(m, k)) + g.D_MARK_OPEN] = m[row_of(live_of(m, k)) + g.D_MARK]
            rebalance(m, t, wish, marked(m), g.YES, blocked)
        equity = marked(m)
        if t == n_bars - 1:
            if m[g.O_LIQUIDATE] > 0.0 and m[g.A_POSITIONS] > 0.0:
                liquidate(m, t)
                equity = marked(m)
            for _ in range(feed.starts[t], feed.starts[t + 1]):
                note(m, t, g.LOG_AFTER_LAST, g.NO_SYMBOL, 0.0)
        m[g.A_EQUITY] = equity
        paths.equity[t] = equity
        paths.cash[t] = m[g.A_CASH]
        paths.receivables[t] = m[g.A_RECEIVABLE] + m[g.A_PAYABLE]
        watch_margin(m, t, equity)
        watch_drawdown(m, t, equity)
        if has_trail and m[g.A_POSITIONS] > 0.0:
            ratchet(m, t, feed.atr)
        if m[g.A_ORDERS_END] > m[g.A_ORDERS]:
            compact(m)
        if m[g.A_POSITIONS] > 0.0:
            for k in range(np.int64(m[g.A_LIVE])):
                s = live_of(m, k)
                paths.position[s, t] = m[row_of(s) + g.P_QUANTITY]
        for row in range(first_action, action):
            m[row_of(np.int64(actions[row, g.X_SYMBOL])) + g.D_RATIO] = 1.0


@jit
def has_exits(signals, m):  # type: ignore[no-untyped-def]
    """Return whether a position can be closed without an order: at a level, or after its time."""
    for option in (g.O_STOP, g.O_TARGET, g.O_TRAIL, g.O_ATR_STOP, g.O_ATR_TARGET, g.O_ATR_TRAIL, g.O_HOLD):
        if m[option] > 0.0:
            return True
    return bool((signals[:, g.S_STOP_LOSS] > 0.0).any() or (signals[:, g.S_TAKE_PROFIT] > 0.0).any())


@jit
def wishes(weights, targets, is_due, t, at_close, wish):  # type: ignore[no-untyped-def]
    """Write the target weights that are traded in bar `t`; return whether there are any."""
    if weights.size and is_due > 0.0:
        for s in range(wish.size):
            wish[s] = weights[s]
        return True
    if targets.size == 0:
        return False
    bar = t if at_close else t - 1
    if bar < 0:
        return False
    any_wish = False
    for s in range(wish.size):
        wish[s] = targets[s, bar]
        any_wish = any_wish or wish[s] == wish[s]
    return any_wish


@jit
def count_live(m, t, rebalances):  # type: ignore[no-untyped-def]
    """List the symbols with a position or an order; all of them where the portfolio is rebalanced."""
    for order in range(np.int64(m[g.A_ORDERS]), np.int64(m[g.A_ORDERS_END]), g.N_ORDER):
        if m[order + g.R_ALIVE] > 0.0:
            m[row_of(np.int64(m[order + g.R_SYMBOL])) + g.D_LIVE] = t
    first = np.int64(m[g.A_LIVE_AT])
    count = 0
    if rebalances or m[g.A_POSITIONS] > 0.0 or m[g.A_ORDERS_END] > m[g.A_ORDERS]:
        for s in range(np.int64(m[g.A_SYMBOLS])):
            if rebalances or m[row_of(s) + g.P_QUANTITY] != 0.0 or m[row_of(s) + g.D_LIVE] == t:
                m[first + count] = s
                count += 1
    m[g.A_LIVE] = count


@jit
def load(feed, m, t, s):  # type: ignore[no-untyped-def]
    """Write the bar of a live symbol to its row of the day."""
    day = row_of(s)
    price = feed.open[s, t]
    has_bar = price == price
    volume = feed.volume[s, t]
    m[day + g.D_HAS_BAR] = 1.0 if has_bar else 0.0
    m[day + g.D_TRADES] = 1.0 if has_bar and (volume != 0.0 or m[g.O_ZERO_FILLS] > 0.0) else 0.0
    m[day + g.D_MARK_OPEN] = price if has_bar else m[day + g.D_MARK]
    m[day + g.D_OPEN] = price
    m[day + g.D_HIGH] = feed.high[s, t]
    m[day + g.D_LOW] = feed.low[s, t]
    m[day + g.D_CLOSE] = feed.close[s, t]
    before = t - 1
    ratio = m[day + g.D_RATIO]
    m[day + g.D_ATR] = feed.atr[s, before] / ratio if feed.atr.size and before >= 0 else np.nan
    m[day + g.D_VOLATILITY] = feed.volatility[s, before] if feed.volatility.size and before >= 0 else np.nan
    average = feed.average_volume[s, before] * ratio if feed.average_volume.size and before >= 0 else np.nan
    m[day + g.D_VOLUME] = average
    m[day + g.D_SHORTABLE] = feed.shortable[s, t] if feed.shortable.size else 1.0
    set_room(m, s, volume, average)
