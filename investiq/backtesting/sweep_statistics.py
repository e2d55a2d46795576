"""The statistics of a whole run, as the loop of a sweep would have left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import postings, sweep_kernels
from investiq.backtesting.price_sheet import PriceSheet
from investiq.backtesting.running import has_actions
from investiq.backtesting.trades import round_trips

if TYPE_CHECKING:
    from investiq.backtesting.running import Run
    from investiq.execution.options import RunOptions
    from investiq.history.bars import Bars

__all__ = ["edges_of", "write_statistics"]

FloatArray = NDArray[np.float64]


def edges_of(n_bars: int) -> NDArray[np.int64]:
    """Return the first bars of 16 equal blocks, before them the bars that fill none, after them the end.

    Examples
    --------
    >>> edges_of(35)[:4], edges_of(35)[-1]
    (array([0, 3, 5, 7]), np.int64(35))
    """
    size, rest = divmod(n_bars, sweep_kernels.BLOCKS)
    return np.concatenate(([0], rest + size * np.arange(sweep_kernels.BLOCKS + 1))).astype(np.int64)


def write_statistics(run: Run, bars: Bars, options: RunOptions, edges: NDArray[np.int64], line: FloatArray) -> None:
    """Write the statistics of `run` into a row of `Cells.values`."""
    splits = PriceSheet.of(bars).splits if has_actions(bars) else ()
    trips = round_trips(run, float(bars.close[-1]), options.posting_rounding, splits=splits, symbols=(bars.symbol,))
    profits = trips.pnl[trips.is_closed]
    line[:] = 0.0
    line[sweep_kernels.FINAL_EQUITY] = run.equity[-1]
    line[sweep_kernels.CASH] = run.cash[-1]
    line[sweep_kernels.TRADES] = profits.size
    line[sweep_kernels.FILLS] = len(run.fills)
    line[sweep_kernels.WINS] = np.count_nonzero(profits > 0)
    line[sweep_kernels.GROSS_PROFIT] = profits[profits > 0].sum()
    line[sweep_kernels.GROSS_LOSS] = -profits[profits <= 0].sum()
    line[sweep_kernels.FEES] = run.fills[:, postings.FEE].sum()
    line[sweep_kernels.EXPOSURE] = np.count_nonzero(run.position) / run.position.size
    sweep_kernels.account_statistics(np.ascontiguousarray(run.equity), options.initial_capital, edges, line)
