"""Several views, one side: an alternative to the weighted score, for strategies and for engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["EnsembleMethod", "joint_side"]

FloatArray = NDArray[np.float64]
EnsembleMethod = Literal["weighted_average", "majority", "unanimous", "confidence_weighted", "maximum_confidence"]


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
