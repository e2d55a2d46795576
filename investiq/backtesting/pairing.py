"""Compiled pairing of fills into round trips, first in, first out, symbol by symbol."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.backtesting.postings import (
    AMBIGUOUS,
    BAR,
    FEE,
    IMPACT,
    NOTIONAL,
    PRICE,
    QUANTITY,
    REASON,
    SIDE,
    SLIPPAGE,
    SYMBOL,
)
from investiq.core.compiling import jit

__all__ = ["COLUMNS", "FLOATS", "pair"]

# Rows of the table of round trips; those before FLOATS are whole numbers.
ENTRY_BAR: Final = 0
EXIT_BAR: Final = 1
ENTRY: Final = 2
EXIT: Final = 3
ROW: Final = 4
WHY: Final = 5
BOTH_INSIDE: Final = 6
FLOATS: Final = 7
SHARES: Final = 7
SHARES_LEFT: Final = 8
PAID: Final = 9
RECEIVED: Final = 10
VALUE: Final = 11
PROFIT: Final = 12
FEES: Final = 13
SLIPPED: Final = 14
MOVED: Final = 15
DIVIDENDS: Final = 16
BORROWED: Final = 17
COLUMNS: Final = 18

# Columns of splits: bar, symbol, ratio. Columns of cash flows: bar, kind, symbol, amount.
_SPLIT_BAR: Final = 0
_SPLIT_ROW: Final = 1
_SPLIT_RATIO: Final = 2
_FLOW_BAR: Final = 0
_FLOW_KIND: Final = 1
_FLOW_ROW: Final = 2
_FLOW_AMOUNT: Final = 3
# Kinds of cash flows. A dividend is entered when the account is entitled to it, and again when it is paid.
INTEREST: Final = 0.0
DEBIT_INTEREST: Final = 1.0
BORROW: Final = 2.0
DIVIDEND: Final = 3.0
DIVIDEND_PAID: Final = 4.0
IN_LIEU: Final = 5.0

# A profit that is this share of the entry is what binary arithmetic leaves of none.
DUST: Final = 1e-12
# Shares that differ by less than this share of each other are equal: sums of unrounded quantities.
SAME: Final = 1e-9


@jit
def pair(fills, order, marks, splits, flows, posting, out):  # type: ignore[no-untyped-def]
    """Write one column of `out` for each round trip; return their number.

    Parameters
    ----------
    fills : ndarray of shape (n_fills, FILL_COLUMNS)
    order : ndarray of int64, shape (n_fills,)
        Rows of `fills` by symbol, those of one symbol in the order of time.
    marks : ndarray of shape (n_symbols,)
        Last close of each symbol.
    splits : ndarray of shape (n_splits, 3)
        Bar, symbol, ratio; by symbol, then time.
    flows : ndarray of shape (n_flows, 4)
        Bar, kind, symbol, amount; by symbol, then time.
    posting : float
        Unit to which amounts were rounded; 0 for none.
    out : ndarray of shape (COLUMNS, 2 * n_fills + 1)
        Written.
    """
    lot_fill = np.zeros(fills.shape[0], dtype=np.int64)
    lots = np.zeros((4, fills.shape[0]))  # shares left, shares of the whole fill, dividends, borrow fees
    head = np.int64(0)
    tail = np.int64(0)
    split = np.int64(0)
    flow = np.int64(0)
    count = np.int64(0)
    row = -1.0
    for step in range(order.size):
        fill = order[step]
        if fills[fill, SYMBOL] != row:
            state = advance(
                row, np.inf, split, flow, splits, flows, fills, marks, lot_fill, lots, head, tail, count, out
            )
            split, flow, head, count = state
            count = leave(fills, marks, -1.0, lot_fill, lots, head, tail, count, out)
            row = fills[fill, SYMBOL]
            head = tail
        state = advance(
            row, fills[fill, BAR], split, flow, splits, flows, fills, marks, lot_fill, lots, head, tail, count, out
        )
        split, flow, head, count = state
        left = fills[fill, QUANTITY]
        while left > 0.0 and head < tail and fills[lot_fill[head], SIDE] != fills[fill, SIDE]:
            taken = min(left, lots[0, head])
            closed_lot = taken == lots[0, head]
            if abs(left - lots[0, head]) <= SAME * taken:
                closed_lot = True
                taken = lots[0, head]
                left = 0.0
            else:
                left -= taken
            write(fills, lot_fill[head], fill, taken, lots, head, posting, count, out)
            count += 1
            if closed_lot:
                head += 1
        if left > SAME * fills[fill, QUANTITY]:
            lot_fill[tail] = fill
            lots[0, tail] = left
            lots[1, tail] = fills[fill, QUANTITY]
            tail += 1
    state = advance(row, np.inf, split, flow, splits, flows, fills, marks, lot_fill, lots, head, tail, count, out)
    return leave(fills, marks, -1.0, lot_fill, lots, state[2], tail, state[3], out)


@jit
def advance(row, bar, split, flow, splits, flows, fills, marks, lot_fill, lots, head, tail, count, out):  # type: ignore[no-untyped-def]
    """Carry the open lots through the splits and cash flows of `row` up to `bar`; return the next of each, the first lot and the count."""
    while True:
        while split < splits.shape[0] and splits[split, _SPLIT_ROW] < row:
            split += 1
        while flow < flows.shape[0] and flows[flow, _FLOW_ROW] < row:
            flow += 1
        is_split = split < splits.shape[0] and splits[split, _SPLIT_ROW] == row and splits[split, _SPLIT_BAR] <= bar
        is_flow = flow < flows.shape[0] and flows[flow, _FLOW_ROW] == row and flows[flow, _FLOW_BAR] <= bar
        if not is_split and not is_flow:
            return split, flow, head, count
        if is_split and not (is_flow and flows[flow, _FLOW_BAR] < splits[split, _SPLIT_BAR]):
            for lot in range(head, tail):
                lots[0, lot] *= splits[split, _SPLIT_RATIO]
                lots[1, lot] *= splits[split, _SPLIT_RATIO]
            split += 1
            continue
        total = attribute(flows[flow, _FLOW_KIND], flows[flow, _FLOW_AMOUNT], lots, head, tail)
        if flows[flow, _FLOW_KIND] == IN_LIEU and total > 0.0:
            # What was paid out are the shares beyond the whole ones.
            kept = np.floor(total + SAME) / total
            if kept == 0.0:
                count = leave(fills, marks, flows[flow, _FLOW_BAR], lot_fill, lots, head, tail, count, out)
                head = tail
            for lot in range(head, tail):
                lots[0, lot] *= kept
                lots[1, lot] *= kept
        flow += 1


@jit
def attribute(kind, amount, lots, head, tail):  # type: ignore[no-untyped-def]
    """Divide a cash flow among the open lots by shares; return their shares."""
    total = 0.0
    for lot in range(head, tail):
        total += lots[0, lot]
    for lot in range(head, tail):
        part = amount * (lots[0, lot] / total)
        if kind == BORROW:
            lots[3, lot] -= part
        elif kind in (DIVIDEND, IN_LIEU):
            lots[2, lot] += part
    return total


@jit
def write(fills, entry, leaving, taken, lots, lot, posting, column, out):  # type: ignore[no-untyped-def]
    """Write the round trip of `taken` shares of a lot, and take them from it."""
    of_entry = taken / lots[1, lot]
    of_exit = min(taken / fills[leaving, QUANTITY], 1.0)
    if abs(of_exit - 1.0) <= SAME:
        of_exit = 1.0
    of_lot = taken / lots[0, lot]
    side = fills[entry, SIDE]
    dividends = lots[2, lot] * of_lot
    borrowed = lots[3, lot] * of_lot
    value = fills[entry, NOTIONAL] * of_entry
    fees = fills[entry, FEE] * of_entry + fills[leaving, FEE] * of_exit
    profit = side * (fills[leaving, NOTIONAL] * of_exit - value) - fees + dividends - borrowed
    if abs(profit) <= DUST * value:
        profit = 0.0
    elif posting > 0.0 and of_entry == 1.0 and of_exit == 1.0 and of_lot == 1.0:
        # A sum of posted amounts is a multiple of the unit; n / 100 is the float64 nearest to n cents, n * 0.01 is not.
        inverse = np.rint(1.0 / posting)
        is_whole = inverse > 1.0 and abs(posting * inverse - 1.0) < DUST
        profit = np.rint(profit * inverse) / inverse if is_whole else np.rint(profit / posting) * posting
    out[ENTRY_BAR, column] = fills[entry, BAR]
    out[EXIT_BAR, column] = fills[leaving, BAR]
    out[ENTRY, column] = entry
    out[EXIT, column] = leaving
    out[ROW, column] = fills[entry, SYMBOL]
    out[WHY, column] = fills[leaving, REASON]
    out[BOTH_INSIDE, column] = fills[leaving, AMBIGUOUS]
    out[SHARES, column] = side * fills[entry, QUANTITY] * of_entry
    out[SHARES_LEFT, column] = side * taken
    out[PAID, column] = fills[entry, PRICE]
    out[RECEIVED, column] = fills[leaving, PRICE]
    out[VALUE, column] = value
    # The addition turns -0.0 into 0.0.
    out[PROFIT, column] = profit + 0.0
    out[FEES, column] = fees
    out[SLIPPED, column] = fills[entry, SLIPPAGE] * of_entry + fills[leaving, SLIPPAGE] * of_exit
    out[MOVED, column] = fills[entry, IMPACT] * of_entry + fills[leaving, IMPACT] * of_exit
    out[DIVIDENDS, column] = dividends
    out[BORROWED, column] = borrowed
    lots[0, lot] -= taken
    lots[2, lot] -= dividends
    lots[3, lot] -= borrowed


@jit
def leave(fills, marks, exit_bar, lot_fill, lots, head, tail, column, out):  # type: ignore[no-untyped-def]
    """Write the lots that no fill closed, at the last close or, after `exit_bar`, worth nothing; return the next column."""
    for lot in range(head, tail):
        entry = lot_fill[lot]
        side = fills[entry, SIDE]
        of_entry = lots[0, lot] / lots[1, lot]
        value = fills[entry, NOTIONAL] * of_entry
        fees = fills[entry, FEE] * of_entry
        row = np.int64(fills[entry, SYMBOL])
        worth = lots[0, lot] * marks[row] if exit_bar < 0.0 else 0.0
        out[ENTRY_BAR, column] = fills[entry, BAR]
        out[EXIT_BAR, column] = exit_bar
        out[ENTRY, column] = entry
        out[EXIT, column] = -1.0
        out[ROW, column] = row
        out[WHY, column] = -1.0
        out[BOTH_INSIDE, column] = 0.0
        out[SHARES, column] = side * fills[entry, QUANTITY] * of_entry
        out[SHARES_LEFT, column] = side * lots[0, lot]
        out[PAID, column] = fills[entry, PRICE]
        out[RECEIVED, column] = np.nan
        out[VALUE, column] = value
        out[PROFIT, column] = side * (worth - value) - fees + lots[2, lot] - lots[3, lot]
        out[FEES, column] = fees
        out[SLIPPED, column] = fills[entry, SLIPPAGE] * of_entry
        out[MOVED, column] = fills[entry, IMPACT] * of_entry
        out[DIVIDENDS, column] = lots[2, lot]
        out[BORROWED, column] = lots[3, lot]
        column += 1
    return column
