"""One topic of an analysis by itself: its numbers, the records behind them, or why there is nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias, get_args

from investiq.analysis import topic_records
from investiq.analysis.result import Analysis
from investiq.core.errors import DataError, near_matches
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.engines.supplementary.all_topics import TOPICS

if TYPE_CHECKING:
    import pandas as pd

    from investiq.engines.base import Line

__all__ = ["TOPIC_NAMES", "TopicName", "TopicView", "topic_view"]

TopicName: TypeAlias = Literal[
    "earnings",
    "dividends",
    "options",
    "short_interest",
    "insiders",
    "correlations",
    "news",
    "news_velocity",
    "macro",
    "relative_strength",
]
TOPIC_NAMES: Final[tuple[TopicName, ...]] = get_args(TopicName)


@dataclass(frozen=True)
class _Makeup:
    """What a view is made of: its title, the topic it stands or falls with, further topics, a caution."""

    title: str
    topic: str
    beside: tuple[str, ...] = ()
    caution: str = ""
    kind: str = ""


# The kind names the records that the topic reads, as a note about what was not gathered does.
_MAKEUPS: Final[Mapping[TopicName, _Makeup]] = {
    "earnings": _Makeup("Earnings", "earnings", kind="earnings"),
    "dividends": _Makeup("Dividends", "dividends", kind="actions"),
    "options": _Makeup("Options", "options", ("volatility proxy",), kind="options"),
    "short_interest": _Makeup(
        "Short interest and squeeze heuristic",
        "short interest",
        ("squeeze",),
        "the squeeze score is a heuristic of price, volume and published short interest, not a forecast of a squeeze",
        "short_interest",
    ),
    "insiders": _Makeup("Insiders", "insiders", kind="insiders"),
    "correlations": _Makeup("Correlations", "correlations"),
    "news": _Makeup(
        "News sentiment", "news_sentiment", caution="tone of news by a word list; not of social media", kind="news"
    ),
    "news_velocity": _Makeup("Change of the news", "news_velocity", kind="news"),
    "macro": _Makeup(
        "Macro backdrop",
        "macro",
        caution="read from prices of funds: bonds stand in for rates, gold for fears of inflation; heuristics, no releases",
    ),
    "relative_strength": _Makeup(
        "Relative strength", "rotation", caution="relative returns of prices; no flows of money are measured"
    ),
}
_FEW_POINTS: Final = 10


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TopicView(Result):
    """The numbers of one topic at the last bar, with the records behind them; made by `topic_view`.

    Attributes
    ----------
    analysis : Analysis
    name : str
    """

    kind: ClassVar[str] = "topic"

    analysis: Analysis
    name: TopicName

    @property
    def title(self) -> str:
        """What it is about."""
        return f"{_MAKEUPS[self.name].title} of {self.analysis.symbol}"

    @property
    def short_title(self) -> str:
        """The same without the symbol."""
        return _MAKEUPS[self.name].title

    @property
    def headline(self) -> str:
        """The numbers that matter most in one line, or why there are none."""
        if self.reason:
            return f"not available: {self.reason}"
        return " · ".join(f"{fact.label} {_text(fact)}" for fact in self.key_facts)

    @property
    def watermark(self) -> str | None:
        """The watermark of the data."""
        return self.analysis.watermark

    @property
    def reason(self) -> str:
        """Why nothing is known about the topic; empty where something is."""
        makeup, extra = _MAKEUPS[self.name], self.analysis.supplementary
        if makeup.topic in extra.failed:
            return f"its computation failed: {extra.failed[makeup.topic]}"
        if makeup.topic not in extra.absent or (self.name == "relative_strength" and self.tables()):
            return ""
        told = [note.text for note in self.analysis.notes if note.code == "not_gathered"]
        why = next((_cause(text) for text in told if makeup.kind and _names(text, makeup.kind)), "")
        return f"{extra.absent[makeup.topic].partition(';')[0]}; {why or 'nothing is known at this time'}"

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # worked out from the analysis
        """What limits the numbers."""
        found = [Note(code="heuristic", text=text, severity="info")] if (text := _MAKEUPS[self.name].caution) else []
        points = self.value("news_velocity_points")
        if self.name == "news_velocity" and not self.reason and not points >= _FEW_POINTS:
            known = 0 if math.isnan(points) else int(points)
            text = f"{known} hour(s) with news in 72 hours, fewer than {_FEW_POINTS}: a slope through so few points is mostly noise"
            found.append(Note(code="few_points", text=text, rows=known))
        return tuple(found)

    @property
    def key_facts(self) -> list[Fact]:
        """The few numbers that stand out, those that are known."""
        wanted = [fact for fact in self.facts() if fact.label in _KEYS[self.name]]
        return [fact for fact in wanted if not _is_missing(fact.value)][:4]

    def facts(self) -> list[Fact]:
        """Return every number of the topic; a missing one with its reason."""
        makeup = _MAKEUPS[self.name]
        topics = [each for each in TOPICS if each.name in (makeup.topic, *makeup.beside)]
        ordered = sorted(topics, key=lambda each: each.name != makeup.topic)
        return [self._fact(line) for topic in ordered for panel in topic.panels for line in panel.lines]

    def tables(self) -> list[Table]:
        """Return the newest records behind the numbers."""
        return topic_records.tables_of(self.name, self.analysis)

    def to_frame(self) -> pd.DataFrame:
        """Return the topic's columns of the analysis' table, one row per bar."""
        makeup = _MAKEUPS[self.name]
        names = [name for each in TOPICS if each.name in (makeup.topic, *makeup.beside) for name in (*each.units, *each.words)]  # fmt: skip
        return self.analysis.table[["known_at", *names]]

    def value(self, feature: str) -> float:
        """Return a number of the topics at the last bar; NaN where it is not known."""
        return float(self.analysis.supplementary.metrics.get(feature, math.nan))

    def _fact(self, line: Line) -> Fact:
        extra = self.analysis.supplementary
        value = {**extra.metrics, **extra.words}.get(line.feature)
        unit = self.analysis.units.get(line.feature, "")
        rank = extra.metrics.get(line.rank, math.nan) if line.rank else math.nan
        ranked = "" if math.isnan(rank) else f"rank {format_value(rank, 'fraction')} of 252 bars"
        remark = "; ".join(filter(None, (line.remark, ranked)))
        if not _is_missing(value):
            return Fact(line.title, value, unit, remark)
        why = extra.missing.get(line.feature) or self.reason or "none at this bar"
        return Fact(line.title, math.nan, unit, remark, why)


_KEYS: Final[Mapping[TopicName, tuple[str, ...]]] = {
    "earnings": ("Earnings per share", "Surprise", "Beat rate", "Growth of earnings per share"),
    "dividends": ("Trailing yield", "Payments a year", "Growth", "Latest change"),
    "options": ("IV rank", "Put/call, open interest", "Skew", "Max pain"),
    "short_interest": ("Of the float", "Days to cover", "Squeeze risk", "Breakout pressure"),
    "insiders": ("Purchases", "Sales", "Net value", "Against that"),
    "correlations": ("With the market", "Beta to the market", "Diversification", "With the Nasdaq"),
    "news": ("Score", "Articles", "Buzz"),
    "news_velocity": ("Velocity", "Points", "Confidence", "Signal"),
    "macro": ("Market, 20 bars", "Bonds, 20 bars", "Gold, 20 bars", "Market volatility", "VIX"),
    "relative_strength": ("20-bar return beyond the market", "20-bar return beyond the sector fund"),
}


def topic_view(analysis: Analysis, name: TopicName) -> TopicView:
    """Return one topic of an analysis: earnings, options, insiders and the others.

    Parameters
    ----------
    analysis : Analysis
        Of `iq.analyze`.
    name : str
        One of `TOPIC_NAMES`.

    Raises
    ------
    DataError
        If there is no topic of that name.

    Examples
    --------
    >>> import investiq as iq
    >>> analysis = iq.analyze("^GSPC", as_of="2013-05-20")
    >>> topic_view(analysis, "options").reason.partition(";")[0]
    'needs option chains'
    """
    if name not in TOPIC_NAMES:
        raise DataError(
            f"no topic is called {name!r}{near_matches(name, TOPIC_NAMES)}; known are {', '.join(TOPIC_NAMES)}"
        )
    return TopicView(analysis=analysis, name=name)


def _names(note: str, kind: str) -> bool:
    """Say whether a note about what was not gathered speaks of records of that kind."""
    listed = note.partition(":")[2].partition("(")[0]
    return any(each.strip() in (kind, "records", "records of a company") for each in listed.split(","))


def _cause(note: str) -> str:
    return note.partition("(")[2].removesuffix(")")


def _text(fact: Fact) -> str:
    return format_value(fact.value, fact.unit)


def _is_missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
