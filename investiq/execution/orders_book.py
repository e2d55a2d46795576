"""Orders that wait, and the book that holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, Literal

from investiq.core.orders import FillReason, OrderType, Side
from investiq.execution.decimals import floor_to_lot, round_to
from investiq.execution.fills import OrderFees

__all__ = ["CARRIED", "Book", "Order"]

# The reason of the rest of an exit, which goes to the next opens: the reason of the exit stays readable in it.
CARRIED: Final[dict[FillReason, FillReason]] = {
    "signal": "signal_carried",
    "stop": "stop_carried",
    "stop_gap": "stop_carried",
    "stop_entry": "stop_carried",
    "trail_gap": "trail",
}


@dataclass(kw_only=True, eq=False)
class Order:
    """One order of the book.

    Attributes
    ----------
    symbol, side, reason
    role : {"entry", "exit"}
        Fixed at the decision. An exit is for the whole position.
    kind : {"market", "limit", "stop", "stop_limit"}
    quantity, notional : Decimal or None
        Shares of an entry, or money of one that is sized at the open.
    weight : Decimal or None
        Share of equity of an entry that is sized at the open, the multiplier included.
    limit, stop, protective_stop, protective_target : Decimal or None
    confidence : Decimal
    number : int
        Orders are equal in confidence by the order of their signals.
    last_session : int
        An entry at the market that has not filled by its close is cancelled.
    bars_left : int
        Bars in which a resting order is still live.
    is_forced : bool
        Of step 7: a margin call, a flattening, or the rest of an earlier exit.
    is_residual : bool
        The rest of an entry that has filled in part.
    becomes_limit : bool
        A stop-limit triggered in the bar, a limit from the next one on.
    """

    symbol: str
    side: Side
    role: Literal["entry", "exit"]
    kind: OrderType = "market"
    reason: FillReason = "signal"
    quantity: Decimal | None = None
    notional: Decimal | None = None
    weight: Decimal | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    protective_stop: Decimal | None = None
    protective_target: Decimal | None = None
    confidence: Decimal = Decimal(1)
    number: int = 0
    last_session: int = 0
    bars_left: int = 0
    is_forced: bool = False
    is_residual: bool = False
    becomes_limit: bool = False
    fees: OrderFees = field(default_factory=OrderFees)

    @property
    def is_resting(self) -> bool:
        """Whether it waits for a price, not for the next open."""
        return self.kind != "market"

    @property
    def direction(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.side == "buy" else -1

    def as_rest(self, reason: FillReason) -> Order:
        """Return the exit at the next opens for what this one has left."""
        return replace(self, kind="market", role="exit", reason=CARRIED.get(reason, reason), is_forced=True)

    def split(self, ratio: Decimal, lot: Decimal | None, unit: Decimal | None) -> None:
        """Turn it into an order for the shares after a split."""
        for name in ("limit", "stop", "protective_stop", "protective_target"):
            price = getattr(self, name)
            if price is not None:
                setattr(self, name, round_to(price / ratio, unit))
        if self.quantity is not None:
            self.quantity = floor_to_lot(self.quantity * ratio, lot)

    def reduce(self, amount: Decimal, unit: Decimal | None) -> None:
        """Lower what a dividend lowers: buy limits and sell stops, also those that would protect an entry."""
        lowered = {
            "limit": self.kind == "limit" and self.side == "buy",
            "protective_stop": self.role == "entry" and self.side == "buy",
            "protective_target": self.role == "entry" and self.side == "sell",
        }
        if self.kind in ("stop", "stop_limit") and self.side == "sell":
            lowered["stop"] = lowered["limit"] = True
        for name, is_lowered in lowered.items():
            price = getattr(self, name)
            if is_lowered and price is not None:
                setattr(self, name, round_to(price - amount, unit))


class Book:
    """The orders of a run, in the order of their decisions."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    def __iter__(self) -> Iterator[Order]:
        return iter(tuple(self.orders))

    def add(self, order: Order) -> None:
        """Add `order` at the end."""
        self.orders.append(order)

    def drop(self, order: Order) -> None:
        """Remove `order`."""
        self.orders.remove(order)

    def holds(self, order: Order) -> bool:
        """Return whether `order` is still there."""
        return order in self.orders

    def where(self, test: Callable[[Order], bool]) -> list[Order]:
        """Return the orders that pass `test`."""
        return [order for order in self.orders if test(order)]

    def forced_exit(self, symbol: str) -> Order | None:
        """Return the exit of `symbol` that goes to the next open before all others."""
        return next(iter(self.where(lambda order: order.is_forced and order.symbol == symbol)), None)

    def exits(self, symbol: str, *, kinds: tuple[OrderType, ...]) -> list[Order]:
        """Return the exits of `symbol` of these kinds."""
        return self.where(lambda order: order.role == "exit" and order.symbol == symbol and order.kind in kinds)

    def entries_in_order(self, test: Callable[[Order], bool]) -> list[Order]:
        """Return the entries that pass `test`, the most confident first, then by symbol and signal."""
        chosen = self.where(lambda order: order.role == "entry" and test(order))
        return sorted(chosen, key=lambda order: (-order.confidence, order.symbol, order.number))
