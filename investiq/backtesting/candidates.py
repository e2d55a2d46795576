"""Parameter sets to choose from: a strategy class and values of its parameters and of the run's options."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from investiq.core.errors import ConfigError, near_matches
from investiq.core.notes import Note
from investiq.execution.options import RunOptions, options_of
from investiq.strategies.base import Strategy

__all__ = ["Candidate", "candidates_of"]

# Options whose one value is a sequence already.
_SEQUENCES = ("entry_hours",)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One set of parameters that a fold can choose."""

    parameters: dict[str, Any]
    strategy: Strategy
    options: RunOptions


def candidates_of(
    strategy: Strategy | type[Strategy], arguments: Mapping[str, Any]
) -> tuple[list[Candidate], tuple[Note, ...]]:
    """Return the candidates of a grid in the order of its axes, the last one moving first, and a note on those refused.

    Raises
    ------
    ConfigError
        If a name is neither a parameter nor an option, an axis is empty, or every
        combination is refused.
    """
    fixed = strategy if isinstance(strategy, Strategy) else None
    kind = type(strategy) if isinstance(strategy, Strategy) else strategy
    if not (isinstance(kind, type) and issubclass(kind, Strategy)):
        raise ConfigError(f"strategy must be a Strategy or a class of one, was {strategy!r}")
    parameters = [field.name for field in dataclasses.fields(kind)] if fixed is None else []
    options = ["rules", *(field.name for field in dataclasses.fields(RunOptions))]
    for name in arguments:
        if name not in parameters and name not in options:
            known = [*parameters, *options]
            raise ConfigError(
                f"{kind.__name__} has no parameter and a run no option called {name!r}{near_matches(name, known)}"
            )
    axes = {name: _values(name, value) for name, value in arguments.items() if _is_axis(name, value)}
    found: list[Candidate] = []
    refused: list[str] = []
    for values in itertools.product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        given = {**arguments, **point}
        try:
            own = fixed or kind(**{name: value for name, value in given.items() if name in parameters})
            chosen = {name: value for name, value in given.items() if name not in parameters}
            made = Candidate(parameters=point, strategy=own, options=options_of({**own.run_options, **chosen}))
        except ConfigError as error:
            refused.append(f"{point}: {error}")
            continue
        found.append(made)
    if not found:
        raise ConfigError(f"no candidate is left: {refused[0]}")
    return found, _refusals(refused)


def _refusals(refused: Sequence[str]) -> tuple[Note, ...]:
    if not refused:
        return ()
    return (
        Note(
            code="candidates_refused",
            text=f"{len(refused)} combination(s) of the grid are none, the first {refused[0]}",
            rows=len(refused),
            severity="info",
        ),
    )


def _is_axis(name: str, value: Any) -> bool:
    if name in _SEQUENCES and not (isinstance(value, list) and value and isinstance(value[0], (tuple, list))):
        return False
    return isinstance(value, (list, tuple, range, np.ndarray))


def _values(name: str, value: Any) -> list[Any]:
    values = value.tolist() if isinstance(value, np.ndarray) else list(value)
    if not values:
        raise ConfigError(f"{name} is an axis without a value; give at least one")
    return values
