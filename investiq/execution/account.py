"""The account of a run: cash, positions and what is due; the only place where any of them changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from investiq.core.orders import Fill, FillReason
from investiq.execution.decimals import exact, round_to
from investiq.execution.fills import OrderFees, Venue
from investiq.execution.labels import Label
from investiq.execution.options import RunOptions
from investiq.execution.outcome import CashFlow, FlowKind, LogEvent
from investiq.execution.positions import Position
from investiq.execution.sizing import posting_of

__all__ = ["Account", "Receivable"]

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Receivable:
    """A dividend that is due, negative where it is owed; without a pay bar it stays."""

    symbol: str
    amount: Decimal
    pay_bar: int | None


class Account:
    """Cash, positions, marks and receivables, and the records of how they came about.

    Parameters
    ----------
    options : RunOptions
    symbols : sequence of str
        Ascending.
    """

    def __init__(self, options: RunOptions, symbols: tuple[str, ...]) -> None:
        self.options = options
        self.symbols = symbols
        self.cash = exact(options.initial_capital)
        self.positions: dict[str, Position] = {}
        self.marks: dict[str, Decimal] = {}
        self.receivables: list[Receivable] = []
        self.fills: list[Fill] = []
        self.cash_flows: list[CashFlow] = []
        self.log: list[LogEvent] = []
        self.bar = -1
        self.session = -1
        self.shares_this_month = ZERO
        self._month = (0, 0)
        self._unsettled = ZERO
        self._posting = posting_of(options)

    def begin(self, bar: int, label: Label) -> None:
        """Open a bar: records carry its number, the fee tiers count its month, and earlier sales settle."""
        self.bar = bar
        if label.session != self.session:
            self._unsettled = ZERO
        self.session = label.session
        if (label.ts.year, label.ts.month) != self._month:
            self._month, self.shares_this_month = (label.ts.year, label.ts.month), ZERO

    def note(self, text: str) -> None:
        """Log what became of something."""
        self.log.append(LogEvent(self.bar, text))

    def posted(self, amount: Decimal) -> Decimal:
        """Return `amount` as it is posted."""
        return round_to(amount, self._posting)

    def quantity(self, symbol: str) -> Decimal:
        """Return the shares of `symbol`, 0 when flat."""
        position = self.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def held(self) -> list[Position]:
        """Return the positions, symbols ascending."""
        return [self.positions[symbol] for symbol in self.symbols if symbol in self.positions]

    def equity(self, prices: Mapping[str, Decimal] | None = None) -> Decimal:
        """Return cash, positions and receivables, marked at `prices`, or at the last closes where these have none."""
        return self.cash + self._net(prices or {}) + self.due()

    def due(self) -> Decimal:
        """Return the receivables, payables negative."""
        return sum((each.amount for each in self.receivables), ZERO)

    def room(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Return what buying power is left: margin x spendable equity - gross exposure, marked at `prices`."""
        owed = sum((each.amount for each in self.receivables if each.amount < 0), ZERO)
        unsettled = self._unsettled if self.options.settlement == "t+1" else ZERO
        equity = self.cash - unsettled + owed + self._net(prices)
        return exact(self.options.margin) * equity - self.gross(prices)

    def gross(self, prices: Mapping[str, Decimal] | None = None) -> Decimal:
        """Return the sum of absolute position values."""
        return sum((abs(each.quantity) * self._mark(each.symbol, prices or {}) for each in self.held()), ZERO)

    def value(self, symbol: str) -> Decimal:
        """Return the position in `symbol` at its mark, negative for a short."""
        return self.quantity(symbol) * self.marks.get(symbol, ZERO)

    def flow(self, kind: FlowKind, symbol: str, amount: Decimal) -> Decimal:
        """Post `amount` to cash, rounded; return it."""
        posted = self.posted(amount)
        if posted != 0:
            self.cash += posted
            self.cash_flows.append(CashFlow(self.bar, kind, symbol, posted))
        return posted

    def fill(
        self,
        symbol: str,
        quantity: Decimal,
        venue: Venue,
        fees: OrderFees,
        reason: FillReason,
        *,
        is_ambiguous: bool = False,
        is_settlement: bool = False,
    ) -> OrderFees:
        """Book a fill of `quantity` shares; return what its order has paid so far.

        The quantity of the position changes; opening and closing it is the caller's.
        """
        price, direction = venue.price(quantity), 1 if venue.side == "buy" else -1
        after, raw_fee = fees.after(
            self.options.costs, venue.side, quantity=quantity, price=price, shares_before=self.shares_this_month
        )
        fee = ZERO if is_settlement else self.posted(raw_fee)
        notional = self.posted(quantity * price)
        self.cash -= direction * notional + fee
        position = self.positions[symbol]
        if venue.side == "sell" and position.quantity > 0:
            self._unsettled += notional - fee
        position.quantity += direction * quantity
        if not is_settlement:
            self.shares_this_month += quantity
        slippage, impact = venue.losses(quantity)
        self.fills.append(
            Fill(
                bar=self.bar,
                side=venue.side,
                quantity=quantity,
                price=price,
                fee=fee,
                reason=reason,
                slippage=slippage,
                symbol=symbol,
                impact=impact,
                is_ambiguous=is_ambiguous,
            )
        )
        return after

    def _net(self, prices: Mapping[str, Decimal]) -> Decimal:
        return sum((each.quantity * self._mark(each.symbol, prices) for each in self.held()), ZERO)

    def _mark(self, symbol: str, prices: Mapping[str, Decimal]) -> Decimal:
        return prices[symbol] if symbol in prices else self.marks[symbol]
