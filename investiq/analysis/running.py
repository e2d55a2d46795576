"""Run engines, layer and topics so that a failure is told and the others still answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import InvestIQError
from investiq.core.notes import Note
from investiq.engines.base import Engine, causal_table
from investiq.engines.probabilistic.layer import ProbabilisticLayer
from investiq.engines.signals import EngineSignal
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.supplementary.signals import SupplementarySignal
from investiq.history.history import History

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EngineRun", "ExtraRun", "LayerRun", "run_engine", "run_extras", "run_layer"]

# What a defect in an engine, in its data or in a scorer of someone's own raises. One engine's must not silence the
# others; it is logged with its trace and named in the result. Exhausted memory and an interrupt are not held back.
CRASHES: Final = (
    InvestIQError, ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip

_log = logging.getLogger("investiq.analysis")


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineRun:
    """What one engine made of a history.

    Attributes
    ----------
    signal : EngineSignal
        At the last row.
    features, scored : DataFrame
        Of all rows; the same columns without a value where the engine failed.
    failure : str
        The error, or empty.
    """

    signal: EngineSignal
    features: pd.DataFrame
    scored: pd.DataFrame
    failure: str = ""

    @property
    def notes(self) -> tuple[Note, ...]:
        """The failure, where there is one."""
        return _failed(f"the {self.signal.engine} engine", self.failure)


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """The features of the probabilistic layer, all NaN where it failed."""

    features: pd.DataFrame
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ExtraRun:
    """What the supplementary topics add at every row, and what they say at the last one.

    Attributes
    ----------
    features : DataFrame
    directional, undirected : ndarray of shape (n_rows,)
        As `combine` takes them; 0 where the topics failed.
    signal : SupplementarySignal
    notes : tuple of Note
    """

    features: pd.DataFrame
    directional: NDArray[np.float64]
    undirected: NDArray[np.float64]
    signal: SupplementarySignal
    notes: tuple[Note, ...] = ()


def run_engine(engine: Engine, history: History) -> EngineRun:
    """Return features and scores of every row, and what the engine says at the last one.

    An engine that raises one of `CRASHES` has no score, with the error as its reason.
    """
    try:
        features = engine.features(history)
        scored = engine.score(features)
        return EngineRun(signal=engine.explain(features.iloc[-1]), features=features, scored=scored)
    except CRASHES as error:
        return _silent(engine, history, _told(error, history, engine.name))


def run_layer(layer: ProbabilisticLayer, history: History) -> LayerRun:
    """Return the features of the probabilistic layer."""
    try:
        return LayerRun(features=layer.features(history))
    except CRASHES as error:
        failure = _told(error, history, layer.name)
        nothing = causal_table(history, dict.fromkeys(layer.units, np.nan))
        return LayerRun(features=nothing, notes=_failed("the probabilistic layer", failure))


def run_extras(view: SupplementaryView, history: History) -> ExtraRun:
    """Return features, adjustments and what is said at the last row.

    A topic that fails is named by the view itself; here the whole of it is held.
    """
    try:
        features = view.features(history)
        found = view.adjustments(features)
        return ExtraRun(
            features=features,
            directional=found["directional"].to_numpy(dtype=float),
            undirected=found["undirected"].to_numpy(dtype=float),
            signal=view.explain(features.iloc[-1]),
        )
    except CRASHES as error:
        failure = _told(error, history, view.name)
        nothing, words = dict.fromkeys(view.units, np.nan), dict.fromkeys(view.words, "")
        rows = len(history.bars())
        said = SupplementarySignal(
            version=view.version,
            adjustments=(),
            directional=0.0,
            undirected=0.0,
            tags=(),
            absent={},
            failed={"all topics": failure},
            missing={},
            as_of=_decided(history),
            metrics=nothing,
            words=words,
        )
        return ExtraRun(
            features=causal_table(history, nothing | words),
            directional=np.zeros(rows),
            undirected=np.zeros(rows),
            signal=said,
            notes=_failed("the supplementary view", failure),
        )


def _told(error: BaseException, history: History, name: str) -> str:
    """Return an error in one line; its trace goes to the log."""
    _log.exception("%s: %s failed", history.symbol, name)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _failed(what: str, failure: str) -> tuple[Note, ...]:
    if not failure:
        return ()
    text = f"{what} failed and is left out ({failure}); the trace is in the log"
    return (Note(code="engine_failed", text=text, severity="error"),)


def _decided(history: History) -> datetime:
    moment: datetime = history.bars().known_at[-1].astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _silent(engine: Engine, history: History, failure: str) -> EngineRun:
    import pandas as pd

    bars = history.bars()
    columns = dict.fromkeys(engine.units, np.nan) | dict.fromkeys(engine.words, "")
    scored = {"score": np.nan, "confidence": np.nan, "signal_count": 0}
    signal = EngineSignal(
        engine=engine.name,
        version=engine.version,
        score=np.nan,
        label=None,
        confidence=np.nan,
        evidence=(),
        votes={},
        missing={},
        reason=f"failed: {failure}",
        as_of=_decided(history),
        n_obs=len(bars),
        metrics=dict.fromkeys(engine.units, np.nan),
        words=dict.fromkeys(engine.words, ""),
    )
    return EngineRun(
        signal=signal,
        features=causal_table(history, columns),
        scored=pd.DataFrame(scored, index=bars.index),
        failure=failure,
    )
