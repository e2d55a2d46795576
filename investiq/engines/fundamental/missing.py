"""Why a feature of the fundamental engine has no value at a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from investiq.engines.fundamental.analyst import ANALYST
from investiq.engines.fundamental.dcf import MAX_TERMINAL_SHARE
from investiq.engines.fundamental.features import FEATURES
from investiq.engines.fundamental.needs import unstated_items
from investiq.engines.fundamental.valuation import PEG_GROWTH

__all__ = ["NO_STATEMENTS", "not_ready", "reasons"]

Row = Mapping[str, Any]

NO_STATEMENTS: Final = "no statements in the history"
NONE_KNOWN: Final = "no statement was known yet"
# The quarters in a row that make a trailing year.
LEAST_QUARTERS: Final = 4

_OF_EQUITY: Final = (
    "roe", "roe_z_score", "debt_to_equity", "debt_to_equity_z_score", "liabilities_to_equity", "dupont_equity_multiplier",
    "dupont_equity_multiplier_z_score", "pb_ratio", "implied_ev_ebitda",
)  # fmt: skip
_OF_EARNINGS: Final = (
    "pe_ratio", "pe_z_score", "pe_compared", "peg_ratio", "quality_of_earnings", "payout_ratio", "implied_pe",
    "implied_ev_ebitda", "dupont_tax_burden",
)  # fmt: skip
_OF_PRICE: Final = (
    "market_cap", "enterprise_value", "eps", "pe_ratio", "pe_z_score", "pe_compared", "pb_ratio", "peg_ratio", "p_ffo",
    "ev_ebitda", "ev_ebitda_z_score", "fcf_yield", "earnings_yield", "shareholder_yield", "owners_cash_flow_per_share",
    "fair_value_estimate", "price_to_fair_value", "price_to_fair_value_z_score",
)  # fmt: skip
_OF_FIRM: Final = ("enterprise_value", "ev_ebitda", "ev_ebitda_z_score", "fcf_yield", "owners_cash_flow_per_share")
_FAIR_VALUE: Final = ("fair_value_estimate", "price_to_fair_value", "price_to_fair_value_z_score")
# Consecutive quarters that a measure needs: a year and the year before, or three years more for its past.
_TWO_YEARS: Final = 8
_PAST: Final = 12
_OF_TWO_YEARS: Final = (
    "revenue_growth", "margin_expansion_yoy", "operating_margin_expansion_yoy", "roe", "roa", "roic", "accrual_ratio",
    "share_count_change", "dupont_asset_turnover", "dupont_equity_multiplier", "working_capital_turnover",
    "days_sales_outstanding", "days_inventory", "days_payables", "cash_conversion_cycle", "beneish_m_score",
    "revenue_acceleration",
)  # fmt: skip


def not_ready(row: Row) -> str:
    """Return why there is no score at a row."""
    if np.isnan(row["statement_count"]):
        return NO_STATEMENTS
    if row["statement_count"] == 0:
        return NONE_KNOWN
    known = int(row["quarters_known"])
    return f"a trailing year needs {LEAST_QUARTERS} consecutive quarters, {known} are known"


def reasons(row: Row) -> dict[str, str]:
    """Return the reason for each feature without a value at a row."""
    missing = [name for name in FEATURES if np.isnan(row[name])]
    told: dict[str, str] = {name: "no analyst records" for name in ANALYST if name in missing}
    if np.isnan(row["statement_count"]) or row["statement_count"] == 0:
        return {name: not_ready(row) for name in missing} | told
    for name in missing:
        if name not in told:
            told[name] = next((why for names, applies, why in _REASONS if name in names and applies(row)), "")
            told[name] = told[name] or _of_length(name, row)
    return told


def _of_length(name: str, row: Row) -> str:
    known = int(row["quarters_known"])
    if known >= LEAST_QUARTERS and (items := unstated_items(name, row["not_stated"])):
        return f"not stated: {items}"
    if name.endswith("_z_score") and known < _PAST:
        return f"needs {_PAST} consecutive quarters or more, {known} are known"
    if name in _OF_TWO_YEARS and known < _TWO_YEARS:
        return f"needs {_TWO_YEARS} consecutive quarters, {known} are known"
    if known < LEAST_QUARTERS:
        return not_ready(row)
    if row["sector"] in ("financial", "real_estate", "unknown") and name.endswith(("_low", "_high", "_limit")):
        return f"not used for the sector {row['sector']}"
    return "an item that it needs is zero, was not stated a year ago, or too short a time is known"


def _below(name: str, level: float = 0.0) -> Callable[[Row], bool]:
    return lambda row: bool(row[name] <= level)


def _is_sector(*names: str) -> Callable[[Row], bool]:
    return lambda row: row["sector"] in names


_REASONS: Final[tuple[tuple[tuple[str, ...], Callable[[Row], bool], str], ...]] = (
    (_OF_PRICE, _below("is_price_currency"), "the statements are in another currency than the price"),
    (
        (*_OF_FIRM, *_FAIR_VALUE, "fair_value_terminal_share"),
        _is_sector("financial"),
        "of a bank or insurer: money owed and held is its business",
    ),
    (("beneish_m_score",), _is_sector("financial", "real_estate"), "the M-score is not made for banks and property"),
    (
        ("altman_z_score", "altman_safe", "altman_distress"),
        _is_sector("financial", "real_estate", "utilities"),
        "Altman's score is not made for banks, property and utilities",
    ),
    (("p_ffo", "p_ffo_low", "p_ffo_high"), lambda row: row["sector"] != "real_estate", "for real estate only"),
    (("pb_low", "pb_high"), lambda row: row["sector"] != "financial", "for financial companies only"),
    (_OF_EQUITY, _below("shareholders_equity"), "negative equity: the ratio has no meaning"),
    (_OF_EARNINGS, _below("net_income"), "negative earnings: the ratio has no meaning"),
    (_OF_EARNINGS, _below("eps"), "negative earnings to common shares: the ratio has no meaning"),
    (
        ("ev_ebitda", "ev_ebitda_z_score", "net_debt_to_ebitda"),
        _below("ebitda"),
        "negative EBITDA: the ratio has no meaning",
    ),
    (("ev_ebitda", "ev_ebitda_z_score"), _below("enterprise_value"), "more net cash than market value"),
    (("fcf_payout_ratio",), _below("free_cash_flow"), "no free cash flow: the ratio has no meaning"),
    (("buyback_intensity", "buyback_intensity_z_score"), _below("operating_cash_flow"), "no operating cash flow"),
    (
        ("working_capital_turnover", "working_capital_turnover_z_score"),
        _below("working_capital"),
        "negative working capital: it has no turnover",
    ),
    (_FAIR_VALUE, _below("owners_cash_flow_per_share"), "no cash flow to owners to discount"),
    (
        _FAIR_VALUE,
        lambda row: bool(row["fair_value_terminal_share"] > MAX_TERMINAL_SHARE),
        "more than 85 % of the value lies beyond the forecast",
    ),
    (
        ("peg_ratio",),
        lambda row: not PEG_GROWTH[0] <= row["eps_growth_3y"] <= PEG_GROWTH[1],
        "earnings growth over three years is unknown or outside 5 to 40 %",
    ),
    (("implied_pe", "implied_ev_ebitda"), lambda row: row["dividends_paid"] == 0, "no dividend to value"),
    (("dividend_cover",), lambda row: row["dividends_paid"] == 0, "no dividend to cover"),
)
