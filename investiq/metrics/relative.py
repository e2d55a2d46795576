"""Measures of returns against a benchmark, paired by date."""

from __future__ import annotations

import math

import numpy as np

from investiq.core.errors import InsufficientDataError
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, paired
from investiq.metrics.market_model import capm

__all__ = [
    "beta",
    "down_capture",
    "excess_return",
    "information_ratio",
    "jensen_alpha",
    "modigliani_m2",
    "tracking_error",
    "treynor_ratio",
    "up_capture",
]


def excess_return(returns: Floats, benchmark: Floats) -> float:
    """Return the total return less that of the benchmark over the common dates; it is no alpha.

    Parameters
    ----------
    returns, benchmark : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN; Series are joined
        by date.

    Raises
    ------
    DataError
        If a series holds NaN, or none of their dates is common.

    Examples
    --------
    >>> round(excess_return(np.array([0.10, 0.10]), np.array([0.05, 0.00])), 4)
    0.16
    """
    mine, theirs = paired(returns, benchmark, purpose="an excess return")
    return float(np.prod(1 + mine) - np.prod(1 + theirs))


def tracking_error(returns: Floats, benchmark: Floats, convention: Convention) -> float:
    """Return the annual standard deviation of returns less benchmark returns.

    Parameters
    ----------
    returns, benchmark
        As `excess_return`.
    convention : Convention
        Its `ddof` and `periods_per_year` are used.

    Raises
    ------
    DataError
        As `excess_return`.
    InsufficientDataError
        If there are not more than `ddof` pairs.
    """
    convention_of(convention)
    _, deviation = _apart(returns, benchmark, convention, "a tracking error")
    return deviation * math.sqrt(convention.periods_per_year)


def information_ratio(returns: Floats, benchmark: Floats, convention: Convention) -> float:
    """Return the annual mean of returns less benchmark returns over the tracking error [1]_.

    Parameters
    ----------
    returns, benchmark
        As `excess_return`.
    convention : Convention
        Its `ddof` and `periods_per_year` are used.

    Raises
    ------
    DataError
        As `excess_return`.
    InsufficientDataError
        If the difference never moves.

    References
    ----------
    .. [1] Grinold, R. C. and Kahn, R. N. (1999). "Active Portfolio Management",
       2nd ed., McGraw-Hill, chapter 5.

    Examples
    --------
    Differences of 1 % and 3 %: mean 2 %, deviation 1.41421 %.

    >>> round(information_ratio(np.array([0.02, 0.01]), np.array([0.01, -0.02]), Convention(periods_per_year=1)), 5)
    1.41421
    """
    convention_of(convention)
    mean, deviation = _apart(returns, benchmark, convention, "an information ratio")
    if deviation <= formulas.ROUNDING:
        raise InsufficientDataError("returns and benchmark differ by a constant: the tracking error is zero")
    return mean / deviation * math.sqrt(convention.periods_per_year)


def beta(returns: Floats, benchmark: Floats, convention: Convention) -> float:
    """Return the slope of excess returns on the benchmark's; `capm` gives its error too.

    Raises
    ------
    DataError, InsufficientDataError
        As `capm`; fewer than 10 pairs are refused.
    """
    return capm(returns, benchmark, convention).beta


def jensen_alpha(returns: Floats, benchmark: Floats, convention: Convention) -> float:
    """Return the annual intercept of excess returns on the benchmark's [1]_; `capm` gives its error too.

    Raises
    ------
    DataError, InsufficientDataError
        As `capm`; fewer than 10 pairs are refused.

    References
    ----------
    .. [1] Jensen, M. C. (1968). "The performance of mutual funds in the period
       1945-1964." Journal of Finance 23(2), 389-416.
    """
    return capm(returns, benchmark, convention).alpha


def treynor_ratio(returns: Floats, benchmark: Floats, convention: Convention) -> float:
    """Return the annual mean excess return over beta [1]_, both of the common dates.

    Parameters
    ----------
    returns, benchmark
        As `excess_return`, 10 pairs or more.
    convention : Convention

    Raises
    ------
    DataError
        As `capm`.
    InsufficientDataError
        If there are fewer than 10 pairs, or beta is zero or negative: the ratio
        would rank a loss above a gain.

    References
    ----------
    .. [1] Treynor, J. L. (1965). "How to rate management of investment funds."
       Harvard Business Review 43(1), 63-75.
    """
    fitted = capm(returns, benchmark, convention)
    if fitted.beta <= formulas.ROUNDING:
        raise InsufficientDataError(f"beta is {fitted.beta:.4g}: the Treynor ratio needs a positive one")
    return float(fitted.returns.mean()) * convention.periods_per_year / fitted.beta


def modigliani_m2(returns: Floats, benchmark: Floats, convention: Convention) -> float:
    """Return the annual return at the benchmark's volatility, M-squared [1]_.

    ``SR x sd(b - rf) x A + A x rf``, SR the Sharpe ratio of a period, A the
    periods in a year.

    Parameters
    ----------
    returns, benchmark
        As `excess_return`.
    convention : Convention

    Returns
    -------
    float
        Annual fraction, not compounded; compare it with the benchmark's mean.

    Raises
    ------
    DataError
        As `excess_return`.
    InsufficientDataError
        If the returns never move.

    References
    ----------
    .. [1] Modigliani, F. and Modigliani, L. (1997). "Risk-adjusted performance."
       Journal of Portfolio Management 23(2), 45-54.
    """
    convention_of(convention)
    mine, theirs = paired(returns, benchmark, purpose="M-squared")
    spread, other = (formulas.standard_deviation(each, float(each.mean()), convention.ddof) for each in (mine, theirs))
    rate = convention.risk_free_per_period
    ratio = formulas.sharpe(float(mine.mean()), spread, rate, 1.0)
    return (ratio * other + rate) * convention.periods_per_year


def up_capture(returns: Floats, benchmark: Floats) -> float:
    """Return the mean geometric return over the benchmark's, in the periods in which that rises.

    Parameters
    ----------
    returns, benchmark
        As `excess_return`.

    Returns
    -------
    float
        1.1 is 110 %. Means are per period; annualised ones, which some libraries
        divide, compound the rises of a year as if there were nothing else.

    Raises
    ------
    DataError
        As `excess_return`.
    InsufficientDataError
        If the benchmark never rises.

    Examples
    --------
    >>> round(up_capture(np.array([0.03, -0.02, 0.01]), np.array([0.02, -0.01, 0.02])), 3)
    0.998
    """
    mine, theirs = paired(returns, benchmark, purpose="a capture ratio")
    return _capture(mine, theirs, theirs > 0, "rises")


def down_capture(returns: Floats, benchmark: Floats) -> float:
    """Return the mean geometric return over the benchmark's, in the periods in which that falls.

    Below 1 loses less than the benchmark; below 0 gains while it falls.

    Parameters
    ----------
    returns, benchmark
        As `excess_return`.

    Raises
    ------
    DataError
        As `excess_return`.
    InsufficientDataError
        If the benchmark never falls.
    """
    mine, theirs = paired(returns, benchmark, purpose="a capture ratio")
    return _capture(mine, theirs, theirs < 0, "falls")


def _apart(returns: Floats, benchmark: Floats, convention: Convention, purpose: str) -> tuple[float, float]:
    mine, theirs = paired(returns, benchmark, purpose=purpose)
    apart = mine - theirs
    mean = float(apart.mean())
    return mean, formulas.standard_deviation(apart, mean, convention.ddof)


def _capture(mine: FloatArray, theirs: FloatArray, chosen: np.ndarray, moves: str) -> float:
    count = int(np.count_nonzero(chosen))
    if not count:
        raise InsufficientDataError(f"the benchmark never {moves} in {mine.size} periods: there is nothing to capture")
    growth, other = (_geometric_mean(each[chosen]) for each in (mine, theirs))
    return growth / other


def _geometric_mean(returns: FloatArray) -> float:
    """Return the mean growth of a period; of logarithms, which no number of periods overflows."""
    return -1.0 if returns.min() <= -1 else math.expm1(float(np.log1p(returns).mean()))
