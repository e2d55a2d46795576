"""Several strategies, one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.analysis.ensemble import EnsembleMethod, joint_side
from investiq.core.errors import ConfigError
from investiq.strategies.base import FloatArray, PanelStrategy, Strategy, whole_bars

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["Ensemble"]


class _Views(NamedTuple):
    """What each member stands for at each bar, shape (n_members, n_bars): 1, -1 or 0, and how sure it is."""

    side: FloatArray
    confidence: FloatArray
    counts: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Ensemble(Strategy):
    """Decide as several strategies together do.

    A member stands for its last decision until its next one, and for nothing before
    its first. Members with a confidence below `min_confidence` do not count; with
    fewer than `min_strategies` that do, there is no joint view. Decided is on the
    bar on which the joint view becomes another one.

    Parameters
    ----------
    strategies : tuple of Strategy
        At least two.
    method : str, default "weighted_average"
        ``"weighted_average"`` of the sides, 1 and -1; ``"confidence_weighted"``:
        likewise, each weight times the member's confidence; ``"majority"``: more
        than half of those that count; ``"unanimous"``: all of them;
        ``"maximum_confidence"``: the surest one, the first of equals.
    weights : tuple of float, optional
        One per member, for the two averages; by default equal.
    threshold : float, default 0.3
        Size of an average from which it is a view, in (0, 1].
    min_strategies : int, default 2
    min_confidence : float, default 0.6

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    Its own confidence is the mean of the members that count and agree with it.
    What the members ask of a run (stops and the like) is not taken over.

    Examples
    --------
    >>> import investiq as iq
    >>> both = iq.strategies.Ensemble(
    ...     strategies=(iq.strategies.Breakout(), iq.strategies.Crossover()), method="unanimous"
    ... )
    >>> int(np.count_nonzero(both.decide(iq.load_bars("^GSPC")) == 1))
    39
    """

    strategies: tuple[Strategy, ...]
    method: EnsembleMethod = "weighted_average"
    weights: tuple[float, ...] | None = None
    threshold: float = 0.3
    min_strategies: int = 2
    min_confidence: float = 0.6

    def __post_init__(self) -> None:
        object.__setattr__(self, "strategies", tuple(self.strategies))
        if len(self.strategies) < 2 or not all(_is_single(each) for each in self.strategies):
            raise ConfigError(f"Ensemble: strategies must be two or more for a single symbol, were {self.strategies!r}")
        if self.method not in get_args(EnsembleMethod):
            raise ConfigError(
                f"Ensemble: method must be one of {', '.join(get_args(EnsembleMethod))}, was {self.method!r}"
            )
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(self.weights))
            if len(self.weights) != len(self.strategies) or not all(0 < each < np.inf for each in self.weights):
                raise ConfigError(
                    f"Ensemble: weights must be {len(self.strategies)} numbers above 0, one per strategy, were {self.weights}"
                )
        whole_bars("Ensemble", "min_strategies", self.min_strategies)
        if not (0 < self.threshold <= 1 and 0 <= self.min_confidence <= 1):
            raise ConfigError(
                "Ensemble: expected 0 < threshold <= 1 and 0 <= min_confidence <= 1, were "
                f"{self.threshold} and {self.min_confidence}"
            )

    @property
    def warmup(self) -> int:
        """The shortest after which enough members can have a view."""
        first = sorted(each.warmup for each in self.strategies)
        return first[min(self.min_strategies, len(first)) - 1]

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Return 1 or -1 where the joint view becomes that, else 0."""
        side = self._joint(self._views(bars))
        last = _last_known(side != 0)
        before = np.where(last[:-1] >= 0, side[last[:-1]], 0)
        decisions = np.where(side != np.concatenate([[0], before])[: side.size], side, 0)
        return decisions.astype(np.int8)

    def confidences(self, bars: Bars) -> FloatArray:
        """Return the mean confidence of the members behind the joint view, NaN where there is none."""
        views = self._views(bars)
        agree = views.counts & (views.side == self._joint(views))
        count = agree.sum(axis=0)
        mean: FloatArray = np.full(count.shape, np.nan)
        np.divide((views.confidence * agree).sum(axis=0), count, out=mean, where=count > 0)
        return mean

    def _views(self, bars: Bars) -> _Views:
        side, confidence = np.zeros((2, len(self.strategies), len(bars)))
        for row, each in enumerate(self.strategies):
            decisions, sure = each.decide(bars), each.confidences(bars)
            last = _last_known(np.abs(decisions) == 1)
            known = last >= 0
            side[row, known] = decisions[last[known]]
            confidence[row, known] = 1.0 if sure is None else np.nan_to_num(sure[last[known]])
        return _Views(side, confidence, (side != 0) & (confidence >= self.min_confidence))

    def _joint(self, views: _Views) -> FloatArray:
        """Return the joint side of each bar: 1, -1, or 0 for none."""
        return joint_side(
            views.side,
            views.confidence,
            method=self.method,
            weights=self.weights,
            threshold=self.threshold,
            min_members=self.min_strategies,
            min_confidence=self.min_confidence,
        )


def _is_single(strategy: object) -> bool:
    return isinstance(strategy, Strategy) and not isinstance(strategy, PanelStrategy)


def _last_known(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the newest row up to each one that is known, -1 before the first."""
    return np.maximum.accumulate(np.where(known, np.arange(known.size), -1))
