"""Volatility: true range and its average, and the deviation of returns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    SeriesOrArray,
    choice,
    column,
    kernels,
    like_series,
    over_observations,
    price_columns,
    rolling_moments,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["atr", "atr_ratio", "historical_volatility", "true_range"]

AtrStart = Literal["talib", "stockcharts"]


@overload
def true_range(bars: pd.DataFrame) -> pd.Series[float]: ...
@overload
def true_range(bars: PriceArrays) -> FloatArray: ...
def true_range(bars: Any) -> Any:
    """Return Wilder's true range: the range of the bar, stretched to the previous close.

    The largest of high - low, abs(high - previous close) and abs(low - previous
    close) [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars` and `Panel`
        In the unit of the prices; NaN at the first bar, which has no previous close.

    Raises
    ------
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [10.0, 13.0], "low": [8.0, 12.0], "close": [9.0, 12.5]})
    >>> true_range(bars).tolist()
    [nan, 4.0]
    """

    def ranges(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        values = kernels().recursions.true_ranges(high, low, close)
        values[:1] = np.nan
        return (values,)

    (values,) = over_observations(ranges, *price_columns(bars))
    return like_series(bars.close, values, "true_range")


@overload
def atr(bars: pd.DataFrame, window: int = 14, *, start: AtrStart = "talib") -> pd.Series[float]: ...
@overload
def atr(bars: PriceArrays, window: int = 14, *, start: AtrStart = "talib") -> FloatArray: ...
def atr(bars: Any, window: int = 14, *, start: AtrStart = "talib") -> Any:
    """Return Wilder's average true range.

    It starts with the mean of the first `window` true ranges, then
    ``average += (newest - average) / window`` [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 14
        Bars of Wilder's smoothing; at least 1.
    start : {"talib", "stockcharts"}, default "talib"
        The first bar has no previous close. ``"talib"`` leaves it out, as TA-Lib does:
        the first average is of rows 1 to `window`. ``"stockcharts"`` takes its high -
        low, as the StockCharts worksheet does: of rows 0 to ``window - 1``. The
        difference fades by ``1 - 1 / window`` a bar.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars` and `Panel`
        In the unit of the prices (of `adjusted` bars: divide by ``bars.factor``
        for money), first value at row `window` or ``window - 1``.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1, or `start` is unknown.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [10.0, 13.0, 13.0], "low": [8.0, 12.0, 10.0], "close": [9.0, 12.5, 11.0]})
    >>> atr(bars, window=2).tolist()
    [nan, nan, 3.5]
    >>> atr(bars, window=2, start="stockcharts").tolist()
    [nan, 3.0, 3.0]
    """
    window = whole_window(window)
    choice(start, "start", ("talib", "stockcharts"))
    first_bar = 0 if start == "stockcharts" else 1

    def average(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().recursions.average_range(high, low, close, window, first_bar),)

    def rows(results: tuple[FloatArray, ...], first: int, *prices: FloatArray) -> None:
        kernels().panels.range_rows(results, first, *prices, window, first_bar)

    (values,) = over_observations(average, *price_columns(bars), rows=rows)
    return like_series(bars.close, values, f"atr_{window}")


@overload
def atr_ratio(bars: pd.DataFrame, window: int = 14, *, baseline: int = 20) -> pd.Series[float]: ...
@overload
def atr_ratio(bars: PriceArrays, window: int = 14, *, baseline: int = 20) -> FloatArray: ...
def atr_ratio(bars: Any, window: int = 14, *, baseline: int = 20) -> Any:
    """Return the average true range relative to its own mean: above 1 where volatility expands.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 14
        Bars of the average true range; at least 1.
    baseline : int, default 20
        Bars of the mean with which it is compared, the current one included; at least 1.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars` and `Panel`
        A ratio, first value at row ``window + baseline - 1``; NaN where that mean is 0.

    Raises
    ------
    ConfigError
        If `window` or `baseline` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [3.0, 3.0, 5.0], "low": [1.0, 1.0, 1.0], "close": [2.0, 2.0, 2.0]})
    >>> atr_ratio(bars, window=1, baseline=2).round(4).tolist()
    [nan, nan, 1.3333]
    """
    window, baseline = whole_window(window), whole_window(baseline, "baseline")

    def ratio(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        average = kernels().recursions.average_range(high, low, close, window, 1)
        values = np.full(close.size, np.nan)
        mean = kernels().windows.rolling_mean(average[window:], baseline)
        np.divide(average[window:], mean, out=values[window:], where=mean > 0)
        return (values,)

    (values,) = over_observations(ratio, *price_columns(bars))
    return like_series(bars.close, values, f"atr_ratio_{window}")


def historical_volatility(
    close: SeriesOrArray, window: int = 20, *, periods_per_year: float, ddof: int = 1
) -> SeriesOrArray:
    """Return the annualised standard deviation of the last `window` log returns.

    ``std(log(close[t] / close[t - 1])) * sqrt(periods_per_year)``, about their own mean.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices, above 0. A missing row is left out: the next return spans it.
    window : int, default 20
        Returns in the deviation; at least 2.
    periods_per_year : float
        Bars in a year: 252 for daily bars of US stocks, 52 for weekly ones.
    ddof : {1, 0}, default 1
        1: sample deviation (divided by ``window - 1``); 0: population deviation.

    Returns
    -------
    Series or ndarray, shaped like `close`
        A fraction per year (0.2 is 20 %); NaN in the first `window` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2, `periods_per_year` not positive, or `ddof`
        neither 0 nor 1.
    DataError
        If `close` is not one column, or a price is not positive.

    Examples
    --------
    Returns of ln 2 and -ln 2: deviation sqrt(2) ln 2 a bar, over two bars a year 2 ln 2.

    >>> historical_volatility(np.array([1.0, 2.0, 1.0]), window=2, periods_per_year=2).round(4)
    array([   nan,    nan, 1.3863])
    """
    window = whole_window(window, minimum=2)
    if not 0 < periods_per_year < math.inf:
        raise ConfigError(f"periods_per_year must be a positive number, such as 252, was {periods_per_year!r}")
    if ddof not in (0, 1):
        raise ConfigError(f"ddof must be 0 or 1, was {ddof!r}")
    scale = math.sqrt(periods_per_year * window / (window - ddof))

    def volatility(prices: FloatArray) -> tuple[FloatArray, ...]:
        if (bad := int((prices <= 0).sum())) > 0:
            raise DataError(
                f"close must be above 0 for log returns, {bad} of {prices.size} prices are not; pass adjusted prices"
            )
        values = np.full(prices.size, np.nan)
        _, values[1:] = rolling_moments(np.diff(np.log(prices)), window)
        return (values * scale,)

    (values,) = over_observations(volatility, column(close))
    return like_series(close, values, f"historical_volatility_{window}")  # type: ignore[no-any-return]  # a Series for a Series
