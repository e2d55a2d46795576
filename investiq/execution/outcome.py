"""What a simulated run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from investiq.core.errors import DataError
from investiq.core.orders import Fill
from investiq.execution.round_trips import RoundTrip

__all__ = ["AccountState", "CashFlow", "FlowKind", "LogEvent", "Simulation"]

FlowKind = Literal["dividend", "cash_in_lieu", "interest", "debit_interest", "borrow_fee"]


class LogEvent(NamedTuple):
    """What became of a signal or an order, other than a fill."""

    bar: int
    text: str


class CashFlow(NamedTuple):
    """Money that came or went without a fill; negative where it went, without symbol where it belongs to none."""

    bar: int
    kind: FlowKind
    symbol: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class AccountState:
    """What an entry gate may know: the account at a close, with the trades closed by then."""

    bar: int
    equity: Decimal
    cash: Decimal
    positions: Mapping[str, Decimal]
    round_trips: tuple[RoundTrip, ...]


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What a run did. Series have one value per bar, at its close; before bar 0 the account held `initial_capital`.

    Attributes
    ----------
    initial_capital : Decimal
    fills : tuple of Fill
    cash, equity, receivables : tuple of Decimal
        USD. Equity is cash + positions x last close + receivables, not rounded.
    positions : mapping of str to tuple of Decimal
        Shares by symbol, negative for shorts.
    stale : mapping of str to tuple of bool
        Whether the symbol had no bar, so that its mark is an earlier close.
    cash_flows : tuple of CashFlow
        Every posting that is not a fill.
    round_trips : tuple of RoundTrip
        Those closed.
    log : tuple of LogEvent
    """

    initial_capital: Decimal
    fills: tuple[Fill, ...]
    cash: tuple[Decimal, ...]
    equity: tuple[Decimal, ...]
    receivables: tuple[Decimal, ...]
    positions: Mapping[str, tuple[Decimal, ...]]
    stale: Mapping[str, tuple[bool, ...]]
    cash_flows: tuple[CashFlow, ...]
    round_trips: tuple[RoundTrip, ...]
    log: tuple[LogEvent, ...]

    @property
    def position(self) -> tuple[Decimal, ...]:
        """Shares of the only symbol.

        Raises
        ------
        DataError
            If there are several; see `positions`.
        """
        if len(self.positions) != 1:
            raise DataError(f"the run has {len(self.positions)} symbols, expected one; use positions[symbol]")
        return next(iter(self.positions.values()))
