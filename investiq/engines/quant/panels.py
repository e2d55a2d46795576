"""How the features of the quant engine are shown below its evidence."""

from __future__ import annotations

from typing import Final

from investiq.engines.base import Line, Panel

__all__ = ["PANELS"]

PANELS: Final = (
    Panel(
        "Return",
        (
            Line("20-bar return", "recent_return", "", "recent_return_percentile"),
            Line("12-1 momentum", "momentum_factor", "from 252 to 21 bars ago"),
            Line("Sharpe ratio", "sharpe_ratio", "60 bars, annual", "sharpe_percentile"),
            Line("Its standard error", "sharpe_standard_error", "independent returns (Lo 2002)"),
            Line("Sharpe ratio, year", "sharpe_ratio_year", "252 bars, annual"),
            Line("Sharpe ratio, Lo", "sharpe_ratio_lo", "252 bars, autocorrelation in the annualisation"),
            Line("Sortino ratio", "sortino_ratio", "252 bars, annual, target the risk-free return"),
            Line("Omega ratio", "omega_ratio", "60 bars, target the risk-free return"),
            Line("Seasonal return", "seasonality_avg_return", "this calendar month in past years"),
            Line("Risk-free rate", "quant_risk_free_rate", "annual, newest known; 4.5 % where the history has none"),
        ),
    ),
    Panel(
        "Persistence",
        (
            Line("Autocorrelation, lag 1", "autocorrelation_lag1", "252 bars"),
            Line("Its robust z", "autocorrelation_z", "Lo and MacKinlay 1988"),
            Line("Variance ratio of 5 bars", "variance_ratio", "1 for a random walk; 252 bars"),
            Line("Its robust z", "variance_ratio_z"),
            Line("Hurst exponent", "hurst_exponent", "768 returns, monthly; Anis and Lloyd's correction"),
            Line("Half-life", "mean_reversion_half_life", "log price of 504 bars, quarterly"),
            Line("Momentum win rate", "momentum_win_rate", "252 bars"),
            Line("Mean-reversion win rate", "mean_reversion_win_rate", "252 bars"),
        ),
    ),
    Panel(
        "Market and factors",
        (
            Line("Beta", "beta", "252 common days"),
            Line("Its standard error", "beta_standard_error", "Newey-West"),
            Line("Adjusted beta", "beta_blume", "0.67 beta + 0.33"),
            Line("R²", "beta_r2"),
            Line("Change of beta", "beta_stability_shift", "last 60 days less the 60 before"),
            Line("p of no change", "beta_stability_p", "Chow"),
            Line("Volatility over the benchmark's", "low_vol_factor_ratio", "252 common days"),
            Line("Alpha on three factors", "factor_alpha", "annual"),
            Line("Its standard error", "factor_alpha_error", "Newey-West"),
            Line("Market beta", "factor_market_beta"),
            Line("Size beta", "factor_size_beta"),
            Line("Value beta", "factor_value_beta"),
            Line("R² of the factors", "factor_r2"),
        ),
    ),
    Panel(
        "Risk",
        (
            Line("Volatility", "volatility", "30 bars, annual; no vote", "volatility_percentile"),
            Line("Volatility forecast", "garch_forecast_vol", "GARCH(1,1), Student's t, or exponentially weighted"),
            Line("Forecast over realised", "garch_vol_ratio", "", "garch_vol_ratio_percentile"),
            Line("Persistence of volatility", "garch_persistence", "alpha + beta"),
            Line("Value at risk, 95 %", "var_95", "one bar, 252 bars", "var_95_percentile"),
            Line("Losses beyond it", "var_95_exceedances", "of 252 bars, it as known the bar before; 12.6 expected"),
            Line("p of that number", "var_95_kupiec_p", "Kupiec"),
            Line("Expected shortfall, 95 %", "cvar_95", "one bar, 252 bars", "cvar_95_percentile"),
            Line("Drawdown", "drawdown", "from the peak of 252 bars", "drawdown_percentile"),
            Line("Bars since the peak", "drawdown_bars"),
            Line("Deepest drawdown", "max_drawdown", "252 bars"),
            Line("Kelly fraction", "kelly_fraction", "252 bars; take half or less"),
            Line("Its standard error", "kelly_standard_error", "of the mean alone"),
            Line("Skewness", "skewness", "252 bars; error 0.15 if normal"),
            Line("Excess kurtosis", "excess_kurtosis", "252 bars; error 0.31 if normal"),
            Line("Rachev ratio", "rachev_ratio", "best over worst 5 %, 252 bars"),
            Line("Jumps", "jump_days", "of 252 bars, 3 robust deviations"),
            Line("Size of jumps", "jump_intensity", "a day"),
        ),
    ),
)
