"""The stop, the trail and the target of a position in each bar that it was held, as the engines moved them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import postings
from investiq.backtesting.excursions import Levels, levels_of, mean_prices
from investiq.backtesting.preparing import scenario_of
from investiq.backtesting.price_sheet import carried
from investiq.backtesting.trades import FILL_REASONS
from investiq.execution.options import RunOptions

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.execution.scenario import Scenario

__all__ = ["LevelPath", "level_path"]

FloatArray = NDArray[np.float64]


class LevelPath(NamedTuple):
    """Levels in force in each bar from that of the entry to that of the exit, in prices as traded; NaN for none."""

    stop: FloatArray
    trail: FloatArray
    target: FloatArray


def level_path(result: BacktestResult, number: int) -> LevelPath:
    """Return the levels of round trip `number`, bar by bar on the labels of the run.

    The fixed stop and the target stand off the entry, or off the mean price once
    another entry adds to the position. The trail follows the extreme since the
    position's first entry and binds from the next bar on. Splits divide all
    three; dividends lower those that a broker lowers.
    """
    trips, prices, options = result.round_trips, result.prices, result.options
    row = int(trips.symbol[number])
    side = 1.0 if trips.quantity[number] > 0 else -1.0
    last = int(trips.exit_bar[number])
    last = prices.ts.size - 1 if last < 0 else last
    scenario = _scenario(result)
    entries = _entries(result, number, last)
    atr = None if scenario is None else scenario.atr
    ranges = np.full(prices.ts.size, np.nan) if atr is None else atr[row]
    fixed, walk = _fixed_levels(result, atr), _Walk(options, side)
    lowered = np.zeros(prices.ts.size)
    for each in () if scenario is None else scenario.dividends:
        if each.reduces_orders and each.symbol in ("", prices.symbols[row]):
            lowered[each.bar] += each.amount
    factor = carried(prices.split_factor)[row]
    first = int(trips.entry_bar[number])
    begin = int(trips.entry_bar[entries[0]])
    path = np.full((3, last - first + 1), np.nan)
    for bar in range(begin, last + 1):
        if bar > begin:
            walk.split(factor[bar] / factor[bar - 1])
            walk.dividend(float(lowered[bar]))
        for trip in entries:
            if int(trips.entry_bar[trip]) == bar:
                reach = ranges[bar - 1] * factor[bar - 1] / factor[bar] if bar else math.nan
                walk.enter(float(trips.entry_price[trip]), reach, fixed.stop[trip], fixed.target[trip])
        acts = options.stop_from == "entry_bar" or bar > begin
        if bar >= first and acts:
            path[:, bar - first] = walk.stop, walk.trail, walk.target
        if _trades(result, row, bar):
            extreme = _reach(result, row, bar, side, entries)
            walk.close(extreme if bar > begin or options.trail_entry_bar else math.nan, ranges[bar])
    return LevelPath(*path)


class _Walk:
    """A position's levels from one bar to the next."""

    def __init__(self, options: RunOptions, side: float) -> None:
        self._options, self._side = options, side
        self.stop = self.trail = self.target = self._extreme = math.nan

    def enter(self, price: float, true_range: float, stop: float, target: float) -> None:
        """Take the levels that this entry set; the trail of an older position only follows a new extreme."""
        self.stop, self.target = self._rounded(stop), self._rounded(target)
        if math.isnan(self._extreme) or self._side * (price - self._extreme) > 0.0:
            self._extreme = price
            self._tighten(true_range)

    def split(self, ratio: float) -> None:
        """Divide every level."""
        if ratio != 1.0:
            self.stop, self.trail, self.target, self._extreme = (
                level / ratio for level in (self.stop, self.trail, self.target, self._extreme)
            )

    def dividend(self, amount: float) -> None:
        """Lower the stops of a long, and the target of a short, by the dividend; 0.0 for none."""
        if amount == 0.0:
            return
        if self._side > 0:
            self.stop, self.trail, self._extreme = (each - amount for each in (self.stop, self.trail, self._extreme))
            if self._options.trailing_stop is not None:
                self.trail = self._rounded(self._extreme * (1.0 - self._options.trailing_stop))
        else:
            self.target -= amount

    def close(self, reach: float, true_range: float) -> None:
        """Move the extreme to `reach`, NaN for none, and the trail behind it; it binds from the next bar on."""
        if self._side * (reach - self._extreme) > 0.0:
            self._extreme = reach
        self._tighten(true_range)

    def _tighten(self, true_range: float) -> None:
        options, level = self._options, math.nan
        if options.trailing_stop is not None:
            level = self._extreme * (1.0 - self._side * options.trailing_stop)
        elif options.atr_trail is not None and true_range > 0.0:
            level = self._extreme - self._side * options.atr_trail * true_range
        if not math.isnan(level) and not self._side * (level - self.trail) <= 0.0:
            self.trail = self._rounded(level)

    def _rounded(self, level: float) -> float:
        step = self._options.level_rounding
        return level if step is None or math.isnan(level) else round(level / step) * step


def _entries(result: BacktestResult, number: int, last: int) -> list[int]:
    """Return the round trips of the same position that were entered up to bar `last`, the first entry first, one for each entry."""
    trips = result.round_trips
    same = np.flatnonzero(
        (trips.symbol == trips.symbol[number]) & (np.sign(trips.quantity) == np.sign(trips.quantity[number]))
    ).tolist()
    start = number
    for each in sorted(same, key=lambda trip: int(trips.entry_fill[trip]), reverse=True):
        is_held = int(trips.exit_fill[each]) < 0 or trips.exit_fill[each] > trips.entry_fill[start]
        if trips.entry_fill[each] < trips.entry_fill[start] and is_held:
            start = each
    chosen = {
        int(trips.entry_fill[each]): each
        for each in same
        if trips.entry_fill[start] <= trips.entry_fill[each] and int(trips.entry_bar[each]) <= last
    }
    return [chosen[fill] for fill in sorted(chosen)]


def _scenario(result: BacktestResult) -> Scenario | None:
    """Return the market with its dividends and true ranges, or None where neither can move a level."""
    options = result.options
    uses_range = bool(options.atr_stop or options.atr_target or options.atr_trail)
    pays = bool(np.any(result.prices.total_factor != result.prices.split_factor))
    if not uses_range and not pays:
        return None
    decided = result.run.decisions if result.decided is None else result.decided
    return scenario_of(result.data, decided, options)


def _fixed_levels(result: BacktestResult, atr: FloatArray | None) -> Levels:
    """Return the stop without the trail, and the target, that stood after each entry."""
    options, trips = result.options, result.round_trips
    if options.trailing_stop is None and options.atr_trail is None:
        return result.levels
    reasons = [FILL_REASONS[int(code)] for code in result.run.fills[trips.entry_fill, postings.REASON]]
    bases = None
    if options.max_entries > 1 or isinstance(result.decided, np.ndarray):
        bases = mean_prices(result.run.fills, result.prices)[trips.entry_fill]
    return levels_of(
        trips,
        result.prices,
        dataclasses.replace(options, trailing_stop=None, atr_trail=None),
        signals=result.decided if isinstance(result.decided, tuple) else (),
        atr=atr,
        entry_reasons=reasons,
        bases=bases,
    )


def _trades(result: BacktestResult, row: int, bar: int) -> bool:
    """Say whether the symbol traded in a bar: without trade no trail moves."""
    prices = result.prices
    return not np.isnan(prices.close[row, bar]) and (
        prices.volume[row, bar] != 0.0 or result.options.zero_volume == "ignore"
    )


def _reach(result: BacktestResult, row: int, bar: int, side: float, entries: list[int]) -> float:
    """Return how far a bar moved in favour of the holder; of a bar with an entry inside it, only its close is known to come after."""
    trips, prices = result.round_trips, result.prices
    inside = False
    for each in entries:
        if int(trips.entry_bar[each]) == bar:
            reason = FILL_REASONS[int(result.run.fills[int(trips.entry_fill[each]), postings.REASON])]
            inside |= reason == "limit" or (reason == "rebalance" and result.options.fill == "same_close")
    if inside:
        return float(prices.close[row, bar])
    return float((prices.high if side > 0 else prices.low)[row, bar])
