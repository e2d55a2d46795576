"""Single drawdowns: from their peak over the trough to the recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.drawdowns import depths, rows_at_peak
from investiq.metrics.formulas import PEAK_ROUNDING
from investiq.metrics.inputs import FloatArray, Floats, Instants, equity_values, instants_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RecoveryStatistics", "drawdown_table", "recovery_statistics", "time_under_water"]

Rows = NDArray[np.int64]

NOT_RECOVERED: Final = -1


class Drawdowns(NamedTuple):
    """Rows of the points of each drawdown, in time order; `recovery` is -1 while it lasts."""

    peak: Rows
    trough: Rows
    recovery: Rows
    depth: FloatArray


@dataclass(frozen=True)
class RecoveryStatistics(Readout):
    """How long drawdowns took to recover, in periods between points.

    Attributes
    ----------
    recovered, ongoing : int
        Drawdowns that are over, and 0 or 1 that still lasts.
    mean_from_trough, max_from_trough : float
        From the trough to the recovery, over the recovered ones; NaN without any.
    mean_from_peak, max_from_peak : float
        From the peak to the recovery, over the recovered ones; NaN without any.
    time_under_water : float
        Share of all points that lie below the highest before them.
    """

    units: ClassVar[dict[str, Unit]] = {
        "recovered": "count",
        "ongoing": "count",
        "mean_from_trough": "bars",
        "max_from_trough": "bars",
        "mean_from_peak": "bars",
        "max_from_peak": "bars",
        "time_under_water": "fraction",
    }
    recovered: int
    ongoing: int
    mean_from_trough: float
    max_from_trough: float
    mean_from_peak: float
    max_from_peak: float
    time_under_water: float


def drawdowns_of(equity: FloatArray) -> Drawdowns:
    """Return every drawdown of an equity curve that was checked; a fall of rounding alone is none."""
    at_peak = rows_at_peak(equity)
    ends = np.append(at_peak[1:], equity.size)
    all_depths = depths(equity)
    chosen = np.flatnonzero(all_depths < -PEAK_ROUNDING)
    trough = np.array([at_peak[i] + _first_lowest(equity[at_peak[i] : ends[i]]) for i in chosen], dtype=np.int64)
    recovery = np.where(ends[chosen] == equity.size, NOT_RECOVERED, ends[chosen])
    return Drawdowns(at_peak[chosen], trough, recovery, all_depths[chosen])


def drawdown_table(equity: Floats, ts: Instants | None = None, *, top: int = 5) -> pd.DataFrame:
    """Return the deepest drawdowns, the deepest first.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first, without NaN.
    ts : ndarray of datetime64 or DatetimeIndex of shape (n_points,), optional
        Time of each point, UTC; by default the index of `equity`.
    top : int, default 5
        How many; fewer rows where there are fewer drawdowns.

    Returns
    -------
    DataFrame
        ``depth`` (a fraction, < 0); ``peak``, ``trough`` and ``recovery`` (NaT
        while it lasts); ``bars_down`` and ``days_down`` from peak to trough,
        ``bars_to_recover`` and ``days_to_recover`` from trough to recovery
        (NaN while it lasts); ``is_ongoing``. A drawdown recovers at the first
        point that is back at its peak.

    Raises
    ------
    ConfigError
        If `top` is below 1.
    DataError
        If `equity` holds NaN, opens at or below zero, or the times are missing or descend.
    InsufficientDataError
        If there is no point.

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")
    >>> table = drawdown_table(np.array([100.0, 110.0, 99.0, 104.5, 121.0, 114.95]), days)
    >>> table[["depth", "bars_down", "bars_to_recover", "is_ongoing"]].round(4)
       depth  bars_down  bars_to_recover  is_ongoing
    0  -0.10          1              2.0       False
    1  -0.05          1              NaN        True
    """
    import pandas as pd

    if top < 1:
        raise ConfigError(f"top must be at least 1, was {top}")
    values = equity_values(equity)
    stamps = instants_of(equity, ts)
    every = drawdowns_of(values)
    order = np.argsort(every.depth, kind="stable")[:top]
    found = Drawdowns(every.peak[order], every.trough[order], every.recovery[order], every.depth[order])
    is_ongoing = found.recovery == NOT_RECOVERED
    index = pd.DatetimeIndex(stamps, tz="UTC")
    recovery = index[found.recovery].where(~is_ongoing)
    table = pd.DataFrame(
        {
            "depth": found.depth,
            "peak": index[found.peak],
            "trough": index[found.trough],
            "recovery": recovery,
            "bars_down": found.trough - found.peak,
            "bars_to_recover": np.where(is_ongoing, np.nan, found.recovery - found.trough),
            "is_ongoing": is_ongoing,
        }
    )
    table.insert(5, "days_down", _days(stamps[found.trough] - stamps[found.peak]))
    days = _days(stamps[found.recovery] - stamps[found.trough])
    table.insert(7, "days_to_recover", np.where(is_ongoing, np.nan, days))
    return table


def recovery_statistics(equity: Floats) -> RecoveryStatistics:
    """Return how long drawdowns took to recover, and how much of the time was spent in one.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first, without NaN.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there is no point.

    Examples
    --------
    >>> found = recovery_statistics(100 * (1 - np.array([0.0, 0.05, 0.10, 0.05, 0.0, 0.02, 0.0])))
    >>> found.recovered, found.mean_from_trough, found.max_from_trough, round(found.time_under_water, 4)
    (2, 1.5, 2.0, 0.5714)
    """
    values = equity_values(equity)
    found = drawdowns_of(values)
    is_over = found.recovery != NOT_RECOVERED
    from_trough = (found.recovery - found.trough)[is_over]
    from_peak = (found.recovery - found.peak)[is_over]
    recovered = int(np.count_nonzero(is_over))

    def summary(lengths: Rows) -> tuple[float, float]:
        return (float(lengths.mean()), float(lengths.max())) if recovered else (float("nan"), float("nan"))

    return RecoveryStatistics(
        recovered, is_over.size - recovered, *summary(from_trough), *summary(from_peak), _under_water(values)
    )


def time_under_water(equity: Floats) -> float:
    """Return the share of all points that lie below the highest before them, in [0, 1).

    Parameters
    ----------
    equity : ndarray or Series of shape (n_points,)
        Account value, opening point first (it counts as a point), without NaN.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there is no point.
    """
    return _under_water(equity_values(equity))


def _first_lowest(equity: FloatArray) -> int:
    """Return the first row that is at the lowest point, but for rounding."""
    lowest = equity.min()
    return int(np.argmax(equity <= lowest + abs(lowest) * PEAK_ROUNDING))


def _days(spans: NDArray[np.timedelta64]) -> FloatArray:
    return spans / np.timedelta64(1, "D")


def _under_water(equity: FloatArray) -> float:
    falls = equity / np.maximum.accumulate(equity) - 1.0
    return float(np.count_nonzero(falls < -PEAK_ROUNDING) / equity.size)
