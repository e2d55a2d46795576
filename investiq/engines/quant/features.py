"""The causal table of the quant engine: statistics of trailing windows of total-adjusted returns."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from investiq.core.facts import Unit
from investiq.engines.base import causal_table
from investiq.engines.quant.conditional_volatility import conditional_volatility
from investiq.engines.quant.factors import factor_regression
from investiq.engines.quant.jumps import jumps
from investiq.engines.quant.market_model import market_model
from investiq.engines.quant.persistence import autocorrelations, half_lives, hurst
from investiq.engines.quant.ratios import momentum, reward, win_rates
from investiq.engines.quant.returns import sample_of
from investiq.engines.quant.seasonality import seasonality
from investiq.engines.quant.tail import falls, shape, tails
from investiq.engines.quant.windows import quotient
from investiq.engines.scoring import percentile_rank
from investiq.history.history import History

__all__ = ["FEATURES", "WORDS", "quant_features"]

# Every number with the unit in which it is shown.
FEATURES: Final[dict[str, Unit]] = {
    "quant_risk_free_rate": "fraction",
    "sharpe_ratio": "ratio",
    "sharpe_standard_error": "ratio",
    "sharpe_percentile": "fraction",
    "sharpe_z": "ratio",
    "sharpe_ratio_year": "ratio",
    "sharpe_ratio_lo": "ratio",
    "sortino_ratio": "ratio",
    "omega_ratio": "ratio",
    "omega_z": "ratio",
    "recent_return": "fraction",
    "recent_return_percentile": "fraction",
    "momentum_factor": "fraction",
    "momentum_factor_z": "ratio",
    "win_rate": "fraction",
    "best_strategy": "",
    "best_strategy_call": "",
    "momentum_win_rate": "fraction",
    "momentum_win_p": "p_value",
    "mean_reversion_win_rate": "fraction",
    "mean_reversion_win_p": "p_value",
    "autocorrelation_lag1": "ratio",
    "autocorrelation_z": "ratio",
    "variance_ratio": "ratio",
    "variance_ratio_z": "ratio",
    "hurst_exponent": "ratio",
    "hurst_lower": "ratio",
    "hurst_upper": "ratio",
    "hurst_regime": "",
    "mean_reversion_half_life": "bars",
    "mean_reversion_p": "p_value",
    "seasonality_avg_return": "fraction",
    "seasonality_t": "ratio",
    "seasonality_p": "p_value",
    "beta": "ratio",
    "beta_standard_error": "ratio",
    "beta_blume": "ratio",
    "beta_r2": "ratio",
    "beta_stability_shift": "ratio",
    "beta_stability_p": "p_value",
    "low_vol_factor_ratio": "ratio",
    "low_vol_factor_z": "ratio",
    "factor_alpha": "fraction",
    "factor_market_beta": "ratio",
    "factor_size_beta": "ratio",
    "factor_value_beta": "ratio",
    "factor_alpha_error": "fraction",
    "factor_market_error": "ratio",
    "factor_size_error": "ratio",
    "factor_value_error": "ratio",
    "factor_r2": "ratio",
    "factor_residual_vol": "fraction",
    "factor_is_proxy": "",
    "volatility": "fraction",
    "volatility_percentile": "fraction",
    "garch_forecast_vol": "fraction",
    "garch_vol_ratio": "ratio",
    "garch_vol_ratio_percentile": "fraction",
    "garch_persistence": "ratio",
    "garch_alpha": "ratio",
    "garch_degrees_of_freedom": "ratio",
    "garch_is_ewma": "",
    "max_drawdown": "fraction",
    "drawdown": "fraction",
    "drawdown_percentile": "fraction",
    "drawdown_bars": "bars",
    "var_95": "fraction",
    "var_95_percentile": "fraction",
    "var_95_exceedances": "count",
    "var_95_kupiec_p": "p_value",
    "cvar_95": "fraction",
    "cvar_95_percentile": "fraction",
    "rachev_ratio": "ratio",
    "kelly_fraction": "ratio",
    "kelly_standard_error": "ratio",
    "skewness": "ratio",
    "excess_kurtosis": "ratio",
    "jump_score": "ratio",
    "jump_days": "count",
    "jump_share": "fraction",
    "jump_intensity": "fraction",
}
# What is told in words: the benchmark ("itself" for its own), and where factors and risk-free rate are from.
WORDS: Final = ("quant_benchmark", "factor_source", "risk_free_source")


def quant_features(history: History) -> pd.DataFrame:
    """Return the features of the main symbol's bars.

    Parameters
    ----------
    history : History
        The main symbol, and where it has them: a benchmark, factor records
        ``"FF3"`` or funds in their place, and a risk-free rate, see
        `known_risk_free`.

    Returns
    -------
    DataFrame of shape (n_bars, 2 + len(FEATURES) + len(WORDS))
        Index `ts`; `known_at`, `n_obs`, `FEATURES` and `WORDS`; NaN where the past
        is too short or what a feature needs is not there. All windows trail.
    """
    sample = sample_of(history)
    columns: dict[str, Any] = {
        "quant_risk_free_rate": sample.rate,
        "risk_free_source": sample.rate_source,
        "quant_benchmark": sample.benchmark_name,
        **reward(sample),
        **momentum(sample),
        **win_rates(sample),
        **autocorrelations(sample),
        **hurst(sample),
        **half_lives(sample),
        **seasonality(sample),
        **market_model(sample),
        **factor_regression(history, sample),
        **conditional_volatility(sample.returns, sample.months, sample.periods_per_year),
        **falls(sample),
        **tails(sample),
        **shape(sample),
        **jumps(sample),
    }
    realised = columns["volatility"]
    ratio = quotient(columns["garch_forecast_vol"], realised, realised > 0)
    columns |= {"garch_vol_ratio": ratio, "garch_vol_ratio_percentile": percentile_rank(ratio)}
    return causal_table(history, {name: columns[name] for name in (*FEATURES, *WORDS)})
