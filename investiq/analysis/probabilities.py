"""Whether the probabilistic layer's odds and error bands came true."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.engines.probabilistic.layer import ProbabilisticLayer
from investiq.engines.probabilistic.regimes import REGIMES
from investiq.history.history import History
from investiq.metrics.trade_groups import wilson_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ProbabilityAssessment", "assess_probabilities"]

FloatArray = NDArray[np.float64]

# A tenth of the range of a probability each.
BINS: Final = 10
FEWEST_OUTCOMES: Final = 100
# The band of 95 % of a normal.
DEVIATIONS: Final = 1.959963984540054


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ProbabilityAssessment(Result):
    """How forecast probabilities compare with what happened; made by `assess_probabilities`.

    Attributes
    ----------
    symbol : str
    horizon : int
        Bars from a forecast to its outcome.
    count : int
        Forecasts whose outcome is known.
    base_rate : float
        Share of outcomes that were rises.
    brier, base_brier : float
        Mean squared error of the forecasts, and of the base rate in their place.
    log_loss, base_log_loss : float
        Likewise, mean negative log-likelihood in natural logarithms.
    reliability : DataFrame
        One row a bin of forecasts that has any: mean `forecast`, `outcome` (share of
        rises), its 95 % interval `lower` and `upper`, `count`.
    by_regime : DataFrame
        One row a regime: `hit_rate` (share of forecasts on the right side of 0.5),
        `lower`, `upper`, `forecast`, `outcome`, `count`.
    coverage, fixed_coverage : float
        Share of closes within the 95 % band of the one-step forecast: with the error
        scaled by recent surprises, and with the fitted variances alone.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "probabilities"
    symbol: str
    horizon: int
    count: int
    base_rate: float
    brier: float
    base_brier: float
    log_loss: float
    base_log_loss: float
    reliability: pd.DataFrame
    by_regime: pd.DataFrame
    coverage: float
    fixed_coverage: float
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names what was assessed."""
        return f"Odds of {self.symbol} over {self.horizon} bars, {self.count:,} forecasts"

    @property
    def skill(self) -> float:
        """Share of the base rate's squared error that the forecasts remove; below 0 they add to it."""
        return 1 - self.brier / self.base_brier if self.base_brier else math.nan

    def facts(self) -> list[Fact]:
        """Return the scores beside those of the base rate, and the coverage of the band."""
        return [
            Fact("Brier score", self.brier, "ratio", "mean squared error", f"base rate {self.base_brier:.3f}"),
            Fact("Skill", self.skill, "fraction", "of the base rate's squared error; below 0 the base rate is better"),
            Fact("Log loss", self.log_loss, "ratio", "natural logarithms", f"base rate {self.base_log_loss:.3f}"),
            Fact("Rises", self.base_rate, "fraction", f"share of outcomes after {self.horizon} bars"),
            Fact("Band of 95 %", self.coverage, "fraction", "closes within it, error scaled by recent surprises"),
            Fact("The same, fixed", self.fixed_coverage, "fraction", "error of the fitted variances alone"),
        ]

    def tables(self) -> list[Table]:
        """Return reliability and hit rate by regime."""
        curve = tuple(
            (f"{row['forecast']:.2f}", *_shown(row, "outcome", "lower", "upper"), f"{row['count']:,.0f}")
            for _, row in self.reliability.iterrows()
        )
        regimes = tuple(
            (
                str(name).replace("_", " "),
                *_shown(row, "hit_rate", "lower", "upper", "forecast", "outcome"),
                f"{row['count']:,.0f}",
            )
            for name, row in self.by_regime.iterrows()
        )
        first = ("Forecast", "Rises", "from", "to", "Forecasts")
        second = ("Regime", "Hits", "from", "to", "Mean forecast", "Rises", "Forecasts")
        return [
            Table("Reliability, with 95 % intervals", first, curve, numbers=first),
            Table("By regime, with 95 % intervals", second, regimes, numbers=second[1:]),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the reliability curve."""
        return self.reliability


def assess_probabilities(history: History, horizon: int = 5) -> ProbabilityAssessment:
    """Compare the layer's raw odds of a rise, and its error bands, with what came after.

    Parameters
    ----------
    history : History
        The main symbol's bars are read.
    horizon : int, default 5
        Bars from a forecast to its outcome, whether the adjusted close is higher.

    Returns
    -------
    ProbabilityAssessment

    Raises
    ------
    ConfigError
        If `horizon` is no whole number >= 1.
    InsufficientDataError
        If fewer than 100 forecasts have an outcome.

    Notes
    -----
    This looks back over the sample: it says whether the odds may be used, and is
    never a feature. The Brier score and the log loss are proper: neither can be
    improved by forecasting anything but what one believes [1]_.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. (2007). "Strictly proper scoring rules,
       prediction, and estimation." JASA 102, 359-378.

    Examples
    --------
    >>> import investiq as iq
    >>> assessed = assess_probabilities(iq.History.of(iq.load_bars("^GSPC", start="2008")))
    >>> assessed.skill < 0  # raw odds are worse than always saying the base rate
    True
    """
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or horizon < 1:
        raise ConfigError(f"horizon must be a whole number of bars from 1, was {horizon!r}")
    table = ProbabilisticLayer().features(history)
    close = history.bars().adjusted("total").close
    forecast = table["prob_success_probability"].to_numpy()[: max(close.size - horizon, 0)]
    known = ~np.isnan(forecast)
    if (count := int(known.sum())) < FEWEST_OUTCOMES:
        raise InsufficientDataError(f"an assessment needs {FEWEST_OUTCOMES} forecasts with an outcome, found {count}")
    rose = (close[horizon:] > close[: close.size - horizon])[known].astype(float)
    forecast, codes = forecast[known], table["prob_regime"].to_numpy()[: known.size][known]
    base = np.full(count, rose.mean())
    return ProbabilityAssessment(
        symbol=history.symbol,
        horizon=int(horizon),
        count=count,
        base_rate=float(rose.mean()),
        brier=brier_score(forecast, rose),
        base_brier=brier_score(base, rose),
        log_loss=log_loss(forecast, rose),
        base_log_loss=log_loss(base, rose),
        reliability=reliability(forecast, rose),
        by_regime=_by_regime(forecast, rose, codes),
        **_coverage(table),
        notes=_notes(horizon),
    )


def brier_score(forecast: FloatArray, outcome: FloatArray) -> float:
    """Return the mean squared error of probabilities, 0 to 1."""
    return float(np.mean((forecast - outcome) ** 2))


def log_loss(forecast: FloatArray, outcome: FloatArray) -> float:
    """Return the mean negative log-likelihood; a certain forecast that was wrong is infinite."""
    chance = np.where(outcome == 1, forecast, 1 - forecast)
    with np.errstate(divide="ignore"):
        return float(-np.log(chance).mean())


def reliability(forecast: FloatArray, outcome: FloatArray, bins: int = BINS) -> pd.DataFrame:
    """Return mean forecast and share of outcomes in each bin of equal width that holds any, with Wilson's interval."""
    import pandas as pd

    place = np.minimum((forecast * bins).astype(int), bins - 1)
    rows = [(forecast[place == each].mean(), outcome[place == each]) for each in np.unique(place)]
    return pd.DataFrame(
        [(mean, each.mean(), *wilson_interval(int(each.sum()), each.size), each.size) for mean, each in rows],
        columns=["forecast", "outcome", "lower", "upper", "count"],
    )


def _by_regime(forecast: FloatArray, outcome: FloatArray, codes: FloatArray) -> pd.DataFrame:
    import pandas as pd

    hit = (forecast > 0.5) == (outcome == 1)
    rows = {}
    for code in np.unique(codes):
        here = codes == code
        ends = wilson_interval(int(hit[here].sum()), int(here.sum()))
        rows[REGIMES[int(code)]] = (
            hit[here].mean(), *ends, forecast[here].mean(), outcome[here].mean(), int(here.sum()),
        )  # fmt: skip
    columns = ["hit_rate", "lower", "upper", "forecast", "outcome", "count"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("regime")


def _coverage(table: pd.DataFrame) -> dict[str, float]:
    """Return the share of innovations within the band that was forecast the bar before."""
    fitted = table["prob_is_fitted"].to_numpy()[1:] == 1
    surprise = np.abs(table["prob_innovation"].to_numpy()[1:])
    error = table["prob_forecast_error"].to_numpy()[:-1]
    z = np.abs(table["prob_innovation_z"].to_numpy()[1:])
    scaled = fitted & ~np.isnan(surprise) & ~np.isnan(error)
    return {
        "coverage": float((surprise[scaled] <= DEVIATIONS * error[scaled]).mean()) if scaled.any() else math.nan,
        "fixed_coverage": float((z[scaled] <= DEVIATIONS).mean()) if scaled.any() else math.nan,
    }


def _shown(row: pd.Series, *names: str) -> list[str]:
    return [format_value(float(row[name]), "fraction") for name in names]


def _notes(horizon: int) -> tuple[Note, ...]:
    if horizon == 1:
        return ()
    return (
        Note(
            code="overlapping_outcomes",
            severity="info",
            text=f"Outcomes of {horizon} bars overlap: the intervals take them for independent and are too narrow, "
            f"by about {math.sqrt(horizon):.1f} times.",
        ),
    )
