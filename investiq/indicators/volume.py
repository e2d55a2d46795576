"""Volume: on balance, against its own mean, and how unusual it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.observations import (
    FloatArray,
    SeriesOrArray,
    bar_columns,
    column,
    kernels,
    like_series,
    over_observations,
    rolling_moments,
    whole_window,
)
from investiq.indicators.traded import TradedArrays, ratio_or_nan, rolling_sum

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["obv", "volume_ratio", "volume_zscore"]


@overload
def obv(bars: pd.DataFrame, start: Literal["zero", "talib"] = "zero") -> pd.Series[float]: ...
@overload
def obv(bars: TradedArrays, start: Literal["zero", "talib"] = "zero") -> FloatArray: ...
def obv(bars: Any, start: Literal["zero", "talib"] = "zero") -> Any:
    """Return on-balance volume: the running sum of volume, signed by the move of the close [1]_.

    A bar that closes above the bar before it adds its volume, one that closes
    below takes it away, an unchanged close adds nothing.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with close and volume
        Adjusted. A row with a missing close or volume is left out and is NaN
        itself: the next close is compared with the last one that has a volume.
    start : {"zero", "talib"}, default "zero"
        Value of the first bar, which has no close before it: 0, or its whole
        volume as in TA-Lib. It shifts every later value alike.

    Returns
    -------
    Series for a DataFrame, ndarray for `Bars`, shape (n_bars,)
        Shares, from the first bar on. The level depends on where the bars begin;
        only its changes mean something.

    Raises
    ------
    ConfigError
        If `start` is neither word.
    DataError
        If `bars` has no close and volume.

    References
    ----------
    .. [1] Granville, J. E. (1963). New Key to Stock Market Profits.

    Examples
    --------
    >>> import pandas as pd
    >>> obv(pd.DataFrame({"close": [10.0, 11.0, 11.0, 9.0], "volume": [100.0, 30.0, 20.0, 50.0]})).to_list()
    [0.0, 30.0, 30.0, -20.0]
    """
    if start not in ("zero", "talib"):
        raise ConfigError(f"start must be 'zero' or 'talib', was {start!r}")

    def balance(close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        first = volume[0] if start == "talib" and volume.size else 0.0
        return (kernels().recursions.signed_sum(close, volume, float(first)),)

    def rows(results: tuple[FloatArray, ...], first: int, *columns: FloatArray) -> None:
        kernels().panels.sum_rows(results, first, *columns, start == "talib")

    (values,) = over_observations(balance, *bar_columns(bars, ("close", "volume")), rows=rows)
    return like_series(bars.close, values, "obv")


def volume_ratio(volume: SeriesOrArray, window: int = 20) -> SeriesOrArray:
    """Return volume over its own mean of the last `window` bars.

    Parameters
    ----------
    volume : Series or ndarray of shape (n_bars,)
        Shares, adjusted for splits. A missing row is left out and is NaN itself.
    window : int, default 20
        Bars in the mean, the current one included; at least 1.

    Returns
    -------
    Series or ndarray of shape (n_bars,)
        1.0 is an average day, `window` the most there can be. NaN in the first
        ``window - 1`` rows, and where the window traded nothing.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If `volume` is not one column.

    Examples
    --------
    >>> volume_ratio(np.array([10.0, 30.0, 10.0]), window=2)
    array([nan, 1.5, 0.5])
    """
    window = whole_window(window)

    traded = column(volume, "volume")

    def ratio(volume: FloatArray) -> tuple[FloatArray, ...]:
        return (ratio_or_nan(volume, rolling_sum(volume, window) / window),)

    (values,) = over_observations(ratio, traded)
    return like_series(volume, values, f"volume_ratio_{window}")  # type: ignore[no-any-return]  # a Series for a Series


def volume_zscore(volume: SeriesOrArray, window: int = 60) -> SeriesOrArray:
    """Return how unusual a bar's volume is: its logarithm against the `window` bars before it.

    ``(log volume - mean) / deviation``, mean and sample deviation (ddof 1) of the
    logarithms of the bars before. Volume is skewed to the right, so that in plain
    shares every other busy day would lie two deviations out. The current bar stays
    out of its own yardstick: within it, no spike could ever pass
    ``(window - 1) / sqrt(window)``.

    Parameters
    ----------
    volume : Series or ndarray of shape (n_bars,)
        Shares, adjusted for splits. A row that is missing or 0, which has no
        logarithm, is left out and is NaN itself.
    window : int, default 60
        Bars before the current one; at least 2.

    Returns
    -------
    Series or ndarray of shape (n_bars,)
        Deviations, first value at row `window`. NaN where the bars before all
        traded the same.

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 2.
    DataError
        If `volume` is not one column.

    Examples
    --------
    >>> volume_zscore(np.exp([1.0, 3.0, 2.0 + 2 * 2**0.5]), window=2).round(6)
    array([nan, nan,  2.])
    """
    window = whole_window(window, minimum=2)

    def zscore(volume: FloatArray) -> tuple[FloatArray, ...]:
        logarithm = np.log(volume)
        mean, deviation = rolling_moments(logarithm, window)
        values = np.full(volume.size, np.nan)
        sample_deviation = deviation[:-1] * np.sqrt(window / (window - 1))
        values[1:] = ratio_or_nan(logarithm[1:] - mean[:-1], sample_deviation)
        return (values,)

    traded = column(volume, "volume")
    (values,) = over_observations(zscore, np.where(traded > 0, traded, np.nan))
    return like_series(volume, values, f"volume_zscore_{window}")  # type: ignore[no-any-return]  # a Series for a Series
