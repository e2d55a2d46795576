"""The Sharpe ratio after a search: what the best of many trials shows by luck alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Final

from investiq.core.errors import ConfigError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import Floats
from investiq.metrics.sharpe_inference import sharpe_moments
from investiq.metrics.track_record import probabilistic_sharpe_ratio_from_moments

__all__ = [
    "ACCEPTED_ABOVE",
    "DeflatedSharpe",
    "deflated_sharpe_ratio",
    "deflated_sharpe_ratio_from_moments",
    "expected_maximum_sharpe",
    "minimum_backtest_length",
]

# Bailey and Lopez de Prado (2014) accept a strategy at this probability.
ACCEPTED_ABOVE: Final = 0.95

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329


@dataclass(frozen=True, kw_only=True)
class DeflatedSharpe(Readout):
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

    units: ClassVar[dict[str, Unit]] = {
        "probability": "fraction",
        "trials": "count",
        "count": "count",
        "skewness": "ratio",
        "kurtosis": "ratio",
    }
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
    convention_of(convention)
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
