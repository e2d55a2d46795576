"""Momentum: relative strength, convergence and divergence of averages, the stochastic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.levels import rolling_max, rolling_min
from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    SeriesOrArray,
    column,
    like_frame,
    like_series,
    over_observations,
    price_columns,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["macd", "rsi", "stochastic"]


class Convergence(NamedTuple):
    """What `macd` returns for arrays, each of shape (n_bars,)."""

    macd: FloatArray
    signal: FloatArray
    histogram: FloatArray


class Stochastic(NamedTuple):
    """What `stochastic` returns for arrays, each of shape (n_bars,)."""

    k: FloatArray
    d: FloatArray


def rsi(close: SeriesOrArray, window: int = 14) -> SeriesOrArray:
    """Return Wilder's relative strength index.

    ``100 * gain / (gain + loss)``, where gain and loss are Wilder averages of the
    rises and falls from close to close: the mean of the first `window`, then
    ``average += (newest - average) / window`` [1]_.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    window : int, default 14
        Bars of Wilder's smoothing; at least 2.

    Returns
    -------
    Series or ndarray of shape (n_bars,)
        In [0, 100], first value at row `window`. 100 when there is no loss, 50
        when the price has not moved at all.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `close` is not one column.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> rsi(np.array([10.0, 12.0, 11.0, 11.0]), window=2).round(2)
    array([  nan,   nan, 66.67, 66.67])
    """
    import talib

    window = whole_window(window, minimum=2)

    def strength(prices: FloatArray) -> tuple[FloatArray, ...]:
        return (_unclamped(prices, talib.RSI(prices, window)),)

    (values,) = over_observations(strength, column(close))
    return like_series(close, values, f"rsi_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def _unclamped(prices: FloatArray, values: FloatArray) -> FloatArray:
    """Correct TA-Lib's zeros: it says 0 when gain + loss falls below 1e-14, also where nothing was lost."""
    zero = values == 0
    if not zero.any():
        return values
    change = np.diff(prices, prepend=prices[:1])
    has_risen = np.logical_or.accumulate(change > 0)
    has_fallen = np.logical_or.accumulate(change < 0)
    values[zero & ~has_risen & ~has_fallen] = 50.0
    # A price that rose once and then stood still for long keeps its last index: both averages shrink alike.
    lost = zero & has_risen
    if lost.any():
        last = np.maximum.accumulate(np.where(lost, 0, np.arange(values.size)))
        values[lost] = values[last[lost]]
    return values


@overload
def macd(close: pd.Series[float], fast: int = 12, slow: int = 26, signal: int = 9) -> pd.DataFrame: ...
@overload
def macd(close: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9) -> Convergence: ...
def macd(close: Any, fast: int = 12, slow: int = 26, signal: int = 9) -> Any:
    """Return the moving average convergence/divergence of Appel [1]_.

    The line is ``ema(fast) - ema(slow)`` of the same bar, each average seeded with
    the mean of its own first bars; the signal is ``ema(signal)`` of the line; the
    histogram is line minus signal. On a straight line of slope s the line is
    ``s * (slow - fast) / 2``, which is 7 s by default.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    fast, slow, signal : int, default 12, 26, 9
        Spans in bars; ``1 <= fast < slow``, ``signal >= 1``.

    Returns
    -------
    macd, signal, histogram : columns of a DataFrame for a Series, arrays for an array
        In the unit of `close`. The line starts at row ``slow - 1``, signal and
        histogram at row ``slow + signal - 2``.

    Raises
    ------
    ConfigError
        If a span is no whole number >= 1, or `fast` is not below `slow`.
    DataError
        If `close` is not one column.

    Notes
    -----
    TA-Lib's own MACD seeds the fast average late, with bars ``slow - fast`` to
    ``slow - 1``, and so differs at the start; the two converge.

    References
    ----------
    .. [1] Appel, G. (2005). Technical Analysis: Power Tools for Active Investors.

    Examples
    --------
    >>> float(macd(2.0 * np.arange(60)).macd[-1])
    14.0
    """
    import talib

    fast, slow, signal = whole_window(fast, "fast"), whole_window(slow, "slow"), whole_window(signal, "signal")
    if fast >= slow:
        raise ConfigError(f"fast must be below slow, was fast {fast} and slow {slow}; exchange them")

    def lines(prices: FloatArray) -> tuple[FloatArray, ...]:
        line = talib.EMA(prices, fast) - talib.EMA(prices, slow)
        smoothed = talib.EMA(line, signal)
        return line, smoothed, line - smoothed

    return like_frame(close, over_observations(lines, column(close)), Convergence)


@overload
def stochastic(bars: pd.DataFrame, window: int = 14, smooth: int = 3) -> pd.DataFrame: ...
@overload
def stochastic(bars: PriceArrays, window: int = 14, smooth: int = 3) -> Stochastic: ...
def stochastic(bars: Any, window: int = 14, smooth: int = 3) -> Any:
    """Return Lane's fast stochastic: where the close lies in the range of `window` bars.

    ``k = 100 * (close - lowest low) / (highest high - lowest low)``, and `d` is the
    simple average of the last `smooth` values of `k`.

    Parameters
    ----------
    bars : Bars, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window, smooth : int, default 14, 3
        Bars of the range and of the average; at least 1.

    Returns
    -------
    k, d : columns of a DataFrame for a DataFrame, arrays for `Bars`
        In [0, 100]; 50 where the range is flat. `k` starts at row ``window - 1``,
        `d` at row ``window + smooth - 2``.

    Raises
    ------
    ConfigError
        If `window` or `smooth` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.
    """
    import talib

    window, smooth = whole_window(window), whole_window(smooth, "smooth")

    def oscillator(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        bottom = rolling_min(low, window)
        spread = rolling_max(high, window) - bottom
        k = np.divide(100 * (close - bottom), spread, out=np.full(close.size, 50.0), where=spread > 0)
        k[: window - 1] = np.nan
        return k, talib.SMA(k, smooth)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(oscillator, *prices), Stochastic)
