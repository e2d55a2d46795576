"""How fast the mood of the news changes, measured in deviations of the symbol's own slopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.engines.base import Line, Panel
from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.articles import read_articles
from investiq.engines.sentiment.trends import SPAN, block_means, points_in, velocity
from investiq.engines.sentiment.word_list import WordList
from investiq.engines.supplementary.news_sentiment import mood_of
from investiq.engines.supplementary.topics import Topic
from investiq.history.history import History

__all__ = ["TOPIC"]

# In deviations of own slopes: a slope that is felt, a change of it that is.
_FELT: Final = 0.5
_CHANGING: Final = 0.3
# Points of the score a day, of a felt slope.
_RAPID: Final = 5.0
_CLEAR: Final = 1.0
# Halves of a week: points of the score apart that make a trend, and a new story.
_TREND: Final = 10.0
_SHIFT: Final = 30.0
_LEAST_POINTS: Final = 5
_HALF_WEEK: Final = np.timedelta64(84, "h")
_DAY: Final = np.timedelta64(24, "h")
# What makes the evidence complete: points, articles a day, and hours between the first and the last.
_FULL_POINTS: Final = 10
_FULL_ARTICLES: Final = 20
_FULL_HOURS: Final = 72.0
_SPAN_DAYS: Final = 3

_UNITS: Final[dict[str, Any]] = {
    "news_velocity": "ratio",
    "news_velocity_z": "ratio",
    "news_velocity_acceleration_z": "ratio",
    "news_velocity_points": "count",
    "news_velocity_confidence": "fraction",
    "news_velocity_shift": "score",
    "news_velocity_shift_confidence": "fraction",
}
_WORDS: Final = (
    "news_velocity_signal", "news_velocity_speed", "news_velocity_change", "news_velocity_trend", "news_velocity_story",
)  # fmt: skip


def _features(history: History) -> Mapping[str, Any]:
    articles = read_articles(history, WordList())
    decisions = history.bars().known_at
    if articles is None:
        missing: dict[str, Any] = {name: np.full(decisions.size, np.nan) for name in _UNITS}
        return {**missing, **{name: np.full(decisions.size, "", dtype=object) for name in _WORDS}}
    usable, score = articles.usable, 100 * articles.tone
    found = velocity(usable, score, decisions)
    speed, speed_z, change_z = found["velocity"], found["velocity_z"], found["acceleration_z"]
    first = np.searchsorted(usable, decisions - SPAN, side="right")
    last = np.searchsorted(usable, decisions, side="right")
    points = points_in(usable, first, last)
    days = block_means(usable, score, decisions, _DAY, 3, least=1)
    newer, older = block_means(usable, score, decisions, _HALF_WEEK, 2)
    week = np.searchsorted(usable, decisions - 2 * _HALF_WEEK, side="right")
    has_story = points_in(usable, week, last) >= _LEAST_POINTS
    shift = np.where(has_story, newer - older, np.nan)
    is_new = (np.abs(shift) > _SHIFT) & (mood_of(newer) != mood_of(older))
    return {
        "news_velocity": speed,
        "news_velocity_z": speed_z,
        "news_velocity_acceleration_z": change_z,
        "news_velocity_points": points.astype(float),
        "news_velocity_confidence": _confidence(usable, first, last, points),
        "news_velocity_shift": shift,
        "news_velocity_shift_confidence": np.where(is_new, np.minimum(np.abs(shift) / 100, 1.0), np.nan),
        "news_velocity_signal": _signal(speed_z, change_z, days),
        "news_velocity_speed": _speed_words(speed, speed_z),
        "news_velocity_change": _words(change_z, [change_z > 1, change_z < -1], ["accelerating", "decelerating"]),
        "news_velocity_trend": _words(shift, [shift > _TREND, shift < -_TREND], ["improving", "declining"]),
        "news_velocity_story": _story(newer, older, is_new),
    }


def _confidence(usable: Any, first: Any, last: Any, points: Any) -> FloatArray:
    """Return how much a slope rests on: its points, articles a day, and the hours that they span."""
    has = points > 0
    span = np.zeros(points.size)
    span[has] = (usable[last[has] - 1] - usable[first[has]]) / np.timedelta64(1, "h")
    daily = (last - first) / _SPAN_DAYS
    raw = (
        0.4 * np.minimum(points / _FULL_POINTS, 1)
        + 0.3 * np.minimum(daily / _FULL_ARTICLES, 1)
        + 0.3 * np.minimum(span / _FULL_HOURS, 1)
    )
    return np.where(has, raw, np.nan)


def _signal(speed: FloatArray, change: FloatArray, days: list[FloatArray]) -> Any:
    is_changing = np.abs(change) > _CHANGING
    has_turned = is_changing & ((days[0] - days[1]) * (days[1] - days[2]) < 0)
    cases = [
        np.isnan(speed) | np.isnan(change),
        (np.abs(speed) < _FELT) & is_changing,
        (speed > _FELT) & (change > 0),
        (speed < -_FELT) & (change < 0),
        is_changing & (speed * change < 0),
        has_turned,
    ]
    names = ["", "turning point", "accelerating positive", "accelerating negative", "decelerating", "turning point"]
    return np.select(cases, names, "stable").astype(object)


def _speed_words(speed: FloatArray, speed_z: FloatArray) -> Any:
    # A slope within what is usual for the symbol is noise, however many points a day it makes.
    is_felt = np.abs(speed_z) > _FELT
    cases = [speed > _RAPID, speed > _CLEAR, speed < -_RAPID, speed < -_CLEAR]
    names = ["rapidly improving", "improving", "rapidly declining", "declining"]
    return _words(speed_z, [is_felt & case for case in cases], names)


def _story(newer: FloatArray, older: FloatArray, is_new: Any) -> Any:
    moods = np.array([f"{before} to {after}" for before, after in zip(mood_of(older), mood_of(newer), strict=True)])
    return np.where(is_new, moods, "").astype(object)


def _words(value: FloatArray, cases: list[Any], names: list[str]) -> Any:
    return np.select([np.isnan(value), *cases], ["", *names], "stable").astype(object)


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    marks = {
        "NEWS TURNING POINT": row["news_velocity_signal"] == "turning point",
        "NARRATIVE SHIFT": bool(row["news_velocity_story"]),
    }
    return tuple(mark for mark, holds in marks.items() if holds)


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    if np.isnan(float(row["news_velocity_points"])):
        return dict.fromkeys(_UNITS, "no records of news")
    own = "no slope, or fewer than 60 rows with one before"
    return {
        "news_velocity": "fewer than 3 hours with news in 72 hours",
        "news_velocity_z": own,
        "news_velocity_acceleration_z": f"{own}; or fewer than 3 hours with news in one of the halves",
        "news_velocity_confidence": "no news in 72 hours",
        "news_velocity_shift": "fewer than 5 hours with news in 7 days, or 3 articles in one of the halves",
        "news_velocity_shift_confidence": "the mood has not shifted",
    }


TOPIC: Final = Topic(
    name="news_velocity",
    units=_UNITS,
    words=_WORDS,
    features=_features,
    panels=(
        Panel(
            "Change of the news",
            (
                Line("Velocity", "news_velocity", "slope of the score over 72 hours, points a day"),
                Line("In own deviations", "news_velocity_z", "of the slopes of the 252 rows before"),
                Line("Acceleration", "news_velocity_acceleration_z", "slope of 36 hours less that before, a day"),
                Line("Points", "news_velocity_points", "hours with news in 72 hours"),
                Line("Confidence", "news_velocity_confidence"),
                Line("Shift of the mood", "news_velocity_shift", "3.5 days less the 3.5 before, points"),
            ),
        ),
    ),
    needs="records of news",
    tags=_tags,
    why_missing=_why_missing,
)
