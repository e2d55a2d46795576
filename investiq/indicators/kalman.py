"""Compiled passes of the Kalman filter over a local level and a local linear trend.

Both passes start at the first observation and know nothing before it. `prior` is
the variance given to the first state: a positive number is statsmodels'
approximate diffuse start, 0.0 stands for the exact limit of an infinite one
(Durbin and Koopman 2012, Time Series Analysis by State Space Methods, 5.2). A NaN
is a step of time without an observation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from investiq.indicators.observations import FloatArray

__all__: list[str] = []

# Innovation variances are multiplied up and their logarithm is taken once the product leaves this range.
_LEAST: Final = 1e-100
_MOST: Final = 1e100


@jit
def level_pass(
    series: FloatArray, observation: float, level: float, prior: float, out: FloatArray
) -> tuple[float, float, int]:
    """Filter a random walk observed with noise; fill `out` unless it has no columns.

    The rows of `out` are level, its variance, innovation, its variance; columns of
    the diffuse start and of missing observations are left as they were.
    Returns the sum of ``v * v / F`` and of ``log F`` over the innovations v of
    variance F behind the start, and the number of these innovations.
    """
    keeps = out.shape[1] > 0
    squares, logs, product, count = 0.0, 0.0, 1.0, 0
    state, variance = 0.0, prior
    seen, steady = 0, False
    spread, gain, rest = 1.0, 0.0, 0.0
    for t in range(series.size):
        price = series[t]
        if np.isnan(price):
            variance += level
            steady = False
            continue
        if not steady:
            spread = variance + observation
            gain = variance / spread
            rest = gain * observation
        if seen == 0 and prior == 0.0:
            gain, rest = 1.0, observation
        surprise = price - state
        state += gain * surprise
        if seen > 0:
            squares += surprise * surprise / spread
            product *= spread
            count += 1
            if product < _LEAST or product > _MOST:
                logs += np.log(product)
                product = 1.0
            if keeps:
                out[0, t], out[1, t], out[2, t], out[3, t] = state, rest, surprise, spread
        if not steady:
            # Once the variance repeats to the last bit, so does every number made of it.
            steady = seen > 0 and rest + level == variance
            variance = rest + level
        seen += 1
    return squares, logs + np.log(product), count


@jit
def trend_pass(
    series: FloatArray, observation: float, level: float, slope: float, prior: float, out: FloatArray
) -> tuple[float, float, int]:
    """Filter a level with a slope that wanders itself; as `level_pass`.

    The rows of `out` are level, slope, their variances, innovation, its variance.
    The exact start adds ``log F`` of the infinite part of the first two
    innovations, which is the constant by which likelihoods of one model differ
    where observations are missing between them.
    """
    keeps = out.shape[1] > 0
    squares, logs, product, count = 0.0, 0.0, 1.0, 0
    state, drift = 0.0, 0.0
    p11, p12, p22 = prior, 0.0, prior
    # The infinite part of the variance, of which the first two observations rid it.
    infinite = 1.0 if prior == 0.0 else 0.0
    i11, i12, i22 = infinite, 0.0, infinite
    seen, steady = 0, False
    spread, gain1, gain2, f11, f12, f22 = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(series.size):
        price = series[t]
        is_missing = np.isnan(price)
        if is_missing:
            f11, f12, f22 = p11, p12, p22
            steady = False
        else:
            surprise = price - state
            if seen < 2 and prior == 0.0:
                gain1, gain2 = 1.0, i12 / i11
                f11, f12 = observation, gain2 * observation
                f22 = p22 - 2.0 * p12 * gain2 + gain2 * gain2 * (p11 + observation)
                logs += np.log(i11)
                i11, i12, i22 = 0.0, 0.0, i22 - gain2 * i12 if seen == 0 else 0.0
            elif not steady:
                spread = p11 + observation
                gain1, gain2 = p11 / spread, p12 / spread
                f11, f12, f22 = gain1 * observation, gain2 * observation, p22 - gain2 * p12
            state += gain1 * surprise
            drift += gain2 * surprise
            if seen > 1:
                squares += surprise * surprise / spread
                product *= spread
                count += 1
                if product < _LEAST or product > _MOST:
                    logs += np.log(product)
                    product = 1.0
                if keeps:
                    out[0, t], out[1, t], out[2, t], out[3, t] = state, drift, f11, f22
                    out[4, t], out[5, t] = surprise, spread
            seen += 1
        state += drift
        if not steady:
            n11, n12, n22 = f11 + 2.0 * f12 + f22 + level, f12 + f22, f22 + slope
            steady = not is_missing and seen > 2 and n11 == p11 and n12 == p12 and n22 == p22
            p11, p12, p22 = n11, n12, n22
            i11, i12 = i11 + 2.0 * i12 + i22, i12 + i22
    return squares, logs + np.log(product), count


@jit
def weighted_mean_pass(values: FloatArray, decay: float, out: FloatArray) -> None:
    """Fill `out` with the mean of all values so far, each weighing `decay` times its successor; NaN are left out."""
    total, weights = 0.0, 0.0
    for t in range(values.size):
        if np.isnan(values[t]):
            continue
        total = decay * total + values[t]
        weights = decay * weights + 1.0
        out[t] = total / weights
