"""Volatility measured without a model: exponentially weighted returns, and the ranges of bars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, overload

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.history.as_traded import refuse_splits
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, finite, returns_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "close_to_close_volatility",
    "ewma_volatility",
    "garman_klass_volatility",
    "parkinson_volatility",
    "rogers_satchell_volatility",
    "yang_zhang_volatility",
]

EwmaStart: TypeAlias = Literal["weighted", "first_square"]

_PRICES: Final = ("open", "high", "low", "close")
# The weight of the session in Yang and Zhang (2000), equation 8, for their recommended alpha of 1.34.
_ALPHA: Final = 1.34


class OpenHighLowClose(Protocol):
    """Prices of bars, as `Bars` and a DataFrame have them."""

    @property
    def open(self) -> Any: ...
    @property
    def high(self) -> Any: ...
    @property
    def low(self) -> Any: ...
    @property
    def close(self) -> Any: ...


@overload
def ewma_volatility(
    returns: FloatArray, convention: Convention, decay: float = 0.94, *, start: EwmaStart = "weighted"
) -> FloatArray: ...
@overload
def ewma_volatility(
    returns: pd.Series[float], convention: Convention, decay: float = 0.94, *, start: EwmaStart = "weighted"
) -> pd.Series[float]: ...
def ewma_volatility(
    returns: Floats, convention: Convention, decay: float = 0.94, *, start: EwmaStart = "weighted"
) -> Floats:
    """Return the exponentially weighted volatility of RiskMetrics [1]_, annualised.

    The root of a mean of squared returns in which each weighs `decay` times its
    successor; no mean is subtracted and nothing is estimated. It is the plain
    alternative where a GARCH fit has too few returns or does not converge.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        Its `periods_per_year` annualises.
    decay : float, default 0.94
        In (0, 1). RiskMetrics: 0.94 for daily, 0.97 for monthly returns.
    start : {"weighted", "first_square"}, default "weighted"
        Weights that add up to 1 over the returns so far, or the recursion
        ``v[t] = decay v[t-1] + (1 - decay) r[t]^2`` from the first squared return,
        which then keeps a large weight for about ``1 / (1 - decay)`` periods.

    Returns
    -------
    ndarray or Series of shape (n_periods,)
        Row t is known with return t and is the forecast of the period after it;
        the conditional volatility of a `GarchFit` stands one row later.

    Raises
    ------
    ConfigError
        If `decay` is outside (0, 1), or `start` is unknown.
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there is none.

    References
    ----------
    .. [1] J.P. Morgan/Reuters (1996). RiskMetrics Technical Document, 4th ed., section 5.2.

    Examples
    --------
    Variances of 0.0004, then 0.5 x 0.0004 + 0.5 x 0.0016 = 0.001:

    >>> ewma_volatility(np.array([0.02, -0.04]), Convention(periods_per_year=1), 0.5, start="first_square").round(6)
    array([0.02    , 0.031623])
    """
    convention_of(convention)
    if start not in ("weighted", "first_square"):
        raise ConfigError(f"start must be 'weighted' or 'first_square', was {start!r}")
    if not 0 < decay < 1:
        raise ConfigError(f"decay must lie in (0, 1), was {decay!r}; RiskMetrics uses 0.94 for daily returns")
    import pandas as pd

    values = returns_of(returns, least=1, purpose="the exponentially weighted volatility")
    index = getattr(returns, "index", None)
    squares = pd.Series(values, index=index, name="ewma_volatility") ** 2
    variances = squares.ewm(alpha=1 - decay, adjust=start == "weighted").mean()
    volatility = (variances * convention.periods_per_year) ** 0.5
    return volatility.to_numpy() if index is None else volatility


def close_to_close_volatility(bars: OpenHighLowClose, convention: Convention) -> float:
    """Return the annualised standard deviation of log returns from close to close.

    Parameters
    ----------
    bars : Bars, or DataFrame with open, high, low and close
        Adjusted, without NaN.
    convention : Convention
        Its `ddof` and `periods_per_year` are used.

    Returns
    -------
    float
        As a fraction a year.

    Raises
    ------
    DataError
        If a price is missing, not positive, or outside its bar's range; or `Bars`
        as traded hold a split.
    InsufficientDataError
        If there are not more than ``1 + ddof`` bars.
    """
    convention_of(convention)
    refuse_splits(bars)
    _, _, _, close = _log_prices(bars, 2 + convention.ddof, "close-to-close volatility")
    return _annual(float(np.diff(close).var(ddof=convention.ddof)), convention)


def parkinson_volatility(bars: OpenHighLowClose, convention: Convention) -> float:
    """Return the annualised volatility from the range of each bar: mean of ``ln(high / low) ** 2 / (4 ln 2)`` [1]_.

    Of a driftless price it needs a fifth of the bars that the close-to-close
    volatility needs. It leaves out the time between bars (the night of daily
    ones) and, because prices between two trades are not seen, is a little low.

    Parameters
    ----------
    bars, convention
        As in `close_to_close_volatility`; no `ddof`, the mean is taken as 0.

    Returns
    -------
    float
        As a fraction a year.

    Raises
    ------
    DataError
        If a price is missing, not positive, or outside its bar's range.
    InsufficientDataError
        If there is no bar.

    References
    ----------
    .. [1] Parkinson, M. (1980). "The extreme value method for estimating the
       variance of the rate of return." Journal of Business 53(1), 61-65.
    """
    convention_of(convention)
    _, high, low, _ = _log_prices(bars, 1, "Parkinson volatility")
    return _annual(float(np.mean((high - low) ** 2)) / (4 * math.log(2)), convention)


def garman_klass_volatility(bars: OpenHighLowClose, convention: Convention) -> float:
    """Return the annualised volatility from range and body: mean of ``h ** 2 / 2 - (2 ln 2 - 1) c ** 2`` [1]_.

    With ``h = ln(high / low)`` and ``c = ln(close / open)``. A drift is not
    corrected for, and the time between bars is left out.

    Parameters
    ----------
    bars, convention
        As in `parkinson_volatility`.

    Returns
    -------
    float
        As a fraction a year.

    Raises
    ------
    DataError
        If a price is missing, not positive, or outside its bar's range.
    InsufficientDataError
        If there is no bar.

    References
    ----------
    .. [1] Garman, M. B. and Klass, M. J. (1980). "On the estimation of security
       price volatilities from historical data." Journal of Business 53(1), 67-78.
    """
    convention_of(convention)
    opened, high, low, close = _log_prices(bars, 1, "Garman-Klass volatility")
    variances = 0.5 * (high - low) ** 2 - (2 * math.log(2) - 1) * (close - opened) ** 2
    return _annual(float(np.mean(variances)), convention)


def rogers_satchell_volatility(bars: OpenHighLowClose, convention: Convention) -> float:
    """Return the annualised volatility from ranges, whatever the drift [1]_.

    Mean of ``ln(high / close) ln(high / open) + ln(low / close) ln(low / open)``.
    The time between bars is left out.

    Parameters
    ----------
    bars, convention
        As in `parkinson_volatility`.

    Returns
    -------
    float
        As a fraction a year; 0 for bars that only rise or only fall.

    Raises
    ------
    DataError
        If a price is missing, not positive, or outside its bar's range.
    InsufficientDataError
        If there is no bar.

    References
    ----------
    .. [1] Rogers, L. C. G. and Satchell, S. E. (1991). "Estimating variance from
       high, low and closing prices." Annals of Applied Probability 1(4), 504-512.
    """
    convention_of(convention)
    opened, high, low, close = _log_prices(bars, 1, "Rogers-Satchell volatility")
    return _annual(_rogers_satchell(opened, high, low, close), convention)


def yang_zhang_volatility(bars: OpenHighLowClose, convention: Convention) -> float:
    """Return the annualised volatility from ranges and gaps, whatever the drift [1]_.

    ``V(overnight) + k V(session) + (1 - k) RS`` over the bars that have one before:
    variances (ddof 1) of ``ln(open / last close)`` and ``ln(close / open)``, Rogers
    and Satchell's mean, and ``k = 0.34 / (1.34 + (n + 1) / (n - 1))``. The only one
    of these range measures that counts the time between bars.

    Parameters
    ----------
    bars, convention
        As in `parkinson_volatility`.

    Returns
    -------
    float
        As a fraction a year.

    Raises
    ------
    DataError
        If a price is missing, not positive, or outside its bar's range; or `Bars`
        as traded hold a split.
    InsufficientDataError
        If there are fewer than three bars.

    References
    ----------
    .. [1] Yang, D. and Zhang, Q. (2000). "Drift-independent volatility estimation
       based on high, low, open, and close prices." Journal of Business 73(3), 477-491.
    """
    convention_of(convention)
    refuse_splits(bars)
    opened, high, low, close = _log_prices(bars, 3, "Yang-Zhang volatility")
    overnight, (opened, high, low, close) = opened[1:] - close[:-1], (each[1:] for each in (opened, high, low, close))
    count = overnight.size
    weight = (_ALPHA - 1) / (_ALPHA + (count + 1) / (count - 1))
    session = float((close - opened).var(ddof=1))
    variance = float(overnight.var(ddof=1)) + weight * session
    return _annual(variance + (1 - weight) * _rogers_satchell(opened, high, low, close), convention)


def _rogers_satchell(opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> float:
    return float(np.mean((high - close) * (high - opened) + (low - close) * (low - opened)))


def _annual(variance: float, convention: Convention) -> float:
    return math.sqrt(variance * convention.periods_per_year)


def _log_prices(bars: OpenHighLowClose, least: int, purpose: str) -> tuple[FloatArray, ...]:
    """Return the logarithms of open, high, low and close, or say what is wrong with them."""
    if missing := [name for name in _PRICES if not hasattr(bars, name)]:
        raise DataError(
            f"bars must be Bars or a DataFrame with open, high, low and close; "
            f"{type(bars).__name__} lacks {', '.join(missing)}"
        )
    prices = [finite(name, getattr(bars, name)) for name in _PRICES]
    if prices[0].size < least:
        raise InsufficientDataError(f"{purpose} needs {least} bars, received {prices[0].size}")
    for name, values in zip(_PRICES, prices, strict=True):
        if wrong := int(np.count_nonzero(values <= 0)):
            raise DataError(f"{name} holds {wrong} prices <= 0, which have no logarithm; repair them first")
    opened, high, low, close = prices
    outside = (high < np.maximum(opened, close)) | (low > np.minimum(opened, close))
    if count := int(np.count_nonzero(outside)):
        raise DataError(f"{count} bars have an open or a close outside of low to high; repair them first")
    return tuple(np.log(each) for each in prices)
