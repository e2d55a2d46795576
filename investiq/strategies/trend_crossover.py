"""A MACD crossing, confirmed by trend and RSI, sized by its strength, between stop and target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, FloatArray, Rule, Strategy, positive, whole_bars

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars

__all__ = ["TrendCrossover"]

_MACD: Final = (12, 26, 9)
# Its first bar: the slow average starts at bar 25, its signal 8 bars later.
_HISTOGRAM_FROM: Final = 33


@dataclass(frozen=True, kw_only=True)
class TrendCrossover(Strategy):
    """Trade a MACD crossing that trend and RSI agree with.

    Buy when the MACD (12, 26, 9) crosses above its signal, the close lies above
    ``sma(fast)`` and ``sma(slow)``, and the RSI between `rsi_low` and `rsi_high`. Sell when it
    crosses below, the close lies below both, and the RSI outside those bounds.
    A sell closes a long; with `allow_short` it also opens a short.

    Parameters
    ----------
    fast, slow : int, default 20 and 50
        Windows of the averages; ``1 <= fast < slow``.
    rsi_window : int, default 14
        Wilder's RSI.
    rsi_low, rsi_high : float, default 30 and 70
    weight : float, default 0.10
        Share of equity at full strength.
    stop_loss, take_profit : float, default 0.02 and 0.04
        Distances from the entry fill, as fractions of it.
    allow_short : bool, default False

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    Strength is ``min(1, (RSI - rsi_low) / (rsi_high - rsi_low))`` of a buy and ``min(1, abs(RSI - 50) / 50)`` of a
    sell: it is the confidence, and the size is `weight` times it. So a buy with
    an RSI near 30 is next to nothing, and a sell needs an RSI below 30 in practice,
    since a close below both averages seldom goes with one above 70.
    `run_options` sets `confidence_threshold` to 0: weak signals are small, not dropped.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2012", end="2013")
    >>> [(signal.bar, signal.side, round(signal.weight, 4)) for signal in iq.strategies.TrendCrossover().signals(bars)][
    ...     :2
    ... ]
    [(49, 'buy', 0.0981), (57, 'buy', 0.0994)]
    """

    fast: int = 20
    slow: int = 50
    rsi_window: int = 14
    rsi_low: float = 30.0
    rsi_high: float = 70.0
    weight: float = 0.10
    stop_loss: float = 0.02
    take_profit: float = 0.04
    allow_short: bool = False

    def __post_init__(self) -> None:
        for name in ("fast", "slow", "rsi_window"):
            whole_bars(self.name, name, getattr(self, name))
        positive(self.name, weight=self.weight, stop_loss=self.stop_loss, take_profit=self.take_profit)
        if self.fast >= self.slow:
            raise ConfigError(f"{self.name}: fast must be below slow, were fast={self.fast} and slow={self.slow}")
        if not 0 <= self.rsi_low < self.rsi_high <= 100:
            raise ConfigError(
                f"{self.name}: expected 0 <= rsi_low < rsi_high <= 100, were {self.rsi_low} and {self.rsi_high}"
            )

    @property
    def warmup(self) -> int:
        """The first bar with two values of the MACD histogram, both averages and the RSI."""
        return max(self.slow - 1, self.rsi_window, _HISTOGRAM_FROM + 1)

    @property
    def run_options(self) -> OptionArguments:
        """Stop, target, no gate, and shorts if asked for."""
        options: OptionArguments = {
            "stop_loss": self.stop_loss,
            "take_profit": self.take_profit,
            "confidence_threshold": 0.0,
        }
        if self.allow_short:
            options["allow_short"] = True
        return options

    def columns(self) -> tuple[Column, ...]:
        """Return the close, two averages, the RSI and the MACD histogram."""
        return (
            Column("close"),
            Column("sma", (self.fast,)),
            Column("sma", (self.slow,)),
            Column("rsi", (self.rsi_window,)),
            Column("macd_histogram", _MACD),
        )

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.trend_crossover
        return rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return the bounds of the RSI."""
        return self.rsi_low, self.rsi_high

    def confidences(self, bars: Bars) -> FloatArray:
        """Return the strength of each bar's decision, 0 where there is none."""
        from investiq.strategies.columns import table

        decisions = self.decide(bars)
        (rsi,) = table((Column("rsi", (self.rsi_window,)),), bars)
        strength = np.zeros(len(bars))
        buys, sells = decisions == 1, decisions == -1
        strength[buys] = np.minimum(1, (rsi[buys] - self.rsi_low) / (self.rsi_high - self.rsi_low))
        strength[sells] = np.minimum(1, np.abs(rsi[sells] - 50) / 50)
        return strength

    def sizes(self, bars: Bars) -> FloatArray:
        """Return `weight` times the strength."""
        return self.weight * self.confidences(bars)
