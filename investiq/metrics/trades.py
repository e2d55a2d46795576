"""Statistics of closed round trips and of the time spent in the market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.inputs import Floats, finite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["average_loss", "average_trade", "average_win", "exposure", "profit_factor", "win_rate"]


def win_rate(pnl: Floats) -> float:
    """Return the share of closed trades with a net gain; a flat trade counts as a trade.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN.

    Returns
    -------
    float
        winners / (winners + losers + flats), in [0, 1].

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If there is no closed trade.

    Examples
    --------
    >>> win_rate(np.array([100.0, -50.0, 150.0, -75.0, 200.0]))
    0.6
    """
    values = finite("pnl", pnl)
    if not values.size:
        raise InsufficientDataError("no closed trade")
    return float(np.count_nonzero(values > 0) / values.size)


def profit_factor(pnl: Floats) -> float:
    """Return gross profit over gross loss of closed trades.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN.

    Returns
    -------
    float
        >= 0; 0.0 where no trade wins.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade lost: the ratio is then undefined, not infinite.

    Examples
    --------
    >>> profit_factor(np.array([100.0, -50.0, 150.0, -75.0, 200.0]))
    3.6
    """
    values = finite("pnl", pnl)
    if not values.size:
        raise InsufficientDataError("no closed trade")
    loss = -values[values < 0].sum()
    if loss == 0:
        raise InsufficientDataError("no losing trade")
    return float(values[values > 0].sum() / loss)


def average_win(pnl: Floats) -> float:
    """Return the mean net profit of the winning trades, money.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade won.
    """
    values = finite("pnl", pnl)
    wins = values[values > 0]
    if not wins.size:
        raise InsufficientDataError("no winning trade" if values.size else "no closed trade")
    return float(wins.sum() / wins.size)


def average_loss(pnl: Floats) -> float:
    """Return the mean net profit of the losing trades, money: negative; flat trades do not count.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade lost.
    """
    values = finite("pnl", pnl)
    losses = values[values < 0]
    if not losses.size:
        raise InsufficientDataError("no losing trade" if values.size else "no closed trade")
    return float(losses.sum() / losses.size)


def average_trade(trade_returns: Floats) -> float:
    """Return the mean net return of closed trades, each net profit over its entry notional, as a fraction.

    Raises
    ------
    DataError
        If `trade_returns` holds NaN.
    InsufficientDataError
        If there is no closed trade.
    """
    values = finite("trade_returns", trade_returns)
    if not values.size:
        raise InsufficientDataError("no closed trade")
    return float(values.sum() / values.size)


def exposure(is_invested: NDArray[np.bool_] | pd.Series[bool]) -> float:
    """Return the share of bars with an open position at the close, in [0, 1].

    Parameters
    ----------
    is_invested : ndarray or Series of bool, shape (n_bars,)
        Bars only: the opening point of the equity curve is none.

    Raises
    ------
    DataError
        If the flags are not booleans.
    InsufficientDataError
        If there is no bar.
    """
    flags = np.asarray(is_invested)
    if flags.dtype != np.bool_:
        raise DataError(f"is_invested has dtype {flags.dtype}, expected bool: compare the position with 0 first")
    if not flags.size:
        raise InsufficientDataError("exposure needs at least one bar")
    return float(np.count_nonzero(flags) / flags.size)
