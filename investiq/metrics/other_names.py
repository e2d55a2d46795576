"""What statistics are called elsewhere, in papers, empyrical and quantstats."""

from __future__ import annotations

from typing import Final

__all__: list[str] = []

ELSEWHERE: Final[dict[str, str]] = {
    "annual_return": "cagr",
    "annual_volatility": "volatility",
    "black_scholes": "black_scholes_price",
    "calmar": "calmar_ratio",
    "cvar": "expected_shortfall",
    "dsr": "deflated_sharpe_ratio",
    "es": "expected_shortfall",
    "hurst": "hurst_exponent",
    "iv": "implied_volatility",
    "mdd": "max_drawdown",
    "minbtl": "minimum_backtest_length",
    "mintrl": "minimum_track_record_length",
    "omega": "omega_ratio",
    "pbo": "probability_of_backtest_overfitting",
    "psr": "probabilistic_sharpe_ratio",
    "sharpe": "sharpe_ratio",
    "sortino": "sortino_ratio",
    "spa": "superior_predictive_ability",
    "var": "value_at_risk",
}
