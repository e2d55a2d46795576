"""The volatility of tomorrow: GARCH(1,1) with Student's t, refitted each quarter, and its plain alternative."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.quant.garch_likelihood import student_likelihood
from investiq.engines.quant.windows import hold, period_starts
from investiq.engines.rules import FloatArray
from investiq.metrics.garch_kernel import linear_variances

__all__ = ["GarchEstimate", "conditional_volatility", "estimate_garch"]

FEWEST_RETURNS: Final = 500
MOST_RETURNS: Final = 1000
# RiskMetrics, for daily returns.
_DECAY: Final = 0.94
# Returns from which the exponentially weighted alternative is given.
FEWEST_FOR_EWMA: Final = 29
# Four years of shares by quarter are 16,000 estimates of 8 KB each; beyond these the oldest is forgotten.
_REMEMBERED: Final = 1024
# A search in logarithms and logits never reaches 1; this near to it shocks do not fade.
_INTEGRATED: Final = 0.9999
_LEAST_DEGREES: Final = 2.05
# Usual values for daily returns of unit variance: omega 0.05, persistence 0.95 of which alpha is 0.07, 8 degrees.
_START: Final = (math.log(0.05), math.log(0.95 / 0.05), math.log(0.07 / 0.93), math.log(8 - _LEAST_DEGREES))
# Places beyond these are at them: a mean of 2 deviations; persistence 1; 500 degrees of freedom are a normal.
_LOWEST: Final = np.array([-2.0, -20.0, -10.0, -14.0, -5.0])
_HIGHEST: Final = np.array([2.0, 5.0, 14.0, 14.0, 6.2])
# At the slope of a maximum: of the mean log-likelihood of returns of unit variance.
_LEVEL: Final = 1e-5


class GarchEstimate(NamedTuple):
    """Parameters for returns as fractions; `is_usable` is False where the search failed or shocks do not fade."""

    mean: float
    omega: float
    alpha: float
    beta: float
    degrees_of_freedom: float
    presample: float
    log_likelihood: float
    is_usable: bool

    @property
    def persistence(self) -> float:
        """Share of a deviation of the variance that is left a period later."""
        return self.alpha + self.beta


def estimate_garch(returns: FloatArray) -> GarchEstimate:
    """Return the maximum-likelihood estimate of a GARCH(1,1) with constant mean and Student's t.

    The model of ``metrics.conditional_volatility.garch`` with
    ``distribution="student_t"``, without standard errors: some 100 times sooner,
    and the same returns are never fitted twice in a process.

    Parameters
    ----------
    returns : ndarray of shape (n_periods,)
        Simple returns as fractions, without NaN, not all equal.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_t(6, 1000) * 0.01
    >>> estimate_garch(noise).alpha < 0.1
    True
    """
    return _estimate(np.ascontiguousarray(returns).tobytes())


@lru_cache(maxsize=_REMEMBERED)
def _estimate(content: bytes) -> GarchEstimate:
    from scipy.optimize import minimize

    returns = np.frombuffer(content)
    size = float(returns.std())
    values = returns / size
    first = (values[:75] - values.mean()) ** 2
    weights = 0.94 ** np.arange(first.size)
    presample = float(first @ weights / weights.sum())
    start = np.array([float(values.mean()), *_START])
    # Not L-BFGS-B: its calls of threaded LAPACK take fifty times as long on a busy machine.
    with np.errstate(all="ignore"):
        end = minimize(_loss, start, args=(values, presample), jac=True, method="BFGS", options={"gtol": 0.1 * _LEVEL})
    mean, omega, alpha, beta, degrees = _parameters(end.x)
    return GarchEstimate(
        mean=mean * size,
        omega=omega * size**2,
        alpha=alpha,
        beta=beta,
        degrees_of_freedom=degrees,
        presample=presample * size**2,
        log_likelihood=-values.size * (float(end.fun) + math.log(size)),
        is_usable=bool(np.abs(end.jac).max() < _LEVEL) and alpha + beta < _INTEGRATED,
    )


def _parameters(place: FloatArray) -> tuple[float, float, float, float, float]:
    mean, omega, persistence, share, degrees = (float(each) for each in np.clip(place, _LOWEST, _HIGHEST))
    lasting, part = 1 / (1 + math.exp(-persistence)), 1 / (1 + math.exp(-share))
    return mean, math.exp(omega), lasting * part, lasting * (1 - part), _LEAST_DEGREES + math.exp(degrees)


def _loss(place: FloatArray, values: FloatArray, presample: float) -> tuple[float, FloatArray]:
    """Return minus the mean log-likelihood at a place of the search, and its slope there."""
    from scipy.special import digamma

    mean, omega, alpha, beta, degrees = _parameters(place)
    total, by_mean, by_omega, by_alpha, by_beta, by_degrees = student_likelihood(
        values, mean, omega, alpha, beta, degrees, presample
    )
    constant = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(math.pi * (degrees - 2))
    by_degrees -= 0.5 * (digamma((degrees + 1) / 2) - digamma(degrees / 2) - 1 / (degrees - 2))
    lasting = alpha + beta
    part = alpha / lasting
    slope = np.array(
        [
            by_mean,
            by_omega * omega,
            (by_alpha * part + by_beta * (1 - part)) * lasting * (1 - lasting),
            (by_alpha - by_beta) * lasting * part * (1 - part),
            by_degrees * (degrees - _LEAST_DEGREES),
        ]
    )
    return float(total) - constant, np.where((place > _LOWEST) & (place < _HIGHEST), slope, 0.0)


def conditional_volatility(
    returns: FloatArray, months: NDArray[np.int64], periods_per_year: float
) -> dict[str, FloatArray]:
    """Return the volatility forecast of the next period at each row of bars.

    Parameters
    ----------
    returns : ndarray of shape (n_bars - 1,)
        Simple returns, the first of the second bar.
    months : ndarray of int, shape (n_bars,)
        Months since January 1970.
    periods_per_year : float

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        `garch_forecast_vol`, annual; `garch_persistence`, `garch_alpha`,
        `garch_degrees_of_freedom`, NaN without a usable fit; `garch_is_ewma`, 1
        where the forecast is the exponentially weighted one (0.94) instead.

    Notes
    -----
    Fitted at the first session of each calendar quarter to the last 1,000 returns
    before it, 500 at least, and filtered forward through the quarter.
    """
    rows = months.size
    names = ("garch_persistence", "garch_alpha", "garch_degrees_of_freedom")
    forecast = np.full(rows, np.nan)
    forecast[FEWEST_FOR_EWMA:] = np.sqrt(_weighted_variances(returns)[FEWEST_FOR_EWMA - 1 :] * periods_per_year)
    starts = period_starts(months, "quarter")
    fitted = np.full((3, starts.size), np.nan)
    is_ewma = np.where(np.isnan(forecast), np.nan, 1.0)
    for number, (start, end) in enumerate(zip(starts, np.append(starts, rows)[1:], strict=True)):
        known = int(start) - 1
        first = max(0, known - MOST_RETURNS)
        sample = returns[first:known]
        if sample.size < FEWEST_RETURNS or not _is_moving(sample):
            continue
        found = estimate_garch(sample)
        if not found.is_usable:
            continue
        fitted[:, number] = found.persistence, found.alpha, found.degrees_of_freedom
        residuals = returns[first : int(end) - 1] - found.mean
        variances = linear_variances(residuals, found.omega, found.alpha, 0.0, found.beta, found.presample)
        forecast[start:end] = np.sqrt(variances[int(start) - first : int(end) - first] * periods_per_year)
        is_ewma[start:end] = 0.0
    columns: dict[str, Any] = {name: hold(fitted[row], starts, rows) for row, name in enumerate(names)}
    return {"garch_forecast_vol": forecast, **columns, "garch_is_ewma": is_ewma}


def _weighted_variances(returns: FloatArray) -> FloatArray:
    """Return RiskMetrics' mean of squares up to each return, as ``metrics.realised_volatility.ewma_volatility``.

    Without its refusals: a wild return later must not silence the rows before it.
    """
    sums: FloatArray = linear_variances(returns, 0.0, 1 - _DECAY, 0.0, _DECAY, 0.0)[1:]
    return sums / (1 - _DECAY ** np.arange(1, returns.size + 1))


def _is_moving(sample: FloatArray) -> bool:
    # A series that stands still for half of the time has no volatility to fit.
    return int(np.count_nonzero(np.abs(sample) > 1e-12)) > sample.size / 2
