"""What the page on data quality says: wording and choice of tables; no number is computed here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from investiq.core.facts import Fact
from investiq.core.manifest import Manifest
from investiq.core.notes import Note
from investiq.market.data_survey import DATA_UNITS, DataOverview
from investiq.market.surveying import data_overview
from investiq.reporting import parts
from investiq.reporting.contents.basis import listed, plural
from investiq.reporting.passing import Handed
from investiq.runtime.clock import now

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from investiq.figures.theme import ThemeName

__all__ = ["DataPage", "prepare"]

_CARDS: Final = 8
_NAMED: Final = 4
_ROWS: Final = 60
_SERIES: Final = ("symbol", "provider", "kind", "first", "last", "rows", "expected", "missing", "coverage", "verdict")
_PASSPORTS: Final = ("price_basis", "currency", "calendar", "delay_minutes", "known_at_rule", "fingerprint")
_HASH: Final = 16
_LIMITS: Final = (
    Note(
        code="coverage_of_span",
        text="Coverage counts sessions between the first and the last bar of a series; what a series lacks before or after is not in it.",
        severity="info",
    ),
    Note(
        code="checks_have_limits",
        text="A pass says that no check fired. Checks do not compare with a second source, and do not judge records.",
        severity="info",
    ),
)


@dataclass(frozen=True, kw_only=True)
class DataPage:
    """An overview of data with what its page says.

    Attributes
    ----------
    overview : DataOverview
    request : dict
        The parameters of the notebook.
    """

    overview: DataOverview
    request: dict[str, Any]

    @property
    def notes(self) -> tuple[Note, ...]:
        """Cautions of the overview, and what its numbers do not show."""
        return (*self.overview.notes, *_LIMITS)

    @property
    def head(self) -> str:
        """The head of the page."""
        providers = sorted({each.provider for each in self.overview.series})
        lines = [
            f"{plural(len(self.overview.series), 'series', 'series')} from {listed(providers)}",
            f"Time of knowledge: {self.overview.as_of:%Y-%m-%d %H:%M} UTC",
        ]
        return parts.head("InvestIQ data quality", self.overview.title, lines, self.overview.watermark)

    @property
    def summary(self) -> tuple[str, ...]:
        """What can be used, what is missing, what is held back, and what is out of date."""
        texts = (self._verdicts(), self._gaps(), self._quarantine(), self._freshness(), self._absent())
        return tuple(text for text in texts if text)

    def _verdicts(self) -> str:
        checked = self.overview.checked
        if not checked:
            return "There are no bars here; records are listed, and no check judges them."
        failed = [each.name for each in checked if each.verdict == "fail"]
        cautions = self.overview.with_verdict("caution")
        text = (
            f"Of {plural(len(checked), 'series', 'series')} of bars {self.overview.with_verdict('pass'):,} pass, "
            f"{cautions:,} {'has' if cautions == 1 else 'have'} cautions and {len(failed):,} "
            f"{'fails' if len(failed) == 1 else 'fail'}; the health score is {self.overview.health:.1f} of 100."
        )
        return f"{text} A backtest refuses {_named(failed)} unless told otherwise." if failed else text

    def _gaps(self) -> str:
        gaps = [each for each in self.overview.checked if each.missing.size]
        if not gaps:
            return (
                "No session is missing between the first and the last bar of any series."
                if self.overview.checked
                else ""
            )
        worst = max(gaps, key=lambda each: each.missing.size)
        total = sum(each.missing.size for each in gaps)
        return (
            f"{plural(total, 'session')} {'is' if total == 1 else 'are'} missing, in {_named([each.name for each in gaps])}; "
            f"most in {worst.name}, which has {worst.present:,.0f} of its {worst.expected:,.0f} sessions."
        )

    def _quarantine(self) -> str:
        held = self.overview.quarantine_frame()
        if not len(held):
            return "No bar is held for a bad print." if self.overview.checked else ""
        names = list(dict.fromkeys(held["name"]))
        total = int(sum(each.quarantined for each in self.overview.checked))
        return f"{plural(total, 'bar')} {'is' if total == 1 else 'are'} held for bad prints, in {_named(names)}; they are kept and marked."

    def _freshness(self) -> str:
        behind = [each for each in self.overview.series if each.freshness == "behind"]
        ended = sum(each.freshness == "ended" for each in self.overview.series)
        text = ""
        if behind:
            worst = max(behind, key=lambda each: 0.0 if math.isnan(each.sessions_behind) else each.sessions_behind)
            text = f"Behind: {_named([each.name for each in behind])}. {worst.name}: {worst.freshness_reason}. "
        if ended:
            text += f"{plural(ended, 'series', 'series')} {'has' if ended == 1 else 'have'} ended and will not go on."
        return text.strip() or ("Every series of bars has the bar that was due." if self.overview.checked else "")

    def _absent(self) -> str:
        absent = list(self.overview.failures)
        return f"Not there: {_named(absent)}." if absent else ""

    @property
    def cards(self) -> list[Fact]:
        """The headline numbers."""
        return [Fact(each.label, each.value, each.unit, each.convention.partition(",")[0], each.note) for each in self.overview.facts()][:_CARDS]  # fmt: skip

    def coverage(self, theme: ThemeName) -> go.Figure | None:
        """Return the map of coverage, None where no series has sessions."""
        from investiq.figures.data_overview import data_coverage_map

        return data_coverage_map(self.overview, theme=theme) if len(self.overview.coverage()) else None

    def findings(self, theme: ThemeName) -> go.Figure | None:
        """Return what the checks found, None where they found nothing."""
        from investiq.figures.data_overview import findings_chart

        return findings_chart(self.overview, theme=theme) if len(self.overview.findings_frame()) else None

    @property
    def finding_lines(self) -> str:
        """The table of findings, or that there is none."""
        found = self.overview.findings_frame()
        found = found[["severity", "name", "check", "count", "first", "text"]]
        return _shown(found, "No check found anything.", "findings")

    @property
    def quarantine_lines(self) -> str:
        """The bars that are held for bad prints, or that there is none."""
        return _shown(self.overview.quarantine_frame(), "No bar is held for a bad print.", "bars")

    @property
    def series_lines(self) -> str:
        """The table of series with how much of them is there."""
        frame = self.overview.to_frame()[list(_SERIES)].drop(columns="symbol")
        return _shown(frame.rename_axis("series").reset_index(), "", "series")

    @property
    def freshness_lines(self) -> str:
        """Last bar, verdict and why, by series of bars."""
        rows = [
            Fact(
                each.name, each.freshness, "", each.freshness_reason, each.reason if each.freshness == "behind" else ""
            )
            for each in self.overview.checked
        ]
        return parts.facts_table(rows) if rows else "<p>There are no bars whose freshness could be judged.</p>"

    @property
    def passport_lines(self) -> str:
        """Price basis, delay, rule of knowledge and fingerprint, by series."""
        frame = self.overview.to_frame()[list(_PASSPORTS)].rename_axis("series").reset_index()
        frame["fingerprint"] = frame["fingerprint"].str.slice(0, _HASH)
        frame[["price_basis", "currency", "calendar"]] = frame[["price_basis", "currency", "calendar"]].replace(
            "", "n/a"
        )
        frame["price_basis"] = frame["price_basis"].str.replace("_", " ")
        return _shown(frame, "", "series")

    def handed(self) -> Handed:
        """Return what the page states, for its maker."""
        overview = self.overview
        tables = {"Series": overview.to_frame(), "Coverage": overview.coverage()}
        for title, frame in (("Findings", overview.findings_frame()), ("Rows found", overview.examples_frame()), ("Quarantine", overview.quarantine_frame())):  # fmt: skip
            if len(frame):
                tables[title] = frame
        return Handed(
            title=overview.title,
            subject=overview.scope,
            as_of=overview.as_of,
            summary=self.summary,
            numbers=tuple(overview.facts()),
            notes=self.notes,
            tables=tables,
            units=dict(DATA_UNITS),
            manifest=Manifest.of(
                kind="data_quality",
                data={f"{each.kind} {each.name}": each.fingerprint for each in overview.series},
                parameters=self.request,
                created_at=now(),
            ),
            watermark=overview.watermark,
        )


def prepare(*, symbols: str, as_of: str) -> DataPage:
    """Return the page of some series, empty `as_of` being all that is known.

    Parameters
    ----------
    symbols : str
        A name that `data_overview` knows, or symbols with commas between.
    as_of : str
        A date, or empty.
    """
    asked = [each.strip() for each in symbols.split(",") if each.strip()]
    overview = data_overview(asked if len(asked) > 1 else symbols.strip() or None, as_of=as_of or None)
    return DataPage(overview=overview, request={"symbols": symbols, "as_of": as_of})


def _named(names: list[str]) -> str:
    if len(names) <= _NAMED:
        return listed(names)
    return listed([*names[: _NAMED - 1], f"{len(names) - _NAMED + 1:,} more"])


def _shown(frame: pd.DataFrame, nothing: str, what: str) -> str:
    if not len(frame):
        return f"<p>{nothing}</p>"
    more = f"<p>The first {_ROWS} of {len(frame):,} {what}; all are in the tables of the report.</p>"
    return parts.frame_table(frame.head(_ROWS), DATA_UNITS) + (more if len(frame) > _ROWS else "")
