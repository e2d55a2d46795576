"""Volatility: the average true range and Bollinger's bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
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

__all__ = ["atr", "bollinger"]


class Bands(NamedTuple):
    """What `bollinger` returns for arrays, each of shape (n_bars,)."""

    lower: FloatArray
    middle: FloatArray
    upper: FloatArray
    width: FloatArray
    percent_b: FloatArray


@overload
def atr(bars: pd.DataFrame, window: int = 14) -> pd.Series[float]: ...
@overload
def atr(bars: PriceArrays, window: int = 14) -> FloatArray: ...
def atr(bars: Any, window: int = 14) -> Any:
    """Return Wilder's average true range.

    The true range is the largest of high - low, abs(high - previous close) and
    abs(low - previous close). The average starts with the mean of the first
    `window` true ranges that have a previous close (rows 1 to `window`), then
    ``average += (newest - average) / window`` [1]_.

    Parameters
    ----------
    bars : Bars, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 14
        Bars of Wilder's smoothing; at least 1.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        In the unit of the prices (of `adjusted` bars: divide by ``bars.factor``
        for money), first value at row `window`.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.
    """
    import talib

    window = whole_window(window)
    prices = price_columns(bars)
    (values,) = over_observations(lambda high, low, close: (talib.ATR(high, low, close, window),), *prices)
    return like_series(bars.close, values, f"atr_{window}")


@overload
def bollinger(close: pd.Series[float], window: int = 20, width: float = 2.0) -> pd.DataFrame: ...
@overload
def bollinger(close: FloatArray, window: int = 20, width: float = 2.0) -> Bands: ...
def bollinger(close: Any, window: int = 20, width: float = 2.0) -> Any:
    """Return Bollinger's bands: the moving average and `width` standard deviations on either side.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is left out of every window and is NaN itself.
    window : int, default 20
        Bars of mean and deviation, the current one included; at least 2.
    width : float, default 2.0
        Half width of the bands in population standard deviations (ddof 0, as
        Bollinger defines it [1]_); above 0.

    Returns
    -------
    lower, middle, upper, width, percent_b : columns of a DataFrame for a Series, arrays for an array
        The first three in the unit of `close`; ``width = (upper - lower) / middle``
        and ``percent_b = (close - lower) / (upper - lower)`` are ratios, and
        `percent_b` is 0.5 where the bands are flat. NaN in the first ``window - 1`` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2, or `width` is not positive.
    DataError
        If `close` is not one column.

    References
    ----------
    .. [1] Bollinger, J. (2001). Bollinger on Bollinger Bands.

    Examples
    --------
    >>> bands = bollinger(np.array([1.0, 2.0, 3.0]), window=2)
    >>> bands.lower, bands.percent_b
    (array([nan, 0.5, 1.5]), array([ nan, 0.75, 0.75]))
    """
    window = whole_window(window, minimum=2)
    if not 0 < width < np.inf:
        raise ConfigError(f"width must be a positive number of standard deviations, was {width!r}")

    def bands(prices: FloatArray) -> tuple[FloatArray, ...]:
        middle, deviation = rolling_moments(prices, window)
        half = width * deviation
        percent_b = np.divide(prices - middle + half, 2 * half, out=np.full(prices.size, 0.5), where=half != 0)
        return middle - half, middle, middle + half, 2 * half / middle, percent_b

    return like_frame(close, over_observations(bands, column(close)), Bands)
