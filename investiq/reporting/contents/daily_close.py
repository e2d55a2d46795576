"""What the page of a session's close says: wording and choice of tables; no number is computed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from investiq.analysis.closing import DailyClose, daily_close
from investiq.analysis.closing_result import CLOSING_UNITS
from investiq.analysis.closing_tables import UNUSUAL, movers_words, unusual
from investiq.analysis.survey_tables import signed
from investiq.analysis.text import regime_words
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.history.instants import label_text
from investiq.reporting import parts
from investiq.reporting.contents.basis import listed, manifest_of, plural
from investiq.reporting.passing import Handed

__all__ = ["ClosePage", "prepare"]

_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class ClosePage:
    """A digest with what its page says.

    Attributes
    ----------
    digest : DailyClose
    request : dict
        The parameters of the notebook.
    """

    digest: DailyClose
    request: dict[str, Any]

    @property
    def notes(self) -> tuple[Note, ...]:
        """Cautions of the digest."""
        return self.digest.notes

    @property
    def head(self) -> str:
        """The head of the page."""
        lines = [
            f"{plural(len(self.digest.moves), 'symbol')} with a bar, {len(self.digest.missing):,} without",
            f"Time of knowledge: {self.digest.as_of:%Y-%m-%d %H:%M} UTC",
        ]
        return parts.head("InvestIQ daily close", self.digest.title, lines, self.digest.watermark)

    @property
    def summary(self) -> tuple[str, ...]:
        """What stood out, what changed, and what is to come; that nothing happened is said too."""
        return tuple(text for text in (self._moves(), self._changes(), self._events(), self._missing()) if text)

    def _moves(self) -> str:
        quiet = "Nothing happened that stands out. " if self.digest.is_quiet else ""
        text = f"{quiet}{movers_words(self.digest.moves)}"
        wild = unusual(self.digest.moves)
        if wild.empty:
            return f"{text} No symbol moved {UNUSUAL:g} usual days or more."
        named = [f"{symbol} {signed(row['change'])}" for symbol, row in wild.head(_NAMED).iterrows()]
        return f"{text} {plural(len(wild), 'symbol')} moved {UNUSUAL:g} usual days or more: {listed(named)}{' and more' if len(wild) > _NAMED else ''}."

    def _changes(self) -> str:
        told = [
            f"The regime of {each.market} changed from “{regime_words(each.before)}” to “{regime_words(each.now)}”."
            if each.is_changed
            else f"The regime of {each.market} is still “{regime_words(each.now)}”."
            for each in self.digest.regimes
        ]
        changed, compared = self.digest.changed_signals, len(self.digest.signals)
        if not compared:
            told.append("No signals were compared.")
        elif changed.empty:
            told.append(f"No label changed among the {plural(compared, 'symbol')} whose signals were compared.")
        else:
            named = [f"{symbol} from {row['label_before']} to {row['label']}" for symbol, row in changed.iterrows()]
            told.append(f"Changed labels: {listed(named[:_NAMED])}{' and more' if len(named) > _NAMED else ''}.")
        extremes = self.digest.moves["year_extreme"]
        highs, lows = int((extremes == "new high").sum()), int((extremes == "new low").sum())
        told.append(
            f"{plural(highs, 'new 52-week high')} and {plural(lows, 'new 52-week low')} were made at the close."
        )
        return " ".join(told)

    def _events(self) -> str:
        events = self.digest.events
        today, ahead = events[events["when"] == "today"], events[events["when"] == "ahead"]
        if events.empty:
            return "No earnings or dividends of the day or of the next 30 days are known."
        named = (
            listed([f"{row['symbol']} ({row['event']})" for _, row in today.head(_NAMED).iterrows()])
            if len(today)
            else ""
        )
        first = (
            f"Since the close before: {named}{' and more' if len(today) > _NAMED else ''}. "
            if named
            else "Nothing was reported or paid since the close before. "
        )
        if ahead.empty:
            return f"{first}Nothing is known to come within 30 days."
        soon = ahead.iloc[0]
        return f"{first}Ahead within 30 days: {plural(len(ahead), 'event')}, the first {soon['symbol']} ({soon['event']}) on {soon['date']:%Y-%m-%d}."

    def _missing(self) -> str:
        missing = self.digest.missing
        if missing.empty:
            return "Every symbol has a bar on the session."
        return f"{plural(len(missing), 'symbol has', 'symbols have')} no bar on {label_text(self.digest.session, '1d')}, named below."

    @property
    def cards(self) -> list[Fact]:
        """The headline numbers."""
        return [fact for fact in self.digest.facts() if fact.label not in ("Session", "As of")]

    @property
    def tables(self) -> str:
        """Every table of the digest."""
        return parts.tables_of(self.digest)

    def handed(self) -> Handed:
        """Return what the page states, for its maker."""
        tables = {"Moves": self.digest.moves, "Signals": self.digest.signals, "Events": self.digest.events}
        tables |= {"Without a bar": self.digest.missing}
        return Handed(
            title=self.digest.title,
            subject=self.digest.universe,
            as_of=self.digest.as_of,
            summary=self.summary,
            numbers=tuple(self.digest.facts()),
            notes=self.notes,
            tables={name: frame for name, frame in tables.items() if len(frame)},
            units=CLOSING_UNITS,
            manifest=manifest_of("daily_close", self.digest.bars, self.request),
            watermark=self.digest.watermark,
        )


def prepare(*, symbols: str, session: str, signals: int) -> ClosePage:
    """Return the page of a session, empty being the newest.

    Parameters
    ----------
    symbols : str
        A name that `daily_close` knows, or symbols with commas between.
    session : str
        A trading day, or empty.
    signals : int
        The most symbols whose signals are compared.
    """
    asked = [each.strip() for each in symbols.split(",") if each.strip()]
    digest = daily_close(asked if len(asked) > 1 else symbols.strip(), session=session or None, signals=signals)
    return ClosePage(digest=digest, request={"symbols": symbols, "session": session, "signals": signals})
