"""Steps 7 and 13: forced exits, and the stops and targets of positions and resting exit orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from investiq.core.orders import FillReason
from investiq.execution.desk import Desk
from investiq.execution.orders_book import Order
from investiq.execution.positions import Position
from investiq.execution.price_bars import PriceBar

__all__ = ["Protection"]

AT_OPEN: Final[dict[FillReason, FillReason]] = {
    "stop": "stop_gap",
    "trail": "trail_gap",
    "target": "target_gap",
    "limit": "limit_gap",
}


class Level(NamedTuple):
    """A price at which a position would be closed; `order` is None where it is the position's own."""

    price: Decimal
    reason: FillReason
    order: Order | None


class Protection:
    """The exits that need no decision.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.options = desk.options
        self.account = desk.account
        self.book = desk.book

    def step_7_forced_exits_at_open(self) -> None:
        """Carried exits, margin calls and flattening, at the open with slippage."""
        for order in sorted(self.book.where(lambda each: each.is_forced), key=lambda each: each.symbol):
            position = self.account.positions.get(order.symbol)
            if order.symbol in self.desk.traded and self.book.holds(order) and position is not None:
                self.desk.exit_at_market(position, self.desk.traded[order.symbol].open, order.reason, order=order)

    def step_7_protective_exits_at_open(self) -> None:
        """Take stops at or beyond which the open lies, else targets strictly beyond which it lies."""
        for position in self._open_positions():
            self._exit_at_open(position, self.desk.traded[position.symbol])

    def step_13_protective_exits_in_bar(self) -> None:
        """Take stops, then targets, inside the bar."""
        for position in self._open_positions():
            self.exit_in_bar(position)

    def exit_in_bar(self, position: Position) -> None:
        """Close `position` at the level that the bar has met, if it has met any."""
        bar = self.desk.traded[position.symbol]
        stop, target = self._stop_met(position, bar), self._target_met(position, bar)
        is_both = stop is not None and target is not None
        if stop is not None and not (target is not None and self.options.both_inside == "target"):
            raw = stop.price
            if position.last_entry_bar == self.account.bar:
                # An entry whose slippage is wider than the stop's distance cannot leave at a better price than it met.
                raw = min(raw, position.entry_raw) if position.direction > 0 else max(raw, position.entry_raw)
            self.desk.exit_at_market(position, raw, stop.reason, order=stop.order, is_ambiguous=is_both)
        elif target is not None:
            price = target.price
            if position.entry_bar < self.account.bar and self.options.limit_gap == "open":
                price = position.farther(price, bar.open)
            self.desk.exit_at_limit(position, price, target.reason, order=target.order, is_ambiguous=is_both)

    def is_met_in_bar(self, position: Position) -> bool:
        """Return whether a level of `position` lies inside the bar."""
        bar = self.desk.traded[position.symbol]
        return self._stop_met(position, bar) is not None or self._target_met(position, bar) is not None

    def _open_positions(self) -> list[Position]:
        return [
            position
            for position in self.account.held()
            if position.symbol in self.desk.traded and self.book.forced_exit(position.symbol) is None
        ]

    def _exit_at_open(self, position: Position, bar: PriceBar) -> None:
        direction, opening = position.direction, bar.open
        for order in self.book.exits(position.symbol, kinds=("stop_limit",)):
            assert order.stop is not None and order.limit is not None
            if direction * (opening - order.stop) <= 0 and direction * (opening - order.limit) < 0:
                order.kind = "limit"
        stop = self._nearest_stop(position)
        if stop is not None and direction * (opening - stop.price) <= 0:
            self.desk.exit_at_market(position, opening, AT_OPEN[stop.reason], order=stop.order)
            return
        target = self._nearest_target(position)
        if target is None or not self._is_reached(direction * (opening - target.price)):
            return
        if self.options.open_beyond_target == "stop_first" and self._stop_met(position, bar) is not None:
            return
        price = opening if self.options.limit_gap == "open" else target.price
        self.desk.exit_at_limit(position, price, AT_OPEN[target.reason], order=target.order)

    def _is_reached(self, beyond: Decimal) -> bool:
        return beyond > 0 or (beyond == 0 and self.options.limit_fill == "touch")

    def _nearest_stop(self, position: Position) -> Level | None:
        levels = [Level(price, reason, None) for price, reason in position.stops() if self._is_active(position)]
        for order in self.book.exits(position.symbol, kinds=("stop", "stop_limit")):
            if order.stop is not None and not order.becomes_limit:
                levels.append(Level(order.stop, "stop", order))
        return max(levels, key=lambda level: position.direction * level.price, default=None)

    def _nearest_target(self, position: Position) -> Level | None:
        levels: list[Level] = []
        if position.target is not None and self._is_active(position):
            levels.append(Level(position.target, "target", None))
        for order in self.book.exits(position.symbol, kinds=("limit",)):
            assert order.limit is not None
            levels.append(Level(order.limit, "limit", order))
        return min(levels, key=lambda level: position.direction * level.price, default=None)

    def _is_active(self, position: Position) -> bool:
        return self.options.stop_from == "entry_bar" or position.entry_bar < self.account.bar

    def _stop_met(self, position: Position, bar: PriceBar) -> Level | None:
        direction = position.direction
        worst = bar.low if direction > 0 else bar.high
        for order in self.book.exits(position.symbol, kinds=("stop_limit",)):
            assert order.stop is not None and order.limit is not None
            if direction * (worst - order.stop) <= 0 and direction * (order.stop - order.limit) < 0:
                order.becomes_limit = True
        stop = self._nearest_stop(position)
        return stop if stop is not None and direction * (worst - stop.price) <= 0 else None

    def _target_met(self, position: Position, bar: PriceBar) -> Level | None:
        if position.last_entry_bar == self.account.bar and position.entry_kind == "limit":
            return None  # the best price of the bar may have come before the entry
        target = self._nearest_target(position)
        best = bar.high if position.direction > 0 else bar.low
        if target is None or not self._is_reached(position.direction * (best - target.price)):
            return None
        return target
