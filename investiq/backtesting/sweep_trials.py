"""What a sweep leaves in the ledger: one entry for each symbol, with every cell that ran."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import sweep_kernels as columns
from investiq.backtesting.inputs import parameters_of
from investiq.backtesting.result import data_of
from investiq.backtesting.sweep_grid import value_text
from investiq.backtesting.sweep_result import SweepResult
from investiq.backtesting.trial_recording import Ticket, record_sweep
from investiq.execution.options import options_of
from investiq.history.instants import aware

__all__ = ["count_sweep"]


def count_sweep(result: SweepResult, study: str | None) -> tuple[Ticket, ...]:
    """Queue the trials of a sweep."""
    ran = ~np.isnan(result.statistics[:, columns.FINAL_EQUITY])
    places = result.grid.places(slice(0, len(result)))
    if not result.has_symbol_axis:
        members = [(np.flatnonzero(ran), next(iter(result.bars)))]
    else:
        members = [(np.flatnonzero(ran & (places[0] == row)), symbol) for row, symbol in enumerate(result.bars)]
    return tuple(_count(result, cells, symbol, study) for cells, symbol in members if cells.size)


def _count(result: SweepResult, cells: NDArray[np.int64], symbol: str, study: str | None) -> Ticket:
    bars, statistics = result.bars[symbol], result.statistics[cells]
    strategy, options = result.grid.made(int(cells[0]))
    parameters = parameters_of(strategy, options_of(options, strategy.run_options), result.convention)
    table: dict[str, NDArray[Any]] = {}
    for axis, place in zip(result.grid.axes, result.grid.places(slice(0, len(result))), strict=True):
        if axis.of == "symbol":
            continue
        part: Any = parameters["strategy" if axis.of == "strategy" else "options"]
        part[axis.name] = [value_text(value) for value in axis.values]
        values = [np.nan if value is None else value_text(value) for value in axis.values]
        table[axis.name] = np.array(values)[place[cells]]
    table["count"] = np.full(cells.size, len(bars), dtype=np.int64)
    for name, column in (("mean", "MEAN"), ("sd", "SD"), ("skewness", "SKEWNESS"), ("kurtosis", "KURTOSIS")):
        table[name] = statistics[:, getattr(columns, column)].copy()
    # The first sum is that of the bars outside the blocks.
    for name, first in (("sums", columns.SUMS + 1), ("squares", columns.SQUARES + 1)):
        table[name] = np.ascontiguousarray(statistics[:, first : first + columns.BLOCKS])
    return record_sweep(
        dataclasses.replace(result.manifest, data=data_of(bars), parameters=parameters),
        table,
        interval=bars.interval,
        first=aware(bars.ts[0]),
        last=aware(bars.ts[-1]),
        study=study,
        watermark=bars.passport.watermark,
    )
