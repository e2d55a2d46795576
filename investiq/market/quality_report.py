"""`QualityReport`: what was found in one or many series, as facts, tables and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.core.types import Interval
from investiq.history.instants import label_text
from investiq.market.quality_checks import CHECKS, Finding

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SEVERITY_ORDER", "QualityReport", "SeriesQuality", "Verdict", "verdict_of"]

Verdict = Literal["pass", "caution", "fail"]

SEVERITY_ORDER: Final = {"error": 0, "caution": 1, "info": 2}
# A card holds a screenful; everything is in the frames.
_MOST_LINES: Final = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesQuality:
    """One series of a report.

    Attributes
    ----------
    symbol, interval, calendar : str
    rows : int
        Received; of a table with bad rows more than there are `bars`.
    bars : int
    first, last : datetime64[us]
        Labels; NaT without bars.
    sessions : ndarray of datetime64[us], shape (n_sessions,)
        Those of the calendar from the first bar to the last; none for weeks and months.
    present : ndarray of bool, shape (n_sessions,)
        Whether the session has a bar.
    actions : int
        Behind the factors.
    largest_move : float
        Largest absolute return of the total-adjusted close, quarantined bars left out; NaN below two bars.
    watermark : str or None
    verdict : {"pass", "caution", "fail"}
    """

    symbol: str
    interval: Interval
    calendar: str
    rows: int
    bars: int
    first: np.datetime64
    last: np.datetime64
    sessions: NDArray[np.datetime64]
    present: NDArray[np.bool_]
    actions: int
    largest_move: float
    watermark: str | None
    verdict: Verdict

    @property
    def coverage(self) -> float:
        """Share of the expected sessions that have a bar, NaN where none is expected."""
        return float(self.present.mean()) if self.present.size else float("nan")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class QualityReport(Result):
    """What `iq.check_bars` returns.

    Attributes
    ----------
    series : tuple of SeriesQuality
    findings : tuple of Finding
        Errors first, then cautions, then facts; one per series and check, with
        the full count and at most 100 examples.
    notes : tuple of Note
        What the sources say of their data, where it limits nothing.
    """

    kind: ClassVar[str] = "quality"

    series: tuple[SeriesQuality, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """What was examined."""
        return f"Data quality of {self.series[0].symbol if len(self.series) == 1 else f'{len(self.series)} series'}"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` or ``"SAMPLE"`` where any series is."""
        marks = {each.watermark for each in self.series}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @property
    def verdict(self) -> Verdict:
        """``"fail"`` with any error, ``"caution"`` with any caution, else ``"pass"``."""
        return verdict_of(self.findings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the verdict rests on: each error, or without any each caution, with its count."""
        deciding = {"fail": "error", "caution": "caution", "pass": None}[self.verdict]
        return tuple(
            f"{each.symbol}: {each.check} ({each.count})" for each in self.findings if each.severity == deciding
        )

    def facts(self) -> list[Fact]:
        """Return the numbers of the whole report."""
        expected = sum(each.sessions.size for each in self.series)
        absent = expected - sum(int(each.present.sum()) for each in self.series)
        by_severity = {name: [each for each in self.findings if each.severity == name] for name in SEVERITY_ORDER}
        largest = max(self.series, key=lambda each: np.nan_to_num(each.largest_move, nan=-1.0))
        shown = "; ".join(self.reasons[:4]) + (f"; and {len(self.reasons) - 4} more" if len(self.reasons) > 4 else "")
        found = {name: f"{sum(each.count for each in each_kind):,} row(s)" for name, each_kind in by_severity.items()}
        no_sessions = "" if expected else "weeks and months are not compared with a calendar"
        return [
            Fact("Verdict", self.verdict, "", shown),
            Fact("Series", len(self.series), "count"),
            Fact("Rows", sum(each.rows for each in self.series), "count"),
            Fact("Bars", sum(each.bars for each in self.series), "count"),
            Fact("Sessions expected", expected, "count", "from the first bar of each series to its last", no_sessions),
            Fact("Sessions without a bar", absent, "count"),
            Fact("Coverage", 1 - absent / expected if expected else float("nan"), "fraction", "", no_sessions),
            Fact("Errors", len(by_severity["error"]), "count", found["error"] if by_severity["error"] else ""),
            Fact("Cautions", len(by_severity["caution"]), "count", found["caution"] if by_severity["caution"] else ""),
            Fact("Actions applied", sum(each.actions for each in self.series), "count"),
            Fact(
                "Largest move", largest.largest_move, "fraction",
                f"{largest.symbol}, total-adjusted close over the close before, either way",
                "fewer than two bars" if np.isnan(largest.largest_move) else "",
            ),
        ]  # fmt: skip

    def tables(self) -> list[Table]:
        """Return what was found, and the series."""
        tables = []
        if self.findings:
            rows = tuple(_line(each, self._interval(each.symbol)) for each in self.findings[:_MOST_LINES])
            hidden = len(self.findings) - len(rows)
            more = f", the first {len(rows)} of {len(self.findings)}; all are in to_frame()" if hidden > 0 else ""
            columns = ("Severity", "Symbol", "Check", "Rows", "First", "Value", "Meaning")
            tables.append(Table(f"Findings{more}", columns, rows, numbers=("Rows", "Value")))
        if len(self.series) > 1:
            worst = sorted(self.series, key=lambda each: ("fail", "caution", "pass").index(each.verdict))
            lines = tuple(_series_line(each) for each in worst[:_MOST_LINES])
            title = "Series" + (f", the worst {len(lines)} of {len(worst)}" if len(worst) > len(lines) else "")
            columns = ("Symbol", "Verdict", "Bars", "First", "Last", "Missing sessions", "Largest move")
            tables.append(Table(title, columns, lines, numbers=("Bars", "Missing sessions", "Largest move")))
        return tables

    def provenance(self) -> list[Fact]:
        """Return what was examined and by which rules."""
        spans = {(each.interval, each.calendar) for each in self.series}
        return [
            Fact("Examined", ", ".join(f"{interval} bars in {name} sessions" for interval, name in sorted(spans))),
            Fact("Checks", f"{len(CHECKS)}, with their thresholds in docs/quality.md"),
            Fact("Examples", "at most 100 a check and series, in examples_frame(); counts are complete"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series and check: symbol, check, severity, count, first, last, text."""
        import pandas as pd

        rows = [
            {
                "symbol": each.symbol, "check": each.check, "severity": each.severity, "count": each.count,
                "first": each.examples[0].ts if each.examples else np.datetime64("NaT", "us"), "text": each.text,
            }
            for each in self.findings
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["symbol", "check", "severity", "count", "first", "text"])
        return frame.astype({"first": "datetime64[us]", "count": "int64"})

    def examples_frame(self) -> pd.DataFrame:
        """Return one row per example: symbol, check, severity, ts, value, text."""
        import pandas as pd

        rows = [
            (each.symbol, each.check, each.severity, example.ts, example.value, example.text)
            for each in self.findings
            for example in each.examples
        ]
        frame = pd.DataFrame(rows, columns=["symbol", "check", "severity", "ts", "value", "text"])
        return frame.astype({"ts": "datetime64[us]", "value": float})

    def series_frame(self) -> pd.DataFrame:
        """Return one row per series: rows, bars, first, last, sessions, missing, actions, largest move, verdict."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "symbol": each.symbol, "rows": each.rows, "bars": each.bars, "first": each.first, "last": each.last,
                    "sessions": each.sessions.size, "missing_sessions": int((~each.present).sum()),
                    "coverage": each.coverage, "actions": each.actions, "largest_move": each.largest_move,
                    "verdict": each.verdict,
                }
                for each in self.series
            ]
        )  # fmt: skip

    def _interval(self, symbol: str) -> str:
        return next(each.interval for each in self.series if each.symbol == symbol)


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Return what `findings` amount to."""
    severities = {each.severity for each in findings}
    return "fail" if "error" in severities else "caution" if "caution" in severities else "pass"


def _line(each: Finding, interval: str) -> tuple[str, ...]:
    check, first, value = CHECKS.get(each.check), "", ""
    if each.examples:
        example = each.examples[0]
        first = "" if np.isnat(example.ts) else label_text(example.ts, interval)
        if check is not None and check.value and not np.isnan(example.value):
            value = f"{check.value} {format_value(example.value, check.unit)}"
    detail = each.examples[0].text if each.examples else ""
    meaning = f"{each.text}; {detail}" if detail else each.text
    return (each.severity, each.symbol, each.check, format_value(each.count, "count"), first, value, meaning)


def _series_line(each: SeriesQuality) -> tuple[str, ...]:
    first, last = ("" if np.isnat(ts) else label_text(ts, each.interval) for ts in (each.first, each.last))
    missing = format_value(int((~each.present).sum()), "count") if each.sessions.size else "n/a"
    move = format_value(each.largest_move, "fraction")
    return (each.symbol, each.verdict, format_value(each.bars, "count"), first, last, missing, move)
