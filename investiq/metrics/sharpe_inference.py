"""How much a Sharpe ratio proves: its moments, standard error and p-value.

Every ratio here is per period, never annualised, and kurtosis is raw (3 for a
normal distribution). Each statistic takes returns, or the four moments that
`sharpe_moments` returns.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import Floats, returns_of

__all__ = [
    "SharpeMoments",
    "sharpe_error_from_moments",
    "sharpe_moments",
    "sharpe_p_value",
    "sharpe_p_value_from_moments",
]


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
    >>> import numpy as np
    >>> moments = sharpe_moments(np.array([0.02, -0.01, 0.02, 0.01]), Convention(periods_per_year=252))
    >>> [round(each, 4) for each in moments]
    [0.7071, 4, -0.8165, 2.0]
    """
    convention_of(convention)
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
    return math.sqrt(dispersion(sharpe, skewness, kurtosis) / count)


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
    refuse_not_finite(benchmark_sharpe=benchmark_sharpe)
    error = sharpe_error_from_moments(sharpe, count, skewness=skewness, kurtosis=kurtosis)
    if error == 0:
        raise InsufficientDataError("the standard error of the Sharpe ratio is zero: the returns take two values only")
    distance = (sharpe - benchmark_sharpe) / error
    if alternative == "greater":
        return upper_tail(distance)
    if alternative == "two-sided":
        return 2 * upper_tail(abs(distance))
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


def dispersion(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Return the variance of sqrt(n) times the estimated ratio."""
    refuse_not_finite(sharpe=sharpe, skewness=skewness, kurtosis=kurtosis)
    # The tolerance is the rounding of two estimated moments at the bound, which two-valued returns reach.
    if kurtosis < (1 + skewness**2) * (1 - 1e-9):
        raise DataError(
            f"no distribution has skewness {skewness:g} and kurtosis {kurtosis:g}: kurtosis must be raw "
            f"(3 if normal) and at least 1 + skewness^2 = {1 + skewness**2:g}; add 3 to an excess kurtosis"
        )
    return max(1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2, 0.0)


def refuse_not_finite(**numbers: float) -> None:
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise DataError(f"{name} must be a finite number, was {number}; pass one of a sample that has it")


def upper_tail(z: float) -> float:
    """Return the probability above `z` of a standard normal, exact in relative terms far out."""
    return 0.5 * math.erfc(z / math.sqrt(2))
