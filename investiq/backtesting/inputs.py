"""What went into a run: its data and decisions, as values that can be compared and kept."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.orders import Signal
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.metrics.conventions import Convention
from investiq.strategies.base import Strategy

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

__all__ = ["Decided", "as_decided", "digest_of", "parameters_of"]

# Signals, or target weights of shape (n_symbols, n_bars).
Decided: TypeAlias = tuple[Signal, ...] | NDArray[np.float64]

_RUN_ARRAYS = ("equity", "cash", "position", "fills", "events", "receivables", "cash_flows")


def as_decided(decided: Sequence[Signal] | NDArray[np.float64]) -> Decided:
    """Return signals as a tuple, and target weights as an array that cannot be written to."""
    if not isinstance(decided, np.ndarray):
        return tuple(decided)
    if decided.flags.writeable:
        decided = decided.copy()
        decided.flags.writeable = False
    return decided


def digest_of(data: Bars | Panel, benchmark: Bars | None, decided: Decided | None, run: Run) -> bytes:
    """Return a hash over the data, the decisions and every number of the account."""
    digest = hashlib.sha256()
    members = list(data) if isinstance(data, Panel) else [data]
    for bars in (*members, benchmark):
        digest.update((bars.fingerprint if bars is not None else "").encode())
    arrays: list[NDArray[Any]] = [getattr(run, name) for name in _RUN_ARRAYS]
    if isinstance(decided, np.ndarray):
        arrays.append(decided)
    elif decided is not None:
        digest.update(repr([dataclasses.astuple(signal) for signal in decided]).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.digest()


@lru_cache(maxsize=64)
def _named(options: RunOptions) -> dict[str, Any]:
    """Return the options by name; made once, since most runs share them."""
    return dataclasses.asdict(options)


def parameters_of(strategy: Strategy, options: RunOptions, convention: Convention) -> dict[str, object]:
    """Return everything that was chosen for a run, as nested mappings."""
    return {
        "strategy": {"name": strategy.name, **strategy.parameters()},
        "options": dict(_named(options)),
        "convention": dataclasses.asdict(convention),
    }
