"""What a portfolio's turnover costs, and how much money it can carry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.strategies.base import positive

__all__ = ["Capacity", "capacity", "holding_period", "turnover", "turnover_costs"]

FloatArray = NDArray[np.float64]

# Floors under what an illiquid or quiet symbol is taken for.
LEAST_DOLLAR_VOLUME = 100_000.0
LEAST_VOLATILITY = 0.01


class Capacity(NamedTuple):
    """Most money, in USD, by each limit, and the least of the three."""

    by_impact: float
    by_participation: float
    by_breakeven: float

    @property
    def usd(self) -> float:
        """The limit that binds."""
        return min(self)


def turnover(weights: FloatArray) -> FloatArray:
    """Return the one-sided turnover of each close: half of the absolute changes of weight.

    Parameters
    ----------
    weights : ndarray of shape (n_symbols, n_bars)
        Target weights, NaN where nothing is decided; 0 before the first.

    Returns
    -------
    ndarray of shape (n_bars,)

    Examples
    --------
    >>> turnover(np.array([[0.5, np.nan, 0.25], [0.5, np.nan, 0.75]]))
    array([0.5 , 0.  , 0.25])
    """
    half: FloatArray = np.abs(_changes(weights)).sum(axis=0) / 2
    return half


def holding_period(weights: FloatArray) -> float:
    """Return how many bars a position is held on average: 1 / mean one-sided turnover, the first purchase left out.

    Two-sided turnover counts each replaced position twice, and would halve the answer.
    Infinite where nothing is ever replaced.

    Examples
    --------
    Half of the money changes place at every second bar, so a position lives 4 bars:

    >>> holding_period(np.array([[1.0, 1.0, 0.5, 0.5, 1.0], [0.0, 0.0, 0.5, 0.5, 0.0]]))
    4.0
    """
    if weights.ndim != 2 or weights.shape[1] < 2:
        raise DataError(f"weights must be of shape (n_symbols, n_bars) with two bars or more, had {weights.shape}")
    mean = float(turnover(weights)[1:].mean())
    return 1 / mean if mean > 0 else float("inf")


def turnover_costs(
    weights: FloatArray,
    *,
    money_usd: float,
    volatility: FloatArray,
    dollar_volume: FloatArray,
    cost_bps: float,
    impact: float = 0.1,
) -> FloatArray:
    """Return the cost of each close's changes as a fraction of a constant amount of money.

    For each change ``d`` of a weight: ``|d| * (cost_bps / 10,000 + impact * volatility
    * sqrt(|d| * money / dollar volume))``, summed over the symbols.

    Parameters
    ----------
    weights : ndarray of shape (n_symbols, n_bars)
    money_usd : float
    volatility : ndarray of shape (n_symbols, n_bars)
        Daily, known at the close; at least 1 %.
    dollar_volume : ndarray of shape (n_symbols, n_bars)
        Average traded per day, known at the close; at least 100,000 USD.
    cost_bps : float
        Of each side.
    impact : float, default 0.1
        Of the square-root law.

    Returns
    -------
    ndarray of shape (n_bars,)

    Examples
    --------
    A quarter of 4 million against 100 million a day at 2 %: 0.25 * (5 bps + 0.1 * 0.02 * 0.1).

    >>> market = {"volatility": np.array([[0.02]]), "dollar_volume": np.array([[1e8]])}
    >>> turnover_costs(np.array([[0.25]]), money_usd=4e6, cost_bps=5, **market).round(7)
    array([0.000175])
    """
    positive("turnover_costs", money_usd=money_usd)
    traded = np.abs(_changes(weights))
    slope = _impact_slope(traded, volatility, dollar_volume, impact)
    costs: FloatArray = (traded * (cost_bps / 10_000 + slope * np.sqrt(money_usd))).sum(axis=0)
    return costs


def capacity(
    weights: FloatArray,
    *,
    gross_return: float,
    volatility: FloatArray,
    dollar_volume: FloatArray,
    cost_bps: float,
    impact: float = 0.1,
    most_impact_bps: float = 5.0,
    participation: float = 0.05,
) -> Capacity:
    """Return how much money the weights can carry.

    Parameters
    ----------
    weights, volatility, dollar_volume, cost_bps, impact
        As in `turnover_costs`.
    gross_return : float
        Mean return per bar before costs, as a fraction.
    most_impact_bps : float, default 5.0
        Average impact of a traded dollar.
    participation : float, default 0.05
        Most of a symbol's daily dollar volume that one change may take.

    Returns
    -------
    Capacity
        By impact, by participation, and by breakeven: where costs eat the gross
        return. Infinite where nothing is traded; 0 where the costs without impact
        already eat the return.
    """
    positive("capacity", impact=impact, most_impact_bps=most_impact_bps, participation=participation)
    traded = np.abs(_changes(weights))
    total = traded.sum()
    if total == 0:
        return Capacity(float("inf"), float("inf"), float("inf"))
    paid = float((traded * _impact_slope(traded, volatility, dollar_volume, impact)).sum())
    volume = np.maximum(dollar_volume, LEAST_DOLLAR_VOLUME)
    most = np.divide(participation * volume, traded, out=np.full(traded.shape, np.inf), where=traded > 0)
    left = gross_return * traded.shape[1] - total * cost_bps / 10_000
    return Capacity(
        by_impact=(most_impact_bps / 10_000 * total / paid) ** 2,
        by_participation=float(most.min()),
        by_breakeven=(left / paid) ** 2 if left > 0 else 0.0,
    )


def _changes(weights: FloatArray) -> FloatArray:
    if weights.ndim != 2:
        raise DataError(f"weights must be of shape (n_symbols, n_bars), had shape {weights.shape}")
    known = ~np.isnan(weights)
    last = np.maximum.accumulate(np.where(known, np.arange(weights.shape[1]), -1), axis=1)
    held = np.where(last >= 0, np.take_along_axis(weights, np.maximum(last, 0), axis=1), 0.0)
    return np.diff(held, axis=1, prepend=0.0)


def _impact_slope(traded: FloatArray, volatility: FloatArray, dollar_volume: FloatArray, impact: float) -> FloatArray:
    """Return the impact of each change per root of a dollar; of what is not traded, 0."""
    for name, values in (("volatility", volatility), ("dollar_volume", dollar_volume)):
        if np.shape(values) != traded.shape:
            raise DataError(f"{name} must have the shape of weights, {traded.shape}, had {np.shape(values)}")
    unknown = (traded > 0) & (np.isnan(volatility) | np.isnan(dollar_volume))
    if unknown.any():
        symbol, bar = np.argwhere(unknown)[0]
        raise DataError(
            f"{unknown.sum()} change(s) of weight have no volatility or dollar volume, first symbol {symbol} at bar {bar}; "
            "decide weights only where both are known"
        )
    quiet = np.maximum(volatility, LEAST_VOLATILITY) * np.sqrt(traded / np.maximum(dollar_volume, LEAST_DOLLAR_VOLUME))
    return np.where(traded > 0, impact * quiet, 0.0)
