"""Whether the best cell of a sweep stands on a plateau or is an island: each cell and its neighbours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout

if TYPE_CHECKING:
    from investiq.backtesting.sweep_grid import Grid

__all__ = ["Neighbourhood", "Plateau", "neighbourhood_of", "plateau_of"]

FloatArray = NDArray[np.float64]

# A whole grid is laid out to find neighbours; one of more cells is refused.
_MOST_CELLS: Final = 20_000_000
# Of the best cell's neighbours, fewer near it make an island.
_PLATEAU_SHARE: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Plateau(Readout):
    """The best cell of a sweep and those around it, one step on one or more numeric axes away.

    Attributes
    ----------
    metric : str
    best_cell : int
    best_parameters : str
    best_value : float
    neighbours : int
        Cells around the best one that ran.
    neighbourhood_mean : float
        Mean over the best cell and its neighbours.
    share_near : float
        Share of the neighbours whose value is within `within` of the best one.
    within : float
        As a fraction of the best value.
    rank_by_neighbourhood : int
        Place of the best cell by the mean of its neighbourhood, among the cells that
        have every neighbour; 1 is the first.
    is_island : bool
        Fewer than half of the neighbours are near.
    robust_cell : int
        The cell with the best neighbourhood, of those that have every neighbour.
    robust_parameters : str
    robust_value, robust_neighbourhood_mean : float
    """

    units: ClassVar[dict[str, Unit]] = {
        "best_cell": "count",
        "neighbours": "count",
        "share_near": "fraction",
        "within": "fraction",
        "rank_by_neighbourhood": "count",
        "robust_cell": "count",
    }
    metric: str
    best_cell: int
    best_parameters: str
    best_value: float
    neighbours: int
    neighbourhood_mean: float
    share_near: float
    within: float
    rank_by_neighbourhood: int
    is_island: bool
    robust_cell: int
    robust_parameters: str
    robust_value: float
    robust_neighbourhood_mean: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbourhood:
    """For each cell: number of neighbours that ran, mean over them and itself; NaN where it did not run itself."""

    count: NDArray[np.int64]
    mean: FloatArray


def neighbourhood_of(grid: Grid, values: FloatArray) -> Neighbourhood:
    """Return the neighbourhood of each cell: those one step away on any of the ordered axes.

    Raises
    ------
    InsufficientDataError
        If no axis is one of numbers that rise or fall, or the grid is too large to lay out.
    """
    steps = _steps(grid)
    table, known = _laid_out(grid, values)
    total, count = np.zeros(table.shape), np.zeros(table.shape, dtype=np.int64)
    for step in steps:
        shifted = tuple(slice(max(0, move), size + min(0, move)) for move, size in zip(step, grid.shape, strict=True))
        here = tuple(slice(max(0, -move), size - max(0, move)) for move, size in zip(step, grid.shape, strict=True))
        total[here] += np.where(known[shifted], table[shifted], 0.0)
        count[here] += known[shifted]
    places = grid.places(slice(0, len(grid)))
    own = known[places]
    mean = np.where(own, total[places] / np.maximum(count[places], 1), np.nan)
    return Neighbourhood(count=np.where(own, count[places] - 1, 0), mean=mean)


def plateau_of(grid: Grid, values: FloatArray, metric: str, within: float) -> Plateau:
    """Return what stands around the best of `values`.

    Raises
    ------
    ConfigError
        If `within` lies outside (0, 1).
    InsufficientDataError
        If no cell has a value, or the best one has no neighbour.
    """
    if not 0 < within < 1:
        raise ConfigError(f"within must lie in (0, 1) as a fraction of the best value, was {within}")
    if not np.isfinite(values).any():
        raise InsufficientDataError(f"no cell has a {metric}: nothing can be the best")
    around = neighbourhood_of(grid, values)
    best = int(np.nanargmax(values))
    # At an edge of the grid, or beside a cell that did not run, the mean is over what happens to be there.
    is_whole = around.count == around.count.max()
    robust = int(np.nanargmax(np.where(is_whole, around.mean, np.nan)))
    near = _neighbours(grid, values, best)
    if not near.size:
        raise InsufficientDataError(
            f"no neighbour of the best cell ran ({_words(grid, best)}); sweep a full grid, or sample more of it"
        )
    share = float(np.mean(near >= values[best] - within * abs(values[best])))
    return Plateau(
        metric=metric,
        best_cell=best,
        best_parameters=_words(grid, best),
        best_value=float(values[best]),
        neighbours=near.size,
        neighbourhood_mean=float(around.mean[best]),
        share_near=share,
        within=within,
        rank_by_neighbourhood=1 + int(np.count_nonzero(around.mean[is_whole] > around.mean[best])),
        is_island=share < _PLATEAU_SHARE,
        robust_cell=robust,
        robust_parameters=_words(grid, robust),
        robust_value=float(values[robust]),
        robust_neighbourhood_mean=float(around.mean[robust]),
    )


def _steps(grid: Grid) -> list[tuple[int, ...]]:
    moves = [(-1, 0, 1) if axis.is_ordered and len(axis.values) > 1 else (0,) for axis in grid.axes]
    if all(len(each) == 1 for each in moves):
        raise InsufficientDataError(
            "a neighbourhood needs an axis of two or more numbers that rise or fall throughout; this sweep has none"
        )
    return list(itertools.product(*moves))


def _laid_out(grid: Grid, values: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    if grid.n_combinations > _MOST_CELLS:
        raise InsufficientDataError(
            f"the sample comes from a grid of {grid.n_combinations:,} cells, too thin for neighbours; sweep a smaller grid"
        )
    table = np.full(grid.shape, np.nan)
    table[grid.places(slice(0, len(grid)))] = values
    return table, np.isfinite(table)


def _neighbours(grid: Grid, values: FloatArray, cell: int) -> FloatArray:
    table, _ = _laid_out(grid, values)
    at = [int(place[0]) for place in grid.places(np.array([cell]))]
    found = []
    for step in _steps(grid):
        there = tuple(place + move for place, move in zip(at, step, strict=True))
        if any(step) and all(0 <= place < size for place, size in zip(there, grid.shape, strict=True)):
            found.append(table[there])
    near = np.array(found)
    finite: FloatArray = near[np.isfinite(near)]
    return finite


def _words(grid: Grid, cell: int) -> str:
    return ", ".join(f"{name} {value}" for name, value in grid.values_of(cell).items())
