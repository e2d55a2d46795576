"""What quantstats says of a series of returns, by the names of our own metrics.

Called in the child process of `investiq.interop.second_opinions`.
"""

from __future__ import annotations

from typing import Final

from investiq.interop.empyrical import Call

__all__ = ["QUANTSTATS_CALLS"]

QUANTSTATS_CALLS: Final[dict[str, Call]] = {
    "Total return": lambda q, r, b, s: q.comp(r),
    "CAGR": lambda q, r, b, s: q.cagr(r, periods=s["periods_per_year"]),
    "Volatility": lambda q, r, b, s: q.volatility(r, periods=s["periods_per_year"]),
    "Sharpe ratio": lambda q, r, b, s: q.sharpe(r, rf=s["risk_free"], periods=s["periods_per_year"]),
    "Sortino ratio": lambda q, r, b, s: q.sortino(r, rf=s["risk_free"], periods=s["periods_per_year"]),
    "Probabilistic Sharpe ratio": lambda q, r, b, s: q.probabilistic_sharpe_ratio(
        r, rf=s["risk_free"], periods=s["periods_per_year"]
    ),
    "Calmar ratio": lambda q, r, b, s: q.calmar(r, periods=s["periods_per_year"]),
    "Omega ratio": lambda q, r, b, s: q.omega(r, rf=s["risk_free"], periods=s["periods_per_year"]),
    "Gain-to-pain ratio": lambda q, r, b, s: q.gain_to_pain_ratio(r),
    "Kelly fraction": lambda q, r, b, s: q.kelly_criterion(r),
    "Max drawdown": lambda q, r, b, s: q.max_drawdown(r),
    "Ulcer index": lambda q, r, b, s: q.ulcer_index(r),
    "Martin ratio": lambda q, r, b, s: q.ulcer_performance_index(r, rf=s["risk_free"]),
    "Recovery factor": lambda q, r, b, s: q.recovery_factor(r),
    "Value at risk": lambda q, r, b, s: q.value_at_risk(r, confidence=s["confidence"]),
    "Expected shortfall": lambda q, r, b, s: q.expected_shortfall(r, confidence=s["confidence"]),
    "Tail ratio": lambda q, r, b, s: q.tail_ratio(r),
    "Skewness": lambda q, r, b, s: q.skew(r),
    "Excess kurtosis": lambda q, r, b, s: q.kurtosis(r),
    "Best return": lambda q, r, b, s: q.best(r),
    "Worst return": lambda q, r, b, s: q.worst(r),
    "Hit rate": lambda q, r, b, s: q.win_rate(r),
    "Beta": lambda q, r, b, s: q.greeks(r, b, periods=s["periods_per_year"])["beta"],
    "Alpha": lambda q, r, b, s: q.greeks(r, b, periods=s["periods_per_year"])["alpha"],
    "R-squared": lambda q, r, b, s: q.r_squared(r, b),
    "Information ratio": lambda q, r, b, s: q.information_ratio(r, b),
    "Treynor ratio": lambda q, r, b, s: q.treynor_ratio(r, b, periods=s["periods_per_year"], rf=s["risk_free"]),
}
