"""What a fill costs in `Decimal`: the price after slippage and impact, and the fees of an order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from investiq.core.orders import Side
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.decimals import exact

__all__ = ["OrderFees", "Venue", "slipped"]

BASIS_POINTS: Final = 10_000


def slipped(price: Decimal, side: Side, costs: Costs) -> Decimal:
    """Return `price` moved against the trader: up for a buy, down for a sell.

    Examples
    --------
    >>> slipped(Decimal(100), "sell", Costs(slippage_bps=5))
    Decimal('99.9500')
    """
    return _moved(price, side, exact(costs.slippage_bps) / BASIS_POINTS)


def _moved(price: Decimal, side: Side, fraction: Decimal) -> Decimal:
    return price * (1 + fraction) if side == "buy" else price * max(Decimal(0), 1 - fraction)


@dataclass(frozen=True, kw_only=True)
class Venue:
    """Where one order fills: the price that it meets, and what moves it.

    Attributes
    ----------
    costs : Costs
    side : {"buy", "sell"}
    raw : Decimal
        The price before slippage.
    pays_slippage : bool
        Of market and stop orders; a limit does not.
    limit : Decimal or None
        The price that slippage cannot cross, of a stop-limit order.
    tick : Decimal or None
        Prices are rounded to it against the trader.
    volatility, average_volume : Decimal or None
        Of market impact; without them there is none.
    """

    costs: Costs
    side: Side
    raw: Decimal
    pays_slippage: bool = True
    limit: Decimal | None = None
    tick: Decimal | None = None
    volatility: Decimal | None = None
    average_volume: Decimal | None = None

    def price(self, quantity: Decimal) -> Decimal:
        """Return the price per share at which `quantity` shares fill."""
        price = self.raw
        if self.pays_slippage:
            rate = exact(self.costs.slippage_bps) / BASIS_POINTS
            price = _moved(price, self.side, rate + self.impact_fraction(quantity))
        if self.tick is not None:
            rounding = ROUND_CEILING if self.side == "buy" else ROUND_FLOOR
            price = (price / self.tick).to_integral_value(rounding) * self.tick
        if self.limit is not None:
            price = min(price, self.limit) if self.side == "buy" else max(price, self.limit)
        return price

    @property
    def has_impact(self) -> bool:
        """Whether the price depends on the quantity."""
        return (
            self.pays_slippage
            and self.costs.impact is not None
            and self.volatility is not None
            and self.average_volume is not None
            and self.average_volume > 0
        )

    def impact_fraction(self, quantity: Decimal) -> Decimal:
        """Return the share of the price by which `quantity` shares move it."""
        if not self.has_impact:
            return Decimal(0)
        assert self.costs.impact is not None and self.volatility is not None and self.average_volume is not None
        return exact(self.costs.impact.coefficient) * self.volatility * (quantity / self.average_volume).sqrt()

    def losses(self, quantity: Decimal) -> tuple[Decimal, Decimal]:
        """Return the money lost to slippage and to impact."""
        whole = quantity * abs(self.price(quantity) - self.raw)
        impact = min(whole, quantity * self.raw * self.impact_fraction(quantity))
        return whole - impact, impact


@dataclass(frozen=True, kw_only=True)
class OrderFees:
    """What one order has paid so far; minimum and maximum count once over its fills.

    Attributes
    ----------
    notional : Decimal
        Traded value of its fills.
    tiered : Decimal
        Their fee per share, before minimum and maximum.
    charged : Decimal
        Fee so far, regulatory fees not counted, not rounded.
    """

    notional: Decimal = Decimal(0)
    tiered: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)

    def after(
        self, costs: Costs, side: Side, *, quantity: Decimal, price: Decimal, shares_before: Decimal
    ) -> tuple[OrderFees, Decimal]:
        """Return the state after one more fill, and the fee of that fill before it is rounded for posting.

        Parameters
        ----------
        costs : Costs
        side : {"buy", "sell"}
        quantity, price : Decimal
            Of the fill; slippage included.
        shares_before : Decimal
            Shares traded in this calendar month before the fill, both sides.

        Examples
        --------
        >>> hundred = dict(quantity=Decimal(100), price=Decimal(10), shares_before=Decimal(0))
        >>> OrderFees().after(Costs(commission_rate=0.001), "buy", **hundred)[1]
        Decimal('1.000')
        """
        traded = quantity * price
        regulatory = traded * exact(costs.sell_fee_rate) if side == "sell" else Decimal(0)
        if costs.per_share is None:
            fee = traded * exact(costs.commission_rate)
            return replace(self, notional=self.notional + traded, charged=self.charged + fee), fee + regulatory
        notional = self.notional + traded
        tiered = self.tiered + _tiered(costs.per_share, quantity, shares_before)
        charged = _bounded(costs.per_share, tiered, notional)
        return OrderFees(notional=notional, tiered=tiered, charged=charged), charged - self.charged + regulatory


def _tiered(fees: PerShareFees, quantity: Decimal, shares_before: Decimal) -> Decimal:
    fee = Decimal(0)
    start, end = shares_before, shares_before + quantity
    for threshold, rate in fees.tiers:
        tier_end = min(end, exact(threshold))
        if tier_end > start:
            fee += (tier_end - start) * exact(rate)
            start = tier_end
    return fee


def _bounded(fees: PerShareFees, fee: Decimal, notional: Decimal) -> Decimal:
    fee = max(fee, exact(fees.minimum_usd))
    if fees.maximum_usd > 0:
        fee = min(fee, exact(fees.maximum_usd))
    return min(fee, notional * exact(fees.maximum_rate)) if fees.maximum_rate > 0 else fee
