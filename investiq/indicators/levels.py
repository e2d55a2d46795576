"""Levels: the channel of past highs and lows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    kernels,
    like_frame,
    over_observations,
    price_columns,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["donchian"]


class Channel(NamedTuple):
    """What `donchian` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    lower: FloatArray
    middle: FloatArray
    upper: FloatArray


@overload
def donchian(bars: pd.DataFrame, window: int = 20, *, exclude_current: bool = False) -> pd.DataFrame: ...
@overload
def donchian(bars: PriceArrays, window: int = 20, *, exclude_current: bool = False) -> Channel: ...
def donchian(bars: Any, window: int = 20, *, exclude_current: bool = False) -> Any:
    """Return Donchian's channel: highest high and lowest low of `window` bars, and their mean.

    A close can never lie above the highest high of a window that holds its own
    bar, so a breakout compares the close with the channel of the bars before it:
    ``close > donchian(bars, 20, exclude_current=True).upper``.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 20
        Bars in the channel; at least 1.
    exclude_current : bool, default False
        False: the window ends with the current bar. True: it ends one bar earlier.

    Returns
    -------
    lower, middle, upper : columns of a DataFrame for a DataFrame, arrays for `Bars` and `Panel`
        In the unit of the prices; NaN in the first ``window - 1`` rows, or in the
        first `window` with `exclude_current`.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018-11-01").adjusted()
    >>> channel = donchian(bars, window=20, exclude_current=True)
    >>> bool(channel.upper[-1] == bars.high[-21:-1].max())
    True
    """
    window = whole_window(window)

    def channel(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        upper, lower = rolling_max(high, window), rolling_min(low, window)
        if exclude_current:
            upper, lower = _one_later(upper), _one_later(lower)
        return lower, (lower + upper) / 2, upper

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(channel, *prices), Channel)


def rolling_max(prices: FloatArray, window: int) -> FloatArray:
    """Return the largest of each trailing window of one-dimensional `prices`, which hold no NaN."""
    largest: FloatArray = kernels().windows.rolling_max(prices, window)
    return largest


def rolling_min(prices: FloatArray, window: int) -> FloatArray:
    """Return the smallest of each trailing window of one-dimensional `prices`, which hold no NaN."""
    smallest: FloatArray = kernels().windows.rolling_min(prices, window)
    return smallest


def _one_later(values: FloatArray) -> FloatArray:
    later = np.empty_like(values)
    later[:1] = np.nan
    later[1:] = values[:-1]
    return later
