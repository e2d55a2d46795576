"""Several views, one side, and several scores, one: alternatives to the weighted score, for strategies and for engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError

__all__ = ["PASSING_SCORE", "EnsembleMethod", "ScoreMethod", "joint_score", "joint_side"]

FloatArray = NDArray[np.float64]
EnsembleMethod = Literal["weighted_average", "majority", "unanimous", "confidence_weighted", "maximum_confidence"]
ScoreMethod = Literal["mean", "weighted_average", "product", "minimum", "maximum"]

# From which a joint score lets something pass.
PASSING_SCORE: Final = 0.5


def joint_side(
    views: FloatArray,
    confidences: FloatArray,
    *,
    method: EnsembleMethod = "weighted_average",
    weights: Sequence[float] | None = None,
    threshold: float = 0.3,
    min_members: int = 2,
    min_confidence: float = 0.6,
    refuse_conflict: bool = False,
) -> FloatArray:
    """Return the side that several views take together at each row.

    Parameters
    ----------
    views : ndarray of shape (n_members, n_rows)
        Sides 1 and -1, or scores in [-1, 1]; 0 or NaN for none. A member without a
        view drops out, it does not vote for 0.
    confidences : ndarray of shape (n_members, n_rows)
    method : str, default "weighted_average"
        ``"weighted_average"`` of the views; ``"confidence_weighted"``: likewise,
        each weight times the confidence; ``"majority"``: more than half of those
        that count; ``"unanimous"``: all of them; ``"maximum_confidence"``: the
        surest one, the first of equals.
    weights : sequence of float, optional
        One per member, for the two averages; by default equal.
    threshold : float, default 0.3
        Size of the joint view from which it is a side.
    min_members : int, default 2
        Members that must count, else there is no side.
    min_confidence : float, default 0.6
        From which a member counts.
    refuse_conflict : bool, default False
        No side where members that count stand on both.

    Returns
    -------
    ndarray of shape (n_rows,)
        1, -1, or 0 for none.

    Examples
    --------
    >>> sides = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, np.nan]])
    >>> joint_side(sides, np.full((3, 2), 0.7), method="majority")
    array([1., 0.])
    """
    known = np.nan_to_num(views)
    counts = (known != 0) & (confidences >= min_confidence)
    side = known * counts
    count = counts.sum(axis=0)
    bulls, bears = (side > 0).sum(axis=0), (side < 0).sum(axis=0)
    if method == "maximum_confidence":
        surest = np.argmax(np.where(counts, confidences, -1.0), axis=0)
        joint = side[surest, np.arange(side.shape[1])]
    elif method in ("majority", "unanimous"):
        enough = count / 2 if method == "majority" else count - 0.5
        joint = (bulls > enough).astype(float) - (bears > enough)
    else:
        parts = np.array(weights or [1.0] * len(side), dtype=float)[:, np.newaxis] * counts
        if method == "confidence_weighted":
            parts = parts * np.where(counts, confidences, 0.0)
        total = parts.sum(axis=0)
        joint = np.divide((parts * side).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    has_side = (np.abs(joint) >= threshold) & (count >= min_members)
    if refuse_conflict:
        has_side &= (bulls == 0) | (bears == 0)
    decided: FloatArray = np.where(has_side, np.sign(joint), 0.0)
    return decided


def joint_score(
    scores: FloatArray, *, method: ScoreMethod = "mean", weights: Sequence[float] | None = None
) -> FloatArray:
    """Return one score of several filters at each row; it passes from `PASSING_SCORE` on.

    Parameters
    ----------
    scores : ndarray of shape (n_filters, n_rows)
        In [0, 1]; NaN for none. A filter without a score drops out.
    method : str, default "mean"
        ``"mean"``; ``"weighted_average"``; ``"product"``, which takes the filters
        for independent and falls with their number; ``"minimum"``: the strictest
        decides; ``"maximum"``: one is enough.
    weights : sequence of float, optional
        One per filter, above 0: for the weighted average, which needs them.

    Returns
    -------
    ndarray of shape (n_rows,)
        In [0, 1]; NaN, which does not pass, where no filter has a score.

    Raises
    ------
    ConfigError
        If there is no such method, or the weights do not suit it.
    DataError
        If a score lies outside [0, 1].

    Examples
    --------
    >>> joint_score(np.array([[0.8, np.nan], [0.5, 0.4]]), method="product") >= PASSING_SCORE
    array([False, False])
    """
    if method not in get_args(ScoreMethod):
        raise ConfigError(f"method must be one of {', '.join(get_args(ScoreMethod))}, was {method!r}")
    if (method == "weighted_average") != (weights is not None):
        raise ConfigError(f"weights belong to the weighted average and only to it; method was {method!r}")
    known = ~np.isnan(scores)
    if wrong := int((known & ((scores < 0) | (scores > 1))).sum()):
        raise DataError(f"{wrong} of {known.sum()} scores lie outside [0, 1]; scale them before they are combined")
    parts = np.ones(len(scores)) if weights is None else np.array(weights, dtype=float)
    if parts.shape != (len(scores),) or not ((parts > 0) & np.isfinite(parts)).all():
        raise ConfigError(f"weights must be {len(scores)} numbers above 0, one per filter, were {weights}")
    if method == "product":
        joint = np.where(known, scores, 1.0).prod(axis=0)
    elif method == "minimum":
        joint = np.where(known, scores, 1.0).min(axis=0, initial=1.0)
    elif method == "maximum":
        joint = np.where(known, scores, 0.0).max(axis=0, initial=0.0)
    else:
        share = parts[:, np.newaxis] * known
        total = share.sum(axis=0)
        joint = np.divide((share * np.nan_to_num(scores)).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    passed: FloatArray = np.where(known.any(axis=0), joint, np.nan)
    return passed
