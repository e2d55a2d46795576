"""How much a Sharpe ratio proves: standard error, p-value, probability, length of record.

Every ratio here is per period, never annualised, and kurtosis is raw (3 for a
normal distribution). Each statistic takes returns, or the four moments that
`sharpe_moments` returns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, Literal, NamedTuple

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention
from investiq.metrics.inputs import FloatArray, Floats, finite, returns_of
from investiq.metrics.options import whole

__all__ = [
    "SharpeMoments",
    "autocorrelation_adjusted_sharpe",
    "lo_annualisation_factor",
    "minimum_track_record_length",
    "minimum_track_record_length_from_moments",
    "probabilistic_sharpe_ratio",
    "probabilistic_sharpe_ratio_from_moments",
    "sharpe_error_from_moments",
    "sharpe_moments",
    "sharpe_p_value",
    "sharpe_p_value_from_moments",
]

_NORMAL: Final = NormalDist()
_CORRELATION_ROUNDING: Final = 1e-9


class SharpeMoments(NamedTuple):
    """What the statistics of a Sharpe ratio need of a return series.

    Attributes
    ----------
    sharpe : float
        Mean excess return over its standard deviation, per period.
    observations : int
    skewness, kurtosis : float
        Population moments of the returns; kurtosis is raw, 3 if normal.
    """

    sharpe: float
    observations: int
    skewness: float
    kurtosis: float


def sharpe_moments(returns: Floats, convention: Convention) -> SharpeMoments:
    """Return the Sharpe ratio of one period with skewness, raw kurtosis and count.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its risk-free return of a period and `ddof` are used; `ddof` applies to
        the standard deviation only.

    Raises
    ------
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than two returns, or all are equal.

    Examples
    --------
    >>> moments = sharpe_moments(np.array([0.02, -0.01, 0.02, 0.01]), Convention(periods_per_year=252))
    >>> [round(each, 4) for each in moments]
    [0.7071, 4, -0.8165, 2.0]
    """
    values = returns_of(returns, least=2, purpose="the inference on a Sharpe ratio")
    mean = float(values.mean())
    spread = formulas.standard_deviation(values, mean, convention.ddof)
    ratio = formulas.sharpe(mean, spread, convention.risk_free_per_period, 1.0)
    centred = values - mean
    squares = centred * centred
    variance = float(squares.mean())
    return SharpeMoments(
        sharpe=ratio,
        observations=values.size,
        skewness=float((squares * centred).mean() / variance**1.5),
        kurtosis=float((squares * squares).mean() / variance**2),
    )


def sharpe_error_from_moments(sharpe: float, count: int, *, skewness: float = 0.0, kurtosis: float = 3.0) -> float:
    """Return the standard error of a Sharpe ratio of independent returns.

    ``sqrt((1 - skewness SR + (kurtosis - 1) / 4 SR^2) / count)`` [2]_, which for
    normal returns is ``sqrt((1 + SR^2 / 2) / count)`` [1]_.

    Parameters
    ----------
    sharpe : float
        Per period; the error is per period too.
    count : int
        Returns, at least 1.
    skewness, kurtosis : float
        Kurtosis is raw. By default those of a normal distribution.

    Raises
    ------
    DataError
        If no distribution has these moments (excess kurtosis was passed, say), or one is not finite.

    References
    ----------
    .. [1] Lo, A. W. (2002). "The statistics of Sharpe ratios." Financial
       Analysts Journal 58(4), 36-52.
    .. [2] Mertens, E. (2002). "Comments on variance of the IID estimator in
       Lo (2002)." Working paper, University of Basel.

    Examples
    --------
    >>> round(sharpe_error_from_moments(1.5, 60), 3)
    0.188
    """
    if not count >= 1:
        raise InsufficientDataError(f"the standard error of a Sharpe ratio needs 1 return, received {count}")
    return math.sqrt(_dispersion(sharpe, skewness, kurtosis) / count)


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


def sharpe_p_value_from_moments(
    sharpe: float,
    count: int,
    *,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    benchmark_sharpe: float = 0.0,
    alternative: Literal["two-sided", "greater"] = "two-sided",
) -> float:
    """Return the p-value of a Sharpe ratio against `benchmark_sharpe`.

    The distance over `sharpe_error_from_moments`, as a standard normal.

    Parameters
    ----------
    sharpe, benchmark_sharpe : float
        Per period. An annual ratio here, with a count of days, overstates z by
        the square root of the periods in a year.
    count : int
    skewness, kurtosis : float
        Kurtosis is raw. By default those of a normal distribution.
    alternative : {"two-sided", "greater"}

    Examples
    --------
    An annual Sharpe ratio of 1 over one year of days proves nothing:

    >>> round(sharpe_p_value_from_moments(1 / 252**0.5, 252), 3)
    0.318
    """
    _refuse_not_finite(benchmark_sharpe=benchmark_sharpe)
    error = sharpe_error_from_moments(sharpe, count, skewness=skewness, kurtosis=kurtosis)
    if error == 0:
        raise InsufficientDataError("the standard error of the Sharpe ratio is zero: the returns take two values only")
    distance = (sharpe - benchmark_sharpe) / error
    if alternative == "greater":
        return _upper_tail(distance)
    if alternative == "two-sided":
        return 2 * _upper_tail(abs(distance))
    raise ConfigError(f"alternative must be 'two-sided' or 'greater', was {alternative!r}")


def sharpe_p_value(
    returns: Floats,
    convention: Convention,
    *,
    benchmark_sharpe: float = 0.0,
    alternative: Literal["two-sided", "greater"] = "two-sided",
) -> float:
    """Return the p-value of the Sharpe ratio of independent returns, with their skewness and kurtosis.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
    benchmark_sharpe : float, default 0.0
        Per period.
    alternative : {"two-sided", "greater"}

    Raises
    ------
    DataError, InsufficientDataError
        As `sharpe_moments`.
    """
    sharpe, count, skewness, kurtosis = sharpe_moments(returns, convention)
    return sharpe_p_value_from_moments(
        sharpe,
        count,
        skewness=skewness,
        kurtosis=kurtosis,
        benchmark_sharpe=benchmark_sharpe,
        alternative=alternative,
    )


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
    _refuse_not_finite(benchmark_sharpe=benchmark_sharpe)
    error = sharpe_error_from_moments(sharpe, count - 1, skewness=skewness, kurtosis=kurtosis)
    if error == 0:
        raise InsufficientDataError("the standard error of the Sharpe ratio is zero: the returns take two values only")
    return _upper_tail((benchmark_sharpe - sharpe) / error)


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
    _refuse_not_finite(benchmark_sharpe=benchmark_sharpe)
    dispersion = _dispersion(sharpe, skewness, kurtosis)
    if sharpe <= benchmark_sharpe:
        return math.inf
    return 1 + dispersion * (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark_sharpe)) ** 2


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
    sharpe, _, skewness, kurtosis = sharpe_moments(returns, convention)
    return minimum_track_record_length_from_moments(
        sharpe, skewness=skewness, kurtosis=kurtosis, benchmark_sharpe=benchmark_sharpe, confidence=confidence
    )


def _dispersion(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Return the variance of sqrt(n) times the estimated ratio."""
    _refuse_not_finite(sharpe=sharpe, skewness=skewness, kurtosis=kurtosis)
    # The tolerance is the rounding of two estimated moments at the bound, which two-valued returns reach.
    if kurtosis < (1 + skewness**2) * (1 - 1e-9):
        raise DataError(
            f"no distribution has skewness {skewness:g} and kurtosis {kurtosis:g}: kurtosis must be raw "
            f"(3 if normal) and at least 1 + skewness^2 = {1 + skewness**2:g}; add 3 to an excess kurtosis"
        )
    return max(1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2, 0.0)


def _refuse_not_finite(**numbers: float) -> None:
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise DataError(f"{name} must be a finite number, was {number}; pass one of a sample that has it")


def _upper_tail(z: float) -> float:
    """Return the probability above `z` of a standard normal, exact in relative terms far out."""
    return 0.5 * math.erfc(z / math.sqrt(2))
