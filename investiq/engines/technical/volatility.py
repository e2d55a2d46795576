"""Volatility: how wide the bars are. It has no direction and does not vote."""

from __future__ import annotations

from typing import Final

from investiq.engines.base import Line
from investiq.engines.technical.inputs import NO_RANGE, Columns, Inputs, Topic, rank, ratio
from investiq.indicators.trend import sma
from investiq.indicators.volatility import atr

__all__ = ["VOLATILITY"]

EXPANDING: Final = 0.85
CONTRACTING: Final = 0.15


def _columns(inputs: Inputs) -> Columns:
    average_range = atr(inputs.bars)
    range_ratio = ratio(average_range, sma(average_range, 20))
    return {"atr_14": average_range, "atr_ratio": range_ratio, "atr_ratio_percentile": rank(range_ratio)}


VOLATILITY: Final = Topic(
    units={"atr_14": "price", "atr_ratio": "ratio", "atr_ratio_percentile": "fraction"},
    columns=_columns,
    lines=(
        Line("ATR(14)", "atr_14", "Wilder's smoothing"),
        Line("ATR ratio", "atr_ratio", "ATR over its mean of 20 bars; no vote", "atr_ratio_percentile"),
    ),
    needs={"atr_ratio": (34, NO_RANGE), "atr_ratio_percentile": (94, NO_RANGE)},
    tags={
        "Volatility Expanding": lambda t: t["atr_ratio_percentile"] > EXPANDING,
        "Volatility Contracting": lambda t: t["atr_ratio_percentile"] < CONTRACTING,
    },
)
