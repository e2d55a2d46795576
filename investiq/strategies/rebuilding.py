"""From the name and the parameters of a strategy, as a file holds them, back to the strategy."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from investiq.core.errors import ConfigError, near_matches
from investiq.strategies.base import PanelStrategy, Strategy
from investiq.strategies.sizing import Sizer

__all__ = ["built_in", "rebuilt"]

_BASES = (Strategy, PanelStrategy, Sizer)


def built_in() -> dict[str, type[Strategy] | type[Sizer]]:
    """Return the strategies and sizers of the package by their names."""
    package = importlib.import_module("investiq.strategies")
    named = {name: getattr(package, name) for name in package.__all__}
    return {
        name: each
        for name, each in named.items()
        if isinstance(each, type) and issubclass(each, (Strategy, Sizer)) and each not in _BASES
    }


def rebuilt(name: str, parameters: Mapping[str, Any]) -> Any:
    """Return the strategy or sizer that `core.manifest.plain` wrote as name and parameters.

    Parameters
    ----------
    name : str
    parameters : mapping
        Strategies within are mappings of ``name`` and ``parameters`` themselves.

    Returns
    -------
    Strategy or Sizer

    Raises
    ------
    ConfigError
        If the package has no such strategy, as for one of the user's own.

    Examples
    --------
    >>> rebuilt(
    ...     "OnTimeframe", {"strategy": {"name": "Crossover", "parameters": {"fast": 5, "slow": 10}}, "interval": "1w"}
    ... )
    OnTimeframe(strategy=Crossover(fast=5, slow=10, allow_short=False), interval='1w')
    """
    known = built_in()
    if name not in known:
        raise ConfigError(
            f"the package has no strategy called {name!r}{near_matches(name, known)}; "
            "make a strategy of your own from its class"
        )
    return known[name](**{key: _value(value) for key, value in parameters.items()})


def _value(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"name", "parameters"}:
        return rebuilt(value["name"], value["parameters"])
    if isinstance(value, (list, tuple)):
        return tuple(_value(each) for each in value)
    return value
