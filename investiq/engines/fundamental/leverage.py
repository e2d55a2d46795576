"""What a company owes, how it can pay, and how its working capital turns."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.fundamental.measuring import FloatArray, against_past, average, ratio
from investiq.engines.fundamental.states import States

__all__ = ["interest_bearing_debt", "leverage", "working_capital"]

DAYS_A_YEAR: Final = 365.0


def interest_bearing_debt(states: States) -> FloatArray:
    """Return total debt by quarter; short and long-term debt where the total is not stated."""
    end = states.quarters
    parts = end["short_term_debt"] + end["long_term_debt"]
    return np.where(np.isnan(end["total_debt"]), parts, end["total_debt"])


def leverage(states: States) -> dict[str, FloatArray]:
    """Return debt and liquidity of each state, shape (n_states,).

    `debt_to_equity` counts interest-bearing debt; `liabilities_to_equity` and
    `asset_coverage_ratio` (assets over liabilities) count all that is owed.
    """
    year, end = states.trailing, states.quarters
    debt = interest_bearing_debt(states)
    to_equity = ratio(debt, end["shareholders_equity"])
    ebitda = year["operating_income"] + year["depreciation_amortization"]
    columns = {
        "debt_to_equity": to_equity,
        "liabilities_to_equity": ratio(end["total_liabilities"], end["shareholders_equity"]),
        "net_debt_to_ebitda": ratio(debt - end["cash"], ebitda),
        "interest_coverage": ratio(year["operating_income"], year["interest_expense"]),
        "current_ratio": ratio(end["current_assets"], end["current_liabilities"]),
        "asset_coverage_ratio": ratio(end["total_assets"], end["total_liabilities"]),
        "equity_to_assets": ratio(end["shareholders_equity"], end["total_assets"]),
    }
    return {name: values[:, 0] for name, values in columns.items()} | {
        "debt_to_equity_z_score": against_past(to_equity)
    }


def working_capital(states: States) -> dict[str, FloatArray]:
    """Return how often working capital turns in a year, and how long cash is tied up in it, shape (n_states,).

    Working capital is current assets less current liabilities, the average of the
    newest and the one a year before; negative, it has no turnover. The cycle is
    days of sales in receivables plus days of cost in inventory less days of cost
    in payables.
    """
    year, end = states.trailing, states.quarters
    net = average(end["current_assets"] - end["current_liabilities"])
    turnover = ratio(year["revenue"], net)
    sales = DAYS_A_YEAR * ratio(average(end["receivables"]), year["revenue"])[:, 0]
    inventory = DAYS_A_YEAR * ratio(average(end["inventory"]), year["cost_of_revenue"])[:, 0]
    payables = DAYS_A_YEAR * ratio(average(end["accounts_payable"]), year["cost_of_revenue"])[:, 0]
    return {
        "working_capital_turnover": turnover[:, 0],
        "working_capital_turnover_z_score": against_past(turnover),
        "days_sales_outstanding": sales,
        "days_inventory": inventory,
        "days_payables": payables,
        "cash_conversion_cycle": sales + inventory - payables,
    }
