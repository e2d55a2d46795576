"""Parameter sets to choose from: a strategy class and values of its parameters and of the run's options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from investiq.backtesting.sweep_grid import grid_of
from investiq.core.errors import ConfigError
from investiq.core.notes import Note
from investiq.execution.options import RunOptions, options_of
from investiq.strategies.base import Strategy

__all__ = ["Candidate", "candidates_of"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One set of parameters that a fold can choose; `parameters` are those that vary."""

    parameters: dict[str, Any]
    strategy: Strategy
    options: RunOptions


def candidates_of(
    strategy: Strategy | type[Strategy], arguments: Mapping[str, Any]
) -> tuple[list[Candidate], tuple[Note, ...]]:
    """Return the candidates of a grid in its order, and a note on those that were refused.

    Parameters
    ----------
    strategy : Strategy or class of one
        Of a strategy, only options of the run can vary.
    arguments : mapping
        As `iq.sweep` takes them.

    Raises
    ------
    ConfigError
        If a name is neither a parameter nor an option, an axis is empty, or every
        combination is refused.
    """
    ready = strategy if isinstance(strategy, Strategy) else None
    kind = type(strategy) if isinstance(strategy, Strategy) else strategy
    if ready is not None:
        own = [field.name for field in dataclasses.fields(ready)]
        if given := [name for name in arguments if name in own]:
            raise ConfigError(
                f"{given[0]} is a parameter of {ready.name}, which was given ready made; pass the class to choose from it"
            )
    grid = grid_of(kind, (), arguments, has_symbol_axis=False)
    found: list[Candidate] = []
    refused: list[str] = []
    for cell in range(len(grid)):
        values = grid.values_of(cell)
        try:
            made, options = grid.made(cell) if ready is None else (ready, {**grid.fixed_options, **values})
            chosen = options_of(options, made.run_options)
        except ConfigError as error:
            refused.append(f"{values}: {error}")
            continue
        found.append(Candidate(parameters=values, strategy=made, options=chosen))
    if not found:
        raise ConfigError(f"no candidate is left of {len(grid)}: {refused[0]}")
    return found, _refusals(refused)


def _refusals(refused: Sequence[str]) -> tuple[Note, ...]:
    if not refused:
        return ()
    text = f"{len(refused)} combination(s) of the grid are none, the first {refused[0]}"
    return (Note(code="candidates_refused", text=text, rows=len(refused), severity="info"),)
