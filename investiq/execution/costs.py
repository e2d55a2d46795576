"""What trading costs: commission and slippage. No cost is zero unless the caller writes the zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

from investiq.core.errors import ConfigError

__all__ = ["Costs", "PerShareFees"]


@dataclass(frozen=True, kw_only=True)
class PerShareFees:
    """A tiered commission per share; tiers are marginal on the calendar month's cumulative shares.

    Attributes
    ----------
    tiers : tuple of (float, float)
        Pairs (shares a month up to which the rate holds, rate in USD per
        share); the last threshold is infinite.
    minimum_usd : float
        Least fee of an order, counted once.
    maximum_usd : float
        Greatest fee of an order; 0 means none.

    Examples
    --------
    >>> PerShareFees(tiers=((800, 0.005), (float("inf"), 0.003)), minimum_usd=1.0).tiers[0]
    (800, 0.005)
    """

    tiers: tuple[tuple[float, float], ...] = ((math.inf, 0.005),)
    minimum_usd: float = 0.0
    maximum_usd: float = 0.0

    def __post_init__(self) -> None:
        thresholds = [threshold for threshold, _ in self.tiers]
        if not thresholds or thresholds != sorted(set(thresholds)) or thresholds[-1] != math.inf:
            raise ConfigError(f"tier thresholds must ascend and end with infinity, were {thresholds}")
        if thresholds[0] <= 0 or any(not rate >= 0 for _, rate in self.tiers):
            raise ConfigError(f"tier thresholds must be positive and rates >= 0, were {self.tiers}")
        if not self.minimum_usd >= 0 or not self.maximum_usd >= 0:
            raise ConfigError(
                f"minimum_usd and maximum_usd must be >= 0, were {self.minimum_usd} and {self.maximum_usd}"
            )


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Commission and slippage of a run.

    Attributes
    ----------
    commission_rate : float, default 0.001
        Share of the traded value, on each fill. Not used when `per_share` is given.
    slippage_bps : float, default 5
        Against the trader on market and stop fills, in basis points of the raw price.
    per_share : PerShareFees, optional
        A tiered fee per share instead of the rate.

    Examples
    --------
    >>> Costs(commission_rate=0.001, slippage_bps=5).slippage_rate
    0.0005
    """

    commission_rate: float = 0.001
    slippage_bps: float = 5.0
    per_share: PerShareFees | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.commission_rate < 1:
            raise ConfigError(
                f"commission_rate must lie in [0, 1) as a fraction (0.001 is 0.1 %), was {self.commission_rate}"
            )
        if not 0 <= self.slippage_bps < 10_000:
            raise ConfigError(f"slippage_bps must lie in [0, 10000) basis points, was {self.slippage_bps}")

    @property
    def slippage_rate(self) -> float:
        """Slippage as a fraction."""
        return self.slippage_bps / 10_000

    def describe(self) -> str:
        """Return the cost model in one line."""
        if self.per_share is None:
            fee = f"{self.commission_rate * 100:g} % commission"
        else:
            rates = ", ".join(f"{rate:g}" for _, rate in self.per_share.tiers)
            fee = f"{rates} USD per share commission (minimum {self.per_share.minimum_usd:g} USD)"
        return f"{fee}, {self.slippage_bps:g} bps slippage, each side"
