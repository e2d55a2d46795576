"""Historical volatility in its own past: the stand-in for implied volatility where no chains are known."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.core.calendar import periods_per_year
from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.rules import FloatArray, Table
from investiq.engines.scoring import percentile_rank
from investiq.engines.supplementary.options import IV_HIGH, IV_LOW
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.history import History
from investiq.indicators.volatility import historical_volatility

__all__ = ["TOPIC"]

UNITS: Final[dict[str, Unit]] = {"volatility_historical": "fraction", "volatility_historical_percentile": "fraction"}


def _features(history: History) -> dict[str, FloatArray]:
    bars = history.bars()
    years = periods_per_year(bars.interval, bars.passport.calendar)
    found = historical_volatility(bars.adjusted("total").close, 20, periods_per_year=years)
    return {"volatility_historical": found, "volatility_historical_percentile": percentile_rank(found)}


def _proxy(t: Table) -> FloatArray:
    rank = t["volatility_historical_percentile"]
    amount = np.where(rank < IV_LOW, 0.02, np.where(rank > IV_HIGH, -0.02, 0.0))
    implied = t.get("options_iv_percentile")
    return amount if implied is None else np.where(np.isnan(implied), amount, 0.0)


_TEXT: Final = (
    "historical volatility {volatility_historical} as a proxy for implied volatility, "
    "rank {volatility_historical_percentile} in its trailing 252 bars"
)

TOPIC: Final = Topic(
    name="volatility proxy",
    units=UNITS,
    features=_features,
    adjustments=(
        Adjustment(
            names=("Volatility Low (Proxy)", "Volatility High (Proxy)"),
            fact="volatility level",
            amount=_proxy,
            value="volatility_historical_percentile",
            texts=(_TEXT, _TEXT),
            is_directional=False,
        ),
    ),
    panels=(
        Panel(
            "Volatility",
            (
                Line(
                    "Historical volatility",
                    "volatility_historical",
                    "20 bars of log returns; stands in for implied volatility where that has no rank",
                    "volatility_historical_percentile",
                ),
            ),
        ),
    ),
)
