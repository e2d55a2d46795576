"""What was chosen for a run, by path: which options are not the defaults, and in which some runs differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from investiq.backtesting.trial_statistics import canonical
from investiq.core.manifest import plain
from investiq.execution.options import RunOptions

__all__ = ["changed_options", "differing", "flat", "with_options"]

_NOT_SET = "not set"


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested choices by their path, as plain values.

    Examples
    --------
    >>> flat({"options": {"weight": 1.0, "costs": {"slippage_bps": 5}}})
    {'options.weight': 1.0, 'options.costs.slippage_bps': 5}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = plain(value)
    return found


def differing(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the paths at which not all runs have the same; 1 and 1.0 are the same.

    Examples
    --------
    >>> differing([{"weight": 1, "stop_loss": None}, {"weight": 1.0, "stop_loss": 0.05}])
    ['stop_loss']
    """
    paths = dict.fromkeys(path for run in runs for path in run)
    return [path for path in paths if len({str(canonical(run.get(path, _NOT_SET))) for run in runs}) > 1]


def changed_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not the defaults, by path.

    Examples
    --------
    >>> changed_options({"weight": 0.1, "stop_loss": 0.05, "costs": {"slippage_bps": 0.0}})
    {'stop_loss': 0.05, 'costs.slippage_bps': 0.0}
    """
    usual, given = flat(dataclasses.asdict(RunOptions())), flat(options)
    known = {path: usual.get(path, _NOT_SET) for path in given}
    return {path: given[path] for path in differing([known, given])}


def with_options(text: str, options: Mapping[str, Any]) -> str:
    """Return the text of a strategy with options behind it.

    Examples
    --------
    >>> with_options("BuyAndHold", {"stop_loss": 0.05})
    'BuyAndHold, stop_loss 0.05'
    """
    return ", ".join([text, *(f"{name} {value}" for name, value in options.items())])
