"""Money flow: volume signed by where in the bar, or how against the bar before, it was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from investiq.indicators.observations import FloatArray, bar_columns, like_series, over_observations, whole_window
from investiq.indicators.traded import (
    VOLUME_COLUMNS,
    TradedArrays,
    close_location,
    ratio_or_nan,
    rolling_sum,
    typical_price,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["accumulation_distribution", "chaikin_money_flow", "money_flow_index"]


@overload
def accumulation_distribution(bars: pd.DataFrame) -> pd.Series[float]: ...
@overload
def accumulation_distribution(bars: TradedArrays) -> FloatArray: ...
def accumulation_distribution(bars: Any) -> Any:
    """Return Chaikin's accumulation/distribution line: the running sum of CLV x volume.

    CLV, the close location value, is ``((close - low) - (high - close)) / (high - low)``:
    1 for a close at the high, -1 at the low, 0 where high and low are the same.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        Adjusted. A row with a missing value is left out and is NaN itself.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        Shares, from the first bar on. The level depends on where the bars begin;
        only its changes mean something. `chaikin_money_flow` is the measure that
        does not depend on it.

    Raises
    ------
    DataError
        If `bars` lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [4.0, 4.0], "low": [2.0, 2.0], "close": [4.0, 2.5], "volume": [10.0, 20.0]})
    >>> accumulation_distribution(bars).to_list()
    [10.0, 0.0]
    """
    import talib

    def line(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        return (talib.AD(high, low, close, volume),)

    (values,) = over_observations(line, *bar_columns(bars, VOLUME_COLUMNS))
    return like_series(bars.close, values, "accumulation_distribution")


@overload
def chaikin_money_flow(bars: pd.DataFrame, window: int = 20) -> pd.Series[float]: ...
@overload
def chaikin_money_flow(bars: TradedArrays, window: int = 20) -> FloatArray: ...
def chaikin_money_flow(bars: Any, window: int = 20) -> Any:
    """Return Chaikin's money flow: the sum of CLV x volume over the sum of volume.

    The mean of the close location value (`accumulation_distribution`), weighted by volume.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        A row with a missing value is left out and is NaN itself.
    window : int, default 20
        Bars in both sums, the current one included; at least 1.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        In [-1, 1], first value at row ``window - 1``. NaN where the window traded
        nothing: a mean without weights.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `bars` lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [4.0, 4.0], "low": [2.0, 2.0], "close": [4.0, 2.5], "volume": [10.0, 30.0]})
    >>> chaikin_money_flow(bars, window=2).to_list()
    [nan, -0.125]
    """
    window = whole_window(window)

    def flow(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        signed = close_location(high, low, close) * volume
        return (ratio_or_nan(rolling_sum(signed, window), rolling_sum(volume, window)),)

    (values,) = over_observations(flow, *bar_columns(bars, VOLUME_COLUMNS))
    return like_series(bars.close, values, f"chaikin_money_flow_{window}")


@overload
def money_flow_index(bars: pd.DataFrame, window: int = 14) -> pd.Series[float]: ...
@overload
def money_flow_index(bars: TradedArrays, window: int = 14) -> FloatArray: ...
def money_flow_index(bars: Any, window: int = 14) -> Any:
    """Return the money flow index: ``100 * inflow / (inflow + outflow)`` over `window` bars.

    The flow of a bar is typical price x volume, typical price being
    ``(high + low + close) / 3``. It counts as inflow where the typical price rose
    from the bar before, as outflow where it fell, and not at all where it stood still.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        Adjusted. A row with a missing value is left out and is NaN itself.
    window : int, default 14
        Flows in both sums; at least 1.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        In [0, 100], first value at row `window`: the first bar has no flow. 50
        where the typical price did not move, NaN where nothing was traded.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `bars` lacks a column.

    Notes
    -----
    TA-Lib's MFI agrees, but for two things of its own: it says 0, the strongest
    outflow there is, where both sums together stay below 1.0 (a price that stood
    still, or volume in small units), and its running sums keep the rounding of
    larger flows long past. Here each window is added up afresh.

    Examples
    --------
    >>> import pandas as pd
    >>> price = [10.0, 11.0, 10.0, 10.0]
    >>> bars = pd.DataFrame({"high": price, "low": price, "close": price, "volume": [5.0, 10.0, 3.0, 8.0]})
    >>> money_flow_index(bars, window=2).round(2).to_list()
    [nan, nan, 78.57, 0.0]
    """
    window = whole_window(window)

    def index(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        typical = typical_price(high, low, close)
        change = np.diff(typical, prepend=typical[:1])
        flow = typical * volume
        inflow = rolling_sum(np.where(change > 0, flow, 0.0), window)
        outflow = rolling_sum(np.where(change < 0, flow, 0.0), window)
        values = 100 * ratio_or_nan(inflow, inflow + outflow)
        values[(inflow + outflow == 0) & (rolling_sum(volume, window) > 0)] = 50.0
        values[:window] = np.nan
        return (values,)

    (values,) = over_observations(index, *bar_columns(bars, VOLUME_COLUMNS))
    return like_series(bars.close, values, f"money_flow_index_{window}")
