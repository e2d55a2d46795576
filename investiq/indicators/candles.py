"""Candlestick patterns: shapes of one to three bars, as descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.indicators.observations import (
    ROUNDING,
    FloatArray,
    PriceArrays,
    bar_columns,
    like_frame,
    over_observations,
    rolling_moments,
    whole_window,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["candle_patterns"]

BoolArray = NDArray[np.bool_]

# Share of the range below which a body is none (doji), or small (hammer and its kin).
DOJI_BODY: Final = 0.1
SMALL_BODY: Final = 0.3
# The long shadow of a hammer lies above so many bodies and counts up to so many; the other lies below so many.
LONG_SHADOW: Final = 2.0
LONGEST_SHADOW: Final = 5.0
SHORT_SHADOW: Final = 0.5
# An engulfing body counts up to so many times the one it engulfs.
LARGEST_ENGULFING: Final = 2.0
# The middle body of a star is smaller than this share of the first.
STAR_BODY: Final = 0.3
DOJI_STRENGTH: Final = 0.5
THREE_BAR_STRENGTH: Final = 0.8


class CandlePatterns(NamedTuple):
    """What `candle_patterns` returns for arrays, each of shape (n_bars,)."""

    doji: FloatArray
    hammer: FloatArray
    hanging_man: FloatArray
    inverted_hammer: FloatArray
    shooting_star: FloatArray
    engulfing: FloatArray
    piercing: FloatArray
    dark_cloud: FloatArray
    morning_star: FloatArray
    evening_star: FloatArray
    three_white_soldiers: FloatArray
    three_black_crows: FloatArray


# TA-Lib's name and the bars before the first that it judges, in the order of `CandlePatterns`.
TALIB_PATTERNS: Final = (
    ("CDLDOJI", 10),
    ("CDLHAMMER", 11),
    ("CDLHANGINGMAN", 11),
    ("CDLINVERTEDHAMMER", 11),
    ("CDLSHOOTINGSTAR", 11),
    ("CDLENGULFING", 2),
    ("CDLPIERCING", 11),
    ("CDLDARKCLOUDCOVER", 11),
    ("CDLMORNINGSTAR", 12),
    ("CDLEVENINGSTAR", 12),
    ("CDL3WHITESOLDIERS", 12),
    ("CDL3BLACKCROWS", 13),
)


class CandleArrays(PriceArrays, Protocol):
    """Open, high, low and close as arrays, as `Bars` and `Panel` have them."""

    @property
    def open(self) -> FloatArray: ...


class Candles(NamedTuple):
    """Opens and closes of consecutive bars and what follows from them, each of shape (n_bars,)."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray

    @property
    def side(self) -> FloatArray:
        """1.0 for a white body, -1.0 for a black one, 0.0 without a body."""
        return np.sign(self.close - self.open)

    @property
    def body(self) -> FloatArray:
        return np.abs(self.close - self.open)

    @property
    def bottom(self) -> FloatArray:
        return np.minimum(self.open, self.close)

    @property
    def top(self) -> FloatArray:
        return np.maximum(self.open, self.close)

    def before(self, bars: int) -> Candles:
        """Return the candles that stood `bars` bars earlier, NaN where there was none."""
        return Candles(*(np.append(np.full(bars, np.nan), each)[: each.size] for each in self))


@overload
def candle_patterns(
    bars: pd.DataFrame, trend_window: int = 10, *, definition: Literal["investiq", "talib"] = "investiq"
) -> pd.DataFrame: ...
@overload
def candle_patterns(
    bars: CandleArrays, trend_window: int = 10, *, definition: Literal["investiq", "talib"] = "investiq"
) -> CandlePatterns: ...
def candle_patterns(bars: Any, trend_window: int = 10, *, definition: Literal["investiq", "talib"] = "investiq") -> Any:
    """Return how strongly each candlestick pattern shows at each bar, from -1 (bearish) to 1 (bullish).

    With body = abs(close - open), range = high - low, and shadows from the body to
    high and low; white closes above its open, black below:

    ======================  ==========================================================  ====================
    column                  shape                                                       strength
    ======================  ==========================================================  ====================
    doji                    body < 0.1 range                                            0.5, of neither side
    hammer                  body < 0.3 range, lower shadow > 2 bodies,                  min(lower / body, 5) / 5
                            upper < 0.5 body, after a fall
    hanging_man             the same shape after a rise                                 the same, negative
    inverted_hammer         its mirror (upper shadow long) after a fall                 min(upper / body, 5) / 5
    shooting_star           its mirror after a rise                                     the same, negative
    engulfing               body holds the opposite body before it and is larger        +-min(ratio of bodies, 2) / 2
    piercing                black; then open below its low, close above the middle      share of the black body
                            of its body and below its open                              won back
    dark_cloud              the mirror of piercing                                      the same, negative
    morning_star            black; a body < 0.3 of it; white, closing above the         0.8
                            middle of the first body
    evening_star            its mirror                                                  -0.8
    three_white_soldiers    three white, closes rising, each open inside the body       0.8
                            before
    three_black_crows       its mirror                                                  -0.8
    ======================  ==========================================================  ====================

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with open, high, low and close
        Adjusted. A row with a missing price is left out and is NaN itself.
    trend_window : int, default 10
        The trend before a hammer and its three kin: whether the close before the
        bar lies below (a fall) or above (a rise) the mean of the `trend_window`
        closes that end with it; at least 2. TA-Lib looks at no trend.
    definition : {"investiq", "talib"}, default "investiq"
        ``"talib"``: what TA-Lib's functions of these names say, divided by 100.

    Returns
    -------
    doji, hammer, ... : columns of a DataFrame for a DataFrame, arrays for `Bars`
        0 where the pattern is not there, NaN where too few bars are known to say
        so. `doji` is a mark without a side: never negative, never to be added to
        the others. A bar without a range has no shape and is no pattern at all.

    Raises
    ------
    ConfigError
        If `trend_window` is no whole number >= 2, or `definition` is neither word.
    DataError
        If `bars` lacks a column.

    Notes
    -----
    TA-Lib judges "long" and "short" against the bars before, not within the bar;
    wants gaps between the bodies of a star and near-equal steps of soldiers and
    crows; and says 80 of 100 for a body that engulfs with one edge shared. A
    pattern describes a bar: Marshall, Young and Rose [1]_ found no profit in rules
    made of them.

    References
    ----------
    .. [1] Marshall, B. R., Young, M. R. and Rose, L. C. (2006). "Candlestick
       technical trading strategies: can they create value for investors?" Journal
       of Banking & Finance 30(8), 2303-2323.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"open": [11.0, 9.0], "high": [12.0, 12.0], "low": [9.0, 8.0], "close": [10.0, 11.5]})
    >>> candle_patterns(bars)[["doji", "engulfing"]].to_numpy().tolist()
    [[0.0, nan], [0.0, 1.0]]
    """
    trend_window = whole_window(trend_window, "trend_window", minimum=2)
    if definition not in ("investiq", "talib"):
        raise ConfigError(f"definition must be 'investiq' or 'talib', was {definition!r}")

    def patterns(*prices: FloatArray) -> tuple[FloatArray, ...]:
        if definition == "talib":
            return _by_talib(*prices)
        candles = Candles(*prices)
        return (*_of_one_bar(candles, trend_window), *_of_two_bars(candles), *_of_three_bars(candles))

    columns = bar_columns(bars, ("open", "high", "low", "close"))
    return like_frame(bars.close, over_observations(patterns, *columns), CandlePatterns)


def _of_one_bar(bar: Candles, trend_window: int) -> tuple[FloatArray, ...]:
    spread, body = bar.high - bar.low, bar.body
    upper, lower = bar.high - bar.top, bar.bottom - bar.low
    # With no body there is no shadow below half a body, so that nothing is divided by 0.
    is_small = body < SMALL_BODY * spread
    hangs = is_small & (lower > LONG_SHADOW * body) & (upper < SHORT_SHADOW * body)
    stands = is_small & (upper > LONG_SHADOW * body) & (lower < SHORT_SHADOW * body)
    trend = _trend_before(bar.close, trend_window)

    def shown(shape: BoolArray, shadow: FloatArray, side: float) -> FloatArray:
        here = shape & (trend == -side)
        strength = np.divide(shadow, body, out=np.zeros(body.size), where=here)
        values = side * np.minimum(strength, LONGEST_SHADOW) / LONGEST_SHADOW
        return np.where(np.isnan(trend), np.nan, values + 0.0)

    doji = np.where(body < DOJI_BODY * spread, DOJI_STRENGTH, 0.0)
    return doji, shown(hangs, lower, 1), shown(hangs, lower, -1), shown(stands, upper, 1), shown(stands, upper, -1)


def _trend_before(close: FloatArray, window: int) -> FloatArray:
    """Return the side of the last close on the mean of its window, one bar later: -1 fall, 1 rise, NaN unknown."""
    mean, _ = rolling_moments(close, window)
    distance = close - mean
    side = np.where(np.abs(distance) > ROUNDING * np.abs(mean), np.sign(distance), 0.0)
    side[np.isnan(mean)] = np.nan
    return np.append(np.nan, side)[: close.size]


def _of_two_bars(bar: Candles) -> tuple[FloatArray, ...]:
    first = bar.before(1)
    body, middle = first.body, (first.open + first.close) / 2
    engulfs = (bar.side * first.side == -1) & (bar.bottom <= first.bottom) & (bar.top >= first.top) & (bar.body > body)
    pierces = (first.side < 0) & (bar.open < first.low) & (bar.close > middle) & (bar.close < first.open)
    clouds = (first.side > 0) & (bar.open > first.high) & (bar.close < middle) & (bar.close > first.open)

    def share(of: FloatArray, where: BoolArray) -> FloatArray:
        return np.divide(of, body, out=np.zeros(body.size), where=where)

    ratio = np.minimum(share(bar.body, engulfs), LARGEST_ENGULFING) / LARGEST_ENGULFING
    won_back = share(bar.close - first.close, pierces)
    lost = share(bar.close - first.close, clouds)
    return _known_from(1, bar.side * ratio + 0.0, won_back, lost)


def _of_three_bars(bar: Candles) -> tuple[FloatArray, ...]:
    first, second = bar.before(2), bar.before(1)
    is_star = second.body < STAR_BODY * first.body
    middle = (first.open + first.close) / 2

    def star(side: int) -> FloatArray:
        turns = (first.side == -side) & (bar.side == side) & (side * bar.close > side * middle)
        return np.where(is_star & turns, side * THREE_BAR_STRENGTH, 0.0)

    def march(side: int) -> FloatArray:
        same = (first.side == side) & (second.side == side) & (bar.side == side)
        onward = (side * second.close > side * first.close) & (side * bar.close > side * second.close)
        inside = _opens_inside(second, first) & _opens_inside(bar, second)
        return np.where(same & onward & inside, side * THREE_BAR_STRENGTH, 0.0)

    return _known_from(2, star(1), star(-1), march(1), march(-1))


def _opens_inside(bar: Candles, before: Candles) -> BoolArray:
    inside: BoolArray = (bar.open >= before.bottom) & (bar.open <= before.top)
    return inside


def _known_from(row: int, *columns: FloatArray) -> tuple[FloatArray, ...]:
    for values in columns:
        values[:row] = np.nan
    return columns


def _by_talib(*prices: FloatArray) -> tuple[FloatArray, ...]:
    import talib

    columns = []
    for name, unknown in TALIB_PATTERNS:
        values = getattr(talib, name)(*prices) / 100.0
        values[:unknown] = np.nan
        columns.append(values)
    return tuple(columns)
