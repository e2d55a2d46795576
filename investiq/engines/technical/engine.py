"""The technical engine: trend and mean reversion read from prices alone."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.facts import format_value
from investiq.core.types import signal_label
from investiq.engines.scoring import agreement, combine_votes, group_votes
from investiq.engines.signals import EngineSignal, Evidence
from investiq.engines.technical.features import FEATURES, technical_features
from investiq.engines.technical.signals import SIGNALS, TechnicalSignal, Threshold, signed_weights
from investiq.history.history import History

__all__ = ["MINIMUM_BARS", "TechnicalEngine"]

FloatArray = NDArray[np.float64]

MINIMUM_BARS: Final = 50
# Quality of the data by the number of bars known, for the raw confidence.
_QUALITY_BARS: Final = np.array([50, 100, 200])
_QUALITY: Final = np.array([0.4, 0.65, 0.8, 0.9])
# As many signals as make the evidence complete.
_FULL_COUNT: Final = 15


class TechnicalEngine:
    """Moving averages, MACD, ADX, the fitted line, RSI, Bollinger bands and the stochastic.

    The three steps of every engine: `features` from a history, `score` from the
    features, `explain` for one row of them. All are causal and cover every row.

    Examples
    --------
    >>> import investiq as iq
    >>> engine = TechnicalEngine()
    >>> features = engine.features(iq.History.of(iq.load_bars("^GSPC")))
    >>> signal = engine.explain(features.iloc[-1])
    >>> signal.label, [evidence.name for evidence in signal.evidence][:2]
    ('Weak Sell', ['Strong Trend Down', 'Price Below MAs'])
    """

    name: Final = "technical"
    version: Final = "1"

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features, see `technical_features`."""
        return technical_features(history)

    def score(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return score and confidence of each row.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Rows of `features`; each row suffices for itself.

        Returns
        -------
        DataFrame of shape (n_rows, 3)
            `score` in [-100, 100] (see `combine_votes`), `confidence` in
            [0.15, 0.95], or 0.3 without a signal, and `signal_count`. Score and
            confidence are NaN where fewer than 50 bars are known.

        Notes
        -----
        Confidence is ``0.55 * agreement + 0.30 * quality + 0.15 * min(signals / 15, 1)``:
        the share of the larger side among the votes of the groups, 0.65, 0.8 or
        0.9 from 50, 100 or 200 bars on, and how much evidence there is. It is raw:
        no calibrated probability.
        """
        weights = signed_weights(_columns(features))
        votes = group_votes(weights, [signal.group for signal in SIGNALS])
        known = features["n_obs"].to_numpy(dtype=float)
        has_score = known >= MINIMUM_BARS
        count = (weights != 0).sum(axis=0)
        return pd.DataFrame(
            {
                "score": np.where(has_score, combine_votes(votes), np.nan),
                "confidence": np.where(has_score, _confidence(agreement(votes), known, count), np.nan),
                "signal_count": count * has_score,
            },
            index=features.index,
        )

    def explain(self, row: pd.Series) -> EngineSignal:
        """Return what one row of `features` says, with its evidence in words and numbers.

        Parameters
        ----------
        row : Series
            One row of `features`, such as ``features.iloc[-1]``.
        """
        features = row.to_frame().T
        scored = self.score(features).iloc[0]
        metrics = {name: float(row[name]) for name in FEATURES}
        n_obs, score = int(row["n_obs"]), float(scored["score"])
        evidence: tuple[Evidence, ...] = ()
        votes: dict[str, float] = {}
        if n_obs >= MINIMUM_BARS:
            weights = signed_weights(_columns(features))[:, 0]
            fired = [(signal, float(weight)) for signal, weight in zip(SIGNALS, weights, strict=True) if weight]
            evidence = tuple(
                sorted((_evidence(signal, weight, metrics) for signal, weight in fired), key=lambda each: -each.weight)
            )
            by_group = group_votes(weights[:, np.newaxis], [signal.group for signal in SIGNALS])
            voted = {each.group for each in evidence}
            votes = {group: float(vote[0]) for group, vote in by_group.items() if group in voted}
            reason = ", ".join(f"{'+' if each.direction > 0 else '-'} {each.name}" for each in evidence) or "no signal"
        else:
            reason = f"the technical engine needs {MINIMUM_BARS} bars, {n_obs} are known"
        return EngineSignal(
            engine=self.name,
            version=self.version,
            score=score,
            label=signal_label(score),
            confidence=float(scored["confidence"]),
            evidence=evidence,
            votes=votes,
            missing=tuple(name for name, value in metrics.items() if np.isnan(value)),
            reason=reason,
            as_of=row["known_at"].to_pydatetime(),
            n_obs=n_obs,
            metrics=metrics,
        )


def _columns(features: pd.DataFrame) -> dict[str, FloatArray]:
    return {name: features[name].to_numpy(dtype=float) for name in FEATURES}


def _confidence(agreeing: FloatArray, known: FloatArray, count: NDArray[np.int64]) -> FloatArray:
    quality = _QUALITY[np.searchsorted(_QUALITY_BARS, known, side="right")]
    # Votes that cancel agree no more than they disagree.
    share = np.where(np.isnan(agreeing), 0.5, agreeing)
    raw = 0.55 * share + 0.30 * quality + 0.15 * np.minimum(count / _FULL_COUNT, 1)
    return np.where(count == 0, 0.3, np.clip(raw, 0.15, 0.95))


def _evidence(signal: TechnicalSignal, weight: float, metrics: dict[str, float]) -> Evidence:
    side = 0 if weight > 0 else 1
    direction: Literal[-1, 1] = 1 if weight > 0 else -1
    shown = {name: format_value(value, FEATURES[name]) for name, value in metrics.items()}
    return Evidence(
        name=signal.names[side],
        group=signal.group,
        weight=abs(weight),
        direction=direction,
        value=metrics[signal.value],
        threshold=_threshold(signal.thresholds[side], metrics, metrics[signal.value]),
        unit=signal.unit,
        text=signal.texts[side].format_map(shown),
    )


def _threshold(threshold: Threshold, metrics: dict[str, float], value: float) -> float:
    if isinstance(threshold, float):
        return threshold
    # Of several levels the last one passed decides: the one nearest to the value.
    return min((metrics[name] for name in threshold), key=lambda level: abs(level - value))
