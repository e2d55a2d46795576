"""A position and the levels that protect it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from investiq.core.orders import FillReason, Side
from investiq.execution.decimals import exact, round_to
from investiq.execution.fills import OrderFees
from investiq.execution.options import RunOptions
from investiq.execution.orders_book import Order
from investiq.execution.price_bars import PriceBar
from investiq.execution.sizing import level_unit_of

__all__ = ["EntryKind", "Levels", "Position"]

EntryKind = Literal["open", "limit", "stop", "close"]

# Of a position whose average true range is not known yet.
FALLBACK_STOP: Final = Decimal("0.05")
FALLBACK_TARGET: Final = Decimal("0.10")


@dataclass(kw_only=True, eq=False)
class Position:
    """Shares held or owed, and their levels.

    Attributes
    ----------
    symbol : str
    quantity : Decimal
        Negative for a short.
    entry_price : Decimal
        Average of its entries, slippage included.
    entry_bar, last_entry_bar : int
    entries : int
    entry_kind : {"open", "limit", "stop", "close"}
        How the last entry came: at the open, inside the bar by a limit or stop order, or at the close. Of several in one
        bar, "limit" if any was.
    entry_raw : Decimal
        Its price before slippage.
    stop, target, extreme, trail : Decimal or None
    target_fees : OrderFees
        Of the target, which rests until it is filled.
    """

    symbol: str
    quantity: Decimal = Decimal(0)
    entry_price: Decimal = Decimal(0)
    entry_bar: int
    last_entry_bar: int = -1
    entries: int = 0
    entry_kind: EntryKind = "open"
    entry_raw: Decimal = Decimal(0)
    stop: Decimal | None = None
    target: Decimal | None = None
    is_stop_absolute: bool = False
    is_target_absolute: bool = False
    extreme: Decimal = Decimal(0)
    trail: Decimal | None = None
    target_fees: OrderFees = field(default_factory=OrderFees)

    @property
    def direction(self) -> int:
        """+1 for a long, -1 for a short."""
        return 1 if self.quantity > 0 else -1

    @property
    def exit_side(self) -> Side:
        """Side of the order that closes it."""
        return "sell" if self.quantity > 0 else "buy"

    def stops(self) -> Iterator[tuple[Decimal, FillReason]]:
        """Yield its stop levels."""
        if self.stop is not None:
            yield self.stop, "stop"
        if self.trail is not None:
            yield self.trail, "trail"

    def farther(self, one: Decimal, other: Decimal) -> Decimal:
        """Return the price that is better for it."""
        return max(one, other) if self.direction > 0 else min(one, other)

    def split(self, ratio: Decimal, unit: Decimal | None) -> None:
        """Restate prices per share after a split; the quantity is the account's business."""
        self.entry_price /= ratio
        self.entry_raw /= ratio
        self.extreme /= ratio
        for name in ("stop", "target", "trail"):
            level = getattr(self, name)
            if level is not None:
                setattr(self, name, round_to(level / ratio, unit))


class Levels:
    """The rules by which levels are set, moved and rounded.

    Parameters
    ----------
    options : RunOptions
    """

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self._unit = level_unit_of(options)

    def rounded(self, price: Decimal) -> Decimal:
        """Return `price` as a level."""
        return round_to(price, self._unit)

    def set_at_fill(
        self, position: Position, order: Order, price: Decimal, atr: Decimal | None, *, is_new: bool
    ) -> list[str]:
        """Set the levels after an entry at `price`; return what to note.

        Prices that the order brings stay; other levels stand off the average entry.
        """
        notes: list[str] = []
        if order.protective_stop is not None:
            position.stop, position.is_stop_absolute = self.rounded(order.protective_stop), True
        elif not position.is_stop_absolute:
            distance = self._distance(
                self.options.stop_loss, self.options.atr_stop, position, atr, FALLBACK_STOP, notes
            )
            position.stop = self._off(position, -distance) if distance is not None else None
        if order.protective_target is not None:
            position.target, position.is_target_absolute = self.rounded(order.protective_target), True
        elif not position.is_target_absolute:
            distance = self._distance(
                self.options.take_profit, self.options.atr_target, position, atr, FALLBACK_TARGET, notes
            )
            position.target = self._off(position, distance) if distance is not None else None
        position.extreme = price if is_new else position.farther(position.extreme, price)
        self._set_trail(position, atr)
        return notes

    def ratchet(self, position: Position, bar: PriceBar, number: int, atr: Decimal | None) -> None:
        """Move the trail at the close of bar `number`, in which the symbol traded."""
        if self.options.trailing_stop is None and self.options.atr_trail is None:
            return
        is_new = position.entry_bar == number
        if not (is_new and not self.options.trail_entry_bar):
            reached = bar.high if position.direction > 0 else bar.low
            is_limit = position.last_entry_bar == number and position.entry_kind == "limit"
            if is_limit or (is_new and position.entry_kind == "close"):
                reached = bar.close
            position.extreme = position.farther(position.extreme, reached)
        self._set_trail(position, atr)

    def reduce(self, position: Position, amount: Decimal) -> None:
        """Lower the sell stops of a long and the buy limit of a short by a dividend."""
        if position.direction < 0:
            if position.target is not None:
                position.target = self.rounded(position.target - amount)
            return
        if position.stop is not None:
            position.stop = self.rounded(position.stop - amount)
        position.extreme -= amount
        if self.options.trailing_stop is not None:
            position.trail = self._percent_trail(position, exact(self.options.trailing_stop))
        elif position.trail is not None:
            position.trail = self.rounded(position.trail - amount)

    def _distance(
        self,
        fraction: float | None,
        multiple: float | None,
        position: Position,
        atr: Decimal | None,
        fallback: Decimal,
        notes: list[str],
    ) -> Decimal | None:
        if fraction is not None:
            return exact(fraction) * position.entry_price
        if multiple is None:
            return None
        if atr is None:
            notes.append(f"range unknown: level at {fallback:.0%}")
            return fallback * position.entry_price
        return exact(multiple) * atr

    def _off(self, position: Position, distance: Decimal) -> Decimal:
        return self.rounded(position.entry_price + position.direction * distance)

    def _set_trail(self, position: Position, atr: Decimal | None) -> None:
        if self.options.trailing_stop is not None:
            position.trail = self._percent_trail(position, exact(self.options.trailing_stop))
        elif self.options.atr_trail is not None and atr is not None:
            level = self.rounded(position.extreme - position.direction * exact(self.options.atr_trail) * atr)
            position.trail = level if position.trail is None else position.farther(position.trail, level)

    def _percent_trail(self, position: Position, fraction: Decimal) -> Decimal:
        return self.rounded(position.extreme * (1 - position.direction * fraction))
