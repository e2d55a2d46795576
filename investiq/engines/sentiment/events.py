"""What a piece of news is about: nine classes by the words of its title and description."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import numpy as np

from investiq.engines.rules import FloatArray

__all__ = ["EVENTS", "event_codes", "event_names", "multipliers_of"]

# Each class: how much more its articles count, and its cues as whole words. SEC and Fed in capitals: both are words.
EVENTS: Final[dict[str, tuple[float, str]]] = {
    "earnings": (2.0, r"earnings|quarterly|guidance|eps"),
    "merger": (2.5, r"acqui\w*|mergers?|merg(?:e|es|ed|ing)|buyouts?|takeovers?|spin-?offs?"),
    "regulatory": (2.0, r"fda|(?-i:SEC)|regulat\w*|approvals?|antitrust|compliance"),
    "analyst": (1.5, r"upgrad\w*|downgrad\w*|price targets?|initiat\w*|analysts?|ratings?"),
    "management": (1.3, r"ceo|cfo|boards?|executives?|resign\w*|appoint\w*"),
    "product": (1.2, r"launch\w*|products?|recall\w*|patents?|patented|innovations?"),
    "legal": (1.5, r"lawsuits?|litigations?|settlements?|sued|sues|courts?|indictments?"),
    "macro": (0.8, r"(?-i:Fed|FED)|federal reserve|interest rates?|inflation|gdp|unemployment"),
    "general": (1.0, ""),
}
_NAMES: Final = tuple(EVENTS)
_CUES: Final = re.compile(
    r"\b(?:" + "|".join(f"(?P<{name}>{cues})" for name, (_, cues) in EVENTS.items() if cues) + r")\b", re.IGNORECASE
)
# Revenue and profit are earnings news only beside one of these.
_REVENUE: Final = re.compile(r"\brevenues?\b", re.IGNORECASE)
_REPORTED: Final = re.compile(r"\b(?:beat|miss|report)\w*", re.IGNORECASE)
_PROFIT: Final = re.compile(r"\bprofits?\b", re.IGNORECASE)
_QUARTER: Final = re.compile(r"\bquarter\w*", re.IGNORECASE)
_EARNINGS: Final = 1
_GENERAL: Final = 1 << _NAMES.index("general")
_MEMORY: Final = 50_000


@lru_cache(maxsize=_MEMORY)
def event_codes(text: str) -> int:
    """Return the classes of a text as bits, in the order of `EVENTS`; general where no cue is found.

    Examples
    --------
    >>> event_names(event_codes("CEO resigns after FDA approval of a rival"))
    ('regulatory', 'management')
    >>> event_names(event_codes("The maker keeps operating"))
    ('general',)
    """
    found = {match.lastgroup for match in _CUES.finditer(text)}
    bits = sum(1 << place for place, name in enumerate(_NAMES) if name in found)
    if (_REVENUE.search(text) and _REPORTED.search(text)) or (_PROFIT.search(text) and _QUARTER.search(text)):
        bits |= _EARNINGS
    return bits or _GENERAL


def event_names(codes: int) -> tuple[str, ...]:
    """Return the names of classes that are stored as bits."""
    return tuple(name for place, name in enumerate(_NAMES) if codes >> place & 1)


def multipliers_of(codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> FloatArray:
    """Return the largest multiplier among the classes of each article.

    Examples
    --------
    >>> multipliers_of(np.array([event_codes("Fed on inflation"), event_codes("Inflation lifts earnings")]))
    array([0.8, 2. ])
    """
    factors = np.array([factor for factor, _ in EVENTS.values()])
    has = codes[:, np.newaxis] >> np.arange(len(_NAMES)) & 1
    largest: FloatArray = np.where(has == 1, factors, 0.0).max(axis=1, initial=0.0)
    return largest
