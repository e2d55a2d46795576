"""The agents of the list, as far as their data can be had point in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from investiq.core.errors import ConfigError, near_matches
from investiq.strategies.base import Strategy
from investiq.strategies.brackets import AtrBrackets
from investiq.strategies.donchian_trend import DonchianTrend
from investiq.strategies.engine_view import EngineView
from investiq.strategies.mean_reversion import MeanReversion
from investiq.strategies.momentum import Momentum

__all__ = ["AGENTS", "AgentName", "agent"]

AgentName = Literal["momentum", "mean_reversion", "breakout", "orchestrator"]

AGENTS: Final[Mapping[AgentName, Callable[[], Strategy]]] = {
    "momentum": Momentum,
    "mean_reversion": MeanReversion,
    "breakout": DonchianTrend,
    "orchestrator": lambda: AtrBrackets(strategy=EngineView()),
}
_WITHOUT_DATA: Final[Mapping[str, str]] = {
    "sentiment": "news and social sentiment",
    "high_risk": "option flow and insider trades",
}


def agent(name: AgentName) -> Strategy:
    """Return the strategy that an agent of the list follows, with its own defaults.

    Parameters
    ----------
    name : {"momentum", "mean_reversion", "breakout", "orchestrator"}
        The orchestrator trades the engines' view with confidence 0.5 or more, behind
        stops and targets in average true ranges.

    Raises
    ------
    ConfigError
        If the name is unknown, or the agent's data has no archive of what was known
        when: ``"sentiment"`` and ``"high_risk"`` cannot be tested on the past.

    Examples
    --------
    >>> agent("breakout").name
    'DonchianTrend'
    """
    if name in _WITHOUT_DATA:
        raise ConfigError(
            f"the agent {name!r} rests on {_WITHOUT_DATA[name]}, of which no archive says what was known when; "
            f"it is left out of backtests; there are {', '.join(AGENTS)}"
        )
    if name not in AGENTS:
        raise ConfigError(
            f"no agent is called {name!r}{near_matches(str(name), AGENTS)}; there are {', '.join(AGENTS)}"
        )
    return AGENTS[name]()
