"""Breakout pressure, and the risk of a short squeeze that it makes with short interest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.rules import FloatArray, Table
from investiq.engines.supplementary.topics import Topic
from investiq.history.history import History
from investiq.indicators.bands import bollinger
from investiq.indicators.momentum import rate_of_change, rsi
from investiq.indicators.trend import sma

__all__ = ["TOPIC", "squeeze_features"]

UNITS: Final[dict[str, Unit]] = {
    "squeeze_pressure": "score",
    "squeeze_volume_spike": "score",
    "squeeze_volume_trend": "score",
    "squeeze_momentum": "score",
    "squeeze_compression": "score",
    "squeeze_bands": "score",
    "squeeze_rsi": "score",
    "squeeze_risk": "score",
}
WORDS: Final = ("squeeze_level",)
PARTS: Final = (
    "squeeze_volume_spike",
    "squeeze_volume_trend",
    "squeeze_momentum",
    "squeeze_bands",
    "squeeze_rsi",
)
HIGH, MODERATE = 70.0, 40.0


def squeeze_features(history: History) -> dict[str, Any]:
    """Return five of the six parts of pressure.

    Volume spike (at most 15), volume trend (15), momentum of 20 bars (20), narrow
    Bollinger bands (20), extreme RSI (15).
    """
    bars = history.bars().adjusted("total")
    close, volume = bars.close, bars.volume
    average = sma(volume, 20)
    with np.errstate(divide="ignore", invalid="ignore"):
        spike = np.clip((volume / average - 1) * 15, 0, 15)
        trend = np.clip((sma(volume, 5) / average - 0.8) * 25, 0, 15)
    momentum = np.clip(2 * 100 * rate_of_change(close, 20), 0, 20)
    bands = bollinger(close, 20, 2.0)
    return {
        "squeeze_volume_spike": spike,
        "squeeze_volume_trend": trend,
        "squeeze_momentum": momentum,
        "squeeze_bands": _narrowness((bands.upper - bands.lower) / bands.middle),
        "squeeze_rsi": _extreme(rsi(close, 14)),
    }


def _narrowness(width: FloatArray) -> FloatArray:
    """Return 10 to 20 below a width of 0.04 of the price, up to 4 below 0.06."""
    return np.where(width < 0.04, np.clip(20 - 250 * width, 10, 20), np.clip((0.06 - width) * 200, 0, 10))


def _extreme(strength: FloatArray) -> FloatArray:
    """Return 15 at an RSI of 0 or 100, 0 between 30 and 70."""
    return np.maximum(np.maximum(30 - strength, strength - 70), 0) / 30 * 15


def _level(pressure: FloatArray) -> NDArray[np.str_]:
    return np.select([np.isnan(pressure), pressure >= HIGH, pressure >= MODERATE], ["", "High", "Moderate"], "Low")


def _composite(t: Table) -> dict[str, Any]:
    """Return the compression of volatility (at most 15), the sum of all parts, its word, and the risk of a squeeze."""
    nothing = np.full(t["squeeze_rsi"].shape, np.nan)
    compression = 15 * (1 - t.get("volatility_historical_percentile", nothing))
    pressure = compression + np.sum([t[name] for name in PARTS], axis=0)
    return {
        "squeeze_compression": compression,
        "squeeze_pressure": pressure,
        "squeeze_level": _level(pressure),
        "squeeze_risk": 50 * t.get("short_percentile", nothing) + 0.5 * pressure,
    }


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if np.isnan(row["squeeze_volume_trend"]):
        names = ("squeeze_volume_spike", "squeeze_volume_trend", "squeeze_pressure")
        reasons |= dict.fromkeys(names, "no volume of 20 bars")
    if np.isnan(row["squeeze_risk"]):
        reasons["squeeze_risk"] = "needs short interest with 60 bars of its past, and the pressure"
    return reasons


TOPIC: Final = Topic(
    name="squeeze",
    units=UNITS,
    words=WORDS,
    features=squeeze_features,
    composite=_composite,
    panels=(
        Panel(
            "Breakout pressure",
            (
                Line("Breakout pressure", "squeeze_pressure", "of 100, from price and volume alone"),
                Line("Level", "squeeze_level", "High from 70, Moderate from 40"),
                Line("Volume spike", "squeeze_volume_spike", "of 15"),
                Line("Volume trend", "squeeze_volume_trend", "of 15"),
                Line("Momentum", "squeeze_momentum", "of 20"),
                Line("Compression", "squeeze_compression", "of 15"),
                Line("Narrow bands", "squeeze_bands", "of 20"),
                Line("Extreme RSI", "squeeze_rsi", "of 15"),
                Line("Squeeze risk", "squeeze_risk", "half the rank of short interest, half the pressure"),
            ),
        ),
    ),
    why_missing=_why_missing,
)
