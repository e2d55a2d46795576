"""Trend: averages and their crosses, MACD, ADX, the fitted line and the Ichimoku cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from investiq.engines.base import Line
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.technical.inputs import (
    NO_RANGE,
    Columns,
    Inputs,
    Topic,
    above,
    column,
    crosses,
    mark,
    rank,
    ratio,
    weighing,
)
from investiq.indicators.direction import adx, linear_trend
from investiq.indicators.ichimoku_cloud import ichimoku
from investiq.indicators.momentum import macd
from investiq.indicators.trend import ema, sma

__all__ = ["TREND", "fitted_trend"]

TREND_WINDOW: Final = 20
# A line counts as a trend when it climbs a tenth of a bar's range per bar and explains 30 % of the variance.
TREND_SLOPE: Final = 0.1
TREND_R2: Final = 0.3
ADX_HIGH: Final = 0.75
# Wilder (1978): below 20 to 25 there is no trend to follow, however high the percentile.
ADX_LEVEL: Final = 20.0
# A cross on volume that is not half a deviation above its own year counts half.
CONFIRMING_Z: Final = 0.5
UNCONFIRMED: Final = 0.5


def _columns(inputs: Inputs) -> Columns:
    bars, close = inputs.bars, inputs.bars.close
    averages = {f"sma_{window}": sma(close, window) for window in (20, 50, 200)}
    lines = macd(close)
    movement = adx(bars)
    return {
        "close": close,
        **averages,
        "ema_12": ema(close, 12),
        "ema_26": ema(close, 26),
        "macd": lines.macd,
        "macd_signal": lines.signal,
        "macd_histogram": lines.histogram,
        "sma_20_50_cross": crosses(averages["sma_20"] - averages["sma_50"], close),
        "sma_50_200_cross": crosses(averages["sma_50"] - averages["sma_200"], close),
        "macd_cross": crosses(lines.histogram, close),
        "adx": movement.adx,
        "adx_percentile": rank(movement.adx),
        "plus_di": movement.plus_di,
        "minus_di": movement.minus_di,
        **fitted_trend(bars.high, bars.low, TREND_WINDOW),
        **_cloud(inputs),
    }


def fitted_trend(high: FloatArray, low: FloatArray, window: int, prefix: str = "") -> dict[str, FloatArray]:
    """Return side, slope and R² of the line through highs and lows.

    Parameters
    ----------
    high, low : ndarray of shape (n_bars,)
    window : int
        Bars of the line, and of the mean range that its slope is told in.
    prefix : str
        Of the names.

    Returns
    -------
    dict of str to ndarray
        `trend` 1, 0 or -1, `trend_slope` in mean ranges per bar, `trend_r2`.
    """
    # The mean of the slopes of highs and lows is the slope of their mean.
    line = linear_trend((high + low) / 2, window)
    slope = ratio(line.slope, sma(high - low, window))
    clear = (np.abs(slope) > TREND_SLOPE) & (line.r2 >= TREND_R2)
    trend = np.where(np.isnan(slope), np.nan, np.where(clear, np.sign(slope), 0.0))
    return {f"{prefix}trend": trend, f"{prefix}trend_slope": slope, f"{prefix}trend_r2": line.r2}


def _cloud(inputs: Inputs) -> dict[str, FloatArray]:
    close, lines = inputs.bars.close, ichimoku(inputs.bars)
    top, bottom = np.maximum(lines.span_a, lines.span_b), np.minimum(lines.span_a, lines.span_b)
    # Above the cloud both sides agree on 1, below it on -1; inside one of them says the opposite, on its edge nothing.
    outside = (mark(close, top) + mark(close, bottom)) / 2
    return {
        "tenkan": lines.tenkan,
        "kijun": lines.kijun,
        "cloud_top": top,
        "cloud_bottom": bottom,
        "ichimoku_signal": np.where(np.isnan(outside), np.nan, np.trunc(outside)),
        "ichimoku_future": mark(lines.future_a, lines.future_b),
        "tenkan_kijun_cross": crosses(lines.tenkan - lines.kijun, close),
    }


def _averages(t: Table) -> FloatArray:
    close, short, middle = t["close"], t["sma_20"], t["sma_50"]
    return side(above(close, short) & above(close, middle), above(short, close) & above(middle, close))


def _long_average(t: Table) -> FloatArray:
    return side(above(t["close"], t["sma_200"]), above(t["sma_200"], t["close"]))


def _cross(name: str) -> Callable[[Table], FloatArray]:
    # Where volume is not known nothing speaks against the cross.
    return lambda t: np.nan_to_num(t[name]) * np.where(t["volume_ratio_z"] <= CONFIRMING_Z, UNCONFIRMED, 1.0)


def _direction(t: Table) -> FloatArray:
    is_strong = (t["adx_percentile"] > ADX_HIGH) & (t["adx"] >= ADX_LEVEL)
    return is_strong * side(t["plus_di"] > t["minus_di"], t["minus_di"] > t["plus_di"])


def _crossed(name: str, other: str, text: str, volume: str = "") -> tuple[str, str]:
    return (
        f"{text} {{{name}}} rose above {other} at this bar{volume}",
        f"{text} {{{name}}} fell below {other} at this bar{volume}",
    )


_ON_VOLUME: Final = ", volume {volume_ratio} of its mean (z {volume_ratio_z})"
_TREND_TEXT: Final = "the 20-bar line moves {trend_slope} of a bar's range per bar, R² {trend_r2}"
_FUTURE_TEXT: Final = "the cloud that today adds 26 bars ahead"

_RULES: Final = (
    VoteRule(
        names=("Price Above MAs", "Price Below MAs"),
        group="trend",
        vote=weighing(2, _averages),
        value="close",
        thresholds=(("sma_20", "sma_50"), ("sma_20", "sma_50")),
        unit="price",
        texts=(
            "close {close} above SMA-20 {sma_20} and SMA-50 {sma_50}",
            "close {close} below SMA-20 {sma_20} and SMA-50 {sma_50}",
        ),
    ),
    VoteRule(
        names=("Above SMA-200", "Below SMA-200"),
        group="trend",
        vote=weighing(2, _long_average),
        value="close",
        thresholds=(("sma_200",), ("sma_200",)),
        unit="price",
        texts=("close {close} above SMA-200 {sma_200}", "close {close} below SMA-200 {sma_200}"),
    ),
    VoteRule(
        names=("SMA 20/50 Cross Up", "SMA 20/50 Cross Down"),
        group="trend",
        vote=weighing(4, _cross("sma_20_50_cross")),
        value="sma_20",
        thresholds=(("sma_50",), ("sma_50",)),
        unit="price",
        texts=_crossed("sma_20", "SMA-50 {sma_50}", "SMA-20", _ON_VOLUME),
    ),
    VoteRule(
        names=("Golden Cross", "Death Cross"),
        group="trend",
        vote=weighing(4, _cross("sma_50_200_cross")),
        value="sma_50",
        thresholds=(("sma_200",), ("sma_200",)),
        unit="price",
        texts=_crossed("sma_50", "SMA-200 {sma_200}", "SMA-50", _ON_VOLUME),
    ),
    VoteRule(
        names=("MACD Cross Up", "MACD Cross Down"),
        group="trend",
        vote=weighing(3, column("macd_cross")),
        value="macd_histogram",
        thresholds=(0.0, 0.0),
        unit="price",
        texts=(
            "MACD(12, 26, 9) histogram {macd_histogram} rose through zero at this bar",
            "MACD(12, 26, 9) histogram {macd_histogram} fell through zero at this bar",
        ),
    ),
    VoteRule(
        names=("Strong Trend Up", "Strong Trend Down"),
        group="trend",
        vote=weighing(3, _direction),
        value="adx_percentile",
        thresholds=(ADX_HIGH, ADX_HIGH),
        unit="fraction",
        texts=(
            "ADX(14) {adx}, rank {adx_percentile} in its trailing 252 bars, +DI {plus_di} over -DI {minus_di}",
            "ADX(14) {adx}, rank {adx_percentile} in its trailing 252 bars, -DI {minus_di} over +DI {plus_di}",
        ),
    ),
    VoteRule(
        names=("Uptrend", "Downtrend"),
        group="trend",
        vote=weighing(2, column("trend")),
        value="trend_slope",
        thresholds=(TREND_SLOPE, -TREND_SLOPE),
        unit="ratio",
        texts=(_TREND_TEXT, _TREND_TEXT),
    ),
    VoteRule(
        names=("Above Ichimoku Cloud", "Below Ichimoku Cloud"),
        group="trend",
        vote=weighing(2, column("ichimoku_signal")),
        value="close",
        thresholds=(("cloud_top",), ("cloud_bottom",)),
        unit="price",
        texts=(
            "close {close} above the cloud's top {cloud_top}",
            "close {close} below the cloud's bottom {cloud_bottom}",
        ),
    ),
    VoteRule(
        names=("Future Cloud Up", "Future Cloud Down"),
        group="trend",
        vote=weighing(1, column("ichimoku_future")),
        value="ichimoku_future",
        thresholds=(0.0, 0.0),
        unit="",
        texts=(f"{_FUTURE_TEXT} has span A over span B", f"{_FUTURE_TEXT} has span A under span B"),
    ),
    VoteRule(
        names=("Tenkan/Kijun Cross Up", "Tenkan/Kijun Cross Down"),
        group="trend",
        vote=weighing(3, column("tenkan_kijun_cross")),
        value="tenkan",
        thresholds=(("kijun",), ("kijun",)),
        unit="price",
        texts=_crossed("tenkan", "kijun {kijun}", "tenkan"),
    ),
)

_MONEY: Final = (
    *("close", "sma_20", "sma_50", "sma_200", "ema_12", "ema_26", "macd", "macd_signal", "macd_histogram"),
    *("tenkan", "kijun", "cloud_top", "cloud_bottom"),
)
_SIDES: Final = (
    *("sma_20_50_cross", "sma_50_200_cross", "macd_cross", "trend"),
    *("ichimoku_signal", "ichimoku_future", "tenkan_kijun_cross"),
)

TREND: Final = Topic(
    units={
        **dict.fromkeys(_MONEY, "price"),
        **dict.fromkeys(_SIDES, ""),
        **dict.fromkeys(("adx", "plus_di", "minus_di"), "score"),
        "adx_percentile": "fraction",
        **dict.fromkeys(("trend_slope", "trend_r2"), "ratio"),
    },
    columns=_columns,
    rules=_RULES,
    lines=(
        Line("SMA-20", "sma_20"),
        Line("SMA-50", "sma_50"),
        Line("SMA-200", "sma_200"),
        Line("MACD histogram", "macd_histogram", "averages of 12 and 26 bars, signal of 9"),
        Line("ADX(14)", "adx", "Wilder's smoothing; strength without direction", "adx_percentile"),
        Line("Trend line", "trend_slope", "slope over 20 bars, in mean ranges per bar"),
        Line("Top of the Ichimoku cloud", "cloud_top", "9, 26, 52 bars, as computed 26 bars ago"),
        Line("Bottom of the Ichimoku cloud", "cloud_bottom"),
    ),
    needs=dict.fromkeys(("trend", "trend_slope"), (TREND_WINDOW, NO_RANGE)),
)
