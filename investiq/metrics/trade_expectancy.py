"""What a trade is worth: expectancy, payoff, system quality and the Kelly fraction of closed round trips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import FloatArray, Floats, finite
from investiq.metrics.trades import outcomes

__all__ = [
    "TradeKelly",
    "expectancy",
    "largest_loss",
    "largest_win",
    "payoff_ratio",
    "r_multiples",
    "system_quality_number",
    "trade_kelly",
]

# Tharp caps the count, so that a system that trades often is not praised for it.
SQN_CAP: Final = 100
# Two-sided 90 % of the normal distribution.
_Z90: Final = 1.6448536269514722


@dataclass(frozen=True)
class TradeKelly(Readout):
    """The Kelly fraction of trades with its uncertainty; raw, so it may be negative.

    Attributes
    ----------
    full, half : float
        Share of the capital at risk per trade.
    low, high : float
        90 % interval of `full`, by the delta method for independent trades.
    """

    units: ClassVar[dict[str, Unit]] = {"full": "fraction", "half": "fraction", "low": "fraction", "high": "fraction"}
    full: float
    half: float
    low: float
    high: float


def expectancy(pnl: Floats, entry_notional: Floats | None = None, *, least: int = 5) -> float:
    """Return the mean net profit of a closed trade.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN. With the
        R-multiples of `r_multiples` the result is in R.
    entry_notional : ndarray or Series of shape (n_trades,), optional
        Value of each entry. The result is then the mean profit over the mean
        notional, a fraction.
    least : int, default 5
        Fewest trades.

    Raises
    ------
    DataError
        If an input holds NaN, their lengths differ, or the notionals are not positive.
    InsufficientDataError
        If there are fewer than `least` trades.

    Examples
    --------
    >>> expectancy(np.array([100.0, -50.0, 150.0, -75.0, 200.0]))
    65.0
    """
    values = finite("pnl", pnl)
    if values.size < max(least, 1):
        raise InsufficientDataError(f"expectancy needs {max(least, 1)} closed trades, received {values.size}")
    if entry_notional is None:
        return float(values.mean())
    return float(values.mean() / _positive("entry_notional", entry_notional, values.size).mean())


def payoff_ratio(pnl: Floats) -> float:
    """Return the average win over the size of the average loss.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade won, or none lost.

    Examples
    --------
    >>> payoff_ratio(np.array([100.0, -50.0, 150.0, -75.0, 200.0]))  # 150 / 62.5
    2.4
    """
    closed = outcomes(pnl)
    return closed.average_win() / -closed.average_loss()


def largest_win(pnl: Floats) -> float:
    """Return the highest net profit of a winning trade, money.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade won.
    """
    outcomes(pnl).average_win()
    return float(np.max(np.asarray(pnl, dtype=np.float64)))


def largest_loss(pnl: Floats) -> float:
    """Return the lowest net profit of a losing trade, money: negative.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade lost.
    """
    outcomes(pnl).average_loss()
    return float(np.min(np.asarray(pnl, dtype=np.float64)))


def r_multiples(pnl: Floats, risk: Floats) -> FloatArray:
    """Return each net profit in units of what was risked on the trade [1]_.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN.
    risk : ndarray or Series of shape (n_trades,)
        Money lost if the first stop is hit: quantity x distance to the stop. Above zero.

    Raises
    ------
    DataError
        If an input holds NaN, their lengths differ, or a risk is not positive.

    References
    ----------
    .. [1] Tharp, V. K. (2007). "Trade Your Way to Financial Freedom", 2nd ed., McGraw-Hill.

    Examples
    --------
    >>> r_multiples(np.array([300.0, -100.0]), np.array([150.0, 100.0]))
    array([ 2., -1.])
    """
    values = finite("pnl", pnl)
    return values / _positive("risk", risk, values.size)


def system_quality_number(pnl: Floats) -> float:
    """Return Tharp's system quality number, ``sqrt(min(n, 100)) x mean / sd`` [1]_.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        R-multiples of the closed trades, see `r_multiples`, without NaN. Net
        profits of equally risky trades give the same number.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If there are fewer than two trades, or all are equal.

    References
    ----------
    .. [1] Tharp, V. K. (2008). "The Definitive Guide to Position Sizing", IITM, ch. 2.

    Examples
    --------
    >>> round(system_quality_number(np.array([2.0, -1.0, 2.0, -1.0])), 6)  # 2 x 0.5 / sqrt(3)
    0.57735
    """
    values = finite("pnl", pnl)
    if values.size < 2:
        raise InsufficientDataError(f"the system quality number needs 2 closed trades, received {values.size}")
    spread = float(values.std(ddof=1))
    if spread <= 1e-14 * float(np.abs(values).max()):
        raise InsufficientDataError(f"all {values.size} trades are equal: their standard deviation is zero")
    return math.sqrt(min(values.size, SQN_CAP)) * float(values.mean()) / spread


def trade_kelly(pnl: Floats) -> TradeKelly:
    """Return the Kelly fraction of a bet with two outcomes, ``W - L / b`` [1]_.

    W and L are the shares of winners and losers, b the `payoff_ratio`. For the
    returns of a holding take `kelly_fraction`.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade won, or none lost: the fraction is then unknown, not 1.

    References
    ----------
    .. [1] Kelly, J. L. (1956). "A new interpretation of information rate." Bell
       System Technical Journal 35(4), 917-926.

    Examples
    --------
    >>> found = trade_kelly(np.array([100.0, -50.0, 150.0, -75.0, 200.0]))  # 0.6 - 0.4 / 2.4
    >>> round(found.full, 5), round(found.half, 5)
    (0.43333, 0.21667)
    """
    values = finite("pnl", pnl)
    closed = outcomes(values)
    closed.average_win()
    closed.average_loss()
    # W - L / b is (share of winners) x (mean profit) / (mean of the wins over all trades).
    is_won = (values > 0).astype(np.float64)
    gains = np.maximum(values, 0.0)
    share, mean, gain = closed.win_rate(), float(values.mean()), float(gains.mean())
    full = share * mean / gain
    influence = full / share * (is_won - share) + share / gain * (values - mean) - full / gain * (gains - gain)
    error = float(influence.std(ddof=1)) / math.sqrt(values.size)
    return TradeKelly(full, full / 2, full - _Z90 * error, full + _Z90 * error)


def _positive(name: str, data: Floats, count: int) -> FloatArray:
    values = finite(name, data)
    if values.size != count:
        raise DataError(f"{name} has {values.size} values, expected {count}, one per trade")
    if values.size and values.min() <= 0:
        raise DataError(f"{name} must be above zero for every trade, the lowest is {values.min():g}")
    return values
