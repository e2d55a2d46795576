"""`SourceCheck`: where two sources of one symbol disagree, by date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.bars import Bars
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Breach", "SourceCheck", "source_of"]

_SHOWN: Final = 30


def source_of(bars: Bars) -> str:
    """Return provider and feed in words."""
    return " ".join(filter(None, (bars.passport.provider, bars.passport.feed)))


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One value that differs by more than its tolerance.

    Attributes
    ----------
    ts : datetime64[us]
    field : str
        A column, or ``"volume ratio"``.
    a, b : float
    difference : float
        ``b - a``; of a volume ratio, the ratio.
    limit : str
        What was exceeded, in words.
    """

    ts: np.datetime64
    field: str
    a: float
    b: float
    difference: float
    limit: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SourceCheck(Result):
    """Where two sources of one symbol disagree; made by `compare_sources`.

    Attributes
    ----------
    a, b : Bars
    common : int
        Bars that both have.
    only_a, only_b : ndarray of datetime64[us]
        Labels between the first and the last common one that one source lacks.
    compared : mapping of str to int
        Values compared per field; a value that one source does not know counts nowhere.
    largest : mapping of str to float
        Largest relative difference per field, whether tolerated or not.
    breaches : tuple of Breach
        By date.
    """

    kind: ClassVar[str] = "source_check"
    a: Bars
    b: Bars
    common: int
    only_a: NDArray[np.datetime64]
    only_b: NDArray[np.datetime64]
    compared: Mapping[str, int]
    largest: Mapping[str, float]
    breaches: tuple[Breach, ...]
    notes: tuple[Note, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """What the two sources are called."""
        one, other = source_of(self.a), source_of(self.b)
        return (one, other) if one != other else (f"{one} (first)", f"{other} (second)")

    @property
    def agrees(self) -> bool:
        """Whether no value breaks its tolerance and neither lacks a bar of the other."""
        return not self.breaches and not self.only_a.size and not self.only_b.size

    @property
    def title(self) -> str:
        """The symbol and both sources."""
        return f"{self.a.symbol}: {self.names[0]} against {self.names[1]}"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` or ``"SAMPLE"`` if one of the sources is."""
        marks = {each.passport.watermark for each in (self.a, self.b)}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    def facts(self) -> list[Fact]:
        """Return the verdict, the bars compared and the largest difference per field."""
        days = len({breach.ts for breach in self.breaches})
        facts = [
            Fact("Verdict", "agree" if self.agrees else "differ", "", "within the tolerances, and no bar lacking"),
            Fact("Bars in both", self.common, "bars"),
            Fact(f"Only in {self.names[0]}", self.only_a.size, "bars", "between the first and the last common bar"),
            Fact(f"Only in {self.names[1]}", self.only_b.size, "bars"),
            Fact("Breaches", len(self.breaches), "count", f"on {days} of the bars"),
        ]
        for name, value in self.largest.items():
            missing = "" if self.compared[name] else "no bar on which both know it"
            what = "largest relative difference" if name != "volume ratio" else "largest"
            facts.append(
                Fact(name.capitalize(), value, "fraction", f"{what}, {self.compared[name]:,} compared", missing)
            )
        return facts

    def tables(self) -> list[Table]:
        """Return the breaches by date, and the bars that one source lacks."""
        tables = []
        if self.breaches:
            title = (
                "Breaches" if len(self.breaches) <= _SHOWN else f"The first {_SHOWN} of {len(self.breaches):,} breaches"
            )
            rows = tuple(
                (
                    label_text(each.ts, self.a.interval),
                    each.field,
                    format_value(each.a, "shares" if "volume" in each.field else "price"),
                    format_value(each.b, "shares" if "volume" in each.field else "price"),
                    each.limit,
                )
                for each in self.breaches[:_SHOWN]
            )
            columns = ("Bar", "Field", self.names[0], self.names[1], "Limit exceeded")
            tables.append(Table(title, columns, rows, numbers=columns[2:4]))
        lacking = [(ts, self.names[0]) for ts in self.only_a] + [(ts, self.names[1]) for ts in self.only_b]
        if lacking:
            title = (
                "Bars in one source"
                if len(lacking) <= _SHOWN
                else f"The first {_SHOWN} of {len(lacking):,} bars in one source"
            )
            shown = sorted(lacking, key=lambda each: each[0])[:_SHOWN]
            tables.append(
                Table(
                    title,
                    ("Bar", "Only in"),
                    tuple((label_text(ts, self.a.interval), name) for ts, name in shown),
                )
            )
        return tables

    def provenance(self) -> list[Fact]:
        """Return both passports in short."""
        lines = []
        for name, bars in zip(self.names, (self.a, self.b), strict=True):
            first, last = (label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
            lines.append(Fact(name, f"{first} to {last}, {len(bars):,} bars, SHA-256 {bars.fingerprint[:16]}"))
        return lines

    def to_frame(self) -> pd.DataFrame:
        """Return one row a breach: ts, field, a, b, difference, limit."""
        import pandas as pd

        names = ("field", "a", "b", "difference", "limit")
        frame = pd.DataFrame({name: [getattr(each, name) for each in self.breaches] for name in names})
        stamps = np.array([each.ts for each in self.breaches], dtype="datetime64[us]")
        frame.index = pd.DatetimeIndex(stamps, tz="UTC", name="ts")
        return frame
