"""What kind of business an invented company is: margins, growth, habits and peculiarities, known to the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from investiq.market.vendors.synthetic_company import Company

__all__ = ["NO_STATEMENTS", "BusinessTruth", "business_of"]

Kind = Literal["industrial", "financial", "loss_maker"]

# By number: SYN005 has losses and negative equity, SYN006 files nothing; of each ten the seventh files late; of each
# twenty the eighth restates; of each sixteen the ninth reports more than it earns.
_LOSS_MAKER: Final = 5
NO_STATEMENTS: Final = 6
_LATE: Final = (10, 7)
_RESTATES: Final = (20, 8)
_RED_FLAGS: Final = (16, 9)
# Annual revenue over market value of a loss maker.
_SALES_TO_PRICE: Final = 1.5


@dataclass(frozen=True, kw_only=True)
class BusinessTruth:
    """What the generator knows about a company's accounts and no method may see.

    Attributes
    ----------
    kind : {"industrial", "financial", "loss_maker"}
    year_end : int
        Month in which the fiscal year ends.
    growth : float
        Drift of log revenue a year, apart from what follows the price.
    gross_margin, net_margin : float
        Levels around which the margins move; a financial company has no gross
        margin (NaN).
    sales_to_price : float
        Annual revenue over market value towards which revenue is drawn.
    seasonality : tuple of float
        Revenue of a calendar quarter over that of an average one.
    days_receivable, days_inventory, days_payable : float
    late, restates : bool
        Files late often; corrects two of its quarters afterwards.
    red_flag_years : tuple of int
        Fiscal years in which sales on credit are invented and depreciation is slowed.
    """

    kind: Kind
    year_end: int
    growth: float
    gross_margin: float
    net_margin: float
    sales_to_price: float
    seasonality: tuple[float, float, float, float]
    days_receivable: float
    days_inventory: float
    days_payable: float
    late: bool
    restates: bool
    red_flag_years: tuple[int, ...]


def business_of(company: Company, rng: np.random.Generator) -> BusinessTruth:
    """Return the traits of a company, drawn from the first numbers of `rng`."""
    price_earnings = float(np.exp(rng.normal(np.log(17.0), 0.2)))
    net_margin = float(rng.uniform(0.06, 0.16))
    gross_margin = float(min(net_margin + rng.uniform(0.2, 0.4), 0.65))
    growth, swing = float(rng.normal(0.03, 0.02)), rng.uniform(-0.08, 0.08, 4)
    days = rng.uniform((30.0, 25.0, 30.0), (60.0, 80.0, 60.0))
    year_end = int(rng.choice([12, 12, 12, 12, 12, 12, 3, 6, 9]))
    flagged_year = int(rng.integers(2013, 2018))
    kind: Kind = "financial" if company.sector.endswith("FINANCE") else "industrial"
    sales_to_price = 1.0 / (price_earnings * net_margin)
    if company.number == _LOSS_MAKER:
        kind, net_margin, gross_margin, sales_to_price = "loss_maker", -0.03, 0.25, _SALES_TO_PRICE
    if kind == "financial":
        net_margin, gross_margin, sales_to_price = 0.22, float("nan"), 1.0 / (price_earnings * 0.22)
    shape = 1.0 + swing - swing.mean()
    return BusinessTruth(
        kind=kind,
        year_end=year_end,
        growth=growth,
        gross_margin=gross_margin,
        net_margin=net_margin,
        sales_to_price=sales_to_price,
        seasonality=(float(shape[0]), float(shape[1]), float(shape[2]), float(shape[3])),
        days_receivable=float(days[0]),
        days_inventory=float(days[1]),
        days_payable=float(days[2]),
        late=company.number % _LATE[0] == _LATE[1],
        restates=company.number % _RESTATES[0] == _RESTATES[1],
        red_flag_years=(flagged_year,)
        if kind == "industrial" and company.number % _RED_FLAGS[0] == _RED_FLAGS[1]
        else (),
    )
