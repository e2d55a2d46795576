"""What the engines say together: score, confidence, conviction and horizons of every row at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.analysis.weights import ENGINES, WeightSource, engine_weights

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMBINED", "HORIZONS", "combine", "supplementary_adjustment"]

FloatArray = NDArray[np.float64]

# The columns of `combine` that are the joint view of a row.
COMBINED: Final = (
    "score", "confidence", "label", "conviction", "short_term_score", "medium_term_score", "long_term_score",
    "adjustment", "coverage", "conflict_penalty", "equal_weight_score", "regime", "weight_origin",
)  # fmt: skip
# Parts of each horizon: days to weeks, weeks to months, months to quarters.
HORIZONS: Final[Mapping[str, Mapping[str, float]]] = {
    "short_term_score": {"technical": 0.6, "sentiment": 0.4},
    "medium_term_score": {"quant": 1.0},
    "long_term_score": {"fundamental": 1.0},
}
# Engines of at least this size on both sides are in conflict; its cost grows with their distance.
_CONFLICT: Final = 30.0
_CONFLICT_COST: Final = 0.30
_LEAST_CONFIDENCE: Final = 0.05
_MOST_CONFIDENCE: Final = 0.98
_MOST_ADJUSTMENT: Final = 0.10
# From which score on an engine takes a side for the conviction, and from which the joint score has one.
_CONVINCED: Final = 20.0
_SIDED: Final = 5.0
_LABELS: Final = ("Strong Sell", "Sell", "Weak Sell", "Neutral", "Weak Buy", "Buy", "Strong Buy")


def combine(
    scores: Mapping[str, FloatArray],
    confidences: Mapping[str, FloatArray],
    regimes: NDArray[np.object_],
    *,
    directional: FloatArray | None = None,
    undirected: FloatArray | None = None,
    table: pd.DataFrame | None = None,
    weights: WeightSource | None = None,
) -> pd.DataFrame:
    """Return what the engines say together at every row.

    Parameters
    ----------
    scores, confidences : mapping of str to ndarray of shape (n_rows,)
        By engine (`weights.ENGINES`); NaN, or no entry, where an engine says nothing.
    regimes : ndarray of str, shape (n_rows,)
        The market's, as in `weights.REGIME_WEIGHTS`.
    directional, undirected : ndarray of shape (n_rows,), optional
        Supplementary adjustments of the confidence; see `supplementary_adjustment`.
    table : DataFrame, optional
        The causal table, for `weights`.
    weights : WeightSource, optional
        Weights of a model, which stand before those of the regime.

    Returns
    -------
    DataFrame of shape (n_rows, 17)
        The columns `COMBINED`, and ``<engine>_weight``: the part of each engine in
        the score after the silent ones are left out, a fraction, NaN where silent.

    Notes
    -----
    With the weights *w* of the engines that speak,

    - score: ``sum(w x score) / sum(w)``;
    - coverage: ``sum(w) / sum of all weights``;
    - confidence: ``sum(w x confidence) / sum(w) x sqrt(coverage)``, less a conflict
      penalty of ``0.30 x (highest - lowest) / 200`` where one score is at least 30
      and another at most -30, at least 0.05; then plus the adjustment, held in
      [0.05, 0.98]. Raw: no calibrated probability;
    - conviction: HIGH where three engines stand at 20 or more on the side of the
      joint score and their mean confidence is above 0.65, MODERATE with two and
      0.50, else LOW. As many on the other side, or a neutral joint score: LOW;
    - horizons: short is 60 % technical and 40 % sentiment (the one alone where the
      other is silent), medium is quant, long is fundamental.

    Examples
    --------
    >>> said = combine(
    ...     {"technical": np.array([40.0]), "quant": np.array([-35.0])},
    ...     {"technical": np.array([0.8]), "quant": np.array([0.6])},
    ...     np.array(["unknown"], dtype=object),
    ... )
    >>> round(float(said["score"].iloc[0]), 3), round(float(said["conflict_penalty"].iloc[0]), 4)
    (7.857, 0.1125)
    """
    import pandas as pd

    rows = len(regimes)
    score, sure = _stacked(scores, rows), _stacked(confidences, rows)
    speaks = np.isfinite(score) & np.isfinite(sure)
    score, sure = np.where(speaks, score, np.nan), np.where(speaks, sure, np.nan)
    given = engine_weights(regimes, table, weights)
    parts = _shares(given.percent, speaks)
    coverage = np.where(speaks, given.percent, 0.0).sum(axis=0) / given.percent.sum(axis=0)
    joint = _weighted(score, parts)
    penalty = conflict_penalty(score)
    raw = np.maximum(_weighted(sure, parts) * np.sqrt(coverage) - penalty, _LEAST_CONFIDENCE)
    adjustment = supplementary_adjustment(joint, directional, undirected)
    adjusted = np.clip(raw + adjustment, _LEAST_CONFIDENCE, _MOST_CONFIDENCE)
    columns = {
        "score": joint,
        "confidence": adjusted,
        "label": _labels(joint),
        "conviction": conviction(score, sure, joint),
        **{name: _horizon(score, mix) for name, mix in HORIZONS.items()},
        "adjustment": adjustment,
        "coverage": coverage,
        "conflict_penalty": np.where(speaks.any(axis=0), penalty, np.nan),
        "equal_weight_score": _weighted(score, _shares(np.ones_like(score), speaks)),
        "regime": regimes,
        "weight_origin": given.origin,
        **{f"{name}_weight": np.where(speaks[row], parts[row], np.nan) for row, name in enumerate(ENGINES)},
    }
    text = dict.fromkeys(("label", "conviction", "regime", "weight_origin"), "str")
    return pd.DataFrame(columns, index=None if table is None else table.index).astype(text)


def conflict_penalty(score: FloatArray) -> FloatArray:
    """Return what contradicting engines cost in confidence, shape (n_rows,), from scores of shape (n_engines, n_rows)."""
    highest = np.where(np.isnan(score), -np.inf, score).max(axis=0)
    lowest = np.where(np.isnan(score), np.inf, score).min(axis=0)
    is_conflict = (highest >= _CONFLICT) & (lowest <= -_CONFLICT)
    distance = np.where(is_conflict, highest, 0.0) - np.where(is_conflict, lowest, 0.0)
    penalty: FloatArray = _CONFLICT_COST * distance / 200
    return penalty


def conviction(score: FloatArray, sure: FloatArray, joint: FloatArray) -> NDArray[np.object_]:
    """Return HIGH, MODERATE or LOW for each row; None where nobody speaks.

    Parameters
    ----------
    score, sure : ndarray of shape (n_engines, n_rows)
        NaN where an engine is silent.
    joint : ndarray of shape (n_rows,)
        The combined score.
    """
    bulls, bears = (score >= _CONVINCED).sum(axis=0), (score <= -_CONVINCED).sum(axis=0)
    side = np.where(np.abs(joint) >= _SIDED, np.sign(joint), 0.0)
    agreeing = np.where(side > 0, bulls, np.where(side < 0, bears, 0))
    others = np.where(side > 0, bears, bulls)
    count = np.isfinite(sure).sum(axis=0)
    mean = np.nan_to_num(sure).sum(axis=0) / np.maximum(count, 1)
    leads = agreeing > others
    tier = np.full(joint.shape, "LOW", dtype=object)
    tier[leads & (agreeing >= 2) & (mean > 0.50)] = "MODERATE"
    tier[leads & (agreeing >= 3) & (mean > 0.65)] = "HIGH"
    tier[np.isnan(joint)] = None
    return tier


def supplementary_adjustment(
    joint: FloatArray, directional: FloatArray | None, undirected: FloatArray | None
) -> FloatArray:
    """Return what supplementary observations add to the confidence in a call.

    A directional one, above 0 where it is bullish, counts with the sign of the call:
    what supports a sale adds to the confidence in it. An undirected one counts as it
    is. Together they add or take at most 0.10.

    Parameters
    ----------
    joint : ndarray of shape (n_rows,)
        The combined score.
    directional, undirected : ndarray of shape (n_rows,), optional

    Returns
    -------
    ndarray of shape (n_rows,)
        NaN where there is no combined score.

    Examples
    --------
    >>> supplementary_adjustment(
    ...     np.array([40.0, -40.0, 40.0]), np.array([0.05, 0.05, 0.2]), np.array([-0.02, -0.02, 0.0])
    ... )
    array([ 0.03, -0.07,  0.1 ])
    """
    side = np.sign(joint)
    total = np.zeros(joint.shape)
    if directional is not None:
        total = total + side * directional
    if undirected is not None:
        total = total + undirected
    held: FloatArray = np.where(np.isnan(joint), np.nan, np.clip(total, -_MOST_ADJUSTMENT, _MOST_ADJUSTMENT))
    return held


def _stacked(by_engine: Mapping[str, FloatArray], rows: int) -> FloatArray:
    nothing = np.full(rows, np.nan)
    return np.stack([np.asarray(by_engine.get(name, nothing), dtype=float) for name in ENGINES])


def _shares(weights: FloatArray, speaks: NDArray[np.bool_]) -> FloatArray:
    """Return weights as parts of those that speak, 0 for the silent."""
    present = np.where(speaks, weights, 0.0)
    total = present.sum(axis=0)
    parts: FloatArray = np.divide(present, total, out=np.zeros_like(present), where=total > 0)
    return parts


def _weighted(values: FloatArray, parts: FloatArray) -> FloatArray:
    total: FloatArray = (np.nan_to_num(values) * parts).sum(axis=0)
    return np.where(parts.sum(axis=0) > 0, total, np.nan)


def _horizon(score: FloatArray, mix: Mapping[str, float]) -> FloatArray:
    chosen = score[[ENGINES.index(name) for name in mix]]
    weights = np.broadcast_to(np.array(list(mix.values()))[:, np.newaxis], chosen.shape)
    return _weighted(chosen, _shares(weights, np.isfinite(chosen)))


def _labels(score: FloatArray) -> NDArray[np.object_]:
    labels = np.empty(score.shape, dtype=object)
    size, up = np.abs(score), score > 0
    strength = (size >= 5).astype(int) + (size >= 30) + (size >= 70)
    labels[:] = np.array(_LABELS, dtype=object)[3 + np.where(up, strength, -strength)]
    labels[np.isnan(score)] = None
    return labels
