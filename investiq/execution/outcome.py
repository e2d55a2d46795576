"""What a simulated run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from investiq.core.orders import Fill
from investiq.execution.round_trips import RoundTrip

__all__ = ["LogEvent", "Simulation"]


class LogEvent(NamedTuple):
    """What became of a signal or an order, other than a fill."""

    bar: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What a run did. Series have one value per bar, at its close; before bar 0 the account held `initial_capital`.

    Attributes
    ----------
    initial_capital : Decimal
    fills : tuple of Fill
    cash, equity, position : tuple of Decimal
        USD, USD (cash + position x close, not rounded) and shares.
    round_trips : tuple of RoundTrip
        Those closed.
    log : tuple of LogEvent
    """

    initial_capital: Decimal
    fills: tuple[Fill, ...]
    cash: tuple[Decimal, ...]
    equity: tuple[Decimal, ...]
    position: tuple[Decimal, ...]
    round_trips: tuple[RoundTrip, ...]
    log: tuple[LogEvent, ...]
