"""`Analysis`: the table, the evidence and the conventions that `iq.analyze` returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.core.types import BASIS_WORDS, SignalLabel
from investiq.engines.signals import EngineSignal
from investiq.engines.technical.features import FEATURES
from investiq.history.bars import Bars
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis"]

# What the card shows of the last row beside the evidence: title, feature, remark.
_INDICATORS: Final = (
    ("SMA-20", "sma_20", ""),
    ("SMA-50", "sma_50", ""),
    ("SMA-200", "sma_200", ""),
    ("Lower Bollinger band", "bb_lower", "20 bars, 2 population standard deviations"),
    ("Upper Bollinger band", "bb_upper", ""),
    ("RSI(14)", "rsi", "Wilder's smoothing"),
    ("Stochastic %K(14)", "stochastic_k", ""),
    ("MACD histogram", "macd_histogram", "averages of 12 and 26 bars, signal of 9"),
    ("ADX(14)", "adx", "Wilder's smoothing; strength without direction"),
    ("ATR(14)", "atr_14", "Wilder's smoothing"),
    ("ATR ratio", "atr_ratio", "ATR over its mean of 20 bars; volatility does not vote"),
)
_RANKS: Final = {
    "rsi": "rsi_percentile",
    "stochastic_k": "stochastic_percentile",
    "adx": "adx_percentile",
    "atr_ratio": "atr_ratio_percentile",
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Analysis(Result):
    """What the engines say about one symbol; made by `analyze`.

    Attributes
    ----------
    symbol : str
    bars : Bars
        As traded, up to `as_of`.
    as_of : datetime
        Time of knowledge (UTC): nothing later was seen.
    table : DataFrame
        Index `ts`; one row per bar: `known_at` (its decision time), the features,
        `score`, `confidence`, `signal_count` and `label`.
    engines : mapping of str to EngineSignal
        What each engine says at the last row.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "analysis"

    symbol: str
    bars: Bars
    as_of: datetime
    table: pd.DataFrame
    engines: Mapping[str, EngineSignal]
    notes: tuple[Note, ...] = ()

    @property
    def signal(self) -> EngineSignal:
        """What the technical engine says at the last decision time."""
        return self.engines["technical"]

    @property
    def score(self) -> float:
        """The score at the last decision time, in [-100, 100]; NaN without one."""
        return self.signal.score

    @property
    def label(self) -> SignalLabel | None:
        """The score in words, or None without a score."""
        return self.signal.label

    @property
    def confidence(self) -> float:
        """The raw confidence at the last decision time, in [0, 1]; NaN without a score."""
        return self.signal.confidence

    @property
    def title(self) -> str:
        """Symbol and verdict in one line."""
        return f"Analysis of {self.symbol}: {self.label or 'no score'}"

    @property
    def watermark(self) -> str | None:
        """The watermark of the data."""
        return self.bars.passport.watermark

    @property
    def _bar(self) -> str:
        return label_text(self.bars.ts[-1], self.bars.interval)

    def facts(self) -> list[Fact]:
        """Return score, confidence and votes, and the bar that they were decided on."""
        signal, passport = self.signal, self.bars.passport
        why = "" if signal.label else signal.reason
        votes = ", ".join(f"{group} {vote:+g}" for group, vote in signal.votes.items())
        return [
            Fact("Score", signal.score, "score", "-100 to 100, positive is bullish", why),
            Fact("Signal", signal.label, "", "the score in words: weak from 5, plain from 30, strong from 70", why),
            Fact("Confidence", signal.confidence, "fraction", "raw, no calibrated probability", why),
            Fact("Votes", votes or "none", "", "net vote of each group of signals, at most 4 either way"),
            Fact(
                "Close",
                float(self.bars.close[-1]),
                "price",
                f"{BASIS_WORDS[passport.price_basis]}, {passport.currency}",
            ),
            Fact("Bar", self._bar, "", f"{self.bars.interval}, the last of {signal.n_obs:,} known"),
            Fact("Decided", signal.as_of, "time", "when that bar was complete and known"),
            Fact("As of", self.as_of, "time", "nothing that became known later was seen"),
        ]

    def tables(self) -> list[Table]:
        """Return the evidence and the indicators of the last row."""
        tables = [self._indicators()]
        return [self._evidence(), *tables] if self.signal.evidence else tables

    def _evidence(self) -> Table:
        rows = (
            (
                each.name,
                f"{each.direction * each.weight:+g}",
                each.group,
                format_value(each.value, each.unit),
                format_value(each.threshold, each.unit),
                each.text,
            )
            for each in self.signal.evidence
        )
        columns = ("Signal", "Vote", "Group", "Value", "Threshold", "In words")
        return Table(
            f"Evidence at the bar of {self._bar}", columns, tuple(rows), ("Value", "Threshold"), signed=("Vote",)
        )

    def _indicators(self) -> Table:
        metrics, rows = self.signal.metrics, []
        for title, name, remark in _INDICATORS:
            value, rank = metrics[name], metrics.get(_RANKS.get(name, ""), math.nan)
            remark = f"not yet defined after {self.signal.n_obs} bars" if math.isnan(value) else remark
            rows.append(
                (
                    title,
                    format_value(value, FEATURES[name]),
                    "" if math.isnan(rank) else format_value(rank, "fraction"),
                    remark,
                )
            )
        columns = ("Indicator", "Value", "Rank", "Remark")
        return Table(f"Indicators at the bar of {self._bar}", columns, tuple(rows), ("Value", "Rank"))

    def provenance(self) -> list[Fact]:
        """Return the data passport and the conventions of the score."""
        return [
            *(Fact(label, value) for label, value in self.bars.describe()),
            Fact("Cut", f"only what was known by {format_value(self.as_of, 'time')} was seen"),
            *(Fact("Engine", f"{each.engine}, version {each.version}") for each in self.engines.values()),
            Fact("Indicators", "on total-adjusted prices; levels in money are shown as traded on their bar"),
            Fact("Ranks", "share of the 252 bars before that lie lower, ties half; at least 60 bars"),
            Fact("Score", "100 x sum of votes / sum of their sizes x n / (n + 1), n groups with a vote"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return `table`."""
        return self.table
