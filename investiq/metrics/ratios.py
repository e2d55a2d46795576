"""Reward for the risk of each period: ratios of a series of returns."""

from __future__ import annotations

import math

from investiq.core.errors import InsufficientDataError
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.growth import growth_of, wealth_of
from investiq.metrics.inputs import FloatArray, Floats, returns_of

__all__ = [
    "downside_deviation",
    "gain_to_pain_ratio",
    "kelly_fraction",
    "omega_ratio",
    "sharpe_ratio",
    "sharpe_standard_error",
    "sortino_ratio",
    "volatility",
]


def volatility(returns: Floats, convention: Convention) -> float:
    """Return the annualised standard deviation of simple returns.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its `ddof` and `periods_per_year` are used: ``sd x sqrt(periods_per_year)``.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are not more than `ddof` returns.
    """
    convention_of(convention)
    values = returns_of(returns, least=convention.ddof + 1, purpose="volatility")
    return formulas.standard_deviation(values, float(values.mean()), convention.ddof) * math.sqrt(
        convention.periods_per_year
    )


def downside_deviation(returns: Floats, convention: Convention) -> float:
    """Return the annualised root mean square of the shortfalls below the target [1]_.

    ``sqrt(mean(min(r - target, 0) ** 2)) x sqrt(periods_per_year)``; the mean is
    over all periods, not over the losing ones.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its `target` (per period; the risk-free return by default) and `periods_per_year` are used.

    Raises
    ------
    DataError, InsufficientDataError
        As `returns_of`.

    References
    ----------
    .. [1] Sortino, F. A. and van der Meer, R. (1991). "Downside risk." Journal
       of Portfolio Management 17(4), 27-31.
    """
    convention_of(convention)
    values = returns_of(returns, purpose="the downside deviation")
    return formulas.downside_deviation(values, convention.target_per_period) * math.sqrt(convention.periods_per_year)


def sharpe_ratio(returns: Floats, convention: Convention) -> float:
    """Return the annualised Sharpe ratio of simple returns [1]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        The mean excess return over the risk-free return of a period, divided by
        its standard deviation (`ddof`), times ``sqrt(periods_per_year)``. Where
        `ratio_return` is ``"geometric"``, as in [2]_, the numerator is the
        growth rate by count of periods less the annual risk-free rate.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are not more than `ddof` returns, or all are equal.

    References
    ----------
    .. [1] Sharpe, W. F. (1994). "The Sharpe ratio." Journal of Portfolio
       Management 21(1), 49-58.
    .. [2] Bacon, C. (2008). "Practical Portfolio Performance Measurement and
       Attribution", 2nd ed., Wiley, ch. 4.

    Examples
    --------
    >>> import numpy as np
    >>> round(sharpe_ratio(np.array([0.02, -0.01, 0.02, 0.01]), Convention(periods_per_year=252)), 4)
    11.225
    """
    convention_of(convention)
    values = returns_of(returns, least=convention.ddof + 1, purpose="the Sharpe ratio")
    mean = float(values.mean())
    spread = formulas.standard_deviation(values, mean, convention.ddof)
    periods = convention.periods_per_year
    if convention.ratio_return == "geometric":
        excess = _growth(values, convention) - convention.risk_free
        return formulas.sharpe(excess, spread * math.sqrt(periods), 0.0, 1.0)
    return formulas.sharpe(mean, spread, convention.risk_free_per_period, periods)


def sharpe_standard_error(returns: Floats, convention: Convention) -> float:
    """Return the standard error of the annualised Sharpe ratio for independent returns [1]_.

    ``sqrt((1 + SR^2 / 2) / n) x sqrt(periods_per_year)``, SR per period. It is
    too small where returns are autocorrelated.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention

    Raises
    ------
    DataError, InsufficientDataError
        As `sharpe_ratio`.

    References
    ----------
    .. [1] Lo, A. W. (2002). "The statistics of Sharpe ratios." Financial
       Analysts Journal 58(4), 36-52.
    """
    convention_of(convention)
    return formulas.sharpe_error(sharpe_ratio(returns, convention), len(returns), convention.periods_per_year)


def sortino_ratio(returns: Floats, convention: Convention) -> float:
    """Return the annualised Sortino ratio of simple returns [1]_.

    The mean return above the target, divided by the downside deviation, whose
    mean of squared shortfalls is taken over all periods, not over the losing ones.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its `target` (per period; the risk-free return by default),
        `periods_per_year` and `ratio_return` are used.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there is no return, or none below the target.

    References
    ----------
    .. [1] Sortino, F. A. and van der Meer, R. (1991). "Downside risk." Journal
       of Portfolio Management 17(4), 27-31.

    Examples
    --------
    >>> import numpy as np
    >>> annual = np.array([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04])
    >>> round(sortino_ratio(annual, Convention(periods_per_year=1)), 3)
    4.417
    """
    convention_of(convention)
    values = returns_of(returns, purpose="the Sortino ratio")
    target, periods = convention.target_per_period, convention.periods_per_year
    deviation = formulas.downside_deviation(values, target)
    if convention.ratio_return == "geometric":
        per_period = formulas.sortino(1.0, deviation, 0.0, 1.0)
        return (_growth(values, convention) - convention.target_per_year) * per_period / math.sqrt(periods)
    return formulas.sortino(float(values.mean()), deviation, target, periods)


def omega_ratio(returns: Floats, convention: Convention) -> float:
    """Return the gains above the target over the shortfalls below it [1]_.

    ``sum(max(r - target, 0)) / sum(max(target - r, 0))``; with a target of zero
    it is the gain-to-pain ratio plus one, and the profit factor of the periods.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its `target` is used, per period; the risk-free return by default.

    Returns
    -------
    float
        >= 0, not annualised.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are fewer than two returns, or none below the target.

    References
    ----------
    .. [1] Keating, C. and Shadwick, W. F. (2002). "A universal performance
       measure." Journal of Performance Measurement 6(3), 59-84.

    Examples
    --------
    >>> import numpy as np
    >>> round(omega_ratio(np.array([0.03, -0.01, -0.01]), Convention(periods_per_year=252)), 9)
    1.5
    """
    convention_of(convention)
    values = returns_of(returns, least=2, purpose="the Omega ratio")
    excess = values - convention.target_per_period
    shortfall = -float(excess[excess < 0].sum())
    if shortfall <= formulas.ROUNDING:
        raise InsufficientDataError(
            f"no return of {values.size} is below the target of {convention.target_per_period * 100:.4g} % a period"
        )
    return float(excess[excess > 0].sum()) / shortfall


def gain_to_pain_ratio(returns: Floats) -> float:
    """Return the sum of returns over the size of the sum of losses [1]_.

    Schwager takes monthly returns: pass those of `compound_returns`. What is
    divided by the pain index is the `pain_ratio`.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there is no return, or no loss.

    References
    ----------
    .. [1] Schwager, J. D. (2012). "Hedge Fund Market Wizards", Wiley, app. A.

    Examples
    --------
    >>> import numpy as np
    >>> round(gain_to_pain_ratio(np.array([0.03, -0.01, -0.01])), 9)
    0.5
    """
    values = returns_of(returns, purpose="the gain-to-pain ratio")
    losses = -float(values[values < 0].sum())
    if losses <= formulas.ROUNDING:
        raise InsufficientDataError(f"no return of {values.size} is a loss: there is no pain to divide by")
    return float(values.sum()) / losses


def kelly_fraction(returns: Floats, convention: Convention) -> float:
    """Return the share of capital that maximises the growth of a rebalanced holding [1]_.

    ``(mean - risk_free) / variance``, both per period: the continuous-time form.
    The formula of two outcomes is `trade_kelly`; applied to daily returns it is wrong.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its risk-free return of a period and `ddof` are used.

    Returns
    -------
    float
        1.0 is fully invested, above it is borrowed, below zero is short. The
        mean is known badly, so half of it or less is what practitioners use.

    Raises
    ------
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are not more than `ddof` returns, or all are equal.

    References
    ----------
    .. [1] Thorp, E. O. (2006). "The Kelly criterion in blackjack, sports betting,
       and the stock market." Handbook of Asset and Liability Management 1, ch. 9.

    Examples
    --------
    >>> import numpy as np
    >>> round(kelly_fraction(np.array([0.03, -0.01]), Convention(periods_per_year=252)), 6)  # 0.01 / 0.0008
    12.5
    """
    convention_of(convention)
    values = returns_of(returns, least=convention.ddof + 1, purpose="the Kelly fraction")
    mean = float(values.mean())
    spread = formulas.standard_deviation(values, mean, convention.ddof)
    if spread <= formulas.ROUNDING:
        raise InsufficientDataError(f"all {values.size} returns are equal: their variance is zero")
    return (mean - convention.risk_free_per_period) / spread**2


def _growth(returns: FloatArray, convention: Convention) -> float:
    """Return the growth rate by count of periods."""
    return growth_of(wealth_of(returns), None, convention)
