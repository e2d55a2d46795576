"""Trials beside each other, from sums over 16 blocks of time: how many they are worth, and whether the best of them lasts."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.notes import Note
from investiq.metrics.formulas import ROUNDING

if TYPE_CHECKING:
    from investiq.metrics.overfitting import MomentStatistic
    from investiq.metrics.overfitting_result import Overfitting

__all__ = ["MOST_FOR_PBO", "effective_number", "overfitting_of"]

FloatArray = NDArray[np.float64]

# PBO of so many trials takes a fifth of a second; of more, as many are taken at equal steps.
MOST_FOR_PBO: Final = 2_000


def effective_number(sums: FloatArray, group: NDArray[np.int64]) -> tuple[float, float]:
    """Return how many independent trials these are worth, and the mean correlation of two that share their rows.

    ``rho + (1 - rho) N`` in each group of trials over the same rows, rho the mean
    correlation of their sums over 16 blocks of time, not below 0; groups add up.
    A trial that never varies correlates with none.

    Parameters
    ----------
    sums : ndarray of float64, shape (n_trials, 16)
        NaN where a trial has fewer than 16 returns.
    group : ndarray of int64, shape (n_trials,)
        Trials of one group share their rows; numbered from 0.

    Examples
    --------
    >>> steps = np.tile([1.0, -1.0], 8)
    >>> effective_number(np.array([steps, 2 * steps, steps + 5]), np.array([0, 0, 0]))
    (1.0, 1.0)
    """
    total, products, pairs = 0.0, 0.0, 0
    for place in range(int(group.max()) + 1):
        members = sums[group == place].T
        size = members.shape[1]
        if size <= 1 or np.isnan(members).any():
            total += size
            continue
        centred = members - members.mean(axis=0)
        lengths = np.sqrt((centred * centred).sum(axis=0))
        unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > ROUNDING)
        # The sum over all pairs is the square of the sum, less that of each with itself.
        joint = unit.sum(axis=1)
        off_diagonal = float(joint @ joint) - int((lengths > ROUNDING).sum())
        rho = min(max(off_diagonal / (size * (size - 1)), 0.0), 1.0)
        total += rho + (1 - rho) * size
        products += off_diagonal
        pairs += size * (size - 1)
    return total, products / pairs if pairs else math.nan


def overfitting_of(
    sums: FloatArray,
    squares: FloatArray,
    rows: int,
    risk_free: float | FloatArray,
    statistic: MomentStatistic = "sharpe",
) -> Overfitting:
    """Return PBO of trials over the same rows; of more than 2,000, of as many at equal steps, which a note says.

    Parameters
    ----------
    sums, squares : ndarray of float64, shape (n_trials, 16)
        Of the returns in each block.
    rows : int
        Returns in a block.
    risk_free : float or ndarray of shape (n_trials,)
        Per period; Sharpe ratios are of the returns in excess of it.
    statistic : {"sharpe", "mean", "sum"}
    """
    from investiq.metrics.overfitting import pbo_from_blocks

    total = len(sums)
    notes: tuple[Note, ...] = ()
    free = np.broadcast_to(np.asarray(risk_free, dtype=np.float64), total)
    if total > MOST_FOR_PBO:
        text = f"PBO is of {MOST_FOR_PBO:,} trials taken at equal steps from the {total:,} that share their rows"
        notes = (Note(code="pbo_of_a_sample", text=text, rows=MOST_FOR_PBO, severity="info"),)
        taken = np.linspace(0, total - 1, MOST_FOR_PBO).round().astype(np.int64)
        sums, squares, free = sums[taken], squares[taken], free[taken]
    if statistic == "sharpe":
        each = free[:, None]
        sums, squares = sums - rows * each, squares - 2 * each * sums + rows * each * each
    found = pbo_from_blocks(np.ascontiguousarray(sums.T), np.ascontiguousarray(squares.T), rows, statistic)
    return dataclasses.replace(found, notes=(*found.notes, *notes))
