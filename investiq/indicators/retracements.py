"""Fibonacci retracements: how much of the last swing has been given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np

from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    like_frame,
    over_observations,
    price_columns,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fibonacci"]

# Shares of the swing that are given back. 50 % is no ratio of Fibonacci's numbers; charts draw it by custom.
RATIOS: Final = (0.236, 0.382, 0.5, 0.618, 0.786)


class Retracement(NamedTuple):
    """What `fibonacci` returns for arrays, each of shape (n_bars,)."""

    direction: FloatArray
    high: FloatArray
    low: FloatArray
    level_236: FloatArray
    level_382: FloatArray
    level_500: FloatArray
    level_618: FloatArray
    level_786: FloatArray
    nearest_ratio: FloatArray
    nearest_level: FloatArray
    distance: FloatArray


@overload
def fibonacci(bars: pd.DataFrame, window: int = 60) -> pd.DataFrame: ...
@overload
def fibonacci(bars: PriceArrays, window: int = 60) -> Retracement: ...
def fibonacci(bars: Any, window: int = 60) -> Any:
    """Return the retracements of the swing between the highest high and the lowest low of `window` bars.

    The order of the two decides what is retraced. High after low: the swing went
    up, and a share r of it given back lies at ``high - r * (high - low)``. Low after
    high: it went down, and the level is ``low + r * (high - low)``. Of several bars
    at the same extreme the latest counts.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 60
        Bars searched for the swing, the current one included; at least 2.

    Returns
    -------
    direction : columns of a DataFrame for a DataFrame, arrays for `Bars`
        1.0 after a swing up, -1.0 after one down.
    high, low
        Ends of the swing, in the unit of the prices.
    level_236, level_382, level_500, level_618, level_786
        Prices at which 23.6, 38.2, 50, 61.8 and 78.6 % are given back.
    nearest_ratio, nearest_level, distance
        The level nearest to the close, the smaller ratio of two as near, and
        ``close / nearest_level - 1``.

        NaN in the first ``window - 1`` rows, and but for `high` and `low` where one
        bar holds both extremes: which came first in it is not known.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `bars` has no high, low and close.

    Notes
    -----
    These levels describe where a price stands in its range. That prices turn at
    them more often than elsewhere has not been shown.

    Examples
    --------
    >>> import pandas as pd
    >>> price = [10.0, 20.0, 16.0]
    >>> swing = fibonacci(pd.DataFrame({"high": price, "low": price, "close": price}), window=3).iloc[-1]
    >>> swing[["direction", "level_382", "nearest_ratio"]].round(4).to_list()
    [1.0, 16.18, 0.382]
    """
    window = whole_window(window, minimum=2)

    def levels(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        top, since_top = _latest_extreme(high, window)
        negative_bottom, since_bottom = _latest_extreme(-low, window)
        bottom = -negative_bottom
        direction = np.sign(since_bottom - since_top)
        direction[direction == 0] = np.nan
        # The end of the swing, from which it is given back.
        end = np.where(direction > 0, top, bottom)
        targets = np.array([end - direction * ratio * (top - bottom) for ratio in RATIOS])
        nearest = np.argmin(np.abs(close - targets), axis=0)
        level = targets[nearest, np.arange(close.size)]
        ratio = np.where(np.isnan(level), np.nan, np.array(RATIOS)[nearest])
        return direction, top, bottom, *targets, ratio, level, close / level - 1

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(levels, *prices), Retracement)


def _latest_extreme(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return the largest value of each trailing window and how many bars ago it was last reached."""
    largest, since = np.full(values.size, np.nan), np.full(values.size, np.nan)
    if values.size >= window:
        windows = np.lib.stride_tricks.sliding_window_view(values, window)
        since[window - 1 :] = np.argmax(windows[:, ::-1], axis=1)
        largest[window - 1 :] = windows.max(axis=1)
    return largest, since
