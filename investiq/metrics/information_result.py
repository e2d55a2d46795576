"""The information coefficient of scores, over dates, horizons and quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["InformationCoefficient"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class InformationCoefficient(Result):
    """How well scores rank later returns; made by `information_coefficient`.

    Attributes
    ----------
    coefficients : Series
        One a date that has one, on the scores' index.
    names_per_date : float
        Mean number of names behind a coefficient.
    t_statistic : float
        Of the mean, with a Newey-West error of ``horizon - 1`` lags; NaN where
        there are no more dates than that needs.
    coverage : float
        Mean over the dates of the share of names with a forward return that have a score.
    decay : dict of int to float
        Mean coefficient by horizon; NaN where no date has one.
    score_autocorrelation : float
        Mean correlation across names of the scores of neighbouring dates.
    quantile_returns : tuple of float
        Mean forward return of each group by score, lowest score first, dates weighing equally.
    turnover : float
        Mean share of the highest group that is new on a date.
    horizon, lag : int
    method : str
    """

    kind: ClassVar[str] = "information"
    coefficients: pd.Series[float]
    names_per_date: float
    t_statistic: float
    coverage: float
    decay: dict[int, float]
    score_autocorrelation: float
    quantile_returns: tuple[float, ...]
    turnover: float
    horizon: int
    lag: int
    method: str
    notes: tuple[Note, ...] = ()

    @property
    def dates(self) -> int:
        """Dates with a coefficient."""
        return len(self.coefficients)

    @property
    def mean(self) -> float:
        """Mean coefficient over the dates."""
        return float(self.coefficients.mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the coefficient over the dates, ddof 1."""
        return float(self.coefficients.std(ddof=1))

    @property
    def information_ratio(self) -> float:
        """Mean over standard deviation (ICIR), not annualised; NaN where the coefficient never changes."""
        return self.mean / self.sd if self.sd > 1e-12 else math.nan

    @property
    def hit_rate(self) -> float:
        """Share of the dates whose coefficient is above zero."""
        return float((self.coefficients > 0).mean())

    @property
    def horizon_words(self) -> str:
        """The horizon with its unit."""
        return f"{self.horizon} period" if self.horizon == 1 else f"{self.horizon} periods"

    @property
    def title(self) -> str:
        """One line that names the measure."""
        return f"Information coefficient over {self.horizon_words}"

    def facts(self) -> list[Fact]:
        """Return the mean, its error, and what surrounds it."""
        words = f"{self.method.capitalize()} across names, mean of dates"
        steady = "the coefficient never changes" if math.isnan(self.information_ratio) else ""
        short = "too few dates for its lags, or no variance" if math.isnan(self.t_statistic) else ""
        alone = "no two neighbouring dates can be compared"
        spread = self.quantile_returns[-1] - self.quantile_returns[0]
        return [
            Fact("Mean IC", self.mean, "", words),
            Fact("Standard deviation", self.sd, "", "over dates, ddof 1"),
            Fact("ICIR", self.information_ratio, "ratio", "mean / standard deviation, not annualised", steady),
            Fact("t statistic", self.t_statistic, "ratio", f"Newey-West, {self.horizon - 1} lags", short),
            Fact("Hit rate", self.hit_rate, "fraction", "dates with IC > 0"),
            Fact("Coverage", self.coverage, "fraction", "names scored, of those with a forward return"),
            Fact(
                "Score autocorrelation",
                self.score_autocorrelation,
                "ratio",
                "neighbouring dates",
                alone if math.isnan(self.score_autocorrelation) else "",
            ),
            Fact(
                "Turnover",
                self.turnover,
                "fraction",
                "highest group, per date",
                alone if math.isnan(self.turnover) else "",
            ),
            Fact(
                "Highest less lowest group",
                spread,
                "fraction",
                f"forward return over {self.horizon_words}",
                "a group has no forward return" if math.isnan(spread) else "",
            ),
        ]

    def tables(self) -> list[Table]:
        """Return the decay by horizon and the returns by group of scores."""
        decay = tuple((str(each), format_value(value)) for each, value in self.decay.items())
        groups = tuple(
            (str(place), format_value(value, "fraction")) for place, value in enumerate(self.quantile_returns, start=1)
        )
        return [
            Table("Mean IC by horizon", ("Periods", "Mean IC"), decay, numbers=("Periods",), signed=("Mean IC",)),
            Table("Forward return by score", ("Group", "Mean"), groups, numbers=("Group",), signed=("Mean",)),
        ]

    def provenance(self) -> list[Fact]:
        """Return what was compared with what."""
        return [
            Fact("Dates", self.dates, "count", f"{self.names_per_date:.1f} names on average"),
            Fact("Forward return", f"compound of periods t + {self.lag} to t + {self.lag + self.horizon - 1}"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a date: ic."""
        return self.coefficients.to_frame()
