"""How many shares an order is for, and how many of them the buying power allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from investiq.execution.decimals import NO_MONEY, exact, exceeds_power, floor_to_lot, round_to
from investiq.execution.fills import OrderFees, Venue
from investiq.execution.options import RunOptions

__all__ = ["Opening", "level_unit_of", "lot_of", "posting_of", "tick_of", "wanted_quantity"]

# Halvings of the wanted quantity, where no closed form exists: beyond the 40 digits of the arithmetic.
HALVINGS: Final = 140


def _unit(value: float | None) -> Decimal | None:
    return None if value is None else exact(value)


def lot_of(options: RunOptions) -> Decimal | None:
    """Return the lot of a run, None for unrounded quantities."""
    return _unit(options.lot)


def posting_of(options: RunOptions) -> Decimal | None:
    """Return the unit to which a run rounds every cash amount, None for no rounding."""
    return _unit(options.posting_rounding)


def tick_of(options: RunOptions) -> Decimal | None:
    """Return the unit to which a run rounds fill prices, None for no rounding."""
    return _unit(options.tick_size)


def level_unit_of(options: RunOptions) -> Decimal | None:
    """Return the unit of levels: the tick where there is one, else the run's rounding of levels."""
    return _unit(options.level_rounding if options.tick_size is None else options.tick_size)


def wanted_quantity(options: RunOptions, *, money: Decimal, price: Decimal) -> Decimal:
    """Return the shares that `money` buys at `price`, in whole lots; 0 where there is none.

    Examples
    --------
    >>> wanted_quantity(RunOptions(), money=Decimal(50_000), price=Decimal(96))
    Decimal('520')
    """
    if money <= 0:
        return Decimal(0)
    return floor_to_lot(money / price, lot_of(options))


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A fill that is about to add exposure.

    It is allowed as far as gross exposure after it is at most margin x equity after
    its costs, the traded symbol valued at the raw price. Written with the fill alone
    on one side, that is ``need(quantity) <= room``; for a long-only account without
    margin the need is price and fee, and the room is cash.

    Attributes
    ----------
    options : RunOptions
    venue : Venue
    room : Decimal
        Margin x equity - gross exposure before the fill.
    shares_before : Decimal
        Shares traded in this calendar month before it.
    fees : OrderFees
        What earlier fills of the same order have paid.
    """

    options: RunOptions
    venue: Venue
    room: Decimal
    shares_before: Decimal = Decimal(0)
    fees: OrderFees = field(default_factory=OrderFees)

    def notional(self, quantity: Decimal) -> Decimal:
        """Return the price of `quantity` as posted."""
        return round_to(quantity * self.venue.price(quantity), posting_of(self.options))

    def fee(self, quantity: Decimal) -> Decimal:
        """Return the fee of `quantity` as posted."""
        return round_to(self._raw_fee(quantity), posting_of(self.options))

    def is_affordable(self, quantity: Decimal) -> bool:
        """Return whether the posted amounts stay within the buying power."""
        return not exceeds_power(self._need(quantity, self.notional(quantity), self.fee(quantity)), self.room)

    def largest_affordable(self, wanted: Decimal) -> Decimal:
        """Return the most that can be filled, in whole lots and not above `wanted`, which is too much; 0 if nothing.

        Without lots, with a percentage fee and without impact it is the closed
        form, taken before any rounding of postings.
        """
        if self.room <= NO_MONEY:
            return Decimal(0)
        lot = lot_of(self.options)
        if lot is not None:
            return self._most_lots(int(wanted / lot), lot) * lot
        if self.options.costs.per_share is None and not self.venue.has_impact:
            one = Decimal(1)
            return min(wanted, self.room / self._need(one, self.venue.price(one), self._raw_fee(one)))
        return self._most_unrounded(wanted)

    def _need(self, quantity: Decimal, notional: Decimal, fee: Decimal) -> Decimal:
        margin, exposure = exact(self.options.margin), quantity * self.venue.raw
        lost = notional - exposure if self.venue.side == "buy" else exposure - notional
        return exposure + margin * (lost + fee)

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
            if self._need(middle, middle * self.venue.price(middle), self._raw_fee(middle)) <= self.room:
                enough = middle
            else:
                too_many = middle
        return enough

    def _raw_fee(self, quantity: Decimal) -> Decimal:
        _, fee = self.fees.after(
            self.options.costs,
            self.venue.side,
            quantity=quantity,
            price=self.venue.price(quantity),
            shares_before=self.shares_before,
        )
        return fee
