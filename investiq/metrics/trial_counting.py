"""What a search consisted of: how many independent trials, and how their Sharpe ratios spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics import formulas
from investiq.metrics.arrays import numbers
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EffectiveTrials", "effective_trials", "trial_sharpe_variance"]

# Trials whose returns correlate above this share more than half of their variance: ours, not of a paper.
_SAME_IDEA: Final = math.sqrt(0.5)


@dataclass(frozen=True)
class EffectiveTrials(Readout):
    """How many independent trials a set of correlated ones is worth.

    Attributes
    ----------
    number : float
        At least 1, at most `trials`.
    trials : int
        Columns.
    average_correlation : float
        Mean of the correlations of each two of them; NaN for one trial.
    method : str
    """

    units: ClassVar[dict[str, Unit]] = {"number": "ratio", "trials": "count", "average_correlation": "ratio"}
    number: float
    trials: int
    average_correlation: float
    method: str


def trial_sharpe_variance(trial_returns: FloatArray | pd.DataFrame, convention: Convention) -> float:
    """Return the variance (n - 1) of the per-period Sharpe ratios of several trials.

    Parameters
    ----------
    trial_returns : ndarray or DataFrame of shape (n_periods, n_trials)
        Simple returns of every trial, without NaN. A trial whose returns are all
        equal, such as one that never traded, has no ratio and is left out.
    convention : Convention

    Raises
    ------
    DataError
        If it holds NaN, or is not two-dimensional.
    InsufficientDataError
        If fewer than two trials have a Sharpe ratio.
    """
    convention_of(convention)
    values = _table_of(trial_returns)
    spreads = values.std(axis=0, ddof=convention.ddof)
    moves = spreads > formulas.ROUNDING
    if moves.sum() < 2:
        raise InsufficientDataError(
            f"the variance of Sharpe ratios needs 2 trials whose returns vary, received {moves.sum()}"
        )
    ratios = (values[:, moves].mean(axis=0) - convention.risk_free_per_period) / spreads[moves]
    return float(ratios.var(ddof=1))


def effective_trials(
    trial_returns: FloatArray | pd.DataFrame,
    *,
    method: Literal["average_correlation", "clusters"] = "average_correlation",
) -> EffectiveTrials:
    """Return how many independent trials a set of correlated ones is worth.

    Parameters
    ----------
    trial_returns : ndarray or DataFrame of shape (n_periods, n_trials)
        Simple returns of every trial over the same periods, without NaN. A trial
        whose returns are all equal counts as uncorrelated with the others.
    method : {"average_correlation", "clusters"}
        ``"average_correlation"``: ``rho + (1 - rho) n_trials``, rho the mean
        correlation of each two trials [1]_, not below 0. ``"clusters"``: the
        number of groups left when groups whose members correlate by more than
        0.71 on average are joined (average linkage); in the spirit of [2]_,
        which clusters by k-means and silhouettes.

    Returns
    -------
    EffectiveTrials

    Raises
    ------
    DataError
        If it holds NaN, or is not two-dimensional.
    InsufficientDataError
        If there is no trial, or there are fewer than three periods.

    References
    ----------
    .. [1] Bailey, D. H. and Lopez de Prado, M. (2014). "The deflated Sharpe
       ratio." Journal of Portfolio Management 40(5), 94-107, appendix 3.
    .. [2] Lopez de Prado, M. and Lewis, M. J. (2019). "Detection of false
       investment strategies using unsupervised learning methods." Quantitative
       Finance 19(9), 1555-1565.

    Examples
    --------
    Ten copies of one idea are one trial:

    >>> idea = np.random.default_rng(1).standard_normal((250, 1)) / 100
    >>> round(effective_trials(np.repeat(idea, 10, axis=1)).number, 9)
    1.0
    """
    values = _table_of(trial_returns)
    periods, trials = values.shape
    if periods < 3:
        raise InsufficientDataError(f"correlations of trials need 3 periods, received {periods}")
    if method not in ("average_correlation", "clusters"):
        raise ConfigError(f"method must be 'average_correlation' or 'clusters', was {method!r}")
    if trials == 1:
        return EffectiveTrials(1.0, 1, math.nan, method)
    correlations = _correlations(values)
    average = float((correlations.sum() - trials) / (trials * (trials - 1)))
    if method == "clusters":
        return EffectiveTrials(float(_groups(correlations)), trials, average, method)
    shared = max(average, 0.0)
    return EffectiveTrials(shared + (1 - shared) * trials, trials, average, method)


def _table_of(trial_returns: FloatArray | pd.DataFrame) -> FloatArray:
    values = numbers("trial_returns", trial_returns)
    if values.ndim != 2:
        raise DataError(f"trial_returns has {values.ndim} dimensions, expected 2: one column a trial, one row a period")
    if wrong := values.size - int(np.count_nonzero(np.isfinite(values))):
        raise DataError(
            f"trial_returns holds {wrong} NaN or infinite of {values.size}; pass the periods that all trials share"
        )
    if not values.shape[1]:
        raise InsufficientDataError("trial_returns has no column: pass one for every trial")
    return values


def _correlations(values: FloatArray) -> FloatArray:
    """Return the correlation matrix of the columns; a constant one correlates with none."""
    centred = values - values.mean(axis=0)
    lengths = np.sqrt((centred * centred).sum(axis=0))
    moves = lengths > formulas.ROUNDING * math.sqrt(len(values))
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=moves)
    found: FloatArray = np.clip(unit.T @ unit, -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def _groups(correlations: FloatArray) -> int:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(1 - correlations, checks=False), method="average")
    return int(fcluster(tree, t=1 - _SAME_IDEA, criterion="distance").max())
