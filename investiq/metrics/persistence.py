"""What one return says about the next: autocorrelation and variance ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.hurst import LEAST_RANGE, log_returns
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.options import whole

__all__ = ["Autocorrelation", "VarianceRatio", "autocorrelation", "variance_ratio"]


# Returns that differ by less than this share of the largest are one, but for rounding.
_NO_VARIANCE: Final = 1e-12


@dataclass(frozen=True)
class Autocorrelation(Readout):
    """An autocorrelation with its error under no autocorrelation.

    Attributes
    ----------
    value : float
    standard_error : float
        Robust to changing volatility.
    statistic : float
        ``value / standard_error``, standard normal under the hypothesis.
    p_value : float
        Two-sided.
    count : int
    """

    units: ClassVar[dict[str, Unit]] = {"statistic": "ratio", "p_value": "p_value", "count": "count"}
    value: float
    standard_error: float
    statistic: float
    p_value: float
    count: int


@dataclass(frozen=True)
class VarianceRatio(Readout):
    """A variance ratio with its test.

    Attributes
    ----------
    value : float
        1 for a random walk, above it trending, below it reverting.
    statistic : float
        Standard normal for a random walk.
    p_value : float
        Two-sided.
    horizon : int
        Periods, q.
    count : int
    is_robust : bool
        Whether the statistic allows for changing volatility.
    """

    units: ClassVar[dict[str, Unit]] = {"statistic": "ratio", "p_value": "p_value", "count": "count"}
    value: float
    statistic: float
    p_value: float
    horizon: int
    count: int
    is_robust: bool


def autocorrelation(returns: Floats, lag: int = 1) -> Autocorrelation:
    """Return the autocorrelation of simple returns, with an error that holds under changing volatility.

    ``r_k = sum x_t x_{t-k} / sum x_t^2`` of deviations x from the mean. The
    usual error, ``1 / sqrt(n)``, is too small where large moves come in
    clusters; here it is ``sqrt(sum x_t^2 x_{t-k}^2) / sum x_t^2`` [1]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    lag : int, default 1
        k, in periods.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    ConfigError
        If `lag` is below 1.
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than ``lag + 2`` returns, all are equal, or of two that
        are `lag` apart one is always the mean: the error is then 0.

    References
    ----------
    .. [1] Lo, A. W. and MacKinlay, A. C. (1988). "Stock market prices do not
       follow random walks." Review of Financial Studies 1(1), 41-66.

    Examples
    --------
    >>> found = autocorrelation(np.array([0.01, -0.01, 0.01, -0.01]))
    >>> found.value, round(found.standard_error, 4)
    (-0.75, 0.433)
    """
    whole("lag", lag, 1)
    values = returns_of(returns, least=lag + 2, purpose=f"the autocorrelation at lag {lag}")
    _refuse_constant(values)
    deviations = values - values.mean()
    total = float(deviations @ deviations)
    products = deviations[lag:] * deviations[:-lag]
    if not products.any():
        raise InsufficientDataError(f"no two returns {lag} apart both differ from the mean: the error is undefined")
    value, error = float(products.sum()) / total, math.sqrt(float(products @ products)) / total
    return Autocorrelation(value, error, value / error, _two_sided(value / error), values.size)


def variance_ratio(returns: Floats, q: int = 2, *, robust: bool = True) -> VarianceRatio:
    """Return the variance of q-period log returns over q times that of one period [1]_.

    Overlapping q-period returns, both variances debiased; the hypothesis is a
    random walk with drift.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN; their logarithms are used.
    q : int, default 2
        Horizon in periods, below the number of returns.
    robust : bool, default True
        Whether the statistic allows for changing volatility (z* of the paper),
        which returns of shares have; otherwise it assumes equal variances.

    Returns
    -------
    VarianceRatio

    Raises
    ------
    ConfigError
        If `q` is below 2.
    DataError
        If `returns` holds NaN, or a loss of 100 %.
    InsufficientDataError
        If there are not more than `q` returns, all are equal, or, for the robust
        statistic, of two less than `q` apart one is always the mean.

    References
    ----------
    .. [1] Lo, A. W. and MacKinlay, A. C. (1988). "Stock market prices do not
       follow random walks." Review of Financial Studies 1(1), 41-66.

    Examples
    --------
    >>> reverting = np.tile([0.01, -0.01], 50)
    >>> variance_ratio(reverting).value < 0.1
    True
    """
    whole("q", q, 2)
    values = log_returns(returns, q + 1, f"the variance ratio over {q} periods")
    _refuse_constant(values)
    count = values.size
    deviations = values - values.mean()
    squares = deviations**2
    one = float(squares.sum()) / (count - 1)
    sums = np.concatenate(([0.0], deviations.cumsum()))
    spans = sums[q:] - sums[:-q]
    many = float(spans @ spans) / (q * (count - q + 1) * (1 - q / count))
    ratio = many / one
    if robust:
        total = float(squares.sum())
        weights = (2 * (q - np.arange(1, q)) / q) ** 2
        lagged = np.array([float(squares[k:] @ squares[:-k]) for k in range(1, q)])
        variance = count * float(weights @ lagged) / total**2
        if variance == 0:
            raise InsufficientDataError(
                f"no two returns less than {q} apart both differ from the mean: the robust error is undefined; "
                "pass robust=False"
            )
    else:
        variance = 2 * (2 * q - 1) * (q - 1) / (3 * q)
    statistic = math.sqrt(count) * (ratio - 1) / math.sqrt(variance)
    return VarianceRatio(ratio, statistic, _two_sided(statistic), q, count, robust)


def _two_sided(statistic: float) -> float:
    return math.erfc(abs(statistic) / math.sqrt(2))


def _refuse_constant(values: FloatArray) -> None:
    if np.ptp(values) <= max(_NO_VARIANCE * np.abs(values).max(), LEAST_RANGE):
        raise InsufficientDataError(
            "all returns are equal, or too small to be squared: there is no variance to compare"
        )
