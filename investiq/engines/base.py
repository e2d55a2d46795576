"""The shape of every engine: features of all rows, a score of all rows, and the evidence behind one row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.core.types import signal_label
from investiq.engines.rules import FloatArray, Table, VoteRule, evidence_of, signed_weights
from investiq.engines.scoring import agreement, combine_votes, group_votes
from investiq.engines.signals import EngineSignal, Evidence
from investiq.history.history import History

__all__ = ["Engine", "Line", "Panel", "causal_table", "columns_of"]


@dataclass(frozen=True)
class Line:
    """One line of a panel: title, feature, the feature that holds its rank (or none), remark."""

    title: str
    feature: str
    remark: str = ""
    rank: str = ""


@dataclass(frozen=True)
class Panel:
    """Features that are shown together below an engine's evidence."""

    title: str
    lines: tuple[Line, ...]


class Engine(ABC):
    """What all engines have in common; a subclass names its features and rules.

    Attributes
    ----------
    name, version : str
        Which engine, and the version of its rules.
    units : mapping of str to str
        Every feature that is a number, with the unit in which it is shown.
    words : tuple of str
        Columns of features that hold text, such as a sector.
    rules : tuple of VoteRule
    panels : tuple of Panel
        How the features of a row are shown.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    units: ClassVar[Mapping[str, Unit]]
    words: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[tuple[VoteRule, ...]]
    panels: ClassVar[tuple[Panel, ...]] = ()

    @abstractmethod
    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features, made by `causal_table`."""

    @abstractmethod
    def is_ready(self, table: Table) -> NDArray[np.bool_]:
        """Return the rows at which there is enough data for a score; `table` has `n_obs` beside the features."""

    @abstractmethod
    def why_not_ready(self, row: Mapping[str, Any]) -> str:
        """Return why a row has no score."""

    @abstractmethod
    def confidence(self, table: Table, agreeing: FloatArray, count: NDArray[np.int64]) -> FloatArray:
        """Return the raw confidence of each row.

        Parameters
        ----------
        table : mapping of str to ndarray
        agreeing : ndarray of shape (n_rows,)
            As `scoring.agreement` returns it.
        count : ndarray of shape (n_rows,)
            Rules that fired.
        """

    def combine(self, votes: Mapping[str, FloatArray], table: Table) -> FloatArray:
        """Return the score of each row from the net votes of its groups; `table` for engines with more to say."""
        return combine_votes(votes)

    def why_missing(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the reason for features of a row without a value, as far as it is known."""
        return {}

    def tags(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a row is marked with beside its votes, such as ``"MIXED SIGNALS"``."""
        return ()

    def score(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return score and confidence of each row.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Rows of `features`; each row suffices for itself.

        Returns
        -------
        DataFrame of shape (n_rows, 3)
            `score` in [-100, 100], `confidence` in [0, 1], both NaN where there is
            too little data, and `signal_count`, the rules that fired.
        """
        table = columns_of(features, ("n_obs", *self.units))
        score, confidence, weights = self._scored(table)
        count = (weights != 0).sum(axis=0) * ~np.isnan(score)
        return pd.DataFrame({"score": score, "confidence": confidence, "signal_count": count}, index=features.index)

    def explain(self, row: pd.Series) -> EngineSignal:
        """Return what one row of `features` says, with its evidence in words and numbers.

        Parameters
        ----------
        row : Series
            One row of `features`, such as ``features.iloc[-1]``.
        """
        metrics = {name: float(row[name]) for name in self.units}
        table = {name: np.array([value]) for name, value in {"n_obs": float(row["n_obs"]), **metrics}.items()}
        scores, confidences, weights = self._scored(table)
        score = float(scores[0])
        evidence: tuple[Evidence, ...] = ()
        votes: dict[str, float] = {}
        if np.isnan(score):
            reason = self.why_not_ready(row)  # type: ignore[arg-type]  # a Series is indexed by its names
        else:
            fired = [(rule, float(weight)) for rule, weight in zip(self.rules, weights[:, 0], strict=True) if weight]
            found = (evidence_of(rule, weight, metrics, self.units) for rule, weight in fired)
            evidence = tuple(sorted(found, key=lambda each: -each.weight))
            voted = {each.group for each in evidence}
            votes = {group: float(vote[0]) for group, vote in self._votes(weights).items() if group in voted}
            reason = ", ".join(f"{'+' if each.direction > 0 else '-'} {each.name}" for each in evidence) or "no signal"
        reasons = self.why_missing(row)  # type: ignore[arg-type]
        return EngineSignal(
            engine=self.name,
            version=self.version,
            score=score,
            label=signal_label(score),
            confidence=float(confidences[0]),
            evidence=evidence,
            votes=votes,
            missing={name: reasons.get(name, "") for name, value in metrics.items() if np.isnan(value)},
            reason=reason,
            as_of=row["known_at"].to_pydatetime(),
            n_obs=int(row["n_obs"]),
            metrics=metrics,
            words={name: str(row[name]) for name in self.words},
            tags=() if np.isnan(score) else self.tags(row),  # type: ignore[arg-type]
        )

    def _votes(self, weights: FloatArray) -> dict[str, FloatArray]:
        return group_votes(weights, [rule.group for rule in self.rules])

    def _scored(self, table: Table) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return score, confidence and the signed weight of each rule, at each row."""
        weights = signed_weights(self.rules, table)
        votes = self._votes(weights)
        ready = self.is_ready(table)
        confidence = self.confidence(table, agreement(votes), (weights != 0).sum(axis=0))
        return np.where(ready, self.combine(votes, table), np.nan), np.where(ready, confidence, np.nan), weights


def columns_of(features: pd.DataFrame, names: Sequence[str]) -> dict[str, FloatArray]:
    """Return numeric columns of a causal table as contiguous arrays.

    Parameters
    ----------
    features : DataFrame of shape (n_rows, n_columns)
    names : sequence of str
    """
    # One block at once: pandas takes longer to hand out a hundred columns than the engines to read them.
    block = np.ascontiguousarray(features[list(names)].to_numpy(dtype=np.float64).T)
    return dict(zip(names, block, strict=True))


def causal_table(history: History, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns, one value per bar of the main symbol, as a causal table.

    Returns
    -------
    DataFrame of shape (n_bars, 2 + len(columns))
        Index `ts`; `known_at`, the decision time of each row, `n_obs`, the bars
        known at it, and `columns` in their order.
    """
    bars = history.bars()
    index = bars.index
    head = {"known_at": pd.DatetimeIndex(bars.known_at, tz="UTC"), "n_obs": np.arange(1, len(bars) + 1)}
    numbers = {name: each for name, each in columns.items() if getattr(each, "dtype", None) == np.float64}
    others = {name: each for name, each in columns.items() if name not in numbers}
    # Numbers as one block: pandas takes far longer to take up a hundred columns one by one.
    block = np.array(list(numbers.values())).T if numbers else np.empty((len(bars), 0))
    parts = [pd.DataFrame(head, index=index), pd.DataFrame(block, index=index, columns=list(numbers), copy=False)]
    table = pd.concat([*parts, pd.DataFrame(others, index=index)] if others else parts, axis=1)
    wanted = [*head, *columns]
    return table if list(table.columns) == wanted else table[wanted]
