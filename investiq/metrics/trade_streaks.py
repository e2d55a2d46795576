"""Whether wins and losses come in streaks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import Floats, finite

__all__ = ["RunsTest", "Streaks", "runs_test", "streaks"]


@dataclass(frozen=True)
class Streaks(Readout):
    """Runs of wins and of losses, in the order in which the trades were closed.

    Attributes
    ----------
    wins, losses : tuple of int
        Length of each streak, in time order; a flat trade ends a streak of either kind.
    longest_wins, longest_losses : int
        0 where there is none.
    mean_wins, mean_losses : float
        NaN where there is none.
    win_after_win, win_after_loss : float
        Share of the trades right after a win (a loss) that won; NaN where none followed.
    """

    units: ClassVar[dict[str, Unit]] = {
        "longest_wins": "count",
        "longest_losses": "count",
        "mean_wins": "ratio",
        "mean_losses": "ratio",
        "win_after_win": "fraction",
        "win_after_loss": "fraction",
    }
    wins: tuple[int, ...]
    losses: tuple[int, ...]
    longest_wins: int
    longest_losses: int
    mean_wins: float
    mean_losses: float
    win_after_win: float
    win_after_loss: float


@dataclass(frozen=True)
class RunsTest(Readout):
    """The test of Wald and Wolfowitz, whether wins and losses come in random order.

    Attributes
    ----------
    runs : int
    expected : float
        Under a random order.
    z : float
        Below zero where outcomes cluster, above where they alternate.
    p_value : float
        Two-sided, normal approximation without continuity correction.
    """

    units: ClassVar[dict[str, Unit]] = {"runs": "count", "expected": "ratio", "z": "ratio", "p_value": "p_value"}
    runs: int
    expected: float
    z: float
    p_value: float


def streaks(pnl: Floats) -> Streaks:
    """Return the streaks of wins and losses.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each round trip in the order of their exits, without NaN.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If there is no closed trade.

    Examples
    --------
    >>> found = streaks(np.array([1.0, 2.0, -1.0, -1.0, -2.0, 3.0]))
    >>> found.longest_wins, found.longest_losses, found.mean_wins, found.win_after_win
    (2, 3, 1.5, 0.5)
    """
    values = finite("pnl", pnl)
    if not values.size:
        raise InsufficientDataError("streaks need one closed trade, received 0")
    signs = np.sign(values).astype(np.int64)
    wins, losses = _lengths(signs, 1), _lengths(signs, -1)
    return Streaks(
        wins,
        losses,
        max(wins, default=0),
        max(losses, default=0),
        _mean(wins),
        _mean(losses),
        _win_after(signs, 1),
        _win_after(signs, -1),
    )


def runs_test(pnl: Floats) -> RunsTest:
    """Test whether wins and losses follow one another at random [1]_; flat trades are left out.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each round trip in the order of their exits, without NaN.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If there is no win, no loss, or fewer than three of both.

    References
    ----------
    .. [1] Wald, A. and Wolfowitz, J. (1940). "On a test whether two samples are
       from the same population." Annals of Mathematical Statistics 11(2), 147-162.

    Examples
    --------
    >>> found = runs_test(np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0]))
    >>> found.runs, found.expected
    (3, 4.0)
    """
    values = finite("pnl", pnl)
    is_won = values[values != 0] > 0
    won, n = int(np.count_nonzero(is_won)), is_won.size
    lost = n - won
    if not (won and lost and n >= 3):
        raise InsufficientDataError(
            f"the runs test needs three trades with a win and a loss, received {won} and {lost}"
        )
    runs = 1 + int(np.count_nonzero(is_won[1:] != is_won[:-1]))
    expected = 2 * won * lost / n + 1
    variance = (expected - 1) * (expected - 2) / (n - 1)
    z = (runs - expected) / math.sqrt(variance)
    return RunsTest(runs, expected, z, math.erfc(abs(z) / math.sqrt(2)))


def _lengths(signs: NDArray[np.int64], wanted: int) -> tuple[int, ...]:
    edges = np.diff(np.concatenate(([0], (signs == wanted).astype(np.int64), [0])))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return tuple(int(length) for length in lengths)


def _mean(lengths: tuple[int, ...]) -> float:
    return sum(lengths) / len(lengths) if lengths else math.nan


def _win_after(signs: NDArray[np.int64], before: int) -> float:
    following = signs[1:][signs[:-1] == before]
    return float(np.count_nonzero(following == 1) / following.size) if following.size else math.nan
