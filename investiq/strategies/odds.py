"""Act on the probabilistic layer's odds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from investiq.core.errors import ConfigError
from investiq.engines.probabilistic.filtering import FILTER_BARS
from investiq.engines.scoring import RANK_MINIMUM
from investiq.strategies.base import Column, Rule, Strategy

__all__ = ["OddsPolicy"]


@dataclass(frozen=True, kw_only=True)
class OddsPolicy(Strategy):
    """Buy where the odds of a rise are good, sell where they are bad, hold in between.

    Parameters
    ----------
    enter : float, default 0.55
        Probability from which it buys.
    exit : float, default 0.45
        Probability below which it sells; at most `enter`.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    The odds are `prob_success_probability` of the probabilistic layer: raw, and on
    many series no better than the base rate (`analysis.assess_probabilities`). For a
    loss of 1 % of equity at the stop, size it:
    ``Sized(strategy=OddsPolicy(), sizer=RiskSize(risk=0.01))``.

    Examples
    --------
    >>> import investiq as iq
    >>> decisions = iq.strategies.OddsPolicy().decide(iq.load_bars("^GSPC", end="2000"))
    >>> sorted(set(decisions.tolist()))
    [-1, 0, 1]
    """

    enter: float = 0.55
    exit: float = 0.45

    def __post_init__(self) -> None:
        if not 0 < self.exit <= self.enter < 1:
            raise ConfigError(
                f"{self.name}: expected probabilities 0 < exit <= enter < 1, were exit={self.exit!r} and enter={self.enter!r}"
            )

    @property
    def warmup(self) -> int:
        """The filter's error needs a past to be ranked in."""
        return FILTER_BARS + RANK_MINIMUM

    def columns(self) -> tuple[Column, ...]:
        """Return the odds."""
        return (Column("raw_odds"),)

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.score_threshold
        return rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return `enter`, and the largest number below `exit`, at which the rule sells."""
        return self.enter, math.nextafter(self.exit, 0.0)
