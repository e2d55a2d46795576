"""The technical engine: what prices and volume say of a symbol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.engines.base import Engine, Panel
from investiq.engines.rules import FloatArray, Table
from investiq.engines.technical.features import FEATURES, TOPICS, WORDS, technical_features
from investiq.engines.technical.mean_reversion import MEAN_REVERSION
from investiq.engines.technical.momentum import MOMENTUM
from investiq.engines.technical.signals import SIGNALS
from investiq.engines.technical.structure import STRUCTURE
from investiq.engines.technical.timeframes import TIMEFRAMES
from investiq.engines.technical.trend import TREND
from investiq.engines.technical.volatility import VOLATILITY
from investiq.engines.technical.volume import VOLUME
from investiq.history.history import History

__all__ = ["MINIMUM_BARS", "TechnicalEngine"]

MINIMUM_BARS: Final = 50
# Quality of the data by the number of bars known, for the raw confidence.
_QUALITY_BARS: Final = np.array([50, 100, 200])
_QUALITY: Final = np.array([0.4, 0.65, 0.8, 0.9])
# As many signals as make the evidence complete.
_FULL_COUNT: Final = 15


class TechnicalEngine(Engine):
    """Trend, mean reversion, volume, structure and momentum, read from prices and volume.

    The three steps of every engine: `features` from a history, `score` from the
    features, `explain` for one row of them. All are causal and cover every row.

    Notes
    -----
    Confidence is ``0.55 * agreement + 0.30 * quality + 0.15 * min(signals / 15, 1)``,
    in [0.15, 0.95], or 0.3 without a signal: the share of the larger side among the
    votes of the groups, 0.65, 0.8 or 0.9 from 50, 100 or 200 bars on, and how much
    evidence there is. It is raw: no calibrated probability.

    Examples
    --------
    >>> import investiq as iq
    >>> engine = TechnicalEngine()
    >>> features = engine.features(iq.History.of(iq.load_bars("^GSPC")))
    >>> signal = engine.explain(features.iloc[-1])
    >>> signal.label, [evidence.name for evidence in signal.evidence][:2]
    ('Sell', ['Strong Trend Down', 'Oversold Bounce Setup'])
    """

    name = "technical"
    version = "2"
    units = FEATURES
    words = WORDS
    rules = SIGNALS
    panels = (
        Panel("Indicators", TREND.lines + MEAN_REVERSION.lines + VOLATILITY.lines),
        Panel("Levels", STRUCTURE.lines),
        Panel("Volume", VOLUME.lines),
        Panel("Relative strength", MOMENTUM.lines),
        Panel("Weekly", TIMEFRAMES.lines),
    )

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features, see `technical_features`."""
        return technical_features(history)

    def is_ready(self, table: Table) -> NDArray[np.bool_]:
        """Return the rows at which 50 bars are known."""
        ready: NDArray[np.bool_] = table["n_obs"] >= MINIMUM_BARS
        return ready

    def why_not_ready(self, row: Mapping[str, Any]) -> str:
        """Return why a row has no score."""
        return f"the technical engine needs {MINIMUM_BARS} bars, {int(row['n_obs'])} are known"

    def why_missing(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return why features have no value although enough bars are known."""
        needs = [item for topic in TOPICS for item in topic.needs.items()]
        return {name: reason for name, (bars, reason) in needs if row["n_obs"] >= bars and np.isnan(row[name])}

    def tags(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what is worth knowing of a row and does not vote."""
        table = {name: np.array([row[name]], dtype=float) for name in self.units}
        tags = [item for topic in TOPICS for item in topic.tags.items()]
        return tuple(name for name, is_so in tags if is_so(table)[0])

    def confidence(self, table: Table, agreeing: FloatArray, count: NDArray[np.int64]) -> FloatArray:
        """Return the raw confidence of each row, see the notes of the class."""
        quality = _QUALITY[np.searchsorted(_QUALITY_BARS, table["n_obs"], side="right")]
        # Votes that cancel agree no more than they disagree.
        share = np.where(np.isnan(agreeing), 0.5, agreeing)
        raw = 0.55 * share + 0.30 * quality + 0.15 * np.minimum(count / _FULL_COUNT, 1)
        return np.where(count == 0, 0.3, np.clip(raw, 0.15, 0.95))
