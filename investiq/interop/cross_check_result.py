"""The result of `iq.cross_check`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from investiq.core.facts import Fact, Table, format_value
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
        """Return one row a metric and library, the unexplained first."""
        order = {"unexplained": 0, "differs by convention": 1, "not comparable": 2, "equal": 3}
        rows = tuple(
            (
                line.metric,
                line.tool,
                *(format_value(each) for each in (line.ours, line.theirs, line.as_theirs)),
                line.verdict,
                line.explanation,
            )
            for line in sorted(self.lines, key=lambda line: order[line.verdict])
        )
        columns = ("Metric", "Library", "Ours", "Theirs", "Ours by their rules", "Verdict", "Explanation")
        return [Table("Numbers", columns, rows, numbers=columns[2:5])]

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
