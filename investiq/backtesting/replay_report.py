"""`ReplayReport`: what of a saved result came out the same, what moved, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Condition", "MovedNumber", "ReplayReport"]


class Condition(NamedTuple):
    """One thing that numbers depend on, then and now; `is_same` is None where that is not known."""

    name: str
    text: str
    is_same: bool | None


class MovedNumber(NamedTuple):
    """One number: as saved, replayed on the saved bars, and on the bars of today; `cause` is empty where all agree."""

    label: str
    stored: Any
    replayed: Any
    present: Any
    cause: str

    @property
    def difference(self) -> float:
        """`present` less `stored`; NaN where they are no numbers."""
        if isinstance(self.stored, (int, float)) and isinstance(self.present, (int, float)):
            return float(self.present) - float(self.stored)
        return math.nan

    @property
    def relative(self) -> float:
        """The difference as a fraction of what was saved; NaN where that is zero or no number."""
        return self.difference / abs(self.stored) if not math.isnan(self.difference) and self.stored else math.nan


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReplayReport(Result):
    """What `iq.replay` returns.

    Attributes
    ----------
    source : Path
        The file.
    subject : str
        Title of the result in it.
    numbers : tuple of MovedNumber
        Every number of the result; ``"Account"`` stands for all bits of equity,
        cash, positions and fills.
    conditions : tuple of Condition
        Code, packages, Python, data and seed.
    first_difference : str
        First bar whose equity differs on the saved bars; empty where none does.
    """

    kind: ClassVar[str] = "replay"

    source: Path
    subject: str
    watermark_of: str | None
    numbers: tuple[MovedNumber, ...]
    conditions: tuple[Condition, ...]
    first_difference: str
    units: Mapping[str, Unit] = field(default_factory=dict)

    @property
    def moved(self) -> tuple[MovedNumber, ...]:
        """The numbers that are not what they were."""
        return tuple(number for number in self.numbers if number.cause)

    @property
    def verdict(self) -> Literal["unchanged", "moved"]:
        """Whether any number moved."""
        return "moved" if self.moved else "unchanged"

    @property
    def causes(self) -> tuple[str, ...]:
        """Why numbers moved: ``"code"``, ``"packages"``, ``"python"``, ``"data"``, or several joined by words."""
        return tuple(dict.fromkeys(number.cause for number in self.moved))

    @property
    def title(self) -> str:
        """The verdict on the file."""
        return f"Replay of {self.subject}: {self.verdict}"

    @property
    def watermark(self) -> str | None:
        """That of the result in the file."""
        return self.watermark_of

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # derived here, a field elsewhere
        """What the replay could not tell."""
        found = [
            Note(code="not_compared", text=f"{each.name}: {each.text}", severity="info")
            for each in self.conditions
            if each.is_same is None
        ]
        if any("code" in cause for cause in self.causes) and self._is_same("code"):
            found.append(
                Note(
                    code="same_version",
                    text="the version of the code is the same and numbers moved: its source differs, or the machine does",
                )
            )
        return tuple(found)

    def _is_same(self, name: str) -> bool:
        return any(each.name == name and each.is_same for each in self.conditions)

    def facts(self) -> list[Fact]:
        """Return the verdict and what was compared."""
        bits = next(number for number in self.numbers if number.label == "Account")
        if self.first_difference:
            account = f"differs from {self.first_difference} on"
        else:
            account = "equal to the last bit" if not bits.cause else "differs on the bars of today"
        return [
            Fact("Verdict", self.verdict),
            Fact("Numbers compared", len(self.numbers), "count", "equal when their bits are"),
            Fact("Numbers moved", len(self.moved), "count"),
            Fact("Account", account, "", "equity, cash, positions, fills"),
            Fact("Cause", ", ".join(self.causes) or "none"),
            *(Fact(each.name.capitalize(), each.text, "", _word(each.is_same)) for each in self.conditions),
        ]

    def tables(self) -> list[Table]:
        """Return the numbers that moved."""
        rows = tuple(
            (
                number.label, self._text(number, number.stored), self._text(number, number.replayed),
                self._text(number, number.present), format_value(number.relative, "fraction"), number.cause,
            )
            for number in self.moved
        )  # fmt: skip
        columns = ("number", "saved", "replayed", "on data of today", "change", "cause")
        return [Table("Numbers that moved", columns, rows, columns[1:5], ("change",))] if rows else []

    def _text(self, number: MovedNumber, value: Any) -> str:
        return format_value(value, self.units.get(number.label, ""))

    def provenance(self) -> list[Fact]:
        """Return the file."""
        return [Fact("File", str(self.source)), Fact("Ledger", "a replay is no trial: it is not counted")]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number: stored, replayed, present, difference, relative, cause."""
        import pandas as pd

        rows = [(*number, number.difference, number.relative) for number in self.numbers]
        columns = ["number", "stored", "replayed", "present", "cause", "difference", "relative"]
        return pd.DataFrame(rows, columns=columns).set_index("number")


def _word(is_same: bool | None) -> str:
    return {True: "same", False: "changed", None: "not compared"}[is_same]
