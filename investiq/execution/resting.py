"""Steps 11, 12 and 16: entries that wait for a price."""

from __future__ import annotations

from decimal import Decimal

from investiq.execution.desk import Desk
from investiq.execution.orders_book import Order
from investiq.execution.price_bars import PriceBar

__all__ = ["Resting"]


class Resting:
    """Limit, stop and stop-limit orders that open a position; those that close one count as its levels.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.options = desk.options
        self.book = desk.book

    def step_11_at_open(self) -> None:
        """Fill what the open has already passed."""
        for order in self._live():
            if self.book.holds(order):
                self._at_open(order, self.desk.traded[order.symbol])

    def step_12_in_bar(self) -> None:
        """Fill what the bar passes later."""
        for order in self._live():
            if self.book.holds(order):
                self._in_bar(order, self.desk.traded[order.symbol])

    def step_16_expire(self) -> None:
        """Count the bar for every resting order, exits too, and cancel those whose last it was."""
        for order in self.book.where(lambda each: each.is_resting and each.symbol in self.desk.traded):
            if order.becomes_limit:
                order.kind, order.becomes_limit = "limit", False
            order.bars_left -= 1
            if order.bars_left <= 0:
                self.book.drop(order)
                self.desk.account.note(f"{'limit' if order.kind == 'limit' else 'stop'} expired")

    def _live(self) -> list[Order]:
        if not self.desk.label.entries_allowed:
            return []
        return self.book.entries_in_order(lambda each: each.is_resting and each.symbol in self.desk.traded)

    def _at_open(self, order: Order, bar: PriceBar) -> None:
        direction, opening = order.direction, bar.open
        if order.kind == "limit":
            assert order.limit is not None
            if self._is_passed(direction * (order.limit - opening)):
                raw = opening if self.options.limit_gap == "open" else order.limit
                self.desk.enter(order, raw, "open", "limit_gap", slips=False)
            return
        assert order.stop is not None
        if direction * (opening - order.stop) < 0:
            return
        if order.limit is not None and direction * (order.limit - opening) < 0:
            order.kind = "limit"
        else:
            self.desk.enter(order, opening, "open", "stop_entry", slips=True)

    def _in_bar(self, order: Order, bar: PriceBar) -> None:
        direction = order.direction
        lowest, highest = (bar.low, bar.high) if direction > 0 else (bar.high, bar.low)
        if order.kind == "limit":
            assert order.limit is not None
            if self._is_passed(direction * (order.limit - lowest)):
                self.desk.enter(order, order.limit, "limit", "limit", slips=False)
            return
        assert order.stop is not None
        if direction * (highest - order.stop) < 0:
            return
        if order.limit is not None and direction * (order.limit - order.stop) < 0:
            order.becomes_limit = True
        else:
            self.desk.enter(order, order.stop, "stop", "stop_entry", slips=True)

    def _is_passed(self, beyond: Decimal) -> bool:
        return beyond > 0 or (beyond == 0 and self.options.limit_fill == "touch")
