"""The causal table of the technical engine: one row per bar, from adjusted prices.

Computed on total-adjusted prices, so that splits and dividends are no moves. What
is published in money (`MONEY`) is divided by its row's factor, and stands beside
the price as traded on that day; everything else is free of scale.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from investiq.core.facts import Unit
from investiq.engines.base import causal_table
from investiq.engines.technical.inputs import Topic, inputs_of
from investiq.engines.technical.mean_reversion import MEAN_REVERSION
from investiq.engines.technical.momentum import MOMENTUM
from investiq.engines.technical.rules_001 import RULES_001
from investiq.engines.technical.structure import STRUCTURE
from investiq.engines.technical.timeframes import TIMEFRAMES
from investiq.engines.technical.trend import TREND
from investiq.engines.technical.volatility import VOLATILITY
from investiq.engines.technical.volume import VOLUME
from investiq.history.history import History

__all__ = ["FEATURES", "MONEY", "TOPICS", "WORDS", "technical_features"]

# In an order in which each finds what it reads of the others.
TOPICS: Final[tuple[Topic, ...]] = (
    TREND,
    MEAN_REVERSION,
    VOLATILITY,
    VOLUME,
    STRUCTURE,
    MOMENTUM,
    TIMEFRAMES,
    RULES_001,
)
# Every number with the unit in which it is shown.
FEATURES: Final[dict[str, Unit]] = {name: unit for topic in TOPICS for name, unit in topic.units.items()}
# Price levels: in the currency of the bars, as traded on their row's day.
MONEY: Final = tuple(name for name, unit in FEATURES.items() if unit == "price")
WORDS: Final = tuple(name for topic in TOPICS for name in topic.words)


def technical_features(history: History) -> pd.DataFrame:
    """Return the features of the main symbol's bars.

    Parameters
    ----------
    history : History
        Read are the main symbol's bars, those of the benchmark for relative
        strength, and the records of earnings for the anchored VWAP.

    Returns
    -------
    DataFrame of shape (n_bars, 2 + len(FEATURES) + len(WORDS))
        Index `ts`; `known_at`, `n_obs` (bars known at the row), `FEATURES` and
        `WORDS`. NaN where the past is too short or the history lacks what a
        feature needs. Crosses are 1 (up), -1 (down) or 0 at the bar at which they
        happen; percentiles rank a value in its trailing 252 rows.

    Examples
    --------
    >>> import investiq as iq
    >>> table = technical_features(iq.History.of(iq.load_bars("^GSPC", start="2018")))
    >>> table[["rsi", "adx", "weekly_rsi"]].iloc[-1].round(1).to_list()
    [41.7, 34.9, 36.6]
    """
    inputs = inputs_of(history)
    columns: dict[str, Any] = {}
    for topic in TOPICS:
        columns |= topic.columns(inputs)
        inputs.done.update({name: columns[name] for name in topic.units})
    columns |= {name: columns[name] / inputs.raw.total_factor for name in MONEY}
    return causal_table(history, {name: columns[name] for name in (*FEATURES, *WORDS)})
