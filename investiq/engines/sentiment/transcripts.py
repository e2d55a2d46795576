"""The tone of an earnings release or call, its guidance, its phrases and its topics."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from investiq.core.errors import DataError
from investiq.engines.sentiment.word_list import WordList

__all__ = ["LONGEST", "SHORTEST", "TextAnalysis", "analyze_text"]

Guidance = Literal["raised", "lowered", "maintained", "mixed", "not mentioned"]

SHORTEST: Final = 50
LONGEST: Final = 50_000
_TONE_CUT: Final = 0.2
# Matched words above which a tone near zero is mixed rather than absent, and those of full confidence.
_MIXED: Final = 5
_FULL: Final = 30
_TOPICS: Final = 10
_PHRASES: Final = 20

_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])|\n+")
_GUIDANCE: Final = re.compile(
    r"\b(?:guidance|outlook|forecasts?|full[- ]year|expect(?:s|ed|ations?)?|targets?)\b", re.I
)
# A result above or below what was expected says nothing of what is.
_PAST: Final = r"(?! (?:[a-z']+ ){0,2}(?:expectations?|estimates?|consensus)\b)"
_RAISED: Final = re.compile(
    rf"\b(?:rais(?:e|es|ed|ing)|increas(?:e|es|ed|ing)|lift(?:s|ed|ing)?|higher|above{_PAST})\b", re.I
)
_LOWERED: Final = re.compile(
    r"\b(?:lower(?:s|ed|ing)?|reduc(?:e|es|ed|ing)|cut(?:s|ting)?|decreas(?:e|es|ed|ing)"
    rf"|below{_PAST}|withdr[ae]w(?:s|n)?)\b",
    re.I,
)
_MAINTAINED: Final = re.compile(r"\b(?:maintain|reiterat|reaffirm|confirm|unchanged)\w*", re.I)
# At the end of what stands before a word: a negation, and at most two words.
_NEGATED: Final = re.compile(r"(?:\b(?:not|no|never|nor|cannot|without)|n['’]t)\s+(?:[\w'-]+\s+){0,2}$", re.I)
_FORWARD: Final = re.compile(
    r"\b(?:we|the company|management) (?:expects?|anticipates?|believes?|plans?|intends?|projects?|forecasts?)\b"
    r"|\b(?:going forward|looking ahead|in the coming (?:quarters?|months|years?)|next (?:quarter|year))\b",
    re.I,
)
_RISK: Final = re.compile(
    r"\b(?:uncertaint(?:y|ies)|headwinds?|volatil(?:e|ity)|challeng(?:e|es|ing)|supply chain|inflation(?:ary)?|recession"
    r"|competitive pressures?|litigation|impairments?|material weakness(?:es)?|going concern|cyber\w*)\b",
    re.I,
)
_SUBJECTS: Final[dict[str, str]] = {
    "revenue": r"revenues?|net sales",
    "earnings": r"earnings|eps|net income",
    "margins": r"margins?|profitability",
    "growth": r"growth|expansion",
    "costs": r"costs?|expenses?|opex",
    "cash flow": r"cash flows?|liquidity",
    "debt": r"debt|leverage|borrowings?",
    "dividends and buybacks": r"dividends?|buybacks?|repurchases?",
    "investment": r"capex|capital expenditures?|investments?",
    "customers": r"customers?|subscribers?|users?",
    "demand": r"demand|orders?|backlog|bookings?",
    "products": r"products?|launch\w*",
    "artificial intelligence": r"artificial intelligence|AI|machine learning",
    "cloud": r"cloud",
    "supply chain": r"supply chains?|inventor(?:y|ies)",
    "acquisitions": r"acqui\w*|mergers?",
    "employees": r"employees?|headcount|hiring|layoffs?",
    "regulation": r"regulat\w*|compliance",
    "currency": r"currenc(?:y|ies)|foreign exchange|fx",
    "taxes": r"tax(?:es)?",
}
_TOPIC_PATTERNS: Final = {name: re.compile(rf"\b(?:{words})\b", re.I) for name, words in _SUBJECTS.items()}


@dataclass(frozen=True, kw_only=True)
class TextAnalysis:
    """What the text of an earnings release or call says.

    Attributes
    ----------
    tone : float
        ``(positive - negative) / (positive + negative)`` by occurrences, -1 to 1;
        0.0 where no word of the list occurs.
    label : {"positive", "negative", "mixed", "neutral"}
        Beyond 0.2 either way; between them mixed with more than 5 matches.
    confidence : float
        ``min(matches / 30, 1)``: how much the tone rests on.
    positive, negative : int
        Occurrences of toned words, negated ones turned round.
    tone_change : float or None
        Tone less that of the previous text; None without one.
    guidance : {"raised", "lowered", "maintained", "mixed", "not mentioned"}
        By the words of sentences that speak of guidance, negated ones left out; mixed where as many raise as lower.
    guidance_sentences, forward_looking, risks : tuple of str
        Sentences on guidance, and phrases as they stand in the text, each once, at most 20.
    topics : tuple of (str, int)
        The ten subjects that occur most, with their occurrences.
    characters : int
        Read, at most 50,000.
    is_cut : bool
        The text was longer than that.
    scorer : str
        The word list and its version.
    """

    tone: float
    label: Literal["positive", "negative", "mixed", "neutral"]
    confidence: float
    positive: int
    negative: int
    tone_change: float | None
    guidance: Guidance
    guidance_sentences: tuple[str, ...]
    forward_looking: tuple[str, ...]
    risks: tuple[str, ...]
    topics: tuple[tuple[str, int], ...]
    characters: int
    is_cut: bool
    scorer: str


def analyze_text(
    text: str, *, previous: str | TextAnalysis | None = None, words: WordList | None = None
) -> TextAnalysis:
    """Return tone, guidance, phrases and topics of an earnings text.

    Parameters
    ----------
    text : str
        An earnings release (8-K) or a transcript, at least 50 characters; of a
        longer one than 50,000 the beginning is read.
    previous : str or TextAnalysis, optional
        The text of the quarter before: the change of the tone tells more than
        the tone, since companies differ in how they speak [1]_.
    words : WordList, optional
        By default the built-in list.

    Returns
    -------
    TextAnalysis

    Raises
    ------
    DataError
        If a text has fewer than 50 characters.

    References
    ----------
    .. [1] Brown, S. V. and Tucker, J. W. (2011). "Large-sample evidence on firms'
       year-over-year MD&A modifications." Journal of Accounting Research 49(2), 309-346.

    Examples
    --------
    >>> found = analyze_text("Revenue growth was strong. We raised our full-year guidance despite headwinds.")
    >>> found.guidance, found.positive, found.negative, found.label
    ('raised', 3, 1, 'positive')
    """
    stripped = text.strip()
    if len(stripped) < SHORTEST:
        raise DataError(
            f"an earnings text needs at least {SHORTEST} characters, found {len(stripped)}; "
            "pass the whole release or transcript"
        )
    scorer = WordList() if words is None else words
    read = stripped[:LONGEST]
    positive, negative = scorer.count(read)
    matches = positive + negative
    tone = (positive - negative) / matches if matches else 0.0
    before = analyze_text(previous, words=scorer) if isinstance(previous, str) else previous
    sentences = tuple(each.strip() for each in _SENTENCE_ENDS.split(read) if _GUIDANCE.search(each))
    return TextAnalysis(
        tone=tone,
        label=_label(tone, matches),
        confidence=min(matches / _FULL, 1.0),
        positive=positive,
        negative=negative,
        tone_change=None if before is None else tone - before.tone,
        guidance=_guidance(sentences),
        guidance_sentences=sentences[:_PHRASES],
        forward_looking=_phrases(_FORWARD, read),
        risks=_phrases(_RISK, read),
        topics=_topics(read),
        characters=len(read),
        is_cut=len(stripped) > LONGEST,
        scorer=f"{scorer.name}, {scorer.version}",
    )


def _label(tone: float, matches: int) -> Literal["positive", "negative", "mixed", "neutral"]:
    if tone > _TONE_CUT:
        return "positive"
    if tone < -_TONE_CUT:
        return "negative"
    return "mixed" if matches > _MIXED else "neutral"


def _guidance(sentences: tuple[str, ...]) -> Guidance:
    if not sentences:
        return "not mentioned"
    raised, lowered, maintained = (
        sum(not _NEGATED.search(each, 0, match.start()) for each in sentences for match in pattern.finditer(each))
        for pattern in (_RAISED, _LOWERED, _MAINTAINED)
    )
    if raised > max(lowered, maintained):
        return "raised"
    if lowered > max(raised, maintained):
        return "lowered"
    if raised == lowered > maintained:
        return "mixed"
    return "maintained" if maintained else "not mentioned"


def _phrases(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = dict.fromkeys(match.group().lower() for match in pattern.finditer(text))
    return tuple(found)[:_PHRASES]


def _topics(text: str) -> tuple[tuple[str, int], ...]:
    counts = Counter({name: len(pattern.findall(text)) for name, pattern in _TOPIC_PATTERNS.items()})
    return tuple((name, count) for name, count in counts.most_common(_TOPICS) if count)
