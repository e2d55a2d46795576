"""Structure: swings and the levels that they leave, pivots, retracements, the volume profile."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from investiq.engines.base import Line
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.technical.inputs import NO_VOLUME, Columns, Inputs, Topic, Words, column, distance, mark, weighing
from investiq.indicators.pivots import Pivots, floor_pivots
from investiq.indicators.profiles import ProfileLevels, rolling_volume_profile
from investiq.indicators.retracements import fibonacci
from investiq.indicators.structure import market_structure
from investiq.indicators.swings import support_resistance

__all__ = ["STRUCTURE"]

# How near is near: in average true ranges, and as fractions of the level.
NEAR_ATR: Final = 0.5
NEAR_RETRACEMENT: Final = 0.015
NEAR_PROFILE: Final = 0.03
NEAR_PIVOT: Final = 0.005
# ADX at which a trend is as strong as it counts.
FULL_ADX: Final = 50.0
PROFILE_WINDOW: Final = 120


def _columns(inputs: Inputs) -> Columns:
    prices, close = inputs.prices, inputs.bars.close
    levels, steps, swing = support_resistance(prices), market_structure(prices), fibonacci(prices)
    pivots = floor_pivots(inputs.bars)
    near = np.abs(swing.distance) <= NEAR_RETRACEMENT
    if np.isnan(inputs.bars.volume).all():
        profile = ProfileLevels(*[np.full(close.size, np.nan)] * 5)
    else:
        profile = rolling_volume_profile(prices, PROFILE_WINDOW)
    return {
        "support": levels.support,
        "support_distance": levels.support_distance,
        "resistance": levels.resistance,
        "resistance_distance": levels.resistance_distance,
        "market_structure": steps.state,
        "rising_steps": steps.higher_highs + steps.higher_lows,
        "falling_steps": steps.lower_highs + steps.lower_lows,
        "break_of_structure": steps.break_of_structure,
        **_strength(inputs, steps.state),
        "fibonacci_level": swing.nearest_level,
        "fibonacci_ratio": swing.nearest_ratio,
        "fibonacci_distance": swing.distance,
        "fibonacci_near_level": _words(near, [f"{each * 100:.1f} %" for each in _RATIOS], _which(swing.nearest_ratio)),
        "pivot": pivots.pivot,
        **{f"pivot_{name}": getattr(pivots, name) for name in Pivots._fields[1:]},
        "near_pivot": _near_pivot(close, pivots),
        "volume_profile_poc": profile.poc,
        "volume_profile_low": profile.value_area_low,
        "volume_profile_high": profile.value_area_high,
        "volume_profile_support": profile.support,
        "volume_profile_resistance": profile.resistance,
    }


_RATIOS: Final = (0.236, 0.382, 0.5, 0.618, 0.786)


def _which(ratio: FloatArray) -> FloatArray:
    return np.searchsorted(_RATIOS, np.nan_to_num(ratio), side="left").astype(float)


def _near_pivot(close: FloatArray, pivots: Pivots) -> Words:
    apart = np.abs(close / np.stack(pivots) - 1)
    nearest = np.argmin(np.where(np.isnan(apart), np.inf, apart), axis=0)
    near = apart[nearest, np.arange(close.size)] <= NEAR_PIVOT
    return _words(near, ["P", "R1", "R2", "R3", "S1", "S2", "S3"], nearest)


def _words(is_there: np.ndarray, names: list[str], which: np.ndarray) -> Words:
    return np.where(is_there, np.array(names)[which.astype(int) % len(names)], "")


def _strength(inputs: Inputs, state: FloatArray) -> dict[str, FloatArray]:
    """Return which way the averages and the swings point, how strong the trend is, and both in one."""
    done = inputs.done
    order = mark(done["close"], done["sma_20"]) + mark(done["sma_20"], done["sma_50"])
    direction = (np.trunc(order / 2) + state) / 2
    strength = np.minimum(done["adx"] / FULL_ADX, 1)
    return {"trend_direction": direction, "trend_strength": strength, "trend_strength_score": direction * strength}


def _level(t: Table) -> FloatArray:
    return side(t["support_distance"] <= NEAR_ATR, t["resistance_distance"] <= NEAR_ATR)


def _retracement(t: Table) -> FloatArray:
    # With the trend; sideways the side of the level on which the close lies.
    way = np.where(t["trend"] == 0, np.sign(t["fibonacci_distance"]), t["trend"])
    return np.where(np.abs(t["fibonacci_distance"]) <= NEAR_RETRACEMENT, np.nan_to_num(way), 0.0)


def _apart(t: Table, name: str) -> FloatArray:
    return np.abs(distance(t["close"], t[name]))


def _profile(t: Table) -> FloatArray:
    near = (_apart(t, f"volume_profile_{name}") <= NEAR_PROFILE for name in ("support", "resistance"))
    return side(next(near), next(near))


def _pivot(t: Table) -> FloatArray:
    return side(_apart(t, "pivot_s1") <= NEAR_PIVOT, _apart(t, "pivot_r1") <= NEAR_PIVOT)


_FIBONACCI_TEXT: Final = (
    "close {close}, {fibonacci_distance} from the {fibonacci_ratio} retracement {fibonacci_level}, 20-bar trend {trend}"
)
_STEPS_TEXT: Final = "{rising_steps} rising and {falling_steps} falling swings in 30 bars"

_rule = partial(VoteRule, group="structure")
_RULES: Final = (
    _rule(
        names=("Near Support", "Near Resistance"),
        vote=weighing(2, _level),
        value="close",
        thresholds=(("support",), ("resistance",)),
        unit="price",
        texts=(
            "close {close}, {support_distance} average true ranges above the swing low {support}",
            "close {close}, {resistance_distance} average true ranges below the swing high {resistance}",
        ),
    ),
    _rule(
        names=("Higher Highs and Lows", "Lower Highs and Lows"),
        vote=weighing(2, column("market_structure")),
        value="rising_steps",
        thresholds=(("falling_steps",), ("falling_steps",)),
        unit="count",
        texts=(_STEPS_TEXT, _STEPS_TEXT),
    ),
    # No edge of these levels has been shown, so that they weigh 1.
    _rule(
        names=("Fibonacci Support", "Fibonacci Resistance"),
        vote=weighing(1, _retracement),
        value="close",
        thresholds=(("fibonacci_level",), ("fibonacci_level",)),
        unit="price",
        texts=(_FIBONACCI_TEXT, _FIBONACCI_TEXT),
    ),
    _rule(
        names=("Near Volume Support", "Near Volume Resistance"),
        vote=weighing(2, _profile),
        value="close",
        thresholds=(("volume_profile_support",), ("volume_profile_resistance",)),
        unit="price",
        texts=(
            "close {close} near {volume_profile_support}, where most was traded below it in 120 bars",
            "close {close} near {volume_profile_resistance}, where most was traded above it in 120 bars",
        ),
    ),
    _rule(
        names=("Near Pivot S1", "Near Pivot R1"),
        vote=weighing(2, _pivot),
        value="close",
        thresholds=(("pivot_s1",), ("pivot_r1",)),
        unit="price",
        texts=(
            "close {close} near S1 {pivot_s1} of the session before",
            "close {close} near R1 {pivot_r1} of the session before",
        ),
    ),
)

_PROFILE: Final = tuple(f"volume_profile_{name}" for name in ("poc", "low", "high", "support", "resistance"))

STRUCTURE: Final = Topic(
    units={
        **dict.fromkeys(("support", "resistance", "fibonacci_level", "pivot"), "price"),
        **{f"pivot_{name}": "price" for name in Pivots._fields[1:]},
        **dict.fromkeys(_PROFILE, "price"),
        **dict.fromkeys(("support_distance", "resistance_distance"), "ratio"),
        **dict.fromkeys(("fibonacci_ratio", "fibonacci_distance"), "fraction"),
        **dict.fromkeys(("rising_steps", "falling_steps"), "count"),
        **dict.fromkeys(("market_structure", "break_of_structure"), ""),
        **dict.fromkeys(("trend_direction", "trend_strength", "trend_strength_score"), "ratio"),
    },
    columns=_columns,
    rules=_RULES,
    words=("fibonacci_near_level", "near_pivot"),
    lines=(
        Line("Support", "support", "nearest confirmed swing low of 30 bars"),
        Line("Resistance", "resistance", "nearest confirmed swing high of 30 bars"),
        Line("Retracement level", "fibonacci_level", "nearest one of the swing of 60 bars"),
        Line("Pivot", "pivot", "of the session before"),
        Line("Pivot S1", "pivot_s1"),
        Line("Pivot R1", "pivot_r1"),
        Line("Point of control", "volume_profile_poc", "price with the most volume in 120 bars"),
        Line("Value area, low", "volume_profile_low", "holds 70 % of the volume"),
        Line("Value area, high", "volume_profile_high"),
    ),
    needs={
        **dict.fromkeys(("support", "support_distance"), (30, "no swing low of the last 30 bars lies below the close")),
        **dict.fromkeys(
            ("resistance", "resistance_distance"), (30, "no swing high of the last 30 bars lies above the close")
        ),
        **{
            f"fibonacci_{name}": (60, "one bar holds both ends of the swing") for name in ("level", "ratio", "distance")
        },
        **dict.fromkeys(_PROFILE, (PROFILE_WINDOW, NO_VOLUME)),
        "volume_profile_support": (PROFILE_WINDOW, "no volume below the close, or none at all"),
        "volume_profile_resistance": (PROFILE_WINDOW, "no volume above the close, or none at all"),
    },
)
