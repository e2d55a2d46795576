"""The options of a run: every choice of the bar semantics that a user can make, recorded with the result."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal

from investiq.core.errors import ConfigError
from investiq.execution.costs import Costs

__all__ = ["FRACTIONAL_LOT", "RunOptions"]

FRACTIONAL_LOT: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How signals become fills.

    Attributes
    ----------
    initial_capital : float, default 100,000
        Starting cash, USD.
    weight : float, default 0.10
        Share of equity that an entry is sized to, in (0, 1].
    size_at : {"prior_close", "open"}, default "prior_close"
        Equity and price that fix the quantity: those of the deciding close, or
        those of the open that is traded (a notional order).
    lot : float or None, default 1
        Quantities are floored to it; 1e-6 for fractional shares, None for no rounding.
    posting_rounding : float or None, default 0.01
        Every cash amount is rounded half-even to it.
    level_rounding : float or None, default 1e-6
        Stop and target prices are rounded to it.
    stop_loss, take_profit : float or None
        Distance from the entry fill as a fraction of it, slippage included.
    insufficient : {"reduce", "reject"}, default "reduce"
        What happens to an entry that cash does not cover.
    limit_fill : {"through", "touch"}, default "through"
        Whether a target must be traded through, or only touched.
    confidence_threshold : float, default 0.5
        Signals below it are dropped; equality passes.
    zero_volume : {"no_fill", "ignore"}, default "no_fill"
        Whether a bar with zero volume can fill an order.
    end : {"liquidate", "mark"}, default "liquidate"
        Whether an open position is sold at the last close.
    costs : Costs

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    initial_capital: float = 100_000.0
    weight: float = 0.10
    size_at: Literal["prior_close", "open"] = "prior_close"
    lot: float | None = 1.0
    posting_rounding: float | None = 0.01
    level_rounding: float | None = 1e-6
    stop_loss: float | None = None
    take_profit: float | None = None
    insufficient: Literal["reduce", "reject"] = "reduce"
    limit_fill: Literal["through", "touch"] = "through"
    confidence_threshold: float = 0.5
    zero_volume: Literal["no_fill", "ignore"] = "no_fill"
    end: Literal["liquidate", "mark"] = "liquidate"
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        if not (self.initial_capital > 0 and math.isfinite(self.initial_capital)):
            raise ConfigError(f"initial_capital must be a positive amount, was {self.initial_capital}")
        if not 0 < self.weight <= 1:
            raise ConfigError(f"weight must lie in (0, 1] (1.0 is all of the equity), was {self.weight}")
        for name in ("lot", "posting_rounding", "level_rounding"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"{name} must be positive, or None for no rounding, was {value}")
        if self.stop_loss is not None and not 0 < self.stop_loss < 1:
            raise ConfigError(f"stop_loss must lie in (0, 1) as a fraction (0.05 is 5 %), was {self.stop_loss}")
        if self.take_profit is not None and not (self.take_profit > 0 and math.isfinite(self.take_profit)):
            raise ConfigError(f"take_profit must be positive as a fraction (0.10 is 10 %), was {self.take_profit}")
        if not 0 <= self.confidence_threshold <= 1:
            raise ConfigError(f"confidence_threshold must lie in [0, 1], was {self.confidence_threshold}")
        self._choice("size_at", ("prior_close", "open"))
        self._choice("insufficient", ("reduce", "reject"))
        self._choice("limit_fill", ("through", "touch"))
        self._choice("zero_volume", ("no_fill", "ignore"))
        self._choice("end", ("liquidate", "mark"))

    def _choice(self, name: str, known: tuple[str, ...]) -> None:
        if getattr(self, name) not in known:
            raise ConfigError(
                f"{name} must be {' or '.join(repr(word) for word in known)}, was {getattr(self, name)!r}"
            )
