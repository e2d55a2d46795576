"""Combinatorial purged cross-validation: choose again for every combination of tested groups, and test there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import plans, running
from investiq.backtesting.candidates import Candidate
from investiq.backtesting.cross_validation_result import CrossValidation, Trials
from investiq.backtesting.running import Run
from investiq.backtesting.trial_statistics import TrackRecord, track_record
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.metrics.conventions import Convention
from investiq.metrics.options import whole
from investiq.metrics.purged_splits import PurgedSplits
from investiq.metrics.splits import combinatorial_purged_splits

__all__ = ["cross_validate_candidates"]

FloatArray = NDArray[np.float64]


class _Choice(NamedTuple):
    """The best candidate of each split, its ratio on the training bars, and all candidates as trials."""

    number: NDArray[np.int64]
    train_sharpe: FloatArray
    trials: Trials
    tried: tuple[TrackRecord, ...]


def cross_validate_candidates(
    candidates: Sequence[Candidate],
    bars: Bars,
    *,
    groups: int,
    test_groups: int,
    purge: int,
    embargo: int | None,
    max_splits: int | None,
    seed: int,
    convention: Convention,
    subject: str,
    notes: Sequence[Note],
    advance: Callable[[], None],
) -> CrossValidation:
    """Choose among the candidates for every split, and join the tests to paths."""
    whole("purge", purge, 0)
    rows = np.arange(len(bars))
    splits = combinatorial_purged_splits(
        rows, rows + purge, groups=groups, test_groups=test_groups, embargo=embargo, max_splits=max_splits, seed=seed
    )
    rate = convention.risk_free_per_period
    held: list[int] = []
    choice = _choose(_all_accounts(candidates, bars, held, advance), splits, convention)
    needed = {number: _returns(_account(candidates[number], bars)) for number in set(choice.number.tolist())}
    outcomes = [needed[number][split.test] for number, split in zip(choice.number.tolist(), splits, strict=True)]
    return CrossValidation(
        paths=splits.assemble(outcomes),
        tested=splits.tested,
        chosen=tuple(candidates[number].parameters for number in choice.number.tolist()),
        train_sharpes=choice.train_sharpe,
        test_sharpes=np.array([_sharpe(outcome - rate) for outcome in outcomes]),
        groups=groups,
        purge=purge,
        embargo=splits.embargo,
        trials=choice.trials,
        tried=choice.tried,
        convention=convention,
        instants=bars.ts,
        subject=subject,
        mark=bars.passport.watermark,
        notes=(*notes, *splits.notes, *_short_purge(max(held), purge)),
    )


def _all_accounts(
    candidates: Sequence[Candidate], bars: Bars, held: list[int], advance: Callable[[], None]
) -> Iterator[FloatArray]:
    """Yield the account of each candidate, and append how long it held at most."""
    for candidate in candidates:
        run = _run(candidate, bars)
        held.append(_longest(run.position))
        yield _account_of(run, candidate)
        advance()


def _longest(position: FloatArray) -> int:
    """Return the most bars in a row at whose close a position of one side was held."""
    side = np.sign(position)
    edges = np.flatnonzero(np.diff(side, prepend=0.0, append=0.0))
    lengths = [int(end - first) for first, end in pairwise(edges.tolist()) if side[first]]
    return max(lengths, default=0)


def _short_purge(longest: int, purge: int) -> tuple[Note, ...]:
    if longest <= purge:
        return ()
    text = (
        f"a position was held for up to {longest:,} bars and {purge:,} are purged: one decision can earn in training "
        f"and in the test beside it; purge={longest} keeps them apart"
    )
    return (Note(code="held_beyond_purge", text=text, rows=longest),)


def _run(candidate: Candidate, bars: Bars) -> Run:
    return running.simulate(bars, plans.plan_of(candidate.strategy, bars), candidate.options)


def _account(candidate: Candidate, bars: Bars) -> FloatArray:
    return _account_of(_run(candidate, bars), candidate)


def _account_of(run: Run, candidate: Candidate) -> FloatArray:
    account: FloatArray = np.concatenate(([candidate.options.initial_capital], run.equity))
    return account


def _returns(account: FloatArray) -> FloatArray:
    returns: FloatArray = account[1:] / account[:-1] - 1.0
    return returns


def _choose(accounts: Iterator[FloatArray], splits: PurgedSplits, convention: Convention) -> _Choice:
    """Return the best candidate of each split. One candidate at a time is held: memory does not grow with their number."""
    masks = np.zeros((len(splits), splits.starts.size))
    for place, split in enumerate(splits):
        masks[place, split.train] = 1.0
    counts = masks.sum(axis=1)
    best = np.zeros(len(splits), dtype=np.int64)
    ratios = np.full(len(splits), -np.inf)
    together = np.zeros(splits.starts.size)
    of_all: list[float] = []
    tried: list[TrackRecord] = []
    rate = convention.risk_free_per_period
    for number, account in enumerate(accounts):
        tried.append(track_record(account, convention))
        own = _returns(account)
        # Shifted to its own mean, so that the sums of squares keep their digits.
        middle = own.mean()
        shifted = own - middle
        sums, squares = masks @ shifted, masks @ (shifted * shifted)
        variance = (squares - sums * sums / counts) / (counts - 1.0)
        varies = variance > (1e-12 * np.abs(own).max()) ** 2
        found = np.where(varies, (sums / counts + middle - rate) / np.sqrt(np.where(varies, variance, 1.0)), -np.inf)
        better = found > ratios
        best[better], ratios[better] = number, found[better]
        spread = own.std(ddof=1)
        if spread > 1e-12 * np.abs(own).max():
            together += shifted / spread
            of_all.append((middle - rate) / spread)
    return _Choice(
        best, np.where(np.isinf(ratios), np.nan, ratios), _trials(len(tried), of_all, together), tuple(tried)
    )


def _trials(number: int, sharpes: list[float], together: FloatArray) -> Trials:
    """Return what candidates are worth as independent trials, from the sum of their standardised returns.

    The variance of that sum is n + n (n - 1) x the average correlation; what never
    varied counts as uncorrelated.
    """
    moving = len(sharpes)
    average = 0.0
    if moving > 1:
        variance = float((together**2).sum() / (together.size - 1))
        average = (variance - moving) / (number * (number - 1))
    shared = min(max(average, 0.0), 1.0)
    return Trials(
        number=number,
        effective=shared + (1.0 - shared) * number,
        sharpe_variance=float(np.var(sharpes, ddof=1)) if moving > 1 else math.nan,
    )


def _sharpe(excess: FloatArray) -> float:
    spread = float(excess.std(ddof=1))
    return float(excess.mean()) / spread if spread > 1e-12 * float(np.abs(excess).max()) else math.nan
