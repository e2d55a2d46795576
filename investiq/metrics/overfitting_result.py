"""What CSCV finds: the probability of backtest overfitting and the splits behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.inputs import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Overfitting"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Overfitting(Result):
    """How the best trial of one half of the time did in the other half, over all halves.

    Arrays hold one value a split, the splits in lexicographic order of their
    in-sample blocks. Where several trials are the best of a half, a value
    outside it is the average over them.

    Attributes
    ----------
    pbo : float
        Share of splits whose logit is not above zero.
    logits : ndarray of shape (n_splits,)
        ``ln(w / (1 - w))`` with ``w = rank / (n_trials + 1)``.
    ranks : ndarray of shape (n_splits,)
        Of the selected trial out of sample: 1 is the worst, ties are averaged.
    in_sample, out_of_sample : ndarray of shape (n_splits,)
        Statistic of the selected trial in each half.
    all_out_of_sample : ndarray of shape (n_splits,)
        Mean of the statistic over all trials, out of sample.
    slope : float
        Of `out_of_sample` on `in_sample` by least squares; NaN where the latter is constant.
    loss_probability : float
        Share of splits in which the selected trial's statistic is negative out of sample.
    dominates_first, dominates_second : bool
        Whether the selected trial stochastically dominates the mean of all
        trials out of sample, in the first and in the second order.
    tied_in_sample, tied_out_of_sample : float
        Share of splits with more than one best trial; and with a trial level
        with a best one out of sample.
    statistic : str
        In words.
    trials, blocks, rows_per_block, rows_dropped : int
        Rows that do not fill the blocks are dropped from the start.
    """

    kind: ClassVar[str] = "overfitting"
    pbo: float
    logits: FloatArray
    ranks: FloatArray
    in_sample: FloatArray
    out_of_sample: FloatArray
    all_out_of_sample: FloatArray
    slope: float
    loss_probability: float
    dominates_first: bool
    dominates_second: bool
    tied_in_sample: float
    tied_out_of_sample: float
    statistic: str
    trials: int
    blocks: int
    rows_per_block: int
    rows_dropped: int
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that says what was judged."""
        return f"Probability of backtest overfitting, {self.trials:,} trials"

    def facts(self) -> list[Fact]:
        """Return PBO and the measures beside it."""
        reason = "" if math.isfinite(self.slope) else "the selected trial is equally good in each half"
        return [
            Fact("Probability of backtest overfitting", self.pbo, "fraction", "share of logits <= 0; noise gives 50 %"),
            Fact("Median logit", float(np.median(self.logits)), "ratio", "of the selected trial's rank out of sample"),
            Fact("Probability of loss out of sample", self.loss_probability, "fraction", "selected trial's result < 0"),
            Fact("Slope out of sample on in sample", self.slope, "ratio", "least squares over the splits", reason),
            Fact("Selected, in sample", float(self.in_sample.mean()), "", f"mean {self.statistic}"),
            Fact("Selected, out of sample", float(self.out_of_sample.mean()), "", f"mean {self.statistic}"),
            Fact("All trials, out of sample", float(self.all_out_of_sample.mean()), "", f"mean {self.statistic}"),
            Fact("Dominates, first order", _yes(self.dominates_first), "", "selected over the mean of all trials"),
            Fact("Dominates, second order", _yes(self.dominates_second), "", "selected over the mean of all trials"),
            Fact("Splits with a tied selection", self.tied_in_sample, "fraction", "averaged over the tied trials"),
        ]

    def provenance(self) -> list[Fact]:
        """Return how the periods were split."""
        rows = self.blocks * self.rows_per_block
        return [
            Fact("Method", "CSCV; Bailey, Borwein, Lopez de Prado and Zhu (2017)"),
            Fact("Statistic", self.statistic),
            Fact(
                "Splits", len(self.logits), "count", f"halves of {self.blocks} blocks of {self.rows_per_block} periods"
            ),
            Fact("Periods", rows, "count", f"{self.rows_dropped} dropped from the start"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a split."""
        import pandas as pd

        return pd.DataFrame(
            {
                "in_sample": self.in_sample,
                "out_of_sample": self.out_of_sample,
                "all_out_of_sample": self.all_out_of_sample,
                "rank": self.ranks,
                "logit": self.logits,
            }
        ).rename_axis("split")


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
