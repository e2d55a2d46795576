"""The bar semantics, bar by bar in exact decimals: how decisions become fills.

`Simulator` takes one bar at a time and knows nothing of the next; `simulate` runs it over a whole series. Each bar
passes through numbered steps in a fixed order, each a method of that number. The numbers between belong to features
that this simulator does not have: corporate actions (1, 2), interest (3), borrowing (4), halts (6, 20), rebalancing
(9), resting orders (11, 12, 16), margin (19), trailing stops (21) and regimes (22).

===== ================================================================================================
step  what happens
===== ================================================================================================
5     decisions of the prior close become orders; size and role were fixed there
15    entries whose last session had no bar are cancelled
7     stops and targets at or beyond which the open lies
8     exits on signals, at the open
10    entries, at the open, as far as cash pays for them
13-14 stops and targets inside the bar, the stop first; the bar of the entry counts
15    no volume, no fill: orders and levels wait, instead of steps 7 to 14
17    equity at the close
18    after the last bar an open position is sold at its close, if the options say so
23    the strategy decides; after the last bar its decisions are dropped
===== ================================================================================================

Where the order of events inside a bar is unknown, the one that is worse for the account is taken. Prices are compared
with levels exactly, because levels are rounded; any other two amounts within 1e-9 of each other, relative, are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Literal

from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.execution.account import Account
from investiq.execution.decimals import ARITHMETIC, exact, is_above
from investiq.execution.options import RunOptions
from investiq.execution.outcome import LogEvent, Simulation
from investiq.execution.price_bars import PriceBar, price_bars
from investiq.execution.round_trips import round_trips
from investiq.execution.sessions import ENTRY_SESSIONS
from investiq.execution.sizing import posting_of, wanted_quantity
from investiq.history.bars import Bars

__all__ = ["Simulator", "simulate"]


@dataclass(kw_only=True)
class MarketOrder:
    """An order for the next open. An exit is for the whole position; an entry without a quantity is sized at the open.

    An entry that has not filled by the close of `last_session` is cancelled; an exit waits until it fills.
    """

    role: Literal["entry", "exit"]
    quantity: Decimal | None = None
    confidence: float = 1.0
    last_session: int = 0


class Simulator:
    """An account in one symbol, long only, that is fed bar by bar.

    Give it a bar, then the decisions taken on that bar's close, then the next
    bar. It cannot look ahead: what it does in a bar follows from that bar and
    from what came before.

    Parameters
    ----------
    options : RunOptions
    symbol : str

    Attributes
    ----------
    account : Account
        Cash, position and fills so far.
    orders : list of MarketOrder
        Those that wait for a bar with volume.
    log : list of LogEvent

    Examples
    --------
    >>> from datetime import date
    >>> from investiq.execution.costs import Costs
    >>> simulator = Simulator(RunOptions(weight=0.5, costs=Costs(commission_rate=0, slippage_bps=0)))
    >>> prices = dict(open=Decimal(100), high=Decimal(101), low=Decimal(99), close=Decimal(100))
    >>> simulator.on_bar(PriceBar(ts=date(2024, 1, 1), **prices))
    >>> simulator.decide(Signal(bar=0, side="buy"))
    >>> simulator.on_bar(PriceBar(ts=date(2024, 1, 2), **prices))
    >>> simulator.account.quantity, simulator.account.cash
    (Decimal('500'), Decimal('50000'))
    """

    def __init__(self, options: RunOptions, symbol: str = "") -> None:
        self.options = options
        self.account = Account(options, symbol)
        self.orders: list[MarketOrder] = []
        self.log: list[LogEvent] = []
        self._decisions: list[Signal] = []
        self._bars: list[PriceBar] = []
        self._cash: list[Decimal] = []
        self._equity: list[Decimal] = []
        self._position: list[Decimal] = []
        self._session = 0
        self._first_session = 0

    def on_bar(self, bar: PriceBar) -> None:
        """Take the next bar through its steps, up to its close.

        Raises
        ------
        DataError
            If it does not come after the last one.
        """
        if self._bars and bar.ts <= self._bars[-1].ts:
            raise DataError(f"bars must ascend, {bar.ts} came after {self._bars[-1].ts}; sort them and drop duplicates")
        # A decision of the prior close could first fill in the session that held more bars, or in the next.
        self._first_session = self._session + (self._bars[-1].ends_session if self._bars else 0)
        self._session = self._first_session if bar.session is None else bar.session
        self._bars.append(bar)
        with localcontext(ARITHMETIC):
            self.account.begin(self._index, bar.ts)
            self._step_5_new_orders()
            self._step_15_cancel_missed_entries()
            if self._has_trades(bar):
                self._step_7_protective_exit_at_open(bar)
                self._step_8_signal_exits_at_open(bar)
                self._step_10_entries_at_open(bar)
                self._step_13_protective_exit_in_bar(bar)
            else:
                self._step_15_wait(bar)
            self._step_17_mark(bar)

    def decide(self, signal: Signal) -> None:
        """Take a decision of the last bar's close (step 23); it acts from the next bar on.

        Raises
        ------
        DataError
            If it is of another bar or of another symbol.
        """
        if signal.bar != self._index:
            raise DataError(
                f"a decision of bar {signal.bar} came after {len(self._bars)} bars, expected one of bar {self._index}"
            )
        if signal.symbol not in ("", self.account.symbol):
            raise DataError(f"a decision on {signal.symbol!r} came to the simulator of {self.account.symbol!r}")
        self._decisions.append(signal)

    def finish(self) -> Simulation:
        """End the run with the last bar given, and return what happened."""
        with localcontext(ARITHMETIC):
            self._step_18_liquidate()
            self._step_23_drop_late_decisions()
        return Simulation(
            initial_capital=exact(self.options.initial_capital),
            fills=tuple(self.account.fills),
            cash=tuple(self._cash),
            equity=tuple(self._equity),
            position=tuple(self._position),
            round_trips=round_trips(self.account.fills, posting_of(self.options)),
            log=tuple(self.log),
        )

    def _step_5_new_orders(self) -> None:
        signals = [signal for signal in self._decisions if self._passes_the_gate(signal)]
        self._decisions = []
        is_flat = self.account.position is None
        if {signal.side for signal in signals} == {"buy", "sell"}:
            self._note("conflicting signals: both dropped" if is_flat else "conflicting signals: exit kept")
            signals = [] if is_flat else [signal for signal in signals if signal.side == "sell"]
        for signal in signals:
            if signal.side == "sell" and is_flat:
                self._note("short disabled: ignored")
            elif signal.side == "sell":
                self.orders.append(MarketOrder(role="exit"))
            elif is_flat:
                self._order_entry(signal)

    def _step_7_protective_exit_at_open(self, bar: PriceBar) -> None:
        position = self.account.position
        if position is None:
            return
        if position.stop is not None and bar.open <= position.stop:
            self.account.sell_at_market(bar.open, "stop_gap")
        elif position.target is not None and self._fills_target(bar.open, position.target):
            self.account.sell_at_limit(bar.open, "target_gap")

    def _step_8_signal_exits_at_open(self, bar: PriceBar) -> None:
        exits = [order for order in self.orders if order.role == "exit"]
        self.orders = [order for order in self.orders if order.role == "entry"]
        for _ in exits:
            if self.account.position is None:
                self._note("exit order cancelled: already flat")
            else:
                self.account.sell_at_market(bar.open, "signal")

    def _step_10_entries_at_open(self, bar: PriceBar) -> None:
        entries, self.orders = self.orders, []
        for order in sorted(entries, key=lambda entry: -entry.confidence):
            if self.account.position is not None:
                self._note("entry order cancelled: already in position")
            else:
                self._enter(order, bar)

    def _step_13_protective_exit_in_bar(self, bar: PriceBar) -> None:
        position = self.account.position
        if position is None:
            return
        if position.stop is not None and bar.low <= position.stop:
            # The open is the lower one only in the bar of the entry, when slippage is wider than the stop's distance.
            self.account.sell_at_market(min(position.stop, bar.open), "stop")
        elif position.target is not None and self._fills_target(bar.high, position.target):
            self.account.sell_at_limit(position.target, "target")

    def _step_15_cancel_missed_entries(self) -> None:
        waiting = [order for order in self.orders if order.role == "exit" or order.last_session >= self._session]
        for _ in range(len(self.orders) - len(waiting)):
            self._note("order expired: no bar")
        self.orders = waiting

    def _step_15_wait(self, bar: PriceBar) -> None:
        waiting = []
        for order in self.orders:
            if order.role == "entry" and bar.ends_session and order.last_session == self._session:
                self._note("order expired: no trade")
            else:
                self._note("no trade in bar: order carried")
                waiting.append(order)
        self.orders = waiting

    def _step_17_mark(self, bar: PriceBar) -> None:
        self._cash.append(self.account.cash)
        self._equity.append(self.account.equity_at(bar.close))
        self._position.append(self.account.quantity)

    def _step_18_liquidate(self) -> None:
        if self.options.end == "liquidate" and self.account.position is not None:
            self.account.sell_at_market(self._bars[-1].close, "end_of_data")
            self._cash[-1] = self._equity[-1] = self.account.cash
            self._position[-1] = self.account.quantity

    def _step_23_drop_late_decisions(self) -> None:
        for _ in self._decisions:
            self._note("signal after last bar: dropped")
        self._decisions = []

    @property
    def _index(self) -> int:
        return len(self._bars) - 1

    def _note(self, text: str) -> None:
        self.log.append(LogEvent(self._index, text))

    def _passes_the_gate(self, signal: Signal) -> bool:
        if is_above(exact(self.options.confidence_threshold), exact(signal.confidence)):
            self._note("below threshold")
            return False
        return True

    def _has_trades(self, bar: PriceBar) -> bool:
        return bar.volume != 0 or self.options.zero_volume == "ignore"

    def _fills_target(self, price: Decimal, target: Decimal) -> bool:
        return price > target or (price == target and self.options.limit_fill == "touch")

    def _order_entry(self, signal: Signal) -> None:
        order = MarketOrder(
            role="entry", confidence=signal.confidence, last_session=self._first_session + ENTRY_SESSIONS - 1
        )
        if self.options.size_at == "prior_close":
            order.quantity = wanted_quantity(
                self.options, equity=self._equity[signal.bar], price=self._bars[signal.bar].close
            )
        if order.quantity == 0:
            self._note("entry skipped: below one lot")
        else:
            self.orders.append(order)

    def _enter(self, order: MarketOrder, bar: PriceBar) -> None:
        wanted = order.quantity
        if wanted is None:
            wanted = wanted_quantity(self.options, equity=self.account.equity_at(bar.open), price=bar.open)
            if wanted == 0:
                self._note("entry skipped: below one lot")
                return
        purchase, quantity = self.account.purchase(bar.open), wanted
        if not purchase.is_affordable(wanted):
            quantity = purchase.largest_affordable(wanted) if self.options.insufficient == "reduce" else Decimal(0)
        if quantity == 0:
            self._note("entry rejected: buying power")
        else:
            self.account.buy(quantity, bar.open, "signal")


def simulate(
    bars: Bars | Iterable[PriceBar], signals: Iterable[Signal], options: RunOptions, symbol: str = ""
) -> Simulation:
    """Run signals over bars and return what happened.

    Parameters
    ----------
    bars : Bars or iterable of PriceBar
        As traded.
    signals : iterable of Signal
        In any order; those of one bar keep theirs.
    options : RunOptions
    symbol : str, optional
        Name on the fills; that of `bars` where they have one.

    Raises
    ------
    DataError
        If a signal is of a bar that does not exist, or the bars are adjusted.
    """
    if isinstance(bars, Bars):
        symbol = symbol or bars.symbol
        bars = price_bars(bars)
    by_bar: dict[int, list[Signal]] = {}
    for signal in signals:
        by_bar.setdefault(signal.bar, []).append(signal)
    simulator = Simulator(options, symbol)
    count = 0
    for count, bar in enumerate(bars, start=1):
        simulator.on_bar(bar)
        for signal in by_bar.pop(count - 1, ()):
            simulator.decide(signal)
    if by_bar:
        raise DataError(f"a signal is of bar {max(by_bar)}, but only {count} bars were given, counted from 0; drop it")
    return simulator.finish()
