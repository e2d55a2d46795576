"""Draws from a series of returns: schemes, seeds, and threads that do not change a number."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.metrics.block_length import optimal_block_length
from investiq.metrics.inputs import FloatArray
from investiq.metrics.options import seed_of, whole

__all__ = ["Scheme", "bootstrap_indices"]

Scheme: TypeAlias = Literal["stationary", "circular", "iid"]

# The numbers that the compiled draws know the schemes by.
_CODES: Final[dict[str, int]] = {"iid": 0, "circular": 1, "stationary": 2}
# The compiled draws count rows in 32 bits.
_MOST_ROWS: Final = 2**31 - 1
# Below so many resampled values a second thread costs more than it saves.
_WORTH_A_THREAD: Final = 1_000_000


def bootstrap_indices(
    count: int,
    draws: int,
    *,
    scheme: Scheme = "stationary",
    block: float = 1.0,
    length: int | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return the rows of bootstrap draws: the very ones that every bootstrap here takes.

    Use one result for a strategy, its benchmark and its factors, so that what
    happened together stays together.

    Parameters
    ----------
    count : int
        Rows to draw from.
    draws : int
    scheme : {"stationary", "circular", "iid"}
        Blocks of random length with mean `block` [1]_, blocks of fixed length
        [2]_ (both wrap around the end), or single rows.
    block : float, default 1.0
        Length of a block, at least 1; a whole number where it is fixed.
    length : int, optional
        Rows in a draw; by default `count`.
    seed : int, default 0

    Returns
    -------
    ndarray of int64, shape (draws, length)

    Raises
    ------
    ConfigError
        If a number is out of range.

    References
    ----------
    .. [1] Politis, D. N. and Romano, J. P. (1994). "The stationary bootstrap."
       Journal of the American Statistical Association 89, 1303-1313.
    .. [2] Politis, D. N. and Romano, J. P. (1992). "A circular block-resampling
       procedure for stationary data." In Exploring the Limits of Bootstrap, Wiley.

    Examples
    --------
    >>> rows = bootstrap_indices(10, 3, scheme="circular", block=5)
    >>> rows.shape, [int(step) for step in np.diff(rows[0][:5]) % 10]
    ((3, 10), [1, 1, 1, 1])
    """
    from investiq.metrics import bootstrap_kernels

    for name, number in (("count", count), ("draws", draws), ("length", count if length is None else length)):
        whole(name, number, 1, _MOST_ROWS)
    length_of_block = block_of(None, scheme, block, count)
    rows = np.empty((draws, count if length is None else length), dtype=np.int64)
    bootstrap_kernels.draw_rows(key_of(seed), 0, count, code_of(scheme), length_of_block, rows)
    return rows


def code_of(scheme: str) -> int:
    """Return the number of a scheme."""
    if scheme not in _CODES:
        raise ConfigError(f"scheme must be 'stationary', 'circular' or 'iid', was {scheme!r}")
    return _CODES[scheme]


def block_of(returns: FloatArray | None, scheme: Scheme, block: float | None, count: int) -> float:
    """Return the length of a block: as asked for, or the optimal one of `returns`, rounded where it is fixed."""
    code_of(scheme)
    if scheme == "iid":
        if block not in (None, 1):
            raise ConfigError(f"scheme 'iid' draws single rows and takes no block, was {block}")
        return 1.0
    if block is None:
        if returns is None:
            raise ConfigError(f"scheme {scheme!r} needs a block length")
        found = optimal_block_length(returns, scheme)
        return found if scheme == "stationary" else float(math.ceil(found))
    if isinstance(block, bool) or not isinstance(block, (int, float, np.number)) or not 1 <= block <= count:
        raise ConfigError(f"block must lie between 1 and the {count} rows, was {block!r}")
    if scheme == "circular" and block != int(block):
        raise ConfigError(f"a circular block has a whole number of rows, was {block}")
    return float(block)


def key_of(seed: int) -> np.uint64:
    """Return the key of all draws from a seed."""
    return np.random.default_rng(seed_of(seed)).integers(2**64, dtype=np.uint64)


def over_threads(run: Callable[..., object], draws: int, length: int, *outputs: NDArray[np.float64]) -> None:
    """Call ``run(first, *parts of the outputs)`` for parts of the draws, in threads where that is quicker.

    `run` writes each draw from its own number, so the parts do not change a result.
    """
    workers = min(os.cpu_count() or 1, draws * length // _WORTH_A_THREAD, draws)
    if workers < 2:
        run(0, *outputs)
        return
    edges = np.linspace(0, draws, workers + 1).astype(int)
    parts = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(run, first, *(each[first:last] for each in outputs)) for first, last in parts]
        for job in jobs:
            job.result()
