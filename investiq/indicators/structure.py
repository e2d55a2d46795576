"""The structure of a market: rising and falling swings, their breaks, and strength against a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np

from investiq.core.errors import DataError
from investiq.indicators.levels import rolling_max
from investiq.indicators.observations import (
    ROUNDING,
    FloatArray,
    PriceArrays,
    column,
    like_frame,
    over_observations,
    price_columns,
    whole_window,
)
from investiq.indicators.sources import labels_of, picked

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["market_structure", "relative_strength"]

# Steps of one direction that make a trend: fewer are the zigzag of any series. Chosen, not fitted.
LEAST_STEPS: Final = 3


class MarketStructure(NamedTuple):
    """What `market_structure` returns for arrays, each of shape (n_bars,)."""

    higher_highs: FloatArray
    lower_highs: FloatArray
    higher_lows: FloatArray
    lower_lows: FloatArray
    state: FloatArray
    break_of_structure: FloatArray


class RelativeStrength(NamedTuple):
    """What `relative_strength` returns for arrays, each of shape (n_bars,)."""

    ratio: FloatArray
    above_average: FloatArray
    new_high: FloatArray


@overload
def market_structure(bars: pd.DataFrame, window: int = 30, *, left: int = 2, right: int = 2) -> pd.DataFrame: ...
@overload
def market_structure(bars: PriceArrays, window: int = 30, *, left: int = 2, right: int = 2) -> MarketStructure: ...
def market_structure(bars: Any, window: int = 30, *, left: int = 2, right: int = 2) -> Any:
    """Count higher and lower swings over the last bars, and report when the last swing is broken.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 30
        Bars in which both swings of a step must lie, the current one included.
    left, right : int, default 2
        Bars that confirm a swing, as in `swing_points`: a step counts from the
        bar on that confirms its second swing.

    Returns
    -------
    columns of a DataFrame for a DataFrame, arrays for `Bars`
        `higher_highs`, `lower_highs`: swing highs above and below the swing high
        before them; `higher_lows`, `lower_lows` likewise; equal ones count as
        neither. `state` is 1 where higher highs and higher lows together
        outnumber lower ones and are at least 3, -1 in the opposite case, else 0.
        `break_of_structure` is 1 at the first close above the latest swing high,
        -1 at the first close below the latest swing low (of the whole past, once
        a swing), else 0. NaN in the first ``window - 1`` rows.

    Raises
    ------
    ConfigError
        If `window`, `left` or `right` is no whole number >= 1.
    DataError
        If `bars` has no high, low and close.

    Examples
    --------
    >>> import pandas as pd
    >>> close = pd.Series([2.0, 4.0, 3.0, 6.0, 5.0, 8.0, 7.0, 9.0])
    >>> bars = pd.DataFrame({"high": close, "low": close, "close": close})
    >>> structure = market_structure(bars, window=8, left=1, right=1)
    >>> structure[["higher_highs", "higher_lows", "state"]].iloc[-1].tolist()
    [2.0, 2.0, 1.0]
    """
    from investiq.indicators.swing_kernels import breaks_of_structure, confirmed_extremes, steps_between

    window, left, right = whole_window(window), whole_window(left, "left"), whole_window(right, "right")

    def structure(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        peaks = confirmed_extremes(high, 1.0, left, right)
        troughs = confirmed_extremes(low, -1.0, left, right)
        higher_highs, lower_highs = steps_between(high, peaks, window)
        higher_lows, lower_lows = steps_between(low, troughs, window)
        rising, falling = higher_highs + higher_lows, lower_highs + lower_lows
        state = np.where(np.maximum(rising, falling) >= LEAST_STEPS, np.sign(rising - falling), 0)
        breaks = breaks_of_structure(close, high, low, peaks, troughs)
        columns = (higher_highs, lower_highs, higher_lows, lower_lows, state, breaks)
        return tuple(_from_row(window - 1, values.astype(np.float64)) for values in columns)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(structure, *prices), MarketStructure)


@overload
def relative_strength(
    close: pd.Series[float], benchmark: pd.Series[float], window: int = 252, *, average: int = 20
) -> pd.DataFrame: ...
@overload
def relative_strength(
    close: FloatArray, benchmark: FloatArray, window: int = 252, *, average: int = 20
) -> RelativeStrength: ...
def relative_strength(close: Any, benchmark: Any, window: int = 252, *, average: int = 20) -> Any:
    """Return the ratio of a price to its benchmark, whether it is above its average, and its new highs.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,), or (n_symbols, n_bars)
        Adjusted prices.
    benchmark : Series, or ndarray of shape (n_bars,)
        Adjusted prices of the benchmark. A Series is joined on the labels of
        `close`, never on position; an array must be aligned already.
    window : int, default 252
        Bars over which a high of the ratio is new, the current one included.
    average : int, default 20
        Bars of the simple average of the ratio.

    Returns
    -------
    ratio, above_average, new_high : columns of a DataFrame for a Series, arrays for an array
        `ratio` is ``close / benchmark``, a number whose level means nothing.
        `above_average` is 1 where it lies above its average, else 0, and NaN in
        the first ``average - 1`` rows; `new_high` is 1 where it is above the
        ``window - 1`` ratios before it, else 0, and NaN in the first
        ``window - 1`` rows. A row without both prices is left out and is NaN itself.

    Raises
    ------
    ConfigError
        If `window` or `average` is no whole number >= 2.
    DataError
        If an input is no column, the labels of the two have no common one, or
        arrays differ in length.

    Examples
    --------
    >>> import pandas as pd
    >>> share = pd.Series([10.0, 12.0, 15.0], index=["mon", "tue", "wed"])
    >>> market = pd.Series([3.0, 2.0, 2.0], index=["wed", "tue", "mon"])
    >>> relative_strength(share, market, window=2, average=2)["ratio"].tolist()
    [5.0, 6.0, 5.0]
    """
    from investiq.indicators import windows

    window, average = whole_window(window, minimum=2), whole_window(average, "average", minimum=2)
    prices, base = column(close), _on_labels(close, benchmark)

    def strength(price: FloatArray, market: FloatArray) -> tuple[FloatArray, ...]:
        ratio = price / market
        is_above = _exceeds(ratio, windows.rolling_mean(ratio, average))
        before = np.r_[np.full(1, np.nan), rolling_max(ratio, window - 1)[:-1]] if ratio.size else ratio
        is_new = _exceeds(ratio, before)
        return ratio, _from_row(average - 1, is_above), _from_row(window - 1, is_new)

    return like_frame(close, over_observations(strength, prices, base), RelativeStrength)


def _exceeds(ratio: FloatArray, level: FloatArray) -> FloatArray:
    """Return 1 where `ratio` lies above `level` by more than the rounding of a quotient."""
    return (ratio > level * (1 + ROUNDING)).astype(np.float64)


def _from_row(first: int, values: FloatArray) -> FloatArray:
    """Return `values` with NaN in the rows before `first`."""
    values[:first] = np.nan
    return values


def _on_labels(close: Any, benchmark: Any) -> FloatArray:
    """Return the benchmark at the labels of `close`, NaN where it has none."""
    import pandas as pd

    wanted, labels, values = labels_of(close), labels_of(benchmark), picked(benchmark, "close")
    if wanted is None or labels is None:
        values, prices = column(values, "benchmark"), picked(close, "close")
        if values.shape[-1:] != np.shape(prices)[-1:] or values.ndim > np.ndim(prices):
            raise DataError(
                f"benchmark has shape {values.shape}, close {np.shape(prices)}; align them by date first, or pass two Series"
            )
        return np.ascontiguousarray(np.broadcast_to(values, np.shape(prices)))
    if labels.has_duplicates:
        raise DataError("benchmark has labels that occur twice; keep one row for each")
    if not wanted.isin(labels).any() and len(wanted):
        raise DataError(
            f"close and benchmark have no label in common: {wanted[0]} to {wanted[-1]} and "
            f"{f'{labels[0]} to {labels[-1]}' if len(labels) else 'nothing'}; load the same period, in one zone"
        )
    if np.ndim(values) == 2:
        column(values, "benchmark")
    joined = column(pd.Series(values, index=labels).reindex(wanted), "benchmark")
    return np.ascontiguousarray(np.broadcast_to(joined, np.shape(picked(close, "close"))))
