"""`FetchReport`: what became of each series of a bulk load."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.market.contract import Dataset, Status
from investiq.market.updating import Update

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FetchLine", "FetchReport"]

_SHOWN: Final = 20
_COLUMNS: Final = (
    "symbol", "dataset", "status", "reason", "provider", "asked", "rows", "new", "revised", "elapsed_s"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FetchLine:
    """One symbol and dataset.

    Attributes
    ----------
    asked : bool
        False where what is stored was fresh.
    status : str
        As of an `Answer`; ``"ok"`` also where nothing had to be asked.
    rows, new, revised : int
        Received, not stored before, corrected. An article that comes under
        several symbols is new once.
    elapsed_s : float
        Seconds, waiting for a slot of the limiter included.
    """

    symbol: str
    dataset: Dataset
    status: Status
    reason: str
    provider: str
    asked: bool
    rows: int
    new: int
    revised: int
    elapsed_s: float

    @classmethod
    def of(cls, done: Update) -> FetchLine:
        """Return the line of an update."""
        return cls(
            symbol=done.symbol,
            dataset=done.dataset,
            status=done.status,
            reason=done.reason if done.reason or done.asked else "stored and fresh, not asked for",
            provider=done.provider,
            asked=done.asked,
            rows=done.rows,
            new=done.added,
            revised=done.revised,
            elapsed_s=done.elapsed,
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FetchReport(Result):
    """The result of `fetch`.

    Attributes
    ----------
    lines : tuple of FetchLine
    remaining : tuple of (symbol, dataset)
        Not asked for, because of an interrupt.
    articles : int
        Different news articles received.
    elapsed : float
        Seconds of the whole.
    """

    kind: ClassVar[str] = "fetch"
    lines: tuple[FetchLine, ...]
    remaining: tuple[tuple[str, Dataset], ...] = ()
    articles: int = 0
    elapsed: float = 0.0
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Number of series and what became of them."""
        return f"Fetched {len(self.lines):,} series"

    @property
    def counts(self) -> dict[str, int]:
        """Number of lines by status."""
        return dict(Counter(line.status for line in self.lines))

    @property
    def failures(self) -> tuple[FetchLine, ...]:
        """The lines that gave no data, or not the newest; a share without dividends or news is no failure, one without bars is."""
        fine = {"ok", "empty"}
        return tuple(
            line for line in self.lines if line.status not in fine or (line.status, line.dataset) == ("empty", "bars")
        )

    def facts(self) -> list[Fact]:
        """Return counts by status, rows and time."""
        fresh = sum(not line.asked for line in self.lines)
        facts = [
            Fact("Symbols", len({line.symbol for line in self.lines}), "count"),
            Fact("Series", len(self.lines), "count"),
            *(Fact(f"Status {status}", count, "count") for status, count in sorted(self.counts.items())),
            Fact("Fresh in the store", fresh, "count", note="not asked for again" if fresh else ""),
            Fact("Rows received", sum(line.rows for line in self.lines), "count"),
            Fact("New rows", sum(line.new for line in self.lines), "count"),
            Fact("Corrected rows", sum(line.revised for line in self.lines), "count"),
            Fact("Time", self.elapsed, "seconds"),
        ]
        if any(line.dataset == "news" for line in self.lines):
            facts.insert(-1, Fact("Different articles", self.articles, "count"))
        if self.remaining:
            facts.append(Fact("Not asked for", len(self.remaining), "count", note="interrupted"))
        return facts

    def tables(self) -> list[Table]:
        """Return the first failures."""
        shown = [
            (line.symbol, line.dataset, line.status, line.provider, line.reason, format_value(line.rows, "count"))
            for line in self.failures[:_SHOWN]
        ]
        if not shown:
            return []
        title = "Not ok" if len(self.failures) <= _SHOWN else f"Not ok, the first {_SHOWN} of {len(self.failures)}"
        columns = ("Symbol", "Dataset", "Status", "Provider", "Reason", "Rows")
        return [Table(title, columns, tuple(shown), numbers=("Rows",))]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per symbol and dataset."""
        import pandas as pd

        return pd.DataFrame([[getattr(line, name) for name in _COLUMNS] for line in self.lines], columns=list(_COLUMNS))
