"""The crossing of two moving averages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, Rule, Strategy, whole_bars

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments

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
    allow_short : bool, default False
        Whether a crossing below also opens a short, which a crossing above covers
        and reverses.

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
    allow_short: bool = False

    def __post_init__(self) -> None:
        whole_bars("Crossover", "fast", self.fast)
        whole_bars("Crossover", "slow", self.slow)
        if self.fast >= self.slow:
            raise ConfigError(
                f"Crossover: fast must be below slow, were fast={self.fast} and slow={self.slow}; "
                "exchange them or choose a shorter fast window"
            )

    def parameters(self) -> dict[str, Any]:
        """Return the windows, and `allow_short` where it is on."""
        chosen = super().parameters()
        return chosen if self.allow_short else {name: chosen[name] for name in ("fast", "slow")}

    @property
    def run_options(self) -> OptionArguments:
        """Shorts and reversals, if asked for."""
        return {"allow_short": True, "reverse": True} if self.allow_short else {}

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
