"""The votes of the quant engine: forecasts of return only; how risky a share is has no direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.scoring import weight_of_z

__all__ = ["RULES"]

Z_NOTABLE: Final = 1.0
SHARPE_HIGH, SHARPE_LOW = 0.80, 0.20
# While there is no rank yet.
SHARPE_GOOD: Final = 1.0
SORTINO_GOOD: Final = 1.8
MOMENTUM_MOVE: Final = 0.15
BETA_HIGH, BETA_LOW = 1.2, 0.8
# Ends of the tiers of the 20-bar return: its rank, and the return itself while there is none.
RANK_EXTREME, RANK_HIGH, RANK_MODERATE = 0.95, 0.85, 0.70
MOVE_EXTREME, MOVE_HIGH, MOVE_MODERATE = 0.20, 0.10, 0.05
# Two-sided 5 % of a standard normal.
SIGNIFICANT_Z: Final = 1.959963984540054
# Twelve months are tested at once.
MONTH_LEVEL: Final = 0.05 / 12
QUICK_BARS, SLOW_BARS = 5.0, 20.0


def _by_z(name: str) -> Callable[[Table], FloatArray]:
    """Return a vote with z above 1 in size, as heavy as CORE-7 has it."""

    def vote(t: Table) -> FloatArray:
        z = t[name]
        return side(z > Z_NOTABLE, z < -Z_NOTABLE) * weight_of_z(np.nan_to_num(z))

    return vote


def _sharpe(t: Table) -> FloatArray:
    rank = t["sharpe_percentile"]
    return side(rank > SHARPE_HIGH, rank < SHARPE_LOW) * weight_of_z(np.nan_to_num(t["sharpe_z"]))


def _young_sharpe(t: Table) -> FloatArray:
    ratio, is_young = t["sharpe_ratio"], np.isnan(t["sharpe_percentile"])
    return side(is_young & (ratio > SHARPE_GOOD), np.zeros(ratio.size, dtype=bool), 3) + side(
        np.zeros(ratio.size, dtype=bool), is_young & (ratio < 0), 2
    )


def _sortino(t: Table) -> FloatArray:
    return side(t["sortino_ratio"] > SORTINO_GOOD, t["sortino_ratio"] < 0, 2)


def _young_momentum(t: Table) -> FloatArray:
    moved, is_young = t["momentum_factor"], np.isnan(t["momentum_factor_z"])
    return side(is_young & (moved > MOMENTUM_MOVE), is_young & (moved < -MOMENTUM_MOVE), 2)


def _tiers(place: FloatArray, extreme: float, high: float, moderate: float) -> tuple[FloatArray, FloatArray]:
    """Return reversal and continuation of a place around 0: far out it is expected to turn, midway to go on."""
    size, direction = np.abs(place), np.nan_to_num(np.sign(place))
    turning = np.where(size > extreme, 2.0, np.where(size > high, 1.0, 0.0))
    going_on = np.where((size > moderate) & (size <= high), 2.0, 0.0)
    return -direction * turning, direction * going_on


def _ranked(which: int) -> Callable[[Table], FloatArray]:
    def vote(t: Table) -> FloatArray:
        # Rounded, so that a rank of 0.15 is as far out as one of 0.85.
        place = np.round(t["recent_return_percentile"] - 0.5, 12)
        return _tiers(place, *(round(end - 0.5, 12) for end in (RANK_EXTREME, RANK_HIGH, RANK_MODERATE)))[which]

    return vote


def _young_move(which: int) -> Callable[[Table], FloatArray]:
    def vote(t: Table) -> FloatArray:
        is_young = np.isnan(t["recent_return_percentile"])
        return is_young * _tiers(t["recent_return"], MOVE_EXTREME, MOVE_HIGH, MOVE_MODERATE)[which]

    return vote


def _recent(t: Table) -> FloatArray:
    return np.nan_to_num(np.sign(t["recent_return"]))


def _autocorrelation(t: Table) -> FloatArray:
    z = np.nan_to_num(t["autocorrelation_z"])
    return side(z > SIGNIFICANT_Z, z < -SIGNIFICANT_Z) * weight_of_z(z) * _recent(t)


def _hurst(t: Table) -> FloatArray:
    return np.nan_to_num(t["hurst_regime"]) * 2 * _recent(t)


def _half_life(t: Table) -> FloatArray:
    # Given only where a unit root is rejected.
    bars = t["mean_reversion_half_life"]
    return (np.where(bars > SLOW_BARS, 1.0, 0.0) - np.where(bars < QUICK_BARS, 2.0, 0.0)) * _recent(t)


def _best_rule(t: Table) -> FloatArray:
    return 2 * np.nan_to_num(t["best_strategy_call"])


def _season(t: Table) -> FloatArray:
    is_sure = t["seasonality_p"] < MONTH_LEVEL
    t_value = np.nan_to_num(t["seasonality_t"])
    return np.where(is_sure, np.sign(t_value) * weight_of_z(t_value), 0.0)


_SHARPE_TEXT: Final = "Sharpe of 60 bars {sharpe_ratio} (error {sharpe_standard_error}), rank {sharpe_percentile} in its trailing 252 bars"
_YOUNG_SHARPE_TEXT: Final = "Sharpe of 60 bars {sharpe_ratio} (error {sharpe_standard_error}), too young for a rank"
_RANK_TEXT: Final = "20-bar return {recent_return}, rank {recent_return_percentile} in its trailing 252 bars"
_MOVE_TEXT: Final = "20-bar return {recent_return}, too young for a rank"
_MOMENTUM_TEXT: Final = (
    "return from 252 to 21 bars ago {momentum_factor}, {momentum_factor_z} deviations from its trailing year"
)
_AUTO_TEXT: Final = (
    "lag-1 autocorrelation {autocorrelation_lag1}, robust z {autocorrelation_z}; the last 20 bars moved {recent_return}"
)
_HURST_TEXT: Final = (
    "Hurst exponent {hurst_exponent} outside [{hurst_lower}, {hurst_upper}]; the last 20 bars moved {recent_return}"
)
_LIFE_TEXT: Final = "half of a deviation is gone in {mean_reversion_half_life} (unit root: p {mean_reversion_p}); the last 20 bars moved {recent_return}"
_RULE_TEXT: Final = "momentum called {momentum_win_rate} of the last year's signs (p {momentum_win_p}), mean reversion {mean_reversion_win_rate} (p {mean_reversion_win_p})"
_BETA_TEXT: Final = "beta {beta} on the benchmark, error {beta_standard_error}"
_VOL_TEXT: Final = (
    "volatility {low_vol_factor_ratio} times the benchmark's, {low_vol_factor_z} deviations from its trailing year"
)
_SEASON_TEXT: Final = (
    "this calendar month averaged {seasonality_avg_return} in past years, t {seasonality_t}, p {seasonality_p}"
)

RULES: Final[tuple[VoteRule, ...]] = (
    VoteRule(
        names=("Strong 12-1 Momentum", "Weak 12-1 Momentum"),
        group="momentum",
        vote=_by_z("momentum_factor_z"),
        value="momentum_factor_z",
        thresholds=(Z_NOTABLE, -Z_NOTABLE),
        unit="ratio",
        texts=(_MOMENTUM_TEXT, _MOMENTUM_TEXT),
    ),
    VoteRule(
        names=("Year Up", "Year Down"),
        group="momentum",
        vote=_young_momentum,
        value="momentum_factor",
        thresholds=(MOMENTUM_MOVE, -MOMENTUM_MOVE),
        unit="fraction",
        texts=("return from 252 to 21 bars ago {momentum_factor}",) * 2,
    ),
    VoteRule(
        names=("Deep 20-Bar Fall, May Turn", "Extreme 20-Bar Rise, May Turn"),
        group="20-bar momentum",
        vote=_ranked(0),
        value="recent_return_percentile",
        thresholds=(1 - RANK_HIGH, RANK_HIGH),
        unit="fraction",
        texts=(_RANK_TEXT, _RANK_TEXT),
    ),
    VoteRule(
        names=("20-Bar Rise", "20-Bar Fall"),
        group="20-bar momentum",
        vote=_ranked(1),
        value="recent_return_percentile",
        thresholds=(RANK_MODERATE, 1 - RANK_MODERATE),
        unit="fraction",
        texts=(_RANK_TEXT, _RANK_TEXT),
    ),
    VoteRule(
        names=("Large Fall, May Turn", "Large Rise, May Turn"),
        group="20-bar momentum",
        vote=_young_move(0),
        value="recent_return",
        thresholds=(-MOVE_HIGH, MOVE_HIGH),
        unit="fraction",
        texts=(_MOVE_TEXT, _MOVE_TEXT),
    ),
    VoteRule(
        names=("Rise", "Fall"),
        group="20-bar momentum",
        vote=_young_move(1),
        value="recent_return",
        thresholds=(MOVE_MODERATE, -MOVE_MODERATE),
        unit="fraction",
        texts=(_MOVE_TEXT, _MOVE_TEXT),
    ),
    VoteRule(
        names=("High Sharpe", "Low Sharpe"),
        group="risk-adjusted trend",
        vote=_sharpe,
        value="sharpe_percentile",
        thresholds=(SHARPE_HIGH, SHARPE_LOW),
        unit="fraction",
        texts=(_SHARPE_TEXT, _SHARPE_TEXT),
    ),
    VoteRule(
        names=("Good Sharpe", "Negative Sharpe"),
        group="risk-adjusted trend",
        vote=_young_sharpe,
        value="sharpe_ratio",
        thresholds=(SHARPE_GOOD, 0.0),
        unit="ratio",
        texts=(_YOUNG_SHARPE_TEXT, _YOUNG_SHARPE_TEXT),
    ),
    VoteRule(
        names=("Good Sortino", "Negative Sortino"),
        group="risk-adjusted trend",
        vote=_sortino,
        value="sortino_ratio",
        thresholds=(SORTINO_GOOD, 0.0),
        unit="ratio",
        texts=("Sortino of 252 bars {sortino_ratio}",) * 2,
    ),
    VoteRule(
        names=("High Omega", "Low Omega"),
        group="risk-adjusted trend",
        vote=_by_z("omega_z"),
        value="omega_z",
        thresholds=(Z_NOTABLE, -Z_NOTABLE),
        unit="ratio",
        texts=("Omega of 60 bars {omega_ratio}, {omega_z} deviations from its trailing year",) * 2,
    ),
    VoteRule(
        names=("Hurst Favours a Rise", "Hurst Favours a Fall"),
        group="persistence",
        vote=_hurst,
        value="hurst_exponent",
        thresholds=(("hurst_lower", "hurst_upper"), ("hurst_lower", "hurst_upper")),
        unit="ratio",
        texts=(_HURST_TEXT, _HURST_TEXT),
    ),
    VoteRule(
        names=("Autocorrelation Favours a Rise", "Autocorrelation Favours a Fall"),
        group="persistence",
        vote=_autocorrelation,
        value="autocorrelation_z",
        thresholds=(SIGNIFICANT_Z, SIGNIFICANT_Z),
        unit="ratio",
        texts=(_AUTO_TEXT, _AUTO_TEXT),
    ),
    VoteRule(
        names=("Half-Life Favours a Rise", "Half-Life Favours a Fall"),
        group="persistence",
        vote=_half_life,
        value="mean_reversion_half_life",
        thresholds=(QUICK_BARS, QUICK_BARS),
        unit="bars",
        texts=(_LIFE_TEXT, _LIFE_TEXT),
    ),
    VoteRule(
        names=("Proven Rule Calls a Rise", "Proven Rule Calls a Fall"),
        group="persistence",
        vote=_best_rule,
        value="win_rate",
        thresholds=(0.5, 0.5),
        unit="fraction",
        texts=(_RULE_TEXT, _RULE_TEXT),
    ),
    VoteRule(
        names=("Low Beta", "High Beta"),
        group="factor",
        vote=lambda t: side(t["beta"] < BETA_LOW, t["beta"] > BETA_HIGH),
        value="beta",
        thresholds=(BETA_LOW, BETA_HIGH),
        unit="ratio",
        texts=(_BETA_TEXT, _BETA_TEXT),
    ),
    VoteRule(
        names=("Low Relative Volatility", "High Relative Volatility"),
        group="factor",
        vote=lambda t: side(t["low_vol_factor_z"] < -Z_NOTABLE, t["low_vol_factor_z"] > Z_NOTABLE),
        value="low_vol_factor_z",
        thresholds=(-Z_NOTABLE, Z_NOTABLE),
        unit="ratio",
        texts=(_VOL_TEXT, _VOL_TEXT),
    ),
    VoteRule(
        names=("Good Season", "Bad Season"),
        group="seasonality",
        vote=_season,
        value="seasonality_p",
        thresholds=(MONTH_LEVEL, MONTH_LEVEL),
        unit="p_value",
        texts=(_SEASON_TEXT, _SEASON_TEXT),
    ),
)
