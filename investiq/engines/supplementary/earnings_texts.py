"""Earnings texts: the tone and the guidance of the newest release or transcript."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import known_counts, known_instants
from investiq.engines.rules import FloatArray, Table
from investiq.engines.sentiment.transcripts import SHORTEST, TextAnalysis, analyze_text
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.history import History

__all__ = ["TOPIC", "earnings_text_features"]

# The next text comes after a quarter; an older one says nothing.
MOST_AGE_DAYS: Final = 100.0
TONE, GUIDANCE = 0.03, 0.02
_LABELS: Final = {"positive": 1.0, "negative": -1.0, "mixed": 0.0, "neutral": 0.0}
_GUIDED: Final = {"raised": 1.0, "lowered": -1.0, "maintained": 0.0, "mixed": 0.0}
_DAY: Final = np.timedelta64(1, "D")

UNITS: Final[dict[str, Unit]] = {
    "earnings_text_tone": "ratio",
    "earnings_text_tone_change": "ratio",
    "earnings_text_label": "",
    "earnings_text_confidence": "fraction",
    "earnings_text_guidance": "",
    "earnings_text_age_days": "days",
}
_BY_TEXT: Final = tuple(UNITS)[:5]


def earnings_text_features(history: History) -> dict[str, FloatArray]:
    """Return what the newest of the records of kind ``"earnings_texts"`` says at each row, for at most 100 days.

    The records have the column `text`: a release or a transcript.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``earnings_text_tone`` and ``earnings_text_confidence`` as `analyze_text`
        returns them; ``earnings_text_tone_change``: less the tone of the text before;
        ``earnings_text_label``: 1 positive, -1 negative, 0 mixed or neutral;
        ``earnings_text_guidance``: 1 raised, -1 lowered, 0 maintained or mixed, NaN
        where it is not mentioned. All but the age are NaN for a text of fewer than 50
        characters.
    """
    bars, records = history.bars(), history.find_records("earnings_texts")
    found: dict[str, FloatArray] = {name: np.full(len(bars), np.nan) for name in UNITS}
    if records is None or not len(records):
        return found
    instants = known_instants(records)
    order = np.argsort(instants, kind="stable")
    known, texts = instants[order], [records.frame["text"].iloc[place] for place in order]
    said = np.array([_said(text, before) for text, before in zip(texts, [None, *texts[:-1]], strict=True)]).T
    newest = known_counts(bars, known) - 1
    age = np.where(newest >= 0, (bars.known_at - known[newest]) / _DAY, np.nan)
    is_fresh = age <= MOST_AGE_DAYS
    for name, values in zip(_BY_TEXT, said, strict=True):
        found[name][is_fresh] = values[newest[is_fresh]]
    found["earnings_text_age_days"] = age
    return found


def _said(text: object, before: object) -> tuple[float, ...]:
    """Return what a text says after the one before, in the order of `_BY_TEXT`."""
    found, earlier = (_analysis(each) if isinstance(each, str) else None for each in (text, before))
    if found is None:
        return (np.nan,) * len(_BY_TEXT)
    return (
        found.tone,
        np.nan if earlier is None else found.tone - earlier.tone,
        _LABELS[found.label],
        found.confidence,
        _GUIDED.get(found.guidance, np.nan),
    )


@functools.lru_cache(maxsize=512)
def _analysis(text: str) -> TextAnalysis | None:
    return None if len(text.strip()) < SHORTEST else analyze_text(text)


def _tone(t: Table) -> FloatArray:
    return TONE * np.nan_to_num(t["earnings_text_label"] * t["earnings_text_confidence"])


def _guidance(t: Table) -> FloatArray:
    return GUIDANCE * np.nan_to_num(t["earnings_text_guidance"])


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    if row["earnings_text_age_days"] > MOST_AGE_DAYS:
        return dict.fromkeys(UNITS, f"the newest text is {row['earnings_text_age_days']:.0f} days old")
    if np.isnan(row["earnings_text_tone"]):
        return dict.fromkeys(UNITS, f"the newest text has fewer than {SHORTEST} characters; load the whole of it")
    return {
        "earnings_text_tone_change": "no text before this one",
        "earnings_text_guidance": "the text does not speak of guidance",
    }


_TONE_TEXT: Final = "tone {earnings_text_tone}, confidence {earnings_text_confidence}, {earnings_text_age_days} ago"

TOPIC: Final = Topic(
    name="earnings texts",
    units=UNITS,
    features=earnings_text_features,
    adjustments=(
        Adjustment(
            names=("Earnings Tone Positive", "Earnings Tone Negative"),
            fact="earnings tone",
            amount=_tone,
            value="earnings_text_tone",
            texts=(_TONE_TEXT, _TONE_TEXT),
        ),
        Adjustment(
            names=("Guidance Raised", "Guidance Lowered"),
            fact="guidance",
            amount=_guidance,
            value="earnings_text_guidance",
            texts=(
                "the earnings text raises its guidance, {earnings_text_age_days} ago",
                "the earnings text lowers its guidance, {earnings_text_age_days} ago",
            ),
        ),
    ),
    panels=(
        Panel(
            "Earnings text",
            (
                Line("Tone", "earnings_text_tone", "positive less negative words over both, by the built-in list"),
                Line("Change of tone", "earnings_text_tone_change", "less the text before"),
                Line("Confidence", "earnings_text_confidence", "30 toned words are all of it"),
                Line("Guidance", "earnings_text_guidance", "1 raised, -1 lowered"),
                Line("Age", "earnings_text_age_days"),
            ),
        ),
    ),
    needs='records of kind "earnings_texts"',
    why_missing=_why_missing,
)
