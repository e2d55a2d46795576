"""How far each round trip went before it ended, and what was risked at its entry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import postings
from investiq.backtesting.price_sheet import PriceSheet, carried
from investiq.backtesting.trades import FILL_REASONS, RoundTrips
from investiq.core.orders import OrderType, Signal
from investiq.execution.options import RunOptions

__all__ = ["Excursions", "Levels", "excursions_of", "levels_of", "mean_prices"]

FloatArray = NDArray[np.float64]

_CODES: Final = {name: code for code, name in FILL_REASONS.items()}
# By the reason of an entry fill, the order that it came from.
_ORDERS: Final[dict[str, tuple[OrderType, ...]]] = {
    "limit": ("limit", "stop_limit"),
    "limit_gap": ("limit", "stop_limit"),
    "stop_entry": ("stop", "stop_limit"),
}


class Excursions(NamedTuple):
    """Extremes of each round trip as fractions of the entry price, splits undone; `adverse` <= 0, `favourable` >= 0."""

    adverse: FloatArray
    favourable: FloatArray


class Levels(NamedTuple):
    """Stop and target that stood after each entry, in prices as traded; NaN for none or not known."""

    stop: FloatArray
    target: FloatArray


def excursions_of(
    trips: RoundTrips, prices: PriceSheet, entry_reasons: NDArray[np.int64] | None = None, *, at_closes: bool = False
) -> Excursions:
    """Return the maximum adverse and favourable excursion of each round trip.

    Lows and highs from the bar of the entry to the bar before the exit, and the
    exit price itself: what else the exit bar did came after the exit, or cannot
    be known. A position sold at a close was held through that bar. Of the bar in
    which a limit order filled below the open, the high may have come before the
    fill: its low and its close count, mirrored for shorts.

    Parameters
    ----------
    trips : RoundTrips
    prices : PriceSheet
    entry_reasons : ndarray of int64, shape (n_trades,), optional
        Codes of the entry fills; without them entries count as at the open.
    at_closes : bool, default False
        Whether rebalancings fill at the close that decides them.
    """
    count, n_bars = trips.entry_bar.size, prices.ts.size
    if not count:
        return Excursions(np.empty(0), np.empty(0))
    high, low, factor = prices.high, prices.low, np.ones(1)
    has_splits = not np.all((prices.split_factor == 1.0) | np.isnan(prices.split_factor))
    if has_splits:
        high, low = high * prices.split_factor, low * prices.split_factor
        factor = carried(prices.split_factor)
    leave = np.where(trips.is_closed, trips.exit_bar, n_bars)
    leave[trips.exit_reason == _CODES["end_of_data"]] += 1
    entered = trips.entry_bar
    reasons = np.full(count, -1) if entry_reasons is None else entry_reasons
    if at_closes:
        leave[trips.exit_reason == _CODES["rebalance"]] += 1
        entered = entered + (reasons == _CODES["rebalance"])
    inside = np.flatnonzero((reasons == _CODES["limit"]) & (leave > entered))
    entered = entered + (reasons == _CODES["limit"])
    start = trips.symbol * n_bars + entered
    stop = trips.symbol * n_bars + leave
    lowest, highest = _extremes(np.fmin, low, start, stop), _extremes(np.fmax, high, start, stop)
    is_short = trips.quantity < 0
    if inside.size:
        row, bar = trips.symbol[inside], trips.entry_bar[inside]
        close = prices.close[row, bar] * (prices.split_factor[row, bar] if has_splits else 1.0)
        lowest[inside] = np.fmin(lowest[inside], np.where(is_short[inside], close, low[row, bar]))
        highest[inside] = np.fmax(highest[inside], np.where(is_short[inside], high[row, bar], close))
    base, end = trips.entry_price, trips.exit_price
    if has_splits:
        base = base * factor[trips.symbol, trips.entry_bar]
        end = end * factor[trips.symbol, np.where(trips.is_closed, trips.exit_bar, 0)]
    lowest = np.fmin(np.fmin(lowest, end), base) / base - 1.0
    highest = np.fmax(np.fmax(highest, end), base) / base - 1.0
    # The addition turns -0.0 into 0.0.
    return Excursions(np.where(is_short, -highest, lowest) + 0.0, np.where(is_short, -lowest, highest) + 0.0)


def _extremes(extreme: np.ufunc, values: FloatArray, start: NDArray[np.int64], stop: NDArray[np.int64]) -> FloatArray:
    """Return the extreme of each stretch ``[start, stop)`` of the flattened values; NaN for an empty one."""
    flat = np.append(values.ravel(), np.nan)
    order = np.argsort(start, kind="stable")
    edges = np.column_stack((start[order], stop[order])).ravel()
    found = np.empty(start.size)
    found[order] = extreme.reduceat(flat, edges)[::2]
    found[stop <= start] = np.nan
    return found


def levels_of(
    trips: RoundTrips,
    prices: PriceSheet,
    options: RunOptions,
    *,
    signals: Sequence[Signal] = (),
    atr: FloatArray | None = None,
    entry_reasons: Sequence[str] = (),
    bases: FloatArray | None = None,
) -> Levels:
    """Return the stop and target that stood after each entry, as far as they are known.

    Distances of the options count from the entry price, or from the mean price of
    what is then held. The prices of a bracket
    take their place: those of the last signal of the side that can have made the
    entry. Of a fixed and a trailing stop the tighter counts.

    Parameters
    ----------
    trips : RoundTrips
    prices : PriceSheet
    options : RunOptions
    signals : sequence of Signal
    atr : ndarray of shape (n_symbols, n_bars), optional
        Average true range at each close; without it, distances in its multiples are not known.
    entry_reasons : sequence of str
        Of the entry fills, to tell a limit order's bracket from a market order's.
    bases : ndarray of shape (n_trades,), optional
        Mean prices of what was held after each entry, where entries add to a position.
    """
    side = np.sign(trips.quantity)
    before = np.full(trips.entry_bar.size, np.nan)
    fallback = (math.nan, math.nan)
    if atr is not None and trips.entry_bar.size:
        # Imported here: a run without ranges does not load the general kernel.
        from investiq.backtesting.general_orders import FALLBACK_STOP, FALLBACK_TARGET

        fallback = (FALLBACK_STOP, FALLBACK_TARGET)
        before = np.where(trips.entry_bar > 0, atr[trips.symbol, trips.entry_bar - 1], np.nan)
    entry = trips.entry_price
    base = entry if bases is None else bases

    def away(start: FloatArray, fraction: float | None, multiple: float | None, otherwise: float) -> FloatArray:
        if fraction is not None:
            return fraction * start
        if multiple is None:
            return np.full(start.size, np.nan)
        # As the kernel does while there is no average true range yet.
        return np.where(before > 0, multiple * before, otherwise * start)

    stop = base - side * away(base, options.stop_loss, options.atr_stop, fallback[0])
    target = base + side * away(base, options.take_profit, options.atr_target, fallback[1])
    for row, (fixed, reached) in _brackets(trips, prices, signals, entry_reasons).items():
        stop[row] = fixed if fixed is not None else stop[row]
        target[row] = reached if reached is not None else target[row]
    trail = entry - side * away(entry, options.trailing_stop, options.atr_trail, math.nan)
    tighter = np.where(side > 0, np.fmax(stop, trail), np.fmin(stop, trail))
    return Levels(tighter, target)


def mean_prices(fills: FloatArray, prices: PriceSheet) -> FloatArray:
    """Return for each fill the mean price of what is held after it; of a fill that reduces, its own price."""
    found = fills[:, postings.PRICE].copy()
    factor = carried(prices.split_factor)
    held, cost = np.zeros(len(prices.symbols)), np.zeros(len(prices.symbols))
    columns = (postings.BAR, postings.SYMBOL, postings.SIDE, postings.QUANTITY, postings.PRICE)
    for fill, (bar, symbol, side, quantity, price) in enumerate(fills[:, columns].tolist()):
        row = int(symbol)
        step = float(factor[row, int(bar)])
        added = side * quantity / step
        if held[row] * side < 0.0:
            held[row] += added
            # What a split left of a share was paid out.
            held[row] = 0.0 if held[row] * side >= 0.0 or abs(held[row]) * step < 1.0 else held[row]
            continue
        cost[row] = (cost[row] * held[row] + price * step * added) / (held[row] + added)
        held[row] += added
        found[fill] = cost[row] / step
    return found


def _brackets(
    trips: RoundTrips, prices: PriceSheet, signals: Sequence[Signal], entry_reasons: Sequence[str]
) -> dict[int, tuple[float | None, float | None]]:
    """Return stop and target prices by round trip, from the signals that made them."""
    carriers: dict[tuple[str, str], list[Signal]] = {}
    found: dict[int, tuple[float | None, float | None]] = {}
    if all(signal.stop_loss_price is None and signal.take_profit_price is None for signal in signals):
        return found
    for signal in signals:
        symbol = signal.symbol or prices.symbols[0]
        carriers.setdefault((symbol, signal.side), []).append(signal)
    for row, (symbol_row, bar, quantity) in enumerate(
        zip(trips.symbol.tolist(), trips.entry_bar.tolist(), trips.quantity.tolist(), strict=True)
    ):
        types = _ORDERS.get(entry_reasons[row], ("market",)) if entry_reasons else None
        made = [
            signal
            for signal in carriers.get((prices.symbols[symbol_row], "buy" if quantity > 0 else "sell"), ())
            if signal.bar < bar and (types is None or signal.order_type in types)
        ]
        if made:
            last = max(made, key=lambda signal: signal.bar)
            found[row] = (last.stop_loss_price, last.take_profit_price)
    return found
