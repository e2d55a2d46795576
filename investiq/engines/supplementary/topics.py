"""The contract of a supplementary topic: features by row, and what they add to the confidence in a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from investiq.core.facts import Unit
from investiq.engines.base import Panel
from investiq.engines.rules import FloatArray, Table
from investiq.history.history import History

__all__ = ["Adjustment", "Topic"]


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What one observation adds to the confidence in a call.

    Attributes
    ----------
    names : (str, str)
        Where it adds, and where it takes away; empty for a side that it does not have.
    fact : str
        Adjustments of one fact count once: the largest in size.
    amount : callable
        From the columns of features to the change of confidence at each row, as a
        fraction; 0, never NaN, where a feature is NaN. Of a directional one, above 0
        is bullish: it adds to a bullish call and takes from a bearish one.
    is_directional : bool
        False for what makes every call less or more certain, such as earnings ahead.
    value : str
        The feature that is compared.
    texts : (str, str)
        In words; names of features in braces stand for their values.
    """

    names: tuple[str, str]
    fact: str
    amount: Callable[[Table], FloatArray]
    value: str
    texts: tuple[str, str]
    is_directional: bool = True


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic, such as insiders or options.

    Attributes
    ----------
    name : str
    units : mapping of str to str
        Every feature that is a number, with its unit.
    features : callable
        From a history to the columns named in `units`, and `words`, one value per
        bar of the main symbol; all NaN where the history has nothing for the topic.
        Without those that `composite` makes.
    adjustments : tuple of Adjustment
    panels : tuple of Panel
    words : tuple of str
        Columns that hold text.
    needs : str
        What the history must hold for it, in words, for the reason of a missing topic.
    tags : callable, optional
        From a row to what it is marked with.
    why_missing : callable, optional
        From a row to the reason for features without a value.
    composite : callable, optional
        From the numbers of all topics to columns of this one that combine them, NaN
        where another topic has nothing.
    """

    name: str
    units: Mapping[str, Unit]
    features: Callable[[History], Mapping[str, Any]]
    adjustments: tuple[Adjustment, ...] = ()
    panels: tuple[Panel, ...] = ()
    words: tuple[str, ...] = ()
    needs: str = ""
    tags: Callable[[Mapping[str, Any]], tuple[str, ...]] = field(default=lambda row: ())
    why_missing: Callable[[Mapping[str, Any]], dict[str, str]] = field(default=lambda row: {})
    composite: Callable[[Table], Mapping[str, Any]] = field(default=lambda table: {})
