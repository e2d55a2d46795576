"""Oscillators: where the close lies in its range, and how far from its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

from investiq.indicators.observations import (
    ROUNDING,
    FloatArray,
    PriceArrays,
    kernels,
    like_frame,
    like_series,
    over_observations,
    price_columns,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cci", "stochastic", "williams_r"]


class Stochastic(NamedTuple):
    """What `stochastic` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    k: FloatArray
    d: FloatArray


@overload
def stochastic(bars: pd.DataFrame, window: int = 14, smooth: int = 3, *, slowing: int = 1) -> pd.DataFrame: ...
@overload
def stochastic(bars: PriceArrays, window: int = 14, smooth: int = 3, *, slowing: int = 1) -> Stochastic: ...
def stochastic(bars: Any, window: int = 14, smooth: int = 3, *, slowing: int = 1) -> Any:
    """Return Lane's stochastic: where the close lies in the range of `window` bars.

    ``place = 100 * (close - lowest low) / (highest high - lowest low)``; `k` is the
    simple average of the last `slowing` places, `d` that of the last `smooth`
    values of `k` [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window, smooth : int, default 14, 3
        Bars of the range and of the average; at least 1.
    slowing : int, default 1
        Bars over which `k` itself is averaged: 1 is the fast stochastic, 3 the
        slow one (TA-Lib's STOCH by default).

    Returns
    -------
    k, d : columns of a DataFrame for a DataFrame, arrays for `Bars` and `Panel`
        In [0, 100]; a place is 50 where the range is flat. `k` starts at row
        ``window + slowing - 2``, `d` ``smooth - 1`` rows later.

    Raises
    ------
    ConfigError
        If `window`, `smooth` or `slowing` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Lane, G. C. (1984). "Lane's stochastics." Technical Analysis of Stocks & Commodities 2(3).

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [4.0, 6.0], "low": [2.0, 4.0], "close": [3.0, 5.0]})
    >>> stochastic(bars, window=2, smooth=1)["k"].tolist()
    [nan, 75.0]
    """
    window, smooth = whole_window(window), whole_window(smooth, "smooth")
    slowing = whole_window(slowing, "slowing")

    def oscillator(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return tuple(kernels().ranges.smoothed_place(high, low, close, window, slowing, smooth))

    def rows(results: tuple[FloatArray, ...], first: int, *prices: FloatArray) -> None:
        kernels().panels.place_rows(results, first, *prices, window, slowing, smooth)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(oscillator, *prices, rows=rows), Stochastic)


@overload
def williams_r(bars: pd.DataFrame, window: int = 14) -> pd.Series[float]: ...
@overload
def williams_r(bars: PriceArrays, window: int = 14) -> FloatArray: ...
def williams_r(bars: Any, window: int = 14) -> Any:
    """Return Williams' %R: how far the close lies below the highest high, in percent of the range.

    ``-100 * (highest high - close) / (highest high - lowest low)`` of `window` bars,
    which is the fast stochastic minus 100 [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 14
        Bars of the range, the current one included; at least 1.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars` and `Panel`
        In [-100, 0]; -50 where the range is flat (TA-Lib says 0, a close at the high).

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Williams, L. (1973). How I Made One Million Dollars Last Year Trading Commodities.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [4.0, 6.0], "low": [2.0, 4.0], "close": [3.0, 5.0]})
    >>> williams_r(bars, window=2).tolist()
    [nan, -25.0]
    """
    window = whole_window(window)

    def below_high(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().ranges.place_in_range(high, low, close, window) - 100,)

    (values,) = over_observations(below_high, *price_columns(bars))
    return like_series(bars.close, values, f"williams_r_{window}")


@overload
def cci(bars: pd.DataFrame, window: int = 20) -> pd.Series[float]: ...
@overload
def cci(bars: PriceArrays, window: int = 20) -> FloatArray: ...
def cci(bars: Any, window: int = 20) -> Any:
    """Return Lambert's commodity channel index.

    ``(typical - mean) / (0.015 * mean deviation)`` with typical = (high + low + close)
    / 3, its mean over `window` bars, and the mean absolute distance of the same bars
    from that mean [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 20
        Bars of mean and deviation, the current one included; at least 2.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars` and `Panel`
        Unbounded; the constant was chosen so that most values lie within +-100.
        0 where the price is flat. NaN in the first ``window - 1`` rows.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Lambert, D. R. (1980). "Commodity Channel Index." Commodities, October, 40-41.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({name: [1.0, 2.0, 6.0] for name in ("high", "low", "close")})
    >>> cci(bars, window=3).round(1).tolist()
    [nan, nan, 100.0]
    """
    window = whole_window(window, minimum=2)

    def index(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().ranges.channel_index(high, low, close, window, ROUNDING),)

    (values,) = over_observations(index, *price_columns(bars))
    return like_series(bars.close, values, f"cci_{window}")
