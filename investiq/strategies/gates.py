"""Gates: whether a strategy may enter now, given how its trades have gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from investiq.core.errors import ConfigError
from investiq.strategies.base import positive, whole_bars

__all__ = ["TradingRecord", "WinRateGate"]


class TradingRecord(Protocol):
    """What a gate is shown at the close of a bar: the trades closed by then, and nothing open."""

    @property
    def bar(self) -> int:
        """The current bar."""

    @property
    def closed_bars(self) -> Sequence[int]:
        """Bar of the exit of each closed trade, ascending."""

    @property
    def closed_profits(self) -> Sequence[float]:
        """Net profit of each closed trade, in the same order; above 0 is a win."""


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
    A gate that compares the mean of the same prior (0.50) with 0.52 from the first
    trade on is shut before it starts, and one loss shuts it for ever.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> gate = WinRateGate()
    >>> one_loss = SimpleNamespace(bar=9, closed_bars=[9], closed_profits=[-120.0])
    >>> gate(one_loss)
    True
    >>> forty = SimpleNamespace(bar=99, closed_bars=[99] * 40, closed_profits=[1.0, -1.0] * 20)
    >>> gate(forty), round(gate.bound(forty), 3)
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

    def __call__(self, record: TradingRecord) -> bool:
        """Return whether an entry may be decided at the close of the record's bar."""
        won, lost = self._weights(record)
        return won + lost < self.least or self.bound(record) >= self.rate

    def bound(self, record: TradingRecord) -> float:
        """Return the lower credible bound of the win rate."""
        from scipy.special import betaincinv

        won, lost = self._weights(record)
        return float(betaincinv(self.wins + won, self.losses + lost, 1 - self.credibility))

    def kelly(self, record: TradingRecord, most: float = 0.02) -> float:
        """Return Kelly's stake of an even bet at the lower bound, ``2 p - 1``, in [0, most]."""
        return min(max(2 * self.bound(record) - 1, 0.0), most)

    def _weights(self, record: TradingRecord) -> tuple[float, float]:
        """Return what the wins and the losses weigh, in trades."""
        age = record.bar - np.asarray(record.closed_bars, dtype=float)
        weights = 0.5 ** (age / self.half_life)
        won = np.asarray(record.closed_profits, dtype=float) > 0
        return float(weights[won].sum()), float(weights[~won].sum())
