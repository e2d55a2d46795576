"""One strategy for markets that go somewhere, another for those that do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.engines.probabilistic.filtering import FILTER_BARS
from investiq.engines.probabilistic.regimes import REGIMES, Regime
from investiq.strategies.base import Column, PanelStrategy, Strategy, positive, whole_bars
from investiq.strategies.mean_reversion import MeanReversion
from investiq.strategies.momentum import Momentum

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars

__all__ = ["Routed"]

_TRENDING: Final[tuple[Regime, ...]] = ("trend_up", "trend_down")
_RANGING: Final[tuple[Regime, ...]] = ("calm", "sideways")
# 0 for the trending strategy, 1 for the ranging one, -1 for neither, by the code of the regime.
_ROUTES: Final = np.array([0 if name in _TRENDING else 1 if name in _RANGING else -1 for name in REGIMES])

_MOMENTUM: Final = Momentum(regimes=_TRENDING)
_REVERSION: Final = MeanReversion(regimes=_RANGING)


@dataclass(frozen=True, kw_only=True)
class Routed(Strategy):
    """Run momentum while the market trends, and mean reversion while it is calm or moves sideways.

    What a breakout asks for depends on the regime at that close: `trending` decides
    in the regimes trend_up and trend_down, `ranging` in calm and sideways. At high
    volatility, and where the regime is uncertain, nothing is bought, and the one that
    decided last goes on to sell. A position that one has opened is the other's to
    close once the regime has changed.

    Parameters
    ----------
    trending : Strategy, default Momentum in trend_up and trend_down
    ranging : Strategy, default MeanReversion in calm and sideways
    regime_window : int, default 20
        See `regimes.regime_codes`.
    atr_multiple : float, default 2.0
        Distance of the stop in average true ranges of 14 bars, for both; what they
        ask of a run themselves is not taken over.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Examples
    --------
    >>> import investiq as iq
    >>> decisions = iq.strategies.Routed().decide(iq.load_bars("^GSPC", start="2003", end="2007"))
    >>> sorted(set(decisions.tolist()))
    [-1, 0, 1]
    """

    trending: Strategy = _MOMENTUM
    ranging: Strategy = _REVERSION
    regime_window: int = 20
    atr_multiple: float = 2.0

    def __post_init__(self) -> None:
        for name in ("trending", "ranging"):
            member = getattr(self, name)
            if not isinstance(member, Strategy) or isinstance(member, PanelStrategy):
                raise ConfigError(
                    f"{self.name}: {name} must be a strategy for a single symbol, such as Breakout(), was {member!r}"
                )
        whole_bars(self.name, "regime_window", self.regime_window, least=2)
        positive(self.name, atr_multiple=self.atr_multiple)

    @property
    def warmup(self) -> int:
        """Until there is a regime, and the first of the two can decide."""
        return max(self.regime_window, FILTER_BARS, min(self.trending.warmup, self.ranging.warmup))

    @property
    def run_options(self) -> OptionArguments:
        """The stop."""
        return {"atr_stop": self.atr_multiple}

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Return at each bar the decision of the strategy that its regime calls for."""
        from investiq.strategies.columns import table

        (regime,) = table((Column("regime", (self.regime_window,)),), bars)
        route = np.where(np.isnan(regime), -1, _ROUTES[np.nan_to_num(regime).astype(np.intp)])
        rows = np.arange(route.size)
        last = np.maximum.accumulate(np.where(route >= 0, rows, -1))
        running = np.where(last >= 0, route[last], -1)
        trending, ranging = self.trending.decide(bars), self.ranging.decide(bars)
        decisions = np.where(running == 0, trending, np.where(running == 1, ranging, 0))
        sells = np.where(np.isin(decisions, (-1, 2)), -1, 0)
        return np.where(route >= 0, decisions, sells).astype(np.int8)
