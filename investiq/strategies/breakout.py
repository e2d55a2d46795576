"""The channel breakout of Donchian."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.strategies.base import Column, Rule, Strategy, whole_bars

__all__ = ["Breakout"]


@dataclass(frozen=True, kw_only=True)
class Breakout(Strategy):
    """Buy a close above the highest high of the bars before, sell one below their lowest low.

    Buy when the close lies above the highest high of the prior `entry_window`
    bars, sell when it lies below the lowest low of the prior `exit_window` bars;
    the current bar belongs to neither. The defaults are system 2 of the Turtles [1]_.

    Parameters
    ----------
    entry_window, exit_window : int, default 55 and 20
        Windows in bars, at least 1.

    Raises
    ------
    ConfigError
        If a window is no whole number >= 1.

    References
    ----------
    .. [1] Faith, C. (2003). The Original Turtle Trading Rules.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.strategies.Breakout(entry_window=55, exit_window=20).warmup
    55
    """

    entry_window: int = 55
    exit_window: int = 20

    def __post_init__(self) -> None:
        whole_bars("Breakout", "entry_window", self.entry_window)
        whole_bars("Breakout", "exit_window", self.exit_window)

    @property
    def warmup(self) -> int:
        """The longer window: both levels are defined from that bar on."""
        return max(self.entry_window, self.exit_window)

    def columns(self) -> tuple[Column, ...]:
        """Return the close and the two levels of the bars before."""
        return Column("close"), Column("highest_high", (self.entry_window,)), Column("lowest_low", (self.exit_window,))

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.breakout
        return rule
