"""The signals of the sentiment engine: the tone itself, and where it is going."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.rules import FloatArray, Table, VoteRule, side

__all__ = ["MOMENTUM", "SIGNALS", "TONE", "TONE_WEIGHT"]

TONE: Final = "tone"
MOMENTUM: Final = "momentum"
# The tone votes in proportion: a normalised score of 100 has the weight of a whole group.
TONE_WEIGHT: Final = 4.0
# Differences of two days' mean tones, on the scale from -3 to 3, and of slopes in own deviations.
_RAPID: Final = 1.5
_ACCELERATING: Final = 1.0


def _tone(t: Table) -> FloatArray:
    return TONE_WEIGHT * np.nan_to_num(t["normalized_score"]) / 100


def _momentum(t: Table) -> FloatArray:
    change = t["sentiment_momentum"]
    return side(change > _RAPID, change < -_RAPID, 2.0)


def _acceleration(t: Table) -> FloatArray:
    change = t["sentiment_acceleration"]
    return side(change > _ACCELERATING, change < -_ACCELERATING)


SIGNALS: Final = (
    VoteRule(
        names=("News Tone Positive", "News Tone Negative"),
        group=TONE,
        vote=_tone,
        value="normalized_score",
        thresholds=(0.0, 0.0),
        unit="score",
        texts=(
            "tone {normalized_score} of {total_articles} articles, {positive_articles} good and {negative_articles} bad",
            "tone {normalized_score} of {total_articles} articles, {negative_articles} bad and {positive_articles} good",
        ),
    ),
    VoteRule(
        names=("News Rapidly Improving", "News Rapidly Deteriorating"),
        group=MOMENTUM,
        vote=_momentum,
        value="sentiment_momentum",
        thresholds=(_RAPID, -_RAPID),
        unit="ratio",
        texts=(
            "mean tone of the last day {sentiment_momentum} above the day before",
            "mean tone of the last day {sentiment_momentum} from the day before",
        ),
    ),
    VoteRule(
        names=("News Tone Accelerating", "News Tone Decelerating"),
        group=MOMENTUM,
        vote=_acceleration,
        value="sentiment_acceleration",
        thresholds=(_ACCELERATING, -_ACCELERATING),
        unit="ratio",
        texts=(
            "slope of the tone up by {sentiment_acceleration} of its own deviations a day",
            "slope of the tone changed by {sentiment_acceleration} of its own deviations a day",
        ),
    ),
)
