"""`ReportReplay`: what of a report came out the same, what moved, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.replay_report import Condition
    from investiq.core.facts import Unit

__all__ = ["ReplayedNumber", "ReplayedTable", "ReportReplay"]


class ReplayedNumber(NamedTuple):
    """One headline number, as published and as it comes out now; None where there is none of that label."""

    label: str
    unit: Unit
    published: Any
    present: Any

    @property
    def is_moved(self) -> bool:
        """Whether they differ in any bit; two that are missing are equal."""
        one, other = self.published, self.present
        return not (one == other or (one != one and other != other))


class ReplayedTable(NamedTuple):
    """One table, as published and as it comes out now."""

    title: str
    rows_published: int | None
    rows_present: int | None
    columns_moved: tuple[str, ...]
    rows_moved: int | None

    @property
    def is_moved(self) -> bool:
        """Whether a value, a row or a column differs."""
        return bool(self.columns_moved) or self.rows_published != self.rows_present


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReportReplay(Result):
    """What `iq.replay_report` returns.

    Attributes
    ----------
    source : Path
        The page or manifest that was given.
    subject : str
        Title of the report.
    numbers : tuple of ReplayedNumber
    compared_tables : tuple of ReplayedTable
    conditions : tuple of Condition
        Template, code, packages, Python and data, then and now.
    """

    kind: ClassVar[str] = "report_replay"

    source: Path
    subject: str
    watermark_of: str | None
    numbers: tuple[ReplayedNumber, ...]
    compared_tables: tuple[ReplayedTable, ...]
    conditions: tuple[Condition, ...]

    @property
    def moved(self) -> tuple[ReplayedNumber | ReplayedTable, ...]:
        """The numbers and tables that are not what they were."""
        numbers = (each for each in self.numbers if each.is_moved)
        return (*numbers, *(each for each in self.compared_tables if each.is_moved))

    @property
    def verdict(self) -> Literal["unchanged", "moved"]:
        """Whether any number or table moved."""
        return "moved" if self.moved else "unchanged"

    @property
    def cause(self) -> str:
        """What changed of all that numbers depend on; ``"code"`` where nothing is known to have; empty if nothing moved."""
        if not self.moved:
            return ""
        return " or ".join(each.name for each in self.conditions if each.is_same is False) or "code"

    @property
    def title(self) -> str:
        """The verdict on the report."""
        return f"Replay of {self.subject}: {self.verdict}"

    @property
    def watermark(self) -> str | None:
        """That of the report."""
        return self.watermark_of

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # derived here, a field elsewhere
        """What the replay could not tell."""
        found = [
            Note(code="not_compared", text=f"{each.name}: {each.text}", severity="info")
            for each in self.conditions
            if each.is_same is None
        ]
        if self.moved and all(each.is_same is not False for each in self.conditions):
            text = "nothing that is recorded changed and numbers moved: the source differs, the machine does, or a cell is random"
            found.append(Note(code="same_version", text=text))
        return tuple(found)

    def facts(self) -> list[Fact]:
        """Return the verdict, what was compared, and what the numbers depend on."""
        tables = self.compared_tables
        return [
            Fact("Verdict", self.verdict),
            Fact("Numbers compared", len(self.numbers), "count", "equal when their bits are"),
            Fact("Numbers moved", sum(each.is_moved for each in self.numbers), "count"),
            Fact("Tables compared", len(tables), "count", "SHA-256 of each column"),
            Fact("Tables moved", sum(each.is_moved for each in tables), "count"),
            Fact("Cause", self.cause or "none"),
            *(Fact(each.name.capitalize(), each.text, "", _word(each.is_same)) for each in self.conditions),
        ]

    def tables(self) -> list[Table]:
        """Return the numbers and the tables that moved."""
        numbers = tuple((each.label, *_texts(each)) for each in self.numbers if each.is_moved)
        tables = tuple(
            (
                each.title, _count(each.rows_published), _count(each.rows_present),
                "not known" if each.rows_moved is None else _count(each.rows_moved), ", ".join(each.columns_moved),
            )
            for each in self.compared_tables
            if each.is_moved
        )  # fmt: skip
        found = []
        if numbers:
            columns = ("number", "published", "now")
            found.append(Table("Numbers that moved", columns, numbers, columns[1:]))
        if tables:
            columns_ = ("table", "rows published", "rows now", "rows that differ", "columns that differ")
            found.append(Table("Tables that moved", columns_, tables, columns_[1:4]))
        return found

    def provenance(self) -> list[Fact]:
        """Return the file."""
        return [
            Fact("File", str(self.source)),
            Fact("Run", "offline, in a folder that is gone; the report was not touched"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a headline number: unit, published, present, is_moved."""
        import pandas as pd

        rows = [(*each, each.is_moved) for each in self.numbers]
        columns = ["number", "unit", "published", "present", "is_moved"]
        return pd.DataFrame(rows, columns=columns).set_index("number")


def _texts(number: ReplayedNumber) -> tuple[str, str]:
    """Return both values as a page shows them, in full where the page would show no difference."""
    published, present = (_text(each, number.unit) for each in (number.published, number.present))
    return (published, present) if published != present else (repr(number.published), repr(number.present))


def _text(value: Any, unit: Unit) -> str:
    return "not there" if value is None else format_value(value, unit)


def _count(rows: int | None) -> str:
    return "not there" if rows is None else format_value(rows, "count")


def _word(is_same: bool | None) -> str:
    return {True: "same", False: "changed", None: "not compared"}[is_same]
