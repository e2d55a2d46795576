"""`DailyClose`: the digest of one session."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.analysis.closing_tables import (
    events_table,
    missing_table,
    movers_words,
    moves_table,
    signals_table,
    unusual,
)  # fmt: skip
from investiq.analysis.text import regime_words
from investiq.core.facts import Fact, Table, Unit
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.bars import Bars

__all__ = ["CLOSING_UNITS", "DailyClose", "RegimeChange"]

CLOSING_UNITS: Final[Mapping[str, Unit]] = {
    "close": "price",
    "change": "fraction",
    "usual_day": "fraction",
    "z": "ratio",
    "gap": "fraction",
    "volume_ratio": "ratio",
    "previous": "date",
    "last_session": "date",
    "date": "date",
    "score": "score",
    "score_before": "score",
}


@dataclass(frozen=True, kw_only=True)
class RegimeChange:
    """The regime of one market on the session and on the one before."""

    market: str
    before: str
    now: str

    @property
    def is_changed(self) -> bool:
        """Whether the two differ."""
        return self.before != self.now


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DailyClose(Result):
    """What happened on one session; made by `daily_close`.

    Attributes
    ----------
    universe : str
    session : datetime64[us]
    as_of : datetime
        Aware; when the last bar of the session became known.
    bars : tuple of Bars
        As they were known then, those with a bar on the session.
    moves : DataFrame
        Index `symbol`, the largest move for its usual day first: group, close,
        currency, `change` (return since the previous bar), `usual_day` (deviation
        of the 60 returns before), `z` (their ratio), `gap`, `volume_ratio` (to the
        mean of the 20 bars before), `year_extreme`, `previous` (label of the
        previous bar).
    signals : DataFrame
        Index `symbol`: label_before, label, score_before, score, is_changed.
    regimes : tuple of RegimeChange
    events : DataFrame
        symbol, event, date, when (``"today"``: known between the close before and this
        one; or ``"ahead"``), detail.
    missing : DataFrame
        Index `symbol`: group, last_session and reason of those without a bar.
    failures : mapping of str to str
    notes : tuple of Note
    """

    kind: ClassVar[str] = "daily_close"

    universe: str
    session: np.datetime64
    as_of: datetime
    bars: tuple[Bars, ...]
    moves: pd.DataFrame
    signals: pd.DataFrame
    regimes: tuple[RegimeChange, ...]
    events: pd.DataFrame
    missing: pd.DataFrame
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Universe and session in one line."""
        return f"Close of {label_text(self.session, '1d')}: {self.universe}"

    @property
    def changed_signals(self) -> pd.DataFrame:
        """The symbols whose label changed."""
        return self.signals[self.signals["is_changed"].astype(bool)]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing stands out: no unusual move, extreme, changed label or regime, and no event today."""
        return not (
            len(unusual(self.moves))
            or self.moves["year_extreme"].isin(("new high", "new low")).any()
            or len(self.changed_signals)
            or any(each.is_changed for each in self.regimes)
            or (self.events["when"] == "today").any()
        )

    @property
    def headline(self) -> str:
        """What stands out in one line, or that nothing does."""
        return "Nothing happened that stands out." if self.is_quiet else movers_words(self.moves)

    @property
    def watermark(self) -> str | None:
        """Of all series with a bar on the session."""
        marks = {bars.passport.watermark for bars in self.bars}
        return " and ".join(sorted(mark for mark in marks if mark)) or None

    def facts(self) -> list[Fact]:
        """Return the counts of the session."""
        moves, compared = self.moves, len(self.signals)
        none = "" if compared else "no signals were compared"
        extremes = moves["year_extreme"]
        return [
            Fact("Session", label_text(self.session, "1d")),
            Fact("As of", self.as_of, "time", "when its last bar became known"),
            Fact("Symbols with a bar", len(moves), "count", f"{len(self.missing):,} without"),
            Fact("Rose", int((moves["change"] > 0).sum()), "count", "total-return adjusted, since the previous bar"),
            Fact("Fell", int((moves["change"] < 0).sum()), "count", "total-return adjusted, since the previous bar"),
            Fact("Median change", float(moves["change"].median()), "fraction", "of all symbols, equal weights"),
            Fact("Unusual moves", len(unusual(moves)), "count", "2 or more usual days: deviation of the 60 returns before"),
            Fact("New 52-week highs", int((extremes == "new high").sum()), "count", "closes, of 252 bars"),
            Fact("New 52-week lows", int((extremes == "new low").sum()), "count", "closes, of 252 bars"),
            Fact(
                "Changed labels",
                len(self.changed_signals) if compared else math.nan,
                "count",
                f"of {compared:,} compared" if compared else "",
                none,
            ),
            *(self._regime_fact(each) for each in self.regimes),
        ]  # fmt: skip

    @staticmethod
    def _regime_fact(each: RegimeChange) -> Fact:
        words = regime_words(each.now)
        change = f"was {regime_words(each.before)}" if each.is_changed else "unchanged"
        return Fact(f"Regime of {each.market}", words, "", change)

    def tables(self) -> list[Table]:
        """Return moves, signals, events, and what is missing."""
        tables = [moves_table(self.moves), signals_table(self.signals)]
        tables += [events_table(self.events), missing_table(self.missing)]
        if self.failures:
            rows = tuple((symbol, why.split(";")[0]) for symbol, why in self.failures.items())
            tables.append(Table("Not loaded", ("Symbol", "Why"), rows))
        return [table for table in tables if table.rows]

    def provenance(self) -> list[Fact]:
        """Return where the bars come from, and how the numbers were made."""
        sources = sorted({f"{each.passport.provider} ({each.passport.provenance})" for each in self.bars})
        return [
            Fact("Bars", f"{len(self.bars):,} series, {', '.join(sources)}"),
            Fact("Change and gap", "total-return adjusted: close, and open, over the close of the bar before"),
            Fact("Usual day", "deviation of the 60 returns before the session, ddof 1; z is the change over it"),
            Fact("Volume", "split-adjusted, over the mean of the 20 bars before"),
            Fact("Signals", "label and score of iq.analyze at this session and at the one before"),
            Fact("Events ahead", "within 30 days, of what was known at the close"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return `moves` with the labels of the symbols whose signals were compared."""
        return self.moves.join(self.signals)
