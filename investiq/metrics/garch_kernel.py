"""Compiled recursions of conditional variance: GARCH, GJR-GARCH and EGARCH of order one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from investiq.metrics.inputs import FloatArray

__all__: list[str] = []

# The mean of |z| of a standard normal, which arch subtracts under every distribution.
NORMAL_MEAN_ABSOLUTE: Final = float(np.sqrt(2 / np.pi))


@jit
def linear_variances(
    residuals: FloatArray, omega: float, alpha: float, gamma: float, beta: float, presample: float
) -> FloatArray:
    """Return the variance of each residual, and of the one that follows, shape (n + 1,).

    ``omega + (alpha + gamma * [residual < 0]) * residual ** 2 + beta * variance``;
    the square before the first residual is `presample`, half of it negative.
    """
    variances = np.empty(residuals.size + 1)
    variances[0] = omega + (alpha + 0.5 * gamma + beta) * presample
    for t in range(residuals.size):
        share = alpha + gamma if residuals[t] < 0 else alpha
        variances[t + 1] = omega + share * residuals[t] * residuals[t] + beta * variances[t]
    return variances


@jit
def exponential_variances(
    residuals: FloatArray, omega: float, alpha: float, gamma: float, beta: float, presample: float
) -> FloatArray:
    """Return the variance of each residual, and of the one that follows, shape (n + 1,).

    The logarithm is ``omega + alpha * (|z| - sqrt(2 / pi)) + gamma * z + beta *
    logarithm`` with ``z = residual / sqrt(variance)``; before the first residual
    the variance is `presample` and there is no z.
    """
    variances = np.empty(residuals.size + 1)
    logarithm = omega + beta * np.log(presample)
    variances[0] = np.exp(logarithm)
    for t in range(residuals.size):
        z = residuals[t] / np.sqrt(variances[t])
        logarithm = omega + alpha * (abs(z) - NORMAL_MEAN_ABSOLUTE) + gamma * z + beta * logarithm
        variances[t + 1] = np.exp(logarithm)
    return variances
