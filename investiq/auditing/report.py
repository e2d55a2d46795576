"""The result of `iq.audit`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AuditReport", "Check", "FrozenInput", "Leak", "Surroundings", "Verdict"]

Verdict: TypeAlias = Literal["point in time", "leaks", "not proven"]
Check: TypeAlias = Literal["prefix replay", "disturbance", "frozen inputs", "fill law", "repetition"]

_MEANING: Final[dict[Verdict, str]] = {
    "point in time": "no sampled value changed with data that came after it",
    "leaks": "a value depends on data that came after it",
    "not proven": "no leak was seen, but one could hide where the audit cannot look",
}


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One way in which the output depends on what was not yet known.

    Attributes
    ----------
    check : str
        Which check found it.
    bar : int
        Row of the first bar that is wrong; where `is_first` is False, the first that was found.
    label : str
        The label of that bar.
    column : str
        Column of the output; ``"value"`` where it has no name.
    full, then : Any
        Its value with all of the data, and with what was known, or after later data were changed.
    cut : str
        The label of the last bar that was known, or left as it was, when `then` was seen; empty for a fill.
    ahead : int or None
        The least number of later bars that change the value; None where that was not measured.
    source : str
        The table that was read too early, where the check names one.
    is_first : bool
        Whether every bar before it was tried.
    text : str
        All of that in one sentence.
    """

    check: Check
    bar: int
    label: str
    column: str
    full: Any
    then: Any
    cut: str
    ahead: int | None
    source: str
    is_first: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class FrozenInput:
    """Data that the function holds beside what it is given.

    Attributes
    ----------
    where : str
        Such as ``"closure variable 'benchmark'"``.
    what : str
        Kind and size.
    is_from_data : bool
        Whether it is a part of the audited data.
    is_cleared : bool
        Whether it is, and changing its later rows changed no earlier value.
    """

    where: str
    what: str
    is_from_data: bool
    is_cleared: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """The leaking column around its first leak: what all of the data say, and what was said at the time.

    Attributes
    ----------
    labels : tuple of str
    full, then : ndarray of float64, shape (n_rows,)
    """

    labels: tuple[str, ...]
    full: NDArray[np.float64]
    then: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AuditReport(Result):
    """Whether a function is point in time; made by `audit`.

    Attributes
    ----------
    name, data : str
        What was audited, on what.
    verdict : {"point in time", "leaks", "not proven"}
    reasons : tuple of str
        Why it is not proven; empty otherwise.
    leaks : tuple of Leak
        The earliest first.
    frozen : tuple of FrozenInput
    prefixes : int
        Cuts at which the output was computed again.
    disturbed : tuple of str
        Tables whose later rows were changed.
    fills : int
        Fills that were looked at.
    warmup : int
        Bars up to which the function raised instead of answering.
    warmup_error : str
        What it raised.
    bars : int
    seed : int
    surroundings : Surroundings, optional
        Of the first leak.
    """

    kind: ClassVar[str] = "audit"

    name: str
    data: str
    verdict: Verdict
    reasons: tuple[str, ...]
    leaks: tuple[Leak, ...]
    frozen: tuple[FrozenInput, ...]
    prefixes: int
    disturbed: tuple[str, ...]
    fills: int
    warmup: int
    warmup_error: str
    bars: int
    seed: int
    mark: str | None = None
    surroundings: Surroundings | None = None
    notes: tuple[Note, ...] = field(default=())

    @property
    def is_point_in_time(self) -> bool:
        """Whether the verdict is ``"point in time"``."""
        return self.verdict == "point in time"

    @property
    def title(self) -> str:
        """What was audited, and the verdict."""
        return f"Audit of {self.name} on {self.data}: {self.verdict}"

    @property
    def watermark(self) -> str | None:
        """That of the data."""
        return self.mark

    def facts(self) -> list[Fact]:
        """Return the verdict, the first leak, and what was tried."""
        facts = [Fact("Verdict", self.verdict, note="; ".join(self.reasons) or _MEANING[self.verdict])]
        if self.leaks:
            first = self.leaks[0]
            seen = f"when {first.cut} was the last bar known" if first.cut not in ("", first.label) else ""
            known = "first of all" if first.is_first else "first that was found"
            facts += [
                Fact("First leak", first.label, convention=f"bar {first.bar}, {known}", note=first.text),
                Fact("Column", first.column),
                Fact("Value with all data", _shown(first.full)),
                Fact("Value at the time", _shown(first.then), convention=seen),
            ]
            if first.ahead is not None:
                facts.append(
                    Fact("Looked ahead", first.ahead, "bars", "least number of later bars that change the value")
                )
            if first.source:
                facts.append(Fact("Read too early", first.source))
        facts.append(Fact("Bars", self.bars, "bars"))
        facts.append(Fact("Prefixes replayed", self.prefixes, "count", "cut by the time at which each bar was known"))
        facts.append(Fact("Tables disturbed", ", ".join(self.disturbed) or "none"))
        if self.fills:
            facts.append(Fact("Fills tested", self.fills, "count", "their own and their deciding close moved"))
        if self.warmup:
            facts.append(Fact("Warm-up", self.warmup, "bars", "the function raised on fewer", self.warmup_error))
        return facts

    def tables(self) -> list[Table]:
        """Return every leak, and the data that the function holds."""
        tables = []
        if self.leaks:
            rows = tuple((leak.check, leak.label, leak.column, leak.text) for leak in self.leaks)
            tables.append(Table("Leaks", ("Check", "Bar", "Column", "What was seen"), rows))
        if self.frozen:
            words = {(True, True): "comes with the data, not read ahead", (True, False): "comes with the data"}
            held = tuple(
                (each.where, each.what, words.get((each.is_from_data, each.is_cleared), "not of the data"))
                for each in self.frozen
            )
            tables.append(Table("Data that the function holds", ("Where", "What", "Origin"), held))
        return tables

    def provenance(self) -> list[Fact]:
        """Return how the rows were sampled."""
        return [Fact("Sampled with seed", self.seed), Fact("Equal means", "within 1e-10, relative; NaN equals NaN")]

    def to_frame(self) -> pd.DataFrame:
        """Return the leaks, one row each: check, bar, label, column, full, then, cut, ahead, source, text."""
        import pandas as pd

        names = ["check", "bar", "label", "column", "full", "then", "cut", "ahead", "source", "text"]
        return pd.DataFrame([[getattr(leak, name) for name in names] for leak in self.leaks], columns=names)


def _shown(value: Any) -> str:
    return "none" if value is None else format_value(value)
