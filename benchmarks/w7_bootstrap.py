"""W7: resampling 2,520 daily returns: an interval for the Sharpe ratio, and paths of a year.

(a) 1,000 draws of independent rows and their percentile interval: InvestIQ, arch's
`IIDBootstrap`, a numpy loop and one numpy matrix. (b) Final value and deepest
drawdown of 10,000 paths of 252 days in circular blocks of 21, with their quantiles:
InvestIQ against one numpy matrix.

Each engine draws rows of its own, so equality is checked twice: on InvestIQ's rows
numpy must give the same numbers to 1e-10, and the bounds of every engine must agree
within what their draws leave uncertain.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from arch.bootstrap import IIDBootstrap
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common
from investiq.metrics.bootstrap import bootstrap_interval
from investiq.metrics.path_simulation import simulate_paths
from investiq.metrics.resampling import bootstrap_indices

DAYS, DRAWS = 2_520, 1_000
PATHS, HORIZON, BLOCK = 10_000, 252, 21
TAILS = (0.025, 0.975)
QUANTILES = (0.05, 0.5, 0.95)
OURS = "InvestIQ"

Floats = NDArray[np.float64]


def sharpe(returns: Floats) -> float:
    """Return the Sharpe ratio of one period."""
    return float(returns.mean() / returns.std(ddof=1))


def interval_peers(returns: Floats) -> dict[str, Callable[[], Floats]]:
    """Return what gives the interval, by engine."""

    def ours() -> Floats:
        found = bootstrap_interval(returns, "sharpe", scheme="iid", draws=DRAWS)
        return np.array([found.low, found.high])

    def archs() -> Floats:
        return np.ravel(IIDBootstrap(returns, seed=0).conf_int(sharpe, DRAWS, method="percentile"))

    def loop() -> Floats:
        generator = np.random.default_rng(0)
        drawn = [sharpe(returns[generator.integers(0, DAYS, DAYS)]) for _ in range(DRAWS)]
        return np.quantile(drawn, TAILS)

    def matrix() -> Floats:
        drawn = returns[np.random.default_rng(0).integers(0, DAYS, (DRAWS, DAYS))]
        return np.quantile(drawn.mean(axis=1) / drawn.std(axis=1, ddof=1), TAILS)

    return {OURS: ours, "arch": archs, "numpy loop": loop, "numpy matrix": matrix}


def ends(returns: Floats, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return total returns and deepest drawdowns of paths given as rows, one matrix at a time."""
    wealth = np.cumprod(1 + returns[rows], axis=1)
    peaks = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    return wealth[:, -1] - 1, np.minimum((wealth / peaks - 1).min(axis=1), 0.0)


def path_peers(returns: Floats) -> dict[str, Callable[[], Floats]]:
    """Return what gives the quantiles of return and drawdown, by engine."""

    def ours() -> Floats:
        found = simulate_paths(returns, horizon=HORIZON, paths=PATHS, scheme="circular", block=BLOCK)
        return np.quantile([found.final_returns, found.max_drawdowns], QUANTILES, axis=1)

    def matrix() -> Floats:
        starts = np.random.default_rng(0).integers(0, DAYS, (PATHS, HORIZON // BLOCK))
        rows = (starts[:, :, np.newaxis] + np.arange(BLOCK)).reshape(PATHS, HORIZON) % DAYS
        return np.quantile(ends(returns, rows), QUANTILES, axis=1)

    return {OURS: ours, "numpy matrix": matrix}


def check(returns: Floats) -> tuple[Floats, Floats]:
    """Refuse to time what does not give the same; return the interval and the quantiles."""
    found = bootstrap_interval(returns, "sharpe", scheme="iid", draws=DRAWS)
    drawn = returns[bootstrap_indices(DAYS, DRAWS, scheme="iid")]
    np.testing.assert_allclose(found.draws, drawn.mean(axis=1) / drawn.std(axis=1, ddof=1), rtol=1e-10)
    # A bound of 1,000 draws is uncertain by 0.085 of the standard error, the difference of two by 0.12.
    for name, call in interval_peers(returns).items():
        np.testing.assert_allclose(call(), (found.low, found.high), atol=0.48 * found.standard_error, err_msg=name)

    paths = simulate_paths(returns, horizon=HORIZON, paths=PATHS, scheme="circular", block=BLOCK)
    rows = bootstrap_indices(DAYS, PATHS, scheme="circular", block=BLOCK, length=HORIZON)
    finals, falls = ends(returns, rows)
    np.testing.assert_allclose(paths.final_returns, finals, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(paths.max_drawdowns, falls, rtol=1e-10, atol=1e-13)
    quantiles = np.quantile([paths.final_returns, paths.max_drawdowns], QUANTILES, axis=1)
    # A 5 % quantile of 10,000 paths is uncertain by 0.021 of the paths' standard deviation; of two, times 1.41; four of those.
    spread = np.array([finals.std(), falls.std()])
    for name, call in path_peers(returns).items():
        apart = np.abs(call() - quantiles) / spread
        if apart.max() > 0.12:
            raise AssertionError(f"{name}: a quantile is {apart.max():.2f} standard deviations away")
    return np.array([found.low, found.high]), quantiles


def main() -> str:
    """Check and time every engine; return the report as Markdown."""
    returns = np.random.default_rng(3).standard_normal(DAYS) * 0.01 + 0.0004
    interval, quantiles = check(returns)
    intervals, paths = common.interleaved(interval_peers(returns)), common.interleaved(path_peers(returns))
    seconds = {
        title: {name: each._asdict() for name, each in timings.items()}
        for title, timings in (("interval", intervals), ("paths", paths))
    }
    common.save("w7_bootstrap", {"seconds": seconds})
    agreed = (
        f"All agree within what their draws leave uncertain; InvestIQ's: {interval[0]:.4f} to {interval[1]:.4f} a day. "
        "On the same rows numpy gives the same draws to 1e-10."
    )
    same = (
        f"On the same rows numpy gives the same paths to 1e-10. Median return {quantiles[1][0]:.2%}, "
        f"5th percentile of the drawdown {quantiles[0][1]:.2%}."
    )
    return "\n\n".join(
        [
            f"## W7a: percentile interval of the Sharpe ratio of {DAYS:,} returns, {DRAWS:,} draws of independent rows",
            agreed,
            common.markdown(intervals, OURS),
            f"## W7b: {PATHS:,} paths of {HORIZON} days in circular blocks of {BLOCK}, quantiles of return and drawdown",
            same,
            common.markdown(paths, OURS),
        ]
    )


if __name__ == "__main__":
    print(main())
