"""Where returns come from: a regression on factors, and what each adds to the mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note, merge_notes
from investiq.core.result import Result
from investiq.history.records import Records
from investiq.metrics.conventions import Convention
from investiq.metrics.factor_alignment import Aligned, Rule, align_factors
from investiq.metrics.inputs import FloatArray
from investiq.metrics.regression import Regression, least_squares, variance_inflation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FactorModel", "factor_model"]

# Harvey, Liu and Zhu (2016), Review of Financial Studies 29(1): the bar for an alpha that was searched for.
HURDLE_T: Final = 3.0
# Five years of months; below, errors of betas near 0.5 are usual.
RECOMMENDED_PERIODS: Final = 60
# Customary bounds: Marquardt (1970) for inflation; Belsley, Kuh and Welsch (1980) for the condition number.
_INFLATED: Final = 10.0
_ILL_CONDITIONED: Final = 30.0


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
        level = f"{self.confidence:.0%}"
        unmoved = "no return moves" if math.isnan(self.r_squared) else ""
        return [
            Fact("Alpha", self.alpha, "fraction", annual),
            Fact(f"Alpha, {level} from", self.alpha_low, "fraction", "Student's t"),
            Fact(f"Alpha, {level} to", self.alpha_high, "fraction", "Student's t"),
            Fact(
                "t of alpha", self.alpha_t, "ratio", f"above {HURDLE_T:g} for one that was searched for", self._exact()
            ),
            Fact("p-value of no alpha", self.alpha_p, "", "two-sided", self._exact()),
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
        columns = ("Factor", "Beta", "Error", f"{self.confidence:.0%} interval", "t", "Adds a year", "Inflation")
        return [Table("Factors", columns, rows, numbers=("Beta", "Error", "t", "Inflation"), signed=("Adds a year",))]

    def provenance(self) -> list[Fact]:
        """Return source, span, join, risk-free return and errors."""
        return [
            Fact("Factors", self.source),
            Fact("Period", f"{self.ts[0]:%Y-%m-%d} to {self.ts[-1]:%Y-%m-%d}, joined by calendar {self.rule}"),
            Fact("Risk-free return", self.risk_free_source),
            Fact("Standard errors", self.regression.method),
            Fact("Convention", self.convention.describe()),
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


def factor_model(
    returns: pd.Series[float],
    factors: pd.DataFrame | Records,
    *,
    convention: Convention,
    lags: int | None = None,
    risk_free: str = "risk_free",
    confidence: float = 0.95,
) -> FactorModel:
    """Return the regression of returns on factors, with HAC errors, and what each factor adds [1]_ [2]_.

    ``r - rf = alpha + sum(beta_k factor_k) + e`` by least squares; errors of
    Newey and West with the factor n / (n - k). The mean excess return is exactly
    alpha plus each beta times its factor's mean.

    Parameters
    ----------
    returns : Series of shape (n_periods,)
        Simple returns per period as fractions, indexed by time, without NaN.
    factors : DataFrame or Records
        A column a factor, each an excess return or a difference of returns, as
        fractions per period, such as ``iq.load_records("FF3")``. Joined by
        calendar month where both have at most one row a month, whichever day
        stamps it; by date otherwise.
    convention : Convention
        Its `periods_per_year` must be that of the returns: 12 for months. Its
        risk-free rate counts only where the factors have no column of it.
    lags : int, optional
        By default `newey_west_lags` of the periods.
    risk_free : str, default "risk_free"
        Column of `factors` with the risk-free return of each period.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    FactorModel

    Raises
    ------
    DataError
        If there is NaN, a row twice on a date, no period in common, rows of
        unlike frequency, or a factor that the others make up.
    InsufficientDataError
        If there are not more periods than coefficients. Below 60 the result
        carries a caution.

    References
    ----------
    .. [1] Fama, E. F. and French, K. R. (1993). "Common risk factors in the
       returns on stocks and bonds." Journal of Financial Economics 33(1), 3-56.
    .. [2] Newey, W. K. and West, K. D. (1987). Econometrica 55(3), 703-708.

    Examples
    --------
    >>> import investiq as iq
    >>> monthly = iq.load_bars("^IXIC").frame["close"].resample("ME").last().pct_change().iloc[1:]
    >>> model = factor_model(monthly, iq.load_records("FF3"), convention=Convention(periods_per_year=12))
    >>> dict(zip(model.factors, model.betas.round(2).tolist(), strict=True))
    {'market': 1.24, 'smb': 0.33, 'hml': -0.6}
    """
    joined = align_factors(returns, factors, risk_free)
    year = convention.periods_per_year
    if joined.risk_free is None:
        rate = np.full(joined.returns.size, convention.risk_free_per_period)
        rate_source = f"{convention.risk_free * 100:g} % a year, constant: the factors have no column {risk_free!r}"
    else:
        rate, rate_source = joined.risk_free, f"column {risk_free!r} of the factors"
    fit = least_squares(joined.returns - rate, joined.factors, names=joined.names, lags=lags)
    low, high = fit.interval(confidence)
    inflation = variance_inflation(joined.factors)
    standardised = (joined.factors - joined.factors.mean(axis=0)) / joined.factors.std(axis=0)
    condition = float(np.linalg.cond(standardised))
    return FactorModel(
        factors=joined.names,
        alpha=float(fit.coefficients[0]) * year,
        alpha_error=float(fit.standard_errors[0]) * year,
        alpha_low=float(low[0]) * year,
        alpha_high=float(high[0]) * year,
        beta_low=low[1:],
        beta_high=high[1:],
        confidence=confidence,
        contributions=fit.coefficients[1:] * joined.factors.mean(axis=0) * year,
        mean_excess=float((joined.returns - rate).mean()) * year,
        mean_risk_free=float(rate.mean()) * year,
        inflation=inflation,
        condition_number=condition,
        regression=fit,
        ts=joined.ts,
        rule=joined.rule,
        convention=convention,
        risk_free_source=rate_source,
        source=f"{factors.name}: {factors.source}" if isinstance(factors, Records) else "a table that was passed",
        notes=merge_notes(_cautions(joined, inflation, condition, factors), _notes_of(factors)),
    )


def _notes_of(factors: pd.DataFrame | Records) -> tuple[Note, ...]:
    return factors.notes if isinstance(factors, Records) else ()


def _cautions(
    joined: Aligned, inflation: FloatArray, condition: float, factors: pd.DataFrame | Records
) -> tuple[Note, ...]:
    notes = []
    count = joined.returns.size
    if count < RECOMMENDED_PERIODS:
        text = f"{count} periods: fewer than {RECOMMENDED_PERIODS}, alpha and betas are very uncertain"
        notes.append(Note(code="few_periods", text=text, rows=count))
    if joined.left_out:
        text = f"{joined.left_out} of {count + joined.left_out} returns have no factors of their {joined.rule} and are left out"
        notes.append(Note(code="returns_without_factors", text=text, rows=joined.left_out))
    if joined.gaps:
        text = f"{joined.gaps} return(s) follow a month without one: if they span it, they do not fit the factors of their own month"
        notes.append(Note(code="months_without_returns", text=text, rows=joined.gaps))
    if (inflation > _INFLATED).any() or condition > _ILL_CONDITIONED:
        worst = joined.names[int(np.argmax(inflation))]
        text = (
            f"the factors say much the same: inflation up to {inflation.max():.1f} ({worst}), condition number "
            f"{condition:.1f}; the betas apart are uncertain, their sum is not"
        )
        notes.append(Note(code="collinear_factors", text=text))
    if isinstance(factors, Records):
        text = f"factors become known after their period ({factors.known_at_rule}): this explains the past, it decides nothing"
        notes.append(Note(code="known_later", text=text, severity="info"))
    return tuple(notes)
