"""Compiled: the likelihood of a GARCH(1,1) with Student's t, and its slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from investiq.engines.rules import FloatArray

__all__: list[str] = []


@jit
def student_likelihood(
    values: FloatArray, mean: float, omega: float, alpha: float, beta: float, degrees: float, presample: float
) -> FloatArray:
    """Return minus the mean log-likelihood but for its constant, and its slope, shape (6,).

    The constant of the distribution, which depends on the degrees of freedom only,
    is left to the caller. The slope is by mean, omega, alpha, beta and degrees.
    """
    total, by_mean, by_omega, by_alpha, by_beta, by_degrees = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    variance = omega + (alpha + beta) * presample
    v_mean, v_omega, v_alpha, v_beta = 0.0, 1.0, presample, presample
    for t in range(values.size):
        residual = values[t] - mean
        square = residual * residual
        scaled = variance * (degrees - 2)
        excess = square / scaled
        logarithm = np.log1p(excess)
        share = (degrees + 1) * square / (scaled + square)
        total += 0.5 * np.log(variance) + 0.5 * (degrees + 1) * logarithm
        slope = 0.5 * (1 - share) / variance
        by_mean += slope * v_mean - (degrees + 1) * residual / (scaled + square)
        by_omega += slope * v_omega
        by_alpha += slope * v_alpha
        by_beta += slope * v_beta
        by_degrees += 0.5 * logarithm - 0.5 * share / (degrees - 2)
        v_mean = beta * v_mean - 2 * alpha * residual
        v_omega = 1 + beta * v_omega
        v_alpha = square + beta * v_alpha
        v_beta = variance + beta * v_beta
        variance = omega + alpha * square + beta * variance
    return np.array([total, by_mean, by_omega, by_alpha, by_beta, by_degrees]) / values.size
