"""`DataOverview`: the series that are there, as facts, tables and frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from investiq.core.errors import UnknownSymbolError, near_matches
from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.market.data_series import DataSeries
from investiq.market.dataset_health import health_score
from investiq.market.quality_checks import CHECKS, Finding
from investiq.market.quality_report import SEVERITY_ORDER, QualityReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATA_UNITS", "DataOverview"]

DATA_UNITS: Final[Mapping[str, Unit]] = {
    "first": "date", "last": "date", "session": "date", "month": "date", "rows": "count", "expected": "count",
    "present": "count", "missing": "count", "coverage": "fraction", "share": "fraction", "errors": "count",
    "cautions": "count", "infos": "count", "quarantined": "count", "sessions_behind": "count", "count": "count",
    "return": "fraction", "open": "price", "high": "price", "low": "price", "close": "price",
}  # fmt: skip
# A card holds a screenful; everything is in the frames.
_MOST_LINES: Final = 60
_MARKS: Final = ("SAMPLE", "SYNTHETIC")
_FINDINGS: Final = ("Severity", "Series", "Check", "Rows", "Meaning")
_NO_REASON: Final = "marked when it was stored"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DataOverview(Result):
    """What `iq.data_overview` returns.

    Attributes
    ----------
    scope : str
        What was looked at.
    as_of : datetime
        Time of knowledge at which freshness is judged.
    series : tuple of DataSeries
    failures : mapping of str to str
        What could not be shown, and why.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "data_overview"

    scope: str
    as_of: datetime
    series: tuple[DataSeries, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """What was looked at."""
        return f"Data overview: {self.scope}, {len(self.series):,} series"

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"``, ``"SYNTHETIC"``, or both, where any series is."""
        marks = {each.watermark for each in self.series}
        return " and ".join(mark for mark in _MARKS if mark in marks) or None

    @property
    def checked(self) -> tuple[DataSeries, ...]:
        """The series of bars: those that checks judge."""
        return tuple(each for each in self.series if each.quality is not None)

    @property
    def health(self) -> float:
        """Score in [0, 100] of all bars (see `dataset_health.health_score`), NaN without any."""
        if not self.checked:
            return float("nan")
        findings = tuple(finding for each in self.checked for finding in each.findings)
        quality = tuple(each.quality for each in self.checked if each.quality is not None)
        return health_score(QualityReport(series=quality, findings=findings))

    def of(self, name: str) -> DataSeries:
        """Return the series of that name.

        Raises
        ------
        UnknownSymbolError
            If there is none.
        """
        names = [each.name for each in self.series]
        if name not in names:
            raise UnknownSymbolError(f"there is no series {name!r}{near_matches(name, names)}; see to_frame()")
        return self.series[names.index(name)]

    def with_verdict(self, verdict: str) -> int:
        """Return how many series have this verdict."""
        return sum(each.verdict == verdict for each in self.series)

    def facts(self) -> list[Fact]:
        """Return the numbers of the whole overview."""
        checked = self.checked
        expected, present = (
            np.nansum([getattr(each, name) for each in checked] or [0.0]) for name in ("expected", "present")
        )
        verdicts = " / ".join(f"{self.with_verdict(name):,}" for name in ("pass", "caution", "fail"))
        none = "" if checked else "there are no bars; records are not checked"
        states = {name: sum(each.freshness == name for each in checked) for name in ("fresh", "behind", "ended")}
        return [
            Fact("Series", len(self.series), "count", f"{len(checked):,} of bars, {len(self.series) - len(checked):,} of records"),
            Fact("Pass / caution / fail", verdicts if checked else "n/a", "", "verdicts on series of bars", none),
            Fact("Health", self.health, "score", "percent of series that pass, less 5 an error (at most 30) and 10 a bad print (at most 20)", none),
            Fact("Coverage", present / expected if expected else float("nan"), "fraction", "sessions present over expected, first bar to last", "" if expected else none or "no bars with a calendar"),
            Fact("Sessions missing", expected - present if expected else float("nan"), "count", "between the first bar and the last", "" if expected else none or "no bars with a calendar"),
            Fact("Findings", sum(each.count(name) for each in checked for name in SEVERITY_ORDER), "count", "checks that found any, by series"),
            Fact("Quarantined bars", sum(each.quarantined for each in checked), "count", "most likely bad prints; kept and marked"),
            Fact("Fresh / behind / ended", " / ".join(f"{count:,}" for count in states.values()) if checked else "n/a", "", f"as of {self.as_of:%Y-%m-%d %H:%M} UTC", none),
            Fact("Not there", len(self.failures), "count"),
        ]  # fmt: skip

    def tables(self) -> list[Table]:
        """Return the series, and what was found in them."""
        lines = tuple(_line(each) for each in self.series[:_MOST_LINES])
        columns = ("Series", "Provider", "Kind", "First", "Last", "Rows", "Missing", "Coverage", "Verdict", "Freshness")
        numbers = ("Rows", "Missing", "Coverage")
        tables = [Table(_cut("Series", len(lines), len(self.series)), columns, lines, numbers=numbers)]
        found = self.findings_frame()
        if len(found):
            rows = tuple(
                (each["severity"], each["name"], each["check"], format_value(each["count"], "count"), each["text"])
                for each in found.head(_MOST_LINES).to_dict("records")
            )
            tables.append(Table(_cut("Findings", len(rows), len(found)), _FINDINGS, rows, numbers=("Rows",)))
        if self.failures:
            shown = tuple(list(self.failures.items())[:_MOST_LINES])
            tables.append(Table(_cut("Not there", len(shown), len(self.failures)), ("Series", "Reason"), shown))
        return tables

    def provenance(self) -> list[Fact]:
        """Return where the series come from and by which rules they were judged."""
        providers = sorted({each.provider for each in self.series})
        calendars = sorted({each.quality.calendar for each in self.checked if each.quality is not None})
        return [
            Fact("Scope", self.scope),
            Fact("Providers", ", ".join(providers)),
            Fact("Calendars", ", ".join(calendars) or "none"),
            Fact("As of", self.as_of, "time", "freshness is judged at this moment"),
            Fact("Checks", f"{len(CHECKS)}, with their thresholds in docs/quality.md"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series, indexed by name; missing numbers are NaN, `reason` says why."""
        import pandas as pd

        frame = pd.DataFrame([each.row() for each in self.series]).set_index("name")
        return frame.astype({"first": "datetime64[us]", "last": "datetime64[us]"})

    def coverage(self) -> pd.DataFrame:
        """Return one row per series and month with an expected session: name, month, expected, present, share."""
        import pandas as pd

        parts = []
        for each in self.checked:
            quality = each.quality
            if quality is None or not quality.sessions.size:
                continue
            months, place = np.unique(quality.sessions.astype("datetime64[M]"), return_inverse=True)
            expected, present = np.bincount(place), np.bincount(place, weights=quality.present).astype(np.int64)
            days = months.astype("datetime64[us]")
            parts.append(pd.DataFrame({"name": each.name, "month": days, "expected": expected, "present": present}))
        columns = ["name", "month", "expected", "present"]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        return frame.assign(share=frame["present"] / frame["expected"])

    def findings_frame(self) -> pd.DataFrame:
        """Return one row per series and check that found any, errors first: name, check, severity, count, first, text."""
        rows = [
            {
                "name": each.name, "check": found.check, "severity": found.severity, "count": found.count,
                "first": found.examples[0].ts if found.examples else np.datetime64("NaT", "us"), "text": found.text,
            }
            for each, found in self._findings()
        ]  # fmt: skip
        return _framed(rows, ("name", "check", "severity", "count", "first", "text"), "first")

    def examples_frame(self) -> pd.DataFrame:
        """Return one row per example of a finding, at most 100 each: name, check, severity, session, value, text."""
        rows = [
            {
                "name": each.name, "check": found.check, "severity": found.severity, "session": example.ts,
                "value": example.value, "text": example.text,
            }
            for each, found in self._findings()
            for example in found.examples
        ]  # fmt: skip
        return _framed(rows, ("name", "check", "severity", "session", "value", "text"), "session")

    def quarantine_frame(self) -> pd.DataFrame:
        """Return one row per bar that is held for a bad print, with its prices, its return and why."""
        rows = [
            row
            for each, found in self._findings()
            if found.check == "quarantined" and isinstance(each.data, Bars)
            for row in _quarantined(each.name, each.data, found)
        ]
        return _framed(rows, ("name", "session", "open", "high", "low", "close", "return", "reason"), "session")

    def _findings(self) -> list[tuple[DataSeries, Finding]]:
        pairs = [(each, found) for each in self.series for found in each.findings]
        return sorted(pairs, key=lambda pair: SEVERITY_ORDER[pair[1].severity])


def _quarantined(name: str, bars: Bars, found: Finding) -> list[dict[str, Any]]:
    rows = np.searchsorted(bars.ts, np.array([each.ts for each in found.examples], dtype="datetime64[us]"))
    return [
        {
            "name": name, "session": example.ts, "open": bars.open[row], "high": bars.high[row], "low": bars.low[row],
            "close": bars.close[row], "return": example.value, "reason": example.text or _NO_REASON,
        }
        for row, example in zip(rows, found.examples, strict=True)
    ]  # fmt: skip


def _framed(rows: Sequence[dict[str, Any]], columns: Sequence[str], stamps: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns)).astype({stamps: "datetime64[us]"})


def _line(each: DataSeries) -> tuple[str, ...]:
    labels = each.labels
    first, last = (label_text(labels[place], "1d") if labels.size else "n/a" for place in (0, -1))
    missing = format_value(each.expected - each.present, "count")
    share = format_value(each.present / each.expected, "fraction")
    kind = f"{each.interval} bars" if each.interval else each.kind
    rows = format_value(len(each.data), "count")
    return (each.name, each.provider, kind, first, last, rows, missing, share, each.verdict, each.freshness)


def _cut(title: str, shown: int, total: int) -> str:
    return title if shown == total else f"{title}, the first {shown} of {total:,}"
