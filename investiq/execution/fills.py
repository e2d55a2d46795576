"""What a fill costs in `Decimal`: the price after slippage, and the fee of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from investiq.core.orders import Side
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.decimals import exact

__all__ = ["order_fee", "slipped"]

BASIS_POINTS: Final = 10_000


def slipped(price: Decimal, side: Side, costs: Costs) -> Decimal:
    """Return `price` moved against the trader: up for a buy, down for a sell.

    Examples
    --------
    >>> slipped(Decimal(100), "sell", Costs(slippage_bps=5))
    Decimal('99.9500')
    """
    rate = exact(costs.slippage_bps) / BASIS_POINTS
    return price * (1 + rate) if side == "buy" else price * (1 - rate)


def order_fee(costs: Costs, *, quantity: Decimal, price: Decimal, shares_before: Decimal) -> Decimal:
    """Return the fee of an order in USD, before it is rounded for posting.

    Parameters
    ----------
    costs : Costs
    quantity : Decimal
        Shares of the whole order: the least and the greatest fee count once.
    price : Decimal
        Fill price, slippage included.
    shares_before : Decimal
        Shares traded in this calendar month before the order, both sides.

    Examples
    --------
    >>> order_fee(Costs(commission_rate=0.001), quantity=Decimal(500), price=Decimal(110), shares_before=Decimal(0))
    Decimal('55.000')
    """
    if costs.per_share is None:
        return quantity * price * exact(costs.commission_rate)
    return _per_share_fee(costs.per_share, quantity, shares_before)


def _per_share_fee(fees: PerShareFees, quantity: Decimal, shares_before: Decimal) -> Decimal:
    fee = Decimal(0)
    start, end = shares_before, shares_before + quantity
    for threshold, rate in fees.tiers:
        tier_end = min(end, exact(threshold))
        if tier_end > start:
            fee += (tier_end - start) * exact(rate)
            start = tier_end
    fee = max(fee, exact(fees.minimum_usd))
    return min(fee, exact(fees.maximum_usd)) if fees.maximum_usd > 0 else fee
