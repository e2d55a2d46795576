"""What a company earns on sales, assets and capital, and how that grows; each also against its own past."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.fundamental.leverage import interest_bearing_debt
from investiq.engines.fundamental.measuring import FloatArray, against_past, average, growth, ratio
from investiq.engines.fundamental.quality import gross_profit
from investiq.engines.fundamental.states import States, ago

__all__ = ["growth_rates", "profitability", "tax_rate"]

# Effective rates outside are one-off effects; without one, the US federal rate since 2018.
TAX_RANGE: Final = (0.0, 0.35)
TAX_DEFAULT: Final = 0.21
# Koller, Goedhart and Wessels: cash beyond some 2 % of sales is not needed to operate.
OPERATING_CASH: Final = 0.02
STREAK_LIMIT: Final = 8


def tax_rate(states: States) -> FloatArray:
    """Return the effective tax rate of trailing years in [0, 0.35]; 0.21 where it is unknown or there was a loss."""
    rate = ratio(states.trailing["tax_expense"], states.trailing["pretax_income"])
    return np.where(np.isnan(rate), TAX_DEFAULT, np.clip(rate, *TAX_RANGE))


def profitability(states: States) -> dict[str, FloatArray]:
    """Return margins, returns and the DuPont factors of each state, shape (n_states,).

    Balances are averages of the newest and the one a year before. Of negative
    equity there is no return; `roic` is operating income after tax over debt and
    equity less cash beyond 2 % of sales.

    The factors multiply to the return on equity: in three steps net margin, asset
    turnover, equity multiplier; in five the margin is split into tax burden,
    interest burden and operating margin.
    """
    year, end = states.trailing, states.quarters
    sales, income, ebit = year["revenue"], year["net_income"], year["operating_income"]
    equity = np.where((end["shareholders_equity"] > 0) & (ago(end["shareholders_equity"], 4) > 0), 1.0, np.nan)
    equity = equity * average(end["shareholders_equity"])
    assets = average(end["total_assets"])
    excess_cash = np.maximum(end["cash"] - OPERATING_CASH * sales, 0.0)
    capital = average(interest_bearing_debt(states) + end["shareholders_equity"] - excess_cash)
    series = {
        "roe": ratio(income, equity),
        "profit_margin": ratio(income, sales),
        "gross_margin": ratio(gross_profit(states), sales),
        "operating_margin": ratio(ebit, sales),
        "asset_turnover": ratio(sales, assets),
        "equity_multiplier": ratio(assets, equity),
    }
    columns = {name: values[:, 0] for name, values in series.items()}
    columns |= {f"{name}_z_score": against_past(values) for name, values in series.items()}
    return {
        "roe": columns["roe"],
        "roe_z_score": columns["roe_z_score"],
        "roa": ratio(income, assets)[:, 0],
        "roic": ratio(ebit * (1 - tax_rate(states)), capital)[:, 0],
        **{
            f"{name}{ending}": columns[f"{name}{ending}"]
            for name in ("profit_margin", "gross_margin", "operating_margin")
            for ending in ("", "_z_score")
        },
        "dupont_net_margin": columns["profit_margin"],
        "dupont_asset_turnover": columns["asset_turnover"],
        "dupont_asset_turnover_z_score": columns["asset_turnover_z_score"],
        "dupont_equity_multiplier": columns["equity_multiplier"],
        "dupont_equity_multiplier_z_score": columns["equity_multiplier_z_score"],
        "dupont_tax_burden": ratio(income, year["pretax_income"])[:, 0],
        "dupont_interest_burden": ratio(year["pretax_income"], ebit)[:, 0],
        "dupont_operating_margin": columns["operating_margin"],
    }


def growth_rates(states: States) -> dict[str, FloatArray]:
    """Return growth of each state, trailing year on year or quarter on the same quarter of last year.

    Returns
    -------
    dict of str to ndarray of shape (n_states,)
        `revenue_growth`; `revenue_acceleration`, the growth of the newest quarter
        over a year less that of the quarter before; `margin_expansion_yoy`, the
        newest quarter's net margin less last year's, in fractions; each with its
        z-score. `consecutive_growth_quarters`, quarters in a row, up to eight,
        whose revenue exceeds last year's.
    """
    year, quarter = states.trailing, states.quarters
    yearly = growth(year["revenue"])
    quarterly = growth(quarter["revenue"])
    acceleration = quarterly - ago(quarterly, 1)
    margin = ratio(quarter["net_income"], quarter["revenue"])
    operating = ratio(quarter["operating_income"], quarter["revenue"])
    expansion = margin - ago(margin, 4)
    streak = np.cumprod(quarterly[:, :STREAK_LIMIT] > 0, axis=1).sum(axis=1)
    return {
        "revenue_growth": yearly[:, 0],
        "revenue_growth_z_score": against_past(yearly),
        "revenue_acceleration": acceleration[:, 0],
        "revenue_acceleration_z_score": against_past(acceleration),
        "margin_expansion_yoy": expansion[:, 0],
        "margin_expansion_yoy_z_score": against_past(expansion),
        "operating_margin_expansion_yoy": (operating - ago(operating, 4))[:, 0],
        "consecutive_growth_quarters": np.where(np.isnan(quarterly[:, 0]), np.nan, streak),
    }
