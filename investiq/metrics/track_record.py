"""How sure a record makes one of a Sharpe ratio, and how long it must be: PSR and MinTRL.

Every ratio here is per period, never annualised, and kurtosis is raw (3 for a
normal distribution).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import Floats
from investiq.metrics.sharpe_inference import (
    dispersion,
    refuse_not_finite,
    sharpe_error_from_moments,
    sharpe_moments,
    upper_tail,
)

__all__ = [
    "minimum_track_record_length",
    "minimum_track_record_length_from_moments",
    "probabilistic_sharpe_ratio",
    "probabilistic_sharpe_ratio_from_moments",
]

_NORMAL: Final = NormalDist()


def probabilistic_sharpe_ratio_from_moments(
    sharpe: float, count: int, *, skewness: float = 0.0, kurtosis: float = 3.0, benchmark_sharpe: float = 0.0
) -> float:
    """Return the probability that the true Sharpe ratio exceeds `benchmark_sharpe` [1]_.

    ``Phi((SR - SR*) sqrt(count - 1) / sqrt(1 - skewness SR + (kurtosis - 1) / 4 SR^2))``.

    Parameters
    ----------
    sharpe, benchmark_sharpe : float
        Per period.
    count : int
        Returns, at least 2.
    skewness, kurtosis : float
        Kurtosis is raw. By default those of a normal distribution.

    Raises
    ------
    DataError
        If no distribution has these moments.
    InsufficientDataError
        If `count` is below 2.

    References
    ----------
    .. [1] Bailey, D. H. and Lopez de Prado, M. (2012). "The Sharpe ratio
       efficient frontier." Journal of Risk 15(2), 3-44.

    Examples
    --------
    Two years of months of a hedge fund, then the same as if they were normal:

    >>> round(probabilistic_sharpe_ratio_from_moments(0.458, 24, skewness=-2.448, kurtosis=10.164), 3)
    0.913
    >>> round(probabilistic_sharpe_ratio_from_moments(0.458, 24), 3)
    0.982
    """
    if not count >= 2:
        raise InsufficientDataError(f"the probabilistic Sharpe ratio needs 2 returns, received {count}")
    refuse_not_finite(benchmark_sharpe=benchmark_sharpe)
    error = sharpe_error_from_moments(sharpe, count - 1, skewness=skewness, kurtosis=kurtosis)
    if error == 0:
        raise InsufficientDataError("the standard error of the Sharpe ratio is zero: the returns take two values only")
    return upper_tail((benchmark_sharpe - sharpe) / error)


def probabilistic_sharpe_ratio(returns: Floats, convention: Convention, *, benchmark_sharpe: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio of `returns` exceeds `benchmark_sharpe`.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
    benchmark_sharpe : float, default 0.0
        Per period: divide an annual one by ``sqrt(periods_per_year)``.

    Raises
    ------
    DataError, InsufficientDataError
        As `sharpe_moments`.
    """
    convention_of(convention)
    sharpe, count, skewness, kurtosis = sharpe_moments(returns, convention)
    return probabilistic_sharpe_ratio_from_moments(
        sharpe, count, skewness=skewness, kurtosis=kurtosis, benchmark_sharpe=benchmark_sharpe
    )


def minimum_track_record_length_from_moments(
    sharpe: float,
    *,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    benchmark_sharpe: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Return how many returns a Sharpe ratio needs to exceed `benchmark_sharpe` with `confidence` [1]_.

    ``1 + (1 - skewness SR + (kurtosis - 1) / 4 SR^2) (Z(confidence) / (SR - SR*))^2``.

    Parameters
    ----------
    sharpe, benchmark_sharpe : float
        Per period.
    skewness, kurtosis : float
        Kurtosis is raw. By default those of a normal distribution.
    confidence : float, default 0.95
        In (0.5, 1).

    Returns
    -------
    float
        Periods, not years; infinite where the ratio does not exceed the
        benchmark: no record of it is long enough.

    References
    ----------
    .. [1] Bailey, D. H. and Lopez de Prado, M. (2012). "The Sharpe ratio
       efficient frontier." Journal of Risk 15(2), 3-44.

    Examples
    --------
    Annual Sharpe ratios of 2 against 1, normal days, in years:

    >>> year = 252**0.5
    >>> round(minimum_track_record_length_from_moments(2 / year, benchmark_sharpe=1 / year) / 252, 2)
    2.73
    """
    if not 0.5 < confidence < 1:
        raise ConfigError(f"confidence must lie in (0.5, 1), was {confidence}")
    refuse_not_finite(benchmark_sharpe=benchmark_sharpe)
    spread = dispersion(sharpe, skewness, kurtosis)
    if sharpe <= benchmark_sharpe:
        return math.inf
    return 1 + spread * (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark_sharpe)) ** 2


def minimum_track_record_length(
    returns: Floats, convention: Convention, *, benchmark_sharpe: float = 0.0, confidence: float = 0.95
) -> float:
    """Return how many returns like `returns` are needed to exceed `benchmark_sharpe` with `confidence`.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
    benchmark_sharpe : float, default 0.0
        Per period.
    confidence : float, default 0.95

    Returns
    -------
    float
        Periods; infinite where the Sharpe ratio does not exceed the benchmark.

    Raises
    ------
    DataError, InsufficientDataError
        As `sharpe_moments`.
    """
    convention_of(convention)
    sharpe, _, skewness, kurtosis = sharpe_moments(returns, convention)
    return minimum_track_record_length_from_moments(
        sharpe, skewness=skewness, kurtosis=kurtosis, benchmark_sharpe=benchmark_sharpe, confidence=confidence
    )
