"""The ledger of trials: what was tried, found again, annotated, and never deleted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, get_args

from investiq.backtesting.choices import changed_options, differing, flat, with_options
from investiq.backtesting.trial_evidence import deflation_of, evidence
from investiq.backtesting.trial_recording import Ticket, TrialKind, record, record_result, record_sweep, settle
from investiq.core.errors import ConfigError, DataError, near_matches
from investiq.core.facts import Fact, Table, format_value
from investiq.core.result import Result
from investiq.history.instants import When, aware, instant

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.evidence_result import Evidence

__all__ = [
    "Holdout",
    "Ticket",
    "Trial",
    "TrialTable",
    "annotate_trial",
    "deflation_of",
    "evidence",
    "get_trial",
    "open_holdout",
    "record",
    "record_result",
    "record_sweep",
    "trials",
]

_SORTS: Final = ("created_at", "sharpe", "total_return", "max_drawdown", "trades", "strategy", "study")
_KINDS: Final[tuple[str, ...]] = get_args(TrialKind)
_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One entry of the ledger; NaN and None where something was undefined.

    Attributes
    ----------
    id, study, kind, strategy : str
    parent : str or None
        Id of the entry it belongs to, as a fold to its walk-forward.
    symbols : tuple of str
    interval : str
    first_ts, last_ts : datetime
        Labels of the first and the last bar.
    parameters, options, convention : mapping
    data : mapping of str to str
        SHA-256 fingerprints by role and symbol.
    watermark : str or None
    sample : {"in_sample", "out_of_sample"}
        Whether the parameters were chosen with knowledge of these bars. Decay of
        a strategy is only measured on entries that are out of sample.
    seed : int or None
    code_version : str
    created_at : datetime
        Of the first run.
    runs : int
        How often it was run.
    cells : int
        Trials that it stands for: those of a sweep.
    cells_file : str or None
        Table of a sweep's cells, in the folder ``trials`` of the data.
    count : int
        Returns.
    mean, sd, skewness, kurtosis : float
        Of the returns per period.
    sharpe : float
        Annual.
    final_equity, total_return, max_drawdown, win_rate, profit_factor, fees : float
    trades : int or None
        Closed round trips.
    notes : tuple of str
        Annotations, the oldest first.
    tags : tuple of str
    """

    id: str
    study: str
    kind: str
    parent: str | None
    strategy: str
    symbols: tuple[str, ...]
    interval: str
    first_ts: datetime
    last_ts: datetime
    parameters: Mapping[str, Any]
    options: Mapping[str, Any]
    convention: Mapping[str, Any]
    data: Mapping[str, str]
    watermark: str | None
    sample: str
    seed: int | None
    code_version: str
    created_at: datetime
    runs: int
    cells: int
    cells_file: str | None
    count: int
    mean: float
    sd: float
    skewness: float
    kurtosis: float
    sharpe: float
    final_equity: float
    total_return: float
    max_drawdown: float
    win_rate: float
    profit_factor: float
    fees: float
    trades: int | None
    notes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Strategy with its parameters, and the options that are not the defaults."""
        return self.text_with(changed_options(self.options))

    def text_with(self, options: Mapping[str, Any]) -> str:
        """Return the strategy with its parameters and these of its options."""
        from investiq.backtesting.describing import strategy_text

        return with_options(strategy_text(self.strategy, dict(self.parameters)), options)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrialTable(Result):
    """Entries of the ledger, as `iq.trials` found them."""

    kind: ClassVar[str] = "trials"

    entries: tuple[Trial, ...]
    question: str = field(default="all trials")

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def title(self) -> str:
        """What was asked for."""
        return f"Ledger of trials: {self.question}"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` or ``"SAMPLE"`` where the data of any entry are."""
        marks = {entry.watermark for entry in self.entries}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @property
    def studies(self) -> tuple[str, ...]:
        """Names of the studies, the newest first."""
        return tuple(dict.fromkeys(entry.study for entry in sorted(self.entries, key=_age, reverse=True)))

    def facts(self) -> list[Fact]:
        """Return how much was tried."""
        cells = sum(entry.cells for entry in self.entries)
        return [
            Fact("Studies", len(self.studies), "count"),
            Fact("Entries", len(self.entries), "count", "an exact rerun adds none"),
            Fact("Trials", cells, "count", "each cell of a sweep counted"),
            Fact("Runs", sum(entry.runs for entry in self.entries), "count"),
        ]

    def tables(self) -> list[Table]:
        """Return the first entries, with the options in which they differ."""
        columns = ("id", "study", "trial", "kind", "cells", "runs", "Sharpe", "return", "created")
        shown = self.entries[:_SHOWN]
        options = [flat(entry.options) for entry in shown]
        apart = differing(options)
        texts = [
            entry.text_with({path: its[path] for path in apart if path in its})
            for entry, its in zip(shown, options, strict=True)
        ]
        rows = tuple(
            (
                entry.id, entry.study, text, entry.kind, format_value(entry.cells, "count"),
                format_value(entry.runs, "count"), format_value(entry.sharpe, "ratio"),
                format_value(entry.total_return, "fraction"), format_value(entry.created_at, "time"),
            )
            for entry, text in zip(shown, texts, strict=True)
        )  # fmt: skip
        more = len(self.entries) - len(rows)
        title = f"First {_SHOWN} of {len(self.entries)}" if more else "Entries"
        return [Table(title, columns, rows, ("cells", "runs", "Sharpe", "return"), ("return",))] if rows else []

    def provenance(self) -> list[Fact]:
        """Return which database answered."""
        from investiq.storage.database import open_database

        return [Fact("Database", open_database().location), Fact("Trials are never deleted", "annotate them instead")]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an entry, index `id`."""
        import dataclasses

        import pandas as pd

        names = [each.name for each in dataclasses.fields(Trial)]
        rows = [[getattr(entry, name) for name in names] for entry in self.entries]
        return pd.DataFrame(rows, columns=names).set_index("id")

    def health(self) -> pd.DataFrame:
        """Return how single runs did, by date: the snapshot by which decay is watched.

        Returns
        -------
        DataFrame
            Index `created_at`; study, strategy, sample, sharpe, win_rate,
            profit_factor, trades, total_return, max_drawdown. Entries of sweeps
            are left out. Those that are ``in_sample`` show no decay: their
            parameters were chosen on the same bars.
        """
        columns = [
            "study", "strategy", "sample", "sharpe", "win_rate", "profit_factor", "trades", "total_return", "max_drawdown",
        ]  # fmt: skip
        frame = self.to_frame()
        single = frame[frame["cells_file"].isna()]
        return single.set_index("created_at").sort_index()[columns]

    def by_strategy(self) -> pd.DataFrame:
        """Return entries, runs, closed trades and the spread of the Sharpe ratio by strategy and symbols."""
        frame = self.to_frame()
        frame["symbols"] = frame["symbols"].map(" ".join)
        grouped = frame.groupby(["strategy", "symbols"])
        return grouped.agg(
            entries=("study", "size"),
            runs=("runs", "sum"),
            trades=("trades", "sum"),
            best_sharpe=("sharpe", "max"),
            median_sharpe=("sharpe", "median"),
            worst_sharpe=("sharpe", "min"),
        )

    def evidence(self, trial: str | None = None) -> Evidence:
        """Return what the ledger holds against the best of these trials; they must be of one study.

        Raises
        ------
        ConfigError
            If the entries are of several studies, or of none.
        """
        if len(self.studies) != 1:
            raise ConfigError(
                f"evidence is that of one study, these entries are of {len(self.studies)}; name it: iq.trials(study)"
            )
        return evidence(self.studies[0], trial=trial)

    def delete(self, *_: Any) -> None:
        """Refuse.

        Raises
        ------
        ConfigError
            Always.
        """
        raise ConfigError(
            "trials are never deleted: the fewer are counted, the better the best of them looks; "
            "mark what was a mistake with iq.annotate_trial(id, note=..., tags=...)"
        )


def _age(entry: Trial) -> datetime:
    return entry.created_at


def trials(
    study: str | None = None,
    *,
    strategy: str | None = None,
    symbol: str | None = None,
    kind: str | None = None,
    since: When | None = None,
    until: When | None = None,
    tag: str | None = None,
    sort: str = "created_at",
    limit: int | None = None,
) -> TrialTable:
    """Return entries of the ledger, the newest or the largest first.

    Parameters
    ----------
    study, strategy, symbol, tag : str, optional
        Only entries of that study, strategy (the name of its class), symbol or tag.
    kind : {"backtest", "sweep", "walk_forward", "fold", "cross_validation"}, optional
        Only entries of that kind.
    since, until : str, date or datetime, optional
        When they were first run, UTC; a date counts whole.
    sort : str, default "created_at"
        ``"sharpe"``, ``"total_return"``, ``"max_drawdown"``, ``"trades"``,
        ``"strategy"`` or ``"study"`` otherwise.
    limit : int, optional
        At most so many.

    Returns
    -------
    TrialTable

    Raises
    ------
    ConfigError
        If the database cannot be read, or `sort` or `kind` is not one of these.
    DataError
        If there is no such study.

    Examples
    --------
    >>> import investiq as iq
    >>> len(iq.trials(symbol="NOTHING"))
    0
    """
    if sort not in _SORTS:
        raise ConfigError(f"sort must be one of {', '.join(_SORTS)}, was {sort!r}{near_matches(sort, _SORTS)}")
    if kind is not None and kind not in _KINDS:
        raise ConfigError(f"kind must be one of {', '.join(_KINDS)}, was {kind!r}{near_matches(kind, _KINDS)}")
    if limit is not None and limit < 1:
        raise ConfigError(f"limit must be at least 1, was {limit}")
    found = _entries(study)
    if study is not None and not found:
        known = {entry.study for entry in _entries(None)}
        raise DataError(
            f"the ledger has no study {study!r}{near_matches(study, known)}; iq.trials().studies lists {len(known)}"
        )
    first = aware(instant(since, day_ends=False)) if since is not None else None
    last = aware(instant(until)) if until is not None else None
    kept = [
        entry
        for entry in found
        if (strategy is None or entry.strategy == strategy)
        and (symbol is None or symbol in entry.symbols)
        and (kind is None or entry.kind == kind)
        and (tag is None or tag in entry.tags)
        and (first is None or entry.created_at >= first)
        and (last is None or entry.created_at <= last)
    ]
    words = {
        "study": study,
        "strategy": strategy,
        "symbol": symbol,
        "kind": kind,
        "tag": tag,
        "since": since,
        "until": until,
    }
    question = ", ".join(f"{name} {value}" for name, value in words.items() if value is not None) or "all trials"
    return TrialTable(entries=tuple(_sorted(kept, sort)[:limit]), question=question)


def get_trial(trial: str) -> Trial:
    """Return one entry of the ledger by its id, or by the beginning of it.

    Raises
    ------
    DataError
        If there is no such trial, or several ids begin so.
    """
    found = [entry for entry in _entries(None) if entry.id.startswith(trial)] if trial else []
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} trials whose ids begin with" if found else "no trial"
    raise DataError(f"the ledger has {what} {trial!r}; iq.trials() lists the ids")


def annotate_trial(trial: str, *, note: str = "", tags: Sequence[str] = ()) -> Trial:
    """Write a note or tags beside a trial and return it; the trial itself stays as it was recorded.

    Parameters
    ----------
    trial : str
        Its id, or the beginning of it.
    note : str
    tags : sequence of str
        Words by which `iq.trials` finds it.

    Raises
    ------
    ConfigError
        If there is neither a note nor a tag, or the database cannot be written.
    DataError
        If there is no such trial.
    """
    from investiq.backtesting.tables import ANNOTATIONS
    from investiq.runtime.clock import now
    from investiq.storage.database import open_database

    if isinstance(tags, str):
        raise ConfigError(f"tags must be a sequence of words, was {tags!r}; write tags=[{tags!r}]")
    if not note.strip() and not tags:
        raise ConfigError("an annotation needs a note or tags, was given neither")
    found = get_trial(trial)
    row = {"trial": found.id, "written_at": now(), "note": note.strip(), "tags": json.dumps(list(tags))}
    open_database().write(lambda connection: connection.execute(ANNOTATIONS.insert(), row))
    return get_trial(found.id)


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """A period of a study that was kept apart, and the one time it was opened.

    Attributes
    ----------
    study : str
    start : datetime
    end : datetime or None
        None where it goes on.
    opened_at : datetime
    reason : str
    """

    study: str
    start: datetime
    end: datetime | None
    opened_at: datetime
    reason: str


def open_holdout(study: str, *, start: When, end: When | None = None, reason: str) -> Holdout:
    """Open the holdout of a study: once, and on record.

    A second look makes the period one more sample that parameters are chosen
    on, so it is refused, and says when the first was.

    Parameters
    ----------
    study : str
    start, end : str, date or datetime
        First and last moment of the period that was kept apart.
    reason : str
        Why now, in a sentence.

    Raises
    ------
    ConfigError
        If the holdout was opened before, there is no reason, or the database
        cannot be written.
    """
    from sqlalchemy import select

    from investiq.backtesting.tables import HOLDOUTS
    from investiq.runtime.clock import now
    from investiq.storage.database import open_database

    if not reason.strip():
        raise ConfigError("opening a holdout needs a reason in words, was empty")
    opened = Holdout(
        study=study,
        start=aware(instant(start, day_ends=False)),
        end=aware(instant(end)) if end is not None else None,
        opened_at=now(),
        reason=reason.strip(),
    )
    row = {
        "study": study,
        "starts_at": opened.start,
        "ends_at": opened.end,
        "opened_at": opened.opened_at,
        "reason": opened.reason,
    }

    def first_time(connection: Any) -> Mapping[str, Any] | None:
        """Write the opening down, unless there is one: return that one."""
        found: Mapping[str, Any] | None = (
            connection.execute(select(HOLDOUTS).where(HOLDOUTS.c.study == study)).mappings().first()
        )
        if found is None:
            connection.execute(HOLDOUTS.insert(), row)
        return found

    before = open_database().write(first_time)
    if before is not None:
        raise ConfigError(
            f"the holdout of {study!r} was opened on {before['opened_at']:%Y-%m-%d %H:%M} UTC ({before['reason']}): what was "
            "chosen since then has seen it; keep data that come after it as the next holdout, under a study of another name"
        )
    return opened


def _entries(study: str | None) -> list[Trial]:
    from investiq.storage.database import open_database

    settle()
    return open_database().read(lambda connection: _read(connection, study))


def _read(connection: Any, study: str | None) -> list[Trial]:
    import sqlalchemy as sa

    from investiq.backtesting.tables import ANNOTATIONS, RUNS, TRIALS

    counted = sa.select(RUNS.c.trial, sa.func.count().label("runs")).group_by(RUNS.c.trial).subquery()
    query = sa.select(TRIALS, counted.c.runs).join(counted, counted.c.trial == TRIALS.c.id)
    beside = sa.select(ANNOTATIONS).order_by(ANNOTATIONS.c.id)
    if study is not None:
        query = query.where(TRIALS.c.study == study)
    written: dict[str, list[Any]] = {}
    for row in connection.execute(beside).mappings():
        written.setdefault(row["trial"], []).append(row)
    return [_trial(row, written.get(row["id"], ())) for row in connection.execute(query).mappings()]


def _trial(row: Mapping[str, Any], written: Sequence[Mapping[str, Any]]) -> Trial:
    from investiq.backtesting.tables import NUMBERS

    values = {name: row[name] for name in row if name not in ("blocks", "data_fingerprint")}
    for name in NUMBERS:
        values[name] = math.nan if row[name] is None else row[name]
    for name in ("parameters", "options", "convention", "data"):
        values[name] = json.loads(row[name])
    tags = dict.fromkeys(tag for each in written for tag in json.loads(each["tags"]))
    return Trial(
        **{**values, "symbols": tuple(row["symbols"].split())},
        notes=tuple(each["note"] for each in written if each["note"]),
        tags=tuple(tags),
    )


def _sorted(entries: Sequence[Trial], name: str) -> list[Trial]:
    """Return the newest, largest or first entries first, those without a value last."""
    if name in ("strategy", "study"):
        return sorted(entries, key=lambda entry: (getattr(entry, name), entry.created_at))

    def rank(entry: Trial) -> tuple[bool, float]:
        value = entry.created_at.timestamp() if name == "created_at" else getattr(entry, name)
        missing = value is None or math.isnan(value)
        return missing, 0.0 if missing else -float(value)

    return sorted(entries, key=rank)
