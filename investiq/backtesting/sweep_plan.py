"""What a sweep will cost, known before it starts."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from investiq.backtesting import sweep_kernels
from investiq.backtesting.sweep_cells import GENERAL, LOOP, Task
from investiq.backtesting.sweep_chunks import CHUNK
from investiq.backtesting.sweep_grid import Grid
from investiq.backtesting.sweeping import KEPT_BYTES, evaluate_task
from investiq.core.errors import ConfigError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.history.bars import Bars
from investiq.runtime.executors import worker_count

__all__ = ["SweepPlan", "memory_needed", "plan_of", "refuse_beyond_memory"]

# Cells that are timed, and of those that run one by one.
_PROBED: Final = 128
_PROBED_ALONE: Final = 3
# Reasons that a plan tells.
_TOLD: Final = 3
# A row of statistics, its position, and the object that a cell of a chunk is made from.
_ROW_BYTES: Final = 8 * (sweep_kernels.COLUMNS + 24)
_MADE_BYTES: Final = 2048
# A number of an axis, in its tuple and in the record of the sweep.
_VALUE_BYTES: Final = 96
_MIB: Final = 2**20
_NUMBER: Final = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, kw_only=True)
class SweepPlan(Readout):
    """The cost of a sweep, measured on some of its cells.

    Attributes
    ----------
    cells : int
    invalid : int
        Cells that will be refused.
    run_alone : float
        Share of the cells that the loop of a sweep cannot express: each is a whole run, and slower.
    seconds : float
        On this machine, with all of its cores.
    memory_mib : float
        Beyond what the process holds now.
    available_mib : float
        NaN where the system does not tell.
    reasons : tuple of str
        Why cells will be refused, with their number, the most frequent first; no more than a few.
    """

    units: ClassVar[dict[str, Unit]] = {
        "cells": "count",
        "invalid": "count",
        "run_alone": "fraction",
        "seconds": "seconds",
    }
    cells: int
    invalid: int
    run_alone: float
    seconds: float
    memory_mib: float
    available_mib: float
    reasons: tuple[str, ...] = ()


def memory_needed(grid: Grid, bars: Mapping[str, Bars]) -> int:
    """Return the bytes that a sweep needs: rows of statistics, one chunk of cells, and columns up to a limit."""
    longest = max(len(each) for each in bars.values())
    workers = worker_count() * 16 * 8 * longest
    # `len` ends at 63 bits, and a product of ranges need not.
    cells = grid.n_combinations if grid.sampled is None else len(grid)
    return (
        cells * _ROW_BYTES
        + sum(len(axis.values) for axis in grid.axes) * _VALUE_BYTES
        + min(cells, CHUNK) * _MADE_BYTES
        + min(KEPT_BYTES, 8 * longest * 2 * CHUNK)
        + workers
    )


def refuse_beyond_memory(grid: Grid, bars: Mapping[str, Bars]) -> None:
    """Refuse a sweep that needs more memory than there is.

    Raises
    ------
    ConfigError
        With both numbers and the way out.
    """
    needed, available = memory_needed(grid, bars), available_bytes()
    if available is not None and needed > available:
        cells = grid.n_combinations if grid.sampled is None else len(grid)
        raise ConfigError(
            f"the sweep has {cells:,} cells and would need {needed / 2**30:,.1f} GiB, {available / 2**30:,.1f} GiB are "
            "available; give fewer values on an axis, or sample=100_000, which draws that many cells at random"
        )


def plan_of(grid: Grid, bars: Mapping[str, Bars]) -> SweepPlan:
    """Return the cost of a sweep; some of its cells are run to measure it."""
    counts: dict[str, int] = {}
    for first in range(0, len(grid), CHUNK):
        _, _, refused = grid.task(slice(first, min(first + CHUNK, len(grid))))
        for reason in refused.values():
            counts[reason] = counts.get(reason, 0) + 1
    invalid = sum(counts.values())
    share_alone, seconds = _measured(_probe(grid), next(iter(bars.values())))
    longest = sum(len(each) for each in bars.values()) / len(bars) / len(next(iter(bars.values())))
    available = available_bytes()
    return SweepPlan(
        cells=len(grid),
        invalid=invalid,
        run_alone=share_alone,
        seconds=seconds * longest * (len(grid) - invalid),
        memory_mib=memory_needed(grid, bars) / _MIB,
        available_mib=float("nan") if available is None else available / _MIB,
        reasons=tuple(_told(counts)),
    )


def _told(counts: Mapping[str, int]) -> list[str]:
    """Return the most frequent reasons, each with one example: they differ in their numbers only."""
    kinds: dict[str, list[str]] = {}
    for reason in counts:
        kinds.setdefault(_NUMBER.sub("", reason), []).append(reason)
    frequent = sorted(((sum(map(counts.__getitem__, each)), each[0]) for each in kinds.values()), reverse=True)
    told = [f"{count:,} cell(s), such as: {example}" for count, example in frequent[:_TOLD]]
    return told if len(frequent) <= _TOLD else [*told, f"and {len(frequent) - _TOLD:,} reasons more"]


def _probe(grid: Grid) -> Task:
    """Return some cells that are spread over the grid."""
    step = max(len(grid) // _PROBED, 1)
    # Neighbours share columns and decisions, so whole stretches are taken.
    stretch = max(_PROBED // 8, 1)
    first = list(range(0, len(grid), step * stretch))[:8]
    tasks = [grid.task(slice(start, min(start + stretch, len(grid))))[0] for start in first]
    return Task.of(
        [task.strategy(cell) for task in tasks for cell in range(len(task))],
        [task.option(cell) for task in tasks for cell in range(len(task))],
    )


def _measured(probe: Task, bars: Bars) -> tuple[float, float]:
    """Return the share of cells that run one by one, and the seconds of a cell on all cores."""
    if not len(probe):
        return 0.0, 0.0
    ways = evaluate_task(probe.take(np.arange(min(len(probe), 1))), bars, workers=1).ways
    ways = (
        evaluate_task(probe, bars, workers=1).ways if ways[0] == LOOP else np.full(len(probe), GENERAL, dtype=np.int8)
    )
    alone = np.flatnonzero(ways == GENERAL)
    total = 0.0
    for cells, workers in ((np.flatnonzero(ways == LOOP), worker_count()), (alone[:_PROBED_ALONE], 1)):
        if cells.size:
            begin = time.perf_counter()
            evaluate_task(probe.take(cells), bars, workers=1)
            each = (time.perf_counter() - begin) / cells.size / workers
            total += each * (alone.size if workers == 1 and cells.size <= _PROBED_ALONE else cells.size)
    return alone.size / len(probe), total / len(probe)


def available_bytes() -> int | None:
    """Return the memory that processes can still take; None where the system does not tell."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None
