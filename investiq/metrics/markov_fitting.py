"""Maximum likelihood for returns that switch between hidden states."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from investiq.core.errors import DataError
from investiq.metrics.markov_result import Switching

if TYPE_CHECKING:
    from investiq.metrics.inputs import FloatArray

__all__: list[str] = []

# Variances of the states in units of the sample's, from which the search sets out, and the chance to stay in a state.
_STARTS: Final[dict[int, tuple[tuple[tuple[float, ...], float], ...]]] = {
    2: (((0.4, 2.5), 0.95), ((0.2, 4.0), 0.95)),
    3: (((0.2, 0.8, 3.0), 0.95), ((0.4, 1.0, 1.6), 0.95), ((0.3, 0.6, 2.0), 0.7)),
}
# Steps from each start. They end far from the maximum at times; the search from the best end does not.
_STEPS: Final = 40
_TOLERANCE: Final = 1e-4
# Least variance of a state, in units of the sample's: without one, a state that holds a single value has an infinite likelihood.
LEAST_VARIANCE: Final = 1e-3
# Log odds of a change of state against none, beyond which more makes no difference.
_MOST_ODDS: Final = 16.0
# Slope of the log-likelihood at which the search ends, and what rounding may leave of it.
_LEAST_SLOPE: Final = 1e-4
_ROUNDED_SLOPE: Final = 1e-2
# A deviation below this share of the largest return is rounding.
_ROUNDING: Final = 1e-12


class _Point(NamedTuple):
    """Parameters of the states of values of mean 0 and variance 1."""

    means: FloatArray
    variances: FloatArray
    transition: FloatArray


def fit_switching(values: FloatArray, states: int = 2) -> Switching:
    """Return the parameters under which returns are most likely, as `markov_switching` finds them.

    Parameters
    ----------
    values : ndarray of shape (n_periods,)
        Returns without NaN.
    states : {2, 3}, default 2

    Raises
    ------
    DataError
        If all values are alike.
    """
    centre, size = float(values.mean()), float(values.std())
    if size <= _ROUNDING * float(np.abs(values).max(initial=0.0)):
        raise DataError(
            f"all {values.size} returns are {values[0]:g}, so there are no states to tell apart; pass returns that vary"
        )
    scaled = (values - centre) / size
    ends = [_stepped(scaled, np.array(variances), stay) for variances, stay in _STARTS[states]]
    likelihood, found, converged = _refined(scaled, max(ends, key=lambda end: end[0])[1])
    order = np.argsort(found.variances)
    return Switching(
        means=centre + size * found.means[order],
        variances=size**2 * found.variances[order],
        transition=found.transition[np.ix_(order, order)],
        log_likelihood=likelihood - values.size * math.log(size),
        converged=converged,
    )


def _stepped(values: FloatArray, variances: FloatArray, stay: float) -> tuple[float, _Point]:
    """Return the likelihood and the parameters after some steps of expectation and maximisation (Hamilton 1990)."""
    from investiq.metrics.markov_kernel import expectations

    states = variances.size
    transition = np.full((states, states), (1 - stay) / (states - 1))
    np.fill_diagonal(transition, stay)
    best = (-math.inf, _Point(np.zeros(states), variances, transition))
    point = best[1]
    for _ in range(_STEPS):
        reached, moves, (weight, first, second), _ = expectations(values, *point)
        if not reached > best[0] + _TOLERANCE:
            break
        best = (reached, point)
        shift = first / weight
        spread = np.maximum(second / weight - shift**2, LEAST_VARIANCE)
        chances = np.maximum(moves / moves.sum(axis=1, keepdims=True), math.exp(-_MOST_ODDS))
        point = _Point(point.means + shift, spread, chances / chances.sum(axis=1, keepdims=True))
    return best


def _refined(values: FloatArray, start: _Point) -> tuple[float, _Point, bool]:
    """Return the maximum of the likelihood near `start`, its parameters, and whether the search ended by its tolerance."""
    from scipy.optimize import minimize

    states = start.means.size
    off = ~np.eye(states, dtype=bool)
    odds = np.log(start.transition / np.diag(start.transition)[:, np.newaxis])[off]
    least = math.log(LEAST_VARIANCE)
    lowest = np.repeat([-np.inf, least, -_MOST_ODDS], [states, states, odds.size])
    highest = np.repeat([np.inf, _MOST_ODDS], [2 * states, odds.size])

    def at(place: FloatArray) -> _Point:
        place = np.clip(place, lowest, highest)
        rates = np.eye(states)
        rates[off] = np.exp(place[2 * states :])
        return _Point(place[:states], np.exp(place[states : 2 * states]), rates / rates.sum(axis=1, keepdims=True))

    def loss(place: FloatArray) -> tuple[float, FloatArray]:
        value, slopes = _slopes(values, at(place))
        # Beyond a bound nothing changes any more.
        return -value, np.where((place < lowest) | (place > highest), 0.0, -slopes)

    first = np.concatenate([start.means, np.log(start.variances), odds])
    end = minimize(loss, first, method="BFGS", jac=True, options={"gtol": _LEAST_SLOPE, "maxiter": 500})
    # A search that can gain no more for rounding has ended at the maximum too.
    return -float(end.fun), at(end.x), bool(np.abs(end.jac).max() <= _ROUNDED_SLOPE)


def _slopes(values: FloatArray, point: _Point) -> tuple[float, FloatArray]:
    """Return the log-likelihood and its slope by means, log variances and log odds of each change of state.

    By Fisher's identity the slope is the expected slope of the likelihood of values
    and states together; the first state adds the slope of its long-run distribution.
    """
    from investiq.metrics.markov_kernel import expectations, long_run

    reached, moves, (weight, first, second), start = expectations(values, *point)
    chances, states = point.transition, point.means.size
    shares = long_run(chances)
    # The long-run distribution moves by shares @ change @ inverse (Schweitzer 1968).
    pull = np.linalg.solve(np.eye(states) - chances + shares, start / shares)
    by_odds = moves - chances * moves.sum(axis=1, keepdims=True)
    by_odds += shares[:, np.newaxis] * chances * (pull - (chances @ pull)[:, np.newaxis])
    slopes = [first / point.variances, 0.5 * (second / point.variances - weight), by_odds[~np.eye(states, dtype=bool)]]
    return reached, np.concatenate(slopes)
