"""What the newest articles say together, at every decision time at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.articles import LOOK_BACK_DAYS, TONE_SCALE, Articles, InstantArray
from investiq.engines.sentiment.events import EVENTS

__all__ = ["COLUMNS", "HALF_LIFE_HOURS", "NEWEST", "TONE_CUT", "aggregate"]

# At most so many articles count at a row, the newest, and none older than a week.
NEWEST: Final = 50
# Fixed: a half-life that follows the oldest article would let one stale story change every weight.
HALF_LIFE_HOURS: Final = 48.0
# An article is good or bad news beyond this tone, whatever the others say.
TONE_CUT: Final = 0.2
# Of the average on the scale from -3 to 3 that is good or bad news.
_STRONG_AVERAGE: Final = 2.0
NORMAL_AVERAGE: Final = 1.5
# Age in hours below which news are fresher, and what freshness adds to their impact.
_FRESHNESS: Final = ((1, 0.3), (6, 0.2), (24, 0.1))
_HOUR: Final = 3.6e9
_LOOK_BACK: Final = np.timedelta64(LOOK_BACK_DAYS * 24, "h")
_BLOCK: Final = 4096

EVENT_COLUMNS: Final = tuple(f"event_breakdown_{name}" for name in EVENTS)
COLUMNS: Final = (
    "avg_sentiment", "normalized_score", "total_articles", "positive_articles", "negative_articles",
    "neutral_articles", "direct_mention_articles", *EVENT_COLUMNS, "contradictory_signal", "news_signal",
    "news_signal_articles",
)  # fmt: skip


def aggregate(articles: Articles, decisions: InstantArray) -> dict[str, FloatArray]:
    """Return what the articles known at each decision time say.

    Parameters
    ----------
    articles : Articles
    decisions : ndarray of datetime64[us], shape (n_rows,)
        Ascending.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        `COLUMNS`. The average, and what follows from it, is NaN at rows without an
        article, `news_signal` at rows without one of the last 24 hours; counts are 0.

    Notes
    -----
    ``avg_sentiment`` is the mean of 3 x tone, weighted by mention x event x
    ``0.5 ** (age / 48 h)``; ``normalized_score`` is ``100 * tanh(avg / 1.5)``. The scale
    is fixed: articles that agree on mild news stay mild.
    """
    blocks = [
        _aggregate(articles, decisions[first : first + _BLOCK]) for first in range(0, max(decisions.size, 1), _BLOCK)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in COLUMNS}


def _aggregate(articles: Articles, decisions: InstantArray) -> dict[str, FloatArray]:
    if not articles.usable.size:
        nothing = dict.fromkeys(COLUMNS, np.zeros(decisions.size))
        return {**nothing, **dict.fromkeys(("avg_sentiment", "normalized_score", "news_signal"), _nan(decisions.size))}
    known = np.searchsorted(articles.usable, decisions, side="right")
    recent = known - np.searchsorted(articles.usable, decisions - _LOOK_BACK, side="right")
    # Articles by decision times, the oldest first: sums go down the columns, so that the rows above, which
    # are empty where there are fewer articles, do not change the last digit.
    places = known + np.arange(-min(NEWEST, int(recent.max(initial=1))), 0)[:, np.newaxis]
    is_there = places >= 0
    places = np.maximum(places, 0)
    age = (decisions.astype(np.int64) - articles.published.astype(np.int64)[places]) / _HOUR
    is_there &= age <= 24 * LOOK_BACK_DAYS
    age = np.where(is_there, age, 0.0)
    tone = articles.tone[places]
    weight = is_there * articles.weight[places] * np.exp2(-age / HALF_LIFE_HOURS)
    average = _ratio((weight * tone).sum(axis=0), weight.sum(axis=0)) * TONE_SCALE
    events = np.where(is_there, articles.events[places], 0)
    by_event = {name: (events >> place & 1).sum(axis=0).astype(float) for place, name in enumerate(EVENT_COLUMNS)}
    counts = {
        "total_articles": is_there,
        "positive_articles": is_there & (tone > TONE_CUT),
        "negative_articles": is_there & (tone < -TONE_CUT),
        "neutral_articles": is_there & (np.abs(tone) <= TONE_CUT),
        "direct_mention_articles": is_there & articles.is_mentioned[places],
    }
    signal, fresh = _news_signal(tone, age, is_there, articles.is_leading[places])
    return {
        "avg_sentiment": average,
        "normalized_score": 100 * np.tanh(average / NORMAL_AVERAGE),
        **{name: flags.sum(axis=0).astype(float) for name, flags in counts.items()},
        **by_event,
        "contradictory_signal": _is_contradictory(average, by_event),
        "news_signal": signal,
        "news_signal_articles": fresh,
    }


def _news_signal(
    tone: FloatArray, age: FloatArray, is_there: NDArray[np.bool_], is_leading: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return the mean tone of the last 24 hours, weighted by impact and clarity, and its articles."""
    is_fresh = is_there & (age < _FRESHNESS[-1][0])
    freshness = np.select([age < hours for hours, _ in _FRESHNESS], [more for _, more in _FRESHNESS], 0.0)
    impact = np.minimum(0.5 + freshness + 0.2 * is_leading, 1.0)
    weight = is_fresh * impact * np.abs(tone)
    total = weight.sum(axis=0)
    count = is_fresh.sum(axis=0).astype(float)
    # Articles without a tone have no weight: together they say nothing either way.
    signal = np.where(count > 0, 0.0, np.nan)
    np.divide((weight * tone).sum(axis=0), total, out=signal, where=total > 0)
    return signal, count


def _is_contradictory(average: FloatArray, by_event: dict[str, FloatArray]) -> FloatArray:
    """Return 1 where good news stand beside a legal or regulatory event, or bad news beside earnings or analysts."""

    def any_of(*names: str) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.any([by_event[f"event_breakdown_{name}"] > 0 for name in names], axis=0)
        return found

    good = (average > _STRONG_AVERAGE) & any_of("legal", "regulatory")
    bad = (average < -_STRONG_AVERAGE) & any_of("earnings", "analyst")
    flags: FloatArray = (good | bad).astype(float)
    return flags


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    ratio = _nan(above.size)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def _nan(size: int) -> FloatArray:
    return np.full(size, np.nan)
