"""The page on one symbol: its analysis and what is shown of it, cards, cautions and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from investiq.analysis.analyzing import analyze
from investiq.analysis.gathering import gather
from investiq.analysis.radar import risk_radar
from investiq.analysis.regime_history import regime_shares, regime_spells
from investiq.analysis.text import regime_words
from investiq.analysis.topic_views import TOPIC_NAMES, TopicView, topic_view
from investiq.backtesting.engine import convention_of_run
from investiq.core.display import lines_table
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note, merge_notes
from investiq.history.history import History
from investiq.market.loading import load_bars
from investiq.metrics.measuring import Measures, measure
from investiq.reporting.contents.basis import bars_of, manifest_of, period_words
from investiq.reporting.parts import head
from investiq.reporting.passing import Handed
from investiq.runtime.progress import watched

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from investiq.analysis.radar import RiskRadar
    from investiq.analysis.result import Analysis
    from investiq.figures.theme import ThemeName
    from investiq.history.bars import Bars

__all__ = ["SymbolPage", "prepare"]

_RISK: Final = (
    "CAGR",
    "Volatility",
    "Sharpe ratio",
    "Sortino ratio",
    "Max drawdown",
    "Longest drawdown",
    "Value at risk",
    "Expected shortfall",
    "Skewness",
    "Excess kurtosis",
    "Beta",
    "Alpha",
    "Correlation",
)
# Spells of regimes that a page shows; the workbook has all.
_SPELLS: Final = 12
_UNITS: Final[Mapping[str, str]] = {
    "score": "score",
    "confidence": "fraction",
    "weight": "fraction",
    "signals": "count",
    "vote": "ratio",
    "known": "date",
    "first": "date",
    "last": "date",
    "bars": "count",
    "share": "fraction",
    "mean_return": "fraction",
    "volatility": "fraction",
    "observations": "count",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class SymbolPage:
    """What the template shows; made by `prepare`.

    Attributes
    ----------
    analysis : Analysis
    measures : Measures
        Of the returns of the whole period, total-adjusted.
    request : mapping
        The parameters of the page.
    """

    analysis: Analysis
    measures: Measures
    request: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Symbol and verdict."""
        return f"{self.analysis.symbol}: {self.analysis.label or 'no score'}"

    @property
    def head(self) -> str:
        """The head of the page."""
        found, passport = self.analysis, self.analysis.bars.passport
        beside = f"benchmark {found.history.benchmark}" if found.history.benchmark else "no benchmark"
        lines = [
            f"{period_words(found.bars)} · {passport.provider}, {passport.calendar} sessions, {passport.currency}, {beside}",
            f"as of {format_value(found.as_of, 'time')}: nothing that became known later was seen",
        ]
        return head("InvestIQ symbol analysis", self.title, lines, found.watermark)

    @cached_property
    def summary(self) -> list[str]:
        """The executive summary; every number is one of the analysis."""
        from investiq.reporting.contents.symbol_words import paragraphs

        return paragraphs(self)

    @property
    def cards(self) -> list[Fact]:
        """What a reader asks for first."""
        found = self.analysis
        by_label = {fact.label: fact for fact in found.facts()}
        names = ("Score", "Signal", "Confidence", "Conviction", "Market regime", "Close")
        speaking = sum(each.label is not None for each in found.engines.values())
        count = Fact(
            "Engines that speak", f"{speaking} of {len(found.engines)}", "", "the others are silent with a reason"
        )
        return [*(by_label[name] for name in names), count, replace(self.radar_fact, label="Risk radar")]

    @cached_property
    def radar(self) -> RiskRadar:
        """Six axes of risk; an axis without its data has no score."""
        return risk_radar(self.analysis)

    @property
    def radar_fact(self) -> Fact:
        """The whole of the radar."""
        value = self.radar.score
        known = f"mean of {len(self.radar.known)} of {len(self.radar.axes)} axes, 0 to 100; a heuristic"
        return Fact("Risk radar", value, "score", known, "no axis has its data" if value != value else "")

    @cached_property
    def topics(self) -> list[TopicView]:
        """The topics of which something is known."""
        return [view for view in self._views if not view.reason]

    @property
    def absent(self) -> Table:
        """The topics of which nothing is known, each with the reason."""
        rows = tuple((view.short_title, view.reason) for view in self._views if view.reason)
        return Table("Not shown, and why", ("Topic", "Reason"), rows)

    @property
    def absent_table(self) -> str:
        """`absent` as HTML; nothing where everything is known."""
        return lines_table(self.absent) if self.absent.rows else ""

    @cached_property
    def _views(self) -> list[TopicView]:
        return [topic_view(self.analysis, name) for name in TOPIC_NAMES]

    @cached_property
    def shares(self) -> pd.DataFrame:
        """How often each regime was, and what the bar after returned; named for people."""
        return regime_shares(self.analysis).rename(index=regime_words)

    @cached_property
    def spells(self) -> pd.DataFrame:
        """Every stretch in one regime, named for people, the newest first."""
        found = regime_spells(self.analysis)
        return found.assign(regime=found["regime"].map(regime_words)).iloc[::-1]

    @property
    def newest_spells(self) -> pd.DataFrame:
        """The newest stretches, as many as a page shows."""
        return self.spells.head(_SPELLS).reset_index(drop=True)

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the columns of every table."""
        return _UNITS

    @property
    def risk(self) -> list[Fact]:
        """The numbers of risk over the whole period."""
        return [fact for fact in self.measures.facts() if fact.label.startswith(_RISK)]

    def wealth_chart(self, theme: ThemeName) -> go.Figure:
        """Return the figure of the measures with the watermark of the data, which returns alone do not carry."""
        from investiq.figures.measures import measures_chart
        from investiq.figures.theme import theme_of, watermark_note

        figure = measures_chart(self.measures, theme=theme)
        mark = self.analysis.watermark
        return figure.add_annotation(watermark_note(mark, theme_of(theme), y=0.8)) if mark else figure

    @property
    def sheets(self) -> str:
        """The tables of the analysis as HTML: scores and evidence open, indicators and levels folded."""
        shown = [
            replace(each, is_folded=False) if " evidence " in each.title else each for each in self.analysis.tables()
        ]
        return "".join(lines_table(each) for each in shown)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The cautions of the analysis, and what a page must add."""
        text = "the score describes what was known; how such scores did in the past is a backtest of iq.strategies.EngineView"
        own = Note(code="no_forecast", text=text)
        topics = (note for view in self.topics for note in view.notes)
        return merge_notes(self.analysis.notes, topics, self.radar.notes, (own,))

    def handed(self) -> Handed:
        """Return what the page states, for its maker."""
        found = self.analysis
        scored = [fact for fact in found.facts() if fact.label not in ("In words", "As of", "Decided")]
        # The history may hold what came later; the analysis did not see it.
        records = [each.until(found.as_of) for each in found.history.tables.values()]
        beside = (found.history.bars(name) for name in found.history.series if name != found.symbol)
        behind = [found.bars, *(each.until(found.as_of) for each in beside)]
        return Handed(
            title=f"Symbol analysis: {self.title}",
            subject=found.symbol,
            as_of=found.as_of,
            summary=tuple(self.summary),
            numbers=(*scored, self.radar_fact, *self.risk),
            notes=self.notes,
            tables=self._tables(),
            units=_UNITS,
            manifest=manifest_of("symbol_analysis", behind, self.request, records=records),
            watermark=found.watermark,
        )

    def _tables(self) -> dict[str, pd.DataFrame]:
        import pandas as pd

        missing = [table for table in self.analysis.tables() if table.title.startswith("Without a value")]
        frames = {
            "Engines": _engines(self.analysis),
            "Evidence": _evidence(self.analysis),
            "Regimes": self.shares,
            "Regime spells": self.spells,
            "Risk": self.measures.to_frame(),
            "Not shown": pd.DataFrame(list(self.absent.rows), columns=["topic", "reason"]),
        }
        for table in missing:
            frames["Without a value"] = pd.DataFrame(list(table.rows), columns=["engine", "reason", "what"])
        return {name: frame for name, frame in frames.items() if len(frame)}


@watched(lambda *_: None)
def prepare(*, symbol: str, start: str, end: str, as_of: str, benchmark: str) -> SymbolPage:
    """Analyse a symbol and measure its risk.

    Parameters
    ----------
    symbol, start, end : str
        Empty dates are the first and the last there are.
    as_of : str
        Last moment of knowledge; empty is that of the last bar.
    benchmark : str
        What the symbol is compared with; empty is what its provider has for the market.
    """
    request = {"symbol": symbol, "start": start, "end": end, "as_of": as_of, "benchmark": benchmark}
    gathered = gather(bars_of(symbol, start, end))
    history = _beside(gathered.history, load_bars(benchmark)) if benchmark else gathered.history
    found = analyze(history, as_of=as_of or None)
    found = replace(found, notes=merge_notes(found.notes, gathered.notes))
    return SymbolPage(analysis=found, measures=_measured(found), request=request)


def _beside(history: History, benchmark: Bars) -> History:
    """Return the history with another benchmark, everything else as it was."""
    kept = [history.bars(name) for name in history.series if name not in (history.symbol, benchmark.symbol)]
    records = [history.records(name) for name in history.tables]
    return History.of(history.bars(), *kept, benchmark=benchmark, records=records)


def _measured(found: Analysis) -> Measures:
    bars, name = found.bars, found.history.benchmark
    held = _returns(found.history.bars(name)) if name and name != found.symbol else None
    return measure(_returns(bars).rename(bars.symbol), held, convention=convention_of_run(bars, 0.0))


def _returns(bars: Bars) -> pd.Series[float]:
    import pandas as pd

    close = bars.adjusted("total").close
    return pd.Series(close[1:] / close[:-1] - 1, index=pd.DatetimeIndex(bars.ts[1:], tz="UTC", name="ts"))


def _engines(found: Analysis) -> pd.DataFrame:
    import pandas as pd

    rows: Sequence[tuple[object, ...]] = [
        (
            name,
            each.score,
            each.label or "silent",
            each.confidence,
            found.weights[name],
            len(each.evidence),
            each.reason,
        )
        for name, each in found.engines.items()
    ]
    columns = ["engine", "score", "signal", "confidence", "weight", "signals", "reason"]
    return pd.DataFrame(rows, columns=columns).set_index("engine")


def _evidence(found: Analysis) -> pd.DataFrame:
    import pandas as pd

    bar = found.bars.ts[-1]
    rows = [
        (
            name,
            each.name,
            each.direction * each.weight,
            each.group,
            each.value,
            each.threshold,
            each.unit,
            (bar if each.known is None else each.known).astype("datetime64[s]"),
            each.text,
        )
        for name, signal in found.engines.items()
        for each in signal.evidence
    ]
    columns = ["engine", "signal", "vote", "group", "value", "threshold", "unit", "known", "in words"]
    return pd.DataFrame(rows, columns=columns)
