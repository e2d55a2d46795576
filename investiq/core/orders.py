"""Signals and fills: data only. Money is `Decimal` here, as everywhere that an account is touched."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from investiq.core.errors import DataError

__all__ = ["EXIT_REASONS", "ExitReason", "Fill", "FillReason", "Side", "Signal"]

Side = Literal["buy", "sell"]
FillReason = Literal["signal", "stop", "stop_gap", "target", "target_gap", "end_of_data"]
ExitReason = Literal["signal", "stop_loss", "take_profit", "end_of_data"]

EXIT_REASONS: Final[dict[FillReason, ExitReason]] = {
    "signal": "signal",
    "stop": "stop_loss",
    "stop_gap": "stop_loss",
    "target": "take_profit",
    "target_gap": "take_profit",
    "end_of_data": "end_of_data",
}


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A decision taken at the close of bar `bar`.

    Attributes
    ----------
    bar : int
        Index of the deciding bar.
    side : {"buy", "sell"}
    confidence : float
        In [0, 1]; executed when at or above the run's threshold.
    symbol : str
        Empty where a run has only one.

    Raises
    ------
    DataError
        If a value is out of range.
    """

    bar: int
    side: Side
    confidence: float = 1.0
    symbol: str = ""

    def __post_init__(self) -> None:
        if self.bar < 0:
            raise DataError(f"bar counts from 0, was {self.bar}")
        if self.side not in ("buy", "sell"):
            raise DataError(f"side must be 'buy' or 'sell', was {self.side!r}")
        if not 0 <= self.confidence <= 1:
            raise DataError(f"confidence must lie in [0, 1], was {self.confidence}")


@dataclass(frozen=True, kw_only=True)
class Fill:
    """One execution.

    Attributes
    ----------
    bar : int
        Index of the bar in which it happened.
    side : {"buy", "sell"}
    quantity : Decimal
        Shares, positive.
    price : Decimal
        Per share, slippage included, not rounded.
    fee : Decimal
        As posted to cash.
    reason : str
        ``"signal"``, ``"stop"``, ``"stop_gap"``, ``"target"``, ``"target_gap"`` or ``"end_of_data"``;
        the gap reasons are fills at an open that lay at or beyond the level.
    slippage : Decimal
        Money lost to slippage, >= 0, not rounded.
    symbol : str
    """

    bar: int
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    reason: FillReason
    slippage: Decimal
    symbol: str = ""
