"""`Screen`: many symbols at one moment, and those that meet a condition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHOWN_COLUMNS", "Screen", "first_sentence"]

# Columns of the printed table: title, column, unit.
SHOWN_COLUMNS: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("Signal", "label", ""),
    ("Score", "score", "score"),
    ("Confidence", "confidence", "fraction"),
    ("Conviction", "conviction", ""),
    ("Technical", "technical_score", "score"),
    ("Fundamental", "fundamental_score", "score"),
    ("Quant", "quant_score", "score"),
    ("Sentiment", "sentiment_score", "score"),
    ("Coverage", "coverage", "fraction"),
)
_MOST_SHOWN: Final = 25
# Columns of the joint view by the last word of their names.
_JOINT_UNITS: Final[Mapping[str, Unit]] = {
    "score": "score", "confidence": "fraction", "weight": "fraction", "adjustment": "fraction", "penalty": "fraction",
    "count": "count",
}  # fmt: skip


def first_sentence(text: str) -> str:
    """Return a reason up to the first semicolon or full stop that ends a sentence.

    Examples
    --------
    >>> first_sentence("DataError: 2.5 days are missing; pass others. See the page.")
    'DataError: 2.5 days are missing'
    """
    return re.split(r";|\.(?=\s|$)", " ".join(text.split()), maxsplit=1)[0]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Screen(Result):
    """What a screen found; made by `screen`.

    Attributes
    ----------
    universe : str
    where : str, optional
        The condition.
    as_of : str or datetime, optional
        Time of knowledge, None for all that is known of each symbol.
    frame : DataFrame
        Index `symbol`, the highest score first: `bar`, the label of the last bar, the
        last row of each analysis' table, and `matches`.
    asked : int
        Symbols of the universe.
    failures : mapping of str to str
        Symbols that could not be analysed, and the whole reason.
    named : tuple of str
        Columns that the condition names, in their order; they stand in the table.
    units : mapping of str to str
        Of the numeric features.
    watermarks : tuple of str
        Of the data.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "screen"

    universe: str
    where: str | None
    as_of: str | datetime | None
    frame: pd.DataFrame
    asked: int
    failures: Mapping[str, str]
    named: tuple[str, ...] = ()
    units: Mapping[str, Unit] = field(default_factory=dict)
    watermarks: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def matches(self) -> pd.DataFrame:
        """The rows of the symbols that meet the condition."""
        return self.frame[self.frame["matches"]]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that meet the condition, the highest score first."""
        return tuple(self.matches.index)

    @property
    def title(self) -> str:
        """Universe and condition in one line."""
        return f"Screen of {self.universe}: {len(self.matches):,} of {len(self.frame):,} match"

    @property
    def watermark(self) -> str | None:
        """The watermarks of the data."""
        return " and ".join(self.watermarks) or None

    def facts(self) -> list[Fact]:
        """Return how many were asked, analysed and found."""
        bars = self.frame["bar"] if len(self.frame) else None
        none = "" if len(self.frame) else "no symbol was analysed"
        return [
            Fact("Condition", self.where or "none: every symbol matches"),
            Fact("Matches", len(self.matches), "count"),
            Fact("Analysed", len(self.frame), "count", "at their last decision time"),
            Fact("Asked", self.asked, "count", "symbols of the universe"),
            Fact("Failed", len(self.failures), "count"),
            Fact("Oldest last bar", None if bars is None else bars.min().date(), "date", "", none),
            Fact("Newest last bar", None if bars is None else bars.max().date(), "date", "", none),
            Fact("As of", self.as_of or "all that is known of each symbol", "time"),
        ]

    def tables(self) -> list[Table]:
        """Return the matches with the highest scores, and what failed."""
        found = self.matches
        shown = [each for each in (*self._asked_about(), *SHOWN_COLUMNS) if each[1] in found.columns]
        rows = tuple(
            (str(symbol), *(format_value(row[column], unit) for _, column, unit in shown), f"{row['bar']:%Y-%m-%d}")
            for symbol, row in found.head(_MOST_SHOWN).iterrows()
        )
        more = f", the first {_MOST_SHOWN} of {len(found):,}" if len(found) > _MOST_SHOWN else ""
        titles = tuple(title for title, _, _ in shown)
        numbers = tuple(title for title, _, unit in shown if unit)
        signed = tuple(title for title, _, unit in shown if unit == "score")
        tables = [Table(f"Matches{more}", ("Symbol", *titles, "Bar"), rows, numbers, signed)] if rows else []
        if self.failures:
            failed = tuple((symbol, first_sentence(why)) for symbol, why in self.failures.items())
            tables.append(Table("Not analysed", ("Symbol", "Why"), failed))
        return tables

    def _asked_about(self) -> list[tuple[str, str, Unit]]:
        """Return title, column and unit of what the condition names and the table would not show by itself."""
        usual = {column for _, column, _ in SHOWN_COLUMNS}
        return [
            (name, name, self.units.get(name, _JOINT_UNITS.get(name.rpartition("_")[2], "")))
            for name in self.named
            if name not in usual
        ]

    def provenance(self) -> list[Fact]:
        """Return how the numbers were made."""
        return [
            Fact("Rows", "the last row of iq.analyze(symbol, as_of=...).table, one symbol at a time"),
            Fact("Order", "by score, the highest first; symbols without one last"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return `frame`."""
        return self.frame
