"""Cautions about decisions and orders that came to nothing, counted from the log of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import general_state as g
from investiq.backtesting import portfolio, postings
from investiq.backtesting.decisions import BOTH, SELL
from investiq.backtesting.inputs import Decided
from investiq.backtesting.running import Run
from investiq.core.notes import Note
from investiq.core.orders import Signal
from investiq.execution.options import RunOptions

__all__ = ["order_notes"]

# Weights closer than this share of a limit are within it.
_EQUAL: Final = 1e-9


def order_notes(ts: NDArray[np.datetime64], run: Run, options: RunOptions, decided: Decided | None) -> Iterator[Note]:
    """Yield what was decided and not traded, and why.

    Parameters
    ----------
    ts : ndarray of datetime64[us], shape (n_bars,)
        Labels of the bars.
    run : Run
    options : RunOptions
        Those of the run.
    decided : tuple of Signal or ndarray of shape (n_symbols, n_bars), optional
        Signals or target weights; None for decisions in `run`.
    """
    yield from _dropped(run)
    yield from _margin_calls(run)
    if isinstance(decided, np.ndarray):
        yield from _of_targets(decided, run, options)
    elif decided is not None:
        yield from _above_margin(decided, options)
    yield from _late_start(ts, options)


def _dropped(run: Run) -> Iterator[Note]:
    """Yield how many signals and orders the rules of a run dropped."""
    if outside := _count(run, g.LOG_OUTSIDE):
        yield Note(
            code="entries_outside_levels",
            text=f"{outside} entry order(s) were cancelled: they would have filled beyond their own stop or target",
            rows=outside,
        )
    conflicts, shorts = _count(run, g.LOG_BOTH_DROPPED), _count(run, g.LOG_SHORT_DISABLED)
    codes = run.decisions.codes[:-1]
    if run.events.shape[1] != g.EVENT_COLUMNS and codes.size:
        # The fast loops write no line that follows from decisions and positions.
        is_flat = ~(run.position[:-1] > 0)
        conflicts = int(np.count_nonzero((codes == BOTH) & is_flat))
        shorts = int(np.count_nonzero((codes == SELL) & is_flat))
    if conflicts:
        yield Note(
            code="conflicting_signals",
            text=f"{conflicts} time(s) a buy and a sell were decided at one close: both were dropped",
            rows=conflicts,
        )
    if shorts:
        yield Note(
            code="shorts_not_allowed",
            text=f"{shorts} sell signal(s) without a position were ignored: shorts are not allowed; allow_short=True trades them",
            rows=shorts,
            severity="info",
        )


def _margin_calls(run: Run) -> Iterator[Note]:
    if run.events.shape[1] != g.EVENT_COLUMNS:
        return
    # The count of such a line is the equity that was required.
    calls = int(np.count_nonzero(run.events[:, 1] == g.LOG_MARGIN_CALL))
    if calls:
        yield Note(
            code="margin_calls",
            text=f"{calls} margin call(s): the equity fell below the maintenance margin, and every position was closed",
            rows=calls,
        )


def _above_margin(decided: tuple[Signal, ...], options: RunOptions) -> Iterator[Note]:
    """Yield how many signals ask for more than the margin allows."""
    limit = options.margin * (1 + _EQUAL)
    count = sum(signal.weight is not None and signal.weight > limit for signal in decided)
    if count:
        outcome = "reduced to" if options.insufficient == "reduce" else "rejected as more than"
        yield Note(
            code="weight_above_margin",
            text=(
                f"{count} signal(s) ask for a weight above the margin of {options.margin:g}: their entries are {outcome} "
                "what the account can buy"
            ),
            rows=count,
        )


def _of_targets(weights: NDArray[np.float64], run: Run, options: RunOptions) -> Iterator[Note]:
    """Yield that nothing was decided, or which symbols the band kept out throughout."""
    seen = weights if options.fill == "same_close" else weights[:, :-1]
    has_target = np.isfinite(seen)
    if not has_target.any():
        yield Note(
            code="no_targets",
            text="the strategy gave no target weight that a later bar could fill: nothing was traded",
        )
        return
    largest = np.where(has_target, np.abs(seen), 0.0).max(axis=1)
    traded = np.zeros(largest.size, dtype=np.bool_)
    traded[run.fills[:, postings.SYMBOL].astype(np.int64)] = True
    # What was never held weighs 0: its targets are as far off as they are large.
    kept_out = ~traded & (largest > 0.0) & (largest <= options.band * (1 + _EQUAL))
    count = int(np.count_nonzero(kept_out))
    if count:
        targets = int(np.count_nonzero((seen != 0) & has_target & kept_out[:, np.newaxis]))
        yield Note(
            code="targets_within_band",
            text=(
                f"{count} of {largest.size} symbol(s) were never traded: their {targets:,} target weight(s), at most {largest[kept_out].max():.2%}, lie within the band of {options.band:.2%}; "
                "band=0.0 trades every target"
            ),
            rows=count,
        )


def _late_start(ts: NDArray[np.datetime64], options: RunOptions) -> Iterator[Note]:
    """Yield that fixed weights are first bought at a month start, the benchmark in the first bars."""
    if options.rebalance != "month_start" or options.fill == "same_close":
        return
    decided = portfolio.rebalancing_bars(ts, options)
    first = int(decided[0]) + 1 if decided.size else ts.size
    if first > 1:
        when = f"the first month start, {ts[first].astype('datetime64[D]')}" if first < ts.size else "the end"
        yield Note(
            code="late_start",
            text=f"the account is in cash for {first} bar(s), until {when}; a benchmark is invested from the second bar on",
            rows=first,
            severity="info",
        )


def _count(run: Run, code: float) -> int:
    """Return how often a line of the log was written."""
    return int(run.events[run.events[:, 1] == code, 2].sum())
