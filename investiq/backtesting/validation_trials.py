"""What a validation leaves in the ledger: its candidates on every stretch where they were compared, and its account."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.candidates import Candidate
from investiq.backtesting.cross_validation_result import CrossValidation
from investiq.backtesting.inputs import parameters_of
from investiq.backtesting.result import data_of
from investiq.backtesting.trial_recording import Ticket, TrialKind, record, record_sweep
from investiq.backtesting.trial_statistics import BLOCKS, TrackRecord
from investiq.backtesting.walk_forward_result import WalkForward
from investiq.core.manifest import Manifest
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.instants import aware
from investiq.metrics.conventions import Convention

__all__ = ["count_candidates", "count_walk", "with_trials"]

Validation = TypeVar("Validation", WalkForward, CrossValidation)


def with_trials(result: Validation, ticket: Ticket) -> Validation:
    """Return the result with the caution of a ledger that could not be written, if so; its trials are committed."""
    missing: tuple[Note, ...] = ticket.notes
    return dataclasses.replace(result, notes=(*result.notes, *missing)) if missing else result


def count_walk(walk: WalkForward, candidates: Sequence[Candidate], bars: Bars, study: str | None) -> Ticket:
    """Queue the stitched account, and for each fold its candidates on the training window."""
    ticket = record(
        _manifest("walk_forward", candidates, bars, walk.convention),
        walk.account,
        interval=bars.interval,
        first=aware(walk.instants[1]),
        last=aware(walk.instants[-1]),
        study=study,
        kind="walk_forward",
        sample="out_of_sample",
        watermark=walk.watermark,
    )
    for fold in walk.folds:
        rows = np.flatnonzero((bars.ts >= fold.train[0]) & (bars.ts <= fold.train[1]))
        piece = bars[rows[0] : rows[-1] + 1]
        _count(candidates, fold.tried, piece, walk.convention, "fold", ticket.study, ticket)
    return ticket


def count_candidates(found: CrossValidation, candidates: Sequence[Candidate], bars: Bars, study: str | None) -> Ticket:
    """Queue the candidates of a cross-validation over all bars."""
    return _count(candidates, found.tried, bars, found.convention, "cross_validation", study, None)


def _count(
    candidates: Sequence[Candidate],
    tried: Sequence[TrackRecord],
    bars: Bars,
    convention: Convention,
    kind: TrialKind,
    study: str | None,
    parent: Ticket | None,
) -> Ticket:
    names = list(candidates[0].parameters)
    cells: dict[str, NDArray[Any]] = {
        name: np.array([_cell(candidate.parameters[name]) for candidate in candidates]) for name in names
    }
    cells |= {
        name: np.array([getattr(each, name) for each in tried])
        for name in ("count", "mean", "sd", "skewness", "kurtosis")
    }
    for name in ("sums", "squares"):
        own = [getattr(each, name) for each in tried]
        cells[name] = np.array([each if each.size else np.full(BLOCKS, np.nan) for each in own])
    return record_sweep(
        _manifest(kind, candidates, bars, convention),
        cells,
        interval=bars.interval,
        first=aware(bars.ts[0]),
        last=aware(bars.ts[-1]),
        study=study,
        kind=kind,
        parent=parent,
        watermark=bars.passport.watermark,
    )


def _cell(value: Any) -> Any:
    """Return a value as a column of a table can hold it; no value is NaN."""
    return np.nan if value is None else value


def _manifest(kind: str, candidates: Sequence[Candidate], bars: Bars, convention: Convention) -> Manifest:
    """Return a manifest whose strategy and options hold, where candidates differ, the list of their values."""
    from investiq.runtime.clock import now

    first = candidates[0]
    parameters = parameters_of(first.strategy, first.options, convention)
    for name in first.parameters:
        values = list(dict.fromkeys(candidate.parameters[name] for candidate in candidates))
        part: Any = parameters["strategy" if name in first.strategy.parameters() else "options"]
        part[name] = values
    return Manifest.of(kind=kind, data=data_of(bars), parameters=parameters, created_at=now())
