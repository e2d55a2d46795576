"""`Screen`: many symbols at one moment, and those that meet a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHOWN_COLUMNS", "Screen"]

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
        Symbols that could not be analysed, and why.
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
        return [
            Fact("Condition", self.where or "none: every symbol matches"),
            Fact("Matches", len(self.matches), "count"),
            Fact("Analysed", len(self.frame), "count", "at their last decision time"),
            Fact("Asked", self.asked, "count", "symbols of the universe"),
            Fact("Failed", len(self.failures), "count"),
            Fact("First last bar", None if bars is None else bars.min().date(), "date", "the oldest of the last bars"),
            Fact("Last bar", None if bars is None else bars.max().date(), "date", "the newest of the last bars"),
            Fact("As of", self.as_of or "all that is known of each symbol", "time"),
        ]

    def tables(self) -> list[Table]:
        """Return the matches with the highest scores, and what failed."""
        found = self.matches
        shown = [each for each in SHOWN_COLUMNS if each[1] in found.columns]
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
            tables.append(Table("Not analysed", ("Symbol", "Why"), tuple(self.failures.items())))
        return tables

    def provenance(self) -> list[Fact]:
        """Return how the numbers were made."""
        return [
            Fact("Rows", "the last row of iq.analyze(symbol, as_of=...).table, one symbol at a time"),
            Fact("Order", "by score, the highest first; symbols without one last"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return `frame`."""
        return self.frame
