"""Momentum: divergences, candlestick patterns, the release of a squeeze, strength against the market."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from investiq.engines.base import Line
from investiq.engines.joining import closes_on, series_of
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.technical.inputs import (
    NO_RANGE,
    NO_VOLUME,
    ROUNDING,
    Columns,
    Inputs,
    Topic,
    Words,
    change,
    column,
    distance,
    mark,
    rank,
    ratio,
    weighing,
)
from investiq.indicators.bands import squeeze
from investiq.indicators.candles import CandlePatterns, candle_patterns
from investiq.indicators.divergences import macd_divergence, rsi_divergence
from investiq.indicators.structure import relative_strength
from investiq.indicators.trend import sma

__all__ = ["MOMENTUM"]

# Volume over its mean of 10 bars that makes a divergence better.
QUALITY_VOLUME: Final = 1.2
CONTEXT_WINDOW: Final = 10
AVERAGE: Final = 20
# Ranks of the 5-bar return that are marked. Returns this short turn rather than go on (Jegadeesh, 1990;
# Lehmann, 1990), so that they are no vote.
SHORT_LOW: Final = 0.10
SHORT_HIGH: Final = 0.90
NO_MARKET: Final = "no benchmark, no bar of it on this date, or too few dates in common"
# Patterns of two and three bars turn a move that was there before their first bar; the others know their own context.
BARS_OF: Final = {
    **dict.fromkeys(("engulfing", "piercing", "dark_cloud"), 2),
    **dict.fromkeys(("morning_star", "evening_star", "three_white_soldiers", "three_black_crows"), 3),
}


def _columns(inputs: Inputs) -> Columns:
    close = inputs.prices.close
    released = squeeze(inputs.bars)
    moved = change(close, 5)
    by_rsi, by_macd = rsi_divergence(inputs.prices), macd_divergence(inputs.prices)
    return {
        "rsi_divergence": by_rsi.bullish - by_rsi.bearish,
        "macd_divergence": by_macd.bullish - by_macd.bearish,
        "divergence_quality": _quality(inputs),
        **_candles(inputs),
        "keltner_squeeze": released.on,
        "squeeze_fired": released.fired,
        "squeeze_release_momentum": ratio(released.momentum, inputs.done["atr_14"]),
        "roc_5": moved,
        "roc_5_percentile": rank(moved),
        **_against_the_market(inputs),
    }


def _quality(inputs: Inputs) -> FloatArray:
    """Return 2 where volume is high and there is a level of support or resistance, 1 with one of them, 0 with none."""
    traded = ratio(inputs.bars.volume, sma(inputs.bars.volume, 10))
    has_level = ~np.isnan(inputs.done["support"]) | ~np.isnan(inputs.done["resistance"])
    return np.where(np.isnan(traded), np.nan, (traded > QUALITY_VOLUME).astype(float) + has_level)


def _candles(inputs: Inputs) -> Columns:
    patterns = candle_patterns(inputs.prices, CONTEXT_WINDOW)
    close = inputs.prices.close
    trend = mark(close, sma(close, CONTEXT_WINDOW))
    net = np.zeros(close.size)
    for name, strength in zip(patterns._fields, patterns, strict=True):
        if name == "doji":
            continue
        counts = np.nan_to_num(strength)
        if name in BARS_OF:
            bars = BARS_OF[name]
            before = np.concatenate((np.full(bars, np.nan), trend[:-bars]))[: close.size]
            counts = np.where(np.sign(counts) == -before, counts, 0.0)
        net = net + counts
    # NaN until the longest of them and the trend before it are known.
    net[: CONTEXT_WINDOW - 1 + max(BARS_OF.values())] = np.nan
    columns = {f"candle_{name}": strength for name, strength in zip(patterns._fields, patterns, strict=True)}
    return {**columns, "candle_signal": np.clip(net, -1, 1), "detected_patterns": _named(patterns)}


def _named(patterns: CandlePatterns) -> Words:
    seen = np.zeros(patterns.doji.size, dtype=np.int64)
    for bit, strength in enumerate(patterns):
        seen |= (np.nan_to_num(strength) != 0).astype(np.int64) << bit
    kinds, which = np.unique(seen, return_inverse=True)
    names = [name.replace("_", " ") for name in patterns._fields]
    texts = [", ".join(name for bit, name in enumerate(names) if kind >> bit & 1) for kind in kinds.tolist()]
    named: Words = np.array(texts, dtype=str)[which]
    return named


def _against_the_market(inputs: Inputs) -> dict[str, FloatArray]:
    names = ("relative_strength_distance", "relative_strength_rising", "relative_strength_new_high")
    market = series_of(inputs.history, "market")
    if market is None:
        return dict.fromkeys(names, np.full(len(inputs.bars), np.nan))
    strength = relative_strength(inputs.bars.close, closes_on(inputs.raw, market), average=AVERAGE)
    away = distance(strength.ratio, sma(strength.ratio, AVERAGE))
    return dict(zip(names, (away, strength.above_average, strength.new_high), strict=True))


def _outperforms(t: Table) -> FloatArray:
    away = t["relative_strength_distance"]
    return side(away > ROUNDING, away < -ROUNDING)


def _new_high(t: Table) -> FloatArray:
    return np.where(t["relative_strength_new_high"] == 1, 1.0, 0.0)


_RSI_TEXT: Final = "price and RSI(14) {rsi} diverge over two confirmed swings, quality {divergence_quality} of 2"
_MACD_TEXT: Final = (
    "price and MACD histogram {macd_histogram} diverge over two confirmed swings, quality {divergence_quality} of 2"
)
_CANDLE_TEXT: Final = "patterns after the opposite move add up to {candle_signal}"
_SQUEEZE_TEXT: Final = (
    "the Bollinger bands leave the Keltner channel, momentum {squeeze_release_momentum} average true ranges"
)
_STRENGTH_TEXT: Final = "ratio to the benchmark {relative_strength_distance} from its 20-bar mean"

_rule = partial(VoteRule, group="momentum")
_RULES: Final = (
    _rule(
        names=("RSI Bullish Divergence", "RSI Bearish Divergence"),
        vote=weighing(3, column("rsi_divergence")),
        value="rsi_divergence",
        thresholds=(0.0, 0.0),
        unit="",
        texts=(_RSI_TEXT, _RSI_TEXT),
    ),
    _rule(
        names=("MACD Bullish Divergence", "MACD Bearish Divergence"),
        vote=weighing(3, column("macd_divergence")),
        value="macd_divergence",
        thresholds=(0.0, 0.0),
        unit="",
        texts=(_MACD_TEXT, _MACD_TEXT),
    ),
    # As a description: rules made of these patterns earned nothing (Marshall, Young and Rose, 2006).
    _rule(
        names=("Bullish Candles", "Bearish Candles"),
        vote=weighing(1, column("candle_signal")),
        value="candle_signal",
        thresholds=(0.0, 0.0),
        unit="ratio",
        texts=(_CANDLE_TEXT, _CANDLE_TEXT),
    ),
    _rule(
        names=("Squeeze Fired Up", "Squeeze Fired Down"),
        vote=weighing(2, column("squeeze_fired")),
        value="squeeze_release_momentum",
        thresholds=(0.0, 0.0),
        unit="ratio",
        texts=(_SQUEEZE_TEXT, _SQUEEZE_TEXT),
    ),
    _rule(
        names=("Outperforming", "Underperforming"),
        vote=weighing(2, _outperforms),
        value="relative_strength_distance",
        thresholds=(0.0, 0.0),
        unit="fraction",
        texts=(_STRENGTH_TEXT, _STRENGTH_TEXT),
    ),
    _rule(
        names=("Relative Strength New High", ""),
        vote=weighing(2, _new_high),
        value="relative_strength_new_high",
        thresholds=(0.0, 0.0),
        unit="",
        texts=("ratio to the benchmark at its highest of 252 bars", ""),
    ),
)

_CANDLES: Final = tuple(f"candle_{name}" for name in CandlePatterns._fields)
_MARKET_BARS: Final = {"distance": 20, "rising": 20, "new_high": 252}

MOMENTUM: Final = Topic(
    units={
        **dict.fromkeys(("rsi_divergence", "macd_divergence", "keltner_squeeze", "squeeze_fired"), ""),
        "divergence_quality": "count",
        **dict.fromkeys((*_CANDLES, "candle_signal", "squeeze_release_momentum"), "ratio"),
        **dict.fromkeys(("roc_5", "roc_5_percentile", "relative_strength_distance"), "fraction"),
        **dict.fromkeys(("relative_strength_rising", "relative_strength_new_high"), ""),
    },
    columns=_columns,
    rules=_RULES,
    words=("detected_patterns",),
    lines=(
        Line("Ratio to the benchmark", "relative_strength_distance", "from its mean of 20 bars"),
        Line("New high of the ratio", "relative_strength_new_high", "1 at the highest of 252 bars"),
        Line("5-bar return", "roc_5", "no vote", "roc_5_percentile"),
    ),
    tags={
        "Strong 5-Bar Momentum": lambda t: t["roc_5_percentile"] > SHORT_HIGH,
        "Weak 5-Bar Momentum": lambda t: t["roc_5_percentile"] < SHORT_LOW,
        "Keltner Squeeze": lambda t: t["keltner_squeeze"] == 1,
    },
    needs={
        "divergence_quality": (10, NO_VOLUME),
        "squeeze_release_momentum": (39, NO_RANGE),
        **{f"relative_strength_{name}": (bars, NO_MARKET) for name, bars in _MARKET_BARS.items()},
    },
)
