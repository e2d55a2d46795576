"""The result of `iq.cross_check`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from investiq.core.facts import Fact, Table
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.interop.second_opinions import Tool
from investiq.metrics.conventions import Convention

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOLERANCE", "CrossCheck", "CrossCheckLine", "Verdict", "names_of"]

Verdict: TypeAlias = Literal["equal", "differs by convention", "unexplained", "not comparable"]

# Two ways through the same sums of a few thousand returns agree to some 1e-13.
TOLERANCE: Final = 1e-10
_ORDER: Final[dict[Verdict, int]] = {"unexplained": 0, "differs by convention": 1, "not comparable": 2, "equal": 3}
# Digits of the table: a double holds 17. What is smaller than the rounding of its sums is shown as 0.
_LEAST_DIGITS, _MOST_DIGITS, _ROUNDED_TO_ZERO = 6, 17, 1e-12


@dataclass(frozen=True, kw_only=True)
class CrossCheckLine:
    """One metric against one library.

    Attributes
    ----------
    metric, tool : str
    ours : float
        Under the convention asked for; NaN where it is undefined.
    theirs : float
        As the library gives it; NaN where it gives none.
    as_theirs : float
        Our computation by the rules of the library.
    difference : float
        ``ours - theirs``.
    verdict : {"equal", "differs by convention", "unexplained", "not comparable"}
        ``"differs by convention"`` only where `as_theirs` equals `theirs`.
    explanation : str
        Which rule differs, or why there is nothing to compare.
    """

    metric: str
    tool: Tool
    ours: float
    theirs: float
    as_theirs: float
    difference: float
    verdict: Verdict
    explanation: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CrossCheck(Result):
    """Our metrics beside those of other libraries; made by `cross_check`.

    Attributes
    ----------
    name : str
    lines : tuple of CrossCheckLine
    convention : Convention
    versions : tuple of (str, str or None)
        Library and installed version.
    count : int
        Returns.
    span : tuple of str
        First and last date.
    """

    kind: ClassVar[str] = "cross_check"
    name: str
    lines: tuple[CrossCheckLine, ...]
    convention: Convention
    versions: tuple[tuple[Tool, str | None], ...]
    count: int
    span: tuple[str, str]
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the returns and the libraries."""
        return f"Cross-check of {self.name} with {' and '.join(tool for tool, held in self.versions if held)}"

    @property
    def unexplained(self) -> tuple[CrossCheckLine, ...]:
        """The differences that no convention accounts for."""
        return tuple(line for line in self.lines if line.verdict == "unexplained")

    def facts(self) -> list[Fact]:
        """Return how many numbers agree, differ by convention, and differ unexplained."""
        counts = Counter(line.verdict for line in self.lines)
        by_rules = "recomputed by their rules, ours equals theirs"
        return [
            Fact("Numbers compared", len(self.lines) - counts["not comparable"], "count"),
            Fact("Equal", counts["equal"], "count", f"within {TOLERANCE:g} of their size"),
            Fact("Differ by convention", counts["differs by convention"], "count", by_rules),
            Fact("Differ unexplained", counts["unexplained"], "count", ", ".join(names_of(self.unexplained))),
            Fact("Not comparable", counts["not comparable"], "count", "one side gives no number"),
        ]

    def tables(self) -> list[Table]:
        """Return one row a metric, those that differ first, and why the others' numbers are not ours."""
        tools = [tool for tool, _ in self.versions]
        found = {(line.metric, line.tool): line for line in self.lines}
        shown: list[tuple[int, tuple[str, ...]]] = []
        for metric in dict.fromkeys(line.metric for line in self.lines):
            lines = [found.get((metric, tool)) for tool in tools]
            held = [line for line in lines if line is not None]
            digits = _digits_apart(held)
            cells = [metric, _number(held[0].ours, digits)]
            for line in lines:
                cells += ["", ""] if line is None else [_number(line.theirs, digits), line.verdict]
            shown.append((min(_ORDER[line.verdict] for line in held), tuple(cells)))
        numbers = ("Ours", *tools)
        columns = ("Metric", "Ours", *(name for tool in tools for name in (tool, f"{tool} is")))
        tables = [Table("Numbers", columns, tuple(row for _, row in sorted(shown, key=_rank)), numbers=numbers)]
        reasons = sorted((line for line in self.lines if line.explanation), key=lambda line: _ORDER[line.verdict])
        if reasons:
            told = tuple((line.metric, line.tool, line.explanation) for line in reasons)
            tables.append(Table("Why they differ", ("Metric", "Library", "Explanation"), told))
        return tables

    def provenance(self) -> list[Fact]:
        """Return convention, period and versions."""
        return [
            Fact("Convention of ours", self.convention.describe()),
            Fact("Period", f"{self.span[0]} to {self.span[1]}, {self.count:,} returns"),
            *(Fact(tool, held or "not installed") for tool, held in self.versions),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a metric and library."""
        import pandas as pd

        names = ("metric", "tool", "ours", "theirs", "as_theirs", "difference", "verdict", "explanation")
        return pd.DataFrame([[getattr(line, name) for name in names] for line in self.lines], columns=list(names))


def names_of(lines: tuple[CrossCheckLine, ...]) -> list[str]:
    """Return metric and library of each line."""
    return [f"{line.metric} ({line.tool})" for line in lines]


def _rank(row: tuple[int, tuple[str, ...]]) -> int:
    return row[0]


def _digits_apart(lines: list[CrossCheckLine]) -> int:
    """Return the significant digits, at least 6, from which numbers that differ also look different."""
    for digits in range(_LEAST_DIGITS, _MOST_DIGITS):
        if all(
            line.verdict in ("equal", "not comparable") or _number(line.ours, digits) != _number(line.theirs, digits)
            for line in lines
        ):
            return digits
    return _MOST_DIGITS


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return "n/a"
    return f"{0.0 if abs(value) < _ROUNDED_TO_ZERO else value:,.{digits}g}"
