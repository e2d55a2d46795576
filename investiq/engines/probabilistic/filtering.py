"""The filtered price: a local linear trend whose variances are fitted to the past, year after year.

Fixed variances give one gain for every series. Here they are estimated on the last
1,000 bars before the first session of each calendar year and serve until the next:
a row never depends on variances that have seen it. Until 250 bars are known, the
ratio of the variances is fixed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.indicators.kalman_filters import local_linear_trend
from investiq.indicators.state_space import Variances

__all__ = ["FILTER_BARS", "FilteredTrend", "fitted_trend", "refit_rows", "trend_of"]

FloatArray = NDArray[np.float64]

# Bars of the past to which parameters are fitted, and the fewest; a year of daily bars, and four.
LONGEST_TRAINING: Final = 1_000
SHORTEST_TRAINING: Final = 250
# Bars before the filtered price has an uncertainty: two for level and slope, and 19 more of the 20 of its mean.
FILTER_BARS: Final = 21
# Only the ratio matters: errors are scaled by the innovations.
_FIXED: Final = Variances(observation=1e-2, level=1e-3, slope=1e-3)

# An error of a slope up to this, in log returns, is rounding.
_LEAST_ERROR: Final = 1e-12


class FilteredTrend(NamedTuple):
    """What `fitted_trend` knows of each bar, each of shape (n_bars,).

    Attributes
    ----------
    level : ndarray
        Median of the price's level, in the unit of the price.
    velocity, velocity_ratio : ndarray
        Slope as a log return per bar, and over its standard error, which is scaled
        by recent surprises while the ratio of the variances is fixed.
    uncertainty : ndarray
        Error of the next level as forecast now, in log returns.
    forecast_error : ndarray
        Error of the next price as forecast now, in log returns.
    innovation, innovation_z : ndarray
        Log price less its forecast, and that over its standard deviation; the
        second is NaN before variances have been fitted.
    is_fitted : ndarray
        1 where the variances are estimates, 0 where their ratio is fixed.
    """

    level: FloatArray
    velocity: FloatArray
    velocity_ratio: FloatArray
    uncertainty: FloatArray
    forecast_error: FloatArray
    innovation: FloatArray
    innovation_z: FloatArray
    is_fitted: FloatArray


def fitted_trend(close: FloatArray, ts: NDArray[np.datetime64]) -> FilteredTrend:
    """Return the local linear trend of the log price with variances fitted before each year.

    Parameters
    ----------
    close : ndarray of shape (n_bars,)
        Adjusted.
    ts : ndarray of datetime64, shape (n_bars,)
        Labels.

    Returns
    -------
    FilteredTrend
        NaN in the first bars.

    Notes
    -----
    Where the likelihood is highest without observation noise, as it often is for a
    liquid share, the filtered level is the price and its error is 0. The error of
    the *next* level is not, and is what `uncertainty` gives, scaled by how large the
    innovations have lately been.
    """
    out = np.full((len(FilteredTrend._fields), close.size), np.nan)
    for first, last, start in _spans(ts, close.size):
        variances = _variances(close[start:first].tobytes()) if start < first else None
        rows = slice(first - start, last - start)
        out[:, first:last] = _filtered(close[start:last], variances)[:, rows]
    return FilteredTrend(*out)


def refit_rows(ts: NDArray[np.datetime64], period: Literal["year", "quarter"]) -> NDArray[np.int64]:
    """Return the rows that are the first of a calendar year or quarter and have rows before them.

    Examples
    --------
    >>> refit_rows(np.array(["2024-03-28", "2024-04-01", "2024-04-02"], dtype="M8[D]"), "quarter")
    array([1])
    """
    months = ts.astype("datetime64[M]").astype(np.int64) // (12 if period == "year" else 3)
    return np.flatnonzero(np.diff(months)) + 1


def training_spans(
    ts: NDArray[np.datetime64], period: Literal["year", "quarter"], size: int
) -> list[tuple[int, int, int]]:
    """Return (first row, row behind the last, first row of the training) for each refit with enough rows before it."""
    anchors = refit_rows(ts, period)
    anchors = anchors[anchors >= SHORTEST_TRAINING]
    ends = np.append(anchors[1:], size)
    return [
        (int(first), int(last), max(0, int(first) - LONGEST_TRAINING))
        for first, last in zip(anchors, ends, strict=False)
    ]


def trend_of(close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return velocity and uncertainty of the filtered log price, each of shape (n_bars,).

    A local linear trend by the Kalman filter, never the smoother. Velocity is the
    slope in log returns per bar; uncertainty the error of the level in log returns,
    scaled by how large the filter's surprises have lately been. Neither depends on
    the size of the three variances, only on their ratio, which is fixed at 10 : 1 : 1
    and so fitted to nothing: strategies, whose limits are fixed, read these.
    """
    trend = local_linear_trend(close, _FIXED)
    return trend.slope, trend.uncertainty


def _spans(ts: NDArray[np.datetime64], size: int) -> list[tuple[int, int, int]]:
    """Return the spans of the fitted filter, and before them one of the fixed ratio, which starts where it trains."""
    fitted = training_spans(ts, "year", size)
    return [(0, fitted[0][0] if fitted else size, 0), *fitted]


def _filtered(close: FloatArray, variances: Variances | None) -> FloatArray:
    own = _FIXED if variances is None else variances
    trend = local_linear_trend(close, own)
    spread = np.full(close.size, np.nan)
    np.divide(trend.innovation, trend.innovation_z, out=spread, where=trend.innovation_z != 0)
    # Without a surprise there is nothing to divide; the variance hardly moves from bar to bar.
    spread = _carried(spread)
    size = _recent(trend.innovation_z)
    ahead = np.sqrt(np.maximum(spread**2 - own.observation, 0.0))
    fitted = np.full(close.size, 0.0 if variances is None else 1.0)
    # Variances of which only the ratio is chosen give errors without a size of their own.
    slope_error = trend.slope_error * size if variances is None else trend.slope_error
    ratio = np.full(close.size, np.nan)
    np.divide(trend.slope, slope_error, out=ratio, where=slope_error > _LEAST_ERROR)
    z = np.where(fitted == 1, trend.innovation_z, np.nan)
    return np.stack(
        [trend.level, trend.slope, ratio, ahead * size, spread * size, trend.innovation, z, fitted],
    )


def _recent(z: FloatArray, window: int = 20) -> FloatArray:
    """Return the root of the exponential mean square of the innovations, once there are `window` of them."""
    from investiq.indicators.kalman import weighted_mean_pass

    size = np.full(z.size, np.nan)
    weighted_mean_pass(np.square(z), 1 - 2 / (window + 1), size)
    known = ~np.isnan(z)
    size[np.cumsum(known) < window] = np.nan
    return np.asarray(np.sqrt(size))


def _carried(values: FloatArray) -> FloatArray:
    """Return values with the last known one in place of a NaN."""
    known = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(values.size)))
    carried: FloatArray = np.where(known >= 0, values[known], np.nan)
    return carried


@lru_cache(maxsize=512)
def _variances(close: bytes) -> Variances | None:
    """Return the most likely variances, None where prices on a straight line have none."""
    from investiq.indicators.kalman_fitting import fit_local_linear_trend

    try:
        return fit_local_linear_trend(np.frombuffer(close)).variances
    except DataError:
        return None
