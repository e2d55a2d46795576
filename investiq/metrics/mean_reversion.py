"""Whether a level returns to its mean, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import FloatArray, Floats, finite

__all__ = ["HalfLife", "half_life"]

# Below this p-value of the Dickey-Fuller test a level is taken as mean-reverting.
SIGNIFICANCE: Final = 0.05
# The test needs room for its lags; its critical values start at 25 observations.
_FEWEST_LEVELS: Final = 25
# MacKinnon (1994): the p-value is the normal one of a polynomial of the statistic, up to and beyond a middle.
_MIDDLE: Final = -1.61
_UP_TO_MIDDLE: Final = (2.1659, 1.4412, 0.038269)
_BEYOND_MIDDLE: Final = (1.7339, 0.93202, -0.12745, -0.010368)
_LEAST_STATISTIC: Final = -18.83
_GREATEST_STATISTIC: Final = 2.74
# Shares of the squares that rounding leaves of a relation without errors: of residuals, and of a difference of sums.
_NO_ERROR: Final = 1e-20
_NOTHING_LEFT: Final = 1e-13
_EXACT: Final = "the levels follow from those before without any error: there is nothing to test"


@dataclass(frozen=True)
class HalfLife(Readout):
    """How long a level takes to make up half of a deviation from its mean.

    Attributes
    ----------
    periods : float
        NaN with the `reason` where the level is not shown to revert.
    coefficient : float
        rho of ``x_t = c + rho x_{t-1} + e_t``.
    standard_error : float
        Of rho, by least squares (n - 2).
    mean : float
        Level reverted to, ``c / (1 - rho)``; NaN where there is none.
    adf_statistic, adf_p_value : float
        Augmented Dickey-Fuller test with a constant, lags by AIC; the
        hypothesis is a unit root.
    count : int
        Levels.
    reason : str
    """

    units: ClassVar[dict[str, Unit]] = {
        "periods": "bars",
        "adf_statistic": "ratio",
        "adf_p_value": "p_value",
        "count": "count",
    }
    periods: float
    coefficient: float
    standard_error: float
    mean: float
    adf_statistic: float
    adf_p_value: float
    count: int
    reason: str = ""


def half_life(log_price: Floats) -> HalfLife:
    """Return the half-life of deviations from the mean of a level, where it reverts at all.

    The level is fitted as ``x_t = c + rho x_{t-1} + e_t``, the discrete
    Ornstein-Uhlenbeck process; the half-life is ``-ln 2 / ln rho``. A random
    walk also gives a rho below 1 in every sample, so a number is only given
    where the augmented Dickey-Fuller test rejects a unit root at 5 % [1]_ [2]_. A
    price minus its own moving average reverts by construction and tells
    nothing: pass the log price, or a spread.

    Parameters
    ----------
    log_price : ndarray or Series of shape (n_periods,)
        Logarithm of a price, or a spread of two, without NaN.

    Returns
    -------
    HalfLife
        In periods.

    Raises
    ------
    DataError
        If `log_price` holds NaN, or each level follows from those before.
    InsufficientDataError
        If there are fewer than 25 levels, or all but the last are equal.

    References
    ----------
    .. [1] Said, S. E. and Dickey, D. A. (1984). "Testing for unit roots in
       autoregressive-moving average models of unknown order." Biometrika
       71(3), 599-607.
    .. [2] MacKinnon, J. G. (1994). "Approximate asymptotic distribution
       functions for unit-root and cointegration tests." Journal of Business &
       Economic Statistics 12(2), 167-176.

    Examples
    --------
    >>> shocks = np.random.default_rng(0).normal(0, 0.01, 1000)
    >>> level = np.zeros(1000)
    >>> for t in range(1, 1000):
    ...     level[t] = 0.9 * level[t - 1] + shocks[t]  # half-life ln 2 / -ln 0.9 = 6.58
    >>> round(half_life(level).periods)
    6
    >>> half_life(shocks.cumsum()).periods
    nan
    """
    level = finite("log_price", log_price)
    if level.size < _FEWEST_LEVELS:
        raise InsufficientDataError(f"a half-life needs {_FEWEST_LEVELS} levels, received {level.size}")
    if np.ptp(level[:-1]) == 0:
        raise InsufficientDataError("all levels are equal, or all but the last: there is no deviation to halve")
    # About their mean, so that a level far from zero keeps its digits.
    middle = float(level.mean())
    level = level - middle
    before, after = level[:-1], level[1:]
    deviations = before - before.mean()
    total = float(deviations @ deviations)
    rho = float(deviations @ after) / total
    constant = float(after.mean()) - rho * float(before.mean())
    residuals = after - constant - rho * before
    if float(residuals @ residuals) <= _NO_ERROR * total:
        raise DataError(_EXACT)
    error = math.sqrt(float(residuals @ residuals) / (before.size - 2) / total)
    statistic, p_value = _unit_root_test(level)
    reason = _why_not_reverting(rho, p_value)
    return HalfLife(
        periods=math.nan if reason else -math.log(2) / math.log(rho),
        coefficient=rho,
        standard_error=error,
        mean=math.nan if reason else middle + constant / (1 - rho),
        adf_statistic=statistic,
        adf_p_value=p_value,
        count=level.size,
        reason=reason,
    )


def _unit_root_test(level: FloatArray) -> tuple[float, float]:
    """Return statistic and p-value of the augmented Dickey-Fuller test with a constant, its lags chosen by AIC."""
    lags = _lags_by_aic(level)
    target, before, lagged = _steps_and_past(level, lags)
    # The level last: its t is what is left for it to explain over the error of the whole regression.
    parts, remaining = _explained(np.vstack((np.ones(target.size), lagged, before)), target)
    statistic = float(parts[-1]) / math.sqrt(float(remaining[-1]) / (target.size - parts.size))
    return statistic, _mackinnon_p(statistic)


def _lags_by_aic(level: FloatArray) -> int:
    """Return the lags of least AIC up to Schwert's ``12 (n / 100)^(1/4)``, all fitted to the same steps."""
    most = min(math.ceil(12 * (level.size / 100) ** 0.25), level.size // 2 - 2)
    target, before, lagged = _steps_and_past(level, most)
    _, remaining = _explained(np.vstack((np.ones(target.size), before, lagged)), target)
    if remaining.min() <= _NOTHING_LEFT * float(np.einsum("i,i", target, target)):
        raise DataError(_EXACT)
    criterion = target.size * np.log(remaining[1:] / target.size) + 2 * (2 + np.arange(most + 1))
    return int(np.argmin(criterion))


def _steps_and_past(level: FloatArray, lags: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the steps, the level before each, and the `lags` steps before each, the nearest first."""
    steps = np.diff(level)
    rows = np.lib.stride_tricks.sliding_window_view(steps, lags + 1)
    return rows[:, -1], level[lags:-1], rows[:, -2::-1].T if lags else np.empty((0, len(rows)))


def _explained(columns: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what each column adds to those before it in explaining the target, and the squares that then remain.

    Gram and Schmidt's orthogonal columns, each taken out of all that follow, the
    target among them. Without BLAS: its threads wait for each other on a busy machine.
    """
    work = np.vstack((columns, target))
    parts, remaining = np.empty(len(columns)), np.empty(len(columns))
    for place in range(len(columns)):
        length = math.sqrt(float(np.einsum("i,i", work[place], work[place])))
        if length <= 1e-12 * math.sqrt(float(np.einsum("i,i", columns[place], columns[place]))):
            raise DataError(_EXACT)
        unit = work[place] / length
        shares = np.einsum("ij,j->i", work[place + 1 :], unit)
        work[place + 1 :] -= shares[:, np.newaxis] * unit
        parts[place] = shares[-1]
        remaining[place] = np.einsum("i,i", work[-1], work[-1])
    return parts, remaining


def _mackinnon_p(statistic: float) -> float:
    """Return MacKinnon's approximate p-value of a Dickey-Fuller statistic with a constant."""
    from scipy.special import ndtr

    if statistic > _GREATEST_STATISTIC:
        return 1.0
    if statistic < _LEAST_STATISTIC:
        return 0.0
    coefficients = _UP_TO_MIDDLE if statistic <= _MIDDLE else _BEYOND_MIDDLE
    return float(ndtr(sum(each * statistic**power for power, each in enumerate(coefficients))))


def _why_not_reverting(rho: float, p_value: float) -> str:
    if rho >= 1:
        return f"rho is {rho:.4f}: the level does not return to a mean"
    if p_value >= SIGNIFICANCE:
        return f"a unit root is not rejected (Dickey-Fuller p {p_value:.2f}): a random walk would look the same"
    if rho <= 0:
        return f"rho is {rho:.4f}: the level jumps over its mean each period, so half of a deviation is no time"
    return ""
