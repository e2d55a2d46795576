"""`FactorModel`: alpha, betas and what each factor added, with errors and diagnostics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.conventions import Convention
from investiq.metrics.factor_alignment import Rule
from investiq.metrics.inputs import FloatArray
from investiq.metrics.regression import Regression

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FactorModel"]

# Harvey, Liu and Zhu (2016), Review of Financial Studies 29(1): the bar for an alpha that was searched for.
HURDLE_T: Final = 3.0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FactorModel(Result):
    """A regression of returns on factors; made by `factor_model`.

    Attributes
    ----------
    factors : tuple of str
    alpha, alpha_error, alpha_low, alpha_high : float
        Annual: the intercept of a period times the periods in a year.
    betas, beta_errors : ndarray of shape (n_factors,)
    beta_low, beta_high : ndarray of shape (n_factors,)
    confidence : float
        Of the intervals, Student's t.
    contributions : ndarray of shape (n_factors,)
        Annual: each beta times the mean of its factor. With alpha they add up to `mean_excess`.
    mean_excess, mean_risk_free : float
        Annual arithmetic means of the excess return and of the risk-free return.
    inflation : ndarray of shape (n_factors,)
        Variance inflation factors.
    condition_number : float
        Of the standardised factors.
    regression : Regression
        Per period.
    ts : DatetimeIndex
        As the returns were stamped.
    rule : {"month", "date"}
        What was joined on.
    convention : Convention
    source : str
        Of the factors.
    fingerprint : Fact
        Of the returns that were joined.
    """

    kind: ClassVar[str] = "factor_model"
    factors: tuple[str, ...]
    alpha: float
    alpha_error: float
    alpha_low: float
    alpha_high: float
    beta_low: FloatArray
    beta_high: FloatArray
    confidence: float
    contributions: FloatArray
    mean_excess: float
    mean_risk_free: float
    inflation: FloatArray
    condition_number: float
    regression: Regression
    ts: pd.DatetimeIndex
    rule: Rule
    convention: Convention
    risk_free_source: str
    source: str
    fingerprint: Fact
    notes: tuple[Note, ...] = ()

    @property
    def betas(self) -> FloatArray:
        """Loadings, in the order of `factors`."""
        return self.regression.coefficients[1:]

    @property
    def beta_errors(self) -> FloatArray:
        """Standard errors of the loadings."""
        return self.regression.standard_errors[1:]

    @property
    def alpha_t(self) -> float:
        """T of no alpha."""
        return float(self.regression.t_values[0])

    @property
    def alpha_p(self) -> float:
        """Two-sided p of no alpha."""
        return float(self.regression.p_values[0])

    @property
    def r_squared(self) -> float:
        """Share of the variance that the factors explain."""
        return self.regression.r_squared

    @property
    def adjusted_r_squared(self) -> float:
        """R-squared less what the number of factors alone would explain."""
        return self.regression.adjusted_r_squared

    @property
    def residual_risk(self) -> float:
        """Annual standard deviation of the residuals, n - k in the denominator."""
        return self.regression.residual_deviation * math.sqrt(self.convention.periods_per_year)

    @property
    def title(self) -> str:
        """One line that names the factors and the span."""
        return f"Factor model on {', '.join(self.factors)}, {self.ts[0]:%Y-%m} to {self.ts[-1]:%Y-%m}"

    def facts(self) -> list[Fact]:
        """Return alpha with its interval, the fit, and the mean that is explained."""
        annual = f"annual, {self.convention.periods_per_year:g} periods a year, not compounded"
        level = f"{self.confidence * 100:g} %"
        unmoved = "no return moves" if math.isnan(self.r_squared) else ""
        return [
            Fact("Alpha", self.alpha, "fraction", annual),
            Fact(f"Alpha, {level} from", self.alpha_low, "fraction", "Student's t"),
            Fact(f"Alpha, {level} to", self.alpha_high, "fraction", "Student's t"),
            Fact(
                "t of alpha", self.alpha_t, "ratio", f"above {HURDLE_T:g} for one that was searched for", self._exact()
            ),
            Fact("p-value of no alpha", self.alpha_p, "p_value", "two-sided", self._exact()),
            Fact("Mean excess return", self.mean_excess, "fraction", annual),
            Fact("of it from the factors", float(self.contributions.sum()), "fraction", "betas x means of the factors"),
            Fact("R-squared", self.r_squared, "ratio", "", unmoved),
            Fact("Adjusted R-squared", self.adjusted_r_squared, "ratio", "", unmoved),
            Fact("Residual risk", self.residual_risk, "fraction", "annual, n - k"),
            Fact("Periods", self.regression.count, "count", f"joined by {self.rule}"),
        ]

    def tables(self) -> list[Table]:
        """Return one line a factor."""
        rows = tuple(
            (
                str(name),
                f"{row.coefficient:.3f}",
                f"{row.standard_error:.3f}",
                f"{row.low:.3f} to {row.high:.3f}",
                f"{row.t:.2f}",
                format_value(row.contribution, "fraction"),
                f"{row.variance_inflation:.2f}",
            )
            for name, row in self.to_frame().iloc[1:].iterrows()
        )
        columns = ("Factor", "Beta", "Error", f"{self.confidence * 100:g} % interval", "t", "Adds a year", "Inflation")
        return [Table("Factors", columns, rows, numbers=("Beta", "Error", "t", "Inflation"), signed=("Adds a year",))]

    def provenance(self) -> list[Fact]:
        """Return source, span, join, risk-free return and errors."""
        return [
            Fact("Factors", self.source),
            Fact(
                "Period",
                f"{self.ts[0]:%Y-%m-%d} to {self.ts[-1]:%Y-%m-%d}, {self.ts.size:,} returns joined by calendar {self.rule}",
            ),
            Fact("Risk-free return", self.risk_free_source),
            Fact("Standard errors", self.regression.method),
            Fact("Convention", self.convention.describe()),
            self.fingerprint,
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient, alpha per period first, with its interval and its contribution a year."""
        import pandas as pd

        fit = self.regression
        low, high = fit.interval(self.confidence)
        columns = {
            "coefficient": fit.coefficients,
            "standard_error": fit.standard_errors,
            "low": low,
            "high": high,
            "t": fit.t_values,
            "p": fit.p_values,
            "contribution": [self.alpha, *self.contributions],
            "variance_inflation": [math.nan, *self.inflation],
        }
        return pd.DataFrame(columns, index=pd.Index(["alpha", *self.factors], name="factor"))

    def _exact(self) -> str:
        return "the residuals are zero: there is no error to divide by" if math.isnan(self.alpha_t) else ""
