"""Signals and fills: data only. Money is `Decimal` here, as everywhere that an account is touched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, get_args

from investiq.core.errors import DataError

__all__ = ["EXIT_REASONS", "ExitReason", "Fill", "FillReason", "OrderType", "Side", "Signal"]

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop", "stop_limit"]
FillReason = Literal[
    "signal",
    "stop",
    "stop_gap",
    "target",
    "target_gap",
    "end_of_data",
    "limit",
    "limit_gap",
    "stop_entry",
    "signal_carried",
    "rebalance",
    "circuit_breaker",
    "margin_call",
    "delisted",
    "trail",
    "trail_gap",
    "time",
    "reversal",
    "stop_carried",
]
ExitReason = Literal[
    "signal",
    "signal_cover",
    "reversal",
    "stop_loss",
    "trailing_stop",
    "take_profit",
    "rebalance",
    "circuit_breaker",
    "margin_call",
    "expiry",
    "delisted",
    "end_of_data",
]

# Of a long position; an exit of a short on a signal is a "signal_cover".
EXIT_REASONS: Final[dict[FillReason, ExitReason]] = {
    "signal": "signal",
    "signal_carried": "signal",
    "reversal": "reversal",
    "stop": "stop_loss",
    "stop_gap": "stop_loss",
    "stop_carried": "stop_loss",
    "stop_entry": "stop_loss",
    "trail": "trailing_stop",
    "trail_gap": "trailing_stop",
    "target": "take_profit",
    "target_gap": "take_profit",
    "limit": "take_profit",
    "limit_gap": "take_profit",
    "time": "expiry",
    "rebalance": "rebalance",
    "circuit_breaker": "circuit_breaker",
    "margin_call": "margin_call",
    "delisted": "delisted",
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
    order_type : {"market", "limit", "stop", "stop_limit"}
        A market order fills at the next open; the others rest from the next bar on.
    limit_price, stop_price : float, optional
        Prices of a resting order: the limit of a limit or stop-limit order, the
        trigger of a stop or stop-limit order.
    expiry : int, optional
        Bars in which a resting order is live; by default the run's `limit_expiry`.
    stop_loss_price, take_profit_price : float, optional
        Protective levels of the position that the order opens, as prices: a bracket.
        They take the place of the run's fixed stop and target.
    weight, quantity, notional : float, optional
        Size of an entry, at most one of them: share of equity, shares, or money;
        by default the run's `weight`.
    reason : str
        Words of the strategy, for the log.

    Raises
    ------
    DataError
        If a value is out of range, or a price does not go with the order type.
    """

    bar: int
    side: Side
    confidence: float = 1.0
    symbol: str = ""
    order_type: OrderType = "market"
    limit_price: float | None = None
    stop_price: float | None = None
    expiry: int | None = None
    stop_loss_price: float | None = None
    take_profit_price: float | None = None
    weight: float | None = None
    quantity: float | None = None
    notional: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.bar < 0:
            raise DataError(f"bar counts from 0, was {self.bar}")
        if self.side not in get_args(Side):
            raise DataError(f"side must be 'buy' or 'sell', was {self.side!r}")
        if not 0 <= self.confidence <= 1:
            raise DataError(f"confidence must lie in [0, 1], was {self.confidence}")
        if self.order_type not in (known := get_args(OrderType)):
            raise DataError(f"order_type must be one of {', '.join(map(repr, known))}, was {self.order_type!r}")
        self._check_prices()
        if self.expiry is not None and self.expiry < 1:
            raise DataError(f"expiry must be at least 1 bar, was {self.expiry}")
        sizes = {name: getattr(self, name) for name in ("weight", "quantity", "notional")}
        given = {name: size for name, size in sizes.items() if size is not None}
        if len(given) > 1:
            raise DataError(f"an entry has one size; were {' and '.join(f'{k}={v}' for k, v in given.items())}")
        for name, size in given.items():
            if not (size > 0 and math.isfinite(size)):
                raise DataError(f"{name} must be positive, was {size}; use the side for the direction")

    def _check_prices(self) -> None:
        for name in ("limit_price", "stop_price", "stop_loss_price", "take_profit_price"):
            price = getattr(self, name)
            if price is not None and not (price > 0 and math.isfinite(price)):
                raise DataError(f"{name} must be a positive price, was {price}")
        needed = {
            "market": (False, False),
            "limit": (True, False),
            "stop": (False, True),
            "stop_limit": (True, True),
        }[self.order_type]
        if (self.limit_price is not None, self.stop_price is not None) != needed:
            raise DataError(
                f"a {self.order_type} order needs {'a' if needed[0] else 'no'} limit_price and "
                f"{'a' if needed[1] else 'no'} stop_price, were {self.limit_price} and {self.stop_price}; "
                "protective levels of a position are stop_loss_price and take_profit_price"
            )
        stop, target = self.stop_loss_price, self.take_profit_price
        if stop is not None and target is not None and not (stop < target if self.side == "buy" else target < stop):
            raise DataError(
                f"stop_loss_price {stop} and take_profit_price {target} are on the wrong sides of a {self.side}: "
                f"expected the stop {'below' if self.side == 'buy' else 'above'} the target"
            )


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
        Per share, slippage and impact included, not rounded.
    fee : Decimal
        As posted to cash.
    reason : str
        Why, one of `FillReason`; the gap reasons are fills at an open that lay at
        or beyond the level, the carried ones what was left of an earlier bar.
    slippage : Decimal
        Money lost to slippage, >= 0, not rounded; without `impact`.
    symbol : str
    impact : Decimal
        Money lost to market impact, >= 0, not rounded.
    is_ambiguous : bool
        Whether stop and target both lay inside the bar, so that its order of
        events decided.
    """

    bar: int
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    reason: FillReason
    slippage: Decimal
    symbol: str = ""
    impact: Decimal = Decimal(0)
    is_ambiguous: bool = False
