"""The mood of the latest news, from -100 to 100; no vote and no adjustment, since the sentiment engine reads the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.engines.base import Line, Panel
from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.articles import Articles, read_articles
from investiq.engines.sentiment.word_list import WordList
from investiq.engines.supplementary.topics import Topic
from investiq.history.history import History

__all__ = ["TOPIC", "mood_of"]

# The newest articles, of a week at most; a clear article; a clear mood.
_NEWEST: Final = 30
_LOOK_BACK: Final = np.timedelta64(7 * 24, "h")
_CLEAR_ARTICLE: Final = 0.5 / 3
MOOD_CUT: Final = 20.0
# Articles of a day that make the usual amount, and the most that is told.
_USUAL: Final = 5
_MOST: Final = 2.0
_HEADLINES: Final = 5
_DAY: Final = np.timedelta64(24, "h")

_NUMBERS: Final = ("score", "articles", "positive", "negative", "buzz")
_WORDS: Final = ("news_sentiment_mood", "news_sentiment_headlines")


def mood_of(score: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """Return Bullish above 20, Bearish below -20, else Neutral; empty where there is no score."""
    cases = [np.isnan(score), score > MOOD_CUT, score < -MOOD_CUT]
    return np.select(cases, ["", "Bullish", "Bearish"], "Neutral").astype(object)


def _features(history: History) -> Mapping[str, Any]:
    articles = read_articles(history, WordList())
    bars = history.bars()
    if articles is None:
        numbers: dict[str, Any] = {f"news_sentiment_{name}": np.full(len(bars), np.nan) for name in _NUMBERS}
        return {**numbers, **{name: np.full(len(bars), "", dtype=object) for name in _WORDS}}
    last = np.searchsorted(articles.usable, bars.known_at, side="right")
    week = np.searchsorted(articles.usable, bars.known_at - _LOOK_BACK, side="right")
    first = np.maximum(week, last - _NEWEST)
    score = 100 * _mean(articles.tone, first, last)
    today = last - np.searchsorted(articles.usable, bars.known_at - _DAY, side="right")
    return {
        "news_sentiment_score": score,
        "news_sentiment_articles": (last - first).astype(float),
        "news_sentiment_positive": _sums(articles.tone > _CLEAR_ARTICLE, first, last),
        "news_sentiment_negative": _sums(articles.tone < -_CLEAR_ARTICLE, first, last),
        "news_sentiment_buzz": np.minimum(today / _USUAL, _MOST),
        "news_sentiment_mood": mood_of(score),
        "news_sentiment_headlines": _headlines(articles, first, last),
    }


def _sums(values: Any, first: Any, last: Any) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    # Rounded, because differences of running sums may pass a threshold by their last digit.
    sums: FloatArray = np.round(total[last] - total[first], 9)
    return sums


def _mean(values: FloatArray, first: Any, last: Any) -> FloatArray:
    count = (last - first).astype(float)
    mean = np.full(count.size, np.nan)
    np.divide(_sums(values, first, last), count, out=mean, where=count > 0)
    return mean


def _headlines(articles: Articles, first: Any, last: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """Return the newest titles of each row, the newest first, one a line."""
    # Rows between two articles show the same ones.
    starts = np.maximum(first, last - _HEADLINES)
    made: dict[tuple[int, int], str] = {}
    for key in zip(starts.tolist(), last.tolist(), strict=True):
        if key not in made:
            made[key] = "\n".join(articles.titles[key[0] : key[1]][::-1])
    return np.array([made[key] for key in zip(starts.tolist(), last.tolist(), strict=True)], dtype=object)


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    if np.isnan(float(row["news_sentiment_articles"])):
        return {f"news_sentiment_{name}": "no records of news" for name in _NUMBERS}
    return {"news_sentiment_score": "no article of the last 7 days"}


TOPIC: Final = Topic(
    name="news_sentiment",
    units={
        "news_sentiment_score": "score",
        "news_sentiment_articles": "count",
        "news_sentiment_positive": "count",
        "news_sentiment_negative": "count",
        "news_sentiment_buzz": "fraction",
    },
    words=_WORDS,
    features=_features,
    panels=(
        Panel(
            "News sentiment",
            (
                Line("Score", "news_sentiment_score", "mean tone of the newest 30 articles of 7 days, word list"),
                Line("Articles", "news_sentiment_articles"),
                Line("Good", "news_sentiment_positive", "tone above 0.17"),
                Line("Bad", "news_sentiment_negative", "tone below -0.17"),
                Line("Buzz", "news_sentiment_buzz", "articles of 24 hours over 5, at most 200 %"),
            ),
        ),
    ),
    needs="records of news",
    why_missing=_why_missing,
)
