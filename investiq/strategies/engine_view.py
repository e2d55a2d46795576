"""Trade what the analysis engines say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.strategies.base import Column, FloatArray, Rule, Strategy

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["ENGINE_WEIGHTS", "EngineView", "weighted_view"]

ENGINE_WEIGHTS: Final[Mapping[str, float]] = {"technical": 60.0, "quant": 40.0}


def weighted_view(views: Mapping[str, FloatArray], weights: Mapping[str, float] = ENGINE_WEIGHTS) -> FloatArray:
    """Return the weighted mean of what several engines say, of those that say something.

    Scores and confidences are combined alike: weights are divided by the sum of
    those present, so that a missing engine neither drags a score towards 0 nor
    lowers a confidence.

    Parameters
    ----------
    views : mapping of str to ndarray of shape (n_bars,)
        Score or confidence by engine, NaN where it has none.
    weights : mapping of str to float, default 60 for technical, 40 for quant

    Returns
    -------
    ndarray of shape (n_bars,)
        Not rounded; NaN where no engine says anything.

    Raises
    ------
    DataError
        If there is no view, or one without a weight.

    Examples
    --------
    >>> weighted_view({"technical": np.array([50.0, 50.0]), "quant": np.array([-20.0, np.nan])})
    array([22., 50.])
    """
    if not views or (unknown := [name for name in views if name not in weights]):
        raise DataError(
            f"expected views of {', '.join(weights)}, were {', '.join(views) or 'none'}"
            + (f"; give a weight for {', '.join(unknown)}" if views else "")
        )
    values = np.stack(list(views.values()))
    parts = np.array([weights[name] for name in views])[:, np.newaxis] * ~np.isnan(values)
    total = parts.sum(axis=0)
    mean: FloatArray = np.full(total.shape, np.nan)
    np.divide((parts * np.nan_to_num(values)).sum(axis=0), total, out=mean, where=total > 0)
    return mean


@dataclass(frozen=True, kw_only=True)
class EngineView(Strategy):
    """Buy what the engines call a buy, sell what they call a sell.

    Buy when the score is at least `buy`, sell when it is at most `sell`; 5 and -5
    are where the labels "Weak Buy" and "Weak Sell" begin. The confidence of a
    decision is that of the engines, so that the run's `confidence_threshold` acts.

    Parameters
    ----------
    buy, sell : float, default 5 and -5
        In [-100, 100]; sell below buy.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    The vote is 60 technical to 40 quant, over the engines that are present, each on
    the bars alone: statements, news and other symbols do not reach a strategy of one
    symbol. `iq.analyze` hears all four engines and weighs them by the regime.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018")
    >>> first = iq.strategies.EngineView().signals(bars)[0]
    >>> first.bar, first.side, round(first.confidence, 3)
    (40, 'sell', 0.52)
    """

    buy: float = 5.0
    sell: float = -5.0

    def __post_init__(self) -> None:
        if not -100 <= self.sell < self.buy <= 100:
            raise ConfigError(
                f"{self.name}: scores lie in [-100, 100] with sell below buy, were sell={self.sell!r} and buy={self.buy!r}"
            )

    @property
    def warmup(self) -> int:
        """The quant engine needs 30 bars; the technical one joins it from 50 on."""
        return 29

    def columns(self) -> tuple[Column, ...]:
        """Return the score of both engines."""
        return (Column("engine_score"),)

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.score_threshold
        return rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return the two scores."""
        return self.buy, self.sell

    def confidences(self, bars: Bars) -> FloatArray:
        """Return the confidence of the engines, NaN where there is no score."""
        from investiq.strategies.columns import table

        confidence: FloatArray = table((Column("engine_confidence"),), bars)[0]
        return confidence
