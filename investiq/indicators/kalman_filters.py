"""Kalman filters: the level and the slope behind a noisy price, as known at each bar.

They give filtered values, made of the bars up to each row, never smoothed ones,
and take their variances as an argument: estimated on the whole series, these would
carry the future into every row. Estimate them on bars before the ones that are
filtered (`kalman_fitting.fit_local_linear_trend`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np

from investiq.indicators.observations import (
    FloatArray,
    column,
    like_frame,
    over_observations,
    whole_window,
)
from investiq.indicators.sources import refuse_infinite
from investiq.indicators.state_space import (
    Gaps,
    Model,
    Scale,
    Start,
    Variances,
    checked_variances,
    one_of,
    prior_of,
    run_pass,
    scaled,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["local_level", "local_linear_trend"]

# What the compiled filters keep of a bar.
_ROWS: Final[dict[Model, int]] = {"local_level": 4, "local_linear_trend": 6}


class LocalLevel(NamedTuple):
    """What `local_level` returns for arrays, each of the shape of `close`."""

    level: FloatArray
    level_error: FloatArray
    innovation: FloatArray
    innovation_z: FloatArray
    uncertainty: FloatArray


class LocalLinearTrend(NamedTuple):
    """What `local_linear_trend` returns for arrays, each of the shape of `close`."""

    level: FloatArray
    level_error: FloatArray
    slope: FloatArray
    slope_error: FloatArray
    innovation: FloatArray
    innovation_z: FloatArray
    uncertainty: FloatArray


@overload
def local_level(
    close: pd.Series[float],
    variances: Variances,
    window: int = 20,
    *,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> pd.DataFrame: ...
@overload
def local_level(
    close: FloatArray,
    variances: Variances,
    window: int = 20,
    *,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> LocalLevel: ...
def local_level(
    close: Any,
    variances: Variances,
    window: int = 20,
    *,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> Any:
    """Return the Kalman filter of a price that is a random walk observed with noise [1]_.

    At each bar the level moves from its forecast towards the price by the Kalman
    gain, the share of the forecast's variance that is the level's own.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is NaN itself; see `gaps`.
    variances : Variances
        Per bar, of the noise and of the level's step, from
        ``fit_local_level(training_prices).variances`` or chosen.
    window : int, default 20
        Span of the exponential mean of ``innovation_z ** 2`` in `uncertainty`, in observations.
    scale : {"log", "linear"}, default "log"
        Whether ln(close) is filtered, or `close` itself.
    start : {"exact_diffuse", "approximate_diffuse"}, default "exact_diffuse"
        What is assumed of the first state: nothing, or mean 0 and variance 1e6 as
        in statsmodels by default. They differ in about the sixth digit of a log price.
    gaps : {"skip", "predict"}, default "skip"
        Whether a missing row takes no time, as for every indicator, or one step
        of the level without an observation, which widens the next forecast.

    Returns
    -------
    level, level_error, innovation, innovation_z, uncertainty
        Columns of a DataFrame for a Series, arrays for an array. `level` is in the
        unit of `close` (the median of the price's level on the log scale), its
        standard error, the innovation (price less its forecast) and `uncertainty`
        in log returns, or in the unit of `close` on the linear scale.
        `innovation_z` is the innovation over its standard deviation. The first
        observation defines the level and is NaN; `uncertainty` starts `window` later.

    Raises
    ------
    ConfigError
        If `variances` is none, has a slope, or an option is unknown.
    DataError
        If `close` is not one column, or is not positive on the log scale.

    Notes
    -----
    `level_error` comes from the variances alone: within some bars it is the same
    number for every series and every day. `uncertainty` scales it by how large
    the innovations have lately been: ``level_error * sqrt(mean(innovation_z ** 2))``.

    References
    ----------
    .. [1] Harvey, A. C. (1989). Forecasting, Structural Time Series Models and
       the Kalman Filter. Cambridge University Press, sections 3.2 and 4.1.

    Examples
    --------
    Without noise the level is the price; with variances of 2 and 1 the steady gain is 1/2:

    >>> prices = np.r_[np.zeros(40), 8.0, 8.0]
    >>> local_level(prices, Variances(observation=2.0, level=1.0), scale="linear").level[-2:].round(6)
    array([4., 6.])
    """
    rows = _filtered(close, variances, "local_level", scale, start, gaps)
    level, variance, innovation, spread = rows
    z = innovation / np.sqrt(spread)
    error = np.sqrt(variance)
    columns = (_unscaled(level, scale), error, innovation, z, error * _recent_size(z, window))
    return like_frame(close, columns, LocalLevel)


@overload
def local_linear_trend(
    close: pd.Series[float],
    variances: Variances,
    window: int = 20,
    *,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> pd.DataFrame: ...
@overload
def local_linear_trend(
    close: FloatArray,
    variances: Variances,
    window: int = 20,
    *,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> LocalLinearTrend: ...
def local_linear_trend(
    close: Any,
    variances: Variances,
    window: int = 20,
    *,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> Any:
    """Return the Kalman filter of a price whose level has a slope that wanders itself [1]_.

    Parameters
    ----------
    close, window, scale, start, gaps
        As in `local_level`.
    variances : Variances
        Per bar, of the noise, of the level's step and of the slope's, from
        ``fit_local_linear_trend(training_prices).variances`` or chosen.

    Returns
    -------
    level, level_error, slope, slope_error, innovation, innovation_z, uncertainty
        Columns of a DataFrame for a Series, arrays for an array; as in
        `local_level`. `slope` is the expected change of the level over the next
        bar, a log return on the log scale; ``slope / slope_error`` is free of
        units. The first two observations define level and slope and are NaN.

    Raises
    ------
    ConfigError
        If `variances` is none, or an option is unknown.
    DataError
        If `close` is not one column, or is not positive on the log scale.

    References
    ----------
    .. [1] Harvey, A. C. (1989). Forecasting, Structural Time Series Models and
       the Kalman Filter. Cambridge University Press, sections 3.2 and 4.1.

    Examples
    --------
    On a straight line of slope 3 nothing surprises:

    >>> line = local_linear_trend(3.0 * np.arange(9), Variances(observation=1, level=1, slope=1), scale="linear")
    >>> line.slope[2:].round(9)
    array([3., 3., 3., 3., 3., 3., 3.])
    """
    rows = _filtered(close, variances, "local_linear_trend", scale, start, gaps)
    level, slope, level_variance, slope_variance, innovation, spread = rows
    z = innovation / np.sqrt(spread)
    error = np.sqrt(level_variance)
    columns = (
        _unscaled(level, scale),
        error,
        slope,
        np.sqrt(slope_variance),
        innovation,
        z,
        error * _recent_size(z, window),
    )
    return like_frame(close, columns, LocalLinearTrend)


def _filtered(
    close: Any, variances: Variances, model: Model, scale: Scale, start: Start, gaps: Gaps
) -> tuple[FloatArray, ...]:
    """Return the rows that the compiled filter of `model` fills, each in the shape of `close`."""
    checked, prior = checked_variances(variances, model), prior_of(start)
    one_of("scale", scale, Scale)
    one_of("gaps", gaps, Gaps)

    def compute(prices: FloatArray) -> tuple[FloatArray, ...]:
        finite = np.isfinite(prices)
        first = int(np.argmax(finite)) if finite.any() else prices.size
        series = scaled(np.where(finite, prices, np.nan)[first:], scale)
        out = np.full((_ROWS[model], series.size), np.nan)
        run_pass(series, checked, model, prior, out)
        return tuple(np.pad(out, ((0, 0), (first, 0)), constant_values=np.nan))

    prices = column(close)
    return over_observations(compute, prices) if gaps == "skip" else _over_rows(compute, prices)


def _over_rows(compute: Callable[[FloatArray], tuple[FloatArray, ...]], prices: FloatArray) -> tuple[FloatArray, ...]:
    """Run `compute` on a series, or on each row of a panel, gaps included."""
    refuse_infinite([prices], ["close"])
    if prices.ndim == 1:
        return compute(prices)
    results = [np.empty(prices.shape) for _ in compute(np.empty(0))]
    for row, series in enumerate(prices):
        for result, values in zip(results, compute(series), strict=True):
            result[row] = values
    return tuple(results)


def _recent_size(z: FloatArray, window: int) -> FloatArray:
    """Return the root of the exponential mean square of the innovations, once there are `window` of them."""
    from investiq.indicators.kalman import weighted_mean_pass

    window = whole_window(window)

    def size(series: FloatArray) -> tuple[FloatArray, ...]:
        mean = np.full(series.size, np.nan)
        weighted_mean_pass(np.square(series), 1 - 2 / (window + 1), mean)
        mean[: window - 1] = np.nan
        return (np.sqrt(mean),)

    return over_observations(size, np.where(np.isfinite(z), z, np.nan))[0]


def _unscaled(level: FloatArray, scale: Scale) -> FloatArray:
    return np.exp(level) if scale == "log" else level
