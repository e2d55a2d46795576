"""The compiled bar loops: decisions in; fills, equity and events out.

Two loops, of which a run takes one, besides the general kernel: `simulate_signals`
knows entries and exits by decision only, `simulate_levels` adds stop, trailing stop
and target. Where no level can act, both do the same operations in the same order and
give the same bits, and so does the general kernel where they apply at all.

One symbol, long only, no borrowed money, every bar can fill. A decision of bar t
becomes an order in bar t + 1; its role, entry or exit, is that of the position at
the close of t. Bars in which no order is due are passed over in one stretch while
the account is flat or has no levels. Cash and position change at fills only: the loops
leave the cash after each, from which `steps` builds both.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.backtesting.postings import (
    AMBIGUOUS,
    BAR,
    BUYING,
    LOT_TOLERANCE,
    PRICE,
    QUANTITY,
    REASON,
    REASON_END,
    REASON_SIGNAL,
    REASON_STOP,
    REASON_STOP_GAP,
    REASON_TARGET,
    REASON_TARGET_GAP,
    REASON_TRAIL,
    REASON_TRAIL_GAP,
    SELLING,
    Fees,
    affordable_quantity,
    executed,
    rounded,
    rules_from,
    wanted_quantity,
)
from investiq.core.compiling import jit

__all__ = [
    "BOTH",
    "BUY",
    "EVENT_CANCELLED",
    "EVENT_CARRIED",
    "EVENT_COLUMNS",
    "EVENT_EXIT_CANCELLED",
    "EVENT_EXPIRED",
    "EVENT_MISSED",
    "EVENT_REJECTED",
    "EVENT_TOO_SMALL",
    "SELL",
    "exceeds_volume",
    "simulate_levels",
    "simulate_signals",
]

# Decisions; 0 is none.
BUY: Final = 1
SELL: Final = -1
BOTH: Final = 2

# A row of events is (bar, code, count); codes in the order in which they stand in a bar's log.
EVENT_COLUMNS: Final = 3
EVENT_TOO_SMALL: Final = 0
EVENT_EXIT_CANCELLED: Final = 1
EVENT_REJECTED: Final = 2
EVENT_CANCELLED: Final = 3
EVENT_CARRIED: Final = 4
EVENT_EXPIRED: Final = 5
EVENT_MISSED: Final = 6

NO_REASON: Final = -1.0


@jit
def simulate_signals(  # type: ignore[no-untyped-def]
    open_, high, low, close, decisions, numbers, months, tiers, traded, equity, balances, fills, events
):
    """Run decisions through the bars, without levels.

    Parameters
    ----------
    open_, high, low, close : ndarray of float64, shape (n_bars,)
        As traded; `high` and `low` are not read.
    decisions : ndarray of int8, shape (n_bars,)
        0, BUY, SELL or BOTH, at each close.
    numbers : ndarray of float64
        The rules, see `postings.rules_from`.
    months, tiers, traded : ndarray
        The fields of `postings.Fees`.
    equity : ndarray of float64, shape (n_bars,)
        Written: at each close.
    balances : ndarray of float64, shape (n_fills,)
        Written: the cash after each fill.
    fills : ndarray of float64, shape (n_fills, FILL_COLUMNS)
        Written; needs two rows for each buy.
    events : ndarray of int64, shape (n_events, EVENT_COLUMNS)
        Written; needs a row for each buy.

    Returns
    -------
    (int, int)
        Rows of fills and of events written.
    """
    rules, fees = rules_from(numbers), Fees(months, tiers, traded)
    n_bars = close.size
    cash = rules.initial_capital
    shares = 0.0
    row = np.int64(0)
    event = np.int64(0)
    begin = np.int64(0)  # the first bar that is not written yet
    decided = np.int64(0)  # the first decision that is not read yet
    while begin < n_bars:
        decided = next_exit(decisions, decided) if shares > 0.0 else next_entry(decisions, decided)
        bar = min(decided + 1, n_bars)
        write_bars(begin, bar, cash, shares, close, equity)
        begin = bar
        decided += 1
        if bar == n_bars:
            break
        if shares > 0.0:
            cash = executed(SELLING, shares, open_[bar], REASON_SIGNAL, cash, bar, row, fees, rules, fills)
            balances[row] = cash
            row += 1
            shares = 0.0
        else:
            shares, event = entered(bar, cash, open_, close, equity, event, fees, rules, events)
            if shares > 0.0:
                cash = executed(BUYING, shares, open_[bar], REASON_SIGNAL, cash, bar, row, fees, rules, fills)
                balances[row] = cash
                row += 1
    if rules.liquidate and shares > 0.0:
        row = liquidate(shares, close, row, cash, fees, rules, equity, balances, fills)
    return row, event


@jit
def simulate_levels(  # type: ignore[no-untyped-def]
    open_, high, low, close, decisions, numbers, months, tiers, traded, equity, balances, fills, events
):
    """Run decisions through the bars with stop, trailing stop and target.

    Parameters and returns are those of `simulate_signals`; `high` and `low` are read too.
    """
    rules, fees = rules_from(numbers), Fees(months, tiers, traded)
    n_bars = close.size
    cash = rules.initial_capital
    shares = 0.0
    stop, trail, target, extreme = -np.inf, -np.inf, np.inf, 0.0
    row = np.int64(0)
    event = np.int64(0)
    bar = np.int64(0)
    while bar < n_bars:
        if shares == 0.0:
            begin = bar
            bar = min(next_entry(decisions, max(begin - 1, 0)) + 1, n_bars)
            write_bars(begin, bar, cash, 0.0, close, equity)
            if bar == n_bars:
                break
            shares, event = entered(bar, cash, open_, close, equity, event, fees, rules, events)
            if shares > 0.0:
                cash = executed(BUYING, shares, open_[bar], REASON_SIGNAL, cash, bar, row, fees, rules, fills)
                balances[row] = cash
                extreme = fills[row, PRICE]
                row += 1
                stop, trail, target = levels_of(extreme, rules)
                if not rules.from_next_bar:
                    reason, price, is_ambiguous = inside_exit(
                        open_[bar], high[bar], low[bar], max(stop, trail), target, rules
                    )
                    if reason != NO_REASON:
                        cash = sold(
                            shares, price, reason, is_ambiguous, trail > stop, cash, bar, row, fees, rules, fills
                        )
                        balances[row] = cash
                        row += 1
                        shares = 0.0
                if rules.trails_entry_bar:
                    extreme, trail = ratcheted(extreme, trail, high[bar], rules)
            write_bars(bar, bar + 1, cash, shares, close, equity)
            bar += 1
        while shares > 0.0 and bar < n_bars:
            begin = bar
            bar, extreme, trail = held_through(begin, open_, high, low, decisions, stop, trail, target, extreme, rules)
            write_bars(begin, bar, cash, shares, close, equity)
            if bar == n_bars:
                break
            is_due = decisions[bar - 1] == SELL or decisions[bar - 1] == BOTH
            reason, price, is_ambiguous = exit_of(
                is_due, open_[bar], high[bar], low[bar], max(stop, trail), target, rules
            )
            if reason != NO_REASON:
                cash = sold(shares, price, reason, is_ambiguous, trail > stop, cash, bar, row, fees, rules, fills)
                balances[row] = cash
                row += 1
                shares = 0.0
                if is_due and reason != REASON_SIGNAL:
                    event = write_event(events, event, bar, EVENT_EXIT_CANCELLED)
            extreme, trail = ratcheted(extreme, trail, high[bar], rules)
            write_bars(bar, bar + 1, cash, shares, close, equity)
            bar += 1
    if rules.liquidate and shares > 0.0:
        row = liquidate(shares, close, row, cash, fees, rules, equity, balances, fills)
    return row, event


@jit(inlined=True)
def next_entry(decisions, first):  # type: ignore[no-untyped-def]
    """Return the first row from `first` on that buys, or the number of rows."""
    rest = decisions[first:]
    for row in range(rest.size):
        if rest[row] == BUY:
            return first + row
    return decisions.size


@jit(inlined=True)
def next_exit(decisions, first):  # type: ignore[no-untyped-def]
    """Return the first row from `first` on that sells, or the number of rows."""
    rest = decisions[first:]
    for row in range(rest.size):
        if rest[row] == SELL or rest[row] == BOTH:
            return first + row
    return decisions.size


@jit
def held_through(begin, open_, high, low, decisions, stop, trail, target, extreme, rules):  # type: ignore[no-untyped-def]
    """Return the first bar from `begin` on in which a position may be left, with extreme and trail before it."""
    # Over slices the compiler knows that no index is negative.
    ordered = decisions[begin - 1 :]
    open_, high, low = open_[begin:], high[begin:], low[begin:]
    trails = rules.trailing_stop > 0.0
    level = max(stop, trail)
    for step in range(open_.size):
        if ordered[step] == SELL or ordered[step] == BOTH or low[step] <= level or high[step] >= target:
            return begin + step, extreme, trail
        if open_[step] <= level or open_[step] >= target:
            return begin + step, extreme, trail
        if trails and high[step] > extreme:
            extreme, trail = ratcheted(extreme, trail, high[step], rules)
            level = max(stop, trail)
    return begin + open_.size, extreme, trail


@jit(inlined=True)
def write_bars(begin, end, cash, shares, close, equity):  # type: ignore[no-untyped-def]
    """Write the closes of bars in which nothing more happens to the account."""
    # Over slices the compiler knows that no index is negative, and takes several bars at once.
    prices, values = close[begin:end], equity[begin:end]
    for bar in range(prices.size):
        values[bar] = cash + shares * prices[bar]


@jit(inlined=True)
def entered(bar, cash, open_, close, equity, event, fees, rules, events):  # type: ignore[no-untyped-def]
    """Return the shares that an entry at the open buys, 0.0 where it comes to nothing, and the next row of events."""
    price = open_[bar]
    if rules.size_at_open:
        wanted = wanted_quantity(cash, price, rules)
    else:
        wanted = wanted_quantity(equity[bar - 1], close[bar - 1], rules)
    if wanted <= 0.0:
        return 0.0, write_event(events, event, bar, EVENT_TOO_SMALL)
    shares = affordable_quantity(wanted, price * (1.0 + rules.slippage), cash, bar, fees, rules)
    if shares > 0.0:
        return shares, event
    return 0.0, write_event(events, event, bar, EVENT_REJECTED)


@jit(inlined=True)
def levels_of(paid, rules):  # type: ignore[no-untyped-def]
    """Return stop, trail and target of a position bought at `paid`."""
    stop = rounded(paid * (1.0 - rules.stop_loss), rules.level) if rules.stop_loss > 0.0 else -np.inf
    trail = rounded(paid * (1.0 - rules.trailing_stop), rules.level) if rules.trailing_stop > 0.0 else -np.inf
    target = rounded(paid * (1.0 + rules.take_profit), rules.level) if rules.take_profit > 0.0 else np.inf
    return stop, trail, target


@jit
def ratcheted(extreme, trail, high, rules):  # type: ignore[no-untyped-def]
    """Return extreme and trail after the close of a bar; they bind from the next one on."""
    if rules.trailing_stop > 0.0 and high > extreme:
        return high, max(trail, rounded(high * (1.0 - rules.trailing_stop), rules.level))
    return extreme, trail


@jit
def exit_of(is_due, open_price, high, low, stop, target, rules):  # type: ignore[no-untyped-def]
    """Return (reason or NO_REASON, price before slippage, whether both levels lay inside) of a position held before the bar."""
    if open_price <= stop:
        return REASON_STOP_GAP, open_price, False
    if passed(open_price, target, rules) and not (rules.stop_beats_open and low <= stop):
        return REASON_TARGET_GAP, target if rules.gaps_fill_at_limit else open_price, False
    if is_due and not (rules.levels_first and (low <= stop or passed(high, target, rules))):
        return REASON_SIGNAL, open_price, False
    return inside_exit(open_price, high, low, stop, target, rules)


@jit
def inside_exit(open_price, high, low, stop, target, rules):  # type: ignore[no-untyped-def]
    """Return (reason or NO_REASON, price before slippage, whether both levels lay inside) of an exit inside the bar."""
    is_passed = passed(high, target, rules)
    if low <= stop and not (is_passed and rules.target_beats_stop):
        # Slippage may carry an entry beyond its own stop: then the open is the first price at which the stop stands.
        return REASON_STOP, min(stop, open_price), is_passed
    if is_passed:
        # An open beyond the target that gave way to the stop at the open is still the first price at which the target fills.
        return REASON_TARGET, target if rules.gaps_fill_at_limit else max(target, open_price), low <= stop
    return NO_REASON, open_price, False


@jit
def passed(price, target, rules):  # type: ignore[no-untyped-def]
    """Return whether a limit to sell at `target` is filled where the market reaches `price`."""
    return price > target or (rules.target_on_touch and price == target)


@jit(inlined=True)
def sold(shares, price, reason, is_ambiguous, is_trail, cash, bar, row, fees, rules, fills):  # type: ignore[no-untyped-def]
    """Sell the position at one of its levels or on a decision, and return the cash after it."""
    if is_trail:
        if reason == REASON_STOP:
            reason = REASON_TRAIL
        elif reason == REASON_STOP_GAP:
            reason = REASON_TRAIL_GAP
    after = executed(SELLING, shares, price, reason, cash, bar, row, fees, rules, fills)
    if is_ambiguous:
        fills[row, AMBIGUOUS] = 1.0
    return after


@jit
def liquidate(shares, close, row, cash, fees, rules, equity, balances, fills):  # type: ignore[no-untyped-def]
    """Sell at the last close; return the next row of fills."""
    last = close.size - 1
    balances[row] = executed(SELLING, shares, close[last], REASON_END, cash, last, row, fees, rules, fills)
    equity[last] = balances[row]
    return row + 1


@jit
def write_event(events, row, bar, code):  # type: ignore[no-untyped-def]
    """Write a row of events; return the next one."""
    events[row, 0] = bar
    events[row, 1] = code
    events[row, 2] = 1
    return row + 1


@jit
def exceeds_volume(fills, volume, share, multiplier, divisor):  # type: ignore[no-untyped-def]
    """Return whether the fills of some bar, but for the sale at the end of the data, are more than `share` of its volume.

    `multiplier` and `divisor` are those of the lot. A volume that is not known (NaN) is ample.
    """
    used = 0.0
    before = np.int64(-1)
    for row in range(fills.shape[0]):
        bar = np.int64(fills[row, BAR])
        if fills[row, REASON] == REASON_END:
            continue
        used = used + fills[row, QUANTITY] if bar == before else fills[row, QUANTITY]
        before = bar
        allowed = share * volume[bar]
        if divisor > 0.0:
            allowed = np.floor(allowed * divisor / multiplier + LOT_TOLERANCE) * multiplier / divisor
        if used > allowed:
            return True
    return False
