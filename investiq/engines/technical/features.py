"""The causal table of the technical engine: one row per bar, from adjusted prices.

Computed on total-adjusted prices, so that splits and dividends are no moves. What
is published in money (`MONEY`) is divided by its row's factor, and stands beside
the price as traded on that day; everything else is free of scale.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import causal_table
from investiq.engines.scoring import percentile_rank
from investiq.history.history import History
from investiq.indicators.bands import bollinger
from investiq.indicators.direction import adx, linear_trend
from investiq.indicators.momentum import macd, rsi
from investiq.indicators.oscillators import stochastic
from investiq.indicators.trend import ema, sma
from investiq.indicators.volatility import atr

__all__ = ["FEATURES", "MONEY", "technical_features"]

FloatArray = NDArray[np.float64]

# Price levels: in the currency of the bars, as traded on their row's day.
MONEY: Final = (
    "close",
    "sma_20",
    "sma_50",
    "sma_200",
    "ema_12",
    "ema_26",
    "macd",
    "macd_signal",
    "macd_histogram",
    "bb_lower",
    "bb_upper",
    "atr_14",
)
# Every feature with the unit in which it is shown.
FEATURES: Final[dict[str, Unit]] = {
    **dict.fromkeys(MONEY, "price"),
    "sma_20_50_cross": "",
    "sma_50_200_cross": "",
    "macd_cross": "",
    "rsi": "score",
    "rsi_percentile": "fraction",
    "bb_width": "fraction",
    "bb_percent_b": "ratio",
    "stochastic_k": "score",
    "stochastic_d": "score",
    "stochastic_percentile": "fraction",
    "stochastic_cross": "",
    "atr_ratio": "ratio",
    "atr_ratio_percentile": "fraction",
    "adx": "score",
    "adx_percentile": "fraction",
    "plus_di": "score",
    "minus_di": "score",
    "trend": "",
    "trend_slope": "ratio",
    "trend_r2": "ratio",
}

TREND_WINDOW: Final = 20
# A line counts as a trend when it climbs a tenth of a bar's range per bar and explains 30 % of the variance.
TREND_SLOPE: Final = 0.1
TREND_R2: Final = 0.3
# Differences below this share of a price are rounding: a flat price does not cross its own averages.
ROUNDING: Final = 1e-9


def technical_features(history: History) -> pd.DataFrame:
    """Return the features of the main symbol's bars.

    Parameters
    ----------
    history : History
        Only the main symbol's bars are read.

    Returns
    -------
    DataFrame of shape (n_bars, 2 + len(FEATURES))
        Index `ts`; `known_at`, `n_obs` (bars known at the row) and `FEATURES`, NaN
        where the past is too short. Crosses are 1 (up), -1 (down) or 0 at the bar
        at which they happen; percentiles rank a value in its trailing 252 rows.
    """
    raw = history.bars()
    bars = raw.adjusted("total")
    close = bars.close
    averages = {f"sma_{window}": sma(close, window) for window in (20, 50, 200)}
    lines = macd(close)
    bands = bollinger(close)
    oscillator = stochastic(bars)
    strength = rsi(close)
    movement = adx(bars)
    average_range = atr(bars)
    range_ratio = _ratio(average_range, sma(average_range, 20))
    columns = {
        "close": close,
        **averages,
        "ema_12": ema(close, 12),
        "ema_26": ema(close, 26),
        "macd": lines.macd,
        "macd_signal": lines.signal,
        "macd_histogram": lines.histogram,
        "bb_lower": bands.lower,
        "bb_upper": bands.upper,
        "atr_14": average_range,
        "sma_20_50_cross": crosses(averages["sma_20"] - averages["sma_50"], close),
        "sma_50_200_cross": crosses(averages["sma_50"] - averages["sma_200"], close),
        "macd_cross": crosses(lines.histogram, close),
        "rsi": strength,
        "rsi_percentile": _rank(strength),
        "bb_width": bands.width,
        "bb_percent_b": bands.percent_b,
        "stochastic_k": oscillator.k,
        "stochastic_d": oscillator.d,
        "stochastic_percentile": _rank(oscillator.k),
        "stochastic_cross": crosses(oscillator.k - oscillator.d, np.full(close.size, 100.0)),
        "atr_ratio": range_ratio,
        "atr_ratio_percentile": _rank(range_ratio),
        "adx": movement.adx,
        "adx_percentile": _rank(movement.adx),
        "plus_di": movement.plus_di,
        "minus_di": movement.minus_di,
        **_trend(bars.high, bars.low),
    }
    for name in MONEY:
        columns[name] = columns[name] / bars.factor
    return causal_table(history, {name: columns[name] for name in FEATURES})


def crosses(difference: FloatArray, scale: FloatArray) -> FloatArray:
    """Return 1 where `difference` becomes positive, -1 where it becomes negative, else 0.

    A difference that touches zero and turns back does not cross. NaN until the
    difference has been known for two rows.

    Examples
    --------
    >>> crosses(np.array([-1.0, 0.0, 2.0, 0.0, 1.0, -1.0]), np.ones(6))
    array([nan,  0.,  1.,  0.,  0., -1.])
    """
    side = np.where(np.abs(difference) <= ROUNDING * np.abs(scale), 0.0, np.sign(difference))
    # Carry the last side over zeros.
    last = np.maximum.accumulate(np.where(side == 0, 0, np.arange(side.size)))
    side = side[last]
    before = np.concatenate(([np.nan], side[:-1]))[: side.size]
    crossed = np.where(side * before < 0, side, 0.0)
    crossed[np.isnan(difference) | np.isnan(np.concatenate(([np.nan], difference[:-1]))[: side.size])] = np.nan
    return crossed


def _trend(high: FloatArray, low: FloatArray) -> dict[str, FloatArray]:
    # The mean of the slopes of highs and lows is the slope of their mean.
    line = linear_trend((high + low) / 2, TREND_WINDOW)
    slope = _ratio(line.slope, sma(high - low, TREND_WINDOW))
    clear = (np.abs(slope) > TREND_SLOPE) & (line.r2 >= TREND_R2)
    trend = np.where(np.isnan(slope), np.nan, np.where(clear, np.sign(slope), 0.0))
    return {"trend": trend, "trend_slope": slope, "trend_r2": line.r2}


def _ratio(values: FloatArray, by: FloatArray) -> FloatArray:
    ratio = np.full(values.size, np.nan)
    np.divide(values, by, out=ratio, where=by > 0)
    return ratio


def _rank(values: FloatArray) -> FloatArray:
    # Rounded, so that values equal but for the last bits of a recursion rank as equal.
    return percentile_rank(np.round(values, 9))
