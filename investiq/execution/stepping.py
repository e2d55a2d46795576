"""The bar semantics, label by label in exact decimals: how decisions become fills.

`Simulator` takes one label at a time and knows nothing of the next. Each label passes through numbered steps in a
fixed order, each a method of that number here or in the module of its concern.

====== ===============================================================================================
step   what happens
====== ===============================================================================================
1, 2   splits, dividends and delistings of the ex-date; dividends due are paid
3, 4   interest and borrow fees on the balances of the night
5      decisions of the prior close become orders; size and role were fixed there
6      entries are refused and cancelled where a halt or a margin call of the prior close says so
15     entries whose last session had no bar are cancelled; without volume, orders and levels wait
7      carried and forced exits; stops and targets at or beyond which the open lies
8      exits on signals and on time, at the open
9      rebalancing: sells, then buys
10     entries at the open
11     resting entries that the open has passed
12     resting entries inside the bar
13, 14 stops and targets inside the bar; the bar of the entry counts
16     resting orders that have lived their bars are cancelled
17     equity at the close
18     after the last label open positions are sold at their closes, if the options say so
19, 20 margin call and circuit breaker, for the next label
21     trailing stops move
23     the strategy decides; after the last label its decisions are dropped
====== ===============================================================================================

Step 22, regimes and models, reaches the simulator as the size multiplier of a close and as the gate of entries.

Where the order of events inside a bar is unknown, the one that is worse for the account is taken. Prices are compared
with levels exactly, because levels are rounded; a fill with the buying power to 1e-12 of what it
needs, or a billionth of a unit of money; any other two amounts within 1e-9 of each other, relative, are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.execution.account import ZERO, Account
from investiq.execution.actions import Actions, Carrying
from investiq.execution.controls import Controls
from investiq.execution.decimals import ARITHMETIC, exact
from investiq.execution.desk import Desk
from investiq.execution.drafting import Drafting, Gate
from investiq.execution.fills import OrderFees
from investiq.execution.labels import Label
from investiq.execution.market_orders import MarketOrders
from investiq.execution.options import RunOptions
from investiq.execution.orders_book import Book
from investiq.execution.outcome import AccountState, Simulation
from investiq.execution.price_bars import PriceBar
from investiq.execution.protection import Protection
from investiq.execution.rebalancing import Rebalancing
from investiq.execution.resting import Resting
from investiq.execution.round_trips import RoundTrip, round_trips
from investiq.execution.sizing import posting_of

__all__ = ["Simulator"]


class Simulator:
    """An account that is fed label by label.

    Give it the bars of a label, then the decisions taken on its close, then the
    next label. It cannot look ahead: what it does in a label follows from that
    label and from what came before.

    Parameters
    ----------
    options : RunOptions
    symbols : str or sequence of str
        The only symbol, or all of them, ascending.
    gate : callable, optional
        Takes an `AccountState` of the prior close and answers whether entries
        may follow, or a factor in [0, 1] of their size.

    Attributes
    ----------
    account : Account
        Cash, positions, fills and log so far.
    book : Book
        Orders that wait.

    Examples
    --------
    >>> from datetime import date
    >>> from investiq.execution.costs import Costs
    >>> simulator = Simulator(RunOptions(weight=0.5, costs=Costs(commission_rate=0, slippage_bps=0)))
    >>> prices = dict(open=Decimal(100), high=Decimal(101), low=Decimal(99), close=Decimal(100))
    >>> simulator.on_bar(PriceBar(ts=date(2024, 1, 1), **prices))
    >>> simulator.decide(Signal(bar=0, side="buy"))
    >>> simulator.on_bar(PriceBar(ts=date(2024, 1, 2), **prices))
    >>> simulator.account.quantity(""), simulator.account.cash
    (Decimal('500'), Decimal('50000'))
    """

    def __init__(self, options: RunOptions, symbols: str | Sequence[str] = "", *, gate: Gate | None = None) -> None:
        self.options = options
        self.symbols = (symbols,) if isinstance(symbols, str) else tuple(symbols)
        self.account = Account(options, self.symbols)
        self.book = Book()
        self._desk = Desk(options, self.account, self.book)
        self._actions = Actions(self._desk)
        self._carrying = Carrying(self._desk)
        self._controls = Controls(self._desk)
        self._protection = Protection(self._desk)
        self._market_orders = MarketOrders(self._desk, self._protection)
        self._rebalancing = Rebalancing(self._desk)
        self._resting = Resting(self._desk)
        self._drafting = Drafting(options, self.account, gate)
        self._decisions: list[Signal] = []
        self._label: Label | None = None
        self._bar = -1
        self._cash: list[Decimal] = []
        self._equity: list[Decimal] = []
        self._receivables: list[Decimal] = []
        self._positions: dict[str, list[Decimal]] = {symbol: [] for symbol in self.symbols}
        self._stale: dict[str, list[bool]] = {symbol: [] for symbol in self.symbols}

    def on_bar(self, bar: PriceBar) -> None:
        """Take the next bar of the only symbol through its steps, up to its close.

        Raises
        ------
        DataError
            If it does not come after the last one.
        """
        session = self._next_session() if bar.session is None else bar.session
        self.on_label(Label(ts=bar.ts, session=session, ends_session=bar.ends_session, bars={self.symbols[0]: bar}))

    def on_label(self, label: Label) -> None:
        """Take the next label through its steps, up to its close.

        Raises
        ------
        DataError
            If it does not come after the last one.
        """
        if self._label is not None and label.ts <= self._label.ts:
            raise DataError(f"bars must ascend, {label.ts} came after {self._label.ts}; sort them and drop duplicates")
        with localcontext(ARITHMETIC):
            self._end_label()
            self._draft(label)
            self._label = label
            self._bar += 1
            self.account.begin(self._bar, label)
            self._desk.begin(label)
            self._carrying.begin(label)
            new = self._drafting.orders
            for order in new:
                self.book.add(order)
            self._actions.step_1_corporate_actions(label, self._rebalancing.targets)
            self._actions.step_2_pay_dates()
            self._carrying.step_3_interest(label)
            self._carrying.step_4_borrow_fee(label)
            self._step_5_note_refused_decisions()
            self._controls.step_6_refuse_entries(new)
            self._market_orders.step_15_cancel_missed_entries()
            self._market_orders.step_15_wait()
            self._protection.step_7_forced_exits_at_open()
            self._protection.step_7_protective_exits_at_open()
            self._market_orders.step_8_exits_at_open()
            self._rebalancing.step_9_trade(self._desk.opens, blocked=self._controls.blocked)
            self._market_orders.step_10_entries_at_open()
            self._resting.step_11_at_open()
            self._resting.step_12_in_bar()
            self._protection.step_13_protective_exits_in_bar()
            self._market_orders.step_13_cancel_idle_exits()
            self._resting.step_16_expire()
            self._step_17_mark()

    def decide(self, signal: Signal) -> None:
        """Take a decision of the last label's close (step 23); it acts from the next label on.

        Raises
        ------
        DataError
            If it is of another bar or of another symbol.
        """
        if signal.bar != self._bar:
            raise DataError(
                f"a decision of bar {signal.bar} came after {self._bar + 1} bars, expected one of bar {self._bar}"
            )
        if signal.symbol not in self.symbols and not (signal.symbol == "" and len(self.symbols) == 1):
            known = ", ".join(map(repr, self.symbols))
            raise DataError(f"a decision on {signal.symbol!r} came to the simulator of {known}")
        self._decisions.append(signal)

    def finish(self) -> Simulation:
        """End the run with the last label given, and return what happened."""
        with localcontext(ARITHMETIC):
            self._step_18_liquidate()
            self._end_label()
            self._step_23_drop_late_decisions()
            trips = self._round_trips()
        return Simulation(
            initial_capital=exact(self.options.initial_capital),
            fills=tuple(self.account.fills),
            cash=tuple(self._cash),
            equity=tuple(self._equity),
            receivables=tuple(self._receivables),
            positions={symbol: tuple(shares) for symbol, shares in self._positions.items()},
            stale={symbol: tuple(flags) for symbol, flags in self._stale.items()},
            cash_flows=tuple(self.account.cash_flows),
            round_trips=trips,
            log=tuple(self.account.log),
        )

    def _draft(self, label: Label) -> None:
        """Fix orders and targets on the account of the prior close, before anything of `label` has happened."""
        previous = self._label
        self._drafting.draft(
            [] if self._controls.is_ruined else self._decisions,
            state=self._state,
            multipliers={} if previous is None else previous.size_multiplier,
            first_session=self._next_session() if previous is not None else label.session,
        )
        if self._controls.is_ruined:
            self._drafting.notes = ["decision dropped: ruin"] * len(self._decisions)
        self._decisions = []
        is_over = self._controls.is_ruined or not self._equity
        self._rebalancing.decide(self._bar + 1, label, None if is_over else self._equity[-1])

    def _step_5_note_refused_decisions(self) -> None:
        for text in self._drafting.notes:
            self.account.note(text)

    def _step_17_mark(self) -> None:
        assert self._label is not None
        bars = self._label.bars
        self.account.marks.update({symbol: bar.close for symbol, bar in bars.items()})
        if self.options.fill == "same_close" and not self._controls.is_ruined:
            self._rebalancing.decide_at_close(self._label)
            closes = {symbol: bar.close for symbol, bar in bars.items()}
            self._rebalancing.step_9_trade(closes, blocked=self._controls.blocked)
        self._equity.append(ZERO)
        self._cash.append(ZERO)
        self._receivables.append(ZERO)
        for symbol in self.symbols:
            self._stale[symbol].append(symbol not in bars)
            self._positions[symbol].append(ZERO)
        self._record()

    def _step_18_liquidate(self) -> None:
        if self.options.end != "liquidate" or self._label is None:
            return
        for position in self.account.held():
            venue = self._desk.venue(position.symbol, position.exit_side, self.account.marks[position.symbol])
            self.account.fill(position.symbol, abs(position.quantity), venue, OrderFees(), "end_of_data")
            self._desk.closed(position)
        self._record()

    def _end_label(self) -> None:
        """Take steps 19 to 21 of the last label, once it is known whether anything follows."""
        if self._label is None:
            return
        self._controls.step_19_margin(self._equity[-1])
        self._controls.step_20_circuit_breaker(self._equity[-1])
        self._desk.learn(self._label)
        self._step_21_ratchet()
        self._carrying.remember()

    def _step_21_ratchet(self) -> None:
        for position in self.account.held():
            bar = self._desk.traded.get(position.symbol)
            if bar is not None:
                self._desk.levels.ratchet(position, bar, self._bar, self._desk.atr.get(position.symbol))

    def _step_23_drop_late_decisions(self) -> None:
        for _ in self._decisions:
            self.account.note("signal after last bar: dropped")
        self._decisions = []

    def _record(self) -> None:
        """Write the account into the last point of the series."""
        self._cash[-1], self._equity[-1] = self.account.cash, self.account.equity()
        self._receivables[-1] = self.account.due()
        for symbol in self.symbols:
            self._positions[symbol][-1] = self.account.quantity(symbol)

    def _next_session(self) -> int:
        """Return the first session in which a decision of the last label can fill."""
        return 0 if self._label is None else self._label.session + self._label.ends_session

    def _state(self) -> AccountState:
        return AccountState(
            bar=self._bar,
            equity=self._equity[-1],
            cash=self.account.cash,
            positions={symbol: self.account.quantity(symbol) for symbol in self.symbols},
            round_trips=self._round_trips(),
        )

    def _round_trips(self) -> tuple[RoundTrip, ...]:
        return round_trips(self.account.fills, posting_of(self.options), splits=self._actions.splits, allow_short=True)
