"""Ichimoku: the cloud under today's price, and the one that will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.levels import rolling_max, rolling_min
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

__all__ = ["ichimoku"]


class Ichimoku(NamedTuple):
    """What `ichimoku` returns for arrays, each of shape (n_bars,)."""

    tenkan: FloatArray
    kijun: FloatArray
    span_a: FloatArray
    span_b: FloatArray
    future_a: FloatArray
    future_b: FloatArray


@overload
def ichimoku(
    bars: pd.DataFrame, tenkan: int = 9, kijun: int = 26, span_b: int = 52, displacement: int = 26
) -> pd.DataFrame: ...
@overload
def ichimoku(
    bars: PriceArrays, tenkan: int = 9, kijun: int = 26, span_b: int = 52, displacement: int = 26
) -> Ichimoku: ...
def ichimoku(bars: Any, tenkan: int = 9, kijun: int = 26, span_b: int = 52, displacement: int = 26) -> Any:
    """Return the lines of Hosoda's Ichimoku, each at the bar whose price it is compared with.

    A midpoint is ``(highest high + lowest low) / 2``. `tenkan` and `kijun` are
    midpoints of the bars up to today. The cloud under today's price was computed
    `displacement` bars ago: then ``span_a = (tenkan + kijun) / 2``, and `span_b`
    was the midpoint of its own, longer window. What today's bar adds to the cloud
    is drawn `displacement` bars ahead: `future_a` and `future_b`.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    tenkan, kijun, span_b : int, default 9, 26, 52
        Bars of the three midpoints; ``1 <= tenkan < kijun < span_b``.
    displacement : int, default 26
        Bars between the computing of a cloud and the bar it lies under; at least
        1. Charts that count the current bar among the 26 shift by 25.

    Returns
    -------
    tenkan, kijun, span_a, span_b, future_a, future_b : columns of a DataFrame for a DataFrame, arrays for `Bars`
        In the unit of the prices. NaN until each window is full: from row 8, 25,
        51 (`span_a`), 77 (`span_b`), 25 and 51 on by default, so that a whole cloud
        needs 78 bars.

    Raises
    ------
    ConfigError
        If a window is no whole number >= 1, or they do not ascend.
    DataError
        If `bars` has no high, low and close.

    Notes
    -----
    The fifth line of a chart, chikou, is today's close drawn 26 bars back. It is
    not here: at its own row it would be a price of the future.

    Examples
    --------
    >>> import pandas as pd
    >>> price = [1.0, 2.0, 3.0, 4.0, 5.0]
    >>> bars = pd.DataFrame({"high": price, "low": price, "close": price})
    >>> ichimoku(bars, tenkan=1, kijun=2, span_b=3, displacement=2).iloc[-1].to_list()
    [5.0, 4.5, 2.75, 2.0, 4.75, 4.0]
    """
    windows = (whole_window(tenkan, "tenkan"), whole_window(kijun, "kijun"), whole_window(span_b, "span_b"))
    displacement = whole_window(displacement, "displacement")
    if not windows[0] < windows[1] < windows[2]:
        raise ConfigError(
            f"tenkan, kijun and span_b must ascend, were {tenkan}, {kijun} and {span_b}; the usual ones are 9, 26 and 52"
        )

    def lines(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        short, middle, long = ((rolling_max(high, window) + rolling_min(low, window)) / 2 for window in windows)
        ahead = (short + middle) / 2
        return short, middle, _later(ahead, displacement), _later(long, displacement), ahead, long

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(lines, *prices), Ichimoku)


def _later(values: FloatArray, rows: int) -> FloatArray:
    later = np.full(values.size, np.nan)
    later[rows:] = values[:-rows]
    return later
