"""Trend: moving averages."""

from __future__ import annotations

from typing import Literal

from investiq.indicators.observations import (
    FloatArray,
    SeriesOrArray,
    choice,
    column,
    kernels,
    like_series,
    over_observations,
    whole_window,
)

__all__ = ["ema", "rma", "sma", "wma"]


def sma(close: SeriesOrArray, window: int = 20) -> SeriesOrArray:
    """Return the simple moving average: the mean of the last `window` closes.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices. A missing row is left out of every window and is NaN itself.
    window : int, default 20
        Bars in the mean, the current one included; at least 1.

    Returns
    -------
    Series or ndarray, shaped like `close`
        In the unit of `close`; NaN in the first ``window - 1`` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    Notes
    -----
    Each window is added up afresh, so that a price which has fallen a lot keeps
    its digits; running sums, as in TA-Lib and pandas, carry rounding along.

    Examples
    --------
    >>> import numpy as np
    >>> sma(np.array([1.0, 2.0, 6.0, 4.0]), window=2)
    array([nan, 1.5, 4. , 5. ])
    """
    window = whole_window(window)

    def average(prices: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().windows.rolling_mean(prices, window),)

    def rows(results: tuple[FloatArray, ...], first: int, prices: FloatArray) -> None:
        kernels().panels.mean_rows(results, first, prices, window)

    (values,) = over_observations(average, column(close), rows=rows)
    return like_series(close, values, f"sma_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def ema(close: SeriesOrArray, window: int = 20, *, start: Literal["mean", "first"] = "mean") -> SeriesOrArray:
    """Return the exponential moving average.

    With ``a = 2 / (window + 1)``: ``ema[t] = ema[t - 1] + a * (close[t] - ema[t - 1])``.
    On a straight line it lags by ``(window - 1) / 2`` bars.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    window : int, default 20
        Span of the average, in bars; at least 1.
    start : {"mean", "first"}, default "mean"
        ``"mean"``: ``ema[window - 1]`` is the mean of the first `window` closes, as in
        TA-Lib and on worksheets. ``"first"``: ``ema[0]`` is the first close, as in
        ``pandas.Series.ewm(span=window, adjust=False)``; until some `window` bars
        later that one price weighs more than any other.

    Returns
    -------
    Series or ndarray, shaped like `close`
        In the unit of `close`; NaN in the first ``window - 1`` rows, which are
        never filled with the mean (it uses later bars).

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1, or `start` is unknown.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> import numpy as np
    >>> ema(np.array([1.0, 2.0, 6.0, 4.0]), window=3)
    array([nan, nan, 3. , 3.5])
    >>> ema(np.array([1.0, 2.0, 6.0, 4.0]), window=3, start="first")
    array([  nan,   nan, 3.75 , 3.875])
    """
    window = whole_window(window)
    choice(start, "start", ("mean", "first"))

    def average(prices: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().recursions.recursive_average(prices, window, 2 / (window + 1), start == "mean"),)

    def rows(results: tuple[FloatArray, ...], first: int, prices: FloatArray) -> None:
        kernels().panels.average_rows(results, first, prices, window, 2 / (window + 1), start == "mean")

    (values,) = over_observations(average, column(close), rows=rows)
    return like_series(close, values, f"ema_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def rma(close: SeriesOrArray, window: int = 14) -> SeriesOrArray:
    """Return Wilder's moving average: the newest value weighs ``1 / window``.

    ``rma[t] = rma[t - 1] + (close[t] - rma[t - 1]) / window``, from the mean of the
    first `window` values on [1]_. It is an `ema` of span ``2 * window - 1`` with
    another start, and what smooths RSI, ATR and ADX.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices, or any series. A missing row is left out and is NaN itself.
    window : int, default 14
        Bars of the smoothing; at least 1.

    Returns
    -------
    Series or ndarray, shaped like `close`
        In the unit of `close`; NaN in the first ``window - 1`` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> import numpy as np
    >>> rma(np.array([1.0, 2.0, 6.0, 9.0]), window=3)
    array([nan, nan,  3.,  5.])
    """
    window = whole_window(window)

    def average(prices: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().recursions.recursive_average(prices, window, 1 / window, True),)

    def rows(results: tuple[FloatArray, ...], first: int, prices: FloatArray) -> None:
        kernels().panels.average_rows(results, first, prices, window, 1 / window, True)

    (values,) = over_observations(average, column(close), rows=rows)
    return like_series(close, values, f"rma_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def wma(close: SeriesOrArray, window: int = 20) -> SeriesOrArray:
    """Return the linearly weighted moving average: weights `window` for the newest close down to 1.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices. A missing row is left out of every window and is NaN itself.
    window : int, default 20
        Bars in the mean, the current one included; at least 1.

    Returns
    -------
    Series or ndarray, shaped like `close`
        In the unit of `close`; NaN in the first ``window - 1`` rows. On a straight
        line it lags by ``(window - 1) / 3`` bars.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> import numpy as np
    >>> wma(np.array([1.0, 2.0, 6.0]), window=3).round(4)
    array([   nan,    nan, 3.8333])
    """
    window = whole_window(window)

    def average(prices: FloatArray) -> tuple[FloatArray, ...]:
        if window == 1:
            return (prices.copy(),)
        # The weights are their own mean plus a straight line, and so is the average.
        mean, slope = kernels().windows.rolling_line(prices, window)
        return (mean + slope * ((window - 1) / 6),)

    (values,) = over_observations(average, column(close))
    return like_series(close, values, f"wma_{window}")  # type: ignore[no-any-return]  # a Series for a Series
