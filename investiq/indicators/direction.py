"""Direction: Wilder's directional movement and the line fitted to the last prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from investiq.indicators.observations import (
    ROUNDING,
    FloatArray,
    PriceArrays,
    choice,
    column,
    kernels,
    like_frame,
    over_observations,
    price_columns,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["adx", "linear_trend"]

AdxStart = Literal["wilder", "talib"]


class DirectionalMovement(NamedTuple):
    """What `adx` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    adx: FloatArray
    plus_di: FloatArray
    minus_di: FloatArray


class LinearTrend(NamedTuple):
    """What `linear_trend` returns for arrays, each of shape (n_bars,) or (n_symbols, n_bars)."""

    slope: FloatArray
    r2: FloatArray


@overload
def adx(bars: pd.DataFrame, window: int = 14, *, start: AdxStart = "wilder") -> pd.DataFrame: ...
@overload
def adx(bars: PriceArrays, window: int = 14, *, start: AdxStart = "wilder") -> DirectionalMovement: ...
def adx(bars: Any, window: int = 14, *, start: AdxStart = "wilder") -> Any:
    """Return Wilder's average directional index with +DI and -DI.

    +DM is the rise of the high, -DM the fall of the low, the larger one only and
    only if positive. Sums of +DM, -DM and true range follow
    ``sum += newest - sum / window``; DI is 100 x sum of DM / sum of true range, DX is
    100 x abs(+DI - -DI) / (+DI + -DI), and ADX its Wilder average, which starts with
    the mean of the first `window` DX [1]_.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 14
        Bars of Wilder's smoothing (weight of the newest ``1 / window``); at least 2.
    start : {"wilder", "talib"}, default "wilder"
        The sums at row `window`, the first ones shown. ``"wilder"``: of the first
        `window` movements, as on his worksheet. ``"talib"``: of the first
        ``window - 1``, to which the next is joined by the smoothing, as in TA-Lib.
        The difference fades by ``1 - 1 / window`` a bar; from about row
        ``10 * window`` on it is below a hundredth of a point.

    Returns
    -------
    adx, plus_di, minus_di : columns of a DataFrame for a DataFrame, arrays for `Bars` and `Panel`
        Each in [0, 100], and 0 where nothing has moved. The DI start at row
        `window`, ADX at row ``2 * window - 1``.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2, or `start` is unknown.
    DataError
        If `bars` has no high, low and close.

    References
    ----------
    .. [1] Wilder, J. W. (1978). New Concepts in Technical Trading Systems.

    Examples
    --------
    A rise of 2 a bar within ranges of 2: +DM is 2 of a true range of 3.

    >>> import pandas as pd
    >>> middle = pd.Series(range(10, 90, 2), dtype=float)
    >>> adx(pd.DataFrame({"high": middle + 1, "low": middle - 1, "close": middle})).iloc[-1].round(2).to_dict()
    {'adx': 100.0, 'plus_di': 66.67, 'minus_di': 0.0}
    """
    window = whole_window(window, minimum=2)
    choice(start, "start", ("wilder", "talib"))
    movements = window if start == "wilder" else window - 1

    def movement(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        return tuple(kernels().recursions.directional(high, low, close, window, movements))

    def rows(results: tuple[FloatArray, ...], first: int, *prices: FloatArray) -> None:
        kernels().panels.directional_rows(results, first, *prices, window, movements)

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(movement, *prices, rows=rows), DirectionalMovement)


@overload
def linear_trend(close: pd.Series[float], window: int = 20) -> pd.DataFrame: ...
@overload
def linear_trend(close: FloatArray, window: int = 20) -> LinearTrend: ...
def linear_trend(close: Any, window: int = 20) -> Any:
    """Return slope and R2 of the least-squares line through the last `window` prices.

    Parameters
    ----------
    close : Series, or ndarray of shape (n_bars,) or (n_symbols, n_bars)
        Adjusted prices, or any series. A missing row is left out and is NaN itself.
    window : int, default 20
        Bars in the fit, the current one included; at least 2.

    Returns
    -------
    slope, r2 : columns of a DataFrame for a Series, arrays for an array
        `slope` in the unit of `close` per bar; `r2` is the share of variance that
        the line explains, in [0, 1], and 0 where the prices do not move.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `close` is not one column.

    Examples
    --------
    >>> import numpy as np
    >>> linear_trend(np.array([1.0, 3.0, 5.0, 7.0]), window=3).slope
    array([nan, nan,  2.,  2.])
    """
    window = whole_window(window, minimum=2)

    def fit(prices: FloatArray) -> tuple[FloatArray, ...]:
        return tuple(kernels().ranges.fitted_line(prices, window, ROUNDING))

    return like_frame(close, over_observations(fit, column(close)), LinearTrend)
