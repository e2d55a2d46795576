"""Gates: whether a strategy may enter now, given how its trades have gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from investiq.core.errors import ConfigError
from investiq.strategies.base import positive, whole_bars

if TYPE_CHECKING:
    from investiq.execution.outcome import AccountState

__all__ = ["WinRateGate"]


@dataclass(frozen=True, kw_only=True)
class WinRateGate:
    """Allow entries while the win rate is credibly high enough, or too little is known of it.

    The rate has a Beta prior and is updated with each closed trade, whose weight
    falls by half every `half_life` bars. While those weights add up to fewer than
    `least` trades, entries are allowed. From then on the lower credible bound of the
    rate has to reach `rate`. Old trades fade while the gate is shut, so it opens again.

    Parameters
    ----------
    wins, losses : float, default 2 and 2
        The prior, in trades.
    rate : float, default 0.52
        In (0, 1).
    credibility : float, default 0.80
        Probability that the rate lies above the bound.
    least : float, default 20
        Trades, by their weights.
    half_life : int, default 252
        Bars.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    Called with the account at a close, as the ``gate`` of
    `execution.simulator.simulate_scenario`; only trades closed by then are in it.
    A gate that compares the mean of the same prior (0.50) with 0.52 from the first
    trade on is shut before it starts, and one loss shuts it for ever.

    Examples
    --------
    >>> from types import SimpleNamespace as Some
    >>> gate = WinRateGate()
    >>> one_loss = Some(bar=9, round_trips=(Some(exit_bar=9, pnl=-120),))
    >>> gate(one_loss)
    True
    >>> even = Some(bar=99, round_trips=tuple(Some(exit_bar=99, pnl=sign) for sign in [1, -1] * 20))
    >>> gate(even), round(gate.bound(even), 3)
    (False, 0.436)
    """

    wins: float = 2.0
    losses: float = 2.0
    rate: float = 0.52
    credibility: float = 0.80
    least: float = 20.0
    half_life: int = 252

    def __post_init__(self) -> None:
        positive("WinRateGate", wins=self.wins, losses=self.losses, least=self.least)
        whole_bars("WinRateGate", "half_life", self.half_life)
        for name in ("rate", "credibility"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"WinRateGate: {name} must lie in (0, 1), was {getattr(self, name)!r}")

    def __call__(self, state: AccountState) -> bool:
        """Return whether an entry may be decided at the close of the state's bar."""
        won, lost = self._weights(state)
        return won + lost < self.least or self.bound(state) >= self.rate

    def bound(self, state: AccountState) -> float:
        """Return the lower credible bound of the win rate."""
        from scipy.special import betaincinv

        won, lost = self._weights(state)
        return float(betaincinv(self.wins + won, self.losses + lost, 1 - self.credibility))

    def kelly(self, state: AccountState, most: float = 0.02) -> float:
        """Return Kelly's stake of an even bet at the lower bound, ``2 p - 1``, in [0, most]."""
        return min(max(2 * self.bound(state) - 1, 0.0), most)

    def _weights(self, state: AccountState) -> tuple[float, float]:
        """Return what the wins and the losses weigh, in trades."""
        trips = state.round_trips
        age = state.bar - np.array([trip.exit_bar for trip in trips], dtype=float)
        weights = 0.5 ** (age / self.half_life)
        won = np.array([trip.pnl > 0 for trip in trips], dtype=bool)
        return float(weights[won].sum()), float(weights[~won].sum())
