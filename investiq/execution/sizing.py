"""How many shares an entry is for, and how many of them the cash can pay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from investiq.execution.decimals import exact, floor_to_lot, is_above, round_to
from investiq.execution.fills import order_fee
from investiq.execution.options import RunOptions

__all__ = ["Purchase", "lot_of", "posting_of", "wanted_quantity"]

# Halvings of the wanted quantity, where no closed form exists: beyond the 40 digits of the arithmetic.
HALVINGS: Final = 140


def lot_of(options: RunOptions) -> Decimal | None:
    """Return the lot of a run, None for unrounded quantities."""
    return None if options.lot is None else exact(options.lot)


def posting_of(options: RunOptions) -> Decimal | None:
    """Return the unit to which a run rounds every cash amount, None for no rounding."""
    return None if options.posting_rounding is None else exact(options.posting_rounding)


def wanted_quantity(options: RunOptions, *, equity: Decimal, price: Decimal) -> Decimal:
    """Return the shares that the run's weight of `equity` buys at `price`, in whole lots; 0 without equity.

    Examples
    --------
    >>> wanted_quantity(RunOptions(weight=0.5), equity=Decimal(100_000), price=Decimal(96))
    Decimal('520')
    """
    if equity <= 0:
        return Decimal(0)
    return floor_to_lot(exact(options.weight) * equity / price, lot_of(options))


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A buy that is about to be filled.

    Attributes
    ----------
    options : RunOptions
    price : Decimal
        Fill price, slippage included.
    cash : Decimal
        What there is to pay with.
    shares_before : Decimal
        Shares traded in this calendar month before it.
    """

    options: RunOptions
    price: Decimal
    cash: Decimal
    shares_before: Decimal

    def notional(self, quantity: Decimal) -> Decimal:
        """Return the price of `quantity` as posted."""
        return round_to(quantity * self.price, posting_of(self.options))

    def fee(self, quantity: Decimal) -> Decimal:
        """Return the fee of `quantity` as posted."""
        return round_to(self._raw_fee(quantity), posting_of(self.options))

    def is_affordable(self, quantity: Decimal) -> bool:
        """Return whether the posted amounts leave cash at zero or above."""
        return not is_above(self.notional(quantity) + self.fee(quantity), self.cash)

    def largest_affordable(self, wanted: Decimal) -> Decimal:
        """Return the most that cash pays, in whole lots and not above `wanted`, which is too much; 0 if nothing.

        Without lots and with a percentage fee it is the closed form
        cash / (price x (1 + fee rate)), taken before any rounding.
        """
        lot = lot_of(self.options)
        if lot is not None:
            return self._most_lots(int(wanted / lot), lot) * lot
        if self.options.costs.per_share is None:
            rate = exact(self.options.costs.commission_rate)
            return max(Decimal(0), min(wanted, self.cash / (self.price * (1 + rate))))
        return self._most_unrounded(wanted)

    def _most_lots(self, too_many: int, lot: Decimal) -> int:
        enough = 0
        while too_many - enough > 1:
            middle = (enough + too_many) // 2
            if self.is_affordable(middle * lot):
                enough = middle
            else:
                too_many = middle
        return enough

    def _most_unrounded(self, too_many: Decimal) -> Decimal:
        enough = Decimal(0)
        for _ in range(HALVINGS):
            middle = (enough + too_many) / 2
            if middle * self.price + self._raw_fee(middle) <= self.cash:
                enough = middle
            else:
                too_many = middle
        return enough

    def _raw_fee(self, quantity: Decimal) -> Decimal:
        return order_fee(self.options.costs, quantity=quantity, price=self.price, shares_before=self.shares_before)
