"""Reward for risk over trailing windows, momentum, and how often two simple rules are right."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from investiq.engines.quant.returns import Sample
from investiq.engines.quant.windows import after_first, quotient, trailing_sum, varies
from investiq.engines.rules import FloatArray
from investiq.engines.scoring import percentile_rank, z_score
from investiq.metrics.regression import newey_west_lags

__all__ = ["momentum", "reward", "win_rates"]

SHARPE_WINDOW: Final = 60
YEAR: Final = 252
VOLATILITY_WINDOW: Final = 30
RECENT: Final = 20
SKIPPED: Final = 21
_AVERAGE: Final = 10
# Two rules are tested at once.
_LEVEL: Final = 0.05 / 2


def reward(sample: Sample) -> dict[str, FloatArray]:
    """Return Sharpe, Sortino, Omega and Kelly by row, and the volatility.

    Sharpe and Omega over 60 returns, Sortino, Kelly and Lo's Sharpe over 252,
    volatility over 30. NaN where the formula is undefined: no spread, no shortfall.
    """
    root = math.sqrt(sample.periods_per_year)
    excess = sample.excess
    mean, spread, moves = _moments(excess, SHARPE_WINDOW)
    sharpe = quotient(mean, spread, moves)
    long_mean, long_spread, long_moves = _moments(excess, YEAR)
    long_sharpe = quotient(long_mean, long_spread, long_moves)
    shortfall = np.minimum(excess, 0.0)
    downside = np.sqrt(np.maximum(trailing_sum(shortfall**2, YEAR), 0.0) / YEAR)
    below, lost = _some(shortfall, YEAR), -trailing_sum(shortfall, SHARPE_WINDOW)
    omega = quotient(trailing_sum(np.maximum(excess, 0.0), SHARPE_WINDOW), lost, _some(shortfall, SHARPE_WINDOW))
    _, daily, varied = _moments(sample.returns, VOLATILITY_WINDOW)
    volatility = np.where(np.isnan(daily), np.nan, np.where(varied, daily, 0.0)) * root
    _, yearly, yearly_varied = _moments(sample.returns, YEAR)
    columns = {
        "sharpe_ratio": sharpe * root,
        "sharpe_standard_error": np.sqrt((1 + sharpe**2 / 2) / SHARPE_WINDOW) * root,
        "sharpe_percentile": percentile_rank(sharpe),
        "sharpe_z": z_score(sharpe),
        "sharpe_ratio_year": long_sharpe * root,
        "sharpe_ratio_lo": long_sharpe * _lo_factor(excess, sample.periods_per_year),
        "sortino_ratio": quotient(long_mean, downside, below) * root,
        "omega_ratio": omega,
        "omega_z": z_score(omega),
        "kelly_fraction": quotient(long_mean, yearly**2, yearly_varied),
        "kelly_standard_error": quotient(1 / math.sqrt(YEAR), yearly, yearly_varied),
        "volatility": volatility,
        "volatility_percentile": percentile_rank(volatility),
    }
    return {name: after_first(values) for name, values in columns.items()}


def momentum(sample: Sample) -> dict[str, FloatArray]:
    """Return the return of 20 bars with its rank, and that from 252 to 21 bars ago with its z-score."""
    recent, factor = np.full(sample.rows, np.nan), np.full(sample.rows, np.nan)
    recent[RECENT:] = sample.close[RECENT:] / sample.close[:-RECENT] - 1
    factor[YEAR:] = sample.close[YEAR - SKIPPED : -SKIPPED] / sample.close[:-YEAR] - 1
    return {
        "recent_return": recent,
        "recent_return_percentile": percentile_rank(recent),
        "momentum_factor": factor,
        "momentum_factor_z": z_score(factor),
    }


def win_rates(sample: Sample) -> dict[str, FloatArray]:
    """Return how often momentum and mean reversion called the next sign over 252 bars, with exact tests.

    Momentum expects the sign of the last return again; mean reversion expects a
    close above its average of 10 to fall, one below it to rise. Bars without a
    move or without an expectation do not count.
    """
    rows = sample.rows
    side = np.concatenate(([0.0], np.sign(sample.returns))) if rows else np.empty(0)
    average = trailing_sum(sample.close, _AVERAGE) / _AVERAGE
    distance = np.nan_to_num(sample.close - average)
    away = np.where(np.abs(distance) > 1e-9 * sample.close, -np.sign(distance), 0.0)
    rates, p_values = [], []
    for expected in (side, away):
        right = np.concatenate(([0.0], expected[:-1] * side[1:]))[:rows]
        # The first expectations come late: a full window starts behind them.
        right[: _AVERAGE + 1] = 0.0
        called = trailing_sum(np.abs(right), YEAR)
        won = trailing_sum((right > 0).astype(float), YEAR)
        called[: YEAR + _AVERAGE] = np.nan
        rates.append(quotient(won, called, called > 0))
        p_values.append(_binomial(won, called))
    (momentum_rate, reversion_rate), (momentum_p, reversion_p) = rates, p_values
    is_momentum = momentum_rate >= reversion_rate
    better = np.where(is_momentum, momentum_rate, reversion_rate)
    p_value = np.where(is_momentum, momentum_p, reversion_p)
    is_better = (p_value < _LEVEL) & (better > 0.5)
    best = np.where(is_momentum, 1.0, -1.0) * is_better
    missing = np.isnan(momentum_rate) | np.isnan(reversion_rate)
    return {
        "win_rate": np.where(missing, np.nan, better),
        "best_strategy": np.where(missing, np.nan, best),
        "best_strategy_call": np.where(missing, np.nan, np.where(is_momentum, side, away) * is_better),
        "momentum_win_rate": momentum_rate,
        "momentum_win_p": momentum_p,
        "mean_reversion_win_rate": reversion_rate,
        "mean_reversion_win_p": reversion_p,
    }


def _moments(
    values: FloatArray, window: int
) -> tuple[FloatArray, FloatArray, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return mean, sample deviation, and whether the window varies at all."""
    total, squares = trailing_sum(values, window), trailing_sum(values**2, window)
    variance = np.maximum(squares - total**2 / window, 0.0) / (window - 1)
    return total / window, np.sqrt(variance), varies(values, window) & (variance > 0)


def _some(shortfall: FloatArray, window: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return whether a window holds a shortfall; counted, since sums leave rounding behind."""
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        np.nan_to_num(trailing_sum((shortfall < -1e-14).astype(float), window)) > 0
    )
    return found


def _lo_factor(values: FloatArray, periods_per_year: float) -> FloatArray:
    """Return Lo's (2002) factor from autocorrelations up to `newey_west_lags` of the window."""
    from investiq.engines.quant.persistence import centred_products

    lags = newey_west_lags(YEAR)
    squares = centred_products(values, YEAR, 0)[0]
    moves = varies(values, YEAR)
    total = np.zeros(values.size)
    for lag in range(1, lags + 1):
        total += (periods_per_year - lag) * quotient(centred_products(values, YEAR, lag)[0], squares, moves)
    denominator = periods_per_year + 2 * total
    return quotient(periods_per_year, np.sqrt(np.maximum(denominator, 0.0)), denominator > 0)


def _binomial(won: FloatArray, called: FloatArray) -> FloatArray:
    """Return the exact two-sided p of so many successes if each had an even chance."""
    from scipy.special import bdtr

    known = np.isfinite(called) & (called > 0)
    p_value = np.full(won.size, np.nan)
    farther = np.maximum(won, called - won)[known]
    # The chance of at least as many is that of at most as few failures.
    p_value[known] = np.minimum(1.0, 2 * bdtr(called[known] - farther, called[known].astype(np.int64), 0.5))
    return p_value
