"""Compiled resampling: rows of a draw, and the statistics of a draw without its matrix.

Each draw has a stream of its own, SplitMix64 [1]_ started from a hash of (key,
number of the draw), so that a draw is the same whoever computes it, in whichever
order and on however many threads. A row is the product of 32 random bits and the
number of rows, shifted: its probability is off by at most ``size / 2^32`` in
relative terms.

.. [1] Steele, G. L., Lea, D. and Flood, C. H. (2014). "Fast splittable
   pseudorandom number generators." OOPSLA 2014, 453-472.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.core.compiling import jit

__all__ = [
    "CIRCULAR",
    "IID",
    "MEAN",
    "SHARPE",
    "STATIONARY",
    "VOLATILITY",
    "difference_draws",
    "draw_rows",
    "hac_variance",
    "path_draws",
    "statistic_draws",
    "trade_draws",
]

IID: Final = 0
CIRCULAR: Final = 1
STATIONARY: Final = 2

MEAN: Final = 0
VOLATILITY: Final = 1
SHARPE: Final = 2

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)


@jit
def _mixed(state):  # type: ignore[no-untyped-def]
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


@jit
def _fill(key, draw, size, scheme, block, rows):  # type: ignore[no-untyped-def]
    """Write the rows of one draw: `rows.size` numbers in [0, size)."""
    state = _mixed(key + _STEP * np.uint64(draw + 1))
    wide = np.uint64(size)
    if scheme == IID:
        for place in range(rows.size):
            state += _STEP
            rows[place] = ((_mixed(state) >> _HALF) * wide) >> _HALF
    elif scheme == CIRCULAR:
        length, place = int(block), 0
        while place < rows.size:
            state += _STEP
            row: np.int64 | int = np.int64(((_mixed(state) >> _HALF) * wide) >> _HALF)
            for _ in range(min(length, rows.size - place)):
                rows[place] = row
                place += 1
                row = row + 1 if row + 1 < size else 0
    else:
        # A new block begins where the low 32 bits fall below this.
        begins = np.uint64(min(4294967296.0 / block, 4294967296.0))
        at: np.int64 | int = np.int64(size)
        for place in range(rows.size):
            state += _STEP
            bits = _mixed(state)
            at += 1
            if place == 0 or (bits & _LOW) < begins:
                at = np.int64(((bits >> _HALF) * wide) >> _HALF)
            elif at >= size:
                at = 0
            rows[place] = at


@jit
def draw_rows(key, first, size, scheme, block, out):  # type: ignore[no-untyped-def]
    """Write the rows of draws `first`, `first` + 1, ... into `out` (draws, length)."""
    for number in range(out.shape[0]):
        _fill(key, first + number, size, scheme, block, out[number])


@jit
def hac_variance(influence, lags):  # type: ignore[no-untyped-def]
    """Return the Bartlett long-run variance of a series of mean zero, none below 0."""
    size = influence.size
    total = 0.0
    for lag in range(lags + 1):
        product = 0.0
        for place in range(lag, size):
            product += influence[place] * influence[place - lag]
        total += product if lag == 0 else 2.0 * (1.0 - lag / (lags + 1.0)) * product
    return max(total / size, 0.0)


@jit
def _statistic(kind, mean, spread, risk_free):  # type: ignore[no-untyped-def]
    if kind == MEAN:
        return mean
    if kind == VOLATILITY:
        return spread
    return (mean - risk_free) / spread if spread > 0.0 else np.nan


@jit
def _influence(kind, values, mean, risk_free, out):  # type: ignore[no-untyped-def]
    """Write what each value adds to the statistic, to first order (population moments)."""
    size = values.size
    if kind == MEAN:
        for place in range(size):
            out[place] = values[place] - mean
        return
    squares = 0.0
    for place in range(size):
        squares += (values[place] - mean) ** 2
    spread = np.sqrt(squares / size)
    ratio = (mean - risk_free) / spread
    for place in range(size):
        z = (values[place] - mean) / spread
        out[place] = spread / 2.0 * (z * z - 1.0) if kind == VOLATILITY else z - ratio / 2.0 * (z * z - 1.0)


@jit
def statistic_draws(values, kind, ddof, risk_free, scheme, block, lags, key, first, estimates, errors):  # type: ignore[no-untyped-def]
    """Write the statistic of each draw, and its HAC standard error where `lags` >= 0."""
    size = values.size
    rows = np.empty(size, np.int64)
    chosen, influence = np.empty(size), np.empty(size)
    centre = 0.0
    for place in range(size):
        centre += values[place]
    centre /= size
    for number in range(estimates.size):
        _fill(key, first + number, size, scheme, block, rows)
        total, squares = 0.0, 0.0
        for place in range(size):
            off = values[rows[place]] - centre
            total += off
            squares += off * off
        mean = centre + total / size
        varied = squares - total * total / size
        # Equal values leave only rounding, some 1e-16 of what is subtracted.
        spread = np.sqrt(varied / (size - ddof)) if varied > 1e-13 * squares else 0.0
        estimates[number] = _statistic(kind, mean, spread, risk_free)
        if lags >= 0:
            for place in range(size):
                chosen[place] = values[rows[place]]
            _influence(kind, chosen, mean, risk_free, influence)
            errors[number] = np.sqrt(hac_variance(influence, lags) / size)


@jit
def difference_draws(a, b, risk_free, block, key, first, estimates, errors):  # type: ignore[no-untyped-def]
    """Write the difference of two Sharpe ratios over the same circular blocks, with the error from its block sums."""
    size = a.size
    rows = np.empty(size, np.int64)
    one, other = np.empty(size), np.empty(size)
    one_influence, other_influence = np.empty(size), np.empty(size)
    length = int(block)
    for number in range(estimates.size):
        _fill(key, first + number, size, CIRCULAR, block, rows)
        for place in range(size):
            one[place], other[place] = a[rows[place]], b[rows[place]]
        means = (one.mean(), other.mean())
        spreads = (one.std(), other.std())
        estimates[number] = (means[0] - risk_free) / spreads[0] - (means[1] - risk_free) / spreads[1]
        _influence(SHARPE, one, means[0], risk_free, one_influence)
        _influence(SHARPE, other, means[1], risk_free, other_influence)
        blocks = size // length
        total = 0.0
        for each in range(blocks):
            part = 0.0
            for place in range(each * length, (each + 1) * length):
                part += one_influence[place] - other_influence[place]
            total += part * part / length
        errors[number] = np.sqrt(total / blocks / size)


@jit
def trade_draws(pnl, key, first, won, gained, lost):  # type: ignore[no-untyped-def]
    """Write winners, gross profit and gross loss of each draw of trades."""
    size = pnl.size
    rows = np.empty(size, np.int64)
    for number in range(won.size):
        _fill(key, first + number, size, IID, 1.0, rows)
        winners, profit, loss = 0, 0.0, 0.0
        for place in range(size):
            value = pnl[rows[place]]
            if value > 0.0:
                winners += 1
                profit += value
            elif value < 0.0:
                loss -= value
        won[number], gained[number], lost[number] = winners, profit, loss


@jit
def path_draws(returns, horizon, scheme, block, key, first, finals, falls):  # type: ignore[no-untyped-def]
    """Write the final value of 1 after each path, and its deepest fall from a peak (the opening 1 is one)."""
    rows = np.empty(horizon, np.int64)
    for number in range(finals.size):
        _fill(key, first + number, returns.size, scheme, block, rows)
        value, peak, worst = 1.0, 1.0, 1.0
        for place in range(horizon):
            value *= 1.0 + returns[rows[place]]
            if value > peak:
                peak = value
            elif value < worst * peak:
                worst = value / peak
        finals[number], falls[number] = value, worst - 1.0
