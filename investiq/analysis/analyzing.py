"""`analyze`: what the engines say about a symbol, at every decision time and at the last one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from investiq.analysis.gathering import Gathered, gather
from investiq.analysis.orchestrator import combine
from investiq.analysis.regimes import regimes_on
from investiq.analysis.result import Analysis
from investiq.analysis.running import EngineRun, run_engine, run_extras, run_layer
from investiq.analysis.weights import WeightSource
from investiq.core import calendar
from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.notes import Note, merge_notes
from investiq.engines import warming
from investiq.engines.base import Engine, causal_table
from investiq.engines.fundamental.engine import FundamentalEngine
from investiq.engines.probabilistic.layer import ProbabilisticLayer
from investiq.engines.quant.engine import QuantEngine
from investiq.engines.quant.warming import quant_jobs
from investiq.engines.sentiment.engine import SentimentEngine
from investiq.engines.sentiment.scorer import Scorer
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.technical.engine import TechnicalEngine
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.history import History
from investiq.history.instants import instant, label_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "analyze", "analyze_history", "engines", "feature_units"]


def analyze(
    data: str | Bars | History,
    *,
    as_of: str | datetime | None = None,
    scorer: Scorer | None = None,
    weights: WeightSource | None = None,
) -> Analysis:
    """Return what the engines say about a symbol, at every decision time.

    Parameters
    ----------
    data : str, Bars or History
        A symbol that `load_bars` knows, or its bars as traded: benchmark, other
        series and records are gathered around them, as far as their provider has
        them. Or a history, which is taken as it is.
    as_of : str or datetime, optional
        Time of knowledge in UTC (or aware); only what was known then is seen. A
        date alone means the end of that day. None: when the last bar became known.
    scorer : Scorer, optional
        What reads the news; by default the built-in word list.
    weights : callable, optional
        Weights of the engines from a model: called once with the whole table, it
        returns a DataFrame of as many rows with one column per engine, where a row
        with NaN falls back; by default those of the market's regime.

    Returns
    -------
    Analysis
        `table` has the features, scores and the joint view of every bar; `engines`
        the evidence behind the last one. An engine without enough data, or one that
        failed, is silent with its reason, and the others share its weight.

    Raises
    ------
    InsufficientDataError
        If no bar was known at `as_of`.
    DataError
        If the bars are adjusted, or `weights` is something else.
    UnknownSymbolError
        If no provider serves the symbol.

    Examples
    --------
    >>> import investiq as iq
    >>> analysis = iq.analyze("^GSPC", as_of="2013-05-20")
    >>> [name for name, signal in analysis.engines.items() if signal.label is None]
    ['fundamental', 'sentiment']
    >>> analysis.table.index[-1].date().isoformat()
    '2013-05-20'
    """
    gathered = _gathered(data)
    whole = gathered.history.bars()
    if whole.basis != "raw":
        raise DataError(
            f"{whole.symbol}: analyze takes bars as traded, these are {whole.basis}-adjusted; "
            "pass them before adjusted(), the engines adjust for themselves"
        )
    # Records and other series may reach beyond the last bar: what came later is not of this analysis.
    newest = whole.known_at[-1] if len(whole) else None
    limit = newest if as_of is None else instant(as_of)
    history = gathered.history if limit is None else gathered.history.until(limit)
    bars = history.bars()
    if not len(bars):
        first = (
            f"the first of {len(whole):,} became known {_aware(whole.known_at[0]):%Y-%m-%d %H:%M} UTC"
            if len(whole)
            else "there are none"
        )
        raise InsufficientDataError(f"{whole.symbol}: no bar was known at {as_of}; {first}; pass a later as_of")
    moment = _aware(bars.known_at[-1] if as_of is None else instant(as_of))
    notes = merge_notes(_staleness(bars, as_of), gathered.notes, _cautions(history))
    return analyze_history(history, moment, engines(scorer), weights=weights, notes=notes)


def engines(scorer: Scorer | None = None) -> tuple[Engine, ...]:
    """Return the engines in the order in which they are shown; `scorer` reads the news."""
    sentiment = SentimentEngine() if scorer is None else SentimentEngine(scorer)
    return TechnicalEngine(), FundamentalEngine(), QuantEngine(), sentiment


def analyze_history(
    history: History,
    as_of: datetime,
    voices: Sequence[Engine],
    *,
    weights: WeightSource | None = None,
    notes: tuple[Note, ...] = (),
) -> Analysis:
    """Return the analysis of a history that is cut already, by chosen engines.

    Parameters
    ----------
    history : History
        With at least one bar, raw.
    as_of : datetime
        When it was cut.
    voices : sequence of Engine
        Of different names.
    weights : callable, optional
        As in `analyze`.
    notes : tuple of Note
        Cautions about the data.
    """
    import pandas as pd

    _compile()
    runs = [run_engine(engine, history) for engine in voices]
    layer = run_layer(ProbabilisticLayer(), history)
    view = SupplementaryView()
    extras = run_extras(view, history)
    features = _joined(history, [*(run.features for run in runs), layer.features, extras.features])
    scored = pd.concat([features, *_scores(runs)], axis=1)
    together = combine(
        _by_engine(runs, "score"),
        _by_engine(runs, "confidence"),
        regimes_on(history),
        directional=extras.directional,
        undirected=extras.undirected,
        table=scored,
        weights=weights,
    )
    return Analysis(
        history=history,
        as_of=as_of,
        table=pd.concat([scored, together], axis=1),
        engines={run.signal.engine: run.signal for run in runs},
        panels={**{each.name: each.panels for each in voices}, view.name: view.panels},
        units=feature_units(voices),
        supplementary=extras.signal,
        notes=merge_notes(*(run.notes for run in runs), layer.notes, extras.notes, notes),
    )


def feature_units(voices: Sequence[Engine]) -> dict[str, Unit]:
    """Return the unit of every feature that is a number, of the engines, the probabilistic layer and the other topics."""
    own = {name: unit for each in voices for name, unit in each.units.items()}
    return own | ProbabilisticLayer.units | SupplementaryView().units


def _joined(history: History, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the columns of several causal tables, `known_at` and `n_obs` once."""
    import pandas as pd

    own = [each.drop(columns=["known_at", "n_obs"]) for each in tables]
    return pd.concat([causal_table(history, {}), *own], axis=1)


def _scores(runs: Sequence[EngineRun]) -> list[pd.DataFrame]:
    return [run.scored.add_prefix(f"{run.signal.engine}_") for run in runs]


def _by_engine(runs: Sequence[EngineRun], column: str) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {run.signal.engine: run.scored[column].to_numpy(dtype=float) for run in runs}


def _compile() -> None:
    """Compile what the engines run on, unless that was done before."""
    if jobs := [*warming.jobs(), *quant_jobs()]:
        from investiq.runtime.progress import progress

        with progress(len(jobs), "compiling, once for this version") as advance:
            for job in jobs:
                job()
                advance()


def _gathered(data: str | Bars | History) -> Gathered:
    if isinstance(data, History):
        return Gathered(history=data, notes=())
    if isinstance(data, str | Bars):
        return gather(data)
    raise DataError(f"data must be a symbol, Bars or a History, was {type(data).__name__}")


def _cautions(history: History) -> tuple[Note, ...]:
    """Return what is to be said about the data: of the symbol, and by name of what stands beside it if it limits anything."""
    import dataclasses

    bars = history.bars()
    beside = [
        *((name, row_checks(each, each.passport.notes)) for name, each in history.series.items() if each is not bars)
    ]
    beside += [(name, each.notes) for name, each in history.tables.items()]
    named = [
        note if name in note.text else dataclasses.replace(note, text=f"{name}: {note.text}")
        for name, notes in beside
        for note in notes
        if note.severity != "info"
    ]
    return merge_notes(row_checks(bars, bars.passport.notes), named)


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
