"""The compiled loop of a sweep: decisions in, statistics out, no account on the way.

It does the operations of `kernel` in the same order at every fill, so that cash,
final equity and trades are the same bits as those of the run alone. Between fills
it needs no account: while no position is held nothing moves, and while one is
held without cash beside it the returns are those of the close, whose sums are
known beforehand.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.kernel import passed
from investiq.backtesting.postings import (
    BUYING,
    DUST,
    LEAST_COMPARED,
    NO_MONEY,
    OVERDRAWN,
    SELLING,
    affordable_quantity,
    fee_of,
    lots_in,
    rounded,
    wanted_quantity,
)
from investiq.core.compiling import jit

__all__ = [
    "BLOCKS",
    "CASH",
    "COLUMNS",
    "EXPOSURE",
    "FEES",
    "FILLS",
    "FINAL_EQUITY",
    "GROSS_LOSS",
    "GROSS_PROFIT",
    "KURTOSIS",
    "MAX_DRAWDOWN",
    "MEAN",
    "SD",
    "SKEWNESS",
    "SQUARES",
    "STRIDE",
    "SUMS",
    "TRADES",
    "UNPROVEN",
    "WINS",
    "Tape",
    "account_statistics",
    "close_statistics",
    "simulate_strategies",
    "written",
]

# Columns of a row of statistics. UNPROVEN is 1 where the volume may have limited a fill, or a fee overdrew the
# account: that row says nothing.
UNPROVEN: Final = 0
FINAL_EQUITY: Final = 1
CASH: Final = 2
TRADES: Final = 3
FILLS: Final = 4
WINS: Final = 5
GROSS_PROFIT: Final = 6
GROSS_LOSS: Final = 7
FEES: Final = 8
EXPOSURE: Final = 9
MEAN: Final = 10
SD: Final = 11
SKEWNESS: Final = 12
KURTOSIS: Final = 13
MAX_DRAWDOWN: Final = 14
# Sums and sums of squares of the bars that fill no block, then of each block.
BLOCKS: Final = 16
SUMS: Final = 15
SQUARES: Final = 32
COLUMNS: Final = 49

# What a rule has to write over.
_UNWRITTEN: Final = np.int8(99)

# Bars whose highest and lowest close are kept together.
STRIDE: Final = 16
# Eight decisions are looked at in one word; these bits are set in a byte that is a buy, and in one that sells.
_EVERY_BYTE: Final = np.uint64(0x0101010101010101)
_SELLING_BITS: Final = np.uint64(0xFEFEFEFEFEFEFEFE)
_BEYOND_THREE: Final = np.uint64(0xFCFCFCFCFCFCFCFC)
_BYTE: Final = np.uint64(0xFF)
_SEVEN: Final = np.uint64(7)
_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)


class Tape(NamedTuple):
    """What every cell reads: the bars as traded, and what is known of their closes beforehand.

    Attributes
    ----------
    open, high, low, close : float64, shape (n_bars,)
    volume : float64, shape (n_bars,)
        Empty where no share of it limits a fill.
    participation : float
    highest, lowest : float64, shape (ceil(n_bars / STRIDE),)
        Of the closes of each stride.
    powers : float64, shape (4, n_bars + 1)
        Running sums of the return of the close, and of its powers two to four.
    edges : int64, shape (BLOCKS + 2,)
        First bars of the time blocks, the bars before the first of them, and the end.
    """

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    participation: float
    highest: NDArray[np.float64]
    lowest: NDArray[np.float64]
    powers: NDArray[np.float64]
    edges: NDArray[np.int64]


@jit
def close_statistics(close, highest, lowest, powers):  # type: ignore[no-untyped-def]
    """Fill what a `Tape` knows of the closes."""
    n_bars = close.size
    for stride in range(highest.size):
        first = stride * STRIDE
        high = close[first]
        low = close[first]
        for bar in range(first + 1, min(first + STRIDE, n_bars)):
            high = max(high, close[bar])
            low = min(low, close[bar])
        highest[stride] = high
        lowest[stride] = low
    powers[:, 0] = 0.0
    for bar in range(n_bars):
        change = close[bar] / close[bar - 1] - 1.0 if bar > 0 else 0.0
        square = change * change
        powers[0, bar + 1] = powers[0, bar] + change
        powers[1, bar + 1] = powers[1, bar] + square
        powers[2, bar + 1] = powers[2, bar] + square * change
        powers[3, bar + 1] = powers[3, bar] + square * square


@jit
def simulate_strategies(rule, tape, columns, reads, parameters, table, codes, words, cells, levels, rules, fees, out):  # type: ignore[no-untyped-def]
    """Simulate the cells of several strategies of one rule.

    Parameters
    ----------
    rule : a first-class function
        As `strategies.base.Rule`.
    tape : Tape
    columns : float64, shape (n_known, n_bars)
        Columns of all strategies.
    reads : int64, shape (n_strategies, n_columns)
        Rows of `columns` that each strategy reads.
    parameters : float64, shape (n_strategies, n_parameters)
    table : float64, shape (n_columns, n_bars)
        Written: what the rule is given.
    codes, words : int8 of shape (n,), and the same memory as uint64 of shape (n / 8,)
        Written: decisions; n is the number of bars, filled up with zeros to whole words.
    cells : int64, shape (n_strategies + 1,)
        First cell of each strategy, and the end.
    levels : float64, shape (n_cells, 3)
        Stop, target and trail as fractions; 0 for none.
    rules : postings.Rules
    fees : postings.Fees
    out : float64, shape (n_cells, COLUMNS)
        Written.

    Returns
    -------
    int
        The first strategy whose decisions are not those of a rule; -1 where all are.
    """
    n_bars = tape.close.size
    decisions = codes[:n_bars]
    for strategy in range(cells.size - 1):
        # Strategies of a grid share columns with the one before: only what differs is written.
        for row in range(table.shape[0]):
            if strategy == 0 or reads[strategy, row] != reads[strategy - 1, row]:
                for bar in range(n_bars):
                    table[row, bar] = columns[reads[strategy, row], bar]
        codes[n_bars - 1] = _UNWRITTEN
        rule(table, parameters[strategy], decisions)
        if not are_decisions(words):
            return strategy
        for cell in range(cells[strategy], cells[strategy + 1]):
            simulate_cell(tape, codes, words, levels[cell], rules, fees, out[cell])
    return -1


@jit
def written(columns, parameters, out):  # type: ignore[no-untyped-def]
    """Stand for a rule where the decisions are there already: they are its parameters."""
    for bar in range(out.size):
        out[bar] = np.int8(parameters[bar])


@jit
def are_decisions(words):  # type: ignore[no-untyped-def]
    """Return whether every code is -1, 0, 1 or 2: a rule that stops with an error leaves another one at the end."""
    wrong = _NONE
    for word in words:
        # All bits of the bytes that are negative; only -1 is nothing but them.
        negative = ((word >> _SEVEN) & _EVERY_BYTE) * _BYTE
        rest = word ^ negative
        wrong |= (rest & _BEYOND_THREE) | (rest & negative) | (rest & (rest >> _ONE) & _EVERY_BYTE)
    return wrong == _NONE


@jit
def simulate_cell(tape, codes, words, levels, rules, fees, line):  # type: ignore[no-untyped-def]
    """Simulate one cell into a row of statistics."""
    open_, high, low, close = tape.open, tape.high, tape.low, tape.close
    volume, highest, lowest, powers, edges = tape.volume, tape.highest, tape.lowest, tape.powers, tape.edges
    last = close.size - 1
    line[:] = 0.0
    fees.traded[:] = 0.0
    has_levels = levels[0] > 0.0 or levels[1] > 0.0 or levels[2] > 0.0
    cash = rules.initial_capital
    equity = cash
    peak, trough, depth = cash, cash, 1.0
    cubes, fourths = 0.0, 0.0
    held_bars = 0
    at = np.int64(0)
    while True:
        decided = next_buy(codes, words, at, last)
        if decided >= last:
            break
        entry = decided + 1
        at = entry
        price = open_[entry]
        wanted = wanted_quantity(cash, price if rules.size_at_open else close[decided], rules)
        if wanted <= 0.0:
            continue
        slipped = price * (1.0 + rules.slippage)
        if not rules.per_share and is_covered(wanted, slipped, cash, rules):
            shares = wanted
        elif not rules.per_share and rules.lot.divisor == 0.0:
            shares = (
                0.0
                if rules.reject_insufficient or cash <= NO_MONEY
                else cash / (slipped * (1.0 + rules.commission_rate))
            )
        else:
            shares = affordable_quantity(wanted, slipped, cash, entry, fees, rules)
        if shares <= 0.0:
            continue
        before = cash
        paid, spent, entry_fee = posted(BUYING, shares, price, True, rules)
        if rules.per_share:
            entry_fee = fee_by_share(shares, shares * paid, entry, fees, rules)
        cash = settled(cash, BUYING, spent, entry_fee)
        if not is_within_volume(volume, tape.participation, entry, shares, rules):
            line[UNPROVEN] = 1.0
            return

        due = next_exit(codes, words, entry, last) + 1
        if has_levels:
            left, raw, slips = first_exit(open_, high, low, entry, due, paid, levels, rules)
        else:
            left, raw, slips = due, open_[min(due, last)], True
        is_open = left > last
        if is_open and rules.liquidate:
            left, raw, slips = last, close[last], True
            is_open = False
        elif not is_open and not is_within_volume(
            volume, tape.participation, left, shares if left > entry else 2.0 * shares, rules
        ):
            line[UNPROVEN] = 1.0
            return

        line[FILLS] += 1.0
        line[FEES] += entry_fee
        if left > entry:
            end = min(left, close.size)
            cubes, fourths = add_return(
                line, edges, entry, (cash + shares * close[entry]) / before - 1.0, cubes, fourths
            )
            if cash == 0.0:
                cubes, fourths = add_returns_of_close(line, edges, powers, entry + 1, end, cubes, fourths)
            else:
                cubes, fourths = add_returns_of_account(
                    line, edges, close, cash, shares, entry + 1, end, cubes, fourths
                )
            peak, trough, depth = sink(close, highest, lowest, cash, shares, entry, end, peak, trough, depth)
            equity = cash + shares * close[end - 1]
            held_bars += end - entry
            before = equity
        if is_open:
            at = close.size
            break
        got, sold, exit_fee = posted(SELLING, shares, raw, slips, rules)
        if rules.per_share:
            exit_fee = fee_by_share(shares, shares * got, left, fees, rules)
        cash = settled(cash, SELLING, sold, exit_fee)
        if cash < 0.0:
            line[UNPROVEN] = 1.0
            return
        equity = cash
        cubes, fourths = add_return(line, edges, left, cash / before - 1.0, cubes, fourths)
        peak, trough, depth = lower(equity, peak, trough, depth)
        profit = without_dust(-(spent + entry_fee) + (sold - exit_fee), spent, rules.posting)
        line[FILLS] += 1.0
        line[FEES] += exit_fee
        line[TRADES] += 1.0
        if profit > 0.0:
            line[WINS] += 1.0
            line[GROSS_PROFIT] += profit
        else:
            line[GROSS_LOSS] -= profit
        at = left
    line[FINAL_EQUITY] = equity
    line[CASH] = cash
    line[EXPOSURE] = held_bars / close.size
    line[MAX_DRAWDOWN] = min(depth, trough / peak) - 1.0
    write_moments(line, close.size, cubes, fourths)


@jit
def next_buy(codes, words, start, end):  # type: ignore[no-untyped-def]
    """Return the first bar from `start` on that decides to buy, or `end`."""
    at = start
    while at < end:
        if at & 7 == 0:
            word = at >> 3
            while word < words.size and (words[word] & ~(words[word] >> _ONE)) & _EVERY_BYTE == _NONE:
                word += 1
            at = word << 3
            if at >= end:
                return end
        if codes[at] == 1:
            return at
        at += 1
    return end


@jit
def next_exit(codes, words, start, end):  # type: ignore[no-untyped-def]
    """Return the first bar from `start` on that decides to sell, or both, or `end`."""
    at = start
    while at < end:
        if at & 7 == 0:
            word = at >> 3
            while word < words.size and words[word] & _SELLING_BITS == _NONE:
                word += 1
            at = word << 3
            if at >= end:
                return end
        if codes[at] == -1 or codes[at] == 2:
            return at
        at += 1
    return end


@jit
def is_covered(wanted, price, cash, rules):  # type: ignore[no-untyped-def]
    """Return whether cash covers a purchase with its fee at the rate, as `postings.affordable_quantity` asks first."""
    notional = wanted * price
    cost = rounded(notional, rules.posting) + rounded(notional * rules.commission_rate, rules.posting)
    return cost - cash <= OVERDRAWN * max(cost, LEAST_COMPARED)


@jit
def posted(side, quantity, raw_price, slips, rules):  # type: ignore[no-untyped-def]
    """Return price, notional and fee at the rate of a fill, as `postings.executed` posts them."""
    price = raw_price * (1.0 + side * rules.slippage) if slips else raw_price
    notional = quantity * price
    return price, rounded(notional, rules.posting), rounded(notional * rules.commission_rate, rules.posting)


@jit
def fee_by_share(quantity, notional, bar, fees, rules):  # type: ignore[no-untyped-def]
    """Return a fee per share as it is posted, and count the shares in their month."""
    fee = rounded(fee_of(quantity, notional, bar, fees, rules), rules.posting)
    if fees.months[bar] != fees.traded[0]:
        fees.traded[0] = fees.months[bar]
        fees.traded[1] = 0.0
    fees.traded[1] += quantity
    return fee


@jit
def settled(cash, side, notional, fee):  # type: ignore[no-untyped-def]
    """Return the cash after a fill."""
    after = cash - side * notional - fee
    return 0.0 if abs(after) <= DUST * cash else after


@jit
def is_within_volume(volume, participation, bar, quantity, rules):  # type: ignore[no-untyped-def]
    """Return whether the share of the bar's volume that a run may take covers all that it trades in the bar."""
    if volume.size == 0 or np.isnan(volume[bar]):
        return True
    allowed = participation * volume[bar]
    if rules.lot.divisor != 0.0:
        allowed = lots_in(allowed, rules.lot) * rules.lot.multiplier / rules.lot.divisor
    return quantity <= allowed


@jit
def without_dust(profit, notional, grid):  # type: ignore[no-untyped-def]
    """Return a sum of posted amounts as the multiple of the posting unit that it is."""
    if grid.divisor == 0.0:
        return 0.0 if abs(profit) <= DUST * notional else profit
    return np.rint(profit * grid.divisor / grid.multiplier) * grid.multiplier / grid.divisor


@jit
def first_exit(open_, high, low, entry, due, paid, levels, rules):  # type: ignore[no-untyped-def]
    """Return bar, price before slippage and whether it slips, of the exit by level or by the signal due at `due`.

    A bar beyond the last one means that neither comes.
    """
    trail = levels[2]
    stop = rounded(paid * (1.0 - levels[0]), rules.level) if levels[0] > 0.0 else -np.inf
    target = rounded(paid * (1.0 + levels[1]), rules.level) if levels[1] > 0.0 else np.inf
    extreme = paid
    if trail > 0.0:
        stop = max(stop, rounded(paid * (1.0 - trail), rules.level))
    else:
        extreme = np.inf
    if not rules.from_next_bar:
        is_stop = low[entry] <= stop
        is_target = passed(high[entry], target, rules)
        if is_target and (rules.target_beats_stop or not is_stop):
            return entry, target, rules.targets_slip
        if is_stop:
            return entry, min(stop, open_[entry]), True
    if rules.trails_entry_bar and high[entry] > extreme:
        extreme = high[entry]
        stop = max(stop, rounded(extreme * (1.0 - trail), rules.level))

    end = min(due + 1 if rules.levels_first else due, open_.size)
    for bar in range(entry + 1, end):
        if low[bar] <= stop or high[bar] >= target:
            is_stop = low[bar] <= stop
            is_target = passed(high[bar], target, rules)
            price = open_[bar]
            if price <= stop:
                return bar, price, True
            is_beyond = passed(price, target, rules)
            if is_beyond and not (rules.stop_beats_open and is_stop):
                return bar, target if rules.gaps_fill_at_limit else price, rules.targets_slip
            if is_stop and not (is_target and rules.target_beats_stop):
                return bar, stop, True
            if is_target:
                return bar, target if rules.gaps_fill_at_limit else max(target, price), rules.targets_slip
        if high[bar] > extreme:
            extreme = high[bar]
            stop = max(stop, rounded(extreme * (1.0 - trail), rules.level))
    if due >= open_.size:
        return due, 0.0, True
    price = open_[due]
    if rules.levels_first or price <= stop or (rules.stop_beats_open and low[due] <= stop):
        return due, price, True
    if passed(price, target, rules):
        return due, target if rules.gaps_fill_at_limit else price, rules.targets_slip
    return due, price, True


@jit
def add_return(line, edges, bar, change, cubes, fourths):  # type: ignore[no-untyped-def]
    """Add the return of one bar to its block; return the sums of cubes and fourth powers."""
    block = 0
    if bar >= edges[1]:
        block = 1 + (bar - edges[1]) // (edges[2] - edges[1])
    square = change * change
    line[SUMS + block] += change
    line[SQUARES + block] += square
    return cubes + square * change, fourths + square * square


@jit
def add_returns_of_close(line, edges, powers, start, end, cubes, fourths):  # type: ignore[no-untyped-def]
    """Add the returns of the close over the bars from `start` to before `end`."""
    if start >= end:
        return cubes, fourths
    first = start
    while first < end:
        block = 0
        if first >= edges[1]:
            block = 1 + (first - edges[1]) // (edges[2] - edges[1])
        beyond = min(end, edges[block + 1])
        line[SUMS + block] += powers[0, beyond] - powers[0, first]
        line[SQUARES + block] += powers[1, beyond] - powers[1, first]
        first = beyond
    return cubes + (powers[2, end] - powers[2, start]), fourths + (powers[3, end] - powers[3, start])


@jit
def add_returns_of_account(line, edges, close, cash, shares, start, end, cubes, fourths):  # type: ignore[no-untyped-def]
    """Add the returns of a position with cash beside it over the bars from `start` to before `end`."""
    first = start
    while first < end:
        block = 0
        if first >= edges[1]:
            block = 1 + (first - edges[1]) // (edges[2] - edges[1])
        beyond = min(end, edges[block + 1])
        total, squares = 0.0, 0.0
        for bar in range(first, beyond):
            before = cash + shares * close[bar - 1]
            change = shares * (close[bar] - close[bar - 1]) / before
            square = change * change
            total += change
            squares += square
            cubes += square * change
            fourths += square * square
        line[SUMS + block] += total
        line[SQUARES + block] += squares
        first = beyond
    return cubes, fourths


@jit
def sink(close, highest, lowest, cash, shares, start, end, peak, trough, depth):  # type: ignore[no-untyped-def]
    """Follow peak, trough since it and the deepest ratio of the two over the bars from `start` to before `end`.

    A stride whose highest close makes no new peak counts by its lowest one.
    """
    bar = start
    while bar < end:
        if bar % STRIDE == 0 and bar + STRIDE <= end:
            stride = bar // STRIDE
            if cash + shares * highest[stride] <= peak:
                trough = min(trough, cash + shares * lowest[stride])
                bar += STRIDE
                continue
        beyond = min(end, bar - bar % STRIDE + STRIDE)
        while bar < beyond:
            peak, trough, depth = lower(cash + shares * close[bar], peak, trough, depth)
            bar += 1
    return peak, trough, depth


@jit
def lower(equity, peak, trough, depth):  # type: ignore[no-untyped-def]
    """Follow peak, trough since it and the deepest ratio of the two by one more point."""
    if equity > peak:
        return equity, equity, min(depth, trough / peak)
    return peak, min(trough, equity), depth


@jit
def write_moments(line, count, cubes, fourths):  # type: ignore[no-untyped-def]
    """Write mean, standard deviation (ddof 1), skewness and raw kurtosis from the sums."""
    total, squares = 0.0, 0.0
    for block in range(BLOCKS + 1):
        total += line[SUMS + block]
        squares += line[SQUARES + block]
    mean = total / count
    second = squares / count - mean * mean
    line[MEAN] = mean
    line[SD] = np.nan
    line[SKEWNESS] = np.nan
    line[KURTOSIS] = np.nan
    if count > 1:
        line[SD] = np.sqrt(max(second, 0.0) * count / (count - 1))
    if second > 0.0:
        third = cubes / count - 3.0 * mean * squares / count + 2.0 * mean**3
        fourth = fourths / count - 4.0 * mean * cubes / count + 6.0 * mean**2 * squares / count - 3.0 * mean**4
        line[SKEWNESS] = third / second**1.5
        line[KURTOSIS] = fourth / second**2


@jit
def account_statistics(equity, initial, edges, line):  # type: ignore[no-untyped-def]
    """Write the statistics of returns and drawdown of an account, for runs that go bar by bar."""
    before = initial
    peak, trough, depth = initial, initial, 1.0
    cubes, fourths = 0.0, 0.0
    is_ruined = False
    for bar in range(equity.size):
        is_ruined = is_ruined or before <= 0.0
        cubes, fourths = add_return(
            line, edges, bar, np.nan if is_ruined else equity[bar] / before - 1.0, cubes, fourths
        )
        peak, trough, depth = lower(equity[bar], peak, trough, depth)
        before = equity[bar]
    line[MAX_DRAWDOWN] = min(depth, trough / peak) - 1.0
    write_moments(line, equity.size, cubes, fourths)
