"""Tests of a sequence of exceedances: their rate, their clustering, and the times between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import FloatArray
from investiq.metrics.options import loss_level

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LikelihoodRatio", "christoffersen_test", "duration_test", "kupiec_test"]

# Weibull shapes searched: 0.05 is a burst in one week, 20 a metronome.
_SHAPES: Final = (0.05, 20.0)


@dataclass(frozen=True)
class LikelihoodRatio(Readout):
    """One likelihood-ratio test.

    Attributes
    ----------
    statistic : float
        Chi-squared under the hypothesis; NaN where the test is undefined.
    p_value : float
    degrees : int
        Degrees of freedom.
    reason : str
        Why it is undefined.
    """

    units: ClassVar[dict[str, Unit]] = {"p_value": "p_value"}
    statistic: float
    p_value: float
    degrees: int
    reason: str = ""


def kupiec_test(exceedances: int, count: int, confidence: float = 0.95) -> LikelihoodRatio:
    """Test the rate of exceedances: Kupiec's proportion of failures [1]_.

    ``LR = 2 [x ln(p_x / p) + (T - x) ln((1 - p_x) / (1 - p))]`` with
    ``p_x = x / T`` and ``p = 1 - confidence``; chi-squared(1) if the rate is p.
    With no exceedance it is ``-2 T ln(1 - p)``.

    Parameters
    ----------
    exceedances : int
        x.
    count : int
        T, the periods observed.
    confidence : float, default 0.95

    Returns
    -------
    LikelihoodRatio

    Raises
    ------
    ConfigError
        If `confidence` is outside [0.5, 1).
    DataError
        If there are more exceedances than periods, a negative number, or half a one.
    InsufficientDataError
        If there is no period.

    References
    ----------
    .. [1] Kupiec, P. (1995). "Techniques for verifying the accuracy of risk
       measurement models." Journal of Derivatives 3(2), 73-84.

    Examples
    --------
    J.P. Morgan's 20 exceptions in the 252 days of 1998 (Jorion, "Value at Risk"):

    >>> test = kupiec_test(20, 252, 0.95)
    >>> round(test.statistic, 2), round(test.p_value, 3)
    (3.91, 0.048)
    """
    loss_level(confidence)
    if count < 1:
        raise InsufficientDataError(f"the proportion of failures needs 1 period, received {count}")
    if not 0 <= exceedances <= count or exceedances != int(exceedances):
        raise DataError(f"exceedances must lie between 0 and the {count} periods, were {exceedances}; count whole ones")
    expected, found = 1 - confidence, exceedances / count
    missed = count - exceedances
    gain = _log_likelihood(exceedances, missed, found) - _log_likelihood(exceedances, missed, expected)
    return _tested(2 * gain, 1)


def christoffersen_test(is_exceeded: NDArray[np.bool_] | pd.Series[bool]) -> LikelihoodRatio:
    """Test whether an exceedance makes another one the next period more (or less) likely [1]_.

    The likelihood of the transitions as a first-order Markov chain against that
    of independent draws: ``LR = 2 ln[(1 - p01)^n00 p01^n01 (1 - p11)^n10 p11^n11 /
    ((1 - p)^(n00 + n10) p^(n01 + n11))]``, chi-squared(1); ``0 ln 0`` is 0.

    Parameters
    ----------
    is_exceeded : ndarray or Series of bool, shape (n_periods,)

    Returns
    -------
    LikelihoodRatio
        NaN with the reason if no period follows an exceedance, or all do:
        such a sequence says nothing about dependence.

    Raises
    ------
    DataError
        If `is_exceeded` is not boolean.

    References
    ----------
    .. [1] Christoffersen, P. (1998). "Evaluating interval forecasts."
       International Economic Review 39(4), 841-862.

    Examples
    --------
    >>> hits = np.zeros(100, dtype=bool)
    >>> hits[[20, 21, 60]] = True
    >>> round(christoffersen_test(hits).statistic, 3)
    3.625
    """
    hits = _hits(is_exceeded)
    before, after = hits[:-1], hits[1:]
    n01, n11 = int((~before & after).sum()), int((before & after).sum())
    n00, n10 = int((~before & ~after).sum()), int((before & ~after).sum())
    if not n10 + n11:
        return LikelihoodRatio(math.nan, math.nan, 1, "no period follows an exceedance")
    if not n00 + n01:
        return LikelihoodRatio(math.nan, math.nan, 1, "every period follows an exceedance")
    chain = _log_likelihood(n01, n00, n01 / (n00 + n01)) + _log_likelihood(n11, n10, n11 / (n10 + n11))
    pooled = (n01 + n11) / (n00 + n01 + n10 + n11)
    return _tested(2 * (chain - _log_likelihood(n01 + n11, n00 + n10, pooled)), 1)


def duration_test(is_exceeded: NDArray[np.bool_] | pd.Series[bool]) -> LikelihoodRatio:
    """Test whether the times between exceedances lack a memory [1]_.

    A Weibull distribution is fitted to them, the time before the first and the
    time after the last exceedance as censored; LR compares it with its shape at
    1, the exponential. Clusters give a shape below 1.

    Parameters
    ----------
    is_exceeded : ndarray or Series of bool, shape (n_periods,)

    Returns
    -------
    LikelihoodRatio
        Chi-squared(1); NaN with the reason below two exceedances. The shape is
        searched from 0.05 to 20.

    Raises
    ------
    DataError
        If `is_exceeded` is not boolean.

    References
    ----------
    .. [1] Christoffersen, P. and Pelletier, D. (2004). "Backtesting
       value-at-risk: a duration-based approach." Journal of Financial
       Econometrics 2(1), 84-108.

    Examples
    --------
    >>> hits = np.zeros(400, dtype=bool)
    >>> hits[[30, 31, 33, 34, 210, 212, 213]] = True
    >>> duration_test(hits).p_value < 0.01
    True
    """
    hits = _hits(is_exceeded)
    rows = np.flatnonzero(hits)
    if rows.size < 2:
        return LikelihoodRatio(math.nan, math.nan, 1, f"needs 2 exceedances, found {rows.size}")
    spells = np.diff(rows).astype(np.float64)
    censored = np.array([each for each in (rows[0] + 1, hits.size - 1 - rows[-1]) if each > 0], dtype=np.float64)
    if hits[0]:
        censored = censored[1:]
    from scipy.optimize import minimize_scalar

    low, high = np.log(_SHAPES)
    best = minimize_scalar(
        lambda log_shape: -_weibull(spells, censored, math.exp(log_shape)), bounds=(low, high), method="bounded"
    )
    return _tested(2 * (-float(best.fun) - _weibull(spells, censored, 1.0)), 1)


def joint(one: LikelihoodRatio, other: LikelihoodRatio) -> LikelihoodRatio:
    """Return the sum of two independent statistics as one test."""
    if reason := one.reason or other.reason:
        return LikelihoodRatio(math.nan, math.nan, one.degrees + other.degrees, reason)
    return _tested(one.statistic + other.statistic, one.degrees + other.degrees)


def _weibull(spells: FloatArray, censored: FloatArray, shape: float) -> float:
    """Return the log likelihood at `shape` with the rate that maximises it."""
    count = spells.size
    exposure = float((spells**shape).sum() + (censored**shape).sum())
    return count * (math.log(count / exposure) + math.log(shape) - 1) + (shape - 1) * float(np.log(spells).sum())


def _log_likelihood(hits: int, misses: int, probability: float) -> float:
    """Return the log likelihood of independent draws; 0 x log 0 is 0."""
    from scipy.special import xlog1py, xlogy

    return float(xlogy(hits, probability) + xlog1py(misses, -probability))


def _tested(statistic: float, degrees: int) -> LikelihoodRatio:
    from scipy.stats import chi2

    # Two equal likelihoods may differ by a rounding error below zero.
    statistic = max(statistic, 0.0)
    return LikelihoodRatio(statistic, float(chi2.sf(statistic, degrees)), degrees)


def _hits(is_exceeded: NDArray[np.bool_] | pd.Series[bool]) -> NDArray[np.bool_]:
    hits = np.asarray(is_exceeded)
    if hits.dtype != np.bool_ or hits.ndim != 1:
        raise DataError(f"is_exceeded must be one series of booleans, was {hits.dtype} of shape {hits.shape}")
    return hits
