"""The formulas behind the metrics, on plain numbers: one place for the series functions and the table.

Every function raises `InsufficientDataError` where its formula is undefined.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from investiq.core.errors import InsufficientDataError
from investiq.metrics.inputs import FloatArray

__all__: list[str] = []  # parts of the metrics, on numbers that were checked

# A return computed from two prices carries about 2e-16 of rounding: a spread or a fall below this is none.
ROUNDING: Final = 1e-14
# Wealth multiplied up from returns comes back to a peak that the prices regained but for 1e-14 or so a thousand periods:
# a point this near to its peak, as a share of it, is at the peak.
PEAK_ROUNDING: Final = 1e-12
# The logarithm of the largest float.
_LARGEST_GROWTH: Final = 709.0


def growth_rate(first: float, last: float, days: float, days_per_year: float) -> float:
    """Return the compound annual growth from `first` to `last`; -1.0 where nothing is left."""
    if days <= 0:
        raise InsufficientDataError("the growth rate needs time between the first and the last point")
    if first <= 0:
        raise InsufficientDataError(f"the period opens with {first:g}: nothing can grow from it")
    if last <= 0:
        return -1.0
    growth = math.log(last / first) * days_per_year / days
    if growth > _LARGEST_GROWTH:
        raise InsufficientDataError(
            f"growth by {last / first:.4g} times within {days / days_per_year:.3g} years has no annual rate"
        )
    return float((last / first) ** (days_per_year / days) - 1.0)


def standard_deviation(values: FloatArray, mean: float, ddof: int) -> float:
    """Return the standard deviation of `values` around their `mean`."""
    centred = values - mean
    return spread_of(float(centred @ centred), values.size, ddof)


def spread_of(squares: float, count: int, ddof: int) -> float:
    """Return the standard deviation of `count` values from their sum of squares around the mean."""
    if count <= ddof:
        raise InsufficientDataError(f"a standard deviation with ddof {ddof} needs {ddof + 1} returns, received {count}")
    return math.sqrt(squares / (count - ddof))


def downside_deviation(values: FloatArray, target: float) -> float:
    """Return the root mean square of the shortfalls below `target`, the mean over all periods."""
    if not values.size:
        raise InsufficientDataError("the downside deviation needs at least one return")
    shortfall = np.minimum(values, target)
    shortfall -= target
    return math.sqrt(float(shortfall @ shortfall) / values.size)


def sharpe(mean: float, spread: float, risk_free: float, periods_per_year: float) -> float:
    """Return the annualised Sharpe ratio from the moments of one period."""
    if spread <= ROUNDING:
        raise InsufficientDataError("all returns are equal: their standard deviation is zero")
    return float((mean - risk_free) / spread * math.sqrt(periods_per_year))


def sharpe_error(annual_sharpe: float, count: int, periods_per_year: float) -> float:
    """Return the standard error of an annualised Sharpe ratio of `count` independent returns."""
    per_period = annual_sharpe / math.sqrt(periods_per_year)
    return math.sqrt((1 + per_period**2 / 2) / count * periods_per_year)


def sortino(mean: float, deviation: float, target: float, periods_per_year: float) -> float:
    """Return the annualised Sortino ratio from the mean and the downside deviation of one period."""
    if deviation <= ROUNDING:
        raise InsufficientDataError(f"no return below the target of {target * 100:.4g} % a period")
    return float((mean - target) / deviation * math.sqrt(periods_per_year))


def per_drawdown(growth: float, max_drawdown: float) -> float:
    """Return a growth over the size of the deepest drawdown (`max_drawdown` <= 0)."""
    if -max_drawdown <= PEAK_ROUNDING:
        raise InsufficientDataError("equity never falls below its peak: there is no drawdown to divide by")
    return growth / -max_drawdown
