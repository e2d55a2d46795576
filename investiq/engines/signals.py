"""What an engine says about one row, with the evidence behind it: the contract of all engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from investiq.core.facts import Unit
from investiq.core.types import SignalLabel

__all__ = ["EngineSignal", "Evidence"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One signal that fired.

    Attributes
    ----------
    name : str
        Such as ``"Below SMA-200"``.
    group : str
        Signals of one group measure one effect; they have one net vote together.
    weight : float
        Strength, above 0, at most 4.
    direction : {-1, 1}
        1 is bullish, -1 bearish.
    value, threshold : float
        What was compared, and with what, both in `unit`.
    unit : str
        Unit of `value` and `threshold`, as in `core.facts`.
    text : str
        The comparison in words and numbers.
    known : datetime64[D], optional
        Day on which the fact became known; None for a fact of the row's own bar.
    """

    name: str
    group: str
    weight: float
    direction: Literal[-1, 1]
    value: float
    threshold: float
    unit: Unit
    text: str
    known: np.datetime64 | None = None


@dataclass(frozen=True, kw_only=True)
class EngineSignal:
    """What one engine says at one decision time.

    Attributes
    ----------
    engine, version : str
        Which engine, and the version of its rules.
    score : float
        In [-100, 100], positive is bullish. NaN where there is too little data;
        the reason is in `reason`.
    label : str or None
        The score in words, for display only; None where there is no score.
    confidence : float
        In [0, 1]; raw, no calibrated probability. NaN without a score.
    evidence : tuple of Evidence
        Every signal that fired, the heaviest first.
    votes : mapping of str to float
        Net vote of each group in which a signal fired, capped at 4 either way.
    missing : mapping of str to str
        Features without a value at this row, each with the reason; empty where it is only too short a past.
    reason : str
        The signals as ``"+ name, - name"``, or why there is no score.
    as_of : datetime
        Decision time: when the row's bar was complete and known (UTC).
    n_obs : int
        Bars known at that time.
    metrics : mapping of str to float
        Every feature of the row that is a number.
    words : mapping of str to str
        Every feature of the row that is text.
    tags : tuple of str
        What the row is marked with beside its votes.
    """

    engine: str
    version: str
    score: float
    label: SignalLabel | None
    confidence: float
    evidence: tuple[Evidence, ...]
    votes: Mapping[str, float]
    missing: Mapping[str, str]
    reason: str
    as_of: datetime
    n_obs: int
    metrics: Mapping[str, float] = field(repr=False)
    words: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
