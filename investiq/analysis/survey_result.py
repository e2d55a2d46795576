"""`MarketOverview`: the state of a universe at one moment, each kind of series by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.analysis.comovement import Comovement
from investiq.analysis.survey_tables import (
    group_facts,
    groups_table,
    movers_table,
    sectors_table,
    standing_table,
)  # fmt: skip
from investiq.analysis.text import regime_words
from investiq.analysis.volatility_level import VolatilityLevel
from investiq.core.errors import DataError, near_matches
from investiq.core.facts import Fact, Table
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.bars import Bars

__all__ = ["GroupSurvey", "MarketOverview"]

_MOST_PROVENANCE: Final = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupSurvey:
    """One kind of series: nothing in it is measured together with another kind.

    Attributes
    ----------
    name : str
    bars : tuple of Bars
        As they were known.
    session : datetime64[us]
        The newest session of any member.
    breadth : DataFrame
        As `analysis.breadth.breadth_table` returns it.
    members : DataFrame
        As `analysis.standing.standing` returns it.
    sectors : DataFrame
        Index `sector`; members, mean returns and the share above the 200-bar average, of the members that are not behind.
    no_sectors : str
        Why `sectors` is empty.
    benchmark : Bars or None
    no_benchmark : str
        Why there is none.
    regimes : DataFrame
        As `analysis.regimes.market_regimes` returns it; empty without a benchmark.
    volatility : VolatilityLevel or None
    comovement : Comovement
    """

    name: str
    bars: tuple[Bars, ...]
    session: np.datetime64
    breadth: pd.DataFrame
    members: pd.DataFrame
    sectors: pd.DataFrame
    no_sectors: str
    benchmark: Bars | None
    no_benchmark: str
    regimes: pd.DataFrame
    volatility: VolatilityLevel | None
    comovement: Comovement

    @property
    def fresh(self) -> pd.DataFrame:
        """The members with a bar on the group's last session."""
        return self.members[self.members["is_fresh"]]

    @property
    def regime(self) -> str:
        """The benchmark's regime in words; ``"n/a"`` without a benchmark."""
        return regime_words(self.regimes["regime"].iloc[-1]) if len(self.regimes) else "n/a"

    @property
    def regime_sessions(self) -> int:
        """Sessions for which the present regime has stood, the last one included."""
        if not len(self.regimes):
            return 0
        names = self.regimes["regime"].to_numpy()
        changed = np.flatnonzero(names[1:] != names[:-1])
        return int(names.size - (changed[-1] + 1 if changed.size else 0))

    @property
    def watermark(self) -> str | None:
        """Of the members and of the benchmark."""
        marks = {each.passport.watermark for each in (*self.bars, *([self.benchmark] if self.benchmark else []))}
        return " and ".join(sorted(mark for mark in marks if mark)) or None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MarketOverview(Result):
    """The state of a universe at one moment; made by `market_overview`.

    Attributes
    ----------
    universe : str
    as_of : datetime
        Aware; the time of knowledge, or where none was asked for the newest behind any number.
    groups : tuple of GroupSurvey
        Those of real data before invented ones, then the largest first.
    failures : mapping of str to str
        Symbols without bars, and why.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "market_overview"

    universe: str
    as_of: datetime
    groups: tuple[GroupSurvey, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def main(self) -> GroupSurvey:
        """The first group: the largest of real data, of invented ones where there are no others."""
        return self.groups[0]

    def group(self, name: str | None = None) -> GroupSurvey:
        """Return a group by its name, by default the first.

        Raises
        ------
        DataError
            If there is none of that name.
        """
        if name is None:
            return self.main
        names = [each.name for each in self.groups]
        if name not in names:
            raise DataError(f"the overview has no group {name!r}{near_matches(name, names)}; it has {', '.join(names)}")
        return self.groups[names.index(name)]

    def movers(self, window: str = "1d", group: str | None = None) -> pd.DataFrame:
        """Return the members that are not behind, the largest return over `window` first; those without one are left out."""
        from investiq.analysis.standing import WINDOWS

        if window not in WINDOWS:
            raise DataError(f"window must be one of {', '.join(WINDOWS)}, was {window!r}")
        return self.group(group).fresh.dropna(subset=[window]).sort_values(window, ascending=False, kind="stable")

    @property
    def title(self) -> str:
        """Universe, groups and session in one line."""
        return f"Market overview of {self.universe}, {label_text(self.main.session, '1d')}"

    @property
    def headline(self) -> str:
        """Regime and breadth of the first group."""
        main, last = self.main, self.main.breadth.iloc[-1]
        share = last["above_long"]
        above = "n/a" if math.isnan(share) else f"{share:.0%}"
        return (
            f"{main.name}: regime {main.regime}; {above} above the 200-bar average; "
            f"{int(last['advances']):,} rose, {int(last['declines']):,} fell"
        )

    @property
    def watermark(self) -> str | None:
        """Of all groups."""
        marks = {mark for each in self.groups for mark in (each.watermark or "").split(" and ") if mark}
        return " and ".join(sorted(marks)) or None

    def facts(self) -> list[Fact]:
        """Return regime, breadth, volatility and co-movement of the first group."""
        return [Fact("As of", self.as_of, "time", "time of knowledge"), *group_facts(self.main)]

    def tables(self) -> list[Table]:
        """Return the groups side by side; movers, standing and sectors of the first; and what failed."""
        from investiq.analysis.screen_result import first_sentence

        main = self.main
        found = [groups_table(self.groups)] if len(self.groups) > 1 else []
        found += [movers_table(self.movers()), standing_table(main)]
        if len(main.sectors):
            found.append(sectors_table(main.sectors))
        if self.failures:
            rows = tuple((symbol, first_sentence(why)) for symbol, why in self.failures.items())
            found.append(Table("Not in the overview", ("Symbol", "Why"), rows))
        return [table for table in found if table.rows]

    def provenance(self) -> list[Fact]:
        """Return where the groups' bars come from, and how the numbers were made."""
        lines = []
        for group in self.groups:
            sources = sorted({f"{bars.passport.provider} ({bars.passport.provenance})" for bars in group.bars})
            calendars = ", ".join(sorted({bars.passport.calendar for bars in group.bars}))
            lines.append(
                Fact(group.name, f"{len(group.bars):,} series, {', '.join(sources)[:200]}, sessions of {calendars}")
            )
        lines = lines[:_MOST_PROVENANCE]
        lines += [
            Fact("Returns", "close to close, total-return adjusted, over sessions of the group"),
            Fact("Averages and highs", "of total-return-adjusted closes, in a symbol's own bars; a year is 252"),
            Fact("Momentum", "10 % of the return of 1 session, 30 % of 5 and 60 % of 21"),
            Fact("Relative strength", "momentum less that of the benchmark; relative returns, no flows of money"),
            Fact("Regime", "volatility and trend of the benchmark ranked in their own 252 bars, held 3 sessions"),
            Fact(
                "McClellan oscillator",
                "ratio-adjusted: 19- less 39-session exponential average of 1,000 x net advances",
            ),
        ]
        return lines

    def to_frame(self) -> pd.DataFrame:
        """Return the members of every group, one row a symbol, with the column `group`."""
        import pandas as pd

        return pd.concat([each.members.drop(columns="is_fresh").assign(group=each.name) for each in self.groups])
