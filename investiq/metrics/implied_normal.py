"""The normalised Black function and its inverse, of many prices at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__: list[str] = []  # what implied volatility is made of; no metric itself

FloatArray = NDArray[np.float64]

_MOST_STEPS: Final = 80
# Beyond it the price and its bound are one number in double precision.
_WIDEST: Final = 40.0
_TOLERANCE: Final = 1e-12


def normalised_volatility(moneyness: FloatArray, price: FloatArray) -> FloatArray:
    """Return the total standard deviation at which an option out of the money has its price.

    Parameters
    ----------
    moneyness : ndarray of shape (n_options,)
        ``-abs(log(forward / strike))``, at most 0.
    price : ndarray of shape (n_options,)
        Undiscounted price over ``sqrt(forward * strike)``, above 0.

    Returns
    -------
    ndarray of shape (n_options,)
        Volatility times the root of time; NaN where the price is NaN or not below
        ``exp(moneyness / 2)``.

    Examples
    --------
    >>> normalised_volatility(np.array([0.0]), np.array([0.0797])).round(2)  # about 0.4 of it at the money
    array([0.2])
    """
    found = np.full(price.shape, np.nan)
    places = np.flatnonzero(price < np.exp(moneyness / 2))
    x, target = moneyness[places], price[places]
    inflection = np.sqrt(-2 * x)
    is_low = target < _black(x, inflection)[0]
    low = np.where(is_low, 0.0, inflection)
    high = np.where(is_low, inflection, _WIDEST)
    s = np.where(is_low, _first_guess(x, target), np.maximum(inflection, np.sqrt(2 * np.pi) * target))
    for _ in range(_MOST_STEPS):
        gap, slope = _gap(x, s, target, is_low)
        low, high = np.where(gap < 0, s, low), np.where(gap > 0, s, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            following = s - gap / slope
        following = np.where((following > low) & (following < high), following, (low + high) / 2)
        following = np.where(gap == 0, s, following)
        is_done = np.abs(following - s) <= _TOLERANCE * s
        if is_done.any():
            found[places[is_done]] = following[is_done]
            rest = ~is_done
            places, x, target, is_low = places[rest], x[rest], target[rest], is_low[rest]
            low, high, following = low[rest], high[rest], following[rest]
        s = following
        if not places.size:
            break
    # What still moves by a rounding is as near as doubles come.
    found[places] = s
    found[found > _WIDEST * (1 - 1e-6)] = np.nan
    return found


def _first_guess(x: FloatArray, target: FloatArray) -> FloatArray:
    # Far out of the money log(price) is about -x^2 / (2 s^2), less what the price at the inflection lacks.
    inflection = np.sqrt(-2 * x)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.maximum(np.log(_black(x, inflection)[0]) - np.log(target), 0.0)
        guess: FloatArray = -x / np.sqrt(2 * depth - x / 2)
    return guess


def _gap(x: FloatArray, s: FloatArray, target: FloatArray, is_low: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return a nearly linear increasing function of s with its root where the price is met, and its slope."""
    price, rest, vega = _black(x, s)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log = np.log(price)
        # Below the inflection 1 / log(price) goes with s squared; above it the distance from the bound decays.
        gap_low, slope_low = 1 / np.log(target) - 1 / log, vega / (price * log * log)
        gap_high, slope_high = np.log1p((price - target) / rest), vega / rest
    gap = np.where(is_low, np.where(price > 0, gap_low, -1.0), gap_high)
    return gap, np.where(is_low, slope_low, slope_high)


def _black(x: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the normalised price, its distance from the bound exp(x / 2), and its derivative by s."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.where(x == 0, 0.0, x / s)
    above, below = middle + s / 2, middle - s / 2
    up, down = np.exp(x / 2), np.exp(-x / 2)
    price = up * ndtr(above) - down * ndtr(below)
    rest = up * ndtr(-above) + down * ndtr(below)
    vega = up * np.exp(-0.5 * above * above) / np.sqrt(2 * np.pi)
    return np.maximum(price, 0.0), rest, vega
