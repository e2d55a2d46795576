"""Syndicated copies of one story, found by the overlap of their words; the earliest is kept."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["are_copies", "jaccard", "shingles"]

# Words that make one shingle; two texts are one story from this share of common shingles on.
SHINGLE_WORDS: Final = 3
SIMILARITY: Final = 0.8
# A copy appears within two days; the same words later are news again, such as a dividend every quarter.
_SPAN: Final = 48 * 3_600_000_000  # microseconds
_WORDS: Final = re.compile(r"[^\W_]+")
_MEMORY: Final = 20_000
# A symbol's news are gathered anew for each analysis, and are mostly the same.
_BATCHES: Final = 64


@lru_cache(maxsize=_MEMORY)
def shingles(text: str) -> frozenset[str]:
    """Return every three words of a text in a row; all its words as one where it has fewer, nothing without words.

    Examples
    --------
    >>> sorted(shingles("Acme beats the estimates."))
    ['acme beats the', 'beats the estimates']
    """
    words = _WORDS.findall(text.lower())
    count = max(len(words) - SHINGLE_WORDS + 1, min(len(words), 1))
    return frozenset(" ".join(words[first : first + SHINGLE_WORDS]) for first in range(count))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the common share of two sets: those in both over those in either.

    Examples
    --------
    >>> jaccard(frozenset("abcd"), frozenset("bcde"))
    0.6
    """
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def are_copies(
    titles: Sequence[str], descriptions: Sequence[str], published: NDArray[np.datetime64]
) -> NDArray[np.bool_]:
    """Return which articles repeat one that stands before them.

    Two are one story if they appeared within 48 hours and their shingles have a
    Jaccard similarity of 0.8 or more: of title and description, or of the titles
    where one has no description; a text without words is like none. Copies are compared with the story that was
    kept, not with each other, so that a chain of them does not go on for ever.

    Parameters
    ----------
    titles, descriptions : sequence of str, length n_articles
        In the order in which they became known.
    published : ndarray of datetime64, shape (n_articles,)

    Returns
    -------
    ndarray of bool, shape (n_articles,)

    Notes
    -----
    Sets of similarity t share one of the first ``n - ceil(t * n) + 1`` elements in any
    fixed order [1]_, so only articles that share one of those are compared.

    References
    ----------
    .. [1] Bayardo, R. J., Ma, Y. and Srikant, R. (2007). "Scaling up all pairs
       similarity search." Proceedings of WWW 2007, 131-140.
    """
    times = published.astype("datetime64[us]").astype(np.int64).tolist()
    return np.array(_copies(tuple(titles), tuple(descriptions), tuple(times)), dtype=bool)


@lru_cache(maxsize=_BATCHES)
def _copies(titles: tuple[str, ...], descriptions: tuple[str, ...], times: tuple[int, ...]) -> tuple[bool, ...]:
    title_sets = [shingles(title) for title in titles]
    text_sets = [
        shingles(f"{title} {text}") if text else None for title, text in zip(titles, descriptions, strict=True)
    ]
    # Only like is compared with like: whole texts with each other, titles where one has no more.
    by_title, by_text = _Index(), _Index()
    is_copy = [False] * len(titles)
    for row, (time, title_set, text_set) in enumerate(zip(times, title_sets, text_sets, strict=True)):
        near = by_title.near(time, title_set)
        if text_set:
            near |= by_text.near(time, text_set)
        for kept in near:
            other = text_sets[kept]
            whole = text_set is not None and other is not None
            alike = jaccard(text_set, other) if whole else jaccard(title_set, title_sets[kept])  # type: ignore[arg-type]
            if alike >= SIMILARITY and abs(time - times[kept]) <= _SPAN:
                is_copy[row] = True
                break
        else:
            by_title.add(row, time, title_set)
            if text_set:
                by_text.add(row, time, text_set)
    return tuple(is_copy)


class _Index:
    """Rows by the shingles of which two alike sets share one, in spans of 48 hours."""

    def __init__(self) -> None:
        self.spans: dict[int, dict[str, list[int]]] = {}

    def near(self, time: int, found: frozenset[str]) -> set[int]:
        span = time // _SPAN
        spans = (self.spans.get(each) for each in (span - 1, span, span + 1))
        return {row for rows in spans if rows for shingle in _prefix(found) for row in rows.get(shingle, ())}

    def add(self, row: int, time: int, found: frozenset[str]) -> None:
        rows = self.spans.setdefault(time // _SPAN, {})
        for shingle in _prefix(found):
            rows.setdefault(shingle, []).append(row)


@lru_cache(maxsize=_MEMORY)
def _prefix(found: frozenset[str]) -> tuple[str, ...]:
    ordered = sorted(found)
    least = math.ceil(round(SIMILARITY * len(ordered), 9))
    return tuple(ordered[: len(ordered) - least + 1])
