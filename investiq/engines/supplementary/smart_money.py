"""Smart money: where insiders, options and the flow of volume point together; no adjustment of its own."""

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
from investiq.indicators.money_flow import chaikin_money_flow

__all__ = ["TOPIC"]

UNITS: Final[dict[str, Unit]] = {
    "smart_money_score": "ratio",
    "smart_money_parts": "count",
    "smart_money_flow": "ratio",
}
WORDS: Final = ("smart_money_band",)
WEAK, STRONG = 0.25, 0.6
FEWEST_PARTS: Final = 2


def _features(history: History) -> dict[str, FloatArray]:
    return {"smart_money_flow": chaikin_money_flow(history.bars().adjusted("total"), 20)}


def _composite(t: Table) -> dict[str, Any]:
    """Return the mean of the parts that are known, each in [-1, 1] and above 0 where it is bullish."""
    flow = t["smart_money_flow"]
    nothing = np.full(flow.shape, np.nan)
    parts = np.stack(
        [
            t.get("insider_signal", nothing),
            # Dear puts and many puts are bearish.
            1 - 2 * t.get("options_skew_percentile", nothing),
            1 - 2 * t.get("options_put_call_interest_percentile", nothing),
            flow,
        ]
    )
    is_known = np.isfinite(parts)
    count = is_known.sum(axis=0).astype(float)
    total = np.where(is_known, parts, 0.0).sum(axis=0)
    score = np.divide(total, count, out=nothing, where=count >= FEWEST_PARTS)
    return {"smart_money_score": score, "smart_money_parts": count, "smart_money_band": _band(score)}


def _band(score: FloatArray) -> NDArray[np.str_]:
    return np.select(
        [np.isnan(score), score > STRONG, score > WEAK, score < -STRONG, score < -WEAK],
        ["", "Strong Accumulation", "Accumulation", "Strong Distribution", "Distribution"],
        "Neutral",
    )


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "smart_money_score": f"{row['smart_money_parts']:.0f} of 4 parts known, {FEWEST_PARTS} needed",
        "smart_money_flow": "no volume of 20 bars",
    }


TOPIC: Final = Topic(
    name="smart money",
    units=UNITS,
    words=WORDS,
    features=_features,
    composite=_composite,
    panels=(
        Panel(
            "Smart money",
            (
                Line("Smart money", "smart_money_score", "mean of insiders, skew, put/call and money flow, in [-1, 1]"),
                Line("Band", "smart_money_band", "cuts at 0.25 and 0.6; the facts count elsewhere, so it adds nothing"),
                Line("Parts known", "smart_money_parts", "of 4"),
                Line("Chaikin money flow", "smart_money_flow", "20 bars"),
            ),
        ),
    ),
    why_missing=_why_missing,
)
