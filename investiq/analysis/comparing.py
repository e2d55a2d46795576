"""`AnalysisComparison`: two symbols, or two moments of one, side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.analysis.text import regime_words
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note, merge_notes
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.result import Analysis

__all__ = ["AnalysisComparison"]

# Levels of one symbol: another's are another scale, no movement.
_LEVELS: Final = frozenset({"price", "money", "amount", "shares"})


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AnalysisComparison(Result):
    """What differs between two analyses; made by `Analysis.compare`.

    Attributes
    ----------
    now, then : Analysis
        Every change is from `then` to `now`; of two symbols `then` is the other one.
    """

    kind: ClassVar[str] = "analysis_comparison"

    now: Analysis
    then: Analysis

    @property
    def names(self) -> tuple[str, str]:
        """How the two are called, `then` first: by symbol, and by bar where that differs."""
        pair = (self.then, self.now)
        if self.then.symbol == self.now.symbol:
            return self.then.bar, self.now.bar
        if self.then.bar == self.now.bar:
            return self.then.symbol, self.now.symbol
        first, second = (f"{each.symbol} {each.bar}" for each in pair)
        return first, second

    @property
    def gained(self) -> tuple[str, ...]:
        """Signals of `now` that `then` has not, the heaviest first, as ``"name (engine)"``."""
        return tuple(name for name in _signals(self.now) if name not in _signals(self.then))

    @property
    def lost(self) -> tuple[str, ...]:
        """Signals of `then` that `now` has not."""
        return tuple(name for name in _signals(self.then) if name not in _signals(self.now))

    @property
    def title(self) -> str:
        """What is compared."""
        before, after = self.names
        of = f"{self.now.symbol}, " if self.now.symbol == self.then.symbol else ""
        return f"Analysis compared: {of}{before} and {after}"

    @property
    def watermark(self) -> str | None:
        """The watermark of the data of either."""
        return self.now.watermark or self.then.watermark

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # made of the two
        """The cautions of both."""
        return merge_notes(self.now.notes, self.then.notes)

    def facts(self) -> list[Fact]:
        """Return the change of the verdict."""
        then, now = self.then, self.now
        change = now.score - then.score
        why = "" if not math.isnan(change) else "one of the two has no score"
        return [
            Fact("Change of the score", change, "score", f"{_signed(then.score)} to {_signed(now.score)}", why),
            Fact(
                "Change of the confidence", now.confidence - then.confidence, "points", _both(self, "confidence"), why
            ),
            Fact("Signal", f"{then.label or 'no score'} to {now.label or 'no score'}"),
            Fact("Conviction", f"{then.conviction or 'none'} to {now.conviction or 'none'}"),
            Fact("Market regime", f"{regime_words(then.regime)} to {regime_words(now.regime)}"),
            Fact("Evidence gained", len(self.gained), "count", "signals that fire now and did not then"),
            Fact("Evidence lost", len(self.lost), "count", "signals that fired then and do not now"),
        ]

    def tables(self) -> list[Table]:
        """Return scores by engine, evidence gained and lost, and the figures that moved."""
        tables = [self._engines(), self._evidence(), self._moved()]
        return [table for table in tables if table.rows]

    def provenance(self) -> list[Fact]:
        """Return what each of the two is made of."""
        return [
            Fact(
                f"{name}",
                f"{each.symbol}, cut at {format_value(each.as_of, 'time')}, SHA-256 {each.bars.fingerprint[:16]}",
            )
            for name, each in zip(self.names, (self.then, self.now), strict=True)
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return score and confidence by engine, one row each and one for the joint view, and their changes."""
        import pandas as pd

        rows = {}
        for name in ("combined", *self._shared()):
            was, now = (_voice(each, name) for each in (self.then, self.now))
            rows[name] = (*was, *now, now[0] - was[0], now[1] - was[1])
        columns = ["score_then", "confidence_then", "score_now", "confidence_now", "score_change", "confidence_change"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("engine")

    def _shared(self) -> list[str]:
        return list(dict.fromkeys([*self.then.engines, *self.now.engines]))

    def _engines(self) -> Table:
        before, after = self.names
        rows = tuple(
            (
                str(name).capitalize(),
                _signed(row.score_then),
                _signed(row.score_now),
                _signed(row.score_change),
                format_value(row.confidence_then, "fraction"),
                format_value(row.confidence_now, "fraction"),
            )
            for name, row in self.to_frame().iterrows()
        )
        columns = (
            "Engine",
            f"Score {before}",
            f"Score {after}",
            "Change",
            f"Confidence {before}",
            f"Confidence {after}",
        )
        return Table("By engine", columns, rows, columns[4:], signed=columns[1:4], scales=columns[1:3])

    def _evidence(self) -> Table:
        then, now = _signals(self.then), _signals(self.now)
        rows = [("gained", f"{now[name][0]:+.2g}", name, now[name][1]) for name in self.gained]
        rows += [("lost", f"{then[name][0]:+.2g}", name, then[name][1]) for name in self.lost]
        return Table("Evidence gained and lost", ("What", "Vote", "Signal", "In words"), tuple(rows), signed=("Vote",))

    def _moved(self) -> Table:
        """Return the figures of the panels that both have and that differ; of two symbols none that is a level."""
        are_two = self.now.symbol != self.then.symbol
        rows = []
        for name, panels in self.now.panels.items():
            then, now = (_metrics(each, name) for each in (self.then, self.now))
            for line in dict.fromkeys(line for panel in panels for line in panel.lines):
                was, has = then.get(line.feature, math.nan), now.get(line.feature, math.nan)
                unit = self.now.units.get(line.feature, "")
                shown = format_value(was, unit), format_value(has, unit)
                is_level = are_two and unit in _LEVELS
                if not math.isnan(was) and not math.isnan(has) and shown[0] != shown[1] and not is_level:
                    rows.append((name.capitalize(), line.title, *shown))
        title = "Figures that differ" if are_two else "Figures that moved"
        return Table(title, ("Engine", "Figure", *self.names), tuple(rows), self.names, is_folded=True)


def _voice(analysis: Analysis, name: str) -> tuple[float, float]:
    if name == "combined":
        return analysis.score, analysis.confidence
    signal = analysis.engines.get(name)
    return (math.nan, math.nan) if signal is None else (signal.score, signal.confidence)


def _metrics(analysis: Analysis, name: str) -> dict[str, float]:
    source = analysis.supplementary if name == "supplementary" else analysis.engines.get(name)
    return {} if source is None else dict(source.metrics)


def _signals(analysis: Analysis) -> dict[str, tuple[float, str]]:
    """Return signed weight and words of every signal, the heaviest first."""
    found = [(each, name) for name, signal in analysis.engines.items() for each in signal.evidence]
    found.sort(key=lambda pair: -pair[0].weight)
    return {f"{each.name} ({name})": (each.direction * each.weight, each.text) for each, name in found}


def _both(compared: AnalysisComparison, name: str) -> str:
    return " to ".join(format_value(getattr(each, name), "fraction") for each in (compared.then, compared.now))


def _signed(score: float) -> str:
    return "n/a" if math.isnan(score) else f"{score:+.1f}"
