"""What flows between a company and its owners and lenders: buybacks, dividends, new shares and debt."""

from __future__ import annotations

import numpy as np

from investiq.engines.fundamental.leverage import interest_bearing_debt
from investiq.engines.fundamental.measuring import FloatArray, against_past, growth, ratio
from investiq.engines.fundamental.quality import share_count
from investiq.engines.fundamental.states import States, ago

__all__ = ["capital_flows", "free_cash_flow", "net_borrowing", "net_repurchases"]


def free_cash_flow(states: States) -> FloatArray:
    """Return operating cash flow less capital expenditure of trailing years."""
    return states.trailing["cash_flow_operating"] - states.trailing["capital_expenditure"]


def net_repurchases(states: States) -> FloatArray:
    """Return shares bought back less shares issued, in money, of trailing years; one that is not stated is none."""
    bought, issued = states.trailing["stock_repurchased"], states.trailing["stock_issued"]
    unknown = np.isnan(bought) & np.isnan(issued)
    return np.where(unknown, np.nan, np.nan_to_num(bought) - np.nan_to_num(issued))


def net_borrowing(states: States) -> FloatArray:
    """Return debt raised less debt repaid of trailing years; the change of the debt owed where they are not stated."""
    flows = states.trailing["debt_issued"] - states.trailing["debt_repaid"]
    debt = interest_bearing_debt(states)
    return np.where(np.isnan(flows), debt - ago(debt, 4), flows)


def capital_flows(states: States) -> dict[str, FloatArray]:
    """Return what each state says of capital returned and raised, shape (n_states,).

    `buyback_intensity` is net repurchases over operating cash flow;
    `share_count_change` the change over a year on one split basis;
    `payout_ratio` and `fcf_payout_ratio` are dividends over net income and over
    free cash flow, each without meaning where that is not positive;
    `dividend_cover` is the smaller of the two, as far as known, over dividends.
    """
    year, end = states.trailing, states.quarters
    bought = net_repurchases(states)
    intensity = ratio(bought, year["cash_flow_operating"])
    liabilities = end["total_liabilities"]
    columns = {
        "financing_cash_flow": year["cash_flow_financing"],
        "net_repurchases": bought,
        "buyback_intensity": intensity,
        "share_count_change": growth(share_count(states)),
        "capital_raise_ratio": ratio(year["cash_flow_financing"], liabilities),
        "equity_raise_ratio": ratio(-bought, liabilities),
        "debt_raise_ratio": ratio(net_borrowing(states), liabilities),
        "dividends_paid": year["dividends_paid"],
        "payout_ratio": ratio(year["dividends_paid"], year["net_income"]),
        "fcf_payout_ratio": ratio(year["dividends_paid"], free_cash_flow(states)),
        "dividend_cover": ratio(np.fmin(year["net_income"], free_cash_flow(states)), year["dividends_paid"]),
    }
    return {name: values[:, 0] for name, values in columns.items()} | {
        "buyback_intensity_z_score": against_past(intensity)
    }
