"""The models behind the Kalman filters: their variances, their likelihood, and its maximum.

A local level is a random walk observed with noise; a local linear trend gives it a
slope that is a random walk itself (Harvey 1989, Forecasting, Structural Time Series
Models and the Kalman Filter, 4.1):

    observed[t]  = level[t] + noise                         variance `observation`
    level[t + 1] = level[t] + slope[t] + noise              variance `level`
    slope[t + 1] = slope[t] + noise                         variance `slope`
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError, near_matches
from investiq.core.readout import Readout
from investiq.indicators.observations import FloatArray, column
from investiq.indicators.sources import refuse_infinite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Variances", "kalman_log_likelihood"]

Model: TypeAlias = Literal["local_level", "local_linear_trend"]
Scale: TypeAlias = Literal["log", "linear"]
Start: TypeAlias = Literal["exact_diffuse", "approximate_diffuse"]
Gaps: TypeAlias = Literal["skip", "predict"]

# The variance that statsmodels gives to a state of which nothing is known.
APPROXIMATE_PRIOR: Final = 1e6
# Unknown states at the start: each takes one observation, which then says nothing about the fit.
STATES: Final[dict[Model, int]] = {"local_level": 1, "local_linear_trend": 2}
# The `out` of a pass that keeps nothing but its sums.
NOTHING_KEPT: Final = np.empty((0, 0))
LOG_TWO_PI: Final = math.log(2 * math.pi)


@dataclass(frozen=True, kw_only=True)
class Variances(Readout):
    """The variances of a local level or a local linear trend, per bar.

    Attributes
    ----------
    observation : float
        Of the noise around the level, in squared units of the series filtered:
        of log returns where prices are filtered on the log scale.
    level : float
        Of the level's own step.
    slope : float, default 0.0
        Of the slope's step; a local level has none.

    Raises
    ------
    ConfigError
        If one is negative, infinite or NaN, or all are 0.

    Examples
    --------
    >>> Variances(observation=4e-5, level=1e-5).signal_to_noise
    0.25
    """

    observation: float
    level: float
    slope: float = 0.0

    def __post_init__(self) -> None:
        for name in ("observation", "level", "slope"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ConfigError(f"the variance {name} must be 0 or positive and finite, was {value!r}")
        if self.observation + self.level + self.slope == 0:
            raise ConfigError("all variances are 0, so nothing moves; at least one must be positive")

    @property
    def signal_to_noise(self) -> float:
        """Variance of the level's step over that of the noise; infinite without noise."""
        return self.level / self.observation if self.observation else math.inf


def kalman_log_likelihood(
    close: pd.Series[float] | FloatArray,
    variances: Variances,
    *,
    model: Model,
    scale: Scale = "log",
    start: Start = "exact_diffuse",
    gaps: Gaps = "skip",
) -> float:
    """Return the Gaussian log-likelihood of a series under given variances.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices.
    variances : Variances
        Per bar.
    model : {"local_level", "local_linear_trend"}
    scale : {"log", "linear"}, default "log"
        Whether the logarithm of `close` is filtered, or `close` itself.
    start : {"exact_diffuse", "approximate_diffuse"}, default "exact_diffuse"
        What is assumed of the first state. ``"exact_diffuse"``: nothing; the limit
        of an infinite variance, in which the first observation (the first two of a
        trend) contributes a constant [1]_. ``"approximate_diffuse"``: mean 0 and
        variance 1e6, and the likelihood of the first one or two observations is
        left out. They are statsmodels' ``use_exact_diffuse=True`` and its default.
    gaps : {"skip", "predict"}, default "skip"
        Whether a missing row takes no time, as for every indicator, or one step of
        the level and the slope without an observation, as in statsmodels. Missing
        rows before the first observation are dropped in either case.

    Returns
    -------
    float
        In natural logarithms, constants included; not corrected for the change of
        variable where the logarithm was filtered.

    Raises
    ------
    ConfigError
        If an option is unknown, `variances` is none, or gives a local level a slope.
    DataError
        If `close` is not one column, or is not positive on the log scale.
    InsufficientDataError
        If there are no more observations than unknown states.

    Notes
    -----
    statsmodels stops updating the variance once two steps differ by less than
    1e-19 in square, which for log prices moves its value by about 1e-5 (level) to
    1e-2 (trend); with ``model.ssm.tolerance = 0`` the exact starts agree to 1e-10.

    References
    ----------
    .. [1] Durbin, J. and Koopman, S. J. (2012). Time Series Analysis by State
       Space Methods, 2nd ed., sections 5.2 and 7.2.

    Examples
    --------
    Two steps of 1 with an expected square of 1 each, and nothing of the first value:

    >>> walk = Variances(observation=0.0, level=1.0)
    >>> value = kalman_log_likelihood(np.array([5.0, 6.0, 5.0]), walk, model="local_level", scale="linear")
    >>> round(float(value + 1.5 * np.log(2 * np.pi)), 12)
    -1.0
    """
    checked = checked_variances(variances, model)
    prior = prior_of(start)
    series = observed(column(close), scale, gaps)
    innovations(series, model)
    squares, logs, count = run_pass(series, checked, model, prior, NOTHING_KEPT)
    diffuse = STATES[model] if prior == 0 else 0
    return -0.5 * ((count + diffuse) * LOG_TWO_PI + logs + squares)


def run_pass(
    series: FloatArray, variances: tuple[float, float, float], model: Model, prior: float, out: FloatArray
) -> tuple[float, float, int]:
    """Run the compiled filter of `model`; see `kalman.level_pass`."""
    from investiq.indicators.kalman import level_pass, trend_pass

    noise, level, slope = variances
    if model == "local_level":
        return level_pass(series, noise, level, prior, out)  # type: ignore[no-any-return]  # compiled
    return trend_pass(series, noise, level, slope, prior, out)  # type: ignore[no-any-return]  # compiled


def innovations(series: FloatArray, model: Model, least: int = 1) -> int:
    """Return how many innovations a series of `model` has behind its start, or refuse it for having too few."""
    seen, states = int(np.count_nonzero(np.isfinite(series))), STATES[model]
    if seen < states + least:
        raise InsufficientDataError(
            f"the likelihood of a {model.replace('_', ' ')} needs {states + least} observations, received {seen}"
        )
    return seen - states


def observed(prices: FloatArray, scale: Scale, gaps: Gaps) -> FloatArray:
    """Return what the filter reads of a column: logarithms or values, from the first observation on."""
    one_of("gaps", gaps, Gaps)
    refuse_infinite([prices], ["close"])
    finite = np.isfinite(prices)
    if gaps == "skip":
        series = prices[finite]
    else:
        first = int(np.argmax(finite)) if finite.any() else prices.size
        series = np.where(finite, prices, np.nan)[first:]
    return scaled(series, scale)


def scaled(prices: FloatArray, scale: Scale) -> FloatArray:
    """Return the logarithm of prices, or the prices on the linear scale."""
    one_of("scale", scale, Scale)
    if scale == "linear":
        return np.array(prices)
    if wrong := int(np.count_nonzero(prices <= 0)):
        raise DataError(f"close holds {wrong} values <= 0, which have no logarithm; pass prices, or scale='linear'")
    return np.log(prices)


def checked_variances(variances: Variances, model: Model) -> tuple[float, float, float]:
    """Return observation, level and slope, or refuse what is none or does not suit `model`."""
    one_of("model", model, Model)
    if not isinstance(variances, Variances):
        raise ConfigError(
            f"variances must be Variances, was {type(variances).__name__}; "
            f"take fit_{model}(training_prices).variances, or Variances(observation=..., level=...)"
        )
    if model == "local_level":
        if variances.slope:
            raise ConfigError(
                f"a local level has no slope, its variance was {variances.slope:g}; use a local linear trend"
            )
        if variances.observation + variances.level == 0:
            raise ConfigError("all variances of a local level are 0")
    return float(variances.observation), float(variances.level), float(variances.slope)


def prior_of(start: Start) -> float:
    """Return the variance of the first state as the compiled passes take it."""
    one_of("start", start, Start)
    return APPROXIMATE_PRIOR if start == "approximate_diffuse" else 0.0


def one_of(name: str, value: Any, choices: Any) -> None:
    """Refuse a `value` that is none of a Literal's `choices`."""
    known = get_args(choices)
    if value not in known:
        raise ConfigError(
            f"{name} must be {' or '.join(map(repr, known))}, was {value!r}{near_matches(str(value), known)}"
        )
