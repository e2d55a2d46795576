"""One series of a data overview: what it is, how much of it is there, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact
from investiq.core.types import BASIS_WORDS
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.history.records import Records
from investiq.market.quality_checks import Finding
from investiq.market.quality_report import SeriesQuality

__all__ = ["NOT_CHECKED", "DataSeries", "Freshness"]

Freshness = Literal["fresh", "behind", "ended", "not judged"]

NOT_CHECKED: Final = "not checked"
_NO_BARS: Final = "these rows are no bars, so no session is expected"
_NO_CHECK: Final = "records are not checked"
_MISSING: Final = float("nan")
_LISTED: Final = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSeries:
    """One series with its quality, its freshness and its origin.

    Attributes
    ----------
    name : str
        Names it within an overview: the symbol, with provider and kind where
        another series has the same one.
    symbol, provider, feed : str
    kind : str
        ``"bars"``, or that of the records: ``"series"``, ``"news"`` and so on.
    data : Bars or Records
        The rows as they were known.
    fingerprint : str
        SHA-256 of the rows.
    quality : SeriesQuality or None
        Of bars; records are not checked.
    findings : tuple of Finding
    delay_minutes : float
        By which the source is late; NaN where it is not stated.
    freshness : {"fresh", "behind", "ended", "not judged"}
    freshness_reason : str
    sessions_behind : float
        Sessions between the last bar and the one that was due; NaN where no bar is due.
    """

    name: str
    symbol: str
    provider: str
    feed: str
    kind: str
    data: Bars | Records
    fingerprint: str
    quality: SeriesQuality | None
    findings: tuple[Finding, ...]
    delay_minutes: float
    freshness: Freshness
    freshness_reason: str
    sessions_behind: float

    @property
    def labels(self) -> NDArray[np.datetime64]:
        """Labels of the rows."""
        return self.data.ts if isinstance(self.data, Bars) else self.data.labels

    @property
    def interval(self) -> str:
        """Length of a bar; empty for records."""
        return self.data.interval if isinstance(self.data, Bars) else ""

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"`` or ``"SYNTHETIC"`` where the rows are no market's own."""
        return self.data.passport.watermark if isinstance(self.data, Bars) else self.data.watermark

    @property
    def known_at_rule(self) -> str:
        """How `known_at` was set, in words."""
        return self.data.passport.known_at_rule if isinstance(self.data, Bars) else self.data.known_at_rule

    @property
    def has_sessions(self) -> bool:
        """Whether a calendar says which sessions are expected."""
        return self.quality is not None and self.quality.sessions.size > 0

    @property
    def expected(self) -> float:
        """Sessions of the calendar from the first bar to the last; NaN without a calendar."""
        return float(self.quality.sessions.size) if self.quality is not None and self.has_sessions else _MISSING

    @property
    def present(self) -> float:
        """Those that have a bar; NaN without a calendar."""
        return float(self.quality.present.sum()) if self.quality is not None and self.has_sessions else _MISSING

    @property
    def missing(self) -> NDArray[np.datetime64]:
        """Sessions between the first and the last bar that have none."""
        if self.quality is None:
            return np.zeros(0, dtype="datetime64[us]")
        return self.quality.sessions[~self.quality.present]

    @property
    def verdict(self) -> str:
        """``"pass"``, ``"caution"`` or ``"fail"``; ``"not checked"`` for records."""
        return NOT_CHECKED if self.quality is None else self.quality.verdict

    def count(self, severity: str) -> float:
        """Return how many checks of this severity found something; NaN for records."""
        if self.quality is None:
            return _MISSING
        return float(sum(each.severity == severity for each in self.findings))

    @property
    def quarantined(self) -> float:
        """Bars that the quality gate holds for bad prints; NaN for records."""
        if self.quality is None:
            return _MISSING
        return float(sum(each.count for each in self.findings if each.check == "quarantined"))

    @property
    def reason(self) -> str:
        """Why numbers of this series are missing; empty where none is."""
        reasons = [] if self.has_sessions else [self._no_sessions]
        reasons += [] if self.quality is not None else [_NO_CHECK]
        if np.isnan(self.delay_minutes):
            reasons.append(self._no_delay)
        if np.isnan(self.sessions_behind):
            reasons.append(self.freshness_reason)
        return "; ".join(reasons)

    @property
    def _no_sessions(self) -> str:
        return _NO_BARS if self.quality is None else f"{self.interval} bars are not compared with a calendar"

    @property
    def _no_delay(self) -> str:
        return "the source states none; the known-at rule says what holds"

    def row(self) -> dict[str, Any]:
        """Return the series as one row of `DataOverview.to_frame`."""
        labels, none = self.labels, np.datetime64("NaT", "us")
        passport = self.data.passport if isinstance(self.data, Bars) else None
        return {
            "name": self.name, "symbol": self.symbol, "provider": self.provider, "kind": self.kind,
            "interval": self.interval, "calendar": passport.calendar if passport else "",
            "first": labels[0] if labels.size else none, "last": labels[-1] if labels.size else none,
            "rows": len(self.data), "expected": self.expected, "present": self.present,
            "missing": self.expected - self.present, "coverage": self.present / self.expected,
            "verdict": self.verdict, "errors": self.count("error"), "cautions": self.count("caution"),
            "infos": self.count("info"), "quarantined": self.quarantined,
            "price_basis": passport.price_basis if passport else "", "currency": passport.currency if passport else "",
            "delay_minutes": self.delay_minutes, "known_at_rule": self.known_at_rule, "freshness": self.freshness,
            "sessions_behind": self.sessions_behind, "fingerprint": self.fingerprint, "reason": self.reason,
        }  # fmt: skip

    def passport(self) -> list[Fact]:
        """Return everything that is known of where the series comes from and in what state it is."""
        return [*self._origin(), *self._condition(), *self._knowledge()]

    def _origin(self) -> list[Fact]:
        labels, kind = self.labels, f"{self.interval} bars" if self.interval else self.kind
        span = f"{label_text(labels[0], '1d')} to {label_text(labels[-1], '1d')}" if labels.size else "no rows"
        facts = [
            Fact("Symbol", self.symbol),
            Fact("Kind", kind),
            Fact("Provider", self.provider, "", f"feed {self.feed}" if self.feed else ""),
            Fact("Period", span),
            Fact("Rows", len(self.data), "count"),
        ]
        if isinstance(self.data, Records):
            unit = Fact("Unit", self.data.unit or "n/a", note="" if self.data.unit else "the rows hold several units")
            return [*facts, Fact("Source", self.data.source or "n/a"), unit]
        stated = self.data.passport
        hours = "pre-market, regular and after hours" if stated.session == "extended" else "regular session"
        return [
            *facts,
            Fact("Source", stated.source or "n/a", note="" if stated.source else "the provider states none"),
            Fact("Provenance", stated.provenance),
            Fact("Calendar", stated.calendar, "", hours),
            Fact("Prices", BASIS_WORDS[stated.price_basis]),
            Fact("Currency", stated.currency),
            Fact("Corporate actions", len(self.data.actions), "count", "behind the adjustment factors"),
        ]

    def _condition(self) -> list[Fact]:
        days = self.missing
        shown = ", ".join(label_text(each, "1d") for each in days[:_LISTED])
        more = f" and {days.size - _LISTED:,} more" if days.size > _LISTED else ""
        reason = "" if self.has_sessions else self._no_sessions
        unchecked = "" if self.quality is not None else _NO_CHECK
        facts = [
            Fact("Verdict", self.verdict, note=unchecked),
            Fact("Sessions expected", self.expected, "count", "from the first bar to the last", reason),
            Fact("Sessions present", self.present, "count", "", reason),
            Fact("Sessions missing", self.expected - self.present, "count", shown + more, reason),
            Fact("Coverage", self.present / self.expected, "fraction", "present over expected", reason),
            Fact("Errors", self.count("error"), "count", "checks that found any", unchecked),
            Fact("Cautions", self.count("caution"), "count", "checks that found any", unchecked),
            Fact("Quarantined bars", self.quarantined, "count", "most likely bad prints", unchecked),
        ]
        if isinstance(self.data, Bars):
            stated = self.data.passport
            largest = f"the largest by {stated.largest_revision:.2%}" if stated.revisions else ""
            facts += [
                Fact("Repaired bars", stated.repairs, "count", "changed or dropped by the loader"),
                Fact("Corrected bars", stated.revisions, "count", largest),
            ]
        return facts

    def _knowledge(self) -> list[Fact]:
        late = "" if not np.isnan(self.delay_minutes) else self._no_delay
        lag = "" if not np.isnan(self.sessions_behind) else self.freshness_reason
        facts = [
            Fact("Known at", self.known_at_rule),
            Fact("Delay (minutes)", self.delay_minutes, "", "of the source", late),
            Fact("Freshness", self.freshness, "", self.freshness_reason),
            Fact("Sessions behind", self.sessions_behind, "count", "last bar against the one that was due", lag),
        ]
        if isinstance(self.data, Bars):
            stated = self.data.passport
            moments = (
                ("Data end", stated.as_of),
                ("Retrieved", stated.retrieved_at),
                ("Recorded by", stated.recorded_by),
            )
            facts += [Fact(label, moment, "time") for label, moment in moments if moment is not None]
        return [*facts, Fact("SHA-256", self.fingerprint, "", "of the rows as they were known")]
