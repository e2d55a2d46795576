"""Walk-forward: choose parameters on one stretch of the past, trade the next with them, and go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import plans, running
from investiq.backtesting.candidates import Candidate
from investiq.backtesting.folds import Scheme, Window, windows_of
from investiq.backtesting.plans import Plan
from investiq.backtesting.trial_statistics import TrackRecord, track_record
from investiq.backtesting.walk_forward_result import Fold, WalkForward
from investiq.core.errors import InsufficientDataError
from investiq.core.notes import Note
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.metrics.conventions import Convention

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["walk"]

FloatArray = NDArray[np.float64]

# Below so many bars of training a Sharpe ratio hardly tells candidates apart.
FLAGGED_TRAIN: Final = 252
# Cautions of one test that are not those of the walk.
_OF_A_SINGLE_RUN: Final = ("no_out_of_sample", "few_trades", "under_one_year", "signal_after_last_bar")


class _Stand(NamedTuple):
    """Shares that a candidate, run from the first bar, holds at the close before a training and before its test."""

    train: float
    test: float


def walk(
    candidates: Sequence[Candidate],
    bars: Bars,
    *,
    folds: int | None,
    train: int | None,
    test: int | None,
    scheme: Scheme,
    purge: int,
    convention: Convention,
    test_result: Callable[[Candidate, Bars, Plan, RunOptions], BacktestResult],
    subject: str,
    notes: Sequence[Note],
    advance: Callable[[], None],
) -> WalkForward:
    """Walk the candidates over the bars; `test_result` makes the full result of a test."""
    windows = windows_of(len(bars), folds=folds, train=train, test=test, scheme=scheme, purge=purge)
    least = max(candidate.strategy.warmup for candidate in candidates)
    if least + 2 > windows[0].train_end - windows[0].train_first:
        raise InsufficientDataError(
            f"the first training window has {windows[0].train_end - windows[0].train_first} bars, a candidate needs "
            f"{least + 2} to decide and fill once; take fewer folds, shorter parameters or a longer period"
        )
    records, stands, train_returns = _train(candidates, bars, windows, convention, advance)
    made: list[Fold] = []
    capital = candidates[0].options.initial_capital
    opening = capital
    for number, window in enumerate(windows):
        tried = tuple(of_candidate[number] for of_candidate in records)
        chosen = _first_best(np.array([each.sharpe for each in tried]))
        candidate = candidates[chosen]
        options = dataclasses.replace(candidate.options, initial_capital=capital, end="liquidate")
        whole = plans.plan_of(candidate.strategy, bars)
        held = stands[chosen][number].test
        piece, plan, lead = _cut(bars, candidate, whole, window.test_first, window.test_end, held)
        result = test_result(candidate, piece, plan, options)
        returns = _returns(np.concatenate(([capital], result.run.equity)))[lead:]
        capital *= float(np.prod(1.0 + returns))
        made.append(
            Fold(
                train=(bars.ts[window.train_first], bars.ts[window.train_end - 1]),
                test=(bars.ts[window.test_first], bars.ts[window.test_end - 1]),
                parameters=candidate.parameters,
                train_returns=train_returns(chosen, number),
                test_returns=returns,
                train_days=_days(bars, window.train_first, window.train_end),
                test_days=_days(bars, window.test_first, window.test_end),
                tried=tried,
                chosen=chosen,
                result=result,
            )
        )
        advance()
    first = windows[0].test_first
    return WalkForward(
        folds=tuple(made),
        scheme=scheme,
        purge=purge,
        initial_capital=opening,
        convention=convention,
        candidates=len(candidates),
        subject=subject,
        instants=bars.ts[first - 1 :],
        closes=bars.adjusted("total").close[first - 1 :],
        mark=bars.passport.watermark,
        notes=(*notes, *_cautions(windows, made)),
    )


def _train(
    candidates: Sequence[Candidate],
    bars: Bars,
    windows: Sequence[Window],
    convention: Convention,
    advance: Callable[[], None],
) -> tuple[list[list[TrackRecord]], list[list[_Stand]], Callable[[int, int], FloatArray]]:
    """Return each candidate's track record on each training window, what it held before, and what gives the returns."""

    def account_of(candidate: Candidate, plan: Plan, window: Window, held: float) -> FloatArray:
        piece, part, lead = _cut(bars, candidate, plan, window.train_first, window.train_end, held)
        run = running.simulate(piece, part, candidate.options)
        account: FloatArray = np.concatenate(([candidate.options.initial_capital], run.equity))[lead:]
        return account

    def again(number: int, fold: int) -> FloatArray:
        chosen = candidates[number]
        plan, held = plans.plan_of(chosen.strategy, bars), stands[number][fold].train
        return _returns(account_of(chosen, plan, windows[fold], held))

    records, stands = [], []
    for candidate in candidates:
        plan = plans.plan_of(candidate.strategy, bars)
        position = running.simulate(bars, plan, candidate.options).position
        stand = [_Stand(_before(position, each.train_first), _before(position, each.test_first)) for each in windows]
        tried = [
            account_of(candidate, plan, *each) for each in zip(windows, (each.train for each in stand), strict=True)
        ]
        records.append([track_record(account, convention) for account in tried])
        stands.append(stand)
        advance()
    return records, stands, again


def _before(position: FloatArray, first: int) -> float:
    return float(position[first - 1]) if first else 0.0


def _cut(bars: Bars, candidate: Candidate, plan: Plan, first: int, end: int, held: float) -> tuple[Bars, Plan, int]:
    """Return the bars of a window with a lead, the part of the plan that may act in it, and the length of the lead.

    The first decision that acts is of the close before the window, so that its first open can be traded;
    a position that the candidate holds there, run from the first bar, is entered at that open.
    """
    lead = min(first, _lead(candidate.options))
    whole = plans.resumed(plan, bars, first - 1, held, candidate.options)
    return bars[first - lead : end], plans.part_of(whole, first - lead, end, first - 1), lead


def _lead(options: RunOptions) -> int:
    """Return the bars before a window that its first orders need: the close that decides, and the windows of what sizes and levels read."""
    lead = 1
    if any(each is not None for each in (options.atr_stop, options.atr_target, options.atr_trail)):
        # Wilder's average remembers: after ten windows the start weighs less than 1e-3.
        lead = max(lead, 10 * options.atr_window)
    if options.regime_sizing is not None:
        lead = max(lead, options.regime_sizing.window + options.regime_sizing.every)
    if options.costs.impact is not None:
        lead = max(lead, options.costs.impact.window + 1)
    return max(lead, 20) if options.volume_basis == "adv20" else lead


def _returns(account: FloatArray) -> FloatArray:
    returns: FloatArray = account[1:] / account[:-1] - 1.0
    return returns


def _first_best(scores: FloatArray) -> int:
    """Return the candidate of the highest ratio, of equal ones the first; the first of all where none has one."""
    return 0 if np.isnan(scores).all() else int(np.nanargmax(scores))


def _days(bars: Bars, first: int, end: int) -> float:
    return float((bars.ts[end - 1] - bars.ts[max(first - 1, 0)]) / np.timedelta64(1, "D"))


def _cautions(windows: Sequence[Window], folds: Sequence[Fold]) -> tuple[Note, ...]:
    notes = [note for note in folds[0].result.notes if note.code not in _OF_A_SINGLE_RUN]
    if (shortest := min(each.train_end - each.train_first for each in windows)) < FLAGGED_TRAIN:
        notes.append(
            Note(
                code="short_training",
                text=f"the shortest training window has {shortest} bars, fewer than {FLAGGED_TRAIN}: Sharpe ratios on it "
                "hardly tell parameters apart",
            )
        )
    if idle := sum(bool(np.isnan(fold.scores).all()) for fold in folds):
        notes.append(
            Note(
                code="nothing_to_choose_by",
                text=f"on {idle} training window(s) no candidate traded, so the first of the grid was taken",
                rows=idle,
            )
        )
    if still := sum(not len(fold.result.run.fills) for fold in folds):
        notes.append(
            Note(
                code="test_without_trades",
                text=f"in {still} of {len(folds)} tests nothing was traded; a rule that enters on a crossing, and holds nothing when a "
                "test begins, waits for the next crossing",
                rows=still,
            )
        )
    return tuple(notes)
