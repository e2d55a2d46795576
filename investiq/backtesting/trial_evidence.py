"""What a study's trials say about its best: deflated Sharpe ratio, PBO and the lengths that would be enough."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.evidence_result import Evidence
from investiq.backtesting.trial_comparison import effective_number, overfitting_of
from investiq.backtesting.trial_recording import default_study, read_cells, settle, trial_id
from investiq.backtesting.trial_statistics import BLOCKS, canonical
from investiq.core.errors import DataError, InvestIQError
from investiq.core.notes import Note
from investiq.execution.options import RunOptions
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import (
    deflated_sharpe_ratio_from_moments,
    expected_maximum_sharpe,
    minimum_backtest_length,
)
from investiq.metrics.formulas import ROUNDING
from investiq.metrics.overfitting import RECOMMENDED_TRIALS
from investiq.metrics.track_record import minimum_track_record_length_from_moments

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.metrics.overfitting_result import Overfitting

__all__ = ["deflation_of", "evidence"]

FloatArray = NDArray[np.float64]

_OPTIONS: Final = frozenset(field.name for field in dataclasses.fields(RunOptions))
_MOMENTS: Final = ("mean", "sd", "skewness", "kurtosis")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """The distinct trials of a study, one value each.

    Attributes
    ----------
    count, mean, sd, skewness, kurtosis, periods_per_year, risk_free : ndarray, shape (n_trials,)
        `risk_free` is per period.
    sums, squares : ndarray of float64, shape (n_trials, 16)
        NaN where a trial has fewer than 16 returns.
    group : ndarray of int64, shape (n_trials,)
        Trials of one group share their rows.
    ids : tuple of str
        Id of the entry that each belongs to.
    labels : tuple of str
        What each tried.
    entries : mapping of str to list of int
        Places of the trials of every entry; two entries may share one.
    """

    count: NDArray[np.int64]
    mean: FloatArray
    sd: FloatArray
    skewness: FloatArray
    kurtosis: FloatArray
    periods_per_year: FloatArray
    risk_free: FloatArray
    sums: FloatArray
    squares: FloatArray
    group: NDArray[np.int64]
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    entries: Mapping[str, list[int]]

    @property
    def sharpe(self) -> FloatArray:
        """Sharpe ratios per period; NaN for a trial whose returns do not vary."""
        moves = self.sd > ROUNDING
        nothing = np.full(self.sd.size, np.nan)
        found: FloatArray = np.divide(self.mean - self.risk_free, self.sd, out=nothing, where=moves)
        return found

    @property
    def annual_sharpe(self) -> FloatArray:
        """Sharpe ratios of a year."""
        found: FloatArray = self.sharpe * np.sqrt(self.periods_per_year)
        return found


def evidence(study: str, *, trial: str | None = None) -> Evidence:
    """Return what the ledger holds against the best trial of a study, or against the one named.

    Parameters
    ----------
    study : str
        As `iq.trials` lists it.
    trial : str, optional
        Id of the trial that was selected; by default that of the highest Sharpe ratio.

    Returns
    -------
    Evidence

    Raises
    ------
    ConfigError
        If the database cannot be read.
    DataError
        If there is no such study or trial, or the table of a sweep is missing.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2010", end="2013")
    >>> for fast in (5, 10, 20):
    ...     result = iq.backtest(iq.strategies.Crossover(fast=fast, slow=50), bars, study="crossings in an example")
    >>> iq.trials("crossings in an example").evidence().trials
    3
    """
    from investiq.storage.database import open_database

    settle()
    rows = open_database().read(lambda connection: _rows(connection, study))
    if not rows:
        raise DataError(f"the ledger has no study {study!r}; iq.trials().studies lists those there are")
    trials = _distinct(rows)
    runs = sum(row["runs"] for row in rows)
    selected = _selected(trials, trial, study)
    marks = {row["watermark"] for row in rows}
    mark = next((each for each in ("SYNTHETIC", "SAMPLE") if each in marks), None)
    return _judge(study, trials, runs, selected, mark)


def deflation_of(result: BacktestResult, study: str | None = None) -> Evidence:
    """Return the evidence of the study that `result` is a trial of; refused, with the reason, where it is not in the ledger.

    Parameters
    ----------
    result : BacktestResult
    study : str, optional
        The study that it was recorded under; by default that of its strategy and data.

    Returns
    -------
    Evidence
        All numbers are NaN, with the reason, where the ledger cannot be read or
        has no entry of the result: without the number of trials there is no
        deflated Sharpe ratio.
    """
    named = study or default_study(result.manifest)
    try:
        return evidence(named, trial=trial_id(result.manifest, named))
    except InvestIQError as error:
        return Evidence.refused(named, str(error))


def _rows(connection: Any, study: str) -> list[dict[str, Any]]:
    import sqlalchemy as sa

    from investiq.backtesting.tables import RUNS, TRIALS

    counted = sa.select(sa.func.count()).where(RUNS.c.trial == TRIALS.c.id).scalar_subquery().label("runs")
    query = sa.select(TRIALS, counted).where(TRIALS.c.study == study).order_by(TRIALS.c.created_at, TRIALS.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _distinct(rows: Sequence[Mapping[str, Any]]) -> Trials:
    """Return the trials of a study, each once: a cell of two sweeps, or of a sweep and a run, is one trial."""
    tables = [read_cells(row["cells_file"]) if row["cells_file"] else None for row in rows]
    axes: set[str] = set()
    for row, table in zip(rows, tables, strict=True):
        with _reading(row):
            axes |= set(_axes_of(table, row)) if table is not None else set()
    groups: dict[tuple[str, int], int] = {}
    parts: dict[str, list[Any]] = {name: [] for name in ("numbers", "sums", "squares", "group", "ids", "labels")}
    place_of: dict[tuple[Any, ...], int] = {}
    entries: dict[str, list[int]] = {}
    for row, table in zip(rows, tables, strict=True):
        with _reading(row):
            keys, labels = _keys(row, table, sorted(axes))
            numbers, sums, squares = _numbers(row, table)
        # A cell that did not run, or has no returns, is no trial.
        ran = [cell for cell in range(len(keys)) if numbers[cell, 0] > 0]
        fresh = []
        for cell in ran:
            if keys[cell] not in place_of:
                place_of[keys[cell]] = len(place_of)
                fresh.append(cell)
        entries[row["id"]] = [place_of[keys[cell]] for cell in ran]
        counts = numbers[fresh, 0].astype(np.int64)
        parts["numbers"].append(numbers[fresh])
        parts["sums"].append(sums[fresh])
        parts["squares"].append(squares[fresh])
        parts["group"] += [groups.setdefault((row["data_fingerprint"], int(count)), len(groups)) for count in counts]
        parts["ids"] += [row["id"]] * len(fresh)
        parts["labels"] += [labels[place] for place in fresh]
    numbers = np.concatenate(parts["numbers"])
    return Trials(
        count=numbers[:, 0].astype(np.int64), mean=numbers[:, 1], sd=numbers[:, 2], skewness=numbers[:, 3],
        kurtosis=numbers[:, 4], periods_per_year=numbers[:, 5], risk_free=numbers[:, 6],
        sums=np.concatenate(parts["sums"]), squares=np.concatenate(parts["squares"]),
        group=np.array(parts["group"], dtype=np.int64), ids=tuple(parts["ids"]), labels=tuple(parts["labels"]),
        entries=entries,
    )  # fmt: skip


@contextmanager
def _reading(row: Mapping[str, Any]) -> Iterator[None]:
    """Tell which entry is damaged, where one cannot be made out."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"entry {row['id']} of the ledger is damaged ({type(error).__name__}: {error}); "
            "put a copy of the database and of its folder trials back, or name another study"
        ) from error


def _axes_of(table: Mapping[str, NDArray[Any]], row: Mapping[str, Any]) -> list[str]:
    """Return the columns of a sweep's table that are choices: options, or parameters of its strategy."""
    parameters = json.loads(row["parameters"])
    return [name for name in table if name in _OPTIONS or name in parameters]


def _keys(
    row: Mapping[str, Any], table: Mapping[str, NDArray[Any]] | None, axes: Sequence[str]
) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Return what tells a trial from another, and how people write it, for each cell of an entry."""
    parameters, options = json.loads(row["parameters"]), json.loads(row["options"])
    chosen = {**options, **parameters}
    rest = [{name: value for name, value in part.items() if name not in axes} for part in (options, parameters)]
    fixed = json.dumps(canonical([*rest, json.loads(row["convention"])]))
    # A walk-forward holds its strategy in pieces: it is not the run over all bars, even of one candidate.
    head = (row["strategy"], row["data_fingerprint"], fixed, row["kind"] == "walk_forward")
    if table is None:
        values = tuple(_hashable(chosen.get(name)) for name in axes)
        return [(*head, *values)], [_label(row["strategy"], parameters)]
    size = len(table["count"])
    own = _axes_of(table, row)
    columns = [
        [_hashable(value) for value in table[name].tolist()] if name in own else [_hashable(chosen.get(name))] * size
        for name in axes
    ]
    keys = [(*head, *values) for values in zip(*columns, strict=True)] if columns else [head] * size
    if not own:  # a sweep of one cell, or a validation of one candidate
        return keys, [_label(row["strategy"], parameters)] * size
    texts = [table[name].tolist() for name in own]
    labels = [_label(row["strategy"], dict(zip(own, values, strict=True))) for values in zip(*texts, strict=True)]
    return keys, labels


def _hashable(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return json.dumps(canonical(value)) if isinstance(value, (list, dict)) else value


def _label(strategy: str, parameters: Mapping[str, Any]) -> str:
    from investiq.backtesting.describing import strategy_text

    # A column of numbers holds an option that is None as NaN.
    chosen = {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in parameters.items()
    }
    return strategy_text(strategy, chosen)


def _numbers(
    row: Mapping[str, Any], table: Mapping[str, NDArray[Any]] | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    convention = Convention(**json.loads(row["convention"]))
    base = (convention.periods_per_year, convention.risk_free_per_period)
    if table is not None:
        columns = [np.asarray(table[name], dtype=np.float64) for name in ("count", *_MOMENTS)]
        columns += [np.full(columns[0].size, value) for value in base]
        shape = (columns[0].size, BLOCKS)
        return np.column_stack(columns), table["sums"].reshape(shape), table["squares"].reshape(shape)
    moments = [math.nan if row[name] is None else row[name] for name in _MOMENTS]
    blocks = np.frombuffer(row["blocks"], dtype="<f8") if row["blocks"] else np.full(2 * BLOCKS, np.nan)
    sums, squares = blocks.reshape(2, 1, BLOCKS)
    return np.array([[row["count"], *moments, *base]]), sums, squares


def _selected(trials: Trials, trial: str | None, study: str) -> int:
    sharpes = trials.annual_sharpe
    places = range(len(trials.ids)) if trial is None else trials.entries.get(trial, ())
    if not len(places):
        raise DataError(
            f"the study {study!r} has no trial {trial}: this run is not in the ledger; "
            "runs of iq.backtest are, under the study that they name"
        )
    return max(places, key=lambda place: -math.inf if math.isnan(sharpes[place]) else sharpes[place])


def _judge(study: str, trials: Trials, runs: int, selected: int, mark: str | None) -> Evidence:
    per_period, annual = trials.sharpe, trials.annual_sharpe
    periods = trials.periods_per_year[selected]
    number = len(trials.ids)
    effective, correlation = effective_number(trials.sums, trials.group)
    known = annual[~np.isnan(annual)]
    # In years, so that trials of several intervals can be counted together.
    variance = float(known.var(ddof=1)) if known.size > 1 else (0.0 if number == 1 else math.nan)
    sharpe, count = float(per_period[selected]), int(trials.count[selected])
    reasons: dict[str, str] = {}
    notes: list[Note] = []
    shape = {name: float(getattr(trials, name)[selected]) for name in ("skewness", "kurtosis")}
    deflated, track, expected = math.nan, math.nan, math.nan
    if math.isnan(sharpe):
        reasons["deflated"] = reasons["track_record"] = "the returns of the selected trial do not vary: no Sharpe ratio"
    else:
        track = minimum_track_record_length_from_moments(sharpe, **shape)
    if math.isnan(variance):
        reasons["deflated"] = reasons["expected_maximum"] = (
            "fewer than two trials have a Sharpe ratio: their spread is unknown"
        )
    else:
        expected = expected_maximum_sharpe(effective, variance)
    if not reasons:
        found = deflated_sharpe_ratio_from_moments(
            sharpe, count, trials=effective, sharpe_variance=variance / periods, **shape
        )
        deflated = found.probability
        reasons |= {"deflated_caution": found.caution} if found.caution else {}
    overfitting, why_not = _overfitting(trials, notes)
    if overfitting is None:
        reasons["overfitting"] = why_not
    return Evidence(
        study=study,
        selected=trials.ids[selected],
        selected_label=trials.labels[selected],
        trials=number,
        runs=runs,
        effective_trials=effective,
        average_correlation=correlation,
        sharpes=annual,
        sharpe=float(annual[selected]),
        sharpe_variance=variance,
        expected_maximum=expected,
        deflated=deflated,
        overfitting=overfitting,
        track_record=track,
        backtest_length=minimum_backtest_length(effective),
        count=count,
        periods_per_year=float(periods),
        reasons=reasons,
        notes=tuple(notes),
        mark=mark,
    )


def _overfitting(trials: Trials, notes: list[Note]) -> tuple[Overfitting | None, str]:
    """Return PBO of the largest group of trials over the same rows, or why there is none."""
    sizes = np.bincount(trials.group)
    group = int(sizes.argmax())
    members = np.flatnonzero((trials.group == group) & ~np.isnan(trials.sums).any(axis=1))
    if members.size < RECOMMENDED_TRIALS:
        return (
            None,
            f"{members.size} {'trial has its' if members.size == 1 else 'trials share their'} rows; PBO needs {RECOMMENDED_TRIALS}",
        )
    if sizes.size > 1:
        text = f"PBO is of the {members.size:,} trials that share their rows, of {len(trials.ids):,}"
        notes.append(Note(code="pbo_of_a_part", text=text, rows=int(members.size), severity="info"))
    rows = int(trials.count[members[0]]) // BLOCKS
    found = overfitting_of(trials.sums[members], trials.squares[members], rows, trials.risk_free[members])
    notes += [note for note in found.notes if note.code == "pbo_of_a_sample"]
    return found, ""
