"""Drawdowns as a measure of risk: averaged over time, and in their tail. All are sizes, >= 0."""

from __future__ import annotations

import math

import numpy as np

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, equity_values

__all__ = ["conditional_drawdown", "pain_index", "ulcer_index"]

# 0.05 x 140 is 7.000000000000001 in binary, which must not make eight points of seven.
_TAIL_ROUNDING = 1e-9


def ulcer_index(equity: Floats, convention: Convention) -> float:
    """Return the root mean square of the drawdowns [1]_.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value, opening point first, without NaN.
    convention : Convention
        Its `drawdown_mean` says what the sum of squares is divided by: all
        points, the periods, or the periods less one.

    Returns
    -------
    float
        A fraction, >= 0 (0.05 is 5 points).

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there are fewer than two points, or nothing is left to divide by.

    References
    ----------
    .. [1] Martin, P. G. and McCann, B. B. (1989). "The Investor's Guide to
       Fidelity Funds", Wiley.

    Examples
    --------
    >>> equity = np.array([100.0, 110.0, 99.0, 104.5, 121.0, 114.95])  # falls of 0, 0, 10, 5, 0 and 5 %
    >>> round(ulcer_index(equity, Convention(periods_per_year=252)), 12)
    0.05
    """
    convention_of(convention)
    return ulcer_of(equity_values(equity, least=2), convention)


def pain_index(equity: Floats, convention: Convention) -> float:
    """Return the mean of the drawdowns.

    Parameters
    ----------
    equity, convention
        As `ulcer_index`.

    Returns
    -------
    float
        A fraction, >= 0.

    Raises
    ------
    DataError, InsufficientDataError
        As `ulcer_index`.

    Examples
    --------
    >>> equity = np.array([100.0, 110.0, 99.0, 104.5, 121.0, 114.95])
    >>> round(pain_index(equity, Convention(periods_per_year=252)), 6)  # 0.20 / 6
    0.033333
    """
    convention_of(convention)
    return pain_of(equity_values(equity, least=2), convention)


def conditional_drawdown(equity: Floats, confidence: float = 0.95, *, least: int = 10) -> float:
    """Return the conditional drawdown at risk (CDaR): the mean of the deepest points [1]_.

    The points are those of the whole curve, opening point included; the worst
    ``ceil((1 - confidence) x n)`` of them are averaged.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first, without NaN.
    confidence : float, default 0.95
        In (0, 1).
    least : int, default 10
        Fewest points.

    Returns
    -------
    float
        A loss as a fraction, >= 0.

    Raises
    ------
    ConfigError
        If `confidence` is outside (0, 1).
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there are fewer than `least` points.

    References
    ----------
    .. [1] Chekhlov, A., Uryasev, S. and Zabarankin, M. (2005). "Drawdown measure
       in portfolio optimization." International Journal of Theoretical and
       Applied Finance 8(1), 13-58.

    Examples
    --------
    >>> equity = np.array([100.0, 110.0, 99.0, 104.5, 121.0, 114.95])
    >>> round(conditional_drawdown(equity, 0.5, least=6), 6)  # (10 + 5 + 5) / 3 %
    0.066667
    """
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie in (0, 1), was {confidence}")
    values = equity_values(equity)
    if values.size < least:
        raise InsufficientDataError(f"the conditional drawdown needs {least} points of equity, received {values.size}")
    tail = math.ceil((1 - confidence) * values.size - _TAIL_ROUNDING)
    return float(np.sort(_sizes(values))[-tail:].mean())


def ulcer_of(equity: FloatArray, convention: Convention) -> float:
    """Return the Ulcer index of an equity curve that was checked."""
    sizes = _sizes(equity)
    return math.sqrt(float(sizes @ sizes) / _count(sizes.size, convention))


def pain_of(equity: FloatArray, convention: Convention) -> float:
    """Return the pain index of an equity curve that was checked."""
    sizes = _sizes(equity)
    return float(sizes.sum()) / _count(sizes.size, convention)


def _sizes(equity: FloatArray) -> FloatArray:
    return 1.0 - equity / np.maximum.accumulate(equity)


def _count(points: int, convention: Convention) -> int:
    count = {"points": points, "periods": points - 1, "periods_less_one": points - 2}[convention.drawdown_mean]
    if count < 1:
        raise InsufficientDataError(
            f"drawdowns averaged over {convention.drawdown_mean.replace('_', ' ')} need 3 points, received {points}"
        )
    return count
