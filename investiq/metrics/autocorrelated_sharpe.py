"""The annual Sharpe ratio of returns that follow each other: Lo's factor in place of the square root of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, finite
from investiq.metrics.options import whole
from investiq.metrics.sharpe_inference import sharpe_moments

__all__ = ["autocorrelation_adjusted_sharpe", "lo_annualisation_factor"]

_CORRELATION_ROUNDING: Final = 1e-9


def lo_annualisation_factor(autocorrelations: Sequence[float] | FloatArray, periods_per_year: float) -> float:
    """Return what an autocorrelated Sharpe ratio of one period is multiplied by to be annual [1]_.

    ``q / sqrt(q + 2 sum((q - k) rho_k, k = 1 .. q - 1))``, q the periods in a
    year; ``sqrt(q)`` where returns are uncorrelated.

    Parameters
    ----------
    autocorrelations : sequence of float
        ``rho_1, rho_2, ...``; those not given count as zero, those from `q` on do not enter.
    periods_per_year : float
        A whole number.

    Raises
    ------
    ConfigError
        If `periods_per_year` is not a whole number of periods.
    DataError
        If an autocorrelation is NaN or outside [-1, 1].
    InsufficientDataError
        If the variance of the annual sum comes out at zero or below.

    References
    ----------
    .. [1] Lo, A. W. (2002). "The statistics of Sharpe ratios." Financial
       Analysts Journal 58(4), 36-52, equation 20.

    Examples
    --------
    >>> round(lo_annualisation_factor([0.2**lag for lag in range(1, 12)], 12), 3)
    2.879
    """
    if not (periods_per_year >= 1 and float(periods_per_year).is_integer()):
        raise ConfigError(
            f"Lo's factor sums over whole periods: periods_per_year must be 1, 2, 3, ..., was {periods_per_year}"
        )
    correlations = finite("autocorrelations", np.asarray(autocorrelations))
    if correlations.size and (largest := float(np.abs(correlations).max())) > 1 + _CORRELATION_ROUNDING:
        raise DataError(f"autocorrelations must lie in [-1, 1], the largest is {largest:g} in size; pass correlations")
    correlations = correlations[: int(periods_per_year) - 1]
    lags = np.arange(1, correlations.size + 1)
    variance = periods_per_year + 2 * float((periods_per_year - lags) @ correlations)
    if variance <= 0:
        raise InsufficientDataError(
            f"the autocorrelations make the variance of a year {variance:.3g} times that of a period, "
            "which none can be: they are too noisy; take fewer lags or a longer record"
        )
    return float(periods_per_year / math.sqrt(variance))


def autocorrelation_adjusted_sharpe(returns: Floats, convention: Convention, *, lags: int | None = None) -> float:
    """Return the annual Sharpe ratio with Lo's factor in place of ``sqrt(periods_per_year)`` [1]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        `periods_per_year` must be a whole number.
    lags : int, optional
        Autocorrelations that enter; by default all ``periods_per_year - 1`` of
        the paper. On daily data these are 251 noisy numbers: pass a few, such
        as `newey_west_lags` of the number of returns.

    Returns
    -------
    float
        Annual. Lower than `sharpe_ratio` where returns trend.

    Raises
    ------
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are not more returns than lags, all are equal, or the factor is undefined.

    References
    ----------
    .. [1] Lo, A. W. (2002). "The statistics of Sharpe ratios." Financial
       Analysts Journal 58(4), 36-52.

    Examples
    --------
    Four quarters in a row that rise, with ``rho_1 = 0.25``; ``sqrt(4)`` would give 3.873:

    >>> quarters = Convention(periods_per_year=4)
    >>> round(autocorrelation_adjusted_sharpe(np.array([0.01, 0.02, 0.03, 0.04]), quarters, lags=1), 3)
    3.303
    """
    convention_of(convention)
    if lags is not None:
        whole("lags", lags, 0)
    moments = sharpe_moments(returns, convention)
    wanted = math.ceil(convention.periods_per_year) - 1 if lags is None else lags
    if moments.observations <= wanted:
        raise InsufficientDataError(
            f"{wanted} autocorrelations need more than {wanted} returns, received {moments.observations}; pass fewer lags"
        )
    values = np.asarray(returns, dtype=np.float64)
    centred = values - values.mean()
    covariances = [centred[lag:] @ centred[: centred.size - lag] for lag in range(wanted + 1)]
    correlations = np.array(covariances[1:]) / covariances[0]
    return moments.sharpe * lo_annualisation_factor(correlations, convention.periods_per_year)
