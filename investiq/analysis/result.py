"""`Analysis`: the table, the evidence and the conventions that `iq.analyze` returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from investiq.analysis import sheets
from investiq.analysis.text import CONFIDENCE_SCALE, recommendation, regime_words
from investiq.core.display import to_text
from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.core.types import BASIS_WORDS, SignalLabel
from investiq.engines.base import Panel
from investiq.engines.signals import EngineSignal
from investiq.engines.supplementary.signals import SupplementarySignal
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.comparing import AnalysisComparison

__all__ = ["Analysis"]

# The passport's moment is that of the data; "As of" is the analysis' own.
_PASSPORT_WORDS: Final = {"As of": "Last bar known"}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Analysis(Result):
    """What the engines say about one symbol; made by `analyze`.

    Attributes
    ----------
    history : History
        What was seen: nothing that became known after `as_of`.
    as_of : datetime
        Time of knowledge (UTC).
    table : DataFrame
        Index `ts`; one row per bar: `known_at` (its decision time), `n_obs`, the
        features of every engine and topic by their names, ``<engine>_score``,
        ``<engine>_confidence`` and ``<engine>_signal_count``, and the joint view:
        the columns of `orchestrator.combine`.
    engines : mapping of str to EngineSignal
        What each engine says at the last row.
    supplementary : SupplementarySignal
        What the other topics add at the last row.
    panels : mapping of str to tuple of Panel
        By engine, how its features are shown.
    units : mapping of str to str
        Of the numeric features in `table`.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "analysis"

    history: History
    as_of: datetime
    table: pd.DataFrame
    engines: Mapping[str, EngineSignal]
    supplementary: SupplementarySignal
    panels: Mapping[str, tuple[Panel, ...]]
    units: Mapping[str, Unit]
    notes: tuple[Note, ...] = ()

    @property
    def symbol(self) -> str:
        """The symbol."""
        return self.history.symbol

    @property
    def bars(self) -> Bars:
        """Its bars as traded, up to `as_of`."""
        return self.history.bars()

    @property
    def score(self) -> float:
        """The combined score at the last decision time, in [-100, 100]; NaN where no engine speaks."""
        return float(self._last("score"))

    @property
    def label(self) -> SignalLabel | None:
        """The combined score in words, or None without one."""
        return self._word("label")  # type: ignore[return-value]  # written from the labels by `combine`

    @property
    def confidence(self) -> float:
        """The combined confidence in [0, 1]: raw, no calibrated probability; NaN without a score."""
        return float(self._last("confidence"))

    @property
    def mean_confidence(self) -> float:
        """The plain mean of the confidences of the engines that speak, which decides the conviction; NaN without any."""
        speaking = [each.confidence for each in self.engines.values() if not math.isnan(each.score)]
        return sum(speaking) / len(speaking) if speaking else math.nan

    @property
    def coverage(self) -> float:
        """The weight of the engines that speak, as part of all weights."""
        return float(self._last("coverage"))

    @property
    def conviction(self) -> str | None:
        """``"HIGH"``, ``"MODERATE"`` or ``"LOW"``; None without a score."""
        return self._word("conviction")

    @property
    def regime(self) -> str:
        """The market's regime, such as ``"high_vol_bear"``, or ``"unknown"``."""
        return str(self._last("regime"))

    @property
    def horizons(self) -> dict[str, float]:
        """The scores of the short, medium and long term; NaN where the engine behind one is silent."""
        return {name: float(self._last(f"{name}_score")) for name in sheets.HORIZON_WORDS}

    @property
    def weights(self) -> dict[str, float]:
        """The part of each engine in the score, a fraction; NaN for the silent."""
        return {name: float(self._last(f"{name}_weight")) for name in self.engines}

    @property
    def adjustment(self) -> float:
        """What the supplementary observations add to the confidence."""
        return float(self._last("adjustment"))

    @property
    def n_obs(self) -> int:
        """Bars known at the last decision time."""
        return len(self.bars)

    @property
    def reason(self) -> str:
        """Why there is no score, by engine; empty where there is one."""
        if self.label is not None:
            return ""
        return "; ".join(f"{name}: {signal.reason}" for name, signal in self.engines.items())

    @property
    def recommendation(self) -> str:
        """The view in sentences: action, confidence, evidence for and against, what is uncertain."""
        return recommendation(
            self.label,
            self.score,
            self.confidence,
            self.conviction,
            tuple(self.engines.values()),
            conflict_penalty=float(self._last("conflict_penalty")),
            weights=self.weights,
        )

    def explain(self) -> str:
        """Return the recommendation and, by engine, every signal with its numbers and its date."""
        return "\n".join([self.recommendation, *sheets.evidence_lines(self)])

    def brief(self) -> str:
        """Return as text what is read first; `print` of the analysis shows everything."""
        return to_text(
            self.title,
            self.facts()[:1],
            self.notes,
            [],
            self.watermark,
            sheets.brief_sheets(self),
            self.headline,
            self.urgent_notes(),
        )

    def compare(self, other: Analysis) -> AnalysisComparison:
        """Return what differs between this analysis and another one, of the same symbol at another moment or of another.

        Parameters
        ----------
        other : Analysis
            The one that this is measured against: changes are from it to this.

        Examples
        --------
        >>> import investiq as iq
        >>> now, then = (iq.analyze("^GSPC", as_of=day) for day in ("2018-12-31", "2018-09-20"))
        >>> now.compare(then).lost[:1]
        ('MACD Cross Up (technical)',)
        """
        from investiq.analysis.comparing import AnalysisComparison

        return AnalysisComparison(now=self, then=other)

    @property
    def title(self) -> str:
        """Symbol and verdict in one line."""
        return f"Analysis of {self.symbol}: {self.label or 'no score'}"

    @property
    def headline(self) -> str:
        """Verdict, score, confidence, regime and conviction in one line."""
        if self.label is None:
            return f"no engine has enough data; market: {regime_words(self.regime)}"
        return (
            f"score {self.score:+.1f} of ±100 · confidence {format_value(self.confidence, 'fraction')} · "
            f"conviction {self.conviction} · market: {regime_words(self.regime)}"
        )

    @property
    def watermark(self) -> str | None:
        """The watermark of the data."""
        return self.bars.passport.watermark

    @property
    def bar(self) -> str:
        """The label of the last bar."""
        return label_text(self.bars.ts[-1], self.bars.interval)

    def facts(self) -> list[Fact]:
        """Return score, confidence and what stands behind them, and the bar that they were decided on."""
        passport = self.bars.passport
        # The recommendation has the reasons of the engines; the other facts need not repeat them.
        why = "" if self.label else "no score"
        shared = f"{self._last('weight_origin')} weights of the engines that speak"
        return [
            Fact("In words", self.recommendation),
            Fact("Score", self.score, "score", f"-100 to 100, positive is bullish; {shared}", why),
            Fact("Signal", self.label, "", "the score in words: weak from 5, plain from 30, strong from 70", why),
            Fact(
                "Score, equal weights", float(self._last("equal_weight_score")), "score", "what no weighting says", why
            ),
            Fact("Confidence", self.confidence, "fraction", f"raw: agreement and data; {CONFIDENCE_SCALE}", why),
            Fact("Calibrated probability", math.nan, "fraction", "", "no calibration is fitted"),
            Fact(
                "Coverage",
                self.coverage,
                "fraction",
                "weight of the engines that speak; its root scales the confidence",
            ),
            Fact("Conflict penalty", float(self._last("conflict_penalty")), "fraction", "within the confidence", why),
            Fact("Supplementary", self.adjustment, "fraction", "within the confidence, at most 10 % either way", why),
            Fact(
                "Mean confidence of engines",
                self.mean_confidence,
                "fraction",
                "plain, for the conviction: HIGH asks for more than 65 %, MODERATE for 50 %",
                why,
            ),
            Fact("Conviction", self.conviction, "", "engines at ±20 on the side of the score: HIGH 3, MODERATE 2", why),
            Fact("Market regime", regime_words(self.regime), "", self._market),
            Fact(
                "Close",
                float(self.bars.close[-1]),
                "price",
                f"{BASIS_WORDS[passport.price_basis]}, {passport.currency}",
            ),
            Fact("Bar", self.bar, "", f"{self.bars.interval}, the last of {len(self.bars):,} known"),
            Fact("Decided", self._last("known_at").to_pydatetime(), "time", "when that bar was complete and known"),
            Fact("As of", self.as_of, "time", "nothing that became known later was seen"),
        ]

    def tables(self) -> list[Table]:
        """Return the engines side by side, and what each rests on."""
        return sheets.sheets(self)

    def provenance(self) -> list[Fact]:
        """Return the data passport and the conventions of the score."""
        return [
            *(Fact(_PASSPORT_WORDS.get(label, label), value) for label, value in self.bars.describe()),
            Fact("Cut", f"only what was known by {format_value(self.as_of, 'time')} was seen"),
            Fact("Beside it", sheets.beside(self.history)),
            *(Fact("Engine", f"{each.engine}, version {each.version}") for each in self.engines.values()),
            Fact("Prices", "total-adjusted in the indicators; levels in money are shown as traded on their bar"),
            Fact("Ranks", "share of the 252 bars before that lie lower, ties half; at least 60 bars"),
            Fact("Engine score", "100 x sum of votes / sum of their sizes x n / (n + 1), n groups with a vote"),
        ]

    def urgent_notes(self) -> tuple[Note, ...]:
        """Return what voids the headline: bars that are not of `as_of`, and engines that failed."""
        return tuple(note for note in self.notes if note.code == "stale" or note.severity == "error")

    def to_frame(self) -> pd.DataFrame:
        """Return `table`."""
        return self.table

    @property
    def _market(self) -> str:
        symbol = self.history.benchmark
        return f"of {symbol}" if symbol else f"of {self.symbol} itself, without a benchmark"

    def _last(self, column: str) -> Any:
        return self.table[column].iloc[-1]

    def _word(self, column: str) -> str | None:
        word = self._last(column)
        return word if isinstance(word, str) else None
