"""A view in words: what it says, how sure it is, what speaks for and against it, and what is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from investiq.core.facts import format_value
from investiq.core.types import SignalLabel
from investiq.engines.signals import EngineSignal

__all__ = ["ACTIONS", "CONFIDENCE_SCALE", "confidence_word", "recommendation", "regime_words"]

# What each label asks for, the label itself always in it.
ACTIONS: Final[Mapping[SignalLabel, str]] = {
    "Strong Buy": "Strong Buy",
    "Buy": "Buy",
    "Weak Buy": "Weak Buy / Hold",
    "Neutral": "Hold (Neutral)",
    "Weak Sell": "Weak Sell / Hold",
    "Sell": "Sell",
    "Strong Sell": "Strong Sell",
}
# What `confidence_word` says.
CONFIDENCE_SCALE: Final = "high above 80 %, moderate above 60 %, low above 40 %, else very low"
NOT_ADVICE: Final = "Not advice"
# Signals named on each side.
_SHOWN: Final = 4
_VOLATILITY_WORDS: Final = {"high_vol": "high volatility", "low_vol": "low volatility", "normal": "normal volatility"}


def confidence_word(confidence: float) -> str:
    """Return a raw confidence in a word.

    Examples
    --------
    >>> confidence_word(0.81), confidence_word(0.8), confidence_word(0.6), confidence_word(0.4)
    ('high', 'moderate', 'low', 'very low')
    """
    return "high" if confidence > 0.8 else "moderate" if confidence > 0.6 else "low" if confidence > 0.4 else "very low"


def regime_words(regime: str) -> str:
    """Return the name of a regime for people.

    Examples
    --------
    >>> regime_words("high_vol_bear"), regime_words("normal_sideways"), regime_words("unknown")
    ('bear, high volatility', 'sideways, normal volatility', 'unknown')
    """
    volatility, _, trend = regime.rpartition("_")
    return f"{trend}, {_VOLATILITY_WORDS[volatility]}" if volatility in _VOLATILITY_WORDS else regime


def recommendation(
    label: SignalLabel | None,
    score: float,
    confidence: float,
    conviction: str | None,
    signals: Sequence[EngineSignal],
    *,
    conflict_penalty: float = 0.0,
    weights: Mapping[str, float] | None = None,
) -> str:
    """Return the view in sentences.

    Parameters
    ----------
    label : str or None
        The score in words; None where no engine speaks.
    score, confidence : float
        Combined; `confidence` raw, a fraction.
    conviction : str or None
    signals : sequence of EngineSignal
        Of every engine, the silent ones too.
    conflict_penalty : float
        Confidence lost because engines contradict each other.
    weights : mapping of str to float, optional
        The part of each engine in the score: signals stand in the order of their
        votes times it. By default all count alike.

    Returns
    -------
    str
        Action, confidence and conviction; evidence for and against; what is
        uncertain; and that it is no advice.
    """
    silent = [each for each in signals if math.isnan(each.score)]
    if label is None:
        reasons = "; ".join(f"{each.engine}: {each.reason}" for each in silent)
        return f"No view: no engine has enough data ({reasons}). {NOT_ADVICE}."
    side = -1 if score < 0 else 1
    evidence = [(item, each.engine) for each in signals for item in each.evidence]
    evidence.sort(key=lambda found: -found[0].weight * (1.0 if weights is None else weights[found[1]]))
    sides = {1: "Bullish", -1: "Bearish"} if label == "Neutral" else {side: "For it", -side: "Against it"}
    sure = f"{confidence_word(confidence)} confidence ({format_value(confidence, 'fraction')})"
    told = [
        f"{ACTIONS[label]} with {sure} [{conviction} conviction]",
        *(
            f"{words}: {_named([f'{item.name} ({engine})' for item, engine in evidence if item.direction == direction])}"
            for direction, words in sides.items()
        ),
        f"Uncertain: {_uncertain(silent, conflict_penalty)}",
        NOT_ADVICE,
    ]
    return ". ".join(told) + "."


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "no signal"


def _uncertain(silent: Sequence[EngineSignal], conflict_penalty: float) -> str:
    parts = [f"{each.engine} is silent, {each.reason}" for each in silent]
    if conflict_penalty > 0:
        parts.append(
            f"engines contradict each other, which costs {format_value(conflict_penalty, 'fraction')} of confidence"
        )
    return "; ".join([*parts, "the confidence is raw, no calibrated probability"])
