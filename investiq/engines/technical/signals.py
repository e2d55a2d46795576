"""The signals of the technical engine: what fires, how heavy it is, and what it says.

Each row of the table of features suffices for its own signals. Volatility has no
direction and does not vote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.technical.features import ROUNDING, TREND_SLOPE

__all__ = ["SIGNALS"]

BoolArray = NDArray[np.bool_]

# Percentiles of a value in its own trailing 252 rows.
RSI_DEEPLY_LOW: Final = 0.10
RSI_LOW: Final = 0.20
RSI_HIGH: Final = 0.90
STOCHASTIC_LOW: Final = 0.15
STOCHASTIC_HIGH: Final = 0.85
ADX_HIGH: Final = 0.75
# Wilder (1978): below 20 to 25 there is no trend to follow, however high the percentile.
ADX_LEVEL: Final = 20.0


def _weighing(weight: float, direction: Callable[[Table], FloatArray]) -> Callable[[Table], FloatArray]:
    return lambda t: weight * direction(t)


def _above(one: FloatArray, other: FloatArray) -> BoolArray:
    return one - other > ROUNDING * np.abs(other)


def _averages(t: Table) -> FloatArray:
    close, short, middle = t["close"], t["sma_20"], t["sma_50"]
    return side(_above(close, short) & _above(close, middle), _above(short, close) & _above(middle, close))


def _long_average(t: Table) -> FloatArray:
    return side(_above(t["close"], t["sma_200"]), _above(t["sma_200"], t["close"]))


def _column(name: str) -> Callable[[Table], FloatArray]:
    return lambda t: np.nan_to_num(t[name])


def _direction(t: Table) -> FloatArray:
    is_strong = (t["adx_percentile"] > ADX_HIGH) & (t["adx"] >= ADX_LEVEL)
    return is_strong * side(t["plus_di"] > t["minus_di"], t["minus_di"] > t["plus_di"])


def _rsi_deep(t: Table) -> FloatArray:
    return (t["rsi_percentile"] < RSI_DEEPLY_LOW).astype(float)


def _rsi(t: Table) -> FloatArray:
    rank = t["rsi_percentile"]
    return side((rank < RSI_LOW) & (rank >= RSI_DEEPLY_LOW), rank > RSI_HIGH)


def _band(t: Table) -> FloatArray:
    touch = side(_above(t["bb_lower"], t["close"]), _above(t["close"], t["bb_upper"]))
    return np.where(_agrees_with_rsi(touch, t), 0.0, touch)


def _band_confirmed(t: Table) -> FloatArray:
    touch = side(_above(t["bb_lower"], t["close"]), _above(t["close"], t["bb_upper"]))
    return np.where(_agrees_with_rsi(touch, t), touch, 0.0)


def _agrees_with_rsi(touch: FloatArray, t: Table) -> BoolArray:
    agrees: BoolArray = touch == _rsi(t) + _rsi_deep(t)
    return agrees


def _stochastic(t: Table) -> FloatArray:
    rank = t["stochastic_percentile"]
    return side(rank < STOCHASTIC_LOW, rank > STOCHASTIC_HIGH)


_RSI_TEXT: Final = "RSI(14) {rsi}, rank {rsi_percentile} in its trailing 252 bars"
_LOWER_TEXT: Final = "close {close} below the lower band {bb_lower}, %B {bb_percent_b}"
_UPPER_TEXT: Final = "close {close} above the upper band {bb_upper}, %B {bb_percent_b}"
_STOCHASTIC_TEXT: Final = "%K(14) {stochastic_k}, rank {stochastic_percentile} in its trailing 252 bars"
_TREND_TEXT: Final = "the 20-bar line moves {trend_slope} of a bar's range per bar, R² {trend_r2}"

SIGNALS: Final[tuple[VoteRule, ...]] = (
    VoteRule(
        names=("Price Above MAs", "Price Below MAs"),
        group="trend",
        vote=_weighing(2, _averages),
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
        vote=_weighing(2, _long_average),
        value="close",
        thresholds=(("sma_200",), ("sma_200",)),
        unit="price",
        texts=("close {close} above SMA-200 {sma_200}", "close {close} below SMA-200 {sma_200}"),
    ),
    VoteRule(
        names=("SMA 20/50 Cross Up", "SMA 20/50 Cross Down"),
        group="trend",
        vote=_weighing(4, _column("sma_20_50_cross")),
        value="sma_20",
        thresholds=(("sma_50",), ("sma_50",)),
        unit="price",
        texts=(
            "SMA-20 {sma_20} rose above SMA-50 {sma_50} at this bar",
            "SMA-20 {sma_20} fell below SMA-50 {sma_50} at this bar",
        ),
    ),
    VoteRule(
        names=("Golden Cross", "Death Cross"),
        group="trend",
        vote=_weighing(4, _column("sma_50_200_cross")),
        value="sma_50",
        thresholds=(("sma_200",), ("sma_200",)),
        unit="price",
        texts=(
            "SMA-50 {sma_50} rose above SMA-200 {sma_200} at this bar",
            "SMA-50 {sma_50} fell below SMA-200 {sma_200} at this bar",
        ),
    ),
    VoteRule(
        names=("MACD Cross Up", "MACD Cross Down"),
        group="trend",
        vote=_weighing(3, _column("macd_cross")),
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
        vote=_weighing(3, _direction),
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
        vote=_weighing(2, _column("trend")),
        value="trend_slope",
        thresholds=(TREND_SLOPE, -TREND_SLOPE),
        unit="ratio",
        texts=(_TREND_TEXT, _TREND_TEXT),
    ),
    VoteRule(
        names=("Deeply Oversold", ""),
        group="mean reversion",
        vote=_weighing(3, _rsi_deep),
        value="rsi_percentile",
        thresholds=(RSI_DEEPLY_LOW, RSI_DEEPLY_LOW),
        unit="fraction",
        texts=(_RSI_TEXT, ""),
    ),
    VoteRule(
        names=("Oversold", "Overbought"),
        group="mean reversion",
        vote=_weighing(2, _rsi),
        value="rsi_percentile",
        thresholds=(RSI_LOW, RSI_HIGH),
        unit="fraction",
        texts=(_RSI_TEXT, _RSI_TEXT),
    ),
    # A tag of a band is no reversal by itself (Bollinger, 2001): it weighs 1, and 2 when RSI agrees.
    VoteRule(
        names=("Below Lower Band", "Above Upper Band"),
        group="mean reversion",
        vote=_weighing(1, _band),
        value="close",
        thresholds=(("bb_lower",), ("bb_upper",)),
        unit="price",
        texts=(_LOWER_TEXT, _UPPER_TEXT),
    ),
    VoteRule(
        names=("Below Lower Band, RSI Agrees", "Above Upper Band, RSI Agrees"),
        group="mean reversion",
        vote=_weighing(2, _band_confirmed),
        value="close",
        thresholds=(("bb_lower",), ("bb_upper",)),
        unit="price",
        texts=(f"{_LOWER_TEXT}; {_RSI_TEXT}", f"{_UPPER_TEXT}; {_RSI_TEXT}"),
    ),
    VoteRule(
        names=("Stochastic Low", "Stochastic High"),
        group="mean reversion",
        vote=_weighing(2, _stochastic),
        value="stochastic_percentile",
        thresholds=(STOCHASTIC_LOW, STOCHASTIC_HIGH),
        unit="fraction",
        texts=(_STOCHASTIC_TEXT, _STOCHASTIC_TEXT),
    ),
)
