"""Round trips: entries and exits matched first in, first out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final, Literal, NamedTuple

from investiq.core.errors import DataError
from investiq.core.orders import EXIT_REASONS, ExitReason, Fill
from investiq.execution.decimals import ARITHMETIC, round_to

__all__ = ["RoundTrip", "SplitEvent", "round_trips"]


# Ratios of splits leave dust in the last digits: this share of a lot is none.
DUST: Final = Decimal("1e-25")


class SplitEvent(NamedTuple):
    """A split of shares that were held.

    `ratio` restates prices; `after` is less than `before` x `ratio` where a fraction
    was paid out in cash.
    """

    bar: int
    symbol: str
    ratio: Decimal
    before: Decimal
    after: Decimal


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """Shares bought and sold again, or sold short and bought back.

    Attributes
    ----------
    symbol : str
    direction : {"long", "short"}
    entry_bar, exit_bar : int
    entry_price, exit_price : Decimal
        Per share, slippage included; of the entry as restated by later splits.
    quantity : Decimal
        Positive, in shares of the exit.
    fees, slippage : Decimal
        Of both sides, USD; `slippage` is with market impact.
    pnl : Decimal
        Net, USD: what fills have gained in cash. With the other cash flows the sum
        over a run whose positions are all closed is its change of cash.
    exit_reason : str
        One of `investiq.core.orders.ExitReason`.
    """

    symbol: str
    direction: Literal["long", "short"] = "long"
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
    price: Decimal
    opened: Decimal
    whole: Decimal
    left: Decimal

    def split(self, event: SplitEvent) -> None:
        self.price /= event.ratio
        self.whole = self.whole * event.after / event.before
        self.left = self.left * event.after / event.before


def round_trips(
    fills: Iterable[Fill],
    posting: Decimal | None = None,
    *,
    splits: Iterable[SplitEvent] = (),
    allow_short: bool = False,
) -> tuple[RoundTrip, ...]:
    """Return one round trip for each pair of an entry lot and a fill that closes it or part of it.

    Parameters
    ----------
    fills : iterable of Fill
        In the order in which they happened.
    posting : Decimal, optional
        Unit to which notionals were rounded when posted; None for no rounding.
        A lot that is closed in parts carries its posted amounts pro rata.
    splits : iterable of SplitEvent
        Of shares that were held; they happen before the fills of their bar.
    allow_short : bool, default False
        Whether selling more than is held opens a short.

    Raises
    ------
    DataError
        If more is sold than was bought, unless shorts are allowed.
    """
    matcher = _Matcher(posting, allow_short)
    pending = deque(sorted(splits, key=lambda event: event.bar))
    with localcontext(ARITHMETIC):
        for fill in fills:
            while pending and pending[0].bar <= fill.bar:
                matcher.split(pending.popleft())
            matcher.take(fill)
    return tuple(matcher.trips)


class _Matcher:
    def __init__(self, posting: Decimal | None, allow_short: bool) -> None:
        self.trips: list[RoundTrip] = []
        self._posting = posting
        self._allow_short = allow_short
        self._lots: dict[str, deque[_Lot]] = {}

    def split(self, event: SplitEvent) -> None:
        lots = self._lots.setdefault(event.symbol, deque())
        for lot in lots:
            lot.split(event)
        if event.after == 0:
            lots.clear()

    def take(self, fill: Fill) -> None:
        lots = self._lots.setdefault(fill.symbol, deque())
        left = fill.quantity
        while left > 0 and lots and lots[0].fill.side != fill.side:
            lot = lots[0]
            quantity = min(left, lot.left)
            self.trips.append(self._matched(lot, fill, quantity))
            left -= quantity
            lot.left -= quantity
            if lot.left <= lot.whole * DUST:
                lots.popleft()
        if left <= fill.quantity * DUST:
            return
        if fill.side == "sell" and not self._allow_short:
            raise DataError(
                f"bar {fill.bar}: {fill.quantity} shares sold, {left} more than were held; "
                "pass all fills of the symbol in order"
            )
        lots.append(_Lot(fill, fill.price, left, left, left))

    def _matched(self, lot: _Lot, leaving: Fill, quantity: Decimal) -> RoundTrip:
        entry = lot.fill

        def of_entry(amount: Decimal) -> Decimal:
            return amount * (lot.opened * quantity) / (entry.quantity * lot.whole)

        def of_exit(amount: Decimal) -> Decimal:
            return amount * quantity / leaving.quantity

        at_entry = of_entry(round_to(entry.quantity * entry.price, self._posting))
        at_exit = of_exit(round_to(leaving.quantity * leaving.price, self._posting))
        fees = of_entry(entry.fee) + of_exit(leaving.fee)
        gained = at_exit - at_entry if entry.side == "buy" else at_entry - at_exit
        reason = EXIT_REASONS[leaving.reason]
        return RoundTrip(
            symbol=entry.symbol,
            direction="long" if entry.side == "buy" else "short",
            entry_bar=entry.bar,
            entry_price=lot.price,
            exit_bar=leaving.bar,
            exit_price=leaving.price,
            quantity=quantity,
            fees=fees,
            slippage=of_entry(entry.slippage + entry.impact) + of_exit(leaving.slippage + leaving.impact),
            pnl=gained - fees,
            exit_reason="signal_cover" if entry.side == "sell" and reason == "signal" else reason,
        )
