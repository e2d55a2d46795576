"""How far each round trip went before it ended, and what was risked at its entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.price_sheet import PriceSheet, carried
from investiq.backtesting.trades import FILL_REASONS, RoundTrips
from investiq.core.orders import OrderType, Signal
from investiq.execution.options import RunOptions

__all__ = ["Excursions", "Levels", "excursions_of", "levels_of"]

FloatArray = NDArray[np.float64]

_END: Final = next(code for code, name in FILL_REASONS.items() if name == "end_of_data")
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


def excursions_of(trips: RoundTrips, prices: PriceSheet) -> Excursions:
    """Return the maximum adverse and favourable excursion of each round trip.

    Lows and highs from the bar of the entry to the bar before the exit, and the
    exit price itself: what else the exit bar did came after the exit, or cannot
    be known. A position sold at the last close was held through that bar.
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
    leave[trips.exit_reason == _END] += 1
    start = trips.symbol * n_bars + trips.entry_bar
    stop = trips.symbol * n_bars + leave
    lowest, highest = _extremes(np.fmin, low, start, stop), _extremes(np.fmax, high, start, stop)
    base, end = trips.entry_price, trips.exit_price
    if has_splits:
        base = base * factor[trips.symbol, trips.entry_bar]
        end = end * factor[trips.symbol, np.where(trips.is_closed, trips.exit_bar, 0)]
    lowest = np.fmin(np.fmin(lowest, end), base) / base - 1.0
    highest = np.fmax(np.fmax(highest, end), base) / base - 1.0
    is_short = trips.quantity < 0
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
) -> Levels:
    """Return the stop and target that stood after each entry, as far as they are known.

    Distances of the options count from the entry price. The prices of a bracket
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
    """
    side = np.sign(trips.quantity)
    before = np.full(trips.entry_bar.size, np.nan)
    if atr is not None and trips.entry_bar.size:
        before = np.where(trips.entry_bar > 0, atr[trips.symbol, trips.entry_bar - 1], np.nan)
    entry = trips.entry_price

    def away(fraction: float | None, multiple: float | None) -> FloatArray:
        if fraction is not None:
            return fraction * entry
        return multiple * before if multiple is not None else np.full(entry.size, np.nan)

    stop = entry - side * away(options.stop_loss, options.atr_stop)
    target = entry + side * away(options.take_profit, options.atr_target)
    for row, (fixed, reached) in _brackets(trips, prices, signals, entry_reasons).items():
        stop[row] = fixed if fixed is not None else stop[row]
        target[row] = reached if reached is not None else target[row]
    trail = entry - side * away(options.trailing_stop, options.atr_trail)
    tighter = np.where(side > 0, np.fmax(stop, trail), np.fmin(stop, trail))
    return Levels(tighter, target)


def _brackets(
    trips: RoundTrips, prices: PriceSheet, signals: Sequence[Signal], entry_reasons: Sequence[str]
) -> dict[int, tuple[float | None, float | None]]:
    """Return stop and target prices by round trip, from the signals that carry them."""
    carriers: dict[tuple[str, str], list[Signal]] = {}
    for signal in signals:
        if signal.stop_loss_price is not None or signal.take_profit_price is not None:
            symbol = signal.symbol or prices.symbols[0]
            carriers.setdefault((symbol, signal.side), []).append(signal)
    found: dict[int, tuple[float | None, float | None]] = {}
    if not carriers:
        return found
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
