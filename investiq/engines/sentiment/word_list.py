"""The built-in scorer: counts of words with a clear tone, turned round by negation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.engines.sentiment.inflections import adjective_forms, noun_forms, verb_forms

__all__ = ["NEGATIVE", "POSITIVE", "WordList"]

_POSITIVE_VERBS: Final = (
    "rally", "surge", "gain", "profit", "beat", "upgrade", "outperform", "rise", "increase", "exceed", "recommend",
    "advance", "repurchase", "rebound", "accelerate", "raise", "outpace",
)  # fmt: skip
_POSITIVE_NOUNS: Final = (
    "growth", "breakthrough", "innovation", "success", "momentum", "dividend", "buyback", "upside", "recovery",
    "expansion", "tailwind",
)  # fmt: skip
_POSITIVE_ADJECTIVES: Final = ("bullish", "strong", "positive", "optimistic", "accretive", "robust", "overweight")
_NEGATIVE_VERBS: Final = (
    "decline", "fall", "plunge", "crash", "miss", "downgrade", "underperform", "drop", "decrease", "concern", "fail",
    "disappoint", "slump", "retreat", "fear", "trouble", "recall", "probe", "suspend",
)  # fmt: skip
_NEGATIVE_NOUNS: Final = (
    "loss", "warning", "dilution", "headwind", "lawsuit", "litigation", "investigation", "bankruptcy", "restructuring",
    "layoff", "downside", "bubble",
)  # fmt: skip
_NEGATIVE_ADJECTIVES: Final = ("bearish", "weak", "negative", "pessimistic", "dilutive", "overvalued", "underweight")
# "Lower" itself says nothing: costs and debt may be lower.
_LOWERED: Final = ("lowered", "lowers", "lowering")

# Left out, because what they say depends on what is high, low, bought or at risk (Loughran and McDonald 2011):
# high, low, buy, sell, risk, record, guidance, initiated, reiterated, default.
POSITIVE: Final = frozenset().union(
    *map(verb_forms, _POSITIVE_VERBS), *map(noun_forms, _POSITIVE_NOUNS), *map(adjective_forms, _POSITIVE_ADJECTIVES)
)
NEGATIVE: Final = frozenset(_LOWERED).union(
    *map(verb_forms, _NEGATIVE_VERBS), *map(noun_forms, _NEGATIVE_NOUNS), *map(adjective_forms, _NEGATIVE_ADJECTIVES)
)

_NEGATIONS: Final = frozenset(("not", "no", "never", "cannot", "hardly", "barely", "neither", "nor", "without"))
# Words before a word of the list in which a negation turns it round.
_NEGATION_REACH: Final = 3
TITLE_WEIGHT: Final = 2.0
KEYWORD_WEIGHT: Final = 0.5
# Words, and the marks at which a clause ends: a negation does not reach across them.
_TOKENS: Final = re.compile(r"[a-z]+(?:'[a-z]+)*|[.!?;:]")
_MEMORY: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class WordList:
    """Reads the tone of a text from words with a clear tone.

    A word of the list counts +1 or -1; a negation within the three words before
    it, in the same clause, turns it round. An article is the title twice, the
    description once and the keywords at half weight, divided by the matched
    words weighted alike: what share of its toned words is good, less what share
    is bad. The built-in list leaves out words whose tone depends on context.

    Attributes
    ----------
    positive, negative : frozenset of str
        Every form of every word, in small letters; by default the built-in list.
    name : str

    Raises
    ------
    DataError
        If a list is empty, holds a word with other than small letters, or one word is in both.

    References
    ----------
    .. [1] Loughran, T. and McDonald, B. (2011). "When is a liability not a
       liability?" Journal of Finance 66(1), 35-65.

    Examples
    --------
    >>> WordList().score(["Profit rises", "Profit does not rise", "Shares trade"], ["", "Sales fall", ""])
    array([ 1. , -0.2,  0. ])
    """

    positive: frozenset[str] = field(default=POSITIVE, repr=False)
    negative: frozenset[str] = field(default=NEGATIVE, repr=False)
    name: str = "word list"

    def __post_init__(self) -> None:
        for side, words in (("positive", self.positive), ("negative", self.negative)):
            if not words:
                raise DataError(f"the {side} words of {self.name!r} are empty; expected at least one")
            odd = sorted(word for word in words if not re.fullmatch(r"[a-z]+(?:'[a-z]+)*", word))
            if odd:
                raise DataError(f"{side} words must be single words in small letters, found {odd[:3]}")
        if both := sorted(self.positive & self.negative):
            raise DataError(f"{len(both)} word(s) are both positive and negative: {', '.join(both[:3])}")

    @property
    def version(self) -> str:
        """The number of words and a digest of them."""
        return _version(self.positive, self.negative)

    def score(
        self, titles: Sequence[str], descriptions: Sequence[str], keywords: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """Return the tone of each article in [-1, 1], a pure function of the texts.

        Parameters
        ----------
        titles, descriptions : sequence of str, length n_articles
            Empty where there is none.
        keywords : sequence of str, optional
            The keywords of each article in one text; left aside by default.

        Returns
        -------
        ndarray of shape (n_articles,)
            0.0 for a text without a word of the list.

        Raises
        ------
        DataError
            If there are not as many of each.
        """
        others = [""] * len(titles) if keywords is None else keywords
        if not len(titles) == len(descriptions) == len(others):
            raise DataError(
                f"expected one description and one text of keywords for each of {len(titles)} titles, "
                f"found {len(descriptions)} and {len(others)}"
            )
        counts = [
            (self.count(title), self.count(description), self.count(keys))
            for title, description, keys in zip(titles, descriptions, others, strict=True)
        ]
        weighted = np.einsum("apc,p->ac", np.reshape(counts, (-1, 3, 2)), [TITLE_WEIGHT, 1.0, KEYWORD_WEIGHT])
        good, bad = weighted.T
        tone: NDArray[np.float64] = np.zeros(len(titles))
        np.divide(good - bad, good + bad, out=tone, where=good + bad > 0)
        return tone

    def count(self, text: str) -> tuple[int, int]:
        """Return how often a text is positive and how often negative, negated words turned round.

        Examples
        --------
        >>> WordList().count("No decline in profits, but fears of a recall")
        (1, 3)
        """
        return _count(self.positive, self.negative, text)


@lru_cache(maxsize=16)
def _version(positive: Iterable[str], negative: Iterable[str]) -> str:
    words = "\n".join((*sorted(positive), "", *sorted(negative)))
    return f"{words.count(chr(10))} words, {hashlib.sha256(words.encode()).hexdigest()[:8]}"


@lru_cache(maxsize=_MEMORY)
def _count(positive: frozenset[str], negative: frozenset[str], text: str) -> tuple[int, int]:
    good = bad = 0
    since_negation = _NEGATION_REACH
    for token in _TOKENS.findall(text.lower().replace("’", "'")):
        if token in ".!?;:":
            since_negation = _NEGATION_REACH
            continue
        if (is_good := token in positive) or token in negative:
            is_negated = since_negation < _NEGATION_REACH
            good += is_good != is_negated
            bad += is_good == is_negated
        since_negation = 0 if token in _NEGATIONS or token.endswith("n't") else since_negation + 1
    return good, bad
