"""The cells of a sweep as a table: parameters, and the measures that the statistics of the loop give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import sweep_kernels as columns
from investiq.backtesting.sweep_grid import value_text
from investiq.core.errors import ConfigError, near_matches
from investiq.core.facts import Unit
from investiq.core.types import INTERVAL_MINUTES

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.sweep_result import SweepResult
    from investiq.history.bars import Bars

__all__ = ["METRICS", "frame_of", "metric_text", "metric_unit", "sharpe_per_period"]

FloatArray = NDArray[np.float64]

# Measures by which cells are compared: the more the better.
METRICS: Final[dict[str, Unit]] = {
    "total_return": "fraction",
    "cagr": "fraction",
    "sharpe_ratio": "ratio",
    "mar_ratio": "ratio",
    "max_drawdown": "fraction",
    "profit_factor": "ratio",
    "win_rate": "fraction",
    "final_equity": "money",
    "trades": "count",
}
# A spread below this is rounding; see `metrics.formulas`.
_NO_SPREAD: Final = 1e-14


def metric_unit(metric: str) -> Unit:
    """Return the unit of a measure.

    Raises
    ------
    ConfigError
        If cells are not compared by it.
    """
    if metric not in METRICS:
        raise ConfigError(
            f"metric must be one of {', '.join(METRICS)}, was {metric!r}{near_matches(str(metric), METRICS)}"
        )
    return METRICS[metric]


def metric_text(metric: str) -> str:
    """Return a measure in words, as a heading."""
    return {"cagr": "CAGR", "mar_ratio": "MAR ratio"}.get(metric, metric.replace("_", " ").capitalize())


def sharpe_per_period(result: SweepResult) -> FloatArray:
    """Return the Sharpe ratio of one bar of each cell; NaN where returns do not vary."""
    values = result.statistics
    spread = values[:, columns.SD]
    moves = spread > _NO_SPREAD
    ratios = np.full(len(values), np.nan)
    ratios[moves] = (values[moves, columns.MEAN] - result.convention.risk_free_per_period) / spread[moves]
    return ratios


def frame_of(result: SweepResult) -> pd.DataFrame:
    """Return one row per cell: its parameters, then its measures."""
    import pandas as pd

    values, convention = result.statistics, result.convention
    places = result.grid.places(slice(0, len(result.grid)))
    table: dict[str, Any] = {
        axis.name: _column(axis.values, place) for axis, place in zip(result.grid.axes, places, strict=True)
    }
    capital = _capital(result, table)
    final, depth = values[:, columns.FINAL_EQUITY], values[:, columns.MAX_DRAWDOWN]
    growth = np.maximum(final, 0.0) / capital
    cagr = growth ** (1.0 / _years(result)) - 1.0
    trades, wins = values[:, columns.TRADES], values[:, columns.WINS]
    loss = values[:, columns.GROSS_LOSS]
    table |= {
        "final_equity": final,
        "total_return": final / capital - 1.0,
        "cagr": cagr,
        "volatility": values[:, columns.SD] * np.sqrt(convention.periods_per_year),
        "sharpe_ratio": sharpe_per_period(result) * np.sqrt(convention.periods_per_year),
        "max_drawdown": depth,
        "mar_ratio": _ratio(cagr, -depth),
        "trades": trades,
        "win_rate": _ratio(wins, trades),
        "profit_factor": _ratio(values[:, columns.GROSS_PROFIT], loss),
        "exposure": values[:, columns.EXPOSURE],
        "fees": values[:, columns.FEES],
        "mean": values[:, columns.MEAN],
        "sd": values[:, columns.SD],
        "skewness": values[:, columns.SKEWNESS],
        "kurtosis": values[:, columns.KURTOSIS],
        "reason": [result.reasons.get(cell, "") for cell in range(len(values))],
    }
    return pd.DataFrame(table, index=pd.RangeIndex(len(values), name="cell"))


def _column(values: Sequence[Any], place: NDArray[np.int64]) -> Any:
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return np.array(values)[place]
    kept = np.empty(len(values), dtype=object)
    kept[:] = [value_text(value) for value in values]
    return kept[place]


def _capital(result: SweepResult, table: dict[str, Any]) -> Any:
    from investiq.execution.options import RunOptions

    if "initial_capital" in table:
        return table["initial_capital"]
    return float(result.grid.fixed_options.get("initial_capital", RunOptions.initial_capital))


def _years(result: SweepResult) -> Any:
    """Return the years of each cell, from the opening point to the last bar."""
    years = [_years_of(bars, result.convention.days_per_year) for bars in result.bars.values()]
    if not result.has_symbol_axis:
        return years[0]
    return np.array(years)[result.grid.places(slice(0, len(result.grid)))[0]]


def _years_of(bars: Bars, days_per_year: float) -> float:
    opening = bars.ts[0] - np.timedelta64(INTERVAL_MINUTES[bars.interval], "m")
    return float((bars.ts[-1] - opening) / np.timedelta64(1, "D")) / days_per_year


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    quotient: FloatArray = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return quotient
