"""The benchmark behind a share: beta with its error, whether it held, and relative volatility."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.quant.regression_kernel import trailing_regression
from investiq.engines.quant.returns import Sample, simple_returns
from investiq.engines.quant.windows import hold, quotient, trailing_sum
from investiq.engines.rules import FloatArray
from investiq.engines.scoring import z_score
from investiq.metrics.regression import newey_west_lags

__all__ = ["market_model"]

WINDOW: Final = 252
HALF: Final = 60
# Blume (1975), the weights in common use.
_BLUME: Final = (0.67, 0.33)
# A benchmark without a common day for so many bars has ended.
_STALE_BARS: Final = 10
_NAMES: Final = (
    "beta",
    "beta_standard_error",
    "beta_blume",
    "beta_r2",
    "beta_stability_shift",
    "beta_stability_p",
    "low_vol_factor_ratio",
)


def market_model(sample: Sample) -> dict[str, FloatArray]:
    """Return beta on the last 252 days that both traded, its change over the last 60, and the ratio of volatilities.

    A day counts where both have a close of it and of the bar before. Errors are
    Newey and West's. The change is beta of the last 60 days less that of the 60
    before; its p is Chow's test of one line for both.
    """
    rows = sample.rows
    market = simple_returns(sample.benchmark_close)
    at = np.flatnonzero(np.isfinite(market))
    found = dict.fromkeys(_NAMES, np.full(rows, np.nan))
    if at.size:
        rate = sample.returns[at] - sample.excess[at]
        columns = _columns(sample.excess[at], market[at] - rate)
        columns["low_vol_factor_ratio"] = _relative_volatility(sample.returns[at], market[at])
        # The return of row t is the one before it in the array of returns.
        found = {name: _spread(values, at + 1, rows) for name, values in columns.items()}
    return {**found, "low_vol_factor_z": z_score(found["low_vol_factor_ratio"])}


def _columns(mine: FloatArray, theirs: FloatArray) -> dict[str, FloatArray]:
    design = np.stack((np.ones(theirs.size), theirs))
    _, beta, _, error, explained, _ = trailing_regression(design, mine, WINDOW, newey_west_lags(WINDOW))
    before, after, whole = (_Line(mine, theirs, window) for window in (HALF, HALF, 2 * HALF))
    old_beta, old_squares = _shifted(before.beta), _shifted(before.squares)
    apart = old_squares + after.squares
    freedom = 2 * HALF - 4
    f = quotient((whole.squares - apart) / 2, apart / freedom, apart > 1e-14 * whole.moves)
    return {
        "beta": beta,
        "beta_standard_error": error,
        "beta_blume": _BLUME[0] * beta + _BLUME[1],
        "beta_r2": explained,
        "beta_stability_shift": after.beta - old_beta,
        "beta_stability_p": _f_tail(f, 2, freedom),
    }


def _relative_volatility(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    mine_moves, their_moves = (_Line(each, each, WINDOW).moves for each in (mine, theirs))
    return np.sqrt(quotient(mine_moves, their_moves, their_moves > 0))


class _Line:
    """Slope, squares of residuals and of moves of a regression over trailing windows, from running sums."""

    def __init__(self, y: FloatArray, x: FloatArray, window: int) -> None:
        mean_x, mean_y = trailing_sum(x, window) / window, trailing_sum(y, window) / window
        spread = trailing_sum(x * x, window) - window * mean_x**2
        common = trailing_sum(x * y, window) - window * mean_x * mean_y
        self.moves = np.maximum(trailing_sum(y * y, window) - window * mean_y**2, 0.0)
        self.beta = quotient(common, spread, spread > 1e-14)
        self.squares = np.maximum(self.moves - self.beta * common, 0.0)


def _shifted(values: FloatArray) -> FloatArray:
    return np.concatenate((np.full(min(HALF, values.size), np.nan), values[:-HALF]))


def _f_tail(statistic: FloatArray, numerator: int, denominator: int) -> FloatArray:
    from scipy.special import fdtrc

    tail: FloatArray = fdtrc(numerator, denominator, np.maximum(statistic, 0.0))
    return tail


def _spread(values: FloatArray, at: NDArray[np.int64], rows: int) -> FloatArray:
    """Return values of common days on all rows: the last one, while it is recent."""
    held = hold(values, at, rows)
    last = hold(at.astype(float), at, rows)
    return np.where(np.arange(rows) - last <= _STALE_BARS, held, np.nan)
