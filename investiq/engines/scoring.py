"""Scores from votes, and the place of a value in its own past; for all rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from investiq.core.errors import ConfigError

__all__ = [
    "AdaptiveSignal",
    "adaptive_signal",
    "agreement",
    "combine_votes",
    "group_votes",
    "percentile_rank",
    "signal_of_percentile",
    "trailing_quantiles",
    "weight_of_z",
    "z_score",
]

FloatArray = NDArray[np.float64]

# Signals of one group measure one effect, so a group speaks with one voice and at most this loud.
GROUP_CAP: Final = 4.0
# A trailing year of daily bars; the shortest past in which a rank means something.
RANK_WINDOW: Final = 252
RANK_MINIMUM: Final = 60
# A deviation beyond each of these adds one to the weight of a signal, which begins at 1.
Z_STEPS: Final = (1.0, 1.5, 2.5)
# Beyond the first of them a deviation is more than the usual noise.
SIGNIFICANT_Z: Final = 1.0
# Ranks between these quarters say nothing.
LOWER_QUARTER: Final = 0.25
UPPER_QUARTER: Final = 0.75


class AdaptiveSignal(NamedTuple):
    """What `adaptive_signal` returns, each of shape (n_rows,)."""

    score: FloatArray
    weight: FloatArray
    is_significant: NDArray[np.bool_]


def group_votes(weights: FloatArray, groups: Sequence[str]) -> dict[str, FloatArray]:
    """Return one net vote per group of signals.

    Parameters
    ----------
    weights : ndarray of shape (n_signals, n_rows)
        Signed weight of each signal: positive bullish, 0 where it is silent.
    groups : sequence of str, length n_signals
        Group of each signal.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        Sum of the group's weights, capped at 4 either way.
    """
    names = np.array(groups)
    return {
        group: np.clip(weights[names == group].sum(axis=0), -GROUP_CAP, GROUP_CAP) for group in dict.fromkeys(groups)
    }


def combine_votes(votes: Mapping[str, FloatArray]) -> FloatArray:
    """Return the engine score of each row from the net votes of its groups.

    ``100 * sum(votes) / sum(abs(votes)) * n / (n + 1)`` with n the number of groups
    whose vote is not zero: one group alone reaches 50, two 67, five 83, so that a
    single voice is never "Strong". No vote at all is 0.

    Parameters
    ----------
    votes : mapping of str to ndarray of shape (n_rows,)
        As `group_votes` returns them.

    Returns
    -------
    ndarray of shape (n_rows,)
        In [-100, 100].

    Examples
    --------
    >>> combine_votes({"trend": np.array([4.0, 4.0]), "mean reversion": np.array([0.0, -1.0])})
    array([50., 40.])
    """
    stacked = np.stack(list(votes.values()))
    total = np.abs(stacked).sum(axis=0)
    count = (stacked != 0).sum(axis=0)
    share = np.divide(stacked.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    score: FloatArray = 100 * share * count / (count + 1)
    return score


def agreement(votes: Mapping[str, FloatArray]) -> FloatArray:
    """Return the share of the votes' weight that the larger side has, in [0.5, 1]; NaN without a vote."""
    stacked = np.stack(list(votes.values()))
    total = np.abs(stacked).sum(axis=0)
    majority = np.maximum(stacked.clip(min=0).sum(axis=0), (-stacked).clip(min=0).sum(axis=0))
    share: FloatArray = np.full(total.shape, np.nan)
    np.divide(majority, total, out=share, where=total > 0)
    return share


def percentile_rank(values: FloatArray, window: int = RANK_WINDOW, minimum: int = RANK_MINIMUM) -> FloatArray:
    """Return where each value stands among the `window` values before it.

    ``(count below + 0.5 * count equal) / count`` over the trailing window, the
    current value excluded: the same statistic, at the same length, in its own past.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A statistic by row, NaN where unknown.
    window : int, default 252
        Rows to look back.
    minimum : int, default 60
        Known values that must lie in the window.

    Returns
    -------
    ndarray of shape (n_rows,)
        In [0, 1]; NaN where the value or `minimum` of its past is missing.

    Raises
    ------
    ConfigError
        If not ``1 <= minimum <= window``.

    Examples
    --------
    >>> percentile_rank(np.array([1.0, 2.0, 3.0, 2.0]), window=3, minimum=3)
    array([nan, nan, nan, 0.5])
    """
    _check_window(window, minimum)
    rank: FloatArray = _places(values, window, minimum, ())[0]
    return rank


def trailing_quantiles(
    values: FloatArray, shares: Sequence[float], window: int = RANK_WINDOW, minimum: int = RANK_MINIMUM
) -> FloatArray:
    """Return quantiles of the `window` values before each row, the row itself excluded.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A statistic by row, NaN where unknown.
    shares : sequence of float
        In [0, 1]: 0.1 is the value that a tenth lies below.
    window : int, default 252
        Rows to look back.
    minimum : int, default 60
        Known values that must lie in the window.

    Returns
    -------
    ndarray of shape (len(shares), n_rows)
        By linear interpolation, as `numpy.quantile`; NaN where `minimum` of the
        past is missing.

    Raises
    ------
    ConfigError
        If a share is outside [0, 1], or not ``1 <= minimum <= window``.

    Examples
    --------
    >>> trailing_quantiles(np.array([1.0, 2.0, 4.0, 9.0]), [0.5, 0.75], window=3, minimum=3)[:, -1]
    array([2., 3.])
    """
    _check_window(window, minimum)
    if wrong := [share for share in shares if not 0 <= share <= 1]:
        raise ConfigError(f"shares must lie in [0, 1], was {wrong[0]}")
    return _places(values, window, minimum, shares)[1:]


def _places(values: FloatArray, window: int, minimum: int, shares: Sequence[float]) -> FloatArray:
    from investiq.engines.scoring_kernels import trailing_places

    # A copy of one kind, because compiled code is made anew for read-only arrays.
    places: FloatArray = trailing_places(np.array(values, dtype=float), window, minimum, np.array(shares, dtype=float))
    return places


def z_score(values: FloatArray, window: int = RANK_WINDOW, minimum: int = RANK_MINIMUM) -> FloatArray:
    """Return how many standard deviations each value lies from the mean of the `window` values before it.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A statistic by row, NaN where unknown.
    window : int, default 252
        Rows to look back, the current one excluded.
    minimum : int, default 60
        Known values that must lie in the window; at least 2.

    Returns
    -------
    ndarray of shape (n_rows,)
        ``(value - mean) / sample deviation`` (ddof 1); 0 where the past did not
        vary; NaN where the value or `minimum` of its past is missing. Values of
        overlapping windows are alike, which makes their deviation too small.

    Raises
    ------
    ConfigError
        If not ``2 <= minimum <= window``.

    Examples
    --------
    >>> z_score(np.array([1.0, 3.0, 5.0, 7.0]), window=3, minimum=3)
    array([nan, nan, nan,  2.])
    """
    import pandas as pd

    _check_window(window, minimum, least=2)
    past = pd.Series(values).shift(1).rolling(window, min_periods=minimum)
    mean, deviation = past.mean().to_numpy(), past.std(ddof=1).to_numpy()
    score = np.where(np.isnan(values) | np.isnan(deviation), np.nan, 0.0)
    # Rounding leaves a tiny deviation in a past that did not vary.
    np.divide(values - mean, deviation, out=score, where=deviation > 1e-12 * np.abs(mean))
    return score


def weight_of_z(z: ArrayLike) -> FloatArray:
    """Return how heavily a deviation weighs: 4 beyond 2.5 of them, 3 beyond 1.5, 2 beyond 1, else 1.

    Parameters
    ----------
    z : array_like
        z-scores of either sign.

    Returns
    -------
    ndarray
        Weights, in the shape of `z`; 0 where it is NaN.

    Examples
    --------
    >>> weight_of_z([-3.0, 2.5, 1.2, 1.0, 0.0])
    array([4., 3., 2., 1., 1.])
    """
    size = np.abs(np.asarray(z, dtype=float))
    weight: FloatArray = 1.0 + sum((size > step).astype(float) for step in Z_STEPS)
    return np.where(np.isnan(size), 0.0, weight)


def signal_of_percentile(rank: ArrayLike, invert: bool = False) -> FloatArray:
    """Return what a percentile rank says, from -100 at rank 0 to 100 at rank 1.

    Between the quarters it says nothing; beyond them it grows in a straight line:
    ``(rank - 0.75) / 0.25 * 100`` above, ``-(0.25 - rank) / 0.25 * 100`` below.

    Parameters
    ----------
    rank : array_like
        In [0, 1].
    invert : bool, default False
        True where a high rank is bearish.

    Returns
    -------
    ndarray
        In [-100, 100], in the shape of `rank`; NaN where it is NaN.

    Examples
    --------
    >>> signal_of_percentile([0.0, 0.25, 0.5, 0.875, 1.0])
    array([-100.,    0.,    0.,   50.,  100.])
    """
    rank = np.asarray(rank, dtype=float)
    above = np.maximum(rank - UPPER_QUARTER, 0) / (1 - UPPER_QUARTER)
    below = np.maximum(LOWER_QUARTER - rank, 0) / LOWER_QUARTER
    signal: FloatArray = 100 * (below - above if invert else above - below)
    return signal


def adaptive_signal(
    values: FloatArray, window: int = RANK_WINDOW, minimum: int = RANK_MINIMUM, invert: bool = False
) -> AdaptiveSignal:
    """Return what each value says against its own past: score by its rank, weight by its z-score.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A statistic by row, NaN where unknown.
    window, minimum : int, default 252 and 60
        The past, as in `percentile_rank`.
    invert : bool, default False
        True where a high value is bearish.

    Returns
    -------
    score : ndarray of shape (n_rows,)
        As `signal_of_percentile`; NaN where there is no rank.
    weight : ndarray of shape (n_rows,)
        As `weight_of_z`; 0 where there is no rank.
    is_significant : ndarray of bool, shape (n_rows,)
        Whether the value lies more than one deviation from its mean.

    Raises
    ------
    ConfigError
        If not ``2 <= minimum <= window``.

    Examples
    --------
    >>> found = adaptive_signal(np.array([1.0, 3.0, 5.0, 7.0]), window=3, minimum=3)
    >>> found.score[-1], found.weight[-1], found.is_significant[-1]
    (np.float64(100.0), np.float64(3.0), np.True_)
    """
    z = z_score(values, window, minimum)
    score = signal_of_percentile(percentile_rank(values, window, minimum), invert)
    return AdaptiveSignal(score, weight_of_z(z), np.abs(z) > SIGNIFICANT_Z)


def _check_window(window: int, minimum: int, least: int = 1) -> None:
    if not least <= minimum <= window:
        raise ConfigError(f"expected {least} <= minimum <= window, was minimum {minimum} and window {window}")
