"""Time-series momentum with a trend filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from investiq.core.errors import ConfigError
from investiq.engines.probabilistic.filtering import FILTER_BARS
from investiq.engines.probabilistic.regimes import Regime
from investiq.strategies.base import Column, Rule, Strategy, positive, whole_bars
from investiq.strategies.regimes import regime_bits, regime_names

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments

__all__ = ["Momentum"]


@dataclass(frozen=True, kw_only=True)
class Momentum(Strategy):
    """Buy what has risen, rises and stands high in its own past; leave when it turns.

    Buy on the first bar on which all hold: ``rate_of_change(window) >= 0``, close
    above ``ema(trend_window)``, rank of `rank_of` among its `rank_window` values
    before at least `rank`, filtered velocity at least `velocity`, and a regime of
    `regimes`. Sell when the close lies below the average or the change below 0.

    Parameters
    ----------
    window : int, default 60
        Bars of the rate of change.
    trend_window : int, default 50
        Span of the average.
    rank : float, default 0.80
        Least rank, in [0, 1].
    rank_of : {"change", "price"}, default "change"
        What is ranked. The rank of a price among its past is mostly its drift.
    rank_window : int, default 252
        Bars of the past.
    velocity : float, default 0.0
        Least slope of the filtered log price, per bar.
    regimes : tuple of str, default ("trend_up", "calm", "sideways")
        Where entries are allowed, see `regimes.regime_codes`.
    regime_window : int, default 20
    atr_multiple : float, default 2.0
        Distance of the stop in average true ranges of 14 bars.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Examples
    --------
    >>> import investiq as iq
    >>> decisions = iq.strategies.Momentum().decide(iq.load_bars("^GSPC", start="2003", end="2007"))
    >>> sorted(set(decisions.tolist()))
    [-1, 0, 1]
    """

    window: int = 60
    trend_window: int = 50
    rank: float = 0.80
    rank_of: Literal["change", "price"] = "change"
    rank_window: int = 252
    velocity: float = 0.0
    regimes: tuple[Regime, ...] = ("trend_up", "calm", "sideways")
    regime_window: int = 20
    atr_multiple: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "regimes", regime_names(self.regimes))
        for name in ("window", "trend_window", "rank_window"):
            whole_bars(self.name, name, getattr(self, name))
        whole_bars(self.name, "regime_window", self.regime_window, least=2)
        positive(self.name, atr_multiple=self.atr_multiple)
        if not 0 <= self.rank <= 1:
            raise ConfigError(f"{self.name}: rank must lie in [0, 1], was {self.rank!r}")
        if self.rank_of not in ("change", "price"):
            raise ConfigError(f"{self.name}: rank_of must be 'change' or 'price', was {self.rank_of!r}")

    @property
    def warmup(self) -> int:
        """One bar more than the longest of the columns, as an entry is the first bar of its state."""
        ranked = self.rank_window + (self.window if self.rank_of == "change" else 0)
        return max(ranked, self.window, self.trend_window - 1, self.regime_window, FILTER_BARS) + 1

    @property
    def run_options(self) -> OptionArguments:
        """The stop."""
        return {"atr_stop": self.atr_multiple}

    def columns(self) -> tuple[Column, ...]:
        """Return change, close, average, rank, velocity and regime."""
        rank = (
            Column("rate_of_change_rank", (self.window, self.rank_window))
            if self.rank_of == "change"
            else Column("close_rank", (self.rank_window,))
        )
        return (
            Column("rate_of_change", (self.window,)),
            Column("close"),
            Column("ema", (self.trend_window,)),
            rank,
            Column("velocity"),
            Column("regime", (self.regime_window,)),
        )

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.momentum
        return rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return least rank, least velocity and the regimes as bits."""
        return self.rank, self.velocity, regime_bits(self.regimes)
