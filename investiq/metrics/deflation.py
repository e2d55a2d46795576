"""The Sharpe ratio after a search: what the best of many trials shows by luck alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics import formulas
from investiq.metrics.arrays import numbers
from investiq.metrics.conventions import Convention
from investiq.metrics.inputs import FloatArray, Floats
from investiq.metrics.sharpe_inference import probabilistic_sharpe_ratio_from_moments, sharpe_moments

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ACCEPTED_ABOVE",
    "DeflatedSharpe",
    "EffectiveTrials",
    "deflated_sharpe_ratio",
    "deflated_sharpe_ratio_from_moments",
    "effective_trials",
    "expected_maximum_sharpe",
    "minimum_backtest_length",
    "trial_sharpe_variance",
]

# Bailey and Lopez de Prado (2014) accept a strategy at this probability.
ACCEPTED_ABOVE: Final = 0.95

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329
# Trials whose returns correlate above this share more than half of their variance: ours, not of a paper.
_SAME_IDEA: Final = math.sqrt(0.5)


@dataclass(frozen=True, kw_only=True)
class DeflatedSharpe:
    """A deflated Sharpe ratio with what it was computed from; every ratio is per period.

    Attributes
    ----------
    probability : float
        That the true Sharpe ratio exceeds `expected_maximum`, in [0, 1].
    expected_maximum : float
        Sharpe ratio that the best of the trials is expected to show by luck.
    trials : float
        Effective number of independent trials.
    sharpe_variance : float
        Variance of the Sharpe ratios of the trials.
    sharpe : float
    count : int
        Returns.
    skewness, kurtosis : float
        Kurtosis is raw.
    caution : str
        What limits the number; empty otherwise.
    """

    probability: float
    expected_maximum: float
    trials: float
    sharpe_variance: float
    sharpe: float
    count: int
    skewness: float
    kurtosis: float
    caution: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the probability exceeds 0.95."""
        return self.probability > ACCEPTED_ABOVE


class EffectiveTrials(NamedTuple):
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

    number: float
    trials: int
    average_correlation: float
    method: str


def expected_maximum_sharpe(trials: float, sharpe_variance: float) -> float:
    """Return the Sharpe ratio that the best of `trials` without skill is expected to show [1]_.

    ``sqrt(V) ((1 - e) Z(1 - 1 / N) + e Z(1 - 1 / (N exp(1))))``, e the
    Euler-Mascheroni constant: an approximation that exceeds the exact mean of
    the largest of N normal numbers by 2 % at 10 and 1 % at 100.

    Parameters
    ----------
    trials : float
        Effective number of independent trials, at least 1. For 1 it is 0, and
        also where the approximation falls below 0, between 1 and about 1.3.
    sharpe_variance : float
        Variance of the trials' Sharpe ratios; the result is in the same periods.

    Raises
    ------
    ConfigError
        If `trials` is below 1, or the variance negative.

    References
    ----------
    .. [1] Bailey, D. H. and Lopez de Prado, M. (2014). "The deflated Sharpe
       ratio." Journal of Portfolio Management 40(5), 94-107.

    Examples
    --------
    >>> round(expected_maximum_sharpe(10, 1.0), 4), round(expected_maximum_sharpe(1000, 1.0), 4)
    (1.5746, 3.2551)
    """
    if not 1 <= trials < math.inf:
        raise ConfigError(f"trials must be at least 1, was {trials}: count every variant that was tried, this one too")
    if not 0 <= sharpe_variance < math.inf:
        raise ConfigError(f"sharpe_variance must be at least 0, was {sharpe_variance}")
    if trials == 1:
        return 0.0
    # The lower quantiles, as 1 - 1 / N has lost its digits for large N.
    bracket = -(1 - _EULER) * _NORMAL.inv_cdf(1 / trials) - _EULER * _NORMAL.inv_cdf(1 / (trials * math.e))
    return math.sqrt(sharpe_variance) * max(bracket, 0.0)


def deflated_sharpe_ratio_from_moments(
    sharpe: float,
    count: int,
    *,
    trials: float,
    sharpe_variance: float,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
) -> DeflatedSharpe:
    """Return the probability that a Sharpe ratio found by search is not the luck of the search [1]_.

    The probabilistic Sharpe ratio against `expected_maximum_sharpe`.

    Parameters
    ----------
    sharpe : float
        Per period, of the trial that was selected.
    count : int
        Returns, at least 2.
    trials : float
        Effective number of independent trials; see `effective_trials`. With 1
        nothing is deflated, and the result says so.
    sharpe_variance : float
        Variance of the trials' Sharpe ratios per period; see `trial_sharpe_variance`.
    skewness, kurtosis : float
        Kurtosis is raw. By default those of a normal distribution.

    Raises
    ------
    ConfigError
        If `trials` is below 1, or the variance negative.
    DataError
        If no distribution has these moments.
    InsufficientDataError
        If `count` is below 2.

    References
    ----------
    .. [1] Bailey, D. H. and Lopez de Prado, M. (2014). "The deflated Sharpe
       ratio." Journal of Portfolio Management 40(5), 94-107.

    Examples
    --------
    The worked case of the paper: annual Sharpe ratio 2.5 over five years of 250 days, 100 trials.

    >>> found = deflated_sharpe_ratio_from_moments(
    ...     2.5 / 250**0.5, 1250, trials=100, sharpe_variance=0.5 / 250, skewness=-3, kurtosis=10
    ... )
    >>> round(found.expected_maximum, 4), round(found.probability, 4), found.is_accepted
    (0.1132, 0.9004, False)
    """
    threshold = expected_maximum_sharpe(trials, sharpe_variance)
    if trials == 1:
        caution = "one trial: nothing is deflated, this is the probabilistic Sharpe ratio against 0"
    elif threshold == 0:
        caution = "the trials' Sharpe ratios do not differ: nothing is deflated" if sharpe_variance == 0 else ""
        caution = caution or f"{trials:.2f} effective trials: too few to deflate by"
    else:
        caution = ""
    probability = probabilistic_sharpe_ratio_from_moments(
        sharpe, count, skewness=skewness, kurtosis=kurtosis, benchmark_sharpe=threshold
    )
    return DeflatedSharpe(
        probability=probability,
        expected_maximum=threshold,
        trials=float(trials),
        sharpe_variance=float(sharpe_variance),
        sharpe=sharpe,
        count=count,
        skewness=skewness,
        kurtosis=kurtosis,
        caution=caution,
    )


def deflated_sharpe_ratio(
    returns: Floats, convention: Convention, *, trials: float, sharpe_variance: float
) -> DeflatedSharpe:
    """Return the deflated Sharpe ratio of the selected trial's returns.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
    trials, sharpe_variance : float
        As `deflated_sharpe_ratio_from_moments`.

    Raises
    ------
    ConfigError, DataError, InsufficientDataError
        As `deflated_sharpe_ratio_from_moments` and `sharpe_moments`.
    """
    sharpe, count, skewness, kurtosis = sharpe_moments(returns, convention)
    return deflated_sharpe_ratio_from_moments(
        sharpe, count, trials=trials, sharpe_variance=sharpe_variance, skewness=skewness, kurtosis=kurtosis
    )


def minimum_backtest_length(trials: float, annual_sharpe: float = 1.0) -> float:
    """Return the years of data below which the best of `trials` reaches `annual_sharpe` by luck [1]_.

    ``(E[max of N] / annual_sharpe)^2``.

    Parameters
    ----------
    trials : float
        Effective number of independent trials, at least 1.
    annual_sharpe : float, default 1.0
        Above 0.

    Returns
    -------
    float
        Years.

    References
    ----------
    .. [1] Bailey, D. H., Borwein, J., Lopez de Prado, M. and Zhu, Q. J. (2014).
       "Pseudo-mathematics and financial charlatanism." Notices of the American
       Mathematical Society 61(5), 458-471.

    Examples
    --------
    Five years allow 45 trials before a Sharpe ratio of 1 is expected from noise:

    >>> round(minimum_backtest_length(45), 3)
    4.998
    """
    if not annual_sharpe > 0:
        raise ConfigError(f"annual_sharpe must be above 0, was {annual_sharpe}")
    return (expected_maximum_sharpe(trials, 1.0) / annual_sharpe) ** 2


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
