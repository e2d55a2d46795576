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
    reasons = {}
    if float(row["mean_reversion_p"]) >= 0.05:
        reasons["mean_reversion_half_life"] = "a unit root is not rejected: a random walk would look the same"
    if np.isfinite(float(row["seasonality_avg_return"])):
        reasons |= dict.fromkeys(("seasonality_t", "seasonality_p"), "fewer than 10 years of this calendar month")
    if int(row["n_obs"]) > 252:
        still = "the returns do not vary, or none is below the risk-free return"
        names = (
            "sharpe_ratio",
            "sharpe_ratio_year",
            "sharpe_ratio_lo",
            "sortino_ratio",
            "omega_ratio",
            "kelly_fraction",
        )
        reasons |= dict.fromkeys(names, still)
        reasons |= dict.fromkeys(("skewness", "excess_kurtosis", "autocorrelation_lag1"), "the returns do not vary")
    return reasons
