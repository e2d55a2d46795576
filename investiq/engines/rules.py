"""The rules of an engine: what votes, how heavily, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit, format_value
from investiq.engines.signals import Evidence

__all__ = ["FloatArray", "Table", "Threshold", "VoteRule", "evidence_of", "side", "signed_weights"]

FloatArray = NDArray[np.float64]
Table = Mapping[str, FloatArray]
Threshold = float | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VoteRule:
    """One signal with its bullish and its bearish side.

    Attributes
    ----------
    names : (str, str)
        Of the bullish and of the bearish side; empty for a side that it does not have.
    group : str
        Rules of one group measure one effect and have one net vote together.
    vote : callable
        From the columns of features to the signed weight at each row: above 0
        bullish, below 0 bearish, 0 silent. Silent, never NaN, where a feature is NaN.
    value : str
        The feature that is compared.
    thresholds : (bullish, bearish)
        What it is compared with: a number, or the features that it has all passed.
    unit : str
        Unit of value and thresholds.
    texts : (str, str)
        Evidence in words; names of features in braces stand for their values.
    dated : str, optional
        The feature that holds the day a fact became known, in days since 1970; empty
        where the evidence is of the row's own bar.
    """

    names: tuple[str, str]
    group: str
    vote: Callable[[Table], FloatArray]
    value: str
    thresholds: tuple[Threshold, Threshold]
    unit: Unit
    texts: tuple[str, str]
    dated: str = ""


def side(bullish: NDArray[np.bool_], bearish: NDArray[np.bool_], weight: float = 1.0) -> FloatArray:
    """Return `weight` where bullish, minus `weight` where bearish, else 0.

    Examples
    --------
    >>> side(np.array([True, False, False]), np.array([False, True, False]), 2)
    array([ 2., -2.,  0.])
    """
    signed: FloatArray = weight * (bullish.astype(float) - bearish)
    return signed


def signed_weights(rules: Sequence[VoteRule], table: Table) -> FloatArray:
    """Return the signed weight of each rule at each row, shape (n_rules, n_rows)."""
    return np.stack([rule.vote(table) for rule in rules])


def evidence_of(rule: VoteRule, weight: float, row: Mapping[str, float], units: Mapping[str, Unit]) -> Evidence:
    """Return the evidence of a rule that fired.

    Parameters
    ----------
    rule : VoteRule
    weight : float
        Its signed weight at the row, not 0.
    row : mapping of str to float
        The features of the row.
    units : mapping of str to str
        Their units.
    """
    which = 0 if weight > 0 else 1
    value = row[rule.value]
    return Evidence(
        name=rule.names[which],
        group=rule.group,
        weight=abs(weight),
        direction=1 if weight > 0 else -1,
        value=value,
        threshold=_threshold(rule.thresholds[which], row, value),
        unit=rule.unit,
        text=rule.texts[which].format_map(_Shown(row, units)),
        known=_day(row[rule.dated]) if rule.dated else None,
    )


class _Shown(dict[str, str]):
    """The features of a row as a reader sees them, each formatted when a text asks for it."""

    def __init__(self, row: Mapping[str, float], units: Mapping[str, Unit]) -> None:
        self._row, self._units = row, units

    def __missing__(self, name: str) -> str:
        return format_value(self._row[name], self._units[name])


def _day(days: float) -> np.datetime64 | None:
    return None if np.isnan(days) else np.datetime64(int(days), "D")


def _threshold(threshold: Threshold, row: Mapping[str, float], value: float) -> float:
    if not isinstance(threshold, tuple):
        return float(threshold)
    # Of several levels the last one passed decides: the one nearest to the value.
    return min((row[name] for name in threshold), key=lambda level: abs(level - value))
