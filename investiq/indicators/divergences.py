"""Divergences: the price goes beyond its last swing, an oscillator does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np

from investiq.core.errors import DataError
from investiq.indicators.momentum import macd, rsi
from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    column,
    like_frame,
    over_observations,
    price_columns,
    whole_window,
)
from investiq.indicators.sources import labels_of
from investiq.indicators.swings import ages, at_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["divergence", "macd_divergence", "rsi_divergence"]

# Lower (higher) bars on each side that confirm a swing, of the price and of the oscillator.
CONFIRMATION: Final = 2
# How far the swings of price and oscillator may lie apart and still be one event, and how far two events
# may: closer ones are one swing, more distant ones have nothing to do with each other. Chosen, not fitted.
WITHIN: Final = 3
NEAREST: Final = 5
FARTHEST: Final = 60
# Of an index from 0 to 100.
DECIMALS: Final = 9
# Of a price, for what is computed from it and in its unit.
DIGITS: Final = 11


class Divergence(NamedTuple):
    """What `divergence` and its relatives return for arrays, each of shape (n_bars,)."""

    bullish: FloatArray
    bearish: FloatArray
    bullish_price_first: FloatArray
    bullish_price_second: FloatArray
    bullish_oscillator_first: FloatArray
    bullish_oscillator_second: FloatArray
    bullish_age_first: FloatArray
    bullish_age_second: FloatArray
    bearish_price_first: FloatArray
    bearish_price_second: FloatArray
    bearish_oscillator_first: FloatArray
    bearish_oscillator_second: FloatArray
    bearish_age_first: FloatArray
    bearish_age_second: FloatArray


@overload
def divergence(close: pd.Series[float], oscillator: pd.Series[float], window: int = 65) -> pd.DataFrame: ...
@overload
def divergence(close: FloatArray, oscillator: FloatArray, window: int = 65) -> Divergence: ...
def divergence(close: Any, oscillator: Any, window: int = 65) -> Any:
    """Report where the price makes a higher peak and the oscillator a lower one, or troughs the other way round.

    Bearish: of two peaks of the price 5 to 60 bars apart the second is higher,
    and of the peaks of the oscillator that belong to them the second is lower.
    Bullish: two troughs, the second lower in the price and higher in the
    oscillator. A peak is above the two values on either side of it; peaks of the
    two series belong together if they are at most 3 bars apart.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices.
    oscillator : Series or ndarray of shape (n_bars,)
        Of the same rows. A row without both is left out and is NaN itself, so
        the first rows of an oscillator count for nothing.
    window : int, default 65
        Bars in which both peaks must lie, the current one included.

    Returns
    -------
    columns of a DataFrame for a Series, arrays for an array
        `bullish`, `bearish`: 1 at the bar that confirms the second swing in both
        series (2 bars after the later one of the two), else 0; NaN in the first
        9 rows, where none is possible. At bars with a 1, and NaN elsewhere, the
        values of the first and the second swing in price and oscillator
        (``bearish_price_first``, ...) and the bars since the swings of the price
        (``bearish_age_first``, ...).

    Raises
    ------
    ConfigError
        If `window` is no whole number >= 1.
    DataError
        If an input is no column, or they differ in length or index.

    Notes
    -----
    A swing of the price belongs to the first swing of the oscillator near it that
    is confirmed, the later one where two are at once; a better match that comes
    afterwards is not waited for. The first swing of a pair is the latest that
    lies 5 bars or more before the second.

    Examples
    --------
    >>> close = np.array([1.0, 2, 5, 2, 1, 2, 3, 6, 3, 2])
    >>> strength = np.array([1.0, 2, 9, 2, 1, 2, 3, 7, 3, 2])
    >>> found = divergence(close, strength)
    >>> found.bearish[-1], found.bearish_age_first[-1], found.bearish_age_second[-1]
    (np.float64(1.0), np.float64(7.0), np.float64(2.0))
    """
    window = whole_window(window)
    prices, values = column(close), column(oscillator, "oscillator")
    if prices.shape != values.shape:
        raise DataError(f"close has shape {prices.shape}, oscillator {values.shape}; pass two columns of the same rows")
    labels, others = labels_of(close), labels_of(oscillator)
    if labels is not None and others is not None and not labels.equals(others):
        raise DataError("close and oscillator must have the same index; compute the oscillator from the same bars")

    def diverging(prices: FloatArray, values: FloatArray) -> tuple[FloatArray, ...]:
        return _diverging(prices, prices, values, window)

    return like_frame(close, over_observations(diverging, prices, values), Divergence)


@overload
def rsi_divergence(bars: pd.DataFrame, window: int = 65, *, rsi_window: int = 14) -> pd.DataFrame: ...
@overload
def rsi_divergence(bars: PriceArrays, window: int = 65, *, rsi_window: int = 14) -> Divergence: ...
def rsi_divergence(bars: Any, window: int = 65, *, rsi_window: int = 14) -> Any:
    """Report divergences of the price from Wilder's relative strength index.

    As `divergence`, with peaks of the highs and troughs of the lows.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 65
        Bars in which both swings must lie, the current one included.
    rsi_window : int, default 14

    Returns
    -------
    columns of a DataFrame for a DataFrame, arrays for `Bars`
        As `divergence`; NaN in the first ``rsi_window + 9`` rows.

    Raises
    ------
    ConfigError
        If `window` or `rsi_window` is out of range.
    DataError
        If `bars` has no high, low and close.

    Examples
    --------
    >>> import investiq as iq
    >>> found = rsi_divergence(iq.load_bars("^GSPC").adjusted())
    >>> float(np.nansum(found.bearish)) > float(np.nansum(found.bullish)) > 0
    True
    """
    window = whole_window(window)
    whole_window(rsi_window, "rsi_window", minimum=2)
    # A close that does not move leaves the index as it was but for the last digits, which must not make a peak.
    return _of_bars(bars, lambda close: np.round(rsi(close, rsi_window), DECIMALS), window)


@overload
def macd_divergence(
    bars: pd.DataFrame, window: int = 65, *, fast: int = 12, slow: int = 26, signal: int = 9
) -> pd.DataFrame: ...
@overload
def macd_divergence(
    bars: PriceArrays, window: int = 65, *, fast: int = 12, slow: int = 26, signal: int = 9
) -> Divergence: ...
def macd_divergence(bars: Any, window: int = 65, *, fast: int = 12, slow: int = 26, signal: int = 9) -> Any:
    """Report divergences of the price from the histogram of the MACD.

    As `divergence`, with peaks of the highs and troughs of the lows.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    window : int, default 65
        Bars in which both swings must lie, the current one included.
    fast, slow, signal : int, default 12, 26, 9
        Spans of `macd`.

    Returns
    -------
    columns of a DataFrame for a DataFrame, arrays for `Bars`
        As `divergence`; NaN in the first ``slow + signal + 7`` rows.

    Raises
    ------
    ConfigError
        If `window` or a span is out of range.
    DataError
        If `bars` has no high, low and close.
    """
    window = whole_window(window)
    macd(np.empty(0), fast, slow, signal)  # refuses the spans before the bars are read
    return _of_bars(bars, lambda close: _to_digits(macd(close, fast, slow, signal).histogram, close), window)


def _to_digits(values: Any, close: FloatArray) -> FloatArray:
    """Round `values` at the last digit that the close of the same row gives them: a price without a turn has none."""
    with np.errstate(divide="ignore"):
        places = DIGITS - np.ceil(np.log10(np.abs(close)))
    scale = np.where(np.isfinite(places), 10.0**places, 1.0)
    return np.asarray(np.round(values * scale) / scale)


def _of_bars(bars: Any, oscillate: Any, window: int) -> Any:
    def diverging(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
        def after_the_start(high: FloatArray, low: FloatArray, values: FloatArray) -> tuple[FloatArray, ...]:
            return _diverging(high, low, values, window)

        return over_observations(after_the_start, high, low, oscillate(close))

    prices = price_columns(bars)
    return like_frame(bars.close, over_observations(diverging, *prices), Divergence)


def _diverging(high: FloatArray, low: FloatArray, values: FloatArray, window: int) -> tuple[FloatArray, ...]:
    from investiq.indicators.swing_kernels import confirmed_extremes, divergent_pairs

    events, details = [], []
    for prices, sign in ((low, -1.0), (high, 1.0)):
        swings = confirmed_extremes(prices, sign, CONFIRMATION, CONFIRMATION)
        turns = confirmed_extremes(values, sign, CONFIRMATION, CONFIRMATION)
        rows = divergent_pairs(prices, values, swings, turns, sign, WITHIN, NEAREST, FARTHEST, window)
        event = (rows[0] >= 0).astype(np.float64)
        event[: 2 * CONFIRMATION + NEAREST] = np.nan
        events.append(event)
        details += [at_rows(prices, rows[0]), at_rows(prices, rows[1])]
        details += [at_rows(values, rows[2]), at_rows(values, rows[3])]
        details += [ages(rows[0]), ages(rows[1])]
    return *events, *details
