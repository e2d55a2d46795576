"""How much the symbols of a group move together: their average correlation, and how well it is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comovement", "comovement"]

FloatArray = NDArray[np.float64]

# A quarter of daily returns, and the fewest of which an average is told.
CORRELATION_WINDOW: Final = 63
_FEWEST: Final = 20
_CONFIDENCE: Final = 0.90
# Resampled in blocks of a week, so that what follows a wild day stays behind it.
_BLOCK: Final = 5
_RESAMPLES: Final = 400
_SEED: Final = 20_180_101


@dataclass(frozen=True, kw_only=True, eq=False)
class Comovement:
    """The average correlation of a group's daily returns over one window.

    Attributes
    ----------
    mean : float
        Over each pair once; NaN with a `reason`.
    low, high : float
        Interval of `confidence` from a block bootstrap of the sessions.
    returns, members : int
        Sessions, and symbols that have a return on every one of them.
    matrix : DataFrame
        Of the symbols.
    reason : str
    """

    mean: float
    low: float
    high: float
    returns: int
    members: int
    matrix: pd.DataFrame
    reason: str = ""
    confidence: float = _CONFIDENCE

    @property
    def convention(self) -> str:
        """How it was computed."""
        return (
            f"Pearson, daily returns of the last {self.returns} sessions, each pair of {self.members} symbols once; "
            f"{self.confidence:.0%} interval, {_RESAMPLES} resamples in circular blocks of {_BLOCK} sessions, seed {_SEED}"
        )


def comovement(symbols: tuple[str, ...], close: FloatArray, *, window: int = CORRELATION_WINDOW) -> Comovement:
    """Return the average correlation over the last `window` returns of the symbols that have all of them.

    Parameters
    ----------
    symbols : tuple of str
    close : ndarray of shape (n_symbols, n_sessions)
        Adjusted, NaN where a symbol has no bar.
    window : int, default 63
        Returns; fewer where there are not so many, down to 20.
    """
    import pandas as pd

    returns = (close[:, 1:] / close[:, :-1] - 1)[:, -window:]
    # A constant has no correlation with anything.
    moves = (
        ~np.isnan(returns).any(axis=1) & (np.ptp(returns, axis=1) > 0) if returns.size else np.zeros(len(close), bool)
    )
    names = [name for name, each in zip(symbols, moves, strict=True) if each]
    nothing = {"mean": math.nan, "low": math.nan, "high": math.nan, "returns": returns.shape[1], "members": len(names)}
    if len(names) < 2:
        reason = f"needs two symbols with a return on each of the last {returns.shape[1]} sessions, found {len(names)}"
        return Comovement(**nothing, matrix=pd.DataFrame(), reason=reason)
    if returns.shape[1] < _FEWEST:
        reason = f"needs {_FEWEST} returns, found {returns.shape[1]}"
        return Comovement(**nothing, matrix=pd.DataFrame(), reason=reason)
    used = returns[moves]
    low, high = np.quantile(_resampled(used), [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    matrix = pd.DataFrame(np.corrcoef(used), index=names, columns=names)
    return Comovement(
        mean=_average(used),
        low=float(low),
        high=float(high),
        returns=used.shape[1],
        members=len(names),
        matrix=matrix,
    )


def _average(returns: FloatArray) -> float:
    """Return the mean correlation of all pairs, from the variance of the sum of standardised returns."""
    count = len(returns)
    off = returns - returns.mean(axis=1, keepdims=True)
    scale = np.sqrt((off**2).mean(axis=1, keepdims=True))
    total = ((off / np.where(scale > 0, scale, np.nan)).sum(axis=0) ** 2).mean()
    return float((total - count) / (count * (count - 1)))


def _resampled(returns: FloatArray) -> FloatArray:
    random = np.random.default_rng(_SEED)
    size = returns.shape[1]
    starts = random.integers(size, size=(_RESAMPLES, -(-size // _BLOCK)))
    rows = (starts[:, :, np.newaxis] + np.arange(_BLOCK)).reshape(_RESAMPLES, -1)[:, :size] % size
    found = np.array([_average(returns[:, each]) for each in rows])
    known: FloatArray = found[~np.isnan(found)]
    return known
