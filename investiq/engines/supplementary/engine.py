"""The supplementary view: all topics in one causal table, and what they add to the confidence in a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, InvestIQError
from investiq.core.facts import Unit, format_value
from investiq.engines.base import Panel, causal_table, columns_of
from investiq.engines.rules import FloatArray, Table
from investiq.engines.supplementary.all_topics import TOPICS
from investiq.engines.supplementary.signals import AppliedAdjustment, SupplementarySignal
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.history import History

__all__ = ["FAILED", "SupplementaryView"]

# The column that names the topics whose computation failed, one per line as "topic: error".
FAILED: Final = "supplementary_failed"
# What wrong data raise in arithmetic, look-ups and conversions; anything else is a defect and is not held back.
_DATA_ERRORS: Final = (InvestIQError, ArithmeticError, LookupError, TypeError, ValueError)


class SupplementaryView:
    """Options, insiders, short interest and the other topics: evidence without a score of its own.

    `features` and `adjustments` are causal and cover every row; `explain` is for one
    row. A row of `features` suffices for its adjustments and its explanation.

    Parameters
    ----------
    topics : sequence of Topic
        By default all.

    Attributes
    ----------
    name, version : str
    topics : tuple of Topic
    units : dict of str to str
        Every feature that is a number, with its unit.
    words : tuple of str
        Every feature that is text.
    panels : tuple of Panel

    Raises
    ------
    ConfigError
        If two topics have a column of one name.

    Examples
    --------
    >>> import investiq as iq
    >>> view = SupplementaryView()
    >>> features = view.features(iq.History.of(iq.load_bars("^GSPC")))
    >>> view.adjustments(features).columns.to_list()
    ['directional', 'undirected']
    """

    name: Final = "supplementary"
    version: Final = "1"

    def __init__(self, topics: Sequence[Topic] = TOPICS) -> None:
        self.topics = tuple(topics)
        self.units: dict[str, Unit] = {name: unit for topic in self.topics for name, unit in topic.units.items()}
        self.words: tuple[str, ...] = (FAILED, *(name for topic in self.topics for name in topic.words))
        self.panels: tuple[Panel, ...] = tuple(panel for topic in self.topics for panel in topic.panels)
        counts = Counter([*self.words, *(name for topic in self.topics for name in topic.units)])
        if shared := [name for name, count in counts.items() if count > 1]:
            raise ConfigError(f"two topics have a column called {shared[0]!r}; each needs names of its own")
        self._adjustments = [(topic, each) for topic in self.topics for each in topic.adjustments]

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of all topics.

        A topic whose computation fails has no values, and the column
        ``supplementary_failed`` says so in every row; the other topics are there.

        Returns
        -------
        DataFrame of shape (n_bars, n_columns)
            Made by `causal_table`: the columns of `units`, then those of `words`.
        """
        columns: dict[str, Any] = {}
        failed: dict[str, str] = {}
        nothing = np.full(len(history.bars()), np.nan)
        for topic in self.topics:
            try:
                columns |= topic.features(history)
            except _DATA_ERRORS as error:
                failed[topic.name] = _one_line(error)
        known = {name: columns.get(name, nothing) for name in self.units}
        for topic in self.topics:
            try:
                columns |= topic.composite(known)
            except _DATA_ERRORS as error:
                failed[topic.name] = _one_line(error)
        columns[FAILED] = "\n".join(f"{topic}: {error}" for topic, error in failed.items())
        numbers = {name: columns.get(name, nothing) for name in self.units}
        return causal_table(history, numbers | {name: columns.get(name, "") for name in self.words})

    def adjustments(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each row adds to the confidence in a call.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_columns)
            Rows of `features`.

        Returns
        -------
        DataFrame of shape (n_rows, 2)
            `directional`, of which above 0 is bullish, and `undirected`: sums over
            the facts, of each the one adjustment that is largest in size. The change
            of confidence is ``directional * sign(score) + undirected``, capped by
            whoever applies it.
        """
        table = columns_of(features, ("n_obs", *self.units))
        counted = self._counted(table)
        is_directional = np.array([each.is_directional for _, each in self._adjustments], dtype=bool)
        sums = {
            "directional": counted[is_directional].sum(axis=0),
            "undirected": counted[~is_directional].sum(axis=0),
        }
        return pd.DataFrame(sums, index=features.index)

    def explain(self, row: pd.Series) -> SupplementarySignal:
        """Return what one row of `features` says, such as ``features.iloc[-1]``."""
        metrics = {name: float(row[name]) for name in self.units}
        table = {name: np.array([value]) for name, value in {"n_obs": float(row["n_obs"]), **metrics}.items()}
        words = {name: str(row[name]) for name in self.words}
        failed = dict(line.split(": ", 1) for line in words[FAILED].splitlines())
        counted = self._counted(table)[:, 0]
        applied = self._applied(counted, metrics, words)
        absent = {
            topic.name: f"needs {topic.needs}; nothing is known at this time" if topic.needs else "too short a past"
            for topic in self.topics
            if topic.name not in failed and _has_nothing(topic, metrics, words)
        }
        missing: dict[str, str] = {}
        tags: tuple[str, ...] = ()
        for topic in self.topics:
            if topic.name in failed or topic.name in absent:
                continue
            reasons = topic.why_missing(row)  # type: ignore[arg-type]  # a Series is indexed by its names
            missing |= {name: reasons.get(name, "") for name in topic.units if np.isnan(metrics[name])}
            tags += topic.tags(row)  # type: ignore[arg-type]
        return SupplementarySignal(
            version=self.version,
            adjustments=applied,
            directional=sum(each.amount for each in applied if each.is_directional),
            undirected=sum(each.amount for each in applied if not each.is_directional),
            tags=tags,
            absent=absent,
            failed=failed,
            missing=missing,
            as_of=row["known_at"].to_pydatetime(),
            metrics=metrics,
            words=words,
        )

    def _counted(self, table: Table) -> FloatArray:
        """Return the amount of each adjustment at each row, 0 where another one counts its fact."""
        n_rows = table["n_obs"].size
        amounts = np.zeros((len(self._adjustments), n_rows))
        rows_of_fact: dict[str, list[int]] = {}
        for row, (_, adjustment) in enumerate(self._adjustments):
            amounts[row] = adjustment.amount(table)
            rows_of_fact.setdefault(adjustment.fact, []).append(row)
        counts: NDArray[np.bool_] = np.zeros(amounts.shape, dtype=bool)
        for rows in rows_of_fact.values():
            largest = np.abs(amounts[rows]).argmax(axis=0)
            counts[np.array(rows)[largest], np.arange(n_rows)] = True
        return np.where(counts, amounts, 0.0)

    def _applied(
        self, counted: FloatArray, metrics: Mapping[str, float], words: Mapping[str, str]
    ) -> tuple[AppliedAdjustment, ...]:
        shown = {name: format_value(metrics[name], unit) for name, unit in self.units.items()} | dict(words)
        found = (
            _applied(topic, adjustment, float(amount), shown)
            for (topic, adjustment), amount in zip(self._adjustments, counted, strict=True)
            if amount
        )
        return tuple(sorted(found, key=lambda each: -abs(each.amount)))


def _applied(topic: Topic, adjustment: Adjustment, amount: float, shown: Mapping[str, str]) -> AppliedAdjustment:
    which = 0 if amount > 0 else 1
    return AppliedAdjustment(
        name=adjustment.names[which],
        topic=topic.name,
        fact=adjustment.fact,
        amount=amount,
        is_directional=adjustment.is_directional,
        text=adjustment.texts[which].format_map(shown),
    )


def _has_nothing(topic: Topic, metrics: Mapping[str, float], words: Mapping[str, str]) -> bool:
    return all(np.isnan(metrics[name]) for name in topic.units) and not any(words[name] for name in topic.words)


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
