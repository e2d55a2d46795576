"""Filters of fixed coefficients, and all filters of a price side by side.

`kalman_filters` has those that weigh by variances. The third classic filter, the
exponential average, is `trend.ema`; a local level tends to it: with a steady Kalman
gain K the level moves as ``ema`` with ``2 / (window + 1) = K``.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError
from investiq.indicators.kalman_filters import local_linear_trend
from investiq.indicators.observations import (
    FloatArray,
    SeriesOrArray,
    bar_columns,
    column,
    kernels,
    like_frame,
    like_series,
    over_observations,
    whole_window,
)
from investiq.indicators.state_space import Variances
from investiq.indicators.trend import ema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["butterworth", "signal_frame"]

# Beyond it the coefficients of a narrow filter lose their digits even in second-order sections.
HIGHEST_ORDER: Final = 12


class SignalFrame(NamedTuple):
    """What `signal_frame` returns for `Bars`, each of the shape of its columns."""

    filtered_price: FloatArray
    velocity: FloatArray
    uncertainty: FloatArray
    innovation_z: FloatArray
    butterworth_price: FloatArray
    ema_price: FloatArray


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
    >>> import numpy as np
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
    sections = _sections(int(order), float(cutoff))

    def smooth(series: FloatArray) -> tuple[FloatArray, ...]:
        return (kernels().recursions.cascade(series, sections),)

    (values,) = over_observations(smooth, prices)
    return like_series(close, values, f"butterworth_{order}")


def _sections(order: int, cutoff: float) -> FloatArray:
    """Return b0, b1, b2, a1, a2 of each section: the poles of a pair, by the bilinear transform of the analog filter.

    Written out, because scipy.signal takes longer to import than an analysis to compute.
    """
    warped = math.tan(math.pi * cutoff / 2)
    square = warped * warped
    rows = []
    for pair in range(order // 2):
        damping = 2 * math.sin(math.pi * (2 * pair + 1) / (2 * order)) * warped
        whole = 1 + damping + square
        gain = square / whole
        rows.append((gain, 2 * gain, gain, 2 * (square - 1) / whole, (1 - damping + square) / whole))
    if order % 2:
        gain = warped / (1 + warped)
        rows.append((gain, gain, 0.0, (warped - 1) / (1 + warped), 0.0))
    return np.array(rows)


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
