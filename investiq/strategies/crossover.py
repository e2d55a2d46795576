"""The crossing of two moving averages."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, Rule, Strategy, whole_bars

__all__ = ["Crossover"]


@dataclass(frozen=True, kw_only=True)
class Crossover(Strategy):
    """Long while a fast moving average stands above a slow one, decided on the crossings.

    Buy when ``sma(fast)`` crosses above ``sma(slow)``: above it now, at or below
    it one bar before. Sell when it crosses below, likewise. A position is only
    entered on a crossing, never because the fast average stood above already.

    Parameters
    ----------
    fast, slow : int, default 20 and 50
        Windows in bars, ``1 <= fast < slow``.

    Raises
    ------
    ConfigError
        If a window is no whole number >= 1, or fast is not below slow.

    Examples
    --------
    >>> import investiq as iq
    >>> decisions = iq.strategies.Crossover(fast=20, slow=50).decide(iq.load_bars("^GSPC"))
    >>> int((decisions == 1).sum()), int((decisions == -1).sum())
    (57, 58)
    """

    fast: int = 20
    slow: int = 50

    def __post_init__(self) -> None:
        whole_bars("Crossover", "fast", self.fast)
        whole_bars("Crossover", "slow", self.slow)
        if self.fast >= self.slow:
            raise ConfigError(
                f"Crossover: fast must be below slow, were fast={self.fast} and slow={self.slow}; "
                "exchange them or choose a shorter fast window"
            )

    @property
    def warmup(self) -> int:
        """`slow`: the first bar with two slow averages, its own and the one before, is bar `slow`."""
        return self.slow

    def columns(self) -> tuple[Column, ...]:
        """Return the fast and the slow average."""
        return Column("sma", (self.fast,)), Column("sma", (self.slow,))

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.crossover
        return rule
