"""Regimes of a filtered price: what each close says of the last bars, and what follows for sizes and odds.

Two sets of limits give the same six labels. Those of `regime_codes` are fixed: a
strategy can state them, vary them, and act from its 21st bar on, and its rule means
the same in every fold of a validation. Those of `ranked_regime_codes` are ranks in
the symbol's own past year: what is wild for a bond fund is calm for a share, and a
table of features over many symbols needs one meaning of wild.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.engines.scoring import percentile_rank

__all__ = [
    "REGIMES", "Regime", "priors", "ranked_regime_codes", "regime_codes", "regime_scale", "success_probability",
    "trailing_moments",
]  # fmt: skip

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

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
# The same limits as ranks in the trailing 252 bars.
HIGH_RANK: Final = 0.85
LOW_RANK: Final = 0.15
UNCERTAIN_RANK: Final = 0.95

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
    if not 0 <= low_volatility <= high_volatility:
        raise ConfigError(
            f"expected 0 <= low_volatility <= high_volatility, were {low_volatility} and {high_volatility}"
        )
    deviation, mean = trailing_moments(close, window)
    unsure = np.zeros(close.size, dtype=bool) if uncertainty is None else uncertainty > UNCERTAINTY
    codes = _codes(unsure, deviation >= high_volatility, deviation <= low_volatility, mean, drift * deviation)
    codes[np.isnan(deviation)] = np.nan
    if uncertainty is not None:
        codes[np.isnan(uncertainty)] = np.nan
    return codes


def ranked_regime_codes(
    close: FloatArray, uncertainty_rank: FloatArray, window: int = 20
) -> tuple[FloatArray, FloatArray]:
    """Return the regime of each bar by limits from its own past year, and the rank of its volatility.

    As `regime_codes`, with uncertain where `uncertainty_rank` is above 0.95, high
    volatility from a rank of 0.85 and calm up to one of 0.15.

    Parameters
    ----------
    close : ndarray of shape (n_bars,)
        Adjusted.
    uncertainty_rank : ndarray of shape (n_bars,)
        Rank of the filtered price's error in the trailing 252 bars, see
        `engines.scoring.percentile_rank`.
    window : int, default 20
        Returns looked back on, the current one included; at least 2.

    Returns
    -------
    tuple of ndarray of float64, each of shape (n_bars,)
        Places in `REGIMES` and ranks in [0, 1]; NaN where a rank is.
    """
    deviation, mean = trailing_moments(close, window)
    # Rounded, so that deviations equal but for the last bits of a sum rank as equal.
    rank = percentile_rank(np.round(deviation, 12))
    codes = _codes(uncertainty_rank > UNCERTAIN_RANK, rank >= HIGH_RANK, rank <= LOW_RANK, mean, DRIFT * deviation)
    codes[np.isnan(rank) | np.isnan(uncertainty_rank)] = np.nan
    return codes, rank


def trailing_moments(close: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return population deviation and mean of the last `window` log returns, each of shape (n_bars,)."""
    from investiq.indicators.volatility import historical_volatility

    deviation = historical_volatility(close, window, periods_per_year=1, ddof=0)
    mean = np.full(close.size, np.nan)
    logs = np.log(close)
    mean[window:] = (logs[window:] - logs[:-window]) / window
    return deviation, mean


def _codes(unsure: BoolArray, wild: BoolArray, quiet: BoolArray, mean: FloatArray, drift: FloatArray) -> FloatArray:
    """Return the place in `REGIMES` of the first test that holds."""
    tests: tuple[tuple[BoolArray, Regime], ...] = (
        (unsure, "uncertain"),
        (wild, "high_volatility"),
        ((mean >= drift) & (mean > 0), "trend_up"),
        ((mean <= -drift) & (mean < 0), "trend_down"),
        (quiet, "calm"),
    )
    codes: FloatArray = np.select(
        [test for test, _ in tests], [float(REGIMES.index(name)) for _, name in tests], float(REGIMES.index("sideways"))
    )
    return codes


def regime_scale(codes: FloatArray, uncertainty: FloatArray | None = None, limit: float = UNCERTAINTY) -> FloatArray:
    """Return the factor of a size in each bar's regime, in [0.1, 1].

    1.0 in an uptrend, 0.85 calm, 0.7 sideways, 0.6 in a downtrend, 0.5 at high
    volatility, 0.4 uncertain; times 0.7 where the uncertainty is above `limit`.

    Parameters
    ----------
    codes : ndarray of shape (n_bars,)
        As `regime_codes` returns them: the label of each decision's own time.
    uncertainty : ndarray of shape (n_bars,), optional
        In log returns, or a rank.
    limit : float, default 0.05
        In the unit of `uncertainty`.

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
        scales[uncertainty > limit] *= _UNCERTAIN_SCALE
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


def priors(close: FloatArray, window: int = 60) -> tuple[FloatArray, FloatArray]:
    """Return the share of rising bars and the payoff of the last `window` returns.

    Parameters
    ----------
    close : ndarray of shape (n_bars,)
        Adjusted.
    window : int, default 60
        Returns looked back on.

    Returns
    -------
    tuple of ndarray of shape (n_bars,)
        Share of returns above 0, and mean gain over mean loss, which is NaN where
        there was no gain or no loss; both NaN in the first `window` bars.

    Examples
    --------
    Gains of 4 % and 2 %, a loss of 1 %:

    >>> share, payoff = priors(100 * np.cumprod([1.0, 1.04, 0.99, 1.02]), window=3)
    >>> share[-1].round(4), payoff[-1].round(4)
    (np.float64(0.6667), np.float64(3.0))
    """
    from investiq.indicators.trend import sma

    returns = close[1:] / close[:-1] - 1
    head = np.full(min(1, close.size), np.nan)
    parts = (returns > 0, returns < 0, returns.clip(min=0), (-returns).clip(min=0))
    up, down, gain, loss = (np.concatenate([head, sma(part.astype(float), window)]) for part in parts)
    payoff = np.full(close.size, np.nan)
    np.divide(gain * down, up * loss, out=payoff, where=(up > 0) & (down > 0))
    return up, payoff
