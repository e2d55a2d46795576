"""Many runs over the same bars at once: strategies and options in, one row of statistics each out.

Indicator columns are computed once however many cells read them. A rule writes
its decisions into a buffer that each worker uses again, and the loop of
`sweep_kernels` turns them into statistics without an account: memory does not
grow with the number of cells but for their rows. What that loop cannot express
runs as a whole, one cell at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import running, sweep_kernels
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.plans import plan_of
from investiq.backtesting.sweep_cells import GENERAL, LOOP, Cells, Task
from investiq.backtesting.sweep_statistics import edges_of, write_statistics
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.runtime.executors import worker_count
from investiq.strategies.base import Column, Strategy

__all__ = ["evaluate", "evaluate_task"]

FloatArray = NDArray[np.float64]

# Cells that a worker takes at a time.
SHARE: Final = 256
# Columns of one series are kept for the next call up to this many bytes.
KEPT_BYTES: Final = 64 * 2**20
_NO_VOLUME: Final = np.empty(0)
_NO_VOLUME.flags.writeable = False

_KNOWN: WeakKeyDictionary[Bars, _Known] = WeakKeyDictionary()
_FUNCTIONS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_LOCK: Final = threading.RLock()


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
    # Fewer cells of a long series, so that what a worker holds does not grow with it.
    size = max(1, min(SHARE, KEPT_BYTES // (4 * 8 * max(len(bars), 1))))
    shares = [range(first, min(first + size, len(task))) for first in range(0, len(task), size)]

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
            try:
                for done in [pool.submit(run, share) for share in shares]:
                    done.result()
            finally:
                # After an error or an interrupt nothing further begins.
                pool.shutdown(wait=True, cancel_futures=True)
    return work.cells


class _Group(NamedTuple):
    """What cells share that differ in decisions and levels only."""

    rules: Any
    tape: sweep_kernels.Tape


class _Work:
    """One call of `evaluate`: what all workers read, and the rows that they write."""

    def __init__(self, task: Task, bars: Bars) -> None:
        self.task = task
        self.bars = bars
        self.cells = Cells.empty(len(task), len(bars))
        self.padded = -(-len(bars) // 8) * 8
        self._edges = edges_of(len(bars))
        self._closes = _statistics_of_closes(bars)
        self._is_general = [running.loop_of(bars, options) is None for options in task.options]
        self._refusals: dict[int, str] = {}
        self._in_codes = {kind: decides_in_codes(kind) for kind in {type(each) for each in task.strategies}}

    def run(self, share: range) -> None:
        """Evaluate the cells of one share."""
        batch = _Batch(self)
        strategy_of = self.task.strategy_of[share.start : share.stop].tolist()
        options_of = self.task.options_of[share.start : share.stop].tolist()
        for cell, strategy, options in zip(share, strategy_of, options_of, strict=True):
            if refusal := self._refusal(strategy):
                self.cells.reasons[cell] = refusal
            elif self._is_general[options] or not self._in_codes[type(self.task.strategies[strategy])]:
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
        options = self.task.option(cell)
        run = running.simulate(self.bars, plan_of(self.task.strategy(cell), self.bars), options)
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
        return _Group(running.rules_of(options), tape)


class _Batch:
    """The buffers of one worker, and strategies that wait for one call of the loop: they share rule and options."""

    def __init__(self, work: _Work) -> None:
        self.unproven: list[int] = []
        self._work = work
        self._codes = np.zeros(work.padded, dtype=np.int8)
        self._words = self._codes.view(np.uint64)
        self._table = np.empty((0, len(work.bars)))
        self._last = self._options = -1
        self._rule: Any = None
        self._cells: list[int] = []
        self._firsts: list[int] = []
        self._strategies: list[Strategy] = []
        self._columns: list[tuple[Column, ...]] = []
        self._parameters: list[Any] = []

    def add(self, cell: int, strategy: int, options: int) -> None:
        """Put one cell behind those that wait; simulate them first where it does not go with them."""
        if options != self._options:
            self.flush()
            self._options = options
        if strategy != self._last:
            self._add_strategy(self._work.task.strategies[strategy])
            self._last = strategy
        self._cells.append(cell)

    def _add_strategy(self, strategy: Strategy) -> None:
        rule = strategy.rule if has_rule(strategy) else None
        callable_rule = first_class(rule)
        columns: tuple[Column, ...] = ()
        parameters: Sequence[float] | FloatArray
        if callable_rule is None:
            self.flush()
            codes = from_codes(strategy.decide(self._work.bars), len(self._work.bars)).codes
            callable_rule, parameters = first_class(sweep_kernels.written), codes.astype(np.float64)
        else:
            columns, parameters = strategy.columns(), strategy.rule_parameters()
        if callable_rule is not self._rule or (self._columns and len(columns) != len(self._columns[0])):
            self.flush()
            self._rule = callable_rule
        self._firsts.append(len(self._cells))
        self._strategies.append(strategy)
        self._columns.append(columns)
        self._parameters.append(parameters)

    def flush(self) -> None:
        """Simulate what waits."""
        if not self._cells:
            return
        work, cells = self._work, self._cells
        options = work.task.options[self._options]
        group = work.group(options)
        known, reads = columns_of(work.bars, self._columns)
        if len(self._table) != reads.shape[1]:
            self._table = np.empty((reads.shape[1], len(work.bars)))
        out = np.empty((len(cells), sweep_kernels.COLUMNS))
        wrong = sweep_kernels.simulate_strategies(
            self._rule,
            group.tape,
            known,
            reads,
            np.array(self._parameters, dtype=np.float64).reshape(len(reads), -1),
            self._table,
            self._codes,
            self._words,
            np.array([*self._firsts, len(cells)], dtype=np.int64),
            work.task.levels[cells],
            group.rules,
            running.fees_of(options.costs, work.bars.ts),
            out,
        )
        if wrong >= 0:
            # The same again outside of the loop raises the rule's own error, or tells which code it wrote.
            from_codes(self._strategies[wrong].decide(work.bars), len(work.bars))
        work.cells.values[cells] = out
        work.cells.ways[cells] = LOOP
        self.unproven += [cells[row] for row in np.flatnonzero(out[:, sweep_kernels.UNPROVEN])]
        self._cells, self._firsts, self._strategies, self._columns, self._parameters = [], [], [], [], []
        self._last = -1


class _Known:
    """Columns of one series that were computed so far, as rows of one table."""

    def __init__(self, n_bars: int, rows: int) -> None:
        self.table = np.empty((rows, n_bars))
        self.rows: dict[Column, int] = {}


def columns_of(bars: Bars, wanted: Sequence[tuple[Column, ...]]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return a table that holds all the columns, each computed once, and the rows in it of each of `wanted`."""
    from investiq.strategies.columns import table

    with _LOCK:
        known = _KNOWN.get(bars) or _Known(len(bars), 0)
        missing = [
            column for column in dict.fromkeys(column for each in wanted for column in each) if column not in known.rows
        ]
        if missing:
            needed = len(known.rows) + len(missing)
            if needed * len(bars) * known.table.itemsize > KEPT_BYTES:
                missing = list(dict.fromkeys(column for each in wanted for column in each))
                known, needed = _Known(len(bars), len(missing)), len(missing)
            elif needed > len(known.table):
                # Other threads go on reading the table that they hold.
                grown = _Known(len(bars), max(needed, 2 * len(known.table)))
                grown.table[: len(known.rows)] = known.table[: len(known.rows)]
                grown.rows = known.rows
                known = grown
            known.table[len(known.rows) : needed] = table(missing, bars)
            known.rows.update(zip(missing, range(len(known.rows), needed), strict=True))
        _KNOWN[bars] = known
        rows = [[known.rows[column] for column in each] for each in wanted]
        return known.table, np.array(rows, dtype=np.int64).reshape(len(wanted), -1)


def has_rule(strategy: Strategy) -> bool:
    """Return whether a strategy leaves its decisions to a rule."""
    return type(strategy).decide is Strategy.decide


def decides_in_codes(kind: type[Strategy]) -> bool:
    """Return whether a code per bar is all that such a strategy decides: no size, confidence or price of its own."""
    return all(getattr(kind, name) is getattr(Strategy, name) for name in ("sizes", "confidences", "signals"))


def first_class(rule: Any) -> Any:
    """Return a compiled rule as a function that compiled code can be given; None where it is not compiled."""
    if rule is None or not hasattr(rule, "get_compile_result"):
        return rule if rule is not None and not hasattr(rule, "py_func") and _is_interpreted() else None
    if rule not in _FUNCTIONS:
        from numba import types

        class Function(types.WrapperAddressProtocol):
            def __init__(self, compiled: Any) -> None:
                self._compiled = compiled

            def __wrapper_address__(self) -> int:
                address: int = self._compiled.library.get_pointer_to_function(
                    self._compiled.fndesc.llvm_cfunc_wrapper_name
                )
                return address

            def signature(self) -> Any:
                return self._compiled.signature

        arrays = types.float64[:, ::1], types.float64[::1], types.int8[::1]
        _FUNCTIONS[rule] = Function(rule.get_compile_result(types.none(*arrays)))
    return _FUNCTIONS[rule]


def _is_interpreted() -> bool:
    import numba

    return bool(numba.config.DISABLE_JIT)


def _statistics_of_closes(bars: Bars) -> tuple[FloatArray, FloatArray, FloatArray]:
    strides = -(-len(bars) // sweep_kernels.STRIDE)
    highest, lowest, powers = np.empty(strides), np.empty(strides), np.empty((4, len(bars) + 1))
    sweep_kernels.close_statistics(bars.close, highest, lowest, powers)
    return highest, lowest, powers
