"""Volume-weighted average prices: rolling, since an anchor, and of the session."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from investiq.core.errors import DataError
from investiq.indicators.observations import (
    FloatArray,
    bar_columns,
    like_series,
    over_observations,
    whole_window,
)
from investiq.indicators.session_days import labels_of, same_for_all, session_days
from investiq.indicators.traded import VOLUME_COLUMNS, TradedArrays, ratio_or_nan, rolling_sum, typical_price

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.instants import When

__all__ = ["anchored_vwap", "rolling_vwap", "session_vwap"]


@overload
def rolling_vwap(bars: pd.DataFrame, window: int = 20) -> pd.Series[float]: ...
@overload
def rolling_vwap(bars: TradedArrays, window: int = 20) -> FloatArray: ...
def rolling_vwap(bars: Any, window: int = 20) -> Any:
    """Return the volume-weighted average of the typical price over `window` bars.

    ``sum(typical * volume) / sum(volume)`` with typical price
    ``(high + low + close) / 3``, which is used even where the bars carry the
    vendor's own `vwap`: one name then means one number whoever served the bars.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        Adjusted. A row with a missing value is left out and is NaN itself.
    window : int, default 20
        Bars in both sums, the current one included; at least 1.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        In the unit of the prices, first value at row ``window - 1``. NaN where the
        window traded nothing.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `bars` lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> price = [10.0, 20.0, 40.0]
    >>> bars = pd.DataFrame({"high": price, "low": price, "close": price, "volume": [3.0, 1.0, 1.0]})
    >>> rolling_vwap(bars, window=2).to_list()
    [nan, 12.5, 30.0]
    """
    window = whole_window(window)

    def average(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        paid = typical_price(high, low, close) * volume
        return (ratio_or_nan(rolling_sum(paid, window), rolling_sum(volume, window)),)

    (values,) = over_observations(average, *bar_columns(bars, VOLUME_COLUMNS))
    return like_series(bars.close, values, f"rolling_vwap_{window}")


@overload
def anchored_vwap(bars: pd.DataFrame, anchor: When | Sequence[When] | int | Sequence[int]) -> pd.Series[float]: ...
@overload
def anchored_vwap(bars: TradedArrays, anchor: When | Sequence[When] | int | Sequence[int]) -> FloatArray: ...
def anchored_vwap(bars: Any, anchor: Any) -> Any:
    """Return the volume-weighted average of the typical price since an anchor, such as an earnings date.

    The sums of `rolling_vwap`, begun anew at the first bar labelled at or after
    each anchor.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        Adjusted. A row with a missing value is left out and is NaN itself.
    anchor : time, or sequence of times
        What `iq.load_bars` takes for `start`: a date is its first instant in UTC.
        For a DataFrame whose index holds no times, labels of that index. One
        after the last bar has no effect yet; one before the first bar none at all.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        In the unit of the prices; NaN before the first anchor, and until a bar
        after it has traded.

    Raises
    ------
    DataError
        If `bars` lacks a column or its labels do not ascend, an anchor cannot be
        read, or all lie before the first bar: the average since then would be one
        since whatever bar was loaded first.

    Notes
    -----
    The value is as honest as the anchor. One chosen at its date (a report, a year's
    first session) was known then; "the low of March 2009" was not, until the
    market had risen.

    Examples
    --------
    >>> import pandas as pd
    >>> price = [10.0, 20.0, 40.0]
    >>> bars = pd.DataFrame({"high": price, "low": price, "close": price, "volume": [3.0, 1.0, 1.0]})
    >>> anchored_vwap(bars, 1).to_list(), anchored_vwap(bars, [0, 2]).to_list()
    ([nan, 20.0, 30.0], [10.0, 12.5, 40.0])
    """
    columns = bar_columns(bars, VOLUME_COLUMNS)
    labels, anchors = labels_of(bars, anchor)
    if labels.size and not (anchors >= labels[0]).any():
        raise DataError(
            f"no anchor lies at or after the first bar, {labels[0]}; the last is {anchors.max()}; "
            "load bars from the anchor on, or choose a later one"
        )
    # How many anchors a bar has passed, those before the first bar aside; none: 0.
    inside = np.sort(anchors[anchors >= labels[0]]) if labels.size else anchors
    passed = np.searchsorted(inside, labels, side="right").astype(np.float64)

    def since(
        high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, stretch: FloatArray
    ) -> tuple[FloatArray, ...]:
        values = _within(typical_price(high, low, close), volume, stretch)
        values[stretch == 0] = np.nan
        return (values,)

    (values,) = over_observations(since, *columns, same_for_all(passed, columns[0]))
    return like_series(bars.close, values, "anchored_vwap")


@overload
def session_vwap(bars: pd.DataFrame, calendar: str | None = None) -> pd.Series[float]: ...
@overload
def session_vwap(bars: TradedArrays, calendar: str | None = None) -> FloatArray: ...
def session_vwap(bars: Any, calendar: str | None = None) -> Any:
    """Return the volume-weighted average of the typical price since the session began, for intraday bars.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        Intraday. A row with a missing value is left out and is NaN itself.
    calendar : str, optional
        Exchange calendar such as ``"XNYS"``, for a DataFrame or a Panel whose
        index is in UTC; `Bars` know theirs.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        In the unit of the prices, begun anew with the first bar of each date on
        the exchange's clock; hours before and after the session count where the
        bars hold them. NaN until a bar of the session has traded.

    Raises
    ------
    DataError
        If `bars` lacks a column, or is daily: use `rolling_vwap` or `anchored_vwap`.
    """
    columns = bar_columns(bars, VOLUME_COLUMNS, may_split=True)
    days = session_days(bars, calendar)
    if days is None:
        raise DataError(
            "session_vwap needs intraday bars, several to a session; these have one each; "
            "use rolling_vwap or anchored_vwap, or name the exchange with calendar="
        )

    def average(
        high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, day: FloatArray
    ) -> tuple[FloatArray, ...]:
        return (_within(typical_price(high, low, close), volume, day),)

    (values,) = over_observations(average, *columns, same_for_all(days, columns[0]))
    return like_series(bars.close, values, "session_vwap")


def _within(price: FloatArray, volume: FloatArray, stretch: FloatArray) -> FloatArray:
    """Return the running average of `price` weighted by `volume`, begun anew where `stretch` changes."""
    values = np.full(price.size, np.nan)
    bounds = [0, *(np.flatnonzero(np.diff(stretch)) + 1), price.size]
    for first, last in pairwise(bounds):
        here = slice(first, last)
        values[here] = ratio_or_nan(np.cumsum(price[here] * volume[here]), np.cumsum(volume[here]))
    return values
