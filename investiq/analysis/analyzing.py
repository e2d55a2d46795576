"""`analyze`: what the engines say about a symbol, at every decision time and at the last one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np

from investiq.analysis.result import Analysis
from investiq.core import calendar
from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.notes import Note, merge_notes
from investiq.core.types import signal_label
from investiq.engines.signals import EngineSignal
from investiq.engines.technical.engine import TechnicalEngine
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.instants import instant, label_text
from investiq.indicators.warming import technical_jobs

__all__ = ["Analysis", "analyze"]

_ENGINES: Final = Note(
    code="technical_engine_only",
    text="the score is the technical engine's alone; this version has no fundamental, quant or sentiment engine",
    severity="info",
)


def analyze(data: str | Bars | History, *, as_of: str | datetime | None = None) -> Analysis:
    """Return what the engines say about a symbol, at every decision time.

    Parameters
    ----------
    data : str, Bars or History
        A symbol that `load_bars` knows, or bars as traded, or a history whose
        main symbol is meant.
    as_of : str or datetime, optional
        Time of knowledge in UTC (or aware); only what was known then is seen. A
        date alone means the end of that day. None: all of the data.

    Returns
    -------
    Analysis
        `table` has features, score, confidence and label of every bar; `signal`
        is the evidence behind the last one. Below 50 bars the score is NaN, with
        the reason.

    Raises
    ------
    InsufficientDataError
        If no bar was known at `as_of`.
    DataError
        If the bars are adjusted.
    UnknownSymbolError
        If no provider serves the symbol.

    Examples
    --------
    >>> import investiq as iq
    >>> analysis = iq.analyze("^GSPC", as_of="2013-05-20")
    >>> analysis.label, round(analysis.score, 1)
    ('Weak Buy', 22.2)
    """
    history = _history(data)
    whole = history.bars()
    if whole.basis != "raw":
        raise DataError(
            f"{whole.symbol}: analyze takes bars as traded, these are {whole.basis}-adjusted; "
            "pass them before adjusted(), the engines adjust for themselves"
        )
    if as_of is not None:
        history = history.until(as_of)
    bars = history.bars()
    if not len(bars):
        first = (
            f"the first of {len(whole):,} became known {_aware(whole.known_at[0]):%Y-%m-%d %H:%M} UTC"
            if len(whole)
            else "there are none"
        )
        raise InsufficientDataError(f"{whole.symbol}: no bar was known at {as_of}; {first}; pass a later as_of")
    _compile()
    engine = TechnicalEngine()
    features = engine.features(history)
    scores = engine.score(features)
    signal = engine.explain(features.iloc[-1])
    labels = scores["score"].map({score: signal_label(score) for score in scores["score"].unique()}).astype("str")
    return Analysis(
        symbol=history.symbol,
        bars=bars,
        as_of=_aware(bars.known_at[-1] if as_of is None else instant(as_of)),
        table=features.join(scores).assign(label=labels),
        engines={engine.name: signal},
        notes=merge_notes(_staleness(bars, as_of), _cautions(signal), history.notes, (_ENGINES,)),
    )


def _compile() -> None:
    """Compile the indicators, unless that was done before."""
    if jobs := technical_jobs():
        from investiq.runtime.progress import progress

        with progress(len(jobs), "compiling, once for this version") as advance:
            for job in jobs:
                job()
                advance()


def _history(data: str | Bars | History) -> History:
    if isinstance(data, History):
        return data
    if isinstance(data, Bars):
        return History.of(data)
    if isinstance(data, str):
        from investiq.market.loading import load_bars

        return History.of(load_bars(data))
    raise DataError(f"data must be a symbol, Bars or a History, was {type(data).__name__}")


def _cautions(signal: EngineSignal) -> list[Note]:
    if signal.label is None:
        return [Note(code="no_score", text=f"no score: {signal.reason}")]
    if signal.missing:
        return [
            Note(
                code="features_missing",
                text=f"with {signal.n_obs} bars known these have no value yet and do not vote: {', '.join(signal.missing)}",
            )
        ]
    return []


def _staleness(bars: Bars, as_of: str | datetime | None) -> list[Note]:
    if as_of is None or bars.interval != "1d":
        return []
    name, moment = bars.passport.calendar, instant(as_of)
    later = calendar.session_dates(name, bars.ts[-1] + np.timedelta64(1, "D"), moment)
    closed = int((calendar.closes(name, later) <= moment).sum())
    if not closed:
        return []
    newest = label_text(bars.ts[-1], bars.interval)
    text = f"the newest bar is of {newest}, and {closed:,} session(s) of {name} closed between it and as_of"
    return [Note(code="stale", text=f"{text}; load later bars or pass an earlier as_of", rows=closed)]


def _aware(moment: np.datetime64) -> datetime:
    naive: datetime = moment.astype("datetime64[us]").item()
    return naive.replace(tzinfo=UTC)
