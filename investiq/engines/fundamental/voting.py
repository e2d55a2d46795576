"""The shapes that most rules of the fundamental engine have: a level, and a deviation from the company's own past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.scoring import weight_of_z

__all__ = ["by_level", "by_past", "held_back", "level_votes", "past_votes", "within"]

Vote = Callable[[Table], FloatArray]
Sides = Callable[[Table], tuple[NDArray[np.bool_], NDArray[np.bool_]]]
# A side that a level does not have.
NEVER: Final = np.nan


def past_votes(feature: str, bullish: float = 1.0, bearish: float = -1.0, sides: Sides | None = None) -> Vote:
    """Return the vote of a z-score: bullish beyond `bullish`, bearish beyond `bearish`, as heavy as it is far.

    `bullish` below `bearish` says that low is good. `sides` tells where the level
    itself lets a bullish and where it lets a bearish vote stand.
    """

    def vote(t: Table) -> FloatArray:
        """Return the signed weight of each row."""
        z = t[feature]
        good, bad = (z > bullish, z < bearish) if bullish > bearish else (z < bullish, z > bearish)
        if sides is not None:
            may_be_good, may_be_bad = sides(t)
            good, bad = good & may_be_good, bad & may_be_bad
        votes = side(good, bad)
        return np.where(votes == 0, 0.0, votes * weight_of_z(np.nan_to_num(z)))

    return vote


def within(feature: str, good_above: float = -np.inf, bad_below: float = np.inf) -> Sides:
    """Return where a level is high enough for a bullish vote of its deviation, and low enough for a bearish one."""
    return lambda t: (t[feature] > good_above, t[feature] < bad_below)


def level_votes(
    feature: str, bullish: float, bearish: float, weights: tuple[float, float], *, low_is_good: bool = False
) -> Vote:
    """Return the vote of a level: `weights` on its bullish and its bearish side, none for a limit that is NaN."""

    def vote(t: Table) -> FloatArray:
        value = t[feature]
        good, bad = (value < bullish, value > bearish) if low_is_good else (value > bullish, value < bearish)
        return weights[0] * good.astype(float) - weights[1] * bad

    return vote


def held_back(vote: Vote, *others: Vote) -> Vote:
    """Return `vote` silent where one of `others` speaks: they measure the same fact."""

    def silent(t: Table) -> FloatArray:
        spoken = np.any([other(t) != 0 for other in others], axis=0)
        return np.where(spoken, 0.0, vote(t))

    return silent


def by_past(
    title: str, group: str, feature: str, sides: Sides | None = None, bullish: float = 1.0, bearish: float = -1.0
) -> VoteRule:
    """Return the rule on how far a trailing year's `feature` lies from its past three years, see `past_votes`."""
    z = f"{feature}_z_score"
    text = f"{title.lower()} {{{feature}}}, {{{z}}} deviations from its past three years"
    names = (f"{title} Above Its Past", f"{title} Below Its Past")
    low_is_good = bullish < bearish
    return VoteRule(
        names=(names[1], names[0]) if low_is_good else names,
        group=group,
        vote=past_votes(z, bullish, bearish, sides),
        value=z,
        thresholds=(bullish, bearish),
        unit="ratio",
        texts=(text, text),
        dated="filing_day",
    )


def by_level(
    names: tuple[str, str],
    group: str,
    feature: str,
    unit: Unit,
    limits: tuple[float, float],
    weights: tuple[float, float],
    words: str,
    *,
    low_is_good: bool = False,
    without_past: bool = False,
    unless: tuple[Vote, ...] = (),
) -> VoteRule:
    """Return the rule on the level of a feature.

    Parameters
    ----------
    names, group, feature, unit
        As in `VoteRule`.
    limits : (bullish, bearish)
        NaN for a side that it does not have.
    weights : (bullish, bearish)
    words : str
        What the feature is, for the evidence.
    low_is_good : bool, default False
    without_past : bool, default False
        Speaks only where the feature has no z-score.
    unless : tuple of callable
        Votes on the same fact, which go first.
    """
    vote = level_votes(feature, *limits, weights, low_is_good=low_is_good)
    if unless:
        vote = held_back(vote, *unless)
    if without_past:
        vote = _without(f"{feature}_z_score", vote)
    return VoteRule(
        names=names,
        group=group,
        vote=vote,
        value=feature,
        thresholds=limits,
        unit=unit,
        texts=(f"{words} {{{feature}}}", f"{words} {{{feature}}}"),
        dated="filing_day",
    )


def _without(z: str, vote: Vote) -> Vote:
    return lambda t: np.where(np.isnan(t[z]), vote(t), 0.0)
