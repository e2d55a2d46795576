"""Market regimes: what each close says of the last bars, and what follows for sizes and odds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, near_matches

__all__ = [
    "FILTER_BARS", "REGIMES", "Regime", "regime_bits", "regime_codes", "regime_names", "regime_scale",
    "success_probability", "trend_of",
]  # fmt: skip

FloatArray = NDArray[np.float64]

Regime = Literal["trend_up", "calm", "sideways", "trend_down", "high_volatility", "uncertain"]
# A regime's code is its place here.
REGIMES: Final[tuple[Regime, ...]] = get_args(Regime)

# Deviation of daily log returns from which a market is volatile, and up to which it is calm.
HIGH_VOLATILITY: Final = 0.02
LOW_VOLATILITY: Final = 0.005
# Mean return over its deviation from which it is a trend: 0.001 over 0.005, the edge that the fixed limits of older rules had.
DRIFT: Final = 0.2
# Error of the filtered level, in log returns, above which nothing is said of it.
UNCERTAINTY: Final = 0.05
# Bars before the filtered price has an uncertainty: two for level and slope, and 19 more of the 20 of its mean.
FILTER_BARS: Final = 21

_SCALES: Final = np.array([1.0, 0.85, 0.7, 0.6, 0.5, 0.4])
_UNCERTAIN_SCALE: Final = 0.7
_BONUS: Final = np.array([0.05, 0.02, 0.0, -0.07, -0.08, -0.10])


def regime_codes(
    close: FloatArray,
    window: int = 20,
    *,
    uncertainty: FloatArray | None = None,
    high_volatility: float = HIGH_VOLATILITY,
    low_volatility: float = LOW_VOLATILITY,
    drift: float = DRIFT,
) -> FloatArray:
    """Return the regime of each bar as its place in `REGIMES`.

    The first that holds of the last `window` log returns, their population
    deviation `s` and their mean `m`: uncertain (`uncertainty` above 0.05), high
    volatility (``s >= high_volatility``), trend up (``m >= drift * s``, m above 0),
    trend down (its mirror), calm (``s <= low_volatility``), else sideways.

    Parameters
    ----------
    close : ndarray of shape (n_bars,)
        Adjusted.
    window : int, default 20
        Returns looked back on, the current one included; at least 2.
    uncertainty : ndarray of shape (n_bars,), optional
        Error of a filtered price in log returns, such as that of `trend_of`.
    high_volatility, low_volatility : float, default 0.02 and 0.005
        Per bar.
    drift : float, default 0.2
        Least mean return of a trend, in deviations.

    Returns
    -------
    ndarray of float64, shape (n_bars,)
        0 to 5; NaN in the first `window` bars, and where `uncertainty` is NaN.

    Notes
    -----
    The window is trailing: a label is final at its own close. Older rules tested
    the drift against a fixed return, and for calm markets only, so that a trend of
    ordinary volatility could not be seen; here it is tested against the deviation.

    Examples
    --------
    >>> rising = 100 * 1.01 ** np.arange(4.0)
    >>> [REGIMES[int(code)] for code in regime_codes(rising, window=2)[2:]]
    ['trend_up', 'trend_up']
    """
    from investiq.indicators.volatility import historical_volatility

    if not 0 <= low_volatility <= high_volatility:
        raise ConfigError(
            f"expected 0 <= low_volatility <= high_volatility, were {low_volatility} and {high_volatility}"
        )
    deviation = historical_volatility(close, window, periods_per_year=1, ddof=0)
    mean = np.full(close.size, np.nan)
    logs = np.log(close)
    mean[window:] = (logs[window:] - logs[:-window]) / window
    unsure = np.zeros(close.size, dtype=bool) if uncertainty is None else uncertainty > UNCERTAINTY
    tests = (
        (unsure, "uncertain"),
        (deviation >= high_volatility, "high_volatility"),
        ((mean >= drift * deviation) & (mean > 0), "trend_up"),
        ((mean <= -drift * deviation) & (mean < 0), "trend_down"),
        (deviation <= low_volatility, "calm"),
    )
    codes: FloatArray = np.select(
        [test for test, _ in tests], [float(REGIMES.index(name)) for _, name in tests], float(REGIMES.index("sideways"))
    )
    codes[np.isnan(deviation)] = np.nan
    if uncertainty is not None:
        codes[np.isnan(uncertainty)] = np.nan
    return codes


def regime_names(names: object) -> tuple[Regime, ...]:
    """Return a tuple or list of regimes as a tuple, or refuse it."""
    if not isinstance(names, (tuple, list)) or not names:
        raise ConfigError(f"regimes must be a tuple of names such as ('calm', 'sideways'), was {names!r}")
    for name in names:
        if name not in REGIMES:
            raise ConfigError(
                f"no regime is called {name!r}{near_matches(str(name), REGIMES)}; known are {', '.join(REGIMES)}"
            )
    return tuple(names)


def regime_bits(names: Sequence[Regime]) -> float:
    """Return a set of regimes as the number whose bits are their codes, for a compiled rule.

    Examples
    --------
    >>> regime_bits(["trend_up", "sideways"])
    5.0
    """
    return float(sum(1 << REGIMES.index(name) for name in set(names)))


def regime_scale(codes: FloatArray, uncertainty: FloatArray | None = None) -> FloatArray:
    """Return the factor of a size in each bar's regime, in [0.1, 1].

    1.0 in an uptrend, 0.85 calm, 0.7 sideways, 0.6 in a downtrend, 0.5 at high
    volatility, 0.4 uncertain; times 0.7 where the uncertainty is above 0.05.

    Parameters
    ----------
    codes : ndarray of shape (n_bars,)
        As `regime_codes` returns them: the label of each decision's own time.
    uncertainty : ndarray of shape (n_bars,), optional

    Returns
    -------
    ndarray of shape (n_bars,)
        NaN where the regime is.

    Examples
    --------
    >>> regime_scale(np.array([0.0, 4.0]), np.array([0.0, 0.06])).round(2)
    array([1.  , 0.35])
    """
    known = ~np.isnan(codes)
    scales = np.full(codes.shape, np.nan)
    scales[known] = _SCALES[codes[known].astype(np.intp)]
    if uncertainty is not None:
        scales[uncertainty > UNCERTAINTY] *= _UNCERTAIN_SCALE
    clipped: FloatArray = np.clip(scales, 0.1, 1.0)
    return clipped


def success_probability(velocity: FloatArray, uncertainty: FloatArray, codes: FloatArray) -> FloatArray:
    """Return a raw estimate of the probability that a trade with the trend succeeds.

    ``0.5 + 0.5 * tanh(velocity) - uncertainty + bonus(regime)``, within [0.05, 0.95];
    the bonus is 0.05 in an uptrend, 0.02 calm, 0 sideways, -0.07 in a downtrend,
    -0.08 at high volatility and -0.10 uncertain.

    Parameters
    ----------
    velocity : ndarray of shape (n_bars,)
        Without unit: the filtered slope over the average true range as a fraction
        of the price, or over its own error. A slope in money would make the answer
        depend on the price of a share.
    uncertainty : ndarray of shape (n_bars,)
        In log returns.
    codes : ndarray of shape (n_bars,)
        As `regime_codes` returns them.

    Returns
    -------
    ndarray of shape (n_bars,)
        NaN where an input is. It is not calibrated: check it against outcomes out
        of sample before a size rests on it.

    Examples
    --------
    >>> success_probability(np.array([0.0, 9.0]), np.array([0.01, 0.01]), np.array([0.0, 0.0])).round(2)
    array([0.54, 0.95])
    """
    if not velocity.shape == uncertainty.shape == codes.shape:
        raise DataError(
            f"velocity, uncertainty and codes must have one shape, had {velocity.shape}, {uncertainty.shape}, {codes.shape}"
        )
    known = ~np.isnan(codes)
    bonus = np.full(codes.shape, np.nan)
    bonus[known] = _BONUS[codes[known].astype(np.intp)]
    odds: FloatArray = np.clip(0.5 + 0.5 * np.tanh(velocity) - uncertainty + bonus, 0.05, 0.95)
    return odds


def trend_of(close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return velocity and uncertainty of the filtered log price, each of shape (n_bars,).

    A local linear trend by the Kalman filter, never the smoother. Velocity is the
    slope in log returns per bar; uncertainty the error of the level in log returns,
    scaled by how large the filter's surprises have lately been. Neither depends on
    the size of the three variances, only on their ratio, which is fixed at 10 : 1 : 1
    and so fitted to nothing.
    """
    from investiq.indicators.kalman_filters import local_linear_trend
    from investiq.indicators.state_space import Variances

    trend = local_linear_trend(close, Variances(observation=1e-2, level=1e-3, slope=1e-3))
    return trend.slope, trend.uncertainty
