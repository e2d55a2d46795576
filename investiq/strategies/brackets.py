"""Stop and target beside each entry, further away where the market is volatile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import ConfigError
from investiq.core.orders import Signal
from investiq.strategies.base import Column, positive, whole_bars
from investiq.strategies.wrapping import Wrapper

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["AtrBrackets"]

# Annual volatilities between which a market is ordinary, as for sizes that follow the regime.
LOW_VOLATILITY: Final = 0.15
HIGH_VOLATILITY: Final = 0.30
# Distances where there is no average true range yet.
FALLBACK: Final = (0.05, 0.10)


@dataclass(frozen=True, kw_only=True)
class AtrBrackets(Wrapper):
    """Give each entry a stop and a target, as prices, in multiples of the average true range.

    Both are measured from the deciding close, with the range known there: (stop,
    target) of `calm` multiples below an annual volatility of 15 %, `volatile` above
    30 %, else `ordinary`. Before there is a range, 5 % and 10 % of the close.

    Parameters
    ----------
    strategy : Strategy
    calm, ordinary, volatile : (float, float), default (1.5, 2.5), (2.0, 3.0) and (2.5, 3.5)
        Multiples for stop and target.
    atr_window : int, default 14
    window : int, default 60
        Returns of the volatility; while there are fewer, the market counts as ordinary.
    periods_per_year : float, default 252.0
        Of the bars.

    Raises
    ------
    ConfigError
        If a multiple or a window is out of range.

    Notes
    -----
    Levels are money as traded: the range of the adjusted bars over its row's factor.
    A target of a short that would lie at or below 0 is left out.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC")
    >>> signal = iq.strategies.AtrBrackets(strategy=iq.strategies.Breakout()).signals(bars)[0]
    >>> bool(signal.stop_loss_price < bars.close[signal.bar] < signal.take_profit_price)
    True
    """

    calm: tuple[float, float] = (1.5, 2.5)
    ordinary: tuple[float, float] = (2.0, 3.0)
    volatile: tuple[float, float] = (2.5, 3.5)
    atr_window: int = 14
    window: int = 60
    periods_per_year: float = 252.0

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_bars(self.name, "atr_window", self.atr_window)
        whole_bars(self.name, "window", self.window, least=2)
        positive(self.name, periods_per_year=self.periods_per_year)
        for name in ("calm", "ordinary", "volatile"):
            pair = tuple(getattr(self, name))
            if len(pair) != 2:
                raise ConfigError(f"{self.name}: {name} must be (stop, target) in average true ranges, was {pair!r}")
            positive(self.name, **{f"{name} stop": pair[0], f"{name} target": pair[1]})
            object.__setattr__(self, name, pair)

    def signals(self, bars: Bars) -> list[Signal]:
        """Return the orders of the strategy within, each with its bracket."""
        from investiq.strategies.columns import table

        columns = (Column("close"), Column("atr", (self.atr_window,)), Column("volatility", (self.window,)))
        close, average_range, per_bar = table(columns, bars)
        # The adjusted close over the raw one is the factor of the row.
        raw = bars.close / bars.factor
        volatility = per_bar * np.sqrt(self.periods_per_year)
        bracketed = []
        for signal in self.strategy.signals(bars):
            bar = signal.bar
            multiples = self._multiples(float(volatility[bar]))
            share = average_range[bar] / close[bar]
            distances = FALLBACK if np.isnan(share) else tuple(each * share for each in multiples)
            away = -1 if signal.side == "buy" else 1
            levels: dict[str, Any] = {"stop_loss_price": float(raw[bar] * (1 + away * distances[0]))}
            target = float(raw[bar] * (1 - away * distances[1]))
            bracketed.append(replace(signal, **levels, take_profit_price=target if target > 0 else None))
        return bracketed

    def _multiples(self, volatility: float) -> tuple[float, float]:
        if volatility > HIGH_VOLATILITY:
            return self.volatile
        return self.calm if volatility < LOW_VOLATILITY else self.ordinary
