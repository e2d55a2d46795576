"""Scores from votes, and the place of a value in its own past; for all rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError

__all__ = ["agreement", "combine_votes", "group_votes", "percentile_rank", "z_score"]

FloatArray = NDArray[np.float64]

# Signals of one group measure one effect, so a group speaks with one voice and at most this loud.
GROUP_CAP: Final = 4.0
# A trailing year of daily bars; the shortest past in which a rank means something.
RANK_WINDOW: Final = 252
RANK_MINIMUM: Final = 60


def group_votes(weights: FloatArray, groups: Sequence[str]) -> dict[str, FloatArray]:
    """Return one net vote per group of signals.

    Parameters
    ----------
    weights : ndarray of shape (n_signals, n_rows)
        Signed weight of each signal: positive bullish, 0 where it is silent.
    groups : sequence of str, length n_signals
        Group of each signal.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        Sum of the group's weights, capped at 4 either way.
    """
    names = np.array(groups)
    return {
        group: np.clip(weights[names == group].sum(axis=0), -GROUP_CAP, GROUP_CAP) for group in dict.fromkeys(groups)
    }


def combine_votes(votes: Mapping[str, FloatArray]) -> FloatArray:
    """Return the engine score of each row from the net votes of its groups.

    ``100 * sum(votes) / sum(abs(votes)) * n / (n + 1)`` with n the number of groups
    whose vote is not zero: one group alone reaches 50, two 67, five 83, so that a
    single voice is never "Strong". No vote at all is 0.

    Parameters
    ----------
    votes : mapping of str to ndarray of shape (n_rows,)
        As `group_votes` returns them.

    Returns
    -------
    ndarray of shape (n_rows,)
        In [-100, 100].

    Examples
    --------
    >>> combine_votes({"trend": np.array([4.0, 4.0]), "mean reversion": np.array([0.0, -1.0])})
    array([50., 40.])
    """
    stacked = np.stack(list(votes.values()))
    total = np.abs(stacked).sum(axis=0)
    count = (stacked != 0).sum(axis=0)
    share = np.divide(stacked.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    score: FloatArray = 100 * share * count / (count + 1)
    return score


def agreement(votes: Mapping[str, FloatArray]) -> FloatArray:
    """Return the share of the votes' weight that the larger side has, in [0.5, 1]; NaN without a vote."""
    stacked = np.stack(list(votes.values()))
    total = np.abs(stacked).sum(axis=0)
    majority = np.maximum(stacked.clip(min=0).sum(axis=0), (-stacked).clip(min=0).sum(axis=0))
    share: FloatArray = np.full(total.shape, np.nan)
    np.divide(majority, total, out=share, where=total > 0)
    return share


def percentile_rank(values: FloatArray, window: int = RANK_WINDOW, minimum: int = RANK_MINIMUM) -> FloatArray:
    """Return where each value stands among the `window` values before it.

    ``(count below + 0.5 * count equal) / count`` over the trailing window, the
    current value excluded: the same statistic, at the same length, in its own past.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A statistic by row, NaN where unknown.
    window : int, default 252
        Rows to look back.
    minimum : int, default 60
        Known values that must lie in the window.

    Returns
    -------
    ndarray of shape (n_rows,)
        In [0, 1]; NaN where the value or `minimum` of its past is missing.

    Raises
    ------
    ConfigError
        If not ``1 <= minimum <= window``.

    Examples
    --------
    >>> percentile_rank(np.array([1.0, 2.0, 3.0, 2.0]), window=3, minimum=3)
    array([nan, nan, nan, 0.5])
    """
    import pandas as pd

    _check_window(window, minimum)
    # The rank among past and present counts the value itself once, and half of its equals: take one off.
    rolling = pd.Series(values).rolling(window + 1, min_periods=minimum + 1)
    return ((rolling.rank() - 1) / (rolling.count() - 1)).to_numpy()


def z_score(values: FloatArray, window: int = RANK_WINDOW, minimum: int = RANK_MINIMUM) -> FloatArray:
    """Return how many standard deviations each value lies from the mean of the `window` values before it.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A statistic by row, NaN where unknown.
    window : int, default 252
        Rows to look back, the current one excluded.
    minimum : int, default 60
        Known values that must lie in the window; at least 2.

    Returns
    -------
    ndarray of shape (n_rows,)
        ``(value - mean) / sample deviation`` (ddof 1); 0 where the past did not
        vary; NaN where the value or `minimum` of its past is missing. Values of
        overlapping windows are alike, which makes their deviation too small.

    Raises
    ------
    ConfigError
        If not ``2 <= minimum <= window``.

    Examples
    --------
    >>> z_score(np.array([1.0, 3.0, 5.0, 7.0]), window=3, minimum=3)
    array([nan, nan, nan,  2.])
    """
    import pandas as pd

    _check_window(window, minimum, least=2)
    past = pd.Series(values).shift(1).rolling(window, min_periods=minimum)
    mean, deviation = past.mean().to_numpy(), past.std(ddof=1).to_numpy()
    score = np.where(np.isnan(values) | np.isnan(deviation), np.nan, 0.0)
    # Rounding leaves a tiny deviation in a past that did not vary.
    np.divide(values - mean, deviation, out=score, where=deviation > 1e-12 * np.abs(mean))
    return score


def _check_window(window: int, minimum: int, least: int = 1) -> None:
    if not least <= minimum <= window:
        raise ConfigError(f"expected {least} <= minimum <= window, was minimum {minimum} and window {window}")
