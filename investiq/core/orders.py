"""Orders and fills: data only. Money is `Decimal` here, as everywhere that an account is touched."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["ExitReason", "Fill", "FillReason", "Side", "Signal"]

Side = Literal["buy", "sell"]
FillReason = Literal["signal", "stop", "stop_gap", "target", "target_gap", "end_of_data"]
ExitReason = Literal["signal", "stop_loss", "take_profit", "end_of_data"]


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
    """

    bar: int
    side: Side
    confidence: float = 1.0
    symbol: str = ""


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
        Per share, slippage included.
    fee : Decimal
    reason : str
        ``"signal"``, ``"stop"``, ``"stop_gap"``, ``"target"``, ``"target_gap"`` or ``"end_of_data"``.
    slippage : Decimal
        Money lost to slippage, >= 0.
    """

    bar: int
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    reason: FillReason
    slippage: Decimal
    symbol: str = ""
