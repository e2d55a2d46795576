"""Bands around an average: Bollinger's, Keltner's, the squeeze of one inside the other, and the z-score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.observations import (
    ROUNDING,
    FloatArray,
    PriceArrays,
    SeriesOrArray,
    column,
    kernels,
    like_frame,
    like_series,
    over_observations,
    price_columns,
    rolling_moments,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bollinger", "keltner", "squeeze", "zscore"]


class Bands(NamedTuple):
    """What `bollinger` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    lower: FloatArray
    middle: FloatArray
    upper: FloatArray
    width: FloatArray
    percent_b: FloatArray


class RangeChannel(NamedTuple):
    """What `keltner` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    lower: FloatArray
    middle: FloatArray
    upper: FloatArray


class Squeeze(NamedTuple):
    """What `squeeze` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    on: FloatArray
    fired: FloatArray
    momentum: FloatArray


@overload
def bollinger(close: pd.Series[float], window: int = 20, width: float = 2.0) -> pd.DataFrame: ...
@overload
def bollinger(close: FloatArray, window: int = 20, width: float = 2.0) -> Bands: ...
def bollinger(close: Any, window: int = 20, width: float = 2.0) -> Any:
    """Return Bollinger's bands: the moving average and `width` standard deviations on either side.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
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
    _check_width(width, "width", "standard deviations")

    def bands(prices: FloatArray) -> tuple[FloatArray, ...]:
        return tuple(kernels().ranges.deviation_bands(prices, window, float(width), ROUNDING))

    def rows(results: tuple[FloatArray, ...], first: int, prices: FloatArray) -> None:
        kernels().panels.bands_rows(results, first, prices, window, float(width), ROUNDING)

    return like_frame(close, over_observations(bands, column(close), rows=rows), Bands)


def zscore(close: SeriesOrArray, window: int = 20, *, ddof: int = 0) -> SeriesOrArray:
    """Return how many standard deviations the newest value lies from the mean of the last `window`.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices, or any series. A missing row is left out and is NaN itself.
    window : int, default 20
        Bars of mean and deviation, the current one included; at least 2.
    ddof : {0, 1}, default 0
        0: population deviation, as of the Bollinger bands; 1: sample deviation.

    Returns
    -------
    Series or ndarray, shaped like `close`
        Without unit, within ``+-sqrt(window - 1)`` for ddof 0; NaN in the first
        ``window - 1`` rows, and where the values do not vary.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2, or `ddof` neither 0 nor 1.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> zscore(np.array([1.0, 1.0, 4.0]), window=3).round(4)
    array([   nan,    nan, 1.4142])
    """
    window = whole_window(window, minimum=2)
    if ddof not in (0, 1):
        raise ConfigError(f"ddof must be 0 or 1, was {ddof!r}")
    scale = np.sqrt((window - ddof) / window)

    def score(values: FloatArray) -> tuple[FloatArray, ...]:
        mean, deviation = rolling_moments(values, window)
        scores = np.full(values.size, np.nan)
        np.divide((values - mean) * scale, deviation, out=scores, where=deviation > 0)
        return (scores,)

    (scores,) = over_observations(score, column(close))
    return like_series(close, scores, f"zscore_{window}")  # type: ignore[no-any-return]  # a Series for a Series


@overload
def keltner(bars: pd.DataFrame, window: int = 20, width: float = 2.0, *, atr_window: int = 10) -> pd.DataFrame: ...
@overload
def keltner(bars: PriceArrays, window: int = 20, width: float = 2.0, *, atr_window: int = 10) -> RangeChannel: ...
def keltner(bars: Any, window: int = 20, width: float = 2.0, *, atr_window: int = 10) -> Any:
    """Return Keltner's channel: `ema` of the close and `width` average true ranges on either side [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 20
        Span of the average of the close, in bars; at least 1.
    width : float, default 2.0
        Half width of the channel in average true ranges; above 0.
    atr_window : int, default 10
        Bars of Wilder's average true range, started as in TA-Lib; at least 1.

    Returns
    -------
    lower, middle, upper : columns of a DataFrame for a DataFrame, arrays for `Bars` and `Panel`
        In the unit of the prices; the middle starts at row ``window - 1``, the
        channel at the larger of that and `atr_window`.

    Raises
    ------
    ConfigError
        If a window is no whole number >= 1, or `width` is not positive.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Keltner, C. W. (1960). How to Make Money in Commodities; with exponential
       average and average true range after Raschke.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [3.0, 5.0], "low": [1.0, 3.0], "close": [2.0, 4.0]})
    >>> keltner(bars, window=2, width=1.0, atr_window=1).iloc[-1].to_dict()
    {'lower': 0.0, 'middle': 3.0, 'upper': 6.0}
    """
    window, atr_window = whole_window(window), whole_window(atr_window, "atr_window")
    _check_width(width, "width", "average true ranges")

    def channel(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return _channel(high, low, close, window, float(width), atr_window)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(channel, *prices), RangeChannel)


@overload
def squeeze(
    bars: pd.DataFrame, window: int = 20, *, band_width: float = 2.0, channel_width: float = 1.5
) -> pd.DataFrame: ...
@overload
def squeeze(bars: PriceArrays, window: int = 20, *, band_width: float = 2.0, channel_width: float = 1.5) -> Squeeze: ...
def squeeze(bars: Any, window: int = 20, *, band_width: float = 2.0, channel_width: float = 1.5) -> Any:
    """Return Carter's squeeze: Bollinger's bands inside Keltner's channel, and the way out of it.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 20
        Bars of the bands, of the channel (average of the close and true range) and of
        the momentum; at least 2.
    band_width : float, default 2.0
        Half width of Bollinger's bands in standard deviations; above 0.
    channel_width : float, default 1.5
        Half width of Keltner's channel in average true ranges; above 0.

    Returns
    -------
    on, fired, momentum : columns of a DataFrame for a DataFrame, arrays for `Bars` and `Panel`
        `on` is 1 while both bands lie inside the channel, else 0. `fired` is the sign
        of `momentum` at the first bar after a squeeze, else 0. `momentum`, in the
        unit of the prices, is the newest point of the line fitted to the last
        `window` distances of the close from the middle between the centre of its
        range and its mean [1]_; it starts at row ``2 * window - 2``, and `fired` with it.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2, or a width is not positive.
    DataError
        If `bars` has no high, low and close.

    Notes
    -----
    A squeeze says that the price has become quiet, nothing of the direction in which
    it will leave.

    References
    ----------
    .. [1] Carter, J. F. (2005). Mastering the Trade. Chapter 11, "The Squeeze".

    Examples
    --------
    >>> import investiq as iq
    >>> state = squeeze(iq.load_bars("^GSPC").adjusted())
    >>> np.unique(state.on[20:]).tolist(), np.unique(state.fired[38:]).tolist()
    ([0.0, 1.0], [-1.0, 0.0, 1.0])
    """
    window = whole_window(window, minimum=2)
    _check_width(band_width, "band_width", "standard deviations")
    _check_width(channel_width, "channel_width", "average true ranges")

    def state(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        mean, deviation = rolling_moments(close, window)
        lower, _, upper = _channel(high, low, close, window, float(channel_width), window)
        half = band_width * deviation
        on = np.where(np.isnan(lower), np.nan, (mean - half > lower) & (mean + half < upper))
        momentum = _squeeze_momentum(high, low, close, mean, window)
        fired = np.full(close.size, np.nan)
        fired[1:] = np.where((on[:-1] == 1) & (on[1:] == 0), np.sign(momentum[1:]), 0.0)
        fired[np.isnan(momentum)] = np.nan
        return on, fired, momentum

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(state, *prices), Squeeze)


def _channel(
    high: FloatArray, low: FloatArray, close: FloatArray, window: int, width: float, atr_window: int
) -> tuple[FloatArray, ...]:
    middle = kernels().recursions.recursive_average(close, window, 2 / (window + 1), True)
    half = width * kernels().recursions.average_range(high, low, close, atr_window, 1)
    return middle - half, middle, middle + half


def _squeeze_momentum(
    high: FloatArray, low: FloatArray, close: FloatArray, mean: FloatArray, window: int
) -> FloatArray:
    centre = (kernels().windows.rolling_max(high, window) + kernels().windows.rolling_min(low, window)) / 2
    distance = (close - (centre + mean) / 2)[window - 1 :]
    level, slope = kernels().windows.rolling_line(distance, window)
    momentum = np.full(close.size, np.nan)
    momentum[window - 1 :] = level + slope * ((window - 1) / 2)
    return momentum


def _check_width(width: float, name: str, unit: str) -> None:
    if not 0 < width < np.inf:
        raise ConfigError(f"{name} must be a positive number of {unit}, was {width!r}")
