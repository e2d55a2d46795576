"""Steps 6, 19 and 20: halts, margin calls and the circuit breaker."""

from __future__ import annotations

from decimal import Decimal

from investiq.core.orders import FillReason
from investiq.execution.account import ZERO
from investiq.execution.actions import money
from investiq.execution.decimals import exact, is_above
from investiq.execution.desk import Desk
from investiq.execution.orders_book import Order

__all__ = ["Controls"]


class Controls:
    """What forbids entries, and what forces exits.

    Attributes
    ----------
    blocked : str
        Why entries of the next bar are refused; empty where they are not.
    is_ruined : bool
        Whether equity was at or below zero at a close: no more decisions.
    """

    def __init__(self, desk: Desk) -> None:
        self.options = desk.options
        self.account = desk.account
        self.book = desk.book
        self.blocked = ""
        self.is_ruined = False
        self._peak = exact(self.options.initial_capital)
        self._halted_at: int | None = None
        self._is_called = False

    def step_6_refuse_entries(self, new: list[Order]) -> None:
        """Refuse the entries of this bar and cancel those that wait, if the prior close says so."""
        if not self.blocked:
            return
        for order in self.book:
            if order.role == "entry":
                self.book.drop(order)
                is_new = order in new
                self.account.note(
                    f"entry blocked: {self.blocked}" if is_new else f"entry order cancelled: {self.blocked}"
                )

    def step_19_margin(self, equity: Decimal) -> None:
        """Call for margin where equity does not cover the maintenance of the positions, or is gone."""
        self._is_called = False
        rates = {True: self.options.maintenance_long, False: self.options.maintenance_short}
        required = ZERO
        for position in self.account.held():
            rate = rates[position.quantity > 0]
            required += ZERO if rate is None else exact(rate) * abs(self.account.value(position.symbol))
        if equity <= 0:
            if not self.is_ruined:
                self.account.note(f"ruin: equity {money(equity)}")
            self.is_ruined = True
        elif is_above(required, equity):
            self.account.note(f"margin call: equity {money(equity)} < {money(required)}")
        else:
            return
        self._is_called = True
        self._close_all("margin_call")

    def step_20_circuit_breaker(self, equity: Decimal) -> None:
        """Halt entries at a drawdown, and allow them again where the options say so."""
        limit = self.options.max_drawdown_halt
        self._peak = max(self._peak, equity)
        drawdown = 1 - equity / self._peak
        if limit is not None and self._halted_at is None and not is_above(exact(limit), drawdown):
            self._halted_at = self.account.bar
            self.account.note(f"circuit breaker: drawdown {drawdown * 100:.2f}%")
            if self.options.halt_policy == "flatten":
                self._close_all("circuit_breaker")
        elif self._halted_at is not None and self._is_over(self._halted_at, drawdown):
            self._halted_at, self._peak = None, equity
            self.account.note("circuit breaker: reset")
        self.blocked = "margin call" if self._is_called else "circuit breaker" if self._halted_at is not None else ""

    def _is_over(self, halted_at: int, drawdown: Decimal) -> bool:
        bars, level = self.options.halt_reset_bars, self.options.halt_reset_drawdown
        return (bars is not None and self.account.bar - halted_at >= bars) or (
            level is not None and not is_above(drawdown, exact(level))
        )

    def _close_all(self, reason: FillReason) -> None:
        for position in self.account.held():
            if self.book.forced_exit(position.symbol) is None:
                self.book.add(
                    Order(symbol=position.symbol, side=position.exit_side, role="exit", reason=reason, is_forced=True)
                )
