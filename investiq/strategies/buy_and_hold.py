"""Buy at the first chance and hold: the baseline of every other strategy."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.strategies.base import Column, Rule, Strategy

__all__ = ["BuyAndHold"]


@dataclass(frozen=True, kw_only=True)
class BuyAndHold(Strategy):
    """Buy once: decided at the first close, filled at the next open.

    Nothing is decided later, so a position that a stop-loss or a target closes
    is not opened again.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.strategies.BuyAndHold().decide(iq.load_bars("^GSPC", start="2018-12-26"))
    array([1, 0, 0, 0], dtype=int8)
    """

    @property
    def warmup(self) -> int:
        """0: the first bar decides."""
        return 0

    def columns(self) -> tuple[Column, ...]:
        """Return no columns."""
        return ()

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.buy_and_hold
        return rule
