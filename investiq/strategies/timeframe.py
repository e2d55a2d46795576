"""A strategy on weekly or monthly bars, traded on the bars of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, FloatArray, Rule
from investiq.strategies.wrapping import Wrapper

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["OnTimeframe"]

LongerInterval = Literal["1d", "1w", "1mo"]
# Sessions in a bar of the interval, at most.
_SESSIONS: Final = {"1d": 1, "1w": 5, "1mo": 23}


@dataclass(frozen=True, kw_only=True)
class OnTimeframe(Wrapper):
    """Decide on longer bars, such as weekly ones; fill on the bars of the run.

    A weekly decision is taken at the close of the week's last session by the exchange
    calendar, on total-adjusted bars, and filled at the next open of the run's bars. A
    week that has not ended decides nothing.

    Parameters
    ----------
    strategy : Strategy
        Its windows count longer bars. Orders with prices of their own are not passed on.
    interval : {"1w", "1mo", "1d"}, default "1w"
        Not shorter than the bars of the run.

    Raises
    ------
    ConfigError
        If `interval` is another, or the strategy defines its own `signals`.

    Examples
    --------
    >>> import investiq as iq
    >>> weekly = iq.strategies.OnTimeframe(strategy=iq.strategies.Crossover(fast=10, slow=40))
    >>> bars = iq.load_bars("^GSPC", start="2015", end="2016")
    >>> [str(bars.ts[bar].astype("datetime64[D]")) for bar in np.flatnonzero(weekly.decide(bars))]
    ['2015-12-24', '2016-01-08', '2016-04-22']
    """

    interval: LongerInterval = "1w"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interval not in get_args(LongerInterval):
            raise ConfigError(f"OnTimeframe: interval must be '1w', '1mo' or '1d', was {self.interval!r}")
        if self.strategy.has_own_orders:
            raise ConfigError(
                f"OnTimeframe: {self.strategy.name} sets orders of its own; apply it to a strategy of decisions"
            )

    @property
    def warmup(self) -> int:
        """That of the strategy within, in sessions: an upper bound for daily bars."""
        return self.strategy.warmup * _SESSIONS[self.interval]

    def columns(self) -> tuple[Column, ...]:
        """Refuse: the columns are those of longer bars."""
        raise self._no_table()

    @property
    def rule(self) -> Rule:
        """Refuse, as `columns` does."""
        raise self._no_table()

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Return each longer bar's decision on the first bar that knows it, and none on the others."""
        longer = bars.adjusted("total").resampled(self.interval)
        return self._on(bars, longer, self.strategy.decide(longer), np.zeros(len(bars), dtype=np.int8))

    def confidences(self, bars: Bars) -> FloatArray | None:
        """Return those of the longer bars, on the bars that decide."""
        longer = bars.adjusted("total").resampled(self.interval)
        values = self.strategy.confidences(longer)
        return None if values is None else self._on(bars, longer, values, np.full(len(bars), np.nan))

    def sizes(self, bars: Bars) -> FloatArray | None:
        """Return those of the longer bars, on the bars that decide."""
        longer = bars.adjusted("total").resampled(self.interval)
        values = self.strategy.sizes(longer)
        return None if values is None else self._on(bars, longer, values, np.full(len(bars), np.nan))

    def _on(self, bars: Bars, longer: Bars, values: NDArray[Any], out: NDArray[Any]) -> NDArray[Any]:
        decided = np.flatnonzero(self.strategy.decide(longer))
        rows = np.searchsorted(bars.known_at, longer.known_at[decided], side="left")
        inside = rows < len(bars)
        out[rows[inside]] = values[decided[inside]]
        return out

    def _no_table(self) -> ConfigError:
        return ConfigError(f"OnTimeframe decides on {self.interval} bars and has no columns on those of the run")
