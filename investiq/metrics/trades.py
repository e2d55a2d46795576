"""Statistics of closed round trips and of the time spent in the market."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.inputs import Floats, finite, numbers_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Outcomes",
    "average_loss",
    "average_trade",
    "average_win",
    "exposure",
    "outcomes",
    "profit_factor",
    "win_rate",
]


_NO_TRADE: Final = "no closed trade"


class Outcomes(NamedTuple):
    """Counts and sums of closed trades, from which every statistic of them follows."""

    closed: int
    won: int
    lost: int
    gross_profit: float
    gross_loss: float

    @property
    def flat(self) -> int:
        """Trades with exactly no net profit."""
        return self.closed - self.won - self.lost

    def win_rate(self) -> float:
        """Return `win_rate`."""
        self._refuse(self.closed, "trade")
        return self.won / self.closed

    def profit_factor(self) -> float:
        """Return `profit_factor`."""
        self._refuse(self.lost, "losing trade")
        return self.gross_profit / self.gross_loss

    def average_win(self) -> float:
        """Return `average_win`."""
        self._refuse(self.won, "winning trade")
        return self.gross_profit / self.won

    def average_loss(self) -> float:
        """Return `average_loss`."""
        self._refuse(self.lost, "losing trade")
        return -self.gross_loss / self.lost

    def _refuse(self, needed: int, kind: str) -> None:
        if not needed:
            raise InsufficientDataError(f"no {kind}" if self.closed else _NO_TRADE)


def outcomes(pnl: Floats) -> Outcomes:
    """Return counts and sums of the net profits of closed trades.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    """
    values = numbers_of("pnl", pnl)
    gains, losses = np.maximum(values, 0.0), np.minimum(values, 0.0)
    gross_profit, gross_loss = float(np.add.reduce(gains)), 0.0 - float(np.add.reduce(losses))
    # What is missing or infinite would be in one of the sums.
    if not math.isfinite(gross_profit + gross_loss):
        finite("pnl", values)
    return Outcomes(values.size, int(np.count_nonzero(gains)), int(np.count_nonzero(losses)), gross_profit, gross_loss)


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
    return outcomes(pnl).win_rate()


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
    return outcomes(pnl).profit_factor()


def average_win(pnl: Floats) -> float:
    """Return the mean net profit of the winning trades, money.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade won.
    """
    return outcomes(pnl).average_win()


def average_loss(pnl: Floats) -> float:
    """Return the mean net profit of the losing trades, money: negative; flat trades do not count.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If no trade lost.
    """
    return outcomes(pnl).average_loss()


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
        raise InsufficientDataError(_NO_TRADE)
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
