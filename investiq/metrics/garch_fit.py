"""The result of a GARCH fit: parameters, persistence, conditional volatility, forecast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import numpy as np

from investiq.core.errors import ConfigError
from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.conventions import Convention
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.origin import ends_of, origin

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GarchFit"]

GarchModel: TypeAlias = Literal["garch", "gjr", "egarch"]
GarchDistribution: TypeAlias = Literal["normal", "student_t", "skewed_t"]
GarchMean: TypeAlias = Literal["constant", "zero"]
GarchStart: TypeAlias = Literal["backcast", "sample_variance"]
StandardErrors: TypeAlias = Literal["robust", "classic"]

MODEL_WORDS: Final[dict[GarchModel, str]] = {"garch": "GARCH(1,1)", "gjr": "GJR-GARCH(1,1)", "egarch": "EGARCH(1,1)"}
_DISTRIBUTION_WORDS: Final[dict[GarchDistribution, str]] = {
    "normal": "normal",
    "student_t": "Student t",
    "skewed_t": "skewed Student t",
}
_START_WORDS: Final[dict[GarchStart, str]] = {
    "backcast": "exponential mean (0.94) of the first 75 squared residuals",
    "sample_variance": "variance of the whole sample",
}
_ERROR_WORDS: Final[dict[StandardErrors, str]] = {
    "robust": "robust (Bollerslev and Wooldridge)",
    "classic": "from the Hessian",
}
# A persistence this near to 1 is 1: shocks never fade and there is no long-run variance.
INTEGRATED: Final = 1e-6
# Chosen: nearer to 1, or with fewer than ten half-lives in the sample, the long-run variance divides by what is
# little more than the error of the persistence.
NEARLY_INTEGRATED: Final = 0.999
LONGEST_HALF_LIFE: Final = 0.1


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GarchFit(Result):
    """A fitted model of conditional volatility; made by `garch`.

    Attributes
    ----------
    model : {"garch", "gjr", "egarch"}
    distribution : {"normal", "student_t", "skewed_t"}
    mean : {"constant", "zero"}
    start : {"backcast", "sample_variance"}
    standard_errors : {"robust", "classic"}
    convention : Convention
    parameters : DataFrame
        Index parameter; columns estimate, standard_error, t_statistic, p_value.
        For returns as fractions: `mean` per period, `omega` a variance per
        period (EGARCH: of its logarithm).
    log_likelihood : float
        Of the returns as fractions.
    presample : float
        The variance assumed before the first return.
    negative_share : float
        Share of the variance of the standardized residual that is below zero:
        1/2 for a symmetric distribution.
    mean_absolute : float
        Mean of the absolute standardized residual under the distribution.
    converged : bool
        Whether the optimiser says that it reached a maximum.
    returns : ndarray of shape (n_periods,)
    index : Index or None
        Of the returns, where they were a Series.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "garch"
    model: GarchModel
    distribution: GarchDistribution
    mean: GarchMean
    start: GarchStart
    standard_errors: StandardErrors
    convention: Convention
    parameters: pd.DataFrame
    log_likelihood: float
    presample: float
    negative_share: float
    mean_absolute: float
    converged: bool
    returns: FloatArray
    index: pd.Index | None
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the model."""
        return f"{MODEL_WORDS[self.model]} of {self.returns.size:,} returns, {_DISTRIBUTION_WORDS[self.distribution]}"

    @property
    def persistence(self) -> float:
        """Share of a deviation of the variance that is left a period later (EGARCH: of its logarithm)."""
        if self.model == "egarch":
            return self._estimate("beta")
        return self._estimate("alpha") + self.negative_share * self._estimate("gamma") + self._estimate("beta")

    @property
    def is_stationary(self) -> bool:
        """Whether the persistence is below 1, so that volatility returns to a long-run level."""
        return abs(self.persistence) < 1 - INTEGRATED

    @property
    def is_nearly_integrated(self) -> bool:
        """Whether shocks fade so slowly that these returns hardly determine a long-run volatility."""
        is_slow = self.persistence >= NEARLY_INTEGRATED or self.half_life > LONGEST_HALF_LIFE * self.returns.size
        return self.is_stationary and is_slow

    @property
    def half_life(self) -> float:
        """Periods until half of a deviation is left; NaN unless the persistence lies between 0 and 1."""
        if not self.is_stationary or self.persistence <= 0:
            return math.nan
        return math.log(0.5) / math.log(self.persistence)

    @property
    def long_run_volatility(self) -> float:
        """Annualised volatility that forecasts tend to; NaN if the model is not stationary."""
        if not self.is_stationary:
            return math.nan
        level = self._intercept / (1 - self.persistence)
        return float(self._annual(math.sqrt(math.exp(level) if self.model == "egarch" else level)))

    @property
    def next_volatility(self) -> float:
        """Volatility of the period after the last return, per period."""
        return float(np.sqrt(self._variances(self.returns)[-1]))

    @property
    def conditional_volatility(self) -> pd.Series[float]:
        """Volatility of each return as the model expected it one period before, per period."""
        return self._series(np.sqrt(self._variances(self.returns)[:-1]), "conditional_volatility")

    @property
    def standardized_residuals(self) -> pd.Series[float]:
        """Each return less the mean, over its conditional volatility: independent, of variance 1, if the model holds."""
        deviations = self.returns - self._estimate("mean")
        return self._series(deviations / self.conditional_volatility.to_numpy(), "standardized_residual")

    def volatility_of(self, returns: Floats) -> FloatArray:
        """Return the conditional volatility of other returns under these parameters, and of the period after them.

        For returns that begin with those of the fit and go on, the rows behind it
        are out of its sample, each known one period before.

        Parameters
        ----------
        returns : ndarray or Series of shape (n_periods,)

        Returns
        -------
        ndarray of shape (n_periods + 1,)
            Per period.
        """
        return np.sqrt(self._variances(returns_of(returns)))

    def forecast(self, horizon: int = 20) -> pd.DataFrame:
        """Return the expected volatility of each of the next periods.

        Parameters
        ----------
        horizon : int, default 20
            In periods.

        Returns
        -------
        DataFrame
            Index `period` from 1; `volatility` per period, the same `annualised`,
            and `average_annualised`, the root mean square from the first period to
            this one. Roots of expected variances; for EGARCH of the exponential of
            the expected log variance, because the expected variance itself is
            infinite beyond one period under a Student t [1]_.

        Raises
        ------
        ConfigError
            If `horizon` is no whole number >= 1.

        References
        ----------
        .. [1] Nelson, D. B. (1991). "Conditional heteroskedasticity in asset
           returns: a new approach." Econometrica 59(2), 347-370.
        """
        if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or horizon < 1:
            raise ConfigError(f"horizon must be a whole number of periods from 1, was {horizon!r}")
        import pandas as pd

        state = self.next_volatility**2
        is_log = self.model == "egarch"
        states = [math.log(state) if is_log else state]
        for _ in range(horizon - 1):
            states.append(self._intercept + self.persistence * states[-1])
        variances = np.exp(states) if is_log else np.array(states)
        average = np.cumsum(variances) / np.arange(1, horizon + 1)
        year = self.convention.periods_per_year
        columns = {
            "volatility": np.sqrt(variances),
            "annualised": np.sqrt(year * variances),
            "average_annualised": np.sqrt(year * average),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(1, horizon + 1, name="period"))

    def facts(self) -> list[Fact]:
        """Return persistence, volatility now and in the long run, and the fit."""
        year = f"{self.convention.periods_per_year:g} periods a year"
        doubt = "badly determined: nearly integrated" if self.is_nearly_integrated else ""
        unstable = "" if self.is_stationary else f"persistence {self.persistence:.6f}: shocks do not fade"
        level = "exponential of the mean log variance" if self.model == "egarch" else "root of the mean variance"
        per_period = self.forecast(1)["annualised"].iloc[0]
        return [
            Fact("Persistence", self.persistence, "", self._persistence_words()),
            Fact("Half-life", self.half_life, "ratio", "periods", unstable or self._half_life_note()),
            Fact("Long-run volatility", self.long_run_volatility, "fraction", f"{level}, {year}", unstable or doubt),
            Fact("Volatility of the next period", float(per_period), "fraction", f"annualised, {year}"),
            Fact("Log-likelihood", self.log_likelihood, "ratio", "of returns as fractions"),
            Fact("Converged", "yes" if self.converged else "no", "", "SLSQP, arch"),
        ]

    def tables(self) -> list[Table]:
        """Return the parameters with their errors."""
        units: dict[str, Unit] = {"estimate": "", "standard_error": "", "t_statistic": "ratio", "p_value": "p_value"}
        rows = tuple(
            (str(name), *(format_value(float(line[column]), unit) for column, unit in units.items()))
            for name, line in self.parameters.iterrows()
        )
        columns = ("Parameter", "Estimate", "Standard error", "t", "p")
        return [Table("Parameters, for returns as fractions", columns, rows, numbers=columns[1:])]

    def provenance(self) -> list[Fact]:
        """Return period, fingerprint and the choices behind the numbers."""
        return [
            *origin(self.returns, ends_of(self._series(self.returns, "returns"))),
            Fact("Returns", f"simple, {self.convention.periods_per_year:g} periods a year; {self.mean} mean"),
            Fact(
                "Likelihood",
                f"{_DISTRIBUTION_WORDS[self.distribution]}; fitted at unit variance, in units of fractions",
            ),
            Fact("Before the first return", _START_WORDS[self.start]),
            Fact("Standard errors", _ERROR_WORDS[self.standard_errors]),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a return: return, conditional_volatility, annualised_volatility, standardized_residual."""
        import pandas as pd

        volatility = self.conditional_volatility
        columns = {
            "return": self._series(self.returns, "return"),
            "conditional_volatility": volatility,
            "annualised_volatility": self._annual(volatility),
            "standardized_residual": self.standardized_residuals,
        }
        return pd.DataFrame(columns)

    @property
    def _intercept(self) -> float:
        """The constant of the recursion of the expected variance, or of its logarithm."""
        omega = self._estimate("omega")
        if self.model != "egarch":
            return omega
        from investiq.metrics.garch_kernel import NORMAL_MEAN_ABSOLUTE

        return omega + self._estimate("alpha") * (self.mean_absolute - NORMAL_MEAN_ABSOLUTE)

    def _estimate(self, name: str) -> float:
        return float(self.parameters["estimate"].get(name, 0.0))

    def _annual(self, volatility: Any) -> Any:
        return volatility * math.sqrt(self.convention.periods_per_year)

    def _variances(self, returns: FloatArray) -> FloatArray:
        from investiq.metrics.garch_kernel import exponential_variances, linear_variances

        recursion = exponential_variances if self.model == "egarch" else linear_variances
        names = ("omega", "alpha", "gamma", "beta")
        numbers = [self._estimate(name) for name in names]
        return recursion(returns - self._estimate("mean"), *numbers, self.presample)  # type: ignore[no-any-return]

    def _series(self, values: FloatArray, name: str) -> pd.Series[float]:
        import pandas as pd

        return pd.Series(values, index=self.index, name=name)

    def _persistence_words(self) -> str:
        if self.model == "egarch":
            return "beta"
        return "alpha + beta" if self.model == "garch" else f"alpha + {self.negative_share:.3g} gamma + beta"

    def _half_life_note(self) -> str:
        return "" if self.persistence > 0 else "a persistence of 0 or less has none"
