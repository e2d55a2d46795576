"""Where orders become fills: quantities within the buying power and the volume, prices, and what is left over."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from investiq.core.orders import FillReason, Side
from investiq.execution.account import ZERO, Account
from investiq.execution.decimals import exact, floor_to_lot, is_above
from investiq.execution.fills import Venue
from investiq.execution.labels import Label
from investiq.execution.options import RunOptions
from investiq.execution.orders_book import CARRIED, Book, Order
from investiq.execution.positions import EntryKind, Levels, Position
from investiq.execution.price_bars import PriceBar
from investiq.execution.sessions import ENTRY_SESSIONS
from investiq.execution.sizing import Opening, lot_of, tick_of, wanted_quantity

__all__ = ["Desk"]

IN_POSITION: Final = "entry order cancelled: already in position"


class Desk:
    """Fills orders of one bar after the other against the account.

    Parameters
    ----------
    options : RunOptions
    account : Account
    book : Book
    """

    def __init__(self, options: RunOptions, account: Account, book: Book) -> None:
        self.options = options
        self.account = account
        self.book = book
        self.levels = Levels(options)
        self.label: Label
        self.traded: dict[str, PriceBar] = {}
        # Known at the prior close.
        self.atr: dict[str, Decimal] = {}
        self.volatility: dict[str, Decimal] = {}
        self.average_volume: dict[str, Decimal] = {}
        self.equity_at_open: Decimal = ZERO
        self._used: dict[str, Decimal] = {}
        self._entries_this_session = 0
        self._session = -1

    def begin(self, label: Label) -> None:
        """Open a bar: volume is unused, and only symbols with a trade can fill."""
        self.label = label
        self._used = {}
        if label.session != self._session:
            self._session, self._entries_this_session = label.session, 0
        ignores = self.options.zero_volume == "ignore"
        self.traded = {
            symbol: label.bars[symbol]
            for symbol in self.account.symbols
            if symbol in label.bars and (ignores or label.bars[symbol].volume != 0)
        }

    def learn(self, label: Label) -> None:
        """Take what the close of `label` makes known."""
        self.atr.update(label.atr)
        self.volatility.update(label.volatility)
        self.average_volume.update(label.average_volume)

    @property
    def opens(self) -> dict[str, Decimal]:
        """The opens of the symbols that have a bar."""
        return {symbol: bar.open for symbol, bar in self.label.bars.items()}

    def venue(
        self, symbol: str, side: Side, raw: Decimal, *, slips: bool = True, limit: Decimal | None = None
    ) -> Venue:
        """Return the terms on which an order of `symbol` fills at `raw`."""
        return Venue(
            costs=self.options.costs,
            side=side,
            raw=raw,
            pays_slippage=slips,
            limit=limit,
            tick=tick_of(self.options),
            volatility=self.volatility.get(symbol),
            average_volume=self.average_volume.get(symbol),
        )

    def within_volume(self, symbol: str, quantity: Decimal, *, is_opening: bool = False) -> Decimal:
        """Return how many of `quantity` shares the volume of the bar still allows (step 15)."""
        share = self.options.max_volume_participation
        volume = self.traded[symbol].volume
        basis = None if volume == 0 else volume
        if is_opening and self.options.volume_basis == "adv20" and symbol in self.average_volume:
            average = self.average_volume[symbol]
            basis = average if basis is None else min(basis, average)
        if share is None or basis is None:
            return quantity
        cap = floor_to_lot(exact(share) * basis, lot_of(self.options)) - self._used.get(symbol, ZERO)
        return max(ZERO, min(quantity, cap))

    def use(self, symbol: str, quantity: Decimal) -> None:
        """Count `quantity` shares against the volume of the bar."""
        self._used[symbol] = self._used.get(symbol, ZERO) + quantity

    # Exits.

    def exit_at_market(
        self,
        position: Position,
        raw: Decimal,
        reason: FillReason,
        *,
        order: Order | None = None,
        is_ambiguous: bool = False,
    ) -> None:
        """Close `position` at `raw` with slippage; what the volume leaves goes to the next opens."""
        source = order or Order(symbol=position.symbol, side=position.exit_side, role="exit")
        whole = abs(position.quantity)
        filled = self.within_volume(position.symbol, whole)
        if filled > 0:
            limit = source.limit if source.kind == "stop_limit" else None
            venue = self.venue(position.symbol, position.exit_side, raw, limit=limit)
            self.use(position.symbol, filled)
            source.fees = self.account.fill(
                position.symbol, filled, venue, source.fees, reason, is_ambiguous=is_ambiguous
            )
        if self.book.holds(source):
            self.book.drop(source)
        if filled == whole:
            self.closed(position)
        elif source.kind == "stop_limit":
            source.kind = "limit"
            self.book.add(source)
        else:
            self.book.add(source.as_rest(reason))

    def exit_at_limit(
        self,
        position: Position,
        price: Decimal,
        reason: FillReason,
        *,
        order: Order | None = None,
        is_ambiguous: bool = False,
    ) -> None:
        """Close `position` at `price`; what the volume leaves rests."""
        slips = order is None and self.options.target_slippage
        whole = abs(position.quantity)
        filled = self.within_volume(position.symbol, whole)
        if filled == 0:
            return
        venue = self.venue(position.symbol, position.exit_side, price, slips=slips)
        fees = position.target_fees if order is None else order.fees
        self.use(position.symbol, filled)
        fees = self.account.fill(position.symbol, filled, venue, fees, reason, is_ambiguous=is_ambiguous)
        if filled == whole:
            self.closed(position)
        elif order is None:
            position.target_fees = fees
        else:
            order.fees = fees

    def closed(self, position: Position) -> None:
        """Forget a position that is gone, with its resting and forced exits and the rest of its entry."""
        symbol = position.symbol
        del self.account.positions[symbol]
        for order in self.book.where(lambda each: each.symbol == symbol):
            if order.role == "exit" and (order.is_resting or order.is_forced):
                self.book.drop(order)
            elif order.is_residual:
                self.book.drop(order)
                self.account.note("entry order cancelled: position closed")

    # Entries.

    def enter(
        self,
        order: Order,
        raw: Decimal,
        kind: EntryKind,
        reason: FillReason,
        *,
        slips: bool,
        prices: Mapping[str, Decimal] | None = None,
    ) -> None:
        """Fill an entry at `raw` as far as buying power and volume go, or say why not.

        `prices` mark the other positions, by default at the open.
        """
        refusal = self._refusal(order)
        if refusal is None and order.quantity is None:
            order.quantity, refusal = self._size_at_open(order, raw)
        if refusal is not None or order.quantity is None:
            self._cancel(order, refusal or "")
            return
        limit = order.limit if order.kind == "stop_limit" else None
        venue = self.venue(order.symbol, order.side, raw, slips=slips, limit=limit)
        quantity = self._within_buying_power(order, venue, order.quantity, prices or self.opens)
        if quantity == 0:
            self._cancel(order, "entry rejected: buying power")
            return
        filled = self.within_volume(order.symbol, quantity, is_opening=True)
        if filled > 0:
            if self._is_outside_bracket(order, venue.price(filled)):
                self._cancel(order, "entry cancelled: filled outside its stop and target")
                return
            self._open(order, filled, venue, kind, reason)
        self._leave(order, quantity - filled, reason, is_partial=filled > 0)

    def _refusal(self, order: Order) -> str | None:
        position = self.account.positions.get(order.symbol)
        if position is not None:
            is_same = position.direction == order.direction
            if not is_same or not (
                order.is_residual or order.reason == "rebalance" or position.entries < self.options.max_entries
            ):
                return IN_POSITION
        if not self.label.entries_allowed:
            return "entry rejected: outside entry hours"
        if order.side == "sell" and order.symbol in self.label.not_shortable:
            return "entry rejected: not shortable"
        most = self.options.max_positions
        if position is None and most is not None and len(self.account.positions) >= most:
            return "entry rejected: max positions"
        most = self.options.max_entries_per_day
        is_counted = not order.is_residual and order.reason != "rebalance"
        if is_counted and most is not None and self._entries_this_session >= most:
            return "entry rejected: max entries per day"
        return None

    def _size_at_open(self, order: Order, raw: Decimal) -> tuple[Decimal | None, str | None]:
        money = order.notional if order.weight is None else order.weight * self.equity_at_open
        assert money is not None  # an order without a quantity has one of the two
        quantity = wanted_quantity(self.options, money=money if self.equity_at_open > 0 else ZERO, price=raw)
        if quantity == 0:
            return None, "entry skipped: below one lot"
        if is_above(exact(self.options.min_notional), quantity * raw):
            return None, "entry skipped: below minimum notional"
        return quantity, None

    def _within_buying_power(
        self, order: Order, venue: Venue, wanted: Decimal, prices: Mapping[str, Decimal]
    ) -> Decimal:
        opening = Opening(
            options=self.options,
            venue=venue,
            room=self.account.room({**prices, order.symbol: venue.raw}),
            shares_before=self.account.shares_this_month,
            fees=order.fees,
        )
        if opening.is_affordable(wanted):
            return wanted
        return opening.largest_affordable(wanted) if self.options.insufficient == "reduce" else ZERO

    def _is_outside_bracket(self, order: Order, price: Decimal) -> bool:
        stop, target, direction = order.protective_stop, order.protective_target, order.direction
        return (stop is not None and direction * (price - stop) <= 0) or (
            target is not None and direction * (target - price) <= 0
        )

    def _open(self, order: Order, quantity: Decimal, venue: Venue, kind: EntryKind, reason: FillReason) -> None:
        symbol, price = order.symbol, venue.price(quantity)
        is_new = symbol not in self.account.positions
        position = self.account.positions.setdefault(symbol, Position(symbol=symbol, entry_bar=self.account.bar))
        before = abs(position.quantity)
        self.use(symbol, quantity)
        order.fees = self.account.fill(symbol, quantity, venue, order.fees, reason)
        if is_new or not (order.is_residual or order.reason == "rebalance"):
            position.entries += 1
            self._entries_this_session += order.reason != "rebalance"
        position.entry_price = (before * position.entry_price + quantity * price) / (before + quantity)
        if position.last_entry_bar != self.account.bar or position.entry_kind != "limit":
            position.entry_kind = kind
        position.last_entry_bar, position.entry_raw = self.account.bar, venue.raw
        for text in self.levels.set_at_fill(position, order, price, self.atr.get(symbol), is_new=is_new):
            self.account.note(text)
        self._cancel_rivals(order, position)

    def _cancel_rivals(self, order: Order, position: Position) -> None:
        is_full = position.entries >= self.options.max_entries
        for other in self.book.where(lambda each: each.role == "entry" and each.symbol == order.symbol):
            if other is not order and (is_full or other.direction != position.direction):
                self._cancel(other, IN_POSITION)

    def _leave(self, order: Order, rest: Decimal, reason: FillReason, *, is_partial: bool) -> None:
        """Drop an entry, or keep what the volume did not allow."""
        is_held = self.book.holds(order)
        if rest > 0 and is_held and order.kind in ("limit", "stop_limit"):
            order.kind, order.quantity = "limit", rest
            order.is_residual = order.is_residual or is_partial
            return
        if is_held:
            self.book.drop(order)
        if rest == 0:
            return
        is_last = self.label.ends_session and order.last_session <= self.label.session and order.kind == "market"
        if is_held and self.options.entry_residual == "carry" and not is_last:
            if order.kind == "stop":
                order.last_session = self.label.session + ENTRY_SESSIONS
            order.kind, order.quantity = "market", rest
            order.reason = CARRIED.get(reason, reason)
            order.is_residual = order.is_residual or is_partial
            self.book.add(order)
        else:
            self.account.note(f"residual {rest.normalize():f} cancelled")

    def _cancel(self, order: Order, text: str) -> None:
        if self.book.holds(order):
            self.book.drop(order)
        self.account.note(text)
