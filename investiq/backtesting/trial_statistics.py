"""What the ledger keeps of a track record: moments, and sums over 16 blocks of time from which PBO follows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.metrics.conventions import Convention
from investiq.metrics.formulas import ROUNDING

__all__ = ["BLOCKS", "TrackRecord", "canonical", "track_record"]

BLOCKS: Final = 16

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackRecord:
    """The statistics of one account; NaN where one is undefined.

    Attributes
    ----------
    count : int
        Returns.
    mean, sd, skewness, kurtosis : float
        Of the returns per period: `sd` with the `ddof` of the convention, raw kurtosis.
    sharpe : float
        Annual, after the risk-free rate.
    final_equity, total_return, max_drawdown : float
    sums, squares : ndarray of float64, shape (16,)
        Sums of the returns, and of their squares, in blocks of equal length in
        time order; the first ``count % 16`` returns lie outside. Empty where
        there are fewer than 16.
    """

    count: int
    mean: float
    sd: float
    skewness: float
    kurtosis: float
    sharpe: float
    final_equity: float
    total_return: float
    max_drawdown: float
    sums: FloatArray
    squares: FloatArray


def track_record(account: FloatArray, convention: Convention) -> TrackRecord:
    """Return the statistics of an account.

    Parameters
    ----------
    account : ndarray of float64, shape (n_periods + 1,)
        Equity with its opening point. Where it is not positive before its last
        point, returns do not exist and their statistics are NaN.
    convention : Convention

    Examples
    --------
    >>> found = track_record(np.array([100.0, 110.0, 99.0]), Convention(periods_per_year=252))
    >>> found.count, round(found.total_return, 4), round(found.max_drawdown, 4), found.sums.size
    (2, -0.01, -0.1, 0)
    """
    nan = math.nan
    whole = bool(np.isfinite(account).all())
    ends = {
        "final_equity": float(account[-1]),
        "total_return": float(account[-1] / account[0] - 1.0),
        "max_drawdown": float(min((account / np.maximum.accumulate(account)).min() - 1.0, 0.0)) if whole else nan,
    }
    if not whole or (account[:-1] <= 0).any():
        nothing = np.empty(0)
        return TrackRecord(
            count=account.size - 1, mean=nan, sd=nan, skewness=nan, kurtosis=nan, sharpe=nan,
            sums=nothing, squares=nothing, **ends,
        )  # fmt: skip
    returns = account[1:] / account[:-1] - 1.0
    count = returns.size
    mean = float(returns.mean())
    centred = returns - mean
    squares = centred * centred
    total = float(squares.sum())
    sd = math.sqrt(total / (count - convention.ddof)) if count > convention.ddof else nan
    moves = sd > ROUNDING
    variance = total / count
    sums, sums_of_squares = _blocks(returns)
    return TrackRecord(
        count=count,
        mean=mean,
        sd=sd,
        skewness=float((squares * centred).mean()) / variance**1.5 if moves else nan,
        kurtosis=float((squares * squares).mean()) / variance**2 if moves else nan,
        sharpe=(mean - convention.risk_free_per_period) / sd * math.sqrt(convention.periods_per_year) if moves else nan,
        sums=sums,
        squares=sums_of_squares,
        **ends,
    )


def _blocks(returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    rows = returns.size // BLOCKS
    if not rows:
        return np.empty(0), np.empty(0)
    cut = returns[returns.size % BLOCKS :].reshape(BLOCKS, rows)
    return cut.sum(axis=1), (cut * cut).sum(axis=1)


def canonical(value: Any) -> Any:
    """Return nested plain values in the one form that equal choices share: every number a float, sequences as lists.

    Examples
    --------
    >>> canonical({"weight": 1, "reject": True, "tiers": (1, None)})
    {'reject': True, 'tiers': [1.0, None], 'weight': 1.0}
    """
    if isinstance(value, Mapping):
        return {str(key): canonical(each) for key, each in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [canonical(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
