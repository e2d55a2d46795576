"""Trend: moving averages, directional movement and the fitted line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    SeriesOrArray,
    column,
    like_frame,
    like_series,
    over_observations,
    price_columns,
    rolling_moments,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["adx", "ema", "linear_trend", "sma"]


class DirectionalMovement(NamedTuple):
    """What `adx` returns for arrays, each of shape (n_bars,)."""

    adx: FloatArray
    plus_di: FloatArray
    minus_di: FloatArray


class LinearTrend(NamedTuple):
    """What `linear_trend` returns for arrays, each of shape (n_bars,)."""

    slope: FloatArray
    r2: FloatArray


def sma(close: SeriesOrArray, window: int = 20) -> SeriesOrArray:
    """Return the simple moving average: the mean of the last `window` closes.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is left out of every window and is NaN itself.
    window : int, default 20
        Bars in the mean, the current one included; at least 1.

    Returns
    -------
    Series or ndarray of shape (n_bars,)
        In the unit of `close`; NaN in the first ``window - 1`` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> sma(np.array([1.0, 2.0, 6.0, 4.0]), window=2)
    array([nan, 1.5, 4. , 5. ])
    """
    import talib

    window = whole_window(window)
    (average,) = over_observations(lambda prices: (talib.SMA(prices, window),), column(close))
    return like_series(close, average, f"sma_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def ema(close: SeriesOrArray, window: int = 20) -> SeriesOrArray:
    """Return the exponential moving average, seeded with the mean of the first `window` closes.

    With ``a = 2 / (window + 1)``: ``ema[t] = a * close[t] + (1 - a) * ema[t - 1]``,
    starting from ``ema[window - 1] = mean(close[:window])``. On a straight line it
    lags by ``(window - 1) / 2`` bars from its first value on.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    window : int, default 20
        Span of the average, in bars; at least 1.

    Returns
    -------
    Series or ndarray of shape (n_bars,)
        In the unit of `close`; NaN in the first ``window - 1`` rows, which are
        never filled with the seed (it uses later bars).

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> ema(np.array([1.0, 2.0, 6.0, 4.0]), window=3)
    array([nan, nan, 3. , 3.5])
    """
    import talib

    window = whole_window(window)
    (average,) = over_observations(lambda prices: (talib.EMA(prices, window),), column(close))
    return like_series(close, average, f"ema_{window}")  # type: ignore[no-any-return]  # a Series for a Series


@overload
def adx(bars: pd.DataFrame, window: int = 14) -> pd.DataFrame: ...
@overload
def adx(bars: PriceArrays, window: int = 14) -> DirectionalMovement: ...
def adx(bars: Any, window: int = 14) -> Any:
    """Return Wilder's average directional index with +DI and -DI.

    +DM is the rise of the high, -DM the fall of the low, the larger one only and
    only if positive. DI is 100 x smoothed DM / smoothed true range, DX is
    100 x abs(+DI - -DI) / (+DI + -DI), and ADX its Wilder average [1]_.

    Parameters
    ----------
    bars : Bars, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 14
        Bars of Wilder's smoothing (weight of the newest ``1 / window``); at least 2.

    Returns
    -------
    adx, plus_di, minus_di : columns of a DataFrame for a DataFrame, arrays for `Bars`
        Each in [0, 100]. The DI start at row `window`, ADX at row ``2 * window - 1``.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `bars` has no high, low and close.

    Notes
    -----
    TA-Lib starts the running sums from the first ``window - 1`` movements and lets
    the next one in by the smoothing itself, where Wilder's worksheet adds up
    `window` of them. The start fades by ``(1 - 1 / window)`` a bar; from about row
    ``10 * window`` on the two agree to a hundredth of a point.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.
    """
    import talib

    window = whole_window(window, minimum=2)

    def directional(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return (
            talib.ADX(high, low, close, window),
            talib.PLUS_DI(high, low, close, window),
            talib.MINUS_DI(high, low, close, window),
        )

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(directional, *prices), DirectionalMovement)


@overload
def linear_trend(close: pd.Series[float], window: int = 20) -> pd.DataFrame: ...
@overload
def linear_trend(close: FloatArray, window: int = 20) -> LinearTrend: ...
def linear_trend(close: Any, window: int = 20) -> Any:
    """Return slope and R2 of the least-squares line through the last `window` prices.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices, or any series. A missing row is left out and is NaN itself.
    window : int, default 20
        Bars in the fit, the current one included; at least 2.

    Returns
    -------
    slope, r2 : columns of a DataFrame for a Series, arrays for an array
        `slope` in the unit of `close` per bar; `r2` is the share of variance that
        the line explains, in [0, 1], and 0 where the prices do not move.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> linear_trend(np.array([1.0, 3.0, 5.0, 7.0]), window=3).slope
    array([nan, nan,  2.,  2.])
    """
    window = whole_window(window, minimum=2)

    def fit(prices: FloatArray) -> tuple[FloatArray, ...]:
        import talib

        slope = talib.LINEARREG_SLOPE(prices, window)
        mean, deviation = rolling_moments(prices, window)
        explained = slope**2 * (window**2 - 1) / 12
        is_moving = deviation > 0
        r2 = np.where(np.isnan(mean), np.nan, 0.0)
        np.divide(explained, deviation**2, out=r2, where=is_moving)
        return np.where(is_moving | np.isnan(mean), slope, 0.0), np.minimum(r2, 1.0)

    return like_frame(close, over_observations(fit, column(close)), LinearTrend)
