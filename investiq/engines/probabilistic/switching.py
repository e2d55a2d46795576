"""How probable the state of high volatility is, as it could be known at each bar."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.engines.probabilistic.filtering import training_spans
from investiq.metrics.markov_fitting import fit_switching
from investiq.metrics.markov_result import Switching

__all__ = ["high_volatility_probability"]

FloatArray = NDArray[np.float64]


def high_volatility_probability(close: FloatArray, ts: NDArray[np.datetime64]) -> FloatArray:
    """Return the filtered probability of the wilder of two states.

    At the first bar of each calendar quarter the states are fitted to the last
    1,000 returns before it; until the next quarter the probabilities go on with
    these parameters.

    Parameters
    ----------
    close : ndarray of shape (n_bars,)
        Adjusted.
    ts : ndarray of datetime64, shape (n_bars,)
        Labels.

    Returns
    -------
    ndarray of shape (n_bars,)
        NaN until a quarter begins with 250 bars before it, and for prices that do not move.
    """
    probability = np.full(close.size, np.nan)
    returns = np.full(close.size, 0.0)
    returns[1:] = close[1:] / close[:-1] - 1
    for first, last, start in training_spans(ts, "quarter", close.size):
        # The first bar has no return.
        start = max(start, 1)
        states = _states(returns[start:first].tobytes())
        if states is not None:
            probability[first:last] = states.filter(returns[start:last])[first - start :, -1]
    return probability


@lru_cache(maxsize=1024)
def _states(returns: bytes) -> Switching | None:
    """Return the fitted states, None where returns that do not vary have none."""
    try:
        return fit_switching(np.frombuffer(returns))
    except DataError:
        return None
