"""What votes in the fundamental engine on the business itself: quality, growth, leverage, capital return.

A deviation from a company's own past does not vote against its level: revenue that
falls more slowly than before is no growth, a smaller loss no margin.

A fact votes once. Return on equity votes and its DuPont factors do not; cash behind
earnings votes through Piotroski's points, else through operating cash flow over net
income, else through accruals; a share count through buybacks where those are known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.fundamental.quality import BENEISH_FLAG
from investiq.engines.fundamental.voting import NEVER, by_level, by_past, held_back, level_votes, past_votes, within
from investiq.engines.rules import FloatArray, Table, VoteRule, side

__all__ = ["BUSINESS"]

# Growth of revenue that counts as good by itself.
GROWTH: Final = 0.08
# A payout of 60 %.
_WELL_COVERED: Final = 1 / 0.6


def _piotroski(t: Table) -> FloatArray:
    score, points, known = t["piotroski_f_score"], t["piotroski_points"], t["piotroski_known"]
    nine = 3.0 * (score >= 8) + 1.0 * ((score >= 6) & (score < 8)) - 2.0 * (score <= 2)
    # Seven points have the bands of common screens of seven.
    seven = 3.0 * (points >= 6) + 1.0 * ((points >= 4) & (points < 6)) - 2.0 * (points <= 2)
    votes: FloatArray = np.where(np.isnan(score), 0.0, np.where(known == 7, seven, nine))
    return votes


_EARNINGS_IN_CASH: Final = held_back(level_votes("quality_of_earnings", 1.0, 0.5, (2, 2)), _piotroski)


def _free_cash_flow(t: Table) -> FloatArray:
    free, operating = t["free_cash_flow"], t["operating_cash_flow"]
    votes: FloatArray = side(free > 0, (free <= 0) & (operating <= 0), 2) - ((free <= 0) & (operating > 0))
    return votes


def _altman(t: Table) -> FloatArray:
    score = t["altman_z_score"]
    return 2.0 * (score > t["altman_safe"]) - 3.0 * (score < t["altman_distress"])


def _debt_sides(t: Table) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    debt, limit = t["debt_to_equity"], t["debt_to_equity_limit"]
    return ~(debt > limit), ~(debt < t["debt_to_equity_low"])


_DEBT_PAST: Final = past_votes("debt_to_equity_z_score", -1.0, 1.5, _debt_sides)


def _debt(t: Table) -> FloatArray:
    debt, limit = t["debt_to_equity"], t["debt_to_equity_limit"]
    return 1.0 * (debt < t["debt_to_equity_low"]) - 2.0 * (debt > limit)


def _negative_equity(t: Table) -> FloatArray:
    return np.where(t["shareholders_equity"] <= 0, -3.0, 0.0)


def _thin_equity(t: Table) -> FloatArray:
    # Banks and insurers, which alone have bounds for price to book.
    return np.where((t["equity_to_assets"] < 0.06) & ~np.isnan(t["pb_low"]), -2.0, 0.0)


_BUYBACKS: Final = (
    past_votes("buyback_intensity_z_score", 1.0, -np.inf, within("buyback_intensity", 0.0)),
    lambda t: np.where(
        np.isnan(t["buyback_intensity_z_score"]),
        2.0 * (t["buyback_intensity"] > 0.5)
        + 1.0 * ((t["buyback_intensity"] > 0.25) & (t["buyback_intensity"] <= 0.5)),
        0.0,
    ),
)


def _raise(t: Table) -> FloatArray:
    is_large = t["capital_raise_ratio"] > 0.10
    return -2.0 * (is_large & ~(t["operating_cash_flow"] < 0)) - 3.0 * (is_large & (t["operating_cash_flow"] < 0))


def _dividend(t: Table) -> FloatArray:
    # The cover and not the payout, so that a dividend out of a loss is uncovered too.
    is_known = ~np.isnan(t["payout_ratio"]) & ~np.isnan(t["fcf_payout_ratio"])
    return 1.0 * (is_known & (t["dividend_cover"] > _WELL_COVERED)) - 2.0 * (t["dividend_cover"] < 1)


_MARGIN: Final = ("profit_margin", "gross_margin", "operating_margin")
_QUALITY: Final = (
    by_past("Return on Equity", "quality", "roe", within("roe", 0.0)),
    by_level(
        ("High Return on Equity", "Low Return on Equity"), "quality", "roe", "fraction", (0.12, 0.03), (3, 2),
        "return on average equity", without_past=True,
    ),
    *(
        by_past(title, "quality", name, within(name, 0.0))
        for title, name in zip(("Profit Margin", "Gross Margin", "Operating Margin"), _MARGIN, strict=True)
    ),
    by_level(
        ("High Profit Margin", "Low Profit Margin"), "quality", "profit_margin", "fraction", (0.20, 0.05), (3, 2),
        "net income of sales", without_past=True,
    ),
    by_level(
        ("High Gross Margin", "Low Gross Margin"), "quality", "gross_margin", "fraction", (0.50, 0.20), (2, 2),
        "gross profit of sales", without_past=True,
    ),
    by_level(
        ("High Operating Margin", "Low Operating Margin"), "quality", "operating_margin", "fraction", (0.20, 0.05),
        (2, 2), "operating income of sales", without_past=True,
    ),
    by_level(
        ("Cash From Operations", "Cash Drain in Operations"), "quality", "operating_cash_flow", "amount", (0.0, 0.0),
        (2, 3), "operating cash flow of a year",
    ),
    VoteRule(
        names=("Free Cash Flow", "No Free Cash Flow"),
        group="quality",
        vote=_free_cash_flow,
        value="free_cash_flow",
        thresholds=(0.0, 0.0),
        unit="amount",
        texts=(
            "operating cash flow {operating_cash_flow} leaves {free_cash_flow} after investment",
            "operating cash flow {operating_cash_flow} leaves {free_cash_flow} after investment",
        ),
        dated="filing_day",
    ),
    by_level(
        ("High Return on Capital", "Low Return on Capital"), "quality", "roic", "fraction", (0.15, 0.05), (2, 2),
        "operating income after tax of invested capital",
    ),
    VoteRule(
        names=("Strong F-Score", "Weak F-Score"),
        group="quality",
        vote=_piotroski,
        value="piotroski_f_score",
        thresholds=(6.0, 2.0),
        unit="count",
        texts=(
            "{piotroski_points} of {piotroski_known} points of Piotroski",
            "{piotroski_points} of {piotroski_known} points of Piotroski",
        ),
        dated="filing_day",
    ),
    VoteRule(
        names=("Earnings Backed by Cash", "Earnings Without Cash"),
        group="quality",
        vote=_EARNINGS_IN_CASH,
        value="quality_of_earnings",
        thresholds=(1.0, 0.5),
        unit="ratio",
        texts=(
            "operating cash flow is {quality_of_earnings} times net income",
            "operating cash flow is {quality_of_earnings} times net income",
        ),
        dated="filing_day",
    ),
    by_level(
        ("Negative Accruals", "High Accruals"), "quality", "accrual_ratio", "fraction", (-0.05, 0.10), (1, 2),
        "accruals of average assets", low_is_good=True, unless=(_piotroski, _EARNINGS_IN_CASH),
    ),
    by_level(
        ("", "Accounts Look Embellished"), "quality", "beneish_m_score", "ratio", (NEVER, BENEISH_FLAG), (0, 2),
        "M-score of Beneish", low_is_good=True,
    ),
    by_past("Working Capital Turnover", "quality", "working_capital_turnover"),
    by_level(
        ("Quick Working Capital", "Slow Working Capital"), "quality", "working_capital_turnover", "ratio", (4.0, 1.5),
        (1, 1), "sales over working capital", without_past=True,
    ),
)  # fmt: skip
_GROWTH: Final = (
    by_past("Revenue Growth", "growth", "revenue_growth", within("revenue_growth", 0.0, GROWTH)),
    by_level(
        ("Revenue Grows", "Revenue Shrinks"), "growth", "revenue_growth", "fraction", (GROWTH, -0.03), (3, 3),
        "revenue of a year on the year before", without_past=True,
    ),
    by_past("Revenue Acceleration", "growth", "revenue_acceleration", within("revenue_acceleration", 0.0, 0.0)),
    by_level(
        ("Growth Speeds Up", "Growth Slows"), "growth", "revenue_acceleration", "fraction", (0.02, -0.05), (2, 2),
        "yearly growth of the newest quarter less that of the one before", without_past=True,
    ),
    by_past("Margin Expansion", "growth", "margin_expansion_yoy", within("margin_expansion_yoy", 0.0, 0.0)),
    by_level(
        ("Margin Widens", "Margin Narrows"), "growth", "margin_expansion_yoy", "fraction", (0.02, -0.03), (2, 2),
        "net margin of the quarter less last year's", without_past=True,
    ),
    VoteRule(
        names=("A Year of Growth", ""),
        group="growth",
        vote=lambda t: np.where(t["consecutive_growth_quarters"] >= 4, 2.0, 0.0),
        value="consecutive_growth_quarters",
        thresholds=(4.0, NEVER),
        unit="count",
        texts=("{consecutive_growth_quarters} quarters in a row above last year's revenue", ""),
        dated="filing_day",
    ),
)  # fmt: skip
_LEVERAGE: Final = (
    by_past("Debt to Equity", "leverage", "debt_to_equity", _debt_sides, -1.0, 1.5),
    VoteRule(
        names=("Little Debt", "Much Debt"),
        group="leverage",
        vote=held_back(_debt, _DEBT_PAST),
        value="debt_to_equity",
        thresholds=(("debt_to_equity_low",), ("debt_to_equity_limit",)),
        unit="ratio",
        texts=(
            "debt {debt_to_equity} of equity, below {debt_to_equity_low}, a third of the sector's bound",
            "debt {debt_to_equity} of equity, above the sector's bound {debt_to_equity_limit}",
        ),
        dated="filing_day",
    ),
    VoteRule(
        names=("", "Negative Equity"),
        group="leverage",
        vote=_negative_equity,
        value="shareholders_equity",
        thresholds=(0.0, 0.0),
        unit="amount",
        texts=("", "shareholders' equity {shareholders_equity}"),
        dated="filing_day",
    ),
    VoteRule(
        names=("", "Thin Equity"),
        group="leverage",
        vote=_thin_equity,
        value="equity_to_assets",
        thresholds=(0.06, 0.06),
        unit="fraction",
        texts=("", "equity {equity_to_assets} of a financial company's assets"),
        dated="filing_day",
    ),
    by_level(
        ("Interest Well Covered", "Interest Hardly Covered"), "leverage", "interest_coverage", "ratio", (8.0, 1.5),
        (1, 3), "operating income over interest",
    ),
    by_level(
        ("Liquid", "Illiquid"), "leverage", "current_ratio", "ratio", (1.5, 1.0), (2, 2),
        "current assets over current liabilities",
    ),
    VoteRule(
        names=("Altman Safe", "Altman Distress"),
        group="leverage",
        vote=_altman,
        value="altman_z_score",
        thresholds=(("altman_safe",), ("altman_distress",)),
        unit="ratio",
        texts=("Altman's score {altman_z_score} above {altman_safe}", "Altman's score {altman_z_score} below {altman_distress}"),
        dated="filing_day",
    ),
)  # fmt: skip
_CAPITAL: Final = (
    VoteRule(
        names=("Buybacks Above Their Past", ""),
        group="capital return",
        vote=_BUYBACKS[0],
        value="buyback_intensity_z_score",
        thresholds=(1.0, NEVER),
        unit="ratio",
        texts=("net buybacks {buyback_intensity} of operating cash flow, {buyback_intensity_z_score} deviations from the past", ""),
        dated="filing_day",
    ),
    VoteRule(
        names=("Buybacks", ""),
        group="capital return",
        vote=_BUYBACKS[1],
        value="buyback_intensity",
        thresholds=(0.25, NEVER),
        unit="fraction",
        texts=("net buybacks {buyback_intensity} of operating cash flow", ""),
        dated="filing_day",
    ),
    by_level(
        ("Fewer Shares", "Dilution"), "capital return", "share_count_change", "fraction", (-0.02, 0.05), (1, 2),
        "shares on the year before", low_is_good=True, unless=_BUYBACKS,
    ),
    VoteRule(
        names=("", "Raises Capital"),
        group="capital return",
        vote=_raise,
        value="capital_raise_ratio",
        thresholds=(NEVER, 0.10),
        unit="fraction",
        texts=("", "financing brought {capital_raise_ratio} of liabilities, operations {operating_cash_flow}"),
        dated="filing_day",
    ),
    VoteRule(
        names=("Dividend Covered", "Dividend Not Covered"),
        group="capital return",
        vote=_dividend,
        value="dividend_cover",
        thresholds=(_WELL_COVERED, 1.0),
        unit="ratio",
        texts=(
            "net income {net_income} and free cash flow {free_cash_flow} cover dividends {dividends_paid} {dividend_cover} times or more",
            "the smaller of net income {net_income} and free cash flow {free_cash_flow} is {dividend_cover} times dividends {dividends_paid}",
        ),
        dated="filing_day",
    ),
)  # fmt: skip

BUSINESS: Final[tuple[VoteRule, ...]] = (*_QUALITY, *_GROWTH, *_LEVERAGE, *_CAPITAL)
