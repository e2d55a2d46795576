"""The shape of a distribution of returns: asymmetry, fat tails, and one tail against the other."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.formulas import ROUNDING
from investiq.metrics.inputs import FloatArray, Floats, returns_of

__all__ = ["kurtosis", "rachev_ratio", "skewness", "tail_ratio"]

# Fewer returns put less than one observation beyond the 95th percentile.
_LEAST_FOR_TAILS: Final = 20


def skewness(returns: Floats, *, bias_corrected: bool = True) -> float:
    """Return the skewness of returns: below zero where the losses have the longer tail.

    ``g1 = m3 / m2 ** 1.5``, and bias-corrected ``G1 = g1 sqrt(n (n - 1)) / (n - 2)`` [1]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    bias_corrected : bool, default True
        Whether to give G1, as reports do; the formulas of the probabilistic
        Sharpe ratio take the population value g1.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are fewer than 3 returns, or all are equal.

    References
    ----------
    .. [1] Joanes, D. N. and Gill, C. A. (1998). "Comparing measures of sample
       skewness and kurtosis." The Statistician 47(1), 183-189.

    Examples
    --------
    >>> round(skewness(np.array([-0.03, 0.01, 0.01, 0.01]), bias_corrected=False), 4)
    -1.1547
    """
    values = returns_of(returns, least=3, purpose="skewness")
    second, third, _ = _moments(values)
    plain = third / (second * math.sqrt(second))
    n = values.size
    return plain * math.sqrt(n * (n - 1)) / (n - 2) if bias_corrected else plain


def kurtosis(returns: Floats, *, excess: bool = True, bias_corrected: bool = True) -> float:
    """Return the kurtosis of returns: above that of a normal distribution where tails are fat.

    ``g2 = m4 / m2 ** 2 - 3``, and bias-corrected
    ``G2 = (n - 1) / ((n - 2) (n - 3)) ((n + 1) g2 + 6)`` [1]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    excess : bool, default True
        Whether a normal distribution has 0; otherwise it has 3.
    bias_corrected : bool, default True
        Whether to give G2, as reports do, rather than the population value g2.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are fewer than 4 returns, or all are equal.

    References
    ----------
    .. [1] Joanes, D. N. and Gill, C. A. (1998). "Comparing measures of sample
       skewness and kurtosis." The Statistician 47(1), 183-189.

    Examples
    --------
    >>> round(kurtosis(np.array([-0.01, 0.01, -0.01, 0.01]), excess=False, bias_corrected=False), 12)
    1.0
    """
    values = returns_of(returns, least=4, purpose="kurtosis")
    second, _, fourth = _moments(values)
    n = values.size
    found = fourth / second**2 - 3
    if bias_corrected:
        found = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * found + 6)
    return found if excess else found + 3


def tail_ratio(returns: Floats, *, least: int = _LEAST_FOR_TAILS) -> float:
    """Return the 95th percentile of returns over the size of the 5th.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    least : int, default 20
        Fewest returns.

    Returns
    -------
    float
        Above 1 where the gains reach further than the losses. Percentiles by
        linear interpolation.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are fewer than `least`, or the 5th percentile is no loss.

    Examples
    --------
    >>> round(tail_ratio(np.linspace(-0.05, 0.10, 101)), 6)  # 0.0925 / 0.0425
    2.176471
    """
    values = returns_of(returns, least=least, purpose="the tail ratio")
    low, high = np.percentile(values, (5, 95))
    if low >= -ROUNDING:
        raise InsufficientDataError(f"the 5th percentile of the returns is {low * 100:.4g} %: there is no losing tail")
    return float(high / -low)


def rachev_ratio(returns: Floats, share: float = 0.05) -> float:
    """Return the mean of the best share of returns over the mean loss of the worst share [1]_.

    Each tail holds ``ceil(share x n)`` returns. With 250 or more it says
    something; a window of 60 has three in each tail.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    share : float, default 0.05
        Of the returns in each tail, in (0, 0.5].

    Raises
    ------
    ConfigError
        If `share` is outside (0, 0.5].
    DataError
        As `returns_of`.
    InsufficientDataError
        If a tail would hold less than one return, or the worst share is no loss on average.

    References
    ----------
    .. [1] Biglova, A., Ortobelli, S., Rachev, S. and Stoyanov, S. (2004).
       "Different approaches to risk estimation in portfolio theory." Journal of
       Portfolio Management 31(1), 103-112.

    Examples
    --------
    >>> returns = np.array([0.04, 0.02, 0.01, 0.0, -0.01, -0.01, 0.0, 0.01, -0.02, -0.03])
    >>> round(rachev_ratio(returns, share=0.2), 6)  # (4 + 2) / (3 + 2)
    1.2
    """
    if not 0 < share <= 0.5:
        raise ConfigError(f"share must lie in (0, 0.5], was {share}")
    values = returns_of(
        returns, least=math.ceil(1 / share - 1e-9), purpose=f"the Rachev ratio of tails of {share * 100:g} %"
    )
    tail = math.ceil(share * values.size - 1e-9)
    ordered = np.sort(values)
    loss = -float(ordered[:tail].mean())
    if loss <= ROUNDING:
        raise InsufficientDataError(f"the worst {tail} of {values.size} returns are no loss on average")
    return float(ordered[-tail:].mean()) / loss


def _moments(values: FloatArray) -> tuple[float, float, float]:
    """Return the second, third and fourth central moments."""
    centred = values - values.mean()
    squares = centred * centred
    second = float(squares.mean())
    if second <= ROUNDING**2:
        raise InsufficientDataError(f"all {values.size} returns are equal: the distribution has no shape")
    return second, float((squares * centred).mean()), float((squares * squares).mean())
