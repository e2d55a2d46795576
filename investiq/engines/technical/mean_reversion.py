"""Mean reversion: RSI, bands and the stochastic, and how far and how fast the price has left its mean."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from investiq.engines.base import Line
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.scoring import trailing_quantiles
from investiq.engines.technical.inputs import (
    NO_RANGE,
    NO_VOLUME,
    BoolArray,
    Columns,
    Inputs,
    Topic,
    above,
    change,
    crosses,
    distance,
    rank,
    weighing,
    z_of,
)
from investiq.indicators.bands import bollinger
from investiq.indicators.momentum import rsi
from investiq.indicators.money_flow import money_flow_index
from investiq.indicators.oscillators import stochastic

__all__ = ["MEAN_REVERSION"]

# Where RSI turns in an uptrend, a downtrend and sideways (Brown, 1999, after Cardwell; Wilder's 30 and 70).
RSI_BOUNDS: Final = {1.0: (40.0, 80.0), -1.0: (20.0, 60.0), 0.0: (30.0, 70.0)}
# Half of each bound is what the series itself has done: the tenths of its trailing year.
RSI_SHARES: Final = (0.10, 0.90)
# The lower half of what lies below its bound on a random walk; below 5 % lies nearly all of it.
RSI_DEEP: Final = 0.01
# Quong and Soudack (1989).
MFI_LOW: Final = 20.0
MFI_HIGH: Final = 80.0
STOCHASTIC_LOW: Final = 0.15
STOCHASTIC_HIGH: Final = 0.85
# Deviations of a move over 20 bars from those of its trailing year, and ranks of RSI on the way back.
MOVE_Z: Final = 2.0
WEAK_RSI: Final = 0.40
STRONG_RSI: Final = 0.60
FAR_Z: Final = 1.5
VERY_FAR_Z: Final = 2.0
# The last 10 of 20 bars brought less than this share of the move.
SLOWING: Final = 0.4


def _columns(inputs: Inputs) -> Columns:
    bars, close = inputs.bars, inputs.bars.close
    bands, oscillator, strength = bollinger(close), stochastic(bars), rsi(close)
    lower, upper = _rsi_bounds(strength, inputs.done["trend"])
    stretch = distance(close, inputs.done["sma_50"])
    moved = change(inputs.prices.close, 20)
    return {
        "bb_lower": bands.lower,
        "bb_upper": bands.upper,
        "bb_width": bands.width,
        "bb_percent_b": bands.percent_b,
        "rsi": strength,
        "rsi_percentile": rank(strength),
        "rsi_lower_bound": lower,
        "rsi_upper_bound": upper,
        "mfi_14": money_flow_index(bars),
        "stochastic_k": oscillator.k,
        "stochastic_d": oscillator.d,
        "stochastic_percentile": rank(oscillator.k),
        "stochastic_cross": crosses(oscillator.k - oscillator.d, np.full(close.size, 100.0)),
        "roc_10": change(inputs.prices.close, 10),
        "roc_20": moved,
        "roc_20_z": z_of(moved),
        "rising_closes": _count(np.diff(inputs.prices.close, prepend=np.nan) > 0, 2, known_from=1),
        "falling_bars": _count(inputs.prices.close < inputs.prices.open, 3),
        "sma_50_distance": stretch,
        "sma_50_distance_z": z_of(stretch),
    }


def _rsi_bounds(strength: FloatArray, trend: FloatArray) -> tuple[FloatArray, FloatArray]:
    past = trailing_quantiles(np.round(strength, 9), RSI_SHARES)
    bounds = []
    for which, quantile in enumerate(past):
        rule = np.full(trend.size, np.nan)
        for regime, levels in RSI_BOUNDS.items():
            rule[trend == regime] = levels[which]
        bounds.append((rule + quantile) / 2)
    return bounds[0], bounds[1]


def _count(is_so: BoolArray, rows: int, known_from: int = 0) -> FloatArray:
    """Return in how many of the last `rows` rows something was so; NaN where fewer are known."""
    total = np.cumsum(is_so.astype(float))
    counts: FloatArray = total - np.concatenate((np.zeros(rows), total[:-rows]))[: total.size]
    counts[: rows - 1 + known_from] = np.nan
    return counts


def _rsi_deep(t: Table) -> FloatArray:
    return np.where((t["rsi"] < t["rsi_lower_bound"]) & (t["rsi_percentile"] < RSI_DEEP), 1.0, 0.0)


def _rsi(t: Table) -> FloatArray:
    low = (t["rsi"] < t["rsi_lower_bound"]) & ~(t["rsi_percentile"] < RSI_DEEP)
    return side(low, t["rsi"] > t["rsi_upper_bound"])


def _touch(t: Table) -> FloatArray:
    return side(above(t["bb_lower"], t["close"]), above(t["close"], t["bb_upper"]))


def _is_confirmed(t: Table) -> BoolArray:
    touch = _touch(t)
    flow = side(t["mfi_14"] < MFI_LOW, t["mfi_14"] > MFI_HIGH)
    confirmed: BoolArray = (touch == _rsi(t) + _rsi_deep(t)) | (touch == flow)
    return confirmed


def _band(t: Table) -> FloatArray:
    return np.where(_is_confirmed(t), 0.0, _touch(t))


def _band_confirmed(t: Table) -> FloatArray:
    return np.where(_is_confirmed(t), _touch(t), 0.0)


def _stochastic(t: Table) -> FloatArray:
    ranked = t["stochastic_percentile"]
    return side(ranked < STOCHASTIC_LOW, ranked > STOCHASTIC_HIGH)


def _fallen(t: Table) -> BoolArray:
    fallen: BoolArray = (t["rsi_percentile"] < WEAK_RSI) & (t["roc_20_z"] < -MOVE_Z)
    return fallen


def _bounce(t: Table) -> FloatArray:
    return np.where(_fallen(t) & (t["rising_closes"] >= 1), 1.0, 0.0)


def _no_bounce(t: Table) -> FloatArray:
    return np.where(_fallen(t) & (t["rising_closes"] == 0), 1.0, 0.0)


def _pullback(t: Table) -> FloatArray:
    risen = (t["rsi_percentile"] > STRONG_RSI) & (t["roc_20_z"] > MOVE_Z)
    return np.where(risen & (t["falling_bars"] >= 2), -1.0, 0.0)


def _very_far(t: Table) -> FloatArray:
    return side(t["sma_50_distance_z"] < -VERY_FAR_Z, t["sma_50_distance_z"] > VERY_FAR_Z)


def _far(t: Table) -> FloatArray:
    z = t["sma_50_distance_z"]
    return side((z < -FAR_Z) & (z >= -VERY_FAR_Z), (z > FAR_Z) & (z <= VERY_FAR_Z))


def _slowing(t: Table) -> FloatArray:
    z, is_slower = t["roc_20_z"], t["roc_10"] < SLOWING * t["roc_20"]
    return side((z < -MOVE_Z) & (t["roc_10"] > SLOWING * t["roc_20"]), (z > MOVE_Z) & is_slower)


_RSI_TEXT: Final = "RSI(14) {rsi}, bound {%s}, rank {rsi_percentile} in its trailing 252 bars"
_LOW_TEXT: Final = _RSI_TEXT % "rsi_lower_bound"
_HIGH_TEXT: Final = _RSI_TEXT % "rsi_upper_bound"
_LOWER_TEXT: Final = "close {close} below the lower band {bb_lower}, %B {bb_percent_b}"
_UPPER_TEXT: Final = "close {close} above the upper band {bb_upper}, %B {bb_percent_b}"
_AGREES: Final = "; RSI(14) {rsi}, MFI(14) {mfi_14}"
_STOCHASTIC_TEXT: Final = "%K(14) {stochastic_k}, rank {stochastic_percentile} in its trailing 252 bars"
_MOVE_TEXT: Final = "20-bar return {roc_20} (z {roc_20_z}), RSI rank {rsi_percentile}"
_FAR_TEXT: Final = "close {sma_50_distance} from SMA-50 (z {sma_50_distance_z})"
_SLOWING_TEXT: Final = "20-bar return {roc_20} (z {roc_20_z}), of which the last 10 bars {roc_10}"


_rule = partial(VoteRule, group="mean reversion")
_RULES: Final = (
    _rule(
        names=("Deeply Oversold (Adaptive)", ""),
        vote=weighing(3, _rsi_deep),
        value="rsi_percentile",
        thresholds=(RSI_DEEP, RSI_DEEP),
        unit="fraction",
        texts=(_LOW_TEXT, ""),
    ),
    _rule(
        names=("Oversold", "Overbought"),
        vote=weighing(2, _rsi),
        value="rsi",
        thresholds=(("rsi_lower_bound",), ("rsi_upper_bound",)),
        unit="score",
        texts=(_LOW_TEXT, _HIGH_TEXT),
    ),
    # A tag of a band is no reversal by itself (Bollinger, 2001): it weighs 1, and 2 when RSI or MFI agrees.
    _rule(
        names=("Below Lower Band", "Above Upper Band"),
        vote=weighing(1, _band),
        value="close",
        thresholds=(("bb_lower",), ("bb_upper",)),
        unit="price",
        texts=(_LOWER_TEXT, _UPPER_TEXT),
    ),
    _rule(
        names=("Below Lower Band, Confirmed", "Above Upper Band, Confirmed"),
        vote=weighing(2, _band_confirmed),
        value="close",
        thresholds=(("bb_lower",), ("bb_upper",)),
        unit="price",
        texts=(_LOWER_TEXT + _AGREES, _UPPER_TEXT + _AGREES),
    ),
    _rule(
        names=("Stochastic Low", "Stochastic High"),
        vote=weighing(2, _stochastic),
        value="stochastic_percentile",
        thresholds=(STOCHASTIC_LOW, STOCHASTIC_HIGH),
        unit="fraction",
        texts=(_STOCHASTIC_TEXT, _STOCHASTIC_TEXT),
    ),
    _rule(
        names=("Oversold Bounce Setup", ""),
        vote=weighing(3, _bounce),
        value="roc_20_z",
        thresholds=(-MOVE_Z, -MOVE_Z),
        unit="ratio",
        texts=(_MOVE_TEXT + "; a close of the last two rose", ""),
    ),
    _rule(
        names=("Deep Oversold", ""),
        vote=weighing(2, _no_bounce),
        value="roc_20_z",
        thresholds=(-MOVE_Z, -MOVE_Z),
        unit="ratio",
        texts=(_MOVE_TEXT + "; neither of the last two closes rose", ""),
    ),
    _rule(
        names=("", "Overbought Pullback"),
        vote=weighing(3, _pullback),
        value="roc_20_z",
        thresholds=(MOVE_Z, MOVE_Z),
        unit="ratio",
        texts=("", _MOVE_TEXT + "; {falling_bars} of the last three bars closed below their open"),
    ),
    _rule(
        names=("Far Below SMA-50", "Far Above SMA-50"),
        vote=weighing(3, _very_far),
        value="sma_50_distance_z",
        thresholds=(-VERY_FAR_Z, VERY_FAR_Z),
        unit="ratio",
        texts=(_FAR_TEXT, _FAR_TEXT),
    ),
    _rule(
        names=("Stretched Below SMA-50", "Stretched Above SMA-50"),
        vote=weighing(2, _far),
        value="sma_50_distance_z",
        thresholds=(-FAR_Z, FAR_Z),
        unit="ratio",
        texts=(_FAR_TEXT, _FAR_TEXT),
    ),
    _rule(
        names=("Selling Pressure Easing", "Momentum Decelerating"),
        vote=weighing(2, _slowing),
        value="roc_20_z",
        thresholds=(-MOVE_Z, MOVE_Z),
        unit="ratio",
        texts=(_SLOWING_TEXT, _SLOWING_TEXT),
    ),
)

MEAN_REVERSION: Final = Topic(
    units={
        **dict.fromkeys(("bb_lower", "bb_upper"), "price"),
        **dict.fromkeys(("bb_width", "rsi_percentile", "stochastic_percentile"), "fraction"),
        **dict.fromkeys(("roc_10", "roc_20", "sma_50_distance"), "fraction"),
        **dict.fromkeys(
            ("rsi", "rsi_lower_bound", "rsi_upper_bound", "mfi_14", "stochastic_k", "stochastic_d"), "score"
        ),
        **dict.fromkeys(("bb_percent_b", "roc_20_z", "sma_50_distance_z"), "ratio"),
        **dict.fromkeys(("rising_closes", "falling_bars"), "count"),
        "stochastic_cross": "",
    },
    columns=_columns,
    rules=_RULES,
    lines=(
        Line("Lower Bollinger band", "bb_lower", "20 bars, 2 population standard deviations"),
        Line("Upper Bollinger band", "bb_upper"),
        Line("RSI(14)", "rsi", "Wilder's smoothing", "rsi_percentile"),
        Line("RSI counts as low below", "rsi_lower_bound", "by the trend, and by its trailing 252 bars"),
        Line("RSI counts as high above", "rsi_upper_bound"),
        Line("Stochastic %K(14)", "stochastic_k", "", "stochastic_percentile"),
        Line("Distance from SMA-50", "sma_50_distance"),
        Line("20-bar return", "roc_20"),
    ),
    needs={
        "mfi_14": (15, NO_VOLUME),
        # 14 changes for the first RSI, and 60 of them for its tenths: what is left is a trend without a slope.
        **dict.fromkeys(("rsi_lower_bound", "rsi_upper_bound"), (75, NO_RANGE)),
    },
)
