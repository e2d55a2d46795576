"""What empyrical says of a series of returns, by the names of our own metrics.

Called in the child process of `investiq.interop.second_opinions`, where a
library may be slow to import, print and warn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EMPYRICAL_CALLS", "Settings"]

# periods_per_year, risk_free (annual), risk_free_per_period, target_per_period (empyrical's own splits), confidence.
Settings = dict[str, float]
Call = Callable[[Any, Any, Any, Settings], float]

# Only these frequencies have a name for its capture ratios, which take no other.
_FREQUENCIES: Final = {252: "daily", 52: "weekly", 12: "monthly", 4: "quarterly", 1: "yearly"}


def _capture(name: str) -> Call:
    def call(library: Any, returns: pd.Series[float], benchmark: pd.Series[float], settings: Settings) -> float:
        periods = settings["periods_per_year"]
        if periods not in _FREQUENCIES:
            raise ValueError(f"its capture ratios know 252, 52, 12, 4 or 1 periods a year, not {periods:g}")
        return float(getattr(library, name)(returns, benchmark, period=_FREQUENCIES[int(periods)]))

    return call


def _annual(name: str) -> Call:
    return lambda library, r, b, s: getattr(library, name)(r, annualization=s["periods_per_year"])


EMPYRICAL_CALLS: Final[dict[str, Call]] = {
    "Total return": lambda e, r, b, s: e.cum_returns_final(r),
    "CAGR": _annual("cagr"),
    "Volatility": _annual("annual_volatility"),
    "Downside deviation": lambda e, r, b, s: e.downside_risk(
        r, required_return=s["target_per_period"], annualization=s["periods_per_year"]
    ),
    "Sharpe ratio": lambda e, r, b, s: e.sharpe_ratio(
        r, risk_free=s["risk_free_per_period"], annualization=s["periods_per_year"]
    ),
    "Sortino ratio": lambda e, r, b, s: e.sortino_ratio(
        r, required_return=s["target_per_period"], annualization=s["periods_per_year"]
    ),
    "Calmar ratio": _annual("calmar_ratio"),
    "Omega ratio": lambda e, r, b, s: e.omega_ratio(r, risk_free=s["target_per_period"]),
    "Max drawdown": lambda e, r, b, s: e.max_drawdown(r),
    "Value at risk": lambda e, r, b, s: e.value_at_risk(r, 1 - s["confidence"]),
    "Expected shortfall": lambda e, r, b, s: e.conditional_value_at_risk(r, 1 - s["confidence"]),
    "Tail ratio": lambda e, r, b, s: e.tail_ratio(r),
    # Its table of simple statistics holds scipy's functions as they are.
    "Skewness": lambda e, r, b, s: e.stats.stats.skew(r),
    "Excess kurtosis": lambda e, r, b, s: e.stats.stats.kurtosis(r),
    "Beta": lambda e, r, b, s: e.beta(r, b, risk_free=s["risk_free_per_period"]),
    "Alpha": lambda e, r, b, s: e.alpha(r, b, risk_free=s["risk_free_per_period"], annualization=s["periods_per_year"]),
    "Information ratio": lambda e, r, b, s: e.excess_sharpe(r, b),
    "Up capture": _capture("up_capture"),
    "Down capture": _capture("down_capture"),
}
