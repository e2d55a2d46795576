"""Does a value at risk hold what it promises? Tests of its exceedances against the returns that followed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Fact, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.arrays import numbers
from investiq.metrics.exceedances import LikelihoodRatio, christoffersen_test, duration_test, joint, kupiec_test
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.options import loss_level
from investiq.metrics.origin import ends_of, origin
from investiq.metrics.tail import index_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VarBacktest", "var_backtest"]

Zone: TypeAlias = Literal["green", "yellow", "red"]

# Basel Committee (1996), "Supervisory framework for the use of backtesting": where the probability of so many
# exceedances or fewer reaches these levels. 250 days at 99 %: yellow from 5, red from 10.
_YELLOW: Final = 0.95
_RED: Final = 0.9999
# Below it the chi-squared distribution of the ratios is a rough guide.
_FEW_EXCEEDANCES: Final = 10
_SIGNIFICANCE: Final = 0.05


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class VarBacktest(Result):
    """Exceedances of a value at risk and the tests of them; made by `var_backtest`.

    Attributes
    ----------
    returns, value_at_risk : ndarray of shape (n_periods,)
        The pairs tested, simple returns and positive losses.
    index : pandas.Index or None
        Their times, if they had any.
    confidence : float
    count, exceedances : int
    expected : float
        ``(1 - confidence) x count``.
    proportion : LikelihoodRatio
        Kupiec's proportion of failures: is the rate of exceedances right?
    independence : LikelihoodRatio
        Christoffersen: does an exceedance make another one the next period more likely?
    coverage : LikelihoodRatio
        Christoffersen's conditional coverage: both at once.
    duration : LikelihoodRatio
        Christoffersen and Pelletier: do the times between exceedances lack a memory?
    zone : {"green", "yellow", "red"}
        Basel's traffic light, for this count and confidence.
    cumulative : float
        Probability of so many exceedances or fewer if the model is right.
    shortfall : float
        Acerbi and Szekely's Z2, 0 if the expected shortfall is right and
        negative if losses beyond were larger or more frequent; NaN without one.
    """

    kind: ClassVar[str] = "var_backtest"
    returns: FloatArray
    value_at_risk: FloatArray
    index: Any
    confidence: float
    count: int
    exceedances: int
    expected: float
    proportion: LikelihoodRatio
    independence: LikelihoodRatio
    coverage: LikelihoodRatio
    duration: LikelihoodRatio
    zone: Zone
    cumulative: float
    shortfall: float
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the level and the verdict."""
        return f"Backtest of the {self.confidence * 100:g} % value at risk: {self.verdict}"

    @property
    def verdict(self) -> str:
        """``"not rejected"``, or the tests that reject at 5 %."""
        named = {
            "proportion": self.proportion,
            "independence": self.independence,
            "conditional coverage": self.coverage,
            "duration": self.duration,
        }
        rejecting = [name for name, test in named.items() if test.p_value < _SIGNIFICANCE]
        return f"rejected by {', '.join(rejecting)}" if rejecting else "not rejected"

    @property
    def is_exceeded(self) -> NDArray[np.bool_]:
        """Whether each return fell below minus its value at risk."""
        return self.returns < -self.value_at_risk

    def facts(self) -> list[Fact]:
        """Return the count of exceedances and each test with its p-value."""
        rate = self.exceedances / self.count
        facts = [
            Fact("Periods", self.count, "count"),
            Fact("Exceedances", self.exceedances, "count", f"return below -VaR; expected {self.expected:.1f}"),
            Fact("Exceedance rate", rate, "fraction", f"expected {format_value(1 - self.confidence, 'fraction')}"),
            Fact(
                "Basel zone",
                self.zone,
                "",
                f"P(so many or fewer) = {self.cumulative:.4f}; yellow from 95 %, red from 99.99 %",
            ),
        ]
        named = (
            ("Proportion of failures (Kupiec)", self.proportion),
            ("Independence (Christoffersen)", self.independence),
            ("Conditional coverage", self.coverage),
            ("Duration (Christoffersen-Pelletier)", self.duration),
        )
        for label, test in named:
            basis = f"p-value; LR {test.statistic:.3f}, chi-squared({test.degrees})" if not test.reason else ""
            facts.append(Fact(f"{label} p", test.p_value, "p_value", basis, test.reason))
        if not math.isnan(self.shortfall):
            facts.append(
                Fact(
                    "Expected shortfall Z2",
                    self.shortfall,
                    "ratio",
                    "Acerbi and Szekely 2014; 0 if right, negative if losses are worse",
                )
            )
        return facts

    def provenance(self) -> list[Fact]:
        """Return the conventions, the period and the fingerprint."""
        import pandas as pd

        convention = "simple returns per period; value at risk a positive loss, forecast before its return"
        ends = ends_of(pd.Series(self.returns, index=self.index))
        return [Fact("Convention", convention), *origin(self.returns, ends)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a period: return, value at risk, and whether it was exceeded."""
        import pandas as pd

        columns = {"return": self.returns, "value_at_risk": self.value_at_risk, "is_exceeded": self.is_exceeded}
        return pd.DataFrame(columns, index=self.index)


def var_backtest(
    returns: Floats,
    value_at_risk: Floats,
    confidence: float = 0.95,
    *,
    expected_shortfall: Floats | None = None,
) -> VarBacktest:
    """Test a series of value-at-risk forecasts against the returns that followed.

    An exceedance is a return below minus its value at risk. Kupiec's
    proportion of failures compares their rate with ``1 - confidence`` [1]_;
    Christoffersen's independence test asks whether one follows another, and
    conditional coverage adds the two statistics [2]_; the duration test fits a
    Weibull distribution to the times between them, the first and the last
    censored, and asks for a shape of 1 [3]_; the traffic light is Basel's,
    from the binomial distribution at the given length and level [4]_.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    value_at_risk : ndarray or Series of shape (n_periods,)
        Forecast for each of these returns, made before it, as a positive loss;
        `rolling_value_at_risk` makes such a series. Leading NaN, where no
        forecast existed yet, are left out and noted.
    confidence : float, default 0.95
        Of the forecasts.
    expected_shortfall : ndarray or Series of shape (n_periods,), optional
        Forecasts of the mean loss beyond, for the Z2 statistic [5]_:
        ``1 + mean(return x exceeded / ((1 - confidence) x shortfall))``.

    Returns
    -------
    VarBacktest
        p-values from the asymptotic chi-squared distributions. A test that the
        exceedances cannot decide is NaN with the reason.

    Raises
    ------
    ConfigError
        If `confidence` is outside [0.5, 1).
    DataError
        If the series differ in length or in index (they are compared row by
        row, and joining them here would hide a shift by one period), if a
        forecast is missing after the first one, if most are negative, or if an
        expected shortfall is not positive.
    InsufficientDataError
        If there is no forecast.

    References
    ----------
    .. [1] Kupiec, P. (1995). "Techniques for verifying the accuracy of risk
       measurement models." Journal of Derivatives 3(2), 73-84.
    .. [2] Christoffersen, P. (1998). "Evaluating interval forecasts."
       International Economic Review 39(4), 841-862.
    .. [3] Christoffersen, P. and Pelletier, D. (2004). "Backtesting
       value-at-risk: a duration-based approach." Journal of Financial
       Econometrics 2(1), 84-108.
    .. [4] Basel Committee on Banking Supervision (1996). "Supervisory framework
       for the use of 'backtesting'".
    .. [5] Acerbi, C. and Szekely, B. (2014). "Backtesting expected shortfall."
       Risk 27(11), 76-81.

    Examples
    --------
    >>> returns = np.tile([0.01] * 24 + [-0.03], 10)
    >>> tested = var_backtest(returns, np.full(250, 0.02), confidence=0.99)
    >>> tested.exceedances, tested.zone, round(tested.proportion.statistic, 3)
    (10, 'red', 12.955)
    """
    loss_level(confidence)
    realised = returns_of(returns, least=0, purpose="a backtest of the value at risk")
    risk = _forecasts(returns, value_at_risk, "value_at_risk")
    start = _first_forecast(risk)
    index = index_of(returns)
    realised, risk = realised[start:], risk[start:]
    exceeded, share = realised < -risk, 1 - confidence
    hits = int(exceeded.sum())
    proportion, independence = kupiec_test(hits, exceeded.size, confidence), christoffersen_test(exceeded)
    cumulative = _at_most(hits, exceeded.size, share)
    shortfall = math.nan
    if expected_shortfall is not None:
        mean_loss = _forecasts(returns, expected_shortfall, "expected_shortfall")[start:]
        if late := _first_forecast(mean_loss, "expected_shortfall"):
            raise DataError(
                f"expected_shortfall begins {late} rows after value_at_risk; cut all three series to its first forecast"
            )
        if not (mean_loss > 0).all():
            where = start + int(np.argmin(mean_loss > 0))
            raise DataError(f"expected_shortfall is {mean_loss.min():.4g} at its least, not above 0 at row {where}")
        shortfall = _z2(realised, exceeded, mean_loss, share)
    return VarBacktest(
        returns=realised,
        value_at_risk=risk,
        index=None if index is None else index[start:],
        confidence=confidence,
        count=exceeded.size,
        exceedances=hits,
        expected=share * exceeded.size,
        proportion=proportion,
        independence=independence,
        coverage=joint(proportion, independence),
        duration=duration_test(exceeded),
        zone="green" if cumulative < _YELLOW else "yellow" if cumulative < _RED else "red",
        cumulative=cumulative,
        shortfall=shortfall,
        notes=_notes(exceeded, start),
    )


def _forecasts(returns: Floats, forecasts: Floats, name: str) -> FloatArray:
    """Return the forecasts row by row beside the returns, refused if their rows differ."""
    values = numbers(name, forecasts)
    if values.shape != (len(returns),):
        raise DataError(
            f"{name} has shape {values.shape}, expected ({len(returns)},): one forecast for each return; "
            "NaN where there was none yet"
        )
    indexes = [index_of(each) for each in (returns, forecasts)]
    if all(index is not None for index in indexes) and not indexes[0].equals(indexes[1]):  # type: ignore[union-attr]
        raise DataError(
            f"{name} and returns have different times: row by row they are no pairs of forecast and outcome; "
            "reindex the forecasts to the returns they are made for"
        )
    return values


def _first_forecast(risk: FloatArray, name: str = "value_at_risk") -> int:
    """Return the row of the first forecast; after it there must be no gap."""
    is_given = np.isfinite(risk)
    if not is_given.any():
        raise InsufficientDataError(f"{name} holds no forecast among {risk.size} rows; the window may be too long")
    start = int(np.argmax(is_given))
    if missing := int((~is_given[start:]).sum()):
        where = start + int(np.argmin(is_given[start:]))
        raise DataError(f"{name} lacks {missing} forecasts after its first, the next at row {where}; repair them first")
    if float(np.median(risk[start:])) < 0:
        raise DataError(
            f"most of {name} is negative (median {np.median(risk[start:]):.4g}): losses are positive here; pass -{name}"
        )
    return start


def _at_most(hits: int, count: int, share: float) -> float:
    from scipy.stats import binom

    return float(binom.cdf(hits, count, share))


def _z2(returns: FloatArray, exceeded: NDArray[np.bool_], shortfall: FloatArray, share: float) -> float:
    return float(1 + (returns * exceeded / shortfall).mean() / share)


def _notes(exceeded: NDArray[np.bool_], start: int) -> tuple[Note, ...]:
    notes, hits = [], int(exceeded.sum())
    if start:
        text = f"the first {start} returns have no forecast and are left out"
        notes.append(Note(code="no_forecast_yet", text=text, rows=start, severity="info"))
    if hits < _FEW_EXCEEDANCES:
        text = f"{hits} exceedances: below {_FEW_EXCEEDANCES} the p-values are rough and a wrong model is often not rejected"
        notes.append(Note(code="few_exceedances", text=text, rows=hits))
    return tuple(notes)
