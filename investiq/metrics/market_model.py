"""One benchmark behind a return series: beta, alpha, and how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, InstantArray, paired
from investiq.metrics.origin import ends_of, frequency_notes, origin
from investiq.metrics.regression import Regression, least_squares

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Capm", "capm"]

LEAST_PAIRS: Final = 10
# A beta of daily returns with R2 0.5 has a standard error near 1 / sqrt(n): 0.13 at 60.
RECOMMENDED_PAIRS: Final = 60
# Blume, M. E. (1975), "Betas and their regression tendencies", Journal of Finance 30(3): the weights in common use.
_BLUME: Final = (0.67, 0.33)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Capm(Result):
    """A regression on one benchmark; made by `capm`.

    Attributes
    ----------
    alpha, alpha_error : float
        Annual: intercept of a period times the periods in a year.
    alpha_low, alpha_high : float
        95 % interval, Student's t.
    alpha_t, alpha_p : float
        Of no alpha; two-sided.
    beta, beta_error, beta_t, beta_p : float
        The last two of no beta.
    adjusted_beta : float
        ``0.67 beta + 0.33``, Blume's pull towards 1.
    r_squared : float
    residual_risk : float
        Annual standard deviation of the residuals, n - 2 in the denominator.
    tracking_error : float
        Annual standard deviation of returns less benchmark returns.
    returns, benchmark : ndarray of shape (n_pairs,)
        Excess over the risk-free return of a period.
    regression : Regression
        Per period.
    convention : Convention
    origin : tuple of Fact
        Period and fingerprint of the returns that were joined.
    """

    kind: ClassVar[str] = "capm"
    alpha: float
    alpha_error: float
    alpha_low: float
    alpha_high: float
    tracking_error: float
    returns: FloatArray
    benchmark: FloatArray
    regression: Regression
    convention: Convention
    origin: tuple[Fact, Fact]
    notes: tuple[Note, ...] = ()

    @property
    def alpha_t(self) -> float:
        """T of no alpha."""
        return float(self.regression.t_values[0])

    @property
    def alpha_p(self) -> float:
        """Two-sided p of no alpha."""
        return float(self.regression.p_values[0])

    @property
    def beta(self) -> float:
        """Slope on the benchmark."""
        return float(self.regression.coefficients[1])

    @property
    def beta_error(self) -> float:
        """Standard error of beta."""
        return float(self.regression.standard_errors[1])

    @property
    def beta_t(self) -> float:
        """T of no beta."""
        return float(self.regression.t_values[1])

    @property
    def beta_p(self) -> float:
        """Two-sided p of no beta."""
        return float(self.regression.p_values[1])

    @property
    def adjusted_beta(self) -> float:
        """Beta pulled towards 1."""
        return _BLUME[0] * self.beta + _BLUME[1]

    @property
    def r_squared(self) -> float:
        """Share of the variance that the benchmark explains."""
        return self.regression.r_squared

    @property
    def residual_risk(self) -> float:
        """Annual standard deviation of the residuals."""
        return self.regression.residual_deviation * math.sqrt(self.convention.periods_per_year)

    @property
    def title(self) -> str:
        """One line with the number of pairs."""
        return f"Regression on a benchmark, {self.returns.size:,} periods"

    def facts(self) -> list[Fact]:
        """Return alpha and beta with their errors, and the risks."""
        annual = f"annual, {self.convention.periods_per_year:g} periods a year"
        errors = self.regression.method
        unmoved = "the returns never move" if math.isnan(self.r_squared) else ""
        return [
            Fact("Alpha", self.alpha, "fraction", f"{annual}, not compounded"),
            Fact("Alpha, 95 % from", self.alpha_low, "fraction", "Student's t"),
            Fact("Alpha, 95 % to", self.alpha_high, "fraction", "Student's t"),
            Fact("p-value of no alpha", self.alpha_p, "p_value", f"two-sided; {errors}", _no_error(self.alpha_p)),
            Fact(
                "Beta", self.beta, "ratio", f"slope of excess returns, least squares over {self.returns.size:,} periods"
            ),
            Fact("Standard error of beta", self.beta_error, "ratio", errors),
            Fact("Adjusted beta", self.adjusted_beta, "ratio", f"{_BLUME[0]} beta + {_BLUME[1]} (Blume)"),
            Fact("R-squared", self.r_squared, "ratio", "", unmoved),
            Fact("Residual risk", self.residual_risk, "fraction", f"{annual}, n - 2"),
            Fact("Tracking error", self.tracking_error, "fraction", f"{annual}, ddof {self.convention.ddof}"),
        ]

    def provenance(self) -> list[Fact]:
        """Return period, convention, errors and fingerprint."""
        period, fingerprint = self.origin
        return [
            period,
            Fact("Convention", self.convention.describe()),
            Fact("Standard errors", self.regression.method),
            fingerprint,
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient, per period: value, standard error, t, p."""
        import pandas as pd

        columns = {
            "coefficient": self.regression.coefficients,
            "standard_error": self.regression.standard_errors,
            "t": self.regression.t_values,
            "p": self.regression.p_values,
        }
        return pd.DataFrame(columns, index=["alpha per period", "beta"])


def capm(returns: Floats, benchmark: Floats, convention: Convention, *, lags: int | None = None) -> Capm:
    """Return alpha and beta of returns on a benchmark, with HAC standard errors [1]_ [2]_.

    ``r - rf = alpha + beta (b - rf) + e`` by least squares, the errors Newey and
    West's with the factor n / (n - 2).

    Parameters
    ----------
    returns, benchmark : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN; Series are joined
        by date.
    convention : Convention
        Its risk-free rate is one constant. With a dated one, pass excess returns
        and a rate of 0, or use `factor_model` with a column ``risk_free``.
    lags : int, optional
        By default `newey_west_lags` of the pairs.

    Raises
    ------
    DataError
        If a series holds NaN, none of their dates is common, or the benchmark never moves.
    InsufficientDataError
        If there are fewer than 10 pairs. Below 60 the result carries a caution.

    References
    ----------
    .. [1] Jensen, M. C. (1968). "The performance of mutual funds in the period
       1945-1964." Journal of Finance 23(2), 389-416.
    .. [2] Newey, W. K. and West, K. D. (1987). Econometrica 55(3), 703-708.

    Examples
    --------
    >>> import investiq as iq
    >>> a, b = (iq.load_bars(each, start="2009").frame["close"].pct_change().iloc[1:] for each in ("^IXIC", "^GSPC"))
    >>> found = capm(a, b, Convention(periods_per_year=252))
    >>> round(found.beta, 2), round(found.alpha, 3), round(found.r_squared, 2)
    (1.07, 0.037, 0.91)
    """
    purpose = "a regression on a benchmark"
    mine, theirs = paired(returns, benchmark, least=LEAST_PAIRS, purpose=purpose)
    convention = convention_of(convention)
    rate, year = convention.risk_free_per_period, convention.periods_per_year
    over, market = mine - rate, theirs - rate
    fitted = least_squares(over, market, names=["benchmark"], lags=lags)
    low, high = (float(each[0]) * year for each in fitted.interval(0.95))
    apart = mine - theirs
    deviation = formulas.standard_deviation(apart, float(apart.mean()), convention.ddof)
    ends = _common_ends(returns, benchmark)
    notes = frequency_notes(ends, convention)
    if mine.size < RECOMMENDED_PAIRS:
        text = f"{mine.size} pairs of returns: fewer than {RECOMMENDED_PAIRS}, alpha and beta are very uncertain"
        notes = (Note(code="few_pairs", text=text, rows=mine.size), *notes)
    return Capm(
        alpha=float(fitted.coefficients[0]) * year,
        alpha_error=float(fitted.standard_errors[0]) * year,
        alpha_low=low,
        alpha_high=high,
        tracking_error=deviation * math.sqrt(year),
        returns=over,
        benchmark=market,
        regression=fitted,
        convention=convention,
        origin=origin(mine, ends),
        notes=notes,
    )


def _common_ends(returns: Floats, benchmark: Floats) -> InstantArray | None:
    """Return the times that both have, as `paired` joins them."""
    mine, theirs = ends_of(returns), ends_of(benchmark)
    return None if mine is None or theirs is None else np.intersect1d(mine, theirs)


def _no_error(p: float) -> str:
    return "the residuals are zero: there is no error to divide by" if math.isnan(p) else ""
