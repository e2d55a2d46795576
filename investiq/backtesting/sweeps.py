"""`sweep`: every combination of parameters and options over the same bars."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from investiq.backtesting import sweep_kernels
from investiq.backtesting.checking import Quality, check_bars
from investiq.backtesting.engine import convention_of_run
from investiq.backtesting.lookahead import check_plan
from investiq.backtesting.plans import plan_of as decisions_of
from investiq.backtesting.sweep_cells import GENERAL, REFUSED, Cells
from investiq.backtesting.sweep_chunks import Chunk, Parts, compute, spans
from investiq.backtesting.sweep_grid import Grid, grid_of, value_text
from investiq.backtesting.sweep_plan import SweepPlan, plan_of, refuse_beyond_memory
from investiq.backtesting.sweep_result import SweepResult
from investiq.backtesting.sweep_trials import count_sweep
from investiq.backtesting.sweeping import decides_in_codes, has_rule
from investiq.core.errors import ConfigError, DataError
from investiq.core.manifest import Manifest
from investiq.core.notes import Note, merge_notes
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.history import History
from investiq.history.panel import Panel
from investiq.runtime.executors import Executor, executor_name, run_chunks
from investiq.strategies.base import Strategy

__all__ = ["SweepData", "sweep"]

SweepData: TypeAlias = str | Bars | History | Panel | Sequence[str | Bars]


@overload
def sweep(
    strategy: type[Strategy],
    data: SweepData,
    *,
    study: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    executor: Executor = None,
    resume: str | os.PathLike[str] | None = None,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    estimate: Literal[False] = False,
    **axes_and_options: Any,
) -> SweepResult: ...


@overload
def sweep(
    strategy: type[Strategy],
    data: SweepData,
    *,
    study: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    executor: Executor = None,
    resume: str | os.PathLike[str] | None = None,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    estimate: Literal[True],
    **axes_and_options: Any,
) -> SweepPlan: ...


def sweep(
    strategy: type[Strategy],
    data: SweepData,
    *,
    study: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    executor: Executor = None,
    resume: str | os.PathLike[str] | None = None,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    estimate: bool = False,
    **axes_and_options: Any,
) -> SweepResult | SweepPlan:
    """Run a strategy with every combination of parameters and options, and return the statistics of each.

    What is given as a list, range, tuple or array is an axis; the rest is fixed. A
    cell that the strategy or an option refuses is named with its reason, and the
    others run. Final equity, cash and trades of a cell are those of the run alone,
    to the bit; `SweepResult.run` repeats it in full.

    Parameters
    ----------
    strategy : type
        A class such as ``iq.strategies.Crossover``. With a rule it runs at full
        speed; without one, `decide` is called for every combination of its parameters.
    data : str, Bars, History, Panel, or sequence of str or Bars
        With a panel or a sequence the symbol is the first axis: each cell trades one symbol.
    study : str, optional
        The hypothesis that the cells are trials of; by default the strategy on the data.
    sample : int, optional
        Draw so many cells at random, with `seed`, instead of all.
    seed : int, default 0
    executor : None, {"serial", "processes", "dask"} or distributed.Client
        Where the chunks run: threads of this process, processes, or a cluster. The result is the same.
    resume : path-like, optional
        A folder of the sweep's own, in which every finished chunk is kept; the
        same call goes on where the last one ended, however it ended.
    risk_free : float, default 0.0
        Annual risk-free rate, as a fraction.
    quality : {"no_errors", "pass", "any"}, default "no_errors"
        What the data must be; see `iq.backtest`.
    estimate : bool, default False
        Return what the sweep would cost instead: a `SweepPlan`.
    **axes_and_options
        Parameters of the strategy, described in its docstring, and options of
        `iq.backtest`, described in `iq.RunOptions`. Of a name that both have, the
        strategy's is meant.

    Returns
    -------
    SweepResult, or SweepPlan with ``estimate=True``

    Raises
    ------
    ConfigError
        If a name is unknown, an axis is empty, no cell at all can run, the sweep
        needs more memory than there is, or `resume` holds another one.
    DataError
        If the bars cannot be traded, or a strategy of your own is seen to read later bars.
    KeyboardInterrupt
        With `resume`, at an interrupt; the finished chunks are kept. Without it an
        interrupt returns what is done, with a note.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.sweep(iq.strategies.Crossover, "^GSPC", fast=[10, 20, 50], slow=[50, 100], weight=1.0)
    >>> len(result), len(result.invalid()), result.grid.shape
    (6, 1, (3, 2))
    >>> result.invalid()["reason"].str.slice(0, 34).to_list()
    ['Crossover: fast must be below slow']
    """
    executor_name(executor)
    bars, has_axis = _bars_of(data)
    for each in bars.values():
        check_bars(each, 2, "a sweep", quality)
    grid = grid_of(strategy, bars, axes_and_options, has_symbol_axis=has_axis)
    if sample is not None:
        grid = grid.sample(sample, seed)
    refuse_beyond_memory(grid, bars)
    grid = grid.listed()
    if estimate:
        return plan_of(grid, bars)
    notes = _look_ahead(grid, bars)
    parts = None if resume is None else Parts(Path(resume), _identity(grid, bars))
    cells, is_whole = _run(grid, bars, executor, parts)
    if is_whole and len(cells.reasons) == len(grid):
        raise ConfigError(
            f"none of the {len(grid):,} cells of the sweep can run, the first because: {cells.reasons[0]}"
        )
    if not is_whole:
        notes.append(_interrupted(cells, len(grid)))
    notes += _notes(grid, cells)
    about = (row_checks(each, each.passport.notes) for each in bars.values())
    convention = convention_of_run(next(iter(bars.values())), risk_free)
    result = SweepResult(
        grid=grid,
        bars=bars,
        statistics=cells.values,
        ways=cells.ways,
        reasons=cells.reasons,
        convention=convention,
        manifest=_manifest(grid, bars, convention, seed if grid.sampled is not None else None),
        quality=quality,
        notes=tuple(merge_notes(*about, notes)),
    )
    return dataclasses.replace(result, tickets=count_sweep(result, study))


def _run(grid: Grid, bars: Mapping[str, Bars], executor: Executor, parts: Parts | None) -> tuple[Cells, bool]:
    """Return all cells, and whether every chunk is done."""
    from investiq.runtime.progress import progress

    cells = Cells.empty(len(grid), 0)
    members = list(bars.values())
    edges = _edges(grid, len(members))
    chunks = dict(spans(edges))
    series = {
        number: members[int(np.searchsorted(edges, span.start, side="right")) - 1] for number, span in chunks.items()
    }
    rows: dict[int, tuple[np.ndarray[Any, Any], dict[int, str]]] = {}
    is_alone = executor_name(executor) == "serial"

    def waiting() -> Iterator[tuple[int, Chunk]]:
        """Yield the chunks that no earlier run has kept."""
        for number, span in chunks.items():
            kept = None if parts is None else parts.read(number, span.stop - span.start, len(series[number]))
            if kept is not None:
                _put(cells, span, kept)
                advance(len(kept))
                continue
            task, *rows[number] = grid.task(span)  # type: ignore[assignment]
            yield number, Chunk(task=task, bars=series[number], workers=None if is_alone else 1)

    with progress(len(grid), "sweep") as advance:
        try:
            for number, answer in run_chunks(compute, waiting(), executor, in_flight=2):
                ran, refused = rows.pop(number)
                span = chunks[number]
                done = _whole_chunk(answer, ran, refused, span.stop - span.start)
                if parts is not None:
                    parts.write(number, done)
                _put(cells, span, done)
                advance(len(done))
        except KeyboardInterrupt:
            if parts is not None:
                raise
            return cells, False
    return cells, True


def _edges(grid: Grid, symbols: int) -> list[int]:
    """Return the first cell of each symbol, and the end."""
    if not any(axis.of == "symbol" for axis in grid.axes):
        return [0, len(grid)]
    places = grid.places(slice(0, len(grid)))[0]
    return [int(each) for each in np.searchsorted(places, np.arange(symbols + 1))]


def _whole_chunk(answer: Cells, ran: np.ndarray[Any, Any], refused: dict[int, str], size: int) -> Cells:
    """Return the cells of a chunk with those that were refused before it ran."""
    whole = Cells.empty(size, answer.n)
    whole.values[ran] = answer.values
    whole.ways[ran] = answer.ways
    whole.reasons.update(refused)
    whole.reasons.update({int(ran[row]): reason for row, reason in answer.reasons.items()})
    return whole


def _put(cells: Cells, span: slice, done: Cells) -> None:
    cells.values[span] = done.values
    cells.ways[span] = done.ways
    cells.reasons.update({span.start + row: reason for row, reason in done.reasons.items()})


def _bars_of(data: SweepData) -> tuple[dict[str, Bars], bool]:
    """Return the bars by symbol, and whether the symbol is an axis."""
    from investiq.market.loading import load_bars

    if isinstance(data, History):
        data = data.bars()
    if isinstance(data, (str, Bars)):
        bars = load_bars(data) if isinstance(data, str) else data
        return {bars.symbol: bars}, False
    if not isinstance(data, (Panel, list, tuple)):
        raise DataError(
            f"data must be a symbol, Bars, a History, a Panel, or a list of symbols or Bars, was {type(data).__name__}"
        )
    members = [load_bars(each) if isinstance(each, str) else each for each in data]
    if wrong := [each for each in members if not isinstance(each, Bars)]:
        raise DataError(f"a list of data holds symbols or Bars, not {type(wrong[0]).__name__}")
    if not members or len({each.symbol for each in members}) < len(members):
        raise DataError(f"a list of data names each symbol once, was {[each.symbol for each in members]}")
    rhythms = {(each.interval, each.passport.calendar) for each in members}
    if len(rhythms) > 1:
        raise DataError(
            f"the symbols have bars of different intervals or calendars, {sorted(rhythms)}; annual figures of the cells "
            "would not be of the same year: sweep them apart"
        )
    return {each.symbol: each for each in members}, True


def _look_ahead(grid: Grid, bars: Mapping[str, Bars]) -> list[Note]:
    """Refuse a strategy of the user's own that is seen to read later bars, on the first cell that can be made."""
    if grid.strategy_class.__module__.startswith("investiq.strategies."):
        return []
    first = next(iter(bars.values()))
    task, _, _ = grid.task(slice(0, min(64, len(grid))))
    fitting = [each for each in task.strategies if each.warmup + 2 <= len(first)]
    if not fitting:
        return []
    strategy = fitting[0]
    check_plan(strategy, first, decisions_of(strategy, first))
    notes = []
    if not has_rule(strategy) or not decides_in_codes(type(strategy)):
        text = (
            f"{strategy.name} has no rule of its own, so its decisions are taken in Python for every combination of its "
            "parameters: give it columns() and rule for full speed"
        )
        notes.append(Note(code="no_rule", text=text, severity="info"))
    return notes


def _notes(grid: Grid, cells: Cells) -> list[Note]:
    notes = [
        Note(
            code="no_out_of_sample",
            text="every bar was known when the cells were compared: the best of them is chosen with hindsight",
        )
    ]
    if cells.reasons:
        count = len(cells.reasons)
        reason = next(iter(cells.reasons.values()))
        text = f"{count:,} of {len(grid):,} cells did not run, the first because: {reason}"
        notes.append(Note(code="invalid_cells", text=text, rows=count))
    if alone := int(np.count_nonzero(cells.ways == GENERAL)):
        text = f"{alone:,} cells ran one by one: their options or bars need more than the loop of a sweep knows"
        notes.append(Note(code="runs_alone", text=text, rows=alone, severity="info"))
    return notes


def _interrupted(cells: Cells, total: int) -> Note:
    for cell in np.flatnonzero(cells.ways == REFUSED).tolist():
        cells.reasons.setdefault(cell, "interrupted before it ran")
    done = int(np.count_nonzero(~np.isnan(cells.values[:, sweep_kernels.FINAL_EQUITY])))
    text = (
        f"interrupted: {done:,} of {total:,} cells are done; with resume= a folder the next call would go on from them"
    )
    return Note(code="interrupted", text=text, rows=total - done)


def _identity(grid: Grid, bars: Mapping[str, Bars]) -> dict[str, Any]:
    """Return all that the numbers of a sweep depend on."""
    from investiq import __version__

    return {
        "strategy": f"{grid.strategy_class.__module__}.{grid.strategy_class.__qualname__}",
        "axes": [[axis.name, [repr(value) for value in axis.values]] for axis in grid.axes],
        "fixed": {name: repr(value) for name, value in {**grid.fixed, **grid.fixed_options}.items()},
        "sampled": None if grid.sampled is None else [int(each) for each in grid.sampled],
        "data": {symbol: each.fingerprint for symbol, each in bars.items()},
        "version": __version__,
        "columns": sweep_kernels.COLUMNS,
    }


def _manifest(grid: Grid, bars: Mapping[str, Bars], convention: Any, seed: int | None) -> Manifest:
    from investiq.runtime.clock import now

    return Manifest.of(
        kind=SweepResult.kind,
        data={f"bars {symbol}": each.fingerprint for symbol, each in bars.items()},
        parameters={
            "strategy": {"name": grid.strategy_class.__name__, **grid.fixed},
            "axes": {axis.name: [value_text(value) for value in axis.values] for axis in grid.axes},
            "options": {
                name: dataclasses.asdict(value)
                if dataclasses.is_dataclass(value) and not isinstance(value, type)
                else value
                for name, value in grid.fixed_options.items()
            },
            "convention": dataclasses.asdict(convention),
        },
        created_at=now(),
        seed=seed,
    )
