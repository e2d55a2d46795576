"""The channel breakout in the direction of the trend, behind a trailing stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, Rule, Strategy, positive, whole_bars

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments

__all__ = ["DonchianTrend"]


@dataclass(frozen=True, kw_only=True)
class DonchianTrend(Strategy):
    """Buy a new high above a rising average; leave below the average, at an ATR trail or after a time.

    Buy when the high (or the close) reaches the highest high of the `window` bars
    before, times ``1 + buffer``, while the close lies above ``ema(trend_window)``;
    sell when the close lies below that average. Only the first such bar buys: after
    a stop the state has to end before another entry.

    Parameters
    ----------
    window : int, default 20
        Bars of the channel, the current one excluded.
    buffer : float, default 0.0
        How far beyond the channel, as a fraction.
    confirm : {"high", "close"}, default "high"
        What must reach the level.
    trend_window : int, default 20
        Span of the average.
    atr_multiple : float, default 2.0
        Distance of stop and trail in average true ranges.
    atr_window : int, default 14
    hold_bars : int, default 10
        Bars after which a position is sold; 0 for no limit.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    `run_options` asks for `atr_stop`, `atr_trail`, `atr_window` and `hold_bars`. The
    trail hangs from the highest high since entry and never loosens; a trail at
    ``close - 2 * atr`` taken anew at each close would fall with the price it is to
    protect from. The size is that of the run, or of
    ``Sized(strategy=DonchianTrend(), sizer=RiskSize(risk=0.03))``.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.strategies.DonchianTrend(hold_bars=0).run_options
    {'atr_stop': 2.0, 'atr_trail': 2.0, 'atr_window': 14}
    """

    window: int = 20
    buffer: float = 0.0
    confirm: Literal["high", "close"] = "high"
    trend_window: int = 20
    atr_multiple: float = 2.0
    atr_window: int = 14
    hold_bars: int = 10

    def __post_init__(self) -> None:
        for name in ("window", "trend_window", "atr_window"):
            whole_bars(self.name, name, getattr(self, name))
        whole_bars(self.name, "hold_bars", self.hold_bars, least=0)
        positive(self.name, atr_multiple=self.atr_multiple)
        if not 0 <= self.buffer < 1:
            raise ConfigError(
                f"{self.name}: buffer must lie in [0, 1) as a fraction (0.01 is 1 %), was {self.buffer!r}"
            )
        if self.confirm not in ("high", "close"):
            raise ConfigError(f"{self.name}: confirm must be 'high' or 'close', was {self.confirm!r}")

    @property
    def warmup(self) -> int:
        """One bar more than channel and average need, as an entry is the first bar of its state."""
        return max(self.window, self.trend_window - 1) + 1

    @property
    def run_options(self) -> OptionArguments:
        """Stop, trail and time limit."""
        options: OptionArguments = {
            "atr_stop": self.atr_multiple,
            "atr_trail": self.atr_multiple,
            "atr_window": self.atr_window,
        }
        if self.hold_bars:
            options["hold_bars"] = self.hold_bars
        return options

    def columns(self) -> tuple[Column, ...]:
        """Return what confirms, the level, the close and its average."""
        return (
            Column(self.confirm),
            Column("highest_high", (self.window,)),
            Column("close"),
            Column("ema", (self.trend_window,)),
        )

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.donchian_trend
        return rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return the buffer."""
        return (self.buffer,)
