"""What the market overview's page says: wording and choice of tables; no number is computed here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from investiq.analysis.standing import STANDING_UNITS
from investiq.analysis.survey_tables import MOMENTUM_RANK, movers_table, sectors_table, signed
from investiq.analysis.surveying import MarketOverview, market_overview
from investiq.core import display
from investiq.core.facts import Fact
from investiq.history.instants import label_text
from investiq.reporting import parts
from investiq.reporting.contents.basis import listed, manifest_of, plural
from investiq.reporting.passing import Handed

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.analysis.survey_result import GroupSurvey
    from investiq.core.notes import Note
    from investiq.figures.theme import ThemeName

__all__ = ["MarketPage", "prepare"]

_CARDS = 8


@dataclass(frozen=True, kw_only=True)
class MarketPage:
    """An overview with what its page says.

    Attributes
    ----------
    overview : MarketOverview
    request : dict
        The parameters of the notebook.
    """

    overview: MarketOverview
    request: dict[str, Any]

    @property
    def main(self) -> GroupSurvey:
        """The first group: the one that is told."""
        return self.overview.main

    @property
    def notes(self) -> tuple[Note, ...]:
        """Cautions of the overview."""
        return self.overview.notes

    @property
    def head(self) -> str:
        """The head of the page."""
        main = self.main
        lines = [
            (
                f"{plural(len(self.overview.to_frame()), 'symbol')} in {plural(len(self.overview.groups), 'kind')}; "
                f"told in full: {main.name}, last session {label_text(main.session, '1d')}"
            ),
            f"Time of knowledge: {self.overview.as_of:%Y-%m-%d %H:%M} UTC",
        ]
        return parts.head("InvestIQ market overview", self.overview.title, lines, self.overview.watermark)

    @property
    def summary(self) -> tuple[str, ...]:
        """The state of the market, who led, and what moves together."""
        return tuple(text for text in (self._state(), self._leaders(), self._sectors(), self._others()) if text)

    def _state(self) -> str:
        main, last = self.main, self.main.breadth.iloc[-1]
        regime = (
            f"{main.benchmark.symbol} has been in the regime “{main.regime}” for {plural(main.regime_sessions, 'session')}"
            if main.benchmark is not None
            else "No regime is told, as the group has no benchmark"
        )
        share = last["above_long"]
        above = (
            "no member has 200 bars"
            if math.isnan(share)
            else f"{share:.0%} of {plural(int(last['long_members']), 'member')} close above their 200-bar average"
        )
        level = main.volatility
        wild = ""
        if level is not None and not math.isnan(level.rank):
            shown = f"{level.last:.1%}" if level.unit == "fraction" else f"{level.last:.2f} points"
            wild = f" {level.name} stands at {shown}, above {level.rank:.0%} of its last 252 values."
        moved = f"{plural(int(last['advances']), 'member')} rose and {int(last['declines']):,} fell"
        return f"{regime}; {above}. On {label_text(main.session, '1d')} {moved}.{wild}"

    def _leaders(self) -> str:
        ranked = self.main.fresh.dropna(subset=["momentum"])
        if len(ranked) < 2:
            return "Too few members have a month of bars to be ranked."
        first, last = ranked.iloc[0], ranked.iloc[-1]
        text = (
            f"{MOMENTUM_RANK}: strongest is {first.name} ({signed(first['momentum'])}), "
            f"weakest {last.name} ({signed(last['momentum'])})."
        )
        together = self.main.comovement
        if together.reason:
            return f"{text} No average correlation: {together.reason}."
        return (
            f"{text} The average correlation of daily returns is {together.mean:.2f} "
            f"({together.confidence:.0%} interval {together.low:.2f} to {together.high:.2f})."
        )

    def _sectors(self) -> str:
        sectors = self.main.sectors
        if not len(sectors):
            return f"Sectors are not available: {self.main.no_sectors}."
        best, worst = sectors.iloc[0], sectors.iloc[-1]
        return (
            f"Over 21 sessions the sector {best.name} led with {signed(best['1m'])} and {worst.name} came last with "
            f"{signed(worst['1m'])}, means of equal weights."
        )

    def _others(self) -> str:
        others = [
            f"{each.name} ({plural(len(each.members), 'series', 'series')}, to {label_text(each.session, '1d')}, regime {each.regime})"
            for each in self.overview.groups[1:]
        ]
        return f"Measured apart: {listed(others)}." if others else ""

    @property
    def cards(self) -> list[Fact]:
        """The headline numbers."""
        wanted = [
            fact for fact in self.overview.facts() if fact.label not in ("As of", "Group", "Session", "Regime for")
        ]
        return [Fact(each.label, each.value, each.unit, each.convention.partition(";")[0], each.note) for each in wanted][:_CARDS]  # fmt: skip

    @property
    def movers(self) -> str:
        """Tables of movers over one session and over a month."""
        tables = [movers_table(self.overview.movers(window), window) for window in ("1d", "1m")]
        return "".join(display.lines_table(table) for table in tables if table.rows) or "<p>No returns yet.</p>"

    @property
    def sector_lines(self) -> str:
        """The table of sectors, or why there is none."""
        if len(self.main.sectors):
            return display.lines_table(sectors_table(self.main.sectors))
        return f"<p>Not available: {self.main.no_sectors}.</p>"

    def sector_map(self, theme: ThemeName) -> go.Figure | None:
        """Return the map of sectors, None where there are none."""
        from investiq.figures.market_ranks import returns_map

        return returns_map(self.overview, by="sector", theme=theme) if len(self.main.sectors) else None

    def correlation_map(self, theme: ThemeName) -> go.Figure | None:
        """Return the map of correlations, None where there are none."""
        from investiq.figures.market_ranks import co_movement_map

        return None if self.main.comovement.reason else co_movement_map(self.overview, theme=theme)

    def volatility_chart(self, theme: ThemeName) -> go.Figure | None:
        """Return the volatility of the benchmark, None where there is none."""
        from investiq.figures.market import volatility_level_chart

        return None if self.main.volatility is None else volatility_level_chart(self.overview, theme=theme)

    @property
    def tables(self) -> str:
        """Groups and freshness."""
        return parts.tables_of(self.overview)

    def handed(self) -> Handed:
        """Return what the page states, for its maker."""
        members = self.overview.to_frame()
        tables = {"Members": members, "Breadth": self.main.breadth}
        if len(self.main.sectors):
            tables["Sectors"] = self.main.sectors
        groups = self.overview.groups
        bars = [each for group in groups for each in (*group.bars, *([group.benchmark] if group.benchmark else ()))]
        return Handed(
            title=self.overview.title,
            subject=self.overview.universe,
            as_of=self.overview.as_of,
            summary=self.summary,
            numbers=tuple(self.overview.facts()),
            notes=self.notes,
            tables=tables,
            units={**STANDING_UNITS, "above_short": "fraction", "above_long": "fraction"},
            manifest=manifest_of("market_overview", bars, self.request),
            watermark=self.overview.watermark,
        )


def prepare(*, universe: str, as_of: str) -> MarketPage:
    """Return the page of a universe, empty `as_of` being all that is known.

    Parameters
    ----------
    universe : str
        A name that `market_overview` knows, or symbols with commas between.
    as_of : str
        A date, or empty.
    """
    asked = [each.strip() for each in universe.split(",") if each.strip()]
    overview = market_overview(asked if len(asked) > 1 else universe.strip(), as_of=as_of or None)
    return MarketPage(overview=overview, request={"universe": universe, "as_of": as_of})
