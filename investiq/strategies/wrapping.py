"""What every strategy around another one has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, FloatArray, PanelStrategy, Rule, Strategy

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars

__all__ = ["Wrapper"]


@dataclass(frozen=True, kw_only=True)
class Wrapper(Strategy):
    """Base of the strategies that change one thing about another one and pass on the rest.

    Parameters
    ----------
    strategy : Strategy
        For one symbol.

    Raises
    ------
    ConfigError
        If `strategy` is none, or weighs a panel.
    """

    strategy: Strategy

    def __post_init__(self) -> None:
        if not isinstance(self.strategy, Strategy) or isinstance(self.strategy, PanelStrategy):
            raise ConfigError(
                f"{self.name}: strategy must be one for a single symbol, such as Breakout(), was {self.strategy!r}"
            )

    @property
    def warmup(self) -> int:
        """That of the strategy within."""
        return self.strategy.warmup

    @property
    def run_options(self) -> OptionArguments:
        """Those of the strategy within."""
        return self.strategy.run_options

    def columns(self) -> tuple[Column, ...]:
        """Return those of the strategy within."""
        return self.strategy.columns()

    @property
    def rule(self) -> Rule:
        """That of the strategy within."""
        return self.strategy.rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return those of the strategy within."""
        return self.strategy.rule_parameters()

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Return the decisions of the strategy within."""
        return self.strategy.decide(bars)

    def confidences(self, bars: Bars) -> FloatArray | None:
        """Return those of the strategy within."""
        return self.strategy.confidences(bars)

    def sizes(self, bars: Bars) -> FloatArray | None:
        """Return those of the strategy within."""
        return self.strategy.sizes(bars)
