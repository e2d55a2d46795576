"""`CrossValidation`: the paths that every choice of training and test would have made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.trial_statistics import TrackRecord
from investiq.core.errors import DataError
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import DeflatedSharpe, deflated_sharpe_ratio_from_moments

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CrossValidation", "Trials"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The candidates behind the choices of every split.

    Attributes
    ----------
    number : int
    effective : float
        Worth in independent ones, by their average correlation.
    sharpe_variance : float
        Of their Sharpe ratios per bar over all bars; NaN with fewer than two that vary.
    """

    number: int
    effective: float
    sharpe_variance: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CrossValidation(Result):
    """Combinatorial purged cross-validation of a strategy; made by `iq.cross_validate`.

    Attributes
    ----------
    paths : ndarray of shape (n_paths, n_bars)
        Out-of-sample returns of the account per bar, each path once over all bars.
    tested : tuple of tuple of int
        Tested groups of each split.
    chosen : tuple of mapping
        Parameters that each split chose on its training bars.
    train_sharpes, test_sharpes : ndarray of shape (n_splits,)
        Per bar, of what was chosen; NaN where its returns do not vary.
    groups, purge, embargo : int
        `purge` is the number of bars after each training decision that a test may not share.
    trials : Trials
    tried : tuple of TrackRecord
        Statistics of every candidate over all bars.
    convention : Convention
    instants : ndarray of datetime64[us], shape (n_bars,)
    subject : str
    """

    kind: ClassVar[str] = "cross_validation"

    paths: FloatArray
    tested: tuple[tuple[int, ...], ...]
    chosen: tuple[Mapping[str, Any], ...]
    train_sharpes: FloatArray
    test_sharpes: FloatArray
    groups: int
    purge: int
    embargo: int
    trials: Trials
    tried: tuple[TrackRecord, ...]
    convention: Convention
    instants: NDArray[np.datetime64]
    subject: str
    mark: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """What was validated."""
        return f"Cross-validation of {self.subject}: {len(self.tested)} splits, {len(self.paths)} paths"

    @property
    def watermark(self) -> str | None:
        """That of the bars."""
        return self.mark

    @cached_property
    def sharpes(self) -> FloatArray:
        """Annual Sharpe ratio of each path; NaN where it does not vary."""
        excess = self.paths - self.convention.risk_free_per_period
        spread = excess.std(axis=1, ddof=1)
        varies = spread > 1e-12 * np.abs(excess).max(axis=1)
        per_bar = np.where(varies, excess.mean(axis=1) / np.where(varies, spread, 1.0), np.nan)
        annual: FloatArray = per_bar * math.sqrt(self.convention.periods_per_year)
        return annual

    @property
    def total_returns(self) -> FloatArray:
        """Total return of each path."""
        total: FloatArray = np.prod(1.0 + self.paths, axis=1) - 1.0
        return total

    @cached_property
    def deflation(self) -> DeflatedSharpe | None:
        """The Sharpe ratio of the median path, deflated by the candidates; None where it is not defined, or they are not in the ledger."""
        if not self._is_recorded:
            return None
        known = np.flatnonzero(~np.isnan(self.sharpes))
        if not known.size or math.isnan(self.trials.sharpe_variance):
            return None
        middle = known[np.argsort(self.sharpes[known], kind="stable")[(known.size - 1) // 2]]
        excess = self.paths[middle] - self.convention.risk_free_per_period
        z = (excess - excess.mean()) / excess.std()
        try:
            return deflated_sharpe_ratio_from_moments(
                float(excess.mean() / excess.std(ddof=1)),
                excess.size,
                trials=self.trials.effective,
                sharpe_variance=self.trials.sharpe_variance,
                skewness=float((z**3).mean()),
                kurtosis=float((z**4).mean()),
            )
        except DataError:
            return None

    def facts(self) -> list[Fact]:
        """Return the distribution over the paths, and what the candidates take from it."""
        known = self.sharpes[~np.isnan(self.sharpes)]
        annual = f"annual, {self.convention.periods_per_year:.4g} bars a year, ddof 1"
        reason = "" if known.size else "no path varies: nothing was traded"
        low, middle, high = np.quantile(known, [0.05, 0.5, 0.95]) if known.size else (math.nan,) * 3
        deflation = self.deflation
        return [
            Fact("Sharpe ratio, median path", float(middle), "ratio", annual, reason),
            Fact("Sharpe ratio, 5th percentile", float(low), "ratio", "over the paths, which share data", reason),
            Fact("Sharpe ratio, 95th percentile", float(high), "ratio", "over the paths, which share data", reason),
            Fact(
                "Paths with a negative Sharpe ratio",
                float((known < 0).mean()) if known.size else math.nan,
                "fraction",
                f"of {known.size} paths",
                reason,
            ),
            Fact("Total return, median path", float(np.median(self.total_returns)), "fraction"),
            Fact(
                "Deflated Sharpe ratio",
                math.nan if deflation is None else deflation.probability,
                "fraction",
                f"probability, median path, {self.trials.effective:.1f} effective trials of {self.trials.number:,}",
                self._no_deflation if deflation is None else deflation.caution,
            ),
            Fact("Trials", self.trials.number, "count", "candidates from which each split chose"),
        ]

    @property
    def _is_recorded(self) -> bool:
        return all(note.code != "trial_not_recorded" for note in self.notes)

    @property
    def _no_deflation(self) -> str:
        return (
            "needs two candidates whose returns vary" if self._is_recorded else "the candidates are not in the ledger"
        )

    def provenance(self) -> list[Fact]:
        """Return how splits, purging and returns were made."""
        return [
            Fact(
                "Splits",
                f"{self.groups} groups, {len(self.tested[0])} tested at a time, {self.purge} bars purged, "
                f"{self.embargo} embargoed after each tested group",
            ),
            Fact("Chosen by", "Sharpe ratio on the training bars of each split; of equal ones the first of the grid"),
            Fact(
                "Returns",
                "of one run of each candidate over all bars: a position held over the edge of a group is in both, "
                "and the bars that it may be held for are purged",
            ),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a split: tested groups, chosen parameters, Sharpe ratios per bar in and out of sample."""
        import pandas as pd

        rows = [
            {
                "tested_groups": ", ".join(map(str, groups)),
                **chosen,
                "sharpe_in_sample": inside,
                "sharpe_out_of_sample": outside,
            }
            for groups, chosen, inside, outside in zip(
                self.tested, self.chosen, self.train_sharpes.tolist(), self.test_sharpes.tolist(), strict=True
            )
        ]
        return pd.DataFrame(rows, index=pd.RangeIndex(len(rows), name="split"))
