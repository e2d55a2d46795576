"""What a data-snooping test finds, for all trials together and for each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np

from investiq.core.facts import Fact, Unit
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.inputs import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Snooping", "SnoopingTest"]

SnoopingTest = Literal["spa", "reality_check"]

_SOURCES: Final = {
    "spa": "Superior predictive ability, Hansen (2005)",
    "reality_check": "Reality check, White (2000)",
}
_RECENTRED: Final = {"spa": "consistent", "reality_check": "upper"}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Snooping(Result):
    """Whether the best of many trials beats a benchmark by more than luck and choice explain.

    Attributes
    ----------
    test : {"spa", "reality_check"}
    p_lower, p_consistent, p_upper : float
        In ascending order. They differ in the trials that are worse than the
        benchmark: they count as they were; only those that are not far worse
        count as if they equalled it; all do.
    names : tuple of str
        Trials tested.
    means : ndarray of shape (n_tested,)
        Mean result over the benchmark's, per period.
    statistics : ndarray of shape (n_tested,)
        ``sqrt(n) * mean``, for ``"spa"`` over its long-run standard deviation.
    critical_value : float
        Of the largest statistic at `level`; NaN where no trial was tested.
    level : float
    block_length : float
        Mean length of a bootstrap block in periods; NaN where no trial was tested.
    draws, seed, periods : int
    dropped : tuple of str
        Trials without variance against the benchmark, which were not tested.
    """

    kind: ClassVar[str] = "snooping"
    test: SnoopingTest
    p_lower: float
    p_consistent: float
    p_upper: float
    names: tuple[str, ...]
    means: FloatArray
    statistics: FloatArray
    critical_value: float
    level: float
    block_length: float
    draws: int
    seed: int
    periods: int
    dropped: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def p_value(self) -> float:
        """The p-value to quote: the consistent one of SPA, the upper one of the reality check."""
        return self.p_upper if self.test == "reality_check" else self.p_consistent

    @property
    def best(self) -> str | None:
        """The trial with the largest statistic; None where no trial was tested."""
        return self.names[int(self.statistics.argmax())] if self.names else None

    @property
    def title(self) -> str:
        """One line that names the test."""
        words = {"spa": "Superior predictive ability", "reality_check": "Reality check"}[self.test]
        return f"{words}, {len(self.names) + len(self.dropped):,} trials"

    def facts(self) -> list[Fact]:
        """Return the p-values, the best trial and the critical value."""
        none = "" if self.names else "no trial varies against the benchmark"
        best = int(self.statistics.argmax()) if self.names else None
        unit: Unit = "ratio" if self.test == "spa" else ""  # a mean of returns needs significant digits
        scale = "studentised" if self.test == "spa" else "sqrt(n) x mean, not studentised"
        return [
            Fact("p-value", self.p_value, "p_value", f"{_RECENTRED[self.test]}; no trial beats the benchmark"),
            Fact("p-value, lower", self.p_lower, "p_value", "worse trials count as they were"),
            Fact("p-value, consistent", self.p_consistent, "p_value", "far worse trials count as they were"),
            Fact("p-value, upper", self.p_upper, "p_value", "all trials count as equal to the benchmark"),
            Fact("Best trial", self.best or "none", "", "", none),
            Fact("Mean over the benchmark", _at(self.means, best), "", "best trial, per period", none),
            Fact("Statistic", _at(self.statistics, best), unit, f"best trial; {scale}", none),
            Fact("Critical value", self.critical_value, unit, f"largest statistic at {self.level * 100:g} %", none),
            Fact("Trials beyond it", int((self.statistics > self.critical_value).sum()), "count"),
        ]

    def provenance(self) -> list[Fact]:
        """Return how the draws were made."""
        return [
            Fact("Method", _SOURCES[self.test]),
            Fact("Trials", len(self.names), "count", f"{len(self.dropped)} dropped without variance"),
            Fact("Periods", self.periods, "count"),
            Fact("Bootstrap", f"stationary, mean block {self.block_length:.3g} periods, {self.draws:,} draws"),
            Fact("Seed", self.seed),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a tested trial, the best first."""
        import pandas as pd

        table = pd.DataFrame(
            {
                "mean": self.means,
                "statistic": self.statistics,
                "is_beyond_critical": self.statistics > self.critical_value,
            },
            index=pd.Index(self.names, name="trial", dtype=object),
        )
        return table.sort_values("statistic", ascending=False, kind="stable")


def _at(values: FloatArray, place: int | None) -> float:
    return math.nan if place is None else float(np.asarray(values)[place])
