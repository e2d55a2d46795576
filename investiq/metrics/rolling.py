"""Metrics over a moving window, and where the last window stands among those of the same length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.formulas import ROUNDING
from investiq.metrics.inputs import FloatArray, Floats, returns_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rank_of_last", "rolling_sharpe", "rolling_volatility"]

# A quarter of a year of sessions.
ROLLING_SESSIONS: Final = 63


@overload
def rolling_sharpe(returns: FloatArray, convention: Convention, window: int = ROLLING_SESSIONS) -> FloatArray: ...
@overload
def rolling_sharpe(
    returns: pd.Series[float], convention: Convention, window: int = ROLLING_SESSIONS
) -> pd.Series[float]: ...
def rolling_sharpe(returns: Floats, convention: Convention, window: int = ROLLING_SESSIONS) -> Floats:
    """Return the annualised Sharpe ratio of the last `window` returns, at each period.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        As in `sharpe_ratio`; the numerator is arithmetic.
    window : int, default 63
        In periods, above `ddof`.

    Returns
    -------
    ndarray or Series of shape (n_periods,)
        Stamped at the window's last period; NaN before the first full window,
        and where all returns of the window are equal.

    Raises
    ------
    ConfigError
        If `window` is not above `ddof`.
    DataError
        As `returns_of`.
    InsufficientDataError
        If there are fewer than `window` returns.

    Examples
    --------
    >>> rolling_sharpe(np.array([0.02, -0.01, 0.02]), Convention(periods_per_year=1), window=2).round(4)
    array([   nan, 0.2357, 0.2357])
    """
    convention_of(convention)
    mean, spread = _windows(returns, convention, window)
    is_flat = spread <= ROUNDING
    excess = mean - convention.risk_free_per_period
    ratio = np.divide(excess, spread, out=np.full(spread.size, np.nan), where=~is_flat)
    return _padded(ratio * math.sqrt(convention.periods_per_year), returns, "rolling_sharpe")


@overload
def rolling_volatility(returns: FloatArray, convention: Convention, window: int = ROLLING_SESSIONS) -> FloatArray: ...
@overload
def rolling_volatility(
    returns: pd.Series[float], convention: Convention, window: int = ROLLING_SESSIONS
) -> pd.Series[float]: ...
def rolling_volatility(returns: Floats, convention: Convention, window: int = ROLLING_SESSIONS) -> Floats:
    """Return the annualised standard deviation of the last `window` returns, at each period.

    Parameters
    ----------
    returns, convention, window
        As `rolling_sharpe`.

    Returns
    -------
    ndarray or Series of shape (n_periods,)
        Fractions a year, stamped at the window's last period; NaN before the first full window.

    Raises
    ------
    ConfigError, DataError, InsufficientDataError
        As `rolling_sharpe`.
    """
    convention_of(convention)
    _, spread = _windows(returns, convention, window)
    return _padded(spread * math.sqrt(convention.periods_per_year), returns, "rolling_volatility")


def rank_of_last(values: Floats, least: int = 20) -> float:
    """Return the share of earlier values below the last one, ties counted half.

    For values of one window length, such as `rolling_sharpe`: a full-sample
    value ranked among those of short windows is always near the middle.

    Parameters
    ----------
    values : ndarray or Series of shape (n_periods,)
        NaN are left out.
    least : int, default 20
        Fewest earlier values.

    Returns
    -------
    float
        In [0, 1]: 1.0 where the last is the highest. The windows overlap, so it is no p-value.

    Raises
    ------
    DataError
        If the last value is NaN, or one is infinite.
    InsufficientDataError
        If there are fewer earlier values than `least`.

    Examples
    --------
    >>> rank_of_last(np.array([np.nan, 1.0, 4.0, 2.0, 3.0]), least=3)  # above 1 and 2, below 4
    0.6666666666666666
    """
    data = np.asarray(values, dtype=np.float64)
    if np.isinf(data).any():
        raise DataError(f"values holds {int(np.isinf(data).sum())} infinite of {data.size}; repair them first")
    known = data[~np.isnan(data)]
    if known.size <= least:
        raise InsufficientDataError(f"a rank needs {least} earlier values, received {max(known.size - 1, 0)}")
    if np.isnan(data[-1]):
        raise DataError("the last value is NaN: there is nothing to rank; end the series at its last number")
    earlier, last = known[:-1], known[-1]
    return float((np.count_nonzero(earlier < last) + 0.5 * np.count_nonzero(earlier == last)) / earlier.size)


def _windows(returns: Floats, convention: Convention, window: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of each full window."""
    if window <= convention.ddof:
        raise ConfigError(f"window must be above ddof {convention.ddof}, was {window}")
    from investiq.metrics.moments import window_moments

    values = returns_of(returns, least=window, purpose=f"a window of {window}")
    mean, spread = window_moments(np.ascontiguousarray(values), window, convention.ddof)
    return mean, spread


def _padded(found: FloatArray, returns: Floats, name: str) -> Floats:
    padded = np.concatenate((np.full(len(returns) - found.size, np.nan), found))
    index = getattr(returns, "index", None)
    if not hasattr(index, "dtype"):
        return padded
    import pandas as pd

    return pd.Series(padded, index=index, name=name)
