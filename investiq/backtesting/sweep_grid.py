"""The grid of a sweep: what was given as a list is an axis, and each combination a cell."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.sweep_cells import Task
from investiq.core.errors import ConfigError, near_matches
from investiq.execution.options import RunOptions, options_of
from investiq.strategies.base import Strategy

__all__ = ["LEVELS", "SYMBOL", "Axis", "Grid", "grid_of", "value_text"]

SYMBOL: Final = "symbol"
# Options in which the cells of one call of the loop may differ.
LEVELS: Final = ("stop_loss", "take_profit", "trailing_stop")
# A pair of hours is one value.
_PAIRS: Final = ("entry_hours",)
# A sample is drawn without listing the grid; its numbers must fit into 64 bits.
_MOST_CELLS: Final = 2**62


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis of a grid.

    Attributes
    ----------
    name : str
    values : tuple or range
        In the order in which they were given, each once; a range until `Grid.listed`.
    of : {"symbol", "strategy", "option"}
    """

    name: str
    values: Sequence[Any]
    of: str

    @property
    def is_ordered(self) -> bool:
        """Whether values next to each other are near each other: numbers that rise or fall throughout."""
        numbers = [value for value in self.values if isinstance(value, (int, float)) and not isinstance(value, bool)]
        if len(numbers) < len(self.values):
            return False
        steps = [after > before for before, after in itertools.pairwise(numbers)]
        return all(steps) or not any(steps)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Every combination of the axes, or a sample of them.

    Attributes
    ----------
    strategy_class : type
    axes : tuple of Axis
        Symbol first, then parameters of the strategy, then options; the last varies fastest.
    fixed, fixed_options : mapping
        Parameters of the strategy and options that do not vary.
    sampled : ndarray of int64, shape (n_cells,), optional
        Positions in the whole grid, ascending; None for all of them.
    """

    strategy_class: type[Strategy]
    axes: tuple[Axis, ...]
    fixed: Mapping[str, Any]
    fixed_options: Mapping[str, Any]
    sampled: NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values on each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def n_combinations(self) -> int:
        """Cells of the whole grid."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.n_combinations if self.sampled is None else len(self.sampled)

    def places(self, cells: NDArray[np.int64] | slice) -> tuple[NDArray[np.int64], ...]:
        """Return for each axis the positions of the values of some cells."""
        if self.sampled is not None:
            positions = self.sampled[cells]
        elif isinstance(cells, slice):
            positions = np.arange(*cells.indices(len(self)), dtype=np.int64)
        else:
            positions = cells
        return np.unravel_index(positions, self.shape) if self.axes else ()

    def listed(self) -> Grid:
        """Return the grid with its ranges as tuples."""
        axes = tuple(dataclasses.replace(axis, values=tuple(axis.values)) for axis in self.axes)
        return dataclasses.replace(self, axes=axes)

    def sample(self, n: int, seed: int) -> Grid:
        """Return a random choice of `n` combinations, each at most once; all of them where there are not more."""
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ConfigError(f"sample must be a number of cells >= 1, was {n!r}")
        if n >= self.n_combinations:
            return self
        if self.n_combinations > _MOST_CELLS:
            raise ConfigError(f"the grid has {self.n_combinations:.3g} combinations; give fewer values or fewer axes")
        random = np.random.default_rng(seed)
        drawn = random.choice(self.n_combinations, size=int(n), replace=False, shuffle=False)
        return dataclasses.replace(self, sampled=np.sort(drawn).astype(np.int64))

    def values_of(self, cell: int) -> dict[str, Any]:
        """Return the values of one cell by axis."""
        places = self.places(np.array([cell]))
        return {axis.name: axis.values[place[0]] for axis, place in zip(self.axes, places, strict=True)}

    def made(self, cell: int) -> tuple[Strategy, dict[str, Any]]:
        """Return the strategy of one cell, and the options that the sweep gives to it."""
        values = self.values_of(cell)
        parameters = {axis.name: values[axis.name] for axis in self.axes if axis.of == "strategy"}
        options = {axis.name: values[axis.name] for axis in self.axes if axis.of == "option"}
        return self.strategy_class(**{**self.fixed, **parameters}), {**self.fixed_options, **options}

    def task(self, cells: slice) -> tuple[Task, NDArray[np.int64], dict[int, str]]:
        """Return what is to be computed for neighbouring cells, which of them that is, and why the others are refused.

        Each strategy and each set of options is made once; its own check decides.
        """
        places = dict(zip([axis.name for axis in self.axes], self.places(cells), strict=True))
        first, stop, _ = cells.indices(len(self))
        return _task_of(self, places, stop - first)


def grid_of(
    strategy_class: type[Strategy], symbols: Iterable[str], arguments: Mapping[str, Any], *, has_symbol_axis: bool
) -> Grid:
    """Return the grid of `arguments`: parameters of the strategy and options of the run.

    A list, range, tuple or array is an axis; everything else is fixed. A parameter
    whose default is a tuple takes a tuple as one value.

    Raises
    ------
    ConfigError
        If a name is neither a parameter nor an option, or an axis has no value.
    """
    if not (isinstance(strategy_class, type) and issubclass(strategy_class, Strategy)):
        raise ConfigError(
            f"strategy must be a class such as iq.strategies.Crossover, without parameters, was {strategy_class!r}; "
            "give the parameters to the sweep"
        )
    parameters = {each.name: each for each in dataclasses.fields(strategy_class)}
    known = [each.name for each in dataclasses.fields(RunOptions)]
    axes, fixed, fixed_options = [], {}, {}
    if has_symbol_axis:
        axes.append(Axis(name=SYMBOL, values=tuple(symbols), of="symbol"))
    for of, names in (("strategy", list(parameters)), ("option", [*known, "rules"])):
        for name, value in arguments.items():
            if name not in names or (of == "option" and name in parameters):
                continue
            default = parameters[name].default if of == "strategy" else None
            if _is_axis(name, value) and not (isinstance(value, tuple) and isinstance(default, tuple)):
                axes.append(Axis(name=name, values=_values(name, value), of=of))
            elif of == "strategy":
                fixed[name] = value
            else:
                fixed_options[name] = value
    for name in arguments:
        if name not in parameters and name not in known and name != "rules":
            raise ConfigError(
                f"{name} is neither a parameter of {strategy_class.__name__} nor an option of a run"
                f"{near_matches(name, [*parameters, *known])}"
            )
    return Grid(strategy_class=strategy_class, axes=tuple(axes), fixed=fixed, fixed_options=fixed_options)


def _is_axis(name: str, value: object) -> bool:
    if isinstance(value, tuple):
        return name not in _PAIRS
    return isinstance(value, (list, range, np.ndarray))


def value_text(value: object) -> object:
    """Return costs and other groups of options as a short text, and anything else as it is."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    parts = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
    return f"{type(value).__name__}({', '.join(f'{name}={part!r}' for name, part in parts if part is not None)})"


def _values(name: str, given: Iterable[Any]) -> Sequence[Any]:
    # A range is listed when the memory was checked: this one may be longer than that.
    if isinstance(given, range) and given:
        return given
    values = tuple(dict.fromkeys(value.item() if isinstance(value, np.generic) else value for value in given))
    if not values:
        raise ConfigError(f"{name} is an axis without a value; give at least one, or leave it out")
    return values


def _task_of(
    grid: Grid, places: Mapping[str, NDArray[np.int64]], n_cells: int
) -> tuple[Task, NDArray[np.int64], dict[int, str]]:
    refused: dict[int, str] = {}
    strategy_of, strategies = _strategies(grid, places, n_cells, refused)
    levels = _levels(grid, places, n_cells, refused)
    choice_of, choices = _choices(grid, places, n_cells)
    # Cells whose options differ in the size of a level only are made alike; a strategy may ask for options of its own.
    patterns = (levels > 0) @ np.array([1, 2, 4])
    key_of = choice_of * 8 + patterns
    asked_of, asked = _asked(grid, strategies)
    key_of = key_of + asked_of[strategy_of] * (8 * len(choices))
    given = {name for name in LEVELS if name in grid.fixed_options or any(axis.name == name for axis in grid.axes)}
    bases: dict[RunOptions, int] = {}
    options_of_cell = np.zeros(n_cells, dtype=np.int64)
    kept = np.ones(n_cells, dtype=bool)
    kept[list(refused)] = False
    for key in np.unique(key_of[kept]).tolist():
        rows = np.flatnonzero((key_of == key) & kept)
        own = asked[asked_of[strategy_of[rows[0]]]]
        made = _options(own, choices[choice_of[rows[0]]], given, levels[rows[0]])
        if isinstance(made, str):
            refused.update(dict.fromkeys(rows.tolist(), made))
            kept[rows] = False
            continue
        for column, name in enumerate(LEVELS):
            if name not in given:
                levels[rows, column] = getattr(made, name) or 0.0
        base = dataclasses.replace(made, stop_loss=None, take_profit=None, trailing_stop=None)
        options_of_cell[rows] = bases.setdefault(base, len(bases))
    rows = np.flatnonzero(kept)
    used, inverse = np.unique(strategy_of[rows], return_inverse=True)
    task = Task(
        strategies=tuple(each for each in (strategies[place] for place in used) if isinstance(each, Strategy)),
        options=tuple(bases),
        strategy_of=inverse.astype(np.int64),
        options_of=options_of_cell[rows],
        levels=levels[rows],
    )
    return task, rows, refused


def _strategies(
    grid: Grid, places: Mapping[str, NDArray[np.int64]], n_cells: int, refused: dict[int, str]
) -> tuple[NDArray[np.int64], list[Strategy | str]]:
    """Return the position of each cell's strategy, and the strategies, each made once, or why it was refused."""
    axes = [axis for axis in grid.axes if axis.of == "strategy"]
    of, combinations = _distinct(axes, places, n_cells)
    made: list[Strategy | str] = []
    for position, combination in enumerate(combinations):
        values = {axis.name: axis.values[place] for axis, place in zip(axes, combination, strict=True)}
        try:
            made.append(grid.strategy_class(**{**grid.fixed, **values}))
        except ConfigError as error:
            made.append(str(error))
            refused.update(dict.fromkeys(np.flatnonzero(of == position).tolist(), str(error)))
    return of, made


def _asked(grid: Grid, strategies: list[Strategy | str]) -> tuple[NDArray[np.int64], list[dict[str, Any]]]:
    """Return the position of what each strategy asks of a run, and the distinct requests."""
    if grid.strategy_class.run_options is Strategy.run_options:
        return np.zeros(len(strategies), dtype=np.int64), [{}]
    distinct: list[dict[str, Any]] = []
    of = []
    for strategy in strategies:
        asked: dict[str, Any] = dict(strategy.run_options) if isinstance(strategy, Strategy) else {}
        if asked not in distinct:
            distinct.append(asked)
        of.append(distinct.index(asked))
    return np.array(of, dtype=np.int64), distinct


def _choices(
    grid: Grid, places: Mapping[str, NDArray[np.int64]], n_cells: int
) -> tuple[NDArray[np.int64], list[dict[str, Any]]]:
    """Return the position of each cell's options, and the options that the sweep gives, levels apart."""
    axes = [axis for axis in grid.axes if axis.of == "option" and axis.name not in LEVELS]
    of, combinations = _distinct(axes, places, n_cells)
    fixed = {name: value for name, value in grid.fixed_options.items() if name not in LEVELS}
    choices = [
        {**fixed, **{axis.name: axis.values[place] for axis, place in zip(axes, combination, strict=True)}}
        for combination in combinations
    ]
    return of, choices


def _levels(
    grid: Grid, places: Mapping[str, NDArray[np.int64]], n_cells: int, refused: dict[int, str]
) -> NDArray[np.float64]:
    """Return stop, target and trail that the sweep gives to each cell, 0 for none; one out of range refuses its cells."""
    levels = np.zeros((n_cells, len(LEVELS)))
    axes = {axis.name: axis for axis in grid.axes if axis.of == "option"}
    for column, name in enumerate(LEVELS):
        values = axes[name].values if name in axes else (grid.fixed_options.get(name),)
        at = places[name] if name in axes else np.zeros(n_cells, dtype=np.int64)
        for place, value in enumerate(values):
            if value is None:
                continue
            rows = np.flatnonzero(at == place)
            try:
                RunOptions(**{name: value})
            except ConfigError as error:
                refused.update(dict.fromkeys(rows.tolist(), str(error)))
            else:
                levels[rows, column] = value
    return levels


def _options(
    asked: Mapping[str, Any], chosen: Mapping[str, Any], given: set[str], levels: NDArray[np.float64]
) -> RunOptions | str:
    """Return the options without the levels that the sweep gives, or why they are refused with them."""
    with_levels = {name: level or None for name, level in zip(LEVELS, levels.tolist(), strict=True) if name in given}
    without: dict[str, Any] = dict.fromkeys(given)
    try:
        return dataclasses.replace(options_of({**chosen, **with_levels}, asked), **without)
    except ConfigError as error:
        return str(error)


def _distinct(
    axes: list[Axis], places: Mapping[str, NDArray[np.int64]], n_cells: int
) -> tuple[NDArray[np.int64], list[tuple[int, ...]]]:
    """Return for each cell the position of its combination of `axes` among the distinct ones, and these."""
    if not axes:
        return np.zeros(n_cells, dtype=np.int64), [()]
    sizes = tuple(len(axis.values) for axis in axes)
    combined = np.ravel_multi_index(tuple(places[axis.name] for axis in axes), sizes)
    distinct, inverse = np.unique(combined, return_inverse=True)
    unravelled = np.unravel_index(distinct, sizes)
    return inverse.astype(np.int64), list(zip(*(each.tolist() for each in unravelled), strict=True))
