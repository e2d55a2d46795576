"""From scores of many symbols to the weights of a portfolio."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.strategies.base import positive

__all__ = ["WeightMethod", "scores_to_weights", "winsorised"]

FloatArray = NDArray[np.float64]
WeightMethod = Literal["rank", "zscore", "quantile", "dollar_neutral"]

# Beyond so many deviations a score says no more.
_LARGEST_Z = 3.0


def scores_to_weights(
    scores: FloatArray,
    method: WeightMethod = "rank",
    *,
    long_only: bool = False,
    leverage: float = 1.0,
    quantiles: int = 5,
) -> FloatArray:
    """Return the weights of each close from the scores at that close.

    Parameters
    ----------
    scores : ndarray of shape (n_symbols, n_bars)
        Higher is better; NaN where a symbol has none.
    method : {"rank", "zscore", "quantile", "dollar_neutral"}, default "rank"
        What weights are proportional to: the rank less the mean rank (ties share
        theirs); the z-score (population deviation, within +-3) less its mean; 1 in the highest
        and -1 in the lowest of `quantiles` groups (each a whole number of
        symbols, rounded down, at least one; ties by row); or the score itself, with the positive and the negative ones each brought to half of the leverage.
    long_only : bool, default False
        Whether negative weights become 0 before scaling.
    leverage : float, default 1.0
        Sum of the absolute weights.
    quantiles : int, default 5
        At least 2.

    Returns
    -------
    ndarray of shape (n_symbols, n_bars)
        A symbol without a score among others with one gets 0. NaN at a close where
        fewer than two symbols have a score, or nothing tells them apart.

    Raises
    ------
    ConfigError
        If an option is out of range.
    DataError
        If `scores` is no table.

    Examples
    --------
    >>> scores = np.array([[0.3], [0.1], [-0.2], [np.nan]])
    >>> scores_to_weights(scores).ravel()
    array([ 0.5,  0. , -0.5,  0. ])
    >>> scores_to_weights(scores, "dollar_neutral").ravel()
    array([ 0.375,  0.125, -0.5  ,  0.   ])
    """
    if method not in get_args(WeightMethod):
        raise ConfigError(f"method must be one of {', '.join(get_args(WeightMethod))}, was {method!r}")
    positive("scores_to_weights", leverage=leverage)
    if isinstance(quantiles, bool) or quantiles < 2:
        raise ConfigError(f"quantiles must be at least 2, was {quantiles!r}")
    if scores.ndim != 2:
        raise DataError(f"scores must be of shape (n_symbols, n_bars), had shape {scores.shape}")
    weights = np.full(scores.shape, np.nan)
    for bar in np.flatnonzero(np.isfinite(scores).sum(axis=0) >= 2):
        has = np.isfinite(scores[:, bar])
        sides = _sides(scores[has, bar], method, quantiles)
        weights[has, bar] = _scaled(sides, method, long_only, leverage)
        if not np.isnan(weights[has, bar]).any():
            weights[~has, bar] = 0.0
    return weights


def winsorised(scores: FloatArray, share: float = 0.01) -> FloatArray:
    """Return the scores with the lowest and the highest `share` of each close brought in to their edge.

    Examples
    --------
    >>> winsorised(np.array([[0.0], [1.0], [2.0], [9.0]]), share=0.25).ravel()
    array([0.75, 1.  , 2.  , 3.75])
    """
    if not 0 <= share < 0.5:
        raise ConfigError(f"share must lie in [0, 0.5) as a fraction of each side, was {share!r}")
    clipped = np.array(scores, dtype=np.float64)
    known = np.isfinite(scores).any(axis=0)
    if not known.any():
        return clipped
    low, high = np.nanquantile(clipped[:, known], [share, 1 - share], axis=0)
    clipped[:, known] = np.clip(clipped[:, known], low, high)
    return clipped


def _sides(scores: FloatArray, method: WeightMethod, quantiles: int) -> FloatArray:
    if method == "dollar_neutral":
        return scores
    if method == "rank":
        ordered = np.sort(scores)
        ranks = (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right") - 1) / 2
        return ranks - (scores.size - 1) / 2
    if method == "zscore":
        deviation = scores.std()
        if not deviation > 1e-12 * np.abs(scores).max():
            return np.zeros(scores.size)
        z = np.clip((scores - scores.mean()) / deviation, -_LARGEST_Z, _LARGEST_Z)
        centred: FloatArray = z - z.mean()
        return centred
    if scores.min() == scores.max():
        return np.zeros(scores.size)
    ascending = np.argsort(scores, kind="stable")
    size = max(1, scores.size // quantiles)
    sides = np.zeros(scores.size)
    sides[ascending[:size]], sides[ascending[-size:]] = -1.0, 1.0
    return sides


def _scaled(sides: FloatArray, method: WeightMethod, long_only: bool, leverage: float) -> FloatArray:
    up, down = np.maximum(sides, 0), np.maximum(-sides, 0)
    if long_only:
        return leverage * up / up.sum() if up.sum() > 0 else np.full(sides.shape, np.nan)
    if method == "dollar_neutral":
        if not (up.sum() > 0 and down.sum() > 0):
            return np.full(sides.shape, np.nan)
        halves: FloatArray = leverage / 2 * (up / up.sum() - down / down.sum())
        return halves
    gross = up.sum() + down.sum()
    return leverage * sides / gross if gross > 0 else np.full(sides.shape, np.nan)
