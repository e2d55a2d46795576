"""What the general kernel remembers, and where.

All of it lies in one float64 array, `m`: the options of the run, the account, a
row for each symbol, then the tables of orders, fills, log and cash flows. A row
is known by its address, a value by the address of its row plus a column. One
array is one argument: functions of many arrays took twice as long to compile.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.backtesting.postings import Grid, lots_in, rounded
from investiq.core.compiling import jit

# fmt: off
# The options of a run as plain numbers; 0 stands for none unless a line says otherwise.
(
    O_CAPITAL, O_WEIGHT, O_SIZE_AT_OPEN, O_MIN_NOTIONAL,
    O_LOT_M, O_LOT_D, O_POST_M, O_POST_D, O_LEVEL_M, O_LEVEL_D, O_TICK_M, O_TICK_D,
    O_SLIPPAGE, O_RATE, O_PER_SHARE, O_MIN_FEE, O_MAX_FEE, O_MAX_RATE, O_SELL_RATE, O_IMPACT,
    O_SAME_CLOSE, O_TOUCH, O_GAP_AT_LIMIT, O_TARGET_SLIPS, O_STOP_FIRST, O_NEXT_BAR, O_LEVELS_FIRST, O_TARGET_INSIDE,
    O_REJECT, O_THRESHOLD, O_EXPIRY, O_STOP, O_TARGET, O_TRAIL, O_TRAIL_ENTRY_BAR, O_ATR_STOP, O_ATR_TARGET, O_ATR_TRAIL,
    O_HOLD, O_SHORT, O_REVERSE, O_MAX_ENTRIES, O_MAX_POSITIONS, O_MARGIN, O_MAINTENANCE_LONG, O_MAINTENANCE_SHORT,
    O_BORROW, O_YEAR, O_T_PLUS_1, O_BAND, O_PARTICIPATION, O_ADV, O_ZERO_FILLS,
    O_CARRY, O_HALT, O_FLATTEN, O_RESET_BARS, O_RESET_DRAWDOWN, O_DAY_ENTRIES, O_LIQUIDATE, O_DELISTING,
    N_OPTIONS,
) = range(62)

# The account: money and marks of its state, the fee of an order that fills at once, and where the tables begin.
# FILLS, EVENTS and FLOWS count rows written or, beyond a table's end, rows that it lacked.
(
    A_CASH, A_EQUITY, A_PEAK, A_RECEIVABLE, A_PAYABLE, A_UNPAID, A_UNSETTLED, A_HALTED, A_HALT_BAR, A_CALLED, A_RUINED,
    A_SESSION, A_DAY_ENTRIES, A_MONTH, A_MONTH_SHARES, A_OPEN_EQUITY, A_POSITIONS, A_SHORTS, A_SEQUENCE,
    A_ENDS_SESSION, A_FEES, _, _,
    A_SYMBOLS, A_TIERS, A_TIERS_END, A_ORDERS, A_ORDERS_END, A_QUEUE, A_LIVE_AT, A_LIVE,
    A_FILLS_AT, A_FILLS_MAX, A_FILLS, A_EVENTS_AT, A_EVENTS_MAX, A_EVENTS, A_FLOWS_AT, A_FLOWS_MAX, A_FLOWS,
    SYMBOLS,
) = range(N_OPTIONS, N_OPTIONS + 41)

# A symbol: its day, then its position. MARK is its last close; MARK_OPEN its open, or the mark without a bar.
# NaN for a level that the position does not have.
(
    D_OPEN, D_HIGH, D_LOW, D_CLOSE, D_TRADES, D_HAS_BAR, D_ROOM, D_ROOM_ADD, D_MARK, D_MARK_OPEN, D_RATIO, D_ATR,
    D_VOLATILITY, D_VOLUME, D_SHORTABLE, D_LIVE, D_HELD, D_HELD_MARK, D_TARGET,
    P_QUANTITY, P_ENTRIES, P_STOP, P_TARGET, P_TRAIL, P_EXTREME, P_OPENED, P_ADDED, P_MODE, P_COST, P_OWN_STOP,
    P_OWN_TARGET, P_RAW, P_FEE, _, _,
    N_SYMBOL,
) = range(36)
P_FIRST, P_LAST = P_STOP, P_RAW

# An order. The three columns of a fee, here and of a target: without minimum and maximum, notional, so far.
(
    R_ALIVE, R_SYMBOL, R_SIDE, R_IS_EXIT, R_TYPE, R_QUANTITY, R_SIZE_KIND, R_SIZE, R_LIMIT, R_STOP, R_LEFT, R_CONFIDENCE,
    R_SEQUENCE, R_DEADLINE, R_LIMIT_FROM, R_IS_FORCED, R_REASON, R_STOP_LOSS, R_TAKE_PROFIT, R_HAS_FILLED,
    R_PLACED, R_FEE, _, _,
    N_ORDER,
) = range(25)

# A signal.
(
    S_BAR, S_SYMBOL, S_SIDE, S_CONFIDENCE, S_TYPE, S_LIMIT, S_STOP, S_EXPIRY, S_STOP_LOSS, S_TAKE_PROFIT, S_WEIGHT, S_QUANTITY,
    S_NOTIONAL,
    N_SIGNAL,
) = range(14)

# A split, dividend or delisting; KIND in the order in which those of one bar are taken. PAID is written.
X_BAR, X_KIND, X_SYMBOL, X_VALUE, X_PAY_BAR, X_REDUCES, X_PAID, N_ACTION = range(8)

# A bar: number of its session, days of interest since the bar before, those of debit interest and borrow, its month,
# whether it begins a session, whether it rebalances, and whether entries may fill.
C_SESSION, C_DAYS, C_CALENDAR_DAYS, C_MONTH, C_IS_FIRST, C_REBALANCES, C_ALLOWED, C_SWEEP, C_DEBIT, N_CALENDAR = range(10)
# fmt: on

# Sessions in which an entry order can fill; after them it is cancelled.
ENTRY_SESSIONS: Final = 5.0

KIND_SPLIT: Final = 0.0
KIND_DIVIDEND: Final = 1.0
KIND_DELISTING: Final = 2.0

MARKET: Final = 0.0
LIMIT: Final = 1.0
STOP: Final = 2.0
STOP_LIMIT: Final = 3.0

SIZE_FIXED: Final = 0.0
SIZE_WEIGHT: Final = 1.0
SIZE_NOTIONAL: Final = 2.0

# How a position was last entered, for the bar of that entry: at the open, by a limit or a stop inside the bar, at the close.
MODE_OPEN: Final = 0.0
MODE_LIMIT: Final = 1.0
MODE_STOP: Final = 2.0
MODE_CLOSE: Final = 3.0

# Kinds of cash flows, the second column of a row (bar, kind, symbol, amount).
FLOW_INTEREST: Final = 0.0
FLOW_DEBIT: Final = 1.0
FLOW_BORROW: Final = 2.0
FLOW_DIVIDEND: Final = 3.0
FLOW_DIVIDEND_PAID: Final = 4.0
FLOW_CASH_IN_LIEU: Final = 5.0

# Codes of the log: (bar, code, count, symbol, value). The first seven are those of the fast loops.
LOG_TOO_SMALL: Final = 0.0
LOG_EXIT_CANCELLED: Final = 1.0
LOG_REJECTED: Final = 2.0
LOG_CANCELLED: Final = 3.0
LOG_CARRIED: Final = 4.0
LOG_EXPIRED: Final = 5.0
LOG_MISSED: Final = 6.0
LOG_BELOW: Final = 7.0
LOG_BOTH_DROPPED: Final = 8.0
LOG_EXIT_KEPT: Final = 9.0
LOG_SHORT_DISABLED: Final = 10.0
LOG_AFTER_LAST: Final = 11.0
LOG_LIMIT_EXPIRED: Final = 12.0
LOG_RESIDUAL: Final = 13.0
LOG_HALTED: Final = 14.0
LOG_HALT_RESET: Final = 15.0
LOG_BLOCKED_HALT: Final = 16.0
LOG_BLOCKED_CALL: Final = 17.0
LOG_MARGIN_CALL: Final = 18.0
LOG_INTEREST: Final = 19.0
LOG_DEBIT: Final = 20.0
LOG_BORROW: Final = 21.0
LOG_CASH_IN_LIEU: Final = 22.0
LOG_BELOW_MINIMUM: Final = 23.0
LOG_OUTSIDE: Final = 24.0
LOG_MAX_POSITIONS: Final = 25.0
LOG_DAY_ENTRIES: Final = 26.0
LOG_SESSION: Final = 27.0
LOG_NOT_SHORTABLE: Final = 28.0
LOG_NO_PRICE: Final = 29.0
LOG_RUIN: Final = 30.0
LOG_STOP_EXPIRED: Final = 31.0
LOG_DELISTED: Final = 32.0
LOG_REBALANCE_DROPPED: Final = 33.0
LOG_REBALANCE_SMALL: Final = 34.0
LOG_POSITION_CLOSED: Final = 35.0
LOG_CANCELLED_HALT: Final = 36.0
LOG_CANCELLED_CALL: Final = 37.0
LOG_RUINED: Final = 38.0
LOG_RANGE: Final = 39.0

EVENT_COLUMNS: Final = 5
FLOW_COLUMNS: Final = 4

# The symbol of what concerns the account.
NO_SYMBOL: Final = np.int64(-1)

# Where the fee of an order lies that fills at once.
SCRATCH: Final = np.int64(A_FEES)

# Yes and no as arguments: a literal bool would be compiled for its own.
YES: Final = 1.0
NO: Final = 0.0


@jit
def row_of(s):  # type: ignore[no-untyped-def]
    """Return where symbol `s` lies."""
    return SYMBOLS + s * N_SYMBOL


@jit
def live_of(m, k):  # type: ignore[no-untyped-def]
    """Return the live symbol of place `k`."""
    return np.int64(m[np.int64(m[A_LIVE_AT]) + k])


@jit
def posted(amount, m):  # type: ignore[no-untyped-def]
    """Round a cash amount as it is posted."""
    return rounded(amount, Grid(m[O_POST_M], m[O_POST_D]))


@jit
def level_of(price, m):  # type: ignore[no-untyped-def]
    """Round a level to its grid; NaN stays NaN."""
    return rounded(price, Grid(m[O_LEVEL_M], m[O_LEVEL_D]))


@jit
def floored(quantity, m):  # type: ignore[no-untyped-def]
    """Floor a quantity >= 0 to the lot."""
    if m[O_LOT_D] == 0.0:
        return quantity
    return lots_in(quantity, Grid(m[O_LOT_M], m[O_LOT_D])) * m[O_LOT_M] / m[O_LOT_D]


@jit
def note(m, bar, code, symbol, value):  # type: ignore[no-untyped-def]
    """Write a line of the log."""
    note_counted(m, bar, code, symbol, value, 1.0)


@jit
def note_counted(m, bar, code, symbol, value, count):  # type: ignore[no-untyped-def]
    """Write a line of the log with its count; that of a margin call is the equity it required."""
    row = np.int64(m[A_EVENTS])
    m[A_EVENTS] += 1.0
    if row < np.int64(m[A_EVENTS_MAX]):
        event = np.int64(m[A_EVENTS_AT]) + row * EVENT_COLUMNS
        m[event] = bar
        m[event + 1] = code
        m[event + 2] = count
        m[event + 3] = symbol
        m[event + 4] = value


@jit
def flow(m, bar, kind, symbol, amount):  # type: ignore[no-untyped-def]
    """Write a row of cash flows."""
    row = np.int64(m[A_FLOWS])
    m[A_FLOWS] += 1.0
    if row < np.int64(m[A_FLOWS_MAX]):
        at = np.int64(m[A_FLOWS_AT]) + row * FLOW_COLUMNS
        m[at] = bar
        m[at + 1] = kind
        m[at + 2] = symbol
        m[at + 3] = amount
