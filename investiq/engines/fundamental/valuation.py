"""What the price of each bar says beside the statements known then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.fundamental.capital import free_cash_flow, net_borrowing, net_repurchases
from investiq.engines.fundamental.circumstances import Industry
from investiq.engines.fundamental.dcf import MAX_TERMINAL_SHARE, TERMINAL_GROWTH, DcfValue, dcf, present_value
from investiq.engines.fundamental.leverage import interest_bearing_debt
from investiq.engines.fundamental.measuring import FloatArray, ratio
from investiq.engines.fundamental.quality import ALTMAN_Z, ALTMAN_Z2, altman_z, altman_z2, share_count
from investiq.engines.fundamental.sectors import BANDS, SECTORS
from investiq.engines.fundamental.states import States, ago
from investiq.engines.scoring import z_score

__all__ = ["Market", "altman", "amounts", "bands", "discounted", "fair_value", "multiples"]

# Lynch's ratio is read between these rates of growth: below it explodes, above no company stays.
PEG_GROWTH: Final = (0.05, 0.40)
# Growth tiers of the price-earnings band where the sector is unknown: above 10 % and above 25 %.
TIER_GROWTH: Final = (0.10, 0.25)
TIER_PE: Final = ((15.0, 30.0), (18.0, 40.0), (25.0, 60.0))
DCF_GROWTH: Final = (-0.05, 0.25)
# A price this share away from the fair value is one deviation.
FAIR_VALUE_BAND: Final = 0.3
# What a multiple of earnings is as one of EBITDA at the average tax, by the debt of the company: a rule of thumb.
AFTER_TAX: Final = 0.79
_CYCLICAL: Final = ("energy", "materials")


class Market(NamedTuple):
    """What the market says at each bar: the price as traded, shares on its split basis, and what money costs."""

    price: FloatArray
    split_factor: FloatArray
    risk_free: FloatArray
    cost_of_equity: FloatArray


def amounts(states: States) -> dict[str, FloatArray]:
    """Return the amounts of each state that a price is compared with, shape (n_states,); shares on the first bar's basis.

    Preferred dividends, preferred equity and minority interest that are not stated count as none.
    """
    year, end = states.trailing, states.quarters
    common = year["net_income"] - np.nan_to_num(year["preferred_dividends"])
    diluted = share_count(states, "shares_diluted")
    per_share = ratio(common, diluted)
    past = np.stack([ago(common, quarters) if quarters else common for quarters in (0, 4, 8, 12, 16)])
    cash = free_cash_flow(states)
    rate = ratio(per_share, ago(per_share, 12))[:, 0]
    columns = {
        "revenue": year["revenue"],
        "net_income": year["net_income"],
        "common_income": common,
        "mean_income": past.mean(axis=0),
        "ebit": year["operating_income"],
        "ebitda": year["operating_income"] + year["depreciation_amortization"],
        "funds_from_operations": year["net_income"] + year["depreciation_amortization"],
        "operating_cash_flow": year["cash_flow_operating"],
        "free_cash_flow": cash,
        "owners_cash_flow": cash + net_borrowing(states),
        "returned": year["dividends_paid"] + net_repurchases(states),
        "shareholders_equity": end["shareholders_equity"],
        "common_equity": end["shareholders_equity"] - np.nan_to_num(end["preferred_equity"]),
        "other_claims": np.nan_to_num(end["preferred_equity"]) + np.nan_to_num(end["minority_interest"]),
        "net_debt": interest_bearing_debt(states) - end["cash"],
        "working_capital": end["current_assets"] - end["current_liabilities"],
        "retained_earnings": end["retained_earnings"],
        "total_assets": end["total_assets"],
        "total_liabilities": end["total_liabilities"],
        "shares": share_count(states),
        "diluted_shares": diluted,
    }
    with np.errstate(invalid="ignore"):
        eps_growth = np.power(np.where(rate > 0, rate, np.nan), 1 / 3) - 1
    return {name: values[:, 0] for name, values in columns.items()} | {"eps_growth_3y": eps_growth}


def multiples(state: dict[str, FloatArray], market: Market, sectors: Industry) -> dict[str, FloatArray]:
    """Return the multiples at each bar, shape (n_bars,).

    Parameters
    ----------
    state : dict of str to ndarray of shape (n_bars,)
        `amounts` of the state known at each bar, with `payout_ratio` and `debt_to_equity`.
    market : Market
    sectors : Industry
    """
    shares, diluted = (state[name] * market.split_factor for name in ("shares", "diluted_shares"))
    cap = market.price * shares
    eps = state["common_income"] / np.where(diluted > 0, diluted, np.nan)
    pe = ratio(market.price, eps)
    # Money owed and held is the business of a bank: it has no enterprise value and no free cash flow.
    is_bank = sectors.is_any("financial")
    enterprise = np.where(is_bank, np.nan, cap + state["net_debt"] + state["other_claims"])
    ev_ebitda = ratio(enterprise, state["ebitda"])
    ev_ebitda = np.where(enterprise > 0, ev_ebitda, np.nan)
    rate = state["eps_growth_3y"]
    in_range = (rate >= PEG_GROWTH[0]) & (rate <= PEG_GROWTH[1])
    forever = np.minimum(TERMINAL_GROWTH, market.risk_free)
    justified = ratio(state["payout_ratio"] * (1 + forever), market.cost_of_equity - forever)
    justified = np.where(justified > 0, justified, np.nan)
    is_property = sectors.is_any("real_estate")
    low, high = bands(state["revenue_growth"], sectors)["pe"]
    cyclical = ratio(market.price * diluted, state["mean_income"])
    return {
        "market_cap": cap,
        "enterprise_value": enterprise,
        "eps": eps,
        "pe_ratio": pe,
        "pe_z_score": z_score(np.round(pe, 9)),
        "pe_compared": np.where(sectors.is_any(*_CYCLICAL), cyclical, pe),
        "pe_low": low,
        "pe_high": high,
        "implied_pe": justified,
        "pb_ratio": ratio(cap, state["common_equity"]),
        "peg_ratio": np.where(in_range, ratio(pe, 100 * rate), np.nan),
        "p_ffo": np.where(is_property, ratio(cap, state["funds_from_operations"]), np.nan),
        "ev_ebitda": ev_ebitda,
        "implied_ev_ebitda": justified * AFTER_TAX / (1 + 0.3 * state["debt_to_equity"]),
        "ev_ebitda_z_score": z_score(np.round(ev_ebitda, 9)),
        "fcf_yield": np.where(is_bank, np.nan, ratio(state["free_cash_flow"], cap)),
        "earnings_yield": ratio(state["common_income"], cap),
        "shareholder_yield": ratio(state["returned"], cap),
    }


def bands(yearly_growth: FloatArray, sectors: Industry) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return low and high of each multiple at each bar; of unknown sectors the earnings band follows growth."""
    found = {}
    for name in ("pe", "ev_ebitda", "pb", "p_ffo"):
        table = np.array([getattr(BANDS[sector], name) for sector in SECTORS], dtype=float)[sectors.sector]
        found[name] = (table[:, 0], table[:, 1])
    tier = np.searchsorted(TIER_GROWTH, np.nan_to_num(yearly_growth))
    tiers = np.array(TIER_PE)[tier]
    unknown = sectors.is_any("unknown")
    low, high = (np.where(unknown, tiers[:, side], found["pe"][side]) for side in (0, 1))
    return found | {"pe": (low, high)}


def altman(state: dict[str, FloatArray], market_cap: FloatArray, sectors: Industry) -> dict[str, FloatArray]:
    """Return Altman's score at each bar with its zones: Z of manufacturers, Z'' of others, none of banks, property and utilities."""
    shared = (state["working_capital"], state["retained_earnings"], state["ebit"])
    owed = (state["total_liabilities"], state["total_assets"])
    manufacturer = altman_z(*shared, market_cap, state["revenue"], *owed)
    other = altman_z2(*shared, state["shareholders_equity"], *owed)
    score = np.where(sectors.manufactures, manufacturer, other)
    excluded = sectors.is_any("financial", "real_estate", "utilities")

    def zone(place: int) -> FloatArray:
        limits: NDArray[np.float64] = np.where(sectors.manufactures, ALTMAN_Z[place], ALTMAN_Z2[place])
        return np.where(excluded, np.nan, limits)

    return {
        "altman_z_score": np.where(excluded, np.nan, score),
        "altman_safe": zone(0),
        "altman_distress": zone(1),
    }


def discounted(state: dict[str, FloatArray], market: Market, sectors: Industry) -> dict[str, FloatArray]:
    """Return the discounted cash flows to owners per share at each bar, on the split basis of its price.

    Free cash flow plus net borrowing of the last twelve months, growing for five
    years like revenue did (within -5 and 25 %), then fading in five years to
    2.5 %, or to the risk-free rate where that is lower. Banks and insurers have none.
    """
    shares = np.where(sectors.is_any("financial"), np.nan, state["diluted_shares"] * market.split_factor)
    flow = ratio(state["owners_cash_flow"], shares)
    pace = np.clip(state["revenue_growth"], *DCF_GROWTH)
    present = present_value(pace, market.cost_of_equity, np.minimum(TERMINAL_GROWTH, market.risk_free))
    usable = (flow > 0) & (present.terminal_share <= MAX_TERMINAL_SHARE)
    value = np.where(usable, flow * present.value, np.nan)
    relative = ratio(market.price, value)
    return {
        "owners_cash_flow_per_share": flow,
        "fair_value_terminal_share": np.where(np.isnan(flow), np.nan, present.terminal_share),
        "fair_value_estimate": value,
        "price_to_fair_value": relative,
        "price_to_fair_value_z_score": (relative - 1) / FAIR_VALUE_BAND,
    }


def fair_value(row: Mapping[str, Any]) -> DcfValue:
    """Return the discounted cash flows behind one row of features, with their forecast and sensitivity table.

    Raises
    ------
    DataError
        If the row has no cash flow to owners or no growth of revenue.
    """
    return dcf(
        row["owners_cash_flow_per_share"],
        growth=float(np.clip(row["revenue_growth"], *DCF_GROWTH)),
        discount_rate=row["cost_of_equity"],
        terminal_growth=min(TERMINAL_GROWTH, row["risk_free_rate"]),
    )
