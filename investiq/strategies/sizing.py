"""How large an entry is: the sizers that `Sized` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column, FloatArray, Strategy, positive, whole_bars
from investiq.strategies.kelly import kelly_fraction

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars

__all__ = [
    "ConfidenceSize", "FixedMoney", "FixedShares", "KellySize", "RegimeSize", "RiskSize", "Sizer", "VolatilityTarget",
]  # fmt: skip

# Most of what a trade may risk.
MOST_RISK = 0.25


@dataclass(frozen=True, kw_only=True)
class Sizer:
    """Base of the sizers: a strategy and its bars in, one size per bar out."""

    @property
    def unit(self) -> Literal["weight", "quantity", "notional"]:
        """What a size counts: a share of equity, shares, or money."""
        return "weight"

    @property
    def run_options(self) -> OptionArguments:
        """What the size rests on, such as the stop that limits the loss."""
        return {}

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the size of an entry decided at each bar, in `unit`, shape (n_bars,); NaN where it is not known."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class FixedShares(Sizer):
    """The same number of shares each time."""

    shares: float

    def __post_init__(self) -> None:
        positive("FixedShares", shares=self.shares)

    @property
    def unit(self) -> Literal["quantity"]:
        """Shares."""
        return "quantity"

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the shares for every bar."""
        return np.full(len(bars), float(self.shares))


@dataclass(frozen=True, kw_only=True)
class FixedMoney(Sizer):
    """The same amount of money each time, USD."""

    amount_usd: float

    def __post_init__(self) -> None:
        positive("FixedMoney", amount_usd=self.amount_usd)

    @property
    def unit(self) -> Literal["notional"]:
        """Money."""
        return "notional"

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the amount for every bar."""
        return np.full(len(bars), float(self.amount_usd))


@dataclass(frozen=True, kw_only=True)
class ConfidenceSize(Sizer):
    """A weight times the confidence of the decision."""

    weight: float = 0.10

    def __post_init__(self) -> None:
        positive("ConfidenceSize", weight=self.weight)

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return ``weight * confidence``; a strategy without confidences is sure."""
        confidences = strategy.confidences(bars)
        return np.full(len(bars), self.weight) if confidences is None else self.weight * confidences


@dataclass(frozen=True, kw_only=True)
class RiskSize(Sizer):
    """As much as loses `risk` of the equity if the stop fills at its level.

    ``weight = risk * close / (atr_multiple * ATR)``, at most `max_weight`. The stop
    itself is asked of the run (`atr_stop`).

    Parameters
    ----------
    risk : float, default 0.03
        Share of equity, in (0, 0.25].
    atr_multiple : float, default 2.0
        Distance of the stop.
    atr_window : int, default 14
    max_weight : float, default 1.0
    """

    risk: float = 0.03
    atr_multiple: float = 2.0
    atr_window: int = 14
    max_weight: float = 1.0

    def __post_init__(self) -> None:
        positive("RiskSize", atr_multiple=self.atr_multiple, max_weight=self.max_weight)
        whole_bars("RiskSize", "atr_window", self.atr_window)
        if not 0 < self.risk <= MOST_RISK:
            raise ConfigError(f"RiskSize: risk must lie in (0, {MOST_RISK}] as a share of equity, was {self.risk!r}")

    @property
    def run_options(self) -> OptionArguments:
        """The stop."""
        return {"atr_stop": self.atr_multiple, "atr_window": self.atr_window}

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the weights; NaN before there is a range, and where it is 0."""
        return np.minimum(self.risk / _stop_distance(bars, self.atr_multiple, self.atr_window), self.max_weight)


@dataclass(frozen=True, kw_only=True)
class KellySize(Sizer):
    """A fraction of Kelly's stake as the risk of a trade, at most `risk`; nothing without an edge.

    Kelly's bet is lost in full, so it is what the trade loses at its stop, not the
    position: ``weight = min(risk, kelly_fraction) * close / (atr_multiple * ATR)``.

    Parameters
    ----------
    payoff : float
        Distance of the target over that of the stop. A multiple of the average
        true range is none.
    probability : float or None, default None
        Of a win; None for the confidence of each decision, which then has to be a
        probability calibrated out of sample.
    fraction : float, default 0.5
    risk : float, default 0.03
    atr_multiple : float, default 2.0
    atr_window : int, default 14
    max_weight : float, default 1.0
    """

    payoff: float
    probability: float | None = None
    fraction: float = 0.5
    risk: float = 0.03
    atr_multiple: float = 2.0
    atr_window: int = 14
    max_weight: float = 1.0

    def __post_init__(self) -> None:
        kelly_fraction(0.5, self.payoff, self.fraction)
        self._by_risk()
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ConfigError(f"KellySize: probability must lie in [0, 1], was {self.probability!r}")

    def _by_risk(self) -> RiskSize:
        return RiskSize(
            risk=self.risk, atr_multiple=self.atr_multiple, atr_window=self.atr_window, max_weight=self.max_weight
        )

    @property
    def run_options(self) -> OptionArguments:
        """The stop."""
        return self._by_risk().run_options

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the weights; 0 without an edge.

        Raises
        ------
        ConfigError
            If there is neither a probability nor a confidence.
        """
        odds = strategy.confidences(bars) if self.probability is None else np.full(len(bars), self.probability)
        if odds is None:
            raise ConfigError(
                f"KellySize: {strategy.name} has no confidences to take as probabilities; give probability="
            )
        stake = np.minimum(kelly_fraction(odds, self.payoff, self.fraction), self.risk)
        return np.minimum(stake / _stop_distance(bars, self.atr_multiple, self.atr_window), self.max_weight)


@dataclass(frozen=True, kw_only=True)
class VolatilityTarget(Sizer):
    """The weight at which the position is as volatile as wanted: ``volatility / that of the symbol``.

    Parameters
    ----------
    volatility : float, default 0.10
        Per year, as a fraction.
    window : int, default 60
        Returns of the estimate (sample deviation of log returns).
    periods_per_year : float, default 252.0
        Of the bars.
    max_weight : float, default 1.0
    """

    volatility: float = 0.10
    window: int = 60
    periods_per_year: float = 252.0
    max_weight: float = 1.0

    def __post_init__(self) -> None:
        positive(
            "VolatilityTarget",
            volatility=self.volatility,
            periods_per_year=self.periods_per_year,
            max_weight=self.max_weight,
        )
        whole_bars("VolatilityTarget", "window", self.window, least=2)

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the weights; NaN before there is a volatility, and where it is 0."""
        per_bar = _columns(bars, Column("volatility", (self.window,)))[0]
        per_bar = np.where(per_bar > 0, per_bar, np.nan)
        weights: FloatArray = np.minimum(self.volatility / (per_bar * np.sqrt(self.periods_per_year)), self.max_weight)
        return weights


@dataclass(frozen=True, kw_only=True)
class RegimeSize(Sizer):
    """The size that the strategy has anyway, times the scale of the regime at the decision.

    See `regimes.regime_scale`; the uncertainty of the filtered price counts too. Each
    decision uses the label of its own close.

    Parameters
    ----------
    weight : float, default 0.10
        Where the strategy itself has no sizes.
    window : int, default 20
        Returns that the label looks back on.
    """

    weight: float = 0.10
    window: int = 20

    def __post_init__(self) -> None:
        positive("RegimeSize", weight=self.weight)
        whole_bars("RegimeSize", "window", self.window, least=2)

    def amounts(self, strategy: Strategy, bars: Bars) -> FloatArray:
        """Return the scaled sizes; NaN while there is no regime."""
        from investiq.engines.probabilistic.regimes import regime_scale

        codes, uncertainty = _columns(bars, Column("regime", (self.window,)), Column("uncertainty"))
        sizes = strategy.sizes(bars)
        scale = regime_scale(codes, uncertainty)
        return self.weight * scale if sizes is None else sizes * scale


def _columns(bars: Bars, *columns: Column) -> FloatArray:
    from investiq.strategies.columns import table

    return table(columns, bars)


def _stop_distance(bars: Bars, atr_multiple: float, atr_window: int) -> FloatArray:
    """Return the distance of the stop as a fraction of the close, NaN where there is none."""
    close, average_range = _columns(bars, Column("close"), Column("atr", (atr_window,)))
    return np.where(average_range > 0, atr_multiple * average_range / close, np.nan)
