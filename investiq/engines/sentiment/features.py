"""The features of the sentiment engine: tone, attention and change of the news known at every bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import causal_table
from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.aggregation import EVENT_COLUMNS, HALF_LIFE_HOURS, TONE_CUT, aggregate
from investiq.engines.sentiment.articles import LOOK_BACK_DAYS, TONE_SCALE, Articles, InstantArray, read_articles
from investiq.engines.sentiment.attention import buzz
from investiq.engines.sentiment.scorer import Scorer
from investiq.engines.sentiment.trends import block_means, velocity
from investiq.history.history import History

__all__ = ["FEATURES", "WORDS", "label_of", "sentiment_features"]

FEATURES: Final[dict[str, Unit]] = {
    "avg_sentiment": "ratio",
    "normalized_score": "score",
    "sentiment_z_score": "ratio",
    "total_articles": "count",
    "article_count": "count",
    "positive_articles": "count",
    "negative_articles": "count",
    "neutral_articles": "count",
    "direct_mention_articles": "count",
    "direct_mention_ratio": "fraction",
    **dict.fromkeys(EVENT_COLUMNS, "count"),
    "buzz_ratio": "ratio",
    "buzz_z_score": "ratio",
    "abnormal_buzz": "",
    "sentiment_momentum": "ratio",
    "sentiment_acceleration": "ratio",
    "contradictory_signal": "",
    "news_fatigue": "",
    "news_signal": "ratio",
    "news_signal_articles": "count",
    "half_life_hours": "",
    "using_finbert": "",
    "known_articles": "count",
    "duplicate_articles": "count",
    "roundup_articles": "count",
    "future_articles": "count",
}
WORDS: Final = ("sentiment_label", "news_urgency")

# The symbol's own history: the values at the ends of its last 90 sessions, at least 30 of them.
_OWN_SESSIONS: Final = 90
_OWN_LEAST: Final = 30
_DAY: Final = np.timedelta64(24, "h")
_FATIGUE_ARTICLES: Final = 10
_FATIGUE_ACCELERATION: Final = -0.2
_LABEL_CUTS: Final = (-60.0, -20.0, 20.0, 60.0)
_LABELS: Final = ("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")
_CLEAR: Final = 0.6
_MANY: Final = 3


def sentiment_features(history: History, scorer: Scorer) -> pd.DataFrame:
    """Return the causal table of the news known at every bar.

    Parameters
    ----------
    history : History
        With records of news of the main symbol; all is NaN without.
    scorer : Scorer
        Reads the tone of each article, once.

    Returns
    -------
    DataFrame of shape (n_bars, 2 + n_features)
        Index `ts`; `known_at`, `n_obs`, `FEATURES` and `WORDS`. An article counts from
        one minute after its publication, and never before the `known_at` of its record.
    """
    bars = history.bars()
    articles = read_articles(history, scorer)
    if articles is None:
        columns: dict[str, Any] = dict.fromkeys(FEATURES, np.full(len(bars), np.nan))
        return causal_table(history, {**columns, **dict.fromkeys(WORDS, "")})
    found = _columns(articles, bars.known_at, bars.ts)
    found["using_finbert"] = np.full(len(bars), float(scorer.name == "FinBERT"))
    words = {"sentiment_label": label_of(found["normalized_score"]), "news_urgency": _urgency(found)}
    return causal_table(history, {**{name: found[name] for name in FEATURES}, **words})


def label_of(score: FloatArray) -> NDArray[np.object_]:
    """Return the words for scores on the scale of -100 to 100, empty where there is none.

    Examples
    --------
    >>> label_of(np.array([-60.0, -59.0, 0.0, 20.0, 60.0, np.nan])).tolist()
    ['Very Negative', 'Negative', 'Neutral', 'Positive', 'Very Positive', '']
    """
    # The size of the score decides, so that the words are symmetric.
    place = np.searchsorted(_LABEL_CUTS[2:], np.abs(score), side="right") * np.sign(np.nan_to_num(score)).astype(int)
    words: NDArray[np.object_] = np.array(_LABELS, dtype=object)[place + 2]
    return np.where(np.isnan(score), "", words)


def _columns(articles: Articles, decisions: InstantArray, labels: InstantArray) -> dict[str, FloatArray]:
    usable, tone = articles.usable, articles.tone
    found = aggregate(articles, decisions)
    found |= buzz(usable, decisions)
    total = found["total_articles"]
    newer, older = block_means(usable, TONE_SCALE * tone, decisions, _DAY, 2)
    acceleration = velocity(usable, 100 * tone, decisions)["acceleration_z"]
    has_neutral_majority = found["neutral_articles"] > total / 2
    is_tired = (total >= _FATIGUE_ARTICLES) & (found["abnormal_buzz"] == 1) & has_neutral_majority
    look_back = np.timedelta64(LOOK_BACK_DAYS, "D")
    return found | {
        "article_count": total,
        "direct_mention_ratio": np.divide(
            found["direct_mention_articles"], total, out=np.full(total.size, np.nan), where=total > 0
        ),
        "sentiment_z_score": _own_z_score(found["avg_sentiment"], labels),
        "sentiment_momentum": newer - older,
        "sentiment_acceleration": acceleration,
        "news_fatigue": (is_tired & (acceleration < _FATIGUE_ACCELERATION)).astype(float),
        "half_life_hours": np.full(total.size, HALF_LIFE_HOURS),
        "known_articles": _count(articles.stamped, decisions),
        "duplicate_articles": _count(articles.copies, decisions) - _count(articles.copies, decisions - look_back),
        "roundup_articles": _count(articles.roundups, decisions) - _count(articles.roundups, decisions - look_back),
        "future_articles": _count(articles.stamped, decisions) - _count(articles.appeared, decisions),
    }


def _count(instants: InstantArray, decisions: InstantArray) -> FloatArray:
    return np.searchsorted(instants, decisions, side="right").astype(float)


def _own_z_score(average: FloatArray, labels: InstantArray) -> FloatArray:
    """Return each average in deviations from the values at the ends of the sessions before."""
    days = labels.astype("datetime64[D]")
    is_last = np.append(days[1:] != days[:-1], True) if days.size else np.zeros(0, dtype=bool)
    past = pd.Series(average[is_last]).shift(1).rolling(_OWN_SESSIONS, min_periods=_OWN_LEAST)
    mean, deviation = past.mean().to_numpy(), past.std(ddof=1).to_numpy()
    session = np.cumsum(np.insert(is_last[:-1], 0, False)) if days.size else np.zeros(0, dtype=np.int64)
    mean, deviation = mean[session], deviation[session]
    z_score = np.where(np.isnan(average) | np.isnan(deviation), np.nan, 0.0)
    # Rounding leaves a tiny deviation in a past that did not vary.
    np.divide(average - mean, deviation, out=z_score, where=deviation > 1e-9)
    return z_score


def _urgency(found: Mapping[str, FloatArray]) -> NDArray[np.object_]:
    size, many = np.abs(found["news_signal"]), found["news_signal_articles"] >= _MANY
    cases = [np.isnan(size), (size >= _CLEAR) & many, size >= _CLEAR, size >= TONE_CUT]
    words: NDArray[np.object_] = np.select(cases, ["", "Immediate", "High", "Medium"], "Low").astype(object)
    return words
