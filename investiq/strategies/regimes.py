"""Regimes as parameters of a strategy; what they are and how they are told is in `engines.probabilistic.regimes`."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.core.errors import ConfigError, near_matches
from investiq.engines.probabilistic.regimes import REGIMES, Regime

__all__ = ["regime_bits", "regime_names"]


def regime_names(names: object) -> tuple[Regime, ...]:
    """Return a tuple or list of regimes as a tuple, or refuse it."""
    if not isinstance(names, (tuple, list)) or not names:
        raise ConfigError(f"regimes must be a tuple of names such as ('calm', 'sideways'), was {names!r}")
    for name in names:
        if name not in REGIMES:
            raise ConfigError(
                f"no regime is called {name!r}{near_matches(str(name), REGIMES)}; known are {', '.join(REGIMES)}"
            )
    return tuple(names)


def regime_bits(names: Sequence[Regime]) -> float:
    """Return a set of regimes as the number whose bits are their codes, for a compiled rule.

    Examples
    --------
    >>> regime_bits(["trend_up", "sideways"])
    5.0
    """
    return float(sum(1 << REGIMES.index(name) for name in set(names)))
