"""The causal table of the fundamental engine: what was filed, and what the price said beside it.

Amounts are in the currency of the statements, over trailing years of four quarters;
`MONEY` is per share, in the currency and on the split basis of its row's day.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from investiq.core.facts import Unit
from investiq.engines.base import causal_table
from investiq.engines.fundamental.analyst import ANALYST, analyst_features
from investiq.engines.fundamental.capital import capital_flows
from investiq.engines.fundamental.circumstances import Industry, betas, demanded_return, industry
from investiq.engines.fundamental.leverage import leverage, working_capital
from investiq.engines.fundamental.measuring import FloatArray
from investiq.engines.fundamental.needs import not_stated
from investiq.engines.fundamental.profitability import growth_rates, profitability
from investiq.engines.fundamental.quality import PIOTROSKI, cash_quality, manipulation, piotroski
from investiq.engines.fundamental.sectors import BANDS, SECTORS
from investiq.engines.fundamental.states import States, statement_states
from investiq.engines.fundamental.valuation import Market, altman, amounts, bands, discounted, multiples
from investiq.engines.risk_free import known_risk_free
from investiq.history.history import History

__all__ = ["FEATURES", "FIELDS", "MONEY", "WORDS", "fundamental_features"]

# Per share, as traded on the row's day.
MONEY: Final = (
    "eps",
    "owners_cash_flow_per_share",
    "fair_value_estimate",
    "analyst_target",
    "analyst_target_high",
    "analyst_target_low",
)
_TOTALS: Final = (
    "revenue", "net_income", "ebitda", "operating_cash_flow", "free_cash_flow", "financing_cash_flow",
    "net_repurchases", "dividends_paid", "shareholders_equity", "working_capital", "market_cap", "enterprise_value",
)  # fmt: skip
_FRACTIONS: Final = (
    "roe", "roa", "roic", "profit_margin", "gross_margin", "operating_margin", "dupont_net_margin",
    "dupont_operating_margin", "revenue_growth", "eps_growth_3y", "revenue_acceleration", "margin_expansion_yoy",
    "operating_margin_expansion_yoy", "accrual_ratio", "equity_to_assets", "buyback_intensity", "share_count_change",
    "capital_raise_ratio", "equity_raise_ratio", "debt_raise_ratio", "payout_ratio", "fcf_payout_ratio", "fcf_yield",
    "earnings_yield", "shareholder_yield", "fair_value_terminal_share", "risk_free_rate", "cost_of_equity",
    "analyst_upside", "analyst_typical_upside",
)  # fmt: skip
_RATIOS: Final = (
    "pe_ratio", "pe_compared", "pe_low", "pe_high", "implied_pe", "pb_ratio", "pb_low", "pb_high", "peg_ratio", "p_ffo",
    "p_ffo_low", "p_ffo_high", "ev_ebitda", "ev_ebitda_low", "ev_ebitda_high", "implied_ev_ebitda",
    "price_to_fair_value", "debt_to_equity", "debt_to_equity_low", "debt_to_equity_limit", "liabilities_to_equity", "net_debt_to_ebitda",
    "interest_coverage", "dividend_cover", "current_ratio", "asset_coverage_ratio", "quality_of_earnings", "dupont_asset_turnover",
    "dupont_equity_multiplier", "dupont_tax_burden", "dupont_interest_burden", "working_capital_turnover",
    "analyst_price_to_high", "analyst_price_to_low", "altman_z_score", "altman_safe", "altman_distress", "beneish_m_score", "equity_beta",
)  # fmt: skip
_Z_SCORES: Final = tuple(
    f"{name}_z_score"
    for name in (
        "pe", "ev_ebitda", "price_to_fair_value", "roe", "profit_margin", "gross_margin", "operating_margin",
        "debt_to_equity", "revenue_growth", "revenue_acceleration", "margin_expansion_yoy", "accrual_ratio",
        "working_capital_turnover", "buyback_intensity", "dupont_asset_turnover", "dupont_equity_multiplier",
    )
)  # fmt: skip
_DAYS: Final = ("days_sales_outstanding", "days_inventory", "days_payables", "cash_conversion_cycle", "filing_age_days")
_COUNTS: Final = (
    "piotroski_f_score", "piotroski_points", "piotroski_known", "quality_score", "consecutive_growth_quarters",
    "quarters_known", "quarters_from_year", "statement_count", "fields_present",
)  # fmt: skip

# Every feature that is a number, with the unit in which it is shown.
FEATURES: Final[dict[str, Unit]] = {
    **dict.fromkeys(MONEY, "price"),
    **dict.fromkeys(_TOTALS, "amount"),
    **dict.fromkeys(_FRACTIONS, "fraction"),
    **dict.fromkeys(_RATIOS, "ratio"),
    **dict.fromkeys(_Z_SCORES, "ratio"),
    **dict.fromkeys(_DAYS, "days"),
    **dict.fromkeys(_COUNTS, "count"),
    **{f"piotroski_{name}": "" for name in PIOTROSKI},
    "filing_day": "",
    "period_end_day": "",
    "is_price_currency": "",
    "is_sector_known": "",
    **{name: "count" for name in ANALYST if name.endswith(("rating", "changes", "contributors"))},
    "analyst_age_days": "days",
}
WORDS: Final = ("sector", "altman_model", "statement_currency", "not_stated")

# What a complete set of statements holds, for the confidence: of a trailing year, and of its end.
_YEAR_FIELDS: Final = (
    "revenue", "gross_profit", "operating_income", "net_income", "interest_expense", "tax_expense",
    "depreciation_amortization", "cash_flow_operating", "capital_expenditure",
)  # fmt: skip
_END_FIELDS: Final = (
    "total_assets", "current_assets", "cash", "receivables", "total_liabilities", "current_liabilities", "total_debt",
    "shareholders_equity", "shares_diluted",
)  # fmt: skip
FIELDS: Final = len(_YEAR_FIELDS) + len(_END_FIELDS)


def fundamental_features(history: History, sector: str | None = None) -> pd.DataFrame:
    """Return the features of the main symbol's statements beside its price.

    Parameters
    ----------
    history : History
        Read are records ``"statements"`` of the main symbol; its profile, the bill's
        yield and analysts where there are any (see `circumstances`, `analyst`);
        the benchmark for beta.
    sector : str, optional
        One of `sectors.SECTORS` or a provider's name for one; by default the profile's.

    Returns
    -------
    DataFrame of shape (n_bars, 2 + len(FEATURES) + len(WORDS))
        Index `ts`; `known_at`, `n_obs`, `FEATURES` and `WORDS`. A row holds what had
        been filed by its `known_at`, and is NaN where that is too little or a ratio
        has no meaning.
    """
    bars = history.bars()
    sectors = industry(history, sector)
    columns: dict[str, Any] = dict.fromkeys(FEATURES, np.full(len(bars), np.nan))
    columns |= analyst_features(history)
    names = np.array(SECTORS, dtype=object)[sectors.sector]
    columns["is_sector_known"] = (names != "unknown").astype(float)
    columns |= {"sector": names, "altman_model": np.full(len(bars), "", dtype=object)}
    columns |= {name: np.full(len(bars), "", dtype=object) for name in ("statement_currency", "not_stated")}
    records = history.find_records("statements")
    if records is not None:
        columns["statement_count"] = np.zeros(len(bars))
    if records is not None and len(records) and len(bars):
        columns |= _of_statements(history, statement_states(records, bars), sectors)
    return causal_table(history, {name: columns[name] for name in (*FEATURES, *WORDS)})


def _of_statements(history: History, states: States, sectors: Industry) -> dict[str, Any]:
    bars = history.bars()
    row = states.rows(bars)
    known = _of_states(states)
    names = [*known, *(held := amounts(states))]
    stacked = np.stack([*known.values(), *held.values()])
    # What was not known yet is the last entry, which index -1 finds.
    by_bar = np.concatenate((stacked, np.full((len(names), 1), np.nan)), axis=1)[:, row]
    state: dict[str, FloatArray] = dict(zip(names, by_bar, strict=True))
    currency = np.array([*states.currency, ""], dtype=object)[row]
    is_same = (currency == "") | (currency == bars.passport.currency)
    state["is_price_currency"] = np.where(row < 0, np.nan, is_same.astype(float))
    for name in ("shares", "diluted_shares"):
        state[name] = np.where(is_same, state[name], np.nan)
    rate, beta = known_risk_free(history).rate, betas(history)
    market = Market(bars.close, bars.split_factor, rate, demanded_return(rate, beta))
    priced = multiples(state, market, sectors)
    columns: dict[str, Any] = state | priced | altman(state, priced["market_cap"], sectors)
    columns |= discounted(state, market, sectors)
    excluded = sectors.is_any("financial", "real_estate")
    limit = np.array([BANDS[name].debt_to_equity for name in SECTORS], dtype=float)[sectors.sector]
    columns |= {
        "beneish_m_score": np.where(excluded, np.nan, state["beneish_m_score"]),
        "risk_free_rate": rate,
        "equity_beta": beta,
        "cost_of_equity": market.cost_of_equity,
        "debt_to_equity_low": limit / 3,
        "debt_to_equity_limit": limit,
        "filing_age_days": bars.known_at.astype("datetime64[D]").astype(float) - state["filing_day"],
        "statement_count": np.nan_to_num(state["statement_count"]),
        "statement_currency": currency,
        "not_stated": np.array([*not_stated(states), ""], dtype=object)[row],
        "altman_model": np.where(
            np.isnan(columns["altman_z_score"]), "", np.where(sectors.manufactures, "Z", "Z''")
        ).astype(object),
    }
    for name, limits in bands(state["revenue_growth"], sectors).items():
        columns |= {f"{name}_low": limits[0], f"{name}_high": limits[1]}
    columns["quality_score"] = quality_score(columns)
    return columns


def _of_states(states: States) -> dict[str, FloatArray]:
    score = piotroski(states)
    year, end = states.trailing, states.quarters
    present = [year[name][:, 0] for name in _YEAR_FIELDS] + [end[name][:, 0] for name in _END_FIELDS]
    return {
        **profitability(states),
        **growth_rates(states),
        **leverage(states),
        **working_capital(states),
        **cash_quality(states),
        **capital_flows(states),
        "piotroski_f_score": score.score,
        "piotroski_points": np.where(score.known > 0, score.total, np.nan),
        "piotroski_known": score.known,
        **{f"piotroski_{name}": points for name, points in score.points.items()},
        "beneish_m_score": manipulation(states),
        "quarters_known": states.quarters_known,
        "quarters_from_year": states.from_year,
        "statement_count": states.count,
        "fields_present": (~np.isnan(np.stack(present))).sum(axis=0).astype(float),
        "filing_day": states.filed,
        "period_end_day": states.period_end,
    }


def quality_score(columns: dict[str, FloatArray]) -> FloatArray:
    """Return how many of six marks of quality a company bears; NaN where fewer than four are known.

    Return on equity, net margin and revenue growth above 0 and half a deviation above
    their own past (without one: above 12, 12 and 5 %), cash from operations, a return on
    capital above 10 %, debt to equity below its past (without one: below 1.5).
    """
    marks = [
        *(
            _above_past(columns, name, level)
            for name, level in (("roe", 0.12), ("profit_margin", 0.12), ("revenue_growth", 0.05))
        ),
        _exceeds(columns["operating_cash_flow"], 0.0),
        _exceeds(columns["roic"], 0.10),
        _exceeds(-columns["debt_to_equity"], -1.5),
    ]
    past = columns["debt_to_equity_z_score"]
    marks[-1] = np.where(np.isnan(past), marks[-1], _exceeds(-past, 0.0))
    stacked = np.stack(marks)
    return np.where((~np.isnan(stacked)).sum(axis=0) >= 4, np.nansum(stacked, axis=0), np.nan)


def _above_past(columns: dict[str, FloatArray], name: str, level: float) -> FloatArray:
    past = columns[f"{name}_z_score"]
    return np.where(np.isnan(past), _exceeds(columns[name], level), _exceeds(past, 0.5) * (columns[name] > 0))


def _exceeds(values: FloatArray, level: float) -> FloatArray:
    return np.where(np.isnan(values), np.nan, (values > level).astype(float))
