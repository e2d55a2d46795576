"""What a sweep computes, and what it keeps: cells as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import sweep_kernels
from investiq.core.errors import ConfigError
from investiq.execution.options import RunOptions
from investiq.strategies.base import Strategy

__all__ = ["GENERAL", "LOOP", "REFUSED", "Cells", "Task"]

FloatArray = NDArray[np.float64]

# How a cell was computed.
REFUSED: Final = 0
LOOP: Final = 1
GENERAL: Final = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Cells to be computed: what they share is held once.

    Attributes
    ----------
    strategies : tuple of Strategy
    options : tuple of RunOptions
        Without stop_loss, take_profit and trailing_stop.
    strategy_of, options_of : ndarray of int64, shape (n_cells,)
        Positions in `strategies` and `options`.
    levels : ndarray of float64, shape (n_cells, 3)
        stop_loss, take_profit and trailing_stop; 0 for none.
    """

    strategies: tuple[Strategy, ...]
    options: tuple[RunOptions, ...]
    strategy_of: NDArray[np.int64]
    options_of: NDArray[np.int64]
    levels: FloatArray

    @classmethod
    def of(cls, strategies: Sequence[Strategy], options: RunOptions | Sequence[RunOptions]) -> Task:
        """Return the task of one strategy per cell, and one RunOptions, or one per cell."""
        each = [options] * len(strategies) if isinstance(options, RunOptions) else list(options)
        if len(each) != len(strategies):
            raise ConfigError(f"{len(strategies)} strategies need one RunOptions, or as many, not {len(each)}")
        firsts: dict[int, int] = {}
        strategy_of = [firsts.setdefault(id(strategy), len(firsts)) for strategy in strategies]
        known = {id(strategy): strategy for strategy in strategies}
        bases: dict[RunOptions, int] = {}
        base_of: dict[int, int] = {}
        levels = np.zeros((len(each), 3))
        for cell, option in enumerate(each):
            levels[cell] = option.stop_loss or 0.0, option.take_profit or 0.0, option.trailing_stop or 0.0
            if id(option) not in base_of:
                base = dataclasses.replace(option, stop_loss=None, take_profit=None, trailing_stop=None)
                base_of[id(option)] = bases.setdefault(base, len(bases))
        return cls(
            strategies=tuple(known[identity] for identity in firsts),
            options=tuple(bases),
            strategy_of=np.array(strategy_of, dtype=np.int64),
            options_of=np.array([base_of[id(option)] for option in each], dtype=np.int64),
            levels=levels,
        )

    def __len__(self) -> int:
        return len(self.strategy_of)

    def take(self, cells: NDArray[np.int64] | slice) -> Task:
        """Return the task of some of the cells, with only the strategies and options that they need."""
        strategy_of, strategies = _compact(self.strategy_of[cells])
        options_of, options = _compact(self.options_of[cells])
        return Task(
            strategies=tuple(self.strategies[each] for each in strategies),
            options=tuple(self.options[each] for each in options),
            strategy_of=strategy_of,
            options_of=options_of,
            levels=self.levels[cells],
        )

    def strategy(self, cell: int) -> Strategy:
        """Return the strategy of one cell."""
        return self.strategies[int(self.strategy_of[cell])]

    def option(self, cell: int) -> RunOptions:
        """Return the options of one cell, levels included."""
        base = self.options[int(self.options_of[cell])]
        stop_loss, take_profit, trailing_stop = (float(level) or None for level in self.levels[cell])
        if stop_loss is None and take_profit is None and trailing_stop is None:
            return base
        return dataclasses.replace(base, stop_loss=stop_loss, take_profit=take_profit, trailing_stop=trailing_stop)


def _compact(positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """Return positions in the list of those used, and that list, in the order of their first use."""
    used, first, inverse = np.unique(positions, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return rank[inverse], used[order].tolist()


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Statistics of many runs over the same bars; an array has one value per cell, NaN for one that was refused.

    Attributes
    ----------
    values : ndarray of float64, shape (n_cells, COLUMNS)
        Columns as in `backtesting.sweep_kernels`.
    ways : ndarray of int8, shape (n_cells,)
        REFUSED, LOOP (statistics only) or GENERAL (a whole run).
    reasons : dict of int to str
        Why cells were refused, by position.
    n : int
        Returns of each cell: one per bar, the first from the opening capital.
    """

    values: FloatArray
    ways: NDArray[np.int8]
    reasons: dict[int, str]
    n: int

    @classmethod
    def empty(cls, n_cells: int, n_bars: int) -> Cells:
        """Return cells of which none is computed yet."""
        return cls(
            values=np.full((n_cells, sweep_kernels.COLUMNS), np.nan),
            ways=np.zeros(n_cells, dtype=np.int8),
            reasons={},
            n=n_bars,
        )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def final_equity(self) -> FloatArray:
        """Money at the last close, after all costs."""
        return self.values[:, sweep_kernels.FINAL_EQUITY]

    @property
    def trades(self) -> FloatArray:
        """Closed round trips."""
        return self.values[:, sweep_kernels.TRADES]

    @property
    def mean(self) -> FloatArray:
        """Mean simple return per bar."""
        return self.values[:, sweep_kernels.MEAN]

    @property
    def sd(self) -> FloatArray:
        """Standard deviation of the returns, ddof 1."""
        return self.values[:, sweep_kernels.SD]

    @property
    def skewness(self) -> FloatArray:
        """Skewness of the returns as a population; NaN where they do not vary."""
        return self.values[:, sweep_kernels.SKEWNESS]

    @property
    def kurtosis(self) -> FloatArray:
        """Raw kurtosis of the returns as a population (normal: 3); NaN where they do not vary."""
        return self.values[:, sweep_kernels.KURTOSIS]

    @property
    def max_drawdown(self) -> FloatArray:
        """Deepest fall of the equity from a peak, <= 0."""
        return self.values[:, sweep_kernels.MAX_DRAWDOWN]

    @property
    def sums(self) -> FloatArray:
        """Sums of returns in 16 equal blocks of time, shape (16, n_cells); the first ``n % 16`` bars are in none."""
        first = sweep_kernels.SUMS + 1
        return self.values[:, first : first + sweep_kernels.BLOCKS].T

    @property
    def squares(self) -> FloatArray:
        """Sums of squared returns in the same blocks, shape (16, n_cells)."""
        first = sweep_kernels.SQUARES + 1
        return self.values[:, first : first + sweep_kernels.BLOCKS].T
