"""What an account holds at each close: values long and short, and whether entries are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.price_sheet import PriceSheet
from investiq.execution.options import RunOptions

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

__all__ = ["Holdings", "diversification_ratio", "halted_bars", "shares_of"]

FloatArray = NDArray[np.float64]

# Values closer than this share of each other are equal where a limit decides.
_EQUAL: Final = 1e-9
# Below 30 common returns a standard deviation says little.
_LEAST_RETURNS: Final = 30


class Holdings(NamedTuple):
    """Market values at each close, shape (n_bars,), both >= 0."""

    long_value: FloatArray
    short_value: FloatArray

    @classmethod
    def of(cls, shares: FloatArray, prices: PriceSheet) -> Holdings:
        """Return the values of `shares`, of shape (n_symbols, n_bars), at the last known closes."""
        values = shares * np.where(shares == 0.0, 0.0, prices.marks)
        long_value = np.maximum(values, 0.0).sum(axis=0)
        # The addition turns -0.0 into 0.0.
        return cls(
            long_value, long_value - values.sum(axis=0) + 0.0 if (shares < 0).any() else np.zeros(long_value.size)
        )


def shares_of(run: Run) -> FloatArray:
    """Return the positions of a run with a row for each symbol."""
    return run.position if run.position.ndim == 2 else run.position[np.newaxis, :]


def halted_bars(account: FloatArray, options: RunOptions) -> NDArray[np.bool_]:
    """Return in which bars the circuit breaker refuses entries.

    The drawdown of a close decides about the bars after it. A reset makes the
    equity of its close the new peak.

    Parameters
    ----------
    account : ndarray of shape (n_bars + 1,)
        Equity, the opening point first.
    options : RunOptions
    """
    halted = np.zeros(account.size - 1, dtype=np.bool_)
    limit = options.max_drawdown_halt
    if limit is None:
        return halted
    peak, since = account[0], -1
    for bar, equity in enumerate(account[1:-1].tolist()):
        peak = max(peak, equity)
        drawdown = 1.0 - equity / peak
        if since < 0 and drawdown >= limit * (1 - _EQUAL):
            since = bar
        elif since >= 0:
            bars, level = options.halt_reset_bars, options.halt_reset_drawdown
            if (bars is not None and bar - since >= bars) or (level is not None and drawdown <= level * (1 + _EQUAL)):
                peak, since = equity, -1
        halted[bar + 1] = since >= 0
    return halted


def diversification_ratio(shares: FloatArray, prices: PriceSheet) -> tuple[float, str]:
    """Return the diversification ratio of the mean weights, or NaN and the reason.

    The weighted mean of the symbols' volatilities over the volatility of their
    portfolio, from total returns of the bars that all held symbols have. 1 for one
    symbol or perfect correlation.

    References
    ----------
    Choueifaty, Y. and Coignard, Y. (2008). Toward maximum diversification. J. of
    Portfolio Management 35(1).
    """
    values = shares * np.where(shares == 0.0, 0.0, prices.marks)
    gross = np.abs(values).sum(axis=0)
    if not (gross > 0).any():
        return float("nan"), "no position was held"
    weights = (values[:, gross > 0] / gross[gross > 0]).mean(axis=1)
    held = np.flatnonzero(weights)
    returns = prices.returns()[held]
    returns = returns[:, ~np.isnan(returns).any(axis=0)]
    if returns.shape[1] < _LEAST_RETURNS:
        return float("nan"), f"{returns.shape[1]} returns that all symbols share, needs {_LEAST_RETURNS}"
    volatility = float(np.std(weights[held] @ returns, ddof=1))
    if volatility == 0.0:
        return float("nan"), "the portfolio never varies"
    return float(np.abs(weights[held]) @ np.std(returns, axis=1, ddof=1) / volatility), ""
