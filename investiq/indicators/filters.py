"""Filters: the level and the slope behind a noisy price, as known at each bar.

All are causal. The Kalman filters give filtered values, made of the bars up to
each row, never smoothed ones, and take their variances as an argument: estimated
on the whole series, these would carry the future into every row. Estimate them on
bars before the ones that are filtered (`kalman_fitting.fit_local_linear_trend`).

The third classic filter, the exponential average, is `trend.ema`. A local level
tends to it: with a steady Kalman gain K the level moves as ``ema`` with
``2 / (window + 1) = K``.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.kalman import LEVEL_ROWS, TREND_ROWS, weighted_mean_pass
from investiq.indicators.observations import (
    FloatArray,
    SeriesOrArray,
    bar_columns,
    column,
    like_frame,
    like_series,
    over_observations,
    whole_window,
)
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
from investiq.indicators.trend import ema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["butterworth", "local_level", "local_linear_trend", "signal_frame"]

# Beyond it the coefficients of a narrow filter lose their digits even in second-order sections.
HIGHEST_ORDER: Final = 12


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


class SignalFrame(NamedTuple):
    """What `signal_frame` returns for `Bars`, each of the shape of its columns."""

    filtered_price: FloatArray
    velocity: FloatArray
    uncertainty: FloatArray
    innovation_z: FloatArray
    butterworth_price: FloatArray
    ema_price: FloatArray


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
    rows = _filtered(close, variances, "local_level", LEVEL_ROWS, scale, start, gaps)
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
    rows = _filtered(close, variances, "local_linear_trend", TREND_ROWS, scale, start, gaps)
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


def butterworth(close: SeriesOrArray, order: int = 2, cutoff: float = 0.2) -> SeriesOrArray:
    """Return the causal Butterworth low-pass filter of a price [1]_.

    The flattest response below the cutoff that a recursion of this order has. It
    starts as if the price had always been the first price, so a constant stays
    what it is (gain 1 at frequency 0) and there is no start-up swing.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices. A missing row is left out of the recursion and is NaN itself.
    order : int, default 2
        From 1 to 12; higher cuts off more sharply and lags more.
    cutoff : float, default 0.2
        Frequency at which half of the power passes, in (0, 1) of the Nyquist
        frequency, so the period there is ``2 / cutoff`` bars: 10 bars by default.
        Of the sampling rate it is half as much, 0.1.

    Returns
    -------
    Series or ndarray of shape (n_bars,)
        In the unit of `close`, from the first row on. A slow movement comes
        ``1 / (2 sin(pi / (2 order)) tan(pi cutoff / 2))`` bars late: 2.18 by default.

    Raises
    ------
    ConfigError
        If `order` or `cutoff` is out of range.
    DataError
        If `close` is not one column.

    Notes
    -----
    Filtering forward and backward removes the lag by using later bars and is
    never done here.

    References
    ----------
    .. [1] Oppenheim, A. V. and Schafer, R. W. (2010). Discrete-Time Signal
       Processing, 3rd ed., section 7.2.

    Examples
    --------
    >>> butterworth(np.array([100.0, 100.0, 103.0])).round(3)
    array([100.   , 100.   , 100.202])
    """
    if isinstance(order, bool) or not isinstance(order, Integral) or not 1 <= order <= HIGHEST_ORDER:
        raise ConfigError(f"order must be a whole number from 1 to {HIGHEST_ORDER}, was {order!r}")
    if not isinstance(cutoff, Real) or not 0 < cutoff < 1:
        raise ConfigError(
            f"cutoff must lie in (0, 1) of the Nyquist frequency, was {cutoff!r}; for a period in bars pass 2 / period"
        )
    prices = column(close)
    from scipy.signal import butter, sosfilt, sosfilt_zi

    sections = butter(order, cutoff, output="sos")
    steady = sosfilt_zi(sections)

    def smooth(series: FloatArray) -> tuple[FloatArray, ...]:
        if not series.size:
            return (series.copy(),)
        return (sosfilt(sections, series, zi=steady * series[0])[0],)

    (values,) = over_observations(smooth, prices)
    return like_series(close, values, f"butterworth_{order}")


@overload
def signal_frame(
    bars: pd.DataFrame, variances: Variances, window: int = 20, *, ema_window: int = 10, cutoff: float = 0.2
) -> pd.DataFrame: ...
@overload
def signal_frame(
    bars: Any, variances: Variances, window: int = 20, *, ema_window: int = 10, cutoff: float = 0.2
) -> SignalFrame: ...
def signal_frame(
    bars: Any, variances: Variances, window: int = 20, *, ema_window: int = 10, cutoff: float = 0.2
) -> Any:
    """Return what the filters say of each bar, side by side.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with close
        Adjusted. A row with a missing close is left out and is NaN itself.
    variances : Variances
        Of the `local_linear_trend` of the log price.
    window : int, default 20
        As in `local_linear_trend`.
    ema_window : int, default 10
        Span of `ema_price`, in bars.
    cutoff : float, default 0.2
        As in `butterworth`, of order 2.

    Returns
    -------
    filtered_price, velocity, uncertainty, innovation_z, butterworth_price, ema_price
        Columns of a DataFrame for a DataFrame, arrays for `Bars`. `velocity` is
        the slope as a log return per bar, `uncertainty` in log returns, prices in
        the unit of `close`.

    Raises
    ------
    ConfigError
        If `variances` is none, or a window or `cutoff` is out of range.
    DataError
        If `bars` has no close, or one that is not positive.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.indicators.kalman_fitting import fit_local_linear_trend
    >>> prices = iq.load_bars("^GSPC", start="2016").adjusted()
    >>> fit = fit_local_linear_trend(prices.until("2018-01-01").close)
    >>> frame = signal_frame(prices.frame, fit.variances).loc["2018":]
    >>> bool(frame.notna().all(axis=None))
    True
    """
    window, ema_window = whole_window(window), whole_window(ema_window, "ema_window")
    (prices,) = bar_columns(bars, ("close",))
    trend = local_linear_trend(prices, variances, window)
    columns = (
        trend.level,
        trend.slope,
        trend.uncertainty,
        trend.innovation_z,
        butterworth(prices, cutoff=cutoff),
        ema(prices, ema_window),
    )
    return like_frame(bars.close, columns, SignalFrame)


def _filtered(
    close: Any, variances: Variances, model: Model, rows: int, scale: Scale, start: Start, gaps: Gaps
) -> tuple[FloatArray, ...]:
    """Return the rows that the compiled filter of `model` fills, each in the shape of `close`."""
    checked, prior = checked_variances(variances, model), prior_of(start)
    one_of("scale", scale, Scale)
    one_of("gaps", gaps, Gaps)

    def compute(prices: FloatArray) -> tuple[FloatArray, ...]:
        finite = np.isfinite(prices)
        first = int(np.argmax(finite)) if finite.any() else prices.size
        series = scaled(np.where(finite, prices, np.nan)[first:], scale)
        out = np.full((rows, series.size), np.nan)
        run_pass(series, checked, model, prior, out)
        return tuple(np.pad(out, ((0, 0), (first, 0)), constant_values=np.nan))

    prices = column(close)
    return over_observations(compute, prices) if gaps == "skip" else _over_rows(compute, prices)


def _over_rows(compute: Callable[[FloatArray], tuple[FloatArray, ...]], prices: FloatArray) -> tuple[FloatArray, ...]:
    """Run `compute` on a series, or on each row of a panel, gaps included."""
    if prices.ndim == 1:
        return compute(prices)
    results = [np.empty(prices.shape) for _ in compute(np.empty(0))]
    for row, series in enumerate(prices):
        for result, values in zip(results, compute(series), strict=True):
            result[row] = values
    return tuple(results)


def _recent_size(z: FloatArray, window: int) -> FloatArray:
    """Return the root of the exponential mean square of the innovations, once there are `window` of them."""
    window = whole_window(window)

    def size(series: FloatArray) -> tuple[FloatArray, ...]:
        mean = np.full(series.size, np.nan)
        weighted_mean_pass(np.square(series), 1 - 2 / (window + 1), mean)
        mean[: window - 1] = np.nan
        return (np.sqrt(mean),)

    return over_observations(size, z)[0]


def _unscaled(level: FloatArray, scale: Scale) -> FloatArray:
    return np.exp(level) if scale == "log" else level
