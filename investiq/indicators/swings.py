"""Swing points, reported when they are confirmed, and the support and resistance that they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

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
    from numpy.typing import NDArray

__all__ = ["support_resistance", "swing_points"]


class SwingPoints(NamedTuple):
    """What `swing_points` returns for arrays, each of shape (n_bars,)."""

    swing_high: FloatArray
    swing_low: FloatArray
    last_swing_high: FloatArray
    last_swing_high_age: FloatArray
    previous_swing_high: FloatArray
    previous_swing_high_age: FloatArray
    last_swing_low: FloatArray
    last_swing_low_age: FloatArray
    previous_swing_low: FloatArray
    previous_swing_low_age: FloatArray


class SupportResistance(NamedTuple):
    """What `support_resistance` returns for arrays, each of shape (n_bars,)."""

    support: FloatArray
    support_age: FloatArray
    support_distance: FloatArray
    resistance: FloatArray
    resistance_age: FloatArray
    resistance_distance: FloatArray


@overload
def swing_points(bars: pd.DataFrame, left: int = 2, right: int = 2) -> pd.DataFrame: ...
@overload
def swing_points(bars: PriceArrays, left: int = 2, right: int = 2) -> SwingPoints: ...
def swing_points(bars: Any, left: int = 2, right: int = 2) -> Any:
    """Return swing highs and lows at the bar that confirms them, and the last two of each kind.

    A swing high is a high above the highs of the `left` bars before it and of
    the `right` bars after it; nobody knows it before the last of these is
    complete, so that is the bar which reports it. Swing lows likewise.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    left, right : int, default 2
        Bars that must lie lower (higher) before and after; at least 1.

    Returns
    -------
    columns of a DataFrame for a DataFrame, arrays for `Bars`
        `swing_high`, `swing_low`: price of the swing that this bar confirms, NaN
        at bars that confirm none. `last_swing_high`, `previous_swing_high` and
        the same of lows: the newest two that are confirmed, NaN before there are
        any, and their `_age` in bars since the extreme itself, so `right` at the
        confirming bar.

    Raises
    ------
    ConfigError
        If `left` or `right` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    Notes
    -----
    Equal highs side by side are one swing, dated at the last of them; the `left`
    bars are those before the first. A high that is reached again within `right`
    bars after lower ones is none: it was not the highest of its neighbourhood.

    Examples
    --------
    >>> import pandas as pd
    >>> close = pd.Series([1.0, 2.0, 5.0, 3.0, 2.0, 4.0])
    >>> bars = pd.DataFrame({"high": close, "low": close, "close": close})
    >>> swing_points(bars)["swing_high"].tolist()  # 5 at bar 2, known at bar 4
    [nan, nan, nan, nan, 5.0, nan]
    """
    from investiq.indicators.swing_kernels import confirmed_extremes

    left, right = whole_window(left, "left"), whole_window(right, "right")

    def swings(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        peaks = confirmed_extremes(high, 1.0, left, right)
        troughs = confirmed_extremes(low, -1.0, left, right)
        return at_rows(high, peaks), at_rows(low, troughs), *_last_two(high, peaks), *_last_two(low, troughs)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(swings, *prices), SwingPoints)


@overload
def support_resistance(
    bars: pd.DataFrame, window: int = 30, *, left: int = 2, right: int = 2, atr_window: int = 14
) -> pd.DataFrame: ...
@overload
def support_resistance(
    bars: PriceArrays, window: int = 30, *, left: int = 2, right: int = 2, atr_window: int = 14
) -> SupportResistance: ...
def support_resistance(bars: Any, window: int = 30, *, left: int = 2, right: int = 2, atr_window: int = 14) -> Any:
    """Return the nearest confirmed swing low below the close and the nearest swing high above it.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 30
        Bars in which the extreme must lie, the current one included; more than
        `left` + `right`.
    left, right : int, default 2
        Bars that confirm a swing, as in `swing_points`.
    atr_window : int, default 14
        Of the average true range in which distances are told.

    Returns
    -------
    columns of a DataFrame for a DataFrame, arrays for `Bars`
        `support` and `resistance` in the unit of the prices, a level that the
        close stands on counted; NaN where no swing of the window lies on that
        side. `_age` is bars since the extreme. `_distance` is the way from the
        close in average true ranges, >= 0, NaN while there is no such average or
        it is 0.

    Raises
    ------
    ConfigError
        If `window`, `left`, `right` or `atr_window` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    Examples
    --------
    >>> import pandas as pd
    >>> close = pd.Series([3.0, 2.0, 1.0, 2.0, 4.0, 6.0, 4.0, 3.0, 2.5])
    >>> bars = pd.DataFrame({"high": close, "low": close, "close": close})
    >>> levels = support_resistance(bars, atr_window=2)
    >>> levels[["support", "support_age", "resistance", "resistance_age"]].iloc[-1].tolist()
    [1.0, 6.0, 6.0, 3.0]
    """
    from investiq.indicators.swing_kernels import confirmed_extremes, nearest_levels

    window, atr_window = whole_window(window), whole_window(atr_window, "atr_window")
    left, right = whole_window(left, "left"), whole_window(right, "right")

    def levels(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        import talib

        average = talib.ATR(high, low, close, atr_window)
        average[average == 0] = np.nan
        results: list[FloatArray] = []
        for values, sign in ((low, -1.0), (high, 1.0)):
            found = confirmed_extremes(values, sign, left, right)
            rows = nearest_levels(close, values, found, window, sign)
            level = at_rows(values, rows)
            results += [level, ages(rows), sign * (level - close) / average]
        return tuple(results)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(levels, *prices), SupportResistance)


def at_rows(values: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
    """Return the value at each row, NaN where the row is -1."""
    return np.where(rows >= 0, values[rows], np.nan) if values.size else np.empty(0)


def ages(rows: NDArray[np.int64]) -> FloatArray:
    """Return the bars since each row, NaN where the row is -1."""
    return np.where(rows >= 0, np.arange(rows.size) - rows, np.nan)


def _last_two(values: FloatArray, found: NDArray[np.int64]) -> tuple[FloatArray, ...]:
    """Return price and age of the newest confirmed extreme at each bar, and of the one before it."""
    extremes = np.r_[-1, -1, found[found >= 0]]
    seen = np.cumsum(found >= 0) + 1
    last, previous = extremes[seen], extremes[seen - 1]
    return at_rows(values, last), ages(last), at_rows(values, previous), ages(previous)
