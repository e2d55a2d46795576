"""A plain rule of averages, RSI and MACD, as two columns beside the votes; the strategy `TrendCrossover` trades it."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.technical.inputs import Columns, Inputs, Topic, above

__all__ = ["RULES_001"]

RSI_LOW: Final = 30.0
RSI_HIGH: Final = 70.0


def _columns(inputs: Inputs) -> Columns:
    done = inputs.done
    close, short, middle, rsi = done["close"], done["sma_20"], done["sma_50"], done["rsi"]
    is_between = (rsi > RSI_LOW) & (rsi < RSI_HIGH)
    is_outside = (rsi < RSI_LOW) | (rsi > RSI_HIGH)
    buy = (done["macd_cross"] == 1) & above(close, short) & above(close, middle) & is_between
    # Selling what has fallen far contradicts the buying side; it is the rule as it was published.
    sell = (done["macd_cross"] == -1) & above(short, close) & above(middle, close) & is_outside
    known = ~np.isnan(middle) & ~np.isnan(done["macd_cross"])
    strength = np.where(buy, np.minimum(1, (rsi - RSI_LOW) / 40), np.where(sell, np.abs(rsi - 50) / 50, 0.0))
    return {
        "rules_001": np.where(known, buy.astype(float) - sell, np.nan),
        "rules_001_strength": np.where(known, strength, np.nan),
    }


RULES_001: Final = Topic(
    units={"rules_001": "", "rules_001_strength": "fraction"},
    columns=_columns,
    tags={
        "Rule 001 Buys": lambda t: t["rules_001"] == 1,
        "Rule 001 Sells": lambda t: t["rules_001"] == -1,
    },
)
