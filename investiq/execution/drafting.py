"""Step 5: decisions of the prior close become orders. Role and size are fixed there, not at the open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from investiq.core.errors import DataError
from investiq.core.orders import Side, Signal
from investiq.execution.account import ZERO, Account
from investiq.execution.decimals import exact, floor_to_lot, is_above, round_to
from investiq.execution.options import RunOptions
from investiq.execution.orders_book import Order
from investiq.execution.outcome import AccountState
from investiq.execution.sessions import ENTRY_SESSIONS
from investiq.execution.sizing import level_unit_of, lot_of, wanted_quantity

__all__ = ["Drafting", "Gate"]

Gate = Callable[[AccountState], bool | float]


class Drafting:
    """Turns signals into orders on the account as it stood when they were decided.

    Parameters
    ----------
    options : RunOptions
    account : Account
    gate : callable, optional
        Asked once for each close that decided an entry: whether entries may
        follow, or a factor in [0, 1] of their size.

    Attributes
    ----------
    orders : list of Order
    notes : list of str
        What became of the other signals.
    """

    def __init__(self, options: RunOptions, account: Account, gate: Gate | None = None) -> None:
        self.options = options
        self.account = account
        self.gate = gate
        self.orders: list[Order] = []
        self.notes: list[str] = []
        self._number = 0
        self._factor: Decimal | None = None

    def draft(
        self,
        signals: Sequence[Signal],
        *,
        state: Callable[[], AccountState],
        multipliers: Mapping[str, Decimal],
        first_session: int,
    ) -> None:
        """Draft the orders of one close; `first_session` is the first in which they can fill."""
        self.orders, self.notes, self._factor = [], [], None
        passed = [signal for signal in signals if self._passes(signal)]
        by_symbol: dict[str, list[Signal]] = {}
        for signal in passed:
            by_symbol.setdefault(signal.symbol or self.account.symbols[0], []).append(signal)
        for symbol in sorted(by_symbol):
            for signal in self._without_conflict(symbol, by_symbol[symbol]):
                for order in self._orders(symbol, signal, state, multipliers.get(symbol, Decimal(1))):
                    order.last_session = first_session + ENTRY_SESSIONS - 1
                    self._number += 1
                    order.number = self._number
                    self.orders.append(order)

    def _passes(self, signal: Signal) -> bool:
        if is_above(exact(self.options.confidence_threshold), exact(signal.confidence)):
            self.notes.append("below threshold")
            return False
        return True

    def _without_conflict(self, symbol: str, signals: list[Signal]) -> list[Signal]:
        if {signal.side for signal in signals} != {"buy", "sell"}:
            return signals
        held = self.account.quantity(symbol)
        if held == 0:
            self.notes.append("conflicting signals: both dropped")
            return []
        self.notes.append("conflicting signals: exit kept")
        leaving: Side = "sell" if held > 0 else "buy"
        return [signal for signal in signals if signal.side == leaving]

    def _orders(
        self, symbol: str, signal: Signal, state: Callable[[], AccountState], multiplier: Decimal
    ) -> list[Order]:
        position = self.account.positions.get(symbol)
        may_open = signal.side == "buy" or self.options.allow_short
        if position is None:
            if not may_open:
                self.notes.append("short disabled: ignored")
                return []
            return self._entry(symbol, signal, state, multiplier)
        if position.exit_side != signal.side:
            is_full = position.entries >= self.options.max_entries
            return [] if is_full else self._entry(symbol, signal, state, multiplier)
        reverses = self.options.reverse and may_open and signal.order_type == "market"
        leaving = self._order(symbol, signal, "exit")
        if not reverses:
            return [leaving]
        leaving.reason = "reversal"
        return [leaving, *self._entry(symbol, signal, state, multiplier)]

    def _order(self, symbol: str, signal: Signal, role: str) -> Order:
        unit = level_unit_of(self.options)

        def level(price: float | None) -> Decimal | None:
            return None if price is None else round_to(exact(price), unit)

        is_entry = role == "entry"
        return Order(
            symbol=symbol,
            side=signal.side,
            role="entry" if is_entry else "exit",
            kind=signal.order_type,
            limit=level(signal.limit_price),
            stop=level(signal.stop_price),
            protective_stop=level(signal.stop_loss_price) if is_entry else None,
            protective_target=level(signal.take_profit_price) if is_entry else None,
            confidence=exact(signal.confidence),
            bars_left=signal.expiry or self.options.limit_expiry,
        )

    def _entry(
        self, symbol: str, signal: Signal, state: Callable[[], AccountState], multiplier: Decimal
    ) -> list[Order]:
        factor = multiplier * self._gate_factor(state)
        if self._factor == 0:
            self.notes.append("entry refused: gate")
            return []
        order = self._order(symbol, signal, "entry")
        equity = self.account.equity()
        weight = exact(self.options.weight if signal.weight is None else signal.weight) * factor
        notional = None if signal.notional is None else exact(signal.notional) * factor
        if self.options.size_at == "open" and signal.order_type == "market" and signal.quantity is None:
            order.notional, order.weight = notional, weight if notional is None else None
            return [order]
        mark = self.account.marks.get(symbol)
        if mark is None:
            self.notes.append("entry skipped: no price")
            return []
        if signal.quantity is not None:
            quantity = floor_to_lot(exact(signal.quantity) * factor, lot_of(self.options))
        else:
            quantity = wanted_quantity(
                self.options, money=weight * equity if notional is None else notional, price=mark
            )
        if quantity == 0 or equity <= 0:
            self.notes.append("entry skipped: below one lot")
            return []
        if is_above(exact(self.options.min_notional), quantity * mark):
            self.notes.append("entry skipped: below minimum notional")
            return []
        order.quantity = quantity
        return [order]

    def _gate_factor(self, state: Callable[[], AccountState]) -> Decimal:
        if self._factor is None:
            answer = Decimal(1) if self.gate is None else exact(float(self.gate(state())))
            if not ZERO <= answer <= 1:
                raise DataError(f"an entry gate answered {answer}; expected True, False or a factor in [0, 1]")
            self._factor = answer
        return self._factor
