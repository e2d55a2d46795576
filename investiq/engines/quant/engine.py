"""The quant engine: momentum, persistence, factors and risk from returns alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.engines.base import Engine
from investiq.engines.quant.features import FEATURES, WORDS, quant_features
from investiq.engines.quant.panels import PANELS
from investiq.engines.quant.rules import RULES
from investiq.engines.rules import FloatArray, Table
from investiq.history.history import History

__all__ = ["MINIMUM_BARS", "QuantEngine"]

MINIMUM_BARS: Final = 30
# Quality of the data by the number of bars known, for the raw confidence: what the estimators need.
_QUALITY_BARS: Final = np.array([120, 250, 500])
_QUALITY: Final = np.array([0.2, 0.4, 0.6, 0.8])
_MOST_CONFIDENCE: Final = 0.95
# Three standard errors of the skewness of 252 normal returns, sqrt(6 / n) each.
_SKEW: Final = 0.5

_NEED_BENCHMARK: Final = (
    "beta",
    "beta_standard_error",
    "beta_blume",
    "beta_r2",
    "beta_stability_shift",
    "beta_stability_p",
    "low_vol_factor_ratio",
    "low_vol_factor_z",
)
_NEED_FACTORS: Final = tuple(name for name in FEATURES if name.startswith("factor_"))
_NEED_FIT: Final = ("garch_persistence", "garch_alpha", "garch_degrees_of_freedom")
_NO_FACTORS: Final = (
    'neither records "FF3" (numbers market, smb, hml and risk_free; by month, or by day for daily bars) '
    "nor funds for market, size and value have enough periods"
)
_FEW_PAST: Final = "fewer than 60 of the 252 bars before have a value to compare with"
_STILL: Final = "the returns of 252 bars do not vary"
# From how many bars on a feature has a value, and why it may have none even so.
_UNDEFINED: Final = (
    (31, ("garch_vol_ratio",), "the returns of 30 bars do not vary"),
    (91, ("garch_vol_ratio_percentile",), _FEW_PAST),
    (61, ("sharpe_ratio", "sharpe_standard_error"), "the returns of 60 bars do not vary"),
    (61, ("omega_ratio",), "none of 60 returns is below the risk-free return"),
    (121, ("sharpe_percentile", "sharpe_z", "omega_z"), _FEW_PAST),
    (253, ("sharpe_ratio_year", "kelly_fraction", "kelly_standard_error", "skewness", "excess_kurtosis"), _STILL),
    (253, ("autocorrelation_lag1", "autocorrelation_z", "variance_ratio", "variance_ratio_z"), _STILL),
    (253, ("sharpe_ratio_lo",), f"{_STILL}, or alternate so much that a year has no variance"),
    (253, ("sortino_ratio",), "none of 252 returns is below the risk-free return"),
    (253, ("rachev_ratio",), "the worst 5 % of 252 returns are no losses"),
    (263, ("win_rate", "best_strategy", "best_strategy_call"), "one of two rules has called no move in 252 bars"),
    (263, ("momentum_win_rate", "momentum_win_p"), "no two returns of 252 bars in succession are moves"),
    (263, ("mean_reversion_win_rate", "mean_reversion_win_p"), "no move of 252 bars began off the average of 10"),
    (62, ("jump_score",), "half of the 60 returns before are equal"),
    (313, ("jump_days", "jump_share", "jump_intensity"), "of 252 returns none has 60 before it that vary"),
    # Their windows, and a month or a quarter to wait for the next session that opens one.
    (800, ("hurst_exponent", "hurst_lower", "hurst_upper", "hurst_regime"), "no window of a size varies"),
    (600, ("mean_reversion_half_life", "mean_reversion_p"), "each log price follows from those before, or none moves"),
)


class QuantEngine(Engine):
    """Statistics of returns over trailing windows, and what they forecast.

    The three steps of every engine: `features` from a history, `score` from the
    features, `explain` for one row of them. All are causal and cover every row.

    Notes
    -----
    Confidence is ``0.6 * quality + 0.4 * agreement``, at most 0.95: 0.8, 0.6 or 0.4
    from 500, 250 or 120 bars on, else 0.2, and the share of the larger side among
    the votes of the groups (half without a vote). It is raw: no calibrated
    probability. Only forecasts of return vote; volatility, value at risk, Kelly's
    fraction and their kind are shown and have no direction.

    Examples
    --------
    >>> import investiq as iq
    >>> engine = QuantEngine()
    >>> features = engine.features(iq.History.of(iq.load_bars("^GSPC")))
    >>> signal = engine.explain(features.iloc[-1])
    >>> signal.label, round(signal.metrics["sharpe_ratio"], 1), signal.missing["beta"]
    ('Sell', -2.7, 'the history names no benchmark')
    """

    name = "quant"
    version = "1"
    units = FEATURES
    words = WORDS
    rules = RULES
    panels = PANELS

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features, see `quant_features`."""
        return quant_features(history)

    def is_ready(self, table: Table) -> NDArray[np.bool_]:
        """Return the rows at which 30 bars are known."""
        ready: NDArray[np.bool_] = table["n_obs"] >= MINIMUM_BARS
        return ready

    def why_not_ready(self, row: Mapping[str, Any]) -> str:
        """Return why a row has no score."""
        return f"the quant engine needs {MINIMUM_BARS} bars, {int(row['n_obs'])} are known"

    def confidence(self, table: Table, agreeing: FloatArray, count: NDArray[np.int64]) -> FloatArray:
        """Return the raw confidence of each row, see the notes of the class."""
        quality = _QUALITY[np.searchsorted(_QUALITY_BARS, table["n_obs"], side="right")]
        share = np.where(np.isnan(agreeing), 0.5, agreeing)
        raw: FloatArray = np.minimum(0.6 * quality + 0.4 * share, _MOST_CONFIDENCE)
        return raw

    def why_missing(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the reason for features of a row without a value."""
        return {**_benchmark_reasons(row), **_fit_reasons(row), **_undefined_reasons(row)}

    def tags(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a row is marked with: the lean of its returns, and a beta that changed."""
        skew = float(row["skewness"])
        found = ["CRASH RISK"] if skew < -_SKEW else ["LOTTERY"] if skew > _SKEW else []
        if float(row["beta_stability_p"]) < 0.05:
            found.append("BETA CHANGED")
        return tuple(found)


def _benchmark_reasons(row: Mapping[str, Any]) -> dict[str, str]:
    benchmark = str(row["quant_benchmark"])
    if benchmark == "itself":
        reason = "the symbol is its own benchmark"
    elif not benchmark:
        reason = "the history names no benchmark"
    else:
        reason = f"too few days in common with {benchmark}, none lately, or it does not move"
    source = str(row["factor_source"])
    factors = "" if source else _NO_FACTORS
    return dict.fromkeys(_NEED_BENCHMARK, reason) | (dict.fromkeys(_NEED_FACTORS, factors) if factors else {})


def _fit_reasons(row: Mapping[str, Any]) -> dict[str, str]:
    if float(row["garch_is_ewma"]) == 1:
        reason = (
            "fewer than 500 returns before the quarter, no maximum of the likelihood, or a persistence of 1: "
            "the forecast is exponentially weighted (0.94)"
        )
        return dict.fromkeys(_NEED_FIT, reason)
    return {}


def _undefined_reasons(row: Mapping[str, Any]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    known = int(row["n_obs"])
    for bars, names, reason in _UNDEFINED:
        if known >= bars:
            reasons |= dict.fromkeys(names, reason)
    p_value = float(row["mean_reversion_p"])
    if p_value >= 0.05:
        reasons["mean_reversion_half_life"] = "a unit root is not rejected: a random walk would look the same"
    elif p_value < 0.05:
        reasons["mean_reversion_half_life"] = "the log price leaps over its mean each bar, or does not return to one"
    if np.isfinite(float(row["seasonality_avg_return"])):
        reasons |= dict.fromkeys(("seasonality_t", "seasonality_p"), "fewer than 10 years of this calendar month")
    return reasons
