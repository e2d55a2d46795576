"""The sentiment engine: what the news say, how much is written, and where the tone is going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.engines.base import Engine, Line, Panel
from investiq.engines.rules import FloatArray, Table
from investiq.engines.sentiment.aggregation import EVENT_COLUMNS
from investiq.engines.sentiment.articles import LOOK_BACK_DAYS
from investiq.engines.sentiment.features import FEATURES, WORDS, sentiment_features
from investiq.engines.sentiment.scorer import Scorer
from investiq.engines.sentiment.signals import MOMENTUM, SIGNALS, TONE, TONE_WEIGHT
from investiq.engines.sentiment.word_list import WordList
from investiq.history.history import History

__all__ = ["SentimentEngine"]

# As many articles as make the evidence complete.
_FULL_COUNT: Final = 10


class SentimentEngine(Engine):
    """The tone of the news of a symbol, read by a scorer.

    Parameters
    ----------
    scorer : Scorer, optional
        What reads the articles; by default the built-in word list.

    Notes
    -----
    The score is ``100 * (tone + momentum) / (4 + abs(momentum)) * n / (n + 1)``: the
    normalised tone, weighing 4, and the vote of the momentum, weighing up to 3, of n
    good or bad articles. One story reaches 48 at most, two 64; n counts distinct
    articles beyond 0.2 either way, so neutral ones add no weight to a single story.

    Confidence is ``0.4 * min(articles / 10, 1) + 0.4 * majority + 0.1``, and 0.1 more
    with FinBERT, at most 0.95; the majority is the largest share among good, bad
    and neutral articles. It is raw: no calibrated probability.

    Examples
    --------
    >>> SentimentEngine().scorer.name
    'word list'
    """

    name = "sentiment"
    version = "1"
    units = FEATURES
    words = WORDS
    rules = SIGNALS
    panels = (
        Panel(
            "News",
            (
                Line("Articles", "total_articles", f"known, distinct, of the last {LOOK_BACK_DAYS} days, at most 50"),
                Line("Average tone", "avg_sentiment", "-3 to 3; by mention, event and age, half-life 48 hours"),
                Line("Normalised tone", "normalized_score", "100 x tanh(average / 1.5)"),
                Line("Against its own past", "sentiment_z_score", "deviations, last 90 sessions"),
                Line("Good articles", "positive_articles", "tone above 0.2"),
                Line("Bad articles", "negative_articles", "tone below -0.2"),
                Line("Naming the symbol", "direct_mention_ratio"),
                Line("Tone of the last day", "news_signal", "-1 to 1; by freshness, source and clarity"),
                Line("Momentum", "sentiment_momentum", "mean tone of the last day less that of the day before"),
                Line("Acceleration", "sentiment_acceleration", "in deviations of its own slopes"),
            ),
        ),
        Panel(
            "Attention",
            (
                Line("Buzz", "buzz_ratio", "articles of 24 hours over the usual number"),
                Line("Buzz z-score", "buzz_z_score"),
                *(Line(name.removeprefix("event_breakdown_").capitalize(), name) for name in EVENT_COLUMNS),
            ),
        ),
        Panel(
            "Left out",
            (
                Line("Copies", "duplicate_articles", f"of a story within 48 hours; last {LOOK_BACK_DAYS} days"),
                Line("Roundups", "roundup_articles", f"on more than 10 symbols; last {LOOK_BACK_DAYS} days"),
                Line("From the future", "future_articles", "stamped as known before their publication"),
            ),
        ),
    )

    def __init__(self, scorer: Scorer | None = None) -> None:
        self.scorer: Scorer = WordList() if scorer is None else scorer

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features, see `sentiment_features`."""
        return sentiment_features(history, self.scorer)

    def is_ready(self, table: Table) -> NDArray[np.bool_]:
        """Return the rows at which an article of the last week is known."""
        ready: NDArray[np.bool_] = ~np.isnan(table["avg_sentiment"])
        return ready

    def why_not_ready(self, row: Mapping[str, Any]) -> str:
        """Return why a row has no score."""
        known = float(row["known_articles"])
        if np.isnan(known):
            return "the sentiment engine needs records of news, the history has none"
        if not known:
            return "the sentiment engine needs news, no article was known yet"
        return (
            f"the sentiment engine needs an article of the last {LOOK_BACK_DAYS} days; "
            f"{known:,.0f} are known, all older, left out or not yet published"
        )

    def why_missing(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the reasons for features without a value."""
        if np.isnan(float(row["known_articles"])):
            return dict.fromkeys(FEATURES, "no records of news")
        no_article = f"no article of the last {LOOK_BACK_DAYS} days"
        no_baseline = "fewer than 60 days covered by news"
        return {
            **dict.fromkeys(("avg_sentiment", "normalized_score", "direct_mention_ratio"), no_article),
            "sentiment_z_score": "no article, or fewer than 30 of the last 90 sessions with news",
            "news_signal": "no article of the last 24 hours",
            **dict.fromkeys(("buzz_ratio", "buzz_z_score", "abnormal_buzz"), no_baseline),
            "sentiment_momentum": "fewer than 3 articles in one of the last two days",
            "sentiment_acceleration": "fewer than 3 hours with news in 36 hours, or 60 rows with a slope",
        }

    def combine(self, votes: Mapping[str, FloatArray], table: Table) -> FloatArray:
        """Return the score of each row, see the notes of the class."""
        tone, momentum = votes[TONE], votes[MOMENTUM]
        score: FloatArray = 100 * (tone + momentum) / (TONE_WEIGHT + np.abs(momentum))
        # Shrunk as groups of rules are in `scoring.combine_votes`: two headlines that agree are no strong case.
        toned = table["positive_articles"] + table["negative_articles"]
        shrunk: FloatArray = score * toned / (toned + 1)
        return shrunk

    def confidence(self, table: Table, agreeing: FloatArray, count: NDArray[np.int64]) -> FloatArray:
        """Return the raw confidence of each row, see the notes of the class."""
        total = table["total_articles"]
        largest = np.max([table[f"{side}_articles"] for side in ("positive", "negative", "neutral")], axis=0)
        majority = np.divide(largest, total, out=np.zeros(total.size), where=total > 0)
        raw: FloatArray = 0.4 * np.minimum(total / _FULL_COUNT, 1) + 0.4 * majority + 0.1 * table["using_finbert"] + 0.1
        capped: FloatArray = np.minimum(raw, 0.95)
        return capped

    def tags(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the marks of a row: news that contradict or tire, abnormal attention, urgency."""
        marks = {
            "MIXED SIGNALS": row["contradictory_signal"] == 1,
            "NEWS FATIGUE": row["news_fatigue"] == 1,
            "ABNORMAL BUZZ": row["abnormal_buzz"] == 1,
            f"URGENCY {str(row['news_urgency']).upper()}": row["news_urgency"] in ("Immediate", "High"),
        }
        return tuple(mark for mark, holds in marks.items() if holds)
