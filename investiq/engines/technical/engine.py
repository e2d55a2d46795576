"""The technical engine: trend and mean reversion read from prices alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.engines.base import Engine, Line, Panel
from investiq.engines.rules import FloatArray, Table
from investiq.engines.technical.features import FEATURES, technical_features
from investiq.engines.technical.signals import SIGNALS
from investiq.history.history import History

__all__ = ["MINIMUM_BARS", "TechnicalEngine"]

MINIMUM_BARS: Final = 50
# Quality of the data by the number of bars known, for the raw confidence.
_QUALITY_BARS: Final = np.array([50, 100, 200])
_QUALITY: Final = np.array([0.4, 0.65, 0.8, 0.9])
# As many signals as make the evidence complete.
_FULL_COUNT: Final = 15


class TechnicalEngine(Engine):
    """Moving averages, MACD, ADX, the fitted line, RSI, Bollinger bands and the stochastic.

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
    ('Weak Sell', ['Strong Trend Down', 'Price Below MAs'])
    """

    name = "technical"
    version = "1"
    units = FEATURES
    rules = SIGNALS
    panels = (
        Panel(
            "Indicators",
            (
                Line("SMA-20", "sma_20"),
                Line("SMA-50", "sma_50"),
                Line("SMA-200", "sma_200"),
                Line("Lower Bollinger band", "bb_lower", "20 bars, 2 population standard deviations"),
                Line("Upper Bollinger band", "bb_upper"),
                Line("RSI(14)", "rsi", "Wilder's smoothing", "rsi_percentile"),
                Line("Stochastic %K(14)", "stochastic_k", "", "stochastic_percentile"),
                Line("MACD histogram", "macd_histogram", "averages of 12 and 26 bars, signal of 9"),
                Line("ADX(14)", "adx", "Wilder's smoothing; strength without direction", "adx_percentile"),
                Line("ATR(14)", "atr_14", "Wilder's smoothing"),
                Line("ATR ratio", "atr_ratio", "ATR over its mean of 20 bars; no vote", "atr_ratio_percentile"),
            ),
        ),
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

    def confidence(self, table: Table, agreeing: FloatArray, count: NDArray[np.int64]) -> FloatArray:
        """Return the raw confidence of each row, see the notes of the class."""
        quality = _QUALITY[np.searchsorted(_QUALITY_BARS, table["n_obs"], side="right")]
        # Votes that cancel agree no more than they disagree.
        share = np.where(np.isnan(agreeing), 0.5, agreeing)
        raw = 0.55 * share + 0.30 * quality + 0.15 * np.minimum(count / _FULL_COUNT, 1)
        return np.where(count == 0, 0.3, np.clip(raw, 0.15, 0.95))
