"""What a strategy decided on bars, in the form that `running.simulate` takes, and parts of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

from investiq.backtesting.decisions import Decisions, from_codes
from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.strategies.base import Strategy

__all__ = ["Plan", "check_signal_bars", "part_of", "plan_of", "resumed"]

# One code per bar where that says it all, else the orders with their sizes and prices.
Plan: TypeAlias = Decisions | tuple[Signal, ...]


def plan_of(strategy: Strategy, bars: Bars) -> Plan:
    """Return what `strategy` decides on `bars`."""
    kind = type(strategy)
    is_plain = (
        kind.signals is Strategy.signals and kind.sizes is Strategy.sizes and kind.confidences is Strategy.confidences
    )
    return from_codes(strategy.decide(bars), len(bars)) if is_plain else _signals_of(strategy, bars)


def _signals_of(strategy: Strategy, bars: Bars) -> tuple[Signal, ...]:
    """Return the orders of a strategy, refused where one is no order."""
    signals = tuple(strategy.signals(bars))
    for signal in signals:
        if not isinstance(signal, Signal):
            raise DataError(
                f"signals() of {strategy.name} returned a {type(signal).__name__}, {signal!r:.80}, among its orders; return "
                'a list of iq.Signal(bar=..., side="buy" or "sell")'
            )
    return signals


def check_signal_bars(strategy: Strategy, signals: Sequence[Signal], n_bars: int) -> None:
    """Refuse an order of a bar that is not there.

    Raises
    ------
    DataError
        With the bar and the number of bars.
    """
    for signal in signals:
        if not 0 <= signal.bar < n_bars:
            raise DataError(
                f"{strategy.name} gave a signal for bar {signal.bar}, and there are {n_bars} bars, 0 to {n_bars - 1}; "
                "a signal bears the number of the bar at whose close it was decided"
            )


def part_of(plan: Plan, first: int, end: int, acts_from: int) -> Plan:
    """Return the plan of the bars ``[first, end)``, without what was decided before `acts_from`.

    Decisions read their own past only, so they are what a trader of that stretch
    would have had.
    """
    if isinstance(plan, Decisions):
        codes = plan.codes[first:end].copy()
        codes[: max(acts_from - first, 0)] = 0
        return from_codes(codes, codes.size)
    kept = (signal for signal in plan if max(first, acts_from) <= signal.bar < end)
    return tuple(dataclasses.replace(signal, bar=signal.bar - first) for signal in kept)


def resumed(plan: Plan, bars: Bars, at: int, held: float, options: RunOptions) -> Plan:
    """Return the plan with an entry at bar `at` for the position that it holds there.

    A rule that decides on the rising edge says nothing while it holds, so an account
    that begins at `at` would miss what it stands in. The entry goes to the market with
    the size and the levels of the last one; a decision to close leaves nothing to do.

    Parameters
    ----------
    plan : Plan
        Of all the bars.
    bars : Bars
    at : int
    held : float
        Shares at the close of `at`, negative for a short.
    options : RunOptions
    """
    if held == 0:
        return plan
    side = 1 if held > 0 else -1
    # What only closes the position would open the other one in an account that holds nothing.
    closes_only = options.allow_short and not options.reverse
    if isinstance(plan, Decisions):
        codes = plan.codes.copy()
        if codes[at] == 0:
            codes[at] = side
        elif codes[at] == -side and closes_only:
            codes[at] = 0
        return from_codes(codes, codes.size)
    word, other = ("buy", "sell") if side > 0 else ("sell", "buy")
    now = {signal.side for signal in plan if signal.bar == at}
    if other in now:
        return tuple(each for each in plan if each.bar != at or each.side != other) if closes_only else plan
    last = [each for each in plan if each.bar <= at and each.side == word]
    return plan if now or not last else _inserted(plan, _again(last[-1], bars, at))


def _again(signal: Signal, bars: Bars, at: int) -> Signal:
    """Return an entry as a market order of bar `at`, in prices and shares after the splits since then."""
    split = float(bars.split_factor[signal.bar] / bars.split_factor[at])
    stop, target = signal.stop_loss_price, signal.take_profit_price
    return dataclasses.replace(
        signal,
        bar=at,
        order_type="market",
        limit_price=None,
        stop_price=None,
        expiry=None,
        quantity=None if signal.quantity is None else signal.quantity / split,
        stop_loss_price=None if stop is None else stop * split,
        take_profit_price=None if target is None else target * split,
    )


def _inserted(plan: tuple[Signal, ...], signal: Signal) -> tuple[Signal, ...]:
    place = sum(each.bar <= signal.bar for each in plan)
    return (*plan[:place], signal, *plan[place:])
