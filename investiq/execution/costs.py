"""What trading costs: commission and slippage. No cost is zero unless the caller writes the zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

from investiq.core.errors import ConfigError
from investiq.execution.option_checks import check_types

__all__ = ["Costs", "MarketImpact", "PerShareFees"]


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
    maximum_rate : float
        Greatest fee of an order as a share of its traded value; 0 means none.

    Examples
    --------
    >>> PerShareFees(tiers=((800, 0.005), (float("inf"), 0.003)), minimum_usd=1.0).tiers[0]
    (800, 0.005)
    """

    tiers: tuple[tuple[float, float], ...] = ((math.inf, 0.005),)
    minimum_usd: float = 0.0
    maximum_usd: float = 0.0
    maximum_rate: float = 0.0

    def __post_init__(self) -> None:
        check_types(self)
        thresholds = [threshold for threshold, _ in self.tiers]
        if not thresholds or thresholds != sorted(set(thresholds)) or thresholds[-1] != math.inf:
            raise ConfigError(f"tier thresholds must ascend and end with infinity, were {thresholds}")
        if thresholds[0] <= 0 or any(not rate >= 0 for _, rate in self.tiers):
            raise ConfigError(f"tier thresholds must be positive and rates >= 0, were {self.tiers}")
        if not self.minimum_usd >= 0 or not self.maximum_usd >= 0:
            raise ConfigError(
                f"minimum_usd and maximum_usd must be >= 0, were {self.minimum_usd} and {self.maximum_usd}"
            )
        if not 0 <= self.maximum_rate < 1:
            raise ConfigError(f"maximum_rate must lie in [0, 1) as a fraction, was {self.maximum_rate}")


@dataclass(frozen=True, kw_only=True)
class MarketImpact:
    """The square-root law of market impact [1]_.

    A fill of q shares moves its price against the trader by the fraction
    ``coefficient x sigma x sqrt(q / ADV)``. Daily volatility sigma (ddof 1, of
    close-to-close returns) and average daily volume ADV are those of the
    `window` sessions that end with the bar before.

    Attributes
    ----------
    coefficient : float, default 1.0
        Y of the law, of the order of one.
    window : int, default 20
        Sessions behind sigma and ADV.
    permanent_share : float, default 0.6
        Share of the impact that is reported as permanent; later prices are not changed.

    References
    ----------
    .. [1] Toth, B. et al. (2011). Anomalous price impact and the critical nature
       of liquidity in financial markets. Physical Review X 1, 021006.

    Examples
    --------
    >>> MarketImpact().fraction(0.02, quantity=10_000, average_volume=1_000_000)
    0.002
    """

    coefficient: float = 1.0
    window: int = 20
    permanent_share: float = 0.6

    def __post_init__(self) -> None:
        check_types(self)
        if not (self.coefficient >= 0 and math.isfinite(self.coefficient)):
            raise ConfigError(f"coefficient must be >= 0, was {self.coefficient}")
        if self.window < 2:
            raise ConfigError(f"window must be at least 2 sessions, was {self.window}")
        if not 0 <= self.permanent_share <= 1:
            raise ConfigError(f"permanent_share must lie in [0, 1], was {self.permanent_share}")

    def fraction(self, volatility: float, *, quantity: float, average_volume: float) -> float:
        """Return the impact as a fraction of the price; 0.002 is 20 basis points."""
        return self.coefficient * volatility * math.sqrt(quantity / average_volume)


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
    sell_fee_rate : float, default 0
        Regulatory fee on sales, as a share of the traded value, on top of the commission.
    impact : MarketImpact, optional
        Added to the slippage of market and stop fills.

    Examples
    --------
    >>> Costs(commission_rate=0.001, slippage_bps=5).slippage_rate
    0.0005
    """

    commission_rate: float = 0.001
    slippage_bps: float = 5.0
    per_share: PerShareFees | None = None
    sell_fee_rate: float = 0.0
    impact: MarketImpact | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if not 0 <= self.sell_fee_rate < 1:
            raise ConfigError(f"sell_fee_rate must lie in [0, 1) as a fraction, was {self.sell_fee_rate}")
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
