"""Momentum: relative strength, convergence and divergence of averages, change over a span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.observations import (
    FloatArray,
    SeriesOrArray,
    choice,
    column,
    kernels,
    like_frame,
    like_series,
    over_observations,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["macd", "price_change", "rate_of_change", "rsi"]

MacdStart = Literal["appel", "talib"]


class Convergence(NamedTuple):
    """What `macd` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    macd: FloatArray
    signal: FloatArray
    histogram: FloatArray


def rsi(close: SeriesOrArray, window: int = 14) -> SeriesOrArray:
    """Return Wilder's relative strength index.

    ``100 * gain / (gain + loss)``, where gain and loss are Wilder averages of the
    rises and falls from close to close: the mean of the first `window`, then
    ``average += (newest - average) / window`` [1]_. TA-Lib starts alike.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    window : int, default 14
        Bars of Wilder's smoothing; at least 2.

    Returns
    -------
    Series or ndarray, shaped like `close`
        In [0, 100], first value at row `window`. 100 when there is no loss, 50
        when the price has not moved at all.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `close` is not one column.

    Notes
    -----
    Where the price stands still, both averages shrink alike and the index keeps its
    value; TA-Lib says 0 once their sum is below 1e-14.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> rsi(np.array([10.0, 12.0, 11.0, 11.0]), window=2).round(2)
    array([  nan,   nan, 66.67, 66.67])
    """
    window = whole_window(window, minimum=2)

    def strength(prices: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().recursions.relative_strength(prices, window),)

    def rows(results: tuple[FloatArray, ...], first: int, prices: FloatArray) -> None:
        kernels().panels.strength_rows(results, first, prices, window)

    (values,) = over_observations(strength, column(close), rows=rows)
    return like_series(close, values, f"rsi_{window}")  # type: ignore[no-any-return]  # a Series for a Series


@overload
def macd(
    close: pd.Series[float], fast: int = 12, slow: int = 26, signal: int = 9, *, start: MacdStart = "appel"
) -> pd.DataFrame: ...
@overload
def macd(
    close: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9, *, start: MacdStart = "appel"
) -> Convergence: ...
def macd(close: Any, fast: int = 12, slow: int = 26, signal: int = 9, *, start: MacdStart = "appel") -> Any:
    """Return the moving average convergence/divergence of Appel [1]_.

    The line is ``ema(fast) - ema(slow)`` of the same bar; the signal is
    ``ema(signal)`` of the line; the histogram is line minus signal. On a straight
    line of slope s the line is ``s * (slow - fast) / 2``, which is 7 s by default.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    fast, slow, signal : int, default 12, 26, 9
        Spans in bars; ``1 <= fast < slow``, ``signal >= 1``.
    start : {"appel", "talib"}, default "appel"
        How the fast average begins: ``"appel"`` with the mean of its own first `fast`
        closes, like any `ema`; ``"talib"`` with the mean of the closes of rows
        ``slow - fast`` to ``slow - 1``, where the slow one begins. The two converge.

    Returns
    -------
    macd, signal, histogram : columns of a DataFrame for a Series, arrays for an array
        In the unit of `close`. The line starts at row ``slow - 1``, signal and
        histogram at row ``slow + signal - 2`` (in TA-Lib all three).

    Raises
    ------
    ConfigError
        If a span is no whole number >= 1, `fast` is not below `slow`, or `start` is unknown.
    DataError
        If `close` is not one column.

    References
    ----------
    .. [1] Appel, G. (2005). Technical Analysis: Power Tools for Active Investors.

    Examples
    --------
    >>> float(macd(2.0 * np.arange(60)).macd[-1])
    14.0
    """
    fast, slow, signal = whole_window(fast, "fast"), whole_window(slow, "slow"), whole_window(signal, "signal")
    if fast >= slow:
        raise ConfigError(f"fast must be below slow, was fast {fast} and slow {slow}; exchange them")
    choice(start, "start", ("appel", "talib"))
    fast_from = 0 if start == "appel" else slow - fast

    def lines(prices: FloatArray) -> tuple[FloatArray, ...]:
        return tuple(kernels().recursions.convergence(prices, fast, slow, signal, fast_from))

    def rows(results: tuple[FloatArray, ...], first: int, prices: FloatArray) -> None:
        kernels().panels.convergence_rows(results, first, prices, fast, slow, signal, fast_from)

    return like_frame(close, over_observations(lines, column(close), rows=rows), Convergence)


def rate_of_change(close: SeriesOrArray, window: int = 10) -> SeriesOrArray:
    """Return the simple return over `window` bars: ``close / close[window bars ago] - 1``.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices. A missing row is left out and is NaN itself.
    window : int, default 10
        Bars between the two closes; at least 1.

    Returns
    -------
    Series or ndarray, shaped like `close`
        A fraction (0.01 is +1 %; TA-Lib's ROC is in percent); NaN in the first
        `window` rows, and where the earlier value is 0.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> rate_of_change(np.array([4.0, 8.0, 5.0]), window=2)
    array([ nan,  nan, 0.25])
    """
    window = whole_window(window)

    def change(prices: FloatArray) -> tuple[FloatArray, ...]:
        values, before = np.full(prices.size, np.nan), prices[:-window]
        np.divide(prices[window:], before, out=values[window:], where=before != 0)
        return (values - 1,)

    (values,) = over_observations(change, column(close))
    return like_series(close, values, f"rate_of_change_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def price_change(close: SeriesOrArray, window: int = 10) -> SeriesOrArray:
    """Return the change over `window` bars, ``close - close[window bars ago]``, known as "momentum".

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices, or any series. A missing row is left out and is NaN itself.
    window : int, default 10
        Bars between the two values; at least 1.

    Returns
    -------
    Series or ndarray, shaped like `close`
        In the unit of `close`; NaN in the first `window` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> price_change(np.array([4.0, 8.0, 5.0]), window=2)
    array([nan, nan,  1.])
    """
    window = whole_window(window)

    def change(prices: FloatArray) -> tuple[FloatArray, ...]:
        values = np.full(prices.size, np.nan)
        np.subtract(prices[window:], prices[:-window], out=values[window:])
        return (values,)

    (values,) = over_observations(change, column(close))
    return like_series(close, values, f"price_change_{window}")  # type: ignore[no-any-return]  # a Series for a Series
