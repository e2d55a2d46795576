"""Maximum likelihood for the variances of the Kalman filters, on a training window that the caller chooses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.indicators.kalman_fit import KalmanFit
from investiq.indicators.observations import ROUNDING, FloatArray, column
from investiq.indicators.state_space import (
    LOG_TWO_PI,
    NOTHING_KEPT,
    STATES,
    Gaps,
    Model,
    Scale,
    Variances,
    innovations,
    observed,
    run_pass,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fit_local_level", "fit_local_linear_trend"]

# A year of daily bars; chosen: on simulated levels with a signal-to-noise ratio of 0.25, the 90 % range of the
# estimated ratio spans a factor of 3 there, and of 20 on 60 bars (400 paths each).
RECOMMENDED_OBSERVATIONS: Final = 250
# Ratios of two variances that are looked at before the search is refined, as natural logarithms.
_COARSE: Final = np.arange(-24.0, 24.1, 2.0)
_COARSER: Final = np.arange(-24.0, 24.1, 4.0)
_STARTS: Final = 3
# A variance is given up for 0 unless it adds this much to the log-likelihood.
_WORTH: Final = 1e-7

Weights = tuple[float, float, float]


def fit_local_level(close: pd.Series[float] | FloatArray, *, scale: Scale = "log", gaps: Gaps = "skip") -> KalmanFit:
    """Estimate the variances of a local level by maximum likelihood.

    Parameters
    ----------
    close : Series or ndarray of shape (n_bars,)
        Adjusted prices of the training window. End it before the bars that are to
        be filtered: variances that have seen them are not known there yet.
    scale, gaps
        As in `local_level`; filter with the same.

    Returns
    -------
    KalmanFit

    Raises
    ------
    ConfigError
        If an option is unknown.
    DataError
        If `close` is not one column, never moves, or is not positive on the log scale.
    InsufficientDataError
        If there are fewer than 3 observations.

    Notes
    -----
    The scale of the variances has a closed form, so only their ratio is searched
    for: a grid, then a bounded search about its best cell, then each variance at 0,
    where estimates of share prices often lie.

    Examples
    --------
    >>> import investiq as iq
    >>> fit = fit_local_level(iq.load_bars("^GSPC", start="2017").adjusted().close)
    >>> fit.converged, fit.variances.level > fit.variances.observation
    (True, True)
    """
    return _fitted(close, "local_level", scale, gaps)


def fit_local_linear_trend(
    close: pd.Series[float] | FloatArray, *, scale: Scale = "log", gaps: Gaps = "skip"
) -> KalmanFit:
    """Estimate the variances of a local linear trend by maximum likelihood.

    Parameters
    ----------
    close, scale, gaps
        As in `fit_local_level`.

    Returns
    -------
    KalmanFit
        A variance that adds nothing to the likelihood is 0 and named in a note:
        without a step of its own, the slope is the mean drift so far.

    Raises
    ------
    ConfigError
        If an option is unknown.
    DataError
        If `close` is not one column, follows a straight line, or is not positive on the log scale.
    InsufficientDataError
        If there are fewer than 5 observations.
    """
    return _fitted(close, "local_linear_trend", scale, gaps)


class _Found(NamedTuple):
    """One end of the search: weights of observation, level and slope with a largest of 1, and what they reach."""

    value: float
    weights: Weights
    converged: bool


def _fitted(close: Any, model: Model, scale: Scale, gaps: Gaps) -> KalmanFit:
    series = observed(column(close), scale, gaps)
    parameters = STATES[model] + 1
    count = innovations(series, model, parameters)
    seen = count + STATES[model]
    # The exact start makes the likelihood the same for a shifted series, and small numbers keep their digits.
    series = series - series[:1]
    profile = _Profile(series, model, count)
    found = _search_level(profile) if model == "local_level" else _search_trend(profile)
    size = profile.size(found.weights)
    variances = Variances(
        **dict(zip(("observation", "level", "slope"), (size * w for w in found.weights), strict=True))
    )
    index = getattr(close, "index", None)
    labels = (None, None) if index is None else (index[0], index[-1])
    return KalmanFit(
        model=model,
        variances=variances,
        log_likelihood=found.value,
        observations=seen,
        converged=found.converged,
        scale=scale,
        gaps=gaps,
        first=labels[0],
        last=labels[1],
        notes=_notes(found, parameters, seen),
    )


class _Profile:
    """The log-likelihood as a function of the ratios of the variances, at the best scale for each."""

    def __init__(self, series: FloatArray, model: Model, count: int) -> None:
        self.series, self.model, self.count = series, model, count
        rounding = ROUNDING * float(np.nanmax(np.abs(series)))
        if self._pass((1.0, 1.0, 1.0))[0] <= count * rounding**2:
            shape = "is constant" if model == "local_level" else "follows a straight line"
            raise DataError(f"close {shape}, so there are no variances to estimate; pass prices that move")

    def _pass(self, weights: Weights) -> tuple[float, float]:
        squares, logs, _ = run_pass(self.series, weights, self.model, 0.0, NOTHING_KEPT)
        return squares, logs

    def size(self, weights: Weights) -> float:
        """Return the factor of the weights that the likelihood prefers."""
        return self._pass(weights)[0] / self.count

    def __call__(self, weights: Weights) -> float:
        squares, logs = self._pass(weights)
        if not 0 < squares < math.inf:
            return -math.inf
        constant = (self.count + STATES[self.model]) * LOG_TWO_PI
        return -0.5 * (constant + logs + self.count * (1 + math.log(squares / self.count)))


def _search_level(profile: _Profile) -> _Found:
    ends = [_Found(profile(each), each, True) for each in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))]
    return _best([*ends, _along(profile, lambda x: _weights(x, 0.0, -math.inf))])


def _search_trend(profile: _Profile) -> _Found:
    """Search each edge, where one variance is 0, and the inside from the best cells of a grid."""
    from scipy.optimize import minimize

    none = -math.inf
    corners = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    found = [_Found(profile(each), each, True) for each in corners]
    edges: tuple[Callable[[float], Weights], ...] = (
        lambda x: _weights(x, 0.0, none),
        lambda x: _weights(none, 0.0, x),
        lambda x: _weights(0.0, none, x),
    )
    found += [_along(profile, edge) for edge in edges]
    cells = sorted(((profile(_weights(x, 0.0, y)), x, y) for x in _COARSER for y in _COARSER), reverse=True)
    for _, x, y in cells[:_STARTS]:
        end = minimize(
            lambda at: -profile(_weights(at[0], 0.0, at[1])),
            (x, y),
            method="Nelder-Mead",
            options={"xatol": 1e-5, "fatol": 1e-9, "initial_simplex": [(x, y), (x + 2, y), (x, y + 2)]},
        )
        found.append(_Found(-float(end.fun), _weights(*_at(end.x)), bool(end.success)))
    return _best(found)


def _at(x: FloatArray) -> tuple[float, float, float]:
    return float(x[0]), 0.0, float(x[1])


def _along(profile: _Profile, weights: Callable[[float], Weights]) -> _Found:
    """Return the best point of one ratio: the best of a grid, refined between its neighbours."""
    from scipy.optimize import minimize_scalar

    coarse = [profile(weights(x)) for x in _COARSE]
    best = float(_COARSE[int(np.argmax(coarse))])
    end = minimize_scalar(
        lambda x: -profile(weights(x)), bounds=(best - 2.0, best + 2.0), method="bounded", options={"xatol": 1e-7}
    )
    return _Found(-float(end.fun), weights(float(end.x)), bool(end.success))


def _weights(observation: float, level: float, slope: float) -> Weights:
    """Return three variances, given as logarithms, with the largest made 1."""
    most = max(observation, level, slope)
    return math.exp(observation - most), math.exp(level - most), math.exp(slope - most)


def _best(found: list[_Found]) -> _Found:
    """Return the highest likelihood, or the one with the fewest variances of those that reach it."""
    most = max(each.value for each in found)
    reaching = [each for each in found if each.value >= most - _WORTH]
    return min(reaching, key=lambda each: (sum(weight > 0 for weight in each.weights), -each.value))


def _notes(found: _Found, parameters: int, seen: int) -> tuple[Note, ...]:
    notes = []
    if not found.converged:
        notes.append(
            Note(
                code="kalman_not_converged",
                text="The search for the variances ended at its limit of steps; the likelihood may not be at its maximum.",
            )
        )
    names = ("observation", "level", "slope")[:parameters]
    zero = [name for name, weight in zip(names, found.weights, strict=False) if weight == 0]
    if zero:
        which = " and ".join(zero)
        notes.append(
            Note(
                code="kalman_variance_zero",
                severity="info",
                text=f"The likelihood is highest with no variance of the {which}: the estimate lies on its bound.",
            )
        )
    if seen < RECOMMENDED_OBSERVATIONS:
        notes.append(
            Note(
                code="kalman_few_observations",
                rows=seen,
                text=f"Fitted to {seen} observations; below {RECOMMENDED_OBSERVATIONS} the variances are rough.",
            )
        )
    return tuple(notes)
