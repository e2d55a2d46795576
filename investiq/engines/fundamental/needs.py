"""Which items of a statement each feature is made of, to name the one that a source does not state."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.fundamental.states import BALANCES, FLOWS, SHARES, States

__all__ = ["not_stated", "unstated_items"]

# An item and those that make up for it together; an earlier entry may make up for an item of a later one.
_STANDS_IN: Final[dict[str, tuple[str, ...]]] = {
    "total_debt": ("short_term_debt", "long_term_debt"),
    "gross_profit": ("revenue", "cost_of_revenue"),
    "shares_basic": ("shares_diluted",),
    "shares_diluted": ("shares_basic",),
    "debt_issued": ("total_debt",),
    "debt_repaid": ("total_debt",),
    "stock_repurchased": ("stock_issued",),
}
_CURRENT: Final = ("current_assets", "current_liabilities")
_EBITDA: Final = ("operating_income", "depreciation_amortization")
_FREE_CASH: Final = ("cash_flow_operating", "capital_expenditure")
_FIRM: Final = ("shares_basic", "total_debt", "cash")
_EARNINGS: Final = ("net_income", "shares_diluted")
_OWNERS: Final = (*_FREE_CASH, "debt_issued", "debt_repaid", "shares_diluted")
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "roe": ("net_income", "shareholders_equity"),
    "roa": ("net_income", "total_assets"),
    "roic": ("operating_income", "total_debt", "shareholders_equity", "cash", "revenue"),
    **dict.fromkeys(("profit_margin", "dupont_net_margin", "margin_expansion_yoy"), ("net_income", "revenue")),
    "gross_margin": ("gross_profit", "revenue"),
    **dict.fromkeys(
        ("operating_margin", "dupont_operating_margin", "operating_margin_expansion_yoy"),
        ("operating_income", "revenue"),
    ),
    "dupont_asset_turnover": ("revenue", "total_assets"),
    "dupont_equity_multiplier": ("total_assets", "shareholders_equity"),
    "dupont_tax_burden": ("net_income", "pretax_income"),
    "dupont_interest_burden": ("pretax_income", "operating_income"),
    **dict.fromkeys(
        ("revenue", "revenue_growth", "revenue_acceleration", "consecutive_growth_quarters"), ("revenue",)
    ),
    "net_income": ("net_income",),
    "ebitda": _EBITDA,
    "net_debt_to_ebitda": ("total_debt", "cash", *_EBITDA),
    "interest_coverage": ("operating_income", "interest_expense"),
    "debt_to_equity": ("total_debt", "shareholders_equity"),
    "implied_ev_ebitda": ("dividends_paid", "net_income", "total_debt", "shareholders_equity"),
    "liabilities_to_equity": ("total_liabilities", "shareholders_equity"),
    "asset_coverage_ratio": ("total_assets", "total_liabilities"),
    "equity_to_assets": ("shareholders_equity", "total_assets"),
    "shareholders_equity": ("shareholders_equity",),
    **dict.fromkeys(("working_capital", "current_ratio", "piotroski_liquidity_up"), _CURRENT),
    "working_capital_turnover": ("revenue", *_CURRENT),
    "days_sales_outstanding": ("receivables", "revenue"),
    "days_inventory": ("inventory", "cost_of_revenue"),
    "days_payables": ("accounts_payable", "cost_of_revenue"),
    "cash_conversion_cycle": ("receivables", "revenue", "inventory", "accounts_payable", "cost_of_revenue"),
    "operating_cash_flow": ("cash_flow_operating",),
    "financing_cash_flow": ("cash_flow_financing",),
    "capital_raise_ratio": ("cash_flow_financing", "total_liabilities"),
    "debt_raise_ratio": ("debt_issued", "debt_repaid", "total_liabilities"),
    "equity_raise_ratio": ("stock_repurchased", "total_liabilities"),
    "quality_of_earnings": ("cash_flow_operating", "net_income"),
    "accrual_ratio": ("net_income", "cash_flow_operating", "total_assets"),
    "free_cash_flow": _FREE_CASH,
    "fcf_yield": (*_FREE_CASH, "shares_basic"),
    "fcf_payout_ratio": ("dividends_paid", *_FREE_CASH),
    "dividends_paid": ("dividends_paid",),
    "dividend_cover": ("dividends_paid",),
    **dict.fromkeys(("payout_ratio", "implied_pe"), ("dividends_paid", "net_income")),
    "net_repurchases": ("stock_repurchased",),
    "buyback_intensity": ("stock_repurchased", "cash_flow_operating"),
    "shareholder_yield": ("dividends_paid", "stock_repurchased", "shares_basic"),
    "share_count_change": ("shares_basic",),
    "market_cap": ("shares_basic",),
    "enterprise_value": _FIRM,
    "ev_ebitda": (*_FIRM, *_EBITDA),
    **dict.fromkeys(("eps", "pe", "pe_ratio", "pe_compared", "peg_ratio", "eps_growth_3y"), _EARNINGS),
    "pb_ratio": ("shareholders_equity", "shares_basic"),
    "earnings_yield": ("net_income", "shares_basic"),
    "p_ffo": ("net_income", "depreciation_amortization", "shares_basic"),
    **dict.fromkeys(
        ("owners_cash_flow_per_share", "fair_value_estimate", "price_to_fair_value", "fair_value_terminal_share"),
        (*_OWNERS, "revenue"),
    ),
    "altman_z_score": (*_CURRENT, "retained_earnings", "operating_income", "total_assets", "total_liabilities"),
    "beneish_m_score": (
        "receivables", "revenue", "gross_profit", "current_assets", "property_plant_equipment", "total_assets",
        "depreciation_amortization", "selling_general_admin", "current_liabilities", "long_term_debt", "net_income",
        "cash_flow_operating",
    ),
    "piotroski_margin_up": ("gross_profit", "revenue"),
    "piotroski_debt_down": ("long_term_debt", "total_assets"),
}  # fmt: skip


def not_stated(states: States) -> list[str]:
    """Return the items that each state lacks, flows of its trailing year and balances of its end, as words with spaces."""
    flows = {name: states.trailing[name][:, 0] for name in FLOWS}
    values = flows | {name: states.quarters[name][:, 0] for name in (*BALANCES, *SHARES)}
    lacks = np.isnan(np.stack(list(values.values())))
    return [" ".join(name for name, lack in zip(values, column, strict=True) if lack) for column in lacks.T]


def unstated_items(feature: str, lacking: str) -> str:
    """Return the items that a feature needs and a statement lacks, empty where it has them all.

    Examples
    --------
    >>> unstated_items("debt_to_equity", "short_term_debt total_debt"), unstated_items("debt_to_equity", "total_debt")
    ('total_debt (or short_term_debt)', '')
    """
    absent = dict.fromkeys(lacking.split(), "")
    for name, others in _STANDS_IN.items():
        if name in absent:
            wanting = [other for other in others if other in absent]
            if wanting:
                absent[name] = f" (or {' and '.join(wanting)})"
            else:
                del absent[name]
    needs = _NEEDS.get(feature.removesuffix("_z_score"), ())
    return ", ".join(f"{name}{absent[name]}" for name in needs if name in absent)
