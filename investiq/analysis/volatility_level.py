"""How volatile a market is now: its volatility index where there is one, else what was realised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from investiq.analysis.standing import VOLATILITY_WINDOW
from investiq.core.calendar import periods_per_year
from investiq.core.facts import Unit
from investiq.engines.scoring import percentile_rank
from investiq.history.instants import When
from investiq.indicators.volatility import historical_volatility
from investiq.market.record_loading import load_records

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["VolatilityLevel", "volatility_level"]

# Index of implied volatility by the symbol of its market.
_IMPLIED: Final = {"^GSPC": "^VIX"}


@dataclass(frozen=True, kw_only=True, eq=False)
class VolatilityLevel:
    """Volatility of a benchmark through time.

    Attributes
    ----------
    name : str
        Such as ``"^VIX, close"``.
    history : Series
        Index `ts` (UTC).
    unit : str
    convention : str
    rank : float
        Of the last value among those of the trailing 252, in [0, 1]; NaN where
        they are too few.
    """

    name: str
    history: pd.Series[float]
    unit: Unit
    convention: str
    rank: float

    @property
    def last(self) -> float:
        """The newest value."""
        return float(self.history.iloc[-1])


def volatility_level(benchmark: Bars, as_of: When) -> VolatilityLevel | None:
    """Return the volatility of a benchmark as it was known; None where it has too few bars."""
    if benchmark.symbol in _IMPLIED and benchmark.passport.provenance == "sample":
        name = _IMPLIED[benchmark.symbol]
        known = load_records(name).until(as_of).frame
        if len(known):
            convention = "index points: implied volatility in percent a year, close"
            return _level(f"{name}, close", known["close"], "ratio", convention)
    factor = periods_per_year("1d", benchmark.passport.calendar)
    realised = np.asarray(
        historical_volatility(benchmark.adjusted("total").close, VOLATILITY_WINDOW, periods_per_year=factor)
    )
    values = pd.Series(realised, index=benchmark.index).dropna()
    if values.empty:
        return None
    convention = f"realised, deviation of the last {VOLATILITY_WINDOW} log returns, ddof 1, x sqrt({factor:g})"
    return _level(f"Realised volatility of {benchmark.symbol}", values, "fraction", convention)


def _level(name: str, values: pd.Series[float], unit: Unit, convention: str) -> VolatilityLevel:
    rank = float(percentile_rank(np.asarray(values, dtype=np.float64))[-1])
    return VolatilityLevel(name=name, history=values, unit=unit, convention=convention, rank=rank)
