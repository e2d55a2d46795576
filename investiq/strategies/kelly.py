"""Kelly's stake, and a fraction of it."""

from __future__ import annotations

import numpy as np

from investiq.core.errors import ConfigError
from investiq.strategies.base import FloatArray, positive

__all__ = ["kelly_fraction"]

# Bounds of a bet with an edge, and of what an estimate may say of its odds.
KELLY_BOUNDS = (0.0025, 0.05)
PROBABILITY_BOUNDS = (0.01, 0.99)
LEAST_PAYOFF = 0.01


def kelly_fraction(
    probability: FloatArray | float,
    payoff: float,
    fraction: float = 0.5,
    bounds: tuple[float, float] = KELLY_BOUNDS,
) -> FloatArray:
    """Return the share of equity to stake on a bet, a fraction of Kelly's [1]_.

    ``fraction * (p * (b + 1) - 1) / b``, then clipped to `bounds`; 0 where there is
    no edge.

    Parameters
    ----------
    probability : float or ndarray
        Of winning, calibrated out of sample; clipped to [0.01, 0.99].
    payoff : float
        Gain over loss of one bet: target over stop, both as distances; at least 0.01.
    fraction : float, default 0.5
        In (0, 1].
    bounds : (float, float), default (0.0025, 0.05)
        Least and most of a bet that has an edge.

    Returns
    -------
    ndarray, of the shape of `probability`
        NaN where it is.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    References
    ----------
    .. [1] Kelly, J. L. (1956). A new interpretation of information rate. Bell
       System Technical Journal 35(4).

    Examples
    --------
    >>> kelly_fraction(0.55, payoff=2.0, bounds=(0.0, 1.0)).round(4), kelly_fraction(0.55, payoff=2.0)
    (np.float64(0.1625), array(0.05))
    >>> kelly_fraction(0.30, payoff=2.0)
    array(0.)
    """
    positive("kelly_fraction", payoff=payoff, fraction=fraction)
    if fraction > 1 or not 0 <= bounds[0] <= bounds[1] <= 1:
        raise ConfigError(f"expected fraction <= 1 and 0 <= least <= most <= 1, were {fraction} and {bounds}")
    odds = np.clip(probability, *PROBABILITY_BOUNDS)
    gain = max(payoff, LEAST_PAYOFF)
    stake = fraction * (odds * (gain + 1) - 1) / gain
    # Written so that NaN stays NaN.
    return np.where(stake <= 0, 0.0, np.clip(stake, *bounds))
