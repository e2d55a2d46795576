"""Round trips: buys and sells matched first in, first out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext

from investiq.core.errors import DataError
from investiq.core.orders import EXIT_REASONS, ExitReason, Fill
from investiq.execution.decimals import ARITHMETIC, round_to

__all__ = ["RoundTrip", "round_trips"]


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """Shares bought and sold again.

    Attributes
    ----------
    symbol : str
    entry_bar, exit_bar : int
    entry_price, exit_price : Decimal
        Per share, slippage included.
    quantity : Decimal
    fees, slippage : Decimal
        Of both sides, USD.
    pnl : Decimal
        Net, USD: what cash has gained, so that the sum over a run whose
        positions are all closed is its change of cash.
    exit_reason : str
        ``"signal"``, ``"stop_loss"``, ``"take_profit"`` or ``"end_of_data"``.
    """

    symbol: str
    entry_bar: int
    entry_price: Decimal
    exit_bar: int
    exit_price: Decimal
    quantity: Decimal
    fees: Decimal
    slippage: Decimal
    pnl: Decimal
    exit_reason: ExitReason

    @property
    def net_return(self) -> Decimal:
        """Net profit as a fraction of the entry notional, costs included."""
        return self.pnl / (self.quantity * self.entry_price)

    @property
    def bars_held(self) -> int:
        """Bars from entry to exit; 0 within one bar."""
        return self.exit_bar - self.entry_bar


@dataclass
class _Lot:
    fill: Fill
    left: Decimal


def round_trips(fills: Iterable[Fill], posting: Decimal | None = None) -> tuple[RoundTrip, ...]:
    """Return one round trip for each pair of an entry lot and a fill that closes it or part of it.

    Parameters
    ----------
    fills : iterable of Fill
        Of one symbol, long only, in the order in which they happened.
    posting : Decimal, optional
        Unit to which notionals were rounded when posted; None for no rounding.
        A lot that is closed in parts carries its posted amounts pro rata.

    Raises
    ------
    DataError
        If more is sold than was bought.
    """
    lots: deque[_Lot] = deque()
    trips: list[RoundTrip] = []
    with localcontext(ARITHMETIC):
        for fill in fills:
            if fill.side == "buy":
                lots.append(_Lot(fill, fill.quantity))
                continue
            left = fill.quantity
            while left > 0:
                if not lots:
                    raise DataError(
                        f"bar {fill.bar}: {fill.quantity} shares sold, {left} more than were held; "
                        "pass all fills of the symbol in order"
                    )
                lot = lots[0]
                quantity = min(left, lot.left)
                trips.append(_matched(lot.fill, fill, quantity, posting))
                left -= quantity
                lot.left -= quantity
                if lot.left == 0:
                    lots.popleft()
    return tuple(trips)


def _matched(entry: Fill, leaving: Fill, quantity: Decimal, posting: Decimal | None) -> RoundTrip:
    def part(amount: Decimal, fill: Fill) -> Decimal:
        return amount if quantity == fill.quantity else amount * quantity / fill.quantity

    paid = part(round_to(entry.quantity * entry.price, posting), entry)
    received = part(round_to(leaving.quantity * leaving.price, posting), leaving)
    fees = part(entry.fee, entry) + part(leaving.fee, leaving)
    return RoundTrip(
        symbol=entry.symbol,
        entry_bar=entry.bar,
        entry_price=entry.price,
        exit_bar=leaving.bar,
        exit_price=leaving.price,
        quantity=quantity,
        fees=fees,
        slippage=part(entry.slippage, entry) + part(leaving.slippage, leaving),
        pnl=received - paid - fees,
        exit_reason=EXIT_REASONS[leaving.reason],
    )
