"""W7: the probability of backtest overfitting of 1,000 strategies over 2,520 days, 16 blocks, all 12,870 splits.

Slicing the halves of each split out of the returns, as the definition reads, takes
minutes; it is timed on a sample of the splits and scaled to all of them. Before
that, the logits of the sample must be equal. Adding up sums of blocks in numpy,
a matrix product for a batch of splits, is the other way to be exact.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common
from investiq.metrics.overfitting import probability_of_backtest_overfitting

DAYS, STRATEGIES, BLOCKS = 2_520, 1_000, 16
SAMPLE = 20
BATCH = 500
OURS, NAIVE, NUMPY = "InvestIQ, all splits", f"slicing, scaled from {SAMPLE} splits", "numpy block sums, all splits"

Floats = NDArray[np.float64]


def naive(returns: Floats, halves: NDArray[np.int64]) -> Floats:
    """Return the logit of each half, its rows sliced out of the returns."""
    rows = len(returns) // BLOCKS
    cut = returns[len(returns) - rows * BLOCKS :].reshape(BLOCKS, rows, -1)
    trials = cut.shape[2]
    logits = []
    for half in halves:
        other = np.setdiff1d(np.arange(BLOCKS), half)
        inside, outside = (_sharpe(cut[each].reshape(-1, trials)) for each in (half, other))
        relative = (outside <= outside[inside.argmax()]).sum() / (trials + 1)
        logits.append(np.log(relative / (1 - relative)))
    return np.array(logits)


def block_sums(returns: Floats, halves: NDArray[np.int64]) -> Floats:
    """Return the logit of each half from sums and sums of squares of blocks, a matrix product a batch."""
    rows = len(returns) // BLOCKS
    cut = returns[len(returns) - rows * BLOCKS :].reshape(BLOCKS, rows, -1)
    sums, squares = cut.sum(axis=1), (cut * cut).sum(axis=1)
    size = rows * BLOCKS // 2
    member = np.zeros((len(halves), BLOCKS))
    np.put_along_axis(member, halves, 1.0, axis=1)
    logits = []
    for first in range(0, len(halves), BATCH):
        inside, outside = (
            _ratio(each @ sums, each @ squares, size)
            for each in (member[first : first + BATCH], 1 - member[first : first + BATCH])
        )
        chosen = np.take_along_axis(outside, inside.argmax(axis=1, keepdims=True), axis=1)
        relative = (outside <= chosen).sum(axis=1) / (cut.shape[2] + 1)
        logits.append(np.log(relative / (1 - relative)))
    return np.concatenate(logits)


def _sharpe(half: Floats) -> Floats:
    return half.mean(axis=0) / half.std(axis=0, ddof=1)


def _ratio(total: Floats, square: Floats, size: int) -> Floats:
    mean = total / size
    return mean / np.sqrt((square - size * mean * mean) / (size - 1))


def main() -> str:
    """Check the logits, time the three ways; return the report as Markdown."""
    returns = 0.01 * np.random.default_rng(4).standard_normal((DAYS, STRATEGIES))
    halves = np.array(list(combinations(range(BLOCKS), BLOCKS // 2)))
    sample = np.random.default_rng(0).choice(len(halves), SAMPLE, replace=False)
    found = probability_of_backtest_overfitting(returns)
    np.testing.assert_allclose(found.logits[sample], naive(returns, halves[sample]), rtol=1e-12)
    np.testing.assert_allclose(found.logits, block_sums(returns, halves), rtol=1e-12)
    timings = common.interleaved(
        {
            OURS: lambda: probability_of_backtest_overfitting(returns),
            NUMPY: lambda: block_sums(returns, halves),
            NAIVE: lambda: naive(returns, halves[sample]),
        },
        rounds=5,
    )
    scale = len(halves) / SAMPLE
    timings[NAIVE] = common.Timing(*(scale * seconds for seconds in timings[NAIVE]))
    common.save("w7_pbo", {"seconds": {name: timing._asdict() for name, timing in timings.items()}})
    return "\n\n".join(
        [
            f"## W7: probability of overfitting, {len(halves):,} splits of {STRATEGIES:,} strategies over {DAYS:,} days",
            f"All logits were equal first; on this noise PBO is {found.pbo:.3f}.",
            common.markdown(timings, OURS),
        ]
    )


if __name__ == "__main__":
    print(main())
