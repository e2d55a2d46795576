"""Step 9: trading to target weights, at the next open or, for parity with other engines, at the same close."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from investiq.core.orders import Side
from investiq.execution.account import ZERO
from investiq.execution.decimals import exact, floor_to_lot, is_above
from investiq.execution.desk import Desk
from investiq.execution.fills import OrderFees
from investiq.execution.labels import Label
from investiq.execution.orders_book import Order
from investiq.execution.positions import EntryKind
from investiq.execution.sizing import lot_of

__all__ = ["Rebalancing"]


class Rebalancing:
    """Target weights of the options or of the label, as shares.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.options = desk.options
        self.account = desk.account
        self.targets: dict[str, Decimal] = {}
        self._previous: Label | None = None
        self._is_due = False

    def decide(self, bar: int, label: Label, equity: Decimal | None) -> None:
        """Fix the shares that bar `bar` trades to, from the prior close; `equity` is None before bar 0 and after ruin."""
        self.targets = {}
        previous, self._previous = self._previous, label
        self._is_due = self._is_rebalanced(bar, label, previous)
        if self.options.fill == "next_open" and previous is not None and equity is not None:
            self.targets = self._shares(previous, equity)

    def decide_at_close(self, label: Label) -> None:
        """Fix the shares that this close trades to."""
        self.targets = self._shares(label, self.account.equity())

    def step_9_trade(self, prices: Mapping[str, Decimal], *, blocked: str) -> None:
        """Sell what is above its target, then buy what is below it, symbols ascending."""
        lot = lot_of(self.options)
        changes = {}
        for symbol in self.account.symbols:
            if symbol not in self.targets:
                continue
            target = self.targets[symbol]
            target = floor_to_lot(abs(target), lot) * (1 if target >= 0 else -1)
            change = target - self.account.quantity(symbol)
            if change == 0:
                continue
            if symbol not in self.desk.traded:
                self.account.note("rebalance order dropped: no trade in bar")
            elif target != 0 and is_above(exact(self.options.min_notional), abs(change) * self.account.marks[symbol]):
                self.account.note("rebalance order skipped: below minimum notional")
            else:
                changes[symbol] = change
        self.targets = {}
        for is_buy in (False, True):
            for symbol, change in changes.items():
                if (change > 0) == is_buy:
                    self._trade(symbol, change, prices, blocked)

    def _trade(self, symbol: str, change: Decimal, prices: Mapping[str, Decimal], blocked: str) -> None:
        """Change the position by `change` shares, the reducing part first; add exposure unless `blocked` says why not."""
        desk, raw = self.desk, prices[symbol]
        side: Side = "buy" if change > 0 else "sell"
        left, fees = abs(change), OrderFees()
        position = self.account.positions.get(symbol)
        if position is not None and position.quantity * change < 0:
            reducing = min(left, abs(position.quantity))
            filled = desk.within_volume(symbol, reducing)
            if filled > 0:
                desk.use(symbol, filled)
                fees = self.account.fill(symbol, filled, desk.venue(symbol, side, raw), fees, "rebalance")
            if position.quantity == 0:
                desk.closed(position)
            left -= filled
            if filled < reducing:
                self.account.note(f"residual {left.normalize():f} cancelled")
                return
        if left == 0:
            return
        if blocked:
            self.account.note(f"entry blocked: {blocked}")
        elif side == "sell" and not self.options.allow_short:
            self.account.note("short disabled: ignored")
        else:
            order = Order(symbol=symbol, side=side, role="entry", reason="rebalance", quantity=left, fees=fees)
            # The bar of an entry at the close is over for it, as far as it can be: only the close is its own.
            kind: EntryKind = "open" if self.options.fill == "next_open" else "close"
            desk.enter(order, raw, kind, "rebalance", slips=True, prices=prices)

    def _weights(self) -> Mapping[str, Decimal]:
        if self.options.symbol_weights is None:
            share = Decimal(1) / len(self.account.symbols)
            return dict.fromkeys(self.account.symbols, share)
        return {symbol: exact(weight) for symbol, weight in self.options.symbol_weights.items()}

    def _is_rebalanced(self, bar: int, label: Label, previous: Label | None) -> bool:
        rule = self.options.rebalance
        if rule is None:
            return False
        if rule == "month_start":
            if previous is None:
                return self.options.fill == "same_close"
            return (label.ts.year, label.ts.month) != (previous.ts.year, previous.ts.month)
        return bar > 0 and bar % rule == 0

    def _shares(self, decided: Label, equity: Decimal) -> dict[str, Decimal]:
        """Return the shares of the weights that the close of `decided` wants, its own targets before those of the options."""
        weights = {**(self._weights() if self._is_due else {}), **decided.targets}
        shares: dict[str, Decimal] = {}
        if equity <= 0:
            return shares
        lot, band = lot_of(self.options), exact(self.options.band)
        for symbol, weight in weights.items():
            mark = self.account.marks.get(symbol)
            if mark is None:
                continue
            held = self.account.value(symbol) / equity
            off = abs(held - weight)
            is_equal = not is_above(max(held, weight), min(held, weight))
            if is_equal or not is_above(off, band):
                continue
            wanted = floor_to_lot(abs(weight) * equity / mark, lot)
            shares[symbol] = wanted if weight >= 0 else ZERO - wanted
        return shares
