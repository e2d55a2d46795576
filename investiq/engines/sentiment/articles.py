"""The news of a symbol as arrays: read once, in the order in which each article may be used."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.engines.joining import known_instants
from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.duplicates import are_copies
from investiq.engines.sentiment.events import event_codes, multipliers_of
from investiq.engines.sentiment.scorer import Scorer
from investiq.engines.sentiment.word_list import WordList
from investiq.history.history import History
from investiq.history.records import Records

__all__ = ["DELAY", "LOOK_BACK_DAYS", "TONE_SCALE", "Articles", "read_articles"]

InstantArray = NDArray[np.datetime64]

# Nobody acts on an article in the instant of its stamp.
DELAY: Final = np.timedelta64(60_000_000, "us")
# Older articles are no news. One that becomes known later than that, as in a backlog, never counts.
LOOK_BACK_DAYS: Final = 7
# Tones are published from -3 to 3.
TONE_SCALE: Final = 3.0
# An article on more symbols than this says little about any of them.
ROUNDUP_SYMBOLS: Final = 10
FEW_SYMBOLS: Final = 2
MENTION_WEIGHTS: Final = {"few": 1.5, "several": 1.2, "none": 0.5}
_LEADING_SOURCES: Final = r"reuters|bloomberg|cnbc|wsj|wall street journal|financial times"


@dataclass(frozen=True, kw_only=True, eq=False)
class Articles:
    """Distinct articles on a symbol, ascending by the moment from which each may be used.

    Attributes
    ----------
    usable : ndarray of datetime64[us], shape (n_articles,)
        The record's `known_at`, but not before one minute after publication.
    published : ndarray of datetime64[us], shape (n_articles,)
    tone : ndarray of shape (n_articles,)
        As the scorer reads it, -1 to 1.
    weight : ndarray of shape (n_articles,)
        Of the mention times that of the event.
    events : ndarray of int64, shape (n_articles,)
        Classes as bits, see `events.event_codes`.
    is_mentioned : ndarray of bool, shape (n_articles,)
        The article lists the symbol.
    is_leading : ndarray of bool, shape (n_articles,)
        From one of the large agencies and papers.
    titles : ndarray of str, shape (n_articles,)
    copies, roundups : ndarray of datetime64[us]
        When the articles that were left out could have been used, ascending.
    stamped, appeared : ndarray of datetime64[us], shape (n_records,)
        Of all records, each ascending: `known_at`, and the later one of that and publication.
    """

    usable: InstantArray
    published: InstantArray
    tone: FloatArray
    weight: FloatArray
    events: NDArray[np.int64]
    is_mentioned: NDArray[np.bool_]
    is_leading: NDArray[np.bool_]
    titles: NDArray[np.object_]
    copies: InstantArray
    roundups: InstantArray
    stamped: InstantArray
    appeared: InstantArray


# The engine and the topics read the same records; what was read lives as long as they do.
_READ: Final[WeakKeyDictionary[Records, dict[tuple[Hashable, ...], tuple[Scorer, Articles]]]] = WeakKeyDictionary()


def read_articles(history: History, scorer: Scorer) -> Articles | None:
    """Return the news of the main symbol, None where the history has no records of news.

    Copies of a story, articles on more than 10 symbols, and those that became known
    more than a week after their publication are left out. Records
    are read once for each word list, and once for each other scorer and version of it.

    Raises
    ------
    DataError
        If the scorer does not return one tone in [-1, 1] for each article.
    """
    records = history.find_records("news")
    if records is None:
        return None
    known = _READ.setdefault(records, {})
    # A version is only as good as its author's care: two scorers of one name and version may read differently.
    # Kept beside what it read, a scorer's id is its own.
    is_list = type(scorer) is WordList
    key = (scorer.name, scorer.version, history.symbol, None if is_list else id(scorer))
    if key not in known:
        known[key] = (scorer, _read(records, scorer, history.symbol))
    return known[key][1]


def _read(records: Records, scorer: Scorer, symbol: str) -> Articles:
    frame = records.frame
    stamped, published = known_instants(records), records.labels
    usable = np.maximum(stamped, published + DELAY)
    order = np.lexsort((published, usable))
    titles = _texts(frame, "title")[order]
    descriptions = _texts(frame, "description")[order]
    tickers = [text.split("|") if text else [] for text in _texts(frame, "tickers")[order]]
    count = np.array([len(each) for each in tickers], dtype=np.int64)
    is_copy = are_copies(titles.tolist(), descriptions.tolist(), published[order])
    is_roundup = ~is_copy & (count > ROUNDUP_SYMBOLS)
    is_stale = (usable - published)[order] > np.timedelta64(LOOK_BACK_DAYS, "D")
    kept = ~is_copy & ~is_roundup & ~is_stale
    rows = order[kept]
    is_mentioned = np.array([symbol in each for each in tickers], dtype=bool)[kept]
    mention = np.where(count[kept] <= FEW_SYMBOLS, MENTION_WEIGHTS["few"], MENTION_WEIGHTS["several"])
    texts = zip(titles[kept], descriptions[kept], strict=True)
    events = np.array([event_codes(f"{title}. {text}") for title, text in texts], dtype=np.int64)
    sources = pd.DataFrame({name: _texts(frame, name)[rows] for name in ("author", "publisher")}, dtype=str)
    return Articles(
        usable=usable[rows],
        published=published[rows],
        tone=_tones(scorer, titles[kept].tolist(), descriptions[kept].tolist(), _texts(frame, "keywords")[rows]),
        weight=np.where(is_mentioned, mention, MENTION_WEIGHTS["none"]) * multipliers_of(events),
        events=events,
        is_mentioned=is_mentioned,
        is_leading=sources.apply(lambda each: each.str.contains(_LEADING_SOURCES, case=False)).any(axis=1).to_numpy(),
        titles=titles[kept],
        copies=usable[order][is_copy],
        roundups=usable[order][is_roundup],
        stamped=np.sort(stamped),
        appeared=np.sort(np.maximum(stamped, published)),
    )


def _tones(scorer: Scorer, titles: list[str], descriptions: list[str], keywords: NDArray[np.object_]) -> FloatArray:
    if isinstance(scorer, WordList):
        return scorer.score(titles, descriptions, [text.replace("|", ". ") for text in keywords])
    tones = np.asarray(scorer.score(titles, descriptions), dtype=float)
    if tones.shape != (len(titles),) or not (np.abs(tones) <= 1).all():
        raise DataError(
            f"the scorer {scorer.name!r} must return one tone in [-1, 1] for each of {len(titles)} articles; "
            f"it returned shape {tones.shape} with values from {np.min(tones, initial=1):g} to {np.max(tones, initial=-1):g}"
        )
    return tones


def _texts(frame: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in frame:
        return np.full(len(frame), "", dtype=object)
    texts: NDArray[np.object_] = frame[name].astype(object).where(frame[name].notna(), "").to_numpy()
    return texts
