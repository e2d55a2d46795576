"""An account in one symbol: its cash, its position, and the only two ways in which either changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from investiq.core.orders import Fill, FillReason, Side
from investiq.execution.decimals import exact, round_to
from investiq.execution.fills import order_fee, slipped
from investiq.execution.options import RunOptions
from investiq.execution.sizing import Purchase, posting_of

__all__ = ["Account", "Position"]


@dataclass(frozen=True, kw_only=True)
class Position:
    """Shares held, with the levels set at their entry fill."""

    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None


class Account:
    """Cash and position, and the fills that made them.

    Parameters
    ----------
    options : RunOptions
    symbol : str

    Attributes
    ----------
    cash : Decimal
    position : Position or None
    fills : list of Fill
    """

    def __init__(self, options: RunOptions, symbol: str) -> None:
        self.options = options
        self.symbol = symbol
        self.cash = exact(options.initial_capital)
        self.position: Position | None = None
        self.fills: list[Fill] = []
        self._bar = -1
        self._month = (0, 0)
        self._shares_this_month = Decimal(0)

    @property
    def quantity(self) -> Decimal:
        """Shares held, 0 when flat."""
        return Decimal(0) if self.position is None else self.position.quantity

    def equity_at(self, price: Decimal) -> Decimal:
        """Return cash and position marked at `price`, not rounded."""
        return self.cash + self.quantity * price

    def begin(self, bar: int, ts: date) -> None:
        """Open a bar: fills carry its number, and the fee tiers count its calendar month."""
        self._bar = bar
        if (ts.year, ts.month) != self._month:
            self._month, self._shares_this_month = (ts.year, ts.month), Decimal(0)

    def purchase(self, raw_price: Decimal) -> Purchase:
        """Return what a market buy at `raw_price` would cost now."""
        return Purchase(
            options=self.options,
            price=slipped(raw_price, "buy", self.options.costs),
            cash=self.cash,
            shares_before=self._shares_this_month,
        )

    def buy(self, quantity: Decimal, raw_price: Decimal, reason: FillReason) -> None:
        """Open a position with a market fill at `raw_price`, and set its levels from that fill."""
        purchase = self.purchase(raw_price)
        fee = purchase.fee(quantity)
        self.cash -= purchase.notional(quantity) + fee
        self.position = Position(
            quantity=quantity,
            stop=self._level(purchase.price, self.options.stop_loss, -1),
            target=self._level(purchase.price, self.options.take_profit, +1),
        )
        self._book("buy", quantity, raw_price, purchase.price, fee, reason)

    def sell_at_market(self, raw_price: Decimal, reason: FillReason) -> None:
        """Close the position at `raw_price` less slippage."""
        self._sell(raw_price, slipped(raw_price, "sell", self.options.costs), reason)

    def sell_at_limit(self, price: Decimal, reason: FillReason) -> None:
        """Close the position at `price`: a limit pays no slippage."""
        self._sell(price, price, reason)

    def _sell(self, raw_price: Decimal, price: Decimal, reason: FillReason) -> None:
        quantity, posting = self.quantity, posting_of(self.options)
        unrounded = order_fee(self.options.costs, quantity=quantity, price=price, shares_before=self._shares_this_month)
        fee = round_to(unrounded, posting)
        self.cash += round_to(quantity * price, posting) - fee
        self.position = None
        self._book("sell", quantity, raw_price, price, fee, reason)

    def _level(self, fill_price: Decimal, distance: float | None, sign: int) -> Decimal | None:
        if distance is None:
            return None
        unit = self.options.level_rounding
        return round_to(fill_price * (1 + sign * exact(distance)), None if unit is None else exact(unit))

    def _book(
        self, side: Side, quantity: Decimal, raw_price: Decimal, price: Decimal, fee: Decimal, reason: FillReason
    ) -> None:
        self._shares_this_month += quantity
        fill = Fill(
            bar=self._bar,
            side=side,
            quantity=quantity,
            price=price,
            fee=fee,
            reason=reason,
            slippage=quantity * abs(price - raw_price),
            symbol=self.symbol,
        )
        self.fills.append(fill)
