"""Run one engine so that its failure is told and the others still answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.errors import InvestIQError
from investiq.core.notes import Note
from investiq.engines.base import Engine, causal_table
from investiq.engines.signals import EngineSignal
from investiq.history.history import History

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EngineRun", "run_engine"]

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
        if not self.failure:
            return ()
        text = f"the {self.signal.engine} engine failed and is left out ({self.failure}); the trace is in the log"
        return (Note(code="engine_failed", text=text, severity="error"),)


def run_engine(engine: Engine, history: History) -> EngineRun:
    """Return features and scores of every row, and what the engine says at the last one.

    An engine that raises one of `CRASHES` has no score, with the error as its reason.
    """
    try:
        features = engine.features(history)
        scored = engine.score(features)
        return EngineRun(signal=engine.explain(features.iloc[-1]), features=features, scored=scored)
    except CRASHES as error:
        _log.exception("%s: the %s engine failed", history.symbol, engine.name)
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return _silent(engine, history, failure)


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
        as_of=bars.known_at[-1].astype("datetime64[us]").item().replace(tzinfo=UTC),
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
