"""Growth, risk and the ratios between them."""

from __future__ import annotations

import math
from typing import Final

from investiq.metrics import formulas
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown import max_drawdown
from investiq.metrics.inputs import Floats, Instants, days_between, equity_values, finite, instants_of, opening_of_last

__all__ = [
    "CALMAR_MONTHS",
    "cagr",
    "calmar_ratio",
    "mar_ratio",
    "recovery_factor",
    "sharpe_ratio",
    "sharpe_standard_error",
    "sortino_ratio",
    "total_return",
    "volatility",
]

# Young, T. W. (1991), "Calmar ratio: a smoother tool", Futures 20(1): the last three years.
CALMAR_MONTHS: Final = 36


def total_return(equity: Floats) -> float:
    """Return the whole period's simple return, ``last / first - 1``.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value after all costs, opening point first, without NaN.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there are fewer than two points.

    Examples
    --------
    >>> import numpy as np
    >>> round(total_return(np.array([100.0, 110.0, 114.95])), 12)
    0.1495
    """
    values = equity_values(equity, least=2)
    return float(values[-1] / values[0] - 1.0)


def cagr(equity: Floats, ts: Instants | None = None, days_per_year: float = 365.25) -> float:
    """Return the compound annual growth rate by calendar time.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value, opening point first, without NaN.
    ts : ndarray of datetime64 or DatetimeIndex of shape (n_periods + 1,), optional
        Time of each point, UTC; by default the index of `equity`.
    days_per_year : float, default 365.25
        Calendar days in a year.

    Returns
    -------
    float
        ``(last / first) ** (days_per_year / days) - 1``, days from the opening
        point to the last; -1.0 where the account ends at or below zero. Under
        one year it extrapolates.

    Raises
    ------
    DataError
        If `equity` holds NaN, opens at or below zero, or the times descend.
    InsufficientDataError
        If no time passes.

    Examples
    --------
    >>> import numpy as np
    >>> ts = np.array(["2021-01-01", "2023-01-01"], dtype="datetime64[D]")  # 730 days
    >>> round(cagr(np.array([100.0, 121.0]), ts), 7)
    0.1000718
    """
    values = equity_values(equity, least=2)
    stamps = instants_of(equity, ts)
    return formulas.growth_rate(values[0], values[-1], days_between(stamps[0], stamps[-1]), days_per_year)


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
        If `returns` holds NaN.
    InsufficientDataError
        If there are not more than `ddof` returns.
    """
    values = finite("returns", returns)
    mean = float(values.mean()) if values.size else 0.0
    return formulas.standard_deviation(values, mean, convention.ddof) * math.sqrt(convention.periods_per_year)


def sharpe_ratio(returns: Floats, convention: Convention) -> float:
    """Return the annualised Sharpe ratio of simple returns [1]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        The mean excess return over the risk-free return of a period, divided by
        its standard deviation (`ddof`), times ``sqrt(periods_per_year)``.

    Raises
    ------
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are not more than `ddof` returns, or all are equal.

    References
    ----------
    .. [1] Sharpe, W. F. (1994). "The Sharpe ratio." Journal of Portfolio
       Management 21(1), 49-58.

    Examples
    --------
    >>> import numpy as np
    >>> round(sharpe_ratio(np.array([0.02, -0.01, 0.02, 0.01]), Convention(periods_per_year=252)), 4)
    11.225
    """
    values = finite("returns", returns)
    mean = float(values.mean()) if values.size else 0.0
    spread = formulas.standard_deviation(values, mean, convention.ddof)
    return formulas.sharpe(mean, spread, convention.risk_free_per_period, convention.periods_per_year)


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
        Its `target` (per period; the risk-free return by default) and `periods_per_year` are used.

    Raises
    ------
    DataError
        If `returns` holds NaN.
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
    values = finite("returns", returns)
    deviation = formulas.downside_deviation(values, convention.target_per_period)
    return formulas.sortino(float(values.mean()), deviation, convention.target_per_period, convention.periods_per_year)


def recovery_factor(equity: Floats) -> float:
    """Return the total return over the size of the deepest drawdown.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there are fewer than two points, or no drawdown.
    """
    return formulas.per_drawdown(total_return(equity), max_drawdown(equity))


def mar_ratio(equity: Floats, ts: Instants | None = None, days_per_year: float = 365.25) -> float:
    """Return the growth rate over the size of the deepest drawdown, both since inception.

    Parameters
    ----------
    equity, ts, days_per_year
        As `cagr`.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If no time passes, or there is no drawdown.
    """
    return formulas.per_drawdown(cagr(equity, ts, days_per_year), max_drawdown(equity))


def calmar_ratio(equity: Floats, ts: Instants | None = None, days_per_year: float = 365.25) -> float:
    """Return the growth rate over the size of the deepest drawdown, both of the last 36 months.

    The ratio since inception, often sold under this name, is `mar_ratio`.

    Parameters
    ----------
    equity, ts, days_per_year
        As `cagr`. The window opens at the last point that is at least 36 months
        before the last one, and its first peak is there.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If the history is shorter than 36 months, or the window has no drawdown.
    """
    values = equity_values(equity, least=2)
    stamps = instants_of(equity, ts)
    first = opening_of_last(CALMAR_MONTHS, stamps)
    return mar_ratio(values[first:], stamps[first:], days_per_year)
