"""What returns say about the next: autocorrelation, variance ratio, Hurst exponent, half-life."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from investiq.core.errors import DataError, InsufficientDataError
from investiq.engines.quant.returns import Sample
from investiq.engines.quant.windows import after_first, hold, period_starts, quotient, trailing_sum, varies
from investiq.engines.rules import FloatArray
from investiq.metrics.hurst import expected_rescaled_range
from investiq.metrics.mean_reversion import half_life

__all__ = ["autocorrelations", "centred_products", "half_lives", "hurst"]

WINDOW: Final = 252
HORIZON: Final = 5
# Three years: the shortest past from 500 returns on that every one of the sizes divides.
HURST_WINDOW: Final = 768
HURST_SIZES: Final = (8, 16, 32, 64, 128)
# The middle 95 % of the estimates of 20,000 series of 768 independent normal returns; with Student's t of 4 degrees
# the upper end is 0.005 lower.
HURST_BAND: Final = (0.432, 0.563)
HALF_LIFE_WINDOW: Final = 504
_REMEMBERED: Final = 4096


def autocorrelations(sample: Sample) -> dict[str, FloatArray]:
    """Return the autocorrelation of returns at lag 1 and the variance ratio of 5 bars over 252, with robust errors."""
    returns = sample.returns
    squares, _ = centred_products(returns, WINDOW, 0)
    products, scores = centred_products(returns, WINDOW, 1)
    moves = varies(returns, WINDOW)
    error = np.sqrt(np.maximum(scores, 0.0))
    ratio, statistic = _variance_ratio(np.log1p(returns))
    columns = {
        "autocorrelation_lag1": quotient(products, squares, moves),
        "autocorrelation_z": quotient(products, error, moves & (error > 0)),
        "variance_ratio": ratio,
        "variance_ratio_z": statistic,
    }
    return {name: after_first(values) for name, values in columns.items()}


def centred_products(values: FloatArray, window: int, lag: int) -> tuple[FloatArray, FloatArray]:
    """Return sums of products of deviations `lag` apart, and of the products of their squares, over each window."""
    if values.size < window:
        return np.full(values.size, np.nan), np.full(values.size, np.nan)
    count = window - lag
    mean = trailing_sum(values, window) / window
    late, early = values[lag:], values[: values.size - lag]

    def total(pairs: FloatArray) -> FloatArray:
        return np.concatenate((np.full(lag, np.nan), trailing_sum(pairs, count)))

    both, either, product = total(late * early), total(late + early), late * early
    squares = total(late**2 + early**2)
    cubic = total(product * (late + early))
    quartic = total(product**2)
    simple = both - mean * either + count * mean**2
    squared = quartic - 2 * mean * cubic + mean**2 * (squares + 4 * both) - 2 * mean**3 * either + count * mean**4
    return simple, squared


def _variance_ratio(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Lo and MacKinlay's ratio and its robust statistic, as ``metrics.persistence.variance_ratio``."""
    squares, _ = centred_products(logs, WINDOW, 0)
    moves = varies(logs, WINDOW)
    spans = np.full(logs.size, np.nan)
    if logs.size < WINDOW:
        return spans, spans.copy()
    count = WINDOW - HORIZON + 1
    sums = trailing_sum(logs, HORIZON)[HORIZON - 1 :]
    head = np.full(HORIZON - 1, np.nan)
    drift = HORIZON * trailing_sum(logs, WINDOW) / WINDOW
    long_sum = np.concatenate((head, trailing_sum(sums, count)))
    long_squares = np.concatenate((head, trailing_sum(sums**2, count)))
    spans = long_squares - 2 * drift * long_sum + count * drift**2
    many = spans / (HORIZON * count * (1 - HORIZON / WINDOW))
    ratio = quotient(many, squares / (WINDOW - 1), moves)
    lagged = np.zeros(logs.size)
    for lag in range(1, HORIZON):
        lagged += (2 * (HORIZON - lag) / HORIZON) ** 2 * np.maximum(centred_products(logs, WINDOW, lag)[1], 0.0)
    # sqrt(n) (ratio - 1) over the root of n times the weighted sum over the squared total.
    statistic = quotient((ratio - 1) * squares, np.sqrt(lagged), moves & (lagged > 0))
    return ratio, statistic


def hurst(sample: Sample) -> dict[str, FloatArray]:
    """Return the Hurst exponent of the last 768 returns, computed at the first session of each month and held.

    Bias-corrected rescaled range (Anis and Lloyd), as ``metrics.hurst.hurst_exponent``.
    """
    starts = period_starts(sample.months, "month")
    values = np.full(starts.size, np.nan)
    full = np.flatnonzero(starts >= HURST_WINDOW)
    if full.size:
        # The return of row t is the one before it in the array of returns.
        windows = np.lib.stride_tricks.sliding_window_view(np.log1p(sample.returns), HURST_WINDOW)
        values[full] = hurst_exponents(windows[starts[full] - HURST_WINDOW])
    exponent = hold(values, starts, sample.rows)
    lower, upper = (np.where(np.isnan(exponent), np.nan, bound) for bound in HURST_BAND)
    regime = (exponent > upper).astype(float) - (exponent < lower)
    return {
        "hurst_exponent": exponent,
        "hurst_lower": lower,
        "hurst_upper": upper,
        "hurst_regime": np.where(np.isnan(exponent), np.nan, regime),
    }


def hurst_exponents(series: FloatArray) -> FloatArray:
    """Return the exponent of each row of log returns, NaN where no window of a size varies.

    Parameters
    ----------
    series : ndarray of shape (n_series, n_returns)
        The length a multiple of 128.
    """
    distances = np.log(np.array(HURST_SIZES, dtype=float))
    distances -= distances.mean()
    slope = np.zeros(len(series))
    for distance, size in zip(distances, HURST_SIZES, strict=True):
        windows = series.reshape(len(series), -1, size)
        deviations = windows - windows.mean(axis=2, keepdims=True)
        spread = np.sqrt(np.einsum("ijk,ijk->ij", deviations, deviations) / size)
        sums = np.cumsum(deviations, axis=2)
        reach = sums.max(axis=2) - sums.min(axis=2)
        moves = spread > 1e-13
        ratios = np.divide(reach, spread, out=np.zeros_like(reach), where=moves)
        mean = quotient(ratios.sum(axis=1), moves.sum(axis=1).astype(float), moves.any(axis=1))
        slope += distance * (np.log(mean) - np.log(expected_rescaled_range(size)))
    exponent: FloatArray = 0.5 + slope / float(distances @ distances)
    return exponent


class _Reversion(NamedTuple):
    periods: float
    p_value: float


def half_lives(sample: Sample) -> dict[str, FloatArray]:
    """Return the half-life of the log price, fitted to the 504 closes before each quarter, with the p of a unit root."""
    starts = period_starts(sample.months, "quarter")
    logs = np.log(sample.close)
    found = [
        _reversion(logs[start - HALF_LIFE_WINDOW : start].tobytes())
        if start >= HALF_LIFE_WINDOW
        else _Reversion(np.nan, np.nan)
        for start in starts.tolist()
    ]
    values = np.array(found, dtype=float).reshape(-1, 2)
    return {
        "mean_reversion_half_life": hold(values[:, 0], starts, sample.rows),
        "mean_reversion_p": hold(values[:, 1], starts, sample.rows),
    }


@lru_cache(maxsize=_REMEMBERED)
def _reversion(content: bytes) -> _Reversion:
    try:
        found = half_life(np.frombuffer(content))
    except (DataError, InsufficientDataError):
        # Levels that never move, or follow from those before: nothing to fit.
        return _Reversion(np.nan, np.nan)
    return _Reversion(found.periods, found.adf_p_value)
