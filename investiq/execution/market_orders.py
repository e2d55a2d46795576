"""Steps 8, 10 and 15: market orders at the open, and their waiting where there is no trade."""

from __future__ import annotations

from investiq.execution.desk import Desk
from investiq.execution.orders_book import Order
from investiq.execution.positions import Position
from investiq.execution.protection import Protection

__all__ = ["MarketOrders"]


class MarketOrders:
    """Exits and entries for the next open.

    Parameters
    ----------
    desk : Desk
    protection : Protection
        Asked for levels that beat an exit at the open.
    """

    def __init__(self, desk: Desk, protection: Protection) -> None:
        self.desk = desk
        self.protection = protection
        self.options = desk.options
        self.account = desk.account
        self.book = desk.book

    def step_8_exits_at_open(self) -> None:
        """Take exits on signals, then on time, at the open with slippage."""
        exits = self.book.where(
            lambda each: each.role == "exit" and not each.is_resting and not each.is_forced and self._trades(each)
        )
        for order in sorted(exits, key=lambda each: each.symbol):
            position = self.account.positions.get(order.symbol)
            if position is None or position.exit_side != order.side:
                self._cancel_idle(order)
            elif self.book.forced_exit(order.symbol) is None and not self._is_level_first(position):
                opening = self.desk.traded[order.symbol].open
                self.desk.exit_at_market(position, opening, order.reason, order=order)
        if self.options.hold_bars is not None:
            self._exits_on_time(self.options.hold_bars)

    def _exits_on_time(self, hold_bars: int) -> None:
        for position in self.account.held():
            symbol = position.symbol
            is_due = self.account.bar - position.entry_bar >= hold_bars and symbol in self.desk.traded
            if is_due and self.book.forced_exit(symbol) is None and not self._is_level_first(position):
                self.desk.exit_at_market(position, self.desk.traded[symbol].open, "time")

    def step_13_cancel_idle_exits(self) -> None:
        """Cancel exits at the open that a level inside the bar has beaten."""
        for order in self.book.where(lambda each: each.role == "exit" and not each.is_resting and not each.is_forced):
            position = self.account.positions.get(order.symbol)
            if position is None or position.exit_side != order.side:
                self._cancel_idle(order)

    def _is_level_first(self, position: Position) -> bool:
        """Return whether a level met inside the bar, in step 13, beats an exit at the open."""
        return self.options.level_order == "levels_first" and self.protection.is_met_in_bar(position)

    def _cancel_idle(self, order: Order) -> None:
        self.book.drop(order)
        self.account.note("exit order cancelled: already flat")

    def step_10_entries_at_open(self) -> None:
        """Take entries, the most confident first, sized by one equity of the open where they are not sized yet."""
        self.desk.equity_at_open = self.account.equity(self.desk.opens)
        for order in self.book.entries_in_order(lambda each: not each.is_resting and self._trades(each)):
            if self.book.holds(order):
                opening = self.desk.traded[order.symbol].open
                self.desk.enter(order, opening, "open", order.reason, slips=True)

    def step_15_cancel_missed_entries(self) -> None:
        """Cancel entries whose last session had no bar."""
        for order in self.book.where(self._is_waiting_entry):
            if order.last_session < self.account.session:
                self.book.drop(order)
                self.account.note("order expired: no bar")

    def step_15_wait(self) -> None:
        """Let orders wait for a symbol without a trade in this bar."""
        for order in self.book.where(lambda each: not each.is_resting and not self._trades(each)):
            has_bar = order.symbol in self.desk.label.bars
            is_over = self.desk.label.ends_session and order.last_session == self.account.session
            if self._is_waiting_entry(order) and is_over:
                self.book.drop(order)
                self.account.note(f"order expired: {'no trade' if has_bar else 'no bar'}")
            elif has_bar:
                self.account.note("no trade in bar: order carried")

    def _trades(self, order: Order) -> bool:
        return order.symbol in self.desk.traded

    def _is_waiting_entry(self, order: Order) -> bool:
        return order.role == "entry" and not order.is_resting
