"""Many runs over the same bars at once: strategies and options in, one row of statistics each out.

Indicator columns are computed once however many cells read them. A rule writes
its decisions into a buffer that each worker uses again, and the loop of
`sweep_kernels` turns them into statistics without an account: memory does not
grow with the number of cells but for their rows. What that loop cannot express
runs through `engine.run`, one cell at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import running, sweep_kernels
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.sweep_cells import GENERAL, LOOP, Cells, Task
from investiq.backtesting.sweep_obstacles import obstacle
from investiq.backtesting.sweep_statistics import edges_of, write_statistics
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.strategies.base import Column, Strategy

__all__ = ["evaluate", "evaluate_task", "worker_count"]

FloatArray = NDArray[np.float64]

# Rows of decisions that are simulated in one call: 64 of 5,000 bars stay in a core's own cache.
BATCH: Final = 64
# Cells that a worker takes at a time.
SHARE: Final = 256
# Columns of one series are kept for the next call up to this many bytes.
_KEPT_BYTES: Final = 64 * 2**20
_NO_VOLUME: Final = np.empty(0)
_NO_VOLUME.flags.writeable = False

_COLUMNS: WeakKeyDictionary[Bars, dict[Column, FloatArray]] = WeakKeyDictionary()
_LOCK: Final = threading.Lock()


def evaluate(
    strategies: Sequence[Strategy],
    bars: Bars,
    options: RunOptions | Sequence[RunOptions],
    *,
    workers: int | None = None,
) -> Cells:
    """Return the statistics of many runs over the same bars.

    Final equity, cash and numbers of fills and trades are the same bits as those
    of `engine.run`; mean, standard deviation, shape and drawdown agree with
    those of its equity to 1e-10.

    Parameters
    ----------
    strategies : sequence of Strategy
        One per cell. Neighbours that are one object share their decisions.
    bars : Bars
        As traded.
    options : RunOptions, or one per cell
    workers : int, optional
        Threads; by default the cores that this process may use. The result does not depend on it.

    Returns
    -------
    Cells
        In the order of `strategies`. A cell that was refused has a reason and NaN.

    Raises
    ------
    ConfigError
        If there is not one `options` per cell.
    """
    return evaluate_task(Task.of(strategies, options), bars, workers=workers)


def evaluate_task(
    task: Task, bars: Bars, *, workers: int | None = None, progress: Callable[[int], None] | None = None
) -> Cells:
    """Return the statistics of the cells of `task`; `progress` is called with numbers of cells that are done."""
    work = _Work(task, bars)
    shares = [range(first, min(first + SHARE, len(task))) for first in range(0, len(task), SHARE)]

    def run(share: range) -> None:
        work.run(share)
        if progress is not None:
            progress(len(share))

    count = min(workers or worker_count(), len(shares))
    if count <= 1:
        for share in shares:
            run(share)
    else:
        with ThreadPoolExecutor(count) as pool:
            for done in [pool.submit(run, share) for share in shares]:
                done.result()
    return work.cells


def worker_count() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Group(NamedTuple):
    """What cells share that differ in decisions and levels only."""

    rules: Any
    choices: sweep_kernels.Choices
    tape: sweep_kernels.Tape
    options: RunOptions


class _Work:
    """One call of `evaluate`: what all workers read, and the rows that they write."""

    def __init__(self, task: Task, bars: Bars) -> None:
        self.task = task
        self.bars = bars
        self.cells = Cells.empty(len(task), len(bars))
        self.padded = -(-len(bars) // 8) * 8
        self._edges = edges_of(len(bars))
        self._closes = _statistics_of_closes(bars)
        self._is_general = [bool(obstacle(bars, options)) for options in task.options]
        self._refusals: dict[int, str] = {}

    def run(self, share: range) -> None:
        """Evaluate the cells of one share."""
        batch = _Batch(self)
        strategy_of = self.task.strategy_of[share.start : share.stop].tolist()
        options_of = self.task.options_of[share.start : share.stop].tolist()
        for cell, strategy, options in zip(share, strategy_of, options_of, strict=True):
            if refusal := self._refusal(strategy):
                self.cells.reasons[cell] = refusal
            elif self._is_general[options]:
                self._run_alone(cell)
            else:
                batch.add(cell, strategy, options)
        batch.flush()
        for cell in batch.unproven:
            self._run_alone(cell)

    def _refusal(self, strategy: int) -> str:
        if strategy not in self._refusals:
            needed = self.task.strategies[strategy].warmup + 2
            is_short = len(self.bars) < needed
            self._refusals[strategy] = (
                f"needs {needed} bars to decide and fill once, {self.bars.symbol} has {len(self.bars)}"
                if is_short
                else ""
            )
        return self._refusals[strategy]

    def _run_alone(self, cell: int) -> None:
        from investiq.backtesting import engine

        options = self.task.option(cell)
        run = engine.run(self.task.strategy(cell), self.bars, options)
        write_statistics(run, self.bars, options, self._edges, self.cells.values[cell])
        self.cells.ways[cell] = GENERAL

    def group(self, options: RunOptions) -> _Group:
        """Return what the loop reads for these options."""
        highest, lowest, powers = self._closes
        bars = self.bars
        share = options.max_volume_participation
        tape = sweep_kernels.Tape(
            open=bars.open,
            high=bars.high,
            low=bars.low,
            close=bars.close,
            volume=bars.volume if share is not None else _NO_VOLUME,
            participation=share if share is not None else 0.0,
            highest=highest,
            lowest=lowest,
            powers=powers,
            edges=self._edges,
        )
        choices = sweep_kernels.Choices(
            touch=options.limit_fill == "touch",
            target_slips=options.target_slippage,
            stop_first=options.open_beyond_target == "stop_first",
            from_next_bar=options.stop_from == "next_bar",
            levels_first=options.level_order == "levels_first",
            trail_entry_bar=options.trail_entry_bar,
            target_wins=options.both_inside == "target",
        )
        return _Group(running.rules_of(options), choices, tape, options)


class _Batch:
    """The buffers of one worker: decisions of some cells, and the columns of the last of them."""

    def __init__(self, work: _Work) -> None:
        self.unproven: list[int] = []
        self._work = work
        self._codes = np.zeros((BATCH, work.padded), dtype=np.int8)
        self._words = self._codes.view(np.uint64)
        self._table = np.empty((0, len(work.bars)))
        self._read: tuple[Column, ...] = ()
        self._used = 0
        self._last = self._options = -1
        self._cells: list[int] = []
        self._rows: list[int] = []

    def add(self, cell: int, strategy: int, options: int) -> None:
        """Write the decisions of one cell; simulate those before where there is no room, or their options differ."""
        if options != self._options:
            self.flush()
            self._options = options
        if strategy != self._last:
            if self._used == BATCH:
                self.flush()
            self._decide(self._work.task.strategies[strategy], self._codes[self._used, : len(self._work.bars)])
            self._last = strategy
            self._used += 1
        self._cells.append(cell)
        self._rows.append(self._used - 1)

    def flush(self) -> None:
        """Simulate what was added."""
        if not self._cells:
            return
        work, cells = self._work, self._cells
        group = work.group(work.task.options[self._options])
        out = np.empty((len(cells), sweep_kernels.COLUMNS))
        fees = running.fees_of(group.options.costs, work.bars.ts)
        rows, levels = np.array(self._rows, dtype=np.int64), work.task.levels[cells]
        sweep_kernels.simulate_cells(
            group.tape, self._codes, self._words, rows, levels, group.choices, group.rules, fees, out
        )
        work.cells.values[cells] = out
        work.cells.ways[cells] = LOOP
        self.unproven += [cells[row] for row in np.flatnonzero(out[:, sweep_kernels.UNPROVEN])]
        self._cells, self._rows = [], []
        self._used, self._last = 0, -1

    def _decide(self, strategy: Strategy, out: NDArray[np.int8]) -> None:
        bars = self._work.bars
        if type(strategy).decide is not Strategy.decide:
            out[:] = from_codes(strategy.decide(bars), len(bars)).codes
            return
        columns = strategy.columns()
        if len(columns) != len(self._table):
            self._table, self._read = np.empty((len(columns), len(bars))), ()
        kept = columns_of(bars, columns)
        for row, column in enumerate(columns):
            # Cells of a grid share columns with the one before: only what differs is written.
            if not self._read or self._read[row] != column:
                self._table[row] = kept[column]
        self._read = columns
        strategy.rule(self._table, np.array(strategy.rule_parameters(), dtype=np.float64), out)


def columns_of(bars: Bars, columns: Sequence[Column]) -> dict[Column, FloatArray]:
    """Return columns of the bars, each computed once."""
    from investiq.strategies.columns import table

    kept = _COLUMNS.get(bars)
    if kept is None:
        with _LOCK:
            kept = _COLUMNS.setdefault(bars, {})
    if all(column in kept for column in columns):
        return kept
    with _LOCK:
        missing = [column for column in dict.fromkeys(columns) if column not in kept]
        rows = table(missing, bars)
        if (len(kept) + len(missing)) * rows.itemsize * len(bars) > _KEPT_BYTES:
            # Other threads may still read the old one.
            kept = {column: kept[column] for column in columns if column in kept}
            _COLUMNS[bars] = kept
        kept.update(zip(missing, rows, strict=True))
    return kept


def _statistics_of_closes(bars: Bars) -> tuple[FloatArray, FloatArray, FloatArray]:
    strides = -(-len(bars) // sweep_kernels.STRIDE)
    highest, lowest, powers = np.empty(strides), np.empty(strides), np.empty((4, len(bars) + 1))
    sweep_kernels.close_statistics(bars.close, highest, lowest, powers)
    return highest, lowest, powers
