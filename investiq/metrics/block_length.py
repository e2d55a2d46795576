"""How long the blocks of a bootstrap must be to keep the dependence of a series."""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple

import numpy as np

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.inputs import Floats, finite, returns_of

__all__ = ["BlockLengths", "optimal_block_length", "politis_white_block_length"]

# Below this the rule would look at more autocorrelations than the series has.
LEAST_VALUES: Final = 20


class BlockLengths(NamedTuple):
    """Mean block length of the stationary bootstrap, and block length of the circular one; not rounded."""

    stationary: float
    circular: float


def politis_white_block_length(series: Floats) -> BlockLengths:
    """Return the block lengths of Politis and White for the mean of a series [1]_, as corrected [2]_.

    The lag beyond which ``max(5, log10 n)`` autocorrelations in a row are
    insignificant is doubled; up to there, a flat-top window gives the long-run
    variance and its slope, from which the length follows.

    Parameters
    ----------
    series : ndarray or Series of shape (n_values,)
        Any stationary series without NaN; not only returns.

    Returns
    -------
    BlockLengths
        At most ``ceil(min(3 sqrt(n), n / 3))``; near 0 for white noise.

    Raises
    ------
    DataError
        If it holds NaN.
    InsufficientDataError
        If there are fewer than 20 values, or all are equal.

    References
    ----------
    .. [1] Politis, D. N. and White, H. (2004). "Automatic block-length selection
       for the dependent bootstrap." Econometric Reviews 23(1), 53-70.
    .. [2] Patton, A., Politis, D. N. and White, H. (2009). "Correction to
       automatic block-length selection." Econometric Reviews 28(4), 372-375.
    """
    values = finite("series", series)
    size = values.size
    if size < LEAST_VALUES:
        raise InsufficientDataError(f"a block length needs {LEAST_VALUES} values, received {size}")
    if np.ptp(values) == 0:
        raise InsufficientDataError("all values are equal: a constant has no block length")
    off = values - values.mean()
    run = max(5, int(math.log10(size)))
    longest = math.ceil(math.sqrt(size)) + run
    products = np.array([off[lag:] @ off[: size - lag] for lag in range(longest + 1)])
    # Each correlation is scaled by the sums of squares of the parts that overlap one lag further on.
    squares = np.concatenate(([0.0], np.cumsum(off * off)))
    steps = np.arange(1, longest + 2)
    scale = np.sqrt((squares[size] - squares[steps]) * squares[size - steps])
    small = np.abs(products) < 2 * math.sqrt(math.log10(size) / size) * scale
    runs = np.lib.stride_tricks.sliding_window_view(small[:longest], run).all(axis=1)
    reach = min(2 * max(int(np.argmax(runs)), 1), longest) if runs.any() else longest

    lags = np.arange(1, reach + 1)
    window = np.minimum(1.0, 2 * (1 - lags / reach))
    covariances = products / size
    slope = 2 * float((window * lags) @ covariances[1 : reach + 1])
    variance = float(covariances[0] + 2 * window @ covariances[1 : reach + 1])
    most = math.ceil(min(3 * math.sqrt(size), size / 3))
    ratio = slope * slope / variance**2 * size
    return BlockLengths(min(ratio ** (1 / 3), most), min((1.5 * ratio) ** (1 / 3), most))


def optimal_block_length(returns: Floats, scheme: Literal["stationary", "circular"] = "stationary") -> float:
    """Return the block length for a bootstrap of returns.

    The larger one of `politis_white_block_length` of the returns and of their
    squares, so that clusters of volatility survive too; at least 1 and at most
    a quarter of the returns.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    scheme : {"stationary", "circular"}

    Returns
    -------
    float
        In periods, not rounded: the mean length of stationary blocks.

    Raises
    ------
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than 20 returns, or all are equal.

    Examples
    --------
    >>> import investiq as iq
    >>> returns = iq.load_bars("^GSPC").frame["close"].pct_change().iloc[1:]
    >>> round(optimal_block_length(returns), 1), round(politis_white_block_length(returns).stationary, 1)
    (136.2, 9.1)
    """
    if scheme not in ("stationary", "circular"):
        raise ConfigError(f"scheme must be 'stationary' or 'circular', was {scheme!r}")
    values = returns_of(returns, least=LEAST_VALUES, purpose="a block length")
    lengths = [getattr(politis_white_block_length(values), scheme)]
    squares = values * values
    # Returns of one size, up or down, have constant squares: they add nothing.
    if np.ptp(squares) > 0:
        lengths.append(getattr(politis_white_block_length(squares), scheme))
    return float(min(max(1.0, *lengths), values.size / 4))
