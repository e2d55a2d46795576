"""Compiled loops of the probability of overfitting: statistics of halves from block sums, and ranks of the selected."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.core.compiling import jit

__all__ = ["judge_halves", "judge_split"]

# Variance below this share of the mean square is what rounding leaves of a constant.
_NO_VARIANCE: Final = 1e-12
# Statistics closer than this share of the largest are one: those of a rule at two sizes differ by rounding.
_TIE: Final = 1e-12


@jit
def judge_halves(sums, squares, rows, halves, by_sharpe, found):  # type: ignore[no-untyped-def]
    """Judge every split, and return how many halves of a trial have no variance.

    `halves` lists the blocks of every half in lexicographic order, in which the
    complement of half ``k`` is half ``-1 - k``: each pair is computed once and
    serves two splits. Row ``k`` of `found` is written by `judge_split`.
    """
    count, trials = halves.shape[0], sums.shape[1]
    inside, outside = np.empty(trials), np.empty(trials)
    total, square = np.empty(trials), np.empty(trials)
    flat = 0
    for split in range(count // 2):
        mirror = count - 1 - split
        flat += _half(sums, squares, rows, halves[split], by_sharpe, total, square, inside)
        flat += _half(sums, squares, rows, halves[mirror], by_sharpe, total, square, outside)
        judge_split(inside, outside, found[split])
        judge_split(outside, inside, found[mirror])
    return flat


@jit
def _half(sums, squares, rows, blocks, by_sharpe, total, square, out):  # type: ignore[no-untyped-def]
    """Write the Sharpe ratio (or the sum) of every trial over `blocks`; return how many have no variance."""
    trials = sums.shape[1]
    total[:] = sums[blocks[0]]
    for block in blocks[1:]:
        for trial in range(trials):
            total[trial] += sums[block, trial]
    if not by_sharpe:
        out[:] = total
        return 0
    square[:] = squares[blocks[0]]
    for block in blocks[1:]:
        for trial in range(trials):
            square[trial] += squares[block, trial]
    n = rows * blocks.size
    flat = 0
    for trial in range(trials):
        mean = total[trial] / n
        spread = square[trial] - mean * total[trial]
        is_flat = spread <= _NO_VARIANCE * square[trial]
        flat += is_flat
        ratio = mean / np.sqrt(spread / (n - 1))
        out[trial] = 0.0 if is_flat else ratio
    return flat


@jit
def judge_split(inside, outside, found):  # type: ignore[no-untyped-def]
    """Select the best trial `inside` and rank it `outside`.

    Writes into `found`: its statistic inside, outside, the mean of all trials
    outside, its rank (1 worst, ties averaged), trials tied for best, and trials
    tied with it outside. Where several are best, outside values are averages over them.
    """
    trials = inside.size
    best, near_in, near_out = inside[0], 0.0, 0.0
    for trial in range(trials):
        best = max(best, inside[trial])
        near_in = max(near_in, _TIE * abs(inside[trial]))
        near_out = max(near_out, _TIE * abs(outside[trial]))
    tied, first, mean = 0, 0, 0.0
    for trial in range(trials):
        mean += outside[trial]
        if inside[trial] >= best - near_in:
            if tied == 0:
                first = trial
            tied += 1
    found[0], found[2], found[4] = best, mean / trials, tied
    if tied == 1:
        value = outside[first]
        below, level = 0, 0
        for other in outside:
            below += other < value - near_out
            level += abs(other - value) <= near_out
        found[1], found[3], found[5] = value, below + (level + 1) / 2, level - 1
        return
    ordered = np.sort(outside)
    value_sum, rank_sum, level_sum = 0.0, 0.0, 0
    for trial in range(first, trials):
        if inside[trial] >= best - near_in:
            value = outside[trial]
            below = np.searchsorted(ordered, value - near_out, side="left")
            level = np.searchsorted(ordered, value + near_out, side="right") - below
            value_sum += value
            rank_sum += below + (level + 1) / 2
            level_sum += level - 1
    found[1], found[3], found[5] = value_sum / tied, rank_sum / tied, level_sum / tied
