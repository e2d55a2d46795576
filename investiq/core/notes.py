"""Cautions about data or method that travel with a result and are shown in each of its forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Note", "merge_notes"]

Severity = Literal["info", "caution", "error"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """One caution: a stable `code` for programs, a sentence for people.

    Attributes
    ----------
    code : str
        Stable identifier such as ``"open_repeats_previous_close"``.
    text : str
        One sentence with the numbers in it.
    rows : int, optional
        Number of rows concerned, where that is meaningful.
    severity : {"info", "caution", "error"}
        ``"info"`` states a fact, ``"caution"`` limits what the result shows,
        ``"error"`` blocks a run unless it is explicitly allowed.
    event : str, optional
        ISO date of the one event that it tells of: it concerns only bars on both sides of it.
    """

    code: str
    text: str
    rows: int | None = None
    severity: Severity = "caution"
    event: str | None = None


def merge_notes(*groups: Iterable[Note]) -> tuple[Note, ...]:
    """Join notes in order, each once."""
    return tuple(dict.fromkeys(note for group in groups for note in group))
