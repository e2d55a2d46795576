"""What the supplementary topics say about one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["AppliedAdjustment", "SupplementarySignal"]


@dataclass(frozen=True, kw_only=True)
class AppliedAdjustment:
    """One observation that changes the confidence in a call.

    Attributes
    ----------
    name, topic, fact : str
        What it is called, whose it is, and the fact that it counts.
    amount : float
        Change of confidence as a fraction. Of a directional one, above 0 is bullish:
        it adds to a bullish call and takes from a bearish one.
    is_directional : bool
    text : str
        The observation in words and numbers.
    """

    name: str
    topic: str
    fact: str
    amount: float
    is_directional: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class SupplementarySignal:
    """What the supplementary topics say at one decision time; no score, no vote.

    Attributes
    ----------
    version : str
    adjustments : tuple of AppliedAdjustment
        Those that count, the largest first: one per fact.
    directional, undirected : float
        Their sums. The total, ``directional * sign(score) + undirected``, is capped
        where it is applied.
    tags : tuple of str
    absent : mapping of str to str
        Topics of which nothing is known at this row, each with what was needed.
    failed : mapping of str to str
        Topics whose computation failed, each with the error.
    missing : mapping of str to str
        Features without a value of the other topics, each with the reason; empty
        where it is only too short a past.
    as_of : datetime
        Decision time of the row (UTC).
    metrics : mapping of str to float
        Every feature that is a number.
    words : mapping of str to str
        Every feature that is text.
    """

    version: str
    adjustments: tuple[AppliedAdjustment, ...]
    directional: float
    undirected: float
    tags: tuple[str, ...]
    absent: Mapping[str, str]
    failed: Mapping[str, str]
    missing: Mapping[str, str]
    as_of: datetime
    metrics: Mapping[str, float] = field(repr=False)
    words: Mapping[str, str] = field(default_factory=dict)
