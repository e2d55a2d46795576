"""`Assessment`: whether a Sharpe ratio can be told from luck, test by test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.bootstrap_result import BootstrapInterval
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import DeflatedSharpe
from investiq.metrics.overfitting_result import Overfitting
from investiq.metrics.sharpe_inference import SharpeMoments
from investiq.metrics.snooping_result import Snooping
from investiq.metrics.trial_counting import EffectiveTrials

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Assessment", "Check", "Verdict"]

Verdict: TypeAlias = Literal["stands", "luck_not_excluded", "trials_not_counted"]

_SENTENCES: dict[Verdict, str] = {
    "stands": "luck and selection alone are an unlikely explanation",
    "luck_not_excluded": "luck is not excluded",
    "trials_not_counted": "not to be judged: the trials behind it were not passed",
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question about the Sharpe ratio, with the answer.

    Attributes
    ----------
    name : str
    value : float
        NaN where there is no answer.
    unit : str
    rule : str
        What passes.
    passed : bool or None
        None where there is no answer.
    reason : str
        Why there is none; empty otherwise.
    """

    name: str
    value: float
    unit: Unit
    rule: str
    passed: bool | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Assessment(Result):
    """Whether a Sharpe ratio can be told from luck; made by `assess`.

    Attributes
    ----------
    interval : BootstrapInterval
        Of the annual Sharpe ratio.
    moments : SharpeMoments
        Of one period.
    standard_error : float
        Of the annual Sharpe ratio, independent returns with their skewness and kurtosis.
    p_value : float
        One-sided, of a Sharpe ratio of zero.
    probabilistic : float
        Probability that the true ratio exceeds zero.
    track_record : float
        Returns needed for a probability of 95 %; infinite where the ratio is not positive.
    effective : EffectiveTrials or None
    deflated : DeflatedSharpe or None
    backtest_years : float
        Length at which the best of the effective trials shows this ratio by luck.
    overfitting : Overfitting or None
    snooping : Snooping or None
    checks : tuple of Check
    convention : Convention
    notes : tuple of Note
    """

    kind: ClassVar[str] = "assessment"
    interval: BootstrapInterval
    moments: SharpeMoments
    standard_error: float
    p_value: float
    probabilistic: float
    track_record: float
    effective: EffectiveTrials | None
    deflated: DeflatedSharpe | None
    backtest_years: float
    overfitting: Overfitting | None
    snooping: Snooping | None
    checks: tuple[Check, ...]
    convention: Convention
    notes: tuple[Note, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """``"stands"`` only if every check was answered and passed."""
        if any(check.passed is False for check in self.checks):
            return "luck_not_excluded"
        return "stands" if all(check.passed for check in self.checks) else "trials_not_counted"

    @property
    def title(self) -> str:
        """One line with the verdict."""
        return f"Is it luck? Sharpe ratio {self.interval.estimate:.2f}: {_SENTENCES[self.verdict]}"

    def facts(self) -> list[Fact]:
        """Return the Sharpe ratio, its uncertainty and what the search behind it explains."""
        periods = self.convention.periods_per_year
        method = (
            f"{self.interval.method} {self.interval.scheme} bootstrap, blocks of {self.interval.block:.3g} on average"
        )
        level = f"{self.interval.confidence * 100:g} %"
        return [
            Fact("Sharpe ratio", self.interval.estimate, "ratio", self.interval.convention),
            Fact(f"Lower bound, {level}", self.interval.low, "ratio", method),
            Fact(f"Upper bound, {level}", self.interval.high, "ratio", method),
            Fact("Standard error", self.standard_error, "ratio", "independent returns, with skewness and kurtosis"),
            Fact("p-value of no skill", self.p_value, "p_value", "one-sided, independent returns"),
            Fact("Probabilistic Sharpe ratio", self.probabilistic, "fraction", "probability that it exceeds 0"),
            Fact(
                "Track record", self.moments.observations / periods, "years", f"{self.moments.observations:,} returns"
            ),
            self._needed(periods),
            *self._search(periods),
        ]

    def _needed(self, periods: float) -> Fact:
        found = math.isfinite(self.track_record)
        return Fact(
            "Track record needed",
            self.track_record / periods if found else math.nan,
            "years",
            "for 95 % probability that it exceeds 0",
            "" if found else "no length shows that a ratio at or below zero exceeds zero",
        )

    def _search(self, periods: float) -> list[Fact]:
        if self.deflated is None or self.effective is None:
            reason = "trials not passed"
            labels = ("Trials", "Expected best by luck", "Deflated Sharpe ratio")
            return [Fact(label, math.nan, "", "", reason) for label in labels]
        deflated = self.deflated
        expected = deflated.expected_maximum * math.sqrt(periods)
        facts = [
            Fact("Trials", self.effective.trials, "count"),
            Fact("Effective trials", self.effective.number, "ratio", self.effective.method.replace("_", " ")),
            Fact("Expected best by luck", expected, "ratio", "annual Sharpe ratio of the best of them without skill"),
            Fact("Deflated Sharpe ratio", deflated.probability, "fraction", "that it exceeds this", deflated.caution),
            self._shortest(),
        ]
        if self.overfitting is not None:
            facts.append(Fact("Probability of overfitting", self.overfitting.pbo, "fraction", "CSCV; noise gives 50 %"))
        if self.snooping is not None:
            convention = f"Hansen's SPA over {len(self.snooping.names):,} trials, {self.snooping.draws:,} draws"
            facts.append(Fact("p-value, best of all trials", self.snooping.p_value, "p_value", convention))
        return facts

    def _shortest(self) -> Fact:
        reason = "the ratio is not positive" if math.isnan(self.backtest_years) else ""
        convention = "over which the best of them shows this ratio by luck"
        return Fact("Minimum backtest length", self.backtest_years, "years", convention, reason)

    def tables(self) -> list[Table]:
        """Return the checks and their answers."""
        words = {True: "passed", False: "failed", None: "no answer"}
        rows = tuple(
            (each.name, format_value(each.value, each.unit), each.rule, each.reason or words[each.passed])
            for each in self.checks
        )
        return [Table("Checks", ("check", "value", "passes if", "answer"), rows, numbers=("value",))]

    def provenance(self) -> list[Fact]:
        """Return the conventions and what was resampled."""
        return [Fact("Convention", self.convention.describe()), *self.interval.provenance()]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a check: value, rule, passed, reason."""
        import pandas as pd

        rows = [(each.name, each.value, each.rule, each.passed, each.reason) for each in self.checks]
        return pd.DataFrame(rows, columns=["check", "value", "rule", "passed", "reason"]).set_index("check")
