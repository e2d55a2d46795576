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
from investiq.backtesting.general_state import note
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
def simulate(feed, actions, b, paths):  # type: ignore[no-untyped-def]
    """Run a scenario.

    Parameters
    ----------
    feed : Feed
    actions : float64, shape (n_actions, N_ACTION)
        Its column X_PAID is written.
    b : general_state.Book
        Written; cleared by the caller.
    paths : Paths
        Written.
    """
    o = b.options
    account = b.account
    n_symbols, n_bars = feed.close.shape
    account[g.A_CASH] = o[g.O_CAPITAL]
    account[g.A_EQUITY] = o[g.O_CAPITAL]
    account[g.A_PEAK] = o[g.O_CAPITAL]
    account[g.A_MONTH] = -1.0
    account[g.A_SESSION] = -1.0
    account[g.A_ORDERS] = 1.0
    b.day[:, g.D_MARK] = np.nan
    b.day[:, g.D_LIVE] = -1.0
    b.day[:, g.D_RATIO] = 1.0
    b.positions[:, :] = np.nan
    b.positions[:, g.P_QUANTITY] = 0.0
    b.positions[:, g.P_ENTRIES] = 0.0
    has_trail = o[g.O_TRAIL] > 0.0 or o[g.O_ATR_TRAIL] > 0.0
    at_close = o[g.O_SAME_CLOSE] > 0.0
    wish = np.empty(n_symbols)
    action = 0
    payment = 0
    for t in range(n_bars):
        day = feed.calendar[t]
        session = day[g.C_SESSION]
        if day[g.C_MONTH] != account[g.A_MONTH]:
            account[g.A_MONTH] = day[g.C_MONTH]
            account[g.A_MONTH_SHARES] = 0.0
        if session != account[g.A_SESSION]:
            account[g.A_SESSION] = session
            account[g.A_DAY_ENTRIES] = 0.0
            account[g.A_UNSETTLED] = 0.0
        cash_before = account[g.A_CASH]
        free = cash_before - short_value(b) if t > 0 and day[g.C_IS_FIRST] > 0.0 else 0.0
        rebalances = wishes(feed, t, at_close, wish)
        if rebalances:
            for s in range(n_symbols):
                b.day[s, g.D_HELD] = b.positions[s, g.P_QUANTITY]
                b.day[s, g.D_HELD_MARK] = b.day[s, g.D_MARK]

        # Orders arrive first: they are carried through the night's splits and dividends like older ones.
        if t > 0:
            if feed.starts[t] > feed.starts[t - 1] and account[g.A_RUINED] == 0.0:
                goes_on = feed.calendar[t - 1, g.C_SESSION] == session
                deadline = feed.calendar[t - 1, g.C_SESSION] + (0.0 if goes_on else 1.0) + g.ENTRY_SESSIONS - 1.0
                place(b, t, feed.signals, feed.starts[t - 1], feed.starts[t], feed.multiplier, deadline)
            if day[g.C_IS_FIRST] > 0.0:
                charge_night(
                    b, t, free, day[g.C_SWEEP], day[g.C_DEBIT], feed.borrow, day[g.C_DAYS], day[g.C_CALENDAR_DAYS]
                )
        first_action = action
        while action < actions.shape[0] and actions[action, g.X_BAR] == t:
            s = np.int64(actions[action, g.X_SYMBOL])
            if actions[action, g.X_KIND] == g.KIND_SPLIT:
                split(b, t, s, actions[action, g.X_VALUE])
            elif actions[action, g.X_KIND] == g.KIND_DIVIDEND:
                reduces = actions[action, g.X_REDUCES]
                actions[action, g.X_PAID] = dividend(b, t, s, actions[action, g.X_VALUE], reduces)
            else:
                delist(b, t, s, actions[action, g.X_VALUE])
            action += 1
        while payment < feed.payments.size and actions[feed.payments[payment], g.X_PAY_BAR] == t:
            pay(b, t, actions, feed.payments[payment])
            payment += 1

        is_halted = account[g.A_HALTED] > 0.0 or account[g.A_CALLED] > 0.0
        if account[g.A_ORDERS] > 1.0:
            miss_session(b, t, session)
            if is_halted:
                refuse_entries(b, t)
        count_live(b, t, rebalances)
        for k in range(np.int64(account[g.A_LIVE])):
            load(feed, b, t, b.live[k])

        if account[g.A_LIVE] > 0.0:
            if account[g.A_POSITIONS] > 0.0:
                open_protective(b, t)
            if account[g.A_POSITIONS] > 0.0 or account[g.A_ORDERS] > 1.0:
                open_exits(b, t)
            if rebalances and not at_close:
                rebalance(b, t, wish, account[g.A_EQUITY], False, not is_halted)
            if account[g.A_ORDERS] > 1.0:
                allowed = day[g.C_ALLOWED] > 0.0
                open_entries(b, t, allowed)
                if allowed:
                    resting = entries_in_order(b, True)
                    if resting > 0:
                        rest_at_open(b, t, resting)
                        rest_inside(b, t, resting)
            if account[g.A_POSITIONS] > 0.0:
                inside_protective(b, t)
            if account[g.A_ORDERS] > 1.0:
                expire_resting(b, t)
                ends_session = t == n_bars - 1 or feed.calendar[t + 1, g.C_SESSION] != session
                wait(b, t, session, ends_session)

        for s in range(n_symbols):
            close = feed.close[s, t]
            if close == close:
                b.day[s, g.D_MARK] = close
        if rebalances and at_close:
            for k in range(np.int64(account[g.A_LIVE])):
                b.day[b.live[k], g.D_MARK_OPEN] = b.day[b.live[k], g.D_MARK]
            rebalance(b, t, wish, marked(b), True, not is_halted)
        equity = marked(b)
        if t == n_bars - 1:
            if o[g.O_LIQUIDATE] > 0.0 and account[g.A_POSITIONS] > 0.0:
                liquidate(b, t)
                equity = marked(b)
            for _ in range(feed.starts[t], feed.starts[t + 1]):
                note(b, t, g.LOG_AFTER_LAST, g.NO_SYMBOL, 0.0)
        account[g.A_EQUITY] = equity
        paths.equity[t] = equity
        paths.cash[t] = account[g.A_CASH]
        paths.receivables[t] = account[g.A_RECEIVABLE] + account[g.A_PAYABLE]
        watch_margin(b, t, equity)
        watch_drawdown(b, t, equity)
        if has_trail and account[g.A_POSITIONS] > 0.0:
            ratchet(b, t, feed.atr)
        if account[g.A_ORDERS] > 1.0:
            compact(b)
        if account[g.A_POSITIONS] > 0.0:
            for k in range(np.int64(account[g.A_LIVE])):
                s = b.live[k]
                paths.position[s, t] = b.positions[s, g.P_QUANTITY]
        for row in range(first_action, action):
            b.day[np.int64(actions[row, g.X_SYMBOL]), g.D_RATIO] = 1.0


@jit
def wishes(feed, t, at_close, wish):  # type: ignore[no-untyped-def]
    """Write the target weights that are traded in bar `t`; return whether there are any."""
    if feed.weights.size and feed.calendar[t, g.C_REBALANCES] > 0.0:
        wish[:] = feed.weights
        return True
    if feed.targets.size == 0:
        return False
    bar = t if at_close else t - 1
    if bar < 0:
        return False
    any_wish = False
    for s in range(wish.size):
        wish[s] = feed.targets[s, bar]
        any_wish = any_wish or wish[s] == wish[s]
    return any_wish


@jit
def count_live(b, t, rebalances):  # type: ignore[no-untyped-def]
    """List the symbols with a position or an order; all of them where the portfolio is rebalanced."""
    for i in range(1, np.int64(b.account[g.A_ORDERS])):
        if b.orders[i, g.R_ALIVE] > 0.0:
            b.day[np.int64(b.orders[i, g.R_SYMBOL]), g.D_LIVE] = t
    count = 0
    if rebalances or b.account[g.A_POSITIONS] > 0.0 or b.account[g.A_ORDERS] > 1.0:
        for s in range(b.positions.shape[0]):
            if rebalances or b.positions[s, g.P_QUANTITY] != 0.0 or b.day[s, g.D_LIVE] == t:
                b.live[count] = s
                count += 1
    b.account[g.A_LIVE] = count


@jit
def load(feed, b, t, s):  # type: ignore[no-untyped-def]
    """Write the bar of a live symbol to its row of the day."""
    o = b.options
    day = b.day[s]
    price = feed.open[s, t]
    has_bar = price == price
    volume = feed.volume[s, t]
    day[g.D_HAS_BAR] = 1.0 if has_bar else 0.0
    day[g.D_TRADES] = 1.0 if has_bar and (volume != 0.0 or o[g.O_ZERO_FILLS] > 0.0) else 0.0
    day[g.D_MARK_OPEN] = price if has_bar else day[g.D_MARK]
    day[g.D_OPEN] = price
    day[g.D_HIGH] = feed.high[s, t]
    day[g.D_LOW] = feed.low[s, t]
    day[g.D_CLOSE] = feed.close[s, t]
    before = t - 1
    ratio = day[g.D_RATIO]
    day[g.D_ATR] = feed.atr[s, before] / ratio if feed.atr.size and before >= 0 else np.nan
    day[g.D_VOLATILITY] = feed.volatility[s, before] if feed.volatility.size and before >= 0 else np.nan
    average = feed.average_volume[s, before] * ratio if feed.average_volume.size and before >= 0 else np.nan
    day[g.D_VOLUME] = average
    day[g.D_SHORTABLE] = feed.shortable[s, t] if feed.shortable.size else 1.0
    set_room(b, s, volume, average)
