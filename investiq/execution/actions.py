"""Steps 1 to 4: what happens to an account overnight. Splits, dividends, delistings, interest and borrow fees."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final

from investiq.execution.account import ZERO, Receivable
from investiq.execution.decimals import LOT_TOLERANCE, exact
from investiq.execution.desk import Desk
from investiq.execution.fills import OrderFees, Venue
from investiq.execution.labels import Label
from investiq.execution.positions import Position
from investiq.execution.round_trips import SplitEvent
from investiq.execution.scenario import Delisting, Dividend, Split
from investiq.execution.sizing import level_unit_of, lot_of

__all__ = ["Actions", "Carrying"]

DAYS_360: Final = 360
DAYS_365: Final = 365
SESSIONS_252: Final = 252


def money(amount: Decimal) -> str:
    """Return `amount` as the log writes it."""
    return f"{amount:.2f}"


class Actions:
    """Corporate actions on positions and orders.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.options = desk.options
        self.account = desk.account
        self.book = desk.book
        self.splits: list[SplitEvent] = []

    def step_1_corporate_actions(self, label: Label, targets: dict[str, Decimal]) -> None:
        """Take splits, then dividends, then delistings; `targets` are the shares that a rebalancing of this bar wants."""
        symbol_of = self._symbol
        for split in sorted(label.splits, key=lambda each: symbol_of(each.symbol)):
            self._split(split, symbol_of(split.symbol), targets)
        for dividend in sorted(label.dividends, key=lambda each: symbol_of(each.symbol)):
            self._dividend(dividend, symbol_of(dividend.symbol))
        for delisting in sorted(label.delistings, key=lambda each: symbol_of(each.symbol)):
            self._delist(delisting, symbol_of(delisting.symbol))

    def step_2_pay_dates(self) -> None:
        """Receivables that are due move to cash."""
        account = self.account
        due = [each for each in account.receivables if each.pay_bar is not None and each.pay_bar <= account.bar]
        for each in due:
            account.receivables.remove(each)
            account.flow("dividend", each.symbol, each.amount)

    def _symbol(self, name: str) -> str:
        return name or self.account.symbols[0]

    def _split(self, split: Split, symbol: str, targets: dict[str, Decimal]) -> None:
        ratio, account, desk = exact(split.ratio), self.account, self.desk
        if symbol in account.marks:
            account.marks[symbol] /= ratio
        if symbol in desk.atr:
            desk.atr[symbol] /= ratio
        if symbol in desk.average_volume:
            desk.average_volume[symbol] *= ratio
        if symbol in targets:
            targets[symbol] *= ratio
        unit, lot = level_unit_of(self.options), lot_of(self.options)
        for order in self.book.where(lambda each: each.symbol == symbol):
            order.split(ratio, lot, unit)
            if order.quantity == 0:
                self.book.drop(order)
                account.note("entry skipped: below one lot")
        position = account.positions.get(symbol)
        if position is not None:
            position.split(ratio, unit)
            self._resize(position, ratio)

    def _resize(self, position: Position, ratio: Decimal) -> None:
        """Multiply the shares; with whole shares a fraction is paid out at the adjusted prior close."""
        account, symbol, before = self.account, position.symbol, position.quantity
        shares = before * ratio
        lot = lot_of(self.options)
        if lot is not None and lot >= 1:
            dust = LOT_TOLERANCE if shares > 0 else -LOT_TOLERANCE
            whole = (shares + dust).to_integral_value(ROUND_DOWN)
            fraction, shares = shares - whole, whole
            paid = account.flow("cash_in_lieu", symbol, fraction * account.marks[symbol])
            if paid != 0:
                account.note(f"cash in lieu {money(paid)}")
        position.quantity = shares
        self.splits.append(SplitEvent(account.bar, symbol, ratio, before, shares))
        if shares == 0:
            self.desk.closed(position)

    def _dividend(self, dividend: Dividend, symbol: str) -> None:
        amount, unit = exact(dividend.amount), level_unit_of(self.options)
        position = self.account.positions.get(symbol)
        if position is not None:
            due = self.account.posted(position.quantity * amount)
            self.account.receivables.append(Receivable(symbol=symbol, amount=due, pay_bar=dividend.pay_bar))
        if not dividend.reduces_orders:
            return
        if position is not None:
            self.desk.levels.reduce(position, amount)
        for order in self.book.where(lambda each: each.symbol == symbol):
            order.reduce(amount, unit)

    def _delist(self, delisting: Delisting, symbol: str) -> None:
        account = self.account
        for order in self.book.where(lambda each: each.symbol == symbol):
            self.book.drop(order)
            account.note("order cancelled: delisted")
        position = account.positions.get(symbol)
        if position is None:
            return
        change = delisting.value_change
        rate = exact(self.options.delisting_return if change is None else change)
        venue = Venue(
            costs=self.options.costs,
            side=position.exit_side,
            raw=account.marks[symbol] * (1 + rate),
            pays_slippage=False,
        )
        account.fill(symbol, abs(position.quantity), venue, OrderFees(), "delisted", is_settlement=True)
        self.desk.closed(position)


class Carrying:
    """Interest on cash and fees on borrowed shares, on the balances of the night.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self.options = desk.options
        self.account = desk.account
        self._free_cash = ZERO
        self._shorts: dict[str, Decimal] = {}
        self._session: int | None = None
        self._day: date | None = None
        self._nights = (0, 0)

    def begin(self, label: Label) -> None:
        """Count the days and sessions since the last session began; 0 inside one."""
        self._nights = (0, 0)
        day = label.ts.date() if isinstance(label.ts, datetime) else label.ts
        if label.session == self._session:
            return
        if self._session is not None and self._day is not None:
            self._nights = ((day - self._day).days, label.session - self._session)
        self._session, self._day = label.session, day

    def remember(self) -> None:
        """Keep the balances of this close for the next steps 3 and 4."""
        values = {each.symbol: self.account.value(each.symbol) for each in self.account.held()}
        self._shorts = {symbol: -value for symbol, value in values.items() if value < 0}
        self._free_cash = self.account.cash - sum(self._shorts.values(), ZERO)

    def step_3_interest(self, label: Label) -> None:
        """On free cash, or on what is borrowed; the proceeds of shorts are neither."""
        days, sessions = self._nights
        if self._free_cash > 0:
            rate = exact(self.options.cash_sweep_rate) if label.sweep_rate is None else label.sweep_rate
            counts = {
                "act/365": Decimal(days) / DAYS_365,
                "act/360": Decimal(days) / DAYS_360,
                "bus/252": Decimal(sessions) / SESSIONS_252,
            }
            paid = self.account.flow("interest", "", self._free_cash * rate * counts[self.options.interest_day_count])
            if paid != 0:
                self.account.note(f"interest {money(paid)}")
        elif self._free_cash < 0:
            rate = exact(self.options.debit_rate or 0) if label.debit_rate is None else label.debit_rate
            paid = self.account.flow("debit_interest", "", self._free_cash * rate * days / DAYS_360)
            if paid != 0:
                self.account.note(f"debit interest {money(paid)}")

    def step_4_borrow_fee(self, label: Label) -> None:
        """On the value of each short at the prior close."""
        days, _ = self._nights
        for symbol, value in self._shorts.items():
            rate = label.borrow_rates.get(symbol, exact(self.options.borrow_rate))
            paid = self.account.flow("borrow_fee", symbol, -(value * rate * days / DAYS_360))
            if paid != 0:
                self.account.note(f"borrow fee {money(-paid)}")
