"""`Evidence`: how likely the best of a study's trials is luck."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.deflation import ACCEPTED_ABOVE

if TYPE_CHECKING:
    import pandas as pd

    from investiq.metrics.overfitting_result import Overfitting

__all__ = ["Evidence"]

_NAN = math.nan


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evidence(Result):
    """What the ledger says about the selected trial of a study; Sharpe ratios are annual.

    Attributes
    ----------
    study : str
    selected : str or None
        Id of the trial that is judged.
    selected_label : str
    trials : int
        Distinct ones, each cell of a sweep counted; 0 where the evidence is refused.
    runs : int
        Runs in the ledger, exact reruns included; a sweep is one.
    effective_trials : float
        How many independent ones they are worth.
    average_correlation : float
        Mean correlation of two trials over the same rows, from sums over 16 blocks.
    sharpes : ndarray of float64, shape (n_trials,)
    sharpe : float
        Of the selected trial.
    sharpe_variance : float
        Of all trials.
    expected_maximum : float
        What the best of so many trials without skill is expected to show.
    deflated : float
        Probability that the true ratio exceeds `expected_maximum`.
    overfitting : Overfitting, optional
        PBO, where at least 10 trials share their rows.
    track_record : float
        MinTRL: returns needed to tell the ratio from 0 with 95 % confidence.
    backtest_length : float
        MinBTL: years below which the best of so many reaches a ratio of 1 by luck.
    count : int
        Returns of the selected trial.
    periods_per_year : float
    reasons : mapping of str to str
        Why a number is missing.
    notes : tuple of Note
    mark : str or None
        Watermark of the trials' data.
    """

    kind: ClassVar[str] = "evidence"

    study: str
    selected: str | None = None
    selected_label: str = ""
    trials: int = 0
    runs: int = 0
    effective_trials: float = _NAN
    average_correlation: float = _NAN
    sharpes: NDArray[np.float64]
    sharpe: float = _NAN
    sharpe_variance: float = _NAN
    expected_maximum: float = _NAN
    deflated: float = _NAN
    overfitting: Overfitting | None = None
    track_record: float = _NAN
    backtest_length: float = _NAN
    count: int = 0
    periods_per_year: float = _NAN
    reasons: Mapping[str, str]
    notes: tuple[Note, ...] = ()
    mark: str | None = None

    @classmethod
    def refused(cls, study: str, reason: str) -> Evidence:
        """Return evidence that could not be given: every number is NaN, with `reason`."""
        names = ("trials", "deflated", "expected_maximum", "overfitting", "track_record", "backtest_length", "sharpe")
        return cls(study=study, sharpes=np.empty(0), reasons=dict.fromkeys(names, reason))

    @property
    def is_refused(self) -> bool:
        """Whether the ledger could not be asked."""
        return self.trials == 0

    @property
    def pbo(self) -> float:
        """Probability of backtest overfitting; NaN where it is not defined."""
        return _NAN if self.overfitting is None else self.overfitting.pbo

    @property
    def title(self) -> str:
        """The study and its number of trials."""
        return f"{self.study}: {self.trials:,} trial{'' if self.trials == 1 else 's'}"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` or ``"SAMPLE"`` where the data of any trial are."""
        return self.mark

    def facts(self) -> list[Fact]:
        """Return the numbers, NaN with the reason where one is undefined."""
        why = self.reasons.get
        number = _NAN if self.is_refused else self.trials
        ran = f"{self.runs:,} run{'' if self.runs == 1 else 's'} in the ledger"
        counted = f"{ran}, a sweep as one; equal trials count once" if self.runs else ""
        found = f"rho + (1 - rho) N, mean correlation {self.average_correlation:.2f} of sums over 16 blocks"
        many = not self.is_refused and self.trials > 1
        return [
            Fact("Trials", number, "count", counted, why("trials", "")),
            Fact("Effective trials", self.effective_trials, "count", found if many else "", why("trials", "")),
            Fact("Selected", self.selected_label or "n/a", "", self.selected or ""),
            Fact("Sharpe ratio", self.sharpe, "ratio", self._annual, why("deflated", why("sharpe", ""))),
            Fact("Expected best by luck", self.expected_maximum, "ratio", "Sharpe ratio, annual", why("expected_maximum", "")),
            Fact(
                "Deflated Sharpe ratio", self.deflated, "fraction", f"accepted above {ACCEPTED_ABOVE * 100:g} %",
                why("deflated", why("deflated_caution", "")),
            ),
            Fact("Probability of overfitting", self.pbo, "fraction", "PBO by CSCV, 16 blocks", why("overfitting", "")),
            Fact(
                "Minimum track record", self.track_record, "bars",
                f"above 0 with 95 % confidence; there are {self.count:,}", why("track_record", ""),
            ),
            Fact(
                "Minimum backtest length", self.backtest_length, "years",
                f"below it luck reaches a Sharpe ratio of 1; there are {self.years:.1f}", why("backtest_length", ""),
            ),
        ]  # fmt: skip

    @property
    def years(self) -> float:
        """Length of the selected trial."""
        return self.count / self.periods_per_year if self.count else _NAN

    @property
    def _annual(self) -> str:
        return "annual" if math.isnan(self.periods_per_year) else f"annual, {self.periods_per_year:g} periods a year"

    def provenance(self) -> list[Fact]:
        """Return where the numbers come from."""
        return [
            Fact("Study", self.study),
            Fact("Deflation", "Bailey and Lopez de Prado (2014); variance of the Sharpe ratios of all trials"),
            Fact("Overfitting", "Bailey, Borwein, Lopez de Prado and Zhu (2017)"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the facts as one table."""
        import pandas as pd

        rows = [(fact.label, fact.value, fact.unit, fact.convention, fact.note) for fact in self.facts()]
        return pd.DataFrame(rows, columns=["measure", "value", "unit", "convention", "note"]).set_index("measure")
